"""Features over a lake: what is served each hour is what is made for training and in the daily replay; a difference is named."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets import reading
from trend_assets.defs.point_in_time.checks import posts_replay
from trend_assets.lake.lake import Lake
from trend_assets.lib.demand import features as demand
from trend_assets.lib.demand.forecast_tables import feature_rows
from trend_assets.lib.learning.point_in_time import PointInTimeError, known_from
from trend_assets.lib.learning.tasks.sentiment import Sentiment
from trend_assets.models.evaluation import leaks_of
from trend_assets.models.features import (
    DEMAND_READS,
    demand_inputs,
    features_at,
    features_of_hours,
    made_again,
    replay_demand,
    replay_posts,
)
from trend_assets.partitions import hour_key, hours_between
from trend_assets.resources import LakeResource
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets.tables.point_in_time import POST_FEATURES, POSTS
from trend_assets_tests.lib.learning.opinions import START, opinion_posts

HOURS = [hour_key(hour) for hour in hours_between(START, START + timedelta(days=3))]
SEAL = timedelta(hours=2)


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Lake, Settings]:
    """A lake of three days of posts with the features that were served."""
    (tmp_path / "settings.env").write_text(f"LAKE_START={START:%Y-%m-%dT%H:%M:%S}+00:00\n")
    settings = Settings(_env_file=tmp_path / "settings.env", data=str(tmp_path))
    lake = Lake(settings.lake_root)
    publish(lake, POSTS, opinion_posts(900))
    publish(lake, POST_FEATURES.path, features_of_hours(lake, settings, HOURS))
    return lake, settings


def publish(lake: Lake, path: str, rows: pa.Table) -> None:
    table = TABLES[path]
    parts = lake.split(table, table.conform(rows), HOURS)
    lake.publish(table, {key: part for key, part in parts.items() if part.num_rows})


def changed(rows: pa.Table, name: str, values: list[object]) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), rows.schema.field(name), pa.array(values, rows.schema.field(name).type))


def test_the_replay_passes_where_nothing_changed(shop):
    lake, settings = shop
    found = replay_posts(lake, settings)
    assert (found.passed, found.day, found.gone, found.new) == (True, "2026-09-03", 0, 0)
    assert found.rows > 200


def test_posts_that_come_late_change_no_feature_of_others(shop):
    lake, settings = shop
    posts = lake.read(TABLES[POSTS])
    late = posts.take(pc.indices_nonzero(pc.equal(pc.day(posts["created_at"]), 1))).slice(0, 40)
    late = changed(late, "post_id", [f"late{number}" for number in range(40)])
    late = changed(late, "captured_at", [START + timedelta(days=4)] * 40)
    publish(lake, POSTS, pa.concat_tables([posts, late]))
    assert replay_posts(lake, settings).differ == ()
    assert replay_posts(lake, settings, date(2026, 9, 1)).new == 40


def test_a_feature_that_was_served_otherwise_is_named_by_the_check(shop, monkeypatch):
    lake, settings = shop
    monkeypatch.setattr("trend_assets.defs.point_in_time.checks.load_settings", lambda: settings)
    rows = lake.read(POST_FEATURES)
    publish(lake, POST_FEATURES.path, changed(rows, "author_posts_24h", [value + 1 for value in rows["author_posts_24h"].to_pylist()]))
    evaluation = posts_replay(LakeResource(root=settings.lake_root))
    assert isinstance(evaluation, dg.AssetCheckResult)
    assert not evaluation.passed
    assert "author_posts_24h in" in str(evaluation.description)
    assert list(evaluation.metadata["differ"].data) == ["author_posts_24h"]


def test_posts_deleted_since_explain_lower_counts(shop):
    lake, settings = shop
    posts = lake.read(TABLES[POSTS])
    day = pc.equal(pc.day(posts["created_at"]), 2)
    publish(lake, POSTS, posts.filter(pc.invert(day)))
    for key in HOURS[24:48]:
        if key in lake.partitions(TABLES[POSTS]):
            lake.publish(TABLES[POSTS], {key: TABLES[POSTS].empty()})
    assert {one.feature for one in replay_posts(lake, settings).differ} >= {"author_posts_7d"}
    notice = {
        "hour": START + timedelta(days=2),
        "network": "x",
        "action": "delete",
        "deleted_at": START,
        "source": "x",
        "landing_file": "f",
    }
    notice |= {"subject_kind": "post", "subject": "1", "landing_line": 0, "request_id": "r"}
    lake.publish(
        TABLES["social/deletions"], {HOURS[71]: TABLES["social/deletions"].from_rows([notice | {"hour": START + timedelta(hours=71)}])}
    )
    found = replay_posts(lake, settings)
    assert found.passed
    assert "author_posts_7d" in {one.feature for one in found.explained}


def test_training_gets_what_was_served(shop):
    lake, settings = shop
    served = lake.read(POST_FEATURES).slice(300, 50)
    asked = served.select(["network", "post_id", "created_at", "moment"])
    assert features_at(lake, settings, asked).equals(served)
    assert reading.post_features(asked, settings.data).equals(served)


@pytest.mark.parametrize(
    ("days", "told"), [(-1, "the lake begins at 2026-09-01 00:00"), (10, "not published yet: hours are sealed up to 2026-09-04 0")]
)
def test_a_moment_that_is_not_published_is_refused(shop, days, told):
    lake, settings = shop
    posts = lake.read(TABLES[POSTS]).slice(0, 1)
    asked = posts.select(["network", "post_id", "created_at"]).append_column(
        "moment", pa.array([START + timedelta(days=days)], pa.timestamp("us", tz="UTC"))
    )
    with pytest.raises(PointInTimeError, match=told):
        features_at(lake, settings, asked)


def test_an_empty_lake_has_no_features(tmp_path):
    lake, settings = Lake(str(tmp_path / "lake")), Settings(data=str(tmp_path))
    assert features_of_hours(lake, settings, HOURS).num_rows == 0
    assert str(replay_posts(lake, settings)) == "models/post_features: nothing is recorded yet"
    assert replay_posts(lake, settings).passed
    assert replay_demand(lake).passed
    asked = opinion_posts(3)
    asked = asked.select(["network", "post_id", "created_at"]).append_column("moment", known_from(asked, SEAL))
    with pytest.raises(PointInTimeError, match="nothing was ever known"):
        features_at(lake, settings, asked)


DAY = date(2026, 9, 20)


@pytest.fixture
def products(tmp_path: Path) -> Lake:
    """A lake with four weeks of sales, and the features that were made at the end of a day a week before its end."""
    lake = Lake(str(tmp_path / "lake"))
    for number in range(28):
        at = date(2026, 9, 1) + timedelta(days=number)
        for path in DEMAND_READS:
            lake.publish(TABLES[path], {str(at): retail(path, at, number)})
    keys = [key for key in lake.partitions(TABLES[DEMAND_READS[0]]) if key <= str(DAY)]
    tables = {path: lake.read(TABLES[path], keys) for path in DEMAND_READS}
    rows = feature_rows(tables, tables["demand/product_trend_links"], [DAY])
    lake.publish(TABLES["demand/demand_features"], {str(DAY): rows}, inputs={str(DAY): demand_inputs(lake, DAY)})
    return lake


def retail(path: str, at: date, number: int) -> pa.Table:
    """A few rows of a retail table of one day."""
    table = TABLES[path]
    values: dict[str, object] = {}
    for column in table.columns:
        kind = column.type
        if column.allowed:
            values[column.name] = column.allowed[0]
        elif pa.types.is_string(kind):
            values[column.name] = column.name
        elif pa.types.is_date(kind):
            values[column.name] = at
        elif pa.types.is_timestamp(kind):
            values[column.name] = datetime(at.year, at.month, at.day, 12, tzinfo=START.tzinfo)
        elif pa.types.is_boolean(kind):
            values[column.name] = False
        else:
            values[column.name] = None if column.nullable else 1
    if path in ("demand/product_trend_links", "retail/promotions"):
        return table.empty()
    rows = [values | {"product_id": f"p{product}"} for product in range(3)]
    if path == "retail/orders":
        rows = [row | {"order_id": f"o{at}{place}", "quantity": 1 + (number + place) % 4} for place, row in enumerate(rows)]
    return table.from_rows(rows)


def test_features_of_products_are_replayed_too(products):
    found = replay_demand(products)
    assert (found.passed, found.day, found.rows) == (True, str(DAY), 3)


def test_a_feature_of_products_that_looks_ahead_is_named(products, monkeypatch):
    honest = demand._social
    monkeypatch.setattr(demand, "_social", lambda known: honest(known) | {"trend_score": known.units[:, -1] + 7})
    found = replay_demand(products)
    assert [one.feature for one in found.differ] == ["trend_score"]
    assert "product_id=p0 store_id=store_id" in str(found)


def test_sales_that_were_corrected_since_explain_a_difference(products):
    orders = TABLES["retail/orders"]
    rows = products.read(orders, ["2026-09-19"])
    products.publish(orders, {"2026-09-19": changed(rows, "quantity", [50] * rows.num_rows)})
    found = replay_demand(products)
    assert found.passed
    assert "units_3d" in {one.feature for one in found.explained}


class Counting(Sentiment):
    """Sentiment that reads features besides the text."""

    features = ("clean_text", "language", "author_followers", "author_posts_7d")


def judged(lake: Lake, settings: Settings, change: str = "", value: int = 0) -> list[str]:
    """Leaks among the lake's posts of two days and a third, with their features as served, one of them changed in one row."""
    served, posts = lake.read(POST_FEATURES), lake.read(TABLES[POSTS])
    rows = posts.select(["network", "post_id", "created_at", "author", "near_duplicate_key", "clean_text"])
    for name in Counting.features[1:]:
        rows = rows.append_column(name, served[name])
    if change:
        rows = changed(rows, change, [value, *rows[change].to_pylist()[1:]])
    rows = rows.append_column("label", pa.array(["positive" if len(text) % 2 else "negative" for text in rows["clean_text"].to_pylist()]))
    late = pc.equal(pc.day(rows["created_at"]), 3)
    return leaks_of(Counting(), rows.filter(pc.invert(late)), rows.filter(late), lake, settings)


