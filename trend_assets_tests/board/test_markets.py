"""Where a trend is spoken of and who buys there is told in the reader's language; nobody is told of where too few are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from trend_assets.board import markets

DAY, SUNDAY = date(2026, 9, 8), date(2026, 9, 6)
PLACES = [
    {"region": "withheld", "language": "withheld", "posts": 90, "authors": 60, "growth_24h": None, "presence": "unknown"},
    {"region": "Rhône", "language": "fr", "posts": 1200, "authors": 800, "growth_24h": 2.04, "presence": "sold", "units_sold_14d": 31},
    {"region": "BE", "language": "fr", "posts": 8, "authors": 8, "growth_24h": 6.0, "presence": "no_place", "grows_unserved": True},
]
BUYERS = [
    {"language": language, "segment": segment, "customers": customers, "segment_share": share, "customers_growth": growth}
    for language in ("fr", "en")
    for segment, customers, share, growth in (("regular", 100, 2 / 3, 2.0), ("Club <b>d'or</b>", 50, 1 / 3, None))
]


class Warehouse:
    """The two models, in memory."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        nothing = {"units_sold_14d": 0, "grows_unserved": False}
        places = pa.Table.from_pylist([{"day": DAY, "topic_id": "scarf"} | nothing | row for row in PLACES])
        there = {"day": DAY, "topic_id": "scarf", "region": "Rhône", "category": "fashion", "week_ends_on": SUNDAY, "data_origin": "real"}
        buyers = pa.Table.from_pylist([there | row for row in BUYERS])
        self.connection.register("places", places)
        self.connection.register("buyers", buyers)
        self.connection.execute(
            "create schema warehouse; create table warehouse.mart_markets as from places;"
            "create table warehouse.mart_trend_segments as from buyers"
        )

    def query(self, sql: str, parameters: list[Any]) -> pa.Table:
        return self.connection.execute(sql, parameters).to_arrow_table()


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    found = Warehouse()
    yield found
    found.connection.close()


def test_regions_come_by_posts_and_those_not_told_last(warehouse: Warehouse) -> None:
    rows = markets.markets_of_trend(warehouse, "scarf", DAY)
    assert [row["region"] for row in rows] == ["Rhône", "BE", "withheld"]
    assert [markets.cells("en", row) for row in rows] == [
        ["Rhône", "fr", "31 sold in 14 days", "1,200", "800", "× 2.0"],
        ["BE", "fr", "▲ no place, none sold", "8", "8", "× 6.0"],
        ["too few authors to tell", "too few authors to tell", "–", "90", "60", "–"],
    ]
    assert markets.cells("fr", rows[0])[2::3] == ["31 vendu(s) en 14 jours", "× 2,0"]
    assert len(markets.HEADINGS) == len(markets.cells("en", rows[0]))
    assert markets.markets_of_trend(warehouse, "other", DAY) == []


def test_customers_are_told_once_for_all_languages_of_a_region(warehouse: Warehouse) -> None:
    rows = markets.customers_there(warehouse, "scarf", DAY)
    assert markets.customer_lines("en", rows) == ["Rhône, fashion: 100 regular (67 %) × 2.0, 50 Club <b>d'or</b> (33 %)"]
    assert markets.customer_lines("fr", rows) == ["Rhône, fashion\u00a0: 100 réguliers (67 %) × 2,0, 50 Club <b>d'or</b> (33 %)"]
