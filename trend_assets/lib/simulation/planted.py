"""What a planted trend is: its kind, course, words and effect on sales.

What belongs here: the declaration, the course over time, the choice of a family. What doesn't: the trends themselves
(``planted_development.py``, ``planted_evaluation.py``), the sentences around their words (``planted_templates.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Kind = Literal["organic", "lifestyle", "fad", "seasonal", "giveaway", "bots", "resale", "collision", "news"]
Family = Literal["development", "evaluation"]

RETAIL_KINDS = ("organic", "lifestyle", "fad", "seasonal", "giveaway", "bots", "resale", "collision")
"""Kinds counted as trend posts; news is chatter: real, but not ours."""

EXPECTED_LANE: dict[str, str] = {
    "organic": "brand",
    "seasonal": "brand",
    "fad": "brand",
    "lifestyle": "lifestyle",
    "news": "lifestyle",
    "giveaway": "noise",
    "bots": "noise",
    "resale": "noise",
    "collision": "noise",
}
SHOULD_ALERT = frozenset({"organic", "seasonal", "fad", "lifestyle", "news"})
"""Kinds a buyer would want raised; the others are to be suppressed, or ranked far down, with a reason."""


@dataclass(frozen=True)
class PlantedTrend:
    """One planted trend.

    Days count from the start of the simulation. ``size`` is relative to other trends. ``names`` are ways people call the
    thing, ``contexts`` what they tie it to, in each language. ``items`` are catalogue ranges. Demand for them is multiplied
    by up to ``uplift``, following the posts after ``lag_days``, in ``countries`` and ``regions`` (both empty: everywhere); where
    there are ``regions`` its posts come from there too. ``cover_days`` is the stock of these ranges when the trend starts, in
    days of usual demand, where it is planted too.
    """

    trend_id: str
    kind: Kind
    title: str
    starts: float
    peaks: float
    ends: float
    size: float
    names_en: tuple[str, ...]
    names_fr: tuple[str, ...] = ()
    contexts_en: tuple[str, ...] = ()
    contexts_fr: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    lag_days: int = 0
    uplift: float = 1.0
    countries: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    cover_days: int | None = None
    french_share: float = 0.3
    authors: int | None = None
    templates_en: tuple[str, ...] = ()
    templates_fr: tuple[str, ...] = ()
    community: str = "fashion"

    def course(self, days: np.ndarray) -> np.ndarray:
        """Intensity (0 to 1) at times in days: an accelerating rise to the peak, then an exponential fade to the end."""
        rise = np.clip((days - self.starts) / max(self.peaks - self.starts, 1e-9), 0.0, 1.0) ** 2.2
        fade = np.exp(-3.0 * np.clip(days - self.peaks, 0.0, None) / max(self.ends - self.peaks, 1e-9))
        return np.where((days < self.starts) | (days > self.ends), 0.0, rise * fade)

    def demand_factor(self, days: np.ndarray) -> np.ndarray:
        """Multiplier of usual demand at the middle of each day: the course, later by the lag and slower to fade."""
        fade = PlantedTrend("", self.kind, "", self.starts, self.peaks, self.peaks + 1.8 * (self.ends - self.peaks), 1.0, ())
        return 1.0 + (self.uplift - 1.0) * fade.course(days + 0.5 - self.lag_days)


def planted_trends(family: Family, days: int, seed: int = 1, size: Literal["small", "full"] = "small") -> tuple[PlantedTrend, ...]:
    """The trends of a family that start within the simulated days.

    Those of *development* are always the same; those of *evaluation* are drawn by ``seed`` from the ranges of the ``size`` of
    town. Words, items and sentences of the two families are disjoint: tune on *development*, report on *evaluation*.
    Raises ``ValueError`` for an unknown family.
    """
    if family == "development":
        from trend_assets.lib.simulation.planted_development import TRENDS as TUNED_ON

        trends: tuple[PlantedTrend, ...] = TUNED_ON
    elif family == "evaluation":
        from trend_assets.lib.simulation.planted_evaluation import evaluation_trends

        trends = evaluation_trends(days, seed, size)
    else:
        raise ValueError(f"unknown family of planted trends {family!r}: development or evaluation")
    return tuple(trend for trend in trends if trend.starts < days)
