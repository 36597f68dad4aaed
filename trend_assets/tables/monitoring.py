"""Tables that follow a model after it was promoted: which posts to label next, what people said, how good it turned out to be.

What belongs here: declarations. What doesn't: the tables of training (``models.py``), how rows are made (``trend_assets/monitoring``).
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table, timestamp
from trend_assets.tables.models import TASKS

QUEUE_REASONS = ("disputed", "disagreed", "uncertain", "second_opinion", "random")
LABEL_SOURCES = ("file", "board")

_network = Column("network", pa.string(), "Social network of the post")
_post_id = Column("post_id", pa.string(), "Post, as in social/clean_posts")
_sampling_probability = Column(
    "sampling_probability",
    pa.float64(),
    "Of the random share: probability with which the post was drawn among its day's; its inverse is its weight. Null for others",
    "probability",
    nullable=True,
    minimum=0,
    maximum=1,
)
_model_version = Column("model_version", pa.int64(), "Version of the champion that predicted", "number", nullable=True, minimum=1)


def label_tables(task: str) -> tuple[Table, ...]:
    """The label queue of a task and the labels that people gave."""
    queue = Table(
        group=task,
        name="label_queue",
        description=f"Posts whose label would teach {task} most, and a random share that tells how good it is: references, no text.",
        columns=(
            Column("rank", pa.int32(), "Order in which to label, from 1", "number", minimum=1),
            Column("item", pa.string(), "Short name of the post in label files: hash of network and post_id"),
            _network,
            _post_id,
            Column("created_at", timestamp, "When the post was written", "UTC"),
            Column("language", pa.string(), "Language of the post (ISO 639-1)"),
            Column("topic_id", pa.string(), "Topic of the post, if any", nullable=True),
            Column(
                "reason",
                pa.string(),
                "disputed: labellers differ; disagreed: two models differ; uncertain: small margin; second_opinion: one person has "
                "labelled it; random: drawn at random",
                allowed=QUEUE_REASONS,
            ),
            Column("label", pa.string(), "What the champion says, null without one", nullable=True),
            Column("probability", pa.float32(), "The champion's probability of it", "probability", nullable=True, minimum=0, maximum=1),
            Column("margin", pa.float64(), "Likeliest label's probability minus the second's", "probability", nullable=True, minimum=0),
            Column("entropy", pa.float64(), "Entropy of the champion's probabilities", "bits", nullable=True, minimum=0),
            Column("other_label", pa.string(), "What the other model says, where there is one", nullable=True),
            Column("other_model", pa.string(), "The other model: baseline, or candidate", nullable=True),
            _model_version,
            _sampling_probability,
        ),
        key=("network", "post_id"),
        partition="none",
        layer="clean",
        retention_days=30,
        licence_class="restricted",
    )
    labels = Table(
        group=task,
        name="hand_labels",
        description=(
            f"What people said about posts of the label queue of {task}, one row per answer, added and never changed; of a person's "
            "answers about a post the latest holds. References and labels, no text."
        ),
        columns=(
            Column("day", pa.date32(), "Day of the answer (UTC); decides the partition", "day"),
            Column("label_id", pa.string(), "Hash of post, label, labeller and moment"),
            _network,
            _post_id,
            Column("created_at", timestamp, "When the post was written", "UTC"),
            Column("language", pa.string(), "Language of the post (ISO 639-1)"),
            Column("label", pa.string(), "What the person said"),
            Column("labeller", pa.string(), "Name or initials of the person", personal=True),
            Column("labelled_at", timestamp, "When the answer was taken in", "UTC"),
            Column("source", pa.string(), "How it came: a file, or the board", allowed=LABEL_SOURCES),
            Column("reason", pa.string(), "Why the post was in the queue; null where it was not", nullable=True, allowed=QUEUE_REASONS),
            _sampling_probability,
        ),
        key=("label_id",),
        partition="day",
        time="day",
        layer="raw",
        retention_days=800,
        licence_class="restricted",
    )
    return queue, labels


OUTCOME_BASES = ("random", "chosen", "estimated", "sales", "answers")

OUTCOMES = Table(
    group="models",
    name="outcomes",
    description=(
        "How good predictions turned out to be, week by week: of each model's versions by labels that came later, of demand forecasts by "
        "what sold, of decision cards by what buyers answered and what that was worth; and what is estimated before labels arrive."
    ),
    columns=(
        Column("task", pa.string(), "Task whose model it is; demand: the forecaster; decision_cards: the cards"),
        Column("model_version", pa.int64(), "Version in the model registry; 0 where none is registered", "number", minimum=0),
        Column("week", pa.date32(), "Monday of the week of the posts, forecast days or cards", "day"),
        Column("slice", pa.string(), "all; language:CODE, category:NAME, action:NAME"),
        Column("metric", pa.string(), "accuracy, macro_f1; wape, coverage; accepted (share of answered cards), regret (money a card)"),
        Column(
            "basis",
            pa.string(),
            "random: labels of the queue's random share, weighted; chosen: every label, no fair sample; estimated: from confidence, "
            "before labels; sales; answers",
            allowed=OUTCOME_BASES,
        ),
        Column("value", pa.float64(), "The metric; null where it is not known", "of the metric", nullable=True),
        Column("low", pa.float64(), "Lower end of its 90 % interval", "of the metric", nullable=True),
        Column("high", pa.float64(), "Upper end of its 90 % interval", "of the metric", nullable=True),
        Column("examples", pa.int64(), "Posts, forecasts or cards behind it", "count", minimum=0),
        Column("remark", pa.string(), "Why it is not known, or on what it rests", nullable=True),
    ),
    key=("task", "model_version", "week", "slice", "metric", "basis"),
    partition="none",
    layer="aggregate",
    retention_days=None,
    licence_class="aggregate",
)

DEMAND_MODEL = Table(
    group="demand_model",
    name="evaluation",
    description="How good the forecaster's candidate options are on Sundays that are over, beside the champion's and the baselines.",
    columns=(
        Column("subject", pa.string(), "candidate, champion, moving_median or seasonal_naive"),
        Column("model_version", pa.int64(), "Version of the candidate in the model registry", "number", nullable=True, minimum=0),
        Column("slice", pa.string(), "all; horizon:STEPS, category:NAME"),
        Column(
            "metric",
            pa.string(),
            "wape: sum of absolute errors over what sold; pinball: of the quantiles' losses; coverage of the 80 % interval",
        ),
        Column("value", pa.float64(), "The metric", "of the metric", minimum=0),
        Column("examples", pa.int64(), "Forecasts behind it", "count", minimum=0),
    ),
    key=("subject", "slice", "metric"),
    partition="none",
    layer="aggregate",
    retention_days=None,
    licence_class="own",
)

TABLES = (*(table for task in TASKS for table in label_tables(task)), OUTCOMES, DEMAND_MODEL)
