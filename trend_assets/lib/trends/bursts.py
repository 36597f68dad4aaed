"""How surprising a count is: tail probability and standardised excess under an overdispersed expectation.

What belongs here: negative binomial statistics of counts.
What doesn't: what to expect of a topic (``expectations``) or of a single series (``series``), correction for many topics (``discovery``).
"""

from __future__ import annotations

import numpy as np

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
