"""The full catalogue: 2,000 products, 20 stores and the web, 40 suppliers, made from vocabularies.

What belongs here: the words and how they combine. What doesn't: the small catalogue, whose 300 products come first
(``catalogue.py``), demand (``demand_model.py``). The catalogue is the same for every seed: seeds vary what happens with it.

French names are a noun and complements that agree with no gender ("à rayures", "en lin"), so that every combination reads well.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from trend_assets.lib.simulation.catalogue import COLOURS, RETAILER, STORES, Product, Store, Supplier, products

PRODUCTS = 2_000
_SEED = 20_26

# The small town's suppliers, then others: some near and quick, some far, with bigger least orders.
FULL_SUPPLIERS = tuple(
    Supplier(f"SUP{number:02d}", lead, least)
    for number, (lead, least) in enumerate(
        [
            (3, 4), (5, 6), (6, 6), (7, 4), (9, 8), (10, 6), (12, 8), (14, 10), (16, 8), (18, 12), (21, 10), (25, 12),
            (2, 2), (3, 2), (4, 3), (4, 6), (5, 2), (5, 4), (6, 3), (7, 6), (7, 2), (8, 4), (8, 8), (9, 3),
            (10, 4), (11, 6), (12, 4), (13, 6), (14, 6), (15, 8), (17, 6), (19, 8), (20, 6), (22, 10), (24, 8), (28, 12),
            (30, 10), (32, 12), (35, 12), (42, 12),
        ],
        start=1,
    )
)  # fmt: skip

_FURTHER_STORES = (
    Store("S09", "Toulouse Capitole", "store", "Occitanie", "FR", 0.036, 2),
    Store("S10", "Nantes Graslin", "store", "Pays de la Loire", "FR", 0.032, 2),
    Store("S11", "Strasbourg Kléber", "store", "Grand Est", "FR", 0.033, 2),
    Store("S12", "Rennes Saint-Georges", "store", "Bretagne", "FR", 0.024, 2),
    Store("S13", "Rouen Gros-Horloge", "store", "Normandie", "FR", 0.019, 2),
    Store("S14", "Nice Masséna", "store", "Provence-Alpes-Côte d'Azur", "FR", 0.028, 2),
    Store("S15", "Birmingham Bullring", "store", "West Midlands", "GB", 0.034, 1),
    Store("S16", "Leeds Victoria", "store", "Yorkshire", "GB", 0.026, 1),
    Store("S17", "Bristol Cabot", "store", "South West", "GB", 0.022, 1),
    Store("S18", "Dublin Grafton", "store", "Leinster", "IE", 0.036, 1),
    Store("S19", "Bruxelles Louise", "store", "Bruxelles-Capitale", "BE", 0.035, 2),
    Store("S20", "Luxembourg Grand-Rue", "store", "Luxembourg", "LU", 0.015, 2),
)
_WEB_SHARE = 0.3
_STORE_SCALE = (1 - _WEB_SHARE) / (sum(store.share for store in STORES[:-1]) * 0.6 + sum(store.share for store in _FURTHER_STORES))
FULL_STORES = (
    *(
        Store(store.store_id, store.name, store.channel, store.region, store.country, store.share * 0.6 * _STORE_SCALE, store.hours_ahead)
        for store in STORES[:-1]
    ),
    *(
        Store(store.store_id, store.name, store.channel, store.region, store.country, store.share * _STORE_SCALE, store.hours_ahead)
        for store in _FURTHER_STORES
    ),
    Store("WEB", STORES[-1].name, "web", "", "", _WEB_SHARE, 2),
)

# Materials, flavours and manners: English before the noun, French after it, without agreement.
_CLOTH = (
    "Cotton/en coton, Linen/en lin, Wool/en laine, Velvet/en velours, Denim/en jean, Satin/en satin, Jersey/en jersey, "
    "Flannel/en flanelle, Chambray/en chambray, Tweed/en tweed, Viscose/en viscose, Seersucker/en seersucker, Muslin/en gaze de coton, "
    "Cashmere/en cachemire, Corduroy/en velours côtelé, Fleece/en polaire"
)
_HIDE = (
    "Leather/en cuir, Suede/en daim, Canvas/en toile, Raffia/en raphia, Nylon/en nylon, Cork/en liège, Felt/en feutre, "
    "Vegan Leather/en simili"
)
_HARD = (
    "Oak/en chêne, Walnut/en noyer, Bamboo/en bambou, Rattan/en rotin, Brass/en laiton, Steel/en acier, Glass/en verre, "
    "Marble/en marbre, Ceramic/en céramique, Stoneware/en grès, Copper/en cuivre, Enamel/en émail, Concrete/en béton, Acacia/en acacia"
)
_METAL = (
    "Gold-Plated/plaqué or, Silver-Plated/plaqué argent, Brass/en laiton, Pearl/en perles, Resin/en résine, Enamel/en émail, "
    "Glass Bead/en perles de verre"
)
_PAPER = "Recycled Paper/en papier recyclé, Kraft/en kraft, Cotton Paper/en papier coton, Cardboard/en carton, Linen/en lin, Cork/en liège"
_SCENT = (
    "Rose/à la rose, Verbena/à la verveine, Sandalwood/au santal, Mint/à la menthe, Honey/au miel, Argan/à l'argan, "
    "Orange Blossom/à la fleur d'oranger, Fig/à la figue, Lavender/à la lavande, Shea/au karité, Cedar/au cèdre, Green Tea/au thé vert"
)
_TASTE = (
    "Salted Caramel/au caramel salé, Hazelnut/à la noisette, Earl Grey/à la bergamote, Ginger/au gingembre, Raspberry/à la framboise, "
    "Pistachio/à la pistache, Chilli/au piment, Lemon/au citron, Truffle/à la truffe, Sea Salt/au sel marin, Chestnut/à la châtaigne"
)
_WORN = (
    "Striped/à rayures, Checked/à carreaux, Spotted/à pois, Floral/à fleurs, Embroidered/à broderies, Oversized/coupe ample, "
    "Cropped/coupe courte, Vintage/style vintage, Ruffled/à volants, Pocket/à poches, Patchwork/en patchwork, Zipped/à zip"
)
_PATTERNED = (
    "Striped/à rayures, Checked/à carreaux, Spotted/à pois, Floral/à fleurs, Embroidered/à broderies, Gingham/à carreaux vichy, "
    "Fringed/à franges, Vintage/style vintage, Quilted/à surpiqûres, Tasselled/à pompons, Starry/à étoiles, Leafy/à feuillage"
)
_SHAPED = (
    "Round/forme ronde, Ribbed/à stries, Petite/petit modèle, Grand/grand modèle, Vintage/style vintage, Folding/modèle pliant, "
    "Footed/sur pied, Geometric/motif géométrique, Rippled/à vagues, Carved/motif sculpté, Stacking/modèle gigogne, Dotted/à pois"
)
_GIVEN = (
    "Travel/de voyage, Daily/de tous les jours, Gift/à offrir, Night/de nuit, Winter/d'hiver, Garden/du jardin, Classic/classique, "
    "Artisan/d'artisan"
)
_MADE = (
    "Artisan/d'artisan, Classic/classique, Organic/bio, Grandma's/de grand-mère, Festive/de fête, Extra Fine/extra-fin, "
    "Farmhouse/de la ferme, Dark/intense"
)
_SMALL_WORDS = {
    "cloth": _CLOTH, "hide": _HIDE, "hard": _HARD, "metal": _METAL, "paper": _PAPER, "scent": _SCENT, "taste": _TASTE,
    "worn": _WORN, "patterned": _PATTERNED, "shaped": _SHAPED, "given": _GIVEN, "made": _MADE,
}  # fmt: skip
_WORDS = {key: [tuple(pair.strip().split("/")) for pair in text.split(",")] for key, text in _SMALL_WORDS.items()}

# category | type | English noun | French noun | lowest and highest price | material | manner | season (s w x -) | variants (colour, size)
_TYPES = """
fashion|blouse|Blouse|Blouse|39|79|cloth|worn|s|colour
fashion|dress|Pinafore Dress|Robe chasuble|59|119|cloth|worn|s|colour
fashion|jumpsuit|Jumpsuit|Combinaison|69|129|cloth|worn|s|colour
fashion|shorts|Shorts|Short|29|55|cloth|worn|s|colour
fashion|top|T-Shirt|T-shirt|19|39|cloth|worn|s|colour
fashion|top|Camisole|Débardeur|19|45|cloth|worn|s|colour
fashion|skirt|Wrap Skirt|Jupe portefeuille|39|79|cloth|worn|s|colour
fashion|swimwear|Swimsuit|Maillot de bain|35|75|cloth|worn|s|colour
fashion|jumper|Roll-Neck Jumper|Pull à col roulé|49|119|cloth|worn|w|colour
fashion|cardigan|Waistcoat|Gilet sans manches|45|95|cloth|worn|w|colour
fashion|coat|Duffle Coat|Duffle-coat|119|239|cloth|worn|w|colour
fashion|jacket|Bomber|Blouson|69|159|cloth|worn|w|colour
fashion|trousers|Culottes|Jupe-culotte|45|89|cloth|worn|-|colour
fashion|trousers|Joggers|Pantalon de jogging|35|69|cloth|worn|-|colour
fashion|shirt|Overshirt|Surchemise|49|89|cloth|worn|-|colour
fashion|nightwear|Dressing Gown|Peignoir|49|99|cloth|worn|w|colour
fashion|nightwear|Nightshirt|Chemise de nuit|35|69|cloth|worn|-|colour
fashion|socks|Knee Socks|Chaussettes hautes|9|19|cloth|patterned|w|colour
fashion|scarf|Bandana|Bandana|12|29|cloth|patterned|s|colour
fashion|scarf|Snood|Snood|19|45|cloth|patterned|w|colour
fashion|hat|Beret|Béret|19|39|cloth|patterned|w|colour
fashion|hat|Sun Hat|Chapeau de soleil|25|49|cloth|patterned|s|colour
fashion|gloves|Mittens|Moufles|15|39|cloth|patterned|w|colour
fashion|bag|Shopper|Cabas|29|69|hide|patterned|-|colour
fashion|bag|Backpack|Sac à dos|49|119|hide|patterned|-|colour
fashion|bag|Clutch|Pochette|25|69|hide|patterned|x|colour
fashion|bag|Bum Bag|Sac banane|29|59|hide|patterned|s|colour
fashion|shoes|Sandals|Sandales|39|89|hide|patterned|s|colour
fashion|shoes|Ankle Boots|Bottines|79|159|hide|patterned|w|colour
fashion|shoes|Slippers|Chaussons|19|45|cloth|patterned|w|colour
fashion|shoes|Espadrilles|Espadrilles|25|55|cloth|patterned|s|colour
fashion|belt|Belt|Ceinture|19|49|hide|patterned|-|colour
fashion|wallet|Purse|Porte-monnaie|19|59|hide|patterned|x|colour
home|cushion|Cushion|Coussin|19|49|cloth|patterned|-|colour
home|throw|Blanket|Plaid|35|99|cloth|patterned|w|colour
home|bedding|Pillowcase|Taie d'oreiller|15|39|cloth|patterned|-|colour
home|bedding|Quilt|Boutis|79|189|cloth|patterned|w|colour
home|curtains|Curtain|Rideau|29|89|cloth|patterned|-|colour
home|rug|Runner|Tapis de couloir|39|129|cloth|patterned|-|colour
home|towel|Bath Towel|Serviette de bain|15|39|cloth|patterned|-|colour
home|towel|Beach Towel|Drap de plage|19|45|cloth|patterned|s|colour
home|lamp|Floor Lamp|Lampadaire|79|219|hard|shaped|-|colour
home|lamp|Night Light|Veilleuse|19|45|hard|shaped|w|colour
home|mirror|Hand Mirror|Miroir à main|15|39|hard|shaped|-|colour
home|clock|Wall Clock|Horloge murale|29|89|hard|shaped|-|colour
home|vase|Vase|Vase|15|69|hard|shaped|-|colour
home|frame|Photo Frame|Cadre photo|12|39|hard|shaped|x|colour
home|storage|Box|Boîte de rangement|12|45|hard|shaped|-|colour
home|storage|Coat Rack|Portemanteau|25|89|hard|shaped|-|colour
home|stool|Stool|Tabouret|45|129|hard|shaped|-|colour
home|decoration|Bauble|Boule de Noël|4|15|hard|shaped|x|colour
home|decoration|Garland|Guirlande|9|29|cloth|patterned|x|colour
home|doormat|Doormat|Paillasson|19|39|cloth|patterned|-|colour
kitchen|tableware|Mug|Mug|8|22|hard|shaped|-|colour
kitchen|tableware|Salad Bowl|Saladier|19|59|hard|shaped|s|colour
kitchen|tableware|Espresso Cup|Tasse à expresso|6|19|hard|shaped|-|colour
kitchen|tableware|Platter|Plat de service|19|59|hard|shaped|x|colour
kitchen|tableware|Carafe|Carafe|15|45|hard|shaped|s|colour
kitchen|tableware|Cutlery Set|Ménagère|39|119|hard|shaped|-|colour
kitchen|kitchen|Apron|Tablier|19|45|cloth|patterned|-|colour
kitchen|kitchen|Tea Towel|Torchon|7|18|cloth|patterned|-|colour
kitchen|kitchen|Oven Glove|Gant de cuisine|9|22|cloth|patterned|-|colour
kitchen|kitchen|Chopping Board|Planche à découper|15|59|hard|shaped|-|colour
kitchen|kitchen|Storage Jar|Bocal|7|25|hard|shaped|-|colour
kitchen|kitchen|Pepper Mill|Moulin à poivre|19|49|hard|shaped|-|colour
kitchen|kitchen|Cake Tin|Moule à gâteau|12|35|hard|shaped|-|colour
kitchen|kitchen|Fruit Basket|Corbeille à fruits|15|45|hard|shaped|-|colour
garden|planter|Plant Pot|Pot de fleurs|9|45|hard|shaped|s|colour
garden|garden|Watering Can|Arrosoir|19|49|hard|shaped|s|colour
garden|garden|Bird Feeder|Mangeoire à oiseaux|12|35|hard|shaped|w|colour
garden|garden|Lantern|Lanterne|15|59|hard|shaped|s|colour
garden|garden|Trowel|Transplantoir|9|25|hard|shaped|s|colour
garden|garden|Bench Cushion|Galette de banc|19|55|cloth|patterned|s|colour
garden|garden|Hammock|Hamac|49|129|cloth|patterned|s|colour
garden|garden|Wind Chime|Carillon à vent|12|35|hard|shaped|s|colour
gifts|candle|Scented Candle|Bougie parfumée|12|45|scent|given|x|size
gifts|fragrance|Room Spray|Brume d'intérieur|14|35|scent|given|x|size
gifts|fragrance|Incense|Encens|6|19|scent|given|-|size
gifts|stationery|Notebook|Carnet|6|25|paper|patterned|-|colour
gifts|stationery|Greeting Card|Carte de vœux|3|6|paper|patterned|x|colour
gifts|stationery|Diary|Agenda|12|32|paper|patterned|x|colour
gifts|stationery|Wrapping Roll|Rouleau de papier cadeau|4|9|paper|patterned|x|colour
gifts|stationery|Photo Album|Album photo|15|45|paper|patterned|x|colour
gifts|jewellery|Necklace|Collier|19|79|metal|shaped|x|colour
gifts|jewellery|Bracelet|Bracelet|15|59|metal|shaped|x|colour
gifts|jewellery|Hoop Earrings|Créoles|12|49|metal|shaped|x|colour
gifts|jewellery|Brooch|Broche|12|39|metal|shaped|-|colour
gifts|accessories|Key Ring|Porte-clés|5|19|hide|patterned|-|colour
gifts|accessories|Hair Slide|Barrette|5|19|metal|shaped|-|colour
gifts|games|Dominoes|Jeu de dominos|15|39|hard|shaped|x|colour
gifts|games|Chess Set|Jeu d'échecs|29|89|hard|shaped|x|colour
kids|kids clothing|Romper|Barboteuse|19|45|cloth|worn|s|colour
kids|kids clothing|Dungarees|Salopette enfant|29|55|cloth|worn|-|colour
kids|kids clothing|Bib|Bavoir|6|19|cloth|patterned|-|colour
kids|toys|Soft Rabbit|Doudou lapin|15|35|cloth|patterned|x|colour
kids|toys|Building Blocks|Cubes|15|39|hard|shaped|x|colour
kids|toys|Rag Doll|Poupée de chiffon|19|45|cloth|patterned|x|colour
kids|toys|Spinning Top|Toupie|7|19|hard|shaped|x|colour
kids|toys|Play Tent|Tente de jeu|59|119|cloth|patterned|s|colour
beauty|soap|Soap Bar|Savon|5|15|scent|given|-|size
beauty|skin care|Body Lotion|Lait corps|12|35|scent|given|-|size
beauty|skin care|Lip Balm|Baume à lèvres|4|12|scent|given|w|size
beauty|skin care|Face Mask|Masque visage|6|25|scent|given|-|size
beauty|bath|Bath Salts|Sels de bain|9|25|scent|given|w|size
beauty|hair care|Shampoo|Shampoing|8|22|scent|given|-|size
beauty|perfume|Eau de Toilette|Eau de toilette|29|79|scent|given|x|size
food|chocolate|Chocolate Bar|Tablette de chocolat|4|9|taste|made|x|size
food|biscuits|Shortbread|Sablés|5|15|taste|made|x|size
food|tea|Tea|Thé|6|19|taste|made|w|size
food|jam|Jam|Confiture|5|11|taste|made|-|size
food|nuts|Roasted Almonds|Amandes grillées|5|12|taste|made|x|size
"""
_SIZES = (("Small", "petit format"), ("Large", "grand format"), ("Gift Box", "en coffret"))
_SEASON_OF_SMALL = {
    "dress": "s", "coat": "w", "jacket": "w", "cardigan": "w", "jumper": "w", "scarf": "w", "hat": "w", "socks": "w", "throw": "w",
    "candle": "x", "games": "x", "jewellery": "x", "fragrance": "x", "decoration": "x", "skirt": "s", "planter": "s", "gilet": "w",
}  # fmt: skip


def _rows() -> list[list[str]]:
    return [row.split("|") for row in _TYPES.strip().splitlines()]


def season_of(product: Product) -> str:
    """When a product sells: ``s`` summer, ``w`` winter, ``x`` the weeks before Christmas, ``-`` all year."""
    return _seasons()[product.item]


@lru_cache(maxsize=1)
def _seasons() -> dict[str, str]:
    return {listed.item: listed.season for listed in full_ranges()}


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


@dataclass(frozen=True)
class Range:
    """A range as people may call it: its name without the variant, and shorter ways, in English and French (lower case).

    ``season`` is when it sells: ``s`` summer, ``w`` winter, ``x`` the weeks before Christmas, ``-`` all year.
    """

    item: str
    category: str
    product_type: str
    season: str
    english: str
    french: str
    short_english: tuple[str, ...]
    short_french: tuple[str, ...]


def full_products() -> tuple[Product, ...]:
    """2,000 products: the small catalogue's first, then ranges of a type, a manner and a material in three to five variants."""
    return _made()[0]


