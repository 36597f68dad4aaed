"""Affective scores of words, and what they say about a text: features of sentiment that no post has taught.

What belongs here: the table, and features of texts from it. What doesn't: how it was made (``benchmarks/affective_words.py`` says it:
published lexicons, carried to more words of both languages by word vectors), the classifier (``text_sentiment.py``).

Words after a negation count half and the other way round (as in VADER, Hutto and Gilbert, ICWSM 2014).
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt

AXES = ("english_valence", "french_polarity", "subjectivity", "french_valence", "intensity", "valence", "listed", "exact_valence")
STEPS = 25.0
"""Steps of a stored score in a standard deviation over common words."""
FEATURES = 4 * len(AXES)
_REACH, _TURNED = 3, -0.5
"""How many words a negation reaches, and what their scores are multiplied by."""
_NEGATIONS = frozenset({
    "not", "no", "never", "nor", "don't", "dont", "can't", "cant", "cannot", "won't", "wont", "isn't", "isnt", "ain't", "aint", "wasn't",
    "didn't", "doesn't", "without", "pas", "ne", "n'", "jamais", "aucun", "aucune", "sans", "plus", "rien",
})  # fmt: skip
_NOISE = re.compile(r"https?://\S+|@\w+")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")
_ELISION = re.compile(r"\b(qu|[cdjlmnst])['’]")
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*'?|[^\w\s]")


@dataclass(frozen=True)
class AffectiveWords:
    """place: row by word. scores: (words, axes), standard deviations over common words. weights: (words,), 0 to 1, common ones less.

    digest: of the file; a model notes which table it was made with.
    """

    place: dict[str, int]
    scores: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    digest: str


@lru_cache(maxsize=1)
def affective_words() -> AffectiveWords:
    """The table that comes with the project."""
    content = (resources.files("trend_assets.lib.learning") / "data/affective_words.npz").read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        words = stored["words"].tobytes().decode().split("\n")
        scores, weights = stored["scores"].astype(np.float32) / np.float32(STEPS), stored["weights"].astype(np.float32) / np.float32(255)
    return AffectiveWords({word: number for number, word in enumerate(words)}, scores, weights, hashlib.sha256(content).hexdigest()[:16])


def affect_features(texts: Sequence[str], table: AffectiveWords) -> npt.NDArray[np.float32]:
    """Shape (texts, ``FEATURES``): weighted mean of each axis, its positive part, largest and smallest score; 0 without a known word."""
    rows: list[int] = []
    turned: list[bool] = []
    counts = np.zeros(len(texts), np.int64)
    place = table.place
    for number, text in enumerate(texts):
        last = -_REACH - 1
        for position, token in enumerate(_tokens(text)):
            if token in _NEGATIONS:
                last = position
                continue
            row = place.get(token)
            if row is not None:
                rows.append(row)
                turned.append(position - last <= _REACH)
                counts[number] += 1
    features = np.zeros((len(texts), FEATURES), np.float32)
    if not rows:
        return features
    scores = table.scores[rows] * np.where(turned, _TURNED, 1.0).astype(np.float32)[:, None]
    weights = table.weights[rows]
    told = np.flatnonzero(counts)
    starts = np.concatenate([[0], np.cumsum(counts[told])[:-1]])
    length = np.sqrt(np.add.reduceat(weights**2, starts))
    mean = np.add.reduceat(scores * weights[:, None], starts) / np.maximum(length, 1e-6)[:, None]
    features[told] = np.hstack([mean, np.maximum(mean, 0.0), np.maximum.reduceat(scores, starts), np.minimum.reduceat(scores, starts)])
    return features


def _tokens(text: str) -> list[str]:
    bare = _DRAWN_OUT.sub(r"\1\1", _NOISE.sub(" ", text).lower().replace("’", "'"))
    return _TOKEN.findall(_ELISION.sub(r"\1' ", bare))
