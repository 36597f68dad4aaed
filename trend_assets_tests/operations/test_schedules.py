"""What the daemon runs: the instance's file, schedules and sensors as a user gets them, and what each tick asks for."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import typer
from dagster._core.definitions.dependency import NodeHandle
from dagster._core.run_coordinator import QueuedRunCoordinator
from rich.console import Console

from trend_assets.commands import seal
from trend_assets.definitions import definitions
from trend_assets.defs import automation
from trend_assets.defs.jobs import LANE, MAX_RUNTIME
from trend_assets.defs.live.jobs import LIVE_RUN
from trend_assets.defs.social import sensors
from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import open_storage
from trend_assets.landing.files import make_ulid
from trend_assets.operations import sealing
from trend_assets.operations.alerts import alerts_file, read_alerts
from trend_assets.operations.event_log import report_materializations
from trend_assets.operations.sealing import State
from trend_assets.operations.stopping import record_judged
from trend_assets.partitions import day_key, hour_key, hours_between
from trend_assets.settings import PROJECT_ROOT, Settings
from trend_assets.tables import TABLES
from trend_assets_tests.operations.test_removals import rows

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime.now(UTC).replace(minute=5, second=0, microsecond=0)
SCHEDULES = {"seal_hourly", "retail_daily", "marts_daily", "housekeeping_nightly", "monitoring_daily", "sentiment_retraining"}
SENSORS = {"landing", "failed_runs", "failed_checks_and_freshness", "lost_runs", "daily_assets", "slow_runs"}


@pytest.fixture(scope="module")
def loaded() -> dg.RepositoryDefinition:
    return definitions().get_repository_def()


@pytest.fixture(scope="module")
def configured(tmp_path_factory) -> Iterator[dg.DagsterInstance]:
    """The instance that dagster.yaml describes, in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TREND_ASSETS_DAGSTER_STORAGE", str(tmp_path_factory.mktemp("instance")))
        with dg.DagsterInstance.from_config(str(PROJECT_ROOT)) as instance:
            yield instance


def test_one_operation_at_a_time_writes_the_warehouse_without_anybody_setting_it(configured):
    pools = configured.get_concurrency_config().pool_config
    assert (pools.default_pool_limit, pools.pool_granularity.value) == (1, "op")
    configured.event_log_storage.initialize_concurrency_limit_to_default("warehouse")
    assert configured.event_log_storage.get_concurrency_info("warehouse").slot_count == 1


def test_runs_are_queued_looked_at_every_second_and_exclude_each_other_by_lane(configured):
    assert isinstance(configured.run_coordinator, QueuedRunCoordinator)
    assert configured.run_coordinator.dequeue_interval_seconds == 1
    queue = configured.get_concurrency_config().run_queue_config
    assert queue.tag_concurrency_limits == [
        {"key": LANE, "value": {"applyLimitPerUniqueValue": True}, "limit": 1},
        {"key": LIVE_RUN, "limit": 2},
    ]
    assert queue.max_concurrent_runs == 6


def test_crashed_runs_are_started_again_failed_operations_are_their_jobs_affair(configured):
    assert (configured.run_retries_enabled, configured.run_retries_max_retries) == (True, 2)
    assert configured.run_retries_retry_on_asset_or_op_failure is False


def test_runs_that_hang_are_ended_and_freshness_is_evaluated(configured):
    assert configured.run_monitoring_enabled
    assert configured.run_monitoring_start_timeout_seconds == 180
    assert configured.run_monitoring_max_runtime_seconds == 6 * 3600
    assert configured.freshness_enabled


def test_ticks_do_not_pile_up(configured):
    from dagster._core.definitions.run_request import InstigatorType
    from dagster._core.scheduler.instigation import TickStatus

    kept = configured.get_tick_retention_settings(InstigatorType.SENSOR)
    assert kept[TickStatus.SKIPPED] == 1
    assert all(days > 0 for days in kept.values())


