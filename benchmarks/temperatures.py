"""Ways to fit the temperature and the threshold of abstention, and what each makes of probabilities that nothing was fitted on.

    python -m benchmarks.temperatures [--airline FILE] [--network]

What belongs here: data and the table. What doesn't: the temperature (``lib/learning/calibration.py``), the models (``lib/learning/tasks``).
Nothing of the file is stored.

The model learns from all training examples. Its temperature is fitted on: nothing (1); examples of the newest quarter by a model of the
others (``quarter``); all examples, each by a model of the folds without its author (``folds``: three or five).
town: opinions of the simulated town, development family; development and evaluation family judged; categories and reasons of complaints
that a full town writes, by time. airline: columns text, airline_sentiment, negativereason, created_at, author_screen_name; the last 30 %
by time judged, without earlier authors and texts. Small sets are drawn several times and their figures averaged. network: the
convolutional network too, on reasons of complaints.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks import text_networks
from trend_assets.lib.learning import splits
from trend_assets.lib.learning.calibration import LEAST_EXAMPLES, Thresholds, cooled, fit_thresholds, less_sure
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.discovery import load_task
from trend_assets.lib.learning.metrics import evaluate_slices
from trend_assets.lib.learning.out_of_fold import out_of_fold
from trend_assets.lib.learning.search import INNER_SHARE

COLUMNS = ("network", "post_id", "author", "created_at", "language", "near_duplicate_key", "clean_text", "label")


class AirlineReason(type(load_task("complaint_reason"))):  # type: ignore[misc]
    """The task of complaints with the reasons of the airline file."""

    labels = (
        "Bad Flight", "Can't Tell", "Cancelled Flight", "Customer Service Issue", "Damaged Luggage", "Flight Attendant Complaints",
        "Flight Booking Problems", "Late Flight", "longlines", "Lost Luggage",
    )  # fmt: skip


def ways(task: Task, train: pa.Table, options: Mapping[str, Any]) -> dict[str, tuple[Thresholds, float]]:
    """Thresholds and CPU seconds of each way."""
    truth = np.array([task.labels.index(label) for label in train["label"].to_pylist()])
    found = {"none": (Thresholds(), 0.0)}
    started = time.process_time()
    sides = splits.sides_of(train, INNER_SHARE)
    inner, held = sides == splits.TRAIN, sides == splits.EVALUATION
    model = task.train(train.filter(pa.array(inner)), options)
    told = task.predict(model, train.filter(pa.array(held)).select(list(task.features)))
    found["quarter"] = (fit_thresholds(truth[held], told), time.process_time() - started)
    for folds in (3, 5):
        started = time.process_time()
        again = out_of_fold(task, train, options, folds)
        assert again is not None
        found[f"{folds} folds"] = (fit_thresholds(truth, again), time.process_time() - started)
        both = less_sure(found["quarter"][0], truth, again) if held.sum() >= LEAST_EXAMPLES else found["quarter"][0]
        found[f"quarter, not surer than {folds} folds"] = (both, found["quarter"][1] + found[f"{folds} folds"][1])
    return found


def compared(name: str, task: Task, options: Mapping[str, Any], trains: list[pa.Table], helds: Mapping[str, pa.Table]) -> None:
    """A row for each way and judged set: means over the training sets."""
    sums: dict[tuple[str, str], list[list[float]]] = {}
    for train in trains:
        fitted = ways(task, train, options)
        model = task.train(train, options)
        for which, held in helds.items():
            truth = np.array([task.labels.index(label) for label in held["label"].to_pylist()])
            given = task.predict(model, held.select(list(task.features)))
            for way, (thresholds, seconds) in fitted.items():
                shown = cooled(given, thresholds.temperature)
                loss = float(-np.log(np.maximum(shown[np.arange(len(truth)), truth], 1e-12)).mean())
                error = evaluate_slices(truth, shown, {"all": np.ones(len(truth), dtype=bool)})[0].values["calibration_error"]
                right, sure = shown.argmax(axis=1) == truth, shown.max(axis=1) >= thresholds.abstain_below
                kept = float(right[sure].mean()) if sure.any() else float("nan")
                row = [error, loss, thresholds.temperature, 1 - sure.mean(), kept, seconds]
                sums.setdefault((which, way), []).append([float(value) for value in row])
    for (which, way), rows in sums.items():
        error, loss, temperature, abstained, kept, seconds = np.nanmean(np.array(rows), axis=0)
        print(
            f"| {name}, {trains[0].num_rows:,} × {len(trains)} | {which} | {way} | {error:.3f} | {loss:.3f} | {temperature:.2f} | "
            f"{abstained:.1%} | {kept:.3f} | {seconds:.1f} |",
            flush=True,
        )


def town() -> None:
    """Sentiment of opinions."""
    from trend_assets_tests.lib.learning.opinions import opinion_posts

    def made(count: int, seed: int, family: str = "development") -> pa.Table:
        posts = opinion_posts(count, seed=seed, family=family)  # type: ignore[arg-type]
        return posts.append_column("label", posts["sentiment"]).select(COLUMNS)

    helds = {"development": made(1_500, 2), "evaluation family": made(1_500, 2, "evaluation")}
    task = load_task("sentiment")
    for count, times in ((60, 8), (150, 6), (600, 3), (1_800, 1)):
        compared("town, sentiment", task, task.default_options, [made(count, 10 + number) for number in range(times)], helds)
    for family in ("development", "evaluation"):
        for name, rows in text_networks.town(family).items():
            table = pa.table(
                {
                    "network": ["x"] * len(rows),
                    "post_id": [str(number) for number in range(len(rows))],
                    "author": [author for _, _, author in rows],
                    "created_at": pa.array(range(len(rows)), pa.timestamp("us", tz="UTC")),
                    "language": ["en"] * len(rows),
                    "near_duplicate_key": [zlib.crc32(text.lower().encode()) for text, _, _ in rows],
                    "clean_text": [text for text, _, _ in rows],
                    "label": [label for _, label, _ in rows],
                }
            )
            train, held = parted(table)
            parts = [train.slice(0, count) for count in (200, train.num_rows)]
            for part in parts:
                compared(f"town, {family} family: {name}, linear", load_task(name), {"method": "linear"}, [part], {"later": held})


def parted(table: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Training examples, and the last 30 % by time without their authors and texts."""
    sides = splits.sides_of(table, 0.3)
    train, held = (table.filter(pc.equal(pa.array(sides), side)) for side in (splits.TRAIN, splits.EVALUATION))
    return train, held


