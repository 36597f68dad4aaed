"""How often each method was right in a category, and whether ours was better than a simple one beyond chance.

What belongs here: counts over rows of ``demand/lead_time_scores`` and the comparison of two methods; the board, the digest and the
benchmark all count by it, and a test holds the query ``were_we_right`` to it. What doesn't: verdicts on single alerts (``lead_time.py``).

Two methods are compared range by range, because both speak of the same ranges and what happens to a range in one month isn't independent
of the next: approximate randomisation (Yeh 2000, *More accurate tests for the statistical significance of result differences*). If neither
were better, each range's two records might as well be exchanged; the p value is the share of random exchanges after which the F1 of both
differ as much as they do. Ours is compared with the best simple method, so the level is shared by the number of simple methods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

OURS = "trends"
COLUMNS = ("category", "method", "range_id", "outcome", "alerted_at", "detected_on", "lead_days")
"""Columns of ``demand/lead_time_scores`` that are counted."""
DECIDED = ("hit", "late", "miss", "false_alarm")
LEVEL = 0.05
EXCHANGES = 4000
_F1 = tuple[int, int]


@dataclass
class Record:
    """A method's record in a category, in ranges alerted and rises of ranges. ``lead_days``: of each hit.

    ``late_unseen``: those of ``late`` whose rise was first seen after the alert; of the others the rise is among the misses already.
    ``by_range``: of each range twice the hits, and alerts and rises together: F1 is one over the other.
    """

    category: str
    method: str
    hits: int = 0
    late: int = 0
    late_unseen: int = 0
    misses: int = 0
    false_alarms: int = 0
    lead_days: list[float] = field(default_factory=list)
    by_range: dict[str, _F1] = field(default_factory=dict)

    @property
    def precision(self) -> float:
        """Share of its decided alerts after which sales rose."""
        alerts = self.hits + self.late + self.false_alarms
        return self.hits / alerts if alerts else 0.0

    @property
    def recall(self) -> float:
        """Share of the rises that it told before they began."""
        rises = self.hits + self.late_unseen + self.misses
        return self.hits / rises if rises else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both: what decides who is better."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def mean_lead(self) -> float | None:
        """Days from an alert to the rise that it told, over its hits."""
        return sum(self.lead_days) / len(self.lead_days) if self.lead_days else None

    def count(self, row: Mapping[str, Any]) -> None:
        """Add a decided row."""
        outcome = row["outcome"]
        unseen = outcome == "late" and row["detected_on"] >= row["alerted_at"].date()
        self.hits += outcome == "hit"
        self.late += outcome == "late"
        self.late_unseen += unseen
        self.misses += outcome == "miss"
        self.false_alarms += outcome == "false_alarm"
        if outcome == "hit":
            self.lead_days.append(float(row["lead_days"]))
        told, both = self.by_range.get(row["range_id"], (0, 0))
        both += 2 if outcome == "hit" else 1 + unseen
        self.by_range[row["range_id"]] = (told + 2 * (outcome == "hit"), both)


@dataclass(frozen=True)
class CategoryRecord:
    """Ours in a category beside the simple methods'."""

    category: str
    ours: Record
    others: Sequence[Record]

    @property
    def naive(self) -> Record | None:
        """The best simple method's."""
        return max(self.others, key=lambda one: (one.f1, one.method), default=None)

    @property
    def verdict(self) -> str:
        """Whether ours is ``better`` or ``worse`` than the best simple method; ``too_few`` where chance may have made the difference."""
        best = self.naive or Record(self.category, "")
        if chance(self.ours, best) > LEVEL / max(len(self.others), 1):
            return "too_few"
        return "better" if self.ours.f1 > best.f1 else "worse"


def track_records(rows: Iterable[Mapping[str, Any]]) -> list[CategoryRecord]:
    """Of each category with a decided alert or a rise, the record of each method, of rows with ``COLUMNS``; open ones do not count."""
    found: dict[str, dict[str, Record]] = defaultdict(dict)
    for row in rows:
        if row["outcome"] in DECIDED:
            of = found[row["category"]]
            of.setdefault(row["method"], Record(row["category"], row["method"])).count(row)
    return [
        CategoryRecord(category, of.get(OURS, Record(category, OURS)), [one for method, one in sorted(of.items()) if method != OURS])
        for category, of in sorted(found.items())
    ]


def chance(one: Record, other: Record) -> float:
    """Two-sided p value of the difference of two records' F1; 1 where they do not differ. O(exchanges × ranges)."""
    ranges = sorted(set(one.by_range) | set(other.by_range))
    a, b = (np.array([record.by_range.get(name, (0, 0)) for name in ranges], np.float64).reshape(-1, 2) for record in (one, other))
    seen = abs(_ratio(a.sum(axis=0)) - _ratio(b.sum(axis=0)))
    if not seen:
        return 1.0
    half = (a.sum(axis=0) + b.sum(axis=0)) / 2
    swaps = np.random.default_rng(0).choice([-0.5, 0.5], size=(EXCHANGES, len(ranges))) @ (a - b)
    differences = np.abs(_ratio(half + swaps) - _ratio(half - swaps))
    return float((1 + np.count_nonzero(differences >= seen - 1e-12)) / (1 + EXCHANGES))


def _ratio(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """F1 of sums of twice the hits, and alerts and rises (…, 2); 0 where there is neither."""
    told, both = counts[..., 0], counts[..., 1]
    ratio: npt.NDArray[np.float64] = np.divide(told, both, out=np.zeros_like(told), where=both > 0)
    return ratio
