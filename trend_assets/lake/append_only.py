"""The rule of append-only tables: a published row never changes and never goes; rows may be added.

What belongs here: comparing what is to be published with what is. What doesn't: when a ledger may add rows (``operations/ledger.py``),
removing whole partitions that have passed their retention (``operations/housekeeping.py``).
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from trend_assets.lib.quality.audit import Finding
from trend_assets.tables import Table

SHOWN = 3


def never_rewritten(table: Table, key: str, published: pa.Table, rows: pa.Table) -> list[Finding]:
    """A finding of check ``volume`` where a published row is not among ``rows`` as it was published; none where all are.

    A column that was declared since, and is null in published rows, may not be filled in either. O(rows) in Python, of one partition.
    """
    if rows.select(published.column_names).equals(published):
        return []
    given = {_key(table, row): row for row in rows.to_pylist()}
    changed, gone = [], []
    for row in published.to_pylist():
        now = given.get(_key(table, row))
        if now is None:
            gone.append(row)
        elif now != row:
            changed.append((row, now))
    if not changed and not gone:
        return []
    told = []
    if changed:
        columns = sorted({name for row, now in changed for name in row if row[name] != now[name]})
        told.append(f"{_count(len(changed))} would change in {', '.join(columns)}: {_shown(table, [row for row, _ in changed])}")
    if gone:
        told.append(f"{_count(len(gone))} would go: {_shown(table, gone)}")
    message = (
        f"what was recorded is never rewritten, and {' and '.join(told)}. Nothing is wrong with what is recorded: if the tables it keeps "
        "have changed since, materialise the current hour, which records that as a correction"
    )
    return [Finding("volume", "", "error", message, len(changed) + len(gone), table.path, key)]


def _key(table: Table, row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in table.key)


def _count(number: int) -> str:
    return f"{number} row{'' if number == 1 else 's'}"


def _shown(table: Table, rows: list[dict[str, Any]]) -> str:
    shown = ["/".join("-" if row[name] is None else str(row[name]) for name in table.key) for row in rows[:SHOWN]]
    rest = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"({'/'.join(table.key)}) {', '.join(shown)}{rest}"
