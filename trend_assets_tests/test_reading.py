"""Tables from Python: now, and as they were known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from trend_assets import reading
from trend_assets.lake.lake import Lake
from trend_assets.operations.rewind import RewindError, check_moment, known_relation
from trend_assets.settings import Settings
from trend_assets.tables.ledgers import LEDGERS

START = datetime(2026, 9, 10, tzinfo=UTC)
LEDGER = LEDGERS["topics/topic_hour_ledger"].table


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of the past whose ledger knows one topic, and a published file."""
    made = tmp_path_factory.mktemp("data")
    (made / "settings.env").write_text("LAKE_START=2026-09-10T00:00:00+00:00\nLAKE_END=2026-09-12T00:00:00+00:00\n")
    values = {column.name: None if column.nullable else 1 for column in LEDGER.columns}
    row = values | {"knowledge_time": START + timedelta(hours=3), "change": "recorded", "basis": "clock", "hour": START, "topic_id": "t"}
    later = row | {"knowledge_time": START + timedelta(hours=5), "change": "corrected", "posts": 2}
    lake = Lake(str(made / "lake"))
    for one in (row, later):
        told = {"topics/topic_hours@2026-09-10-00:00": f"version-{one['posts']} digest"}
        lake.append(LEDGER, f"{one['knowledge_time']:%Y-%m-%d-%H}:00", LEDGER.from_rows([one]), told)
    with duckdb.connect(str(made / "lake" / "trends.duckdb")) as connection:
        for schema in ("topics", "sentiment", "warehouse"):
            connection.execute(f"create schema {schema}")
        connection.execute("create table topics.topic_hours as select 't' as topic_id, 9 as posts")
        connection.execute("create table sentiment.predictions as select 'x' as topic_id")
        connection.execute("create table warehouse.mart_stock_risk as select date '2026-09-10' as day")
    return made


def test_a_table_is_given_now_and_as_it_was_known(folder):
    assert reading.table("topic_hours", data=folder)["posts"].to_pylist() == [9]
    assert reading.table("topic_hours", "2026-09-10T03", folder)["posts"].to_pylist() == [1]
    assert reading.table("topics/topic_hours", START + timedelta(hours=5), folder)["posts"].to_pylist() == [2]
    assert reading.table("topics.topic_hours", "2026-09-10", folder)["posts"].to_pylist() == [2]


def test_a_mart_goes_by_its_name_without_prefix(folder):
    assert reading.table("stock_risk", data=folder)["day"].to_pylist() == [date(2026, 9, 10)]


@pytest.mark.parametrize(
    ("name", "moment", "told"),
    [
        ("topic_hours", START.replace(tzinfo=None), "has no time zone"),
        ("topic_hours", "2026-09-10T01", "nothing of topic_hours was known"),
        ("topic_hours", "2026-09-09", "the lake starts at"),
        ("topic_hours", "2099-09-10", "has not come yet .* and the lake ends at 2026-09-12 00:00"),
        ("nothing", "2026-09-10", "there is no history of 'nothing'; there is of: topics/trends, topics/topic_hours"),
        ("products", "2026-09-10", "'products' .dim_product is not kept: describes .*; there is of: topics/trends"),
        ("retail/stores", "2026-09-10", "dim_store is not kept"),
        ("nothing", None, "nothing is published as 'nothing'"),
    ],
)
def test_where_there_is_no_answer_it_is_said_why(folder, name, moment, told):
    with pytest.raises(RewindError, match=told):
        reading.table(name, moment, folder)


def test_a_lake_with_an_end_answers_until_its_last_day_was_known_and_until_the_clock():
    settings = Settings(_env_file=None, LAKE_START="2026-09-10T00:00:00Z", LAKE_END="2026-09-12T00:00:00Z")
    before, after = START, START + timedelta(days=30)
    check_moment(settings, START + timedelta(days=3, hours=8), now=before)
    check_moment(settings, START + timedelta(days=29), now=after)
    for now in (before, after):
        with pytest.raises(RewindError, match="has not come yet"):
            check_moment(settings, START + timedelta(days=31), now)


def test_what_can_be_rewound_is_listed(folder):
    assert "topics/topic_hours" in reading.names(folder)


def test_features_of_nothing_are_no_rows(folder):
    assert reading.trend_features(["2026-09-10"], folder).num_rows == 0


@pytest.mark.parametrize(("moment", "told"), [("2099-01-01", "has not come yet"), ("2026-09-09", "the lake starts at")])
def test_features_of_a_moment_that_is_none_of_the_past_are_refused(tmp_path, moment, told):
    (tmp_path / "settings.env").write_text("LAKE_START=2026-09-10T00:00:00+00:00\n")
    with pytest.raises(RewindError, match=told):
        reading.trend_features([moment], tmp_path)


def test_the_table_comes_before_its_history():
    relations = ["history.trends", "topics.trends", "warehouse.mart_markets", "warehouse.fct_orders", "retail.orders"]
    assert known_relation("trends", relations) == "topics.trends"
    assert known_relation("markets", relations) == "warehouse.mart_markets"
    assert known_relation("orders", relations) == "retail.orders"
    assert known_relation("warehouse.orders", relations) == "warehouse.fct_orders"
    assert known_relation("posts", relations) is None
