"""What landed extracts of a database mean for a day: which one speaks for it, when another must be taken, from where.

What belongs here: the record of an extract and pure decisions on it. What doesn't: connecting and reading
(``retail/database.py``), files (``retail/extracts.py``).

An extract is what one read of a table gave at one moment. It is never changed, so a day made from it can be made again
although the database has moved on. **The extract of a day is the first one taken after the day ended** (in the table's time
zone); a day that has not ended is given the newest one, and is asked again later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

LATE_DAYS = 14
"""A day is made again by itself for what changes in it within so many days after it. Sales rates look back as far."""
_NO_NUMBERS = ("NaN", "Infinity", "-Infinity")


@dataclass(frozen=True)
class LandedPart:
    """One Parquet file of an extract: path below the landing folder, and rows."""

    path: str
    rows: int


@dataclass(frozen=True)
class Extract:
    """One landed extract.

    ``number`` counts from 1 within a source; ``taken_at``: aware, UTC; ``full``: everything was read, not only changes;
    ``low`` and ``high``: the watermark it began at and reached, as the database writes them; ``first_day`` and
    ``last_day``: the days that were asked for, where only those were read. ``key_is_unique``: the database promises that no
    two rows have the same key; ``changed_days``: days of the last ``LATE_DAYS`` whose rows are other ones than before it;
    ``inserted``, ``changed``, ``deleted``: rows by their key against the extract before (``None``: not compared);
    ``checkpoint``: parts that hold all rows up to this extract, each with its extract and row, so that earlier ones need not
    be read.
    """

    number: int
    taken_at: datetime
    full: bool
    columns: tuple[str, ...]
    parts: tuple[LandedPart, ...]
    low: str | None = None
    high: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    key_is_unique: bool = False
    changed_days: tuple[date, ...] = ()
    checkpoint: tuple[LandedPart, ...] = ()
    inserted: int | None = None
    changed: int | None = None
    deleted: int | None = None

    @property
    def rows(self) -> int:
        """Rows that were read."""
        return sum(part.rows for part in self.parts)

    @property
    def told(self) -> str:
        """A few words for the load's report."""
        compared = self.inserted is not None
        changes = f"; {self.inserted:,} inserted, {self.changed:,} changed, {self.deleted:,} deleted" if compared else ""
        return f"extract {self.number}: {self.rows:,} rows{changes}"

    def covers(self, day: date) -> bool:
        """Whether the day was among those read."""
        return self.first_day is None or self.last_day is None or self.first_day <= day <= self.last_day

    def to_json(self) -> bytes:
        """The manifest of the extract."""
        return json.dumps(asdict(self), default=lambda value: value.isoformat(), indent=1).encode()

    @staticmethod
    def from_json(content: bytes) -> Extract:
        """The extract that a manifest describes."""
        fields: dict[str, Any] = json.loads(content)
        for name in ("first_day", "last_day"):
            fields[name] = None if fields[name] is None else date.fromisoformat(fields[name])
        fields["taken_at"] = datetime.fromisoformat(fields["taken_at"])
        fields["columns"] = tuple(fields["columns"])
        fields["changed_days"] = tuple(date.fromisoformat(day) for day in fields.get("changed_days", ()))
        for name in ("parts", "checkpoint"):
            fields[name] = tuple(LandedPart(**part) for part in fields.get(name, ()))
        return Extract(**fields)


def start_of_day(day: date, timezone: str) -> datetime:
    """First moment of a day in a time zone (aware, UTC)."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def end_of_day(day: date, timezone: str) -> datetime:
    """First moment after a day in a time zone (aware, UTC)."""
    return start_of_day(day + timedelta(days=1), timezone)


def last_closed_day(moment: datetime, timezone: str) -> date:
    """The last day that had ended at a moment."""
    return moment.astimezone(ZoneInfo(timezone)).date() - timedelta(days=1)


def closing_extract(extracts: Sequence[Extract], day: date, timezone: str) -> Extract | None:
    """The first extract taken after the day ended; ``None`` where there is none yet."""
    end = end_of_day(day, timezone)
    return next((extract for extract in extracts if extract.taken_at >= end and extract.covers(day)), None)


def extract_of_day(extracts: Sequence[Extract], day: date, timezone: str) -> Extract | None:
    """The extract that speaks for a day: its closing one, else the newest that covers it."""
    newest = next((extract for extract in reversed(extracts) if extract.covers(day)), None)
    return closing_extract(extracts, day, timezone) or newest


def days_to_read(extracts: Sequence[Extract], days: Iterable[date], timezone: str) -> list[date]:
    """Asked days for which an extract must be taken: those without a closing one."""
    return [day for day in days if closing_extract(extracts, day, timezone) is None]


def full_read_due(
    extracts: Sequence[Extract], columns: Iterable[str], full_every_days: int | None, now: datetime, read_again: datetime | None = None
) -> bool:
    """Whether the next watermark extract must read everything: the first one, a new column, as often as declared, or on demand.

    ``read_again``: everything that was read before that moment, unless it still lies ahead. Also where a number that is none was
    taken for the watermark: nothing is greater than it.
    """
    if not extracts or not set(columns) <= set(extracts[-1].columns) or extracts[-1].high in _NO_NUMBERS:
        return True
    last_full = next(extract for extract in reversed(extracts) if extract.full)
    if read_again is not None and last_full.taken_at < read_again <= now:
        return True
    return full_every_days is not None and now - last_full.taken_at >= timedelta(days=full_every_days)


def read_since(extracts: Sequence[Extract], read_again: datetime | None, now: datetime) -> list[Extract]:
    """The extracts that may speak for a day: where everything is to be read again, those taken since then."""
    if read_again is None or read_again > now:
        return list(extracts)
    return [extract for extract in extracts if extract.taken_at >= read_again]


def chain_of(extracts: Sequence[Extract], last: Extract) -> list[Extract]:
    """The extracts that together give the state at ``last``: from the newest full one or checkpoint on."""
    upto = [extract for extract in extracts if extract.number <= last.number]
    start = max(number for number, extract in enumerate(upto) if extract.full or extract.checkpoint)
    return upto[start:]


def changes_of_day(extracts: Sequence[Extract], day: date, timezone: str) -> list[int]:
    """Numbers of the extracts that changed rows of a day after the one that closed it."""
    closing = closing_extract(extracts, day, timezone)
    return [
        extract.number for extract in extracts if closing is not None and extract.number > closing.number and day in extract.changed_days
    ]


def too_late_for(extract: Extract, day: date, timezone: str, late_hours: int) -> bool:
    """Whether a state that was read so long after the day's end no longer tells the state of that day."""
    return extract.taken_at - end_of_day(day, timezone) > timedelta(hours=late_hours)
