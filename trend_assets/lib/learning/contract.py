"""What a task is: a class with ``train`` and ``predict`` and a few declarations. From it follow assets, tracking and gate.

What belongs here: the contract and what can be checked of it. What doesn't: any task (``tasks/``), finding them
(``discovery.py``), Dagster.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.tables.models import ABSTAINED, WITHHELD
from trend_assets.tables.point_in_time import FEATURES, known_at_moments
from trend_assets.tables.social import CLEAN_POSTS

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
    exceed the baseline that always says the commonest label. language_floor: F1 in each language that has ``language_examples``
    or more. replace_when: ``better``: F1 must exceed the champion's beyond noise; ``not worse``: it may be up to
    ``below_champion`` below it, for tasks whose newest data matter more than a measured gain. slice_examples: examples from which
    a slice is compared by itself. calibration: how far probabilities may be from the share that is right, on average.
    """

    minimum_training: int = 100
    minimum_examples: int = 40
    over_majority: float = 0.1
    below_champion: float = 0.02
    language_floor: float = 0.45
    language_examples: int = 30
    replace_when: Literal["better", "not worse"] = "better"
    slice_examples: int = 30
    calibration: float = 0.1


class Task(ABC):
    """A classification of posts or of images. The file's name is the task's name: group of its assets, registered model, label file.

    description: one sentence. labels: the classes, in the order of the columns of probabilities. features: columns of
    ``social/clean_posts`` that ``train`` and ``predict`` see, and features of ``models/post_features``, as known when the post was;
    ``("image",)`` where ``source`` is images: bytes, or a local file's path (``vision.images.opened``). about: posts
    that name one of our brands, or all posts. from_scratch: False for a model that starts from pretrained weights; posts under X's
    terms are then left out. evaluation_share: share of the labelled posts, the newest, that is kept for evaluation.
    search_space: values of each option that are tried, the first of each is the default. only_with: for an option that belongs to one value
    of an option before it, that option and value; ``train`` is not given it with others. depends_on: models whose output this task
    reads (``chain.py``). minimum_posts_per_second: on one core; 0 asks nothing. intended_use, limits: for the model card, which the
    gate wants complete.
    """

    description: ClassVar[str]
    labels: ClassVar[tuple[str, ...]]
    source: ClassVar[Literal["posts", "images"]] = "posts"
    features: ClassVar[tuple[str, ...]] = ("clean_text",)
    about: ClassVar[Literal["brand", "all"]] = "all"
    from_scratch: ClassVar[bool] = True
    evaluation_share: ClassVar[float] = 0.3
    gate: ClassVar[Gate] = Gate()
    search_space: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    only_with: ClassVar[Mapping[str, tuple[str, Any]]] = {}
    depends_on: ClassVar[tuple[str, ...]] = ()
    minimum_posts_per_second: ClassVar[float] = 0.0
    intended_use: ClassVar[str] = ""
    limits: ClassVar[str] = ""

    @abstractmethod
    def train(self, examples: pa.Table, options: Mapping[str, Any]) -> Any:
        """A model of the examples: columns ``EXAMPLE_COLUMNS`` and the features. options: one value of each name in ``search_space``.

        The model is a scikit-learn estimator, a dict of NumPy arrays and JSON values, an ``OnnxModel`` or a ``SpacyModel``
        (``store.py``): all are stored without pickle. Equal examples and options must give an equal model: fix every seed.
        ``report`` of ``curves.py`` may be called after each epoch. Raises ``ValueError`` for examples that nothing can be learnt from.
        """

    @abstractmethod
    def predict(self, model: Any, posts: pa.Table) -> Probabilities:
        """Probability of each label for each post; ``posts`` has the features' columns, in any number of rows."""

    def train_baseline(self, examples: pa.Table) -> Any:
        """The classical model that ``train`` has to beat. Here: hashed TF-IDF and logistic regression on ``clean_text``."""
        from trend_assets.lib.learning.text_classifier import fit_text_classifier

        return fit_text_classifier(
            examples["clean_text"].to_pylist(), examples["label"].to_pylist(), authors=examples["author"].to_pylist()
        )

    def predict_baseline(self, model: Any, posts: pa.Table) -> Probabilities:
        """As ``predict``, of the model of ``train_baseline``."""
        from trend_assets.lib.learning.text_classifier import probabilities

        return probabilities(model, posts["clean_text"].to_pylist(), self.labels)

    @property
    def default_options(self) -> dict[str, Any]:
        """The first value of each option, without those that belong to other values."""
        found: dict[str, Any] = {}
        for name, values in self.search_space.items():
            if self.takes(name, found):
                found[name] = values[0]
        return found

    def takes(self, option: str, others: Mapping[str, Any]) -> bool:
        """Whether ``train`` is given an option beside those that come before it."""
        other, value = self.only_with.get(option, (None, None))
        return other is None or (other in others and others[other] == value)

    @property
    def licence_classes(self) -> tuple[str, ...]:
        """Usage classes of posts that may train this model."""
        return ("x", "bluesky", "open", "own", "simulated") if self.from_scratch else ("bluesky", "open", "own", "simulated")


def upstream_features(task: Task) -> list[str]:
    """Features of a task that are what another task says of the post: named in ``depends_on`` too."""
    return [name for name in task.features if name in task.depends_on and name not in CLEAN_POSTS.schema.names]


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
    elif {WITHHELD, ABSTAINED} & set(labels):
        faults.append(f"no label may be {WITHHELD!r} or {ABSTAINED!r}: topic_hours says so of posts whose label is not told")
    if task.source not in ("posts", "images"):
        faults.append(f"source must be 'posts' or 'images', not {task.source!r}")
    empty = [option for option, values in task.search_space.items() if not isinstance(values, tuple) or not values]
    if empty:
        faults.append(f"search_space must give each option a tuple of values, the first its default: {', '.join(empty)}")
    names = list(task.search_space)
    for option, (other, value) in task.only_with.items():
        if option not in names or other not in names[: names.index(option)] or value not in task.search_space[other]:
            faults.append(f"only_with: {option!r} must come after {other!r} in search_space, which must have the value {value!r}")
    if not task.features:
        faults.append("features must name at least one column of social/clean_posts")
    of_posts, known = CLEAN_POSTS.schema.names, known_at_moments(feature.name for feature in FEATURES)
    unknown = [name for name in task.features if name not in (*of_posts, *known, *task.depends_on)] if task.source == "posts" else []
    if unknown:
        there = f"{', '.join(of_posts)}; known at a moment: {', '.join(known)}"
        faults.append(f"there is no feature {', '.join(unknown)}; there are {there}")
    if task.about not in ("brand", "all"):
        faults.append(f"about must be 'brand' or 'all', not {task.about!r}")
    if not 0.05 <= task.evaluation_share <= 0.5:
        faults.append(f"evaluation_share must be between 0.05 and 0.5, not {task.evaluation_share}")
    return faults
