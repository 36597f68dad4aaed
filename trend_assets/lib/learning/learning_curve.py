"""Would more labels help? How good a model gets with a part of its examples.

What belongs here: the curve by examples. What doesn't: curves by step of training, which tasks report themselves (``curves.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from trend_assets.lib.learning import splits
from trend_assets.lib.learning.contract import Task, checked_probabilities
from trend_assets.lib.learning.metrics import confusion_matrix, macro_f1
from trend_assets.lib.learning.search import INNER_SHARE, LEAST_HELD

SHARES = (0.1, 0.25, 0.5, 1.0)
_SEED = 20_261_122


def curve_by_examples(task: Task, examples: pa.Table, options: Mapping[str, Any]) -> list[tuple[int, float]]:
    """Examples trained on and macro F1, by share of the training examples; each share holds the smaller ones.

    Judged on the examples that the search holds out (by time, authors and copies apart). A part that cannot be learnt from (one label
    only, say) is left out; empty where too few examples are held out.
    """
    sides = splits.sides_of(examples, INNER_SHARE)
    inner, held = (examples.filter(pa.array(sides == side)) for side in (splits.TRAIN, splits.EVALUATION))
    if held.num_rows < LEAST_HELD:
        return []
    column = {label: number for number, label in enumerate(task.labels)}
    truth = np.array([column[label] for label in held["label"].to_pylist()], dtype=np.int64)
    order, features = np.random.default_rng(_SEED).permutation(inner.num_rows), held.select(list(task.features))
    points = []
    for share in SHARES:
        rows = np.sort(order[: round(share * inner.num_rows)])
        part = inner.take(pa.array(rows))
        if len(set(part["label"].to_pylist())) < 2:
            continue
        try:
            found = checked_probabilities(task, task.predict(task.train(part, options), features), held.num_rows)
        except ValueError:
            continue
        points.append((len(rows), float(macro_f1(confusion_matrix(truth, found.argmax(axis=1), len(task.labels))))))
    return points
