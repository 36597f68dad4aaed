"""Whether counted customers can be right: no more of them than orders, and not suddenly few.

What belongs here: pure measures over ``demand/segment_customers`` and order lines. What doesn't: the audit of each cell's size, which
the declaration gives (``tables/segments.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.segments import category_of
from trend_assets.lib.quality.signals import Signal

FEWER = 0.5
"""A category's customers by order below this share of their usual ones are suddenly few: an export may have lost its customers."""


def customers_by_order(rows: pa.Table, orders: pa.Table, products: pa.Table) -> dict[str, float]:
    """Customers told of a week by order of the week, by category: at most 1, for each customer of a cell has an order of it.

    ``rows``: the week's ``demand/segment_customers``; ``orders``: its order lines; ``products``: the catalogue of its Sunday.
    Categories of which no customer is told are left out.
    """
    sales = orders.filter(pc.equal(orders["kind"], "sale"))
    lines = pa.table({"category": category_of(sales, products), "day": sales["day"], "order_id": sales["order_id"]})
    placed = lines.group_by(["category", "day"]).aggregate([("order_id", "count_distinct")]).group_by("category")
    placed = placed.aggregate([("order_id_count_distinct", "sum")])
    orders_of = {row["category"]: row["order_id_count_distinct_sum"] for row in placed.to_pylist()}
    told = rows.group_by("category").aggregate([("customers", "sum")]).sort_by("category").to_pylist()
    # customers of a category without an order are too many, whatever their number
    return {row["category"]: row["customers_sum"] / orders_of.get(row["category"], 0.5) for row in told}


def plausible(shares: Mapping[str, Mapping[str, float]]) -> Signal:
    """``customers_by_order`` of each week, oldest first: whether the newest can be right, naming the worst category.

    Fails where a category has more customers than orders, and where it has fewer than ``FEWER`` of the median of the weeks before, or none
    though it had some in all of them (of two weeks before at least).
    """
    if not shares:
        return Signal(True, "no week has been counted yet")
    *before, week = shares
    newest = shares[week]
    many = {name: share for name, share in newest.items() if share > 1.0}
    if many:
        worst = max(many, key=lambda name: many[name])
        return Signal(False, f"week to {week}: {worst} has {many[worst]:.2f} customers by order; one is the most", {"category": worst})
    names = sorted({name for past in before for name in shares[past] if _always(shares, before, name)})
    usual = {name: median(shares[past][name] for past in before) for name in names}
    falls = {name: newest.get(name, 0.0) / share for name, share in usual.items()}
    if falls and min(falls.values()) < FEWER:
        worst = min(falls, key=lambda name: falls[name])
        message = f"week to {week}: {worst} has {newest.get(worst, 0.0):.2f} customers by order, usually {usual[worst]:.2f}"
        return Signal(False, message, {"category": worst, "share": falls[worst]})
    return Signal(True, f"week to {week}: customers of {len(newest)} categories are no more than their orders", {"categories": len(newest)})


def _always(shares: Mapping[str, Mapping[str, float]], weeks: list[str], name: str) -> bool:
    return len(weeks) >= 2 and all(name in shares[week] for week in weeks)
