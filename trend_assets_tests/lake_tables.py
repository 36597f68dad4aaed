"""Small tables for the lake's tests: visitors counted at gates by the hour, the gates, the gates by day.

What belongs here: declarations and rows that several test modules use. What doesn't: tests.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from trend_assets.tables import Column, Table
from trend_assets.tables.declaration import strings, timestamp

HOURS = ["2026-09-01-00:00", "2026-09-01-01:00", "2026-09-01-02:00"]
START = datetime(2026, 9, 1, tzinfo=UTC)

COUNTS = Table(
    group="town",
    name="counts",
    description="Visitors counted at a gate.",
    columns=(
        Column("gate", pa.string(), "Gate"),
        Column("counted_at", timestamp, "When; decides the partition", "UTC"),
        Column("visitors", pa.int64(), "Visitors", "count", minimum=0),
        Column("tags", strings, "Remarks"),
        Column("weather", pa.string(), "Weather, where noted", nullable=True, allowed=("dry", "wet")),
    ),
    key=("gate", "counted_at"),
    partition="hour",
    time="counted_at",
    layer="raw",
    retention_days=30,
    licence_class="own",
)
GATES = Table(
    group="town",
    name="gates",
    description="Every gate.",
    columns=(Column("gate", pa.string(), "Gate"), Column("opened", pa.date32(), "When it was opened", "day")),
    key=("gate",),
    partition="none",
    layer="raw",
    retention_days=None,
    licence_class="own",
)
DAYS = replace(GATES, name="gate_days", partition="day", time="opened")


def counts(hour: int, rows: int = 5, visitors: int = 7, first: int = 0) -> pa.Table:
    """Rows of one hour, one a second."""
    return COUNTS.from_rows(
        {
            "gate": f"gate {number:03d}",
            "counted_at": START + timedelta(hours=hour, seconds=number),
            "visitors": visitors,
            "tags": ["a", "b"][: number % 3],
            "weather": None,
        }
        for number in range(first, first + rows)
    )
