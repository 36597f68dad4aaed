"""Housekeeping: removes what nothing names and what has passed its retention, and nothing else; a dry run removes nothing."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.lake.reader import folder_of_key, manifest_path
from trend_assets.operations import housekeeping
from trend_assets.operations.event_log import report_materializations
from trend_assets.operations.housekeeping import (
    enforce_retention,
    expired_partitions,
    keep_house,
    remove_logs,
    remove_partition,
    remove_runs,
    retention_is_enforced,
)
from trend_assets.operations.sealing import SEALED_TABLES
from trend_assets.partitions import day_key, hour_key
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
EVENTS, LIVE, PRODUCTS = TABLES["topics/topic_events"], TABLES["social/live_posts"], TABLES["retail/products"]
CLEAN = TABLES["social/clean_posts"]
KEPT = CLEAN.retention_days or 0


def settings(folder: Path, **changes: object) -> Settings:
    return Settings(_env_file=None, data=str(folder), **changes)


def production() -> Settings:
    return Settings(_env_file=None, environment="production", data="gs://bucket/lake", pseudonym_key="secret", bigquery_project="a-project")


@pytest.fixture
def lake(tmp_path) -> Lake:
    """An hour of a day more than is declared ago and one of a day less; a day of yesterday."""
    made = Lake(str(tmp_path / "lake"))
    made.publish(CLEAN, {hour_key(NOW - timedelta(days=days)): CLEAN.empty() for days in (KEPT + 1, KEPT - 1)})
    made.publish(PRODUCTS, {day_key((NOW - timedelta(days=1)).date()): PRODUCTS.empty()})
    return made


def age(lake: Lake, days: float) -> None:
    """Make every file of the lake look this old."""
    for path in Path(lake.storage.uri("social")).parent.rglob("*"):
        if path.is_file():
            moment = (NOW - timedelta(days=days)).timestamp()
            os.utime(path, (moment, moment))


def files(lake: Lake) -> set[str]:
    return set(lake.storage.list())


def test_only_partitions_past_their_declared_retention_are_expired(lake):
    assert expired_partitions(lake, CLEAN, NOW, NOW) == [hour_key(NOW - timedelta(days=KEPT + 1))]
    assert expired_partitions(lake, PRODUCTS, NOW, NOW) == []
    later = NOW + timedelta(days=9999)
    assert expired_partitions(lake, TABLES["social/deletions"], later, later) == []  # kept for good


def test_what_sealing_still_needs_stays_however_old_it_is(tmp_path):
    """An archive, sealed a week at a time: the newest sealed hour is 60 days old, or nothing is sealed yet."""
    lake, hour = Lake(str(tmp_path / "lake")), NOW - timedelta(days=60)
    needed = ("social/raw_posts", "social/clean_posts", "topics/topics", "topics/topic_hours", "retail/quarantined_records")
    for path in needed:
        key = hour_key(hour) if TABLES[path].partition == "hour" else day_key(hour.date())
        lake.publish(TABLES[path], {key: TABLES[path].empty()})
    for later, gone in ((None, set()), (hour + timedelta(hours=1), set()), (hour + timedelta(days=KEPT + 1, hours=1), set(needed[:3]))):
        removed = enforce_retention(lake, production(), NOW, sealed_until=later, dry_run=True)
        assert set(removed.partitions) == gone
    with dg.DagsterInstance.ephemeral() as instance:
        keep_house(lake, production(), instance, alerts=tmp_path / "alerts.jsonl", logs=[], now=NOW)
    assert {path for path in needed if lake.partitions(TABLES[path])} == set(needed)


def test_provisional_posts_go_by_the_clock(lake):
    lake.publish(LIVE, {hour_key(NOW - timedelta(days=3)): LIVE.empty()})
    assert expired_partitions(lake, LIVE, NOW, None) == [hour_key(NOW - timedelta(days=3))]


def test_enforcing_retention_removes_the_partition_with_its_parts_and_leaves_the_rest(lake):
    before = files(lake)
    removed = enforce_retention(lake, production(), NOW, sealed_until=NOW, dry_run=False)
    assert removed.partitions == {"social/clean_posts": 1}
    gone = before - files(lake)
    assert {path.rpartition("/")[0] for path in gone} == {folder_of_key(CLEAN, hour_key(NOW - timedelta(days=KEPT + 1)))}
    assert lake.partitions(CLEAN) == [hour_key(NOW - timedelta(days=KEPT - 1))]
    assert enforce_retention(lake, production(), NOW, sealed_until=NOW, dry_run=False).partitions == {}


def test_a_dry_run_says_what_would_go_and_removes_nothing(lake):
    before = files(lake)
    assert enforce_retention(lake, production(), NOW, sealed_until=NOW, dry_run=True).partitions == {"social/clean_posts": 1}
    assert files(lake) == before


def test_in_dev_and_in_a_lake_of_the_past_retention_is_told_but_only_provisional_tables_are_removed(lake, tmp_path):
    lake.publish(LIVE, {hour_key(NOW - timedelta(days=3)): LIVE.empty()})
    developer = settings(tmp_path)
    removed = enforce_retention(lake, developer, NOW, sealed_until=NOW, dry_run=False)
    assert (removed.overdue, removed.partitions) == ({"social/clean_posts": 1}, {"social/live_posts": 1})
    past = settings(tmp_path, lake_end=NOW - timedelta(days=1))
    assert not retention_is_enforced(past, LIVE)
    assert retention_is_enforced(production(), CLEAN)
    assert not retention_is_enforced(developer, CLEAN)


def test_a_person_may_force_it(lake, tmp_path):
    assert enforce_retention(lake, settings(tmp_path), NOW, sealed_until=NOW, dry_run=False, force=True).partitions == {
        "social/clean_posts": 1
    }


def test_a_kill_after_the_manifest_leaves_an_invisible_partition_whose_parts_are_garbage(lake, monkeypatch):
    key = hour_key(NOW - timedelta(days=KEPT + 1))
    delete = lake.storage.delete

    def killed_after_manifest(path: str) -> None:
        if not path.endswith("_manifest.json"):
            raise KeyboardInterrupt
        delete(path)

    monkeypatch.setattr(lake.storage, "delete", killed_after_manifest)
    with pytest.raises(KeyboardInterrupt):
        remove_partition(lake, CLEAN, key)
    monkeypatch.undo()
    assert key not in lake.partitions(CLEAN)
    age(lake, 2)
    assert housekeeping.remove_garbage(lake, NOW) == 1
    assert lake.storage.list(f"{folder_of_key(CLEAN, key)}/") == []


def test_a_part_that_is_being_published_meanwhile_is_not_touched(lake):
    key = hour_key(NOW - timedelta(days=KEPT + 1))
    lake.storage.write_new(f"{folder_of_key(CLEAN, key)}/part-of-somebody.parquet", b"x")
    assert remove_partition(lake, CLEAN, key)
    assert lake.storage.list(f"{folder_of_key(CLEAN, key)}/") == [f"{folder_of_key(CLEAN, key)}/part-of-somebody.parquet"]


def test_a_damaged_manifest_is_left_for_a_person(lake):
    path = Path(lake.storage.uri(manifest_path(CLEAN, hour_key(NOW - timedelta(days=KEPT + 1)))))
    path.write_text("damaged")
    removed = enforce_retention(lake, production(), NOW, sealed_until=NOW, dry_run=False)
    assert (removed.partitions, removed.overdue) == ({"social/clean_posts": 0}, {"social/clean_posts": 1})
    assert path.exists()


def test_garbage_goes_after_a_day_and_what_a_manifest_names_stays(lake):
    table, key = CLEAN, hour_key(NOW - timedelta(days=KEPT - 1))
    stray = f"{folder_of_key(table, key)}/part-stray.parquet"
    lake.storage.write_new(stray, b"x")
    named = files(lake) - {stray}
    age(lake, 0.5)
    assert housekeeping.remove_garbage(lake, NOW) == 0
    age(lake, 2)
    assert housekeeping.remove_garbage(lake, NOW, dry_run=True) == 0
    assert housekeeping.remove_garbage(lake, NOW) == 1
    assert files(lake) == named


def make_run(instance: dg.DagsterInstance, job: str, status: dg.DagsterRunStatus = dg.DagsterRunStatus.SUCCESS) -> str:
    return instance.create_run_for_job(dg.job(name=job)(lambda: None), status=status).run_id


def test_old_runs_of_service_jobs_go_and_runs_that_made_hours_or_days_stay(monkeypatch):
    monkeypatch.setattr(housekeeping, "KEPT_RUNS", 2)
    with dg.DagsterInstance.ephemeral() as instance:
        live = [make_run(instance, "live") for _ in range(5)]
        going = make_run(instance, "live", dg.DagsterRunStatus.STARTED)
        sealed = make_run(instance, "social_hours")
        later = datetime.now(UTC) + timedelta(days=2)
        assert remove_runs(instance, datetime.now(UTC)) == {}  # none is old yet
        assert remove_runs(instance, later, dry_run=True) == {"live": 4}
        assert remove_runs(instance, later) == {"live": 4}
        assert {run.run_id for run in instance.get_runs()} == {live[-1], going, sealed}


def test_removing_runs_is_bounded(monkeypatch):
    monkeypatch.setattr(housekeeping, "KEPT_RUNS", 1)
    monkeypatch.setattr(housekeeping, "MOST_RUNS", 3)
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(6):
            make_run(instance, "live")
        later = datetime.now(UTC) + timedelta(days=2)
        assert [remove_runs(instance, later) for _ in range(3)] == [{"live": 3}, {"live": 2}, {}]


def test_old_logs_go(tmp_path):
    for name, days in (("old.log", 31), ("new.log", 1), ("old.txt", 31)):
        file = tmp_path / name
        file.write_text("")
        moment = (NOW - timedelta(days=days)).timestamp()
        os.utime(file, (moment, moment))
    assert remove_logs([tmp_path, tmp_path / "none"], NOW, dry_run=True) == 1
    assert remove_logs([tmp_path, tmp_path / "none"], NOW) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.log", "old.txt"]


def test_a_night_reports_everything_it_removed(lake, tmp_path):
    with dg.DagsterInstance.ephemeral() as instance:
        last = hour_key(NOW - timedelta(hours=1))
        report_materializations(instance, [dg.AssetMaterialization(path.split("/"), partition=last) for path in SEALED_TABLES])
        removed = keep_house(lake, settings(tmp_path), instance, alerts=tmp_path / "alerts.jsonl", logs=[tmp_path], now=NOW, retention=True)
    assert removed.figures() == {
        "dry_run": False,
        "unnamed_parts_removed": 0,
        "partitions_removed": 1,
        "partitions_removed_by_table": {"social/clean_posts": 1},
        "partitions_past_retention_kept": 0,
        "partitions_past_retention_kept_by_table": {},
        "runs_removed_by_job": {},
        "log_files_removed": 0,
        "alerts_removed": 0,
    }
