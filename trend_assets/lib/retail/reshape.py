"""The steps of a mapping done on the rows of a source: kept, computed, looked up, turned, summed.

What belongs here: what each step of ``steps.py`` does to rows, and the account of it. What doesn't: columns of ours (``columns.py``),
opening files (``trend_assets/retail/files.py``).

Nothing is lost unseen: a row that a step cannot read is refused with its number and text, and ``Account`` tells how many rows were
left out by declaration, summed up or multiplied. Rows that a step makes (sums, columns turned into rows) are numbered after the
file's own.

Numbers and days stay what they are from step to step. Where one must become text it is written as the table's format writes it, since
that is how the text is read again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.retail import steps as kinds
from trend_assets.lib.retail.arithmetic import evaluated
from trend_assets.lib.retail.columns import as_numbers, as_text, condition_mask, of_one_type, source_array, written, written_scalar
from trend_assets.lib.retail.dates import parse_days
from trend_assets.lib.retail.decode import Malformed, SourceFile
from trend_assets.lib.retail.mistakes import close_to
from trend_assets.lib.retail.rules import FileFormat
from trend_assets.lib.retail.shape import MappingError

_BETWEEN = "\x1f"


@dataclass(frozen=True)
class Account:
    """What became of the rows of a source: ``read`` = ``refused`` + ``left_out`` + those behind the rows ``given``."""

    name: str
    read: int
    refused: int
    left_out: int
    given: int

    def __str__(self) -> str:
        return (
            f"{self.read:,} read, {self.refused:,} of them not readable, {self.left_out:,} left out as declared; "
            f"steps made {self.given:,} of the rest"
        )


def total(accounts: Sequence[Account]) -> Account:
    """The account of several sources together."""
    return Account(
        "all",
        sum(one.read for one in accounts),
        sum(one.refused for one in accounts),
        sum(one.left_out for one in accounts),
        sum(one.given for one in accounts),
    )


@dataclass(frozen=True)
class Lookup:
    """A source to look things up in, after its own steps, how its values are written, and what became of its rows."""

    file: SourceFile
    file_format: FileFormat
    account: Account


@dataclass
class _Rows:
    """The rows as they are between two steps."""

    source: SourceFile
    file_format: FileFormat
    personal: Sequence[str]
    left_out: int = 0

    @property
    def data(self) -> pa.Table:
        return self.source.data

    def values(self, name: str) -> pa.Array:
        return source_array(self.data, name, self.file_format)

    def compared(self, name: str) -> pa.Array:
        """Texts to compare values by: numbers with a point and days as ISO 8601, whatever the format."""
        return as_text(self.values(name))

    def written(self, name: str) -> pa.Array:
        """Texts that go on in the place of the values."""
        return written(self.values(name), self.file_format)

    def days(self, name: str, date_format: str) -> pa.Array:
        values = self.values(name)
        typed = pa.types.is_date(values.type) or pa.types.is_timestamp(values.type)
        return values.cast(pa.date32(), safe=False) if typed else parse_days(as_text(values), date_format)

    def numbers(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Values (float64, NaN where missing), and the mask of those that are no number."""
        style = self.file_format
        values, wrong = as_numbers(self.values(name), style.decimal, style.thousands, style.symbols)
        return pc.fill_null(values, np.nan).to_numpy(zero_copy_only=False), wrong

    def with_column(self, name: str, values: pa.Array) -> None:
        place = self.data.column_names.index(name) if name in self.data.column_names else None
        data = self.data.append_column(name, values) if place is None else self.data.set_column(place, name, values)
        self.source = replace(self.source, data=data)

    def keep(self, rows: np.ndarray) -> None:
        self.source = replace(self.source, data=self.data.filter(pa.array(rows)), row_numbers=self.source.row_numbers[rows])

    def refuse(self, wrong: np.ndarray, column: str, what: str) -> None:
        """Take out rows (mask) whose value in a column is missing, or is not what it must be, with the reason."""
        if not wrong.any():
            return
        shown = [name for name in self.data.column_names if name not in self.personal]
        bad = np.flatnonzero(wrong)
        rows = self.data.select(shown).take(pa.array(bad)).to_pylist()
        values = self.data[column].take(pa.array(bad)).to_pylist()
        missing = self.values(column).take(pa.array(bad)).is_null().to_pylist()
        refused = [
            Malformed(
                int(number),
                json.dumps(row, ensure_ascii=False, default=str),
                f"{column} is missing: it must be {what}" if absent else f"{column}: {str(value)[:80]!r} is not {what}",
                "missing_value" if absent else "invalid_value",
                f"{column} is not {what}",
            )
            for number, row, value, absent in zip(self.source.row_numbers[bad], rows, values, missing, strict=True)
        ]
        malformed = sorted([*self.source.malformed, *refused], key=lambda one: one.row)
        self.keep(~wrong)
        self.source = replace(self.source, malformed=malformed)

    def become(self, data: pa.Table) -> None:
        """Other rows in the place of these, numbered after the file's own."""
        own = [int(self.source.row_numbers.max())] if len(self.source.row_numbers) else []
        after = max([*own, *(one.row for one in self.source.malformed)], default=-1) + 1
        self.source = replace(self.source, data=data, row_numbers=np.arange(after, after + data.num_rows, dtype=np.int64))


