"""Two versions beside each other: on labelled examples, and in shadow on the newest posts.

What belongs here: comparisons that a person asks for. What doesn't: the gate's
(``evaluation.py``), what becomes of them (``promotion.py``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning import metrics, splits
from trend_assets.lib.learning.contract import Task
from trend_assets.models.bundles import CHALLENGER, Bundles
from trend_assets.models.evaluation import trained_on
from trend_assets.models.serving import bundled, posts_in_scope, predictor
from trend_assets.models.tracking import Tracking
from trend_assets.models.training_set import POSTS, NotReadyError, examples
from trend_assets.settings import Settings
from trend_assets.tables import TABLES


@dataclass(frozen=True)
class Compared:
    """Macro F1 of two versions on a slice, and the gain of the first over the second."""

    name: str
    examples: int
    first: float
    second: float
    gain: metrics.Gain


def compare_versions(task: Task, name: str, lake: Lake, tracking: Tracking, settings: Settings, first: int, second: int) -> list[Compared]:
    """Both versions on the evaluation examples that neither was trained on, all and by language.

    Raises ``NotReadyError`` for a version that there is not or that today's code cannot run, and where no example is left.
    """
    versions = {version.number: version for version in tracking.versions(name)}
    missing = [number for number in (first, second) if number not in versions]
    if missing:
        raise NotReadyError(f"there is no version {missing[0]} of {name}; there are: {', '.join(map(str, sorted(versions))) or 'none'}")
    held = examples(task, name, lake, splits.EVALUATION, settings)
    stored = {number: tracking.model_files(versions[number]) for number in (first, second)}
    for number, files in stored.items():
        held = held.filter(pa.array(~trained_on(files, held, f"version {number}")))
    if not held.num_rows:
        raise NotReadyError(f"no evaluation example of {name} is new to both versions: label newer posts")
    column = {label: number for number, label in enumerate(task.labels)}
    truth = np.array([column[label] for label in held["label"].to_pylist()], dtype=np.int64)
    said = {number: predictor(task, files, f"{name} version {number}")(held).argmax(axis=1) for number, files in stored.items()}
    found = []
    for part, rows in metrics.slices(np.asarray(held["language"].to_pylist(), dtype=str), task.gate.language_examples):
        one, two = (
            float(metrics.macro_f1(metrics.confusion_matrix(truth[rows], said[number][rows], len(column)))) for number in (first, second)
        )
        gain = metrics.gain(truth[rows], said[first][rows], said[second][rows], len(column))
        found.append(Compared(part, int(rows.sum()), one, two, gain))
    return found


@dataclass(frozen=True)
class Shadow:
    """What champion and challenger say of the same posts: how often the same, and shares of posts by label (champion, challenger)."""

    champion: int
    challenger: int
    posts: int
    agreement: float
    shares: dict[str, tuple[float, float]]


def shadow_run(task: Task, name: str, lake: Lake, tracking: Tracking, settings: Settings, hours: int) -> Shadow:
    """The challenger beside the champion on the newest hours of posts; kept with the challenger's run, published nowhere.

    Raises ``NotReadyError`` where one of them or every post is missing.
    """
    bundles = Bundles(settings)
    champion, challenger = bundled(task, name, bundles), bundled(task, name, bundles, CHALLENGER)
    if champion is None or challenger is None:
        raise NotReadyError(f"{name} has no champion and challenger: trend-assets models shadow {name} VERSION")
    keys = sorted(lake.partitions(TABLES[POSTS]))[-hours:]
    said: list[list[np.ndarray]] = [[], []]
    for posts in posts_in_scope(task, lake, settings, keys):
        for answers, one in zip(said, (champion, challenger), strict=True):
            answers.append(one[1](posts).argmax(axis=1))
    old, new = (np.concatenate([*parts, np.empty(0, dtype=np.int64)]) for parts in said)
    if not len(old):
        raise NotReadyError(f"no post of the newest {hours} hours is in {name}'s scope")
    shares = {label: (float((old == number).mean()), float((new == number).mean())) for number, label in enumerate(task.labels)}
    found = Shadow(champion[0], challenger[0], len(old), float((old == new).mean()), shares)
    run = next(version.run_id for version in tracking.versions(name) if version.number == found.challenger)
    told = {"champion": found.champion, "posts": found.posts, "agreement": found.agreement, "shares": shares, "hours": [keys[0], keys[-1]]}
    tracking.add(
        run, {"shadow.json": json.dumps(told, indent=1).encode()}, {"shadow.agreement": found.agreement, "shadow.posts": float(found.posts)}
    )
    return found
