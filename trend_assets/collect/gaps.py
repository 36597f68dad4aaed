"""The gap ledger: intervals that collectors may have missed, as rows of ``social/collection_gaps``.

What belongs here: adding rows, telling which gaps have been filled, reading what holds. What doesn't: noticing gaps (sources and
``collector.py``), what a gap does to statistics (``lib/trends``).

Every reader wants ``read_gaps``: one row for each gap, the last recorded. Rows are only ever added.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pyarrow as pa

from trend_assets.collect.source import Gap
from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import ConflictError
from trend_assets.tables.social import COLLECTION_GAPS, GAP_REASONS

LONGEST = timedelta(days=35)
"""Gaps that began longer before a window are not looked for: late posts are not taken in so late either."""
COMPACTED_PARTS = 48
"""A day of so many additions is written as one part again: a connection that flaps all day must not make it slow to read."""
Notice = Literal["source", "collector"]


@dataclass(frozen=True)
class RecordedGap:
    """A gap as it stands in the ledger."""

    gap_id: str
    gap: Gap
    noticed_by: str
    recorded_at: datetime
    backfilled_at: datetime | None


class GapLedger:
    """The ledger of one source. clock: now (aware)."""

    def __init__(self, lake: Lake, source: str, network: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._lake, self._source, self._network, self._clock = lake, source, network, clock

    def record(self, gaps: Sequence[Gap], noticed_by: Notice = "source") -> None:
        """Add the gaps; durable when it returns. One of no length is none; an unknown reason becomes ``operational``.

        Raises ``OSError`` from the storage; recording the same gaps again is harmless.
        """
        self._add([(_fit(gap), noticed_by, None) for gap in gaps if gap.end > gap.begin])

    def backfilled(self, gaps: Sequence[RecordedGap]) -> None:
        """Say that the posts of recorded gaps have been fetched after all."""
        now = self._clock()
        self._add([(one.gap, one.noticed_by, now) for one in gaps])

    def to_backfill(self, since: datetime) -> list[RecordedGap]:
        """Gaps of this source that began after ``since`` and that nobody has filled, in order of time."""
        rows = read_gaps(self._lake, since, self._clock(), source=self._source).to_pylist()
        return [
            RecordedGap(
                row["gap_id"],
                Gap(row["begins_at"], row["ends_at"], row["reason"], row["detail"]),
                row["noticed_by"],
                row["recorded_at"],
                row["backfilled_at"],
            )
            for row in rows
            if row["backfilled_at"] is None
        ]

    def _add(self, gaps: Sequence[tuple[Gap, str, datetime | None]]) -> None:
        now = self._clock()
        days: dict[str, list[dict[str, Any]]] = {}
        for gap, noticed_by, backfilled_at in gaps:
            row = {
                "gap_id": gap_id(self._source, gap),
                "source": self._source,
                "network": self._network,
                "begins_at": gap.begin,
                "ends_at": gap.end,
                "reason": gap.reason,
                "detail": gap.detail,
                "noticed_by": noticed_by,
                "recorded_at": now,
                "backfilled_at": backfilled_at,
            }
            days.setdefault(f"{gap.begin.astimezone(UTC):%Y-%m-%d}", []).append(row)
        for day, rows in sorted(days.items()):
            unique = list({row["gap_id"]: row for row in rows}.values())
            self._append(day, COLLECTION_GAPS.from_rows(unique))

    def _append(self, day: str, rows: pa.Table) -> None:
        manifest = self._lake.append(COLLECTION_GAPS, day, rows)
        if len(manifest.parts) >= COMPACTED_PARTS:
            with contextlib.suppress(ConflictError):  # another source's collector was faster: the next addition compacts
                self._lake.compact(COLLECTION_GAPS, day)


def _fit(gap: Gap) -> Gap:
    """The gap as the table can hold it: a source's mistake must not stop collecting."""
    known = gap.reason in GAP_REASONS
    detail = gap.detail if known else f"{gap.reason}: {gap.detail}"
    return Gap(gap.begin, gap.end, gap.reason if known else "operational", detail.encode(errors="replace").decode())


def gap_id(source: str, gap: Gap) -> str:
    """The same gap of the same source always has the same id."""
    parts = [source, gap.begin.astimezone(UTC).isoformat(), gap.end.astimezone(UTC).isoformat(), gap.reason]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def read_gaps(lake: Lake, begin: datetime, end: datetime, *, source: str = "", network: str = "") -> pa.Table:
    """Gaps that overlap [begin, end): the declared columns, one row for each, in order of beginning.

    source, network: only theirs. Reads the days of the window and those before, in which a long gap may have begun.
    """
    first, last = begin - LONGEST, end
    wanted = {f"{first + timedelta(days=number):%Y-%m-%d}" for number in range((last.date() - first.date()).days + 1)}
    rows = lake.read(COLLECTION_GAPS, [day for day in lake.partitions(COLLECTION_GAPS) if day in wanted]).to_pylist()
    latest = {row["gap_id"]: row for row in sorted(rows, key=lambda row: row["recorded_at"])}
    chosen = [
        row
        for row in latest.values()
        if row["begins_at"] < end and row["ends_at"] > begin and source in ("", row["source"]) and network in ("", row["network"])
    ]
    return COLLECTION_GAPS.from_rows(sorted(chosen, key=lambda row: (row["begins_at"], row["ends_at"], row["gap_id"])))
