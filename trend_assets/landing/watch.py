"""What the landing sensor sees in one tick: lag, backlog, late hours; bounded, and a function of what is there and the clock.

What belongs here: one look and what is remembered until the next. What doesn't: what late is (``landing/late_files.py``), what is
sealable (``operations/sealing.py``), Dagster (``defs/social/sensors.py``).

A tick names the folders of landing and compares at most ``most_files`` landing files (or one hour, where that has more): half of them
of the newest sealed hours, where late posts mostly come; the rest going on through older hours, back to where late hours expire; up to
a fifth beyond, where files are only told of. The memory says where to go on; without it a tick starts again at the newest hour and
everything is found all the same. No tick lists all files: landing is never deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from trend_assets.lake.reader import LakeReader
from trend_assets.lake.storage import Storage
from trend_assets.landing.files import landing_hours, landing_of_day
from trend_assets.landing.late_files import LateRange, Sealed, look_for_late, ranges_of
from trend_assets.operations.sealing import landed_at

RECENT = timedelta(hours=48)
"""Sealed hours that each tick looks at first."""
BACKLOG_DAYS = 3
"""Days after the last sealed hour whose waiting files are counted; today and yesterday are counted too."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
_LATE = "observed_late"


@dataclass(frozen=True)
class Memory:
    """What one tick leaves to the next. Losing it costs time, never a file.

    position, expired_position: hours at which the looks through older and through expired hours go on. newest_file_at: when the newest
    file known was landed. told_at: the same of the expired files that a person was told of. observed_late, observed_at: the last
    observation.
    """

    position: datetime | None = None
    expired_position: datetime | None = None
    newest_file_at: datetime | None = None
    told_at: datetime | None = None
    observed_at: datetime | None = None
    observed_late: str = ""

    def to_text(self) -> str:
        """The cursor's text."""
        values = {name: value for name, value in asdict(self).items() if value}
        return json.dumps({name: value if isinstance(value, str) else value.isoformat() for name, value in values.items()}, sort_keys=True)

    @classmethod
    def from_text(cls, text: str | None) -> Memory:
        """Inverse of ``to_text``; anything else is no memory."""
        try:
            content = json.loads(text or "{}")
            times = {one.name: datetime.fromisoformat(content[one.name]) for one in fields(cls) if one.name in content.keys() - {_LATE}}
            return cls(observed_late=str(content.get(_LATE, "")), **times)
        except (ValueError, TypeError, AttributeError):
            return cls()


@dataclass(frozen=True)
class Watched:
    """A tick's findings.

    waiting: landing files of hours not sealed yet (of the days looked at). late: ranges to rebuild. expired: files by hour that is not
    rebuilt. looked_at: files compared. newest_file_at: when the newest file known was landed. memory: for the next tick.
    """

    waiting: int
    late: list[LateRange]
    expired: Mapping[datetime, Sequence[str]]
    looked_at: int
    newest_file_at: datetime | None
    memory: Memory

    @property
    def late_files(self) -> int:
        """Late files found in this tick."""
        return sum(len(late.files) for late in self.late)

    @property
    def late_hours(self) -> str:
        """The late hours in words."""
        return ", ".join(late.name for late in self.late) or "none"

    def figures(self, now: datetime) -> dict[str, int | float | str]:
        """What is observed: lag of the newest file in seconds, files not consumed, late hours by name."""
        figures: dict[str, int | float | str] = {
            "backlog_files": self.waiting + self.late_files,
            "waiting_files": self.waiting,
            "late_files": self.late_files,
            "late_hours": self.late_hours,
            "expired_files": sum(map(len, self.expired.values())),
        }
        if self.newest_file_at is not None:
            figures |= {
                "lag_seconds": round((now - self.newest_file_at).total_seconds(), 1),
                "newest_file_at": self.newest_file_at.isoformat(timespec="seconds"),
            }
        return figures


def watch(storage: Storage, lake: LakeReader, sealed: Sealed | None, memory: Memory, *, most_files: int, now: datetime) -> Watched:
    """Look once. sealed: which hours are sealed, ``None`` where none is."""
    landed = landing_hours(storage)
    waiting = _waiting(storage, landed, sealed.until if sealed else now - BACKLOG_DAYS * DAY, now)
    late: dict[datetime, list[str]] = {}
    expired: dict[datetime, list[str]] = {}
    remembered, looked_at = replace(memory, position=None, expired_position=None), 0
    if sealed:
        look = partial(look_for_late, storage, lake, landed, sealed)
        recent = max(sealed.until - RECENT, sealed.rebuilt_from)
        first = look(newest=sealed.until - HOUR, oldest=recent, most_files=max(most_files // 2, 1))
        old = look(
            newest=_earlier(memory.expired_position, sealed.rebuilt_from - HOUR),
            oldest=sealed.judged_from,
            most_files=max(most_files // 5, 1),
        )
        # Where the newest hours have more files than half the budget, going on through older hours starts within them.
        start = first.position if first.position is not None else recent - HOUR
        second = look(
            newest=_earlier(memory.position, start), oldest=sealed.rebuilt_from, most_files=max(most_files - first.files - old.files, 1)
        )
        late, expired = {**second.late, **first.late}, old.expired
        looked_at = first.files + second.files + old.files
        remembered = replace(memory, position=second.position, expired_position=old.position)
    found = [*waiting, *(path for paths in (*late.values(), *expired.values()) for path in paths)]
    known = [landed_at(path) for path in found] + ([memory.newest_file_at] if memory.newest_file_at else [])
    newest = max(known, default=None)
    return Watched(len(waiting), ranges_of(late), expired, looked_at, newest, replace(remembered, newest_file_at=newest))


def _earlier(remembered: datetime | None, start: datetime) -> datetime:
    return start if remembered is None else min(remembered, start)


def _day(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _waiting(storage: Storage, landed: Mapping[datetime, Sequence[str]], since: datetime, now: datetime) -> list[str]:
    """Landing files of unsealed hours: of the first days after the last sealed hour, and of yesterday and today."""
    first, today = _day(since), _day(now)
    days = {first + number * DAY for number in range(BACKLOG_DAYS)} | ({today - DAY, today} if today > first else set())
    networks: dict[datetime, set[str]] = {}
    for hour in landed:
        if _day(hour) in days:
            networks.setdefault(_day(hour), set()).update(landed[hour])
    start = since.replace(minute=0, second=0, microsecond=0)
    listed = (landing_of_day(storage, sorted(networks[day]), day) for day in sorted(networks))
    return [path for of_day in listed for hour, paths in of_day.items() if hour >= start for path in paths]