def reshaped(
    source: SourceFile,
    steps: Sequence[kinds.Step],
    lookups: Mapping[str, Lookup],
    file_format: FileFormat,
    personal: Sequence[str] = (),
    days: Sequence[date] | None = None,
) -> tuple[SourceFile, Account]:
    """The source after the steps, and what became of its rows.

    ``lookups``: sources to look things up in, by name; ``days``: of levels, the days to give
    (``None``: every day of the log). Raises ``MappingError`` for a column that is not there or a key that is there twice.
    """
    read = source.data.num_rows + len(source.malformed)
    rows = _Rows(source, file_format, personal)
    for step in steps:
        for name in step.inputs:
            if name not in rows.data.column_names:
                found = rows.data.column_names
                raise MappingError(
                    f"{source.name} has no column {name!r}, which a step needs.{close_to(name, found)} Columns found: {', '.join(found)}"
                )
        _DO[type(step)](rows, step, lookups, days)
    return rows.source, Account(source.name, read, len(rows.source.malformed), rows.left_out, rows.data.num_rows)


def _where(rows: _Rows, step: kinds.Where, *_: Any) -> None:
    kept = condition_mask(step.where, rows.data, rows.file_format)
    rows.left_out += int((~kept).sum())
    rows.keep(kept)


def _compute(rows: _Rows, step: kinds.Compute, *_: Any) -> None:
    computed: set[str] = set()
    for made, text in step.compute.items():
        for name in dict.fromkeys(kinds.names_in(text)):
            if name not in computed:
                rows.refuse(rows.numbers(name)[1], name, "a number")
        computed.add(made)
        columns = {name: rows.numbers(name)[0] for name in kinds.names_in(text)}
        values = evaluated(text, columns, rows.data.num_rows)
        rows.with_column(made, pa.array(values, mask=np.isnan(values)))


def _text(rows: _Rows, step: kinds.Text, *_: Any) -> None:
    for made, template in step.text.items():
        parts: list[Any] = []
        end = 0
        for hole in kinds.HOLES.finditer(template):
            parts += [pa.scalar(template[end : hole.start()]), rows.written(hole[1])]
            end = hole.end()
        rows.with_column(made, _broadcast(pc.binary_join_element_wise(*parts, pa.scalar(template[end:]), ""), rows.data.num_rows))


def _broadcast(values: Any, length: int) -> pa.Array:
    if isinstance(values, pa.Scalar):
        return pa.array([values.as_py()] * length, pa.string())
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _extract(rows: _Rows, step: kinds.Extract, *_: Any) -> None:
    for made, part in step.extract.items():
        found = pc.extract_regex(rows.written(part.column), part.named)
        values = pc.struct_field(found, [0])
        if part.fill is not None:
            values = pc.utf8_lpad(values, part.fill, "0")
        rows.with_column(made, values)


def _translate(rows: _Rows, step: kinds.Translate, *_: Any) -> None:
    for made, values in step.translate.items():
        text, decimal = rows.compared(values.column), rows.file_format.decimal
        place = pc.index_in(text, value_set=pa.array(list(values.values), pa.string()))
        found = pc.take(pa.array([written_scalar(value, decimal) for value in values.values.values()], pa.string()), place)
        if values.otherwise is not None:
            otherwise = pa.scalar(written_scalar(values.otherwise, decimal))
            found = pc.if_else(pc.and_(pc.is_null(place), pc.is_valid(text)), otherwise, found)
        rows.with_column(made, found)


