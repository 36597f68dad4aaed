"""Probabilities of every training example by a model that has not seen it, nor its author, nor its copies.

What belongs here: folds and their models. What doesn't: what is fitted on the probabilities (``calibration.py``), options (``search.py``).

Cross-validated predictions as in Platt's *Probabilistic Outputs for Support Vector Machines* (1999) and scikit-learn's
``CalibratedClassifierCV(ensemble=False)``: the model that is kept learns from all examples, what is fitted on its probabilities from
those of models that each left a fold out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.lib.learning.contract import Probabilities, Task, checked_probabilities
from trend_assets.lib.learning.splits import people

FOLDS = 3
"""Five are hardly better and take twice as long (``python -m benchmarks.temperatures``, docs/models.md)."""


def out_of_fold(task: Task, examples: pa.Table, options: Mapping[str, Any], folds: int = FOLDS) -> Probabilities | None:
    """Probabilities (examples, labels), each row by a model of the other folds; ``None`` for fewer than ``folds`` authors.

    examples: the task's features, author, near_duplicate_key, label. An author is in one fold; copies of what is in a fold, by others, are
    not learnt from there. Raises ``ValueError`` where a fold's examples cannot be learnt from.
    """
    copies = np.asarray(examples["near_duplicate_key"])
    fold = _folds(people(examples["author"].to_pylist(), copies.tolist()), folds)
    if fold is None:
        return None
    features, found = examples.select(list(task.features)), np.zeros((examples.num_rows, len(task.labels)))
    for number in range(folds):
        held = fold == number
        learnt = ~held & ~np.isin(copies, np.unique(copies[held]))
        model = task.train(examples.filter(pa.array(learnt)), options)
        found[held] = checked_probabilities(task, task.predict(model, features.filter(pa.array(held))), int(held.sum()))
    return found


def _folds(who: npt.NDArray[np.str_], folds: int) -> npt.NDArray[np.int64] | None:
    """Fold (n,) of each example: the authors of most examples first, each to the fold of fewest examples so far."""
    names, place, counts = np.unique(who, return_inverse=True, return_counts=True)
    if len(names) < folds:
        return None
    sizes, of_name = np.zeros(folds, dtype=np.int64), np.zeros(len(names), dtype=np.int64)
    for name in np.argsort(-counts, kind="stable").tolist():
        of_name[name] = int(sizes.argmin())
        sizes[of_name[name]] += counts[name]
    return of_name[place]
