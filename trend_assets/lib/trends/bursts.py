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
    step = float(np.median(steps)) if steps.size else 3600.0
    keep_level = math.exp(-math.log(2) * step / (recent_hours * 3600))
    keep_memory = math.exp(-math.log(2) * step / (memory_days * 86400))
    # A slot of the rhythm is seen once per day (or week): its pseudo-evidence is one visit's worth of observations.
    per_hour = max(3600.0 / step, 1.0)
    slot_of_day = (seconds // 3600) % 24
    slot_of_week = (seconds // 3600) % 168
    day_sums, week_sums = np.full((24, 2), 2.0 * per_hour), np.full((168, 2), 2.0 * per_hour)
    level_sum, level_weight = float(values[0]), 1.0
    excess, squares = 0.1 * 50, 50.0  # dispersion 0.1, worth fifty observations
    expected, size = np.empty_like(values), np.empty_like(values)
    for now in range(values.size):
        day, week = day_sums[slot_of_day[now]], week_sums[slot_of_week[now]]
        factor = (day[0] / day[1]) * (week[0] / week[1])
        level = level_sum / level_weight
        mean = max(level * factor, SMALLEST_EXPECTATION)
        dispersion = max(excess / squares, smallest_dispersion)
        # Besides the noise of the count itself, the level is only known from so many earlier posts.
        spread = dispersion + 1.0 / (1.0 + level_sum)
        expected[now], size[now] = mean, 1.0 / spread
        deviation = math.sqrt(mean + mean * mean * spread)
        value = min(max(values[now], mean - winsor_z * deviation), mean + winsor_z * deviation)
        level_sum = keep_level * level_sum + value / factor
        level_weight = keep_level * level_weight + 1.0
        day += (value / max(level, SMALLEST_EXPECTATION) - day[0] / day[1], 0.0) if day[1] >= 14 * per_hour else (
            value / max(level, SMALLEST_EXPECTATION),
            1.0,
        )
        relative = value / mean
        week += (relative - week[0] / week[1], 0.0) if week[1] >= 6 * per_hour else (relative, 1.0)
        excess = keep_memory * excess + ((value - mean) ** 2 - mean) / (mean * mean)
        squares = keep_memory * squares + 1.0
    return expected, size
