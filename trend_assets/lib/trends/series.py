"""Bursts of one regularly counted series: mentions of a name every five minutes, posts of a brand every hour.

What belongs here: the detector for a single series. What doesn't: topics that come and go (``expectations``, ``rank``), scoring
against labels (``lib/evaluation/bursts``).

Each observation is judged by those before it, at four time scales (the last 1, 6, 24 and 72 observations: 5 minutes to 6 hours of
a series counted every 5 minutes):

1. *Expectation*: a recent level, from before the window, times factors by hour of day and weekday. Observations enter the memory
   winsorised, so that a burst does not teach the detector to expect it (a stream's form of Huber's M-estimate).
2. *Surprise*: the signed root of the negative binomial deviance of the window's sum, its dispersion estimated from the past of
   the same scale. Scanning several windows is what finds both a spike and a slow flood (scan statistics: Kulldorff, 1997;
   Neill, International Journal of Forecasting 2009).
3. *Calibration*: real series have outliers that no model of counts expects, some more than others. How often a surprise as large as this
   one comes in this series is read off its own past: the tail of the maxima of six-hour blocks is fitted as in extreme value
   statistics (Hill, Annals of Statistics 1975; streams: Siffert et al., KDD 2017), begun with imagined blocks of a quiet series.
4. *Combination*: the geometric mean of the four rates: what is unusual at several scales counts more than a single count out of line. It
   is exact where the scales say the same, too large where they are independent, and at worst too small by a factor of e
   (Vovk & Wang, Biometrika 2020).

The result is a number a person can choose: how many alarms a day as strong as this one the series itself would give. The
threshold is a budget of alarms, not a z that means something else in every series.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trend_assets.lib.trends.bursts import deviance_residual, upper_tail
from trend_assets.lib.trends.history import Floats, Integers

SCALES = (1, 6, 24, 72)
"""Observations summed, each window ending with the one that is judged."""
BLOCK_SECONDS = 6 * 3600
"""One event, one alarm: within six hours only the strongest moment counts."""
DEFAULT_ALARMS_PER_DAY = 0.1
"""One alarm in ten days that the series' ordinary past explains: what a person who watches dozens of series will bear."""


class BurstScores(NamedTuple):
    """Per observation, each of shape (n,).

    ``expected``: count expected; ``z``: standardised excess of the observation alone; ``p_value``: chance of such a count or more;
    ``surprise``: of each scale, shape (scales, n); ``alarms_per_day``: how often the series' past has something as strong.
    """

    expected: Floats
    z: Floats
    p_value: Floats
    surprise: Floats
    alarms_per_day: Floats


def burst_scores(
    counts: npt.ArrayLike,
    times: npt.ArrayLike,
    *,
    memory_days: float = 7.0,
    recent_hours: float = 12.0,
    winsor_z: float = 3.0,
    smallest_dispersion: float = 0.02,
) -> BurstScores:
    """Burst statistics of one regularly counted series, each value judged only by those before it.

    ``counts``: (n,) non-negative; ``times``: (n,) datetime64, increasing, gaps allowed. The level is exponentially weighted over
    ``recent_hours``, factors by hour of day and weekday and the dispersion over ``memory_days``, shrunk while history is short.
    An alarm is an observation with ``alarms_per_day`` at or under a budget. O(n · scales + blocks · log blocks), compiled.
    Raises ``ValueError`` for negative or unequal lengths of input, or times going back.
    """
    values = np.asarray(counts, dtype=np.float64)
    seconds = np.asarray(times, dtype="datetime64[s]").astype(np.int64)
    if values.shape != seconds.shape or values.ndim != 1:
        raise ValueError(f"counts {values.shape} and times {seconds.shape} must be one-dimensional and of equal length")
    if values.size and (not np.all(np.isfinite(values)) or values.min() < 0 or np.any(np.diff(seconds) < 0)):
        raise ValueError("counts must be finite and not negative, times must not go back")
    if not values.size:
        empty = np.zeros(0)
        return BurstScores(empty, empty.copy(), empty.copy(), np.zeros((len(SCALES), 0)), empty.copy())
    from trend_assets.lib.trends.series_kernels import follow

    steps = np.diff(seconds)
    step = max(float(np.median(steps)), 1.0) if steps.size else 3600.0
    sums, expected, size = follow(
        values, seconds, step, np.array(SCALES), memory_days * 86400.0, recent_hours * 3600.0, winsor_z, smallest_dispersion
    )
    surprise = np.stack([deviance_residual(*of_scale) for of_scale in zip(sums, expected, size, strict=True)])
    rates = alarms_per_day(surprise, seconds)
    return BurstScores(expected[0], surprise[0], upper_tail(values, expected[0], size[0]), surprise, rates)


def alarms_per_day(surprise: Floats, seconds: Integers) -> Floats:
    """How many alarms a day as strong as each moment the past of the series gave, (n,); ``surprise``: (scales, n)."""
    from trend_assets.lib.trends.series_kernels import rates

    block = (seconds - seconds[0]) // BLOCK_SECONDS
    each = np.stack([rates(one, block) for one in surprise])
    together = np.exp(np.log(each).mean(axis=0))
    return np.asarray(together * (86400.0 / BLOCK_SECONDS), dtype=np.float64)
