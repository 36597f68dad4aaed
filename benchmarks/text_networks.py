"""The convolutional network beside the linear classifier: category and reason of complaint on a town, reasons on airline tweets.

    python -m benchmarks.text_networks [--airline FILE]

What belongs here: data and the table. What doesn't: the tasks (``lib/learning/tasks``), the gate. Nothing of the file is stored.

town: the labels that a full town of 30 days and 200,000 posts writes, with the labeller's mistakes, of both families; the last 30 % by time
are judged, without authors of the earlier ones. airline: columns text, airline_sentiment, negativereason, created_at, author_screen_name;
complaints by their reason, split alike.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from trend_assets.lib.learning import metrics
from trend_assets.lib.learning.store import model_to_files
from trend_assets.lib.learning.text_classifier import fit_text_classifier, probabilities
from trend_assets.lib.learning.text_network import fit_text_network, network_probabilities
from trend_assets.lib.simulation.delivery import Town
from trend_assets.lib.simulation.hand_labels import category_labels, complaint_labels
from trend_assets.lib.simulation.planted import Family
from trend_assets.lib.simulation.posts import DayOfPosts
from trend_assets.lib.simulation.town import TownParameters

HELD = 0.3
Row = tuple[str, str, str]
"""Text, label, author."""


class _Heard:
    """A composer that keeps the texts of the day, for the truth holds none."""

    def __init__(self, composer: Any) -> None:
        self._composer, self.texts = composer, list[str]()

    def compose(self, day: int, posts: DayOfPosts) -> list[str]:
        """As the composer's."""
        self.texts = self._composer.compose(day, posts)
        return self.texts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._composer, name)


def town(family: Family) -> dict[str, list[Row]]:
    """Labelled posts of a town by task, in order of time."""
    parameters = TownParameters(days=30, posts=200_000, family=family, size="full")
    made = Town(parameters)
    heard = made._composer = _Heard(made._composer)  # type: ignore[assignment]
    found: dict[str, list[Row]] = {"post_category": [], "complaint_reason": []}
    for day in range(parameters.days):
        _, truth = made.deliver(day)
        ids, authors = truth["post_id"].to_pylist(), truth["author_id"].to_pylist()
        known = {post: (text, author) for post, text, author in zip(ids, heard.texts, authors, strict=False)}  # edits follow
        for task, labels in (("post_category", category_labels), ("complaint_reason", complaint_labels)):
            found[task] += [(known[row["post_id"]][0], row["label"], known[row["post_id"]][1]) for row in labels(parameters, day, truth)]
    return found


def airline(file: Path) -> list[Row]:
    """Complaints to airlines with their reason, in order of time."""
    rows = [row for row in pq.read_table(file).to_pylist() if row["airline_sentiment"] == "negative" and row["negativereason"]]
    rows = [row for row in rows if row["text"] and row["created_at"] and row["author_screen_name"]]
    rows.sort(key=lambda row: row["created_at"])
    return [(row["text"], row["negativereason"], row["author_screen_name"]) for row in rows]


def compared(name: str, rows: Sequence[Row]) -> None:
    """Print a row of the table for each method."""
    cut = int(len(rows) * (1.0 - HELD))
    taught = rows[:cut]
    authors, texts = {author for _, _, author in taught}, {text.lower() for text, _, _ in taught}
    held = [row for row in rows[cut:] if row[2] not in authors and row[0].lower() not in texts]
    classes = sorted({label for _, label, _ in rows})
    truth = np.array([classes.index(label) for _, label, _ in held])
    shares = [sum(label == one for _, label, _ in taught) / len(taught) for one in classes]
    common = metrics.evaluate(truth, metrics.majority(shares, len(held)), np.full(len(held), "all"), 1)[0].values["macro_f1"]
    for method in ("cnn", "linear"):
        started = time.process_time()
        if method == "cnn":
            model: Any = fit_text_network([row[0] for row in taught], [row[1] for row in taught], classes, [row[2] for row in taught])
            told = network_probabilities
        else:
            model = fit_text_classifier([row[0] for row in taught], [row[1] for row in taught], [row[2] for row in taught])
            told = probabilities
        trained = time.process_time() - started
        told(model, [row[0] for row in held[:20]], classes)
        started = time.process_time()
        predicted = told(model, [row[0] for row in held], classes)
        speed = len(held) / max(time.process_time() - started, 1e-6)
        values = metrics.evaluate(truth, predicted, np.full(len(held), "all"), 1)[0].values
        size = sum(map(len, model_to_files(model).values())) / 2**20
        print(
            f"| {name} | {method} | {len(taught):,} · {len(held):,} | {values['macro_f1']:.3f} ({values['macro_f1_low']:.3f} to "
            f"{values['macro_f1_high']:.3f}) | {common:.3f} | {values['calibration_error']:.3f} | "
            f"{trained:.1f} | {speed:,.0f} | {size:.1f} |",
            flush=True,
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--airline", type=Path)
    arguments = parser.parse_args()
    print("| posts | method | to train · judged | macro F1 (90 %) | majority | calibration error | CPU s to train | posts/s a core | MiB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for family in ("development", "evaluation"):
        for task, rows in town(family).items():  # type: ignore[arg-type]
            compared(f"town, {family} family: {task}", rows)
    if arguments.airline:
        compared("airline tweets: reason", airline(arguments.airline))


if __name__ == "__main__":
    main()
