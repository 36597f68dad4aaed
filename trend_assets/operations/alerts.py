"""Alerts: one hook for all that a person should know of at once.

What belongs here: an alert as words, the file that keeps them, the webhook, turning Dagster's records (failed runs, failed checks,
tables that are not fresh) into alerts. What doesn't: when it is looked for (``defs/automation.py``).

An alert names tables, partitions, jobs, checks and error types, never post text, messages of exceptions or settings: those may
hold what was read. Every alert is a line of ``alerts.jsonl`` first; the webhook comes second, and its failure is only logged.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import dagster as dg
    from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

    from trend_assets.settings import Settings

FILE_NAME = "alerts.jsonl"
LARGEST_FILE = 1_000_000
"""Bytes at which the older half of the file is dropped."""
WEBHOOK_SECONDS = 5.0
NAMED = 20
"""Most tables or checks that one alert names."""
LOOKED_BACK = 20
"""Newest runs of a job among which the one that ended before is looked for."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alert:
    """One thing a person should know of.

    kind: run_failed, check_failed, not_fresh or files_expired. subject: what it is about. text: one line a person understands.
    details: names only.
    """

    kind: str
    subject: str
    text: str
    details: Mapping[str, str]
    raised_at: datetime

    def to_line(self) -> str:
        """One line of the file."""
        return json.dumps({**asdict(self), "raised_at": self.raised_at.isoformat(timespec="seconds")}, ensure_ascii=False) + "\n"


def raise_alert(alert: Alert, settings: Settings) -> bool:
    """Keep the alert and send it; whether it was sent. Nothing here fails a run: what goes wrong is logged."""
    try:
        append_alert(alerts_file(settings), alert)
    except OSError as error:
        _logger.warning("the alert could not be written to %s: %s", alerts_file(settings), type(error).__name__)
    if settings.alert_webhook is None:
        return False
    return send(alert, settings.alert_webhook.get_secret_value())


def alerts_file(settings: Settings) -> Path:
    """Where alerts are kept: in the data folder, or the local scratch folder where the data are in a bucket."""
    return settings.scratch_folder / FILE_NAME


def append_alert(path: Path, alert: Alert, largest: int = LARGEST_FILE) -> None:
    """Add a line, after dropping the older half of a file that has grown to ``largest`` bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        _drop_old(path, largest)
        with path.open("a", encoding="utf-8") as file:
            file.write(alert.to_line())


def shorten(path: Path, largest: int = LARGEST_FILE) -> int:
    """Drop the older half of a file that has grown to ``largest`` bytes; returns how many lines went."""
    if not path.exists():
        return 0
    with _locked(path):
        return _drop_old(path, largest)


def _drop_old(path: Path, largest: int) -> int:
    if not path.exists() or path.stat().st_size < largest:
        return 0
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    kept = lines[len(lines) // 2 :]
    temporary = path.with_suffix(".tmp")
    temporary.write_text("".join(kept), encoding="utf-8")
    temporary.replace(path)
    return len(lines) - len(kept)


def read_alerts(path: Path) -> list[dict[str, object]]:
    """Alerts of the file, oldest first; a damaged line is passed over."""
    if not path.exists():
        return []
    alerts = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            alerts.append(json.loads(line))
        except ValueError:
            continue
    return alerts


def send(alert: Alert, address: str, seconds: float = WEBHOOK_SECONDS) -> bool:
    """POST ``{"text": ...}``; whether it was accepted. The address is a secret: it is never logged."""
    if urlsplit(address).scheme not in ("http", "https"):
        _logger.warning("the alert was not sent: TREND_ASSETS_ALERT_WEBHOOK is not an http or https address")
        return False
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked above
        address, data=json.dumps({"text": alert.text}).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
            return 200 <= answer.status < 300
    except urllib.error.HTTPError as error:
        _logger.warning("the alert was not accepted: the webhook answered %s", error.code)
    except (OSError, ValueError) as error:
        _logger.warning("the alert was not sent: %s", type(error).__name__)
    return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def of_failed_run(job: str, run_id: str, tags: Mapping[str, str], steps: Sequence[tuple[str, str]], now: datetime | None = None) -> Alert:
    """A run failed for good. steps: key and error type of each failed step."""
    first = tags.get("dagster/asset_partition_range_start") or tags.get("dagster/partition") or ""
    last = tags.get("dagster/asset_partition_range_end") or first
    over = f" over {first}" if first and first == last else f" over {first} to {last}" if first else ""
    where = f" in {', '.join(f'{step} ({error})' for step, error in steps[:NAMED])}" if steps else ""
    text = f"Run of {job}{over} failed{where}. The run's page says why (run {run_id[:8]})."
    details = {"run_id": run_id, "first": first, "last": last, "steps": ", ".join(step for step, _ in steps[:NAMED])}
    return Alert("run_failed", job, text, details, now or datetime.now(UTC))


def failed_steps(instance: dg.DagsterInstance, run_id: str) -> list[tuple[str, str]]:
    """Key and name of the exception of each failed step; of its cause where Dagster wrapped it. Messages may hold what was read."""
    import dagster as dg

    found = []
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        if entry.dagster_event is not None:
            error = entry.dagster_event.step_failure_data.error
            error = error.cause if error and error.cause else error
            found.append((entry.dagster_event.step_key or "", (error.cls_name if error else None) or "error"))
    return found


def failed_so_before(instance: dg.DagsterInstance, run: dg.DagsterRun, steps: Sequence[tuple[str, str]]) -> bool:
    """Whether the job's run that ended last before this one failed for good with the same errors in the same steps: that was told."""
    import dagster as dg

    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    this = instance.get_run_record_by_id(run.run_id)
    records = instance.get_run_records(dg.RunsFilter(job_name=run.job_name, statuses=ended), limit=LOOKED_BACK)
    before = [
        record
        for record in records
        if this is not None
        and record.dagster_run.run_id != run.run_id
        and (record.end_time or 0.0) <= (this.end_time or 0.0)
        and record.dagster_run.tags.get("dagster/will_retry") != "true"
    ]
    last = max(before, key=lambda record: record.end_time or 0.0, default=None)
    if last is None or last.dagster_run.status is dg.DagsterRunStatus.SUCCESS:
        return False
    return set(failed_steps(instance, last.dagster_run.run_id)) == set(steps)


