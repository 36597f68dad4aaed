"""The chain: a retailer of any size over months, whose stock follows from its own reordering and from what goes wrong.

What belongs here: stock, sales, substitution, returns, reordering, errors of the books, day by day. What doesn't: what customers
want (``demand_model.py``), purchase lines (``purchases.py``), the demo's month with its planted stock (``retail_demo.py``).

Every place is delivered by the suppliers. Books and stock differ: theft and miscounts change the stock, counting corrects the
books. ``on_hand`` is what the books say: today's is yesterday's + received − sold + returned + adjusted, always; it can be
negative, and there can be sales on a day that the books say had none. A day costs O(products × places), in numpy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trend_assets.lib.simulation.catalogue import Product, catalogue
from trend_assets.lib.simulation.common_numbers import rounded_share
from trend_assets.lib.simulation.demand_model import DemandModel
from trend_assets.lib.simulation.purchases import PurchaseBook, joined
from trend_assets.lib.simulation.retail import TRANSFER_DAYS, Promotion, PurchaseLine, RetailDay, Retailer, checked_markdown
from trend_assets.lib.simulation.town import TownParameters, stream

_SWITCH = (0.3, 0.15)  # of demand that meets no stock: buys the next colour or neighbour, then the one after
_CANCELLED = 0.02
_RETURNED_WEB = {"fashion": 0.24, "kids": 0.15}
_RETURNED_STORE = {"fashion": 0.07, "kids": 0.05}
_RETURNED_OTHERS = (0.06, 0.025)  # web, store
_RETURN_DAYS = (3, 21)
_THEFT = 0.0004  # units stolen per unit in stock and day
_MISCOUNTED_RECEIPT, _MISCOUNTED_COUNT = 0.02, 0.04
_COUNT_EVERY = 75  # days between two counts of a product in a place
_REVIEW = 7  # days between two reviews of a supplier's products


class ChainRetailer(Retailer):
    """The retailer of full towns and of towns with a history."""

    def __init__(self, parameters: TownParameters, automatic: bool = True) -> None:
        self.parameters = parameters
        self.catalogue = catalogue(parameters.size)
        self.trends = parameters.trends
        self.demand = DemandModel(parameters, self.catalogue, self.trends)
        self.effects = self.demand.effects
        self._planned = list(self.demand.promotions)
        self.promotions = list(self._planned)
        self._automatic = automatic
        self._web = self.catalogue.web
        self._day = self.first_day
        suppliers = {supplier.supplier_id: number for number, supplier in enumerate(self.catalogue.suppliers)}
        self._supplier = np.array([suppliers[product.supplier_id] for product in self.catalogue.products])
        self._lead = np.array([supplier.lead_time_days for supplier in self.catalogue.suppliers])[self._supplier]
        self._least = np.array([supplier.minimum_order_quantity for supplier in self.catalogue.suppliers])[self._supplier]
        rng = stream(parameters, "suppliers")
        late, short = rng.beta(2.0, 8.0, len(suppliers)), rng.beta(1.5, 18.0, len(suppliers))
        shape = self.demand.rate.shape
        self._book = PurchaseBook(parameters.seed, shape, self._lead, late[self._supplier], short[self._supplier])
        self._substitutes = _substitutes(self.catalogue.products)
        self._returned = np.array(
            [
                (_RETURNED_STORE.get(product.category, _RETURNED_OTHERS[1]), _RETURNED_WEB.get(product.category, _RETURNED_OTHERS[0]))
                for product in self.catalogue.products
            ]
        )
        self._coming_back = np.zeros((_RETURN_DAYS[1] + 1, *shape), np.int64)
        self._adjusted = np.zeros(shape, np.int64)
        self._count_phase = stream(parameters, "counts").integers(0, _COUNT_EVERY, shape)
        self._recent = self.demand.rate.copy()
        self._books = self._opening_stock()
        self._stock = self._books.copy()
        self._opening_orders()

    def _opening_stock(self) -> np.ndarray:
        """Somewhere between two deliveries, as of a shop that has been open for long."""
        rng = stream(self.parameters, "opening stock")
        rate = self.demand.rate
        safety = self.parameters.safety_stock * np.sqrt(rate * (self._lead + _REVIEW)[:, None] * 1.5)
        cycle = np.maximum(rate * 14, self._least[:, None]) * rng.random(rate.shape)
        units = np.ceil(rate * _REVIEW + safety + cycle).astype(np.int64)
        return np.where(self.demand.listed_on(self.first_day), units, 0)

    def _opening_orders(self) -> None:
        """What is under way when the town begins: of each product and place some part of a lead time's demand."""
        rng = stream(self.parameters, "opening orders")
        rate = self.demand.rate * self.demand.listed_on(self.first_day)
        underway = (rate * self._lead[:, None] > self._least[:, None] * rng.random(rate.shape)) & (rate > 0)
        product, place = np.nonzero(underway)
        lead = 1 + np.floor(rng.random(len(product)) * self._lead[product]).astype(np.int64)
        quantity = np.maximum(self._least[product], np.ceil(rate[product, place] * self._lead[product])).astype(np.int64)
        self._book.order(self.first_day, product, place, quantity, lead)

    def trade(self, day: int) -> RetailDay:
        """Simulate ``day``. Raises ``ValueError`` when days are not asked for in order."""
        if day != self._day:
            raise ValueError(f"days are traded in order: {self._day} is next, not {day}")
        rng = stream(self.parameters, "trade", day)
        shape = self._stock.shape
        received, arrived = self._book.receive(day)
        self._stock += np.maximum(received + _miscount(rng, shape, _MISCOUNTED_RECEIPT) * (received > 1), 0)
        discount = self.demand.discount_on(day, self.promotions)
        demand, bulk = self.demand.demand_on(day, discount)
        own = np.minimum(demand, self._stock)
        lost = demand - own
        bought, substituted = self._substitute(rng, lost, self._stock - own)
        wanted = own + bought
        cancelled = np.zeros(shape, np.int64)
        cancelled[:, self._web] = rounded_share(rng.random(shape[0]), wanted[:, self._web], _CANCELLED)
        sold = wanted - cancelled
        returned = self._coming_back[day % len(self._coming_back)].copy()
        self._stock += returned - sold
        stolen = (rng.random(shape) < _THEFT * np.minimum(self._stock, 30)).astype(np.int64)
        self._stock -= stolen
        before = self._books + received - sold + returned + self._adjusted
        corrected = self._counted(rng, day, before)
        adjusted = self._adjusted + corrected
        self._adjusted = np.zeros(shape, np.int64)
        self._books = before + corrected
        reserved = np.zeros(shape, np.int64)
        reserved[:, self._web] = rounded_share(rng.random(shape[0]), sold[:, self._web], 0.5)
        self._send_back(rng, day, sold)
        self._notice(sold)
        if self._automatic:
            self._replenish(day)
        self._day += 1
        return RetailDay(
            day=day,
            on_hand=self._books.copy(),
            reserved=np.clip(np.minimum(reserved, self._books), 0, None),
            received=received,
            sold=sold,
            cancelled=cancelled,
            returned=returned,
            adjusted=adjusted,
            lost=lost,
            discount=discount,
            lines=joined(arrived, self._book.open),
            demand=demand,
            substituted=substituted,
            physical=self._stock.copy(),
            price=self.demand.price_on(day),
            listed=self.demand.listed_on(day),
            bulk=np.minimum(bulk, own),
        )

    def _substitute(self, rng: np.random.Generator, lost: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Some who find nothing take another colour or a neighbour: units bought so by what they bought, and by what they wanted."""
        chances = rng.random((len(_SWITCH), *lost.shape))
        bought, switched = np.zeros_like(lost), np.zeros_like(lost)
        product, place = np.nonzero(lost)
        for rank, share in enumerate(_SWITCH):
            other = self._substitutes[product, rank]
            asked = rounded_share(chances[rank, product, place], lost[product, place] - switched[product, place], share)
            asked = np.where(other == product, 0, asked)
            # Several may ask for the same one: first come, first served, in the catalogue's order.
            order = np.lexsort((product, place, other))
            cells = (other * lost.shape[1] + place)[order]
            queue = np.cumsum(asked[order])
            begins = np.flatnonzero(np.diff(cells, prepend=-1))
            earlier = np.repeat(queue[begins] - asked[order][begins], np.diff(begins, append=len(cells)))
            there = (left - bought)[other[order], place[order]]
            served = np.clip(there - (queue - asked[order] - earlier), 0, asked[order])
            np.add.at(bought, (other[order], place[order]), served)
            switched[product[order], place[order]] += served
        return bought, switched

    def _counted(self, rng: np.random.Generator, day: int, before: np.ndarray) -> np.ndarray:
        """Corrections by counting: on a product's day in a place the books are set to what was counted, rarely wrongly."""
        due = (self._count_phase + day) % _COUNT_EVERY == 0
        counted = np.maximum(self._stock + _miscount(rng, before.shape, _MISCOUNTED_COUNT), 0)
        return np.where(due, counted - before, 0)

    def _send_back(self, rng: np.random.Generator, day: int, sold: np.ndarray) -> None:
        share = np.broadcast_to(self._returned[:, :1], sold.shape).copy()
        share[:, self._web] = self._returned[:, 1]
        coming = rounded_share(rng.random(sold.shape), sold, share)
        wait = rng.integers(*_RETURN_DAYS, sold.shape, endpoint=True)
        self._coming_back[day % len(self._coming_back)] = 0
        product, place = np.nonzero(coming)
        slot = (day + wait[product, place]) % len(self._coming_back)
        np.add.at(self._coming_back, (slot, product, place), coming[product, place])

    def _notice(self, sold: np.ndarray) -> None:
        """What the buyer's system believes to be usual: slow, and not misled by days without stock."""
        known = (self._books > 0) | (sold > 0)
        self._recent = np.where(known, 0.96 * self._recent + 0.04 * sold, self._recent)

    def _replenish(self, day: int) -> None:
        """Each supplier's products are reviewed once a week: order up to lead time, review and safety, in the supplier's least steps."""
        reviewed = np.flatnonzero((self._supplier + day) % _REVIEW == 0)
        season = self.demand.season_on(min(day + 14, self.parameters.days + 60))[reviewed, None]
        believed = 0.5 * self.demand.rate[reviewed] * season + 0.5 * self._recent[reviewed]
        horizon = (self._lead[reviewed] + _REVIEW)[:, None]
        level = believed * horizon + self.parameters.safety_stock * np.sqrt(believed * horizon * 1.5) + 0.3
        position = np.maximum(self._books[reviewed], 0) + self._book.on_order[reviewed]
        short = (position < level) & self.demand.listed_on(day)[reviewed]
        row, place = np.nonzero(short)
        least = self._least[reviewed][row]
        wanted = level[row, place] + believed[row, place] * _REVIEW - position[row, place]
        quantity = (np.ceil(np.maximum(wanted, 1) / least) * least).astype(np.int64)
        self._book.order(day, reviewed[row], place, quantity)

    @property
    def units_a_buyer(self) -> np.ndarray:
        """Mean units of a product that a customer takes at once."""
        return self.demand.units_a_buyer

    @property
    def on_hand(self) -> np.ndarray:
        """Units in stock as the books have them; a copy."""
        return self._books.copy()

    @property
    def on_order(self) -> np.ndarray:
        """Units ordered and not yet received; a copy."""
        return self._book.on_order.copy()

    def open_lines(self) -> list[PurchaseLine]:
        """Purchase lines and transfers not yet received."""
        return list(self._book.open)

    def place_order(self, day: int, product: int, place: int, quantity: int) -> str:
        """Order from the product's supplier; see ``Retailer``."""
        self.check_act(product, [place])
        self.check_quantity(product, quantity)
        number = self._book.order(day, np.array([product]), np.array([place]), np.array([quantity]))[0]
        return f"PO-{number:07d}"

    def expedite(self, delivery_id: str, day: int) -> int:
        """Have an open delivery sent faster; see ``Retailer``."""
        try:
            return self._book.expedite(int(delivery_id.partition("-")[2]), day)
        except (KeyError, ValueError) as error:
            raise KeyError(f"{delivery_id} is not an open delivery") from error

    def transfer(self, day: int, product: int, from_place: int, to_place: int, quantity: int) -> int:
        """Send stock to another of our places; see ``Retailer``. What the books have and the shelf hasn't can't be sent."""
        self.check_act(product, [from_place, to_place])
        moved = int(min(max(quantity, 0), self._stock[product, from_place]))
        if moved:
            self._stock[product, from_place] -= moved
            self._adjusted[product, from_place] -= moved
            self._book.send(day, product, from_place, to_place, moved, TRANSFER_DAYS)
        return moved

    def mark_down(self, product: int, places: Sequence[int], first_day: int, last_day: int, discount: float) -> str:
        """Reduce a price; see ``Retailer``."""
        self.check_act(product, places)
        checked_markdown(first_day, last_day, discount)
        name = f"MD-{len(self.promotions) - len(self._planned) + 1:04d}"
        self.promotions.append(Promotion(name, np.array([product]), np.array(list(places), np.int64), first_day, last_day, discount))
        return name


def _miscount(rng: np.random.Generator, shape: tuple[int, ...], chance: float) -> np.ndarray:
    """Errors of counting: 0, or with ``chance`` one to three units too many or too few."""
    draws = rng.random(shape)
    error = 1 + np.floor(draws / chance * 3).clip(0, 2)
    return np.where(draws < chance, np.where(rng.random(shape) < 0.5, error, -error), 0).astype(np.int64)


def _substitutes(listed: Sequence[Product]) -> np.ndarray:
    """For each product the next colour of its range, and its nearest neighbour in price within its type; shape (products, 2).

    Itself, where there is none.
    """
    found = np.arange(len(listed))[:, None].repeat(2, axis=1)
    ranges: dict[str, list[int]] = {}
    types: dict[tuple[str, str], list[int]] = {}
    for index, product in enumerate(listed):
        ranges.setdefault(product.item, []).append(index)
        types.setdefault((product.category, product.product_type), []).append(index)
    for members in ranges.values():
        for position, index in enumerate(members):
            found[index, 0] = members[(position + 1) % len(members)]
    for members in types.values():
        for index in members:
            others = [other for other in members if listed[other].item != listed[index].item]
            if others:
                found[index, 1] = min(others, key=lambda other: (abs(listed[other].unit_price - listed[index].unit_price), other))
    return found
