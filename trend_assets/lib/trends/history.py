"""Histories of volumes and topics as cumulative sums, so that any window's total is two look-ups.

What belongs here: turning Arrow tables into integer arrays on an hour grid, and sums over windows of them.
What doesn't: statistics on those sums (``expectations``, ``cycles``).

All sums are of integers, hence exact: a window's total is the same bit for bit whatever range was loaded around it.
That is what makes a range of hours give the same rows as one hour at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PARTS = 3600
"""Collected shares are whole 3600ths of an hour: sums of them are exact, whatever range was loaded."""
LEAST_COLLECTED = 0.5
"""An hour (or window) of which less was collected tells no level, no rhythm and no course: it is treated as missing."""

_MICROSECONDS_PER_HOUR = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def hour_number(moment: datetime) -> int:
    """Whole hours from 1970 to ``moment`` (aware). Raises ``ValueError`` for a naive time."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; hours are UTC")
    return (moment - _EPOCH) // timedelta(hours=1)


def hour_start(number: int) -> datetime:
    """The moment (UTC) at which hour ``number`` starts; inverse of :func:`hour_number`."""
    return _EPOCH + timedelta(hours=int(number))


def hour_numbers(times: pa.ChunkedArray | pa.Array) -> Integers:
    """Whole hours from 1970 of a column of UTC timestamps, shape (rows,). Raises ``ValueError`` where one is null."""
    if times.null_count:
        raise ValueError("a time is null; every row needs one")
    microseconds = pc.cast(pc.cast(times, pa.timestamp("us", tz="UTC")), pa.int64())
    return np.floor_divide(_numpy(microseconds), _MICROSECONDS_PER_HOUR)


def sorted_hours(hours: Iterable[datetime]) -> Integers:
    """Distinct hour numbers in time order."""
    return np.array(sorted({hour_number(hour) for hour in hours}), dtype=np.int64)


def encode(values: pa.ChunkedArray | pa.Array) -> tuple[Integers, list[str]]:
    """Codes (rows,) of a string column and its distinct values in sorted order, so that codes do not depend on row order."""
    combined = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    encoded = pc.dictionary_encode(pc.cast(combined, pa.string()))
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    order = np.asarray(pc.sort_indices(encoded.dictionary), dtype=np.int64)
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    codes = _numpy(encoded.indices)
    names: list[str] = encoded.dictionary.take(pa.array(order)).to_pylist()
    return position[codes] if len(order) else codes, names


def integers(column: pa.ChunkedArray | pa.Array) -> Integers:
    """An integer column as an array (rows,); nulls count as 0."""
    return _numpy(pc.fill_null(pc.cast(column, pa.int64()), 0))


def _numpy(column: pa.ChunkedArray | pa.Array) -> Integers:
    return np.asarray(column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy(), dtype=np.int64)


class Collected:
    """Collected shares as cumulative sums; hours without a row were collected whole."""

    def __init__(self, shares: pa.Table | None = None) -> None:
        """``shares``: columns ``hour`` and ``share`` (see ``collected.py``), each hour once.

        Raises ``ValueError`` for a share outside [0, 1].
        """
        if shares is None or not shares.num_rows:
            self._first, self._missing = 0, np.zeros(0, dtype=np.int64)
        else:
            values = np.asarray(shares["share"], dtype=np.float64)
            if not np.all((values >= 0.0) & (values <= 1.0)):
                raise ValueError("a collected share must be between 0 and 1")
            hours = hour_numbers(shares["hour"])
            self._first = int(hours.min())
            self._missing = np.zeros(int(hours.max()) - self._first + 1, dtype=np.int64)
            self._missing[hours - self._first] = PARTS - np.rint(values * PARTS).astype(np.int64)
        self._before = _cumulative(self._missing)

    def parts_missing(self, hours: Integers) -> Integers:
        """3600ths of each hour that were not collected."""
        if not self._missing.size:
            return np.zeros_like(hours)
        place = hours - self._first
        inside = (place >= 0) & (place < self._missing.size)
        return np.where(inside, self._missing[np.where(inside, place, 0)], 0)

    def share(self, start: Integers | int, stop: Integers | int) -> Floats:
        """Collected share of the windows [start, stop); 1 for an empty one."""
        low, high = (_within(np.asarray(edge, dtype=np.int64) - self._first, self._missing.size) for edge in (start, stop))
        length = np.maximum(np.asarray(stop, dtype=np.int64) - np.asarray(start, dtype=np.int64), 1) * PARTS
        missing = np.maximum(self._before[np.maximum(high, low)] - self._before[low], 0)
        return np.asarray((length - missing) / length, dtype=np.float64)

    def resumed(self, hour: int, longest: int) -> int | None:
        """First hour after the newest run of ``longest`` or more missing hours that ended before ``hour``; None without one."""
        bad = np.flatnonzero(self._missing > (1.0 - LEAST_COLLECTED) * PARTS) + self._first
        bad = bad[bad < hour]
        if bad.size < longest:
            return None
        runs = np.split(bad, np.flatnonzero(np.diff(bad) > 1) + 1)
        return next((int(run[-1]) + 1 for run in reversed(runs) if run.size >= longest), None)


