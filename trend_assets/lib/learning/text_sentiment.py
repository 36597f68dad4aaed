"""A linear classifier of sentiment: hashed words and characters beside affective scores of words, calibrated by held-out authors.

What belongs here: the two kinds of features together, fitting, probabilities. What doesn't: hashed features by themselves
(``text_classifier.py``), the affective scores (``affect.py``). Imports scikit-learn: import this module inside functions.

Hashed features learn what the examples say; affective scores know words that no example has, which is what a few thousand labelled
posts lack. The scores are a dictionary: made without posts, and never changed by them. All weights are learnt from scratch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import softmax
from sklearn.feature_extraction.text import TfidfTransformer
from threadpoolctl import threadpool_limits

from trend_assets.lib.learning import text_classifier
from trend_assets.lib.learning.affect import affect_features, affective_words
from trend_assets.lib.learning.contract import Probabilities

AFFECT_SHARE = 0.15
"""Length of an affective feature's standard deviation, beside texts' hashed features of length 1."""


def fit_sentiment(texts: Sequence[str], labels: Sequence[str], authors: Sequence[str], affect: bool = True) -> dict[str, Any]:
    """A model as a dict of arrays and JSON values; equal input gives an equal model. affect: whether affective scores are read.

    Raises ``ValueError`` for fewer than two classes, or texts that share no word.
    """
    counted = text_classifier.counted(texts)
    weights = TfidfTransformer(sublinear_tf=True)
    hashed = weights.fit_transform(counted).tocsr()
    used = text_classifier.features_worth_a_weight(hashed, labels)
    parts, values = [hashed[:, used]], dict[str, Any]()
    if affect:
        table = affective_words()
        told = affect_features(texts, table)
        centre, spread = told.mean(axis=0), told.std(axis=0)
        values = {"centre": centre, "spread": np.maximum(spread, 1e-3), "affective_words": table.digest}
        parts.append(sparse.csr_matrix(_scaled(told, values)))
    seen = sparse.hstack(parts).tocsr()
    target = np.asarray(labels)
    with threadpool_limits(limits=1):
        classifier = text_classifier.best_classifier(seen, target, np.asarray(authors))
    both = classifier.coef_ if len(classifier.classes_) > 2 else np.vstack([np.zeros_like(classifier.coef_), classifier.coef_])
    intercept = classifier.intercept_ if len(classifier.classes_) > 2 else np.array([0.0, float(classifier.intercept_[0])])
    coefficients = np.zeros((len(both), hashed.shape[1]), np.float32)
    coefficients[:, used] = both[:, : len(used)]
    return {
        "classes": classifier.classes_.tolist(),
        "inverse_frequencies": weights.idf_.astype(np.float32),
        "coefficients": coefficients,
        "affect_coefficients": np.ascontiguousarray(both[:, len(used) :], np.float32),
        "intercept": np.asarray(intercept, np.float64),
        "strength": float(classifier.C),
        **values,
    }


def sentiment_probabilities(model: dict[str, Any], texts: Sequence[str], labels: Sequence[str]) -> Probabilities:
    """Class probabilities, columns in the order of ``labels``; 0 for a label that the training split did not have.

    Raises ``ValueError`` for a model that was made with another table of affective words.
    """
    result = np.zeros((len(texts), len(labels)))
    if not len(texts):
        return result
    hashed = TfidfTransformer(sublinear_tf=True, use_idf=False, norm=None).fit_transform(text_classifier.counted(texts)).tocsr()
    weighted = hashed @ sparse.diags(model["inverse_frequencies"])
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    scores = np.asarray(weighted @ model["coefficients"].T) / np.maximum(length, 1e-9)[:, None] + model["intercept"]
    if "affective_words" in model:
        table = affective_words()
        if model["affective_words"] != table.digest:
            raise ValueError("the model was made with another table of affective words: train it again")
        scores = scores + _scaled(affect_features(texts, table), model) @ model["affect_coefficients"].T.astype(np.float64)
    found = softmax(scores, axis=1)
    for column, label in enumerate(model["classes"]):
        result[:, list(labels).index(label)] = found[:, column]
    return result


def _scaled(told: npt.NDArray[np.float32], values: dict[str, Any]) -> npt.NDArray[np.float64]:
    scaled: npt.NDArray[np.float64] = (told - values["centre"]) / values["spread"] * AFFECT_SHARE
    return np.clip(scaled, -6.0 * AFFECT_SHARE, 6.0 * AFFECT_SHARE)
