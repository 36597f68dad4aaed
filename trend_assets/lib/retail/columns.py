"""One column rule applied to all rows of a file at once: values of our type, and which rows have a problem.

What belongs here: sources, conditions, lookups, numbers, signs. What doesn't: dates (``dates.py``), keys and
references between tables (``read.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.retail.conditions import Condition
from trend_assets.lib.retail.dates import parse_days, parse_times, times_from_typed
from trend_assets.lib.retail.rules import ColumnRule, FileFormat
from trend_assets.lib.retail.shape import Scalar
from trend_assets.tables import Column

_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$"
_SPACES = "[ \u00a0\u2009\u202f]"
_FEWEST_VALUES = 20
_LARGEST_WHOLE = 2**53
"""Beyond this a double no longer holds every whole number, and no stock or price is as large."""


class Problems:
    """What is wrong with each row: the first problem that was marked wins, with a reason of the closed list.

    Parameters: ``rows``, the number of rows.
    """

    def __init__(self, rows: int) -> None:
        self._code = np.full(rows, -1, dtype=np.int32)
        self._kinds: list[tuple[str, Callable[[int], str]]] = []
        self._columns: list[str | None] = []

    def mark(self, rows: np.ndarray, reason: str, detail: Callable[[int], str] | str, column: str | None = None) -> None:
        """Give the rows (boolean mask) this reason, unless they have one. ``detail`` may depend on the row's position."""
        self._kinds.append((reason, (lambda _, text=detail: text) if isinstance(detail, str) else detail))  # type: ignore[misc]
        self._columns.append(column)
        self._code[rows & (self._code < 0)] = len(self._kinds) - 1

    @property
    def sound(self) -> np.ndarray:
        """True for rows without a problem."""
        return self._code < 0

    def of(self, position: int) -> tuple[str, str]:
        """Reason and detail of one row that has a problem."""
        reason, detail = self._kinds[self._code[position]]
        return reason, detail(position)

    def column_of(self, position: int) -> str | None:
        """Which of our columns the problem is in; ``None`` where it is the row as a whole."""
        return self._columns[self._code[position]]


def source_array(data: pa.Table, name: str, file_format: FileFormat) -> pa.Array:
    """A column of the file as one array: texts trimmed, with null for texts that mean missing; other types as they are."""
    column = data[name]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    values = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    if not pa.types.is_string(values.type):
        return values
    values = pc.utf8_trim_whitespace(values)
    absent = pc.is_in(values, value_set=pa.array(["", *file_format.missing], pa.string()))
    return pc.if_else(absent, pa.scalar(None, pa.string()), values)


def as_text(values: pa.Array) -> pa.Array:
    """Any column as text (null stays null)."""
    return values if pa.types.is_string(values.type) else values.cast(pa.string())


def written(values: pa.Array, file_format: FileFormat) -> pa.Array:
    """Any column as texts that the format reads back as the same numbers and days (null stays null).

    For what goes on as text only: a number written with a point would be read as a thousand times as much where points part thousands.
    """
    if pa.types.is_string(values.type):
        return values
    if pa.types.is_date(values.type) or pa.types.is_timestamp(values.type):
        if file_format.date_format == "iso":
            return values.cast(pa.string())
        if pa.types.is_timestamp(values.type) and values.type.tz is not None:
            values = pc.local_timestamp(values.cast(pa.timestamp(values.type.unit, tz=file_format.timezone)))
        return pc.strftime(values, file_format.date_format)
    texts = values.cast(pa.string())
    if pa.types.is_floating(values.type) or pa.types.is_decimal(values.type):
        texts = pc.replace_substring(texts, ".", file_format.decimal)
    return texts


def written_scalar(value: Scalar, decimal: str) -> str:
    """A value of the mapping as a text of a file with that decimal mark; what the mapping writes as text is taken as it is."""
    return str(value).replace(".", decimal) if isinstance(value, float) else str(value)