def test_schedules_and_sensors_run_by_default(loaded):
    schedules = {schedule.name: schedule for schedule in loaded.schedule_defs}
    assert set(schedules) >= SCHEDULES
    assert all(schedules[name].default_status == dg.DefaultScheduleStatus.RUNNING for name in SCHEDULES)
    assert all(schedules[name].execution_timezone == "UTC" for name in SCHEDULES)
    found = {sensor.name: sensor for sensor in loaded.sensor_defs}
    assert set(found) >= SENSORS
    assert all(found[name].default_status == dg.DefaultSensorStatus.RUNNING for name in SENSORS)
    assert "default_automation_condition_sensor" not in found


@pytest.mark.parametrize("name", ["social_hours", "late_hours", "retail_days", "demand_days", "marts", "housekeeping"])
def test_every_job_has_a_lane_and_a_longest_time(loaded, name):
    job = loaded.get_job(name)
    assert job.tags[LANE]
    assert int(job.tags["dagster/max_runtime"]) <= 6 * 3600


def test_the_late_job_rebuilds_posts_assignments_and_counts_and_leaves_registry_events_and_trends(loaded):
    keys = {key.to_user_string() for key in loaded.get_job("late_hours").asset_layer.selected_asset_keys}
    assert {"social/raw_posts", "social/clean_posts", "topics/topic_assignments", "topics/topic_hours"} <= keys
    assert keys.isdisjoint({"topics/topics", "topics/topic_events", "topics/trends", "influencers/influencer_rankings"})


def test_the_sealing_job_makes_hourly_tables_and_no_provisional_ones(loaded):
    keys = {key.to_user_string() for key in loaded.get_job("social_hours").asset_layer.selected_asset_keys}
    assert {"social/raw_posts", "topics/topics", "topics/trends", "influencers/influencer_rankings"} <= keys
    assert keys.isdisjoint({"social/live_posts", "topics/live_trends", "influencers/live_rankings"})


