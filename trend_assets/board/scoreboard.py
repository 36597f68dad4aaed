"""Were we right before? Verdicts on earlier alerts by our own sales, beside what naive methods would have said.

What belongs here: the sums over ``demand.lead_time_scores`` and two examples of it. What doesn't: verdicts (``lib/demand/lead_time.py``),
their sentences (``sentences.py``), other queries (``data.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from trend_assets.board.data import Queryable, Row, ask_rows

LOOK_BACK_DAYS = 365
OURS = "trends"

_COUNTS = """
select category, method,
       sum(case when outcome = 'hit' then 1 else 0 end) as hits,
       sum(case when outcome = 'late' then 1 else 0 end) as late,
       -- late on a rise that was seen before the alert: that rise is among the misses already
       sum(case when outcome = 'late' and detected_on >= cast(alerted_at as date) then 1 else 0 end) as late_unseen,
       sum(case when outcome = 'miss' then 1 else 0 end) as misses,
       sum(case when outcome = 'false_alarm' then 1 else 0 end) as false_alarms,
       avg(case when outcome = 'hit' then lead_days else null end) as lead_days
from demand.lead_time_scores
where day > ? and day <= ? and outcome in ('hit', 'late', 'miss', 'false_alarm')
group by category, method
order by category, method
"""
_EXAMPLE = """
select * from demand.lead_time_scores
where method = 'trends' and outcome = ? and day > ? and day <= ?
order by day desc, ratio desc, score_id limit 1
"""


@dataclass(frozen=True)
class Record:
    """A method's record in a category: alerts and rises that were decided. ``lead_days`` is the mean of its hits."""

    category: str
    method: str
    hits: int
    late: int
    late_unseen: int
    misses: int
    false_alarms: int
    lead_days: float | None

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


@dataclass(frozen=True)
class CategoryRecord:
    """Ours in a category and the best naive method's; ``verdict`` is better, worse, equal, or unknown while nothing was decided."""

    category: str
    ours: Record
    naive: Record | None

    @property
    def verdict(self) -> str:
        """Whether we beat the best naive method."""
        best = 0.0 if self.naive is None else self.naive.f1
        if not self.ours.hits and not best:
            return "unknown"
        return "better" if self.ours.f1 > best else "worse" if self.ours.f1 < best else "equal"


def records(warehouse: Queryable, day: date, days: int = LOOK_BACK_DAYS) -> list[CategoryRecord]:
    """Of each category with a decided alert or a rise, ours beside the best naive method, as known at the end of ``day``."""
    found: dict[str, list[Record]] = {}
    for row in ask_rows(warehouse, _COUNTS, day - timedelta(days=days), day):
        lead = None if row["lead_days"] is None else float(row["lead_days"])
        counts = {name: int(row[name]) for name in ("hits", "late", "late_unseen", "misses", "false_alarms")}
        found.setdefault(row["category"], []).append(Record(row["category"], row["method"], **counts, lead_days=lead))
    told = []
    for category, rows in sorted(found.items()):
        ours = next((row for row in rows if row.method == OURS), Record(category, OURS, 0, 0, 0, 0, 0, None))
        naive = [row for row in rows if row.method != OURS]
        told.append(CategoryRecord(category, ours, max(naive, key=lambda row: (row.f1, row.method), default=None)))
    return told


def examples(warehouse: Queryable, day: date, days: int = LOOK_BACK_DAYS) -> tuple[Row | None, Row | None]:
    """The newest hit and the newest miss of our trends; a false alarm in place of a miss where there was none."""
    first = day - timedelta(days=days)
    newest = {outcome: ask_rows(warehouse, _EXAMPLE, outcome, first, day) for outcome in ("hit", "miss", "false_alarm")}
    return next(iter(newest["hit"]), None), next(iter(newest["miss"] or newest["false_alarm"]), None)
