"""Planted trends of the development family: what methods are tuned on.

What belongs here: trends and their words. What doesn't: sentences around the words (``planted_templates.py``), the
evaluation family (``planted_evaluation.py``), which shares no name, item or context with this one.
"""

from __future__ import annotations

from trend_assets.lib.simulation.planted import PlantedTrend
from trend_assets.lib.simulation.planted_development_noise import NOISE_AND_NEWS

# Lists of words are read, not scrolled.
# fmt: off

_OURS_AND_LIFESTYLE = (
    PlantedTrend(
        "D01", "organic", "Linen wrap dress", 2.0, 4.5, 9.0, 1.3, items=("linen-wrap-dress",), lag_days=3, uplift=3.2, cover_days=16,
        names_en=(
            "linen wrap dress", "wrap dress in linen", "that wrappy linen dress", "linen wrap", "wrap-around linen dress",
            "floaty linen wrap dress",
        ),
        names_fr=(
            "robe portefeuille en lin", "robe en lin portefeuille", "robe cache-coeur en lin", "la robe portefeuille",
            "petite robe en lin croisée",
        ),
        contexts_en=(
            "on the ferry crossing", "at the vineyard wedding", "like the tennis coach wears", "after the harbour photo",
            "for late summer picnics",
        ),
        contexts_fr=(
            "au mariage dans les vignes", "comme la coach de tennis", "depuis la photo du port", "pour les pique-niques de septembre",
            "sur le ferry",
        ),
        hashtags=("wrapdress", "linenseason", "robeportefeuille", "wrapitup"),
    ),
    PlantedTrend(
        "D02", "organic", "Corduroy overshirt", 3.0, 6.0, 12.0, 1.2, items=("corduroy-overshirt",), lag_days=5, uplift=2.8,
        cover_days=11,
        names_en=(
            "corduroy overshirt", "cord overshirt", "corduroy shirt jacket", "cord shacket", "overshirt in corduroy",
            "wide wale cord shirt",
        ),
        names_fr=(
            "surchemise en velours côtelé", "surchemise velours", "chemise épaisse en velours côtelé", "veste chemise côtelée",
            "surchemise côtelée",
        ),
        contexts_en=(
            "as the professor in that indie film", "with a white tee underneath", "for the first day back on campus",
            "layered under a coat", "borrowed from grandad",
        ),
        contexts_fr=(
            "comme le prof dans le film", "avec un t-shirt blanc dessous", "pour la rentrée à la fac", "sous un manteau",
            "piquée à papi",
        ),
        hashtags=("cordseason", "overshirt", "veloursc", "shacket"),
    ),
    PlantedTrend(
        "D03", "organic", "Mushroom table lamp", 4.0, 6.5, 11.0, 1.1, items=("mushroom-lamp",), lag_days=4, uplift=3.0, cover_days=9,
        community="home",
        names_en=(
            "mushroom lamp", "mushroom table lamp", "little mushroom light", "glass mushroom lamp", "toadstool lamp",
            "glowy mushroom lamp",
        ),
        names_fr=(
            "lampe champignon", "petite lampe champignon", "lampe en forme de champignon", "lampe de table champignon",
            "veilleuse champignon en verre",
        ),
        contexts_en=(
            "from the flat tour everyone saved", "on the bedside table", "glowing amber at dusk", "next to the record player",
            "like a seventies hotel",
        ),
        contexts_fr=(
            "vue dans la visite d'appart", "sur la table de nuit", "qui brille à la tombée du jour", "à côté de la platine",
            "façon hôtel des années 70",
        ),
        hashtags=("mushroomlamp", "lampechampignon", "softlighting", "bedsideglow"),
    ),
    PlantedTrend(
        "D04", "organic", "Mesh ballet flats", 5.0, 7.0, 11.0, 1.2, items=("mesh-flats",), lag_days=2, uplift=3.5, cover_days=8,
        names_en=("mesh ballet flats", "mesh flats", "see-through ballet flats", "net ballet shoes", "mesh ballerinas", "sheer flats"),
        names_fr=(
            "ballerines en résille", "ballerines résille", "ballerines transparentes", "ballerines filet", "les ballerines en mesh",
        ),
        contexts_en=(
            "with little socks", "since the dancer's airport look", "on cobbles, bravely", "for the office and then dancing",
            "in silver obviously",
        ),
        contexts_fr=(
            "avec des petites chaussettes", "depuis le look de la danseuse", "sur les pavés, courage", "du bureau à la piste",
            "en argenté évidemment",
        ),
        hashtags=("meshflats", "balletcore", "ballerines", "flatsfordays"),
    ),
    PlantedTrend(
        "D05", "organic", "Chunky cable cardigan", 7.0, 10.5, 17.0, 1.1, items=("cable-cardigan",), lag_days=6, uplift=2.6,
        cover_days=12, french_share=0.4,
        names_en=(
            "chunky cable cardigan", "cable knit cardigan", "big cable-knit cardi", "chunky knit cardigan", "grandma cable cardigan",
            "cabled cardi",
        ),
        names_fr=("gilet torsadé", "gros gilet à torsades", "gilet grosse maille", "cardigan torsadé", "gilet torsades de mamie"),
        contexts_en=(
            "with wooden buttons", "like the lighthouse keeper's daughter", "over pyjamas on the balcony",
            "for the first cold evening", "big enough for two",
        ),
        contexts_fr=(
            "avec des boutons en bois", "comme la fille du gardien de phare", "sur le pyjama au balcon",
            "pour la première soirée froide", "assez grand pour deux",
        ),
        hashtags=("cableknit", "cardiganweather", "torsades", "knitseason"),
    ),
    PlantedTrend(
        "D06", "organic", "Waffle cotton throw", 8.0, 10.0, 15.0, 0.9, items=("waffle-throw",), lag_days=4, uplift=2.6, cover_days=34,
        community="home",
        names_en=(
            "waffle throw", "waffle cotton throw", "waffle blanket", "waffle weave throw", "crinkly waffle blanket",
            "cotton waffle throw",
        ),
        names_fr=("plaid gaufré", "plaid nid d'abeille", "plaid en coton gaufré", "couverture gaufrée", "jeté gaufré"),
        contexts_en=("over the back of the sofa", "for movie nights", "from the cabin video", "that the dog claimed", "draped just so"),
        contexts_fr=(
            "sur le dossier du canapé", "pour les soirées film", "vu dans la vidéo de la cabane", "que le chien a adopté",
            "posé l'air de rien",
        ),
        hashtags=("wafflethrow", "plaidgaufré", "cosycorner", "sofastyling"),
    ),
    PlantedTrend(
        "D07", "organic", "Stoneware matcha bowl", 9.0, 11.5, 17.0, 1.1, items=("matcha-bowl",), lag_days=3, uplift=3.4, cover_days=10,
        community="food",
        names_en=(
            "matcha bowl", "stoneware matcha bowl", "handmade matcha bowl", "ceramic bowl for matcha", "chunky matcha bowl",
            "whisking bowl",
        ),
        names_fr=("bol à matcha", "bol matcha en grès", "bol à matcha artisanal", "grand bol pour matcha", "bol en grès à fouetter"),
        contexts_en=(
            "for the ten minute whisk ritual", "after that temple reel", "instead of my third espresso", "with the bamboo whisk",
            "on the windowsill at seven",
        ),
        contexts_fr=(
            "pour le rituel du fouet", "depuis la vidéo du temple", "à la place du troisième expresso", "avec le fouet en bambou",
            "sur le rebord de la fenêtre",
        ),
        hashtags=("matchabowl", "matcharitual", "bolmatcha", "whiskit"),
    ),
    PlantedTrend(
        "D08", "organic", "Barrel-leg jeans", 10.0, 13.0, 18.0, 1.2, items=("barrel-jeans",), lag_days=5, uplift=2.8, cover_days=10,
        names_en=(
            "barrel jeans", "barrel-leg jeans", "barrel leg denim", "horseshoe jeans", "curved leg jeans", "balloon-y barrel jeans",
        ),
        names_fr=("jean tonneau", "jean barrel", "jean arrondi", "jean coupe tonneau", "jean jambes courbes"),
        contexts_en=(
            "and i look like a cowboy in a good way", "with pointy boots", "that the stylist swears by", "cropped above the ankle",
            "even on short people",
        ),
        contexts_fr=(
            "et j'ai l'air d'un cow-boy, en bien", "avec des bottes pointues", "conseillé par la styliste", "au-dessus de la cheville",
            "même sur les petites",
        ),
        hashtags=("barreljeans", "jeantonneau", "denimtok", "curvydenim"),
    ),
    PlantedTrend(
        "D09", "organic", "Silk twilly scarf", 11.0, 13.0, 17.0, 0.9, items=("silk-twilly",), lag_days=2, uplift=3.0, cover_days=7,
        french_share=0.55, countries=("FR",),
        names_en=("silk twilly", "twilly scarf", "skinny silk scarf", "little silk neck scarf", "twilly round the wrist"),
        names_fr=("twilly en soie", "foulard étroit en soie", "petit foulard en soie", "foulard twilly", "twilly noué"),
        contexts_en=("knotted on a ponytail", "round a bag handle", "like the french presenter", "on the wrist at the gala"),
        contexts_fr=(
            "noué sur la queue de cheval", "autour de l'anse du sac", "comme la présentatrice du vingt heures",
            "au poignet pour le gala",
        ),
        hashtags=("twilly", "silkscarf", "foulard", "carrédesoie"),
    ),
    PlantedTrend(
        "D10", "organic", "Fig leaf candle", 12.0, 14.5, 20.0, 1.0, items=("fig-candle",), lag_days=4, uplift=2.8, cover_days=12,
        community="home",
        names_en=("fig candle", "fig leaf candle", "figgy candle", "candle that smells of fig trees", "green fig candle"),
        names_fr=("bougie figuier", "bougie feuille de figuier", "bougie à la figue", "bougie qui sent le figuier", "bougie figue verte"),
        contexts_en=(
            "like a greek courtyard in a jar", "burning since breakfast", "from the podcast gift guide", "in the hallway for guests",
            "and the room smells like holidays",
        ),
        contexts_fr=(
            "comme une cour en Grèce", "allumée depuis le petit déj", "vue dans le podcast", "dans l'entrée pour les invités",
            "et ça sent les vacances",
        ),
        hashtags=("figcandle", "bougiefiguier", "scentoftheday", "candleclub"),
    ),
    PlantedTrend(
        "D11", "organic", "Suede bucket bag", 13.0, 15.5, 21.0, 1.1, items=("bucket-bag",), lag_days=6, uplift=2.7, cover_days=13,
        names_en=("suede bucket bag", "bucket bag in suede", "slouchy suede bag", "drawstring suede bag", "chocolate suede bucket"),
        names_fr=("sac seau en daim", "sac seau daim", "sac bourse en daim", "petit sac seau", "seau en daim chocolat"),
        contexts_en=(
            "slung over a shoulder at the market", "from the courtroom series", "fits a laptop apparently",
            "in chocolate with everything", "my thrifting white whale",
        ),
        contexts_fr=(
            "à l'épaule au marché", "vu dans la série du tribunal", "il paraît qu'un ordi rentre", "en chocolat avec tout",
            "mon graal de friperie",
        ),
        hashtags=("bucketbag", "suedeseason", "sacseau", "bagtalk"),
    ),
    PlantedTrend(
        "D12", "organic", "Quilted gilet", 15.0, 17.5, 23.0, 1.0, items=("quilted-gilet",), lag_days=3, uplift=2.8, cover_days=40,
        names_en=("quilted gilet", "padded gilet", "quilted body warmer", "puffy vest", "quilted vest", "diamond quilt gilet"),
        names_fr=("doudoune sans manches", "gilet matelassé", "sans manches matelassé", "doudoune sans manche", "gilet doudoune"),
        contexts_en=(
            "for dog walks and spreadsheets", "like the football manager", "over a hoodie at the allotment", "pockets for snacks",
            "when it's not quite coat weather",
        ),
        contexts_fr=(
            "pour promener le chien", "comme l'entraîneur", "sur un sweat au potager", "avec des poches à goûter",
            "quand c'est pas encore le manteau",
        ),
        hashtags=("giletgang", "quilted", "sansmanches", "gorpcore"),
    ),
    PlantedTrend(
        "D13", "organic", "Linen-bound journal", 16.0, 18.5, 23.0, 0.9, items=("linen-journal",), lag_days=2, uplift=3.2, cover_days=9,
        community="books",
        names_en=("linen-bound journal", "linen journal", "cloth-bound notebook", "linen cover notebook", "the clothbound journal"),
        names_fr=("carnet relié en lin", "carnet en lin", "carnet toilé", "journal à couverture en lin", "joli carnet relié"),
        contexts_en=(
            "for three lines before bed", "since the author showed hers", "and a decent pen", "page one is terrifying",
            "for the gratitude challenge",
        ),
        contexts_fr=(
            "pour trois lignes avant de dormir", "depuis que l'autrice a montré le sien", "avec un vrai stylo",
            "la première page fait peur", "pour le défi gratitude",
        ),
        hashtags=("journaling", "threelines", "carnet", "paperpeople"),
    ),
    PlantedTrend(
        "D14", "organic", "Tartan wool scarf", 18.0, 20.5, 26.0, 1.0, items=("tartan-scarf",), lag_days=5, uplift=2.6, cover_days=10,
        countries=("GB",), french_share=0.1,
        names_en=(
            "tartan scarf", "big tartan scarf", "tartan wool scarf", "blanket-size tartan scarf", "tartan wrap scarf",
            "checked wool scarf",
        ),
        names_fr=("écharpe écossaise", "écharpe tartan", "grande écharpe à carreaux", "écharpe en laine écossaise"),
        contexts_en=("like the detective on the pier", "wrapped twice", "in cherry red", "for the stadium", "handed down from gran"),
        contexts_fr=("comme l'inspectrice sur la jetée", "en double tour", "en rouge cerise", "pour le stade"),
        hashtags=("tartan", "scarfweather", "tartanscarf", "écharpe"),
    ),
    PlantedTrend(
        "D20", "lifestyle", "Cold sea swimming", 3.5, 7.0, 14.0, 1.1, community="gym",
        names_en=("cold water swim", "sea swimming", "dawn dip", "cold dip", "swimming in the sea", "sunrise swim"),
        names_fr=("bain de mer froid", "nage en mer", "bain de l'aube", "longe-côte", "baignade glacée"),
        contexts_en=(
            "with the bobble hat club", "thirteen degrees and screaming", "and then flasks of tea", "for the head",
            "in the harbour at six",
        ),
        contexts_fr=(
            "avec le club du matin", "treize degrés et ça hurle", "puis le thermos de thé", "pour la tête", "au port à six heures",
        ),
        hashtags=("coldwater", "seaswimming", "bainfroid"),
    ),
    PlantedTrend(
        "D21", "lifestyle", "Night train city breaks", 9.5, 12.0, 18.0, 1.0, community="outings", french_share=0.45,
        names_en=("night train", "sleeper train", "overnight train", "couchette", "sleeper to Vienna"),
        names_fr=("train de nuit", "train couchette", "nuit en couchette", "wagon-lit", "train de nuit pour Vienne"),
        contexts_en=(
            "instead of flying", "woke up in another country", "six strangers and a cheese", "booked for half term", "rocked to sleep",
        ),
        contexts_fr=(
            "plutôt que l'avion", "réveil dans un autre pays", "six inconnus et un fromage", "réservé pour la Toussaint",
            "bercée toute la nuit",
        ),
        hashtags=("nighttrain", "traindenuit", "slowtravel"),
    ),
    PlantedTrend(
        "D22", "lifestyle", "Sunday without screens", 14.0, 18.0, 24.0, 0.8, community="books",
        names_en=("screen-free sunday", "no phone sunday", "offline sunday", "sunday without screens", "phone in a drawer day"),
        names_fr=("dimanche sans écran", "dimanche hors ligne", "journée sans téléphone", "dimanche déconnecté"),
        contexts_en=(
            "and time went slow", "the kids invented a game", "posted on monday of course", "read half a novel", "day three of trying",
        ),
        contexts_fr=("et le temps s'est étiré", "les enfants ont inventé un jeu", "posté lundi bien sûr", "lu un demi roman"),
        hashtags=("offlinesunday", "dimanchesansécran"),
    ),
    PlantedTrend(
        "D23", "lifestyle", "Crumpet baking", 19.0, 21.5, 27.0, 0.9, community="food", french_share=0.15,
        names_en=("homemade crumpets", "sourdough crumpets", "crumpet batter", "crumpet rings", "discard crumpets"),
        names_fr=("crumpets maison", "crumpets au levain", "pâte à crumpets"),
        contexts_en=("with proper holes", "flipped too early", "drowning in butter", "from the starter i nearly killed", "batch nine"),
        contexts_fr=("avec de vrais trous", "noyés de beurre", "fournée numéro neuf"), hashtags=("crumpets", "sourdough"),
    ),
    PlantedTrend(
        "D30", "fad", "Glitter jelly sandals", 6.0, 7.0, 9.5, 0.9, items=("jelly-sandals",), cover_days=85,
        names_en=("jelly sandals", "glitter jellies", "jelly shoes", "sparkly jelly sandals", "plastic glitter sandals"),
        names_fr=("méduses pailletées", "sandales méduses", "les méduses à paillettes", "méduses en plastique"),
        contexts_en=("at a board meeting", "in the rain", "with a suit", "like it's 1996", "blisters included"),
        contexts_fr=("en réunion", "sous la pluie", "avec un costard", "comme en 1996", "ampoules comprises"),
        hashtags=("jellies", "méduses", "jellyshoechallenge"),
    ),
    PlantedTrend(
        "D31", "fad", "Metallic cowboy boots", 12.5, 13.5, 16.0, 0.9, items=("cowboy-boots",), cover_days=70,
        names_en=("metallic cowboy boots", "silver cowboy boots", "shiny cowboy boots", "disco cowboy boots", "tin man boots"),
        names_fr=("santiags métallisées", "santiags argentées", "bottes de cow-boy argentées", "santiags disco"),
        contexts_en=("in the supermarket", "for the line dance dare", "blinding the whole bus", "on a toddler", "who is buying these"),
        contexts_fr=("au supermarché", "pour le défi country", "qui aveuglent le bus", "sur un bébé", "mais qui achète ça"),
        hashtags=("discocowboy", "santiags", "linedancedare"),
    ),
    PlantedTrend(
        "D32", "fad", "Clear bubble umbrella", 20.0, 20.8, 23.0, 0.8, items=("bubble-umbrella",), cover_days=75, french_share=0.4,
        names_en=("bubble umbrella", "clear dome umbrella", "see-through umbrella", "birdcage umbrella", "jellyfish umbrella"),
        names_fr=("parapluie cloche", "parapluie transparent", "parapluie bulle", "parapluie dôme"),
        contexts_en=("with a lamp inside", "for the goldfish filter", "stuck in the bus door", "singing in it", "wearing it indoors"),
        contexts_fr=("avec une lampe dedans", "pour le filtre poisson rouge", "coincé dans la porte du bus", "porté à l'intérieur"),
        hashtags=("bubbleumbrella", "parapluiebulle"),
    ),
    PlantedTrend(
        "D40", "seasonal", "Back to school", 0.0, 1.5, 8.0, 1.5, items=("school-backpack", "pencil-case", "lunch-box"), lag_days=0,
        uplift=2.6, french_share=0.5, community="kids",
        names_en=(
            "back to school bag", "school backpack", "new pencil case", "bento lunch box for school", "first day backpack",
            "school stuff",
        ),
        names_fr=(
            "cartable de rentrée", "cartable", "nouvelle trousse", "boîte repas pour l'école", "affaires de rentrée", "fournitures",
        ),
        contexts_en=(
            "for the first day of term", "name labels everywhere", "bigger than the child", "list of forty things",
            "photo on the doorstep",
        ),
        contexts_fr=(
            "pour la rentrée des classes", "avec les étiquettes à coller", "plus gros que l'enfant", "liste de quarante trucs",
            "photo devant la porte",
        ),
        hashtags=("backtoschool", "rentrée", "rentrée2026", "firstday"),
    ),
    PlantedTrend(
        "D41", "seasonal", "Pumpkins and ghosts", 19.0, 29.0, 34.0, 1.4, items=("pumpkin-lantern", "ghost-garland"), lag_days=1,
        uplift=2.4, community="home",
        names_en=("pumpkin lantern", "ceramic pumpkin", "ghost garland", "felt ghosts", "spooky decor", "halloween mantelpiece"),
        names_fr=(
            "photophore citrouille", "citrouille en céramique", "guirlande de fantômes", "petits fantômes en feutre",
            "déco d'halloween",
        ),
        contexts_en=(
            "already, in september", "on the mantelpiece", "the neighbours started it", "spooky season is a lifestyle",
            "before the leaves even drop",
        ),
        contexts_fr=(
            "déjà, en septembre", "sur la cheminée", "les voisins ont commencé", "la saison qui fait peur",
            "avant la chute des feuilles",
        ),
        hashtags=("spookyseason", "halloween", "pumpkin", "citrouille"),
    ),
)

TRENDS = _OURS_AND_LIFESTYLE + NOISE_AND_NEWS
