"""Where a trend is in its life.

What belongs here: growth, position against the topic's own peak, the shape of rise and fall, recurrence, and the rules that
name a stage. What doesn't: whether it is a trend at all (``rank``).

| stage | rule, first match wins |
|---|---|
| fad | as fading, and what rose fast fell fast: at most a day from a quarter of the peak to it, at most a day from it to under half |
| fading | attention of the last 3 hours under half of the topic's own peak of the last 3 days, and not growing |
| seasonal | as emerging, rising or peak, and it rose at this time of the week in more than half of the earlier weeks it lived, or a trend of the same words rose in these days of last year |
| emerging | first half day of its life, and attention at half of its peak or more |
| rising | corrected growth over 6 hours of 1.5 or more |
| peak | attention at 80 % of its peak or more, and still more than expected (z >= 2) |
| steady | anything else |

Attention is the topic's share of all posts, so a night is not a decline and a morning is not a rise. That what is taken up
fast is dropped fast is measured of names and songs (Berger & Le Mens, PNAS 2009) and of hashtags and memes (Lehmann et al.,
WWW 2012; Lorenz-Spreen et al., Nature Communications 2019). A fad can be told only once it falls.
"""  # noqa: E501 - a table's row is one line

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trend_assets.lib.trends.history import LEAST_COLLECTED, Floats, Integers, TopicHistory, VolumeHistory

EMERGING_HOURS = 12
PEAK_LOOKBACK_HOURS = 72
RISING_GROWTH = 1.5
NEAR_PEAK, FAR_FROM_PEAK = 0.8, 0.5
STILL_BURSTING = 2.0
FAST_HOURS = 24
START_OF_RISE = 0.25
FAD_POSTS = 10
"""Posts in the six hours of the peak without which its shape is noise."""
WEEK_HOURS, WEEKS = 168, 3
RECURRED_RISE = 2.0
RECURRED_POSTS = 5
NEVER = np.iinfo(np.int64).max


class Course(NamedTuple):
    """Arrays (n,): ``growth`` of posts over 6 hours, the same corrected for volume, and attention against its own peak (0 to 1].

    ``rise_hours``: hours from a quarter of the peak to the peak, ``fall_hours``: from the peak to under half of it; both over
    windows of 6 hours within the last 3 days, ``NEVER`` where it did not happen in that time. ``recurred``: of ``weeks``
    earlier weeks in which the topic lived, those in which it rose at this time of the week.
    """

    growth: Floats
    corrected_growth: Floats
    position: Floats
    rise_hours: Integers
    fall_hours: Integers
    recurred: Integers
    weeks: Integers


def course(position: Integers, history: TopicHistory, volumes: VolumeHistory, hour: int) -> Course:
    """How topics have moved up to and including ``hour``; ``position`` (n,) are places in the history."""
    growth, corrected = _growth(position, history, volumes, hour)
    attention = _attention(position, history, volumes, hour, 3)[0]
    peak = attention.max(axis=1) if position.size else np.zeros(0)
    rise, fall = _shape(position, history, volumes, hour)
    recurred, weeks = _recurrence(position, history, volumes, hour)
    return Course(growth, corrected, attention[:, 0] / np.maximum(peak, 1e-12), rise, fall, recurred, weeks)


def _growth(position: Integers, history: TopicHistory, volumes: VolumeHistory, hour: int) -> tuple[Floats, Floats]:
    """Growth of posts over 6 hours, by the hours that were collected, and the same corrected for volume, (n,) each.

    1 where too little of either six hours was collected to tell.
    """
    shares = volumes.collected.share(np.array([hour - 5, hour - 11]), np.array([hour + 1, hour - 5]))
    if shares.min() < LEAST_COLLECTED:
        return np.ones(position.shape), np.ones(position.shape)
    recent_share, before_share = shares.tolist()
    recent = history.total("posts", position, hour - 5, hour + 1) / recent_share
    before = history.total("posts", position, hour - 11, hour - 5) / before_share
    growth = (recent + 1.0) / (before + 1.0)
    volume_before = float(volumes.total(hour - 11, hour - 5)) / before_share
    volume_ratio = (volume_before + 1.0) / (float(volumes.total(hour - 5, hour + 1)) / recent_share + 1.0)
    # Without volume in the earlier hours there is no rhythm to correct for.
    corrected = growth * float(np.clip(volume_ratio, 0.1, 10.0)) if volumes.observed_hours(hour - 11, hour - 5) else growth
    return growth, corrected


