"""The audit that a table passes before it becomes visible, generated from its declaration.

What belongs here: checks that follow from ``tables/`` alone. What doesn't: checks that compare with other tables or the
past beyond the row count (asset checks beside their assets), and the publishing itself (``lake/lake.py``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality.partition_keys import UNPARTITIONED, bounds, numbers, numbers_of_times
from trend_assets.tables import Column, Table

CHECKS = ("schema", "required", "key", "values", "partition", "volume")
"""Names of the checks, in the order they are run; each is an asset check of every table."""

Check = Literal["schema", "required", "key", "values", "partition", "volume"]
Severity = Literal["error", "warning"]

VOLUME_MINIMUM_ROWS = 100
"""Partitions that had fewer rows may shrink freely: small counts vary."""
VOLUME_MINIMUM_SHARE = 0.1
_EXAMPLES = 3

_ADVICE = {
    "schema": "return exactly the declared columns and types, or change the declaration in trend_assets/tables",
    "required": "fill or quarantine these rows, or declare the column nullable",
    "key": "deduplicate on the key before returning the table",
    "values": "quarantine or correct these rows, or widen the declared range or list",
    "partition": "return only rows of the partitions being materialised",
    "volume": "if the loss is intended (an erasure, a corrected source), run it again with the run tag "
    "trend_assets/allow_shrink: true (models train: --allow-shrink; in code: publish with allow_shrink=True)",
}


@dataclass(frozen=True)
class Finding:
    """One rule that rows break: the check, the column ("" for the whole table), how many rows, in which partition."""

    check: Check
    column: str
    severity: Severity
    message: str
    rows: int
    table: str = ""
    partition: str | None = None

    def __str__(self) -> str:
        place = f"{self.table} [{self.partition}]" if self.partition else self.table
        return f"{place}: {self.severity} in check {self.check}: {self.message}"


class AuditError(ValueError):
    """Data that must not become visible; nothing was published. ``findings`` says what, where and how many rows."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        shown = [str(finding) for finding in self.findings[:20]]
        if len(self.findings) > len(shown):
            shown.append(f"... and {len(self.findings) - len(shown)} more findings")
        failed = {finding.check for finding in self.findings}
        advice = [f"to fix {check}: {_ADVICE[check]}" for check in CHECKS if check in failed]
        super().__init__("\n".join(["audit failed, nothing was published", *shown, *advice]))


def audit(table: Table, data: pa.Table, partition: str | None = None, previous_rows: int | None = None) -> list[Finding]:
    """All findings on the data of one partition, in the order of ``CHECKS``; empty when it is as declared.

    partition: key of the partition, ``None`` or ``all`` to leave out the partition check. previous_rows: rows that the
    partition holds now, ``None`` to leave out the volume check. The data need not conform: that is the first check.
    """
    findings = [
        *audit_rows(table, data, partition),
        *audit_key(table, data, partition),
        *audit_partition(table, data, partition),
        *audit_volume(table, data.num_rows, partition, previous_rows),
    ]
    return sorted(findings, key=lambda finding: CHECKS.index(finding.check))


def is_clean(table: Table, data: pa.Table, partitions: Sequence[str], rows: Sequence[int]) -> bool:
    """Whether no partition of a range has findings, volume left out: one look at all rows instead of one at each partition.

    data: the rows of ``partitions``, one after the other, ``rows`` of each, sorted by key within each. ``False`` only says
    that ``audit`` must look at the partitions one by one: it finds what, and may find nothing.
    """
    if not table.key or audit_rows(table, data):
        return False
    positions = np.repeat(np.arange(len(partitions)), rows)
    keyed = pa.table([pa.array(positions), *data.select(list(table.key)).columns], names=["partition", *table.key])
    if not neighbours(keyed)[1]:
        return False
    if table.time is None:
        return True
    times = data[table.time]
    if times.null_count:
        return False
    expected = numbers(table, partitions)[positions]
    return bool(np.array_equal(numbers_of_times(table, times), expected))


def neighbours(rows: pa.Table) -> tuple[bool, bool]:
    """Whether rows are sorted (ascending by all columns, nulls last), and whether no row equals the one before it.

    Sorted rows without equal neighbours are unique. Nulls compare equal. NaN is neither sorted nor equal to anything.
    """
    count = max(rows.num_rows - 1, 0)
    rises, equal = np.zeros(count, dtype=bool), np.ones(count, dtype=bool)
    for values in rows.columns:
        before, after = values.slice(0, count), values.slice(1)
        less, same = pc.less(before, after), pc.equal(before, after)
        if values.null_count:
            less = pc.or_(pc.fill_null(less, False), pc.and_(pc.is_valid(before), pc.is_null(after)))
            same = pc.or_(pc.fill_null(same, False), pc.and_(pc.is_null(before), pc.is_null(after)))
        rises |= equal & np.asarray(less)
        equal &= np.asarray(same)
    return bool(np.all(rises | equal)), not np.any(equal)


def audit_rows(table: Table, data: pa.Table, partition: str | None = None) -> list[Finding]:
    """Findings of the checks that look at each row by itself: ``schema``, ``required``, ``values``."""
    findings = [_finding(table, partition, "schema", name, message, data.num_rows) for name, message in _schema_faults(table, data)]
    unfit = {finding.column for finding in findings}
    present = [column for column in table.columns if column.name not in unfit]
    for column in present:
        missing = data[column.name].null_count
        if missing and not column.nullable:
            findings.append(_finding(table, partition, "required", column.name, f"{column.name} is null in {_rows(missing)}", missing))
    for column in present:
        for severity, message, rows in _value_faults(column, data[column.name]):
            findings.append(_finding(table, partition, "values", column.name, message, rows, severity))
    return findings


