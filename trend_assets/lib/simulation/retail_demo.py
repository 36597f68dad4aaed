"""The demo's month: a small retailer whose stock is planted too, so that every kind of decision comes up in thirty days.

What belongs here: demand, promotions, stock, purchase orders and deliveries of the small town, day by day. What doesn't: towns
of full size or with a history, where stock follows from a policy alone (``retail_chain.py``), files (``retail_files.py``).

Arrays are (products, places) in the catalogue's order. Demand is a negative binomial around a rate with weekday rhythm,
price promotions and the lagged effect of planted trends; what stock can't serve is lost and recorded as truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from trend_assets.lib.simulation.catalogue import STORES, SUPPLIERS, Product, catalogue
from trend_assets.lib.simulation.common_numbers import poisson_counts
from trend_assets.lib.simulation.effects import Effect, trend_effects
from trend_assets.lib.simulation.planted import PlantedTrend
from trend_assets.lib.simulation.retail import TRANSFER_DAYS, Promotion, PurchaseLine, RetailDay, Retailer, checked_markdown
from trend_assets.lib.simulation.town import TownParameters, stream

WEB = next(index for index, store in enumerate(STORES) if store.channel == "web")
_STORE_WEEK = np.array([0.75, 0.8, 0.9, 0.95, 1.15, 1.6, 0.85])
_WEB_WEEK = np.array([1.05, 0.95, 0.95, 0.95, 0.9, 1.0, 1.2])
_USUAL_UNITS = 5.0  # a product's mean sales a day over all places
_PROMOTION_EFFECT = 2.5  # added share of demand per share of price reduction


class DemoRetailer(Retailer):
    """The retailer of the small town. Ranges with planted stock are never reordered by itself: a person is to decide."""

    def __init__(self, parameters: TownParameters, automatic: bool = True) -> None:
        self.parameters = parameters
        self.catalogue = catalogue("small")
        self.products = self.catalogue.products
        self._automatic = automatic
        self._sent_away = np.zeros((len(self.products), len(STORES)), np.int64)
        self._prices = np.array([product.unit_price for product in self.products])
        self.trends = parameters.trends
        self.suppliers = {supplier.supplier_id: supplier for supplier in SUPPLIERS}
        self._lead = np.array([self.suppliers[product.supplier_id].lead_time_days for product in self.products])
        self._least = np.array([self.suppliers[product.supplier_id].minimum_order_quantity for product in self.products])
        self._planted_cover = _planted_cover(self.trends, self.products)  # days of usual demand to open with, -1: as usual
        self.rate = self._rates()
        self.effects = trend_effects(parameters, self.catalogue, self.trends)
        self._uplift = _uplift(parameters.days, self.effects, self.rate.shape)
        self._planned = self._plan_promotions()
        self.promotions = list(self._planned)
        self._numbers = 0
        self._open: list[PurchaseLine] = []
        self._coming_back = np.zeros((parameters.days + 15, *self.rate.shape), np.int64)
        self._on_hand = self._opening_stock()
        self._opening_orders()
        self._recent = self.rate.copy()

    def _rates(self) -> np.ndarray:
        rng = stream(self.parameters, "popularity")
        popularity = np.exp(rng.normal(-0.18, 0.6, len(self.products)))
        popularity *= np.array([np.clip(1.35 - product.unit_price / 160, 0.35, 1.3) for product in self.products])
        popularity *= _USUAL_UNITS / popularity.mean()
        # Ranges that a trend will lift sell steadily, or a lift could not be seen.
        popularity = np.where(self._planted_cover >= 0, np.clip(popularity, 4.0, 9.0), popularity)
        shares = np.array([store.share for store in STORES])
        taste = np.exp(rng.normal(0.0, 0.25, (len(self.products), len(STORES))))
        return popularity[:, None] * shares * taste

    def _plan_promotions(self) -> list[Promotion]:
        rng = stream(self.parameters, "promotions")
        free = np.flatnonzero(self._planted_cover < 0)
        promotions = []
        for number in range(max(2, round(self.parameters.days * 9 / 30))):
            chosen = np.sort(rng.choice(free, int(rng.integers(5, 16)), replace=False))
            places = np.array([WEB]) if rng.random() < 0.4 else np.arange(len(STORES))
            first = int(rng.integers(-3, max(self.parameters.days - 2, 1)))
            discount = float(rng.choice([0.1, 0.15, 0.2, 0.25, 0.3, 0.4]))
            promotions.append(Promotion(f"PROMO-{number + 1:02d}", chosen, places, first, first + int(rng.integers(3, 11)), discount))
        return promotions

    def _opening_stock(self) -> np.ndarray:
        rng = stream(self.parameters, "opening stock")
        usual_cover = self._lead * rng.uniform(0.9, 1.6, len(self._lead)) + 10.0
        cover = np.where(self._planted_cover >= 0, self._planted_cover, usual_cover)
        return np.maximum(np.round(self.rate * cover[:, None]), 1).astype(np.int64)

    def _opening_orders(self) -> None:
        """Purchase orders placed before the start: some usual ones, and for some trending ranges one that will come too late."""
        rng = stream(self.parameters, "opening orders")
        for product, place in np.argwhere((rng.random(self.rate.shape) < 0.12) & (self._planted_cover < 0)[:, None]).tolist():
            ordered = -int(rng.integers(1, self._lead[product] + 1))
            self._order(rng, product, place, ordered, int(max(self._least[product], round(self.rate[product, place] * 14))))
        for number, trend in enumerate(trend for trend in self.trends if trend.kind == "organic"):
            if number % 3 != 0 or trend.cover_days is None or trend.cover_days > 30:
                continue
            for product in [index for index, product in enumerate(self.products) if product.item in trend.items]:
                for place in range(len(STORES)):
                    quantity = int(max(self._least[product], round(self.rate[product, place] * 16)))
                    # Due when the demand is half over: worth bringing forward.
                    due = int(trend.peaks + trend.lag_days + 4)
                    self._order(rng, product, place, due - int(self._lead[product]), quantity)

    def _order(self, rng: np.random.Generator, product: int, place: int, ordered: int, quantity: int) -> None:
        self._numbers += 1
        due = ordered + int(self._lead[product])
        late = int(rng.integers(1, 7)) if rng.random() < 0.18 else 0
        delivered = max(1, int(quantity * rng.uniform(0.6, 0.95))) if rng.random() < 0.08 else quantity
        self._open.append(PurchaseLine(f"PO-{self._numbers:06d}", product, place, ordered, due, max(due + late, 0), quantity, delivered))

    def trade(self, day: int) -> RetailDay:
        """Simulate ``day`` (0 is the first)."""
        rng = stream(self.parameters, "trade", day)
        shape = self.rate.shape
        received = np.zeros(shape, np.int64)
        visible = [line for line in self._open if line.ordered <= day]
        for line in visible:
            if line.arrives == day:
                received[line.product, line.place] += line.delivered
        planned, discount = self._discount(self._planned, day), self._discount(self.promotions, day)
        weekday = (self.parameters.start + timedelta(days=day)).weekday()
        week = np.where(np.arange(shape[1]) == WEB, _WEB_WEEK[weekday], _STORE_WEEK[weekday])
        usual = self.rate * week * self._uplift[day]
        noise = rng.gamma(9.0, 1 / 9.0, shape)
        demand = rng.poisson(usual * (1 + _PROMOTION_EFFECT * planned) * noise)
        if len(self.promotions) > len(self._planned):  # more customers come, on top of those who come anyway
            extra = usual * noise * _PROMOTION_EFFECT * (discount - planned)
            demand = demand + poisson_counts(stream(self.parameters, "markdowns", day).random(shape), extra)
        returned = self._coming_back[day]
        available = self._on_hand + received
        wanted = np.minimum(demand, available)
        cancelled = np.zeros(shape, np.int64)
        cancelled[:, WEB] = rng.binomial(wanted[:, WEB], 0.02)
        sold = wanted - cancelled
        adjusted = -((rng.random(shape) < 0.002) & (available - sold > 0)).astype(np.int64) + (rng.random(shape) < 0.0005)
        self._on_hand = available - sold + returned + adjusted
        reserved = np.minimum(rng.poisson(np.where(np.arange(shape[1]) == WEB, 0.5 * sold, 0.05)), self._on_hand)
        self._send_back(rng, day, sold)
        self._recent = 0.9 * self._recent + 0.1 * sold
        if self._automatic:
            self._replenish(rng, day)
        lines = [line for line in self._open if line.ordered <= day]
        self._open = [line for line in self._open if line.arrives > day]
        moved, self._sent_away = self._sent_away, np.zeros(shape, np.int64)
        return RetailDay(
            day=day,
            on_hand=self._on_hand.copy(),
            reserved=reserved,
            received=received,
            sold=sold,
            cancelled=cancelled,
            returned=returned.copy(),
            adjusted=adjusted - moved,
            lost=demand - wanted,
            discount=discount,
            lines=lines,
            demand=demand,
            substituted=np.zeros(shape, np.int64),
            physical=self._on_hand.copy(),
            price=self._prices,
            listed=np.ones(shape, bool),
        )

    def _discount(self, promotions: list[Promotion], day: int) -> np.ndarray:
        discount = np.zeros(self.rate.shape)
        for promotion in promotions:
            if promotion.first_day <= day <= promotion.last_day:
                where = np.ix_(promotion.products, promotion.places)
                discount[where] = np.maximum(discount[where], promotion.discount)
        return discount

    @property
    def on_hand(self) -> np.ndarray:
        """Units in stock now; books and stock agree in this town."""
        return self._on_hand.copy()

    @property
    def on_order(self) -> np.ndarray:
        """Units ordered and not yet received."""
        units = np.zeros(self.rate.shape, np.int64)
        for line in self._open:
            units[line.product, line.place] += line.quantity
        return units

    def open_lines(self) -> list[PurchaseLine]:
        """Purchase lines and transfers not yet received; copies."""
        return [replace(line) for line in self._open]

    def place_order(self, day: int, product: int, place: int, quantity: int) -> str:
        """Order from the product's supplier; see ``Retailer``."""
        self.check_act(product, [place])
        self.check_quantity(product, quantity)
        self._order(stream(self.parameters, "policy order", product, place, day), product, place, day, quantity)
        return self._open[-1].delivery_id

    def expedite(self, delivery_id: str, day: int) -> int:
        """Have an open delivery sent faster; see ``Retailer``."""
        for line in self._open:
            if line.delivery_id == delivery_id:
                due = day + max(1, (line.due - day + 1) // 2)
                line.arrives = max(day + 1, line.arrives - max(line.due - due, 0))
                line.due = due
                return due
        raise KeyError(f"{delivery_id} is not an open delivery")

    def transfer(self, day: int, product: int, from_place: int, to_place: int, quantity: int) -> int:
        """Send stock to another of our places; see ``Retailer``."""
        self.check_act(product, [from_place, to_place])
        moved = int(min(max(quantity, 0), self._on_hand[product, from_place]))
        if moved:
            self._on_hand[product, from_place] -= moved
            self._sent_away[product, from_place] += moved
            self._numbers += 1
            arrives = day + TRANSFER_DAYS
            name = f"TR-{self._numbers:06d}"
            self._open.append(PurchaseLine(name, product, to_place, day, arrives, arrives, moved, moved, from_place))
        return moved

    def mark_down(self, product: int, places: Sequence[int], first_day: int, last_day: int, discount: float) -> str:
        """Reduce a price; see ``Retailer``."""
        self.check_act(product, places)
        checked_markdown(first_day, last_day, discount)
        name = f"MD-{len(self.promotions) - len(self._planned) + 1:04d}"
        self.promotions.append(Promotion(name, np.array([product]), np.array(list(places), np.int64), first_day, last_day, discount))
        return name

    def _send_back(self, rng: np.random.Generator, day: int, sold: np.ndarray) -> None:
        chance = np.where(np.arange(sold.shape[1]) == WEB, 0.13, 0.05)
        coming = rng.binomial(sold, chance)
        cells = np.argwhere(coming > 0)
        waits = rng.integers(3, 15, len(cells))
        for (product, place), wait in zip(cells.tolist(), waits.tolist(), strict=True):
            self._coming_back[day + wait, product, place] += coming[product, place]

    def _replenish(self, rng: np.random.Generator, day: int) -> None:
        """Reorder by usual demand, slow to notice change; ranges with planted stock wait for a person to decide."""
        position = self._on_hand.copy()
        for line in self._open:
            if line.arrives > day and line.ordered <= day:
                position[line.product, line.place] += line.quantity
        believed = 0.75 * self.rate + 0.25 * self._recent
        due = (position < believed * (self._lead + 4)[:, None]) & (self._planted_cover < 0)[:, None]
        for product, place in np.argwhere(due).tolist():
            quantity = int(
                max(self._least[product], round(believed[product, place] * (self._lead[product] + 12) - position[product, place]))
            )
            self._order(rng, product, place, day, quantity)


def _planted_cover(trends: tuple[PlantedTrend, ...], catalogue: tuple[Product, ...]) -> np.ndarray:
    """Opening cover in days per product where a trend plants it, so that its cover is left when it starts; -1 elsewhere."""
    cover = {item: trend.starts + trend.cover_days for trend in trends if trend.cover_days is not None for item in trend.items}
    return np.array([cover.get(product.item, -1.0) for product in catalogue])


def _uplift(days: int, effects: list[Effect], shape: tuple[int, int]) -> np.ndarray:
    """Multiplier of demand, shape (days, products, places)."""
    factors = np.ones((days, *shape))
    for effect in effects:
        factors[:, effect.products, :] += effect.extra[:, None, None] * effect.felt
    return factors
