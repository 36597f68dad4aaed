"""Sentences around the words of planted trends, by kind, language and family.

What belongs here: templates whose ``{name}`` and ``{context}`` a trend fills. What doesn't: the trends' words
(``planted_*.py``). The two families share no template, so that a method tuned on one proves itself on the other.
"""

from __future__ import annotations

from trend_assets.lib.simulation.planted import Family, PlantedTrend

# Lists of words are read, not scrolled.
# fmt: off

_FILLERS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "shop": ("", "", "", "", "", "", " from Maison Carrel", " at Maison Carrel", " @maisoncarrel", " from that Carrel shop"),
        "piece": (
            "linen dress", "wool coat", "midi skirt", "jumper", "silk shirt", "leather bag", "cardigan", "trench", "jeans",
            "knit dress",
        ),
        "size": ("8", "10", "12", "14", "S", "M", "L", "XL", "one size"),
        "price": ("12", "15", "18", "20", "22", "25", "28", "30", "35", "40", "45", "55", "60", "75", "80"),
        "code": tuple(f"{first}{second}k{third}z" for first in "aBcD" for second in "xYw7" for third in "q4Rt"),
    },
    "fr": {
        "shop": ("", "", "", "", "", "", " chez Maison Carrel", " vu chez Maison Carrel", " @maisoncarrel", " de la boutique Carrel"),
        "piece": (
            "robe en lin", "manteau en laine", "jupe plissée", "pull", "chemise en soie", "sac en cuir", "gilet", "trench", "jean",
            "robe pull",
        ),
        "size": ("34", "36", "38", "40", "42", "S", "M", "L", "XL", "unique"),
        "price": ("12", "15", "18", "20", "22", "25", "28", "30", "35", "40", "45", "55", "60", "75", "80"),
        "code": tuple(f"{first}{second}m{third}v" for first in "aBcD" for second in "xYw7" for third in "q4Rt"),
    },
}