class House:
    """A state of the lake for ticks: landing files, recorded partitions, settings."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.instance, self.number = instance, 0
        self.settings = Settings(_env_file=None, data=str(folder), lake_start=NOW - 3 * DAY, retail_mapping=folder / "mapping.yml")
        self.storage, self.lake = open_storage(self.settings.landing_root), Lake(self.settings.lake_root)

    def land(self, hour: datetime) -> str:
        self.number += 1
        ulid = make_ulid(hour + HOUR, self.number.to_bytes(10, "big"))
        path = f"network=x/hour={hour:%Y-%m-%dT%H}/{ulid}-{self.number:012x}.jsonl.zst"
        self.storage.write_new(path, b"x")
        return path

    def record(self, path: str, *keys: str) -> None:
        report_materializations(self.instance, [dg.AssetMaterialization(path.split("/"), partition=key) for key in keys])

    def seal(self, hours: list[datetime]) -> None:
        for path in sealing.SEALED_TABLES:
            self.record(path, *map(hour_key, hours))

    def tick(self, schedule: dg.ScheduleDefinition, at: datetime = NOW) -> dg.RunRequest | dg.SkipReason:
        context = dg.build_schedule_context(instance=self.instance, scheduled_execution_time=at)
        return schedule(context)


@pytest.fixture
def house(tmp_path, monkeypatch) -> Iterator[House]:
    with dg.instance_for_test() as instance:
        made = House(tmp_path, instance)
        state = State(made.settings, instance, made.lake, made.storage)
        monkeypatch.setattr(State, "of_settings", classmethod(lambda cls, instance=None: state))
        monkeypatch.setattr(sensors, "load_settings", lambda: made.settings)
        yield made


def bounds(request: dg.RunRequest) -> tuple[str, str]:
    return request.tags["dagster/asset_partition_range_start"], request.tags["dagster/asset_partition_range_end"]


def test_the_hourly_tick_asks_for_the_hours_that_are_due(house):
    assert "nothing has landed" in house.tick(automation.seal_hourly).skip_message
    first = NOW.replace(minute=0) - 6 * HOUR
    house.land(first)
    house.land(NOW.replace(minute=0))
    assert bounds(house.tick(automation.seal_hourly)) == (hour_key(first), hour_key(NOW - 3 * HOUR))
    house.seal(hours_between(first, NOW.replace(minute=0) - 2 * HOUR))
    assert "every hour that can be sealed is" in house.tick(automation.seal_hourly).skip_message
    assert bounds(house.tick(automation.seal_hourly, NOW + HOUR)) == (hour_key(NOW - 2 * HOUR), hour_key(NOW - 2 * HOUR))


def test_a_tick_waits_for_the_run_before(house):
    house.land(NOW.replace(minute=0) - 6 * HOUR)
    house.instance.create_run_for_job(dg.job(name="social_hours")(lambda: None), status=dg.DagsterRunStatus.STARTED)
    assert "is started" in house.tick(automation.seal_hourly).skip_message
    assert isinstance(house.tick(automation.housekeeping_nightly), dg.RunRequest)


def test_the_daily_tick_asks_for_retail_tables_of_closed_days(house):
    house.seal(hours_between(NOW.replace(minute=0) - 3 * DAY, NOW.replace(minute=0) - 2 * HOUR))
    house.record("retail/products", day_key((NOW - 3 * DAY).date()))
    assert bounds(house.tick(automation.retail_daily, NOW.replace(hour=3, minute=10))) == (
        day_key((NOW - 2 * DAY).date()),
        day_key((NOW - DAY).date()),
    )


MORNING = NOW.replace(hour=4, minute=30)
YESTERDAY = day_key((NOW - DAY).date())


def test_marts_wait_for_the_cards_of_the_last_closed_day_and_are_built_once(house):
    def tick(minutes: int) -> dg.RunRequest | dg.SkipReason:
        return house.tick(automation.marts_daily, MORNING + timedelta(minutes=minutes))

    assert "no daily table was made yet" in tick(0).skip_message
    house.record("demand/decision_cards", day_key((NOW - 2 * DAY).date()))
    assert f"the cards of {YESTERDAY} are not made yet; at 11:30" in tick(0).skip_message
    house.record("demand/decision_cards", YESTERDAY)
    assert isinstance(tick(30), dg.RunRequest)
    report_materializations(house.instance, [dg.AssetMaterialization(["warehouse", "trends_database"])])
    house.seal([NOW - 3 * HOUR])  # newer than the file, as every hour: no reason to build it sixteen times a morning
    assert f"the cards of {YESTERDAY} are in the warehouse file" in tick(60).skip_message
    house.record("demand/decision_cards", YESTERDAY)  # its products were read again
    assert isinstance(tick(90), dg.RunRequest)
    house.instance.create_run_for_job(dg.job(name="a_day")(lambda: None), status=dg.DagsterRunStatus.STARTED, tags={LANE: "daily"})
    assert "of a_day is started" in tick(120).skip_message


def test_marts_wait_while_a_day_of_retail_tables_stops_them(house):
    house.record("demand/decision_cards", YESTERDAY)
    bad = (NOW - 3 * DAY).date()
    record_judged(house.lake.storage, [bad], {bad: frozenset({("orders", "prices_paid")})})
    assert f"stopped by {bad} (retail/orders prices_paid)" in house.tick(automation.marts_daily, MORNING).skip_message
    record_judged(house.lake.storage, [bad], {})
    assert isinstance(house.tick(automation.marts_daily, MORNING), dg.RunRequest)


def test_where_a_day_is_never_made_marts_are_built_at_the_last_tick_of_what_there_is(house, monkeypatch):
    house.record("demand/decision_cards", day_key((NOW - 2 * DAY).date()))
    noon = MORNING.replace(hour=11)
    assert isinstance(house.tick(automation.marts_daily, noon + timedelta(hours=-1)), dg.SkipReason)
    assert isinstance(house.tick(automation.marts_daily, noon), dg.RunRequest)
    report_materializations(house.instance, [dg.AssetMaterialization(["warehouse", "trends_database"])])
    house.seal([NOW - 3 * HOUR])
    assert isinstance(house.tick(automation.marts_daily, noon), dg.SkipReason)  # the file is of today
    assert isinstance(house.tick(automation.marts_daily, noon + DAY), dg.RunRequest)


def test_operations_of_daily_tables_are_tried_again_whoever_starts_them_and_their_runs_end(loaded):
    """The condition's sensor starts no job of ours: only what the operations and the sensor say counts."""
    names, graph = ("product_trend_links", "warehouse_days", "decision_cards"), loaded.asset_graph
    daily = [key for key in graph.get_all_asset_keys() if graph.get(key).automation_condition is not None]
    job = loaded.get_implicit_job_def_for_assets(daily)
    assert {node.name for node in job.nodes if "audit" not in node.name} >= set(names)
    policies = [job.get_retry_policy_for_handle(NodeHandle(name, None)) for name in names]
    assert [policy.max_retries for policy in policies] == [2, 2, 2]
    assert loaded.get_sensor_def("daily_assets").run_tags == {LANE: "daily", MAX_RUNTIME: "7200"}


