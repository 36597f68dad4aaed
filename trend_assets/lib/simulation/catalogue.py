"""The retailer's catalogue, suppliers and places: what Maison Carrel sells, where, and from whom it buys.

What belongs here: products, suppliers, stores, all invented. What doesn't: demand and stock over time (``retail.py``), the
words that the full catalogue is made from (``catalogue_full.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

RETAILER = "Maison Carrel"
HANDLE = "maisoncarrel"


@dataclass(frozen=True)
class Supplier:
    """A supplier: days from order to receipt as stated, and the fewest units of one order line."""

    supplier_id: str
    lead_time_days: int
    minimum_order_quantity: int


@dataclass(frozen=True)
class Store:
    """A place of sale. ``share`` is its part of all sales; ``hours_ahead`` its local time in September, hours ahead of UTC."""

    store_id: str
    name: str
    channel: str
    region: str
    country: str
    share: float
    hours_ahead: int


@dataclass(frozen=True)
class Product:
    """One catalogue line. ``item`` names the range (all colours) that planted trends refer to; prices in EUR."""

    product_id: str
    item: str
    name: str
    name_fr: str
    brand: str
    category: str
    product_type: str
    colour: str | None
    unit_price: float
    unit_cost: float
    supplier_id: str


@dataclass(frozen=True)
class Catalogue:
    """What is sold, where, and who delivers it. The web is the last of the stores."""

    products: tuple[Product, ...]
    stores: tuple[Store, ...]
    suppliers: tuple[Supplier, ...]

    @property
    def web(self) -> int:
        """Index of the web shop among the stores."""
        return len(self.stores) - 1


@lru_cache(maxsize=2)
def catalogue(size: Literal["small", "full"]) -> Catalogue:
    """The catalogue of a size of town. The products of the small one are the first of the full one."""
    if size == "small":
        return Catalogue(products(), STORES, SUPPLIERS)
    from trend_assets.lib.simulation.catalogue_full import FULL_STORES, FULL_SUPPLIERS, full_products

    return Catalogue(full_products(), FULL_STORES, FULL_SUPPLIERS)


SUPPLIERS = (
    Supplier("SUP01", 3, 4),
    Supplier("SUP02", 5, 6),
    Supplier("SUP03", 6, 6),
    Supplier("SUP04", 7, 4),
    Supplier("SUP05", 9, 8),
    Supplier("SUP06", 10, 6),
    Supplier("SUP07", 12, 8),
    Supplier("SUP08", 14, 10),
    Supplier("SUP09", 16, 8),
    Supplier("SUP10", 18, 12),
    Supplier("SUP11", 21, 10),
    Supplier("SUP12", 25, 12),
)

STORES = (
    Store("S01", "Paris Marais", "store", "Île-de-France", "FR", 0.12, 2),
    Store("S02", "Lyon Presqu'île", "store", "Auvergne-Rhône-Alpes", "FR", 0.09, 2),
    Store("S03", "Lille Vieux-Lille", "store", "Hauts-de-France", "FR", 0.06, 2),
    Store("S04", "Bordeaux Sainte-Catherine", "store", "Nouvelle-Aquitaine", "FR", 0.06, 2),
    Store("S05", "Marseille Terrasses", "store", "Provence-Alpes-Côte d'Azur", "FR", 0.06, 2),
    Store("S06", "London Covent Garden", "store", "London", "GB", 0.12, 1),
    Store("S07", "Manchester King Street", "store", "North West", "GB", 0.07, 1),
    Store("S08", "Edinburgh Multrees", "store", "Scotland", "GB", 0.06, 1),
    Store("WEB", "maisoncarrel.example", "web", "", "", 0.36, 2),
)

# Colour: English and French; French colour nouns that don't agree keep names natural for every gender.
COLOURS = {
    "sage": ("Sage", "sauge"),
    "cream": ("Cream", "crème"),
    "rust": ("Rust", "rouille"),
    "navy": ("Navy", "marine"),
    "olive": ("Olive", "olive"),
    "mustard": ("Mustard", "moutarde"),
    "charcoal": ("Charcoal", "anthracite"),
    "terracotta": ("Terracotta", "terracotta"),
    "ivory": ("Ivory", "ivoire"),
    "lavender": ("Lavender", "lavande"),
    "camel": ("Camel", "camel"),
    "plum": ("Plum", "prune"),
    "emerald": ("Emerald", "émeraude"),
    "coral": ("Coral", "corail"),
    "chocolate": ("Chocolate", "chocolat"),
    "cherry": ("Cherry", "cerise"),
    "silver": ("Silver", "argent"),
    "amber": ("Amber", "ambre"),
}

# item | category | English type | material and type in English | French name without colour | EUR | supplier | colours
_RANGES = """
linen-wrap-dress|fashion|dress|Linen Wrap Dress|Robe portefeuille en lin|89|SUP06|sage cream rust navy
slip-dress|fashion|dress|Satin Slip Dress|Robe nuisette en satin|79|SUP08|plum ivory emerald charcoal
shirt-dress|fashion|dress|Poplin Shirt Dress|Robe chemise en popeline|75|SUP07|navy ivory olive coral
knit-dress|fashion|dress|Ribbed Knit Dress|Robe pull côtelée|85|SUP09|camel charcoal plum cream
corduroy-overshirt|fashion|overshirt|Corduroy Overshirt|Surchemise en velours côtelé|69|SUP05|rust olive camel navy
denim-overshirt|fashion|overshirt|Denim Overshirt|Surchemise en jean|65|SUP08|navy charcoal cream olive
striped-shirt|fashion|shirt|Striped Cotton Shirt|Chemise rayée en coton|49|SUP07|navy sage coral lavender
barrel-jeans|fashion|jeans|Barrel-Leg Jeans|Jean tonneau|79|SUP12|navy charcoal cream olive
straight-jeans|fashion|jeans|Straight-Leg Jeans|Jean droit|69|SUP09|navy charcoal ivory chocolate
wide-trousers|fashion|trousers|Wide-Leg Wool Trousers|Pantalon large en laine|89|SUP10|charcoal camel navy olive
pleated-skirt|fashion|skirt|Pleated Midi Skirt|Jupe plissée mi-longue|59|SUP07|emerald plum navy camel
denim-skirt|fashion|skirt|Long Denim Skirt|Jupe longue en jean|55|SUP08|navy charcoal cream mustard
cable-cardigan|fashion|cardigan|Chunky Cable Cardigan|Gilet torsadé grosse maille|95|SUP11|cream camel sage plum
mohair-jumper|fashion|jumper|Brushed Mohair Jumper|Pull en mohair gratté|99|SUP10|lavender coral cream emerald
breton-top|fashion|top|Breton Stripe Top|Marinière en coton|39|SUP04|navy cherry olive mustard
quilted-gilet|fashion|gilet|Quilted Gilet|Doudoune sans manches matelassée|75|SUP04|olive navy rust chocolate
trench-coat|fashion|coat|Belted Trench Coat|Trench ceinturé|149|SUP11|camel navy olive ivory
wool-coat|fashion|coat|Boiled Wool Coat|Manteau en laine bouillie|179|SUP12|charcoal camel plum emerald
rain-jacket|fashion|jacket|Waxed Rain Jacket|Veste de pluie cirée|119|SUP09|mustard navy olive coral
suede-jacket|fashion|jacket|Suede Bomber Jacket|Blouson en daim|189|SUP12|chocolate camel rust olive
mesh-flats|fashion|shoes|Mesh Ballet Flats|Ballerines en résille|59|SUP02|silver cherry ivory charcoal
jelly-sandals|fashion|shoes|Glitter Jelly Sandals|Méduses pailletées|29|SUP05|silver coral lavender emerald
cowboy-boots|fashion|shoes|Metallic Cowboy Boots|Santiags métallisées|129|SUP09|silver cherry emerald amber
chelsea-boots|fashion|shoes|Leather Chelsea Boots|Bottines chelsea en cuir|119|SUP10|chocolate charcoal camel plum
loafers|fashion|shoes|Tassel Loafers|Mocassins à pampilles|89|SUP08|chocolate charcoal cherry navy
canvas-trainers|fashion|shoes|Canvas Trainers|Baskets en toile|49|SUP06|cream navy mustard sage
bucket-bag|fashion|bag|Suede Bucket Bag|Sac seau en daim|99|SUP07|chocolate rust olive plum
tote-bag|fashion|bag|Woven Raffia Tote|Cabas en raphia tressé|45|SUP06|cream coral navy olive
crossbody-bag|fashion|bag|Leather Crossbody Bag|Sac bandoulière en cuir|89|SUP09|camel charcoal cherry sage
school-backpack|fashion|bag|Canvas School Backpack|Cartable en toile|49|SUP03|navy mustard coral sage
silk-twilly|fashion|scarf|Silk Twilly Scarf|Foulard étroit en soie|35|SUP03|cherry navy emerald amber
tartan-scarf|fashion|scarf|Tartan Wool Scarf|Écharpe écossaise en laine|45|SUP05|cherry emerald navy camel
bobble-hat|fashion|hat|Merino Bobble Hat|Bonnet à pompon en mérinos|29|SUP06|cream mustard plum navy
bucket-hat|fashion|hat|Corded Bucket Hat|Bob en côtelé|29|SUP04|camel olive lavender charcoal
leather-belt|fashion|belt|Woven Leather Belt|Ceinture en cuir tressé|39|SUP07|chocolate charcoal camel cherry
wool-socks|fashion|socks|Ribbed Wool Socks|Chaussettes en laine côtelée|15|SUP03|cream rust sage charcoal
silk-pyjamas|fashion|nightwear|Piped Silk Pyjamas|Pyjama en soie gansé|129|SUP10|ivory navy plum sage
bubble-umbrella|fashion|umbrella|Clear Bubble Umbrella|Parapluie cloche transparent|25|SUP02|silver lavender coral navy
mushroom-lamp|home|lamp|Mushroom Table Lamp|Lampe champignon|69|SUP08|amber cream coral sage
paper-lantern|home|lamp|Pleated Paper Lantern|Suspension plissée en papier|39|SUP06|ivory sage terracotta lavender
reading-lamp|home|lamp|Brass Reading Lamp|Liseuse en laiton|79|SUP09|charcoal amber olive ivory
waffle-throw|home|throw|Waffle Cotton Throw|Plaid gaufré en coton|55|SUP04|sage terracotta ivory charcoal
mohair-throw|home|throw|Checked Mohair Throw|Plaid à carreaux en mohair|89|SUP11|lavender mustard emerald coral
velvet-cushion|home|cushion|Velvet Bolster Cushion|Coussin traversin en velours|35|SUP05|plum emerald mustard rust
linen-bedding|home|bedding|Washed Linen Duvet Set|Parure de lit en lin lavé|159|SUP11|sage cream terracotta charcoal
berber-rug|home|rug|Tufted Berber Rug|Tapis berbère touffeté|189|SUP12|ivory rust charcoal olive
jute-rug|home|rug|Braided Jute Rug|Tapis en jute tressé|99|SUP10|camel cream navy olive
wavy-mirror|home|mirror|Wavy Edge Mirror|Miroir vague|79|SUP09|ivory coral sage amber
arch-mirror|home|mirror|Rattan Arch Mirror|Miroir arche en rotin|95|SUP10|camel charcoal ivory olive
bud-vase|home|vase|Ribbed Glass Bud Vase|Soliflore en verre côtelé|19|SUP03|amber sage plum coral
terracotta-pot|home|planter|Hand-Thrown Planter|Cache-pot tourné main|29|SUP05|terracotta ivory olive charcoal
matcha-bowl|home|tableware|Stoneware Matcha Bowl|Bol à matcha en grès|25|SUP07|sage ivory charcoal terracotta
dinner-plates|home|tableware|Speckled Dinner Plates|Assiettes mouchetées|49|SUP08|cream sage navy terracotta
tumblers|home|tableware|Fluted Glass Tumblers|Gobelets en verre cannelé|32|SUP06|amber plum emerald silver
linen-napkins|home|tableware|Scalloped Linen Napkins|Serviettes festonnées en lin|29|SUP05|ivory coral sage mustard
olive-board|home|kitchen|Carved Serving Board|Planche à servir sculptée|39|SUP07|olive chocolate camel amber
enamel-pot|home|kitchen|Enamel Casserole|Cocotte émaillée|99|SUP11|cherry mustard navy sage
teapot|home|kitchen|Cast Iron Teapot|Théière en fonte|49|SUP08|charcoal emerald plum cherry
lunch-box|home|kitchen|Bento Lunch Box|Boîte repas bento|25|SUP02|sage coral navy mustard
storage-basket|home|storage|Seagrass Storage Basket|Panier de rangement en jonc|35|SUP06|cream charcoal olive camel
pumpkin-lantern|home|decoration|Ceramic Pumpkin Lantern|Photophore citrouille en céramique|27|SUP05|amber ivory terracotta charcoal
ghost-garland|home|decoration|Felt Ghost Garland|Guirlande fantômes en feutre|19|SUP03|ivory lavender charcoal amber
fig-candle|gifts|candle|Fig Leaf Candle|Bougie feuille de figuier|34|SUP03|olive ivory amber plum
cedar-candle|gifts|candle|Cedar Smoke Candle|Bougie cèdre fumé|34|SUP05|charcoal camel rust ivory
twisted-candles|gifts|candle|Twisted Taper Candles|Bougies torsadées|18|SUP02|lavender coral sage mustard
reed-diffuser|gifts|fragrance|Neroli Reed Diffuser|Diffuseur à tiges néroli|39|SUP06|ivory amber sage charcoal
linen-journal|gifts|stationery|Linen-Bound Journal|Carnet relié en lin|22|SUP04|sage rust navy cream
brass-pen|gifts|stationery|Brass Fountain Pen|Stylo plume en laiton|45|SUP07|amber charcoal emerald navy
pencil-case|gifts|stationery|Corduroy Pencil Case|Trousse en velours côtelé|16|SUP03|mustard coral sage plum
puzzle|gifts|games|Botanical Jigsaw Puzzle|Puzzle botanique|28|SUP06|emerald coral lavender ivory
playing-cards|gifts|games|Illustrated Playing Cards|Jeu de cartes illustré|14|SUP04|cherry navy emerald amber
hair-claw|gifts|accessories|Tortoiseshell Hair Claw|Pince à cheveux écaille|12|SUP02|amber chocolate ivory lavender
pearl-studs|gifts|jewellery|Baroque Pearl Studs|Puces d'oreilles perle baroque|42|SUP05|ivory silver lavender amber
signet-ring|gifts|jewellery|Engraved Signet Ring|Chevalière gravée|55|SUP07|amber silver emerald plum
hand-cream|gifts|beauty|Almond Hand Cream|Crème mains à l'amande|16|SUP03|ivory lavender amber sage
"""


def products() -> tuple[Product, ...]:
    """The whole catalogue, about 300 lines, in a fixed order; product ids are MC-0001 and on."""
    lines: list[Product] = []
    for row in _RANGES.strip().splitlines():
        item, category, product_type, english, french, price, supplier, colours = row.split("|")
        for position, colour in enumerate(colours.split()):
            number = len(lines) + 1
            list_price = float(price) + (5.0 if position == 3 and float(price) > 60 else 0.0)
            # Costs between 34 and 49 % of the price, by position in the catalogue.
            cost = round(list_price * (0.34 + (number * 7 % 16) / 100), 2)
            lines.append(
                Product(
                    product_id=f"MC-{number:04d}",
                    item=item,
                    name=f"{english} {COLOURS[colour][0]}",
                    name_fr=f"{french} {COLOURS[colour][1]}",
                    brand=RETAILER,
                    category=category,
                    product_type=product_type,
                    colour=COLOURS[colour][0],
                    unit_price=list_price,
                    unit_cost=cost,
                    supplier_id=supplier,
                )
            )
    return tuple(lines)
