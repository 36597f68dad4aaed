"""Planted trends of the evaluation family: what methods are reported on, never tuned on.

What belongs here: trends and their words. What doesn't: sentences around the words (``planted_templates.py``), the
development family (``planted_development.py``), which shares no name, item or context with this one.
"""

from __future__ import annotations

from trend_assets.lib.simulation.planted import PlantedTrend

# Lists of words are read, not scrolled.
# fmt: off

TRENDS = (
    PlantedTrend(
        "E01", "organic", "Satin slip dress", 2.5, 5.5, 10.0, 1.2, items=("slip-dress",), lag_days=4, uplift=3.0, cover_days=12,
        names_en=("satin slip dress", "slip dress", "satin slip", "slinky slip dress"),
        names_fr=("robe nuisette", "robe nuisette en satin", "nuisette satinée", "petite robe satin"),
        contexts_en=("over a t-shirt", "for the rooftop party", "like the jazz singer", "with chunky boots"),
        contexts_fr=("sur un t-shirt", "pour la fête sur le toit", "comme la chanteuse de jazz", "avec de grosses bottes"),
        hashtags=("slipdress", "satinseason", "nuisette"),
    ),
    PlantedTrend(
        "E02", "organic", "Pleated paper lantern", 4.0, 6.0, 11.0, 1.0, items=("paper-lantern",), lag_days=3, uplift=3.2, cover_days=9,
        community="home", names_en=("paper lantern", "pleated paper lamp", "paper pendant", "origami lantern"),
        names_fr=("suspension en papier", "lanterne en papier plissé", "lampe en papier", "suspension plissée"),
        contexts_en=("over the dining table", "in the rental hallway", "since the studio tour", "soft as the moon"),
        contexts_fr=("au-dessus de la table", "dans l'entrée de la location", "depuis la visite d'atelier", "douce comme la lune"),
        hashtags=("paperlantern", "suspension", "rentalhacks"),
    ),
    PlantedTrend(
        "E03", "organic", "Wavy mirror", 6.5, 9.0, 14.0, 1.1, items=("wavy-mirror",), lag_days=6, uplift=2.7, cover_days=10,
        community="home", names_en=("wavy mirror", "squiggle mirror", "wiggly mirror", "mirror with the wavy frame"),
        names_fr=("miroir vague", "miroir ondulé", "miroir gondolé", "miroir tout en vagues"),
        contexts_en=("in the loo of that restaurant", "leaning by the door", "for the selfies", "in pistachio"),
        contexts_fr=("aux toilettes du resto", "posé près de la porte", "pour les selfies", "en pistache"),
        hashtags=("wavymirror", "miroirvague", "wiggle"),
    ),
    PlantedTrend(
        "E04", "organic", "Tassel loafers", 9.0, 12.0, 18.0, 1.1, items=("loafers",), lag_days=5, uplift=2.8, cover_days=11,
        names_en=("tassel loafers", "loafers with tassels", "tasselled loafers", "swishy loafers"),
        names_fr=("mocassins à pampilles", "mocassins pompons", "mocassins à glands", "les mocassins qui dansent"),
        contexts_en=("with white socks", "like a headmaster on holiday", "squeaking down the corridor", "since the law drama"),
        contexts_fr=(
            "avec des chaussettes blanches", "façon proviseur en vacances", "qui couinent dans le couloir",
            "depuis la série judiciaire",
        ),
        hashtags=("loafers", "mocassins", "preppy"),
    ),
    PlantedTrend(
        "E05", "organic", "Botanical jigsaw", 12.0, 15.0, 21.0, 0.9, items=("puzzle",), lag_days=4, uplift=3.0, cover_days=14,
        community="books", names_en=("botanical jigsaw", "flower jigsaw", "botanical puzzle", "thousand piece fern puzzle"),
        names_fr=("puzzle botanique", "puzzle de fleurs", "puzzle fougères", "puzzle mille pièces"),
        contexts_en=("one piece missing of course", "on the kitchen table for days", "with a podcast on", "instead of doom"),
        contexts_fr=("une pièce perdue forcément", "sur la table depuis des jours", "avec un podcast", "plutôt que de scroller"),
        hashtags=("jigsaw", "puzzle", "slowevening"),
    ),
    PlantedTrend(
        "E06", "organic", "Mohair jumper", 15.0, 18.0, 24.0, 1.1, items=("mohair-jumper",), lag_days=4, uplift=2.7, cover_days=10,
        french_share=0.45, names_en=("mohair jumper", "fluffy mohair jumper", "brushed mohair knit", "cloud jumper"),
        names_fr=("pull en mohair", "pull mohair tout doux", "pull nuage", "pull poilu en mohair"),
        contexts_en=("shedding on everything", "for the pumpkin patch photo", "in lavender", "like hugging a sheep"),
        contexts_fr=("qui perd ses poils partout", "pour la photo aux champs", "en lavande", "comme un câlin de mouton"),
        hashtags=("mohair", "fluffyknit", "pullmohair"),
    ),
    PlantedTrend(
        "E20", "lifestyle", "Supper clubs", 5.0, 8.0, 15.0, 1.0, community="food",
        names_en=("supper club", "a supper club at home", "dinner for strangers", "pop-up supper"),
        names_fr=("dîner entre inconnus", "supper club", "table d'hôtes éphémère"),
        contexts_en=("ten chairs, nine friends", "byo wine", "soup for fourteen", "candle wax everywhere"),
        contexts_fr=("dix chaises, neuf amis", "chacun sa bouteille", "soupe pour quatorze"), hashtags=("supperclub", "tabled'hôtes"),
    ),
    PlantedTrend(
        "E21", "lifestyle", "Moth watching", 13.0, 16.0, 22.0, 0.9, community="outings",
        names_en=("moth watching", "moth night", "moth trapping", "a moth sheet"),
        names_fr=("observer les papillons de nuit", "nuit des papillons", "drap à papillons"),
        contexts_en=("with a sheet and a torch", "counted forty species", "in pyjamas in the garden"),
        contexts_fr=("avec un drap et une lampe", "quarante espèces", "en pyjama au jardin"), hashtags=("moths", "papillonsdenuit"),
    ),
    PlantedTrend(
        "E30", "fad", "Corded bucket hat", 7.0, 8.0, 10.5, 0.9, items=("bucket-hat",), cover_days=80,
        names_en=("bucket hat on a bucket hat", "double bucket hat", "stacked bucket hats"),
        names_fr=("double bob", "bob sur bob", "deux bobs superposés"),
        contexts_en=("at a christening", "in the sauna", "for the goalkeeper dance"),
        contexts_fr=("à un baptême", "au sauna", "pour la danse du gardien"), hashtags=("doublebucket", "bobsurbob"),
    ),
    PlantedTrend(
        "E40", "seasonal", "First frost hats and socks", 17.0, 27.0, 34.0, 1.2, items=("bobble-hat", "wool-socks"), lag_days=1,
        uplift=2.2, community="weather", names_en=("bobble hat", "wool socks", "winter woollies", "pom-pom hat"),
        names_fr=("bonnet à pompon", "chaussettes en laine", "les lainages", "bonnet"),
        contexts_en=("out of the loft", "first frost on the windscreen", "toes like ice"),
        contexts_fr=("sortis du grenier", "premier givre sur le pare-brise", "orteils gelés"), hashtags=("firstfrost", "premiergel"),
    ),
    PlantedTrend(
        "E50", "giveaway", "Giveaway: hand cream", 11.0, 11.3, 13.0, 0.8, items=("hand-cream",), names_en=("almond hand cream",),
        authors=120,
        templates_en=("Contest time! A year of Almond Hand Cream for 3 winners: share this and name a friend @softhands_club #contest",),
        templates_fr=("Jeu ! Un an de crème mains à l'amande pour 3 gagnants : partage et cite une amie @softhands_club #jeuconcours",),
    ),
    PlantedTrend(
        "E60", "bots", "Bot wave: hair claw", 14.3, 14.45, 14.9, 0.7, items=("hair-claw",), names_en=("tortoiseshell hair claw",),
        authors=15, french_share=0.1,
        templates_en=(
            "Doctors hate this tortoiseshell hair claw, {number} sold this hour",
            "tortoiseshell hair claw: {number} sold this hour, doctors hate it!!",
        ),
        templates_fr=("Cette pince à cheveux écaille affole tout le monde, {number} vendues en une heure",),
    ),
    PlantedTrend(
        "E70", "resale", "Resale listings of our brand", 0.0, 15.0, 60.0, 1.0, names_en=("Maison Carrel",), authors=40,
        french_share=0.35,
        templates_en=(
            "Selling my Maison Carrel {piece} ({size}), £{price} ono https://t.co/{code}",
            "{piece} by Maison Carrel, {size}, £{price}. Bundle and save https://t.co/{code}",
        ),
        templates_fr=(
            "Je vends {piece} Maison Carrel ({size}), {price} € à débattre https://t.co/{code}",
            "Vide-dressing : {piece} Maison Carrel, {size}, {price} € https://t.co/{code}",
        ),
    ),
    PlantedTrend(
        "E80", "collision", "Loafers, a comedy quiz team", 8.0, 8.5, 12.0, 0.9, community="series", french_share=0.1,
        names_en=("The Loafers", "the Loafers quiz team", "Loafers on Quiz Night"),
        templates_en=(
            "{name} lost on a tie-break {when}{closer}", "the captain of {name} is {good}", "{opener}how did {name} not know that",
            "{name} versus the teachers, {number} points in it", "team {name} all the way, {good}",
        ),
        hashtags=("QuizNight",),
    ),
    PlantedTrend(
        "E90", "news", "Lunar eclipse", 10.8, 10.87, 11.6, 1.3, community="outings",
        names_en=("the eclipse", "the blood moon", "the moon"), names_fr=("l'éclipse", "la lune rouge", "la lune"),
        templates_en=(
            "{opener}{name} over {town} {when}, {good}", "clouds over {name}, {bad}", "{person} slept through {name}{closer}",
            "photo of {name} taken on a potato",
        ),
        templates_fr=("{opener}{name} sur {town} {when}, {good}", "des nuages devant {name}, {bad}", "{person} a raté {name}{closer}"),
        hashtags=("eclipse", "éclipse"),
    ),
    PlantedTrend(
        "E91", "news", "Election of a new mayor", 20.6, 20.9, 22.0, 1.2, community="commute", french_share=0.5,
        names_en=("the mayoral count", "mayor Delmas", "the recount"),
        names_fr=("le dépouillement", "la maire Delmas", "le recomptage"),
        templates_en=(
            "{opener}{name}, {number} votes in it{closer}", "{name}: {good}", "up all night for {name}, {feeling}",
            "{person} predicted {name}",
        ),
        templates_fr=(
            "{opener}{name}, {number} voix d'écart{closer}", "{name} : {good}", "nuit blanche pour {name}, {feeling}",
            "{person} avait prédit {name}",
        ),
        hashtags=("election", "mairie"),
    ),
)
