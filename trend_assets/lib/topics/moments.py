"""When clusters burst, and whether two burst together.

What belongs here: time profiles of the clusters of a window. What doesn't: whether a burst is a trend (``lib/trends``).

Two clusters with a word or two in common may be two moments of one event or two events of a kind. What tells them apart is time: a
goal falls into its match. Everything follows the rhythm of the day, so profiles are compared after the stream's own is taken off:
two steady topics agree in nothing, two bursts in the same hours do. A group counts in that rhythm as a fiftieth of the stream at
most: else an event that is half of the stream would be the rhythm, and its moments would burst no more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

_BIN_HOURS = 0.5
_MOST_BINS = 512
_LARGEST_SHARE = 0.02
_BURST_HOURS = 2.0
"""Posts within about two hours of one another are of the same moment: the kernel e^(-|hours apart| / 2)."""


@dataclass(frozen=True)
class Moments:
    """Documents by moment: of each group (groups, bins) and of the whole stream (bins,); hours that a bin is wide."""

    groups: np.ndarray
    stream: np.ndarray
    width: float


def count_by_moment(group: np.ndarray, hours: np.ndarray, groups: int) -> Moments:
    """Count documents of each group by half hour; ``group`` -1 counts in the stream only.

    Longer windows than ``_MOST_BINS`` half hours get wider bins. Raises ``ValueError`` for times that aren't finite.
    """
    if not np.isfinite(hours).all():
        raise ValueError("hours must be finite")
    since = hours - hours.min() if len(hours) else hours
    width = max(_BIN_HOURS, float(since.max(initial=0.0)) / (_MOST_BINS - 1))
    moment = (since / width).astype(np.int64)
    bins = int(moment.max(initial=0)) + 1
    inside = group >= 0
    counted = np.bincount(group[inside] * bins + moment[inside], minlength=groups * bins)
    return Moments(counted.reshape(groups, bins).astype(np.float64), np.bincount(moment, minlength=bins).astype(np.float64), width)


def add_up(moments: Moments, group: np.ndarray) -> Moments:
    """Moments of groups of groups: ``group`` (groups,) is the new number of each."""
    added = np.zeros((int(group.max(initial=-1)) + 1, moments.groups.shape[1]))
    np.add.at(added, group, moments.groups)
    return replace(moments, groups=added)


def bursts(moments: Moments) -> np.ndarray:
    """Profile of what each group has more or less than its share of the stream (groups, bins), of length 0 (steady) to 1 (a burst).

    As many documents drawn from the stream at random would deviate a little too: the part of the squared deviation that such
    chance explains is taken off the length, as in positive-part shrinkage (James & Stein 1961).
    """
    everywhere = np.ones((1, len(moments.stream)))
    reach = _smoothed(everywhere, moments.width)  # less at both ends of the window
    sizes = moments.groups.sum(axis=1)
    shares = _smoothed(moments.groups / reach, moments.width) / np.maximum(sizes, 1.0)[:, None]
    counted = np.minimum(1.0, _LARGEST_SHARE * float(moments.stream.sum()) / np.maximum(sizes, 1.0))
    rhythm = moments.stream - ((1.0 - counted)[:, None] * moments.groups).sum(axis=0)
    usual_share = (rhythm / max(float(rhythm.sum()), 1e-300))[None, :]
    usual = _smoothed(usual_share / reach, moments.width)
    excess = shares - usual
    squared = (excess**2).sum(axis=1)
    kernel_squared = _smoothed(everywhere, 2.0 * moments.width) / reach**2
    chance = max(float((usual_share * kernel_squared).sum() - (usual**2).sum()), 0.0) / np.maximum(sizes, 1.0)
    kept = np.sqrt(np.maximum(1.0 - chance / np.maximum(squared, 1e-300), 0.0))
    return excess * (kept / np.sqrt(np.maximum(squared, 1e-300)))[:, None]


def _smoothed(values: np.ndarray, width: float) -> np.ndarray:
    """Sum of each row's values (rows, bins) by the kernel e^(-|hours apart| / 2): once forwards, once backwards, whatever the threads."""
    decay = math.exp(-width / _BURST_HOURS)
    forwards, backwards = values.copy(), values.copy()
    for moment in range(1, values.shape[1]):
        forwards[:, moment] += decay * forwards[:, moment - 1]
        backwards[:, -moment - 1] += decay * backwards[:, -moment]
    return forwards + backwards - values


def agreement(profiles: np.ndarray, ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How well the bursts of each pair agree (pairs,), 0 to 1: the product of their profiles, at least 0."""
    return np.maximum((profiles[ones] * profiles[others]).sum(axis=1), 0.0)
