"""Where a trend is spoken of, whether we sell its products there, and which customers buy there.

What belongs here: the two queries and their rows as cells. What doesn't: the page (``sections/trends.py``), counting (``dbt_project/``,
``mart_markets`` and ``mart_trend_segments``, neither of which tells of fewer than five authors or fifty customers).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from trend_assets.board.data import Queryable, Row, ask_rows
from trend_assets.board.words import TEXTS, Language, number, text
from trend_assets.tables.markets import UNKNOWN, WITHHELD

HEADINGS = ("region", "language", "we_sell_there", "posts", "authors", "against_day_before")
FIGURES = (3, 4, 5)
NOT_NAMED = (UNKNOWN, WITHHELD)


def markets_of_trend(warehouse: Queryable, topic_id: str, day: date) -> list[Row]:
    """Regions and languages of the trend's posts of the day, most posts first, those that name no region last."""
    return ask_rows(
        warehouse,
        """
        select region, language, posts, authors, growth_24h, presence, units_sold_14d, grows_unserved
        from warehouse.mart_markets
        where topic_id = ? and day = ?
        order by region in (?, ?), posts desc, region, language
        """,
        topic_id,
        day,
        *NOT_NAMED,
    )


def customers_there(warehouse: Queryable, topic_id: str, day: date) -> list[Row]:
    """Customers of the last whole week in these regions, by category of the linked products and segment, most customers first."""
    return ask_rows(
        warehouse,
        """
        select distinct region, category, segment, week_ends_on, customers, segment_share, customers_growth, data_origin
        from warehouse.mart_trend_segments
        where topic_id = ? and day = ?
        order by region, category, customers desc, segment
        """,
        topic_id,
        day,
    )


def cells(language: Language, row: Row) -> list[str]:
    """A region and language as cells under ``HEADINGS``."""
    growth = row["growth_24h"]
    sells = text(language, f"presence_{row['presence']}", units=number(language, row["units_sold_14d"]))
    return [
        _named(language, row["region"]),
        _named(language, row["language"]),
        f"▲ {sells}" if row["grows_unserved"] else sells,
        number(language, row["posts"]),
        number(language, row["authors"]),
        "–" if growth is None else f"× {number(language, growth, 1)}",
    ]


def customer_lines(language: Language, rows: Sequence[Row]) -> list[str]:
    """One sentence a region and category: its customers by segment."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["region"], row["category"]), []).append(row)
    return [
        f"{region}, {category}{text(language, 'colon')}{', '.join(_segment(language, row) for row in of)}"
        for (region, category), of in groups.items()
    ]


def _segment(language: Language, row: Row) -> str:
    """A retailer's own segment is told by its own name."""
    key = f"segment_{row['segment']}"
    parts = {"customers": number(language, row["customers"]), "segment": text(language, key) if key in TEXTS else row["segment"]}
    told = text(language, "segment_share", share=number(language, 100 * row["segment_share"]), **parts)
    growth = row["customers_growth"]
    return told if growth is None else f"{told} × {number(language, growth, 1)}"


def _named(language: Language, name: str) -> str:
    return text(language, f"market_{name}") if name in NOT_NAMED else name