def _choose(rows: _Rows, step: kinds.Choose, *_: Any) -> None:
    for made, choice in step.choose.items():
        holds = pa.array(condition_mask(choice.when, rows.data, rows.file_format))
        chosen = rows.values(choice.column)
        otherwise = pa.nulls(len(chosen), chosen.type) if choice.otherwise is None else rows.values(choice.otherwise)
        rows.with_column(made, pc.if_else(holds, *of_one_type([chosen, otherwise], rows.file_format)))


def _keys(rows: _Rows, names: Sequence[str]) -> pa.Array:
    """One text for each row's values; null where one is missing."""
    if len(names) == 1:
        return rows.compared(names[0])
    return pc.binary_join_element_wise(*(rows.compared(name) for name in names), _BETWEEN)


def _join(rows: _Rows, step: kinds.Join, lookups: Mapping[str, Lookup], *_: Any) -> None:
    look = step.join
    other = _Rows(lookups[look.source].file, lookups[look.source].file_format, ())
    for name in (*look.by.values(), *look.take):
        if name not in other.data.column_names:
            found = other.data.column_names
            raise MappingError(f"source {look.source} has no column {name!r}.{close_to(name, found)} Columns found: {', '.join(found)}")
    keys = _keys(other, list(look.by.values()))
    known = keys.drop_null()
    if len(known) != len(pc.unique(known)):
        counted = known.value_counts()
        twice = counted.field("values")[int(np.argmax(counted.field("counts").to_numpy(zero_copy_only=False)))].as_py()
        raise MappingError(
            f"source {look.source}: {twice.replace(_BETWEEN, ', ')!r} is there more than once in {', '.join(look.by.values())}, so rows "
            "would be counted more than once: name the columns that tell its rows apart in `by`, or sum it up first with a step `total`"
        )
    place = pc.index_in(_keys(rows, list(look.by)), value_set=keys, skip_nulls=True)
    for theirs, made in look.take.items():
        rows.with_column(made, pc.take(source_array(other.data, theirs, other.file_format), place))


def _unpivot(rows: _Rows, step: kinds.Unpivot, *_: Any) -> None:
    wide = step.unpivot
    others = [name for name in rows.data.column_names if name not in wide.columns]
    count = len(wide.columns)
    order = np.repeat(np.arange(rows.data.num_rows), count)
    kept = rows.data.select(others).take(pa.array(order))
    stacked = pa.concat_arrays(of_one_type([rows.values(name) for name in wide.columns], rows.file_format))
    turned = np.arange(rows.data.num_rows)[:, None] + np.arange(count)[None, :] * rows.data.num_rows
    values = stacked.take(pa.array(turned.ravel()))
    names = pa.array(list(wide.columns.values()), pa.string()).take(pa.array(np.tile(np.arange(count), rows.data.num_rows)))
    for name, column in ((wide.name, names), (wide.value, values)):
        kept = kept.drop_columns([name]) if name in kept.column_names else kept
        kept = kept.append_column(name, column)
    rows.become(kept.filter(pc.is_valid(values)))


