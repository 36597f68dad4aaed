"""The night report: what ran, what failed, what never started, which checks fail, what came in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository

from trend_assets.definitions import definitions
from trend_assets.lake.lake import Lake
from trend_assets.operations.night_report import LISTED, JobRuns, NightReport, markdown, night_report, sections
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

COUNTS = TABLES["social/landing_counts"]
NOON = datetime(2026, 9, 3, 12, tzinfo=UTC)


def counts(hour: datetime, **records: int):
    return COUNTS.from_rows(
        {"hour": hour, "landing_file": "f", "request_id": "r", "source": "x", "outcome": outcome, "detail": "", "records": number}
        for outcome, number in records.items()
    )


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    """Two days: five posts and one record in quarantine an hour on the second, two posts an hour on the first."""
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    hours = [NOON - timedelta(hours=back) for back in range(48)]
    lake.publish(COUNTS, {f"{h:%Y-%m-%d-%H:00}": counts(h, post=5, quarantined=1) for h in hours[:24]})
    lake.publish(COUNTS, {f"{h:%Y-%m-%d-%H:00}": counts(h, post=2) for h in hours[24:]})
    return lake


@pytest.fixture(scope="module")
def night() -> tuple[dg.DagsterInstance, list[dg.AssetCheckKey]]:
    """An instance on which one job succeeded, one failed half-way, and two checks failed."""

    @dg.asset(check_specs=[dg.AssetCheckSpec("few", asset="posts"), dg.AssetCheckSpec("odd", asset="posts")])
    def posts():
        yield dg.MaterializeResult()
        yield dg.AssetCheckResult(check_name="few", passed=False, description="3 of 10\nmore")
        yield dg.AssetCheckResult(check_name="odd", passed=False, severity=dg.AssetCheckSeverity.WARN)

    @dg.asset(deps=[posts])
    def topics():
        raise OSError("the text of a post")

    @dg.asset(deps=[topics])
    def trends(): ...

    instance = dg.DagsterInstance.ephemeral()
    loaded = dg.Definitions(
        [posts, topics, trends],
        jobs=[dg.define_asset_job("fine", [posts]), dg.define_asset_job("broken", [posts, topics, trends])],
    )
    for job in ("fine", "broken"):
        loaded.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False, tags={"dagster/partition": "2026-09-03"})
    return instance, list(loaded.resolve_asset_graph().asset_check_keys)


@pytest.fixture(scope="module")
def report(night, lake) -> NightReport:
    instance, checks = night
    return night_report(instance, lake, datetime.now(UTC), checks=checks, late={"retail_days": "2 days to make"})


def test_it_tells_what_ran_failed_and_never_started(report):
    assert [(job.job, job.succeeded, job.failed) for job in report.jobs] == [("broken", 0, 1), ("fine", 1, 0)]
    (failure,) = report.failures
    assert failure.partitions == "2026-09-03"
    assert failure.steps == (("topics", "OSError"),)
    assert failure.blocked == ("trends",)
    assert {step.step for step in report.slowest} == {"posts", "topics"}


def test_it_tells_failing_checks_blocking_ones_first(report):
    assert [(check.name, check.error, check.said) for check in report.checks] == [("few", True, "3 of 10"), ("odd", False, "")]


def test_a_check_that_a_failed_run_never_came_to_keeps_its_last_verdict(lake):
    runs = iter((True, False))

    @dg.asset
    def posts():
        if not next(runs):
            raise OSError

    @dg.asset_check(asset=posts)
    def few():
        return dg.AssetCheckResult(passed=False)

    instance = dg.DagsterInstance.ephemeral()
    loaded = dg.Definitions([posts], asset_checks=[few])
    for _ in range(2):
        loaded.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance, raise_on_error=False)
    keys = list(loaded.resolve_asset_graph().asset_check_keys)
    (newest,) = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys).values()
    assert newest.status.value == "PLANNED"
    found = night_report(instance, lake, datetime.now(UTC), checks=keys, late={})
    assert [check.name for check in found.checks] == ["few"]


def test_it_compares_what_came_in_with_the_day_before(report):
    assert report.records == {"post": 120, "quarantined": 24}
    assert report.records_before == {"post": 48}
    assert report.figures()["share quarantined"] == pytest.approx(24 / 144, abs=1e-4)
    assert list(report.newest) == ["2026-09-03-12:00"]


def test_the_page_says_the_verdict_first_and_quotes_no_exception(report):
    page = markdown(report)
    assert page.startswith("# 1 run failed, 1 step blocked, 1 check fails, 1 job is late; 1 check warns. 2 runs, 144 records in.\n")
    assert "`topics` (OSError). 1 step never started: `trends`" in page
    assert "error: [posts](/assets/posts) `few`: 3 of 10" in page
    assert "`retail_days`: 2 days to make" in page
    assert "the text of a post" not in page
    assert f"/runs/{report.failures[0].run_id}" in page


def test_a_run_that_writes_the_page_leaves_itself_out(night, lake, report):
    instance, checks = night
    own = report.failures[0].run_id
    assert night_report(instance, lake, datetime.now(UTC), checks=checks, late={}, own_run=own).failures == ()


def test_a_bad_night_is_counted_whole_where_the_list_is_cut(lake, report):
    failures = report.failures * (LISTED + 5)
    bad = replace(report, failures=failures, jobs=(JobRuns("broken", 0, len(failures), 0, 1.0),))
    assert (bad.figures()["runs failed"], bad.figures()["steps blocked"]) == (LISTED + 5, LISTED + 5)
    assert sections(bad)["what failed"].count("`topics` (OSError)") == LISTED
    assert sections(bad)["what failed"].endswith("- and 5 more")


def test_more_failed_runs_than_the_page_lists_are_all_read(lake):
    @dg.asset
    def posts():
        raise OSError

    instance = dg.DagsterInstance.ephemeral()
    for _ in range(LISTED + 1):
        dg.materialize([posts], instance=instance, raise_on_error=False)
    assert night_report(instance, lake, datetime.now(UTC), checks=[], late={}).figures()["runs failed"] == LISTED + 1


def test_the_asset_sees_checks_of_every_table(tmp_path, monkeypatch):
    """As the daemon runs it: the job's own graph knows no check, the code location knows them all."""
    monkeypatch.setenv("TREND_ASSETS_DATA", str(tmp_path))
    load_settings.cache_clear()
    try:
        with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
            job = ReconstructableJob(ReconstructableRepository.for_module("trend_assets.definitions", "definitions"), "night_report")
            known = definitions().get_repository_def().asset_graph.asset_check_keys
            key = next(key for key in sorted(known, key=str) if key.asset_key.path == ["social", "raw_posts"])
            instance.report_runless_asset_event(dg.AssetCheckEvaluation(asset_key=key.asset_key, check_name=key.name, passed=False))
            with dg.execute_job(job, instance=instance, raise_on_error=True) as result:
                (made,) = result.asset_materializations_for_node("operations__night_report")
    finally:
        load_settings.cache_clear()
    assert made.metadata["checks failing"].value == 1
    assert str(made.metadata["verdict"].value).startswith("1 check fails")
    assert key.name in str(made.metadata["which checks fail"].value)


def test_a_quiet_night_on_an_empty_lake_is_a_page_too(tmp_path):
    quiet = night_report(dg.DagsterInstance.ephemeral(), Lake(str(tmp_path)), NOON, checks=[], late={})
    page = markdown(quiet)
    assert page.startswith("# Nothing failed, nothing is late. 0 runs, 0 records in.")
    assert "No landing hour is published." in page
