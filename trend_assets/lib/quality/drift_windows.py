"""Windows for the drift check: posts and topics of many days become counts per day and category.

What belongs here: counting posts and words a batch at a time, cutting counts into days that end with the newest hour. What doesn't:
statistics (``drift.py``), reading (``defs/*/checks.py``).

Posts are counted as they are read and forgotten: what is kept grows with hours and categories, not with posts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality import drift

DAYS = 28
"""Past days that the newest is compared with."""
COUNTED = ("network", "language", "kind")
"""Columns of posts whose values are counted by hour."""
_HOUR, _DAY_HOURS = 3_600_000_000, 24


def whole_days(first: datetime, end: datetime) -> int:
    """How many days that end with ``end`` are covered whole by what begins with ``first``; at most the newest and ``DAYS`` before.

    A day of which the lake has a part only would look like a day on which nearly everything was lost.
    """
    return max(min((end - first) // timedelta(days=1), DAYS + 1), 0)


def count_posts(batches: Iterable[pa.Table]) -> pa.Table:
    """Posts by hour and value of each of ``COUNTED``: columns hour (since 1970), column, category, posts. Batches: as read."""
    parts = [_no_counts()]
    for posts in batches:
        hours = pa.array(np.asarray(posts["created_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())) // _HOUR, pa.int64())
        for column in COUNTED:
            counted = pa.table({"hour": hours, "category": posts[column]}).group_by(["hour", "category"], use_threads=False)
            of_batch = counted.aggregate([([], "count_all")]).rename_columns(["hour", "category", "posts"])
            of_batch = of_batch.append_column("column", pa.array([column] * len(of_batch), pa.string()))
            parts.append(of_batch.select(_no_counts().column_names).cast(_no_counts().schema))
    return pa.concat_tables(parts)


def _no_counts() -> pa.Table:
    return pa.schema([("hour", pa.int64()), ("column", pa.string()), ("category", pa.string()), ("posts", pa.int64())]).empty_table()


def post_columns(counted: pa.Table, end: datetime, days: int) -> list[drift.Cells]:
    """Volume by network and hour, shares of network, language and kind. counted: of ``count_posts``; days: see ``whole_days``."""
    columns = []
    for column in COUNTED:
        rows = counted.filter(pc.equal(counted["column"], column))
        window, hour, inside = windows_of(np.asarray(rows["hour"]), end, days)
        values = rows["category"].to_numpy(zero_copy_only=False).astype(str)[inside]
        posts = np.asarray(rows["posts"], dtype=float)[inside]
        categories = np.unique(values).tolist()
        if column == "network":
            names = [f"{network} {number:02d}:00" for network in categories for number in range(_DAY_HOURS)]
            labels = np.char.add(np.char.add(values, " "), np.char.mod("%02d:00", hour)) if len(values) else values
            columns += [
                _all_day("volume", np.bincount(window, posts, minlength=days).astype(float), end, "posts"),
                same_kind_of_day(drift.volumes("volume", names, _counts(window, labels, names, days, posts)), end),
            ]
        columns.append(drift.shares(column, categories, _counts(window, values, categories, days, posts)))
    return columns


def count_words(batches: Iterable[pa.Table], end: datetime, days: int) -> list[drift.Words]:
    """Words of each of the days before ``end``, oldest first. Batches: columns created_at, author, tokens; a day's follow each other."""
    words = [drift.Words(Counter(), frozenset()) for _ in range(days)]
    for number, posts in _by_day(batches, end, days):
        tokens = posts["tokens"].combine_chunks()
        authors = posts["author"].combine_chunks().take(pc.list_parent_indices(tokens))
        pairs = pa.table({"word": pc.list_flatten(tokens), "author": authors}).group_by("word", use_threads=False)
        counted = pairs.aggregate([([], "count_all"), ("author", "count_distinct")])
        found = zip(*(counted[name].to_pylist() for name in ("word", "count_all", "author_count_distinct")), strict=True)
        counts: Counter[str] = Counter()
        shared = set()
        for word, count, writers in found:
            counts[word] = count
            if writers >= drift.LEAST_AUTHORS:
                shared.add(word)
        words[number] = drift.Words(counts, frozenset(shared))
    return words


