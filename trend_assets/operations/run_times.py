"""Runs that take much longer than their kind does, ended or still going.

What belongs here: reading Dagster's record of runs, the alert's words. What doesn't: the rule (``lib/quality/run_times.py``), when it is
looked for (``defs/monitoring/retraining.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from trend_assets.lib.quality.run_times import limit, size_class
from trend_assets.operations.alerts import Alert
from trend_assets.partitions import daily, end_of_hour

if TYPE_CHECKING:
    import dagster as dg

LOOKED_BACK = 60
"""Newest runs of a job that are its norm."""
CONDITION = "condition"
"""Name in place of a job's for runs that the automation condition asked for."""


@dataclass(frozen=True)
class SlowRun:
    """A run, how long it has taken, how long its kind may take at most, whether it is still going."""

    job: str
    run_id: str
    seconds: float
    limit: float
    going: bool

    def alert(self, now: datetime) -> Alert:
        """The same as an alert: names and figures only."""
        state = "is still running after" if self.going else "took"
        text = (
            f"Run of {self.job} {state} {_minutes(self.seconds)}; runs of its kind take at most {_minutes(self.limit)}. "
            f"Its page shows which step (run {self.run_id[:8]})."
        )
        details = {"run_id": self.run_id, "seconds": f"{self.seconds:.0f}", "limit": f"{self.limit:.0f}"}
        return Alert("slow_run", self.job, text, details, now)


def slow_runs(instance: dg.DagsterInstance, told: Collection[str], now: datetime) -> list[SlowRun]:
    """Runs, the newest ended one of each job and size and those still going, that are slower than their norm and not among ``told``."""
    import dagster as dg

    found: list[SlowRun] = []
    kept = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.STARTED]
    for job in sorted(_jobs(instance)):
        records = instance.get_run_records(dg.RunsFilter(job_name=job, statuses=kept), limit=LOOKED_BACK)  # the newest first
        ended: dict[str, list[tuple[str, float]]] = {}
        going: list[tuple[str, str, float]] = []
        for record in records:
            run, kind = record.dagster_run, size_class(_partitions(record.dagster_run.tags))
            if record.start_time is None:
                continue
            if record.end_time is None:
                going.append((run.run_id, kind, now.timestamp() - record.start_time))
            else:
                ended.setdefault(kind, []).append((run.run_id, record.end_time - record.start_time))
        for run_id, kind, seconds in going:
            found += _slow(job, run_id, seconds, [one for _, one in ended.get(kind, [])], going=True)
        for (run_id, seconds), *earlier in ended.values():
            found += _slow(job, run_id, seconds, [one for _, one in earlier], going=False)
    return [one for one in found if one.run_id not in told]


def _slow(job: str, run_id: str, seconds: float, earlier: list[float], *, going: bool) -> list[SlowRun]:
    most = limit(earlier)
    return (
        [SlowRun(CONDITION if job.startswith("__") else job, run_id, seconds, most, going)] if most is not None and seconds > most else []
    )


def _jobs(instance: dg.DagsterInstance) -> set[str]:
    return {record.job_name for record in instance.get_runs(limit=500)}


def _partitions(tags: Mapping[str, str]) -> int:
    """How many partitions a run is over, one where it says nothing."""
    first, last = tags.get("dagster/asset_partition_range_start"), tags.get("dagster/asset_partition_range_end")
    if not first or not last or first == last:
        return 1
    try:
        if len(first) > len("2026-09-01"):
            return int((end_of_hour(last) - end_of_hour(first)).total_seconds() // 3600) + 1
        return (datetime.strptime(last, daily.fmt) - datetime.strptime(first, daily.fmt)).days + 1
    except ValueError:
        return 1


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
