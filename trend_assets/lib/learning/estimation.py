"""How right a model is on posts that nobody has labelled yet, estimated from how sure it is, with honest bounds or none.

What belongs here: the estimate, its bounds, when there is none. What doesn't: scores of labelled posts (``outcomes.py``), which posts
are estimated (``trend_assets/monitoring/outcomes.py``).

Two estimates are made, each right under an assumption of its own. *Covariate shift* (posts differ, what a confidence is worth does not):
the share right in each bin of confidence among labelled posts, weighted by the window's bins (confidence-based estimation: Guillory et al.
2021, "Predicting with Confidence on Unseen Distributions"; NannyML's CBPE). *Label shift* (labels differ in number, posts of a label
do not): weights of labels from the confusion matrix (Lipton, Wang, Smola 2018, "Detecting and Correcting for Label Shift with Black Box
Predictors"). The interval holds both, each with its bootstrap over labelled posts, and is widened by

- what confidence was worth in one group of labelled posts and not in another, beyond chance (DerSimonian and Laird 1986);
- the calibration error among labelled posts, times how far the window's confidences are from the labelled posts';
- the share of posts unlike any labelled one: of these anything may be right or wrong (the bounds of Manski 1990).

Neither assumption can be seen to hold. Where words mean something else than before (*concept drift*) the estimate is wrong and nothing in
unlabelled posts says so. Labels that came for earlier windows do: where they contradict the estimate of their window it is *refuted*, and
there is none until they agree again. Without any labels the estimate says ``checked`` is false.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trend_assets.lib.learning.outcomes import Score

LEAST_LABELLED, LEAST_WINDOW = 100, 30
MOST_UNLIKE = 0.3
"""Share of posts unlike any labelled one above which nothing is said."""
UNLIKE = 0.02
"""Share of labelled posts that count as unlike the training words; as many are expected in a window of the same posts."""
RESAMPLES, SEED = 200, 20_261_124
_PER_BIN, _MOST_BINS, _LEAST_GROUP = 40, 8, 20
_Z = 1.6449
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Labelled:
    """Labelled posts that the model was not trained on, each of shape (n,).

    confidence: probability of the answer. answer, truth: columns of labels. group: what posts are alike in, a language say.
    """

    confidence: Doubles
    answer: Integers
    truth: Integers
    group: npt.NDArray[np.str_]


@dataclass(frozen=True)
class Estimate:
    """Accuracy expected of a window with a 90 % interval; ``value`` and ends are ``None`` where nothing can be said, ``why`` says why.

    checked: whether labels of earlier windows were there to contradict it, and did not.
    """

    value: float | None
    low: float | None
    high: float | None
    why: str
    checked: bool = False


def unknown(why: str) -> Estimate:
    """No estimate."""
    return Estimate(None, None, None, f"unknown: {why}")


def estimate(labelled: Labelled, confidence: Doubles, answer: Integers, labels: int, unlike: float, checked: bool | None) -> Estimate:
    """The accuracy of N posts with these confidences and answers (N,).

    unlike: share of the posts unlike any labelled one (``unlike_share``). checked: what labels of earlier windows said of their
    estimates: True they agree, False they contradict them, ``None`` there are none.
    """
    if len(labelled.truth) < LEAST_LABELLED:
        return unknown(f"{len(labelled.truth)} labelled posts that the model was not trained on, {LEAST_LABELLED} wanted")
    if len(answer) < LEAST_WINDOW:
        return unknown(f"{len(answer)} posts, {LEAST_WINDOW} wanted")
    if unlike > MOST_UNLIKE:
        return unknown(f"{unlike:.0%} of the posts are unlike any labelled one")
    if checked is False:
        return unknown("labels that came since contradict earlier estimates: what posts mean has changed")
    edges = _edges(labelled.confidence)
    window = _shares(confidence, edges)
    answers = np.bincount(answer, minlength=labels) / len(answer)
    right = labelled.truth == labelled.answer
    rows = np.arange(len(right))
    values = np.array(_both(labelled, right, rows, edges, window, answers, labels))
    rng = np.random.default_rng(SEED)
    drawn = np.array(
        [_both(labelled, right, rng.integers(0, len(rows), len(rows)), edges, window, answers, labels) for _ in range(RESAMPLES)]
    )
    own = values * (1 - values) / len(answer)  # the window's own accuracy scatters around what is expected of it
    half = _Z * np.sqrt(drawn.var(axis=0) + own + _between(labelled, right, edges))
    before = _shares(labelled.confidence, edges)
    half = half + _calibration_error(labelled, right, edges) * (0.5 * np.abs(window - before).sum() + unlike)
    below, above = _of_labelled(right)
    low = float(np.clip((values - np.maximum(half, below)).min(), 0, 1))
    high = float(np.clip((values + np.maximum(half, above)).max(), 0, 1))
    excess = max(unlike - UNLIKE, 0.0)
    low, high = (1 - excess) * low, (1 - excess) * high + excess
    return Estimate(float(np.clip(values[0], low, high)), low, high, "estimated from confidence", bool(checked))


def _of_labelled(right: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """How far the labelled posts' own accuracy may be from the truth, down and up (Clopper and Pearson 1934, 90 %).

    An estimate cannot be surer than the sample that it rests on: where no labelled post was wrong, the bootstrap has no width at all.
    """
    from scipy.stats import beta

    count, hits = len(right), int(right.sum())
    low = beta.ppf(0.05, hits, count - hits + 1) if hits else 0.0
    high = beta.ppf(0.95, hits + 1, count - hits) if hits < count else 1.0
    return float(hits / count - low), float(high - hits / count)


def agrees(found: Estimate, came: Score) -> bool | None:
    """Whether what came is within an estimate's interval as far as chance allows; ``None`` where nothing was estimated."""
    if found.low is None or found.high is None:
        return None
    return came.high >= found.low and came.low <= found.high


