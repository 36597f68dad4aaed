"""A linear classifier of short texts: the baseline that anything heavier has to beat.

What belongs here: preparation of texts, hashed features, fitting, probabilities. What doesn't: which posts and labels
(``tasks/``), evaluation (``metrics.py``). Imports scikit-learn: import this module inside functions.

Features are hashed, so a stored model holds weights but no words of anybody's post. Words say what, pairs of words hold
negation, characters survive misspelling and serve any language (Wang and Manning, ACL 2012; Joulin et al., EACL 2017).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import FeatureUnion, Pipeline
from threadpoolctl import threadpool_limits

from trend_assets.lib.learning.contract import Probabilities
from trend_assets.lib.learning.splits import people

WORD_FEATURES, CHARACTER_FEATURES = 2**16, 2**17
STRENGTHS = (1.0, 4.0, 16.0)
"""Inverse regularisation strengths that are tried; the one of least log-loss on held-out authors is taken."""
FOLDS = 3
LEAST_TEXTS = 2
"""Features of fewer training texts get no weight: nothing can be learnt from one text that holds for another."""
_LINK = re.compile(r"https?://\S+")
_WORD_OR_MARK = r"(?u)[^\W_]+|[^\w\s]"
_NUMBER = re.compile(r"\d+")


def prepared(texts: Sequence[str]) -> list[str]:
    """Texts without links, numbers as 0: neither says anything about a class, both make features that never return."""
    return [_NUMBER.sub("0", _LINK.sub(" ", text or "")) for text in texts]


def counted(texts: Sequence[str]) -> sparse.csr_matrix:
    """Counts of hashed words, pairs of words and characters, shape (texts, ``WORD_FEATURES + CHARACTER_FEATURES``)."""
    return _vectors().transform(prepared(texts)).tocsr()


def features_worth_a_weight(features: sparse.csr_matrix, labels: Sequence[str]) -> np.ndarray:
    """Columns that occur in ``LEAST_TEXTS`` or more. Raises ``ValueError`` for fewer than two classes, or where nothing differs."""
    if len(set(labels)) < 2:
        raise ValueError(f"the training split has {len(set(labels))} class of two or more: label more posts")
    occurs = np.bincount(features.indices, minlength=features.shape[1])
    used = np.flatnonzero(occurs >= LEAST_TEXTS)
    if not len(used):
        raise ValueError(f"no word occurs in two of the {features.shape[0]} texts: nothing can be learnt from them")
    if (occurs[used] == features.shape[0]).all():
        raise ValueError(f"all {features.shape[0]} texts of the training split are the same: nothing can be learnt from them")
    return used


def best_classifier(features: sparse.csr_matrix, target: np.ndarray, authors: np.ndarray) -> LogisticRegression:
    """Fitted with the strength of least log-loss on held-out authors."""
    return _classifier(_best_strength(features, target, authors)).fit(features, target)


def fit_text_classifier(texts: Sequence[str], labels: Sequence[str], authors: Sequence[str | None]) -> Pipeline:
    """A pipeline from prepared text to class probabilities; equal input gives an equal pipeline.

    authors: null or blank where unknown. The strength is chosen by cross-validation with no author in two folds. Raises ``ValueError``
    for fewer than two classes, and for texts that are all the same or share no word.
    """
    weights = TfidfTransformer(sublinear_tf=True)
    features = weights.fit_transform(counted(texts)).tocsr()
    target = np.asarray(labels)
    # Fitted on the features that occur, a tenth of all hash buckets; the others have weight 0, as they would get anyway.
    used = features_worth_a_weight(features, labels)
    seen = features[:, used]
    with threadpool_limits(limits=1):  # threads change the last digits of sums, and on small problems they only wait for each other
        classifier = best_classifier(seen, target, people(authors, texts))
    coefficients = np.zeros((classifier.coef_.shape[0], features.shape[1]))
    coefficients[:, used] = classifier.coef_
    classifier.coef_, classifier.n_features_in_ = coefficients, features.shape[1]
    # A vectorizer that was used remembers a memory address: the stored one is new.
    return Pipeline([("vectors", _vectors()), ("weights", weights), ("classifier", classifier)])


def probabilities(model: Pipeline, texts: Sequence[str], labels: Sequence[str]) -> Probabilities:
    """Class probabilities, columns in the order of ``labels``; 0 for a label that the training split did not have."""
    result = np.zeros((len(texts), len(labels)))
    if len(texts):
        found = model.predict_proba(prepared(texts))
        for column, label in enumerate(model.classes_.tolist()):
            result[:, list(labels).index(label)] = found[:, column]
    return result


def _vectors() -> FeatureUnion:
    words, characters = _hashing("word", (1, 2), WORD_FEATURES), _hashing("char_wb", (2, 5), CHARACTER_FEATURES)
    return FeatureUnion([("words", words), ("characters", characters)])


def _hashing(analyzer: str, lengths: tuple[int, int], features: int) -> HashingVectorizer:
    return HashingVectorizer(
        analyzer=analyzer, ngram_range=lengths, n_features=features, alternate_sign=False, norm=None, token_pattern=_WORD_OR_MARK
    )


def _classifier(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, solver="newton-cg", max_iter=200, tol=1e-4)


def _best_strength(features: sparse.csr_matrix, target: np.ndarray, authors: np.ndarray) -> float:
    if len(set(authors.tolist())) < FOLDS:
        return STRENGTHS[1]
    classes = np.unique(target)
    losses = dict.fromkeys(STRENGTHS, 0.0)
    for train, held in GroupKFold(FOLDS).split(features, target, authors):
        if len(np.unique(target[train])) < len(classes):
            return STRENGTHS[1]
        for strength in STRENGTHS:
            fitted = _classifier(strength).fit(features[train], target[train])
            losses[strength] += log_loss(target[held], fitted.predict_proba(features[held]), labels=classes)
    return min(STRENGTHS, key=lambda strength: (losses[strength], strength))
