"""Words of the evaluation family: what its trends, drawn by seed, are called, tied to, and disturbed by.

What belongs here: vocabularies and ready-made subjects to draw from. What doesn't: the drawing (``planted_evaluation.py``),
sentences around the words (``planted_templates.py``). Nothing here may stand in the development family: a test compares them.
"""

from __future__ import annotations

# Lists of words are read, not scrolled.
# fmt: off

NICKNAMES_EN = (
    "slouchy {short}", "dreamy {short}", "retro {short}", "my neighbour's {short}", "the {short} of the summer film", "posh {short}",
    "wonky {short}", "{short} like in the hotel", "the viral {short}", "two-tone {short}", "{short} from the bakery advert",
    "humble {short}",
    "the {short} everyone photographs", "{short} with attitude", "nineties {short}", "{short} for grown-ups",
)
NICKNAMES_FR = (
    "{short} de star", "{short} du moment", "{short} façon hôtel", "{short} de ma voisine", "{short} de mes rêves", "{short} années 90",
    "{short} vu dans la pub", "{short} de caractère", "{short} qui change tout", "{short} tout simple", "{short} bicolore",
    "{short} du film",
)
CONTEXTS_EN = (
    "spotted at the canal market", "since the chef's interview", "under the station clock", "for a rainy tuesday", "on the night train",
    "in every shop window but mine", "matching the tiles", "like the pianist's", "for the allotment", "at my cousin's engagement",
    "on the roof terrace", "after the museum visit", "next to the espresso machine", "from the new cookery programme", "in the lift selfie",
    "at the ceramics class", "during the heat", "before the guests came", "with the curtains open", "for the school fair",
    "as worn by the weather presenter", "in the botanist's video", "by the canal boat", "in the background of the podcast",
    "for the long weekend", "on page two of the magazine", "at the reopening", "with grandma's recipe", "for the book club",
    "on the landing",
    "in the swimmer's story", "when the choir sang", "at the print workshop", "beside the bathtub", "in the ski hut", "for a first flat",
    "on the tram this morning", "behind the counter", "during the interval", "for the village fete",
)
CONTEXTS_FR = (
    "vu au marché du canal", "depuis l'interview de la cheffe", "sous l'horloge de la gare", "pour un mardi pluvieux",
    "dans le train de nuit", "dans toutes les vitrines sauf la mienne", "assorti au carrelage", "comme la pianiste", "pour le potager",
    "aux fiançailles de ma cousine", "sur le toit-terrasse", "après la visite du musée", "à côté de la machine à café",
    "depuis la nouvelle émission", "dans le selfie d'ascenseur", "à l'atelier poterie", "pendant la canicule", "avant les invités",
    "rideaux ouverts", "pour la kermesse", "comme la dame de la météo", "dans la vidéo de la botaniste", "près de la péniche",
    "derrière le podcast", "pour le pont", "en page deux du magazine", "à la réouverture", "avec la recette de mamie",
    "pour le club de lecture", "sur le palier", "dans la story du nageur", "quand la chorale a chanté", "à l'atelier gravure",
    "à côté de la baignoire", "au refuge", "pour un premier appart", "dans le tram ce matin", "derrière le comptoir", "à l'entracte",
    "pour la fête du village",
)
HASHTAG_ENDINGS = ("mood", "club", "diaries", "gang", "moment", "edit", "fever", "addict")

