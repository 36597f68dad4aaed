"""The models whose opinions the label queue compares: the champion and another one.

What belongs here: getting them, and saying why there are none. What doesn't: what is made of their opinions (``queue.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning import splits
from trend_assets.lib.learning.contract import Probabilities, Task, checked_probabilities
from trend_assets.models.evaluation import predictor_of
from trend_assets.models.serving import IncompatibleModelError
from trend_assets.models.tracking import CANDIDATE, CHAMPION, Tracking
from trend_assets.models.training_set import NotReadyError, examples

Predict = Callable[[pa.Table], Probabilities]


@dataclass(frozen=True)
class Models:
    """What gives probabilities for posts with the task's features; ``None`` where there is no such model, ``remark`` says why."""

    champion: Predict | None
    other: Predict | None
    other_name: str
    remark: str


def models_of(task: Task, name: str, lake: Lake, tracking: Tracking) -> Models:
    """The champion, and beside it the candidate where that is another version, else the classical baseline of the training split."""
    champion, candidate = tracking.by_alias(name, CHAMPION), tracking.by_alias(name, CANDIDATE)
    if champion is None:
        return Models(None, None, "", f"{name} has no champion yet: posts at random")
    try:
        first = predictor_of(task, tracking, champion)
    except IncompatibleModelError as error:
        return Models(None, None, "", f"posts at random, for {error}")
    try:
        if candidate is not None and candidate.number != champion.number:
            return Models(first, predictor_of(task, tracking, candidate), "candidate", "")
        return Models(first, _baseline(task, name, lake), "baseline", "")
    except (NotReadyError, ValueError) as error:
        return Models(first, None, "", f"no other model to compare with: {error}")


def _baseline(task: Task, name: str, lake: Lake) -> Predict:
    """The baseline trained anew, which takes seconds; it is kept nowhere. Raises as ``examples`` and ``train_baseline``."""
    model = task.train_baseline(examples(task, name, lake, splits.TRAIN))

    def predict(posts: pa.Table) -> Probabilities:
        return checked_probabilities(task, task.predict_baseline(model, posts.select(list(task.features))), posts.num_rows)

    return predict
