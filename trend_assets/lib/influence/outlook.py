"""Who is likely to receive attention in the next hours: decayed counts added up with weights that belong to the horizon.

What belongs here: the half-lives that are counted, their weights for a horizon, and how far back the weights look. What doesn't:
counting (``counts``), judging how good it is (``lib/evaluation/influence.py``).

Principle: attention excites attention. An act of age a is followed by others at a rate φ(a) that falls as a power of age; in the
next H hours it brings ∫φ from a to a + H. A power law is a mixture of exponentials over half-lives h with weights h^(-θ), so that
integral is

    Σ_h h^(-θ) · 2^(-a/h) · (1 - 2^(-H/h))

and added up over an author's acts it is a weighted sum of the decayed counts: short half-lives carry the next hour, long ones the next
day. Crane and Sornette (Robust dynamic classes revealed by measuring the response function of a social system, PNAS 2008) found θ = 0.4
for views of videos, Zhao et al. (SEISMIC, KDD 2015) 0.24 for reposts; sums of exponentials in place of power laws: Bochud and Challet,
Quantitative Finance 2007. Streams differ, so θ follows the stream, and so does whether repeated acts of one account count: for each
horizon the one of twelve ways that would have ordered best what came in the periods that ended in the last two days ("follow the
leader" among experts, Cesa-Bianchi and Lugosi, Prediction, Learning, and Games, 2006). Only what had happened by then decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from trend_assets.lib.influence.ndcg import first_places, ndcg_of_columns
from trend_assets.lib.influence.past import LEARNING_HOURS
from trend_assets.lib.trends.history import Floats, Integers

HALF_LIVES = np.array([0.25, 1.0, 6.0, 24.0, 168.0])
"""Hours: a quarter of an hour to a week."""
COUNTED = np.tile(HALF_LIVES, 2)
"""Half-lives of the counts that outlooks are made of: of distinct accounts, then of every act (``REPEATS``)."""
REPEATS = [False] * HALF_LIVES.size + [True] * HALF_LIVES.size
HORIZONS = (1, 6, 24)
"""Hours ahead that the rankings look."""


class Way(NamedTuple):
    """A way to weigh counts: θ of the kernel's tail, and whether every act counts or each account once."""

    exponent: float
    repeats: bool


WAYS = tuple(Way(exponent, repeats) for exponent in (0.4, 0.2, 0.6, 0.0, 0.8, -0.5) for repeats in (False, True))
"""From the most usual; the first holds while nothing is known, and wins ties."""
_CANDIDATES = 100
"""Authors by each count that are remembered of an hour: the first places by any weights are among them, but for rare exceptions."""

Gains = Callable[[int, int], Floats]
"""From the first and last hour of a period to the acts that each node (n,) received in it."""


def horizon_weights(horizon: float, way: Way = WAYS[0]) -> Floats:
    """Weight (2 k,) of each of the counts ``COUNTED`` for the next ``horizon`` hours. Raises ``ValueError`` unless it is positive."""
    if not horizon > 0:
        raise ValueError(f"horizon is {horizon}; it must be positive")
    weights = HALF_LIVES**-way.exponent * (1 - np.exp2(-horizon / HALF_LIVES))
    nothing = np.zeros_like(weights)
    return np.concatenate([nothing, weights] if way.repeats else [weights, nothing])


class Outlook:
    """The weights for each horizon, hour after hour; ``gains`` is only asked for periods that have ended."""

    def __init__(self, gains: Gains) -> None:
        self._gains = gains
        self._seen: dict[int, tuple[Integers, Floats]] = {}
        self._skill: dict[tuple[int, int], Floats | None] = {}

    def observe(self, hour: int, counts: Floats) -> None:
        """Remember the counts (nodes, ``COUNTED``) after ``hour``. O(nodes × counts)."""
        columns = [first_places(counts[:, column], _CANDIDATES) for column in range(COUNTED.size)]
        nodes = np.unique(np.concatenate(columns))
        self._seen[hour] = (nodes, counts[nodes])
        for past in [past for past in self._seen if past <= hour - LEARNING_HOURS]:
            del self._seen[past]
            for horizon in HORIZONS:
                self._skill.pop((past, horizon), None)

    def way(self, hour: int, horizon: int) -> Way:
        """How to weigh for the ``horizon`` hours after ``hour``: the best over the observed hours whose period had ended by then."""
        skills = [
            skill
            for past in sorted(self._seen)
            if hour - LEARNING_HOURS < past <= hour - horizon and (skill := self._skill_of(past, horizon)) is not None
        ]
        return WAYS[int(np.argmax(np.round(np.mean(skills, axis=0), 9)))] if skills else WAYS[0]

    def weights(self, hour: int) -> dict[int, Floats]:
        """Weights of the counts ``COUNTED`` after ``hour`` for each of ``HORIZONS``."""
        return {horizon: horizon_weights(horizon, self.way(hour, horizon)) for horizon in HORIZONS}

    def _skill_of(self, hour: int, horizon: int) -> Floats | None:
        """NDCG (ways,) of each way's order after ``hour`` for what came next; None where nothing came."""
        if (hour, horizon) not in self._skill:
            nodes, counts = self._seen[hour]
            gain = self._gains(hour + 1, hour + horizon)
            weights = np.stack([horizon_weights(horizon, way) for way in WAYS], axis=1)
            self._skill[hour, horizon] = ndcg_of_columns(counts @ weights, gain[nodes], gain) if gain.any() else None
        return self._skill[hour, horizon]
