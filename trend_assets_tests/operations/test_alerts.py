"""Alerts: kept in the file, sent to a real server, never failing anything, never telling what was read."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dagster as dg
import pytest
from pydantic import SecretStr

from trend_assets.defs import automation
from trend_assets.operations import alerts
from trend_assets.operations.alerts import Alert, Seen, append_alert, look, raise_alert, read_alerts, send
from trend_assets.settings import Settings

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
ALERT = Alert("run_failed", "social_hours", "Run of social_hours failed.", {"run_id": "1"}, NOW)


class Webhook:
    """A server on a port of its own that keeps what it gets and answers with a status."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict]] = []
        self.status, self.delay = 200, 0.0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.received.append((self.headers["Content-Type"], json.loads(body)))
                time.sleep(hook.delay)
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/hook/secret-token"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()
    yield hook
    hook.server.shutdown()


def settings(folder: Path, webhook: str | None = None) -> Settings:
    return Settings(_env_file=None, data=str(folder), alert_webhook=SecretStr(webhook) if webhook else None)


def test_an_alert_is_a_line_of_the_file_and_a_post_to_the_webhook(tmp_path, webhook):
    assert raise_alert(ALERT, settings(tmp_path, webhook.address))
    assert webhook.received == [("application/json", {"text": "Run of social_hours failed."})]
    [kept] = read_alerts(tmp_path / "alerts.jsonl")
    assert (kept["kind"], kept["subject"], kept["raised_at"]) == ("run_failed", "social_hours", "2026-11-21T03:00:00+00:00")


def test_without_a_webhook_the_file_is_enough(tmp_path):
    assert not raise_alert(ALERT, settings(tmp_path))
    assert len(read_alerts(tmp_path / "alerts.jsonl")) == 1


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/secret-token", "ftp://127.0.0.1/secret-token", "nonsense"])
def test_a_webhook_that_cannot_be_reached_is_logged_without_its_address_and_fails_nothing(tmp_path, caplog, address):
    assert not raise_alert(ALERT, settings(tmp_path, address))
    assert len(read_alerts(tmp_path / "alerts.jsonl")) == 1
    assert "not sent" in caplog.text
    assert "secret-token" not in caplog.text


def test_a_webhook_that_refuses_or_is_slow_is_logged_and_fails_nothing(webhook, caplog):
    webhook.status = 500
    assert not send(ALERT, webhook.address)
    assert "500" in caplog.text
    webhook.status, webhook.delay = 200, 2.0
    started = time.monotonic()
    assert not send(ALERT, webhook.address, seconds=0.2)
    assert time.monotonic() - started < 1.5


