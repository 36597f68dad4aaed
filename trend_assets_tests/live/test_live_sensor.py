"""When a live run is asked for: while files wait, in time before the one under way ends, not at once after one that failed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import LocalStorage
from trend_assets.lib.live.health import within_budget
from trend_assets.lib.live.hours import OpenHours
from trend_assets.lib.live.judge import LiveTables
from trend_assets.live.lane import LiveReport, look
from trend_assets.live.lease import LEASE_SECONDS, Turn
from trend_assets.live.report import LiveTotals
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets_tests.live.test_live import land, record

STATUS = dg.DagsterRunStatus
JOB = dg.GraphDefinition(name="live", node_defs=[]).to_job("live")


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A lake whose first hour is two hours ago; nothing has landed."""
    return Settings(_env_file=None, data=str(tmp_path), lake_start=datetime.now(UTC) - timedelta(hours=2))


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def tick(settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, after: float = 0.0) -> Any:
    """One evaluation of the live sensor, ``after`` seconds from now."""
    from trend_assets.defs.live import sensors
    from trend_assets.resources import LakeResource

    moment = time.time() + after
    with monkeypatch.context() as patch:
        patch.setattr(sensors, "load_settings", lambda: settings)
        patch.setattr(sensors.time, "time", lambda: moment)
        context = dg.build_sensor_context(instance=instance, resources={"lake": LakeResource(root=settings.lake_root)})
        return sensors.live_sensor(context)


def something_lands(settings: Settings, number: int = 1) -> list[str]:
    return land(settings, [record(number, datetime.now(UTC) - timedelta(seconds=30), "something landed")])


def test_a_run_is_asked_for_at_the_first_tick_that_sees_a_file(settings, instance, monkeypatch):
    assert tick(settings, instance, monkeypatch).skip_message == "no landing file waits"
    something_lands(settings)
    request = tick(settings, instance, monkeypatch)
    assert isinstance(request, dg.RunRequest)
    assert request.run_config["ops"]["live_tables"]["config"]["seconds"] >= settings.live_run_seconds + 600  # until the next one is there
    assert int(request.tags["dagster/max_runtime"]) > request.run_config["ops"]["live_tables"]["config"]["seconds"]


def test_a_look_reads_folders_of_open_hours_only_whatever_else_has_landed(settings, monkeypatch):
    old = datetime.now(UTC) - timedelta(days=3)
    older = settings.model_copy(update={"lake_start": old})
    land(older, [record(9, old, "long ago")])
    something_lands(settings)
    listed = []
    walk = LocalStorage.list
    monkeypatch.setattr(LocalStorage, "list", lambda self, prefix="": listed.append(prefix) or walk(self, prefix))
    assert look(settings, Lake(settings.lake_root)).waiting == 1
    landing = [prefix for prefix in listed if prefix.startswith("network=")]
    assert landing
    assert all(f"{old:%Y-%m-%dT%H}" not in prefix and "/hour=" in prefix for prefix in landing)


def test_the_next_run_is_asked_for_before_the_one_under_way_ends_and_only_one(settings, instance, monkeypatch):
    run = instance.create_run_for_job(JOB, status=STATUS.STARTED)
    young = tick(settings, instance, monkeypatch)
    assert run.run_id in young.skip_message
    late = settings.live_run_seconds
    turn(settings, run.run_id, after=60).take()  # it took a minute to start
    assert turn(settings, run.run_id, after=late).goes_on()
    assert run.run_id in tick(settings, instance, monkeypatch, after=late).skip_message
    assert isinstance(tick(settings, instance, monkeypatch, after=late + 61), dg.RunRequest)
    successor = instance.create_run_for_job(JOB, status=STATUS.NOT_STARTED)
    assert f"{successor.run_id} waits in the queue" in tick(settings, instance, monkeypatch, after=late + 120).skip_message


def turn(settings: Settings, run: str, after: float) -> Turn:
    return Turn(settings, run, finished=lambda _: False, clock=lambda: time.time() + after)


def test_a_run_that_stands_still_is_replaced_long_before_it_is_ended(settings, instance, monkeypatch):
    run = instance.create_run_for_job(JOB, status=STATUS.STARTED)
    turn(settings, run.run_id, 0).take()
    assert run.run_id in tick(settings, instance, monkeypatch, after=LEASE_SECONDS - 1).skip_message
    assert isinstance(tick(settings, instance, monkeypatch, after=LEASE_SECONDS + 1), dg.RunRequest)
    turn(settings, run.run_id, LEASE_SECONDS).take()  # it was only slow
    assert run.run_id in tick(settings, instance, monkeypatch, after=LEASE_SECONDS + 1).skip_message


