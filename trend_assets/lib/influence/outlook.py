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
Quantitative Finance 2007. Streams differ, so θ follows the stream: for each horizon the one of six that would have ordered best what
came in the periods that ended in the last two days ("follow the leader" among experts, Cesa-Bianchi and Lugosi, Prediction,
Learning, and Games, 2006). Only what had happened by then decides.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trend_assets.lib.influence.ndcg import first_places, ndcg
from trend_assets.lib.influence.past import LEARNING_HOURS
from trend_assets.lib.trends.history import Floats, Integers

HALF_LIVES = np.array([0.25, 1.0, 6.0, 24.0, 168.0])
"""Hours: a quarter of an hour to a week."""
EXPONENTS = (0.4, 0.2, 0.6, 0.0, 0.8, -0.5)
"""θ of the kernel's tail, from the most usual; the first holds while nothing is known, and wins ties."""
HORIZONS = (1, 6, 24)
"""Hours ahead that the rankings look."""
_CANDIDATES = 200
"""Authors by each half-life that are remembered of an hour: the first places by any weights are among them."""

Gains = Callable[[int, int], Floats]
"""From the first and last hour of a period to the acts that each node (n,) received in it."""


def horizon_weights(horizon: float, exponent: float = EXPONENTS[0], half_lives: Floats = HALF_LIVES) -> Floats:
    """Weight (k,) of each decayed count for the next ``horizon`` hours. Raises ``ValueError`` for a horizon that is not positive."""
    if not horizon > 0:
        raise ValueError(f"horizon is {horizon}; it must be positive")
    weights: Floats = half_lives**-exponent * (1 - np.exp2(-horizon / half_lives))
    return weights


class Outlook:
    """The weights for each horizon, hour after hour; ``gains`` is only asked for periods that have ended."""

    def __init__(self, gains: Gains) -> None:
        self._gains = gains
        self._seen: dict[int, tuple[Integers, Floats]] = {}
        self._skill: dict[tuple[int, int], Floats | None] = {}

    def observe(self, hour: int, counts: Floats) -> None:
        """Remember the decayed counts (nodes, half-lives) after ``hour``. O(nodes × half-lives)."""
        columns = [first_places(counts[:, column], _CANDIDATES) for column in range(HALF_LIVES.size)]
        nodes = np.unique(np.concatenate(columns))
        self._seen[hour] = (nodes, counts[nodes, : HALF_LIVES.size])
        for past in [past for past in self._seen if past <= hour - LEARNING_HOURS]:
            del self._seen[past]
            for horizon in HORIZONS:
                self._skill.pop((past, horizon), None)

    def exponent(self, hour: int, horizon: int) -> float:
        """θ for the ``horizon`` hours after ``hour``: the best over the observed hours whose period had ended by then."""
        skills = [
            skill
            for past in sorted(self._seen)
            if hour - LEARNING_HOURS < past <= hour - horizon and (skill := self._skill_of(past, horizon)) is not None
        ]
        return EXPONENTS[int(np.argmax(np.round(np.mean(skills, axis=0), 9)))] if skills else EXPONENTS[0]

    def weights(self, hour: int) -> dict[int, Floats]:
        """Weights (k,) of the decayed counts after ``hour`` for each of ``HORIZONS``."""
        return {horizon: horizon_weights(horizon, self.exponent(hour, horizon)) for horizon in HORIZONS}

    def _skill_of(self, hour: int, horizon: int) -> Floats | None:
        """NDCG (exponents,) of each exponent's order after ``hour`` for what came next; None where nothing came."""
        if (hour, horizon) not in self._skill:
            nodes, counts = self._seen[hour]
            gain = self._gains(hour + 1, hour + horizon)
            # What no candidate received counts in the best order there is, not in ours.
            others = gain.copy()
            others[nodes] = 0
            rest = first_places(others, _CANDIDATES)
            known = np.append(gain[nodes], others[rest])
            rows = np.append(np.arange(nodes.size), np.full(rest.size, -1))
            self._skill[hour, horizon] = (
                np.array([ndcg(_padded(counts @ horizon_weights(horizon, exponent), rows), known) for exponent in EXPONENTS])
                if known.any()
                else None
            )
        return self._skill[hour, horizon]


def _padded(score: Floats, rows: Integers) -> Floats:
    """The scores of the rows, below all others where a row is -1."""
    return np.where(rows >= 0, score[rows], -1.0)
