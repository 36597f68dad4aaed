"""Burst detection on labelled real series: Numenta's mention volumes, ours beside two plain detectors.

What belongs here: scoring of single-series detectors against labelled windows. What doesn't: the detectors' use on
topics (``rank_trends`` is tested on planted bursts), other benchmarks.

Run: ``python -m benchmarks.bursts --series FILE --windows FILE``. Series: columns timestamp, value and one naming the
series; windows: that column, window_start, window_end (Numenta Anomaly Benchmark, Lavin & Ahmad 2015).

Protocol: a window is hit when an observation over the threshold lies in it. Observations over the threshold outside
all windows are false; after one is counted the next six hours are silent (one event, one alarm), so a detector that
never stops raises four a day. Every detector sees only the past. Each is shown at its own
conventional threshold, then with thresholds moved until it raises a given number of false alarms: the fair comparison.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from trend_assets.lib.trends.bursts import burst_scores, deviance_residual

SILENCE = np.timedelta64(6, "h")
BUDGETS = (0.1, 0.2, 0.5, 1.0)
Series = dict[str, tuple[np.ndarray, np.ndarray]]
Windows = dict[str, list[tuple[np.datetime64, np.datetime64]]]
Detector = Callable[[np.ndarray, np.ndarray], np.ndarray]


def ours(counts: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Signed deviance residual of the overdispersed, cycle-corrected expectation."""
    return burst_scores(counts, times).z


def robust_z(counts: np.ndarray, times: np.ndarray, window: int = 288) -> np.ndarray:
    """(count - median) / (1.4826 MAD, at least 1) over the trailing day, the usual first thing to try."""
    del times
    result = np.zeros(counts.size)
    for now in range(1, counts.size):
        past = counts[max(0, now - window) : now]
        middle = np.median(past)
        result[now] = (counts[now] - middle) / max(1.4826 * float(np.median(np.abs(past - middle))), 1.0)
    return result


def poisson(counts: np.ndarray, times: np.ndarray, window: int = 288) -> np.ndarray:
    """Signed root of the Poisson deviance against the mean of the trailing day."""
    del times
    before = np.concatenate([[0.0], np.cumsum(counts)])
    now = np.arange(counts.size)
    start = np.maximum(now - window, 0)
    mean = (before[now] - before[start] + 0.5) / np.maximum(now - start, 1)
    return deviance_residual(counts, mean, np.full(counts.size, 1e9))


DETECTORS: dict[str, tuple[Detector, float]] = {
    "ours (negative binomial, cycle)": (ours, 4.0),
    "trailing robust z-score": (robust_z, 4.0),
    "Poisson, trailing day": (poisson, 4.0),
}


def score(series: Series, windows: Windows, z: dict[str, np.ndarray], threshold: float) -> tuple[int, float]:
    """Windows hit, and false alarms per series-day, over all series at one threshold."""
    hit, false, days = 0, 0, 0.0
    for name, (times, _) in series.items():
        days += (times[-1] - times[0]) / np.timedelta64(1, "D")
        over = times[z[name] >= threshold]
        inside = np.zeros(over.size, dtype=bool)
        for start, stop in windows.get(name, []):
            within = (over >= start) & (over <= stop)
            hit += bool(within.any())
            inside |= within
        silent_until = times[0]
        for moment in over[~inside]:
            if moment >= silent_until:
                false += 1
                silent_until = moment + SILENCE
    return hit, false / days


def at_budget(series: Series, windows: Windows, z: dict[str, np.ndarray], budget: float) -> tuple[int, float]:
    """Windows hit at the lowest threshold with at most ``budget`` false alarms per series-day, and that threshold."""
    candidates = np.unique(np.round(np.concatenate([values[values > 2] for values in z.values()]), 2))
    low, high = 0, candidates.size - 1
    while low < high:  # false alarms fall as the threshold rises, but for the silence after one
        middle = (low + high) // 2
        if score(series, windows, z, float(candidates[middle]))[1] <= budget:
            high = middle
        else:
            low = middle + 1
    threshold = float(candidates[low])
    return score(series, windows, z, threshold)[0], threshold


def main() -> None:
    """Print one row per detector."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shared = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--series", type=Path, default=shared / "mention_volume_nab_2015.parquet")
    parser.add_argument("--windows", type=Path, default=shared / "mention_volume_nab_windows.parquet")
    parser.add_argument("--by", default="ticker", help="column that names the series")
    arguments = parser.parse_args()
    table = pq.read_table(arguments.series)
    names = np.array(table[arguments.by].to_pylist())
    times, counts = table["timestamp"].to_numpy().astype("datetime64[s]"), table["value"].to_numpy().astype(np.float64)
    series: Series = {}
    for name in sorted(set(names.tolist())):
        order = np.argsort(times[names == name], kind="stable")
        series[name] = times[names == name][order], counts[names == name][order]
    windows: Windows = {}
    for row in pq.read_table(arguments.windows).to_pylist():
        windows.setdefault(row[arguments.by], []).append((np.datetime64(row["window_start"], "s"), np.datetime64(row["window_end"], "s")))
    total = sum(len(value) for value in windows.values())
    print(f"{len(series)} series, {total} labelled windows; hits / false alarms per series-day")
    print(f"{'detector':34}{'z >= 4':>16}" + "".join(f"{f'at {budget}/day':>18}" for budget in BUDGETS))
    for title, (detector, usual) in DETECTORS.items():
        z = {name: detector(counts, times) for name, (times, counts) in series.items()}
        hit, false = score(series, windows, z, usual)
        cells = [f"{hit}/{total}  {false:.2f}"]
        for budget in BUDGETS:
            found, threshold = at_budget(series, windows, z, budget)
            cells.append(f"{found}/{total} (z>{threshold:.1f})")
        print(f"{title:34}{cells[0]:>16}" + "".join(f"{cell:>18}" for cell in cells[1:]))


if __name__ == "__main__":
    main()
