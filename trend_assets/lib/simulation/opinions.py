"""What people say about the retailer itself: who does, with which sentiment, in which words, and who labelled it.

What belongs here: the plan of opinions, their sentences, the sample labelled by hand. What doesn't: the words
(``opinions_development.py``, ``opinions_evaluation.py``), everything else that is posted (``posts.py``, ``compose.py``).

An opinion takes the place of one everyday post. All draws come from streams of their own, and a text depends on its own
seed only, so every other post of a town is what it would be without opinions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import ModuleType

import numpy as np
import pyarrow as pa

from trend_assets.lib.simulation.planted import Family
from trend_assets.lib.simulation.town import TownParameters, stream

SENTIMENTS = ("negative", "neutral", "positive")
NO_OPINION = -1
LABELLED_POSTS = 2_500
"""Roughly how many opinions are labelled by hand, where there are so many."""
_SLIP_NEUTRAL, _SLIP_OPPOSITE = 0.045, 0.015
"""Chances that a labeller mistakes a polar opinion for neutral (or the other way round), or takes it for its opposite."""
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


def hand_labels(parameters: TownParameters, day: int, truth: pa.Table) -> list[dict[str, str]]:
    """The day's opinions that somebody at the retailer labelled, as rows of the labels file; a few are wrong.

    ``truth`` has columns network, post_id, created_at, landed, edit_of and sentiment. Labelled the next working afternoon.
    """
    rng = stream(parameters, "labels", day)
    expected = parameters.posts * parameters.opinion_chance * 0.6  # six of ten posts are everyday posts of one's own
    share = min(1.0, LABELLED_POSTS / max(expected, 1.0))
    afternoon = parameters.start.astimezone(UTC) + timedelta(days=day + 1, hours=14)
    rows: list[dict[str, str]] = []
    for row in truth.select(["network", "post_id", "landed", "edit_of", "sentiment"]).to_pylist():
        if row["sentiment"] is None or row["edit_of"] is not None:
            continue
        picked, slip, side = rng.random(3)
        if picked < share and row["landed"]:
            rows.append(_labelled(row, _as_labelled(row["sentiment"], slip, side), afternoon + timedelta(seconds=12 * len(rows))))
    return rows


def _labelled(row: dict[str, str], label: str, moment: datetime) -> dict[str, str]:
    return {"network": row["network"], "post_id": row["post_id"], "label": label, "labelled_at": moment.isoformat()}


def _as_labelled(sentiment: str, slip: float, side: float) -> str:
    if slip >= _SLIP_NEUTRAL + _SLIP_OPPOSITE:
        return sentiment
    if sentiment == "neutral":
        return "negative" if side < 0.5 else "positive"
    if slip < _SLIP_NEUTRAL:
        return "neutral"
    return "negative" if sentiment == "positive" else "positive"
