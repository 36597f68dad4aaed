"""The classical baseline: colours and outlines of a picture, and logistic regression.

What belongs here: these features and their fit. What doesn't: networks (``networks.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

SIDE = 64
_CELLS, _ORIENTATIONS, _COLOURS = 8, 9, 4


def described(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Features of pixels (64, 64, 3), shape (640,): a histogram of 4 x 4 x 4 colours and histograms of oriented gradients.

    Gradients as in Dalal & Triggs (CVPR 2005): cells of 8 x 8 pixels, 9 unsigned orientations weighted by magnitude; each cell is
    normalised with the whole picture instead of overlapping blocks. Square roots, so that large areas do not drown small ones.
    """
    colours = np.bincount(
        ((image // (256 // _COLOURS)).astype(np.int64) @ np.array([_COLOURS**2, _COLOURS, 1])).ravel(), minlength=_COLOURS**3
    )
    grey = image.astype(np.float32).mean(axis=2)
    down, right = np.gradient(grey)
    magnitude = np.hypot(down, right)
    angle = np.floor((np.arctan2(down, right) % np.pi) / np.pi * _ORIENTATIONS).astype(np.int64) % _ORIENTATIONS
    rows, columns = np.indices(grey.shape) * _CELLS // SIDE
    place = (rows * _CELLS + columns) * _ORIENTATIONS + angle
    gradients = np.bincount(place.ravel(), weights=magnitude.ravel(), minlength=_CELLS * _CELLS * _ORIENTATIONS)
    return np.concatenate([np.sqrt(part / max(float(part.sum()), 1.0)) for part in (colours, gradients)]).astype(np.float32)


def fit(features: npt.NDArray[np.float32], labels: Sequence[str]) -> Any:
    """A scikit-learn pipeline: standardised features, multinomial logistic regression with a fixed, strong penalty."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)).fit(features, list(labels))


def probabilities(model: Any, features: npt.NDArray[np.float32], labels: Sequence[str]) -> npt.NDArray[np.float64]:
    """Shape (rows, labels); labels that were not learnt have probability 0."""
    found = np.zeros((len(features), len(labels)))
    if len(features):
        found[:, [list(labels).index(label) for label in model.classes_]] = model.predict_proba(features)
    return found
