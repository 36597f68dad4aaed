"""Facts of deliveries and promotions: dates in order, quantities that fit, and what yesterday said of the same lines.

What belongs here: tables whose rows run over days and are told anew on each. What doesn't: tables that hold all there is of a day
(``retail_catalogue.py``, ``retail_inventory.py``) or only what happened on it (``retail_orders.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality.facts import Fault
from trend_assets.lib.quality.retail_day import (
    DayNotes,
    Found,
    RetailDay,
    as_days,
    as_floats,
    cells_of,
    joined_key,
    still_listed,
)
from trend_assets.lib.quality.retail_orders import (
    large_lines,
)


def delivery_rules(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Dates in order, quantities that fit, and what yesterday said of the same lines."""
    deliveries = today.tables["deliveries"]
    ordered, due, received_on = (as_days(deliveries[name]) for name in ("ordered_on", "due_on", "received_on"))
    day = np.datetime64(today.day)
    wanted, received = np.asarray(deliveries["quantity_ordered"]), np.asarray(deliveries["quantity_received"])
    arrived, rows = ~np.isnat(received_on), deliveries.num_rows
    found: Found = {
        ("dates_in_order", "received before it was ordered"): Fault(int((arrived & (received_on < ordered)).sum()), int(arrived.sum())),
        ("dates_in_order", "due before it was ordered"): Fault(int((due < ordered).sum()), rows),
        ("dates_in_order", "ordered after the day"): Fault(int((ordered > day).sum()), rows),
        ("dates_in_order", "received on another day"): Fault(int((arrived & (received_on != day)).sum()), int(arrived.sum()), 0.05),
        ("received_within_ordered", "more than twice of what was ordered"): Fault(int((received > 2 * wanted).sum()), rows, 0.01),
        ("received_within_ordered", "received more than was ordered"): Fault(
            int((arrived & (received > wanted)).sum()), int(arrived.sum()), 0.1
        ),
        ("received_within_ordered", "received nothing"): Fault(int((arrived & (received == 0)).sum()), int(arrived.sum()), 0.1),
    }
    found.update(large_lines("deliveries", wanted, earlier))
    found.update(_lead_times(today, (due - ordered).astype(int)))
    found.update(_lines_kept("deliveries", ("delivery_id",), today, yesterday))
    return found


def _lead_times(today: RetailDay, lead: np.ndarray) -> Found:
    """Days from order to promise against the lead time that the catalogue states."""
    deliveries, products = today.tables["deliveries"], today.rows("products")
    found: Found = {}
    if products is None:
        return found
    place = np.asarray(pc.fill_null(pc.index_in(deliveries["product_id"], value_set=products["product_id"].combine_chunks()), -1))
    stated = np.where(place >= 0, as_floats(products["lead_time_days"])[place], np.nan)
    known = np.isfinite(stated) & (stated > 0)
    with np.errstate(invalid="ignore"):
        far = known & ((lead > 3.0 * stated + 7) | (lead < stated / 3.0 - 7) | (lead < 0))
    found["lead_times", "promised far from the supplier's lead time"] = Fault(int(far.sum()), int(known.sum()))
    theirs = products["supplier_id"].take(pa.array(np.maximum(place, 0)))
    other = pc.fill_null(pc.not_equal(deliveries["supplier_id"], theirs), False)
    found["supplier_matches", "another supplier than the catalogue's"] = Fault(
        int((np.asarray(other) & (place >= 0)).sum()), int((place >= 0).sum()), 0.03
    )
    return found