def told_again(leaks: list[str]) -> list[str]:
    return [leak for leak in leaks if "made again" in leak]


def test_the_gate_passes_features_that_are_the_same_when_made_again(shop):
    assert told_again(judged(*shop)) == []


@pytest.mark.parametrize(("name", "value"), [("author_posts_7d", 999), ("author_followers", 12)])
def test_the_gate_refuses_a_feature_that_is_otherwise_in_one_row(shop, name, value):
    (leak,) = told_again(judged(*shop, name, value))
    assert leak.startswith(f"future, {name}: is otherwise when made again as known at the moment of each training row")


def test_the_gate_refuses_features_that_cannot_be_made_again(shop):
    lake, settings = shop
    later = settings.model_copy(update={"lake_start": START + timedelta(days=2)})
    (leak,) = told_again(judged(lake, later))
    assert "cannot be made again" in leak
    assert "the lake begins at" in leak


def test_what_is_no_post_of_the_lake_is_left_as_it_is(shop):
    lake, settings = shop
    rows = lake.read(POST_FEATURES).slice(10, 3).select(["network", "post_id", "created_at", "author_posts_7d"])
    rows = changed(changed(rows, "post_id", ["of the owner", *rows["post_id"].to_pylist()[1:]]), "author_posts_7d", [7, 700, 700])
    own, *posts = made_again(lake, settings, rows)["author_posts_7d"].to_pylist()
    assert own == 7
    assert posts == lake.read(POST_FEATURES)["author_posts_7d"].to_pylist()[11:13]