def _groups(rows: _Rows, by: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Group of each row (from 0, in order of first appearance) and the first row of each group."""
    codes = np.zeros(rows.data.num_rows, dtype=np.int64)
    for name in by:
        part = rows.compared(name).dictionary_encode(null_encoding="encode").indices.to_numpy(zero_copy_only=False).astype(np.int64)
        _, codes = np.unique(codes * (int(part.max(initial=0)) + 1) + part, return_inverse=True)
    _, first, groups = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[groups], first[order]


def _total(rows: _Rows, step: kinds.Total, *_: Any) -> None:
    total = step.total
    for name in total.sum:
        rows.refuse(rows.numbers(name)[1], name, "a number")
    if total.order:
        order = np.lexsort([_ranks(rows, name) for name in reversed(total.order)])  # the last key counts most; stable
        rows.source = replace(rows.source, data=rows.data.take(pa.array(order)), row_numbers=rows.source.row_numbers[order])
    groups, first = _groups(rows, total.by)
    columns: dict[str, Any] = {name: rows.values(name).take(pa.array(first)) for name in total.by}
    for name, made in total.sum.items():
        columns[made] = _summed(rows.numbers(name)[0], groups, len(first))
    for chosen, smallest in ((total.smallest, True), (total.greatest, False)):
        for name, made in chosen.items():
            columns[made] = rows.values(name).take(pa.array(_extreme(rows, name, groups, len(first), smallest), pa.int64()))
    for name, made in total.first.items():
        columns[made] = rows.values(name).take(pa.array(first))
    if total.count:
        columns[total.count] = pa.array(np.bincount(groups, minlength=len(first)))
    rows.become(pa.table(columns))


def _summed(values: np.ndarray, groups: np.ndarray, count: int) -> pa.Array:
    """Sums of a group's values; missing where all of them are."""
    there = np.bincount(groups, weights=~np.isnan(values), minlength=count) > 0
    return pa.array(np.bincount(groups, weights=np.nan_to_num(values), minlength=count), mask=~there)


def _ranks(rows: _Rows, name: str) -> np.ndarray:
    """Numbers by whose order values are ordered: themselves where all are numbers, else the places of texts; infinite where missing."""
    texts, (numbers, wrong) = rows.compared(name), rows.numbers(name)
    there = texts.is_valid().to_numpy(zero_copy_only=False)
    if wrong.any():
        numbers = np.unique(pc.fill_null(texts, "").to_numpy(zero_copy_only=False).astype(str), return_inverse=True)[1]
    return np.where(there, np.asarray(numbers, dtype=np.float64), np.inf)


def _extreme(rows: _Rows, name: str, groups: np.ndarray, count: int, smallest: bool) -> list[int | None]:
    """The row of each group's smallest or greatest value, the first among equals; ``None`` where all are missing."""
    there = rows.values(name).is_valid().to_numpy(zero_copy_only=False)
    ranks = _ranks(rows, name)
    ranks = np.where(there, ranks if smallest else -ranks, np.inf)
    order = np.lexsort((np.arange(len(ranks)), ranks, groups))
    starts = np.searchsorted(groups[order], np.arange(count))
    return [int(row) if there[row] else None for row in order[starts]]


def _running_total(rows: _Rows, step: kinds.RunningTotal, _: Mapping[str, Lookup], days: Sequence[date] | None) -> None:
    log = step.running_total
    date_format = log.date_format or rows.file_format.date_format
    told = rows.days(log.at, date_format)
    rows.refuse(told.is_null().to_numpy(zero_copy_only=False), log.at, f"a date in the format {date_format}")
    for name in (*log.level, *log.of_day):
        rows.refuse(np.isnan(rows.numbers(name)[0]), name, "a number")  # taken as 0, what moved would be missing from every later day
    at = rows.days(log.at, date_format).cast(pa.int32()).to_numpy(zero_copy_only=False).astype(np.int64)
    groups, first = _groups(rows, log.by)
    if not len(at):
        rows.become(pa.table({name: pa.array([], pa.string()) for name in step.outputs}))
        return
    wanted = np.arange(at.min(), at.max() + 1) if days is None else np.array(sorted({(day - date(1970, 1, 1)).days for day in days}))
    wanted = wanted[(wanted >= at.min()) & (wanted <= at.max())]
    order = np.lexsort((at, groups))
    at, groups = at[order], groups[order]
    begins = np.searchsorted(groups, np.arange(len(first)))
    begun = at[begins]
    of, on = np.repeat(np.arange(len(first)), len(wanted)), np.tile(wanted, len(first))
    # position after the last movement up to the end of the day, found in one sorted key of group and day
    span = int(at.max() - at.min()) + 2
    key = groups * span + (at - at.min())
    until = np.searchsorted(key, of * span + (on - at.min()), side="right")
    before = np.searchsorted(key, of * span + (on - at.min()), side="left")
    shown = (on >= begun[of]) if log.each_day else until > before
    of, on, until, before = of[shown], on[shown], until[shown], before[shown]
    columns: dict[str, Any] = {name: rows.values(name).take(pa.array(first[of])) for name in log.by}
    columns[log.at] = pa.array(on.astype(np.int32), pa.int32()).cast(pa.date32())
    for chosen, start in ((log.level, begins[of]), (log.of_day, before)):
        for name, made in chosen.items():
            sums = np.r_[0.0, np.cumsum(rows.numbers(name)[0][order])]
            columns[made] = pa.array(np.round(sums[until] - sums[start], 6))
    rows.become(pa.table(columns))


_DO: dict[type[kinds.Step], Any] = {
    kinds.Where: _where,
    kinds.Compute: _compute,
    kinds.Text: _text,
    kinds.Extract: _extract,
    kinds.Translate: _translate,
    kinds.Choose: _choose,
    kinds.Join: _join,
    kinds.Unpivot: _unpivot,
    kinds.Total: _total,
    kinds.RunningTotal: _running_total,
}
