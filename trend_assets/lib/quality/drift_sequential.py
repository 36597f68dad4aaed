"""Slow change: steps too small for any one day to stand out, added up over weeks.

What belongs here: the cumulative sum and its calibration. What doesn't: the newest window by itself (``drift.py``).

The windows are cut in two: the older ones say what is usual, the newer ones are followed. Of each cell the standardised differences
from the usual are added up, less an allowance (Page's CUSUM, Biometrika 1954). One difference counts for at most ``MOST``, so that a
day on which much was different is no slow change. How high the sum gets by chance is found by simulating windows that do not change,
with as many older and newer ones and the same estimates of mean and spread, so that what is not known of them is in the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from trend_assets.lib.quality.drift import PRIOR_WINDOWS, Cells, Counts, Deviation, expectation

FOLLOWED = 28
"""Newer windows that are followed at most; where there are fewer than twice as many, the newer half."""
LEAST_REFERENCE = 10
"""Older windows without which nothing is said of slow change."""
ALLOWANCE = 0.5
"""Standard deviations that a window may differ for nothing: half of the change that is to be found soonest."""
MOST = 3.0
RECENT = 7
"""Windows that are told as now."""
_RUNS, _SEED = 40_000, 20_261_122
_TAIL = 0.002


def followed_windows(windows: int) -> int:
    """How many of so many windows, the newest included, are followed; 0 where too few would be left to compare with."""
    followed = min(FOLLOWED, windows // 2)
    return followed if windows - followed >= LEAST_REFERENCE else 0


def slow_changes(cells: Cells) -> tuple[list[Deviation], list[float]]:
    """Of each cell the slow change and the chance of one as large where nothing changed; none where there are too few windows."""
    windows = len(cells.values)
    followed = followed_windows(windows)
    if not followed or not cells.categories:
        return [], []
    past = windows - followed
    expected, means = expectation(cells, past)
    z = (cells.values[past:] - means[past:]) / np.sqrt(expected.spread * cells.variances[past:])
    up, down = cumulative_sums(z)
    chances = [min(1.0, 2.0 * chance_of(float(max(high, low)), past, followed)) for high, low in zip(up, down, strict=True)]
    before, now = np.median(cells.shown[:past], axis=0), np.median(cells.shown[-min(RECENT, followed) :], axis=0)
    found = [
        Deviation(cells.column, category, float(up[number] if up[number] >= down[number] else -down[number]), float(before[number]),
                  float(now[number]), cells.unit, slow=True)
        for number, category in enumerate(cells.categories)
    ]  # fmt: skip
    return found, chances


def slow_tests(columns: Sequence[Cells]) -> list[tuple[str, list[Deviation], list[float]]]:
    """Slow changes of all columns as ``drift.ranked`` takes them."""
    return [(cells.column, *slow_changes(cells)) for cells in columns]


def cumulative_sums(z: Counts) -> tuple[Counts, Counts]:
    """The sums upwards and downwards after the last window. z: standardised differences, shape (windows, …)."""
    up, down = np.zeros(z.shape[1:]), np.zeros(z.shape[1:])
    for row in np.clip(z, -MOST, MOST):
        up = np.maximum(up + row - ALLOWANCE, 0.0)
        down = np.maximum(down - row - ALLOWANCE, 0.0)
    return up, down


def chance_of(height: float, reference: int, followed: int) -> float:
    """Chance that a sum in one direction ends so high or higher where nothing changed; beyond what was simulated an exponential tail."""
    sums, edge, rate = _simulated(reference, followed)
    if height <= 0.0:
        return 1.0
    if height > edge:
        return float(_TAIL * np.exp(-rate * (height - edge)))
    return float(1.0 - np.searchsorted(sums, height, side="left") / len(sums))


@lru_cache(maxsize=128)
def _simulated(reference: int, followed: int) -> tuple[Counts, float, float]:
    """Sums of windows that do not change, in order; the height that ``_TAIL`` of them reach, and how fast the tail falls from there."""
    rng = np.random.default_rng(_SEED)
    past = rng.standard_normal((reference, _RUNS))
    mean, own = past.mean(axis=0), past.var(axis=0, ddof=1)
    shrunk = (PRIOR_WINDOWS + (reference - 1) * own) / (PRIOR_WINDOWS + reference - 1)
    scale = np.sqrt(np.maximum(own, shrunk))
    up = np.zeros(_RUNS)
    for _ in range(followed):
        step = np.clip((rng.standard_normal(_RUNS) - mean) / scale, -MOST, MOST)
        up = np.maximum(up + step - ALLOWANCE, 0.0)
    sums = np.sort(up)
    edge, before = (float(np.quantile(sums, 1.0 - share)) for share in (_TAIL, 10 * _TAIL))
    return sums, edge, float(np.log(10.0) / max(edge - before, 1e-6))
