"""Terms that break out by their counts alone: each hourly count judged by the term's own past as it was known then.

What belongs here: which of several counts of an hour holds, the budget of alarms of a whole list of terms, rows with reasons. What
doesn't: the statistics of one series (``series``), counts of our own posts (``terms``), which terms are counted (``collect``).

A series is what one query counted: a term whose query was changed begins anew. Of the time scales of ``series`` only the first is asked,
the hour itself: the others are made for counts every few minutes, and a burst of hours is little in the sum of three days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.trends.history import Floats, Integers, hour_number, hour_numbers, hour_start
from trend_assets.lib.trends.past import COUNTS_PAST
from trend_assets.lib.trends.series import DEFAULT_ALARMS_PER_DAY, BurstScores, alarms_per_day, burst_scores
from trend_assets.tables.collection import TERM_BURSTS

LIST_ALARMS_PER_DAY = 2.0
"""Alarms a day that all terms together may give by what their ordinary past explains; a single one ``DEFAULT_ALARMS_PER_DAY`` at most."""
FEWEST_POSTS = 10
FEWEST_HOURS = 24
"""Fewer posts in the hour, or fewer hours of past, are no evidence of anything."""
_SERIES = ["network", "term", "query"]
_LONGEST_COUNT = 10_000_000_000
"""Posts an hour beyond which a count is taken as this many: statistics stay finite."""


class _Series(NamedTuple):
    """The records of one series by interval, then by when they were received: hour of landing, hour counted, posts; topic of the last."""

    name: tuple[str, str, str]
    topic: str | None
    landed: Integers
    begins: Integers
    posts: Integers


def term_bursts(counts: pa.Table, hours: Sequence[datetime]) -> pa.Table:
    """Rows of ``topics/term_bursts`` for the counts that landed in ``hours`` (aware, in time order).

    counts: rows of ``social/term_counts`` of those hours and the ``COUNTS_PAST`` before. Whole clock hours are judged, each count that
    says something new: not one that repeats what was known. Of several counts of an hour the one received last holds (then the greater
    file and line), and of each hour of ``hours`` only what had landed by then: a replay of any range gives the same rows.

    Complexity: O(hours x terms x counts of a term), compiled.
    """
    series = list(_series(counts))
    rows: list[dict[str, Any]] = []
    for hour in hours:
        judged = [(one, found) for one in series if (found := _judge(one, hour_number(hour))) is not None]
        budget = min(DEFAULT_ALARMS_PER_DAY, LIST_ALARMS_PER_DAY / max(len(judged), 1))
        for one, found in judged:
            rows += _rows(one, found, hour, budget, len(judged))
    return TERM_BURSTS.from_rows(rows)


def _series(counts: pa.Table) -> Iterator[_Series]:
    """The series of the counts of whole clock hours that were over when they were counted, in order of name."""
    begins, ends = (pc.cast(counts[name], pa.int64()) for name in ("begins_at", "ends_at"))
    on_the_clock = pc.equal(counts["begins_at"], pc.floor_temporal(counts["begins_at"], unit="hour"))
    hourly = pc.and_(pc.equal(pc.subtract(ends, begins), 3_600_000_000), on_the_clock)
    whole = counts.filter(pc.and_(hourly, pc.less_equal(counts["ends_at"], counts["counted_at"])))
    order = [(name, "ascending") for name in (*_SERIES, "begins_at", "counted_at", "landing_file", "landing_line")]
    rows = whole.sort_by(order).combine_chunks()
    if not rows.num_rows:
        return
    landed, begins_in = hour_numbers(rows["hour"]), hour_numbers(rows["begins_at"])
    posts = np.asarray(pc.cast(pc.min_element_wise(rows["posts"], _LONGEST_COUNT), pa.int64()), dtype=np.int64)
    names = list(zip(*(rows[name].to_pylist() for name in _SERIES), strict=True))
    topics, received = rows["topic_id"].to_pylist(), np.asarray(pc.cast(rows["counted_at"], pa.int64()))
    first = 0
    for last in range(1, len(names) + 1):
        if last == len(names) or names[last] != names[first]:
            part = slice(first, last)
            newest = first + int(np.argmax(received[part]))
            yield _Series(names[first], topics[newest], landed[part], begins_in[part], posts[part])
            first = last


class _Judged(NamedTuple):
    """What is new of a series in an hour: places in the series as known then; of all of it hours counted, posts, scores, alarms a day."""

    places: Integers
    begins: Integers
    posts: Integers
    scores: BurstScores
    alarms: Floats


def _judge(series: _Series, hour: int) -> _Judged | None:
    """Scores of the counts that landed in the hour and say something new; None where there are none."""
    known = (series.landed <= hour) & (series.landed >= hour - COUNTS_PAST // timedelta(hours=1))
    if not np.any(series.landed[known] == hour):
        return None
    begins, posts = _held(series.begins[known], series.posts[known])
    before = known & (series.landed < hour)
    old_begins, old_posts = _held(series.begins[before], series.posts[before])
    found = np.searchsorted(old_begins, begins)
    same = (found < old_begins.size) & (np.append(old_begins, -1)[found] == begins) & (np.append(old_posts, -1)[found] == posts)
    places = np.flatnonzero(~same)
    if not places.size:
        return None
    scores = burst_scores(posts, (begins * 3600).astype("datetime64[s]"))
    return _Judged(places, begins, posts, scores, alarms_per_day(scores.surprise[:1], begins * 3600))


def _held(begins: Integers, posts: Integers) -> tuple[Integers, Integers]:
    """The last row of each hour counted; rows are in order of hour and of receipt."""
    last = np.append(begins[1:] != begins[:-1], True)[: begins.size]
    return begins[last], posts[last]


def _rows(series: _Series, judged: _Judged, hour: datetime, budget: float, terms: int) -> Iterator[dict[str, Any]]:
    network, term, query = series.name
    scores = judged.scores
    for place in judged.places.tolist():
        posts, alarms = int(judged.posts[place]), float(judged.alarms[place])
        expected, z = float(scores.expected[place]), float(scores.z[place])
        enough = posts >= FEWEST_POSTS and place >= FEWEST_HOURS
        yield {
            "hour": hour,
            "network": network,
            "term": term,
            "query": query,
            "topic_id": series.topic,
            "begins_at": hour_start(judged.begins[place]),
            "posts": posts,
            "expected_posts": expected,
            "z": z,
            "p_value": float(scores.p_value[place]),
            "alarms_per_day": alarms,
            "past_hours": place,
            "breaks_out": enough and z > 0 and alarms <= budget,
            "reason": _reason(posts, expected, z, alarms, place, budget, terms),
        }


def _reason(posts: int, expected: float, z: float, alarms: float, past: int, budget: float, terms: int) -> str:
    """One sentence on a count."""
    told = f"{posts:,} posts in the hour, {expected:,.1f} expected (z {z:.1f})"
    if past < FEWEST_HOURS:
        return f"{told}; only {past} hours of past, {FEWEST_HOURS} needed"
    if posts < FEWEST_POSTS:
        return f"{told}; fewer than {FEWEST_POSTS} posts prove nothing"
    rarity = f"as strong {alarms:.1f} times a day" if alarms >= 1 else f"as strong once in {1 / max(alarms, 1e-9):,.0f} days"
    limit = f"of {terms:,} terms one may be raised once in {1 / budget:,.0f} days"
    return f"{told}; {rarity} by its own past; {limit}"
