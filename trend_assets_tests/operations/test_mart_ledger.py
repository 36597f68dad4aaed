"""Marts as they were published: days that changed are recorded again, the past comes back with the columns it had."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.operations.housekeeping import remove_partition
from trend_assets.operations.mart_ledger import UnknownMartError, kept_marts, marts_at, missed_days, record_marts, unrecorded_days
from trend_assets.operations.publication import publish_marts
from trend_assets.operations.rewind import rewound
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets.tables.ledgers import LEDGERS, MART_LEDGER
from trend_assets.warehouse.common import PUBLISHED_TABLES
from trend_assets.warehouse.duckdb_engine import DuckDBWarehouse

START = datetime(2026, 9, 10, tzinfo=UTC)
NOW = START + timedelta(days=5)


class KilledError(RuntimeError):
    """The publisher was killed."""


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

    def build(self, stock: list[tuple[Any, ...]], more: str = "", authors: str = "9") -> None:
        with duckdb.connect(str(self.warehouse.working)) as connection:
            connection.execute("create schema if not exists warehouse")
            connection.execute(
                "create or replace table warehouse.mart_stock_risk (day date, product_id varchar, store_id varchar, on_hand bigint)"
            )
            connection.executemany("insert into warehouse.mart_stock_risk values (?, ?, ?, ?)", stock)
            connection.execute(
                "create or replace table warehouse.fct_trend_daily as select date '2026-09-10' as day, topic, label, keywords, "
                f"'x:1' as exemplar_posts, {authors}::bigint as authors_24h{more} "
                "from (values ('t', 'scarf', ['scarf', 'secret']), ('u', 'secret', ['secret'])) "
                "as f(topic, label, keywords)"
            )
            connection.execute("alter table warehouse.fct_trend_daily rename topic to topic_id")

    def build_orders(self, units: int) -> None:
        """A mart of which the file keeps no versions."""
        with duckdb.connect(str(self.warehouse.working)) as connection:
            connection.execute(
                "create or replace table warehouse.fct_orders as select date '2026-09-10' as day, 'P1' as product_id, 'S1' as store_id, "
                f"'EUR' as currency, {units}::bigint as units_sold, null::double as net_revenue"
            )

    def build_week(self, units: int) -> None:
        """Sales of the week of Monday 7 September."""
        with duckdb.connect(str(self.warehouse.working)) as connection:
            connection.execute(
                "create or replace table warehouse.mart_buyer_week as select date '2026-09-07' as week_start, 'Scarves' as category, "
                f"{units}::bigint as units_sold"
            )

    def record(self, now: datetime) -> dict[str, int]:
        """As a publication does that succeeds."""
        return record_marts(self.lake, unrecorded_days(self.lake, self.warehouse, self.settings, now))

    def publish(self, now: datetime, killed_at: str = "") -> dict[str, int]:
        """Publish what is built: to readers, then to the ledger."""

        def stop(step: str) -> None:
            if step == killed_at:
                raise KilledError

        return publish_marts(self.lake, self.warehouse, self.settings, now, stop)[1]


@pytest.fixture
def shop(tmp_path) -> Shop:
    made = Shop(tmp_path)
    made.build([(date(2026, 9, 10), "P1", "S1", 5), (date(2026, 9, 11), "P1", "S1", 4)])
    return made


@pytest.fixture
def unpublished(shop) -> Shop:
    """The same, with all that publishing asks for."""
    with duckdb.connect(str(shop.warehouse.working)) as connection:
        connection.execute("create schema lake")
        connection.execute("create table lake.failing_nodes (unique_id varchar, name varchar, status varchar)")
        connection.execute("create table lake.source_snapshot (first_day date, last_day date)")
        connection.execute("insert into lake.source_snapshot values (null, null)")
        for path in PUBLISHED_TABLES:
            schema, table = path.split("/")
            connection.execute(f"create schema if not exists {schema}")
            connection.register("no_rows", TABLES[path].empty())
            connection.execute(f"create table {schema}.{table} as select * from no_rows")
    return shop


@pytest.fixture
def published(unpublished) -> Shop:
    """The same, published."""
    unpublished.publish(NOW)
    return unpublished


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
        {"day": date(2026, 9, 10), "topic_id": "t", "label": "scarf", "keywords": ["scarf"], "authors_24h": 9}
    ]


def test_a_mart_that_was_never_published_was_never_known(published):
    """Its publication failed, as it does where a test failed; the day was then built anew, and published."""
    before = marts_at(published.lake, "mart_stock_risk", NOW)
    published.build([(date(2026, 9, 10), "P1", "S1", 99), (date(2026, 9, 11), "P1", "S1", 4)])
    for step in ("started", "copied", "verified", "synced"):
        with pytest.raises(KilledError):
            published.publish(NOW + timedelta(hours=1), killed_at=step)
    published.build([(date(2026, 9, 10), "P1", "S1", 7), (date(2026, 9, 11), "P1", "S1", 4)])
    later = NOW + timedelta(days=1)
    assert published.publish(later) == {"mart_stock_risk": 1}
    assert marts_at(published.lake, "mart_stock_risk", later - timedelta(microseconds=1)).equals(before)
    assert marts_at(published.lake, "mart_stock_risk", later)["on_hand"].to_pylist() == [7, 4]


def test_what_was_published_and_not_recorded_is_recorded_with_the_moment_the_file_tells(published):
    published.build([(date(2026, 9, 10), "P1", "S1", 7), (date(2026, 9, 11), "P1", "S1", 4)])
    shown = NOW + timedelta(hours=1)
    with pytest.raises(KilledError):
        published.publish(shown, killed_at="swapped")
    assert marts_at(published.lake, "mart_stock_risk", shown)["on_hand"].to_pylist() == [5, 4]
    assert published.publish(NOW + timedelta(days=1)) == {"mart_stock_risk": 1}
    assert marts_at(published.lake, "mart_stock_risk", shown)["on_hand"].to_pylist() == [7, 4]


def test_what_readers_saw_is_recorded_though_the_day_was_built_anew_before_the_next_publication(published):
    """A day of stock and one of orders changed, one of stock went, and the mart of stock and that of trends got a column."""
    published.build_orders(5)
    published.publish(NOW + timedelta(hours=1))
    published.build([(date(2026, 9, 10), "P1", "S1", 7)], more=", 3 as cards")
    published.build_orders(7)
    shown, later = NOW + timedelta(hours=2), NOW + timedelta(days=1)
    with pytest.raises(KilledError):
        published.publish(shown, killed_at="swapped")
    published.build([(date(2026, 9, 10), "P1", "S1", 9), (date(2026, 9, 11), "P1", "S1", 4)])
    published.build_orders(9)
    with pytest.raises(KilledError):
        published.publish(later, killed_at="started")
    assert marts_at(published.lake, "mart_stock_risk", later)["on_hand"].to_pylist() == [7], "recorded before anything else is published"
    published.publish(later)
    for moment, stock, orders in (
        (shown - timedelta(microseconds=1), [5, 4], [5]),
        (later - timedelta(microseconds=1), [7], [7]),
        (later, [9, 4], [9]),
    ):
        assert marts_at(published.lake, "mart_stock_risk", moment)["on_hand"].to_pylist() == stock
        assert marts_at(published.lake, "fct_orders", moment)["units_sold"].to_pylist() == orders
    assert marts_at(published.lake, "fct_trend_daily", shown)["cards"].to_pylist() == [3]
    assert "cards" not in marts_at(published.lake, "fct_trend_daily", later).column_names
    assert published.publish(later + timedelta(hours=1)) == {}, "nothing is recorded twice"
    told = published.warehouse.query("select distinct mart, day, digest, knowledge_time from history.mart_versions order by all")
    kept = published.lake.read(MART_LEDGER).select(told.column_names)
    assert told.to_pylist() == kept.sort_by([(name, "ascending") for name in kept.column_names]).to_pylist()


def test_a_first_publication_that_was_not_recorded_is_history_though_the_day_was_built_anew(unpublished):
    with pytest.raises(KilledError):
        unpublished.publish(NOW, killed_at="swapped")
    unpublished.build([(date(2026, 9, 10), "P1", "S1", 9), (date(2026, 9, 11), "P1", "S1", 4)])
    later = NOW + timedelta(days=1)
    unpublished.publish(later)
    assert marts_at(unpublished.lake, "mart_stock_risk", START + timedelta(days=1, hours=6))["on_hand"].to_pylist() == [5]
    assert marts_at(unpublished.lake, "mart_stock_risk", later)["on_hand"].to_pylist() == [9, 4]


def test_a_version_past_its_retention_is_not_recorded_again(published):
    assert remove_partition(published.lake, MART_LEDGER, min(published.lake.partitions(MART_LEDGER)))
    assert missed_days(published.lake, published.warehouse).num_rows == 0


def test_a_week_is_known_when_its_last_day_is_over(shop):
    shop.build_week(6)
    shop.record(NOW)
    known = datetime(2026, 9, 14, 5, tzinfo=UTC)
    assert marts_at(shop.lake, "mart_buyer_week", known - timedelta(microseconds=1)).num_rows == 0
    assert marts_at(shop.lake, "mart_buyer_week", known)["units_sold"].to_pylist() == [6]


def test_a_lake_of_days_to_come_goes_by_its_own_calendar(shop):
    """A simulated town made before its first day: nothing of its marts is known before it, nor the second day with the first."""
    shop.settings = shop.settings.model_copy(update={"lake_end": datetime(2026, 9, 12, tzinfo=UTC)})
    shop.record(datetime(2026, 7, 12, tzinfo=UTC))
    told = [
        sorted(row["day"].day for row in marts_at(shop.lake, "mart_stock_risk", datetime(2026, 9, day, 7, tzinfo=UTC)).to_pylist())
        for day in (9, 11, 12)
    ]
    assert told == [[], [10], [10, 11]]


def test_a_week_under_way_is_known_when_it_is_published_and_corrected_until_it_is_over(shop):
    for day, units in ((date(2026, 9, 10), 4), (date(2026, 9, 11), 5), (date(2026, 9, 14), 6)):
        shop.build_week(units)
        shop.record(datetime(day.year, day.month, day.day, 5, tzinfo=UTC))
    found = [
        marts_at(shop.lake, "mart_buyer_week", datetime(2026, 9, day, 12, tzinfo=UTC))["units_sold"].to_pylist()
        for day in (10, 11, 13, 14, 20)
    ]
    assert found == [[4], [5], [5], [6], [6]]


def test_the_file_tells_what_was_known_as_the_ledger_does(published):
    published.build([(date(2026, 9, 10), "P1", "S1", 7)])
    later = NOW + timedelta(days=1)
    published.publish(later)
    for moment in (NOW, later - timedelta(seconds=1), later):
        rows = published.warehouse.query(f"select * from as_of.mart_stock_risk('{moment.isoformat(sep=' ')}') order by day")
        assert rows.to_pylist() == marts_at(published.lake, "mart_stock_risk", moment).to_pylist()


@pytest.mark.parametrize("recorded", range(2))
def test_a_first_recording_that_was_killed_is_resumed_as_history(shop, tmp_path, recorded):
    days = unrecorded_days(shop.lake, shop.warehouse, shop.settings, NOW)
    appends = iter(range(recorded))

    def stop(step: str) -> None:
        if step == "compare_and_swap: compared" and next(appends, None) is None:
            raise KilledError

    with pytest.raises(KilledError):
        record_marts(Lake(str(tmp_path / "lake"), on_step=stop), days)
    assert len(shop.lake.partitions(MART_LEDGER)) == recorded
    shop.record(NOW + timedelta(days=1))
    found = shop.lake.read(MART_LEDGER)
    assert found.sort_by([("knowledge_time", "ascending"), ("mart", "ascending")]).equals(
        days.sort_by([("knowledge_time", "ascending"), ("mart", "ascending")])
    )
    shop.build([(day, "P1", "S1", 5) for day in (date(2026, 9, 10), date(2026, 9, 12))])
    shop.record(NOW + timedelta(days=2))
    told = {row["day"]: (row["knowledge_time"], row["basis"]) for row in shop.lake.read(MART_LEDGER).to_pylist()}
    assert told[date(2026, 9, 12)] == (NOW + timedelta(days=2), "clock")


def test_a_days_trend_of_fewer_than_five_authors_is_not_kept_and_an_unknown_number_is_judged_by_the_ledger(shop):
    for authors, rows in (("4", 0), ("5", 1), ("null", 1)):
        shop.build([(date(2026, 9, 10), "P1", "S1", 5)], authors=authors)
        found = unrecorded_days(shop.lake, shop.warehouse, shop.settings, NOW)
        assert sum(row["rows"] for row in found.to_pylist() if row["mart"] == "fct_trend_daily") == rows, authors


def test_a_mart_goes_by_its_name_with_and_without_prefix(shop):
    shop.record(NOW)
    assert kept_marts(shop.lake) == ["fct_trend_daily", "mart_stock_risk"]
    assert rewound(shop.lake, shop.settings, "stock_risk", NOW, NOW + timedelta(hours=1)).num_rows == 2
    assert rewound(shop.lake, shop.settings, "trend_daily", NOW, NOW + timedelta(hours=1)).num_rows == 1
    with pytest.raises(UnknownMartError, match="no mart mart_nothing was ever kept"):
        marts_at(shop.lake, "mart_nothing", NOW)
