"""How much of a day's posts may be missing because collection was interrupted: doubt that a decision card states.

What belongs here: the share of a day in gaps. What doesn't: noticing gaps (``trend_assets/collect``), what follows from one (``cards.py``).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa


def gap_share(gaps: pa.Table, day: date) -> float:
    """Share of the UTC day in gaps that were not filled since, from 0 to 1; rows of ``social/collection_gaps`` of any days.

    Gaps of several networks at once count once each, up to the whole day. A filled gap has a second record, which says when.
    """
    newest: dict[str, tuple[datetime, datetime, datetime, datetime | None]] = {}
    names = ("recorded_at", "begins_at", "ends_at", "backfilled_at")
    for gap_id, *times in zip(gaps["gap_id"].to_pylist(), *(gaps[name].to_pylist() for name in names), strict=True):
        if gap_id not in newest or newest[gap_id][0] <= times[0]:
            newest[gap_id] = (times[0], times[1], times[2], times[3])
    start = datetime.combine(day, time(), UTC)
    end = start + timedelta(days=1)
    missing = sum(
        (max(min(until, end) - max(since, start), timedelta(0)) for _, since, until, filled in newest.values() if filled is None),
        timedelta(0),
    )
    return min(missing / timedelta(days=1), 1.0)
