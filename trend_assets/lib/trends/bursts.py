"""How surprising a count is: tail probability and standardised excess under an overdispersed expectation.

What belongs here: negative binomial statistics of counts, and the detector for a single series.
What doesn't: what to expect of a topic (``expectations``), correction for many topics (``discovery``).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trend_assets.lib.trends.history import Floats, Integers

SMALLEST_EXPECTATION = 0.01
"""Nothing is expected to be rarer than one post in a hundred windows: keeps a ratio to nothing from meaning everything."""

_PRIOR_DISPERSION = 0.1
_PRIOR_OBSERVATIONS = 50.0
"""Until a series has shown its own dispersion it is taken as 0.1 (sd a third of a large mean), worth fifty observations."""
_SMALLEST_FACTOR = 0.05


def upper_tail(counts: Integers | Floats, expected: Floats, size: Floats) -> Floats:
    """P(X >= count) of a negative binomial with mean ``expected`` and variance mean + mean^2 / ``size``, elementwise.

    By the identity with the regularised incomplete beta function: accurate far into the tail, 1 for a count of 0.
    """
    from scipy.special import betainc

    counts = np.asarray(counts, dtype=np.float64)
    mean = np.maximum(expected, SMALLEST_EXPECTATION)
    tail = betainc(np.maximum(counts, 1.0), size, mean / (mean + size))
    return np.where(counts <= 0, 1.0, np.clip(tail, 0.0, 1.0))


def deviance_residual(counts: Integers | Floats, expected: Floats, size: Floats) -> Floats:
    """Signed root of the negative binomial deviance, elementwise: close to standard normal, finite for any finite count.

    Unlike a quantile of the tail it does not overflow where the probability underflows, and unlike (count - mean) / sd
    it is not fooled by skewness (McCullagh & Nelder, Generalized Linear Models, 1989, section 2.4).
    """
    from scipy.special import xlogy

    counts = np.asarray(counts, dtype=np.float64)
    mean = np.maximum(expected, SMALLEST_EXPECTATION)
    half = xlogy(counts, counts / mean) - (counts + size) * np.log1p((counts - mean) / (mean + size))
    return np.sign(counts - mean) * np.sqrt(2.0 * np.maximum(half, 0.0))


class BurstScores(NamedTuple):
    """Per observation, each of shape (n,): what was expected, standardised excess, chance of such a count or more."""

    expected: Floats
    z: Floats
    p_value: Floats


def burst_scores(
    counts: npt.ArrayLike,
    times: npt.ArrayLike,
    *,
    memory_days: float = 7.0,
    recent_hours: float = 12.0,
    winsor_z: float = 3.0,
    smallest_dispersion: float = 0.02,
) -> BurstScores:
    """Burst statistic of one regularly counted series, each value judged only by those before it.

    ``counts``: (n,) non-negative; ``times``: (n,) datetime64, increasing, gaps allowed. The expectation is a recent
    level (exponentially weighted over ``recent_hours``) times a factor by hour of day and weekday (weighted over
    ``memory_days``, shrunk towards none as in ``cycles``); the dispersion is an exponentially weighted method-of-moments
    estimate over ``memory_days``, shrunk while history is short. Each count enters the memory winsorised at
    ``winsor_z`` standard deviations, so that a burst does not teach the detector to expect it (a stream's form of
    Huber's M-estimate). O(n). Raises ``ValueError`` for negative or unequal lengths of input, or times going back.
    """
    values = np.asarray(counts, dtype=np.float64)
    seconds = np.asarray(times, dtype="datetime64[s]").astype(np.int64)
    if values.shape != seconds.shape or values.ndim != 1:
        raise ValueError(f"counts {values.shape} and times {seconds.shape} must be one-dimensional and of equal length")
    if values.size and (not np.all(np.isfinite(values)) or values.min() < 0 or np.any(np.diff(seconds) < 0)):
        raise ValueError("counts must be finite and not negative, times must not go back")
    if not values.size:
        empty = np.zeros(0)
        return BurstScores(empty, empty.copy(), empty.copy())
    expected, size = _follow(values, seconds, memory_days, recent_hours, winsor_z, smallest_dispersion)
    return BurstScores(expected, deviance_residual(values, expected, size), upper_tail(values, expected, size))


def _follow(
    values: Floats, seconds: Integers, memory_days: float, recent_hours: float, winsor_z: float, smallest_dispersion: float
) -> tuple[Floats, Floats]:
    """Expectation and negative binomial size of every observation from the ones before it."""
    steps = np.diff(seconds)
    step = max(float(np.median(steps)), 1.0) if steps.size else 3600.0
    keep_level = math.exp(-math.log(2) * step / (recent_hours * 3600))
    keep_memory = math.exp(-math.log(2) * step / (memory_days * 86400))
    slot_of_day, slot_of_week = (seconds // 3600) % 24, (seconds // 3600) % 168
    # A slot is visited for one hour a day (or week): its pseudo-evidence is two such visits, its memory at most so many.
    visit = max(3600.0 / step, 1.0)
    by_day, day_seen = np.ones(24), np.full(24, 2.0 * visit)
    by_week, week_seen = np.ones(168), np.full(168, 2.0 * visit)
    longest_day, longest_week = (2.0 + 2.0 * memory_days) * visit, 6.0 * visit
    level_sum, level_weight = float(values[0]), 1.0
    excess = squares = 0.0
    expected, size = np.empty_like(values), np.empty_like(values)
    for now in range(values.size):
        day, week = slot_of_day[now], slot_of_week[now]
        level = max(level_sum / level_weight, SMALLEST_EXPECTATION)
        factor = by_day[day] * by_week[week]
        mean = max(level * factor, SMALLEST_EXPECTATION)
        prior = _PRIOR_OBSERVATIONS * mean * mean
        dispersion = max((excess + _PRIOR_DISPERSION * prior) / (squares + prior), smallest_dispersion)
        # Besides the noise of the count itself, the level is only known from so many earlier posts.
        spread = dispersion + 1.0 / (1.0 + level_sum)
        expected[now], size[now] = mean, 1.0 / spread
        limit = winsor_z * math.sqrt(mean + mean * mean * spread)
        value = min(max(values[now], mean - limit), mean + limit)

        level_sum = keep_level * level_sum + value / max(factor, _SMALLEST_FACTOR)
        level_weight = keep_level * level_weight + 1.0
        by_day[day] += (value / level - by_day[day]) / day_seen[day]
        by_week[week] += (value / max(level * by_day[day], SMALLEST_EXPECTATION) - by_week[week]) / week_seen[week]
        day_seen[day] = min(day_seen[day] + 1.0, longest_day)
        week_seen[week] = min(week_seen[week] + 1.0, longest_week)
        excess = keep_memory * excess + (value - mean) ** 2 - mean
        squares = keep_memory * squares + mean * mean
    return expected, size