def airline(file: Path, network: bool) -> None:
    """Sentiment of tweets, and reasons of complaints."""
    rows = [row for row in pq.read_table(file).to_pylist() if row["text"] and row["created_at"] and row["author_screen_name"]]
    rows.sort(key=lambda row: row["created_at"])

    def of(column: str) -> pa.Table:
        chosen = [row for row in rows if row[column] and (column == "airline_sentiment" or row["airline_sentiment"] == "negative")]
        return pa.table(
            {
                "network": ["x"] * len(chosen),
                "post_id": [str(number) for number in range(len(chosen))],
                "author": [row["author_screen_name"] for row in chosen],
                "created_at": pa.array([row["created_at"] for row in chosen]).cast(pa.timestamp("us", tz="UTC")),
                "language": ["en"] * len(chosen),
                "near_duplicate_key": [zlib.crc32(row["text"].lower().encode()) for row in chosen],
                "clean_text": [row["text"] for row in chosen],
                "label": [row[column] for row in chosen],
            }
        )

    reasons = AirlineReason()
    chosen: list[tuple[str, Task, Mapping[str, Any], str, tuple[tuple[int, int], ...]]]
    chosen = [("sentiment", load_task("sentiment"), {"affect": True}, "airline_sentiment", ((60, 8), (200, 6), (800, 3), (4_000, 1)))]
    chosen += [("reason, linear", reasons, {"method": "linear"}, "negativereason", ((300, 4), (2_500, 1)))]
    if network:
        chosen += [("reason, network", reasons, {"method": "cnn"}, "negativereason", ((300, 2), (2_500, 1)))]
    for name, task, options, column, sizes in chosen:
        table = of(column)
        train, held = parted(table)
        for count, times in sizes:
            drawn = [
                np.sort(np.random.default_rng(number).choice(train.num_rows, min(count, train.num_rows), replace=False))
                for number in range(times)
            ]
            compared(f"airline, {name}", task, options, [train.take(pa.array(places)) for places in drawn], {"later": held})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--airline", type=Path)
    parser.add_argument("--network", action="store_true")
    arguments = parser.parse_args()
    print(
        "| examples | judged on | temperature by | calibration error | log-loss | temperature | abstained | accuracy of the rest | CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    town()
    if arguments.airline:
        airline(arguments.airline, arguments.network)


if __name__ == "__main__":
    main()
