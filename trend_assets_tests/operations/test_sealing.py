"""What is due: hours once ended, in time order, bounded, over gaps; days after them; and what a lake of the past does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.landing.files import landing_hours, make_ulid
from trend_assets.operations.event_log import report_materializations
from trend_assets.operations.runs import Range
from trend_assets.operations.sealing import (
    HOURS_PER_RUN,
    QUIET,
    SEALED_TABLES,
    Landed,
    daily_due,
    hours_due,
    landed_at,
    marts_due,
    recorded,
    sealed_hours,
    under_way,
    what_landed,
)
from trend_assets.partitions import day_key, hour_key, hours_between
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets_tests.storages import KINDS, new_storage

START = datetime(2026, 9, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def settings(**changes: object) -> Settings:
    return Settings(_env_file=None, **{"lake_start": START, "retail_mapping": Path("mapping.yml"), **changes})


def landed(first: datetime, newest: datetime, after: timedelta = HOUR) -> Landed:
    return Landed(first, newest, newest + after)


def due(now: datetime, newest: datetime, sealed_until: datetime | None = None, **changes: object):
    sealed = None if sealed_until is None else (START, sealed_until)
    return hours_due(settings(**changes), landed(START + 6 * HOUR, newest), sealed, now)


def test_an_hour_is_due_two_hours_after_its_end_and_the_first_is_the_first_that_landed():
    newest = START + 20 * HOUR
    assert due(START + timedelta(hours=8, minutes=59), newest).range is None
    assert due(START + 9 * HOUR, newest).range == Range("2026-09-01-06:00", "2026-09-01-06:00")
    assert due(START + timedelta(hours=11, minutes=30), newest).range == Range("2026-09-01-06:00", "2026-09-01-08:00")


def test_sealing_goes_on_after_the_last_sealed_hour_and_over_hours_without_posts():
    silent_since = START + 10 * HOUR
    assert due(START + 22 * HOUR, silent_since, START + 15 * HOUR).range == Range("2026-09-01-15:00", "2026-09-01-19:00")


def test_nothing_is_due_twice():
    found = due(START + 22 * HOUR, START + 20 * HOUR, START + 20 * HOUR)
    assert found.range is None
    assert "2 hours after its end" in found.reason


def test_the_delay_is_a_setting():
    assert due(START + 10 * HOUR, START + 20 * HOUR, START + 8 * HOUR, seal_after_hours=0).range == Range(
        "2026-09-01-08:00", "2026-09-01-09:00"
    )


def test_a_long_outage_is_caught_up_with_in_bounded_ranges():
    sealed_until, now, ranges = START + DAY, START + 31 * DAY, []
    while (found := due(now, now - HOUR, sealed_until)).range:
        ranges.append(found)
        sealed_until += min(HOURS_PER_RUN, (now - 2 * HOUR - sealed_until) // HOUR) * HOUR
    assert [one.left for one in ranges] == [718 - number * HOURS_PER_RUN for number in range(1, 5)] + [0]
    assert ranges[0].range == Range("2026-09-02-00:00", "2026-09-08-23:00")
    assert ranges[-1].range.last == hour_key(now - 3 * HOUR)
    for before, after in pairwise(ranges):
        assert datetime.strptime(after.range.first, "%Y-%m-%d-%H:%M") - datetime.strptime(before.range.last, "%Y-%m-%d-%H:%M") == HOUR


def test_a_stream_that_stopped_is_sealed_for_a_week_more_and_then_waits():
    newest = START + 10 * HOUR
    now = newest + QUIET + 5 * DAY
    assert due(now, newest, newest + HOUR).range.last == hour_key(newest + QUIET)
    waiting = due(now, newest, newest + HOUR + QUIET)
    assert waiting.range is None
    assert "nothing has landed since 2026-09-01 10:00" in waiting.reason


def test_an_archive_is_sealed_up_to_its_newest_hour_and_no_further():
    archive = Landed(START, START + 30 * HOUR, START + 700 * DAY)
    found = hours_due(settings(), archive, None, START + 701 * DAY)
    assert found.range == Range("2026-09-01-00:00", "2026-09-02-06:00")
    assert hours_due(settings(), archive, (START, START + 31 * HOUR), START + 701 * DAY).range is None


def test_a_lake_of_the_past_is_sealed_up_to_its_newest_post_and_says_why_nothing_is_due():
    end = START + 3 * DAY
    assert due(START + 90 * DAY, START + 47 * HOUR, lake_end=end).range == Range("2026-09-01-06:00", "2026-09-02-23:00")
    done = due(START + 90 * DAY, START + 47 * HOUR, START + 2 * DAY, lake_end=end)
    assert done.range is None
    assert "LAKE_END" in done.reason


def test_an_empty_lake_waits_for_something_to_land():
    assert hours_due(settings(), None, None, START).reason == "nothing has landed yet"


def test_no_hour_before_the_lake_is_sealed():
    found = hours_due(settings(), landed(START - 5 * HOUR, START + 8 * HOUR), None, START + 9 * HOUR)
    assert found.range.first == hour_key(START)


@pytest.mark.parametrize("kind", KINDS)
def test_what_landed_is_read_from_names(kind, tmp_path):
    storage = new_storage(kind, tmp_path)
    assert what_landed(storage) is None
    for network, hour, moment in (("x", 1, 2), ("bluesky", 3, 4), ("x", 3, 9)):
        ulid = make_ulid(START + moment * HOUR, b"0123456789")
        storage.write_new(f"network={network}/hour={START + hour * HOUR:%Y-%m-%dT%H}/{ulid}-0123456789ab.jsonl.zst", b"x")
    assert landing_hours(storage) == {START + HOUR: ["x"], START + 3 * HOUR: ["bluesky", "x"]}
    assert what_landed(storage) == Landed(START + HOUR, START + 3 * HOUR, START + 9 * HOUR)
    assert landed_at("network=x/hour=2026-09-01T00/unreadable.jsonl.zst").year < 2026


def materialize(instance: dg.DagsterInstance, path: str, keys: list[str]) -> None:
    report_materializations(instance, [dg.AssetMaterialization(path.split("/"), partition=key) for key in keys])


def test_an_hour_is_sealed_when_every_last_table_of_the_lane_is_recorded_also_without_rows(tmp_path):
    lake, keys = Lake(str(tmp_path)), [hour_key(START + number * HOUR) for number in range(5)]
    with dg.DagsterInstance.ephemeral() as instance:
        assert sealed_hours(instance, lake) is None
        materialize(instance, SEALED_TABLES[0], keys)
        assert sealed_hours(instance, lake) is None  # the run broke off before the rankings
        materialize(instance, SEALED_TABLES[1], keys[:4])
        assert sealed_hours(instance, lake) == (START, START + 4 * HOUR)


def test_where_dagsters_record_is_gone_the_newest_published_hour_counts(tmp_path):
    lake, trends = Lake(str(tmp_path)), TABLES["topics/trends"]
    lake.publish(trends, {hour_key(START + 3 * HOUR): trends.empty()})
    with dg.DagsterInstance.ephemeral() as instance:
        assert sealed_hours(instance, lake) == (START + 3 * HOUR, START + 4 * HOUR)


WHOLE = {hour_key(hour): number for number, hour in enumerate(hours_between(START, START + 4 * DAY))}
RETAIL = {day_key(START + number * DAY): 100 for number in range(4)}


def test_days_are_due_when_all_hours_and_retail_tables_are_there():
    assert daily_due(WHOLE, RETAIL, {}).range == Range("2026-09-01", "2026-09-04")
    without_an_hour = {key: number for key, number in WHOLE.items() if key != "2026-09-03-13:00"}
    found = daily_due(without_an_hour, RETAIL, {})
    assert (found.range, found.left) == (Range("2026-09-01", "2026-09-02"), 1)
    assert daily_due(WHOLE, {}, {}).range is None


def test_a_day_is_due_again_when_its_trends_or_retail_tables_are_newer():
    made = dict.fromkeys(RETAIL, 200)
    assert daily_due(WHOLE, RETAIL, made).range is None
    assert daily_due({**WHOLE, "2026-09-02-05:00": 201}, RETAIL, made).range == Range("2026-09-02", "2026-09-02")
    assert daily_due(WHOLE, {**RETAIL, "2026-09-04": 201}, made).range == Range("2026-09-04", "2026-09-04")


def test_marts_are_due_when_what_they_show_is_newer():
    with dg.DagsterInstance.ephemeral() as instance:
        materialize(instance, "topics/trends", ["2026-09-01-00:00"])
        assert marts_due(instance) is None  # no daily table yet: nothing that marts could read
        materialize(instance, "demand/decision_cards", ["2026-09-01"])
        assert "demand/decision_cards" in marts_due(instance)
        report_materializations(instance, [dg.AssetMaterialization(["warehouse", "trends_database"])])
        assert marts_due(instance) is None
        materialize(instance, "retail/products", ["2026-09-02"])
        assert marts_due(instance) == "retail/products newer than the warehouse file"


def test_a_run_that_is_queued_or_going_on_is_named():
    with dg.DagsterInstance.ephemeral() as instance:
        assert under_way(instance, "marts") is None
        run = instance.create_run_for_job(dg.job(name="marts")(lambda: None), status=dg.DagsterRunStatus.STARTED)
        assert under_way(instance, "marts") == f"the run {run.run_id[:8]} of marts is started"
        assert under_way(instance, "social_hours") is None


def test_records_are_numbered_in_the_order_in_which_they_were_made():
    with dg.DagsterInstance.ephemeral() as instance:
        materialize(instance, "topics/trends", ["2026-09-01-00:00", "2026-09-01-01:00"])
        first = recorded(instance, "topics/trends")
        materialize(instance, "topics/trends", ["2026-09-01-00:00"])
        assert recorded(instance, "topics/trends")["2026-09-01-00:00"] > max(first.values())
