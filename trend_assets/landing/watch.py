"""What the landing sensor sees in one tick: lag, backlog, late hours; bounded, and a function of what is there and the clock.

What belongs here: one look and what is remembered until the next. What doesn't: what late is (``landing/late_files.py``), what is
sealable (``operations/sealing.py``), Dagster (``defs/social/sensors.py``).

A tick compares at most ``most_files`` landing files (or one hour, where that has more): half of them the newest sealed hours,
where late posts mostly come, half going on through older hours, back to where late hours expire. The memory says where to go on;
without it a tick starts again at the newest hour and everything is found all the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from trend_assets.lake.reader import LakeReader
from trend_assets.lake.storage import Storage
from trend_assets.landing.files import list_landing
from trend_assets.landing.late_files import LATE_WITHIN, LateRange, files_of_day, look_for_late, ranges_of
from trend_assets.operations.sealing import landed_at

RECENT = timedelta(hours=48)
"""Sealed hours that each tick looks at first."""
BACKLOG_DAYS = 3
"""Days after the last sealed hour whose waiting files are counted; today and yesterday are counted too."""
_TIMES = ("position", "newest_file_at", "observed_at")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True)
class Memory:
    """What one tick leaves to the next. Losing it costs time, never a file."""

    networks: tuple[str, ...] = ()
    position: datetime | None = None
    newest_file_at: datetime | None = None
    observed: Mapping[str, int | float | str] = field(default_factory=dict)
    observed_at: datetime | None = None

    def to_text(self) -> str:
        """The cursor's text."""
        times = {
            name: moment.isoformat()
            for name in ("position", "newest_file_at", "observed_at")
            if (moment := getattr(self, name)) is not None
        }
        return json.dumps({"networks": list(self.networks), "observed": dict(self.observed), **times}, sort_keys=True)

    @classmethod
    def from_text(cls, text: str | None) -> Memory:
        """Inverse of ``to_text``; anything else is no memory."""
        try:
            content = json.loads(text or "{}")
            times = {name: datetime.fromisoformat(content[name]) for name in _TIMES if name in content}
            return cls(networks=tuple(content.get("networks", ())), observed=dict(content.get("observed", {})), **times)
        except (ValueError, TypeError, AttributeError):
            return cls()


@dataclass(frozen=True)
class Watched:
    """A tick's findings.

    waiting: landing files of hours not sealed yet (of the days looked at). late: ranges to rebuild. looked_at: files compared.
    newest_file_at: when the newest file known was landed. memory: for the next tick.
    """

    waiting: int
    late: list[LateRange]
    looked_at: int
    newest_file_at: datetime | None
    memory: Memory

    @property
    def late_files(self) -> int:
        """Late files found in this tick."""
        return sum(len(late.files) for late in self.late)

    def figures(self, now: datetime) -> dict[str, int | float | str]:
        """What is observed: lag of the newest file in seconds, files not consumed, late hours by name."""
        figures: dict[str, int | float | str] = {
            "backlog_files": self.waiting + self.late_files,
            "waiting_files": self.waiting,
            "late_files": self.late_files,
            "late_hours": ", ".join(late.name for late in self.late) or "none",
        }
        if self.newest_file_at is not None:
            figures |= {
                "lag_seconds": round((now - self.newest_file_at).total_seconds(), 1),
                "newest_file_at": self.newest_file_at.isoformat(timespec="seconds"),
            }
        return figures


def watch(
    storage: Storage, lake: LakeReader, sealed: tuple[datetime, datetime] | None, memory: Memory, *, most_files: int, now: datetime
) -> Watched:
    """Look once. sealed: start of the first and end of the last sealed hour, ``None`` where nothing is sealed."""
    networks = memory.networks
    if not networks or memory.position is None:
        networks = tuple(sorted({_network(path) for paths in list_landing(storage).values() for path in paths}))
    waiting = _waiting(storage, networks, sealed[1] if sealed else now - BACKLOG_DAYS * DAY, now)
    late: dict[datetime, list[str]] = {}
    looked_at, position = 0, None
    if sealed:
        end = sealed[1]
        oldest, recent = max(end - LATE_WITHIN, sealed[0]), max(end - RECENT, sealed[0])
        first = look_for_late(
            storage, lake, networks=networks, newest=end - HOUR, oldest=recent, sealed_until=end, most_files=max(most_files // 2, 1)
        )
        # Where the newest hours have more files than half the budget, going on through older hours starts within them.
        start = first.position if first.position is not None else recent - HOUR
        going_on = min(memory.position, start) if memory.position is not None else start
        second = look_for_late(
            storage, lake, networks=networks, newest=going_on, oldest=oldest, sealed_until=end, most_files=max(most_files - first.files, 1)
        )
        late = {**second.late, **first.late}
        looked_at, position = first.files + second.files, second.position
    found = [*waiting, *(path for paths in late.values() for path in paths)]
    known = [landed_at(path) for path in found] + ([memory.newest_file_at] if memory.newest_file_at else [])
    newest = max(known, default=None)
    remembered = replace(memory, networks=networks, position=position, newest_file_at=newest)
    return Watched(len(waiting), ranges_of(late), looked_at, newest, remembered)


def _network(path: str) -> str:
    return path.partition("/")[0].removeprefix("network=")


def _day(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _waiting(storage: Storage, networks: Sequence[str], since: datetime, now: datetime) -> list[str]:
    """Landing files of unsealed hours: of the first days after the last sealed hour, and of yesterday and today."""
    first, today = _day(since), _day(now)
    days = {first + number * DAY for number in range(BACKLOG_DAYS)} | ({today - DAY, today} if today > first else set())
    return [
        path
        for day in sorted(days)
        for hour, paths in files_of_day(storage, networks, day).items()
        if hour >= since.replace(minute=0, second=0, microsecond=0)
        for path in paths
    ]
