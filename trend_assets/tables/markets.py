"""Markets: where a trend is spoken of.

What belongs here: declarations of ``demand/trend_markets``. What doesn't: counting (``lib/demand/markets.py``), whether we sell
there (``dbt_project/``, ``mart_markets``).
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table

UNKNOWN = "unknown"
"""Region of posts whose author attached no place."""
WITHHELD = "withheld"
"""Region and language of cells that too few authors' posts are in, together."""
FEWEST_AUTHORS = 5

TREND_MARKETS = Table(
    group="demand",
    name="trend_markets",
    description=(
        "Where each shown trend of the day is spoken of: posts and authors by region and language, of trends of five or more authors. "
        f"Cells of fewer than five authors are counted together as {WITHHELD}, with the next smallest cell where they are still too "
        "few; so posts add up to the trend's."
    ),
    columns=(
        Column("day", pa.date32(), "Day; decides the partition", "day"),
        Column("topic_id", pa.string(), "Permanent topic id"),
        Column("region", pa.string(), f"Place that authors attached: a region or a country code; {UNKNOWN} without, {WITHHELD}: too few"),
        Column("language", pa.string(), f"ISO 639-1 code of the posts, und where none is recognised; {WITHHELD}: too few"),
        Column("posts", pa.int64(), "Posts, replies and quotes of the topic in the day", "count", minimum=FEWEST_AUTHORS),
        Column("authors", pa.int64(), "Distinct authors of these posts", "count", minimum=FEWEST_AUTHORS),
    ),
    key=("topic_id", "region", "language"),
    partition="day",
    time="day",
    layer="aggregate",
    retention_days=400,
    licence_class="aggregate",
)

TABLES = (TREND_MARKETS,)
