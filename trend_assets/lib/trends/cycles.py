"""The rhythm of the stream: how many posts an hour usually has, by hour of day and weekday.

What belongs here: the usual volume of an hour from earlier ones, shrunk while history is short.
What doesn't: the rhythm of one topic (``expectations``), loading of volumes (``history``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trend_assets.lib.trends.history import Floats, VolumeHistory

HISTORY_HOURS = 672
"""How far back any statistic of an hour looks: 28 days. Nothing older changes a result."""

_DAY = 24
_WEEK = 168
_PSEUDO_DAYS = 2.0
"""A fresh hour-of-day factor counts as two flat days: after two real days half of the rhythm is believed."""
_PSEUDO_WEEKS = 2.0


class UsualVolume(NamedTuple):
    """``posts``: usual posts of the last ``n`` hours, newest first, shape (n,); ``observed_hours``: how many earlier hours it rests on.

    Posts of hours that are collected whole; an hour collected in part counts for its part.
    """

    posts: Floats
    observed_hours: float


def usual_volume(volumes: VolumeHistory, hour: int, last_hours: int = 24) -> UsualVolume:
    """Usual posts of ``hour`` and the hours before it, from observed hours in [hour - 28 days, hour).

    A product of three levels, each shrunk towards the one above: the mean of the last week, an hour-of-day factor
    (ratio of sums over the same hour of earlier days, plus two flat pseudo-days) and an hour-of-week factor (same
    hour of earlier weeks against what the first two explain, plus two neutral pseudo-weeks). On the first day both
    factors are 1. Gaps in collection count neither as posts nor as hours,
    nor do hours of which less than half was collected. All zeros where nothing was observed.
    """
    start = hour - HISTORY_HOURS
    posts, hours = (value.item() for value in volumes.telling(start, hour))
    if hours == 0:
        return UsualVolume(np.zeros(last_hours), 0.0)
    mean = float(posts) / hours
    week_posts, week_hours = (value.item() for value in volumes.telling(hour - _WEEK, hour))
    level = float(week_posts) / week_hours if week_hours else mean
    if mean == 0.0:
        return UsualVolume(np.full(last_hours, level), hours)

    wanted = hour - np.arange(last_hours, dtype=np.int64)
    days = np.zeros((2, last_hours))
    weeks = np.zeros((2, last_hours))
    for lag in range(_DAY, HISTORY_HOURS + 1, _DAY):
        of_lag = np.stack(volumes.telling_at(wanted - lag))
        usable = (wanted - lag >= start) & (of_lag[1] > 0)
        days += np.where(usable, of_lag, 0)
        if lag % _WEEK == 0:
            weeks += np.where(usable, of_lag, 0)
    by_day = (days[0] + _PSEUDO_DAYS * mean) / ((days[1] + _PSEUDO_DAYS) * mean)
    by_week = (weeks[0] + _PSEUDO_WEEKS * by_day * mean) / ((weeks[1] + _PSEUDO_WEEKS) * by_day * mean)
    return UsualVolume(level * by_day * by_week, hours)
