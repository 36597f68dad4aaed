"""Sealing: which hours and days are due, from what has landed, what has been sealed and the clock.

What belongs here: the rules of what is due, as functions of the lake's state and a clock that is given. What doesn't: when they
are asked (``defs/automation.py``, ``commands/seal.py``), late files (``landing/late_files.py``), the work (jobs).

Hours are sealed once, in time order, ``seal_after_hours`` after their end. An hour is sealed when Dagster has recorded the tables
in which sealing ends (``automation.SEALED_TABLES``) for it. The lake cannot tell: it has no folder for a partition without rows,
and an hour without posts is sealed too. Only where Dagster's record is gone (a lake moved to another machine) the newest
published hour counts, at the price of sealing the empty hours after it again.

Every range is contiguous and bounded; what is left is due at the next tick.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from trend_assets.lake.storage import Storage, open_storage
from trend_assets.landing.files import landing_hours, list_landing
from trend_assets.landing.late_files import Sealed
from trend_assets.operations.automation import DAILY_TABLES, SEALED_TABLES
from trend_assets.operations.runs import Range
from trend_assets.partitions import DAY_FORMAT, HOUR_FORMAT, day_key, hour_key
from trend_assets.tables import TABLES

if TYPE_CHECKING:
    import dagster as dg

    from trend_assets.lake.lake import Lake
    from trend_assets.settings import Settings

HOURS_PER_RUN = 168
DAYS_PER_RUN = 31
QUIET = timedelta(days=7)
"""Hours without posts are sealed this long after the newest hour with landing files; then nothing is due until a file lands.
An hour whose files landed later than that is of an archive, and no hours without posts follow it."""
RETAIL = "retail/products"
WAREHOUSE_FILE = "warehouse/trends_database"
MARTS_WAIT_UNTIL = time(11, 30)
"""How long (UTC) marts wait in the morning for the last closed day; the last tick of their schedule."""
SHOWN_BY_MARTS = (*SEALED_TABLES, "topics/topic_hours", RETAIL, *DAILY_TABLES)
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID = re.compile(rf"([{_CROCKFORD}]{{10}})[{_CROCKFORD}]{{16}}-")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """What is due now: a range of partitions, or ``None`` and why nothing is. left: partitions due beyond the range."""

    range: Range | None
    reason: str
    left: int = 0


@dataclass(frozen=True)
class Landed:
    """First and newest hour that has landing files, and when the newest file of the newest hour was landed."""

    first: datetime
    newest: datetime
    newest_at: datetime

    @property
    def archive(self) -> bool:
        """Whether the newest hour was landed long after it ended: nothing is expected to follow it by itself."""
        return self.newest_at - self.newest > QUIET


def what_landed(storage: Storage) -> Landed | None:
    """The hours that landing spans, or ``None`` before anything landed. Folders are listed, and the files of two hours."""
    hours = landing_hours(storage)
    first = next((hour for hour in hours if list_landing(storage, [hour], hours[hour])), None)
    for newest in reversed(hours):
        files = list_landing(storage, [newest], hours[newest])
        if first is not None and files:
            return Landed(first, newest, max(landed_at(path) for path in files[newest]))
    return None


def landed_at(path: str) -> datetime:
    """When a landing file was written: the time in its name, a ULID (48 bits of milliseconds in Crockford's base 32); 1970 without."""
    milliseconds = 0
    match = _ULID.match(path.rpartition("/")[2])
    for digit in match.group(1) if match else "":
        milliseconds = milliseconds * 32 + _CROCKFORD.index(digit)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def recorded(instance: dg.DagsterInstance, path: str) -> dict[str, int]:
    """Partition keys that Dagster has recorded for a table, each with the number of its newest record (later records are higher)."""
    import dagster as dg

    return dict(
        instance.event_log_storage.get_latest_storage_id_by_partition(
            dg.AssetKey(path.split("/")), dg.DagsterEventType.ASSET_MATERIALIZATION
        )
    )


def sealed_hours(instance: dg.DagsterInstance, lake: Lake) -> tuple[datetime, datetime] | None:
    """Start of the first and end of the last sealed hour; ``None`` before anything is sealed."""
    keys = set.intersection(*(set(recorded(instance, path)) for path in SEALED_TABLES)) or set(lake.partitions(TABLES[SEALED_TABLES[0]]))
    if not keys:
        return None
    return hour_of(min(keys)), hour_of(max(keys)) + HOUR


def sealable_until(settings: Settings, landed: Landed, now: datetime) -> tuple[datetime, str]:
    """End (exclusive) of the hours that may be sealed now, and why not later."""
    current = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    ended = current - timedelta(hours=settings.seal_after_hours)
    newest = f"{landed.newest:%Y-%m-%d %H:%M}"
    if settings.lake_end is not None and settings.lake_end <= ended:
        # Nothing lands in a lake of the past any more: the hours after its last post are not hours without posts.
        return min(settings.lake_end, landed.newest + HOUR), f"the lake is of the past (LAKE_END) and its newest hour is {newest}"
    if landed.archive and landed.newest + HOUR < ended:
        return landed.newest + HOUR, f"the posts are an archive whose newest hour is {newest}; sealing goes on with the next file"
    if landed.newest + HOUR + QUIET < ended:
        return landed.newest + HOUR + QUIET, f"nothing has landed since {newest} and {QUIET.days} days; sealing goes on with the next file"
    return ended, f"the next hour is sealed {settings.seal_after_hours} hours after its end"


def hours_due(settings: Settings, landed: Landed | None, sealed: tuple[datetime, datetime] | None, now: datetime) -> Due:
    """Hours to seal now, from the hour after the last sealed one, or the first landing hour of an empty lake."""
    if landed is None:
        return Due(None, "nothing has landed yet")
    first = max(sealed[1] if sealed else landed.first, settings.lake_start)
    end, why = sealable_until(settings, landed, now)
    hours = (end - first) // HOUR
    if hours <= 0:
        return Due(None, f"every hour that can be sealed is: {why}" if sealed else f"no landed hour can be sealed yet: {why}")
    last = first + min(hours, HOURS_PER_RUN) * HOUR - HOUR
    return Due(Range(hour_key(first), hour_key(last)), f"{hours} hours to seal", max(hours - HOURS_PER_RUN, 0))


def last_closed_day(settings: Settings, landed: Landed | None, sealed: tuple[datetime, datetime] | None, now: datetime) -> date:
    """The newest day that may be made: yesterday; where sealing has stopped for good, the last day that is sealed whole."""
    yesterday = (now.astimezone(UTC) - DAY).date()
    if landed is None or sealed is None:
        return yesterday
    end, _ = sealable_until(settings, landed, now)
    behind = now.astimezone(UTC) - end > timedelta(hours=settings.seal_after_hours) + HOUR
    return min(yesterday, _last_whole_day(end)) if behind else yesterday


def daily_due(hours: Mapping[str, int], retail: Mapping[str, int], made: Mapping[str, int]) -> Due:
    """Days that have all hours and retail tables, and no daily tables or older ones: the automation condition, asked by hand.

    hours, retail, made: newest records of ``topics/trends``, ``retail/products`` and the last daily table by partition. The first
    contiguous range is due first.
    """
    due = []
    for day in sorted(retail):
        of_day = [hours.get(hour_key(hour)) for hour in _hours_of(day)]
        newest = max(retail[day], *(number for number in of_day if number is not None), 0)
        if None not in of_day and newest > made.get(day, -1):
            due.append(day)
    return first_range(due, "every day that is sealed and has retail tables is made")


def first_range(days: Sequence[str], none: str) -> Due:
    """The first contiguous range of the days that are due, in time order."""
    if not days:
        return Due(None, none)
    last = first = day_of(days[0])
    while day_key(last + DAY) in days and (last - first).days + 1 < DAYS_PER_RUN:
        last += DAY
    return Due(Range(day_key(first), day_key(last)), f"{len(days)} days to make", len(days) - (last - first).days - 1)


def under_way(instance: dg.DagsterInstance, job: str | None = None, tags: Mapping[str, str] | None = None) -> str | None:
    """Which run of the job, or with the tags, is queued or going on, in words, or ``None``."""
    import dagster as dg

    going = [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ]
    runs = instance.get_runs(dg.RunsFilter(job_name=job, tags=dict(tags or {}), statuses=going), limit=1)
    return f"the run {runs[0].run_id[:8]} of {runs[0].job_name} is {runs[0].status.value.lower()}" if runs else None


def marts_due(instance: dg.DagsterInstance) -> str | None:
    """Why the marts are due (a table they show was made after the warehouse file), or ``None``."""
    import dagster as dg

    def made_at(path: str) -> float:
        event = instance.get_latest_materialization_event(dg.AssetKey(path.split("/")))
        return event.timestamp if event is not None else 0.0

    published = made_at(WAREHOUSE_FILE)
    if not made_at(DAILY_TABLES[-1]):
        return None  # the models by day, which marts read, are made with the first daily tables
    newer = [path for path in SHOWN_BY_MARTS if made_at(path) > published]
    return f"{', '.join(newer)} newer than the warehouse file" if newer else None


def marts_of_the_morning(state: State, now: datetime) -> tuple[bool, str]:
    """Whether the marts are to be built at this tick of the morning, and why or why not.

    Once the cards of the last closed day, the last of its tables, are newer than the warehouse file. Where they are not made until
    ``MARTS_WAIT_UNTIL``, with what there is: that one time even half a day is better than yesterday's file.
    """
    import dagster as dg

    if not (cards := recorded(state.instance, DAILY_TABLES[-1])):
        return False, "no daily table was made yet"
    day = day_key(last_closed_day(state.settings, what_landed(state.storage), state.sealed(), now))
    published = state.instance.fetch_materializations(dg.AssetKey(WAREHOUSE_FILE.split("/")), limit=1).records
    if day in cards:
        newer = not published or cards[day] > published[0].storage_id
        return newer, f"the cards of {day} are {'newer than' if newer else 'in'} the warehouse file"
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if now.astimezone(UTC).time() >= MARTS_WAIT_UNTIL and (not published or published[0].timestamp < midnight.timestamp()):
        reason = marts_due(state.instance)
        return reason is not None, f"the cards of {day} are not made; {reason or 'nothing is newer than the warehouse file'}"
    return False, f"the cards of {day} are not made yet; at {MARTS_WAIT_UNTIL:%H:%M} marts are built of what there is"


@dataclass(frozen=True)
class State:
    """Where the state of the lake is kept: settings, Dagster's record, published tables, landing files."""

    settings: Settings
    instance: dg.DagsterInstance
    lake: Lake
    storage: Storage

    @classmethod
    def of_settings(cls, instance: dg.DagsterInstance | None = None) -> State:
        """The state that this process's settings name."""
        import dagster as dg

        from trend_assets.lake.lake import Lake
        from trend_assets.settings import load_settings

        settings = load_settings()
        return cls(settings, instance or dg.DagsterInstance.get(), Lake(settings.lake_root), open_storage(settings.landing_root))

    def sealed(self) -> tuple[datetime, datetime] | None:
        """Start of the first and end of the last sealed hour."""
        return sealed_hours(self.instance, self.lake)

    def sealed_for_late(self) -> Sealed | None:
        """The same, as what decides about late files."""
        sealed = self.sealed()
        return Sealed(*sealed, self.settings.lake_start) if sealed else None

    def due(self, now: datetime) -> dict[str, Due]:
        """What is due of each job with partitions, in the order in which they should run."""
        from trend_assets.operations.ledger import ledger_due
        from trend_assets.operations.retail_days import days_of_changed_sources, retail_due

        landed, sealed = what_landed(self.storage), self.sealed()
        retail = recorded(self.instance, RETAIL)
        hours, made = recorded(self.instance, SEALED_TABLES[0]), recorded(self.instance, DAILY_TABLES[-1])
        return {
            "social_hours": hours_due(self.settings, landed, sealed, now),
            "retail_days": retail_due(
                self.settings, landed, sealed, retail, now, lambda: days_of_changed_sources(self.settings, self.instance, retail, now)
            ),
            "demand_days": daily_due(hours, retail, made),
            "ledger_hours": ledger_due(self.lake, self.settings, now),
        }


def _last_whole_day(end: datetime) -> date:
    """The last day that ends at or before ``end``."""
    return (end.replace(hour=0) - DAY).date()


def _hours_of(day: str) -> list[datetime]:
    start = datetime.strptime(day, DAY_FORMAT).replace(tzinfo=UTC)
    return [start + number * HOUR for number in range(24)]


def hour_of(key: str) -> datetime:
    """Start of an hourly partition."""
    return datetime.strptime(key, HOUR_FORMAT).replace(tzinfo=UTC)


def day_of(key: str) -> date:
    """Day of a daily partition."""
    return datetime.strptime(key, DAY_FORMAT).replace(tzinfo=UTC).date()
