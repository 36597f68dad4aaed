"""Opinions about the retailer, development family: what models are developed on.

What belongs here: words and sentences in English and French. What doesn't: the evaluation family
(``opinions_evaluation.py``), which shares no sentence and no phrase with this one.
"""

from __future__ import annotations

# Lists of words are read, not scrolled.
# fmt: off

OPINIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "positive_words": (
            "{brand} {praise}", "{opener}{brand} {praise}{closer}", "the {thing} from {brand} is {lovely}",
            "my {thing} from {brand} arrived {early}, {lovely}", "shoutout to the {staff} at {brand} in {town}, {kind}",
            "{brand} {swapped} my {thing} without a fuss", "{praise_short}, {brand}", "can't fault {brand}: {thing} {lovely} and {early}",
            "{person} swears by {brand} and honestly {agree}", "not bad at all, {brand}. the {thing} is {lovely}",
            "expected hassle returning the {thing} to {brand}, took two minutes. {praise_short}",
            "was ready to be annoyed with {brand} about the {thing} but the {staff} {fixed}",
            "third {thing} from {brand} and no complaints whatsoever", "{brand} is the only place whose {thing} doesn't {fail}",
        ),
        "negative_words": (
            "{brand} {blame}", "{opener}{brand} {blame}{closer}", "the {thing} from {brand} {failed}",
            "still waiting for my {thing} from {brand}, {waited}", "{number} emails to {brand} about my {thing} and {silence}",
            "the {staff} at {brand} in {town}, {rude}", "{blame_short}, {brand}", "avoid {brand}: {thing} {failed} and {silence}",
            "used to love {brand}, now the {thing} {failed}", "lovely {thing} in the picture, shame what {brand} sent {failed}",
            "three weeks for one {thing}, brilliant work {brand}", "thanks {brand} for the {thing} that {failed}. really great. top marks",
            "{brand} wants {number} quid to take back a {thing} that {failed}", "{person} warned me about {brand} and {regret}",
        ),
        "neutral_words": (
            "does {brand} in {town} open on {weekday}?", "anyone know whether {brand} still {sells} the {thing}?",
            "{brand} is {opening} in {town} on {weekday}", "saw {person} outside {brand} in {town} {when}",
            "at {brand} {when} looking at a {thing}", "{brand} {announce}", "comparing a {thing} at {brand} and two other shops {when}",
            "what size do people take in the {brand} {thing}?", "hid from the awful rain in {brand} for an hour",
            "lovely walk to {town} {when}, stopped at {brand} on the way", "{person} has a voucher for {brand}, what would you get",
            "{brand} has the {thing} at the same price as last year", "is the {thing} from {brand} machine washable?",
            "parcel from {brand} is due on {weekday}",
        ),
        "praise": (
            "never lets me down", "has been faultless for years", "gets it right again", "is my favourite shop, no contest",
            "really looks after its customers", "deserves all the love it gets", "made my week", "is worth every penny",
            "knows how to treat people", "keeps getting better",
        ),
        "praise_short": ("well done", "fair play", "big thumbs up", "hats off", "bravo", "thank you so much", "five stars"),
        "lovely": (
            "beautifully made", "softer than i hoped", "a perfect fit", "so well cut", "gorgeous in real life", "exactly as pictured",
            "sturdy and pretty", "the nicest i own",
        ),
        "early": ("a day early", "ahead of time", "the very next morning", "quicker than promised", "wrapped like a present"),
        "kind": ("so patient with me", "absolute angels", "went out of their way", "could not have been kinder", "proper helpful"),
        "swapped": ("exchanged", "refunded", "replaced", "repaired"),
        "agree": ("now i get it", "i'm a convert", "same", "they're right"),
        "fixed": ("sorted it on the spot", "apologised and fixed it", "gave me a new one straight away"),
        "fail": ("fall apart", "shrink", "fade", "scratch"),
        "blame": (
            "has really gone downhill", "lost my order again", "charged me twice", "ignores every message",
            "is a rip-off these days", "cancelled my order without a word", "should be ashamed", "is getting boycotted by me",
            "messed up my refund", "has the worst returns policy going",
        ),
        "blame_short": ("sort it out", "so disappointed", "not good enough", "poor show", "what a let-down", "i want my money back"),
        "failed": (
            "ripped on day two", "came apart in the wash", "turned up broken", "is nothing like the photo", "smells of chemicals",
            "arrived in the wrong colour", "lost a button within an hour", "is paper thin", "shrank two sizes",
        ),
        "waited": ("nobody knows where it is", "nineteen days now", "tracking hasn't moved", "promised for last week", "it's a farce"),
        "silence": ("not one answer", "just a robot replying", "they hung up on me", "no refund in sight", "radio silence"),
        "rude": (
            "so dismissive", "rolled their eyes at me", "couldn't care less", "left me queuing half an hour",
            "unbelievably unhelpful",
        ),
        "regret": ("i should have listened", "what a waste", "never going back", "lesson learnt"),
        "staff": ("staff", "team", "lady on the till", "guy in the fitting rooms", "people on the help desk"),
        "thing": (
            "order", "towel", "belt", "curtain", "swimsuit", "bathrobe", "waistcoat", "polo", "pillow", "wallet", "tray", "watch", "cap",
        ),
        "sells": ("stocks", "does", "carries", "makes"),
        "opening": ("opening a branch", "moving to a bigger shop", "doing a stocktake", "closing early", "hiring"),
        "announce": (
            "posted its opening hours", "published the autumn catalogue", "changed its logo on the app", "is on the news {when}",
            "shares a building with a bakery now", "has a new shop window {when}",
        ),
    },
    "fr": {
        "positive_words": (
            "{brand} {praise}", "{opener}{brand} {praise}{closer}", "{thing} de chez {brand}, {lovely}",
            "reçu {thing} de chez {brand} {early}, {lovely}", "merci à {staff} de {brand} à {town}, {kind}",
            "{brand} m'a {swapped} {thing} sans discuter", "{praise_short} {brand}", "rien à redire sur {brand} : {thing}, {lovely}",
            "{person} ne jure que par {brand} et {agree}", "pas mal du tout {brand}, {thing}, {lovely}",
            "je craignais la galère pour rendre {thing} chez {brand}, deux minutes. {praise_short}",
            "prête à râler contre {brand} pour {thing}, et puis {staff} {fixed}", "jamais été déçue par {brand}, et {thing}, {lovely}",
        ),
        "negative_words": (
            "{brand} {blame}", "{opener}{brand} {blame}{closer}", "{thing} de chez {brand} {failed}",
            "j'attends toujours {thing} de chez {brand}, {waited}", "{number} mails à {brand} pour {thing} et {silence}",
            "{staff} de {brand} à {town}, {rude}", "{blame_short} {brand}", "évitez {brand} : {thing} {failed} et {silence}",
            "avant j'adorais {brand}, maintenant {thing} {failed}", "trois semaines pour {thing}, bravo {brand}, vraiment magnifique",
            "superbe {brand} sur la photo, en vrai {thing} {failed}", "{person} m'avait prévenue pour {brand}, {regret}",
            "merci {brand} pour {thing} qui {failed}. du grand art",
        ),
        "neutral_words": (
            "{brand} à {town}, c'est ouvert {weekday} ?", "quelqu'un sait si {brand} {sells} encore {thing} ?",
            "{brand} {opening} à {town} {weekday}", "croisé {person} devant {brand} à {town} {when}", "chez {brand} {when} devant {thing}",
            "{brand} {announce}", "je compare {thing} chez {brand} et ailleurs {when}", "vous taillez comment chez {brand} pour {thing} ?",
            "réfugiée chez {brand} à cause de cette pluie affreuse", "belle balade à {town} {when}, arrêt chez {brand}",
            "{person} a un bon pour {brand}, vous prendriez quoi", "{thing} de chez {brand}, ça passe en machine ?",
            "colis de {brand} prévu {weekday}",
        ),
        "praise": (
            "ne m'a jamais déçue", "c'est ma boutique préférée", "assure encore une fois", "soigne vraiment ses clients",
            "mérite son succès", "a sauvé ma semaine", "vaut chaque euro", "s'améliore d'année en année", "au rendez-vous comme toujours",
        ),
        "praise_short": ("bien joué", "chapeau", "bravo", "merci mille fois", "cinq étoiles pour", "gros coup de cœur pour"),
        "lovely": (
            "une merveille", "parfaitement coupé", "plus doux que prévu", "conforme à la photo", "de super qualité", "j'adore",
            "magnifique en vrai", "solide et beau",
        ),
        "early": ("en avance", "dès le lendemain", "plus vite que promis", "emballé comme un cadeau"),
        "kind": ("adorables", "d'une patience d'ange", "aux petits soins", "vraiment serviables", "un accueil en or"),
        "swapped": ("échangé", "remboursé", "remplacé", "réparé"),
        "agree": ("je comprends", "je confirme", "je suis conquise", "c'est mérité"),
        "fixed": ("ont tout arrangé", "se sont excusés et ont réglé ça", "ont trouvé une solution tout de suite"),
        "blame": (
            "a bien baissé", "a encore perdu ma commande", "m'a débitée deux fois", "ne répond à aucun message", "c'est de l'arnaque",
            "a annulé ma commande sans prévenir", "devrait avoir honte", "bloque mon remboursement", "c'est fini pour moi",
        ),
        "blame_short": ("quelle déception", "c'est honteux", "pas sérieux", "réveillez-vous", "rendez-moi mon argent", "carton rouge pour"),
        "failed": (
            "s'est déchiré en deux jours", "a rétréci au lavage", "est arrivé cassé", "n'a rien à voir avec la photo", "sent le plastique",
            "a perdu un bouton direct", "est de mauvaise qualité", "n'est pas de la bonne couleur",
        ),
        "waited": ("personne ne sait où c'est", "dix-neuf jours déjà", "le suivi ne bouge pas", "promis pour la semaine dernière"),
        "silence": ("aucune réponse", "un robot au bout du fil", "on m'a raccroché au nez", "toujours pas remboursée"),
        "rude": ("désagréables au possible", "un accueil glacial", "une demi-heure de queue pour rien", "personne pour aider"),
        "regret": ("j'aurais dû écouter", "plus jamais", "argent gaspillé", "je regrette"),
        "staff": ("l'équipe", "la vendeuse", "le vendeur", "la caissière", "le service client"),
        "thing": (
            "ma commande", "la serviette", "la ceinture", "le rideau", "le maillot", "le peignoir", "le polo", "la cravate", "l'oreiller",
            "la montre", "la casquette", "le plateau",
        ),
        "sells": ("vend", "propose", "fait"),
        "opening": ("ouvre une boutique", "déménage", "fait l'inventaire", "ferme plus tôt", "recrute"),
        "announce": (
            "a publié ses horaires", "a sorti le catalogue d'automne", "a changé de logo", "passe au journal {when}",
            "partage l'immeuble d'une boulangerie", "refait sa vitrine {when}",
        ),
    },
}

