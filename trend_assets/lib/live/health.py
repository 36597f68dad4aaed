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
STALE_SECONDS = 900.0
"""Live rows older than this are of a lane that has stopped: it judges a lake anew every ten minutes, however quiet it is."""
VOLUME_DAYS = 8
FEWEST_ROWS = 100
LOWEST_SHARE = 0.4
"""A full hour with less than this share of the usual posts is worth a look; weekends and nights are compared with their like."""
_KEY = "%Y-%m-%d-%H:%M"


def all_provisional(live_trends: pa.Table) -> Signal:
    """Every row carries the flag."""
    unmarked = live_trends.num_rows - (pc.sum(live_trends["provisional"]).as_py() or 0)
    return Signal(unmarked == 0, f"{live_trends.num_rows} rows, {unmarked} not marked as provisional", {"unmarked": unmarked})


def within_budget(seconds: float | None) -> Signal:
    """``seconds``: from the receipt of a micro-batch's oldest post to its publication, at the 95th percentile of a run's micro-batches."""
    if seconds is None:
        return Signal(True, "the newest run took in no post")
    return Signal(
        seconds <= BUDGET_SECONDS,
        f"95 % of micro-batches were published within {seconds:.0f} s of the receipt of their oldest post; budget {BUDGET_SECONDS:.0f} s",
        {"seconds_received_to_published_p95": seconds},
    )


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
