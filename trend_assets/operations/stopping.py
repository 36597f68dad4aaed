"""Days whose retail tables stop what comes after, until they are repaired or accepted: a clean day later lifts nothing.

What belongs here: the file of such days in the lake, reading it and changing it. What doesn't: which alarms stop (``history_checks.py``),
what a person accepts (``accepted.py``).

The file is one JSON object, checks by day. It is replaced by compare-and-swap, and only of the days that were judged: two runs that
judge different days at once lose nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date

from trend_assets.lake.storage import ConflictError, Storage

FILE = "_stopping_days.json"
_ATTEMPTS = 10

Checks = frozenset[tuple[str, str]]
"""Table name (``orders``) and check."""


def stopping_days(storage: Storage) -> dict[date, Checks]:
    """Checks that stop what comes after, by the day they failed on. Raises ``ValueError`` where the file is damaged."""
    return _read(storage)[0]


def record_judged(storage: Storage, judged: Collection[date], stopping: Mapping[date, Checks]) -> None:
    """Of the ``judged`` days keep those that stop, and what stops there. Raises ``ConflictError`` when others kept writing."""
    for attempt in range(_ATTEMPTS):
        known, generation = _read(storage)
        kept = {day: checks for day, checks in known.items() if day not in judged}
        days = kept | {day: checks for day, checks in stopping.items() if checks}
        if days == known:
            return
        told = {str(day): sorted(f"{table}.{check}" for table, check in days[day]) for day in sorted(days)}
        try:
            storage.compare_and_swap(FILE, json.dumps(told, indent=1).encode() + b"\n", generation)
        except ConflictError:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _read(storage: Storage) -> tuple[dict[date, Checks], str | None]:
    """The days and the file's generation."""
    try:
        text, generation = storage.read_with_generation(FILE)
    except FileNotFoundError:
        return {}, None
    try:
        rows = {date.fromisoformat(day): [name.partition(".") for name in names] for day, names in json.loads(text).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"{storage.uri(FILE)} is damaged ({error}): delete it, and judge the days again by trend-assets check") from error
    return {day: frozenset((table, check) for table, _, check in names) for day, names in rows.items()}, generation