def small_ranges() -> tuple[Range, ...]:
    """The ranges of the small catalogue."""
    ranges: dict[str, Range] = {}
    for product in products():
        words, words_fr = product.name.lower().split(" ")[:-1], product.name_fr.lower().split(" ")[:-1]
        short, short_fr = " ".join(words[-2:]), " ".join(words_fr[: 3 if words_fr[1] in ("en", "à", "de") else 2])
        ranges.setdefault(
            product.item,
            Range(
                product.item,
                product.category,
                product.product_type,
                _SEASON_OF_SMALL.get(product.product_type, "-"),
                " ".join(words),
                " ".join(words_fr),
                (short,),
                (short_fr,),
            ),
        )
    return tuple(ranges.values())


def full_ranges() -> tuple[Range, ...]:
    """The ranges of the full catalogue, the small one's first."""
    return small_ranges() + _made()[1]


@lru_cache(maxsize=1)
def _made() -> tuple[tuple[Product, ...], tuple[Range, ...]]:
    rng = np.random.default_rng(_SEED)
    lines, ranges = list(products()), []
    taken = {product.item for product in lines}
    rows = _rows()
    while len(lines) < PRODUCTS:
        for row in rows:
            category, product_type, english, french = row[:4]
            materials, manners = _WORDS[row[6]], _WORDS[row[7]]
            material, manner = materials[int(rng.integers(0, len(materials)))], manners[int(rng.integers(0, len(manners)))]
            item = _slug(f"{manner[0]} {material[0]} {english}")
            variants = _range(rng, row, len(lines), item, material, manner)
            if item in taken or len(lines) >= PRODUCTS:
                continue
            taken.add(item)
            lines.extend(variants)
            ranges.append(
                Range(
                    item,
                    category,
                    product_type,
                    row[8],
                    f"{manner[0]} {material[0]} {english}".lower(),
                    f"{french} {material[1]} {manner[1]}".lower(),
                    (f"{material[0]} {english}".lower(), f"{manner[0]} {english}".lower()),
                    (f"{french} {material[1]}".lower(), f"{french} {manner[1]}".lower()),
                )
            )
    return tuple(lines[:PRODUCTS]), tuple(ranges)


