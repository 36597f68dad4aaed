"""How often independent accounts of a given activity would coincide, and how surprising it is that two did more often.

What belongs here: the null model of coincidences. What doesn't: counting them (``coincidences``), what follows (``groups``).

Null model. Around its acts of kind k, account a had K_a,k neighbours: acts of others on the same thing within the window. Were the
accounts independent, each of these neighbours would be account b with the probability that any act of the kind is b's, n_b,k / N_k.
So a and b are expected to coincide

    λ_things = Σ_k max(K_a,k · n_b,k, K_b,k · n_a,k) / N_k

times: a crowd around a viral post raises K, much activity raises n, and both raise λ, so neither is evidence. It is the expected weight
of an edge in the configuration model of coincidences (Newman & Girvan, 2004), with the larger of its two directions. Where hardly
anybody but a group acts in a kind at all, the group is its own background and nothing it does is odd. So time is asked, too: acts at
times of their own fall within w_k seconds of one another, whatever they are about,

    λ_times = Σ_k n_a,k · n_b,k · c · 2 w_k / T

times in a window of T seconds, where c ≥ 1 says how the lake's posts crowd together in time (T · Σ_s f_s² / s over intervals of s
seconds with shares f_s of all posts: 1 for an even flow). Both bound what independent accounts do, so the smaller one, λ, does.

The number of occasions X is compared with a Poisson variable of mean λ. Only pairs that coincided at all are looked at, so the p-value
is that of X ≥ x given X ≥ 1 (zero-truncated), and the false-discovery rate is controlled over all those pairs (Benjamini & Hochberg,
1995). Occasions are counted conservatively: one in five minutes, whatever two accounts do together in that time, while λ counts every
act.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def expected_coincidences(neighbours: Integers, acts: Integers, totals: Integers, spans: Floats, left: Integers, right: Integers) -> Floats:
    """λ (pairs,) of the accounts ``left`` and ``right`` (pairs,), columns of ``neighbours`` and ``acts``.

    ``neighbours``, ``acts``: (kinds × accounts); ``totals``, ``spans`` (c · 2 w / T of each kind): (kinds,).
    """
    share = 1.0 / np.maximum(totals, 1)[:, None]
    one_way, other_way = neighbours[:, left] * acts[:, right], neighbours[:, right] * acts[:, left]
    of_things: Floats = (np.maximum(one_way, other_way) * share).sum(axis=0)
    of_times: Floats = (acts[:, left] * acts[:, right] * spans[:, None]).sum(axis=0)
    return np.minimum(of_things, of_times)


def crowding(posts: Integers) -> float:
    """c: how the posts (intervals,) crowd together in time; 1 for an even flow, the number of intervals where all are in one."""
    return float(len(posts) * (posts.astype(np.float64) ** 2).sum() / max(float(posts.sum()) ** 2, 1.0)) if posts.any() else 1.0


def repeated_p_values(occasions: Integers, expected: Floats) -> Floats:
    """P(X ≥ occasions | X ≥ 1) for X Poisson with mean ``expected``; 1 for a single occasion."""
    from scipy.special import pdtrc

    at_least_one = -np.expm1(-np.maximum(expected, 1e-12))
    p_values: Floats = np.clip(pdtrc(occasions - 1.0, np.maximum(expected, 1e-12)) / at_least_one, 0.0, 1.0)
    return np.where(occasions <= 1, 1.0, p_values)


def at_least_p_values(successes: Integers, trials: Integers, base: Floats | float) -> Floats:
    """P(X ≥ successes) for X binomial of ``trials`` with probability ``base``; 1 without trials."""
    from scipy.special import bdtrc

    some = np.maximum(trials, 1)
    p_values: Floats = np.where(successes <= 0, 1.0, bdtrc(np.minimum(successes, some) - 1.0, some, base))
    return np.where(trials > 0, p_values, 1.0)
