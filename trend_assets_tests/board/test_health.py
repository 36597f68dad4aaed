"""What the Health page reads of Dagster: the last result of each check, also while the next one is on its way."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.events import AssetCheckEvaluationPlanned, DagsterEvent
from dagster._core.test_utils import create_run_for_test

from trend_assets.board.health import check_results

POSTS = dg.AssetKey(["social", "posts"])


@pytest.fixture
def instance(tmp_path, monkeypatch) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.get() as found:
        yield found


def tell(instance: dg.DagsterInstance, name: str, *, passed: bool, severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR) -> None:
    evaluation = dg.AssetCheckEvaluation(asset_key=POSTS, check_name=name, passed=passed, severity=severity, description="3 of 10")
    instance.report_runless_asset_event(evaluation)


def test_the_last_result_of_each_check_comes_with_what_it_said_failures_first(instance):
    tell(instance, "few", passed=False)
    tell(instance, "few", passed=True)
    tell(instance, "odd", passed=False, severity=dg.AssetCheckSeverity.WARN)
    tell(instance, "wrong", passed=False)
    assert [(one.name, one.state, one.message) for one in check_results()] == [
        ("wrong", "failed", "3 of 10"),
        ("odd", "warned", "3 of 10"),
        ("few", "passed", "3 of 10"),
    ]


def test_a_check_that_is_being_made_keeps_its_last_result(instance):
    tell(instance, "few", passed=False)
    run = create_run_for_test(instance)
    for name in ("few", "new"):
        planned = AssetCheckEvaluationPlanned(asset_key=POSTS, check_name=name)
        event = DagsterEvent(dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value, run.job_name, event_specific_data=planned)
        instance.report_dagster_event(event, run.run_id)
    assert [(one.name, one.state) for one in check_results()] == [("few", "failed")]


def test_without_an_instance_the_reason_is_told(monkeypatch):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with pytest.raises(OSError, match="DAGSTER_HOME is not set"):
        check_results()
