"""What a run of the live lane tells about itself: the counting identity, lag and seconds over its micro-batches.

What belongs here: sums and percentiles of reports. What doesn't: the micro-batch itself (``live/lane.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trend_assets.lib.live.batches import BatchCounts
from trend_assets.live.lane import LiveReport

P95 = "seconds_received_to_published_p95"
"""Name of the figure that the check ``lag`` holds against the budget."""


@dataclass
class LiveTotals:
    """A run's micro-batches added up; only figures are kept, a run may have hundreds."""

    batches: int = 0
    sums: BatchCounts = field(default_factory=BatchCounts)
    unbalanced: int = 0
    stages: dict[str, float] = field(default_factory=dict)
    slowest: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    last: LiveReport | None = None

    @property
    def counts(self) -> dict[str, Any]:
        """The counting identity of the run and what still waits."""
        return {
            "micro_batches": self.batches,
            "records": self.sums.records,
            **{f"records_{outcome}": count for outcome, count in sorted(self.sums.outcomes.items())},
            "posts_added": self.sums.added,
            "posts_known_already": self.sums.known,
            "identity_holds": self.unbalanced == 0,
            "landing_files": self.sums.files,
            "landing_files_waiting": self.last.batch.waiting if self.last is not None else 0,
        }

    @property
    def figures(self) -> dict[str, Any]:
        """Moment, hours, how long the oldest post of a micro-batch waited, and seconds of work."""
        if self.last is None or self.last.tables is None:
            return {"micro_batches": self.batches, "open_hours": 0}
        figures: dict[str, Any] = {
            "micro_batches": self.batches,
            "open_hours": len(self.last.hours.judged),
            "as_of": self.last.hours.as_of.isoformat(timespec="seconds"),
            "kept_share_of_groups": self.last.tables.kept_share,
            "seconds_per_micro_batch": float(np.median(self.work)),
        }
        if self.slowest:
            figures |= {
                "seconds_received_to_published_p50": float(np.median(self.slowest)),
                P95: float(np.percentile(self.slowest, 95)),
                "seconds_received_to_published_max": max(self.slowest),
            }
        return figures | {f"seconds_{stage.replace(' ', '_')}": round(seconds, 3) for stage, seconds in self.stages.items()}

    def add(self, report: LiveReport) -> None:
        """Add a micro-batch's report."""
        self.batches += 1
        self.sums.outcomes.update(report.batch.outcomes)
        self.sums.added += report.batch.added
        self.sums.known += report.batch.known
        self.sums.files += report.batch.files
        self.unbalanced += not report.batch.balanced
        for stage, seconds in report.seconds.items():
            self.stages[stage] = self.stages.get(stage, 0.0) + seconds
        self.work.append(sum(report.seconds.values()))
        if report.slowest_seconds is not None:
            self.slowest.append(report.slowest_seconds)
        self.last = report