def happens(instance: dg.DagsterInstance, run: dg.DagsterRun, what: str, after: float) -> None:
    """Record a start or end of the run, ``after`` seconds from now."""
    event = dg.DagsterEvent(event_type_value=what, job_name="live")
    instance.run_storage.handle_run_event(run.run_id, event, datetime.now(UTC) + timedelta(seconds=after))


def test_a_run_that_waited_in_the_queue_for_long_does_not_stand_still(settings, instance, monkeypatch):
    run = instance.create_run_for_job(JOB, status=STATUS.NOT_STARTED)
    happens(instance, run, "PIPELINE_START", after=2 * LEASE_SECONDS)
    assert run.run_id in tick(settings, instance, monkeypatch, after=2 * LEASE_SECONDS + 10).skip_message


def test_after_a_long_run_the_hour_is_not_judged_anew_at_once(settings, instance, monkeypatch):
    Lake(settings.lake_root).publish(TABLES["topics/live_trends"], {"all": TABLES["topics/live_trends"].empty()})
    run = instance.create_run_for_job(JOB, status=STATUS.NOT_STARTED)
    happens(instance, run, "PIPELINE_START", after=0)
    happens(instance, run, "PIPELINE_SUCCESS", after=2000)
    assert isinstance(tick(settings, instance, monkeypatch, after=2100), dg.SkipReason)
    assert isinstance(tick(settings, instance, monkeypatch, after=2700), dg.RunRequest)


def test_after_failures_the_next_run_waits_longer_each_time_and_says_so(settings, instance, monkeypatch):
    something_lands(settings)
    waits = []
    for _ in range(7):
        assert isinstance(tick(settings, instance, monkeypatch, after=1000), dg.RunRequest)
        instance.create_run_for_job(JOB, status=STATUS.FAILURE)
        skipped = tick(settings, instance, monkeypatch)
        waits.append(int(skipped.skip_message.split(" s.")[0].split()[-1]))
    assert "the last 7 runs failed" in skipped.skip_message
    assert waits == pytest.approx([15, 30, 60, 120, 240, 300, 300], abs=2)
    instance.create_run_for_job(JOB, status=STATUS.SUCCESS)
    assert isinstance(tick(settings, instance, monkeypatch), dg.RunRequest)


def test_a_quiet_lake_is_judged_now_and_then_and_one_that_was_never_live_not_at_all(settings, instance, monkeypatch):
    from trend_assets.defs.live.sensors import QUIET_SECONDS

    instance.create_run_for_job(JOB, status=STATUS.SUCCESS)
    assert isinstance(tick(settings, instance, monkeypatch, after=10 * QUIET_SECONDS), dg.SkipReason)
    table = TABLES["topics/live_trends"]
    Lake(settings.lake_root).publish(table, {"all": table.empty()})
    assert isinstance(tick(settings, instance, monkeypatch, after=QUIET_SECONDS - 10), dg.SkipReason)
    assert isinstance(tick(settings, instance, monkeypatch, after=QUIET_SECONDS + 10), dg.RunRequest)


def test_a_lake_of_the_past_is_left_alone(settings, instance, monkeypatch):
    start = datetime(2026, 9, 1, tzinfo=UTC)
    past = settings.model_copy(update={"lake_start": start, "lake_end": start + timedelta(days=2)})
    land(past, [record(1, start + timedelta(hours=1), "long ago")])
    assert "no hour is open" in tick(past, instance, monkeypatch).skip_message


def test_the_lag_check_holds_what_the_newest_run_measured_against_the_budget(settings, instance):
    from trend_assets.declared import asset_key
    from trend_assets.defs.live.checks import slowest

    assert slowest(instance) is None
    now = datetime.now(UTC)
    report = LiveReport(OpenHours(now, None, now), tables=LiveTables(pa.table({}), pa.table({}), 1.0))
    report.oldest_received, report.published_at = now - timedelta(seconds=90), now  # its newest post may be fresh
    total = LiveTotals()
    total.add(report)
    instance.report_runless_asset_event(dg.AssetMaterialization(asset_key("topics/live_trends"), metadata=total.figures))
    assert slowest(instance) == pytest.approx(90)
    assert not within_budget(slowest(instance)).passed


def test_every_live_table_says_that_it_is_provisional():
    """Trends and rankings row by row; posts are what was said and only their being complete is provisional: the table says so."""
    from trend_assets.definitions import definitions
    from trend_assets.defs.jobs import LIVE_TABLES

    graph = definitions().resolve_asset_graph()
    for path in LIVE_TABLES:
        node = graph.get(dg.AssetKey(path.split("/")))
        assert node.tags["provisional"] == "true"
        assert node.metadata["provisional"] is True or node.metadata["provisional"].value is True
        assert node.description.startswith("Provisional")
    rows = {path for path in LIVE_TABLES if "provisional" in [column.name for column in TABLES[path].columns]}
    assert rows == {"topics/live_trends", "influencers/live_rankings"}
