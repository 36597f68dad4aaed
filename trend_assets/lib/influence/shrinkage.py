"""Rates from small counts: shrunk towards what is usual, with an interval.

What belongs here: the gamma-Poisson posterior of a rate and its prior from all counts (empirical Bayes). What doesn't: what is
counted (``counts``, ``early``), how it is ranked (``rankings``).

A decayed count is a weighted sum of Poisson counts. Its mean and variance fit a Poisson count in units of c = variance / count
(Fay and Feuer, Confidence intervals for directly standardized rates, Statistics in Medicine 1997), so with a gamma prior the rate's
posterior is gamma (Robbins 1956 and, for the moments used here, Gelman et al., Bayesian Data Analysis, section 2.6 on rates).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trend_assets.lib.trends.history import Floats

LEVEL = 0.9
"""Probability that the interval holds the rate."""
_STRONGEST, _WEAKEST = 100.0, 0.05


class GammaPrior(NamedTuple):
    """Gamma distribution of rates by shape and inverse scale; the mean is ``shape / rate``."""

    shape: float
    rate: float


class Rates(NamedTuple):
    """Posterior mean and the bounds of a central interval, each (n,)."""

    mean: Floats
    low: Floats
    high: Floats


def prior_of(count: Floats, variance: Floats, exposure: Floats) -> GammaPrior:
    """The prior of which these counts look like draws, by moments: spread of the rates beyond what counting alone makes.

    ``count``, ``variance``, ``exposure``, shape (n,): weighted counts, the variance of each as a count, and the time (or expected
    count) it was collected over. Fewer than two counts tell no spread: then the prior is worth one act (Kass and Wasserman's unit
    information). Raises ``ValueError`` for an exposure that is not positive.
    """
    if exposure.size and not exposure.min() > 0:
        raise ValueError("every exposure must be positive")
    total = float(exposure.sum())
    mean = float(count.sum()) / total if total else 0.0
    if mean <= 0:
        return GammaPrior(1.0, 1.0)
    if count.size < 2:
        return GammaPrior(1.0, 1.0 / mean)
    # Weighted by exposure, so that an account seen for long tells more about the spread than one seen for a moment.
    spread = float(np.sum((count - mean * exposure) ** 2 - variance) / np.sum(exposure**2))
    shape = float(np.clip(mean * mean / spread, _WEAKEST, _STRONGEST)) if spread > 0 else _STRONGEST
    return GammaPrior(shape, shape / mean)


def shrunk_rates(count: Floats, variance: Floats, exposure: Floats, prior: GammaPrior, level: float = LEVEL) -> Rates:
    """Posterior of each rate (n,): ``count`` per ``exposure``, shrunk towards the prior's mean. O(n)."""
    from scipy.special import gammaincinv

    shape, rate = _posterior(count, variance, exposure, prior)
    tail = (1 - level) / 2
    return Rates(shape / rate, gammaincinv(shape, tail) / rate, gammaincinv(shape, 1 - tail) / rate)


def may_be_first(
    count: Floats, variance: Floats, exposure: Floats, prior: GammaPrior, places: int, level: float = LEVEL
) -> npt.NDArray[np.bool_]:
    """Which (n,) can be among the first ``places`` by the lower bound: quantiles are slow, and most are far from it. O(n + places)."""
    from scipy.special import gammaincinv

    shape, rate = _posterior(count, variance, exposure, prior)
    mean = shape / rate
    if mean.size <= 2 * places or not places:
        return np.ones(mean.size, dtype=bool)
    # A bound is below its mean, so nobody whose mean is below the bound of all these comes before them.
    likely = np.argpartition(-mean, places)[:places]
    bounds = gammaincinv(shape[likely], (1 - level) / 2) / rate[likely]
    result: npt.NDArray[np.bool_] = mean >= bounds.min() * (1 - 1e-9)
    return result


def _posterior(count: Floats, variance: Floats, exposure: Floats, prior: GammaPrior) -> tuple[Floats, Floats]:
    scale = np.divide(variance, count, out=np.ones_like(count), where=count > 0)
    return prior.shape + np.divide(count, scale), prior.rate + np.divide(exposure, scale)
