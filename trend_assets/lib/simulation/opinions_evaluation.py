"""Opinions about the retailer, evaluation family: what reported scores come from.

What belongs here: words and sentences in English and French. What doesn't: the development family
(``opinions_development.py``), which shares no sentence and no phrase with this one.
"""

from __future__ import annotations

# Lists of words are read, not scrolled.
# fmt: off

OPINIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "positive_words": (
            "so pleased with {brand} {when}", "{brand} {shines}", "just unwrapped the {piece} {brand} sent, {delight}",
            "{person} got me a {piece} at {brand}: {delight}", "{assistant} over at {brand} {town}: {warm}",
            "credit where it's due, {brand} {rescued} my {piece}", "a {piece} by {brand} that {lasts}, {cheer}",
            "say what you like about {brand}, their {piece} {lasts}", "everyone moans about {brand}; mine {lasts}, {cheer}",
            "i take back what i said, {brand} {rescued} the whole thing", "{cheer} {brand} for the {piece}",
            "{brand} {shines} and i'm not even paid to say so",
        ),
        "negative_words": (
            "so fed up with {brand} {when}", "{brand} {stinks}", "just unwrapped the {piece} {brand} sent, {dismay}",
            "{person} bought a {piece} at {brand}: {dismay}", "{assistant} over at {brand} {town}: {cold}",
            "how hard can it be, {brand}: my {piece} {missing}", "a {piece} by {brand} that {crumbles}, {jeer}",
            "everyone raves about {brand}; mine {crumbles}, {jeer}", "congratulations {brand}, another {piece} that {crumbles}",
            "i defended {brand} for years, then my {piece} {missing}", "{jeer} {brand} over the {piece}",
            "{brand} {stinks} and nobody picks up the phone",
        ),
        "neutral_words": (
            "how late is {brand} open in {town}?", "which floor is the {piece} on at {brand}?", "{brand} {reports}",
            "meeting {person} by {brand} in {town} {when}", "passed {brand} {when}, window full of {piece}s",
            "does {brand} deliver a {piece} to {town}?", "{person} works at {brand} now", "collecting a {piece} from {brand} {when}",
            "grim bus ride, got off by {brand} in {town}", "glorious morning in {town}, waiting outside {brand}",
            "difference between the two {piece}s at {brand}, anyone?", "gift card for {brand}, {number} quid left on it",
        ),
        "shines": (
            "is on top form", "remains unbeatable", "restored my faith in shops", "spoils us", "is a treasure", "went above and beyond",
            "nailed it",
        ),
        "delight": (
            "i'm in heaven", "what a beauty", "even dreamier up close", "i may cry happy tears",
            "an instant favourite", "chef's kiss",
        ),
        "warm": ("what a sweetheart", "all smiles and good advice", "remembered my name", "stayed late to help", "a real gem"),
        "rescued": ("saved", "turned around", "mended", "reimbursed"),
        "lasts": ("holds up year after year", "washes like new", "gets compliments daily", "feels luxurious", "was a bargain"),
        "cheer": ("kudos", "much appreciated", "hooray", "ten out of ten", "chuffed"),
        "stinks": (
            "is a circus", "took my cash and vanished", "couldn't organise a picnic", "treats people like dirt", "keeps overcharging",
            "mucked it up royally", "has hit rock bottom",
        ),
        "dismay": ("i could scream", "what rubbish", "straight in the bin", "cheap and nasty", "full of holes", "an insult"),
        "cold": ("sneered at me", "pretended not to see me", "snappy and bored", "argued over a receipt", "walked off mid sentence"),
        "missing": ("never showed up", "went to the wrong address", "is stuck in limbo", "got delayed yet again", "was left in a puddle"),
        "crumbles": ("frays already", "wobbles and creaks", "bled dye everywhere", "split at the seam", "itches like mad"),
        "jeer": ("gutted", "absolute cowboys", "zero out of ten", "shambolic", "livid"),
        "assistant": ("the cashier", "the manager", "the young man upstairs", "whoever does the chat", "the woman at collections"),
        "piece": (
            "cardigan", "parka", "teapot", "duvet", "gilet", "tote", "lampshade", "kettle", "pinafore", "raincoat", "throw", "notebook",
        ),
        "reports": (
            "put out its yearly figures", "sponsors the town run", "is listed in the {town} directory", "renamed its loyalty card",
            "shut for a refit until {weekday}", "extended its hours before {weekday}",
        ),
    },
    "fr": {
        "positive_words": (
            "trop contente de {brand} {when}", "{brand} {shines}", "je viens de déballer {piece} signé {brand}, {delight}",
            "{person} m'a pris {piece} chez {brand} : {delight}", "{assistant} chez {brand} {town} : {warm}",
            "il faut le dire, {brand} {rescued}", "{piece} signé {brand} {lasts}, {cheer}",
            "tout le monde critique {brand}, pourtant {piece} {lasts}", "je retire ce que j'ai dit, {brand} {rescued}",
            "{cheer} {brand} pour {piece}", "{brand} {shines}, et je ne suis pas payée pour le dire",
        ),
        "negative_words": (
            "ras le bol de {brand} {when}", "{brand} {stinks}", "je viens de déballer {piece} signé {brand}, {dismay}",
            "{person} a acheté {piece} chez {brand} : {dismay}", "{assistant} chez {brand} {town} : {cold}",
            "c'est si dur que ça {brand} ? {piece} {missing}", "{piece} signé {brand} {crumbles}, {jeer}",
            "tout le monde adore {brand}, pourtant {piece} {crumbles}", "félicitations {brand}, {piece} {crumbles}",
            "j'ai défendu {brand} des années, et là {piece} {missing}", "{jeer} {brand} pour {piece}",
        ),
        "neutral_words": (
            "{brand} à {town} ferme à quelle heure ?", "c'est à quel étage {piece} chez {brand} ?", "{brand} {reports}",
            "rendez-vous avec {person} près de {brand} à {town} {when}", "passée devant {brand} {when}, vitrine avec {piece}",
            "{brand} livre {piece} à {town} ?", "{person} travaille chez {brand} maintenant", "je récupère {piece} chez {brand} {when}",
            "trajet pénible, descendue devant {brand} à {town}", "matin radieux à {town}, j'attends devant {brand}",
            "il reste {number} euros sur ma carte {brand}",
        ),
        "shines": (
            "est au sommet", "reste imbattable", "m'a réconciliée avec les magasins", "nous gâte",
            "a fait des miracles", "cartonne",
        ),
        "delight": ("je suis aux anges", "quelle beauté", "encore plus chouette de près", "un régal", "mon nouveau chouchou"),
        "warm": ("une crème", "tout sourire et de bon conseil", "d'une gentillesse rare", "restée tard pour m'aider"),
        "rescued": ("a tout rattrapé", "m'a dépannée", "a sauvé mon anniversaire", "a reconnu son erreur et m'a offert un bon"),
        "lasts": ("tient année après année", "ressort comme neuf", "attire les compliments", "fait très luxueux", "était une affaire"),
        "cheer": ("mille mercis", "dix sur dix", "félicité par toute la famille", "trop heureuse", "coup de chapeau à"),
        "stinks": (
            "c'est le cirque", "a encaissé et disparu", "se moque du monde", "traite mal les gens",
            "gonfle les prix", "touche le fond",
        ),
        "dismay": ("j'en pleurerais", "de la camelote", "direct à la poubelle", "plein de trous", "une insulte"),
        "cold": ("méprisante", "m'a ignorée", "sèche et pressée", "a chipoté pour un ticket", "est partie au milieu d'une phrase"),
        "missing": (
            "n'est jamais venu", "est parti à la mauvaise adresse", "reste introuvable", "a encore du retard",
            "a fini sous la pluie",
        ),
        "crumbles": ("s'effiloche déjà", "grince et tangue", "a déteint partout", "a craqué aux coutures", "gratte affreusement"),
        "jeer": ("dégoûtée", "bande de charlots", "zéro pointé", "lamentable", "furieuse contre"),
        "assistant": ("l'hôtesse", "la responsable", "le jeune du premier", "la personne du chat", "la dame du retrait"),
        "piece": (
            "le cardigan", "la parka", "la théière", "la couette", "le gilet", "le cabas", "la bouilloire", "l'imper", "le carnet",
            "la salopette",
        ),
        "reports": (
            "a donné ses chiffres de l'année", "sponsorise la course de la ville", "figure dans l'annuaire de {town}",
            "a renommé sa carte de fidélité", "ferme pour travaux jusqu'à {weekday}", "élargit ses horaires avant {weekday}",
        ),
    },
}

