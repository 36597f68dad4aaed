"""What people say about the retailer itself: who does, with which sentiment, in which words, and who labelled it.

What belongs here: the plan of opinions, their sentences, why complaints are made. What doesn't: the words
(``opinions_development.py``, ``opinions_evaluation.py``), the samples labelled by hand (``hand_labels.py``), everything else that
is posted (``posts.py``, ``compose.py``).

An opinion takes the place of one everyday post. All draws come from streams of their own, and a text depends on its own
seed only, so every other post of a town is what it would be without opinions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType

import numpy as np

from trend_assets.lib.simulation.planted import Family
from trend_assets.lib.simulation.town import TownParameters, stream

SENTIMENTS = ("negative", "neutral", "positive")
COMPLAINT_REASONS = ("late_delivery", "damaged", "quality", "not_as_described", "size_fit", "service", "price_refund", "other")
NO_OPINION = -1
_BRAND = ("Maison Carrel", "Maison Carrel", "Maison Carrel", "maison carrel", "@maisoncarrel", "#MaisonCarrel")


def plan_opinions(parameters: TownParameters, day: int, possible: np.ndarray, author: np.ndarray) -> np.ndarray:
    """For each post of the day an index into ``SENTIMENTS``, or ``NO_OPINION``; only where ``possible``.

    Some authors lean to praise and some to complaint, so a model can learn authors instead of words: what a split by
    author guards against.
    """
    rng = stream(parameters, "opinions", day)
    chosen = possible & (rng.random(len(possible)) < parameters.opinion_chance)
    lean = stream(parameters, "leanings").random(parameters.authors)[author]
    mood = 0.7 * rng.random(len(possible)) + 0.3 * lean
    sentiment = np.searchsorted([0.38, 0.6], mood)
    return np.where(chosen, sentiment, NO_OPINION).astype(np.int8)


def opinion_rules(family: Family, language: str, shared: Mapping[str, Sequence[str]], chatter: Mapping[str, Sequence[str]]) -> dict:
    """The grammar of opinions of a family in a language: symbols ``negative``, ``neutral`` and ``positive``.

    Two of nine begin or end with an everyday sentence, whose own praise and complaint is not about the retailer.
    """
    words = _words(family).OPINIONS[language]
    beside = {
        sentiment: (*([f"{{{sentiment}_words}}"] * 7), f"{{core}}. {{{sentiment}_words}}", f"{{{sentiment}_words}}. {{core}}")
        for sentiment in SENTIMENTS
    }
    return {**shared, **chatter, **words, "brand": _BRAND, **beside}


def _words(family: Family) -> ModuleType:
    if family == "development":
        from trend_assets.lib.simulation import opinions_development as words
    else:
        from trend_assets.lib.simulation import opinions_evaluation as words  # type: ignore[no-redef]
    return words


def complaint_reason(family: Family, language: str, sentence: str) -> str:
    """Why a negative sentence of the grammar complains, one of ``COMPLAINT_REASONS``: what it says first; ``sentence`` is undecorated."""
    said = [
        (sentence.find(phrase), reason)
        for reason, phrases in _words(family).REASONS[language].items()
        for phrase in phrases
        if phrase in sentence
    ]
    return min(said)[1] if said else "other"
