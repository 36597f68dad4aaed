"""Which sealed hours a champion has yet to label.

What belongs here: the rule. What doesn't: when it is asked (``defs/models/schedules.py``), the work (``training.py``).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from trend_assets.operations.runs import Range
from trend_assets.operations.sealing import HOUR, HOURS_PER_RUN, Due, hour_of
from trend_assets.partitions import hour_key


def predictions_due(task: str, sealed: tuple[datetime, datetime] | None, predicted: Collection[str], *, champion: bool) -> Due:
    """Sealed hours that the task's champion has not labelled yet; those before its first are a person's choice (a backfill)."""
    if not champion:
        return Due(None, f"{task} has no champion yet: run the job {task}_training")
    if sealed is None:
        return Due(None, "no hour is sealed yet")
    first = hour_of(max(predicted)) + HOUR if predicted else max(sealed[0], sealed[1] - HOURS_PER_RUN * HOUR)
    hours = (sealed[1] - first) // HOUR
    if hours <= 0:
        return Due(None, "every sealed hour is labelled")
    last = first + min(hours, HOURS_PER_RUN) * HOUR - HOUR
    return Due(Range(hour_key(first), hour_key(last)), f"{hours} hours to label", max(hours - HOURS_PER_RUN, 0))