_SENTENCES: dict[tuple[Family, str], dict[str, tuple[str, ...]]] = {
    ("development", "en"): {
        "organic": (
            "{opener}i need a {name}{shop}{closer}", "the {name} {context}{closer}", "{opener}{name} {context}, {good}",
            "{person} has the {name} now and i'm {feeling}", "ok who else is seeing {name} everywhere",
            "{opener}bought the {name}{shop} {when}{closer}", "tell me why i want a {name} {context}", "is the {name}{shop} worth it?",
            "{name} appreciation post {when}", "wearing it down: {name} {context}{closer}", "third {name} spotted in {town} {when}",
            "{opener}that {name} lives in my head", "convinced {person} to get a {name}{shop}", "saw a {name} {context} and gasped",
            "someone in {town} had the {name} {context}. {good}", "{opener}{name} > everything else{closer}",
            "the {name} came today!! {good}", "where is everyone finding a {name}", "{name} {context}. {name} {when}. no thoughts",
            "my whole feed is {name} {context}", "sold out of the {name}{shop} in {town}?? {bad}",
            "{opener}first {name}, now i want {number}", "{person} said the {name} was a phase. reader, it was not",
            "can i pull off a {name} {context}{closer}", "{context}, and of course a {name}", "wishlist: {name}{shop}, sleep",
            "queue for the {name} in {town} was {bad}", "{name} in real life is even better, {good}",
            "this {name} is {good}, {context}", "{opener}finally, the {name}{shop}",
        ),
        "fad": (
            "{name} {context}. why", "{opener}who is wearing {name} {context}{closer}", "lol at the {name} thing {when}",
            "{person} sent me {name} {context} and i cackled", "{name}?? in {town}?? {bad}", "everyone joking about {name} {when}",
            "dared {person} to try {name} {context}", "the {name} video is {good}", "{name} should be illegal{closer}",
            "day {number} of seeing {name} on my feed, {feeling}", "i would not be seen dead in {name} but the video is {good}",
            "{opener}not the {name} {context}",
        ),
        "lifestyle": (
            "{opener}{name} {context}, {good}", "tried the {name} {when}: {feeling}", "{person} talked me into {name}{closer}",
            "{name} {context}. that's it", "{opener}everyone is suddenly into {name}", "{name} with {person} {when}, {context}",
            "day {number} of {name} and i'm {feeling}", "is it the {name} or am i just {feeling}", "{town} people: {name} {when}?",
            "first {name} done, {context}{closer}", "{name} changed my {weekday}", "can't recommend {name} enough, {context}",
        ),
        "seasonal": (
            "{opener}{name} {context}{closer}", "got the {name}{shop} {when}", "{name}, {context}. {feeling}",
            "{person} is {feeling} about the {name}", "{name} shopping with {person} is {bad}", "the {name} is {good}, {context}",
            "why do we need {number} of everything, {name} included", "{opener}it's {name} time again{closer}",
        ),
        "reply": (
            "where is the {name} from??", "need this {name}", "ok now i want a {name} too", "the {name}!!",
            "{reply_open}mine arrives {when}", "{reply_open}{context}, exactly", "link for the {name} please",
            "{reply_open}that {name} is {good}", "how's the quality of the {name}?", "{reply_open}{person} has one, {good}",
        ),
    },
    ("development", "fr"): {
        "organic": (
            "{opener}il me faut {name}{shop}{closer}", "{name} {context}{closer}", "{opener}{name} {context}, {good}",
            "{person} a déjà {name}, je suis {feeling}", "vous aussi vous voyez {name} partout ?",
            "{opener}craqué pour {name}{shop} {when}", "expliquez-moi pourquoi je veux {name} {context}",
            "{name}{shop}, ça vaut le coup ?", "hommage à {name} {when}", "obsession du moment : {name} {context}",
            "croisé {name} à {town} {when}, {good}", "{name} me trotte dans la tête{closer}",
            "j'ai convaincu {person} pour {name}{shop}", "vu {name} {context}, cri intérieur", "{name} est arrivé !! {good}",
            "quelqu'un sait où trouver {name} à {town} ?", "tout mon fil c'est {name} {context}",
            "rupture de {name}{shop} à {town}, {bad}", "{opener}d'abord {name}, maintenant j'en veux {number}",
            "{context}, et bien sûr {name}", "liste d'envies : {name}{shop}, dormir", "en vrai {name} c'est encore mieux, {good}",
            "{opener}enfin {name}{shop}", "est-ce que j'assume {name} {context}",
        ),
        "fad": (
            "{name} {context}. pourquoi", "{opener}qui porte {name} {context}{closer}", "mort de rire avec {name} {when}",
            "{person} m'envoie {name} {context}, j'ai hurlé", "{name} ?? à {town} ?? {bad}", "tout le monde se moque de {name} {when}",
            "la vidéo avec {name}, {good}", "{name} devrait être interdit{closer}", "jour {number} à voir {name}, {feeling}",
            "plutôt mourir que {name}, mais la vidéo est {good}",
        ),
        "lifestyle": (
            "{opener}{name} {context}, {good}", "testé {name} {when} : {feeling}", "{person} m'a convertie à {name}{closer}",
            "{name} {context}. voilà", "{opener}tout le monde se met à {name}", "{name} avec {person} {when}, {context}",
            "jour {number} de {name}, je suis {feeling}", "premier essai de {name}, {context}{closer}",
            "{name} a changé mon {weekday}",
        ),
        "seasonal": (
            "{opener}{name} {context}{closer}", "{name}{shop} acheté {when}", "{name}, {context}. {feeling}", "{person} adore {name}",
            "acheter {name} avec {person}, {bad}", "{name}, {good}, {context}", "pourquoi il en faut {number}, {name} compris",
            "{opener}c'est reparti pour {name}{closer}",
        ),
        "reply": (
            "ça vient d'où {name} ??", "je veux {name} aussi", "ok maintenant il me faut {name}", "{name} !!",
            "{reply_open}la mienne arrive {when}", "{reply_open}{context}, exactement", "le lien pour {name} stp",
            "{reply_open}{name}, c'est {good}", "la qualité de {name} ?", "{reply_open}{person} l'a aussi, {good}",
        ),
    },
    ("evaluation", "en"): {
        "organic": (
            "nobody warned me about the {name}{shop}", "so i caved: {name}, {context}",
            "if you see me with a {name} {context}, mind your business", "{town} verdict on the {name}: {good}",
            "a {name} {when} keeps the blues away{closer}", "petition to give everyone a {name}",
            "{person} keeps borrowing my {name}{closer}", "{number} compliments on the {name} {when}",
            "the way this {name} just works, {context}", "rate my {name} {context}", "was sceptical, but the {name}{shop} is {good}",
            "can we talk about the {name} {context}", "restock the {name} please{shop}", "what size in the {name}?",
            "birthday sorted: {name} for {person}", "it's giving {name}, {context}",
        ),
        "fad": (
            "{name} has gone too far, {context}", "we need to discuss {name} {context}", "{person} owns {name} now. pray for us",
            "{name} content only {when}", "{number} videos of {name} in a row{closer}", "that's enough {name} for one {weekday}",
            "i laughed at {name} for {number} minutes",
        ),
        "lifestyle": (
            "week {number} of {name}: {context}", "{name} club in {town} {when}, all welcome", "took {person} to {name}, {context}",
            "why did no one tell me {name} is {good}", "the {name} people are right", "{name}, {context}, repeat",
            "converted to {name} {when}{closer}",
        ),
        "seasonal": (
            "annual {name} post: {context}", "{person} started on the {name} {when}",
            "every year i swear no {name}, every year {context}", "{name} is out in {town} already", "here we go, {name}{shop}",
            "{name} budget: {number} times over",
        ),
        "reply": (
            "the way i ran to find the {name}", "is that the {name}{shop}?", "{name} gang", "{context}!! i'm {feeling}",
            "size up or down for the {name}?", "take my money", "{person} needs that {name}",
        ),
    },
    ("evaluation", "fr"): {
        "organic": (
            "personne ne m'avait prévenue pour {name}{shop}", "j'ai cédé : {name}, {context}",
            "si vous me voyez avec {name} {context}, chut", "avis de {town} sur {name} : {good}",
            "{person} me pique {name} tout le temps", "{number} compliments pour {name} {when}", "notez {name} {context}",
            "j'y croyais pas, mais {name}{shop}, {good}", "on parle de {name} {context} ?", "remettez {name} en stock svp{shop}",
            "quelle taille pour {name} ?", "cadeau trouvé pour {person} : {name}", "une vie avec {name}, {context}",
        ),
        "fad": (
            "{name}, là c'est trop, {context}", "il faut qu'on parle de {name} {context}", "{person} a acheté {name}. courage",
            "{number} vidéos de {name} d'affilée{closer}", "assez de {name} pour ce {weekday}",
            "j'ai ri devant {name} {number} minutes",
        ),
        "lifestyle": (
            "semaine {number} de {name} : {context}", "club de {name} à {town} {when}", "j'ai emmené {person} : {name}, {context}",
            "pourquoi personne ne m'a dit que {name}, c'est {good}", "{name}, {context}, on recommence",
            "convertie à {name} {when}{closer}",
        ),
        "seasonal": (
            "le post annuel {name} : {context}", "{person} a lancé {name} {when}", "chaque année je jure sans {name}, et {context}",
            "{name}, déjà à {town}", "c'est reparti, {name}{shop}",
        ),
        "reply": (
            "j'ai couru chercher {name}", "c'est {name}{shop} ?", "team {name}", "{context} !! je suis {feeling}",
            "{name}, on taille grand ?", "{person} a besoin de {name}",
        ),
    },
}


