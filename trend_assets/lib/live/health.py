"""Is the live lane well? Marked, in time, complete.

What belongs here: measures with a verdict, of live tables and row counts. What doesn't: the clock, Dagster.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality.signals import Signal

BUDGET_SECONDS = 60.0
"""Seen to on the board; the parts: landing 10, sensor 5, run start 10, work 20, board 5, and ten to spare."""
STALE_SECONDS = 300.0
VOLUME_DAYS = 8
FEWEST_ROWS = 100
LOWEST_SHARE = 0.4
"""A full hour with less than this share of the usual posts is worth a look; weekends and nights are compared with their like."""
_KEY = "%Y-%m-%d-%H:%M"


def all_provisional(live_trends: pa.Table) -> Signal:
    """Every row carries the flag."""
    unmarked = live_trends.num_rows - (pc.sum(live_trends["provisional"]).as_py() or 0)
    return Signal(unmarked == 0, f"{live_trends.num_rows} rows, {unmarked} not marked as provisional", {"unmarked": unmarked})


def within_budget(live_trends: pa.Table) -> Signal:
    """Receipt of the newest post to the moment its row was computed, of the newest rows."""
    newest = pc.max(live_trends["as_of"])
    lag = pc.max(live_trends.filter(pc.equal(live_trends["as_of"], newest))["lag_seconds"]).as_py() if newest.is_valid else None
    if lag is None:
        return Signal(True, "no live post yet")
    return Signal(
        lag <= BUDGET_SECONDS,
        f"the newest post taken in was received {lag:.0f} s before (budget {BUDGET_SECONDS:.0f} s)",
        {"lag_seconds": lag},
    )


def fresh(live_trends: pa.Table, now: datetime, *, over: bool) -> Signal:
    """Age of the newest live rows at ``now``; ``over``: the lake has ended, nothing is live any more."""
    newest = pc.max(live_trends["as_of"]).as_py()
    if over or newest is None:
        return Signal(True, "the lake has ended" if over else "the live lane has not raised anything yet")
    age = (now - newest).total_seconds()
    return Signal(age <= STALE_SECONDS, f"live rows are {age:.0f} s old", {"age_seconds": age})


def volume(live_rows: Mapping[str, int], sealed_rows: Mapping[str, int]) -> Signal:
    """Rows of the newest full live hour against the same hour of sealed days before; keys are partition keys."""
    full = sorted(live_rows)[:-1]
    if not full:
        return Signal(True, "no full hour is live yet")
    hour = datetime.strptime(full[-1], _KEY)
    past = [sealed_rows.get((hour - timedelta(days=day)).strftime(_KEY)) for day in range(1, VOLUME_DAYS)]
    usual = median([count for count in past if count is not None] or [0])
    count = live_rows[full[-1]]
    figures: dict[str, float | int | str] = {"posts": count, "usual": usual, "hour": full[-1]}
    message = f"{count:,} posts in {full[-1]}, usually {usual:,.0f} at this hour"
    return Signal(usual < FEWEST_ROWS or count >= LOWEST_SHARE * usual, message, figures)
