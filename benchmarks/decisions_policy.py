"""A simulated buyer who follows decision cards, day by day, and what it earned.

What belongs here: the rows of cards from what the retailer's books said the evening before, the acts a card asks for, the account in
euros. What doesn't: what the pipeline says of trends (``decisions_trends.py``), comparing policies over seeds (``decisions.py``).

Nothing here looks at the truth but ``account``, which counts demand that met no stock, and ``oracle_rows``, which is said to.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from trend_assets.lib.demand.cards import decision_cards
from trend_assets.lib.demand.situation import CardRules
from trend_assets.lib.simulation.purchases import LineColumns
from trend_assets.lib.simulation.retail import RetailDay, Retailer, open_retailer
from trend_assets.lib.simulation.town import TownParameters
from trend_assets.tables.demand import ACTING

LOOK_BACK = 14
Trends = dict[date, list[dict[str, Any]]]
"""Rows of a day: topic_id, label, stage, product_id, link_score, trend_q_value, growth_24h, authors_24h, stress_grade, suppressed."""


@dataclass(frozen=True)
class Economics:
    """What things cost. ``holding``: share of the purchase cost a day for a unit in stock (capital, room). ``season``: days of usual
    sales that are worth their cost at the end; what is beyond, in stock and on order, loses ``write_down`` of its cost. ``transfer``:
    euros a unit moved. ``expedite``: share of the purchase cost of a unit got sooner.
    """

    holding: float = 0.001
    season: int = 42
    write_down: float = 0.5
    transfer: float = 1.5
    expedite: float = 0.1


@dataclass
class Account:
    """Euros of a run, over all products and places; ``total`` is what the run earned. Units besides."""

    margin: float = 0.0
    holding: float = 0.0
    leftover: float = 0.0
    handling: float = 0.0
    lost_margin: float = 0.0
    lost_units: float = 0.0
    leftover_units: float = 0.0
    end_stock_cost: float = 0.0
    acts: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Margin on what was sold and kept, less holding, write-down and handling."""
        return self.margin - self.holding - self.leftover - self.handling


