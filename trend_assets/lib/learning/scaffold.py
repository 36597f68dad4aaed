"""The files of a new task: a commented task and a test that passes.

What belongs here: their text, as a function of the name. What doesn't: writing them (``commands/models.py``).
"""

from __future__ import annotations

_TASK = '''"""{title}: say in a line what the model tells, and about which posts.

What belongs here: the task and its choices. What doesn't: helpers that other tasks could use (beside this folder).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa

from trend_assets.lib.learning.contract import Gate, Probabilities, Task


class {class_name}(Task):
    """Say here how it works. As written, it answers by the length of the text: replace both methods."""

    # Shown in Dagster and MLflow.
    description: ClassVar[str] = "{title} of each post"
    # What people write into the column label of labels/{name}.jsonl.
    labels: ClassVar[tuple[str, ...]] = ("no", "yes")
    # Columns of social/clean_posts that both methods see, and features of models/post_features, as known when the post was.
    features: ClassVar[tuple[str, ...]] = ("clean_text",)
    # "brand": only posts that name one of our brands; "all": every post that is no repost.
    about: ClassVar[Literal["brand", "all"]] = "all"
    # False for a model that starts from pretrained weights: posts under X's terms are then left out of training.
    from_scratch: ClassVar[bool] = True
    # What a candidate must reach before it becomes champion; see contract.py for each number.
    gate: ClassVar[Gate] = Gate(minimum_training=100, minimum_examples=40, over_majority=0.1, language_floor=0.4)
    # Options of train and the values that are tried of each, the first its default; {{}}: nothing is searched.
    search_space: ClassVar[Mapping[str, tuple[Any, ...]]] = {{"spread": (1.0, 0.5, 2.0)}}
    # For the model card, which the gate wants complete: what the model is for, and what it cannot do.
    intended_use: ClassVar[str] = "Counting {title} by topic and hour; not for judging single people."
    limits: ClassVar[str] = "It knows the length of a text and nothing else."

    def train(self, examples: pa.Table, options: Mapping[str, Any]) -> Any:
        """The model: a scikit-learn estimator, or a dict of NumPy arrays and JSON values (both are stored without pickle).

        examples: columns network, post_id, author, created_at, language, label and the features; the earlier posts only.
        Import what is heavy inside the methods, and fix every seed: equal examples must give an equal model.
        """
        lengths = np.array([len(text) for text in examples["clean_text"].to_pylist()], dtype=float)
        labels = np.array(examples["label"].to_pylist())
        means = [float(lengths[labels == label].mean()) if (labels == label).any() else 0.0 for label in self.labels]
        return {{"mean_lengths": np.array(means), "scale": float(lengths.std() or 1.0) * options["spread"]}}

    def predict(self, model: Any, posts: pa.Table) -> Probabilities:
        """Probability of each label for each post: shape (posts, labels), rows sum to 1, columns in the order of ``labels``."""
        lengths = np.array([len(text) for text in posts["clean_text"].to_pylist()], dtype=float)
        distance = np.abs(lengths[:, None] - model["mean_lengths"][None, :]) / model["scale"]
        weights = np.exp(-distance)
        return weights / weights.sum(axis=1, keepdims=True)
'''

_TEST = '''"""{title}: what the model must get right, on examples that a person can read."""

from __future__ import annotations

import pyarrow as pa

from trend_assets.lib.learning.contract import checked_probabilities
from trend_assets.lib.learning.discovery import load_task
from trend_assets.lib.learning.store import model_from_files, model_to_files

TASK = load_task("{name}")
EXAMPLES = [("short", "no"), ("also short", "no"), ("a text longer than the others are", "yes"), ("another long text of words", "yes")]


def _examples() -> pa.Table:
    return pa.table({{"clean_text": [text for text, _ in EXAMPLES], "label": [label for _, label in EXAMPLES]}})


def test_it_learns_its_examples() -> None:
    model = TASK.train(_examples(), TASK.default_options)
    found = checked_probabilities(TASK, TASK.predict(model, _examples()), len(EXAMPLES))
    assert [TASK.labels[column] for column in found.argmax(axis=1)] == [label for _, label in EXAMPLES]


def test_the_stored_model_says_the_same_and_training_is_repeatable() -> None:
    files = model_to_files(TASK.train(_examples(), TASK.default_options))
    assert model_to_files(TASK.train(_examples(), TASK.default_options)) == files
    again = TASK.predict(model_from_files(files), _examples())
    assert (again == TASK.predict(TASK.train(_examples(), TASK.default_options), _examples())).all()


def test_it_takes_no_posts_at_all() -> None:
    empty = _examples().slice(0, 0)
    assert TASK.predict(TASK.train(_examples(), TASK.default_options), empty).shape == (0, len(TASK.labels))
'''


def scaffold(name: str) -> dict[str, str]:
    """Text of the new files by path from the project's root. ``name`` has been checked (``discovery.check_name``)."""
    words = name.split("_")
    values = {"name": name, "title": " ".join(words).capitalize(), "class_name": "".join(word.capitalize() for word in words)}
    return {
        f"trend_assets/lib/learning/tasks/{name}.py": _TASK.format(**values),
        f"trend_assets_tests/lib/learning/tasks/test_{name}.py": _TEST.format(**values),
    }