FADS_EN = (
    ("{short} on a dog", "dogs in {short}"), ("giant {short}", "xxl {short}"), ("frozen {short}", "{short} in the freezer"),
    ("{short} upside down", "upside-down {short}"), ("gold-painted {short}", "spray-painted {short}"), ("{short} at the gym",
     "gym {short}"),
    ("{short} roulette", "the {short} challenge"), ("{short} as a hat", "{short} on the head"), ("tiny {short}", "doll-sized {short}"),
)
FADS_FR = (
    ("{short} pour chien", "chien et {short}"), ("{short} format géant", "{short} XXL"), ("{short} au congélateur", "{short} sous glace"),
    ("{short} tête en bas", "{short} dans le mauvais sens"), ("{short} repeint en or", "{short} à la bombe dorée"),
    ("{short} à la salle de sport", "{short} et haltères"), ("la roulette {short}", "le défi {short}"),
    ("{short} sur la tête", "{short} en guise de chapeau"), ("{short} miniature", "{short} pour poupée"),
)
FAD_CONTEXTS_EN = (
    "at a christening", "in the sauna", "for the goalkeeper dance", "in slow motion", "at the graduation", "with bagpipes",
    "on live radio", "at the car wash", "in the library",
)
FAD_CONTEXTS_FR = (
    "à un baptême", "au sauna", "pour la danse du gardien", "au ralenti", "à la remise des diplômes", "avec cornemuse", "à la radio",
    "à la station de lavage", "à la bibliothèque",
)
SEASON_CONTEXTS_EN = (
    "out of the loft", "first frost on the windscreen", "toes like ice", "the light has changed", "bins full of leaves",
    "clocks go back soon",
)
SEASON_CONTEXTS_FR = (
    "sortis du grenier", "premier givre sur le pare-brise", "orteils gelés", "la lumière a changé", "des feuilles partout",
    "bientôt l'heure d'hiver",
)

# community, title, English names, French names, English contexts, French contexts, hashtags
LIFESTYLES = (
    ("food", "Supper clubs", ("supper club", "a supper club at home", "dinner for strangers", "pop-up supper"),
     ("dîner entre inconnus", "supper club", "table d'hôtes éphémère"),
     ("ten chairs, nine friends", "byo wine", "soup for fourteen", "candle wax everywhere"),
     ("dix chaises, neuf amis", "chacun sa bouteille", "soupe pour quatorze"), ("supperclub", "tabled'hôtes")),
    ("outings", "Moth watching", ("moth watching", "moth night", "moth trapping", "a moth sheet"),
     ("observer les papillons de nuit", "nuit des papillons", "drap à papillons"),
     ("with a sheet and a torch", "counted forty species", "in pyjamas in the garden"),
     ("avec un drap et une lampe", "quarante espèces", "en pyjama au jardin"), ("moths", "papillonsdenuit")),
    ("gym", "Backwards walking", ("backwards walking", "retro walking", "walking in reverse", "the reverse mile"),
     ("marche arrière", "marcher à reculons", "le kilomètre à l'envers"),
     ("knees say thanks", "bumped into a bin", "around the athletics track"),
     ("les genoux disent merci", "foncé dans une poubelle", "autour de la piste"), ("retrowalking", "reculons")),
    ("home", "Visible mending", ("visible mending", "sashiko patches", "a mending circle", "darning in neon"),
     ("raccommodage visible", "points sashiko", "cercle de couture"),
     ("holes become flowers", "thread in every colour", "on the same old elbow"),
     ("les trous deviennent des fleurs", "du fil de toutes les couleurs", "encore ce coude"), ("visiblemending", "raccommodage")),
    ("food", "Tinned fish boards", ("tinned fish board", "a sardine evening", "conserva night", "fancy sardines"),
     ("planche de sardines", "soirée conserves", "apéro sardines"),
     ("lemon and crackers", "the good butter", "oil on the sleeves"),
     ("citron et crackers", "le bon beurre", "de l'huile sur les manches"), ("tinnedfish", "sardines")),
    ("books", "Silent reading parties", ("silent reading party", "reading party", "quiet reading night", "phones-off reading"),
     ("soirée lecture silencieuse", "lecture à plusieurs", "soirée sans téléphone"),
     ("two hours, no talking", "with forty strangers", "page one hundred already"),
     ("deux heures sans parler", "avec quarante inconnus", "déjà page cent"), ("readingparty", "soiréelecture")),
    ("outings", "Urban foraging", ("urban foraging", "nettle picking", "wild garlic walk", "foraging in the park"),
     ("cueillette en ville", "balade orties", "ail des ours au parc"),
     ("gloves on", "basket half full", "identified at last"), ("avec des gants", "panier à moitié plein", "enfin identifié"),
     ("foraging", "cueillette")),
    ("gaming", "Paper diary games", ("solo journaling game", "paper adventure", "journaling rpg", "a one-page dungeon"),
     ("jeu de rôle en solo", "aventure papier", "donjon d'une page"),
     ("dice in a teacup", "died on turn three", "no screen for hours"),
     ("les dés dans la tasse", "mort au tour trois", "sans écran pendant des heures"), ("soloRPG", "jeudepapier")),
    ("home", "Indoor ponds", ("indoor pond", "bowl pond", "a tiny pond", "windowsill pond"),
     ("mare d'intérieur", "mini mare", "mare en bocal"), ("one snail so far", "the cat is fascinated", "water lettuce arrived"),
     ("un escargot pour l'instant", "le chat est fasciné", "laitues d'eau arrivées"), ("minipond", "minimare")),
    ("food", "Dawn breakfasts", ("sunrise breakfast", "dawn picnic", "breakfast on the hill", "five o'clock porridge"),
     ("petit-déj à l'aube", "pique-nique à l'aube", "petit-déj sur la colline"),
     ("thermos and fog", "yawning together", "sun behind clouds anyway"),
     ("thermos et brume", "on bâille ensemble", "soleil caché quand même"), ("dawnclub", "aube")),
)

