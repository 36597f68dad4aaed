"""Were we right? What cards expected against what was sold after them.

What belongs here: that comparison. What doesn't: its sentence (``sentences.py``), other queries (``data.py``).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from trend_assets.board.data import Queryable, ask_rows, cards_of_day, days_with_cards, grouped

LOOK_BACK_DAYS = 7
"""After how many days what a card expected is compared with what was sold."""


@dataclass(frozen=True)
class Outcome:
    """What a product sold after its cards, against what they expected; units a day over the cards' places."""

    day: date
    product_name: str
    product_name_fr: str | None
    label: str
    action: str
    before: float
    expected: float
    sold: float
    days: int
    ran_out: bool

    @property
    def ratio(self) -> float:
        """Expected over sold, smoothed by a tenth of a unit a day."""
        return (self.expected + 0.1) / (self.sold + 0.1)


def outcomes_of_cards(warehouse: Queryable, day: date, days: int = LOOK_BACK_DAYS) -> list[Outcome]:
    """What cards expected on the newest card day at least ``days`` before ``day``, and what was sold in the days after.

    Only days with orders of the retailer count. ``ran_out``: at some place nothing was left on some of these days, so that fewer
    sales than expected prove nothing.
    """
    earlier = [one for one in days_with_cards(warehouse) if one <= day - timedelta(days=days)]
    if not earlier:
        return []
    start, end = earlier[0], earlier[0] + timedelta(days=days)
    sold, known, empty = _sold_by_place(warehouse, start, end)
    if not known:
        return []
    found = []
    for group in grouped(cards_of_day(warehouse, start)):
        if group.first["action"] == "mark_down":
            continue
        places = [(card["product_id"], card["store_id"]) for card in group.cards]
        found.append(
            Outcome(
                start,
                group.first["product_name"],
                group.first["product_name_fr"],
                group.first["label"],
                group.first["action"],
                sum(card["daily_units"] for card in group.cards),
                sum(card["expected_daily_units"] for card in group.cards),
                sum(sold.get(place, 0) for place in places) / known,
                known,
                any(place in empty for place in places),
            )
        )
    return found


def _sold_by_place(warehouse: Queryable, start: date, end: date) -> tuple[dict[tuple[str, str], int], int, set[tuple[str, str]]]:
    """Units sold after ``start`` until ``end`` by product and place, days that have orders, and where stock ran out."""
    orders = ask_rows(
        warehouse,
        "select day, product_id, store_id, sum(quantity) as units from retail.orders "
        "where day > ? and day <= ? and kind = 'sale' group by day, product_id, store_id",
        start,
        end,
    )
    none_left = ask_rows(
        warehouse, "select distinct product_id, store_id from retail.inventory where day > ? and day <= ? and on_hand <= 0", start, end
    )
    units: dict[tuple[str, str], int] = defaultdict(int)
    for row in orders:
        units[row["product_id"], row["store_id"]] += int(row["units"])
    return units, len({row["day"] for row in orders}), {(row["product_id"], row["store_id"]) for row in none_left}
