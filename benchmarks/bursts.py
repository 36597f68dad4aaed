"""Burst detection on labelled real series: Numenta's mention volumes, ours beside two plain detectors.

    python -m benchmarks.bursts [--series FILE --windows FILE]    labelled series (protocol: trend_assets/lib/evaluation/bursts.py)
    python -m benchmarks.bursts --invented 40                     bursts planted in invented series, on which constants were chosen

What belongs here: printing the table, inventing series. What doesn't: the detectors and their scoring.

Invented series: five-minute counts under a daily and weekly rhythm, a level that wanders, overdispersion, and, as real ones have, a
heavy tail of single spikes that mean nothing; bursts of all lengths from 5 minutes to half a day are planted.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trend_assets.lib.evaluation.bursts import BUDGETS, evaluate_bursts


def invented(number: int, seed: int = 0, days: int = 42) -> tuple[pa.Table, pa.Table]:
    """``number`` series of ``days`` and the windows of the bursts planted in them, three each after the first week."""
    random = np.random.default_rng(seed)
    points = days * 288
    start = np.datetime64("2026-08-01T00:00:00")
    clock = start + np.arange(points) * np.timedelta64(300, "s")
    names: list[str] = []
    values, windows = [], []
    for one in range(number):
        mean = np.exp(random.uniform(np.log(3), np.log(80)))
        phase = 2 * np.pi * np.arange(points) / 288
        rhythm = np.exp(random.uniform(0.1, 0.7) * np.sin(phase + random.uniform(0, 6)))
        rhythm = rhythm * np.where(np.arange(points) // 288 % 7 >= 5, random.uniform(0.5, 1.2), 1.0)
        wander = np.exp(np.cumsum(random.normal(0, random.uniform(0.0, 0.012), points)))
        level = mean * rhythm * np.clip(wander, 0.2, 5.0)
        for place in np.flatnonzero(random.random(points) < random.uniform(0.0005, 0.004)).tolist():  # what means nothing
            height, length = (random.pareto(2.5) + 0.3) * 1.5, int(random.integers(1, 4))
            level[place : place + length] *= 1 + height
        for place in np.sort(random.integers(8 * 288, points - 288, 3)).tolist():
            length = int(np.exp(random.uniform(0, np.log(144))))
            height = random.uniform(6, 20) / np.sqrt(length) + random.uniform(0.5, 1.5)
            shape = height * np.exp(-3 * np.arange(3 * length) / (3 * length))
            reach = min(3 * length, points - place)
            level[place : place + reach] *= 1 + shape[:reach]
            windows.append((f"s{one:03d}", clock[max(place - 96, 0)], clock[min(place + 288, points - 1)]))
        size = 1 / random.uniform(0.03, 0.4)
        values.append(random.negative_binomial(size, size / (size + level)))
        names += [f"s{one:03d}"] * points
    series = pa.table({"series": names, "at": pa.array(np.tile(clock, number)), "value": np.concatenate(values)})
    rows = [pa.array([row[0] for row in windows])] + [pa.array([row[place] for row in windows]) for place in (1, 2)]
    return series, pa.table(rows, names=["series", "start", "end"])


def main() -> None:
    """Print one row per detector."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--series", type=Path, default=shared / "mention_volume_nab_2015.parquet")
    parser.add_argument("--windows", type=Path, default=shared / "mention_volume_nab_windows.parquet")
    parser.add_argument("--invented", type=int, default=0, help="so many invented series instead of a file")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.invented:
        series, windows = invented(arguments.invented, arguments.seed)
    else:
        series, windows = pq.read_table(arguments.series), pq.read_table(arguments.windows)
    result = evaluate_bursts(series, windows, peers=True)
    total = result["windows"]
    print(f"{total} labelled windows; hits / false alarms per series-day, then hits with the threshold moved to a budget of false alarms")
    print(f"{'detector':34}{'as it is':>16}" + "".join(f"{f'{budget}/day':>10}" for budget in BUDGETS))
    for title, row in {"ours": result, **result["peers"]}.items():
        cells = "".join(f"{f'{hit}/{total}':>10}" for hit in row["at_budget"].values())
        usual = f"{row['hit']}/{total}  {row['false_alarms_per_series_day']:.2f}"
        print(f"{title:34}{usual:>16}{cells}")


if __name__ == "__main__":
    main()
