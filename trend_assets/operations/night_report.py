"""What happened last night: runs, failures, what was blocked, what is late, how much came in, what it cost, on one page.

What belongs here: reading Dagster's records and the lake's counts, and the page as Markdown. What doesn't: the asset that shows
it (``defs/operations``), alerts while it happens (``operations/alerts.py``), what is late (``operations/late.py``).

The page names jobs, steps, tables, checks and types of errors and links to them. It quotes no message of an exception: those may
hold what was read, and the event log outlives it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.partitions import end_of_hour
from trend_assets.tables import TABLES

if TYPE_CHECKING:
    import dagster as dg

MOST_RUNS = 50_000
"""A night of micro-batches is some 5,000 runs; more than this are not read."""
TIMED_RUNS, SLOWEST = 20, 5
LISTED, BLOCKED_LISTED = 20, 3
"""The page lists so many failures and checks; its figures count all."""
_COUNTS = TABLES["social/landing_counts"]


@dataclass(frozen=True)
class JobRuns:
    """The runs of one job in the period. seconds: of all of them together, wall clock."""

    job: str
    succeeded: int
    failed: int
    unfinished: int
    seconds: float


@dataclass(frozen=True)
class Failure:
    """A failed run: the steps that failed with the type of their error, and the steps that therefore never started."""

    run_id: str
    job: str
    partitions: str
    steps: tuple[tuple[str, str], ...]
    blocked: tuple[str, ...]


@dataclass(frozen=True)
class FailedCheck:
    """A check whose latest verdict is a failure. error: it blocks; else it warns."""

    asset: str
    name: str
    error: bool
    said: str


@dataclass(frozen=True)
class Step:
    """One execution of a step."""

    run_id: str
    job: str
    step: str
    seconds: float


@dataclass(frozen=True)
class NightReport:
    """Everything that the page shows, for (since, until], UTC.

    late: per job what it should have done by now, as ``late_jobs`` says it. newest: newest published partition → tables that end with it.
    records, records_before: landed records by outcome in the newest 24 published hours, and in the 24 hours before those.
    """

    since: datetime
    until: datetime
    jobs: tuple[JobRuns, ...] = ()
    failures: tuple[Failure, ...] = ()
    checks: tuple[FailedCheck, ...] = ()
    late: Mapping[str, str] = field(default_factory=dict)
    newest: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    records: Mapping[str, int] = field(default_factory=dict)
    records_before: Mapping[str, int] = field(default_factory=dict)
    slowest: tuple[Step, ...] = ()

    def figures(self) -> dict[str, int | float]:
        """The page as numbers, one plot each in the UI over the nights."""
        total = sum(self.records.values())
        return {
            "runs": sum(job.succeeded + job.failed + job.unfinished for job in self.jobs),
            "runs failed": len(self.failures),
            "steps blocked": sum(len(failure.blocked) for failure in self.failures),
            "checks failing": sum(check.error for check in self.checks),
            "checks warning": sum(not check.error for check in self.checks),
            "jobs late": len(self.late),
            "records": total,
            "share quarantined": round(self.records.get("quarantined", 0) / total, 4) if total else 0.0,
            "run seconds": round(sum(job.seconds for job in self.jobs), 1),
        }

    def summary(self) -> str:
        """The verdict in a line."""
        figures = self.figures()
        wrong = [_counted(figures[name], *words) for name, words in _WRONG.items() if figures[name]]
        warned = f"; {_counted(figures['checks warning'], 'check warns', 'checks warn')}" if figures["checks warning"] else ""
        verdict = ", ".join(wrong) if wrong else "Nothing failed, nothing is late"
        return f"{verdict}{warned}. {_counted(figures['runs'], 'run', 'runs')}, {_counted(figures['records'], 'record', 'records')} in."


_WRONG = {
    "runs failed": ("run failed", "runs failed"),
    "steps blocked": ("step blocked", "steps blocked"),
    "checks failing": ("check fails", "checks fail"),
    "jobs late": ("job is late", "jobs are late"),
}


def _counted(number: float, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def night_report(
    instance: dg.DagsterInstance,
    lake: Lake,
    until: datetime,
    *,
    checks: Iterable[dg.AssetCheckKey],
    late: Mapping[str, str],
    period: timedelta = timedelta(hours=24),
    own_run: str | None = None,
) -> NightReport:
    """Read the period that ends at ``until`` (aware). checks: the check keys of the code location; own_run is left out."""
    import dagster as dg

    since = until - period
    records = instance.get_run_records(dg.RunsFilter(updated_after=since, created_before=until), limit=MOST_RUNS)
    records = [record for record in records if record.dagster_run.run_id != own_run]
    failed = [record for record in records if record.dagster_run.status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)]
    newest, counts, counts_before = _published(lake)
    return NightReport(
        since=since.astimezone(UTC),
        until=until.astimezone(UTC),
        jobs=_jobs(records),
        failures=tuple(_failure(instance, record) for record in failed),
        checks=_failed_checks(instance, list(checks)),
        late=dict(late),
        newest=newest,
        records=counts,
        records_before=counts_before,
        slowest=_slowest(instance, records),
    )


def _seconds(record: dg.RunRecord) -> float:
    return max((record.end_time or 0.0) - (record.start_time or 0.0), 0.0) if record.end_time and record.start_time else 0.0


def _jobs(records: Sequence[dg.RunRecord]) -> tuple[JobRuns, ...]:
    names = sorted({record.dagster_run.job_name for record in records})
    found = []
    for name in names:
        mine = [record for record in records if record.dagster_run.job_name == name]
        status = Counter(record.dagster_run.status.value for record in mine)
        failed = status["FAILURE"] + status["CANCELED"]
        found.append(JobRuns(name, status["SUCCESS"], failed, len(mine) - status["SUCCESS"] - failed, sum(map(_seconds, mine))))
    return tuple(found)


def _partitions(tags: Mapping[str, str]) -> str:
    first, last = tags.get("dagster/asset_partition_range_start"), tags.get("dagster/asset_partition_range_end")
    return f"{first} to {last}" if first and first != last else first or tags.get("dagster/partition", "")


def _failure(instance: dg.DagsterInstance, record: dg.RunRecord) -> Failure:
    import dagster as dg

    run, steps = record.dagster_run, []
    for entry in instance.all_logs(run.run_id, of_type={dg.DagsterEventType.STEP_FAILURE}):
        event = entry.get_dagster_event()
        error = event.step_failure_data.error
        cause = error.cause if error and error.cause else error
        steps.append((event.step_key or "", (cause.cls_name if cause else None) or "error"))
    started = {stats.step_key for stats in instance.get_run_step_stats(run.run_id)}
    planned: Sequence[str] = ()
    if run.execution_plan_snapshot_id:
        planned = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id).step_keys_to_execute
    blocked = tuple(sorted(set(planned) - started)) if started else ()
    return Failure(run.run_id, run.job_name, _partitions(run.tags), tuple(dict.fromkeys(steps)), blocked)


def _failed_checks(instance: dg.DagsterInstance, keys: Sequence[dg.AssetCheckKey]) -> tuple[FailedCheck, ...]:
    import dagster as dg
    from dagster._core.storage.asset_check_execution_record import COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES as VERDICTS

    found = []
    for key, newest in instance.event_log_storage.get_latest_asset_check_execution_by_key(keys).items():
        history = instance.event_log_storage.get_asset_check_execution_history
        # planned and never come to a verdict, its run goes on or failed before it: then the one before it holds
        record = newest if newest.status in VERDICTS else next(iter(history(key, limit=1, status=VERDICTS)), None)
        evaluation = record.evaluation if record is not None and record.event else None
        if evaluation is not None and not evaluation.passed:
            said = (evaluation.description or "").splitlines()[0] if evaluation.description else ""
            error = evaluation.severity == dg.AssetCheckSeverity.ERROR
            found.append(FailedCheck("/".join(key.asset_key.path), key.name, error, said))
    return tuple(sorted(found, key=lambda check: (not check.error, check.asset, check.name)))


def _published(lake: Lake) -> tuple[dict[str, tuple[str, ...]], dict[str, int], dict[str, int]]:
    """Newest partition → tables that end with it, newest first; records by outcome of the newest 24 hours and the 24 before."""
    newest: dict[str, list[str]] = {}
    counted: list[str] = []
    for path, table in TABLES.items():
        keys = lake.partitions(table) if table.partition != "none" else []
        if keys:
            newest.setdefault(keys[-1], []).append(path)
        if table is _COUNTS:
            counted = keys
    recent = counted[-1:] and [key for key in counted[-48:] if end_of_hour(counted[-1]) - end_of_hour(key) < timedelta(hours=48)]
    last = [key for key in recent if end_of_hour(counted[-1]) - end_of_hour(key) < timedelta(hours=24)]
    ordered = {key: tuple(newest[key]) for key in sorted(newest, reverse=True)}
    return ordered, _by_outcome(lake, last), _by_outcome(lake, [key for key in recent if key not in last])


def _by_outcome(lake: Lake, keys: Sequence[str]) -> dict[str, int]:
    rows = lake.read(_COUNTS, keys, columns=["outcome", "records"]) if keys else _COUNTS.empty().select(["outcome", "records"])
    summed = rows.group_by("outcome", use_threads=False).aggregate([("records", "sum")]).sort_by("outcome")
    return dict(zip(summed["outcome"].to_pylist(), pc.cast(summed["records_sum"], "int64").to_pylist(), strict=True))


def _slowest(instance: dg.DagsterInstance, records: Sequence[dg.RunRecord]) -> tuple[Step, ...]:
    """The slowest steps of the longest runs."""
    steps = [
        Step(record.dagster_run.run_id, record.dagster_run.job_name, stats.step_key, stats.end_time - stats.start_time)
        for record in sorted(records, key=_seconds, reverse=True)[:TIMED_RUNS]
        for stats in instance.get_run_step_stats(record.dagster_run.run_id)
        if stats.start_time and stats.end_time
    ]
    return tuple(sorted(steps, key=lambda step: -step.seconds)[:SLOWEST])


def sections(report: NightReport) -> dict[str, str]:
    """The page by heading, in the order in which an engineer asks; a section with nothing to say is one line."""
    return {
        "what ran": _ran(report),
        "what failed": _failed(report),
        "which checks fail": _checked(report),
        "what is late": _late(report),
        "how fresh it is": _fresh(report),
        "how much came in": _came_in(report),
        "what it cost": _cost(report),
    }


def markdown(report: NightReport) -> str:
    """The whole page, the verdict first."""
    parts = [f"# {report.summary()}", f"{report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"]
    parts += [f"## {heading.capitalize()}\n\n{text}" for heading, text in sections(report).items()]
    return "\n\n".join(parts) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _run_link(run_id: str) -> str:
    return f"[{run_id[:8]}](/runs/{run_id})"


def _asset_link(path: str) -> str:
    return f"[{path}](/assets/{path})"


def _ran(report: NightReport) -> str:
    if not report.jobs:
        return "Nothing."
    rows = [(f"`{job.job}`", job.succeeded, job.failed, job.unfinished, f"{job.seconds:,.0f}") for job in report.jobs]
    return _table(("job", "succeeded", "failed", "unfinished", "seconds"), rows)


def _failed(report: NightReport) -> str:
    """Lists, not tables: the UI cuts a table off that is wider than its column."""
    lines = []
    for failure in report.failures[:LISTED]:
        steps = ", ".join(f"`{step}` ({error})" for step, error in failure.steps) or "the run itself, see its page"
        lines.append(f"- {_run_link(failure.run_id)} `{failure.job}` {failure.partitions}: {steps}{_blocked(failure.blocked)}")
    return "\n".join(lines + _more(report.failures)) or "No run failed."


def _more(found: Sequence[object]) -> list[str]:
    return [f"- and {len(found) - LISTED} more"] if len(found) > LISTED else []


def _blocked(steps: Sequence[str]) -> str:
    if not steps:
        return ""
    more = f" and {len(steps) - BLOCKED_LISTED} more" if len(steps) > BLOCKED_LISTED else ""
    named = ", ".join(f"`{step}`" for step in steps[:BLOCKED_LISTED])
    return f". {_counted(len(steps), 'step', 'steps')} never started: {named}{more}"


def _checked(report: NightReport) -> str:
    if not report.checks:
        return "The latest verdict of every check is a pass."
    lines = [
        f"- {'error' if check.error else 'warning'}: {_asset_link(check.asset)} `{check.name}`{f': {check.said}' if check.said else ''}"
        for check in report.checks[:LISTED]
    ]
    return "\n".join(lines + _more(report.checks))


def _late(report: NightReport) -> str:
    return "\n".join(f"- `{job}`: {why}" for job, why in report.late.items()) or "Nothing is late."


def _fresh(report: NightReport) -> str:
    return "\n".join(f"- newest **{key}**: {_by_group(paths)}" for key, paths in report.newest.items()) or "Nothing is published."


def _by_group(paths: Sequence[str]) -> str:
    groups: dict[str, list[str]] = {}
    for path in paths:
        group, _, name = path.partition("/")
        groups.setdefault(group, []).append(name)
    return "; ".join(f"{group}: {', '.join(names)}" for group, names in groups.items())


def _came_in(report: NightReport) -> str:
    if not report.records:
        return "No landing hour is published."
    outcomes = sorted({*report.records, *report.records_before})
    rows: list[Sequence[object]] = [
        (outcome, f"{report.records.get(outcome, 0):,}", f"{report.records_before.get(outcome, 0):,}") for outcome in outcomes
    ]
    rows.append(("**all**", f"{sum(report.records.values()):,}", f"{sum(report.records_before.values()):,}"))
    return _table(("outcome", "newest 24 hours", "24 hours before"), rows)


def _cost(report: NightReport) -> str:
    if not report.slowest:
        return "No step ran."
    rows = [(f"`{step.step}`", f"`{step.job}`", _run_link(step.run_id), f"{step.seconds:,.1f}") for step in report.slowest]
    return _table(("slowest steps", "job", "run", "seconds"), rows)
