"""French words of everyday chatter.

What belongs here: openers, closers and one grammar per everyday topic, all written for this project. What doesn't:
planted trends (``planted_*.py``), English (``texts_en.py``), how sentences are made (``grammar.py``).
"""

from __future__ import annotations

# Lists of words are read, not scrolled.
# fmt: off

SHARED: dict[str, tuple[str, ...]] = {
    "opener": (
        "", "", "", "", "", "", "", "", "bon ", "franchement ", "perso ", "du coup ", "alors ", "non mais ", "petit rappel : ",
        "je dis ça je dis rien mais ", "sérieux ", "les gars, ", "bref, ", "attention avis impopulaire : ", "humeur du jour : ",
        "comme d'hab ", "mine de rien ", "j'avoue ", "en vrai ", "dites, ", "ça y est, ", "je confirme, ", "et voilà, ", "wesh ",
    ),
    "closer": (
        "", "", "", "", "", "", "", "", "", " mdr", ", au secours", " et j'assume", ", voilà voilà", ". quelle journée", " ptdr",
        ", rien à ajouter", ". c'est tout", ", je suis dégoûté", ", souhaitez-moi bonne chance", " encore une fois", ", normal",
        ". même pas honte", ", plus jamais", " quoi", ", j'en peux plus", ", bravo la France", ". vous aussi ?", ", qui est chaud ?",
        ", on en parle ?", " tkt", ". allez, au boulot", ", la vie est belle", " lol",
    ),
    "when": (
        "ce matin", "ce soir", "aujourd'hui", "là tout de suite", "depuis 6h", "toute la semaine", "un {weekday}", "avant le taf",
        "après le boulot", "à minuit", "encore une fois", "tout à l'heure",
    ),
    "weekday": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "person": (
        "ma mère", "mon père", "ma soeur", "mon frère", "mon chef", "ma coloc", "le voisin", "les enfants", "mon mec", "ma copine",
        "ma grand-mère", "une collègue", "le type à côté de moi", "mon cousin", "tout le bureau", "ma tante", "une inconnue",
        "ma fille", "mon fils", "la concierge",
    ),
    "good": (
        "génial", "super", "parfait", "trop bien", "magnifique", "incroyable", "au top", "un régal", "mieux que prévu",
        "pile ce qu'il me fallait", "magique", "canon", "validé",
    ),
    "bad": (
        "nul", "un cauchemar", "lamentable", "la honte", "tragique", "le pire", "l'enfer", "une blague", "n'importe quoi", "le chaos",
        "la cata", "épuisant", "pas possible",
    ),
    "feeling": (
        "crevée", "contente", "au bout du rouleau", "blasée", "à fond", "étrangement calme", "affamée", "fière", "perdue",
        "nostalgique", "stressée", "reconnaissante", "dans le coton",
    ),
    "number": ("deux", "trois", "quatre", "cinq", "six", "sept", "dix", "douze", "quarante", "cent"),
    "town": (
        "Paris", "Lyon", "Lille", "Marseille", "Bordeaux", "Nantes", "Toulouse", "Rennes", "Strasbourg", "Dijon", "Angers",
        "Montpellier", "Brest", "Tours", "Grenoble", "Nancy", "Bruxelles", "Genève", "Reims", "Metz",
    ),
    "reply_open": (
        "", "", "", "haha ", "omg ", "ah oui ", "attends ", "non mais ", "oui !! ", "franchement ", "oh ", "désolée mais ", "mdr ",
        "ptdr ", "clairement ",
    ),
    "reply": (
        "{reply_open}pareil ici", "{reply_open}c'est tellement vrai", "{reply_open}entièrement d'accord", "{reply_open}pas convaincue",
        "{reply_open}tu dis toujours ça", "{reply_open}alors, ça a donné quoi ?", "{reply_open}j'y pensais {when}",
        "{reply_open}dis-le à {person}", "{reply_open}c'est {good}", "{reply_open}c'est {bad}",
        "{reply_open}{person} a dit exactement la même chose {when}", "{reply_open}j'avais besoin de lire ça {when}",
        "{reply_open}c'était où ?", "{reply_open}ça m'est arrivé à {town} {when}", "{reply_open}laisse passer {number} jours",
        "{reply_open}ça fait {number} fois pour moi", "{reply_open}je n'y crois pas", "{reply_open}bravo à toi",
        "{reply_open}qui t'a dit ça", "{reply_open}viens en mp", "{reply_open}merci, ça illumine mon {weekday}",
        "{reply_open}courage, {number} jours à tenir",
    ),
    "quote": (
        "voilà. tout est dit", "je garde ça pour {weekday}", "{person} doit lire ça", "lu et maintenant je suis {feeling}",
        "j'y pense encore {when}", "exactement ce que dit {person}", "pas faux", "et y en a encore qui discutent",
        "les réponses c'est {good}", "les réponses c'est {bad}", "j'envoie à {person} {when}", "moi en {number} mots",
    ),
}

