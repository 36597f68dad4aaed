"""Rows of the evaluation that a model has seen in training: the same row, the same author, the same text or nearly so.

What belongs here: comparing the two sides of a split. What doesn't: making a split (``splits.py``).

A split by time with authors and copies apart (``splits.split``) has no row, author or near-copy on both sides, so these are refused
wherever they occur. Paraphrases are told by weighted words and by runs of characters: people who write independently are alike now and
then, so evaluation texts must be alike to training texts far more often than later training texts are to earlier ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.learning.leaks import Leak, Sides, as_numbers, is_text, texts_of

ALIKE = (0.95, 0.85, 0.75, 0.65, 0.55)
"""Cosines of weighted words and character runs above which two texts are alike; each is asked by itself."""
BEYOND_CHANCE = 1e-5
"""Probability of as many alike texts, were evaluation texts as independent of training texts as these are of each other."""
NEAR_COPY = 0.85
"""Cosine from which a text is nearly the same: a few are enough, where training texts are hardly ever so alike."""
LEAST_ALIKE = 5
LEAST_WORDS = 5
MOST_TEXTS = 6_000
"""Texts of a side that are compared, evenly over its rows: memory stays bounded."""
_URL = re.compile(r"https?://\S+|@\w+")


def copies_across(sides: Sides) -> list[Leak]:
    """Leaks of the family ``duplicates``."""
    found = []
    if sides.identity and all(sides.has(name) for name in sides.identity):
        seen = _shared(*(_joined(rows, sides.identity) for _, rows in sides.both))
        if seen:
            found.append(Leak("duplicates", ", ".join(sides.identity), "evaluation rows that are training rows too", seen))
    for name, told in (
        (sides.author, "evaluation rows by authors of training rows"),
        (sides.copies, "evaluation rows with near-copies in training"),
    ):
        if name and sides.has(name):
            seen = _shared(*sides.columns(name))
            if seen:
                found.append(Leak("duplicates", name, told, seen))
    for name in sides.features:
        first, _second = sides.columns(name)
        if is_text(first):
            found += _of_texts(sides, name)
    return found + _same_numbers(sides)


def _joined(rows: pa.Table, names: tuple[str, ...]) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*(pc.cast(rows[name], pa.string()) for name in names), "\x1f")


def _shared(first: pa.ChunkedArray, second: pa.ChunkedArray) -> int:
    """Rows of the second whose value, unless null, is among the first."""
    if first.type != second.type:
        second = pc.cast(second, first.type)
    return int(pc.sum(pc.cast(pc.is_in(second.drop_null(), value_set=pc.unique(first.drop_null())), pa.int64())).as_py() or 0)


def plain(text: str) -> str:
    """A text without links, handles, accents, case, digits and signs: what copies share."""
    folded = unicodedata.normalize("NFKD", _URL.sub(" ", text).lower())
    return " ".join("".join(one if one.isalpha() else " " for one in folded if not unicodedata.combining(one)).split())


def told_again(training: Iterable[str], evaluation: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which evaluation texts (n,) of ``LEAST_WORDS`` or more words are a training text but for what ``plain`` leaves out."""
    known = {text for text in map(plain, training) if len(text.split()) >= LEAST_WORDS}
    return np.fromiter((plain(text) in known for text in evaluation), dtype=bool, count=len(evaluation))


def _of_texts(sides: Sides, name: str) -> list[Leak]:
    training, evaluation = (texts_of(column) for column in sides.columns(name))
    early, late = ([plain(text) for text in texts] for texts in (training, evaluation))
    same = int(told_again(training, evaluation).sum())
    if same:
        return [Leak("duplicates", name, "evaluation texts that are training texts but for case, signs, digits, links and handles", same)]
    return _paraphrases(sides, name, early, late)


def _paraphrases(sides: Sides, name: str, early: list[str], late: list[str]) -> list[Leak]:
    from scipy.stats import binom

    order = _in_time(sides)
    rows = [place for place in order if len(early[place].split()) >= LEAST_WORDS]
    held = [text for text in late if len(text.split()) >= LEAST_WORDS]
    rows, held = _thinned(rows, 2 * MOST_TEXTS), _thinned(held, MOST_TEXTS)
    cut = len(rows) - min(len(rows) // 2, max(len(held), 50))
    if cut < 30 or not held:
        return []
    authors = sides.training[sides.author].to_pylist() if sides.has(sides.author) else [None] * len(early)
    before = {authors[place] for place in rows[:cut]} - {None}
    apart = [place for place in rows[cut:] if authors[place] not in before]
    base = {early[place] for place in rows[:cut]}
    apart = [place for place in apart if early[place] not in base]
    if len(apart) < 20:
        return []
    everything = [early[place] for place in rows]
    usual = nearest([early[place] for place in apart], everything[:cut], everything)
    across = nearest(held, everything, everything)
    larger = len(everything) / cut  # as much more likely is a text that is alike by chance
    for limit in ALIKE:
        alike, expected = int((across >= limit).sum()), int((usual >= limit).sum())
        by_chance = larger * len(across) / (larger * len(across) + len(usual))
        often = alike >= LEAST_ALIKE and binom.sf(alike - 1, alike + expected, by_chance) < BEYOND_CHANCE
        near = limit >= NEAR_COPY and alike >= 3 and alike / len(across) >= max(0.01, 3 * larger * (expected + 1) / len(usual))
        if often or near:
            told = (
                f"evaluation texts like a training text (cosine {limit:g}); of {len(usual)} training texts {expected} are like earlier ones"
            )
            return [Leak("duplicates", name, told, alike)]
    return []


def _in_time(sides: Sides) -> list[int]:
    if not sides.has(sides.time):
        return list(range(sides.training.num_rows))
    times = as_numbers(sides.training[sides.time])
    return [] if times is None else np.argsort(times, kind="stable").tolist()


def _thinned(items: list, most: int) -> list:
    return items if len(items) <= most else [items[place] for place in np.linspace(0, len(items) - 1, most).astype(int)]


def nearest(texts: list[str], among: list[str], vocabulary: list[str]) -> npt.NDArray[np.float64]:
    """Highest cosine of each text (n,) to any of the others: words and character runs of four, weighted by rarity, each half."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    parts = []
    for options in ({"analyzer": "word"}, {"analyzer": "char_wb", "ngram_range": (4, 4)}):
        weights = TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **options).fit(vocabulary)
        parts.append((weights.transform(texts), weights.transform(among)))
    left, right = (hstack([part[side] for part in parts]).tocsr() for side in (0, 1))
    found = np.zeros(len(texts))
    for start in range(0, len(texts), 500):
        found[start : start + 500] = (left[start : start + 500] @ right.T).max(axis=1).toarray()[:, 0] / 2
    return found


def _same_numbers(sides: Sides) -> list[Leak]:
    """Rows with equal values in three or more features of which most values occur once: records that were copied without their text."""
    from trend_assets.lib.learning.leaks_values import LEAST_ROWS

    if min(sides.training.num_rows, sides.evaluation.num_rows) < LEAST_ROWS:
        return []
    rare = []
    for name in sides.features:
        values = as_numbers(sides.training[name])
        if values is not None and np.unique(values[np.isfinite(values)]).size > 0.5 * len(values):
            rare.append(name)
    if len(rare) < 3:
        return []
    keys = [_joined(rows, tuple(rare)) for _, rows in sides.both]
    seen = _shared(*keys)
    return [Leak("duplicates", ", ".join(rare[:3]), "evaluation rows with the same values as a training row", seen)] if seen else []