def unlike_share(training: Iterable[Sequence[str]], labelled: Sequence[Sequence[str]], window: Sequence[Sequence[str]]) -> float:
    """Share of the window's posts that know fewer of the training posts' words than nearly all labelled posts do.

    All three: words of each post. labelled: posts that were not trained on; 2 % of them count as unlike, so that much is expected of
    posts that have not changed. 1.0 where there is nothing to compare with.
    """
    known = {word for post in training for word in post}
    if not known or not labelled or not window:
        return 1.0
    before, now = (np.array([_known(post, known) for post in posts]) for posts in (labelled, window))
    edge = np.quantile(before, UNLIKE)
    return float(np.mean(now < edge)) if edge > 0 else 1.0


def _known(post: Sequence[str], known: set[str]) -> float:
    return sum(word in known for word in post) / len(post) if len(post) else 1.0


def _edges(confidence: Doubles) -> Doubles:
    bins = int(np.clip(len(confidence) // _PER_BIN, 1, _MOST_BINS))
    return np.unique(np.quantile(confidence, np.arange(1, bins) / bins))


def _shares(confidence: Doubles, edges: Doubles) -> Doubles:
    place = np.searchsorted(edges, confidence, side="right")
    return np.bincount(place, minlength=len(edges) + 1) / len(confidence)


def _both(
    labelled: Labelled, right: npt.NDArray[np.bool_], rows: Integers, edges: Doubles, window: Doubles, answers: Doubles, labels: int
) -> tuple[float, float]:
    """Accuracy under covariate shift and under label shift, from some of the labelled posts."""
    place = np.searchsorted(edges, labelled.confidence[rows], side="right")
    count = np.bincount(place, minlength=len(edges) + 1)
    hits = np.bincount(place, right[rows], minlength=len(edges) + 1)
    covariate = float((window * (hits + right[rows].mean()) / (count + 1)).sum())
    joint = np.bincount(labelled.answer[rows] * labels + labelled.truth[rows], minlength=labels * labels).reshape(labels, labels) / len(
        rows
    )
    damped = joint.T @ joint + 1e-4 * np.eye(labels)
    weights = np.clip(np.linalg.solve(damped, joint.T @ answers + 1e-4), 0.0, None)
    total = float((joint.sum(axis=0) * weights).sum())
    label = float((np.diag(joint) * weights).sum() / total) if total > 0 else covariate
    return covariate, label


def _between(labelled: Labelled, right: npt.NDArray[np.bool_], edges: Doubles) -> float:
    """Variance of what confidence is worth between groups of labelled posts, beyond chance."""
    place = np.searchsorted(edges, labelled.confidence, side="right")
    count = np.bincount(place)
    worth = (np.bincount(place, right) / np.maximum(count, 1))[place]
    squares, chances = [], []
    for group in np.unique(labelled.group).tolist():
        rows = labelled.group == group
        if _LEAST_GROUP <= rows.sum() < len(rows):
            squares.append(float((right[rows] - worth[rows]).mean()) ** 2)
            chances.append(float((worth[rows] * (1 - worth[rows])).mean() / rows.sum()))
    return max(float(np.mean(squares) - np.mean(chances)), 0.0) if len(squares) > 1 else 0.0


def _calibration_error(labelled: Labelled, right: npt.NDArray[np.bool_], edges: Doubles) -> float:
    place = np.searchsorted(edges, labelled.confidence, side="right")
    gaps = np.bincount(place, right - labelled.confidence)
    return float(np.abs(gaps).sum() / len(right))
