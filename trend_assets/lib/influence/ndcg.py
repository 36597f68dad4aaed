"""How well an order puts first what turns out largest: normalised discounted cumulative gain.

What belongs here: the measure. What doesn't: what is ordered (``outlook``) and the protocol of an evaluation
(``lib/evaluation/influence.py``).
"""

from __future__ import annotations

import numpy as np

from trend_assets.lib.trends.history import Floats, Integers

PLACES = 50


def first_places(values: Floats, places: int) -> Integers:
    """Where the largest of ``values`` (n,) are, largest first, ties to the smaller place; at most ``places``. O(n)."""
    candidates = np.arange(values.size)
    if values.size > 4 * places:
        least = np.partition(values, values.size - places)[values.size - places]
        # Of those that tie with the least only the first can be needed; a score of 0 ties with almost everybody.
        candidates = np.sort(np.append(np.flatnonzero(values > least), np.flatnonzero(values == least)[:places]))
    order: Integers = candidates[np.lexsort((candidates, -values[candidates]))][:places]
    return order


def ndcg(score: Floats, gain: Floats, places: int = PLACES) -> float:
    """NDCG of the first ``places`` by score, ties to the smaller place; 1 is the best order there is.

    ``score``, ``gain``: shape (n,), gains not negative and not all 0, counted linearly. O(n). Järvelin and Kekäläinen, Cumulated
    gain-based evaluation of IR techniques, ACM TOIS 2002.
    """
    first, best = first_places(score, places), first_places(gain, places)
    return float(np.sum(gain[first] * _discount(first.size)) / np.sum(gain[best] * _discount(best.size)))


def ndcg_of_columns(scores: Floats, gain: Floats, every_gain: Floats, places: int = PLACES) -> Floats:
    """NDCG (k,) of each column of ``scores`` (n, k) by ``gain`` (n,), where the best order is one of ``every_gain`` (m,). O(n·k·log n)."""
    order = np.argsort(-scores, axis=0, kind="stable")[:places]
    best = first_places(every_gain, places)
    found: Floats = _discount(order.shape[0]) @ gain[order] / np.sum(every_gain[best] * _discount(best.size))
    return found


def _discount(count: int) -> Floats:
    return 1 / np.log2(np.arange(2, count + 2))
