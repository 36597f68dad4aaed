"""Compiled loops of the detector for a single series: following its level and rhythm, and the tail of its past.

What belongs here: loops in which each step needs the one before. What doesn't: what they are for (``series``). Importing this
module loads numba: import it inside functions.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_SMALLEST_EXPECTATION = 0.01
_PRIOR_DISPERSION = 0.1
_PRIOR_OBSERVATIONS = 50.0
"""Until a series has shown its own dispersion it is taken as 0.1 (sd a third of a large mean), worth fifty observations."""
_SMALLEST_FACTOR = 0.05

_QUIET = (1.6, 1.9, 2.1, 2.3, 2.5, 2.7, 3.0, 3.5)
"""Maxima of eight imagined blocks, two days: of some tens of independent standard normal values each."""
_TAIL_SHARE = 0.2
_PRIOR_TAIL = 0.15
_PRIOR_TAIL_BLOCKS = 4.0
"""Mean of log(maximum / threshold) over the threshold in a quiet series, worth four blocks."""


@njit(cache=True)
def follow(
    values: np.ndarray,
    seconds: np.ndarray,
    step: float,
    scales: np.ndarray,
    memory_seconds: float,
    recent_seconds: float,
    winsor_z: float,
    smallest_dispersion: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Window sums, their expectation and negative binomial size, each (scales, n), every one from the observations before its window."""
    count = len(values)
    keep_level = np.exp(-np.log(2.0) * step / recent_seconds)
    keep_memory = np.exp(-np.log(2.0) * step / memory_seconds)
    # A slot is visited for one hour a day (or week): its pseudo-evidence is two such visits, its memory at most so many.
    visit = max(3600.0 / step, 1.0)
    by_day, day_seen = np.ones(24), np.full(24, 2.0 * visit)
    by_week, week_seen = np.ones(168), np.full(168, 2.0 * visit)
    longest_day, longest_week = (2.0 + 2.0 * memory_seconds / 86400.0) * visit, 6.0 * visit
    level_sum, level_weight = values[0], 1.0
    levels, known = np.empty(count), np.empty(count)  # before each observation
    factor_before, value_before = np.zeros(count + 1), np.zeros(count + 1)
    excess, squares = np.zeros(len(scales)), np.zeros(len(scales))
    sums = np.empty((len(scales), count))
    expected = np.empty((len(scales), count))
    size = np.empty((len(scales), count))
    for now in range(count):
        day, week = (seconds[now] // 3600) % 24, (seconds[now] // 3600) % 168
        factor = by_day[day] * by_week[week]
        level = max(level_sum / level_weight, _SMALLEST_EXPECTATION)
        levels[now], known[now] = level, level_sum
        factor_before[now + 1] = factor_before[now] + factor
        value_before[now + 1] = value_before[now] + values[now]
        value = values[now]
        for number in range(len(scales)):
            start = max(now + 1 - scales[number], 0)
            mean = max(levels[start] * (factor_before[now + 1] - factor_before[start]), _SMALLEST_EXPECTATION)
            total = value_before[now + 1] - value_before[start]
            prior = _PRIOR_OBSERVATIONS * mean * mean
            dispersion = max((excess[number] + _PRIOR_DISPERSION * prior) / (squares[number] + prior), smallest_dispersion)
            # Besides the noise of the count itself, the level is only known from so many earlier posts.
            spread = dispersion + 1.0 / (1.0 + known[start])
            sums[number, now], expected[number, now], size[number, now] = total, mean, 1.0 / spread
            limit = winsor_z * np.sqrt(mean + mean * mean * spread)
            held = min(max(total, mean - limit), mean + limit)
            excess[number] = keep_memory * excess[number] + (held - mean) ** 2 - mean
            squares[number] = keep_memory * squares[number] + mean * mean
            if number == 0:
                value = held
        level_sum = keep_level * level_sum + value / max(factor, _SMALLEST_FACTOR)
        level_weight = keep_level * level_weight + 1.0
        by_day[day] += (value / level - by_day[day]) / day_seen[day]
        by_week[week] += (value / max(level * by_day[day], _SMALLEST_EXPECTATION) - by_week[week]) / week_seen[week]
        day_seen[day] = min(day_seen[day] + 1.0, longest_day)
        week_seen[week] = min(week_seen[week] + 1.0, longest_week)
    return sums, expected, size


@njit(cache=True)
def rates(surprise: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Share of blocks (n,) whose maximum would be at least as large as each value, from the maxima of the blocks before its own.

    ``block``: number of each observation's block, not decreasing. Under the threshold, which a fifth of the maxima exceed, the share is
    counted; above, it falls as a power of value over threshold with Hill's estimate of the exponent.
    """
    count = len(surprise)
    result = np.empty(count)
    maxima = np.empty(len(_QUIET) + count)
    for number in range(len(_QUIET)):
        maxima[number] = _QUIET[number]
    have = len(_QUIET)  # sorted up to here
    highest = -np.inf
    threshold, exponent = 0.0, 0.0
    fresh = False
    for now in range(count):
        if now > 0 and block[now] != block[now - 1]:
            place = np.searchsorted(maxima[:have], highest)
            for later in range(have, place, -1):
                maxima[later] = maxima[later - 1]
            maxima[place] = highest
            have += 1
            highest = -np.inf
            fresh = False
        if not fresh:
            over = max(int(np.ceil(_TAIL_SHARE * have)), 1)
            threshold = max(maxima[have - over], 0.1)
            total = _PRIOR_TAIL * _PRIOR_TAIL_BLOCKS
            for number in range(have - over, have):
                total += np.log(max(maxima[number], threshold) / threshold)
            exponent = (over + _PRIOR_TAIL_BLOCKS) / total
            share = over / have
            fresh = True
        value = surprise[now]
        highest = max(highest, value)
        if value >= threshold:
            result[now] = share * (value / threshold) ** -exponent
        else:
            above = have - np.searchsorted(maxima[:have], value)
            result[now] = max((above + 0.5) / (have + 1.0), share)
    return result
