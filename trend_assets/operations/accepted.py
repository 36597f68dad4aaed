"""Changes that a person has accepted: from a day on, what a check called unusual is the usual.

What belongs here: the file of accepted changes in the lake, adding to it, reading it. What doesn't: what acceptance means for a verdict
(``lib/quality/retail_checks.py``, ``post_facts.py``), which days a check names (``operations/stopping.py``, ``schema_changes.py``), options
and printing (``commands/accept.py``).

The file holds one JSON object a line and only ever grows; two people who accept at once lose nothing (compare-and-swap).
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from trend_assets.lake.storage import ConflictError, Storage

FILE = "_accepted_changes.jsonl"
_ATTEMPTS = 10


@dataclass(frozen=True)
class Accepted:
    """One acceptance: table (``retail/orders``), check, the first day of the new usual, why, who and when.

    ``change``: of a check that tells several changes apart, the one that is meant, by its name.
    """

    table: str
    check: str
    since: date
    reason: str
    accepted_by: str
    accepted_at: datetime
    change: str = ""

    def to_line(self) -> bytes:
        """As a line of the file."""
        return json.dumps({name: str(value) for name, value in asdict(self).items()}, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def from_line(cls, line: str) -> Accepted:
        """Inverse of ``to_line``. Raises ``ValueError`` or ``KeyError`` for a line that is none."""
        row = json.loads(line)
        since, moment = date.fromisoformat(row["since"]), datetime.fromisoformat(row["accepted_at"])
        return cls(row["table"], row["check"], since, row["reason"], row["accepted_by"], moment, row.get("change", ""))


def accepted_changes(storage: Storage) -> list[Accepted]:
    """Every acceptance, oldest first. Raises ``ValueError`` where the file is damaged, saying which line."""
    try:
        text = storage.read(FILE).decode()
    except FileNotFoundError:
        return []
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            found.append(Accepted.from_line(line))
        except (ValueError, KeyError) as error:
            raise ValueError(f"{storage.uri(FILE)}: line {number} is no accepted change: {error}") from error
    return found


def accept(storage: Storage, *changes: Accepted) -> None:
    """Add acceptances, all or none. Raises ``ValueError`` without a reason, ``ConflictError`` when others kept adding."""
    if not all(change.reason.strip() for change in changes):
        raise ValueError("say why the change is right: whoever looks at it in a year will ask")
    for attempt in range(_ATTEMPTS):
        try:
            text, generation = storage.read_with_generation(FILE)
        except FileNotFoundError:
            text, generation = b"", None
        try:
            storage.compare_and_swap(FILE, text + b"".join(change.to_line() for change in changes), generation)
        except ConflictError:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def day_of(since: str, table: str, named: Collection[date], newest: date | None) -> date:
    """The first day of an acceptance as a person wrote it, ``2026-09-14``.

    named: the days on which the check stops something, as far as known. newest: the newest published day of the table. Raises
    ``ValueError`` where no day is given, it is none, or the table has none so late: no check can have named it.
    """
    told = f" It stops {', '.join(str(day) for day in sorted(named))}." if named else ""
    if not since:
        raise ValueError(f"--since is missing: the first day of the change, which is the day that the check names.{told}")
    try:
        day = date.fromisoformat(since)
    except ValueError as error:
        raise ValueError(f"--since {since!r} is no day: write it as 2026-09-14.{told}") from error
    last = max([*named, *([newest] if newest else [])], default=None)
    if last is None:
        raise ValueError(f"nothing of {table} is published yet: there is nothing to accept")
    if day > last:
        raise ValueError(f"--since {day} is after the newest day of {table}, {last}: no check has named it.{told}")
    return day


def since_by_check(changes: list[Accepted], group: str) -> dict[tuple[str, str], set[date]]:
    """By table name within the group and check, the first day of each accepted usual: a later one takes back no earlier one."""
    since: dict[tuple[str, str], set[date]] = {}
    for change in changes:
        found, _, name = change.table.partition("/")
        if found == group:
            since.setdefault((name, change.check), set()).add(change.since)
    return since


def moment_of(now: datetime) -> datetime:
    """To the second, in UTC."""
    return now.astimezone(UTC).replace(microsecond=0)
