"""Which hours a champion has yet to label."""

from datetime import UTC, datetime

import dagster as dg

from trend_assets.defs.models.schedules import predictions_schedule
from trend_assets.models.due import predictions_due
from trend_assets.operations.runs import Range
from trend_assets.operations.sealing import HOUR, HOURS_PER_RUN, SEALED_TABLES
from trend_assets.partitions import hour_key
from trend_assets.settings import load_settings

START = datetime(2026, 9, 1, tzinfo=UTC)


def _records(first: int, hours: int, number: int = 0) -> dict[str, int]:
    return {hour_key(START + hour * HOUR): number + hour for hour in range(first, first + hours)}


def test_a_champion_labels_what_was_sealed_since_it_last_did_and_without_one_nothing_is_due():
    sealed, clean = (START, START + 12 * HOUR), _records(0, 12)
    assert "sentiment_training" in predictions_due("sentiment", sealed, clean, {}, champion=False).reason
    assert predictions_due("sentiment", None, {}, {}, champion=True).range is None
    assert predictions_due("sentiment", sealed, clean, {}, champion=True).range == Range("2026-09-01-00:00", "2026-09-01-11:00")
    labelled = _records(0, 10, number=100)
    assert predictions_due("sentiment", sealed, clean, labelled, champion=True).range == Range("2026-09-01-10:00", "2026-09-01-11:00")
    assert predictions_due("sentiment", (START, START + 10 * HOUR), clean, labelled, champion=True).range is None
    later = _records(4, 6, number=100)
    assert predictions_due("sentiment", (START, START + 10 * HOUR), clean, later, champion=True).range is None, "hours before are a choice"


def test_an_hour_that_late_posts_came_to_is_labelled_again_with_the_day_that_counts_it():
    sealed, clean, labelled = (START, START + 96 * HOUR), _records(0, 96), _records(0, 96, number=100)
    late = clean | {hour_key(START + 5 * HOUR): 300, hour_key(START + 20 * HOUR): 301, hour_key(START + 80 * HOUR): 302}
    due = predictions_due("sentiment", sealed, late, labelled, champion=True)
    assert due.range == Range("2026-09-01-05:00", hour_key(START + 43 * HOUR))
    assert due.left == 1
    again = labelled | {hour_key(START + hour * HOUR): 400 + hour for hour in range(5, 44)}
    assert predictions_due("sentiment", sealed, late, again, champion=True).range == Range(hour_key(START + 80 * HOUR), "2026-09-04-23:00")


def test_where_the_record_of_posts_is_lost_only_hours_without_predictions_are_due():
    sealed, labelled = (START, START + 3 * HOUR), _records(0, 2, number=1)
    assert predictions_due("sentiment", sealed, {}, labelled, champion=True).range == Range("2026-09-01-02:00", "2026-09-01-02:00")


def test_a_long_backlog_is_labelled_a_week_and_a_day_at_a_time():
    long = (START, START + (HOURS_PER_RUN + 40) * HOUR)
    due = predictions_due("sentiment", long, {}, _records(0, 1), champion=True)
    assert due.range == Range("2026-09-01-01:00", hour_key(START + (HOURS_PER_RUN + 23) * HOUR))
    assert due.left == 16


def test_the_schedule_asks_again_for_hours_whose_posts_are_newer_than_their_predictions(tmp_path, monkeypatch):
    monkeypatch.setenv("TREND_ASSETS_DATA", str(tmp_path))
    load_settings.cache_clear()
    hourly = predictions_schedule("sentiment")
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:

        def record(path: str, *hours: int | None) -> None:
            for hour in hours:
                partition = None if hour is None else hour_key(START + hour * HOUR)
                instance.report_runless_asset_event(dg.AssetMaterialization(path.split("/"), partition=partition))

        def tick() -> object:
            return hourly(dg.build_schedule_context(instance=instance))

        for path in (*SEALED_TABLES, "social/clean_posts"):
            record(path, *range(30))
        record("sentiment/champion", None)
        assert tick().tags["dagster/asset_partition_range_end"] == hour_key(START + 29 * HOUR)
        record("sentiment/predictions", *range(30))
        assert "every sealed hour is labelled" in tick().skip_message
        record("social/clean_posts", 5)
        asked = tick().tags
        assert asked["dagster/asset_partition_range_start"] == hour_key(START + 5 * HOUR)
        assert asked["dagster/asset_partition_range_end"] == hour_key(START + 28 * HOUR)
        record("sentiment/predictions", *range(5, 29))
        assert "every sealed hour is labelled" in tick().skip_message
    load_settings.cache_clear()