CHATTER: dict[str, dict[str, tuple[str, ...]]] = {
    "coffee": {
        "core": (
            "le premier {drink} de la journée, c'est {good}", "{number} {drink}s et toujours {feeling}",
            "{person} m'a fait un {drink} {when}, {good}", "ne me parlez pas avant mon {drink}", "la queue {cafe}, {bad}",
            "{drink} {cafe} à {town}, {good}", "j'ai renversé mon {drink} sur {spilled} {when}", "il est trop tard pour un {drink} ?",
            "machine à café en panne, {bad}",
        ),
        "drink": ("café", "allongé", "expresso", "noisette", "crème", "cappuccino", "déca", "thé", "chocolat chaud", "latte"),
        "cafe": (
            "au bistrot du coin", "à la gare", "à la boulangerie", "au bureau", "à la cantine", "en terrasse",
            "au nouveau salon de thé",
        ),
        "spilled": ("mon ordi", "mes notes", "le canapé", "le chien", "ma copie", "le tableau Excel"),
    },
    "weather": {
        "core": (
            "{sky} à {town} {when}", "la météo annonçait du soleil, on a {sky}", "{number} degrés et {person} met le chauffage",
            "encore {sky}, et j'ai oublié mon {rainthing}", "quelqu'un peut arrêter {sky} svp", "lever de soleil sur {town}, {good}",
            "{sky} {when}, {sky} une heure après", "rentrée à pied sous {sky}, {feeling}", "ça sent {season} {when}",
        ),
        "sky": (
            "la pluie", "du crachin", "le brouillard", "du vent", "un grand soleil", "la grêle", "ciel gris", "ciel bleu",
            "de l'orage", "la brume", "la canicule",
        ),
        "rainthing": ("parapluie", "k-way", "bonnet", "double des clés"),
        "season": ("l'automne", "encore l'été", "l'hiver", "les feuilles mouillées", "le feu de bois"),
    },
    "commute": {
        "core": (
            "le {train} est {delayed} {when}", "{delayed} en gare de {town}, merci", "quelqu'un {annoying} dans le {train}",
            "raté le {train} à {number} secondes", "une place assise dans le {train}, {good}",
            "{number} minutes pour faire {number} kilomètres", "vélo jusqu'au boulot {when}, {good}", "le périph {when}, {bad}",
            "incident voyageur, {bad}",
        ),
        "train": ("RER", "bus", "tram", "métro", "TER", "dernier train", "bus de nuit", "TGV", "car"),
        "delayed": ("en retard", "supprimé", "arrêté en pleine voie", "à l'heure pour une fois", "bondé", "annoncé à quai nulle part"),
        "annoying": ("mange un kebab", "écoute ses vidéos à fond", "se coupe les ongles", "chante", "fait une visio", "ronfle"),
    },
    "lunch": {
        "core": (
            "{food} ce midi, {good}", "{person} a piqué {food} dans le frigo", "pourquoi {food} coûte {number} balles",
            "les restes : {food}, toujours {good}", "j'ai oublié {food} dans le train, {bad}",
            "la cantine fait {food} le {weekday}, {bad}", "pause déj en terrasse et {food}, {good}",
            "triste midi devant l'écran avec {food}",
        ),
        "food": (
            "un croque", "un wrap falafel", "une soupe", "des ramens", "un jambon-beurre", "une salade", "un curry", "des pâtes",
            "des sushis", "un burrito", "une quiche", "des frites", "une pizza froide",
        ),
    },
    "cooking": {
        "core": (
            "j'ai fait {dish} {when}, c'était {good}", "j'ai cramé {dish} {when}, {feeling}",
            "{person} m'a demandé la recette pour {dish}", "le secret pour {dish} : {secret}", "{dish} sur le feu et la radio, {good}",
            "quelqu'un a une bonne recette pour {dish} ?", "testé {dish} avec {secret} : {good}",
            "{number} heures pour {dish}, mangé en {number} minutes", "{dish} du dimanche avec {person}",
        ),
        "dish": (
            "des lasagnes", "un poulet rôti", "un dahl", "un risotto", "un cake banane", "un hachis parmentier", "une ratatouille",
            "des crêpes", "un gratin", "un chili", "une tarte aux pommes", "une blanquette", "des gnocchis",
        ),
        "secret": (
            "plus de beurre", "de la patience", "des anchois", "une pincée de sucre", "du paprika fumé", "feu doux",
            "un zeste de citron", "la fleur de sel", "un oeuf de plus",
        ),
    },
    "football": {
        "core": (
            "{player} était {good} {when}", "comment {club} rate ça", "{club} {score} {club}, {bad}",
            "l'arbitre du match de {club}, {bad}", "{player} doit être titulaire {weekday}",
            "{number} corners et zéro tir pour {club}", "encore des rumeurs sur {player}", "le déplacement de {club}, toujours {bad}",
            "foot à cinq {when}, mes genoux, {bad}",
        ),
        "club": ("le Racing", "l'Étoile", "l'Olympique", "l'Union", "le Sporting", "l'Entente", "l'Avenir", "le Red Club"),
        "player": (
            "notre numéro neuf", "Okafor", "le gardien", "Lindqvist", "Baptiste", "le petit Trémeur", "le capitaine", "Duarte",
            "le nouveau latéral", "Mensah",
        ),
        "score": ("1-0", "2-2", "3-1", "0-0", "4-3", "2-1", "5-0"),
    },
    "series": {
        "core": (
            "l'épisode {number} de {show} m'a achevée", "commencé {show} {when}, pas de spoil", "{person} s'est endormi devant {show}",
            "la saison {number} de {show}, {good}", "la fin de {show}, {bad}", "{show} avec {person} {when}",
            "{show}, ça vaut le coup ?", "il me faut quelqu'un pour parler de {show}",
            "{number} épisodes de {show} d'un coup, {feeling}",
        ),
        "show": (
            "Les Locataires", "Division calme", "Le Port de verre", "Rue des Ormes", "La Deuxième Cuisine", "Marée basse",
            "Les Cartographes", "Nos crimes ordinaires", "Colline 12",
        ),
    },
    "music": {
        "core": (
            "{band} en boucle {when}", "le nouveau single de {band}, {good}",
            "places pour {band} à {town} parties en {number} minutes", "{person} a découvert {band} et n'arrête plus",
            "concert à {town} {when} : {band}, {good}", "vinyle de {band} bien arrivé",
            "j'ai bossé {instrument} {when}, pardon aux voisins", "karaoké avec {person} : {band}, {bad}",
        ),
        "band": (
            "Les Lampions", "Ferry Lent", "Motel Lierre", "Saison Cerf-volant", "Côte Creuse", "Nina Aldous", "Les Doublures",
            "Radio Mousse", "Émeute Bleue",
        ),
        "instrument": ("la guitare", "le piano", "la batterie", "le violoncelle", "la trompette", "mes gammes"),
    },
    "work": {
        "core": (
            "une réunion {when} qui aurait pu être un mail", "{person} a répondu à tous {when}, {bad}",
            "rendu pour {weekday}, {feeling}", "Excel a planté {number} fois {when}", "nouveau boulot {weekday}",
            "message d'absence activé, {good}", "{person} réchauffe du poisson au bureau, {bad}", "l'imprimante, {bad} {when}",
            "jour de paie, {good}", "télétravail avec {person}, {bad}",
        ),
    },
    "sleep": {
        "core": (
            "réveillée à {number} heures à penser à {worry}", "dormi {number} heures, {feeling}", "au lit tôt {when}, {good}",
            "{noise} du voisin {when}, {bad}", "sieste {when}, réveil dans un autre siècle", "insomnie du jour : {worry}, {worry}",
            "le réveil a sonné {number} fois", "{person} ronfle comme un tracteur",
        ),
        "worry": (
            "cette phrase de 2009", "mes impôts", "le sommeil des poissons", "ma prof de maths", "le four", "ce mail",
            "le créneau raté", "une chanson sans titre",
        ),
        "noise": ("la perceuse", "le chien", "le saxo", "l'alarme", "la machine à laver", "la dispute"),
    },
    "pets": {
        "core": (
            "le {pet} a volé {loot} {when}", "le véto dit que le {pet} est {good}", "mon {pet} fixe {person}, {good}",
            "balade avec le {pet} {when}", "le {pet} a mangé {loot}, {bad}", "on a adopté un {pet} à {town}, {feeling}",
            "le {pet} m'a réveillée à {number} heures", "{number} ans avec ce {pet}",
        ),
        "pet": ("chat", "chien", "chiot", "chaton", "lapin", "hamster", "perroquet", "labrador", "lévrier", "vieux matou"),
        "loot": (
            "un poulet entier", "ma chaussette gauche", "la télécommande", "un pique-nique", "une demi-baguette", "le beurre",
            "mon chargeur",
        ),
    },
    "gym": {
        "core": (
            "couru {number} bornes {when}, {feeling}", "{exercise} {when}, je ne peux plus bouger",
            "la salle à {number} heures du mat, {good}", "{person} m'a traînée à {exercise}", "record perso en {exercise}",
            "pas de {exercise} {when}, tant pis", "repos, enfin", "le kiné interdit {exercise} pendant {number} semaines",
            "nagé {number} longueurs {when}",
        ),
        "exercise": ("séance jambes", "yoga", "pilates", "escalade", "burpees", "rameur", "fractionné", "boxe", "gainage", "cross"),
    },
    "kids": {
        "core": (
            "{child} a dit à la maîtresse que {person} est {job}", "devoirs {when} : {subject}, {bad}", "{child} ne mange que {plain}",
            "école en {number} minutes chrono, {good}", "{child} a demandé pourquoi {question} {when}",
            "coucher en {number} heures, {feeling}", "retrouvé {plain} dans le siège auto, {bad}", "{child} a perdu une dent",
            "{child} sait faire du vélo, {good}",
        ),
        "child": ("le petit", "l'aînée", "la petite", "mon neveu", "ma nièce", "les jumeaux", "le gamin du dessus"),
        "job": ("pirate", "espion", "catcheur", "sorcière", "dompteur de dragons"),
        "subject": ("les fractions", "la dictée", "les volcans", "les Gaulois", "un château en carton"),
        "plain": ("des coquillettes", "du pain", "des petits pois", "des raisins secs", "des gressins"),
        "question": (
            "la lune nous suit", "les vers n'ont pas de pattes", "les grands travaillent", "la mer est salée", "on n'a pas de cheval",
        ),
    },
    "gaming": {
        "core": (
            "{number} heures sur {game}, {good}", "perdu {number} parties de {game} {when}", "les serveurs de {game}, {bad} {when}",
            "{person} m'a battu à {game}", "enfin fini {game}, {feeling}", "la nouvelle maj de {game}, {bad}",
            "cherche équipe pour {game} {when}", "impossible de lâcher {game} {when}",
        ),
        "game": ("Starfall Online", "Hexgrove", "Mini Empires", "Kart Kingdom", "Cave Maudite", "Skybound", "Pixel Ferme", "Mothlight"),
    },
    "books": {
        "core": (
            "fini {book} {when}, je suis {feeling}", "médiathèque : {number} livres, {good}", "{book}, {good}",
            "abandonné {book}, {bad}", "le club de lecture a choisi {book}", "{person} m'a prêté {book}",
            "je lis {book} dans le bus {when}", "dédicace de {book} à {town} {when}",
        ),
        "book": (
            "Le Grand Livre du sel", "Un hiver de roitelets", "Petites Chambres claires", "L'Alibi de l'apicultrice",
            "Comètes ordinaires", "La Dette du verger", "Lettres à un phare",
        ),
    },
    "outings": {
        "core": (
            "virée à {town} {when}, {good}", "{walk} avec {person}, {feeling}", "le musée de {town} est gratuit, {good}",
            "week-end réservé à {town}", "{walk} de {number} bornes et une bière au bout", "perdus à {town} avec {person}, {bad}",
            "camping {when} : {number} pulls et toujours froid", "vu {animal} {when}", "le marché de {town} {when}, {good}",
        ),
        "walk": ("balade sur la côte", "balade au canal", "promenade en forêt", "rando", "tour du lac", "marche de nuit"),
        "animal": ("un martin-pêcheur", "un chevreuil", "un phoque", "un renard", "une chouette", "un héron"),
    },
    "tech": {
        "core": (
            "mon {device} est mort {when}, {bad}", "mise à jour de {number} heures et le {device}, {bad}",
            "mot de passe : {number} symboles et {password}", "{person} veut que je répare le {device}",
            "l'appli m'a déconnectée {number} fois {when}", "éteint, rallumé, {good}", "le wifi {when}, {bad}",
            "mon {device} croit que je vis à {town}",
        ),
        "device": ("téléphone", "portable", "routeur", "clavier", "casque", "vieux PC", "écran"),
        "password": ("un haïku", "un groupe sanguin", "une rune", "une énigme"),
    },
    "admin": {
        "core": (
            "au téléphone avec {office} depuis {number} minutes", "{office} a perdu mon dossier {when}", "PV à {town}, {bad}",
            "le loyer augmente encore, {feeling}", "{office} veut {number} photocopies",
            "travaux dans la rue jusqu'à {weekday}, {bad}", "dentiste {weekday}, {feeling}",
            "chaudière en panne, le technicien passe {weekday}",
        ),
        "office": ("la mairie", "la banque", "l'assurance", "la préfecture", "la CAF", "les impôts", "le syndic", "l'opérateur"),
    },
    "wardrobe": {
        "core": (
            "il me faut {thing} et je n'ai pas un rond", "{person} m'a encore pris {thing}", "jour de lessive, plus rien de propre",
            "j'ai changé de place {thing} trois fois, {bad}", "trouvé {thing} en brocante, {good}",
            "pourquoi {thing} c'est toujours trop grand", "porté {thing} {when}, {good}", "comment enlever de l'encre sur {thing} ?",
            "j'ai rangé, maintenant je ne trouve plus {thing}",
        ),
        "thing": (
            "une robe", "un manteau", "un jean", "une écharpe", "une lampe", "une bougie", "un plaid", "un mug", "un sac", "un gilet",
            "des bottes", "un pull", "un carnet", "un coussin", "une théière", "une chemise", "un parapluie", "un tapis", "un miroir",
            "un vase", "un cartable", "une veste", "un bol", "une jupe",
        ),
    },
}

