"""Small operations on Arrow tables that several rooms need.

What belongs here: shape-level helpers that know nothing of posts or products. What doesn't: anything with a domain word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.tables import Table


def concatenate(table: Table, parts: Sequence[pa.Table]) -> pa.Table:
    """The rows of ``parts`` in order, in the declared schema; an empty table where there are no parts."""
    return pa.concat_tables([table.conform(part) for part in parts]) if parts else table.empty()


def in_batches(sizes: Mapping[str, int], most: int) -> Iterator[list[str]]:
    """The names in order, as lists of few rows (or files) together: at most ``most`` unless one alone has more. sizes: of each name."""
    batch: list[str] = []
    size = 0
    for name, count in sizes.items():
        if batch and size + count > most:
            yield batch
            batch, size = [], 0
        batch.append(name)
        size += count
    if batch:
        yield batch


def row_key(data: pa.Table, columns: Sequence[str]) -> pa.ChunkedArray:
    """One string per row that joins the text columns ``columns``; rows are equal where all of them are."""
    return pc.binary_join_element_wise(*(data[name] for name in columns), "\x1f")


def matches(left: pa.Table, right: pa.Table, on: Sequence[str]) -> pa.Array:
    """For each row of ``left`` the index of the row of ``right`` with equal ``on`` columns, null where there is none.

    Arrow's own join refuses list columns; ``pc.index_in`` plus ``take`` carries any type.
    """
    indices = pc.index_in(row_key(left, on), value_set=row_key(right, on).combine_chunks())
    return indices.combine_chunks() if isinstance(indices, pa.ChunkedArray) else indices
