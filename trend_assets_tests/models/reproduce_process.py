"""Trains every model small on generated data and prints a hash of each as JSON: ``python -m trend_assets_tests.models.reproduce_process``.

What belongs here: generated examples for any task, hashes of what was trained. What doesn't: comparing processes
(``test_reproducible.py``), which is why it is a program of its own.
"""

from __future__ import annotations

import hashlib
import json
import sys

import numpy as np
import pyarrow as pa

from trend_assets.lib.demand.forecasts import DemandModel, ModelOptions, Rows, train
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.discovery import load_task, tasks
from trend_assets.lib.learning.search import search_options
from trend_assets.lib.learning.store import model_to_files
from trend_assets.lib.learning.threads import one_thread
from trend_assets.models.training import model_hash
from trend_assets_tests.lib.learning.opinions import opinion_posts

EXAMPLES, TRIALS = 160, 2
HINTS = ("one lovely", "two broke", "three asking", "four parcel", "five size", "six queue", "seven rain", "eight match")


def examples(task: Task) -> pa.Table:
    """Generated posts with the task's labels: the town's own sentences, and words that tell the label."""
    posts = opinion_posts(EXAMPLES, seed=3)
    draw = np.random.default_rng(5)
    code = draw.integers(0, len(task.labels), EXAMPLES).tolist()
    texts = [f"{HINTS[one % len(HINTS)]} {text}" for one, text in zip(code, posts["clean_text"].to_pylist(), strict=True)]
    posts = posts.set_column(posts.column_names.index("clean_text"), "clean_text", pa.array(texts))
    return posts.append_column("label", pa.array([task.labels[one] for one in code]))


def task_hashes(name: str) -> dict[str, str]:
    """Hashes of the classical baseline, of the options and thresholds that a search chose, and of the contender."""
    task = load_task(name)
    rows = examples(task)
    with one_thread():
        search = search_options(task, rows, TRIALS, 600)
        model, baseline = task.train(rows, search.options), task.train_baseline(rows)
    chosen = json.dumps({"options": dict(search.options), **search.thresholds.as_values()}, sort_keys=True)
    return {
        f"{name} search": hashlib.sha256(chosen.encode()).hexdigest(),
        f"{name} model": model_hash(model_to_files(model)),
        f"{name} baseline": model_hash(model_to_files(baseline)),
    }


def demand_hashes() -> dict[str, str]:
    """Hash of the forecaster: coefficients, trees, calibration and what it forecasts."""
    draw, count = np.random.default_rng(7), 4000
    names = tuple(f"feature_{number}" for number in range(20))
    values = draw.normal(0, 1, (count, len(names))).astype(np.float32)
    usual = draw.uniform(2, 30, count).astype(np.float32)
    units = draw.poisson(usual * np.exp(0.3 * values[:, 0] + 0.2 * np.abs(values[:, 1]))).astype(np.float32)
    origin, series = np.repeat(np.arange(20), count // 20).astype(np.int64), np.tile(np.arange(count // 20), 20).astype(np.int64)
    rows = Rows(names, values, usual, origin, np.ones(count, np.int64), series, units, np.ones(count, bool))
    model = train(rows, ModelOptions(trees=15))
    assert model is not None
    return {"demand model": digest_of(model, rows)}


def digest_of(model: DemandModel, rows: Rows) -> str:
    """SHA-256 of what the model is and says."""
    digest = hashlib.sha256()
    for coefficients, trees in model.parts:
        digest.update(coefficients.tobytes())
        digest.update(b"".join(one.nodes.tobytes() for stage in trees._predictors for one in stage))
    for horizon, offsets in sorted(model.offsets.items()):
        digest.update(f"{horizon}".encode() + offsets.tobytes())
    digest.update(model.predict(rows).tobytes())
    return digest.hexdigest()


def main() -> None:
    """Print the hashes of the tasks named, and of demand; without names of every task about posts."""
    named = sys.argv[1:] or [*(name for name, task in tasks().items() if task.source == "posts"), "demand"]
    found: dict[str, str] = {}
    for name in named:
        found |= demand_hashes() if name == "demand" else task_hashes(name)
    print(json.dumps(found))  # noqa: T201 - its output is what it is for


if __name__ == "__main__":
    main()