DRIFT = (
    ("génial", "masterclass"),
    ("mdr", "xptdr"),
    ("au top", "trop carré"),
    ("franchement", "je te jure"),
    ("la cata", "le seum total"),
    ("les gars", "la team"),
)

EMOJI = ("😂", "😭", "🙃", "☕", "🌧️", "❤️", "😅", "🔥", "🥲", "👀", "✨", "🙌",
    "😴", "🎉", "💀", "🤷", "👏", "🥐", "🍂", "🥰", "😩", "🤔", "💪", "🙈")
EVERYDAY_HASHTAGS: dict[str, tuple[str, ...]] = {
    "coffee": ("café", "lundi"),
    "weather": ("météo", "automne"),
    "commute": ("RER", "trains"),
    "lunch": ("déjeuner",),
    "cooking": ("cuisine", "faitmaison"),
    "football": ("foot", "TeamFoot"),
    "series": ("série", "télé"),
    "music": ("musique", "concert"),
    "work": ("boulot",),
    "sleep": ("insomnie",),
    "pets": ("chat", "chien"),
    "gym": ("running", "sport"),
    "kids": ("parents",),
    "gaming": ("jeuvidéo",),
    "books": ("lecture", "VendrediLecture"),
    "outings": ("weekend", "balade"),
    "tech": ("tech",),
    "admin": ("administration",),
    "wardrobe": ("look", "déco"),
}