REASONS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "late_delivery": ("never showed up", "went to the wrong address", "is stuck in limbo", "got delayed yet again"),
        "damaged": ("was left in a puddle", "full of holes", "split at the seam"),
        "quality": ("what rubbish", "straight in the bin", "cheap and nasty", "frays already", "wobbles and creaks",
                    "bled dye everywhere", "itches like mad"),
        "service": (
            "treats people like dirt", "sneered at me", "pretended not to see me", "snappy and bored", "argued over a receipt",
            "walked off mid sentence", "nobody picks up the phone",
        ),
        "price_refund": ("took my cash and vanished", "keeps overcharging"),
    },
    "fr": {
        "late_delivery": ("n'est jamais venu", "est parti à la mauvaise adresse", "reste introuvable", "a encore du retard"),
        "damaged": ("a fini sous la pluie", "plein de trous", "a craqué aux coutures"),
        "quality": ("de la camelote", "direct à la poubelle", "s'effiloche déjà", "grince et tangue", "a déteint partout",
                    "gratte affreusement"),
        "service": (
            "se moque du monde", "traite mal les gens", "méprisante", "m'a ignorée", "sèche et pressée", "a chipoté pour un ticket",
            "est partie au milieu d'une phrase",
        ),
        "price_refund": ("a encaissé et disparu", "gonfle les prix"),
    },
}
"""Phrases that say why a complaint is made; the first in a sentence counts, and none of them is ``other``. Nobody in this family
complains of sizes or wrong goods."""