def _lines_kept(name: str, key: Sequence[str], today: RetailDay, yesterday: RetailDay) -> Found:
    """Lines that were open yesterday: still there, and saying the same."""
    now, before = today.tables[name], yesterday.rows(name)
    if before is None:
        return {}
    open_ = (
        pc.is_null(before["received_on"])
        if name == "deliveries"
        else pc.greater_equal(before["ends_on"], pa.scalar(today.day, pa.date32()))
    )
    before = still_listed(before.filter(open_), today)
    place = pc.index_in(joined_key(now, key), value_set=joined_key(before, key).combine_chunks())
    known = np.asarray(place.is_valid())
    both, was = now.filter(pa.array(known)), before.take(place.drop_null())
    gone = before.num_rows - int(known.sum())
    # of a small file a fifth may be refused as on other days: that rows were read yesterday tells the two apart
    refused = max(today.refused.get(name, 0) - yesterday.refused.get(name, 0), 0)
    same = (
        ("product_id", "store_id", "supplier_id", "ordered_on", "quantity_ordered")
        if name == "deliveries"
        else ("starts_on", "ends_on", "discount")
    )
    found: Found = {
        ("rows_kept", f"open {name} of yesterday that are gone"): Fault(gone, before.num_rows, 0.05),
        ("refused_rows", f"open {name} of yesterday in whose place rows are refused"): Fault(min(gone, refused), before.num_rows, 0.05),
    }
    for column in same:
        changed = pc.fill_null(pc.not_equal(both[column], was[column]), False)
        found["attributes_kept", f"{column} other than yesterday"] = Fault(int(pc.sum(changed).as_py() or 0), both.num_rows, 0.03)
    if name == "deliveries":
        changed = pc.fill_null(pc.not_equal(both["due_on"], was["due_on"]), False)
        found["attributes_kept", "due_on other than yesterday"] = Fault(int(pc.sum(changed).as_py() or 0), both.num_rows, 0.2)
        fresh = now.filter(pa.array(~known))
        long_ago = pa.scalar(today.day - timedelta(days=7), pa.date32())
        late = pc.sum(pc.less(fresh["ordered_on"], long_ago)).as_py() or 0
        found["rows_kept", "new lines that were ordered more than a week ago"] = Fault(int(late), max(now.num_rows, 1), 0.05)
    return found


def deliveries_match_stock(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Units received by product and place: what deliveries say, against what the day's stock says."""
    stock, deliveries = today.rows("inventory"), today.tables["deliveries"]
    if stock is None or stock["received"].null_count == stock.num_rows:
        return {}
    lines = deliveries.filter(pc.is_valid(deliveries["received_on"]))
    moved = stock.filter(pc.greater(pc.fill_null(stock["received"], 0), 0))
    told = pa.table({"cell": cells_of(lines), "units": lines["quantity_received"]})
    confirmed = pa.table({"cell": cells_of(moved), "units": pc.negate(moved["received"])})
    both = pa.concat_tables([told, confirmed]).group_by("cell", use_threads=False).aggregate([("units", "sum")])
    differing = int(np.count_nonzero(np.asarray(both["units_sum"])))
    return {("matches_stock", "products and places whose received units stock tells otherwise"): Fault(differing, both.num_rows, 0.05)}


def promotion_rules(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Dates in order and on the day, discounts of a likely size, and what yesterday said of the same promotions."""
    promotions = today.tables["promotions"]
    starts, ends = as_days(promotions["starts_on"]), as_days(promotions["ends_on"])
    day, rows, discount = np.datetime64(today.day), promotions.num_rows, as_floats(promotions["discount"])
    found: Found = {
        ("dates_in_order", "ends before it starts"): Fault(int((ends < starts).sum()), rows),
        ("dates_in_order", "not running on the day"): Fault(int(((starts > day) | (ends < day)).sum()), rows, 0.05),
        ("dates_in_order", "longer than a year"): Fault(int(((ends - starts).astype(int) > 366).sum()), rows, 0.05),
        ("discounts", "discount of nothing, below 1 % or above 90 %"): Fault(int(((discount < 0.01) | (discount > 0.9)).sum()), rows),
    }
    found.update(_lines_kept("promotions", ("promotion_id", "product_id", "store_id"), today, yesterday))
    return found
