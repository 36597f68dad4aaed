"""Housekeeping: what the night removes, and only that.

What belongs here: parts that no manifest names, partitions past their declared retention, old records of Dagster and logs, old
alerts. What doesn't: when it runs (``defs/automation.py``), erasure of a person's posts.

Nothing that a manifest names is removed, except with its whole partition when the table declares a retention and it has passed:
the manifest first, so that readers see the partition or do not, then its parts. Landing files declare no retention and are kept:
everything can be made from them again. Runs that materialized hours or days are kept too: Dagster's record of what has been made
is theirs, and sealing goes by it.

Retention counts from the end of the last sealed hour, not from the clock: sealing reads the registry of the hour before, a window
and 28 days of history, and an archive or the hours of an outage are sealed a week at a time. While nothing is sealed, nothing expires.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from trend_assets.lake.manifest import CorruptionError
from trend_assets.lake.reader import manifest_path, part_path
from trend_assets.lib.quality.partition_keys import UNPARTITIONED
from trend_assets.operations.alerts import shorten
from trend_assets.operations.sealing import sealed_hours
from trend_assets.partitions import DAY_FORMAT, HOUR_FORMAT
from trend_assets.settings import Environment, Settings
from trend_assets.tables import TABLES, Table

if TYPE_CHECKING:
    import dagster as dg

    from trend_assets.lake.lake import Lake

GARBAGE_GRACE = timedelta(days=1)
"""How old a part that no manifest names must be: longer than the longest query and the longest publication."""
PROVISIONAL = ("social/live_posts",)
"""Tables whose retention is enforced everywhere: sealing makes what they hold anew."""
LOG_DAYS = 30
RUN_DAYS = {"live": 1, "checks": 30, "housekeeping": 30}
"""Jobs whose old runs are removed, with the days they are kept: no run of theirs is the record of an hour or day made."""
KEPT_RUNS = 100
"""Newest runs of each such job that stay however old they are."""
MOST_RUNS, MOST_SECONDS = 20_000, 600.0
"""Bounds of one night's removal of runs."""


@dataclass
class Removed:
    """What was removed, or would be. partitions: number by table. overdue: partitions past retention that are kept, by table."""

    dry_run: bool
    parts: int = 0
    partitions: dict[str, int] = field(default_factory=dict)
    overdue: dict[str, int] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    logs: int = 0
    alerts: int = 0

    def figures(self) -> dict[str, int | str | Mapping[str, int] | bool]:
        """As metadata of the run."""
        return {
            "dry_run": self.dry_run,
            "unnamed_parts_removed": self.parts,
            "partitions_removed": sum(self.partitions.values()),
            "partitions_removed_by_table": self.partitions,
            "partitions_past_retention_kept": sum(self.overdue.values()),
            "partitions_past_retention_kept_by_table": self.overdue,
            "runs_removed_by_job": self.runs,
            "log_files_removed": self.logs,
            "alerts_removed": self.alerts,
        }


def retention_is_enforced(settings: Settings, table: Table) -> bool:
    """In staging and production, where the lake grows; elsewhere only of provisional tables.

    A developer's lake may hold an archive, all of it older than any retention, and a lake with an end is of the past on purpose.
    """
    grows = settings.lake_end is None
    return grows and (table.path in PROVISIONAL or settings.environment is not Environment.DEV)


def remove_garbage(lake: Lake, now: datetime, *, dry_run: bool = False) -> int:
    """Remove parts that no manifest names and temporaries of killed writers; returns how many. A dry run counts none."""
    if dry_run:
        return 0
    return sum(len(lake.collect_garbage(table, now - GARBAGE_GRACE)) for table in TABLES.values())


def expired_partitions(lake: Lake, table: Table, now: datetime, sealed_until: datetime | None) -> list[str]:
    """Keys of partitions that ended more than the table's declared retention before the end of sealed hours.

    sealed_until: end of the last sealed hour, ``None`` while nothing is sealed. Provisional tables go by the clock (``now``).
    """
    if table.retention_days is None or table.partition == "none":
        return []
    counted_from = now if table.path in PROVISIONAL else sealed_until
    if counted_from is None:
        return []
    before = min(counted_from, now) - timedelta(days=table.retention_days)
    return [key for key in lake.partitions(table) if key != UNPARTITIONED and _end(table, key) <= before]


