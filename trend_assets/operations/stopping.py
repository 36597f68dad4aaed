"""Days of retail tables that failed their checks: those that stop what comes after, those that were only told, and what was judged.

What belongs here: the file of such days in the lake, reading it and changing it. What doesn't: which alarms stop (``history_checks.py``),
what a person accepts (``accepted.py``).

A day stops until it is repaired or accepted: a clean day later lifts nothing. A day that was told stops nothing, and like one that
stops it is no part of what is usual for the days after it. The file is one JSON object. It is replaced by compare-and-swap, and only
of the days that were judged: two runs that judge different days at once lose nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from trend_assets.lake.storage import ConflictError, Storage

FILE = "_stopping_days.json"
_ATTEMPTS = 10

Checks = frozenset[tuple[str, str]]
"""Table name (``orders``) and check."""


@dataclass(frozen=True)
class Judged:
    """Checks by the day they failed on, ``stopping`` what comes after or only ``told``; first and last day ever judged."""

    stopping: Mapping[date, Checks] = field(default_factory=dict)
    told: Mapping[date, Checks] = field(default_factory=dict)
    span: tuple[date, date] | None = None

    @property
    def failed(self) -> dict[date, Checks]:
        """Both kinds."""
        return {day: self.stopping.get(day, Checks()) | self.told.get(day, Checks()) for day in {*self.stopping, *self.told}}

    def covers(self, days: Collection[date]) -> bool:
        """Whether any of the days lies within those judged."""
        return self.span is not None and any(self.span[0] <= day <= self.span[1] for day in days)

    def with_days(self, days: Collection[date], stopping: Mapping[date, Checks], told: Mapping[date, Checks]) -> Judged:
        """After the ``days`` were judged (or removed): of them only what is given fails."""
        kinds = [
            {day: checks for day, checks in known.items() if day not in days} | {day: checks for day, checks in new.items() if checks}
            for known, new in ((self.stopping, stopping), (self.told, told))
        ]
        every = {*days, *(self.span or ())}
        return Judged(kinds[0], kinds[1], (min(every), max(every)) if every else None)

    def to_text(self) -> str:
        """As the file holds it."""
        rows: dict[str, Any] = {"judged": None if self.span is None else [str(day) for day in self.span]}
        for name, days in (("stopping", self.stopping), ("told", self.told)):
            rows[name] = {str(day): sorted(f"{table}.{check}" for table, check in days[day]) for day in sorted(days)}
        return json.dumps(rows, indent=1) + "\n"

    @classmethod
    def from_text(cls, text: str | bytes) -> Judged:
        """Inverse of ``to_text``. Raises ``ValueError``, ``KeyError``, ``TypeError`` or ``AttributeError`` for a text that is none."""
        rows = json.loads(text)
        kinds = [
            {
                date.fromisoformat(day): Checks((name.split(".")[0], name.split(".")[1]) for name in names)
                for day, names in rows[kind].items()
            }
            for kind in ("stopping", "told")
        ]
        span = [date.fromisoformat(day) for day in rows["judged"] or ()]
        return cls(kinds[0], kinds[1], (span[0], span[1]) if span else None)


def known_days(storage: Storage) -> Judged:
    """What is known of the days that were judged. Raises ``ValueError`` where the file is damaged."""
    return _read(storage)[0]


def stopping_days(storage: Storage) -> Mapping[date, Checks]:
    """Checks that stop what comes after, by the day they failed on. Raises ``ValueError`` where the file is damaged."""
    return known_days(storage).stopping


def record_judged(
    storage: Storage, judged: Collection[date], stopping: Mapping[date, Checks], told: Mapping[date, Checks] | None = None
) -> None:
    """Of the ``judged`` days keep what stops there and what was only told. Raises ``ConflictError`` when others kept writing."""
    for attempt in range(_ATTEMPTS):
        known, generation = _read(storage)
        new = known.with_days(judged, stopping, told or {})
        if new == known:
            return
        try:
            storage.compare_and_swap(FILE, new.to_text().encode(), generation)
        except ConflictError:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _read(storage: Storage) -> tuple[Judged, str | None]:
    """What the file holds, and its generation."""
    try:
        text, generation = storage.read_with_generation(FILE)
    except FileNotFoundError:
        return Judged(), None
    try:
        return Judged.from_text(text), generation
    except (ValueError, KeyError, AttributeError, TypeError, IndexError) as error:
        raise ValueError(f"{storage.uri(FILE)} is damaged ({error}): delete it, and judge the days again by trend-assets check") from error
