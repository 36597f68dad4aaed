"""What was known when, in SQL: the same rows as the command gives, and a warehouse that shows one moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from trend_assets.lib.ledger.points import as_of_rows
from trend_assets.warehouse.duckdb_engine import Warehouse
from trend_assets.warehouse.history import History, Kept, NoHistoryError, RewoundWarehouse, store

START = datetime(2026, 9, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
TIMES = pa.timestamp("us", tz="UTC")


def at(hours: float) -> datetime:
    return START + hours * HOUR


TRENDS = pa.table(
    {
        "knowledge_time": pa.array([at(3), at(4), at(5), at(30), at(31)], TIMES),
        "change": ["recorded", "recorded", "recorded", "corrected", "withdrawn"],
        "basis": ["clock"] * 5,
        "hour": pa.array([at(0), at(1), at(2), at(1), at(2)], TIMES),
        "topic_id": ["scarf", "scarf", None, "scarf", None],
        "score": [1.0, 2.0, 3.0, 2.5, 3.0],
    }
)
VERSIONS = pa.table(
    {
        "knowledge_time": pa.array([at(29), at(53), at(54), at(60)], TIMES),
        "change": ["recorded", "recorded", "corrected", "withdrawn"],
        "basis": ["schedule"] * 4,
        "mart": ["mart_stock_risk"] * 4,
        "day": pa.array([date(2026, 9, 10), date(2026, 9, 11), date(2026, 9, 10), date(2026, 9, 11)]),
        "rows": [1, 1, 2, 0],
        "digest": list("abcd"),
    }
)
STOCK = pa.table(
    {
        "day": pa.array([date(2026, 9, 10), date(2026, 9, 11), date(2026, 9, 10), date(2026, 9, 10)]),
        "product_id": ["P1", "P1", "P1", "P2"],
        "on_hand": [5, 4, 7, 1],
        "known_day": pa.array([date(2026, 9, 10), date(2026, 9, 11), date(2026, 9, 10), date(2026, 9, 10)]),
        "knowledge_time": pa.array([at(29), at(53), at(54), at(54)], TIMES),
    }
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published file whose tables say what is known today."""
    path = tmp_path_factory.mktemp("published") / "trends.duckdb"
    with duckdb.connect(str(path)) as connection:
        for schema in ("topics", "warehouse", "retail", "influencers", "sentiment"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            "create table topics.trends as select timestamptz '2026-09-10 01:00:00+00' as hour, 'scarf' as topic_id, "
            "9.0::double as score, ['x:1'] as exemplar_posts"
        )
        connection.execute("comment on column topics.trends.score is 'Score, the author''s own'")
        connection.execute("create table sentiment.trends as select 'other' as label")
        connection.execute(
            "create table warehouse.mart_stock_risk as select date '2026-09-10' as day, 'P1' as product_id, 9::bigint as on_hand"
        )
        connection.execute("create table retail.stores as select unnest([date '2026-09-10', date '2026-09-11']) as day, 'S1' as store_id")
        connection.execute("create table influencers.influencer_rankings as select 'someone' as author")
        rows = store(
            connection, History((Kept("topics.trends", TRENDS, ("hour", "topic_id")), Kept("warehouse.mart_stock_risk", STOCK)), VERSIONS)
        )
    assert rows == {"history.trends": 5, "history.mart_stock_risk": 4, "history.mart_versions": 4, "history.relations": 2}
    return path


@pytest.mark.parametrize("hours", [0, 3, 3.5, 4, 5, 29.9, 30, 30.5, 31, 5000])
def test_a_function_gives_what_rewinding_gives(published, hours):
    found = Warehouse(published).query("select * from as_of.trends(?)", [at(hours)])
    expected = as_of_rows(TRENDS, at(hours), ("hour", "topic_id"))
    assert found.to_pylist() == expected.to_pylist()


