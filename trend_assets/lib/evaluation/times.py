"""Moments of a user's file, however they are written.

What belongs here: reading a column of times of any common kind. What doesn't: times of the sources' own formats (``lib/sources``).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.sources.outcomes import read_time

MOMENT = pa.timestamp("us", tz="UTC")
_UNITS = ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0), (np.inf, 1e-3))
"""Numbers below the first are times in units of so many microseconds: seconds, milli-, micro- and nanoseconds since 1970."""
_FIRST, _LAST = -2_208_988_800_000_000, 7_258_118_399_999_999  # the years 1900 to 2199, in microseconds: others are placeholders


def read_times(values: pa.Array, column: str) -> pa.Array:
    """Moments in UTC (n,) of timestamps, dates, text or numbers, null where there is none that can be read; without a zone UTC.

    Raises ``ValueError`` that names the ``column`` where it holds something else.
    """
    moments = _read(values, column)
    number = pc.cast(moments, pa.int64())
    placeholder = pc.or_(pc.less(number, _FIRST), pc.greater(number, _LAST))
    return pc.if_else(pc.fill_null(placeholder, False), pa.scalar(None, MOMENT), moments)


def _read(values: pa.Array, column: str) -> pa.Array:
    kind = values.type
    if pa.types.is_timestamp(kind):
        return values.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(MOMENT)
    if pa.types.is_date(kind):
        return values.cast(pa.timestamp("us")).cast(MOMENT)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _times_of_numbers(values.cast(pa.float64(), safe=False) if not pa.types.is_integer(kind) else values)
    if pa.types.is_null(kind):
        return pa.nulls(len(values), MOMENT)
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        raise ValueError(f"the column {column} holds {kind}: expected times, text or seconds since 1970")
    return _times_of_text(pc.utf8_trim_whitespace(values.cast(pa.string())))


def _times_of_numbers(values: pa.Array) -> pa.Array:
    """Seconds, milli-, micro- or nanoseconds since 1970: one unit for the whole column, the one that suits its median."""
    numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    known = np.isfinite(numbers)
    if not known.any():
        return pa.nulls(len(values), MOMENT)
    middle = float(np.median(np.abs(numbers[known])))
    unit = next(microseconds for limit, microseconds in _UNITS if middle < limit)
    moments = np.where(known, numbers, 0.0) * unit
    readable = known & (moments >= _FIRST) & (moments <= _LAST)
    return pa.array(np.where(readable, np.round(moments), 0).astype(np.int64), mask=~readable).cast(MOMENT)


def _times_of_text(texts: pa.Array) -> pa.Array:
    """Numbers in text as numbers; else one form for the whole column, or value by value where forms differ."""
    given = texts.drop_null()
    if len(given) and pc.all(pc.match_substring_regex(given, r"^-?\d{6,}(\.\d+)?$")).as_py():
        return _times_of_numbers(texts.cast(pa.float64()))
    for form in (MOMENT, pa.timestamp("us")):
        try:
            return texts.cast(form).cast(MOMENT)
        except pa.ArrowInvalid:
            continue
    return pa.array([None if text is None else read_time(text) for text in texts.to_pylist()], MOMENT)
