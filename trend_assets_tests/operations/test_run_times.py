"""Slow runs in Dagster's own record: told once, also while they go on."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.test_utils import create_run_for_test

from trend_assets.operations.run_times import slow_runs

NOW = datetime(2026, 9, 20, 7, tzinfo=UTC)


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as one:
        yield one


def ran(instance: dg.DagsterInstance, seconds: float | None, job: str = "nightly", ago: float = 10_000, **tags: str) -> str:
    run: DagsterRun = create_run_for_test(instance, job_name=job, tags=tags)
    start = NOW.timestamp() - ago
    for kind, moment in (
        (dg.DagsterEventType.RUN_START, start),
        (dg.DagsterEventType.RUN_SUCCESS, None if seconds is None else start + seconds),
    ):
        if moment is not None:
            event = dg.DagsterEvent(event_type_value=kind.value, job_name=job)
            instance.run_storage.handle_run_event(run.run_id, event, datetime.fromtimestamp(moment, UTC))
    return run.run_id


def test_the_newest_run_is_measured_by_those_before_and_told_once(instance) -> None:
    for number in range(10):
        ran(instance, 100 + number)
    assert slow_runs(instance, (), NOW) == []
    slow = ran(instance, 900)
    [found] = slow_runs(instance, (), NOW)
    assert (found.run_id, found.job, found.going) == (slow, "nightly", False)
    assert "took 15 min" in found.alert(NOW).text
    assert found.alert(NOW).kind == "slow_run"
    assert slow_runs(instance, (slow,), NOW) == []


def test_a_run_that_hangs_is_told_of_while_it_goes_on(instance) -> None:
    for _ in range(10):
        ran(instance, 100)
    ran(instance, None, ago=3_000)
    [found] = slow_runs(instance, (), NOW)
    assert found.going
    assert "still running after 50 min" in found.alert(NOW).text


def test_a_backfill_is_no_norm_and_has_its_own(instance) -> None:
    for _ in range(10):
        ran(instance, 100)
    month = {"dagster/asset_partition_range_start": "2026-09-01-00:00", "dagster/asset_partition_range_end": "2026-09-30-23:00"}
    ran(instance, 5_000, **month)
    assert slow_runs(instance, (), NOW) == []
