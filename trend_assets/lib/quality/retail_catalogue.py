"""Facts of products and stores against yesterday's, and of rows of other tables that refer to them.

What belongs here: the two tables of which each day holds all. What doesn't: what was sold, held, delivered or promoted
(``retail_orders.py``, ``retail_inventory.py``, ``retail_lines.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality.facts import Fault, usual_share
from trend_assets.lib.quality.retail_day import (
    DayNotes,
    Found,
    RetailDay,
    as_floats,
    ratios,
)


def rows_kept(key: str, attributes: Sequence[str]) -> Callable[[RetailDay, RetailDay, DayNotes, Sequence[DayNotes]], Found]:
    """Facts about rows that were there yesterday: gone, new, or with another attribute. Both tables have one row a key."""
    name = {"product_id": "products", "store_id": "stores"}[key]

    def facts(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
        now, before = today.tables[name], yesterday.rows(name)
        if before is None:
            return {}
        place = pc.index_in(now[key], value_set=before[key].combine_chunks())
        known = np.asarray(place.is_valid())
        gone = before.filter(pc.invert(pc.is_in(before[key], value_set=now[key].combine_chunks())))[key]
        new = now.num_rows - int(known.sum())
        left = name == "products" and _left_the_range(gone, new, today, earlier)
        found: Found = {
            ("rows_kept", f"{name} of yesterday that are gone"): Fault(len(gone), before.num_rows, 0.1, warns=left),
            ("rows_kept", f"{name} that are new"): Fault(new, now.num_rows, 0.3),
        }
        both, was = now.filter(pa.array(known)), before.take(place.drop_null())
        for column in attributes:
            changed = pc.fill_null(pc.not_equal(both[column], was[column]), False)
            found["attributes_kept", f"{column} other than yesterday"] = Fault(int(pc.sum(changed).as_py() or 0), both.num_rows)
        if name == "products":
            found.update(_prices_kept(both, was))
        return found

    return facts


def _left_the_range(gone: pa.ChunkedArray, new: int, today: RetailDay, earlier: Sequence[DayNotes]) -> bool:
    """Whether the rest of the day agrees that products have left: no other table goes on about more than a tenth of them.

    Where mappings refuse rows of unknown products, many refused rows are what goes on about them. Without another table only a new
    season, as many new products as half of those that left, explains it.
    """
    others = [table for name in ("inventory", "orders", "deliveries") if (table := today.rows(name)) is not None]
    if not others:
        return 2 * new >= len(gone)
    for name in ("inventory", "orders", "deliveries"):
        rows = today.tables[name].num_rows if name in today.tables else 0
        refused = today.refused.get(name, 0)
        past = [day.facts.get(name, {}).get(("refused_rows", "rows refused")) for day in earlier]
        usual = usual_share([fact.share for fact in past if isinstance(fact, Fault) and fact.of])
        if refused / max(rows + refused, 1) > usual + 0.02:
            return False
    mentioned = pc.unique(pa.chunked_array([chunk for table in others for chunk in table["product_id"].chunks], pa.string()))
    return bool((pc.sum(pc.is_in(gone, value_set=mentioned)).as_py() or 0) <= 0.1 * len(gone))


def _prices_kept(now: pa.Table, was: pa.Table) -> Found:
    """List prices and costs against yesterday's: many times as large or small, or all changed by one factor."""
    found: Found = {}
    for column in ("unit_price", "unit_cost"):
        ratio = ratios(now[column], was[column])
        known = np.isfinite(ratio)
        far = known & ((ratio > 2.5) | (ratio < 0.4))
        found["prices_kept", f"{column} more than 2.5 times yesterday's, or less than 0.4 times"] = Fault(
            int(far.sum()), int(known.sum()), 0.01
        )
        moved = ratio[known & (np.abs(ratio - 1.0) > 0.001)]
        together = int(np.unique(np.round(np.log(moved), 2), return_counts=True)[1].max()) if len(moved) else 0
        found["prices_kept", f"{column} changed by one factor"] = Fault(together, int(known.sum()), 0.5)
    return found


def price_rules(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Products at a price of zero, and those that cost more than they sell for."""
    products = today.tables["products"]
    price, cost = as_floats(products["unit_price"]), as_floats(products["unit_cost"])
    priced, both = np.isfinite(price), np.isfinite(price) & np.isfinite(cost)
    return {
        ("price_rules", "list price zero"): Fault(int((priced & (price == 0)).sum()), int(priced.sum()), 0.01),
        ("price_rules", "cost above the list price"): Fault(int((both & (cost > price)).sum()), int(both.sum()), 0.02),
    }


def references(name: str) -> Callable[[RetailDay, RetailDay, DayNotes, Sequence[DayNotes]], Found]:
    """Rows of products and places that the day's catalogue does not have."""

    def facts(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
        rows = today.tables[name]
        found: Found = {}
        for catalogue, key in (("products", "product_id"), ("stores", "store_id")):
            known = today.rows(catalogue)
            if known is not None:
                orphans = pc.sum(pc.invert(pc.is_in(rows[key], value_set=known[key].combine_chunks()))).as_py() or 0
                found["references", f"{key} not in {catalogue}"] = Fault(int(orphans), rows.num_rows)
        return found

    return facts
