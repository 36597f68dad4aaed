"""How good predictions turned out to be, once people or sales have told: scores with intervals.

What belongs here: scores of a sample whose items were drawn with known probabilities, of shares, of sums. What doesn't: joining
predictions with what came (``trend_assets/monitoring/outcomes.py``), estimates before labels arrive (``estimation.py``).

Weighted means are Hájek's (a sum of weights in place of the population's size), so samples of several days add up. The interval of a
share is Wilson's with the effective number of items (Kish 1965): the bootstrap of a share that is 1 would be no interval. That of F1
and of ratios is a bootstrap over items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trend_assets.lib.learning.metrics import macro_f1

LEAST = 20
"""Items from which on there is a score: of fewer the interval holds everything."""
RESAMPLES, SEED = 400, 20_261_123
INTERVAL = (0.05, 0.95)
_Z = 1.6449
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """By what a model is said to decay: rows of ``models/outcomes`` of this metric and basis, all slices together."""

    metric: str
    basis: str
    higher_is_better: bool


CLASSIFIER = Judged("macro_f1", "random", higher_is_better=True)
"""What the gate judges, on the queue's random share: the other labels are mostly of hard posts."""
FORECASTER = Judged("wape", "sales", higher_is_better=False)


@dataclass(frozen=True)
class Score:
    """A value with its 90 % interval and the items behind it."""

    value: float
    low: float
    high: float
    examples: int


def effective(weights: Doubles) -> float:
    """Kish's effective number of items with these weights."""
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def share(hits: npt.NDArray[np.bool_], weights: Doubles | None = None) -> Score:
    """A weighted share with Wilson's interval at the effective number. Raises ``ValueError`` for no items."""
    if not len(hits):
        raise ValueError("no items: a share of nothing is not defined")
    given = np.ones(len(hits)) if weights is None else weights
    value, count = float((hits * given).sum() / given.sum()), effective(given)
    middle = (value + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * np.sqrt(value * (1 - value) / count + _Z**2 / (4 * count**2))
    return Score(value, float(max(middle - half, 0.0)), float(min(middle + half, 1.0)), len(hits))


def classification(truth: npt.NDArray[np.int64], answer: npt.NDArray[np.int64], weights: Doubles, labels: int) -> dict[str, Score]:
    """accuracy and macro_f1 of n items; truth and answer are columns of labels. Empty for fewer than ``LEAST``."""
    if len(truth) < LEAST:
        return {}
    cell = truth * labels + answer
    rng = np.random.default_rng(SEED)
    draws = rng.multinomial(len(truth), np.full(len(truth), 1 / len(truth)), size=RESAMPLES)
    confusion = np.zeros((labels * labels, len(truth)))
    confusion[cell, np.arange(len(truth))] = weights
    score: Any = macro_f1  # of weighted counts as well
    drawn = score((draws @ confusion.T).reshape(RESAMPLES, labels, labels))
    low, high = np.quantile(drawn, INTERVAL)
    whole = float(score(confusion.sum(axis=1).reshape(labels, labels)))
    return {
        "accuracy": share(truth == answer, weights),
        "macro_f1": Score(whole, float(min(low, whole)), float(max(high, whole)), len(truth)),
    }


def ratio(above: Doubles, below: Doubles, groups: npt.NDArray[np.int64]) -> Score | None:
    """Sum of ``above`` over sum of ``below`` (n,) with a bootstrap over groups: rows of one group come and go together.

    ``None`` for fewer than ``LEAST`` rows, or where the sum below is nothing.
    """
    if len(above) < LEAST or below.sum() <= 0:
        return None
    _, group = np.unique(groups, return_inverse=True)
    count = int(group.max()) + 1
    sums = np.stack([np.bincount(group, values, minlength=count) for values in (above, below)])
    draws = np.random.default_rng(SEED).multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    tops, bottoms = draws @ sums[0], draws @ sums[1]
    drawn = tops[bottoms > 0] / bottoms[bottoms > 0]
    low, high = np.quantile(drawn, INTERVAL)
    return Score(float(above.sum() / below.sum()), float(low), float(high), len(above))


def decayed(before: Score, now: Score, *, higher_is_better: bool = True) -> bool:
    """Whether a score is worse than an earlier one beyond both intervals."""
    return now.high < before.low if higher_is_better else now.low > before.high