def remove_partition(lake: Lake, table: Table, key: str) -> bool:
    """Remove one partition: the manifest first, which makes it invisible in one step, then the parts it named.

    Killed in between, the parts are unnamed and ``collect_garbage`` removes them; a part that somebody publishes meanwhile is not
    touched. A damaged manifest is left for a person to look at: returns whether the partition was removed.
    """
    try:
        manifest = lake.manifest(table, key)
    except CorruptionError:
        return False
    lake.storage.delete(manifest_path(table, key))
    for part in manifest.parts if manifest is not None else ():
        lake.storage.delete(part_path(table, key, part))
    return True


def enforce_retention(
    lake: Lake, settings: Settings, now: datetime, *, sealed_until: datetime | None, dry_run: bool, force: bool | None = None
) -> Removed:
    """Remove, or only count, what ``expired_partitions`` says. force: instead of ``retention_is_enforced``."""
    removed = Removed(dry_run)
    for path, table in TABLES.items():
        keys = expired_partitions(lake, table, now, sealed_until)
        if not keys:
            continue
        enforced = retention_is_enforced(settings, table) if force is None else force
        if not enforced:
            removed.overdue[path] = len(keys)
            continue
        done = len(keys) if dry_run else sum(remove_partition(lake, table, key) for key in keys)
        removed.partitions[path] = done
        if done < len(keys):
            removed.overdue[path] = len(keys) - done
    return removed


def _end(table: Table, key: str) -> datetime:
    if table.partition == "hour":
        return datetime.strptime(key, HOUR_FORMAT).replace(tzinfo=UTC) + timedelta(hours=1)
    return datetime.strptime(key, DAY_FORMAT).replace(tzinfo=UTC) + timedelta(days=1)


def remove_runs(
    instance: dg.DagsterInstance, now: datetime, *, dry_run: bool = False, days: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Remove ended runs of the jobs in ``RUN_DAYS`` that are older than their days, oldest first, except the newest of each job."""
    import dagster as dg

    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    removed: dict[str, int] = {}
    stop_at, left = time.monotonic() + MOST_SECONDS, MOST_RUNS
    for job, kept_days in (RUN_DAYS if days is None else days).items():
        newest = instance.get_run_records(dg.RunsFilter(job_name=job), limit=KEPT_RUNS)
        spared = {record.dagster_run.run_id for record in newest}
        old = dg.RunsFilter(job_name=job, statuses=ended, created_before=now - timedelta(days=kept_days))
        for record in instance.get_run_records(old, limit=left + KEPT_RUNS, ascending=True):
            if left == 0 or time.monotonic() > stop_at:
                return removed
            if record.dagster_run.run_id in spared:
                continue
            if not dry_run:
                instance.delete_run(record.dagster_run.run_id)
            removed[job] = removed.get(job, 0) + 1
            left -= 1
    return removed


def remove_logs(folders: Iterable[Path], now: datetime, *, dry_run: bool = False) -> int:
    """Remove log files that were last written more than ``LOG_DAYS`` ago; returns how many."""
    before, removed = (now - timedelta(days=LOG_DAYS)).timestamp(), 0
    for folder in folders:
        for file in sorted(folder.glob("*.log")) if folder.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):
                if file.is_file() and file.stat().st_mtime < before:
                    removed += 1
                    if not dry_run:
                        file.unlink()
    return removed


def keep_house(
    lake: Lake,
    settings: Settings,
    instance: dg.DagsterInstance,
    *,
    alerts: Path,
    logs: Iterable[Path],
    now: datetime,
    dry_run: bool = False,
    retention: bool | None = None,
) -> Removed:
    """One night's housekeeping. retention: enforce or only count what has passed it; default: by environment."""
    sealed = sealed_hours(instance, lake)
    removed = enforce_retention(lake, settings, now, sealed_until=sealed[1] if sealed else None, dry_run=dry_run, force=retention)
    removed.parts = remove_garbage(lake, now, dry_run=dry_run)
    removed.runs = remove_runs(instance, now, dry_run=dry_run)
    removed.logs = remove_logs(logs, now, dry_run=dry_run)
    removed.alerts = 0 if dry_run else shorten(alerts)
    return removed