def of_one_type(arrays: Sequence[pa.Array], file_format: FileFormat) -> list[pa.Array]:
    """The columns as they are where all are of one type, else as the format writes them."""
    return list(arrays) if len({values.type for values in arrays}) == 1 else [written(values, file_format) for values in arrays]


def _mask(values: pa.Array) -> np.ndarray:
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False)


def as_numbers(values: pa.Array, decimal: str, thousands: str, symbols: Sequence[str] = ()) -> tuple[pa.Array, np.ndarray]:
    """Texts or numbers to float64, and the mask of values that are there but are no finite number.

    Each of ``symbols`` is removed, a sign may follow the number as accounting systems write it (``12,50-``), and thousands
    separated by a space may be separated by any kind of space.
    """
    if pa.types.is_boolean(values.type) or pa.types.is_temporal(values.type):
        return pa.nulls(len(values), pa.float64()), values.is_valid().to_numpy(zero_copy_only=False)
    if not pa.types.is_string(values.type):
        numbers = values.cast(pa.float64(), safe=False)
        there = _mask(values.is_valid()) & ~_mask(pc.is_nan(numbers))
        finite = _mask(pc.is_finite(numbers))
        return pc.if_else(pa.array(finite), numbers, pa.scalar(None, pa.float64())), there & ~finite
    for symbol in symbols:
        values = pc.replace_substring(values, symbol, "")
    if thousands:
        values = pc.replace_substring_regex(values, _SPACES, "") if thousands.isspace() else pc.replace_substring(values, thousands, "")
    if symbols:
        values = pc.utf8_trim_whitespace(values)
    values = pc.replace_substring_regex(values, r"^([^+-].*)-$", r"-\1")
    if decimal == ",":
        values = pc.replace_substring(values, ",", ".")
    readable = pc.match_substring_regex(values, _NUMBER)
    numbers = pc.if_else(readable, values, pa.scalar(None, pa.string())).cast(pa.float64())
    finite = pc.is_finite(numbers)
    numbers = pc.if_else(finite, numbers, pa.scalar(None, pa.float64()))
    return numbers, _mask(values.is_valid()) & ~_mask(finite)


def condition_mask(conditions: list[Condition], data: pa.Table, file_format: FileFormat) -> np.ndarray:
    """Rows for which every condition holds. A missing value fails every test but ``missing: true``."""
    holds = np.ones(data.num_rows, dtype=bool)
    for condition in conditions:
        values = source_array(data, condition.column, file_format)
        if condition.missing is not None:
            holds &= _mask(values.is_null(nan_is_null=True)) == condition.missing
        if condition.equals:
            holds &= _mask(pc.is_in(as_text(values), value_set=pa.array(condition.equals, pa.string())))
        if condition.starts_with:
            text = as_text(values)
            holds &= np.logical_or.reduce([_mask(pc.starts_with(text, prefix)) for prefix in condition.starts_with])
        if condition.below is not None or condition.above is not None:
            numbers, _ = as_numbers(values, file_format.decimal, file_format.thousands, file_format.symbols)
            if condition.below is not None:
                holds &= _mask(pc.less(numbers, condition.below))
            if condition.above is not None:
                holds &= _mask(pc.greater(numbers, condition.above))
    return holds


def _constants(value: Scalar | None, decimal: str, length: int) -> pa.Array:
    return pa.array([None if value is None else written_scalar(value, decimal)], pa.string()).take(pa.array(np.zeros(length, np.int64)))


