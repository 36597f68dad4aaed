"""What a partition key covers: ``2026-09-01-13:00`` is an hour, ``2026-09-01`` a day, both in UTC.

What belongs here: reading keys and comparing them with a time column. What doesn't: which partitions exist
(``partitions.py``) and how their folders are called (``lake/lake.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.tables import Table

_FORMATS = {"hour": "%Y-%m-%d-%H:00", "day": "%Y-%m-%d"}
_LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
UNPARTITIONED = "all"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def bounds(table: Table, key: str) -> tuple[datetime, datetime]:
    """First moment in the partition and first moment after it (aware, UTC). Raises ``ValueError`` for what is not a key."""
    try:
        start, written = _start(table.partition, key)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{table.path}: {key!r} is not a partition key of a table partitioned by {table.partition}") from error
    if written != key:  # strptime also takes 2026-9-1
        raise ValueError(f"{table.path}: {key!r} is not a partition key; did you mean {written!r}?")
    return start, start + _LENGTHS[table.partition]


@lru_cache(maxsize=65_536)  # seven years of hours: every step of reading and publishing looks at every key
def _start(partition: str, key: str) -> tuple[datetime, str]:
    """First moment that the key names, and the one way to write it."""
    start = datetime.strptime(key, _FORMATS[partition]).replace(tzinfo=UTC)
    return start, start.strftime(_FORMATS[partition])


def check_key(table: Table, key: str) -> str:
    """The key itself. Raises ``ValueError`` when it is none of the table's (an unpartitioned table has only ``all``)."""
    if table.partition != "none":
        bounds(table, key)
    elif key != UNPARTITIONED:
        raise ValueError(f"{table.path} is not partitioned: its only key is {UNPARTITIONED!r}, not {key!r}")
    return key


def numbers(table: Table, keys: Sequence[str]) -> npt.NDArray[np.int64]:
    """Keys as hours or days since 1970, shape (len(keys),)."""
    length = _LENGTHS[table.partition]
    return np.array([(bounds(table, key)[0] - _EPOCH) // length for key in keys], dtype=np.int64)


def key_of_number(table: Table, number: int) -> str:
    """Inverse of ``numbers`` for one partition; years outside 1-9999 are written as a plain number."""
    try:
        return (_EPOCH + number * _LENGTHS[table.partition]).strftime(_FORMATS[table.partition])
    except OverflowError:
        return f"{table.partition} {number}"


def numbers_of_times(table: Table, times: pa.Array) -> npt.NDArray[np.int64]:
    """Hour or day since 1970 of each time, shape (len(times),). Times are timestamps or dates, without nulls."""
    if pa.types.is_date(times.type):
        days = times.cast(pa.date32()).cast(pa.int32()).to_numpy(zero_copy_only=False).astype(np.int64)
        return days * (24 if table.partition == "hour" else 1)
    ticks = times.cast(pa.int64()).to_numpy(zero_copy_only=False)
    ticks_a_second = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[times.type.unit]
    return ticks // (int(_LENGTHS[table.partition].total_seconds()) * ticks_a_second)


def split(table: Table, data: pa.Table, keys: Sequence[str]) -> dict[str, pa.Table]:
    """Rows by the partition that their time column says, every key present, in the order of ``keys``; rows keep their order.

    Raises ``ValueError`` when a row has no time or lies outside the given partitions, saying which.
    """
    if table.partition == "none":
        for key in keys:
            check_key(table, key)
        return {UNPARTITIONED: data}
    if table.time not in data.column_names or not pa.types.is_temporal(data.schema.field(table.time).type):
        raise ValueError(f"{table.path}: column {table.time}, a date or timestamp, is needed to split rows into partitions")
    key_of = dict(zip(numbers(table, keys).tolist(), keys, strict=True))
    pieces: dict[str, list[pa.Table]] = {key: [] for key in keys}
    outside: dict[int, int] = {}
    # batch by batch: joining the text columns of a whole range could pass the 2 GiB that one Arrow string array can hold
    for batch in data.to_batches(max_chunksize=1_000_000):
        times = batch.column(str(table.time))
        if times.null_count:
            raise ValueError(f"{table.path}: {times.null_count} rows have no {table.time}, so no partition")
        of_row = numbers_of_times(table, times)
        rows = pa.Table.from_batches([batch])
        if np.any(of_row[1:] < of_row[:-1]):
            order = np.argsort(of_row, kind="stable")
            of_row, rows = of_row[order], rows.take(pa.array(order))
        starts = np.flatnonzero(np.r_[True, of_row[1:] != of_row[:-1]]) if len(of_row) else np.empty(0, np.int64)
        for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(of_row)], strict=False):
            number = int(of_row[start])
            if number in key_of:
                pieces[key_of[number]].append(rows.slice(start, stop - start))
            else:
                outside[number] = outside.get(number, 0) + stop - start
    if outside:
        shown = ", ".join(f"{key_of_number(table, number)} ({count} rows)" for number, count in sorted(outside.items())[:5])
        given = f"{min(keys)} to {max(keys)}" if keys else "none"
        raise ValueError(
            f"{table.path}: {sum(outside.values())} rows lie outside the partitions being written ({given}), by {table.time}: {shown}"
        )
    return {key: pa.concat_tables(tables) if tables else data.schema.empty_table() for key, tables in pieces.items()}
