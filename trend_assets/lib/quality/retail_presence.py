"""Whether a retail table is there: rows that were refused, a feed that is missing, rows far from any past day's number.

What belongs here: facts about how many rows a day has. What doesn't: which rows (``retail_catalogue.py``, ``retail_lines.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc

from trend_assets.lib.quality.column_facts import LEAST_WEEKDAYS
from trend_assets.lib.quality.facts import LEAST_PAST, Fault
from trend_assets.lib.quality.retail_day import (
    DayNotes,
    Found,
    RetailDay,
    cells_of,
    sold_in_stock,
)

_STILL = 0.01
_UNORDERED = ", and stock tells sales"


def presence(name: str, today: RetailDay, yesterday: RetailDay, earlier: Sequence[DayNotes]) -> Found:
    """Refused rows, a table that has none though it usually had some, rows far from any past day's number."""
    table = today.rows(name)
    rows, refused = (table.num_rows if table is not None else 0), today.refused.get(name, 0)
    facts: Found = {}
    if rows + refused:
        # promotions are announced for whole ranges, of which some products, each in all of its places, are not in the catalogue yet
        promoted = name == "promotions"
        together = rows / pc.count_distinct(table["product_id"]).as_py() if promoted and table is not None and rows else 1.0
        facts["refused_rows", "rows refused"] = Fault(refused, rows + refused, 0.1 if promoted else 0.02, together=together)
    counts = np.array([day.columns[name].rows if name in day.columns else 0 for day in earlier])
    alike = np.array([day.day.weekday() == today.day.weekday() for day in earlier], dtype=bool)
    if len(counts) < LEAST_PAST:
        return facts
    if not rows:
        facts.update(_missing(name, today, yesterday, earlier, counts > 0, alike))
        return facts
    usual = counts[alike & (counts > 0)] if (alike & (counts > 0)).sum() >= 2 else counts[counts > 0]
    if len(usual) and name in ("orders", "inventory", "products", "stores", "promotions"):
        factor = 1.5 if name in ("inventory", "products", "stores") else 3.0 if alike.sum() >= 2 else 6.0
        low, high = usual.min() / factor, usual.max() * factor
        if name == "inventory":
            high *= _range_growth(today, earlier)
        if name == "promotions":  # they end and begin by the hundred: only half of everything at once is no promotion
            products, stores = (today.tables[other].num_rows if other in today.tables else 0 for other in ("products", "stores"))
            low, high = 0.0, max(high, 0.5 * products * stores)
        outside = rows > high + 20 or rows < low - 20
        facts["row_count", f"{rows:,} rows, usually {usual.min():,} to {usual.max():,}"] = Fault(3 if outside else 0, 3)
    return facts


def _missing(
    name: str, today: RetailDay, yesterday: RetailDay, earlier: Sequence[DayNotes], had_rows: np.ndarray, alike: np.ndarray
) -> Found:
    """That a table has no rows, where most days of the weekday had some, or stock tells sales that no order does.

    The fact is named by its day: that rows were missing before, with or without a reason, makes it no more usual.
    """
    if name not in ("orders", "inventory", "products", "stores") or not had_rows.any():
        return {}
    about = f"no rows on {today.day:%A} {today.day}"
    if name == "orders" and sold_in_stock(today):
        facts = [key for day, same in zip(earlier, alike, strict=True) if same for key in day.facts.get(name, {})]
        usual = sum(check == "feed_present" and other.endswith(_UNORDERED) for check, other in facts)
        return {("feed_present", about + _UNORDERED): Fault(3, 3, warns=usual >= LEAST_WEEKDAYS)}
    of_weekday = had_rows[alike] if alike.any() else had_rows  # a shop closed on Sundays has orders every Monday
    if 2 * of_weekday.sum() < len(of_weekday):
        return {}
    known = alike.sum() >= LEAST_WEEKDAYS and 2 * of_weekday.sum() > len(of_weekday)
    return {("feed_present", about): Fault(3, 3, warns=_may_be_closed(name, today, yesterday, known))}


def _may_be_closed(name: str, today: RetailDay, yesterday: RetailDay, weekday_known: bool) -> bool:
    """Whether what is there of the day agrees with a place that was closed: a holiday, or a weekday whose hours are not known yet."""
    if name == "inventory":
        return not weekday_known and today.rows("orders") is None and today.rows("products") is not None
    if name != "orders":
        return False
    stock = today.rows("inventory")
    if stock is None:
        return not weekday_known and today.rows("products") is not None
    sold = sold_in_stock(today)
    if sold is not None:
        return sold == 0
    before = yesterday.rows("inventory")
    if before is None:
        return not weekday_known
    place = np.asarray(pc.fill_null(pc.index_in(cells_of(stock), value_set=cells_of(before).combine_chunks()), -1))
    fallen = np.asarray(stock["on_hand"])[place >= 0] < np.asarray(before["on_hand"])[place[place >= 0]]
    return bool(fallen.mean() <= _STILL) if len(fallen) else not weekday_known


def _range_growth(today: RetailDay, earlier: Sequence[DayNotes]) -> float:
    """Products by stores of the day's catalogue against any day's before, at least 1: a new store brings its rows of stock."""
    sizes = [day.columns["products"].rows * day.columns["stores"].rows for day in earlier if {"products", "stores"} <= set(day.columns)]
    products, stores = today.rows("products"), today.rows("stores")
    if not sizes or products is None or stores is None:
        return 1.0
    return max(products.num_rows * stores.num_rows / max(sizes), 1.0)
