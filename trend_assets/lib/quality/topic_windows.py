"""Windows for the checks of topics: sizes, unassigned posts and the registry's churn of many days become what ``drift.judge`` compares.

What belongs here: counts by day and hour of the day of what clustering and the registry did, and the one verdict that needs no past. What
doesn't: statistics (``drift.py``), the drift of posts and topics themselves (``drift_windows.py``), reading (``defs/topics/checks.py``).

Every function takes ``end``, the end of the newest hour, and ``days``, how many days before it are covered whole (``whole_days``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.lib.quality import drift
from trend_assets.lib.quality.drift_windows import windows_of
from trend_assets.lib.quality.signals import MINIMUM_ROWS, Signal

SWALLOWED = 0.5
"""Share of a day's posts in topics that one topic may hold: more is a clustering that fell into one, whatever the past was."""
CHURN = {"birth": "births", "death": "deaths", "merge": "merges", "split": "splits"}
"""Events of the registry that change which ids are alive, and how they are called."""
_HOUR, _DAY_HOURS = 3_600_000_000, 24


def size_columns(topic_hours: pa.Table, end: datetime, days: int) -> list[drift.Cells]:
    """Share of each day's posts that its largest topics of the hours hold, and how many topics of equal size would be as uneven.

    ``topic_hours``: hour, topic_id, posts. The second is the inverse of the sum of squared shares over the day (Simpson, Nature 1949).
    """
    window, hour, posts, _ = _by_hour(topic_hours, end, days)
    totals = np.bincount(window, posts, minlength=days).astype(float)
    largest = np.zeros(days * _DAY_HOURS)
    np.maximum.at(largest, window * _DAY_HOURS + hour, posts)
    of_day = largest.reshape(days, _DAY_HOURS).sum(axis=1)
    even = np.array([_effective(posts, topic) for posts, topic in _days(topic_hours, end, days)]).reshape(days, 1)
    return [
        _share("posts in topics", "in the largest of their hour", of_day, totals - of_day),
        drift.measures("evenness", ("topics of equal size",), even, "topics"),
    ]


def swallowed(topic_hours: pa.Table, end: datetime) -> Signal | None:
    """The verdict on a day whose posts are mostly in one topic; None where they are not, or too few to tell. ``topic_hours``: as above."""
    [(posts, topic)] = _days(topic_hours, end, 1)
    if posts.sum() < MINIMUM_ROWS:
        return None
    by_topic = np.bincount(np.unique(topic, return_inverse=True)[1], posts)
    share = float(by_topic.max() / posts.sum())
    if share <= SWALLOWED:
        return None
    return Signal(
        False,
        f"one topic of {len(by_topic):,} holds {share:.0%} of the last day's {posts.sum():,.0f} posts in topics (at most {SWALLOWED:.0%})",
        {"largest_share": share, "topics": len(by_topic)},
    )


def unassigned_columns(clean: Mapping[int, int], assigned: Mapping[int, int], end: datetime, days: int) -> list[drift.Cells]:
    """Share of posts without a topic, of the whole day and by hour of the day: at night fewer posts find company.

    ``clean`` and ``assigned``: posts and posts with a topic of each hour since 1970.
    """
    posts, topics = np.zeros((days, _DAY_HOURS)), np.zeros((days, _DAY_HOURS))
    for counts, into in ((clean, posts), (assigned, topics)):
        hours = np.fromiter(counts, np.int64, len(counts))
        window, hour, inside = windows_of(hours, end, days)
        into[window, hour] = np.fromiter(counts.values(), np.float64, len(counts))[inside]
    without = np.maximum(posts - topics, 0.0)
    name = "posts without a topic"
    by_hour = [_share(name, f"{hour:02d}:00", without[:, hour], topics[:, hour]) for hour in range(_DAY_HOURS)]
    return [_share(name, "all day", without.sum(axis=1), topics.sum(axis=1)), *(cells for cells in by_hour if cells.categories)]


def churn_columns(events: pa.Table, alive: Mapping[int, int], end: datetime, days: int) -> list[drift.Cells]:
    """Births, deaths, merges and splits by topic alive, of each day. ``events``: hour, event; ``alive``: topics by hour since 1970."""
    window, _, inside = windows_of(_hours(events), end, days)
    kinds = events["event"].to_numpy(zero_copy_only=False).astype(str)[inside]
    hours = np.fromiter(alive, np.int64, len(alive))
    of_alive, _, known = windows_of(hours, end, days)
    topics = np.bincount(of_alive, np.fromiter(alive.values(), np.float64, len(alive))[known], minlength=days).astype(float)
    columns = []
    for kind, name in CHURN.items():
        found = np.bincount(window[kinds == kind], minlength=days).astype(float)
        columns.append(_share(name, "by topic alive and hour", found, np.maximum(topics - found, 0.0)))
    return columns


def _share(column: str, category: str, counts: drift.Counts, rest: drift.Counts) -> drift.Cells:
    return drift.only(drift.shares(column, (category, "the rest"), np.column_stack([counts, rest])), category)


def _hours(table: pa.Table) -> npt.NDArray[np.int64]:
    return np.asarray(table["hour"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())) // _HOUR


def _by_hour(
    topic_hours: pa.Table, end: datetime, days: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], drift.Counts, npt.NDArray]:
    """Day, hour of the day, posts and topic (a number) of each row in the days."""
    window, hour, inside = windows_of(_hours(topic_hours), end, days)
    topic = topic_hours["topic_id"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    return window, hour, np.asarray(topic_hours["posts"], dtype=float)[inside], topic[inside]


def _days(topic_hours: pa.Table, end: datetime, days: int) -> list[tuple[drift.Counts, npt.NDArray]]:
    """Posts and topic of each row, day by day."""
    window, _, posts, topic = _by_hour(topic_hours, end, days)
    return [(posts[window == day], topic[window == day]) for day in range(days)]


def _effective(posts: drift.Counts, topic: npt.NDArray) -> float:
    """How many topics of equal size are as uneven as these; 1 where there is none."""
    if not posts.sum():
        return 1.0
    shares = np.bincount(np.unique(topic, return_inverse=True)[1], posts) / posts.sum()
    return float(1.0 / (shares**2).sum())
