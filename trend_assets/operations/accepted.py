"""Changes that a person has accepted: from a day on, what a check called unusual is the usual.

What belongs here: the file of accepted changes in the lake, adding to it, reading it. What doesn't: what acceptance means for a verdict
(``lib/quality/retail_checks.py``, ``post_facts.py``), options and printing (``commands/accept.py``).

The file holds one JSON object a line and only ever grows; two people who accept at once lose nothing (compare-and-swap).
"""

from __future__ import annotations

import json
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
