"""Where a trend is spoken of: posts and authors by region and language, never of fewer than five authors.

What belongs here: the counts of ``demand/trend_markets``. What doesn't: what we sell in a region (dbt, ``mart_markets``); customers,
who enter no table of posts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.small_cells import PERSON, named, without_small_cells
from trend_assets.lib.tables import row_key
from trend_assets.tables import TABLES
from trend_assets.tables.markets import FEWEST_AUTHORS, UNKNOWN, WITHHELD

POST_COLUMNS = ["network", "post_id", "author", "kind", "language", "place"]
"""Columns of ``social/clean_posts`` that are counted."""
RESERVED = (WITHHELD, UNKNOWN)


def trend_markets(posts: pa.Table, topic_ids: Sequence[str], day: date) -> pa.Table:
    """One row per topic of ``topic_ids``, region and language, ordered by topic, region and language.

    ``posts``: ``POST_COLUMNS`` and ``topic_id`` (null: in no topic) of the day; reposts are not counted. Topics of fewer than
    ``FEWEST_AUTHORS`` authors have no row. Cells of fewer authors are merged into one cell of the topic; where that one still is too
    small, the topic's smallest other cell joins it, so that nothing can be told by subtraction (``small_cells.py``).
    """
    table = TABLES["demand/trend_markets"]
    wanted = pc.and_(pc.is_in(posts["topic_id"], value_set=pa.array(list(topic_ids), pa.string())), pc.not_equal(posts["kind"], "repost"))
    posts = posts.filter(wanted)
    if posts.num_rows == 0:
        return table.empty()
    cells = pa.table(
        {
            "topic_id": posts["topic_id"],
            "region": named(posts["place"], UNKNOWN, RESERVED),
            "language": named(posts["language"], "und", RESERVED),
            PERSON: row_key(posts, ["network", "author"]),
        }
    )
    counted = without_small_cells(cells, "topic_id", ["region", "language"], FEWEST_AUTHORS, WITHHELD)
    counted = counted.rename_columns(["topic_id", "region", "language", "authors", "posts"])
    return table.conform(counted.append_column("day", pa.array([day] * counted.num_rows, pa.date32())))
