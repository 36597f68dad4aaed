"""Facts of a day's stock: below zero, promised twice, lost positions, and what yesterday's and the day's movements do not explain.

What belongs here: rows of stock against yesterday's and the movements of the day. What doesn't: units that orders and deliveries say
were moved (``retail_orders.py``, ``retail_lines.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality.facts import Fault
from trend_assets.lib.quality.retail_day import (
    DayNotes,
    Found,
    RetailDay,
    as_units,
    cells_of,
    still_listed,
)
from trend_assets.lib.quality.retail_orders import (
    KINDS_OF_LINES,
)


def stock_rules(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Stock below zero, less than is promised, positions that are gone, stock that yesterday's and the movements do not explain."""
    stock, before = today.tables["inventory"], yesterday.rows("inventory")
    on_hand, reserved = np.asarray(stock["on_hand"]), np.asarray(stock["reserved"])
    rows = stock.num_rows
    found: Found = {
        ("negative_stock", "stock below zero"): Fault(int((on_hand < 0).sum()), rows, 0.01),
        ("reserved_within_stock", "more promised than there is"): Fault(int((reserved > np.maximum(on_hand, 0)).sum()), rows, 0.01),
    }
    if before is None:
        return found
    place = np.asarray(pc.fill_null(pc.index_in(cells_of(stock), value_set=cells_of(before).combine_chunks()), -1))
    known, listed = place >= 0, still_listed(before, today)
    gone = listed.num_rows - (pc.sum(pc.is_in(cells_of(listed), value_set=cells_of(stock).combine_chunks())).as_py() or 0)
    found["rows_kept", "products and places of yesterday that are gone"] = Fault(gone, before.num_rows, 0.02)
    was = np.asarray(before["on_hand"])[place[known]]
    now, movements = on_hand[known], [as_units(stock[name])[known] for name in ("received", "sold", "returned", "adjusted")]
    received, sold, returned, adjusted = movements
    moved = received + sold + returned + np.abs(adjusted)
    tells = stock["sold"].null_count < rows
    expected = was + (received - sold + returned + adjusted if tells else _stock_change(stock, today)[known])
    if tells:
        counted = stock["adjusted"].null_count == rows and _like_a_stocktaking(was, now - expected, moved > 0)
        found["adds_up", "stock that is not yesterday's and the day's movements"] = Fault(
            int((expected != now).sum()), len(now), 0.01, warns=counted
        )
        active = moved > 0
        same = active & _same_movements(stock, before, place, known)
        found["copied_rows", "movements of yesterday"] = Fault(int(same.sum()), int(active.sum()), 0.2, needs_past=True)
    left = np.maximum(expected, 0)  # what was sold, received and adjusted is no jump
    jumped = (now >= 0) & (np.maximum(left, now) >= 5) & ((now + 1 > 5 * (left + 1)) | (now + 1 < (left + 1) / 5))
    found["stock_levels", "stock five times, or a fifth, of yesterday's and the day's movements"] = Fault(int(jumped.sum()), len(now))
    ordered = any(day.columns["orders"].rows for day in earlier if "orders" in day.columns)
    # on a holiday nothing moves, and nothing says it did
    due = expected != was if tells or ordered else np.ones(len(now), bool)
    still = int((due & (now == was)).sum())
    found["stock_levels", "stock as yesterday though units moved"] = Fault(still, int(due.sum()), 0.15, needs_past=True)
    return found


def _stock_change(stock: pa.Table, today: RetailDay) -> np.ndarray:
    """Units by which the day's orders and deliveries change each row of stock, where stock itself tells no movements."""
    change = np.zeros(stock.num_rows, np.int64)
    orders, deliveries = today.rows("orders"), today.rows("deliveries")
    parts = []
    if orders is not None:
        lines = orders.filter(
            pc.is_in(orders["kind"], value_set=pa.array([kind for kinds, _ in KINDS_OF_LINES.values() for kind in kinds]))
        )
        parts.append((lines, -np.asarray(lines["quantity"])))
    if deliveries is not None:
        lines = deliveries.filter(pc.is_valid(deliveries["received_on"]))
        parts.append((lines, np.asarray(lines["quantity_received"])))
    for lines, units in parts:
        row = np.asarray(pc.fill_null(pc.index_in(cells_of(lines), value_set=cells_of(stock).combine_chunks()), -1))
        np.add.at(change, row[row >= 0], units[row >= 0])
    return change


def _like_a_stocktaking(was: np.ndarray, off: np.ndarray, moved: np.ndarray) -> bool:
    """Whether what does not add up looks counted, where the source tells no adjustments: little by little, moved or not.

    A stale file or a snapshot of another hour is off only where units moved; units, shuffled columns and zeros are off by much.
    """
    differs = off != 0
    if not (~moved).any() or differs.mean() > 0.6:
        return False
    unmoved, rest = float(differs[~moved].mean()), float(differs[moved].mean()) if moved.any() else 0.0
    small = float(np.median(np.abs(off[differs]) / (np.abs(was[differs]) + 1))) if differs.any() else 0.0
    return unmoved > 0.5 * rest and small <= 0.25


def _same_movements(stock: pa.Table, before: pa.Table, place: np.ndarray, known: np.ndarray) -> np.ndarray:
    same = np.ones(int(known.sum()), dtype=bool)
    for name in ("on_hand", "received", "sold", "returned"):
        same &= as_units(stock[name])[known] == as_units(before[name])[place[known]]
    return same