def audit_key(table: Table, data: pa.Table, partition: str | None = None) -> list[Finding]:
    """Findings of check ``key``: rows beyond the first of each key. Nulls compare equal. Only key columns are looked at."""
    names = list(table.key)
    if data.num_rows < 2 or any(name not in data.column_names for name in names):
        return []
    counts = data.select(names).group_by(names, use_threads=False).aggregate([([], "count_all")])
    surplus = data.num_rows - counts.num_rows
    if not surplus:
        return []
    repeated = counts.filter(pc.greater(counts["count_all"], 1)).slice(0, _EXAMPLES).select(names)
    shown = [name for name in names if not table.column(name).personal]
    example = f", for instance {repeated.select(shown).to_pylist()}" if shown else ""
    message = f"key ({', '.join(names)}) is not unique: {_rows(surplus)} repeat the key of another{example}"
    return [_finding(table, partition, "key", ", ".join(names), message, surplus)]


def audit_partition(table: Table, data: pa.Table, partition: str | None) -> list[Finding]:
    """Findings of check ``partition``: rows whose time column lies outside the partition."""
    if table.time is None or partition in (None, UNPARTITIONED) or table.time not in data.column_names or not data.num_rows:
        return []
    times = data[table.time]
    if not (pa.types.is_timestamp(times.type) or pa.types.is_date(times.type)):
        return []  # the schema check says so
    start, end = (pa.scalar(_comparable(moment, times.type), times.type) for moment in bounds(table, str(partition)))
    extremes = pc.min_max(times)
    if not extremes["min"].is_valid or (extremes["min"].as_py() >= start.as_py() and extremes["max"].as_py() < end.as_py()):
        return []
    outside = pc.sum(pc.or_(pc.less(times, start), pc.greater_equal(times, end))).as_py()
    message = f"{table.time} lies outside the partition in {_rows(outside)}: from {extremes['min']} to {extremes['max']}"
    return [_finding(table, partition, "partition", table.time, message, outside)]


def audit_volume(table: Table, rows: int, partition: str | None, previous_rows: int | None) -> list[Finding]:
    """Findings of check ``volume``: a partition of 100 rows or more would keep less than a tenth of them."""
    if previous_rows is None or previous_rows < VOLUME_MINIMUM_ROWS or rows >= VOLUME_MINIMUM_SHARE * previous_rows:
        return []
    message = f"{rows} rows would replace {previous_rows}"
    return [_finding(table, partition, "volume", "", message, previous_rows - rows)]


def _finding(
    table: Table, partition: str | None, check: Check, column: str, message: str, rows: int, severity: Severity = "error"
) -> Finding:
    return Finding(check, column, severity, message, rows, table.path, partition)


def _comparable(moment: datetime, type_: pa.DataType) -> datetime | date:
    """The moment as a value of a date, naive or aware timestamp type."""
    if pa.types.is_date(type_):
        return moment.date()
    return moment if type_.tz else moment.replace(tzinfo=None)


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _schema_faults(table: Table, data: pa.Table) -> Iterator[tuple[str, str]]:
    """Column and fault for each column that is missing, repeated, undeclared or of another type."""
    declared = {column.name: column for column in table.columns}
    names, types = data.schema.names, data.schema.types
    for name, column in declared.items():
        occurrences = names.count(name)
        if occurrences != 1:
            yield name, f"column {name} is {'missing' if occurrences == 0 else 'there more than once'}"
        elif types[names.index(name)] != column.type:
            yield name, f"column {name} is {types[names.index(name)]}, declared {column.type}"
    for name in names:
        if name not in declared:
            yield name, f"column {name} is not declared"


def _value_faults(column: Column, values: pa.ChunkedArray) -> Iterator[tuple[Severity, str, int]]:
    """Severity, message and rows (elements, in a list column) for each rule on values that is broken."""
    what = "rows"
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        values, what = pc.list_flatten(values), "elements"
        if values.null_count:
            yield "error", f"{column.name} holds {values.null_count} null elements", values.null_count
    if pa.types.is_floating(values.type):
        undefined = pc.sum(pc.is_nan(values)).as_py() or 0
        if undefined:
            yield "error", f"{column.name} is NaN in {undefined} {what}: use null for unknown", undefined
        infinite = pc.sum(pc.is_inf(values)).as_py() or 0
        if infinite:
            yield "warning", f"{column.name} is infinite in {infinite} {what}", infinite
    if column.allowed and len(values):
        refused = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=pa.array(column.allowed, values.type))))
        count = pc.sum(refused).as_py() or 0
        if count:
            found = sorted(pc.unique(values.filter(refused)).to_pylist())[:_EXAMPLES]
            example = "" if column.personal else f", for instance {found}"
            yield "error", f"{column.name} is none of the allowed values in {count} {what}{example}", count
    yield from _range_faults(column, values, what)


def _range_faults(column: Column, values: pa.ChunkedArray, what: str) -> Iterator[tuple[Severity, str, int]]:
    whole = pa.types.is_integer(values.type)
    if not (whole or pa.types.is_floating(values.type) or pa.types.is_decimal(values.type)) or not len(values):
        return
    # whole limits for whole numbers: comparing int64 with a float fails beyond 2^53
    if column.minimum is not None:
        limit = math.ceil(column.minimum) if whole else column.minimum
        count = pc.sum(pc.less(values, limit)).as_py() or 0
        if count:
            yield "error", f"{column.name} is below {column.minimum:g} in {count} {what} (lowest: {pc.min(values)})", count
    if column.maximum is not None:
        limit = math.floor(column.maximum) if whole else column.maximum
        count = pc.sum(pc.greater(values, limit)).as_py() or 0
        if count:
            yield "error", f"{column.name} is above {column.maximum:g} in {count} {what} (highest: {pc.max(values)})", count
