"""Windows for the drift check of topics: counts by hour become counts by day and category.

What belongs here: cutting counts into days that end with the newest hour. What doesn't: statistics (``drift.py``), posts and predictions
(``drift_summaries.py``), reading (``defs/topics/checks.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.lib.quality import drift

DAYS = 28
"""Past days that the newest is compared with."""
_HOUR, _DAY_HOURS = 3_600_000_000, 24


def whole_days(first: datetime, end: datetime) -> int:
    """How many days that end with ``end`` are covered whole by what begins with ``first``; at most the newest and ``DAYS`` before.

    A day of which the lake has a part only would look like a day on which nearly everything was lost.
    """
    return max(min((end - first) // timedelta(days=1), DAYS + 1), 0)


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