def _range(
    rng: np.random.Generator, row: list[str], number: int, item: str, material: tuple[str, ...], manner: tuple[str, ...]
) -> list[Product]:
    """The variants of one range of a type."""
    category, product_type, english, french, low, high = row[:6]
    price = float(np.round(float(low) + (float(high) - float(low)) * rng.beta(1.6, 2.2)))
    supplier = FULL_SUPPLIERS[int(rng.integers(0, len(FULL_SUPPLIERS)))]
    margin = float(rng.uniform(0.32, 0.55))
    colours = list(COLOURS.values())
    chosen = rng.permutation(len(colours))[: int(rng.integers(3, 6))]
    sized = row[9] == "size"
    choices = list(_SIZES) if sized else [colours[index] for index in chosen.tolist()]
    found = []
    for position, (word, word_fr) in enumerate(choices):
        list_price = float(np.round(price * (0.7, 1.0, 1.6)[position])) if sized else price
        found.append(
            Product(
                product_id=f"MC-{number + position + 1:04d}",
                item=item,
                name=f"{manner[0]} {material[0]} {english} {word}",
                name_fr=f"{french} {material[1]} {manner[1]} {word_fr}",
                brand=RETAILER,
                category=category,
                product_type=product_type,
                colour=None if sized else word,
                unit_price=list_price,
                unit_cost=round(list_price * margin, 2),
                supplier_id=supplier.supplier_id,
            )
        )
    return found
