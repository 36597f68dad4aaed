"""Which part of each hour was collected, as the lake knows it: the gap ledger, and what each network usually brings.

What belongs here: reading both for the assets and the live lane. What doesn't: the share of an hour (``lib/trends/collected.py``),
recording gaps (``collect/``).

Nothing but one look at the ledger is read where no gap is open. What an hour's trends were told is recorded with them (``consumed``):
gaps may be recorded, or filled, after an hour was sealed, and then it would be judged otherwise today.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.collect.gaps import read_gaps
from trend_assets.partitions import end_of_hour, hour_key, hours_between
from trend_assets.tables import TABLES
from trend_assets.tables.declaration import timestamp

if TYPE_CHECKING:
    from trend_assets.lake.lake import Lake

GAPS, COUNTS = "social/collection_gaps", TABLES["social/landing_counts"]
RECORDS_SCHEMA = pa.schema([("hour", timestamp), ("network", pa.string()), ("records", pa.int64())])
_DIGITS = 16
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Gaps:
    """Gaps of a span of hours, and the records that say how much each network usually brings in those that they touch."""

    first: datetime
    end: datetime
    gaps: pa.Table
    records: pa.Table
    days: tuple[datetime, ...] = ()

    @property
    def identity(self) -> str:
        """Changes where what would be told of some hour may change."""
        written = [self.gaps.select(["network", "begins_at", "ends_at", "backfilled_at"]), self.records]
        return hashlib.sha256(repr([table.to_pylist() for table in written]).encode()).hexdigest()[:_DIGITS]

    def shares(self) -> pa.Table:
        """``COLLECTED_SCHEMA`` of the hours of the span that were not collected whole."""
        from trend_assets.lib.trends.collected import collected_shares

        return collected_shares(self.gaps, self.records, self.first, self.end)

    def shares_until(self, hours: Sequence[datetime], as_of: datetime) -> pa.Table:
        """The same where the last of the span are the open ``hours``, moved in time so that they end at ``as_of``."""
        from trend_assets.lib.trends.collected import collected_shares, collected_until

        before = collected_shares(self.gaps, self.records, self.first, hours[0])
        return pa.concat_tables([before, collected_until(self.gaps, self.records, hours, as_of)])


def gaps_between(lake: Lake, first: datetime, end: datetime, before: Gaps | None = None) -> Gaps:
    """What was not collected of the hours in [first, end), both on the hour.

    before: an earlier answer; where the same days weigh the networks, what it knows of them is taken from it (a week of hourly partitions
    for each day with a gap is much to read every few seconds).
    """
    from trend_assets.lib.trends.collected import hours_with_gaps, usual_days

    gaps = read_gaps(lake, first, end)
    days = tuple(usual_days(hours_with_gaps(gaps, first, end)))
    if not days:
        return Gaps(first, end, gaps, RECORDS_SCHEMA.empty_table())
    if before is not None and before.days == days:
        return Gaps(first, end, gaps, before.records, days)
    keys = [hour_key(hour) for day in days for hour in hours_between(day, day + timedelta(days=1))]
    counted = lake.read(COUNTS, keys, columns=["hour", "landing_file", "outcome", "records"])
    posts = counted.filter(pc.is_in(counted["outcome"], value_set=pa.array(["post", "repost"])))
    network = pc.struct_field(pc.extract_regex(posts["landing_file"], r"^network=(?P<network>[^/]+)/"), "network")
    day = pc.floor_temporal(posts["hour"], unit="day")
    summed = pa.table({"hour": day, "network": network, "records": posts["records"]}).group_by(["hour", "network"])
    records = summed.aggregate([("records", "sum")]).rename_columns(["hour", "network", "records"])
    return Gaps(first, end, gaps, records.sort_by([("hour", "ascending"), ("network", "ascending")]).cast(RECORDS_SCHEMA), days)


def consumed(shares: pa.Table, keys: Sequence[str], past: timedelta) -> dict[str, dict[str, str]]:
    """By partition key the hash of the shares that its hour was judged with, those of the ``past`` before it too; none where all was."""
    found, rows = {}, shares.to_pylist()
    for key in keys:
        end = end_of_hour(key)
        used = [row for row in rows if end - _HOUR - past <= row["hour"] < end]
        if used:
            said = "\n".join(f"{row['hour'].isoformat()} {row['share']!r}" for row in used)
            found[key] = {GAPS: hashlib.sha256(said.encode()).hexdigest()[:_DIGITS]}
    return found
