"""How good predicted probabilities are: overall and per language, with their uncertainty.

What belongs here: metrics of a classification. What doesn't: what is good enough (``gate.py``), pictures (``picture.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trend_assets.lib.learning.contract import Probabilities

METRICS = ("macro_f1", "macro_f1_low", "macro_f1_high", "accuracy", "log_loss", "brier", "calibration_error")
ALL, OTHER = "all", "language:other"
"""Slices: every example; languages with too few examples to be judged by themselves. A language's own is ``language:fr``, say."""
_RESAMPLES, _SEED = 400, 20_261_121
_GAIN_RESAMPLES = 2_000
_INTERVAL = (0.05, 0.95)
_BINS = 10
_TINY = 1e-15


@dataclass(frozen=True)
class Slice:
    """Metrics of one slice; ``macro_f1_low`` and ``macro_f1_high`` are a 90 % bootstrap interval over examples."""

    name: str
    examples: int
    values: dict[str, float]


def evaluate(
    truth: npt.NDArray[np.int64], predicted: Probabilities, languages: npt.NDArray[np.str_], language_examples: int
) -> list[Slice]:
    """Metrics of all n examples, then of each language with at least ``language_examples``, then of the others together.

    truth: column of the true label, shape (n,). Empty for no examples.
    """
    return evaluate_slices(truth, predicted, dict(slices(languages, language_examples)))


def evaluate_slices(truth: npt.NDArray[np.int64], predicted: Probabilities, parts: Mapping[str, npt.NDArray[np.bool_]]) -> list[Slice]:
    """Metrics of each part, rows (n,) by name, that has any rows."""
    return [Slice(name, int(rows.sum()), _metrics(truth[rows], predicted[rows])) for name, rows in parts.items() if rows.any()]


def slices(languages: npt.NDArray[np.str_], language_examples: int) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Name and rows (n,) of each slice that has rows, in the order of ``evaluate``."""
    if not len(languages):
        return
    yield ALL, np.ones(len(languages), dtype=bool)
    names, counts = np.unique(languages, return_counts=True)
    large = names[counts >= language_examples]
    for name in large.tolist():
        yield f"language:{name}", languages == name
    rest = ~np.isin(languages, large)
    if rest.any() and len(large):
        yield OTHER, rest


@dataclass(frozen=True)
class Gain:
    """Macro F1 of one model less another's on the same examples; low, high: 90 % interval; draws: resampled gains, sorted."""

    value: float
    low: float
    high: float
    draws: npt.NDArray[np.float64]

    def chance_of_no_loss(self) -> float:
        """Share of resamples in which the first model is not worse."""
        return float((self.draws >= 0.0).mean())