def _raw_values(rule: ColumnRule, data: pa.Table, file_format: FileFormat, decimal: str) -> tuple[pa.Array, np.ndarray]:
    """Values before conversion to our type, those of the mapping with that decimal mark, and the mask of values not in the lookup."""
    length = data.num_rows
    fine = np.zeros(length, dtype=bool)
    if rule.cases is not None:
        choice = np.full(length, len(rule.cases), dtype=np.int64)
        for number, case in reversed(list(enumerate(rule.cases))):
            choice[condition_mask(case.when, data, file_format)] = number
        said = [*(case.value for case in rule.cases), rule.otherwise]
        texts = [None if value is None else written_scalar(value, decimal) for value in said]
        return pa.array(texts, pa.string()).take(pa.array(choice)), fine
    if rule.column is None:
        return _constants(rule.constant, decimal, length), fine
    values = source_array(data, rule.column, file_format)
    if rule.lookup is None:
        return values, fine
    text = as_text(values)
    place = pc.index_in(text, value_set=pa.array(list(rule.lookup), pa.string()))
    found = pc.take(pa.array([written_scalar(value, decimal) for value in rule.lookup.values()], pa.string()), place)
    absent = _mask(place.is_null()) & _mask(text.is_valid())
    if rule.otherwise is not None:
        return pc.if_else(pa.array(absent), pa.scalar(written_scalar(rule.otherwise, decimal), pa.string()), found), fine
    return found, absent


def _whole(numbers: pa.Array) -> tuple[pa.Array, np.ndarray]:
    values = numbers.to_numpy(zero_copy_only=False)
    there = numbers.is_valid().to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        fits = there & (np.floor(values) == values) & (np.abs(values) <= _LARGEST_WHOLE)
    return pa.array(np.where(fits, values, 0).astype(np.int64), mask=~fits), there & ~fits


def _signed(numbers: pa.Array, rule: ColumnRule, data: pa.Table, file_format: FileFormat) -> pa.Array:
    if rule.sign == "negate":
        numbers = pc.negate(numbers)
    elif rule.sign == "absolute":
        numbers = pc.abs(numbers)
    if rule.negate_when:
        negated = condition_mask(rule.negate_when, data, file_format)
        numbers = pc.if_else(pa.array(negated), pc.negate(numbers), numbers)
    return numbers


def _converted(
    raw: pa.Array, column: Column, rule: ColumnRule, data: pa.Table, file_format: FileFormat
) -> tuple[pa.Array, np.ndarray, str]:
    """Values of our type, the mask of unreadable ones, and what they are not."""
    there = raw.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_string(column.type):
        text = as_text(raw)
        text = pc.utf8_upper(text) if rule.letters == "upper" else pc.utf8_lower(text) if rule.letters == "lower" else text
        return text, np.zeros(len(raw), dtype=bool), ""
    if pa.types.is_temporal(column.type):
        pattern = rule.date_format or file_format.date_format
        timezone = rule.timezone or file_format.timezone
        is_day = pa.types.is_date(column.type)
        if pa.types.is_temporal(raw.type) and not pa.types.is_time(raw.type):
            moments = raw.cast(pa.date32(), safe=False) if is_day else times_from_typed(raw, timezone)
        else:
            moments = parse_days(as_text(raw), pattern) if is_day else parse_times(as_text(raw), pattern, timezone)
        unreadable = there & moments.is_null().to_numpy(zero_copy_only=False)
        return moments, unreadable, f"a {'date' if is_day else 'time'} in the format {pattern}"
    decimal = rule.decimal or file_format.decimal
    thousands = "" if rule.decimal == file_format.thousands else file_format.thousands  # what the rule says parts no thousands here
    numbers, invalid = as_numbers(raw, decimal, thousands, file_format.symbols)
    if rule.divide_by is not None:
        numbers = pc.divide(numbers, rule.divide_by)
    numbers = _signed(numbers, rule, data, file_format)
    if pa.types.is_floating(column.type):
        return numbers, invalid, "a number"
    whole, broken = _whole(numbers)
    if column.type == pa.int32():
        values = whole.to_numpy(zero_copy_only=False)
        broken = broken | (np.nan_to_num(np.abs(values)) > np.iinfo(np.int32).max)
        whole = pc.if_else(pa.array(broken), pa.scalar(None, whole.type), whole).cast(pa.int32())
    return whole, invalid | broken, "a whole number"