def look(house: House, cursor: str | None = None) -> dg.SensorResult:
    return sensors.landing(dg.build_sensor_context(house.instance, cursor=cursor))


def test_the_landing_sensor_observes_the_stream_and_asks_for_a_set_of_late_files_once(house):
    sealed = hours_between(NOW.replace(minute=0) - 10 * HOUR, NOW.replace(minute=0) - 2 * HOUR)
    table = TABLES["topics/topic_assignments"]
    for hour in sealed:
        key = hour_key(hour)
        house.lake.publish(table, {key: table.empty()}, inputs={key: {house.land(hour): "hash"}})
    house.seal(sealed)
    house.land(NOW.replace(minute=0))
    first = look(house)
    assert not first.run_requests
    [observation] = first.asset_events
    assert observation.asset_key == dg.AssetKey(["social", "landing"])
    assert observation.metadata["backlog_files"].value == 1
    assert not look(house, first.cursor).asset_events  # nothing came or went

    house.land(sealed[3])
    second = look(house, first.cursor)
    [request] = second.run_requests
    assert bounds(request) == (hour_key(sealed[3]), hour_key(sealed[3]))
    assert second.asset_events[0].metadata["late_hours"].value == hour_key(sealed[3])
    assert look(house, second.cursor).run_requests[0].run_key == request.run_key
    assert look(house, None).run_requests[0].run_key == request.run_key  # the cursor was lost


def late_lake(house: House) -> list[datetime]:
    """Ten sealed hours, each made from one file."""
    sealed = hours_between(NOW.replace(minute=0) - 10 * HOUR, NOW.replace(minute=0) - 2 * HOUR)
    table = TABLES["topics/topic_assignments"]
    for hour in sealed:
        house.lake.publish(table, {hour_key(hour): table.empty()}, inputs={hour_key(hour): {house.land(hour): "hash"}})
    house.seal(sealed)
    return sealed


def test_late_hours_are_not_asked_for_again_while_a_run_of_theirs_waits_or_goes_on(house):
    """A file an hour, tick after tick: two runs for two hours, not two more each tick."""
    sealed, asked, cursor = late_lake(house), [], None
    for _ in range(6):
        for hour in (sealed[1], sealed[4]):
            house.land(hour)
        result = look(house, cursor)
        cursor = result.cursor
        for request in result.run_requests or []:
            asked.append(request.run_key)
            house.instance.create_run_for_job(dg.job(name="late_hours")(lambda: None), status=dg.DagsterRunStatus.NOT_STARTED)
    assert len(asked) == len(set(asked)) == 2
    assert "2 ranges of late hours wait: the run" in result.skip_reason.skip_message


