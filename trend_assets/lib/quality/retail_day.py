"""A day of retail tables, what is remembered of it, and columns as arrays.

What belongs here: what the facts of all retail tables share. What doesn't: facts (``retail_presence.py``, ``retail_catalogue.py``,
``retail_orders.py``, ``retail_inventory.py``, ``retail_lines.py``) and the day as a whole (``retail_facts.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality.column_facts import ColumnNotes
from trend_assets.lib.quality.facts import Fault, Level

PAST_DAYS = 28
"""Days before a day that say what is usual."""
TABLE_NAMES = ("products", "stores", "inventory", "orders", "deliveries", "promotions")


@dataclass(frozen=True)
class RetailDay:
    """The retail tables of one day by name (``orders``, not ``retail/orders``), and how many rows of each were refused."""

    day: date
    tables: Mapping[str, pa.Table]
    refused: Mapping[str, int] = field(default_factory=dict)

    def rows(self, name: str) -> pa.Table | None:
        """The table where it has rows."""
        table = self.tables.get(name)
        return table if table is not None and table.num_rows else None


@dataclass(frozen=True)
class DayNotes:
    """What is remembered of a day: notes on columns, hours of the day by place, large quantities, and the facts that followed.

    ``failed``: tables and checks in which the day says nothing of what is usual.
    """

    day: date
    columns: Mapping[str, ColumnNotes]
    hours: Mapping[str, np.ndarray] = field(default_factory=dict)
    large: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Mapping[tuple[str, str], Fault | Level]] = field(default_factory=dict)
    failed: Collection[tuple[str, str]] = frozenset()


Found = dict[tuple[str, str], Fault | Level]


def still_listed(rows: pa.Table, today: RetailDay) -> pa.Table:
    """Rows whose product and place are still in the day's catalogue: what ended with its product or place is not lost."""
    for name, key in (("products", "product_id"), ("stores", "store_id")):
        catalogue = today.rows(name)
        if catalogue is not None and key in rows.column_names:
            rows = rows.filter(pc.is_in(rows[key], value_set=catalogue[key].combine_chunks()))
    return rows


def sold_in_stock(today: RetailDay) -> int | None:
    """Units that the day's stock says were sold; ``None`` where it does not tell."""
    stock = today.rows("inventory")
    return None if stock is None or stock["sold"].null_count == stock.num_rows else int(pc.sum(stock["sold"]).as_py())


def joined_key(rows: pa.Table, key: Sequence[str]) -> pa.ChunkedArray:
    """The columns of a key as one text."""
    return rows[key[0]] if len(key) == 1 else pc.binary_join_element_wise(*(rows[name] for name in key), "\x1f")


def cells_of(rows: pa.Table) -> pa.ChunkedArray:
    """Product and place as one text."""
    return joined_key(rows, ("product_id", "store_id"))


def as_floats(values: pa.ChunkedArray) -> np.ndarray:
    """Numbers, NaN where null."""
    return np.asarray(pc.fill_null(values.cast(pa.float64()), np.nan))


def as_units(values: pa.ChunkedArray) -> np.ndarray:
    """Units, none where null."""
    return np.asarray(pc.fill_null(values, 0))


def as_days(values: pa.ChunkedArray) -> np.ndarray:
    """Days, not a date where null."""
    return values.to_numpy(zero_copy_only=False).astype("datetime64[D]")


def ratios(now: pa.ChunkedArray, was: pa.ChunkedArray) -> np.ndarray:
    """New by old where both are known and above zero, else NaN."""
    new, old = as_floats(now), as_floats(was)
    usable = np.isfinite(new) & np.isfinite(old) & (new > 0) & (old > 0)
    return np.where(usable, new / np.where(usable, old, 1.0), np.nan)