class VolumeHistory:
    """All posts per hour: totals of any window, and how much of it was observed (an hour without a row is a gap)."""

    def __init__(self, volumes: pa.Table, collected: Collected | None = None) -> None:
        """``volumes``: columns ``hour`` (UTC timestamp) and ``posts`` (count >= 0); several rows of an hour are added up.

        ``collected``: which part of each hour that is; without it all of every hour that has a row.
        """
        self.collected = collected or Collected()
        hours = hour_numbers(volumes["hour"])
        posts = integers(volumes["posts"])
        if posts.size and posts.min() < 0:
            raise ValueError("volumes hold a negative count of posts")
        self.first = int(hours.min()) if hours.size else 0
        size = int(hours.max()) - self.first + 1 if hours.size else 0
        self.posts = np.zeros(size, dtype=np.int64)
        self.observed = np.zeros(size, dtype=np.int64)
        np.add.at(self.posts, hours - self.first, posts)
        self.observed[hours - self.first] = 1
        self._posts_before = _cumulative(self.posts)
        self._squares_before = _cumulative(self.posts * self.posts)
        self._observed_before = _cumulative(self.observed)
        parts = self.observed * (PARTS - self.collected.parts_missing(self.first + np.arange(size, dtype=np.int64)))
        self._parts_before = _cumulative(parts)
        # What tells how much an hour usually brings: hours of which too little was collected don't.
        telling = parts >= LEAST_COLLECTED * PARTS
        self._telling_posts = np.where(telling, self.posts, 0)
        self._telling_parts = np.where(telling, parts, 0)
        self._telling_posts_before = _cumulative(self._telling_posts)
        self._telling_parts_before = _cumulative(self._telling_parts)

    def at(self, hours: Integers) -> tuple[Integers, Integers]:
        """Posts and 0/1 "was observed" of each hour, 0 outside the history."""
        if not self.posts.size:
            return np.zeros_like(hours), np.zeros_like(hours)
        position = hours - self.first
        inside = (position >= 0) & (position < self.posts.size)
        position = np.where(inside, position, 0)
        return np.where(inside, self.posts[position], 0), np.where(inside, self.observed[position], 0)

    def total(self, start: Integers | int, stop: Integers | int) -> Integers:
        """Posts in the hours [start, stop); 0 for an empty or reversed window."""
        return self._between(self._posts_before, start, stop)

    def total_of_squares(self, start: Integers | int, stop: Integers | int) -> Integers:
        """Sum of squared hourly posts in the hours [start, stop)."""
        return self._between(self._squares_before, start, stop)

    def observed_hours(self, start: Integers | int, stop: Integers | int) -> Integers:
        """Number of observed hours in [start, stop)."""
        return self._between(self._observed_before, start, stop)

    def collected_hours(self, start: Integers | int, stop: Integers | int) -> Floats:
        """Hours in [start, stop) that were observed, each counting as much as was collected of it: the exposure of ``total``."""
        return np.asarray(self._between(self._parts_before, start, stop) / PARTS, dtype=np.float64)

    def telling(self, start: Integers | int, stop: Integers | int) -> tuple[Integers, Floats]:
        """Posts and collected hours of those hours in [start, stop) of which at least ``LEAST_COLLECTED`` was collected."""
        posts = self._between(self._telling_posts_before, start, stop)
        return posts, np.asarray(self._between(self._telling_parts_before, start, stop) / PARTS, dtype=np.float64)

    def telling_at(self, hours: Integers) -> tuple[Integers, Floats]:
        """As ``telling``, of single hours."""
        return self.telling(hours, hours + 1)

    def _between(self, before: Integers, start: Integers | int, stop: Integers | int) -> Integers:
        size = self.posts.size
        low = _within(np.asarray(start, dtype=np.int64) - self.first, size)
        high = _within(np.asarray(stop, dtype=np.int64) - self.first, size)
        return before[np.maximum(high, low)] - before[low]


