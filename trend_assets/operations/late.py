"""What is late: what a job should have started on when its schedule last asked, and has not done.

What belongs here: lateness, from what is due and when it is asked for. What doesn't: the rules of what is due
(``operations/sealing.py``, ``operations/retail_days.py``, ``models/due.py``), freshness policies (``operations/automation.py``).

Something is due at almost every moment: the hour that sealing takes up at the next tick, the day that waits for its retail tables.
It is late once a tick has passed that should have taken it up, and a run had time to do it. So each rule is asked as of the job's
last tick, with what had been made by then, against what is made now.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from trend_assets.models.due import predictions_due
from trend_assets.operations.automation import DAILY_TABLES, SEALED_TABLES
from trend_assets.operations.retail_days import retail_due
from trend_assets.operations.sealing import (
    HOUR,
    RETAIL,
    WAREHOUSE_FILE,
    State,
    daily_due,
    hour_of,
    hours_due,
    last_closed_day,
    recorded,
    under_way,
    what_landed,
)
from trend_assets.partitions import day_key
from trend_assets.tables.models import TASKS

if TYPE_CHECKING:
    import dagster as dg

RUN_TIME = timedelta(minutes=20)
"""How long a run may take after the tick that asked for it before what it makes counts as late."""


def last_tick(cron: str, now: datetime) -> datetime:
    """The last moment at or before ``now`` at which the schedule (UTC) asked."""
    import dagster as dg

    ticks = dg.TimeWindowPartitionsDefinition(start="2000-01-01", fmt="%Y-%m-%d", cron_schedule=cron, timezone="UTC")
    window = ticks.get_prev_partition_window(now)
    if window is None:
        raise ValueError(f"the schedule {cron} has no tick before {now}")
    return window.end.astimezone(UTC)


def late_jobs(state: State, now: datetime, schedules: Mapping[str, str]) -> dict[str, str]:
    """Jobs that are late, each with what it has yet to do. schedules: cron (UTC) by job; a job without one is not asked about."""
    judged = now - RUN_TIME
    ticks = {job: last_tick(cron, judged) for job, cron in schedules.items()}
    ticks["demand_days"] = judged  # no schedule: a sensor asks all the time
    found = {}
    for job, tick in ticks.items():
        if reason := _left(state, job, tick):
            going = under_way(state.instance, job)
            found[job] = f"{reason} since {tick:%Y-%m-%d %H:%M}{f'; {going}' if going else ''}"
    return found


def _left(state: State, job: str, tick: datetime) -> str | None:
    """What of the job was due at the tick and is not done now, in words."""
    if job == "marts":
        return _marts_left(state, tick)
    if job == "social_hours":
        due = hours_due(state.settings, what_landed(state.storage), state.sealed(), tick)
    elif job == "retail_days":
        due = retail_due(state.settings, what_landed(state.storage), _sealed(state, tick), recorded(state.instance, RETAIL), tick)
    elif job == "demand_days":
        hours, retail = _recorded(state.instance, SEALED_TABLES[0], tick), _recorded(state.instance, RETAIL, tick)
        due = daily_due(hours, retail, recorded(state.instance, DAILY_TABLES[-1]))
    elif (task := job.removesuffix("_hours")) in TASKS:
        champion = _newest(state.instance, f"{task}/champion", until=tick) is not None
        clean, predicted = _recorded(state.instance, "social/clean_posts", tick), recorded(state.instance, f"{task}/predictions")
        due = predictions_due(task, _sealed(state, tick), clean, predicted, champion=champion)
    else:
        return None  # housekeeping, this report: they make no table that could be missing
    return due.reason if due.range is not None else None


def _marts_left(state: State, tick: datetime) -> str | None:
    """Marts are due once the cards of the last closed day are newer than the file (``marts_of_the_morning``)."""
    cards, published = _recorded(state.instance, DAILY_TABLES[-1], tick), _newest(state.instance, WAREHOUSE_FILE)
    day = day_key(last_closed_day(state.settings, what_landed(state.storage), _sealed(state, tick), tick))
    late = day in cards and (published is None or cards[day] > published[0])
    return f"the cards of {day} newer than the warehouse file" if late else None


def _newest(
    instance: dg.DagsterInstance, path: str, *, since: float | None = None, until: datetime | None = None
) -> tuple[int, float] | None:
    """Number and time of the newest record of a table between the moments, ``None`` without one."""
    import dagster as dg

    before = None if until is None else until.timestamp()
    wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(path.split("/")), after_timestamp=since, before_timestamp=before)
    found = instance.fetch_materializations(wanted, limit=1).records
    return (found[0].storage_id, found[0].timestamp) if found else None


def _recorded(instance: dg.DagsterInstance, path: str, until: datetime) -> dict[str, int]:
    """As ``recorded``, without partitions that were made again since: for them it is not known what had been made by then."""
    newest = _newest(instance, path, until=until)
    return {key: number for key, number in recorded(instance, path).items() if newest and number <= newest[0]}


def _sealed(state: State, until: datetime) -> tuple[datetime, datetime] | None:
    """Start of the first and end of the last hour that was sealed by then."""
    keys = set.intersection(*(set(_recorded(state.instance, path, until)) for path in SEALED_TABLES))
    return (hour_of(min(keys)), hour_of(max(keys)) + HOUR) if keys else None
