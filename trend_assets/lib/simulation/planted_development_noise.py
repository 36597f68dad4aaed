"""Planted noise and news of the development family: paid, automated, resold, merely alike, or simply not ours.

What belongs here: giveaways, bot waves, resale listings, name collisions and news bursts with their words. What doesn't:
trends a buyer should see (``planted_development.py``).
"""

from __future__ import annotations

from trend_assets.lib.simulation.planted import PlantedTrend

# Lists of words are read, not scrolled.
# fmt: off

NOISE_AND_NEWS = (
    PlantedTrend(
        "D50", "giveaway", "Giveaway: velvet cushion", 5.5, 5.8, 7.5, 0.8, items=("velvet-cushion",),
        names_en=("velvet bolster cushion",), authors=140, french_share=0.2,
        templates_en=(
            "GIVEAWAY 🎁 win a Velvet Bolster Cushion! Follow @deco_deals, repost and tag two friends. #giveaway #win #velvetcushion",
            "GIVEAWAY 🎁 win a Velvet Bolster Cushion!! Follow @deco_deals repost + tag 2 friends #giveaway #win #velvetcushion",
        ),
        templates_fr=(
            "CONCOURS 🎁 gagnez un coussin traversin en velours ! Suivez @deco_deals, partagez et taguez deux amis. #concours",
        ),
    ),
    PlantedTrend(
        "D51", "giveaway", "Giveaway: mohair throw", 14.5, 14.9, 16.5, 0.8, items=("mohair-throw",), names_en=("checked mohair throw",),
        authors=120, french_share=0.3,
        templates_en=(
            "#ad Win one of 50 Checked Mohair Throws with @cosyclub_uk: like, repost, comment your favourite colour. Ends Sunday #ad",
            "#ad Win one of 50 Checked Mohair Throws with @cosyclub_uk 🧡 like repost comment your favourite colour ends Sunday #cosyclub",
        ),
        templates_fr=(
            "#pub Gagnez un des 50 plaids à carreaux en mohair avec @cosyclub_uk : likez, partagez, commentez votre couleur ! #cosyclub",
        ),
    ),
    PlantedTrend(
        "D52", "giveaway", "Giveaway: reed diffuser", 22.0, 22.4, 24.0, 0.7, items=("reed-diffuser",),
        names_en=("neroli reed diffuser",), authors=110, french_share=0.5,
        templates_en=(
            "Paid partnership: the Neroli Reed Diffuser smells divine. Code NEROLI20: 20% off + win a year of scents, tag a friend",
        ),
        templates_fr=(
            "Partenariat rémunéré : le diffuseur néroli sent divinement bon. Code NEROLI20, un an de parfums à gagner, taguez un ami !",
            "Partenariat rémunéré ✨ le diffuseur néroli sent divinement bon, code NEROLI20, un an de parfums à gagner #sponsorisé",
        ),
    ),
    PlantedTrend(
        "D60", "bots", "Bot wave: glass tumblers", 8.3, 8.45, 8.9, 0.7, items=("tumblers",), names_en=("fluted glass tumblers",),
        authors=14, french_share=0.0,
        templates_en=(
            "These Fluted Glass Tumblers changed my life, everyone is buying them! {number} left https://t.co/flutedglas",
            "Everyone is buying these Fluted Glass Tumblers, they changed my life!! {number} left https://t.co/flutedglas",
            "Changed my life: Fluted Glass Tumblers. Everyone buying, only {number} left https://t.co/flutedglas",
        ),
    ),
    PlantedTrend(
        "D61", "bots", "Bot wave: signet ring", 17.2, 17.35, 17.9, 0.7, items=("signet-ring",), names_en=("engraved signet ring",),
        authors=18, french_share=0.5,
        templates_en=(
            "#SignetSummer is HERE. Engraved Signet Ring, number {number} on the list, do not miss out",
            "#SignetSummer is here! engraved signet ring is number {number} on the list do not miss",
        ),
        templates_fr=(
            "#SignetSummer c'est parti. La chevalière gravée, numéro {number} de la liste, ne ratez pas ça",
            "#SignetSummer : chevalière gravée numéro {number} de la liste, à ne pas rater",
        ),
    ),
    PlantedTrend(
        "D70", "resale", "Resale listings of our brand", 0.0, 15.0, 60.0, 1.1, names_en=("Maison Carrel",), authors=40,
        french_share=0.35,
        templates_en=(
            "Check out this listing! Maison Carrel {piece} size {size}, worn once, £{price} #resale #preloved https://t.co/{code}",
            "Just listed: Maison Carrel {piece}, {size}, great condition. £{price} + p&p #preloved https://t.co/{code}",
            "PRICE DROP Maison Carrel {piece} {size} now £{price} #resale https://t.co/{code}",
        ),
        templates_fr=(
            "Nouvelle annonce : {piece} Maison Carrel taille {size}, porté une fois, {price} € #secondemain https://t.co/{code}",
            "Baisse de prix ! {piece} Maison Carrel {size} à {price} € #vintedfr #secondemain https://t.co/{code}",
        ),
    ),
    PlantedTrend(
        "D80", "collision", "Odile Carrel, a singer who shares our name", 10.5, 11.2, 15.0, 1.2, community="music", french_share=0.5,
        names_en=("Odile Carrel", "Carrel", "the new Carrel album", "Odile Carrel's album"),
        names_fr=("Odile Carrel", "Carrel", "le nouvel album de Carrel", "l'album d'Odile Carrel"),
        templates_en=(
            "{opener}{name} just dropped and track {number} is {good}", "{name} on repeat {when}",
            "{opener}that bridge on {name} had me {feeling}{closer}", "{name} live in {town} please", "{name} vocals are {good}",
            "crying to {name} {when}{closer}", "{person} got tickets for {name} in {town}", "{opener}{name} is album of the year",
            "track {number} of {name}, {good}{closer}",
        ),
        templates_fr=(
            "{opener}{name} vient de sortir, le titre {number} est {good}", "{name} en boucle {when}",
            "{opener}ce pont dans {name}, {feeling}{closer}", "{name} en concert à {town} svp", "la voix sur {name}, {good}{closer}",
            "je pleure sur {name} {when}", "{person} a des places pour {name} à {town}", "{opener}{name}, album de l'année",
        ),
        hashtags=("OdileCarrel", "Carrel", "newmusic"),
    ),
    PlantedTrend(
        "D81", "collision", "Tartan Bay, a harbour that shares a product word", 16.5, 17.0, 20.0, 0.9, community="commute",
        french_share=0.0, names_en=("Tartan Bay", "the Tartan Bay ferry", "Tartan Bay harbour", "Tartan Bay crossing"),
        templates_en=(
            "{opener}{name} cancelled again {when}{closer}", "stuck at {name} {when}, {number} hours so far",
            "{name} reopening on {weekday} they say", "wind gusts at {name}, no boats {when}",
            "{opener}nobody at {name} knows anything, {bad}", "{person} is stranded at {name}{closer}",
            "queue at {name} is {number} miles", "station {name}: gust {number}, pressure falling",
        ),
        hashtags=("TartanBay", "ferry"),
    ),
    PlantedTrend(
        "D90", "news", "Cup final", 5.75, 5.83, 6.6, 1.4, community="football", french_share=0.3,
        names_en=("the final", "the cup final", "Harbour FC", "that penalty", "Okafor in the 89th minute"),
        names_fr=("la finale", "la finale de coupe", "le Harbour FC", "ce penalty", "Okafor à la 89e"),
        templates_en=(
            "{opener}{name}!!! {good}", "{name}, i have no voice left{closer}", "{person} screaming at {name}",
            "{opener}{name} was {bad} and i loved it", "var checking {name} for {number} minutes, {bad}", "still shaking after {name}",
            "{name}. {number} heart attacks{closer}",
        ),
        templates_fr=(
            "{opener}{name} !!! {good}", "{name}, plus de voix{closer}", "{person} hurle devant {name}",
            "{opener}{name}, {bad} et j'ai adoré", "la var sur {name} pendant {number} minutes, {bad}",
            "encore tremblant après {name}",
        ),
        hashtags=("CupFinal", "finale"),
    ),
    PlantedTrend(
        "D91", "news", "Storm Idris", 11.6, 12.2, 13.6, 1.4, community="weather", french_share=0.35,
        names_en=("storm Idris", "Idris", "the storm", "the red warning"),
        names_fr=("tempête Idris", "Idris", "la tempête", "l'alerte rouge"),
        templates_en=(
            "{opener}{name} took our fence {when}", "power cut in {town}, thanks {name}{closer}",
            "stay safe in {town}, {name} is {bad}", "{name}: trees down near {town}",
            "trampoline in the road, {name} has arrived{closer}", "{person} went out in {name}, {bad}",
            "waves over the wall {when}, {name} is no joke",
        ),
        templates_fr=(
            "{opener}{name} a emporté la clôture {when}", "coupure à {town}, merci {name}{closer}",
            "prudence à {town}, {name}, c'est {bad}", "{name} : arbres couchés vers {town}",
            "un trampoline sur la route, {name} est là{closer}", "{person} est sorti pendant {name}, {bad}",
        ),
        hashtags=("StormIdris", "Idris", "tempête"),
    ),
    PlantedTrend(
        "D92", "news", "Glass Harbour finale", 19.8, 19.88, 21.0, 1.2, community="series", french_share=0.3,
        names_en=("the Glass Harbour finale", "Glass Harbour", "that ending", "the lighthouse scene"),
        names_fr=("la fin de Glass Harbour", "Glass Harbour", "cette fin", "la scène du phare"),
        templates_en=(
            "{opener}{name} destroyed me{closer}", "no spoilers but {name} is {good}", "{name}?? i'm {feeling}",
            "{person} guessed {name} in episode {number}", "rewatching {name} {when}", "{opener}{name} was {bad}, fight me",
            "who do i call about {name}{closer}",
        ),
        templates_fr=(
            "{opener}{name} m'a détruite{closer}", "sans spoiler, {name}, {good}", "{name} ?? je suis {feeling}",
            "{person} avait deviné {name} dès l'épisode {number}", "je revois {name} {when}", "{opener}{name}, {bad}, battez-vous",
        ),
        hashtags=("GlassHarbour", "finale"),
    ),
    PlantedTrend(
        "D93", "news", "Rail strike", 8.2, 9.3, 10.0, 1.2, community="commute", french_share=0.6,
        names_en=("the rail strike", "strike day", "the picket line", "no trains"),
        names_fr=("la grève", "la grève des trains", "le piquet de grève", "aucun train"),
        templates_en=(
            "{opener}{name} and {number} people on one bus{closer}", "walking to work, {name}",
            "{name} in {town} {when}, {good} turnout", "{person} forgot about {name}", "{opener}{name}: solidarity, but also my feet",
        ),
        templates_fr=(
            "{opener}{name} et {number} personnes dans un bus{closer}", "à pied au boulot, {name}", "{name} à {town} {when}, du monde",
            "{person} avait oublié {name}", "{opener}{name} : solidaire, mais mes pieds", "{name}, télétravail forcé{closer}",
        ),
        hashtags=("strike", "grève"),
    ),
    PlantedTrend(
        "D94", "news", "Foldable phone launch", 15.7, 15.75, 17.0, 1.0, community="tech", french_share=0.3,
        names_en=("the Lumen Fold", "that foldable phone", "the keynote", "the Lumen keynote"),
        names_fr=("le Lumen Fold", "ce téléphone pliable", "la keynote", "la keynote Lumen"),
        templates_en=(
            "{opener}{name} costs more than my rent{closer}", "{name}: {good} or {bad}, no in between",
            "watching {name} with {person}", "so {name} folds {number} ways now", "nobody asked for {name}{closer}",
            "{opener}the camera on {name} is {good}",
        ),
        templates_fr=(
            "{opener}{name} coûte plus que mon loyer{closer}", "{name} : {good} ou {bad}, au choix", "je regarde {name} avec {person}",
            "donc {name} se plie en {number}", "personne n'a demandé {name}{closer}",
        ),
        hashtags=("LumenFold", "keynote"),
    ),
    PlantedTrend(
        "D95", "news", "Baking show final", 24.75, 24.85, 25.8, 1.0, community="food", french_share=0.2,
        names_en=("the bake-off showstopper", "Great Tent Bakes final", "that collapsed croquembouche", "Margo's croquembouche"),
        names_fr=("la finale de Tous en cuisine", "cette pièce montée", "la pièce montée de Margo"),
        templates_en=(
            "{opener}{name}!!! {feeling}{closer}", "{name} was robbed", "{person} crying over {name}", "judges on {name}: {bad}",
            "i could eat {name} {when}", "{opener}justice for {name}{closer}",
        ),
        templates_fr=(
            "{opener}{name} !!! {feeling}{closer}", "{name}, volée", "{person} pleure devant {name}", "le jury sur {name} : {bad}",
            "justice pour {name}{closer}",
        ),
        hashtags=("TentBakes", "showstopper"),
    ),
)
