"""A committed partition beside the same one made again: identical, or where and how they differ.

What belongs here: comparing two lakes. What doesn't: making the second one (``operations/replay.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa

from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import CorruptionError, Manifest, UnsupportedFormatError
from trend_assets.tables import Table

KEYS_SHOWN = 3
"""Keys of differing rows that are told; another column's value never is."""


class Outcome(StrEnum):
    """How a committed partition compares with the one made again."""

    IDENTICAL = "identical"
    SAME_ROWS = "same rows, stored differently"
    DIFFERENT = "different"
    DAMAGED = "damaged"
    MISSING = "missing"
    LATE = "late posts"

    @property
    def is_good(self) -> bool:
        """Whether readers see what they should: what a replay gives, or what was sealed before late posts came."""
        return self in (Outcome.IDENTICAL, Outcome.SAME_ROWS, Outcome.LATE)


@dataclass(frozen=True)
class Comparison:
    """A partition compared: rows of both sides (None: not readable), what differs in words, and what became of restoring it.

    exact: the bytes made again are those that the committed manifest names. restored: empty where nothing was tried.
    """

    table: str
    key: str
    outcome: Outcome
    committed_rows: int | None
    replayed_rows: int
    detail: str = ""
    exact: bool = False
    restored: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the committed partition is now what a replay gives."""
        return self.outcome.is_good or self.restored == "restored"


def compare(committed: Lake, replayed: Lake, table: Table, key: str) -> Comparison:
    """Compare a partition of two lakes; the committed one may be damaged or missing."""
    again = replayed.manifest(table, key)
    rows = again.rows if again else 0
    try:
        before = committed.manifest(table, key)
    except (CorruptionError, UnsupportedFormatError) as error:
        return Comparison(table.path, key, Outcome.DAMAGED, None, rows, str(error))
    if before is None:
        if not rows:
            return Comparison(table.path, key, Outcome.IDENTICAL, 0, 0, exact=True)
        return Comparison(
            table.path, key, Outcome.MISSING, None, rows, f"not published; made again it has {rows} row{'' if rows == 1 else 's'}"
        )
    exact = _contents(before) == _contents(again)
    try:
        committed.verify(table, key)
    except CorruptionError as error:
        return Comparison(table.path, key, Outcome.DAMAGED, before.rows, rows, str(error), exact)
    if exact:
        return Comparison(table.path, key, Outcome.IDENTICAL, before.rows, rows, exact=True)
    detail = differences(table, committed.read(table, [key]), replayed.read(table, [key]))
    return Comparison(table.path, key, Outcome.DIFFERENT if detail else Outcome.SAME_ROWS, before.rows, rows, detail)


def _contents(manifest: Manifest | None) -> list[str]:
    """Hashes of the parts that hold rows."""
    return [part.sha256 for part in manifest.parts if part.rows] if manifest else []


def differences(table: Table, committed: pa.Table, replayed: pa.Table) -> str:
    """How rows differ, by key, in words: counts and the first keys, never another column's value. Empty: equal."""
    before, again = _by_key(table, committed), _by_key(table, replayed)
    gone, new = [key for key in before if key not in again], [key for key in again if key not in before]
    changed = [key for key in before if key in again and before[key] != again[key]]
    told = []
    if gone:
        told.append(f"{_rows(gone)} not made again: {_shown_keys(table, gone)}")
    if new:
        told.append(f"{_rows(new)} more: {_shown_keys(table, new)}")
    if changed:
        columns = sorted({name for key in changed for name in before[key] if before[key][name] != again[key][name]})
        told.append(f"{_rows(changed)} with other {', '.join(columns)}: {_shown_keys(table, changed)}")
    return "; ".join(told)


def _rows(keys: Sequence[tuple[Any, ...]]) -> str:
    return "1 row" if len(keys) == 1 else f"{len(keys)} rows"


def _by_key(table: Table, rows: pa.Table) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(row[name] for name in table.key): row for row in rows.to_pylist()}


def _shown_keys(table: Table, keys: Sequence[tuple[Any, ...]]) -> str:
    ordered = sorted(keys, key=lambda key: [str(value) for value in key])
    shown = ["/".join("-" if value is None else str(value) for value in key) for key in ordered[:KEYS_SHOWN]]
    rest = len(keys) - len(shown)
    return f"({'/'.join(table.key)}) {', '.join(shown)}" + (f" and {rest} more" if rest else "")
