"""Which sealed hours a champion has yet to label, or to label again.

What belongs here: the rule. What doesn't: when it is asked (``defs/models/schedules.py``), the work (``training.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from trend_assets.lib.learning.by_topic import WINDOW_HOURS
from trend_assets.operations.runs import Range
from trend_assets.operations.sealing import HOUR, HOURS_PER_RUN, Due, hour_of
from trend_assets.partitions import hour_key, hours_between

_FOLLOWING = (WINDOW_HOURS - 1) * HOUR
"""Hours after a labelled one that count its posts: they are counted again with it."""


def predictions_due(
    task: str, sealed: tuple[datetime, datetime] | None, clean: Mapping[str, int], predicted: Mapping[str, int], *, champion: bool
) -> Due:
    """Sealed hours that the task's champion has not labelled since their posts were made; the first range of neighbours.

    clean, predicted: number of Dagster's newest record of each hour's clean posts and predictions; late posts make an hour's clean
    posts anew. Hours before the first one labelled are a person's choice (a backfill).
    """
    if not champion:
        return Due(None, f"{task} has no champion yet: run the job {task}_training")
    if sealed is None:
        return Due(None, "no hour is sealed yet")
    first = hour_of(min(predicted)) if predicted else max(sealed[0], sealed[1] - HOURS_PER_RUN * HOUR)
    hours = [hour for hour in hours_between(first, sealed[1]) if _is_due(hour_key(hour), clean, predicted)]
    if not hours:
        return Due(None, "every sealed hour is labelled")
    chosen = hours[:1]
    for hour in hours[1:]:
        if hour - chosen[-1] > _FOLLOWING or hour - chosen[0] >= HOURS_PER_RUN * HOUR:
            break
        chosen.append(hour)
    last = min(chosen[-1] + _FOLLOWING, sealed[1] - HOUR)
    left = sum(hour > last for hour in hours)
    return Due(Range(hour_key(chosen[0]), hour_key(last)), f"{len(hours)} hours to label", left)


def _is_due(key: str, clean: Mapping[str, int], predicted: Mapping[str, int]) -> bool:
    return key not in predicted or clean.get(key, -1) > predicted[key]