class TopicHistory:
    """Counts of every topic per hour, stored from its first to its last active hour: memory is the sum of life spans."""

    def __init__(self, topic_hours: pa.Table, volumes: VolumeHistory) -> None:
        """``topic_hours``: rows of ``topics/topic_hours``; several rows of a topic and hour are added up."""
        codes, self.names = encode(topic_hours["topic_id"])
        self.position = {name: number for number, name in enumerate(self.names)}
        hours = hour_numbers(topic_hours["hour"])
        count = len(self.names)
        self._first = np.full(count, np.iinfo(np.int64).max)
        last = np.full(count, np.iinfo(np.int64).min)
        np.minimum.at(self._first, codes, hours)
        np.maximum.at(last, codes, hours)
        self._length = last - self._first + 1 if count else np.zeros(0, dtype=np.int64)
        self._offset = _cumulative(self._length + 1)[:-1]
        cells = int((self._length + 1).sum())
        place = self._offset[codes] + hours - self._first[codes]
        posts = np.zeros(cells, dtype=np.int64)
        np.add.at(posts, place, integers(topic_hours["posts"]))
        volume = np.zeros(cells, dtype=np.int64)
        volume[place] = volumes.at(hours)[0]
        top = np.asarray(pc.fill_null(pc.cast(topic_hours["top_author_share"], pa.float64()), 0.0).to_numpy())
        # Posts of the hour's most active author beyond the first one: repetition, as a whole number of posts.
        repeated = np.maximum(np.rint(np.nan_to_num(top) * integers(topic_hours["posts"])).astype(np.int64) - 1, 0)
        self._before = {
            "posts": _cumulative(posts),
            "squares": _cumulative(posts * posts),
            "with_volume": _cumulative(posts * volume),
            "reposts": self._scatter(place, cells, integers(topic_hours["reposts"])),
            "authors": self._scatter(place, cells, integers(topic_hours["authors"])),
            "groups": self._scatter(place, cells, integers(topic_hours["near_duplicate_groups"])),
            "repeated": self._scatter(place, cells, repeated),
        }

    @staticmethod
    def _scatter(place: Integers, cells: int, values: Integers) -> Integers:
        flat = np.zeros(cells, dtype=np.int64)
        np.add.at(flat, place, values)
        return _cumulative(flat)

    def total(self, measure: str, topics: Integers, start: Integers | int, stop: Integers | int) -> Integers:
        """Sum of ``measure`` over the hours [start, stop) of each topic.

        ``topics``: positions (n,), -1 for a topic without history (its sum is 0). ``start`` and ``stop`` broadcast against it.
        Measures: posts, squares (of hourly posts), with_volume (posts x all posts of the hour), reposts, authors, groups, repeated.
        """
        if not self.names:
            return np.zeros(np.broadcast_shapes(np.shape(topics), np.shape(start), np.shape(stop)), dtype=np.int64)
        before = self._before[measure]
        known = topics >= 0
        position = np.where(known, topics, 0)
        first, length, offset = self._first[position], self._length[position], self._offset[position]
        low = _within(start - first, length)
        high = np.maximum(_within(stop - first, length), low)
        return np.where(known, before[offset + high] - before[offset + low], 0)


def _cumulative(values: Integers) -> Integers:
    """Sum of all values before each position, shape (n + 1,)."""
    result = np.zeros(values.size + 1, dtype=np.int64)
    np.cumsum(values, out=result[1:])
    return result


def _within(position: Integers, size: Integers | int) -> Integers:
    """``position`` held in [0, size]; these two calls cost half of ``np.clip`` on short arrays."""
    return np.minimum(np.maximum(position, 0), size)
