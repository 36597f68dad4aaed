"""Marts as they were published: days that changed are recorded again, the past comes back with the columns it had."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.operations.mart_ledger import UnknownMartError, kept_marts, marts_at, record_marts
from trend_assets.operations.rewind import rewound
from trend_assets.settings import Settings
from trend_assets.tables.ledgers import LEDGERS
from trend_assets.warehouse.duckdb_engine import DuckDBWarehouse

START = datetime(2026, 9, 10, tzinfo=UTC)
NOW = START + timedelta(days=5)


class Shop:
    """A working file with a mart of stock and one of trends, and a lake whose trend ledger knows one topic."""

    def __init__(self, folder: Path) -> None:
        self.lake = Lake(str(folder / "lake"))
        self.settings = Settings(_env_file=None, data=str(folder), lake_start=START)
        self.warehouse = DuckDBWarehouse(folder / "working.duckdb", folder / "published.duckdb")
        ledger = LEDGERS["topics/trend_ledger"].table
        known = {
            "knowledge_time": START, "change": "recorded", "basis": "clock", "hour": START, "rank": 1, "topic_id": "t",
            "label": "scarf",
            "keywords": ["scarf"], "stage": "rising", "lane": "brand", "suppressed": False, "score": 1.0, "burst_z": 1.0, "p_value": 0.1,
            "q_value": 0.1, "expected_posts": 1.0, "posts_24h": 9, "authors_24h": 9, "growth_6h": 1.0, "first_raised_at": START,
            "reason": "",
        }  # fmt: skip
        self.lake.append(ledger, "2026-09-10-00:00", ledger.from_rows([known]))

    def build(self, stock: list[tuple[Any, ...]], more: str = "") -> None:
        with duckdb.connect(str(self.warehouse.working)) as connection:
            connection.execute("create schema if not exists warehouse")
            connection.execute(
                "create or replace table warehouse.mart_stock_risk (day date, product_id varchar, store_id varchar, on_hand bigint)"
            )
            connection.executemany("insert into warehouse.mart_stock_risk values (?, ?, ?, ?)", stock)
            connection.execute(
                "create or replace table warehouse.fct_trend_daily as select date '2026-09-10' as day, topic, label, keywords, "
                f"'x:1' as exemplar_posts{more} from (values ('t', 'scarf', ['scarf', 'secret']), ('u', 'secret', ['secret'])) "
                "as f(topic, label, keywords)"
            )
            connection.execute("alter table warehouse.fct_trend_daily rename topic to topic_id")

    def record(self, now: datetime) -> dict[str, int]:
        return record_marts(self.lake, self.warehouse, self.settings, now)


@pytest.fixture
def shop(tmp_path) -> Shop:
    made = Shop(tmp_path)
    made.build([(date(2026, 9, 10), "P1", "S1", 5), (date(2026, 9, 11), "P1", "S1", 4)])
    return made


def test_a_day_that_changes_is_recorded_again_and_the_past_comes_back(shop):
    assert shop.record(NOW) == {"fct_trend_daily": 1, "mart_stock_risk": 2}
    assert shop.record(NOW + timedelta(hours=1)) == {}, "the same publication costs nothing"
    published = marts_at(shop.lake, "mart_stock_risk", NOW)
    shop.build([(date(2026, 9, 10), "P1", "S1", 7), (date(2026, 9, 11), "P1", "S1", 4)])
    assert shop.record(NOW + timedelta(days=1)) == {"mart_stock_risk": 1}
    assert marts_at(shop.lake, "mart_stock_risk", NOW).equals(published)
    assert published["on_hand"].to_pylist() == [5, 4]
    assert marts_at(shop.lake, "mart_stock_risk", NOW + timedelta(days=1))["on_hand"].to_pylist() == [7, 4]
    assert marts_at(shop.lake, "mart_stock_risk", START + timedelta(days=1, hours=6))["on_hand"].to_pylist() == [5], "by its schedule"


def test_a_mart_keeps_the_columns_it_had(shop):
    shop.record(NOW)
    shop.build([(date(2026, 9, 10), "P1", "S1", 5)], more=", 3 as cards")
    assert shop.record(NOW + timedelta(days=1)) == {"fct_trend_daily": 1, "mart_stock_risk": 1}
    assert "cards" not in marts_at(shop.lake, "fct_trend_daily", NOW).column_names
    assert marts_at(shop.lake, "fct_trend_daily", NOW + timedelta(days=1))["cards"].to_pylist() == [3]
    assert marts_at(shop.lake, "mart_stock_risk", NOW + timedelta(days=1)).num_rows == 1, "a day that has gone is withdrawn"


def test_no_post_and_no_word_that_the_ledgers_have_not_verified_is_kept(shop):
    shop.record(NOW)
    assert marts_at(shop.lake, "fct_trend_daily", NOW).to_pylist() == [
        {"day": date(2026, 9, 10), "topic_id": "t", "label": "scarf", "keywords": ["scarf"]}
    ]


def test_a_mart_goes_by_its_name_with_and_without_prefix(shop):
    shop.record(NOW)
    assert kept_marts(shop.lake) == ["fct_trend_daily", "mart_stock_risk"]
    assert rewound(shop.lake, shop.settings, "stock_risk", NOW, NOW + timedelta(hours=1)).num_rows == 2
    assert rewound(shop.lake, shop.settings, "trend_daily", NOW, NOW + timedelta(hours=1)).num_rows == 1
    with pytest.raises(UnknownMartError, match="no mart mart_nothing was ever kept"):
        marts_at(shop.lake, "mart_nothing", NOW)