def _by_day(batches: Iterable[pa.Table], end: datetime, days: int) -> Iterator[tuple[int, pa.Table]]:
    """The batches' rows a day at a time, with the day's number."""
    going, parts = -1, list[pa.Table]()
    for batch in batches:
        hours = np.asarray(batch["created_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())) // _HOUR
        window, _, inside = windows_of(hours, end, days)
        rows = batch.filter(pa.array(inside))
        for number in np.unique(window).tolist():
            if parts and number != going:
                yield going, pa.concat_tables(parts)
                parts = []
            going = number
            parts.append(rows.filter(pa.array(window == number)))
    if parts:
        yield going, pa.concat_tables(parts)


def vocabulary_columns(words: Sequence[drift.Words]) -> list[drift.Cells]:
    """Share of words never seen before, and distance of the word distribution. words: of days, oldest first."""
    return [*drift.unseen_shares([day.counts for day in words]), drift.divergence(words)] if words else []


def topic_columns(topic_hours: pa.Table, end: datetime, days: int) -> list[drift.Cells]:
    """Topics active and posts in topics by hour, share of French and of topics that mostly copy. topic_hours: its own columns."""
    hours = np.asarray(topic_hours["hour"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())) // _HOUR
    window, hour, inside = windows_of(hours, end, days)
    names = [f"{number:02d}:00" for number in range(_DAY_HOURS)]
    labels = np.char.mod("%02d:00", hour) if len(hour) else np.empty(0, dtype=str)
    posts, french, groups = (
        np.asarray(topic_hours[name], dtype=float)[inside] for name in ("posts", "french_posts", "near_duplicate_groups")
    )

    def by_window(weights: npt.NDArray[np.float64]) -> drift.Counts:
        return np.bincount(window, weights, minlength=days).astype(float)

    copied = np.maximum(posts - groups, 0.0)
    return [
        _all_day("active topics", by_window(np.ones(len(window))), end, "topics"),
        _all_day("posts in topics", by_window(posts), end, "posts"),
        same_kind_of_day(drift.volumes("active topics", names, _counts(window, labels, names, days), "topics"), end),
        same_kind_of_day(drift.volumes("posts in topics", names, _counts(window, labels, names, days, posts)), end),
        drift.shares("language", ("fr", "others"), np.column_stack([by_window(french), by_window(posts - french)])),
        drift.shares("copies", ("copies", "originals"), np.column_stack([by_window(copied), by_window(posts - copied)])),
    ]


def windows_of(
    hours: npt.NDArray[np.int64], end: datetime, days: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """For each hour (since 1970) in the ``days`` before ``end`` its day (0 is the oldest) and hour of the day in UTC; and which are.

    Days are counted back from ``end``, so the newest is whole whatever the hour.
    """
    window = days - 1 - (int(end.timestamp()) // 3600 - 1 - hours) // _DAY_HOURS
    inside = (window >= 0) & (window < days)
    return window[inside].astype(np.int64), (hours[inside] % _DAY_HOURS).astype(np.int64), inside


def same_kind_of_day(cells: drift.Cells, end: datetime) -> drift.Cells:
    """The cells with only those past days that are a weekend, or are none, like the newest, where there are enough of them."""
    windows = len(cells.values)
    middles = [end - timedelta(hours=_DAY_HOURS * (windows - 1 - number) + _DAY_HOURS // 2) for number in range(windows)]
    weekend = np.array([middle.weekday() >= 5 for middle in middles], dtype=bool)
    alike = weekend == weekend[-1] if windows else weekend
    if alike[:-1].sum() < 2 * drift.LEAST_WINDOWS:
        return cells
    return drift.Cells(cells.column, cells.categories, cells.values[alike], cells.variances[alike], cells.shown[alike], cells.unit)


def sampled_hours(rows: Sequence[int], most: int) -> list[int]:
    """Positions of hours to read so that no day has many more than ``most`` rows: every n-th hour of the day, the same each day.

    rows: of consecutive hours, the newest last. Words of a part of the day's hours are compared with the same hours' before.
    """
    days = -(-len(rows) // _DAY_HOURS)
    largest = max((sum(rows[max(len(rows) - _DAY_HOURS * (day + 1), 0) : len(rows) - _DAY_HOURS * day]) for day in range(days)), default=0)
    step = next((step for step in (1, 2, 3, 4, 6, 8, 12, 24) if largest / step <= most), 24)
    return [number for number in range(len(rows)) if (len(rows) - 1 - number) % _DAY_HOURS % step == 0]


def _all_day(column: str, counts: drift.Counts, end: datetime, unit: str) -> drift.Cells:
    return same_kind_of_day(drift.volumes(column, ("all day",), counts[:, None], unit), end)


def _counts(
    window: npt.NDArray[np.int64],
    values: npt.NDArray[np.str_],
    categories: Sequence[str],
    windows: int,
    weights: npt.NDArray[np.float64] | None = None,
) -> drift.Counts:
    """Rows (or their weights) by window and category, shape (windows, categories)."""
    if not len(values) or not len(categories):
        return np.zeros((windows, len(categories)))
    order = np.argsort(categories)
    place = order[np.searchsorted(np.asarray(categories)[order], values)]
    return np.bincount(window * len(categories) + place, weights, minlength=windows * len(categories)).reshape(windows, -1).astype(float)
