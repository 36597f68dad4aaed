"""Probabilities that mean what they say, and when to say nothing.

What belongs here: temperature, the threshold below which a model abstains. What doesn't: how well calibrated a model is
(``metrics.py``), what is good enough (``gate.py``).

Temperature scaling (Guo et al., ICML 2017): probabilities to the power 1/T, normalised; it changes how sure a model is, never which
label is likeliest. It is fitted on examples that the model of that moment was not trained on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from trend_assets.lib.learning.contract import Probabilities

LEAST_EXAMPLES = 30
"""Held-out examples from which thresholds are fitted; with fewer the model's own probabilities stand and it never abstains."""
_COLDEST, _HOTTEST = 0.25, 8.0
_TINY = 1e-12
_STEP = 0.05
_NEIGHBOURHOOD = 0.1


@dataclass(frozen=True)
class Thresholds:
    """temperature: above 1 the model was too sure. abstain_below: no label is given at a likeliest label's probability under it."""

    temperature: float = 1.0
    abstain_below: float = 0.0

    def as_values(self) -> dict[str, float]:
        """As JSON keeps them."""
        return asdict(self)


def cooled(predicted: Probabilities, temperature: float) -> Probabilities:
    """Probabilities at a temperature; rows sum to 1, the order within a row stays."""
    logs = np.log(np.maximum(predicted, _TINY)) / temperature
    weights = np.exp(logs - logs.max(axis=1, keepdims=True)) if len(logs) else logs
    return weights / weights.sum(axis=1, keepdims=True)


def fit_thresholds(truth: npt.NDArray[np.int64], predicted: Probabilities, temperature: float | None = None) -> Thresholds:
    """Of held-out examples: truth (n,) columns of the true labels, predicted (n, labels). temperature: given, it is not fitted.

    The temperature of least log-loss; then the highest probability at whose neighbourhood a label is more often wrong than right: a
    label like that is better not given.
    """
    if len(truth) < LEAST_EXAMPLES:
        return Thresholds()
    if temperature is None:
        temperature = _fit_temperature(truth, predicted)
    fitted = cooled(predicted, temperature)
    sure, right = fitted.max(axis=1), fitted.argmax(axis=1) == truth
    below = 0.0
    for level in np.arange(1.0 / predicted.shape[1], 0.9, _STEP):
        near = (sure >= level) & (sure < level + _NEIGHBOURHOOD)
        if near.sum() >= LEAST_EXAMPLES // 3 and right[near].mean() < 0.5:
            below = float(level + _STEP)
    return Thresholds(temperature, round(below, 3))


def less_sure(held: Thresholds, truth: npt.NDArray[np.int64], predicted: Probabilities) -> Thresholds:
    """Thresholds of few held-out examples, unless all examples (truth (n,), predicted (n, labels) out of fold) say that they make too sure.

    Few examples make a temperature far below 1 by chance. Models of folds learn from fewer examples than the one that is kept and are
    worse than it: they may keep it from being made surer, and never make it less sure than it is by itself.
    """
    temperature = min(fit_thresholds(truth, predicted).temperature, 1.0)
    return held if temperature <= held.temperature else fit_thresholds(truth, predicted, temperature)


def _fit_temperature(truth: npt.NDArray[np.int64], predicted: Probabilities) -> float:
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        return float(-np.log(np.maximum(cooled(predicted, float(np.exp(log_temperature)))[rows, truth], _TINY)).mean())

    found = minimize_scalar(loss, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded", options={"xatol": 1e-3})
    return round(float(np.exp(found.x)), 3)