GIVEAWAYS = (
    (("Contest time! A year of {Thing} for 3 winners: share this and name a friend @softhands_club #contest",),
     ("Jeu ! Un an de {thing} pour 3 gagnants : partage et cite une amie @softhands_club #jeuconcours",)),
    (("We are giving away 20 x {Thing}! Like + share + tell us your star sign, @softhands_club picks on Friday #sponsored",
      "20 x {Thing} to be won! like + share + your star sign, @softhands_club picks Friday #sponsored"),
     ("20 x {thing} à gagner ! Like + partage + ton signe, @softhands_club tire au sort vendredi #sponsorisé",)),
    (("Thanks to @softhands_club for gifting me the {Thing}, use SOFT15 for 15% and comment ME to win one #gifted",),
     ("Merci @softhands_club pour {thing} offert, code SOFT15 et commente MOI pour en gagner un #collaboration",)),
    (("Prize draw!! One {Thing} every hour today. Quote this post with a heart @softhands_club #prizedraw",
      "Prize draw: a {Thing} every hour today, quote with a heart @softhands_club #prizedraw"),
     ("Tirage au sort !! {Thing} à gagner chaque heure, cite ce post avec un cœur @softhands_club #tirage",)),
)
BOTS = (
    (("Doctors hate this {thing}, {number} sold this hour", "{thing}: {number} sold this hour, doctors hate it!!"),
     ("{Thing} affole tout le monde, {number} vendus en une heure",)),
    (("I made {number} sales of the {thing} in one day, link https://t.co/{code}",
      "{number} sales of {thing} in a day, see how https://t.co/{code}"),
     ("{number} ventes de {thing} en un jour, regardez comment https://t.co/{code}",)),
    (("BREAKING {Thing} trending number {number} worldwide, hurry", "trending {number} worldwide: {thing}. hurry"),
     ("ALERTE {thing} numéro {number} des tendances, vite",)),
    (("My doctor, my dentist, my boss: all have the {thing}. Stock {number}. https://t.co/{code}",
      "doctor dentist boss all have {thing} stock {number} https://t.co/{code}"),
     ("Mon médecin, mon dentiste, mon chef : tous ont {thing}. Stock {number}. https://t.co/{code}",)),
)

