"""How much of each hour was collected: a gap is not a drop.

What belongs here: from gaps of networks to the collected share of hours. What doesn't: the ledger of gaps (``collect/gaps.py``), sums over
windows (``history.Collected``), what a share does to a statistic (``cycles``, ``expectations``, ``stages``, ``forecast``).

The share of an hour is what is left of it when the union of its gaps is taken out, network by network, each weighing as much as it
usually brings. It enters the statistics as an exposure does in Poisson regression (McCullagh & Nelder, Generalized Linear Models, 1989,
section 6.3): a rate is posts over hours *collected*. A gap says that posts may be missing, not that all are, so a share only ever lowers
what an hour is expected to bring; posts that came all the same still count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.trends.history import PARTS, hour_number, hour_start
from trend_assets.tables.declaration import timestamp

COLLECTED_SCHEMA = pa.schema([("hour", timestamp), ("share", pa.float64())])
"""Hours of which a part was not collected; an hour without a row was collected whole."""
USUAL_DAYS, USUAL_UNTIL_DAYS = 8, 1
"""A network's usual weight in a day's hours: its records in the seven days that end a day before. Whole days that are long sealed, so
that both lanes and every range of hours find the same."""

_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
Interval = tuple[datetime, datetime]


def usual_days(hours: Iterable[datetime]) -> list[datetime]:
    """Starts of the days whose records say how much each network usually brings in these hours."""
    days = {hour.replace(hour=0, minute=0, second=0, microsecond=0) for hour in hours}
    return sorted({day - timedelta(days=back) for day in days for back in range(USUAL_UNTIL_DAYS + 1, USUAL_DAYS + 1)})


def hours_with_gaps(gaps: pa.Table, first: datetime, end: datetime) -> list[datetime]:
    """Hours in [first, end) that a gap touches which nobody has filled; ``gaps`` as in ``collected_shares``."""
    found: set[datetime] = set()
    for intervals in _open_intervals(gaps, first, end).values():
        for begin, stop in intervals:
            start = hour_start(hour_number(begin))
            while start < stop:
                found.add(start)
                start += _HOUR
    return sorted(found)


def collected_shares(gaps: pa.Table, records: pa.Table, first: datetime, end: datetime) -> pa.Table:
    """The hours in [first, end) that were not collected whole, with the share that was: ``COLLECTED_SCHEMA``, in time order.

    gaps: ``network``, ``begins_at``, ``ends_at``, ``backfilled_at`` (null: still missing). records: ``hour``, ``network``, ``records`` of
    the days that ``usual_days`` names, any more are left aside. A network that brought nothing in those days weighs nothing; where none
    brought anything, the networks with a gap in the hour count alone.
    Complexity: O(gaps log gaps + hours touched x networks).
    """
    intervals = _open_intervals(gaps, first, end)
    usual = _records_of_days(records)
    rows = []
    for hour in hours_with_gaps(gaps, first, end):
        missing = {network: seconds for network, of in intervals.items() if (seconds := _overlap(of, hour, hour + _HOUR)) > 0}
        weights: dict[str, int] = defaultdict(int)
        for day in usual_days([hour]):
            for network, count in usual.get(day, {}).items():
                weights[network] += count
        total = sum(weights.values())
        if total:
            lost = sum(seconds * weights.get(network, 0) for network, seconds in missing.items()) / total
        else:
            lost = sum(missing.values()) / max(len(missing), 1)
        if lost > 0:
            rows.append({"hour": hour, "share": max(1.0 - lost / PARTS, 0.0)})
    return pa.Table.from_pylist(rows, COLLECTED_SCHEMA)


def collected_until(gaps: pa.Table, records: pa.Table, hours: Sequence[datetime], as_of: datetime) -> pa.Table:
    """As ``collected_shares`` for ``hours`` moved in time so that the last ends at ``as_of``: what the live lane counts (``lib/live``)."""
    if not hours:
        return COLLECTED_SCHEMA.empty_table()
    forward = hours[-1] + _HOUR - as_of
    moved = gaps.select(["network", "begins_at", "ends_at", "backfilled_at"])
    for name in ("begins_at", "ends_at"):
        place = moved.schema.get_field_index(name)
        moved = moved.set_column(place, moved.schema.field(name), pc.add(moved[name], pa.scalar(forward, pa.duration("us"))))
    return collected_shares(moved, records, hours[0], hours[-1] + _HOUR)


def _open_intervals(gaps: pa.Table, first: datetime, end: datetime) -> dict[str, list[Interval]]:
    """By network the union of the gaps that nobody has filled, cut to [first, end)."""
    found: dict[str, list[Interval]] = defaultdict(list)
    rows = gaps.select(["network", "begins_at", "ends_at"]).filter(pc.is_null(gaps["backfilled_at"])).to_pylist()
    for row in sorted(rows, key=lambda row: (row["network"], row["begins_at"], row["ends_at"])):
        begin, stop = max(row["begins_at"], first), min(row["ends_at"], end)
        if begin >= stop:
            continue
        of_network = found[row["network"]]
        if of_network and begin <= of_network[-1][1]:
            of_network[-1] = (of_network[-1][0], max(of_network[-1][1], stop))
        else:
            of_network.append((begin, stop))
    return found


def _overlap(intervals: Sequence[Interval], start: datetime, stop: datetime) -> int:
    """Whole seconds of [start, stop) that disjoint intervals cover."""
    covered = sum((max(min(end, stop) - max(begin, start), timedelta()) for begin, end in intervals), timedelta())
    return round(covered / _SECOND)


def _records_of_days(records: pa.Table) -> dict[datetime, dict[str, int]]:
    """Records by day and network."""
    if not records.num_rows:
        return {}
    day = pc.floor_temporal(records["hour"], unit="day")
    summed = pa.table({"day": day, "network": records["network"], "records": records["records"]})
    summed = summed.group_by(["day", "network"]).aggregate([("records", "sum")])
    found: dict[datetime, dict[str, int]] = defaultdict(dict)
    for row in summed.to_pylist():
        found[row["day"]][row["network"]] = row["records_sum"]
    return found
