"""Terms that break out by hourly counts: the table's judgement beside the collector's, on labelled series summed by the hour.

    python -m benchmarks.term_bursts --invented 40          bursts planted in invented series (benchmarks/bursts.py)
    python -m benchmarks.term_bursts                        Numenta's mention volumes, where the shared data are

Each series is a term that is counted every hour, its first week at once; all terms are one list with one budget of alarms. The table is
``lib/trends/term_bursts``, the collector's own rule ``collect/x/portfolio.breaks_out``, which sees the last 168 hours of one term.

What belongs here: summing, replaying, counting hits and false alarms. What doesn't: the methods.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.bursts import invented
from trend_assets.collect.x.portfolio import breaks_out
from trend_assets.lib.evaluation.bursts import LabelledSeries, read_series
from trend_assets.lib.trends.term_bursts import term_bursts
from trend_assets.tables.collection import TERM_COUNTS

HOUR = timedelta(hours=1)
WEEK = 168
ONE_ALARM_HOURS = 6
"""Break-outs of a term within so many hours are one alarm."""

Hourly = Mapping[str, dict[datetime, int]]


def hourly(labelled: list[LabelledSeries]) -> Hourly:
    """Posts of each whole hour of each series; an hour without an observation is a hole."""
    found = {}
    for one in labelled:
        hours = one.times.astype("datetime64[h]")
        starts, places = np.unique(hours, return_inverse=True)
        sums = np.bincount(places, weights=one.counts)
        found[one.name] = {
            start.astype("datetime64[s]").item().replace(tzinfo=UTC): int(posts) for start, posts in zip(starts, sums, strict=True)
        }
    return found


def landed(series: Hourly) -> pa.Table:
    """The counts as they would have landed: a week with the first request, then each hour in the hour after it."""
    rows = []
    for name, counts in series.items():
        first = min(counts) + WEEK * HOUR
        for line, (start, posts) in enumerate(sorted(counts.items())):
            hour = max(start + HOUR, first)
            row = {"hour": hour, "network": "x", "source": "x", "term": name, "query": name, "begins_at": start, "ends_at": start + HOUR}
            rows.append(row | {"posts": posts, "counted_at": hour + HOUR / 30, "landing_file": name, "landing_line": line})
    return TERM_COUNTS.from_rows(rows)


def of_table(series: Hourly) -> dict[str, set[datetime]]:
    """Hours in which each term breaks out in the table, of those judged when they were new."""
    counts = landed(series)
    rows = term_bursts(counts, sorted(set(counts["hour"].to_pylist()))).to_pylist()
    found: dict[str, set[datetime]] = {name: set() for name in series}
    for row in rows:
        if row["breaks_out"] and row["hour"] - row["begins_at"] == HOUR:
            found[row["term"]].add(row["begins_at"])
    return found


def of_collector(series: Hourly) -> dict[str, set[datetime]]:
    """Hours in which the collector would buy a sample of each term."""
    found = {}
    for name, counts in series.items():
        starts = sorted(counts)
        values = [counts[start] for start in starts]
        found[name] = {starts[place] for place in range(WEEK, len(starts)) if breaks_out(values[place - WEEK : place + 1])}
    return found


def scored(labelled: list[LabelledSeries], series: Hourly, out: Mapping[str, set[datetime]]) -> tuple[int, int, float]:
    """Windows that begin after the first week with a break-out in them, how many there are, false alarms a series-day."""
    hit = windows = false = 0
    days = 0.0
    for one in labelled:
        first = min(series[one.name]) + WEEK * HOUR
        days += (max(series[one.name]) - first) / timedelta(days=1)
        bounds = [tuple(moment.astype("datetime64[s]").item().replace(tzinfo=UTC) for moment in window) for window in one.windows]
        inside = {hour for hour in out[one.name] for start, end in bounds if start - HOUR < hour <= end}
        later = [(start, end) for start, end in bounds if start >= first]
        windows += len(later)
        hit += sum(any(start - HOUR < hour <= end for hour in out[one.name]) for start, end in later)
        last = None
        for hour in sorted(out[one.name] - inside):
            false += last is None or hour - last > ONE_ALARM_HOURS * HOUR
            last = hour
    return hit, windows, false / days


def main() -> None:
    """Print one row per judge, how they agree, and the cost of a judgement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--series", type=Path, default=shared / "mention_volume_nab_2015.parquet")
    parser.add_argument("--windows", type=Path, default=shared / "mention_volume_nab_windows.parquet")
    parser.add_argument("--invented", type=int, default=0, help="so many invented series instead of a file")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    tables = (
        invented(arguments.invented, arguments.seed)
        if arguments.invented
        else (pq.read_table(arguments.series), pq.read_table(arguments.windows))
    )
    labelled = read_series(*tables)
    series = hourly(labelled)
    started = time.process_time()
    table = of_table(series)
    judged = sum(max(len(counts) - WEEK, 0) for counts in series.values())
    cost = (time.process_time() - started) / max(judged, 1)
    collector = of_collector(series)
    print(f"{len(series)} terms, {judged:,} hours judged")
    for title, out in {"table term_bursts": table, "the collector's break_out": collector}.items():
        hit, windows, false = scored(labelled, series, out)
        hours = sum(map(len, out.values()))
        print(f"{title:28}{hit} of {windows} windows, {false:.3f} false alarms a term-day, {hours} hours break out")
    both = sum(len(table[name] & collector[name]) for name in series)
    print(f"sampled in the same hour: {both} of {sum(map(len, table.values()))} hours that break out in the table")
    print(f"{1e3 * cost:.2f} core-ms a term and hour")


if __name__ == "__main__":
    main()
