"""How many posts a trend will get in the next 6 and 24 hours, and how sure that is.

What belongs here: the forecast of a topic's posts and its interval. What doesn't: demand for products (``lib/demand``).

Point forecast: the topic's present share of all posts, times the posts of the same clock hours a day ago (scaled to today's
volume), times its growth damped with every hour (a damped trend: Gardner & McKenzie, Management Science 1985). Trends end, and
no formula knows how soon here: the forecast is therefore corrected by, and its 80 % interval taken from, what came of the
same forecast for the trends of the last two weeks (split conformal prediction: Vovk et al., Algorithmic Learning in a Random
World, 2005; with 40 imagined cases of a negative binomial's spread until enough real ones exist). An interval made so is
right as often as it says, whatever the town, as long as trends of today end like those of the last weeks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trend_assets.lib.trends.history import LEAST_COLLECTED, Floats, Integers, TopicHistory, VolumeHistory

HORIZONS = (6, 24)
"""Hours ahead."""
COVERAGE = 0.8
"""Share of intervals that should hold what comes."""
CASES_HOURS = 14 * 24
MOST_CASES = 2000

_SHARE_HOURS, _DAY = 3, 24
_DAYS_BACK = 7
_SHARE_POSTS = 5.0
"""The share of 3 hours is pulled towards that of a day with the weight of five posts."""
_DAMPING = 0.8
"""Growth of an hour that is left in the next one."""
_MOST_GROWTH = 4.0
_SPREAD = {6: 0.25, 24: 0.6}
"""Variance of the logarithm beyond counting noise: shapes how the interval widens with the size, its level is learned."""
_IMAGINED = 40


class Forecast(NamedTuple):
    """Of one horizon, arrays (n,): posts forecast, and the interval that should hold them four times in five."""

    posts: Floats
    low: Integers
    high: Integers


class Cases:
    """Trends of earlier hours: what was forecast then can be compared with what came."""

    def __init__(self) -> None:
        self._of_hour: dict[int, Integers] = {}

    def note(self, hour: int, position: Integers) -> None:
        """Remember the trends of an hour by their places (n,) in the topic history."""
        self._of_hour[hour] = position

    def known_at(self, hour: int, horizon: int) -> tuple[Integers, Integers]:
        """Place and hour of the trends whose next ``horizon`` hours are over at the end of ``hour``: the newest, whole hours only."""
        places: list[Integers] = []
        hours: list[Integers] = []
        count = 0
        for origin in range(hour - horizon, hour - CASES_HOURS, -1):
            position = self._of_hour.get(origin)
            if position is None or not position.size:
                continue
            count += position.size
            if count > MOST_CASES:
                break
            places.append(position)
            hours.append(np.full(position.size, origin, dtype=np.int64))
        if not places:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        return np.concatenate(places), np.concatenate(hours)


def forecast(position: Integers, hour: int, history: TopicHistory, volumes: VolumeHistory, cases: Cases) -> dict[int, Forecast]:
    """A :class:`Forecast` of the topics at ``position`` (n,) per horizon, from counts up to and including ``hour``.

    Complexity: O(n + cases) look-ups.
    """
    from scipy.special import ndtri

    result = {}
    tail = (1.0 - COVERAGE) / 2.0
    imagined = ndtri((np.arange(_IMAGINED) + 0.5) / _IMAGINED)
    origins = np.full(position.shape, hour, dtype=np.int64)
    for horizon in HORIZONS:
        base = expected_ahead(position, origins, horizon, history, volumes)
        place, origin = cases.known_at(hour, horizon)
        share = volumes.collected.share(origin + 1, origin + 1 + horizon)
        told = share >= LEAST_COLLECTED
        place, origin, share = place[told], origin[told], share[told]
        came = history.total("posts", place, origin + 1, origin + 1 + horizon) / share
        guessed = expected_ahead(place, origin, horizon, history, volumes)
        errors = np.concatenate([imagined, np.log((came + 0.5) / (guessed + 0.5)) / _deviation(guessed, horizon)])
        low, middle, high = np.quantile(errors, [tail, 0.5, 1.0 - tail])
        deviation = _deviation(base, horizon)

        def at(error: float, base: Floats = base, deviation: Floats = deviation) -> Floats:
            return np.asarray(np.maximum((base + 0.5) * np.exp(error * deviation) - 0.5, 0.0))

        result[horizon] = Forecast(
            np.round(at(middle), 6),
            np.floor(at(low) + 1e-9).astype(np.int64),
            np.ceil(at(high) - 1e-9).astype(np.int64),
        )
    return result


def expected_ahead(position: Integers, origin: Integers, horizon: int, history: TopicHistory, volumes: VolumeHistory) -> Floats:
    """Posts (n,) in the ``horizon`` hours after each ``origin`` if the topic kept its share and its damped growth."""
    end = origin + 1
    volume_3h, volume_day = volumes.total(end - _SHARE_HOURS, end), volumes.total(end - _DAY, end)
    share_of_day = (history.total("posts", position, end - _DAY, end) + 0.5) / (volume_day + 1.0)
    recent = history.total("posts", position, end - _SHARE_HOURS, end)
    share = (recent + _SHARE_POSTS) / (volume_3h + _SHARE_POSTS / share_of_day)

    growth = _growth(position, end, history, volumes)
    per_hour = np.log(np.clip(growth, 1.0 / _MOST_GROWTH, _MOST_GROWTH)) / 6.0
    ahead = np.arange(1, horizon + 1)
    damped = np.cumsum(_DAMPING**ahead)
    factor = np.exp(per_hour[..., None] * damped).mean(axis=-1)
    return np.asarray(share * _volume_ahead(volumes, end, horizon) * factor, dtype=np.float64)


def _growth(position: Integers, end: Integers, history: TopicHistory, volumes: VolumeHistory) -> Floats:
    """Growth of the last 6 hours over the 6 before, corrected for volume; 1 where too little of either was collected to tell."""
    recent_share, before_share = volumes.collected.share(end - 6, end), volumes.collected.share(end - 12, end - 6)
    told = np.minimum(recent_share, before_share) >= LEAST_COLLECTED
    recent_share, before_share = np.where(told, recent_share, 1.0), np.where(told, before_share, 1.0)
    posts = history.total("posts", position, end - 6, end) / recent_share
    before = history.total("posts", position, end - 12, end - 6) / before_share
    volume, volume_before = volumes.total(end - 6, end) / recent_share, volumes.total(end - 12, end - 6) / before_share
    # Two posts each way: a growth from nothing is not believed before there are some posts.
    growth = (posts + 2.0) / (before + 2.0) * np.clip((volume_before + 1.0) / (volume + 1.0), 0.1, 10.0)
    return np.asarray(np.where(told, growth, 1.0), dtype=np.float64)


def _volume_ahead(volumes: VolumeHistory, end: Integers, horizon: int) -> Floats:
    """Posts of everybody in the next hours: those of the same hours a day ago, scaled by today's last 6 hours against yesterday's.

    Where too little of yesterday was collected, the last day of the week before of which enough was.
    """
    before = end - _DAY
    for back in range(_DAYS_BACK, 0, -1):
        told = volumes.collected.share(end - back * _DAY - 6, end - back * _DAY + horizon) >= LEAST_COLLECTED
        before = np.where(told, end - back * _DAY, before)
    yesterday = volumes.total(before, before + horizon).astype(np.float64)
    observed = volumes.collected_hours(before, before + horizon)
    now, then = (_hourly(volumes, stop - 6, stop) for stop in (end, before))
    scale = np.where(then > 0, np.clip(now / np.maximum(then, 1e-9), 0.5, 2.0), 1.0)
    # Hours without a yesterday get the present rate.
    return np.asarray(yesterday * scale + (horizon - observed) * now, dtype=np.float64)


def _hourly(volumes: VolumeHistory, start: Integers, stop: Integers) -> Floats:
    """Posts an hour of [start, stop), by what was collected of it; those of the day before ``stop`` where less than half was."""
    own = volumes.total(start, stop) / np.maximum(volumes.collected_hours(start, stop), 1)
    day = volumes.total(stop - _DAY, stop) / np.maximum(volumes.collected_hours(stop - _DAY, stop), 1)
    return np.asarray(np.where(volumes.collected.share(start, stop) >= LEAST_COLLECTED, own, day), dtype=np.float64)


def _deviation(base: Floats, horizon: int) -> Floats:
    return np.asarray(np.sqrt(1.0 / (base + 0.5) + _SPREAD[horizon]), dtype=np.float64)