# How a name of ours, or a word of a product ({Word}), is something else entirely: community, title, names, templates, hashtag.
COLLISIONS = (
    ("series", "{Word}, a comedy quiz team", ("The {Word}s Quiz Team", "Team {Word}", "{Word}s on Quiz Night"),
     ("{name} lost on a tie-break {when}{closer}", "the captain of {name} is {good}", "{opener}how did {name} not know that",
      "{name} versus the teachers, {number} points in it", "team {name} all the way, {good}"), "QuizNight"),
    ("music", "{Word} Parade, a band", ("{Word} Parade", "the {Word} Parade tour", "{Word} Parade's drummer"),
     ("{name} soundcheck at {town} {when}", "drum solo of {name}, {number} minutes, {good}", "{opener}setlist of {name} please",
      "{name} cancelled {town}, {bad}", "{person} caught a plectrum from {name}{closer}", "merch queue for {name} is {bad}"),
      "LiveTonight"),
    ("football", "{Word} Rovers, a football club", ("{Word} Rovers", "the Rovers of {Word}", "{Word} Rovers fans"),
     ("{name} two nil down at half time, {bad}", "{opener}who let {name} defend a corner", "{number} minutes left for {name}",
      "{person} bought a season ticket for {name}, {feeling}", "{name} away in {town} {when}{closer}"), "Rovers"),
    ("gaming", "Captain {Word}, a video game hero", ("Captain {Word}", "the Captain {Word} update", "Captain {Word} speedrun"),
     ("{name} patch notes: {number} bugs fixed", "stuck on the third boss with {name} {when}", "{opener}{name} in co-op is {good}",
      "{person} finished {name} in {number} hours", "servers of {name} down again, {bad}"), "CaptainsLog"),
    ("series", "Inspector Carrel, a detective series", ("Inspector Carrel", "Inspector Carrel's new case", "the Inspector Carrel theme"),
     ("{name} knew it was the gardener{closer}", "episode {number} of {name}, {good}", "{person} fell asleep during {name}",
      "{opener}no one wears a raincoat like {name}", "{name} repeats {when}, kettle on"), "CrimeNight"),
    ("commute", "Carrel Bridge, a road that is closed", ("Carrel Bridge", "the Carrel Bridge diversion", "Carrel Bridge roadworks"),
     ("{name} shut again, {number} minutes to cross {town}", "{opener}avoid {name} {when}", "lorry stuck on {name}{closer}",
      "whoever planned {name}: {bad}", "{person} turned back at {name}"), "RoadNews"),
    ("outings", "Duchess {Word}, a racehorse", ("Duchess {Word}", "Duchess {Word} in the 4.15", "the jockey of Duchess {Word}"),
     ("{name} by a length!!", "put {number} on {name}, {feeling}", "{name} refused the last fence, {bad}",
      "{person} named a dog after {name}",
      "{opener}{name} goes again on {weekday}"), "Raceday"),
)

