"""Random numbers that stay the same whatever a policy does: draws by key, and counts as functions of a uniform number.

What belongs here: hashed uniforms, Poisson and binomial counts by inversion. What doesn't: what is drawn (``demand_model.py``,
``retail_chain.py``). With common random numbers two policies meet the same customers and the same suppliers, so the
difference between them is theirs, not luck (Law, *Simulation Modeling and Analysis*, ch. 11).
"""

from __future__ import annotations

import numpy as np

_NORMAL_FROM = 25.0  # means above this are inverted by a Cornish-Fisher expansion: off by at most one unit, rarely


def keyed_uniform(seed: int, *keys: np.ndarray | int) -> np.ndarray:
    """A uniform number in [0, 1) for each tuple of integer keys (arrays broadcast), the same whenever it is asked for.

    Splitmix64 finalisers (Steele, Lea & Flood 2014) chained over the keys. O(size).
    """
    mixed = np.atleast_1d(np.uint64(seed & 0xFFFFFFFFFFFFFFFF))
    with np.errstate(over="ignore"):
        for key in keys:
            mixed = mixed + np.asarray(key, np.int64).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x632BE59BD9B4E019)
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed = mixed ^ (mixed >> np.uint64(31))
    result: np.ndarray = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
    return result


def poisson_counts(uniform: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Poisson counts (int64) by inversion: never fewer for a higher mean at the same ``uniform``. Arrays of one shape.

    O(size × highest small mean); above a mean of 25 the quantile is approximated.
    """
    flat, means = uniform.ravel(), np.maximum(mean.ravel(), 0.0)
    counts = np.zeros(flat.size, np.int64)
    probability = np.exp(-np.minimum(means, _NORMAL_FROM))
    active = np.flatnonzero((flat > probability) & (means <= _NORMAL_FROM))
    left, probability, rate = flat[active] - probability[active], probability[active], means[active]
    count = 0
    while active.size:
        count += 1
        probability = probability * rate / count
        counts[active] = count
        more = (left > probability) & (count < 120)
        left, probability, rate, active = (left - probability)[more], probability[more], rate[more], active[more]
    large = np.flatnonzero(means > _NORMAL_FROM)
    if large.size:
        from scipy.special import ndtri

        deviate = ndtri(np.clip(flat[large], 1e-12, 1 - 1e-12))
        counts[large] = np.maximum(np.floor(means[large] + np.sqrt(means[large]) * deviate + (deviate**2 - 1) / 6 + 0.5), 0)
    return counts.reshape(mean.shape)


def rounded_share(uniform: np.ndarray | float, units: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """``units × share`` rounded up or down at random so that its mean is exact; between 0 and ``units``, int64."""
    result: np.ndarray = np.minimum(np.floor(units * share + uniform), units).astype(np.int64)
    return result
