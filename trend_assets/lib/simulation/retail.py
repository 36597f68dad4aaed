"""The retailer as others see it: its days, and what a policy can do between them.

What belongs here: what happened on a day, purchase lines and promotions, the acts of a policy, and the choice of the retailer
that a town has. What doesn't: how demand and stock move (``retail_demo.py`` for the demo's month, ``retail_chain.py`` for
towns of full size or with a history), files (``retail_files.py``).

Arrays are (products, places) in the catalogue's order. Days count from the town's start; those of the history are negative.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from trend_assets.lib.simulation.catalogue import Catalogue
from trend_assets.lib.simulation.effects import Effect
from trend_assets.lib.simulation.planted import PlantedTrend
from trend_assets.lib.simulation.town import TownParameters

TRANSFER_DAYS = 2
"""Days that goods are on the way between two of our places."""


@dataclass(frozen=True)
class Promotion:
    """A price reduction of some products in some places, days counted from the start, both ends included."""

    promotion_id: str
    products: np.ndarray
    places: np.ndarray
    first_day: int
    last_day: int
    discount: float


@dataclass
class PurchaseLine:
    """One line of a purchase order or a transfer; days counted from the start (negative before it).

    ``arrives`` is the supplier's secret. ``sender`` is the place a transfer came from, -1: the supplier.
    """

    delivery_id: str
    product: int
    place: int
    ordered: int
    due: int
    arrives: int
    quantity: int
    delivered: int
    sender: int = -1


@dataclass(frozen=True)
class RetailDay:
    """What happened on a day: units by product and place, and the purchase lines open or received.

    ``sold`` is net of ``cancelled``; ``lost`` is demand that met no stock, ``substituted`` the part of it that bought something
    else instead (which is in ``sold`` there), ``bulk`` the largest single order within ``sold``. ``on_hand`` is at the end of
    the day as the books have it, ``physical`` as it is; ``price`` is the list price of each product. Demand is
    ``sold + cancelled + lost`` less what was sold as a substitute, and stands in ``demand``.
    """

    day: int
    on_hand: np.ndarray
    reserved: np.ndarray
    received: np.ndarray
    sold: np.ndarray
    cancelled: np.ndarray
    returned: np.ndarray
    adjusted: np.ndarray
    lost: np.ndarray
    discount: np.ndarray
    lines: Sequence[PurchaseLine]
    demand: np.ndarray
    substituted: np.ndarray
    physical: np.ndarray
    price: np.ndarray
    listed: np.ndarray
    bulk: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int64))


class Retailer(ABC):
    """Simulates the retailer: call ``trade`` for each day in order from ``first_day``; a policy acts between two days.

    With ``automatic=False`` nothing is reordered but by ``place_order``. What customers want is drawn without looking at stock
    or at what a policy did: two policies of the same parameters meet the same demand, but for ``mark_down``, which raises it.
    An act on ``day`` is made before ``trade(day)`` and holds from that day on.
    """

    parameters: TownParameters
    catalogue: Catalogue
    trends: tuple[PlantedTrend, ...]
    promotions: list[Promotion]
    effects: list[Effect]

    @property
    def units_a_buyer(self) -> np.ndarray:
        """Mean units of a product that a customer takes at once; shape (products,)."""
        return np.ones(len(self.catalogue.products))

    @property
    def first_day(self) -> int:
        """The first day traded: 0, or minus the days of history."""
        return -self.parameters.history_days

    def date_of(self, day: int) -> date:
        """The date of a day counted from the start."""
        return self.parameters.start.date() + timedelta(days=day)

    @abstractmethod
    def trade(self, day: int) -> RetailDay:
        """Simulate ``day``. Raises ``ValueError`` when days are not asked for in order."""

    @property
    @abstractmethod
    def on_hand(self) -> np.ndarray:
        """Units in stock now by product and place as the books have them; a copy."""

    @property
    @abstractmethod
    def on_order(self) -> np.ndarray:
        """Units ordered and not yet received by product and place, transfers included; a copy."""

    def effects_on(self, day: int) -> list[Effect]:
        """Planted effects on demand that are felt on the day, by more than 1 %: truth, for evaluation only."""
        return [effect for effect in self.effects if abs(effect.on(day)) > 0.01]

    @abstractmethod
    def open_lines(self) -> list[PurchaseLine]:
        """Purchase lines and transfers not yet received; copies. ``arrives`` is not known to a fair policy: use ``due``."""

    @abstractmethod
    def place_order(self, day: int, product: int, place: int, quantity: int) -> str:
        """Order from the product's supplier for delivery to ``place``; returns the delivery id.

        Raises ``ValueError`` for fewer units than the supplier's minimum, and for a product or place that does not exist.
        """

    @abstractmethod
    def expedite(self, delivery_id: str, day: int) -> int:
        """Have an open delivery sent faster: half of the days left until it is due, at least one. Returns the new due day.

        Raises ``KeyError`` for a delivery that is not open.
        """

    @abstractmethod
    def transfer(self, day: int, product: int, from_place: int, to_place: int, quantity: int) -> int:
        """Send stock to another of our places, there after ``TRANSFER_DAYS``; returns the units that could be found and sent."""

    @abstractmethod
    def mark_down(self, product: int, places: Sequence[int], first_day: int, last_day: int, discount: float) -> str:
        """Reduce the price of a product in some places; demand rises by its elasticity. Returns the promotion's id.

        Raises ``ValueError`` for a discount outside (0, 1), or a last day before the first.
        """

    def check_act(self, product: int, places: Sequence[int]) -> None:
        """Raise ``ValueError`` where a product or place does not exist."""
        if not 0 <= product < len(self.catalogue.products):
            raise ValueError(f"there is no product {product}: they are 0 to {len(self.catalogue.products) - 1}")
        for place in places:
            if not 0 <= place < len(self.catalogue.stores):
                raise ValueError(f"there is no place {place}: they are 0 to {len(self.catalogue.stores) - 1}")

    def check_quantity(self, product: int, quantity: int) -> None:
        """Raise ``ValueError`` for fewer units than the supplier's minimum."""
        supplier_id = self.catalogue.products[product].supplier_id
        least = next(supplier.minimum_order_quantity for supplier in self.catalogue.suppliers if supplier.supplier_id == supplier_id)
        if quantity < least:
            raise ValueError(f"{supplier_id} delivers no fewer than {least} units a line, not {quantity}")


def checked_markdown(first_day: int, last_day: int, discount: float) -> None:
    """Raise ``ValueError`` for a discount outside (0, 1), or a last day before the first."""
    if not 0 < discount < 1:
        raise ValueError(f"a discount is between 0 and 1, not {discount}")
    if last_day < first_day:
        raise ValueError(f"a markdown that begins on day {first_day} can't end on day {last_day}")


def open_retailer(parameters: TownParameters, automatic: bool = True) -> Retailer:
    """The retailer of a town: the demo's month for the small town without history, the chain for all others."""
    if parameters.size == "small" and parameters.history_days == 0:
        from trend_assets.lib.simulation.retail_demo import DemoRetailer

        return DemoRetailer(parameters, automatic)
    from trend_assets.lib.simulation.retail_chain import ChainRetailer

    return ChainRetailer(parameters, automatic)