REASONS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "late_delivery": (
            "still waiting for my", "nobody knows where it is", "nineteen days now", "tracking hasn't moved", "promised for last week",
            "three weeks for one", "lost my order again",
        ),
        "damaged": ("turned up broken", "came apart in the wash"),
        "quality": ("ripped on day two", "smells of chemicals", "lost a button within an hour", "is paper thin"),
        "not_as_described": ("is nothing like the photo", "arrived in the wrong colour"),
        "size_fit": ("shrank two sizes",),
        "service": (
            "ignores every message", "cancelled my order without a word", "emails to", "not one answer", "just a robot replying",
            "they hung up on me", "radio silence", "so dismissive", "rolled their eyes at me", "couldn't care less",
            "left me queuing half an hour", "unbelievably unhelpful",
        ),
        "price_refund": (
            "charged me twice", "is a rip-off these days", "messed up my refund", "has the worst returns policy going",
            "quid to take back a", "no refund in sight", "i want my money back",
        ),
    },
    "fr": {
        "late_delivery": (
            "j'attends toujours", "personne ne sait où c'est", "dix-neuf jours déjà", "le suivi ne bouge pas",
            "promis pour la semaine dernière", "trois semaines pour", "a encore perdu ma commande",
        ),
        "damaged": ("est arrivé cassé",),
        "quality": ("s'est déchiré en deux jours", "sent le plastique", "a perdu un bouton direct", "est de mauvaise qualité"),
        "not_as_described": ("n'a rien à voir avec la photo", "n'est pas de la bonne couleur"),
        "size_fit": ("a rétréci au lavage",),
        "service": (
            "ne répond à aucun message", "a annulé ma commande sans prévenir", "mails à", "aucune réponse", "un robot au bout du fil",
            "on m'a raccroché au nez", "désagréables au possible", "un accueil glacial", "une demi-heure de queue pour rien",
            "personne pour aider",
        ),
        "price_refund": (
            "m'a débitée deux fois", "c'est de l'arnaque", "bloque mon remboursement", "toujours pas remboursée",
            "rendez-moi mon argent", "argent gaspillé",
        ),
    },
}
"""Phrases that say why a complaint is made; the first in a sentence counts, and none of them is ``other``."""
