"""Parts of the examples that must not get worse where the average gets better, and what each is worth.

What belongs here: which example is in which slice, and weights of slices. What doesn't: the comparison (``metrics.py``), the rule
(``gate.py``), where categories and revenue are read (``trend_assets/models/money.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.lib.learning import metrics

WEEKEND, LOW_VOLUME, NEW_TERMS, CATEGORY = "weekend", "low volume", "new terms", "category:"
Mask = npt.NDArray[np.bool_]
_WORD = re.compile(r"[^\W\d_]{3,}")
_NEW_SHARE = 0.2


def slices_of(
    held: pa.Table, training: pa.Table, language_examples: int, categories: Sequence[str | None] = (), hour_posts: Sequence[int] = ()
) -> dict[str, Mask]:
    """Rows (n,) of each slice of the evaluation examples; ``all`` first, empty slices left out.

    categories: product category that each post's topic is linked to, the best-sold ones only, else ``None``. hour_posts: posts of the
    network's hour that each was written in. New terms: a fifth or more of a post's words are in no training post. Low volume: the
    quietest quarter of the hours. A row without a time is in neither of the slices of time.
    """
    found = dict(metrics.slices(np.asarray(held["language"].to_pylist(), dtype=str), language_examples))
    rows = held.num_rows
    if not rows:
        return found
    for category in sorted({one for one in categories if one}):
        found[CATEGORY + category] = np.array([one == category for one in categories])
    times = held["created_at"].to_pylist()
    found[WEEKEND] = np.array([moment is not None and moment.weekday() >= 5 for moment in times])
    if len(hour_posts):
        volume = np.asarray(hour_posts, dtype=float)
        dated = np.array([moment is not None for moment in times])
        if dated.any():
            found[LOW_VOLUME] = dated & (volume <= np.quantile(volume[dated], 0.25))
    if "clean_text" in held.column_names:
        known = {word for text in training["clean_text"].to_pylist() for word in _words(text)}
        found[NEW_TERMS] = np.array([_is_new(_words(text), known) for text in held["clean_text"].to_pylist()])
    return {name: mask for name, mask in found.items() if mask.any()}


def shares_of_alarm(names: Sequence[str], revenue: Mapping[str, float]) -> dict[str, float]:
    """How the one alarm level is shared out among slices: in proportion to the revenue behind each, the mean where it is not known.

    What earns more is watched more closely: a loss there has to be less certain to stop a candidate.
    """
    known = [revenue[name] for name in names if revenue.get(name, 0.0) > 0.0]
    usual = float(np.mean(known)) if known else 1.0
    weights = {name: revenue.get(name, 0.0) or usual for name in names}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _words(text: str | None) -> set[str]:
    return set(_WORD.findall((text or "").lower()))


def _is_new(words: set[str], known: set[str]) -> bool:
    return len(words - known) >= max(1.0, _NEW_SHARE * len(words))
