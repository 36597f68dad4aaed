"""The batched event log stores what Dagster's own SQLite event log stores."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.storage.event_log import SqliteEventLogStorage

from trend_assets.operations.event_log import BatchedSqliteEventLogStorage, report_materializations

HOURS = [f"2026-09-01-{hour:02d}:00" for hour in range(24)]
partitions = dg.HourlyPartitionsDefinition(start_date="2026-09-01-00:00", end_date="2026-09-02-00:00", timezone="UTC")
RANGE = {"dagster/asset_partition_range_start": HOURS[0], "dagster/asset_partition_range_end": HOURS[-1]}


@dg.asset(partitions_def=partitions, backfill_policy=dg.BackfillPolicy.single_run())
def counts() -> None:
    """An asset of 24 partitions in one run."""


@dg.asset_check(asset=counts, partitions_def=partitions)
def counted() -> dg.AssetCheckResult:
    """A check that is planned for each of the run's partitions."""
    return dg.AssetCheckResult(passed=True)


def run(folder: Path, storage: type[SqliteEventLogStorage]) -> tuple[dg.DagsterInstance, str]:
    """Materialize the range on an instance whose event log is of the given class; returns the instance and the log's folder."""
    folder.mkdir()
    stores = {
        "event_log_storage": (storage.__module__, storage.__name__, "log"),
        "run_storage": ("dagster._core.storage.runs", "SqliteRunStorage", "runs"),
        "schedule_storage": ("dagster._core.storage.schedules", "SqliteScheduleStorage", "runs"),
    }
    settings = {
        key: {"module": module, "class": name, "config": {"base_dir": f"{folder}/{base}"}} for key, (module, name, base) in stores.items()
    }
    (folder / "dagster.yaml").write_text(yaml.safe_dump({"telemetry": {"enabled": False}, **settings}))
    instance = dg.DagsterInstance.from_config(str(folder))
    assert isinstance(instance.event_log_storage, storage)
    assert dg.materialize([counts, counted], instance=instance, tags=RANGE).success
    return instance, str(folder / "log" / "events" if storage is BatchedSqliteEventLogStorage else folder / "log")


def stored(log: str) -> dict[str, list[tuple]]:
    index = sqlite3.connect(f"{log}/index.db")
    return {
        "events": sorted(index.execute("select dagster_event_type, step_key, asset_key, partition from event_logs").fetchall(), key=str),
        "tags": sorted(index.execute("select asset_key, key from asset_event_tags").fetchall()),
        "checks": sorted(
            index.execute("select asset_key, check_name, partition, execution_status from asset_check_executions").fetchall(), key=str
        ),
        "assets": index.execute("select asset_key, last_materialization like '%' || ? || '%' from asset_keys", (HOURS[-1],)).fetchall(),
    }


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "10")


def test_a_range_of_partitions_is_stored_as_dagster_stores_it(tmp_path: Path, batches: None) -> None:
    ours, our_log = run(tmp_path / "ours", BatchedSqliteEventLogStorage)
    theirs, their_log = run(tmp_path / "theirs", SqliteEventLogStorage)
    assert stored(our_log) == stored(their_log)
    assert stored(our_log)["assets"] == [('["counts"]', 1)]
    for instance in (ours, theirs):
        assert instance.get_materialized_partitions(dg.AssetKey("counts")) == set(HOURS)
        latest = instance.get_latest_materialization_event(dg.AssetKey("counts"))
        assert latest is not None
        assert latest.dagster_event is not None
        assert latest.dagster_event.partition == HOURS[-1]


def test_reported_partitions_are_materialized_partitions(tmp_path: Path, batches: None) -> None:
    instance, _ = run(tmp_path / "ours", BatchedSqliteEventLogStorage)
    report_materializations(instance, [dg.AssetMaterialization("other", partition=hour, metadata={"rows": 1}) for hour in HOURS])
    assert instance.get_materialized_partitions(dg.AssetKey("other")) == set(HOURS)