_FEMININE = frozenset({
    "affaires", "assiettes", "baignade", "ballerines", "bougie", "bottes", "boîte", "bougies", "chaussettes", "chemise", "citrouille",
    "couchette", "couverture", "déco", "doudoune", "finale", "fournée", "guirlande", "journée", "lampe", "lanterne", "liste",
    "location", "marche", "méduses", "nage", "nuisette", "nuit", "parure", "planche", "puces", "robe", "robes", "sandales", "santiags",
    "suspension", "surchemise", "table", "trousse", "veilleuse", "veste", "écharpe", "fournitures", "pâte",
})
_ADJECTIVES_BEFORE = frozenset({
    "petit", "petite", "petits", "grand", "grande", "gros", "joli", "nouveau", "nouvel", "nouvelle", "deux", "double",
})
_DETERMINED = (
    "la ", "le ", "les ", "l'", "ce ", "cet ", "cette ", "ces ", "aucun", "Odile", "Carrel", "Idris", "Okafor", "Glass", "observer ",
)


def _with_articles(name: str) -> tuple[str, ...]:
    """A French name with the articles it takes; names that have one, or take none, stay as they are."""
    if name.startswith(_DETERMINED):
        return (name,)
    words = name.split()
    head = next((word for word in words if word not in _ADJECTIVES_BEFORE), words[0])
    if words[0] in ("deux", "double") or head[0].isupper():
        return (name,)
    if head.endswith("s"):
        return (f"des {name}", f"ces {name}", f"mes {name}", f"les {name}")
    if head in _FEMININE:
        return (f"une {name}", f"cette {name}", f"ma {name}" if head[0] not in "aeéiou" else f"mon {name}", f"une {name}")
    return (f"un {name}", f"ce {name}" if words[0][0] not in "aeéiou" else f"cet {name}", f"mon {name}", f"un {name}")


def trend_rules(trend: PlantedTrend, family: Family, language: str, shared: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Grammar rules of one trend in one language (en, fr): symbols ``post`` and ``trend_reply``, fillers and shared words.

    A trend without words of its own in French uses its English ones, as people do.
    """
    french = language == "fr"
    sentences = _SENTENCES[family, language]
    names = tuple(form for name in trend.names_fr for form in _with_articles(name)) if french else trend.names_en
    names = names or trend.names_en
    contexts = (trend.contexts_fr if french else ()) or trend.contexts_en or ("",)
    own = (trend.templates_fr if french else ()) or trend.templates_en
    return {
        **shared,
        **_FILLERS[language],
        "name": names,
        "context": contexts,
        "post": own or sentences[trend.kind],
        "trend_reply": sentences["reply"] if trend.contexts_en else shared["reply"],
    }
