"""Windows for the drift check: posts and topics of many days become counts per day and category.

What belongs here: cutting tables into days that end with the newest hour, counting. What doesn't: statistics (``drift.py``),
reading (``defs/*/checks.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality import drift

DAYS = 28
"""Past days that the newest is compared with."""
_HOUR, _DAY_HOURS = 3_600_000_000, 24


def post_columns(posts: pa.Table, end: datetime) -> list[drift.Cells]:
    """Volume by network and hour, shares of network, language and kind. ``end``: of the newest hour, exclusive.

    posts: columns network, created_at, kind, language, of up to ``DAYS`` + 1 days before ``end``.
    """
    window, hour, windows = windows_of(posts["created_at"], end)
    networks = posts["network"].to_numpy(zero_copy_only=False).astype(str)
    names = [f"{network} {number:02d}:00" for network in np.unique(networks) for number in range(_DAY_HOURS)]
    labels = np.char.add(np.char.add(networks, " "), np.char.mod("%02d:00", hour)) if len(networks) else networks
    columns = [
        _all_day("volume", np.bincount(window, minlength=windows).astype(float), end, "posts"),
        same_kind_of_day(drift.volumes("volume", names, _counts(window, labels, names, windows)), end),
    ]
    for column in ("network", "language", "kind"):
        values = posts[column].to_numpy(zero_copy_only=False).astype(str)
        categories = np.unique(values).tolist()
        columns.append(drift.shares(column, categories, _counts(window, values, categories, windows)))
    return columns


def vocabulary_columns(posts: pa.Table, end: datetime) -> list[drift.Cells]:
    """Share of words never seen before, and distance of the word distribution. posts: columns created_at, tokens."""
    window, _, windows = windows_of(posts["created_at"], end)
    tokens = posts["tokens"].combine_chunks()
    words = pa.table({"window": pa.array(window).take(pc.list_parent_indices(tokens)), "word": pc.list_flatten(tokens)})
    counted = words.group_by(["window", "word"], use_threads=False).aggregate([([], "count_all")])
    counts: list[Counter[str]] = [Counter() for _ in range(windows)]
    for number, word, count in zip(*(counted[name].to_pylist() for name in ("window", "word", "count_all")), strict=True):
        counts[number][word] = count
    return [*drift.unseen_shares(counts), drift.divergence(counts)] if windows else []


def topic_columns(topic_hours: pa.Table, end: datetime) -> list[drift.Cells]:
    """Topics active and posts in topics by hour, share of French and of topics that mostly copy. topic_hours: its own columns."""
    window, hour, windows = windows_of(topic_hours["hour"], end)
    names = [f"{number:02d}:00" for number in range(_DAY_HOURS)]
    labels = np.char.mod("%02d:00", hour) if len(hour) else np.empty(0, dtype=str)
    posts = np.asarray(topic_hours["posts"], dtype=float)
    french = np.asarray(topic_hours["french_posts"], dtype=float)
    groups = np.asarray(topic_hours["near_duplicate_groups"], dtype=float)

    def by_window(weights: npt.NDArray[np.float64]) -> drift.Counts:
        return np.bincount(window, weights, minlength=windows).astype(float)

    copied = np.maximum(posts - groups, 0.0)
    return [
        _all_day("active topics", by_window(np.ones(len(window))), end, "topics"),
        _all_day("posts in topics", by_window(posts), end, "posts"),
        same_kind_of_day(drift.volumes("active topics", names, _counts(window, labels, names, windows), "topics"), end),
        same_kind_of_day(drift.volumes("posts in topics", names, _counts(window, labels, names, windows, posts)), end),
        drift.shares("language", ("fr", "others"), np.column_stack([by_window(french), by_window(posts - french)])),
        drift.shares("copies", ("copies", "originals"), np.column_stack([by_window(copied), by_window(posts - copied)])),
    ]


def windows_of(times: pa.ChunkedArray, end: datetime) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """For each time its day before ``end`` (0 is the oldest that has any) and hour of the day in UTC; and how many days there are.

    Days are counted back from ``end``, so the newest is whole whatever the hour. Days without anything at the start are
    before the lake; the newest counts even if it is empty.
    """
    hours = np.asarray(times.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())) // _HOUR
    back = (int(end.timestamp()) // 3600 - 1 - hours) // _DAY_HOURS
    windows = int(back.max()) + 1 if len(back) else 0
    return (windows - 1 - back).astype(np.int64), (hours % _DAY_HOURS).astype(np.int64), windows


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
