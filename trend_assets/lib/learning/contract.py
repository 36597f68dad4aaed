"""What a task is: a class with ``train`` and ``predict`` and a few declarations. From it follow assets, tracking and gate.

What belongs here: the contract and what can be checked of it. What doesn't: any task (``tasks/``), finding them
(``discovery.py``), Dagster.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.tables.models import WITHHELD

Probabilities = npt.NDArray[np.float64]
"""Shape (posts, labels): each row sums to 1, columns in the order of ``Task.labels``."""

EXAMPLE_COLUMNS = ("network", "post_id", "author", "created_at", "language", "label")
"""Columns that ``train`` finds beside the task's features."""
LARGEST_MODEL_BYTES = 64 * 2**20
"""A stored model may be no larger: posts under X's terms train small models only, and a champion is loaded every hour."""


@dataclass(frozen=True)
class Gate:
    """What a candidate must reach on the evaluation split to become champion. F1 is the unweighted mean over labels.

    minimum_training, minimum_examples: examples in the training and evaluation split. over_majority: by how much F1 must
    exceed the baseline that always says the commonest label. below_champion: how far F1 may be below the present
    champion's on the same examples. language_floor: F1 in each language that has ``language_examples`` or more.
    """

    minimum_training: int = 100
    minimum_examples: int = 40
    over_majority: float = 0.1
    below_champion: float = 0.02
    language_floor: float = 0.45
    language_examples: int = 30


class Task(ABC):
    """A classification of posts. The file's name is the task's name: group of its assets, registered model, label file.

    description: one sentence. labels: the classes, in the order of the columns of probabilities. features: columns of
    ``social/clean_posts`` that ``train`` and ``predict`` see. about: posts that name one of our brands, or all posts.
    from_scratch: False for a model that starts from pretrained weights; posts under X's terms are then left out.
    evaluation_share: share of the labelled posts, the newest, that is kept for evaluation.
    """

    description: ClassVar[str]
    labels: ClassVar[tuple[str, ...]]
    features: ClassVar[tuple[str, ...]] = ("clean_text",)
    about: ClassVar[Literal["brand", "all"]] = "all"
    from_scratch: ClassVar[bool] = True
    evaluation_share: ClassVar[float] = 0.3
    gate: ClassVar[Gate] = Gate()

    @abstractmethod
    def train(self, examples: pa.Table) -> Any:
        """A model of the examples: columns ``EXAMPLE_COLUMNS`` and the features.

        The model is a scikit-learn estimator, or a dict of NumPy arrays and JSON values: both are stored without pickle.
        Equal examples must give an equal model: fix every seed.
        """

    @abstractmethod
    def predict(self, model: Any, posts: pa.Table) -> Probabilities:
        """Probability of each label for each post; ``posts`` has the features' columns, in any number of rows."""

    @property
    def licence_classes(self) -> tuple[str, ...]:
        """Usage classes of posts that may train this model."""
        return ("x", "bluesky", "open", "own", "simulated") if self.from_scratch else ("bluesky", "open", "own", "simulated")


def checked_probabilities(task: Task, found: object, rows: int) -> Probabilities:
    """What ``predict`` returned, as probabilities. Raises ``ValueError`` saying what is wrong with it."""
    values = np.asarray(found, dtype=np.float64)
    expected = (rows, len(task.labels))
    name = type(task).__name__
    if values.shape != expected:
        raise ValueError(f"{name}.predict returned shape {values.shape}, expected {expected}: one row a post, one column a label")
    if not np.isfinite(values).all() or (values < -1e-9).any() or (np.abs(values.sum(axis=1) - 1.0) > 1e-6).any():
        raise ValueError(f"{name}.predict returned rows that are not probabilities: each must be at least 0 and sum to 1")
    return np.clip(values, 0.0, 1.0)


def faults_of(task: type[Task]) -> list[str]:
    """What is wrong with a task's declarations, in words; empty where nothing is."""
    faults = []
    if not getattr(task, "description", ""):
        faults.append("description is missing: say in a sentence what the model tells")
    labels = getattr(task, "labels", ())
    if not isinstance(labels, tuple) or len(labels) < 2 or len(set(labels)) != len(labels):
        faults.append("labels must be a tuple of two or more different names")
    elif WITHHELD in labels:
        faults.append(f"no label may be {WITHHELD!r}: topic_hours says so of labels that too few people's posts have")
    if not task.features:
        faults.append("features must name at least one column of social/clean_posts")
    if task.about not in ("brand", "all"):
        faults.append(f"about must be 'brand' or 'all', not {task.about!r}")
    if not 0.05 <= task.evaluation_share <= 0.5:
        faults.append(f"evaluation_share must be between 0.05 and 0.5, not {task.evaluation_share}")
    return faults
