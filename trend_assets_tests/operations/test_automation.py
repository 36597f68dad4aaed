"""When a day is made: the automation condition of daily tables on a real instance, freshness by table, which jobs exclude each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, StepMaterializationData

from trend_assets.definitions import definitions
from trend_assets.defs.live.sensors import QUIET_SECONDS
from trend_assets.operations.automation import DAILY_TABLES, condition_of, freshness_of
from trend_assets.operations.event_log import report_materializations
from trend_assets.operations.history_checks import UNUSUAL
from trend_assets.partitions import day_key, hour_key, hours_between
from trend_assets.tables import TABLES

LINKS = dg.AssetKey(["demand", "product_trend_links"])
HOURLY = ("topics/trends", "social/clean_posts", "topics/topic_assignments")
DAY = (datetime.now(UTC) - timedelta(days=10)).replace(hour=0, minute=0, second=0, microsecond=0)
NOON = DAY + timedelta(hours=12)
NEXT_MORNING = DAY + timedelta(days=1, hours=3)


@pytest.fixture(scope="module")
def loaded() -> dg.Definitions:
    return definitions()


class Lane:
    """Hours and days materialized on an instance of its own, and one evaluation of the condition after another."""

    def __init__(self, loaded: dg.Definitions) -> None:
        self.loaded, self.instance, self.cursor = loaded, dg.DagsterInstance.ephemeral(), None

    def materialize(self, path: str, *partitions: str) -> None:
        report_materializations(self.instance, [dg.AssetMaterialization(path.split("/"), partition=partition) for partition in partitions])

    def evaluate(self, path: str, check: str, *, passed: bool) -> None:
        self.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(asset_key=dg.AssetKey(path.split("/")), check_name=check, passed=passed, metadata={})
        )

    def seal(self, *hours: datetime, tables: tuple[str, ...] = HOURLY) -> None:
        for path in tables:
            self.materialize(path, *(hour_key(hour) for hour in hours))

    def tick(self, at: datetime) -> set[str]:
        """Days of product_trend_links that are asked for."""
        result = dg.evaluate_automation_conditions(
            self.loaded, self.instance, dg.AssetSelection.assets(LINKS), evaluation_time=at, cursor=self.cursor
        )
        self.cursor = result.cursor
        return set(result.get_requested_partitions(LINKS))


@pytest.fixture
def lane(loaded) -> Lane:
    return Lane(loaded)


@pytest.fixture
def complete(lane) -> Lane:
    """A closed day with all it is made from, asked for and made."""
    lane.seal(*hours_between(DAY, DAY + timedelta(days=1)))
    lane.materialize("retail/products", day_key(DAY))
    assert lane.tick(NEXT_MORNING) == {day_key(DAY)}
    lane.materialize("demand/product_trend_links", day_key(DAY))
    assert lane.tick(NEXT_MORNING) == set()
    return lane


def test_a_day_waits_until_it_is_closed_sealed_and_has_retail_tables_and_is_asked_for_once(lane):
    hours = hours_between(DAY, DAY + timedelta(days=1))
    assert lane.tick(NOON) == set()
    lane.seal(*hours[:11])
    lane.materialize("retail/products", day_key(DAY))
    assert lane.tick(NOON) == set()  # not closed
    assert lane.tick(NEXT_MORNING) == set()  # closed, not sealed
    lane.seal(*hours[11:23])
    assert lane.tick(NEXT_MORNING) == set()  # one hour is missing
    lane.seal(hours[23])
    assert lane.tick(NEXT_MORNING) == {day_key(DAY)}
    assert lane.tick(NEXT_MORNING) == set()  # asked for: whether its run succeeds or fails


def test_a_day_waits_for_its_retail_tables(lane):
    lane.seal(*hours_between(DAY, DAY + timedelta(days=1)))
    assert lane.tick(NEXT_MORNING) == set()
    lane.materialize("retail/products", day_key(DAY))
    assert lane.tick(NEXT_MORNING) == {day_key(DAY)}


def test_a_day_waits_while_a_blocking_check_of_what_it_is_made_from_fails(lane):
    lane.seal(*hours_between(DAY, DAY + timedelta(days=1)))
    lane.materialize("retail/products", day_key(DAY))
    lane.evaluate("retail/products", "prices_kept", passed=False)
    assert lane.tick(NEXT_MORNING) == set()
    lane.evaluate("retail/products", "prices_kept", passed=True)  # delivered again, or accepted
    assert lane.tick(NEXT_MORNING) == {day_key(DAY)}


def test_a_day_does_not_wait_for_what_only_warns(lane):
    lane.seal(*hours_between(DAY, DAY + timedelta(days=1)))
    lane.materialize("retail/products", day_key(DAY))
    lane.evaluate("retail/products", UNUSUAL, passed=False)
    assert lane.tick(NEXT_MORNING) == {day_key(DAY)}


def test_the_days_of_a_failing_check_wait_while_a_later_day_is_read(lane):
    """A run plans its checks when it begins: what the ones before found holds until they are evaluated, and after they broke."""
    lane.seal(*hours_between(DAY, DAY + timedelta(days=1)))
    lane.materialize("retail/products", day_key(DAY))
    lane.evaluate("retail/products", "prices_kept", passed=False)
    job = lane.loaded.resolve_job_def("retail_days")
    run = lane.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, asset_selection=job.asset_layer.selected_asset_keys)
    made = dg.AssetMaterialization(["retail", "products"], partition=day_key(DAY + timedelta(days=1)))
    event = DagsterEvent("ASSET_MATERIALIZATION", run.job_name, event_specific_data=StepMaterializationData(made))
    lane.instance.report_dagster_event(event, run.run_id)
    assert lane.tick(NEXT_MORNING) == set()
    lane.instance.report_run_failed(run)
    assert lane.tick(NEXT_MORNING) == set()


def test_the_day_under_way_waits_even_when_everything_is_there(lane):
    """Somebody may materialize hours that have not ended."""
    lane.seal(*hours_between(DAY, DAY + timedelta(days=1)))
    lane.materialize("retail/products", day_key(DAY))
    assert lane.tick(DAY + timedelta(hours=23, minutes=59)) == set()
    assert lane.tick(DAY + timedelta(days=1, minutes=1)) == {day_key(DAY)}


def test_a_late_hour_does_not_make_the_day_again(complete):
    complete.seal(DAY + timedelta(hours=7), tables=("social/clean_posts", "topics/topic_assignments"))
    assert complete.tick(NEXT_MORNING + timedelta(hours=1)) == set()


@pytest.mark.parametrize(("path", "partition"), [("topics/trends", hour_key(DAY + timedelta(hours=7))), ("retail/products", day_key(DAY))])
def test_a_day_whose_trends_or_retail_tables_were_rebuilt_is_made_again_once(complete, path, partition):
    complete.materialize(path, partition)
    assert complete.tick(NEXT_MORNING + timedelta(hours=1)) == {day_key(DAY)}
    assert complete.tick(NEXT_MORNING + timedelta(hours=1)) == set()


def test_several_closed_days_are_asked_for_together_after_an_outage(lane):
    lane.seal(*hours_between(DAY, DAY + timedelta(days=3)))
    lane.materialize("retail/products", *(day_key(DAY + timedelta(days=number)) for number in range(3)))
    assert lane.tick(DAY + timedelta(days=3, hours=3)) == {day_key(DAY + timedelta(days=number)) for number in range(3)}


def asked_until_done(lane: Lane, daily: set[dg.AssetKey]) -> list[set[dg.AssetKey]]:
    """Tick after tick, each of whose runs makes what was asked for, until nothing is: what each tick asked for."""
    ticks: list[set[dg.AssetKey]] = []
    while True:
        result = dg.evaluate_automation_conditions(
            lane.loaded, lane.instance, dg.AssetSelection.assets(*daily), evaluation_time=NEXT_MORNING, cursor=lane.cursor
        )
        lane.cursor = result.cursor
        asked = {key for key in daily if result.get_requested_partitions(key)}
        assert all(result.get_requested_partitions(key) == {day_key(DAY)} for key in asked)
        if not asked:
            return ticks
        ticks.append(asked)
        for key in asked:
            lane.materialize(key.to_user_string(), day_key(DAY))


def test_a_day_passes_through_every_daily_asset_once_and_none_before_what_it_is_made_from(lane):
    """dbt's models by day too: those of posts alone need no retail table, those of retail tables alone no posts."""
    graph = lane.loaded.resolve_asset_graph()
    daily = {key for key in graph.get_all_asset_keys() if graph.get(key).automation_condition is not None}
    roots = {parent for key in daily for parent in graph.get(key).parent_keys if parent not in daily}
    hourly, retail = ({key for key in roots if (key.path[0] == "retail") == is_retail} for is_retail in (False, True))
    assert daily >= {dg.AssetKey(path.split("/")) for path in DAILY_TABLES}
    assert len(daily) > len(DAILY_TABLES) + 5

    def needs(key: dg.AssetKey) -> set[dg.AssetKey]:
        """What the asset is made from in the end."""
        return set().union(*(needs(parent) if parent in daily else {parent} for parent in graph.get(key).parent_keys))

    assert asked_until_done(lane, daily) == []
    lane.seal(*hours_between(DAY, DAY + timedelta(days=1)), tables=tuple(key.to_user_string() for key in hourly))
    of_posts = asked_until_done(lane, daily)
    assert set().union(*of_posts) == {key for key in daily if needs(key) <= hourly}
    for key in retail:
        lane.materialize(key.to_user_string(), day_key(DAY))
    ticks = of_posts + asked_until_done(lane, daily)
    assert sorted(key for asked in ticks for key in asked) == sorted(daily), "each once"
    when = {key: number for number, asked in enumerate(ticks) for key in asked}
    links = [(parent, key) for key in daily for parent in graph.get(key).parent_keys if parent in daily]
    # What one tick asks for is one run, which makes its assets in the order of the graph.
    assert [(parent, key) for parent, key in links if when[parent] > when[key]] == []
    assert when[dg.AssetKey(["demand", "decision_cards"])] == len(ticks) - 1
    assert asked_until_done(lane, daily) == []


def test_the_condition_is_that_of_daily_tables_only():
    assert {path for path, table in TABLES.items() if condition_of(table)} == set(DAILY_TABLES)


def test_freshness_is_expected_of_sealed_hours_and_not_of_what_late_posts_rebuild():
    assert freshness_of(TABLES["topics/trends"]) == dg.FreshnessPolicy.time_window(timedelta(hours=6), timedelta(hours=3))
    for path in ("topics/live_trends", "influencers/live_rankings"):  # the sensor's runs in a quiet lake come in time
        policy = freshness_of(TABLES[path])
        assert policy == dg.FreshnessPolicy.time_window(timedelta(minutes=30), timedelta(minutes=15))
        assert timedelta(seconds=QUIET_SECONDS) < timedelta(minutes=15)
    assert freshness_of(TABLES["social/clean_posts"]) is None
    assert freshness_of(TABLES["retail/orders"]) is None  # no retail mapping is set here
