"""Tables of every task: what it was trained on, how good it is, what it predicts, and that by topic.

What belongs here: declarations, made by a function of the task's name. What doesn't: what a task is (``lib/learning``).
A task is a file in ``lib/learning/tasks``; its name is the group of its tables.
"""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table, timestamp
from trend_assets.tables.social import POST_LICENCE_CLASSES

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
TAKEN_NAMES = frozenset(
    {
        "social",
        "topics",
        "influencers",
        "retail",
        "demand",
        "warehouse",
        "models",
        "learning",
        "staging",
        "intermediate",
        "marts",
        "live",
        "quality",
        "ledger",
        "history",
        "demand_model",
    }
)
"""Groups and schemas that exist: a task's name is one too."""
ABSTAINED = "abstained"
"""In place of the label of posts that the model is not sure enough of; no task may have a label of this name."""
WITHHELD = "withheld"
"""In place of the labels that too few people's posts have; no task may have a label of this name."""
SPLITS = ("train", "evaluation", "left_out")
SUBJECTS = ("candidate", "champion", "challenger", "baseline", "majority", "teacher")

_network = Column("network", pa.string(), "Social network of the post")
_source = Column("network", pa.string(), "Social network of the post; file: a text of the owner's; image: an image file")
_post_id = Column("post_id", pa.string(), "Post, as in social/clean_posts")
_created_at = Column(
    "created_at", timestamp, "When the post was written; empty for an example of a file that does not say", "UTC", nullable=True
)


def task_tables(task: str) -> tuple[Table, ...]:
    """The tables of a task. Its labels are its own matter, so their values are checked where they are made."""
    training_set = Table(
        group=task,
        name="training_set",
        description=f"Labelled posts that the {task} model learns from and is judged on: references and labels, no text.",
        columns=(
            _source,
            Column("post_id", pa.string(), "Post, as in social/clean_posts; for a text or image of the owner's the hash of it"),
            _created_at,
            Column("language", pa.string(), "Language of the post (ISO 639-1)"),
            Column("label", pa.string(), "What a person said about the post"),
            Column("labelled_at", timestamp, "When the person said so, where known", "UTC", nullable=True),
            Column(
                "split",
                pa.string(),
                "train: earlier posts; evaluation: later posts by other authors; left_out: later posts whose author or text is in train",
                allowed=SPLITS,
            ),
            Column("licence_class", pa.string(), "Terms the post is under", allowed=POST_LICENCE_CLASSES),
        ),
        key=("network", "post_id"),
        partition="none",
        layer="clean",
        retention_days=30,
        licence_class="restricted",
    )
    evaluation = Table(
        group=task,
        name="evaluation",
        description=f"Metrics of the newest {task} candidate on the evaluation split, beside champion, classical baseline and majority.",
        columns=(
            Column(
                "subject",
                pa.string(),
                "What was evaluated; baseline: the classical model; majority always says the commonest label",
                allowed=SUBJECTS,
            ),
            Column("model_version", pa.int64(), "Version in the model registry", "number", nullable=True, minimum=1),
            Column(
                "slice",
                pa.string(),
                "Examples it was measured on: all, language:fr, language:other (few examples each), category:…, weekend, …",
            ),
            Column(
                "metric",
                pa.string(),
                "macro_f1 (_low, _high: 90 % interval; _beside_champion: its examples; _gain: over the champion), accuracy, …",
            ),
            Column("value", pa.float64(), "The metric", "of the metric"),
            Column("examples", pa.int64(), "Examples it was measured on", "count", minimum=0),
        ),
        key=("subject", "slice", "metric"),
        partition="none",
        layer="aggregate",
        retention_days=None,
        licence_class="aggregate",
    )
    predictions = Table(
        group=task,
        name="predictions",
        description=f"What the {task} champion says about each post of the hour that it is meant for.",
        columns=(
            _network,
            _post_id,
            Column("created_at", timestamp, "When the post was written; decides the partition", "UTC"),
            Column("label", pa.string(), "The likeliest label"),
            Column("probability", pa.float32(), "The model's probability of that label", "probability", minimum=0, maximum=1),
            Column(
                "abstained",
                pa.bool_(),
                "Whether the model is too unsure for its label to count; empty: made before models abstained",
                nullable=True,
            ),
            Column("model_version", pa.int64(), "Version of the champion in the model registry", "number", minimum=1),
        ),
        key=("network", "post_id"),
        partition="hour",
        time="created_at",
        layer="clean",
        retention_days=30,
        licence_class="derived",
    )
    topic_hours = Table(
        group=task,
        name="topic_hours",
        description=(
            f"Posts by {task} label and topic in the day that ends with each hour, of topics of five or more authors. Labels of "
            f"fewer than five authors are counted together as {WITHHELD}, with the next smallest label where they are still too few; "
            "so posts add up to the topic's."
        ),
        columns=(
            Column("hour", timestamp, "Last hour of the day counted; decides the partition", "UTC"),
            Column("topic_id", pa.string(), "Topic; all: every post the model is meant for, with or without a topic"),
            Column(
                "label",
                pa.string(),
                f"Predicted label; {ABSTAINED}: the model is too unsure; {WITHHELD}: labels that too few authors' posts have, together",
            ),
            Column("posts", pa.int64(), "Posts with this label in the day", "count", minimum=5),
            Column("authors", pa.int64(), "Distinct authors of the topic in the day, whatever the label", "count", minimum=5),
            Column("share", pa.float32(), "Share of the topic's posts that have this label", "share", minimum=0, maximum=1),
        ),
        key=("topic_id", "label"),
        partition="hour",
        time="hour",
        layer="aggregate",
        retention_days=400,
        licence_class="aggregate",
    )
    return training_set, evaluation, predictions, topic_hours


_LEARNING = Path(__file__).resolve().parent.parent / "lib" / "learning"


def _named_in(folder: str) -> tuple[str, ...]:
    return tuple(
        sorted(path.stem for path in (_LEARNING / folder).glob("*.py") if NAME.fullmatch(path.stem) and path.stem not in TAKEN_NAMES)
    )


TASKS = _named_in("tasks")
"""Names of the tasks of posts; the declarations know nothing of ``lib``, so they read the file names only."""
IMAGE_TASKS = _named_in("image_tasks")
"""Names of the tasks of images: a training set and an evaluation; no predictions by the hour of posts."""

PUBLISHED = (
    *(f"{task}/{name}" for task in TASKS for name in ("evaluation", "topic_hours")),
    *(f"{task}/evaluation" for task in IMAGE_TASKS),
)
"""Tables that the warehouse file holds."""

TABLES = (
    *(table for task in TASKS for table in task_tables(task)),
    *(table for task in IMAGE_TASKS for table in task_tables(task)[:2]),
)