def gain(truth: npt.NDArray[np.int64], first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], labels: int) -> Gain:
    """Paired bootstrap over the n examples (Efron and Tibshirani 1993): the same examples are drawn for both models; seed fixed.

    truth, first, second: columns of the true label and of both models' answers, shape (n,), n at least 1.
    """
    # Examples of equal truth and answers are exchangeable, so counts of the cells that occur are drawn instead of examples.
    cells, place = np.unique((truth * labels + first) * labels + second, return_inverse=True)
    counts = np.bincount(place)
    drawn = np.random.default_rng(_SEED).multinomial(len(truth), counts / len(truth), size=_GAIN_RESAMPLES)
    drawn = np.vstack([counts, drawn])
    one, two = ((cells // labels // labels) * labels + (cells // labels) % labels, (cells // labels // labels) * labels + cells % labels)
    scores = []
    for answers in (one, two):
        matrices = np.zeros((len(drawn), labels * labels), dtype=np.int64)
        for cell, column in zip(answers.tolist(), drawn.T, strict=True):
            matrices[:, cell] += column
        scores.append(macro_f1(matrices.reshape(-1, labels, labels)))
    gains = scores[0] - scores[1]
    low, high = np.quantile(gains[1:], _INTERVAL)
    return Gain(float(gains[0]), float(low), float(high), np.sort(gains[1:]))


def calibration_noise(predicted: Probabilities) -> float:
    """The calibration error that a perfectly calibrated model stays below in 95 of 100 samples of these probabilities (n, labels)."""
    rng, sure = np.random.default_rng(_SEED), predicted.max(axis=1)
    place = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    off = [np.abs(np.bincount(place, weights=sure - (rng.random(len(sure)) < sure), minlength=_BINS)).sum() for _ in range(_RESAMPLES)]
    return float(np.quantile(off, 0.95)) / max(len(sure), 1)


def calibration_interval(truth: npt.NDArray[np.int64], predicted: Probabilities) -> tuple[float, float]:
    """A 90 % bootstrap interval of the calibration error."""
    rng, sure = np.random.default_rng(_SEED), predicted.max(axis=1)
    wrong = sure - (predicted.argmax(axis=1) == truth)
    place = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    drawn = (rng.integers(0, len(sure), len(sure)) for _ in range(_RESAMPLES))
    errors = [np.abs(np.bincount(place[rows], weights=wrong[rows], minlength=_BINS)).sum() / len(sure) for rows in drawn]
    low, high = np.quantile(errors, _INTERVAL)
    return float(low), float(high)


def macro_f1(confusion: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Unweighted mean of F1 over labels that occur, of confusion matrices (..., labels, labels), truth in rows."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).astype(float)
    size = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    scores = np.divide(2.0 * hits, size, out=np.zeros_like(hits), where=size > 0)
    return scores.sum(axis=-1) / np.maximum((size > 0).sum(axis=-1), 1)


def confusion_matrix(truth: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], labels: int) -> npt.NDArray[np.int64]:
    """Counts, shape (labels, labels): row the true label, column the predicted one."""
    return np.bincount(truth * labels + predicted, minlength=labels * labels).reshape(labels, labels)


def calibration(truth: npt.NDArray[np.int64], predicted: Probabilities) -> list[dict[str, float | int]]:
    """Of the examples in each tenth of the likeliest label's probability: how many, the mean probability, the share that is right."""
    sure, right = predicted.max(axis=1), predicted.argmax(axis=1) == truth
    place = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    return [
        {
            "from": number / _BINS,
            "examples": int((place == number).sum()),
            "mean_probability": float(sure[place == number].mean()),
            "share_right": float(right[place == number].mean()),
        }
        for number in np.unique(place).tolist()
    ]


def majority(shares: Sequence[float], rows: int) -> Probabilities:
    """The baseline: for every row the shares of the labels in training, so its answer is always the commonest label."""
    return np.tile(np.asarray(shares, dtype=float), (rows, 1))


def _metrics(truth: npt.NDArray[np.int64], predicted: Probabilities) -> dict[str, float]:
    labels, rows = predicted.shape[1], np.arange(len(truth))
    answer = predicted.argmax(axis=1)
    low, high = _interval(truth, answer, labels)
    given = np.eye(labels)[truth]
    bins = calibration(truth, predicted)
    return {
        "macro_f1": float(macro_f1(confusion_matrix(truth, answer, labels))),
        "macro_f1_low": low,
        "macro_f1_high": high,
        "accuracy": float((answer == truth).mean()),
        "log_loss": float(-np.log(np.maximum(predicted[rows, truth], _TINY)).mean()),
        "brier": float(((predicted - given) ** 2).sum(axis=1).mean()),
        "calibration_error": sum(int(row["examples"]) * abs(float(row["mean_probability"]) - float(row["share_right"])) for row in bins)
        / len(truth),
    }


def _interval(truth: npt.NDArray[np.int64], answer: npt.NDArray[np.int64], labels: int) -> tuple[float, float]:
    """A 90 % interval of macro F1: cells of the confusion matrix resampled (the bootstrap over examples), seed fixed."""
    counts = confusion_matrix(truth, answer, labels)
    drawn = np.random.default_rng(_SEED).multinomial(len(truth), counts.ravel() / len(truth), size=_RESAMPLES)
    low, high = np.quantile(macro_f1(drawn.reshape(_RESAMPLES, labels, labels)), _INTERVAL)
    return float(low), float(high)
