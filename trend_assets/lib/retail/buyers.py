"""Who placed which order, read from the retailer's own files to count customers, and kept nowhere.

What belongs here: the customers of decoded files. What doesn't: opening files (``trend_assets/retail/files.py``), counting
(``lib/demand/segments.py``). What is returned is held in memory while a day is counted; no table, log or message may hold it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.retail.decode import SourceFile
from trend_assets.lib.retail.fit import missing_columns
from trend_assets.lib.retail.mapping import RetailMapping
from trend_assets.lib.retail.mistakes import close_to
from trend_assets.lib.retail.read import TableReader
from trend_assets.lib.retail.shape import MappingError

BUYERS = pa.schema([("day", pa.date32()), ("order_id", pa.string()), ("customer", pa.string()), ("segment", pa.string())])
"""An order and its customer; ``segment`` is the retailer's own, null where none is mapped or told."""


def buyers(mapping: RetailMapping, sources: Sequence[SourceFile], days: Sequence[date]) -> pa.Table:
    """The customer of each order of ``days`` whose readable rows name one: columns of ``BUYERS``, one row per day and order.

    Of an order whose lines name several customers the first in the file counts. Files that cannot be read, and those that lack
    the column, name nobody. Raises ``MappingError`` where no readable file has the column. O(rows).
    """
    table = mapping.tables.get("orders")
    if table is None or table.customer is None:
        return BUYERS.empty_table()
    readable = [
        source for source in sources if source.error is None and missing_columns(mapping, "orders", source.data.column_names) is None
    ]
    for column in (table.customer, table.customer_segment):
        if column is not None and readable and all(column not in source.data.column_names for source in readable):
            found = readable[-1].data.column_names
            raise MappingError(
                f"orders: no file has the column {column!r}, by which customers are counted.{close_to(column, found)} "
                f"Columns found: {', '.join(found)}."
            )
    reader, wanted = TableReader(mapping, "orders", sorted(set(days)), {}), np.array(sorted(set(days)), dtype="datetime64[D]")
    missing = pa.array(["", *mapping.format_of("orders").missing])
    parts = []
    for source in readable:
        piece = reader.map(source)
        told = reader.row_days(piece)
        if told is None or table.customer not in source.data.column_names:
            continue
        customer = _text(source, table.customer, missing)
        segment = _text(source, table.customer_segment, missing)
        rows = pa.table([pa.array(told), piece.columns["order_id"], customer, segment], schema=BUYERS)
        kept = np.isin(told, wanted) & piece.problems.sound & pc.is_valid(customer).to_numpy(zero_copy_only=False)
        parts.append(rows.filter(pc.and_(pa.array(kept), pc.is_valid(rows["order_id"]))))
    together = pa.concat_tables(parts) if parts else BUYERS.empty_table()
    return _first_of_each_order(together)


def _first_of_each_order(rows: pa.Table) -> pa.Table:
    first = rows.group_by(["day", "order_id"], use_threads=False).aggregate([("customer", "first"), ("segment", "first")])
    return first.rename_columns(["day", "order_id", "customer", "segment"]).select(BUYERS.names)


def _text(source: SourceFile, column: str | None, missing: pa.Array) -> pa.Array:
    """A column's trimmed texts; null for what means no value."""
    if column is None or column not in source.data.column_names:
        return pa.nulls(source.data.num_rows, pa.string())
    values = source.data[column].combine_chunks()
    text = pc.utf8_trim_whitespace(values.cast(pa.string()))
    return pc.if_else(pc.is_in(text, value_set=missing), None, text)
