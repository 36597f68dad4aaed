"""Products that mean what a topic means, in whatever words and language: likeness of vectors, and when that is enough.

What belongs here: comparing topics with names of products by an ``Embedder``. What doesn't: the model (``embeddings.py``), words
in common (``links.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.embeddings import Embedder
from trend_assets.lib.demand.words import words_of


@dataclass(frozen=True)
class MeaningRules:
    """When likeness of meaning is a link of its own.

    ``least_likeness``: centred cosine, mean of both views. ``least_margin``: over the next name. ``most_names``: names compared in
    a day; a larger catalogue is narrowed to types and names written alike first. ``names_of_type``: of each of the two likeliest types.
    """

    least_likeness: float = 0.17
    least_margin: float = 0.03
    most_names: int = 3000
    names_of_type: int = 40


@dataclass(frozen=True)
class Meant:
    """Names most like one topic, best first (up to 20): ``names`` are indices, ``likeness`` centred cosines.

    ``agreed``: both views of the topic, its label and its telling words, are most like the same name. ``margin``: of the first name over
    the second.
    """

    names: np.ndarray
    likeness: np.ndarray
    agreed: bool
    margin: float


def meant_names(embedder: Embedder, labels: Sequence[str], profiles: Sequence[str], names: Sequence[str]) -> list[Meant]:
    """For each topic, seen by its label and by its telling words, the names that mean most alike.

    Vectors of one model share a large common part (two random names have a cosine of .85), so the mean of the names is taken off
    before cosines are computed (Mu & Viswanath, "All-but-the-Top", ICLR 2018). Two views, because either alone is
    drawn to some product by a single odd word; both rarely to the same. O(texts) calls of the model + topics × names.
    """
    if not names or not labels:
        return [Meant(np.zeros(0, np.int64), np.zeros(0), agreed=False, margin=0.0) for _ in labels]
    passages = embedder.passages(names)
    centre = passages.mean(axis=0)
    columns = _unit(passages - centre).T
    by_label, by_words = (_unit(embedder.queries(texts) - centre) @ columns for texts in (labels, profiles))
    return [_meant(*views) for views in zip(np.round(by_label, 5), np.round(by_words, 5), strict=True)]


def _meant(by_label: np.ndarray, by_words: np.ndarray) -> Meant:
    likeness = (by_label + by_words) / 2
    order = np.lexsort((np.arange(len(likeness)), -likeness))[:20]
    agreed = int(np.argmax(by_label)) == int(np.argmax(by_words))
    margin = float(likeness[order[0]] - likeness[order[1]]) if len(order) > 1 else float(likeness[order[0]])
    return Meant(order, likeness[order], agreed, margin)


def means_it(meant: Meant, rules: MeaningRules | None = None) -> bool:
    """Is the first name what the topic means? Both views agree, it is alike enough, and no other name comes close."""
    rules = rules or MeaningRules()
    return meant.agreed and bool(meant.likeness[0] >= rules.least_likeness) and meant.margin >= rules.least_margin


def main_languages(posts: pa.Table) -> dict[str, str]:
    """The most frequent decided language of each topic's posts; empty where ``posts`` has no ``language``."""
    from trend_assets.lib.text.language import UNDECIDED

    if "language" not in posts.column_names:
        return {}
    told = posts.select(["topic_id", "language"]).filter(
        pc.and_(pc.is_valid(posts["topic_id"]), pc.not_equal(posts["language"], UNDECIDED))
    )
    counted = told.group_by(["topic_id", "language"]).aggregate([([], "count_all")])
    ordered = counted.sort_by([("count_all", "descending"), ("language", "ascending")])
    found: dict[str, str] = {}
    for row in ordered.to_pylist():
        found.setdefault(row["topic_id"], row["language"])
    return found


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))


def language_of(names: Sequence[str], together: int = 20) -> str | None:
    """The language most names are in, judged on ``together`` names at once as one is too short; ``None`` where undecidable."""
    from trend_assets.lib.text.language import UNDECIDED, identify

    texts = [" ".join(names[start : start + together]).lower() for start in range(0, min(len(names), 2000), together)]
    if not texts:
        return None
    codes, _ = identify(pa.array(texts, pa.string()))
    counted = Counter(code for code in codes.to_pylist() if code != UNDECIDED)
    return min(counted, key=lambda code: (-counted[code], code)) if counted else None


def without_words(name: str, left_out: set[str]) -> str:
    """The name without words of ``left_out`` (folded stems): colours, so that colours of a thing are one name."""
    kept = [word for word in name.split() if not (found := words_of(word)) or not set(found) <= left_out]
    return " ".join(kept) or name