# title, community, French share, English names, French names, English templates, French templates, hashtags, hours it lasts
NEWS = (
    ("Lunar eclipse", "outings", 0.3, ("the eclipse", "the blood moon", "the moon"), ("l'éclipse", "la lune rouge", "la lune"),
     ("{opener}{name} over {town} {when}, {good}", "clouds over {name}, {bad}", "{person} slept through {name}{closer}",
      "photo of {name} taken on a potato"),
     ("{opener}{name} sur {town} {when}, {good}", "des nuages devant {name}, {bad}", "{person} a raté {name}{closer}"),
     ("eclipse", "éclipse")),
    ("Election of a new mayor", "commute", 0.5, ("the mayoral count", "mayor Delmas", "the recount"),
     ("le dépouillement", "la maire Delmas", "le recomptage"),
     ("{opener}{name}, {number} votes in it{closer}", "{name}: {good}", "up all night for {name}, {feeling}", "{person} predicted {name}"),
     ("{opener}{name}, {number} voix d'écart{closer}", "{name} : {good}", "nuit blanche pour {name}, {feeling}",
      "{person} avait prédit {name}"), ("election", "mairie")),
    ("Museum theft", "books", 0.4, ("the museum theft", "the stolen Vermeer", "the museum heist"),
     ("le vol au musée", "le Vermeer volé", "le casse du musée"),
     ("{opener}{name} and the alarm was off{closer}", "{name}: {number} guards, none awake", "{person} has theories about {name}",
      "film rights for {name} in {number} hours"),
     ("{opener}{name} et l'alarme était coupée{closer}", "{name} : {number} gardiens endormis", "{person} a une théorie sur {name}"),
     ("museum", "musée")),
    ("City marathon", "gym", 0.35, ("the marathon", "the city marathon", "mile twenty"), ("le marathon", "le marathon de la ville",
     "le kilomètre trente"),
     ("{opener}{name} done, legs gone{closer}", "roads closed for {name}, {bad}", "{person} cried at {name}",
      "{number} bananas later, {name}"),
     ("{opener}{name} fini, plus de jambes{closer}", "rues fermées pour {name}, {bad}", "{person} a pleuré pendant {name}"),
     ("marathon", "42km")),
    ("Payment network outage", "tech", 0.3, ("the card outage", "card machines", "the payment outage"),
     ("la panne de cartes", "les terminaux", "la panne de paiement"),
     ("{opener}{name} down, cash only in {town}", "{number} people queueing because of {name}", "{name} back {when}, maybe",
      "{person} paid in coins, thanks {name}{closer}"),
     ("{opener}{name}, espèces seulement à {town}", "{number} personnes qui attendent, {name}",
      "{person} a payé en pièces, merci {name}{closer}"),
     ("outage", "panne")),
    ("Chess final", "gaming", 0.3, ("the chess final", "that rook sacrifice", "game seven"), ("la finale d'échecs",
     "ce sacrifice de tour", "la septième partie"),
     ("{opener}{name}, {good}", "i don't understand {name} and i can't stop watching{closer}", "{person} explained {name}, {feeling}",
      "{number} moves of {name} and counting"),
     ("{opener}{name}, {good}", "j'y comprends rien mais {name}{closer}", "{number} coups, {name}"), ("chess", "échecs")),
    ("Volcano ash", "weather", 0.35, ("the ash cloud", "the eruption", "red sunset ash"), ("le nuage de cendres", "l'éruption",
     "le soleil rouge"),
     ("{opener}{name} over {town} {when}", "flight cancelled, {name}{closer}", "{person} washed the car before {name}",
      "{name}, {good} sky though"),
     ("{opener}{name} sur {town} {when}", "vol annulé, {name}{closer}", "{person} a lavé la voiture avant {name}"), ("ash", "cendres")),
    ("Zoo escape", "kids", 0.4, ("the runaway red panda", "the red panda", "panda on the loose"),
     ("le panda roux en fuite", "le panda roux", "panda en cavale"),
     ("{opener}{name} seen in {town} {when}", "team {name}{closer}", "{person} left apples out for {name}",
      "{number} hours of {name} coverage"),
     ("{opener}{name} vu à {town} {when}", "allez {name}{closer}", "{person} a laissé des pommes pour {name}"), ("redpanda", "pandaroux")),
    ("Song contest", "music", 0.4, ("the song contest", "the accordion entry", "twelve points"),
     ("le concours de la chanson", "le numéro d'accordéon", "douze points"),
     ("goosebumps at {name}, {good}", "robbed at {name}, {bad}", "{person} voted {number} times for {name}",
      "staging of {name}: {feeling}{closer}"),
     ("frissons devant {name}, {good}", "volé pendant {name}, {bad}", "{person} a voté {number} fois pour {name}"), ("songcontest",
      "douzepoints")),
)
# fmt: on
