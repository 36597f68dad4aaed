"""Where a trend is spoken of: posts and authors by region and language, never of fewer than five authors.

What belongs here: the counts of ``demand/trend_markets``. What doesn't: what we sell in a region (dbt, ``mart_markets``); customers,
who enter no table of posts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.tables import row_key
from trend_assets.tables import TABLES
from trend_assets.tables.markets import FEWEST_AUTHORS, UNKNOWN, WITHHELD

CELL = ["topic_id", "region", "language"]
POST_COLUMNS = ["network", "post_id", "author", "kind", "language", "place"]
"""Columns of ``social/clean_posts`` that are counted."""


def trend_markets(posts: pa.Table, topic_ids: Sequence[str], day: date) -> pa.Table:
    """One row per topic of ``topic_ids``, region and language, ordered by topic, region and language.

    ``posts``: ``POST_COLUMNS`` and ``topic_id`` (null: in no topic) of the day; reposts are not counted. Topics of fewer than
    ``FEWEST_AUTHORS`` authors have no row. Cells of fewer authors are merged into one cell of the topic; where that one still is too
    small, the topic's smallest other cell joins it, so that nothing can be told by subtraction. Complexity: five group-bys.
    """
    table = TABLES["demand/trend_markets"]
    wanted = pc.and_(pc.is_in(posts["topic_id"], value_set=pa.array(list(topic_ids), pa.string())), pc.not_equal(posts["kind"], "repost"))
    posts = posts.filter(wanted)
    if posts.num_rows == 0:
        return table.empty()
    cells = pa.table(
        {
            "topic_id": posts["topic_id"],
            "region": _named(posts["place"], UNKNOWN),
            "language": _named(posts["language"], "und"),
            "author": row_key(posts, ["network", "author"]),
        }
    )
    cells = _withheld(cells, _small(_counted(cells)))
    cells = _withheld(cells, _smallest_beside(_counted(cells)))
    counted = _counted(cells)
    counted = counted.filter(pc.greater_equal(counted["authors"], FEWEST_AUTHORS)).sort_by([(name, "ascending") for name in CELL])
    return table.conform(counted.append_column("day", pa.array([day] * counted.num_rows, pa.date32())))


def _named(column: pa.ChunkedArray, otherwise: str) -> pa.ChunkedArray:
    """The texts; ``otherwise`` for none, empty or one that we use ourselves."""
    text = pc.utf8_trim_whitespace(pc.fill_null(column.cast(pa.string()), ""))
    return pc.if_else(pc.is_in(text, value_set=pa.array(["", WITHHELD, UNKNOWN])), otherwise, text)


def _counted(cells: pa.Table) -> pa.Table:
    """Posts and distinct authors of each cell."""
    counted = cells.group_by(CELL).aggregate([("author", "count_distinct"), ("author", "count")])
    return counted.rename_columns([*CELL, "authors", "posts"])


def _small(counted: pa.Table) -> pa.Table:
    """The cells of too few authors."""
    return counted.filter(pc.less(counted["authors"], FEWEST_AUTHORS)).select(CELL)


def _smallest_beside(counted: pa.Table) -> pa.Table:
    """Of each topic whose withheld cell still is too small, the smallest other cell; the first by name among equals."""
    is_withheld = pc.equal(counted["region"], WITHHELD)
    lacking = counted.filter(pc.and_(is_withheld, pc.less(counted["authors"], FEWEST_AUTHORS)))["topic_id"]
    others = counted.filter(pc.and_(pc.invert(is_withheld), pc.is_in(counted["topic_id"], value_set=lacking.combine_chunks())))
    others = others.sort_by([("topic_id", "ascending"), ("authors", "ascending"), ("region", "ascending"), ("language", "ascending")])
    topics = others["topic_id"].to_pylist()
    first = [index for index, topic in enumerate(topics) if index == 0 or topics[index - 1] != topic]
    return others.take(pa.array(first, pa.int64())).select(CELL)


def _withheld(cells: pa.Table, chosen: pa.Table) -> pa.Table:
    """The posts with the chosen cells renamed to withheld."""
    hit = pc.is_in(row_key(cells, CELL), value_set=row_key(chosen, CELL).combine_chunks())
    renamed = {column: pc.if_else(hit, WITHHELD, cells[column]) for column in ("region", "language")}
    return pa.table({"topic_id": cells["topic_id"], **renamed, "author": cells["author"]})