def of_failed_checks(checks: Sequence[str], now: datetime | None = None) -> Alert:
    """Checks of ERROR severity failed. checks: ``group/table: check``."""
    named = ", ".join(sorted(checks)[:NAMED]) + (" …" if len(checks) > NAMED else "")
    text = f"{len(checks)} check{'s' if len(checks) > 1 else ''} of ERROR severity failed: {named}."
    return Alert("check_failed", sorted(checks)[0].partition(":")[0], text, {"checks": named}, now or datetime.now(UTC))


def of_stale_tables(tables: Sequence[str], now: datetime | None = None) -> Alert:
    """Tables stopped being fresh."""
    named = ", ".join(sorted(tables)[:NAMED])
    text = f"Not fresh any more: {named}. Is the daemon running, and is something landing?"
    return Alert("not_fresh", sorted(tables)[0], text, {"tables": named}, now or datetime.now(UTC))


def of_expired_files(hours: Mapping[str, int], now: datetime | None = None) -> Alert:
    """Landing files came for hours that are not rebuilt. hours: number of files by hour."""
    named = ", ".join(sorted(hours)[:NAMED]) + (" …" if len(hours) > NAMED else "")
    text = (
        f"{sum(hours.values())} landing files came for hours too old to be rebuilt: {named}. "
        "Their posts count in no topic; `trend-assets seal --dry-run` tells of all such hours."
    )
    return Alert("files_expired", "social/landing", text, {"hours": named}, now or datetime.now(UTC))


@dataclass(frozen=True)
class Seen:
    """What is known to be wrong and has been told: checks that fail (``group/table: check``), tables that are not fresh."""

    failing: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()

    def to_text(self) -> str:
        """The cursor's text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str | None) -> Seen | None:
        """Inverse of ``to_text``; ``None`` for anything else."""
        try:
            content = json.loads(text or "")
            return cls(tuple(content["failing"]), tuple(content["stale"]))
        except (ValueError, TypeError, KeyError):
            return None


def look(instance: dg.DagsterInstance, asset_graph: BaseAssetGraph[Any], seen: Seen | None) -> tuple[list[Alert], Seen]:
    """Alerts for checks that began to fail and tables that went stale since ``seen``, and what is seen now.

    A check that goes on failing is told once. Without ``seen`` (the first look) what fails already is not told: the lake may be old.
    """
    failing = failing_checks(instance, list(asset_graph.asset_check_keys), seen.failing if seen else ())
    with_policy = [key for key in asset_graph.get_all_asset_keys() if asset_graph.get(key).freshness_policy is not None]
    stale = _not_fresh(instance, with_policy)
    if seen is None:
        return [], Seen(failing, stale)
    began, went = sorted(set(failing) - set(seen.failing)), sorted(set(stale) - set(seen.stale))
    alerts = ([of_failed_checks(began)] if began else []) + ([of_stale_tables(went)] if went else [])
    return alerts, Seen(failing, stale)


def failing_checks(instance: dg.DagsterInstance, keys: Sequence[dg.AssetCheckKey], before: Sequence[str] = ()) -> tuple[str, ...]:
    """Checks whose latest evaluation failed with ERROR; one that is planned or running is as it was ``before``."""
    failing = []
    for key, record in instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys)).items():
        name = f"{key.asset_key.to_user_string()}: {key.name}"
        event = record.event.dagster_event if record.event is not None else None
        if event is None or event.event_type_value != "ASSET_CHECK_EVALUATION":
            evaluated_wrong = name in before
        else:
            evaluation = event.asset_check_evaluation_data
            evaluated_wrong = not evaluation.passed and evaluation.severity.value == "ERROR"
        if evaluated_wrong:
            failing.append(name)
    return tuple(sorted(failing))


def _not_fresh(instance: dg.DagsterInstance, keys: Sequence[dg.AssetKey]) -> tuple[str, ...]:
    records = instance.event_log_storage.get_freshness_state_records(list(keys)) if keys else {}
    return tuple(sorted(key.to_user_string() for key, record in records.items() if record.freshness_state.value == "FAIL"))
