"""Throughput of the lake: publish, publish again, read, split a month of hourly partitions of raw posts.

What belongs here: timing of ``trend_assets.lake.lake`` on a local folder. Run: ``python benchmarks/lake.py [partitions] [rows]``.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from trend_assets.lake.lake import Lake
from trend_assets.tables import TABLES

TABLE = TABLES["social/raw_posts"]
START = datetime(2026, 9, 1, tzinfo=UTC)


def posts(partitions: int, rows: int, seed: int = 1) -> pa.Table:
    """Made-up posts, uniform over the hours, in random order of time."""
    random = np.random.default_rng(seed)
    count = partitions * rows
    words = np.array([f"word{number}" for number in range(5000)])
    text = pa.array([" ".join(words[chosen]) for chosen in random.integers(0, len(words), (count, 15))])
    created = pa.array(int(START.timestamp() * 1e6) + random.integers(0, partitions * 3600 * 10**6, count)).cast(
        TABLE.column("created_at").type
    )
    strings = pa.array([f"{number:016x}" for number in random.integers(0, 10**6, count)])
    columns: dict[str, pa.Array] = {}
    for column in TABLE.columns:
        if column.name == "post_id":
            columns[column.name] = pa.array([str(10**18 + number) for number in range(count)])
        elif column.name == "text":
            columns[column.name] = text
        elif column.allowed:
            columns[column.name] = pa.array(np.array(column.allowed)[random.integers(0, len(column.allowed), count)])
        elif pa.types.is_timestamp(column.type):
            columns[column.name] = created
        elif pa.types.is_list(column.type):
            columns[column.name] = pa.ListArray.from_arrays(np.arange(count + 1, dtype=np.int32), strings)
        elif pa.types.is_integer(column.type):
            columns[column.name] = pa.array(random.integers(0, 1000, count))
        else:
            columns[column.name] = strings
    return TABLE.conform(pa.table(columns))


@contextmanager
def _timed(results: dict[str, float], name: str) -> Iterator[None]:
    started, started_cpu = time.perf_counter(), time.process_time()
    yield
    results[name] = round(time.perf_counter() - started, 3)
    results[f"{name}, CPU"] = round(time.process_time() - started_cpu, 3)


def main(partitions: int = 720, rows: int = 300) -> dict[str, float]:
    """Seconds of each step, by the clock and of CPU (on a busy machine only the second can be compared)."""
    keys = [(START + timedelta(hours=hour)).strftime("%Y-%m-%d-%H:00") for hour in range(partitions)]
    data = posts(partitions, rows)
    results: dict[str, float] = {"partitions": partitions, "rows": data.num_rows}
    steps: dict[str, Callable[[], object]] = {}
    with tempfile.TemporaryDirectory() as root:
        lake = Lake(root)
        with _timed(results, "split"):
            parts = lake.split(TABLE, data, keys)
        steps["publish"] = lambda: lake.publish(TABLE, parts, inputs={"landing": "1"})
        steps["publish the same again"] = steps["publish"]
        steps["list partitions"] = lambda: lake.partitions(TABLE)
        steps["read"] = lambda: lake.read(TABLE)
        steps["read three columns"] = lambda: lake.read(TABLE, keys, columns=["post_id", "created_at", "text"])
        steps["read 720 absent partitions"] = lambda: lake.read(TABLES["social/clean_posts"], keys)
        empty = dict.fromkeys(keys, TABLES["social/clean_posts"].empty())
        steps["publish 720 empty partitions"] = lambda: lake.publish(TABLES["social/clean_posts"], empty)
        steps["read 720 empty partitions"] = lambda: lake.read(TABLES["social/clean_posts"], keys)
        for name, step in steps.items():
            with _timed(results, name):
                step()
    return results


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:])), indent=1))
