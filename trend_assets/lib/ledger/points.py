"""What a ledger said at a moment: its rows as they were known then, and features of trends as they were known then.

What belongs here: reading ledger rows at a moment, finding what is new to a ledger, a digest of rows that does not depend on how they
are stored. What doesn't: what may be in a ledger at all (``kept.py``), where ledgers are (``operations/ledger.py``).

The model is the usual bitemporal one (Snodgrass, *Developing Time-Oriented Database Applications in SQL*, 1999): an event time, the
hour or day that a row is about, and a knowledge time (there: transaction time). Rows are only ever added, so what was known at a
moment is the newest row of each key with a knowledge time up to it, whatever has been added since.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

OWN_COLUMNS = ("knowledge_time", "change", "basis")
"""Columns that a ledger has beside those of the table that it keeps."""
_TIMES = pa.timestamp("us", tz="UTC")
_ROW = "__row__"


def as_of_rows(ledger: pa.Table, moment: datetime, key: Sequence[str]) -> pa.Table:
    """Rows of the table that the ledger keeps as they were known at ``moment`` (aware): knowledge_time <= moment.

    ``key`` names a row at any one moment, event time included; nulls in it are equal. Without the ledger's own columns, in the order
    of the key, nulls last. O(n log n) for n ledger rows known by then.
    """
    known = ledger.filter(pc.less_equal(ledger["knowledge_time"], pa.scalar(moment, _TIMES)))
    newest = known.take(_newest(known, key))
    standing = newest.filter(pc.not_equal(newest["change"], "withdrawn"))
    rows = standing.drop_columns([name for name in OWN_COLUMNS if name in standing.column_names])
    return sorted_by(rows, key)


def sorted_by(rows: pa.Table, key: Sequence[str]) -> pa.Table:
    """Rows in ascending order of the key columns, nulls last; rows of equal keys keep their order."""
    return rows.take(pc.sort_indices(rows, [(name, "ascending") for name in key])) if rows.num_rows > 1 else rows


def _newest(rows: pa.Table, key: Sequence[str]) -> pa.Array:
    """Places of the newest row of each key. Of rows with one knowledge time the later one; there are none by declaration."""
    if not rows.num_rows:
        return pa.array([], pa.int64())
    places = pa.array(np.arange(rows.num_rows, dtype=np.int64))
    order = pc.sort_indices(rows, [("knowledge_time", "ascending")])
    in_order = rows.select(list(key)).take(order).append_column(_ROW, places.take(order).cast(pa.int64()))
    grouped = in_order.group_by(list(key), use_threads=False).aggregate([(_ROW, "last")])
    return grouped[f"{_ROW}_last"].combine_chunks()


def changes(before: pa.Table, now: pa.Table, key: Sequence[str]) -> pa.Table:
    """What to add to a ledger so that it says ``now`` where it said ``before``: rows with their ``change``, none where nothing did.

    Both have the same columns (a ledger's, without its own) and are rows of the same events. Rows that are gone are withdrawn, with
    their last values.
    """
    old, new = _keyed(before, key), _keyed(now, key)
    added = [place for name, (place, _) in new.items() if name not in old]
    corrected = [place for name, (place, values) in new.items() if name in old and old[name][1] != values]
    withdrawn = [place for name, (place, _) in old.items() if name not in new]
    parts = [(now, added, "recorded"), (now, corrected, "corrected"), (before, withdrawn, "withdrawn")]
    return pa.concat_tables([
        rows.take(pa.array(places, pa.int64())).append_column("change", pa.array([change] * len(places), pa.string()))
        for rows, places, change in parts
    ])  # fmt: skip


def _keyed(rows: pa.Table, key: Sequence[str]) -> dict[tuple[object, ...], tuple[int, dict[str, object]]]:
    """Place and values of each row by its key; only partitions that changed are looked at so."""
    return {tuple(row[name] for name in key): (place, row) for place, row in enumerate(rows.to_pylist())}


def digest(rows: pa.Table, key: Sequence[str]) -> str:
    """SHA-256 of the rows, written as text in the order of the key: the same rows, columns and types have the same digest.

    It does not depend on how rows are stored, in which order they came, or on descriptions of columns.
    """
    return digests(rows, key, (0, rows.num_rows))[0]


def digests(rows: pa.Table, key: Sequence[str], starts: Sequence[int]) -> list[str]:
    """``digest`` of each piece of the rows, for little more than the price of one: piece ``i`` is ``starts[i]`` to ``starts[i + 1]``."""
    declared = "\n".join(f"{field.name} {field.type}" for field in rows.schema).encode() + b"\n"
    text = as_text(_sorted_pieces(rows, key, starts)).combine_chunks()
    options, found = csv.WriteOptions(quoting_style="all_valid"), []
    for start, end in pairwise(starts):
        written = io.BytesIO()
        csv.write_csv(text.slice(start, end - start), written, options)
        found.append(hashlib.sha256(declared + written.getvalue()).hexdigest())
    return found


def _sorted_pieces(rows: pa.Table, key: Sequence[str], starts: Sequence[int]) -> pa.Table:
    """Rows of each piece in the order of the key."""
    piece = pa.array(np.repeat(np.arange(len(starts) - 1), np.diff(starts)))
    keyed = rows.select(list(key)).append_column(_ROW, piece)
    return rows.take(pc.sort_indices(keyed, [(name, "ascending") for name in (_ROW, *key)])) if rows.num_rows > 1 else rows


def as_text(rows: pa.Table) -> pa.Table:
    """Rows that CSV can hold: lists as JSON, binary columns in hexadecimal, other columns as they are."""
    import json

    for place, field in enumerate(rows.schema):
        if pa.types.is_list(field.type):
            values = pa.array(
                [None if one is None else json.dumps(one, ensure_ascii=False) for one in rows[field.name].to_pylist()], pa.string()
            )
            rows = rows.set_column(place, field.name, values)
        elif pa.types.is_binary(field.type):
            values = pa.array([None if one is None else one.hex() for one in rows[field.name].to_pylist()], pa.string())
            rows = rows.set_column(place, field.name, values)
    return rows


LOOKS_BACK = timedelta(days=7)
"""How long before a moment an hour with a trend counts for its features."""
FEATURES = pa.schema([
    ("moment", _TIMES),
    ("topic_id", pa.string()),
    ("hours_known", pa.int64()),
    ("last_hour", _TIMES),
    ("age_hours", pa.float64()),
    ("rank", pa.int32()),
    ("score", pa.float64()),
    ("burst_z", pa.float64()),
    ("posts_24h", pa.int64()),
    ("authors_24h", pa.int64()),
    ("growth_6h", pa.float64()),
    ("posts_72h", pa.int64()),
    ("peak_posts_24h", pa.int64()),
    ("stage", pa.string()),
    ("lane", pa.string()),
    ("suppressed", pa.bool_()),
])  # fmt: skip
_OF_NEWEST = ("rank", "score", "burst_z", "posts_24h", "authors_24h", "growth_6h", "stage", "lane", "suppressed")
_KEY = ("hour", "topic_id")


def trend_features_as_of(ledger: pa.Table, moments: Sequence[datetime]) -> pa.Table:
    """Features of each topic at each moment from what was known by then, and nothing that was known later.

    ledger: rows of ``topics/trend_ledger``. One row per moment and topic that was a trend in an hour of the 7 days before, columns
    ``FEATURES``: hours_known (hours of the last 24 in which it was known to be a trend), last_hour (the newest such hour, of which
    rank, score, burst_z, posts_24h, authors_24h, growth_6h, stage, lane and suppressed are), age_hours (since it was first raised),
    posts_72h (posts_24h of the newest hour and of the newest ones at least 24 and 48 hours before, so that no post counts twice),
    peak_posts_24h (the most posts of 24 hours in the week). O(moments × rows of a week, sorted).
    """
    found = [_features_at(ledger, moment) for moment in moments]
    return pa.concat_tables(found) if found else FEATURES.empty_table()


def _features_at(ledger: pa.Table, moment: datetime) -> pa.Table:
    since, until = pa.scalar(moment - LOOKS_BACK, _TIMES), pa.scalar(moment, _TIMES)
    recent = ledger.filter(pc.and_(pc.greater_equal(ledger["hour"], since), pc.less(ledger["hour"], until)))
    rows = sorted_by(as_of_rows(recent, moment, _KEY), ("topic_id", "hour"))
    if not rows.num_rows:
        return FEATURES.empty_table()
    topics = rows["topic_id"].combine_chunks().dictionary_encode()
    codes = topics.indices.to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    last = np.r_[starts[1:], len(codes)] - 1
    hours = rows["hour"].cast(pa.int64()).to_numpy() // 3_600_000_000
    posts = rows["posts_24h"].to_numpy()
    now = int(moment.timestamp() // 3600)
    of_last_day = np.add.reduceat((hours >= now - 24).astype(np.int64), starts)
    newest = rows.take(pa.array(last))
    age = pc.divide(pc.cast(pc.subtract(until, newest["first_raised_at"]), pa.int64()), 3_600_000_000.0)
    columns = {
        "moment": pa.array([moment] * len(last), _TIMES),
        "topic_id": newest["topic_id"],
        "hours_known": pa.array(of_last_day),
        "last_hour": newest["hour"],
        "age_hours": age,
        **{name: newest[name] for name in _OF_NEWEST},
        "posts_72h": pa.array(_over_days(hours, posts, starts, last, days=3)),
        "peak_posts_24h": pa.array(np.maximum.reduceat(posts, starts)),
    }
    return pa.table([columns[name] for name in FEATURES.names], names=FEATURES.names).cast(FEATURES)


def _over_days(
    hours: npt.NDArray[np.int64], posts: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], last: npt.NDArray[np.int64], *, days: int
) -> npt.NDArray[np.int64]:
    """Posts of ``days`` times 24 hours that do not overlap, the last of them ending with each topic's newest row."""
    total, end = posts[last].copy(), hours[last].copy()
    offset = hours.min() - 1
    span = int(hours.max() - offset) + 1 + 24 * days
    topic = np.searchsorted(starts, np.arange(len(hours)), side="right") - 1
    position = topic * span + hours - offset + 24 * days
    for _ in range(days - 1):
        wanted = np.arange(len(starts)) * span + (end - 24) - offset + 24 * days
        found = np.searchsorted(position, wanted, side="right") - 1
        there = found >= starts
        total[there] += posts[found[there]]
        end = np.where(there, hours[np.maximum(found, 0)], end - 24)
    return total