def _attention(
    position: Integers, history: TopicHistory, volumes: VolumeHistory, hour: int, length: int
) -> tuple[Floats, Integers, npt.NDArray[np.bool_]]:
    """Share of all posts, and posts, in the windows of ``length`` hours that end in each of the last 3 days' hours, newest first.

    A window of which less than half was collected has those of the window before it: attention that nobody saw did not fall. Last, which
    windows were seen, shape (windows,).
    """
    stops = hour + 1 - np.arange(PEAK_LOOKBACK_HOURS, dtype=np.int64)
    posts = history.total("posts", position[:, None], stops[None, :] - length, stops[None, :])
    volume = volumes.total(stops - length, stops).astype(np.float64)
    share = volumes.collected.share(stops - length, stops)
    collected = np.count_nonzero(volume) - float(((1.0 - share) * (volume > 0)).sum())
    typical = max(float(volume.sum()) / max(collected, 1), 1.0)
    # Half a post per half a typical window: shares of quiet hours are pulled towards small, not read at face value.
    attention = (posts + 0.5 * share) / np.maximum(volume + 0.5 * typical * share, 1e-9)
    missing = share < LEAST_COLLECTED
    if missing.any():
        seen = np.flatnonzero(~missing)
        # The nearest collected window before each; the oldest ones have none, and are left as they are.
        place = np.searchsorted(seen, np.arange(stops.size))
        older = np.where(place < seen.size, np.append(seen, 0)[np.minimum(place, seen.size)], np.arange(stops.size))
        attention, posts = attention[:, older], posts[:, older]
    return attention, posts, ~missing


def _shape(position: Integers, history: TopicHistory, volumes: VolumeHistory, hour: int) -> tuple[Integers, Integers]:
    """Hours from a quarter of the peak to it and from it to under half, (n,) each; ``NEVER`` where it took longer than the 3 days."""
    if not position.size:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    attention, posts, seen = _attention(position, history, volumes, hour, 6)
    row, lag = np.arange(position.size), np.arange(PEAK_LOOKBACK_HOURS)
    top = attention.argmax(axis=1)
    peak = attention[row, top]
    enough = posts[row, top] >= FAD_POSTS
    # Lags grow into the past: the start of the rise is the smallest lag beyond the peak's, the fall the largest one before it.
    low = (attention < START_OF_RISE * peak[:, None]) & (lag > top[:, None]) & seen
    rise = np.where(low.any(axis=1) & enough, low.argmax(axis=1) - top, NEVER)
    under = (attention < FAR_FROM_PEAK * peak[:, None]) & (lag < top[:, None])
    last = PEAK_LOOKBACK_HOURS - 1 - under[:, ::-1].argmax(axis=1)
    return rise, np.where(under.any(axis=1) & enough, top - last, NEVER)


def _recurrence(position: Integers, history: TopicHistory, volumes: VolumeHistory, hour: int) -> tuple[Integers, Integers]:
    """In how many earlier weeks the topic rose at this time of the week, of how many in which it lived; (n,) each."""
    end = hour + 1
    share = (history.total("posts", position, end - 6, end) + 0.5) / (float(volumes.total(end - 6, end)) + 1.0)
    recurred, weeks = np.zeros(position.shape, dtype=np.int64), np.zeros(position.shape, dtype=np.int64)
    for week in range(1, WEEKS + 1):
        then = end - week * WEEK_HOURS
        posts = history.total("posts", position, then - 6, then)
        then_share = posts / (float(volumes.total(then - 6, then)) + 1.0)
        # Three days that end a day before: what the topic usually got then.
        usual = history.total("posts", position, then - 96, then - 24) / (float(volumes.total(then - 96, then - 24)) + 1.0)
        lived = history.total("posts", position, then - WEEK_HOURS, then) > 0
        lived &= bool(volumes.collected.share(then - 6, then) >= LEAST_COLLECTED)
        weeks += lived
        recurred += lived & (posts >= RECURRED_POSTS) & (then_share >= RECURRED_RISE * usual) & (then_share >= 0.5 * share)
    return recurred, weeks


def stages(moved: Course, life: Integers, z: Floats, rose_last_year: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.str_]:
    """Stage (n,) of each topic by the rules of this module; ``life`` in hours including the current one, ``z`` its strongest burst.

    ``rose_last_year`` (n,): a trend of the same words rose in these days of last year.
    """
    fading = (moved.position < FAR_FROM_PEAK) & (moved.corrected_growth <= 1.0)
    fast = (moved.rise_hours <= FAST_HOURS) & (moved.fall_hours <= FAST_HOURS)
    emerging = (life <= EMERGING_HOURS) & (moved.position >= FAR_FROM_PEAK)
    rising = moved.corrected_growth >= RISING_GROWTH
    peak = (moved.position >= NEAR_PEAK) & (z >= STILL_BURSTING)
    again = 2 * moved.recurred > moved.weeks
    if rose_last_year is not None:
        again |= rose_last_year
    return np.select(
        [fading & fast, fading, again & (emerging | rising | peak), emerging, rising, peak],
        ["fad", "fading", "seasonal", "emerging", "rising", "peak"],
        default="steady",
    )
