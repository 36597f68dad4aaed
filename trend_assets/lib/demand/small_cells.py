"""Counts of people by cell, of which none is so small that it tells about single persons.

What belongs here: merging small cells, so that no subtraction brings them back (cell suppression with complementary suppression,
Hundepool et al., Statistical Disclosure Control, 2012, chapter 4). What doesn't: what the cells are (``markets.py``, ``segments.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.tables import row_key

PERSON = "person"


def without_small_cells(rows: pa.Table, whole: str, cell: Sequence[str], fewest: int, withheld: str) -> pa.Table:
    """Rows and distinct people of each cell: columns ``whole``, ``*cell``, ``people``, ``rows``; ordered, none below ``fewest`` people.

    ``rows``: columns ``whole`` (what the cells are parts of), those of ``cell`` and ``person``. Of each whole, cells of fewer people
    are merged into one, whose columns all say ``withheld``; where that one still is too small, the whole's smallest other cell joins
    it (the first by name among equals). A whole of fewer people has no row. Complexity: five group-bys.
    """
    rows = _merged(rows, whole, cell, _small(_counted(rows, whole, cell), fewest), withheld)
    rows = _merged(rows, whole, cell, _smallest_beside(_counted(rows, whole, cell), whole, cell, fewest, withheld), withheld)
    counted = _counted(rows, whole, cell)
    return counted.filter(pc.greater_equal(counted["people"], fewest)).sort_by([(name, "ascending") for name in (whole, *cell)])


def named(column: pa.Array | pa.ChunkedArray, otherwise: str, reserved: Sequence[str]) -> pa.Array | pa.ChunkedArray:
    """The trimmed texts; ``otherwise`` for none, empty or one of ``reserved``, which we use ourselves."""
    text = pc.utf8_trim_whitespace(pc.fill_null(column.cast(pa.string()), ""))
    return pc.if_else(pc.is_in(text, value_set=pa.array(["", *reserved])), otherwise, text)


def _counted(rows: pa.Table, whole: str, cell: Sequence[str]) -> pa.Table:
    counted = rows.group_by([whole, *cell]).aggregate([(PERSON, "count_distinct"), (PERSON, "count")])
    return counted.rename_columns([whole, *cell, "people", "rows"])


def _small(counted: pa.Table, fewest: int) -> pa.Table:
    return counted.filter(pc.less(counted["people"], fewest))


def _smallest_beside(counted: pa.Table, whole: str, cell: Sequence[str], fewest: int, withheld: str) -> pa.Table:
    """Of each whole whose withheld cell still is too small, the smallest other cell."""
    is_withheld = pc.equal(counted[cell[0]], withheld)
    lacking = counted.filter(pc.and_(is_withheld, pc.less(counted["people"], fewest)))[whole]
    others = counted.filter(pc.and_(pc.invert(is_withheld), pc.is_in(counted[whole], value_set=lacking.combine_chunks())))
    others = others.sort_by([(name, "ascending") for name in (whole, "people", *cell)])
    wholes = others[whole].to_pylist()
    return others.take(pa.array([index for index, name in enumerate(wholes) if index == 0 or wholes[index - 1] != name], pa.int64()))


def _merged(rows: pa.Table, whole: str, cell: Sequence[str], chosen: pa.Table, withheld: str) -> pa.Table:
    """The rows, those of the chosen cells with all columns of the cell renamed."""
    hit = pc.is_in(row_key(rows, [whole, *cell]), value_set=row_key(chosen, [whole, *cell]).combine_chunks())
    renamed = {column: pc.if_else(hit, withheld, rows[column]) for column in cell}
    return pa.table({whole: rows[whole], **renamed, PERSON: rows[PERSON]})