@dataclass
class Book:
    """What the retailer's books show: one array (products, places) a day, the newest last; ``day`` is that of the newest."""

    retailer: Retailer
    days: list[RetailDay] = field(default_factory=list)
    usual: np.ndarray | None = None

    def __post_init__(self) -> None:
        catalogue = self.retailer.catalogue
        self.number = {product.product_id: index for index, product in enumerate(catalogue.products)}
        suppliers = {supplier.supplier_id: supplier for supplier in catalogue.suppliers}
        self.supplier = [suppliers[product.supplier_id] for product in catalogue.products]
        self.cost = np.array([product.unit_cost for product in catalogue.products])

    def copy(self) -> Book:
        """The same book and retailer, to go on from here in another way; days of the past are shared."""
        return Book(copy.deepcopy(self.retailer), list(self.days), self.usual)

    def rows(self, trends: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows as ``int_trend_product_stock`` has them, of the newest day."""
        found = []
        lines = self.open_lines({self.number[trend["product_id"]] for trend in trends if trend["product_id"] in self.number})
        for trend in trends:
            product = self.number.get(trend["product_id"])
            if product is not None:
                for place in np.flatnonzero(self.days[-1].listed[product]).tolist():
                    row = trend | self._place(product, place, lines)
                    if "factor" in trend and self.usual is not None:  # the oracle's
                        usual = float(self.usual[product, place])
                        row |= {"usual_daily_units": usual, "expected_daily_units": usual * row.pop("factor")}
                    found.append(row)
        return found

    def open_lines(self, products: set[int]) -> dict[tuple[int, int], list[Any]]:
        """Lines open in the evening of the newest day, by product and place."""
        found = defaultdict(list)
        today, lines = self.days[-1].day, self.days[-1].lines
        if isinstance(lines, LineColumns):
            wanted = (lines.arrives > today) & np.isin(lines.product, sorted(products))
            lines = list(lines.where(wanted))
        for line in lines:
            if line.arrives > today and line.product in products:
                found[line.product, line.place].append(line)
        return found

    def _place(self, product: int, place: int, lines: dict[tuple[int, int], list[Any]]) -> dict[str, Any]:
        today, past = self.days[-1], self.days[-LOOK_BACK:]
        sold = np.array([day.sold[product, place] for day in past], np.float64)
        on_hand = np.array([day.on_hand[product, place] for day in past])
        had = (on_hand > 0) | (sold > 0)
        earlier, recent = had[:-3], had[-3:]
        supplier, listed = self.supplier[product], self.retailer.catalogue.products[product]
        due = [line for line in lines[product, place] if line.due <= today.day + supplier.lead_time_days]
        before = past[0].price[product]
        return {
            "day": self.retailer.date_of(today.day),
            "product_name": listed.name,
            "store_id": self.retailer.catalogue.stores[place].store_id,
            "daily_units": float(max(sold.mean(), 0)),
            "last_3_days_units": float(max(sold[-3:].sum(), 0)),
            "usual_daily_units": float(max(sold[:-3][earlier].mean(), 0)) if earlier.sum() >= 4 else None,
            "recent_daily_units": float(max(sold[-3:][recent].mean(), 0)) if recent.any() else None,
            "available_units": int(today.on_hand[product, place] - today.reserved[product, place]),
            "inbound_units": int(sum(line.quantity for line in due)),
            "next_due_on": self.retailer.date_of(min(line.due for line in due)) if due else None,
            "lead_time_days": supplier.lead_time_days,
            "minimum_order_quantity": supplier.minimum_order_quantity,
            "unit_price": float(today.price[product]),
            "unit_cost": listed.unit_cost,
            "promotion": bool(today.discount[product, place] > 0),
            "gap_share": 0.0,
            "price_change": float(today.price[product] / before) if before else None,
            "out_of_stock_days": int((on_hand <= 0).sum()),
            "adjusted_units": int(sum(abs(int(day.adjusted[product, place])) for day in past)),
            "data_origin": "simulated",
        }


@dataclass
class Follower:
    """Does what the cards of the evening before say, the surest first; of a product and place at most one card asks for anything.

    A reorder of a card that stands again is not repeated: what was ordered is on its way and counts as inbound.
    """

    rules: CardRules
    trends: Trends
    actions: frozenset[str] = frozenset(ACTING)
    discount: float = 0.1
    cards: list[dict[str, Any]] = field(default_factory=list)
    acts: dict[str, int] = field(default_factory=dict)
    handled: float = 0.0
    economics: Economics = field(default_factory=Economics)
    _marked: dict[tuple[int, int], int] = field(default_factory=dict)
    _hurried: set[str] = field(default_factory=set)

    def act(self, day: int, book: Book) -> None:
        """Before ``day`` is traded."""
        known = self.trends.get(book.retailer.date_of(day - 1), ())
        if not known or not book.days:
            return
        rows = book.rows(known)
        if not rows:
            return
        cards = decision_cards(pa.Table.from_pylist(rows), rows[0]["day"], self.rules).to_pylist()
        self.cards += cards
        places = {store.store_id: index for index, store in enumerate(book.retailer.catalogue.stores)}
        for card in sorted(cards, key=lambda card: (-card["confidence"], -card["money_at_risk"], card["card_id"])):
            where = (book.number[card["product_id"]], places[card["store_id"]])
            if card["action"] in self.actions and self._do(card, day, where, book, places):
                self.acts[card["action"]] = self.acts.get(card["action"], 0) + 1

    def _do(self, card: dict[str, Any], day: int, where: tuple[int, int], book: Book, places: dict[str, int]) -> bool:
        product, place = where
        retailer = book.retailer
        if card["action"] == "reorder":
            retailer.place_order(day, product, place, max(card["quantity"], book.supplier[product].minimum_order_quantity))
        elif card["action"] == "move":
            sent = retailer.transfer(day, product, places[card["from_store_id"]], place, card["quantity"])
            self.handled += sent * self.economics.transfer
            return sent > 0
        elif card["action"] == "expedite":
            return self._expedite(day, where, book)
        elif self._marked.get(where, -1) < day:
            retailer.mark_down(product, [place], day, day + 6, self.discount)
            self._marked[where] = day + 6
        else:
            return False
        return True

    def _expedite(self, day: int, where: tuple[int, int], book: Book) -> bool:
        lines = [line for line in book.open_lines({where[0]})[where] if line.delivery_id not in self._hurried]
        if not lines:
            return False
        line = min(lines, key=lambda line: (line.due, line.delivery_id))
        book.retailer.expedite(line.delivery_id, day)
        self._hurried.add(line.delivery_id)
        self.handled += line.quantity * book.cost[where[0]] * self.economics.expedite
        return True


def opened(parameters: TownParameters) -> Book:
    """The retailer on the evening before the town begins, its history traded."""
    retailer = open_retailer(parameters)
    book = Book(retailer)
    for day in range(retailer.first_day, 0):
        book.days.append(retailer.trade(day))
    return book


def run(begin: Book, act: Callable[[int, Book], None] | None = None) -> Book:
    """Trade the town's days from ``begin``, which stays as it is; ``act`` is asked before each but the first.

    The retailer reorders by itself too.
    """
    book = begin.copy()
    for day in range(book.retailer.parameters.days):
        if act is not None and day >= 1:
            act(day, book)
        book.days.append(book.retailer.trade(day))
    return book


def account(book: Book, economics: Economics, usual: np.ndarray, handled: float = 0.0) -> Account:
    """Euros of the town's days (history left out). ``usual``: units a day by product and place that everybody agrees on."""
    found, cost = Account(handling=handled), book.cost[:, None]
    for day in book.days:
        if day.day < 0:
            continue
        margin = day.price[:, None] * (1 - day.discount) - cost
        found.margin += float((margin * (day.sold - day.returned)).sum())
        found.holding += float((np.maximum(day.physical, 0) * cost).sum() * economics.holding)
        missed = day.lost - day.substituted
        found.lost_margin += float(((day.price[:, None] - cost) * missed).sum())
        found.lost_units += float(missed.sum())
    last = np.maximum(book.days[-1].physical, 0)
    beyond = np.maximum(last + book.retailer.on_order - usual * economics.season, 0.0)
    found.leftover = float((beyond * cost).sum() * economics.write_down)
    found.leftover_units = float(beyond.sum())
    found.end_stock_cost = float((last * cost).sum())
    return found


def usual_sales(book: Book) -> np.ndarray:
    """Mean demand a day before any trend: over the history."""
    return np.asarray(np.mean([day.demand for day in book.days if day.day < 0], axis=0))


def oracle_rows(retailer: Retailer, parameters: TownParameters) -> Trends:
    """Truth, as an upper bound: every effect that posts announce, from the first day of its posts, sure and of known life."""
    found: Trends = defaultdict(list)
    ids = [product.product_id for product in retailer.catalogue.products]
    planted = {trend.trend_id: trend for trend in retailer.trends}
    last: dict[str, int] = {}
    felt: dict[str, set[int]] = defaultdict(set)
    factors: dict[tuple[str, int], float] = {}
    for day in range(parameters.days):
        for effect in retailer.effects_on(day):
            if effect.effect_id in planted and effect.on(day) > 0.15:
                last[effect.effect_id] = day
                felt[effect.effect_id] |= set(np.asarray(effect.products).tolist())
                factors[effect.effect_id, day] = 1.0 + float(effect.on(day))
    for name, products in felt.items():
        for day in range(max(int(planted[name].starts), 1), last[name]):
            ahead = [factors[name, later] for later in range(day + 1, last[name] + 1) if (name, later) in factors]
            found[retailer.date_of(day)] += [
                _sure_row(name, ids[product], last[name] - day, float(np.mean(ahead)) if ahead else 1.0) for product in sorted(products)
            ]
    return found


def _sure_row(name: str, product_id: str, days_left: int, factor: float) -> dict[str, Any]:
    return {
        "topic_id": name, "label": name, "product_id": product_id, "link_score": 1.0, "suppressed": False, "trend_q_value": 0.0,
        "growth_24h": None, "authors_24h": 1000, "stress_grade": "A", "confidence": 1.0, "stage": f"{days_left}", "factor": factor,
    }  # fmt: skip


def of_days(rows: pa.Table) -> Trends:
    """Rows of ``decisions_trends.trend_products`` by day."""
    found: Trends = defaultdict(list)
    for row in rows.to_pylist():
        row["stress_grade"] = row.pop("grade")
        found[row.pop("day")].append(row)
    return found
