"""Dates and times as retailers write them, to UTC timestamps and days.

What belongs here: parsing of texts and of typed columns, with declared format and time zone. What doesn't: which
column is a date (``columns.py``). Distinct texts are parsed once: exports repeat a few moments over many lines.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.tables.declaration import timestamp


def _moment(text: str, pattern: str) -> datetime:
    return datetime.fromisoformat(text) if pattern == "iso" else datetime.strptime(text, pattern)


def _each_distinct(values: pa.Array, results: list[date | datetime | None], target: pa.DataType, codes: pa.Array) -> pa.Array:
    return pc.take(pa.array(results, target), codes) if len(values) else pa.array([], target)


def parse_times(values: pa.Array, pattern: str, timezone: str) -> pa.Array:
    """Texts to UTC timestamps (microseconds); null where a text is missing or cannot be read.

    ``pattern``: ``iso`` (ISO 8601, with or without a zone) or a strptime pattern. Times without a zone are of
    ``timezone``; where clocks go back, the earlier of the two readings is taken.
    """
    encoded = values.dictionary_encode()
    zone = ZoneInfo(timezone)
    results: list[date | datetime | None] = []
    for text in encoded.dictionary.to_pylist():
        try:
            moment = _moment(text, pattern)
            results.append((moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC))
        except (ValueError, OverflowError):
            results.append(None)
    return _each_distinct(values, results, timestamp, encoded.indices)


def parse_days(values: pa.Array, pattern: str) -> pa.Array:
    """Texts to days (date32); a time of day in the text is dropped. Null where missing or unreadable."""
    encoded = values.dictionary_encode()
    results: list[date | datetime | None] = []
    for text in encoded.dictionary.to_pylist():
        try:
            results.append(_moment(text, pattern).date())
        except ValueError:
            results.append(None)
    return _each_distinct(values, results, pa.date32(), encoded.indices)


def times_from_typed(values: pa.Array, timezone: str) -> pa.Array:
    """Typed dates or timestamps to UTC timestamps (microseconds); those without a zone are of ``timezone``."""
    if pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("us"))
    if values.type.tz is None:
        values = pc.assume_timezone(values.cast(pa.timestamp("us"), safe=False), timezone, ambiguous="earliest", nonexistent="latest")
    return values.cast(timestamp, safe=False)


def local_days(times: pa.Array, timezone: str) -> pa.Array:
    """The calendar day (date32) of UTC timestamps in a time zone: an order's business day."""
    return pc.local_timestamp(times.cast(pa.timestamp("us", tz=timezone))).cast(pa.date32(), safe=False)
