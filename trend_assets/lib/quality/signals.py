"""Signals worth a look that need not stop a run: staleness, null rates, duplicates, join coverage.

What belongs here: pure measures over published tables with a verdict and a sentence. What doesn't: the blocking audit
(``audit.py``), Dagster (``defs/*/checks.py``), drift over many windows (``drift.py``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

NULL_RATE_CHANGE = 0.2
DUPLICATE_SHARE = 0.2
MINIMUM_ROWS = 200
"""Fewer rows than this in either window say nothing: the signal passes and says so."""


@dataclass(frozen=True)
class Signal:
    """A measure's verdict: passed or worth a look, one sentence, the figures behind it."""

    passed: bool
    message: str
    figures: dict[str, float | int | str] = field(default_factory=dict)


def freshness(newest: datetime | None, expected: datetime, allowed_hours: float) -> Signal:
    """Hours that the newest published partition's end lies behind ``expected`` (both aware)."""
    if newest is None:
        return Signal(False, "nothing has been published yet")
    behind = (expected - newest).total_seconds() / 3600
    return Signal(
        behind <= allowed_hours, f"newest partition ends {behind:.1f} hours before {expected:%Y-%m-%d %H:%M} UTC", {"hours_behind": behind}
    )


def null_rates(current: pa.Table, reference: pa.Table) -> Signal:
    """Largest change in the share of nulls among nullable columns, naming the column."""
    if min(current.num_rows, reference.num_rows) < MINIMUM_ROWS:
        return Signal(True, f"too few rows to compare ({current.num_rows} and {reference.num_rows})")
    changes = {
        name: current[name].null_count / current.num_rows - reference[name].null_count / reference.num_rows
        for name in current.column_names
        if current.schema.field(name).nullable
    }
    if not changes:
        return Signal(True, "no column may be null")
    name = max(sorted(changes), key=lambda column: abs(changes[column]))
    before, now = reference[name].null_count / reference.num_rows, current[name].null_count / current.num_rows
    message = f"largest change of nulls: {name} {before:.0%} to {now:.0%}"
    return Signal(abs(changes[name]) <= NULL_RATE_CHANGE, message, {"column": name, "change": changes[name]})


def duplicate_share(landing_counts: pa.Table) -> Signal:
    """Share of landed records that repeat a post already seen."""
    records = pc.sum(landing_counts["records"]).as_py() or 0
    repeated = pc.sum(landing_counts.filter(pc.equal(landing_counts["outcome"], "duplicate"))["records"]).as_py() or 0
    share = repeated / records if records else 0.0
    return Signal(share <= DUPLICATE_SHARE, f"{repeated:,} of {records:,} records are duplicates ({share:.1%})", {"share": share})


def quarantine_share(landing_counts: pa.Table, allowed: float = 0.05) -> Signal:
    """Share of landed records that were quarantined, naming the commonest reason."""
    records = pc.sum(landing_counts["records"]).as_py() or 0
    refused = landing_counts.filter(pc.equal(landing_counts["outcome"], "quarantined"))
    count = pc.sum(refused["records"]).as_py() or 0
    share = count / records if records else 0.0
    reasons: Counter[str] = Counter()
    for row in refused.select(["detail", "records"]).to_pylist():
        reasons[row["detail"]] += row["records"]
    commonest = f"; most: {reasons.most_common(1)[0][0]}" if reasons else ""
    return Signal(share <= allowed, f"{count:,} of {records:,} records are quarantined ({share:.1%}){commonest}", {"share": share})


def coverage(found: int, wanted: int, what: str, at_least: float) -> Signal:
    """Share of ``wanted`` rows that found their counterpart."""
    share = found / wanted if wanted else 1.0
    return Signal(share >= at_least, f"{found:,} of {wanted:,} {what} ({share:.1%}, at least {at_least:.0%} expected)", {"share": share})