def readable_share(column: Column, rule: ColumnRule, data: pa.Table, file_format: FileFormat) -> float | None:
    """Share of the values of a column of theirs that can be read as one of ours; ``None`` for texts and for fewer than 20 values.

    Of few values one bad row would be a large share; it is refused as a row.
    """
    if rule.column is None or pa.types.is_string(column.type):
        return None
    raw = source_array(data, rule.column, file_format)
    there = len(raw) - raw.null_count
    if there < _FEWEST_VALUES:
        return None
    _, unreadable, _ = _converted(raw, column, rule.model_copy(update={"negate_when": []}), data, file_format)
    return 1 - int(unreadable.sum()) / there


def _outside(values: pa.Array, column: Column) -> tuple[np.ndarray, str]:
    if column.allowed:
        allowed = pc.is_in(values, value_set=pa.array(column.allowed, pa.string()))
        return ~_mask(allowed) & _mask(values.is_valid()), f"one of {', '.join(column.allowed)}"
    outside = np.zeros(len(values), dtype=bool)
    limits = []
    if column.minimum is not None:
        outside |= _mask(pc.less(values, column.minimum))
        limits.append(f"at least {column.minimum:g}")
    if column.maximum is not None:
        outside |= _mask(pc.greater(values, column.maximum))
        limits.append(f"at most {column.maximum:g}")
    return outside, " and ".join(limits)


def occurrence_numbers(values: pa.Array) -> np.ndarray:
    """1, 2, 3, ... among rows with the same value, in row order (int64); rows with null share one count."""
    codes = values.dictionary_encode(null_encoding="encode").indices.to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(codes[order]) != 0]) if len(codes) else np.zeros(0, np.int64)
    numbers = np.empty(len(codes), dtype=np.int64)
    run_lengths = np.diff(np.r_[starts, len(codes)])
    numbers[order] = np.arange(len(codes)) - np.repeat(starts, run_lengths) + 1
    return numbers


def column_values(column: Column, rule: ColumnRule | None, data: pa.Table, file_format: FileFormat, problems: Problems) -> pa.Array:
    """All values of one of our columns; rows that lack a required value or hold a wrong one are marked in ``problems``.

    Without a rule the column is null. ``occurrence_within`` is filled later, when all files of the table are together.
    """
    length = data.num_rows
    if rule is None or rule.occurrence_within is not None:
        return pa.nulls(length, column.type)
    decimal = "." if pa.types.is_string(column.type) else rule.decimal or file_format.decimal
    raw, not_listed = _raw_values(rule, data, file_format, decimal)
    values, unreadable, wanted = _converted(raw, column, rule, data, file_format)
    if rule.default is not None:
        absent = raw.is_null(nan_is_null=True)
        filling, wrong, _ = _converted(_constants(rule.default, decimal, length), column, rule, data, file_format)
        values = pc.if_else(absent, filling, values)
        unreadable = np.where(absent.to_numpy(zero_copy_only=False), wrong, unreadable)

    def shown(position: int) -> str:
        if rule.column is None:
            return repr(raw[position].as_py())
        return f"{str(data[rule.column][position].as_py())[:80]!r} in {rule.column}"

    problems.mark(
        not_listed, "invalid_value", lambda position: f"{column.name}: {shown(position)} is not in the mapping's lookup", column.name
    )
    problems.mark(unreadable, "invalid_value", lambda position: f"{column.name}: {shown(position)} is not {wanted}", column.name)
    outside, limits = _outside(values, column)
    problems.mark(outside, "invalid_value", lambda position: f"{column.name}: {shown(position)} is not {limits}", column.name)
    if not column.nullable:
        absent = values.is_null().to_numpy(zero_copy_only=False)
        where = f" (column {rule.column})" if rule.column is not None else ""
        problems.mark(absent, "missing_value", f"{column.name} is missing{where}", column.name)
    return values