def test_deletions_have_their_turn_though_late_files_come_with_every_tick(house, monkeypatch):
    monkeypatch.setattr(sensors, "_LOOKED", {})
    sealed = late_lake(house)
    written = sealed[2] + HOUR / 2
    post_id = str((int(written.timestamp() * 1000) - 1_288_834_974_657) << 22)  # X's ids tell the time
    post = {"network": "x", "post_id": post_id, "created_at": written, "captured_at": written}
    notice = {"network": "x", "subject_kind": "post", "subject": post_id, "action": "delete", "hour": sealed[7], "landing_file": "notices"}
    for path, hour, row in (
        ("social/clean_posts", sealed[2], post),
        ("social/raw_posts", sealed[2], post),
        ("social/deletions", sealed[7], notice),
    ):
        house.lake.publish(TABLES[path], {hour_key(hour): rows(TABLES[path], row)})
    house.land(sealed[5])
    first = look(house)
    assert [bounds(request)[0] for request in first.run_requests] == [hour_key(sealed[2])]
    second = look(house, first.cursor)
    assert [bounds(request)[0] for request in second.run_requests] == [hour_key(sealed[5])]


def test_sealing_goes_before_late_hours_that_wait(loaded):
    priorities = {
        name: int(loaded.get_job(name).tags.get("dagster/priority", 0)) for name in ("social_hours", "late_hours", "housekeeping")
    }
    assert priorities == {"social_hours": 1, "late_hours": 0, "housekeeping": 0}


def test_the_stream_is_observed_every_ten_minutes_and_when_other_hours_are_late(house, monkeypatch):
    sealed, cursor, observed = late_lake(house), None, []
    for minute in range(30):
        monkeypatch.setattr(sensors, "datetime", clock(NOW + timedelta(minutes=minute)))
        house.land(NOW.replace(minute=0))  # each tick's figures differ
        if minute == 15:
            house.land(sealed[2])
        result = look(house, cursor)
        cursor = result.cursor
        observed += [(minute, one.metadata["late_hours"].value) for one in result.asset_events]
    assert observed == [(0, "none"), (10, "none"), (15, hour_key(sealed[2])), (25, hour_key(sealed[2]))]


def clock(moment: datetime) -> type[datetime]:
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None) -> datetime:
            return moment

    return Clock


def test_a_file_for_an_hour_that_is_not_rebuilt_is_told_once_and_a_newer_one_again(house):
    late_lake(house)
    first, cursor = house.land(NOW.replace(minute=0) - 40 * DAY), None
    for _ in range(3):
        result = look(house, cursor)
        cursor = result.cursor
        assert not result.run_requests
    [told] = read_alerts(alerts_file(house.settings))
    assert (told["kind"], told["details"]) == ("files_expired", {"hours": hour_key(NOW - 40 * DAY)})
    assert first not in told["text"]
    house.land(NOW.replace(minute=0) - 39 * DAY)
    look(house, look(house, cursor).cursor)
    assert len(read_alerts(alerts_file(house.settings))) == 2


def test_the_command_leaves_a_job_alone_whose_lane_is_at_work(house, monkeypatch):
    output = io.StringIO()
    monkeypatch.setattr(seal, "console", Console(file=output, width=200))
    house.land(NOW.replace(minute=0) - 6 * HOUR)
    house.instance.create_run_for_job(dg.job(name="late_hours")(lambda: None), status=dg.DagsterRunStatus.STARTED, tags={LANE: "sealed"})
    with pytest.raises(typer.Exit) as ended:
        seal._seal(NOW, ("social_hours", "marts"), dry_run=False)
    assert ended.value.exit_code == 1
    told = output.getvalue()
    assert "social_hours: left alone, the run" in told
    assert "of late_hours is started" in told
    assert "marts: the warehouse file is newer" in told  # its lane is free
    assert [run.job_name for run in house.instance.get_runs()] == ["late_hours"]