@pytest.mark.parametrize(
    ("given", "scores"),
    [
        ("'2026-09-10'", [1.0, 2.0, 3.0]),
        ("date '2026-09-10'", [1.0, 2.0, 3.0]),
        ("'2026-09-10T04'", [1.0, 2.0]),
        ("'2026-09-10 04:59'", [1.0, 2.0]),
        ("timestamptz '2026-09-10 06:00:00+02'", [1.0, 2.0]),
        ("'2026-09-10T06:00:00+02:00'", [1.0, 2.0]),
        ("timestamp '2026-09-10 03:00:00'", [1.0]),
        ("'2026-09-11T06:00'", [1.0, 2.5, 3.0]),
        ("'2026-09-09'", []),
    ],
)
def test_a_moment_is_a_day_at_its_end_or_a_time_in_utc(published, given, scores):
    with duckdb.connect(str(published), read_only=True) as connection:
        connection.execute("set TimeZone = 'America/New_York'")
        assert connection.execute(f"select score from as_of.trends({given}) order by hour").fetchall() == [(one,) for one in scores]


@pytest.mark.parametrize(("hours", "stock"), [(28, []), (29, [5]), (53, [5, 4]), (54, [7, 1, 4]), (60, [7, 1])])
def test_a_day_of_a_mart_is_that_of_its_newest_publication(published, hours, stock):
    found = Warehouse(published).query("select * from as_of.mart_stock_risk(?) order by day, product_id", [at(hours)])
    assert found.column_names == ["day", "product_id", "on_hand"]
    assert found["on_hand"].to_pylist() == stock


def test_a_rewound_warehouse_answers_the_same_questions_from_what_was_known(published):
    then = RewoundWarehouse(published, at(29))
    assert then.known == {"topics.trends", "warehouse.mart_stock_risk", "retail.stores"}
    assert then.query("select score, exemplar_posts from topics.trends order by hour").to_pylist() == [
        {"score": 1.0, "exemplar_posts": None},
        {"score": 2.0, "exemplar_posts": None},
        {"score": 3.0, "exemplar_posts": None},
    ]
    assert then.query("select on_hand from warehouse.mart_stock_risk where day = ?", [date(2026, 9, 10)])["on_hand"].to_pylist() == [5]
    assert then.query("select day from retail.stores")["day"].to_pylist() == [date(2026, 9, 10)], "the next day is not over"
    assert then.query("select * from influencers.influencer_rankings").num_rows == 0, "persons are not kept"
    assert then.query("select * from sentiment.trends").num_rows == 0, "a name that another table has too"
    with pytest.raises(ValueError, match="the query failed"):
        then.query("select * from nowhere")


def test_a_rewound_warehouse_before_anything_was_known_is_empty(published):
    then = RewoundWarehouse(published, at(0))
    assert {name: then.query(f"select * from {name}").num_rows for name in sorted(then.known)} == {
        "retail.stores": 0,
        "topics.trends": 0,
        "warehouse.mart_stock_risk": 0,
    }


def test_tables_of_the_past_and_their_columns_are_described(published):
    columns = Warehouse(published).query("select * from duckdb_columns() where schema_name = 'history'").to_pylist()
    assert all(column["comment"] for column in columns)
    of_trends = {column["column_name"]: column["comment"] for column in columns if column["table_name"] == "trends"}
    assert of_trends["score"] == "Score, the author's own"
    assert of_trends["knowledge_time"].endswith("[UTC]")
    told = Warehouse(published).tables()
    assert all(told[name] for name in told if name.startswith("history."))
    assert "as_of.mart_stock_risk(moment)" in told["history.mart_stock_risk"]


def test_a_file_without_history_says_so(tmp_path):
    path = tmp_path / "old.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(NoHistoryError, match="holds no history"):
        RewoundWarehouse(path, START)


def test_two_tables_of_one_name_are_refused(tmp_path):
    twice = History((Kept("topics.trends", TRENDS, ("hour", "topic_id")), Kept("demand.trends", TRENDS, ("hour", "topic_id"))))
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection, pytest.raises(ValueError, match="one name"):
        store(connection, twice)