def test_a_folder_that_cannot_be_written_fails_nothing(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    assert not raise_alert(ALERT, settings(tmp_path / "file"))
    assert "could not be written" in caplog.text


def test_the_file_stays_small_and_keeps_the_newest(tmp_path):
    path = tmp_path / "alerts.jsonl"
    for number in range(300):
        append_alert(path, Alert("run_failed", str(number), "x" * 100, {}, NOW), largest=20_000)
    assert path.stat().st_size < 20_500
    kept = [int(str(alert["subject"])) for alert in read_alerts(path)]
    assert kept == list(range(kept[0], 300))
    assert len(kept) > 20


def test_threads_do_not_lose_each_others_lines(tmp_path):
    path = tmp_path / "alerts.jsonl"
    threads = [threading.Thread(target=lambda: [append_alert(path, ALERT) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_alerts(path)) == 80


def test_a_damaged_line_is_passed_over(tmp_path):
    path = tmp_path / "alerts.jsonl"
    append_alert(path, ALERT)
    with path.open("a") as file:
        file.write('{"kind": "run_f\n')
    append_alert(path, ALERT)
    assert len(read_alerts(path)) == 2


@dg.asset
def secretive() -> None:
    raise ValueError("the text of a post")


@dg.asset
def audited() -> None:
    """Passes or fails its check as the test wants."""


def failed_run(instance: dg.DagsterInstance, **tags: str) -> dg.ExecuteInProcessResult:
    return dg.materialize([secretive], instance=instance, raise_on_error=False, tags=tags)


def sensed(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> None:
    failure = next(event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE")
    context = dg.build_run_status_sensor_context("failed_runs", failure, instance, result.dagster_run).for_run_failure()
    automation.failed_runs(context)


def test_a_failed_run_is_told_with_job_range_step_and_error_type_but_not_its_message(tmp_path, monkeypatch):
    monkeypatch.setattr(automation, "load_settings", lambda: settings(tmp_path))
    with dg.DagsterInstance.ephemeral() as instance:
        sensed(instance, failed_run(instance, **{"dagster/asset_partition_range_start": "2026-11-20-00:00",
                                                 "dagster/asset_partition_range_end": "2026-11-20-05:00"}))  # fmt: skip
    [alert] = read_alerts(tmp_path / "alerts.jsonl")
    assert "over 2026-11-20-00:00 to 2026-11-20-05:00" in str(alert["text"])
    assert "secretive (ValueError)" in str(alert["text"])
    assert "the text of a post" not in (tmp_path / "alerts.jsonl").read_text()


def test_a_failed_run_that_is_tried_again_is_not_told(tmp_path, monkeypatch):
    monkeypatch.setattr(automation, "load_settings", lambda: settings(tmp_path))
    with dg.DagsterInstance.ephemeral() as instance:
        sensed(instance, failed_run(instance, **{"dagster/will_retry": "true"}))
    assert read_alerts(tmp_path / "alerts.jsonl") == []


def test_a_job_that_fails_again_in_the_same_way_is_told_once_until_it_succeeds_or_fails_otherwise(tmp_path, monkeypatch):
    monkeypatch.setattr(automation, "load_settings", lambda: settings(tmp_path))

    def told() -> int:
        return len(read_alerts(tmp_path / "alerts.jsonl"))

    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(5):
            sensed(instance, failing(instance, ValueError))
        assert told() == 1
        sensed(instance, failing(instance, KeyError))
        assert told() == 2
        sensed(instance, failing(instance, ValueError, **{"dagster/will_retry": "true"}))
        sensed(instance, failing(instance, KeyError))
        assert told() == 2
        assert failing(instance, None).success
        sensed(instance, failing(instance, KeyError))
        assert told() == 3


def failing(instance: dg.DagsterInstance, error: type[Exception] | None, **tags: str) -> dg.ExecuteInProcessResult:
    @dg.op
    def works() -> None:
        if error is not None:
            raise error("the text of a post")

    @dg.job
    def each_minute() -> None:
        works()

    return each_minute.execute_in_process(instance=instance, raise_on_error=False, tags=tags)


def evaluate(instance: dg.DagsterInstance, *, passed: bool, severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR) -> None:
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(asset_key=audited.key, check_name="key", passed=passed, severity=severity, metadata={})
    )


@pytest.fixture
def graph():
    @dg.asset_check(asset=audited, name="key")
    def key_check() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    return dg.Definitions(assets=[audited], asset_checks=[key_check]).resolve_asset_graph()


def test_a_check_is_told_when_it_begins_to_fail_and_not_again_until_it_passed(graph):
    with dg.DagsterInstance.ephemeral() as instance:
        found, seen = look(instance, graph, Seen())
        assert found == []
        evaluate(instance, passed=False, severity=dg.AssetCheckSeverity.WARN)
        found, seen = look(instance, graph, seen)
        assert found == []  # a warning is for the UI
        evaluate(instance, passed=False)
        found, seen = look(instance, graph, seen)
        assert [alert.text for alert in found] == ["1 check of ERROR severity failed: audited: key."]
        evaluate(instance, passed=False)
        found, seen = look(instance, graph, seen)
        assert found == []
        evaluate(instance, passed=True)
        found, seen = look(instance, graph, seen)
        evaluate(instance, passed=False)
        found, seen = look(instance, graph, Seen.from_text(seen.to_text()))
        assert len(found) == 1


def test_the_first_look_tells_nothing_of_the_past(graph):
    with dg.DagsterInstance.ephemeral() as instance:
        evaluate(instance, passed=False)
        found, seen = look(instance, graph, Seen.from_text(None))
        assert found == []
        assert seen.failing == ("audited: key",)
        assert Seen.from_text("[1]") is None


def test_tables_that_stop_being_fresh_are_told_once_together():
    from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange

    policy = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=6))
    specs = [dg.AssetSpec(name, freshness_policy=policy) for name in ("one", "two")]
    graph = dg.Definitions(assets=specs).resolve_asset_graph()
    with dg.DagsterInstance.ephemeral() as instance:
        for spec in specs:
            instance._report_runless_asset_event(
                FreshnessStateChange(
                    key=spec.key, new_state=FreshnessState.FAIL, previous_state=FreshnessState.PASS, state_change_timestamp=time.time()
                )
            )
        found, seen = look(instance, graph, Seen())
        assert [(alert.kind, alert.details["tables"]) for alert in found] == [("not_fresh", "one, two")]
        assert look(instance, graph, seen)[0] == []


def test_an_alert_names_at_most_twenty_checks():
    text = alerts.of_failed_checks([f"table: check{number}" for number in range(50)], NOW).text
    assert text.startswith("50 checks")
    assert text.count("check") < 25
