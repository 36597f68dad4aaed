"""The label queue of a task: posts of the last days, what models say of them, which of them to ask a person about.

What belongs here: reading posts, predictions and labels, running models on some of them. What doesn't: the choice
(``lib/learning/label_queue.py``), labels that were given (``labels.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning.contract import Probabilities, Task
from trend_assets.lib.learning.label_queue import PER_DAY, choose, entropy, margin, permanent, random_share
from trend_assets.lib.learning.scope import in_scope
from trend_assets.lib.privacy.gone import still_there
from trend_assets.lib.tables import matches
from trend_assets.models.inputs import KEPT, Inputs
from trend_assets.models.tracking import Tracking
from trend_assets.models.training_set import GONE_BY, ON, POSTS, NotReadyError, batches_of_posts, deletions, label_file, labels_of
from trend_assets.monitoring.labels import opinions, read
from trend_assets.monitoring.second_opinion import Models, models_of
from trend_assets.partitions import end_of_hour, hour_key
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

SIZE = 200
"""Posts in the queue: an afternoon's work."""
DAYS = 7
"""Whole days, the newest, whose posts may be asked about."""
MODELLED = 3_000
"""Posts that models are run on again for the queue: those that the champion is least sure of, and a third of them at random."""
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Queue:
    """Rows of ``<task>/label_queue``; how many posts they were chosen from; what was not possible, in words."""

    rows: pa.Table
    posts: int
    remark: str


def items_of(networks: Sequence[str], posts: Sequence[str]) -> list[str]:
    """Short names of posts in files: spreadsheets turn long numbers into other numbers, and these into nothing else."""
    pairs = zip(networks, posts, strict=True)
    return ["q-" + hashlib.sha256(f"{network}\0{post}".encode()).hexdigest()[:16] for network, post in pairs]


def build_queue(task: Task, name: str, lake: Lake, tracking: Tracking, settings: Settings, size: int = SIZE) -> Queue:
    """Choose posts of the last whole days; without a champion, or where it cannot be run, posts at random."""
    table = TABLES[f"{name}/label_queue"]
    keys = _last_days(lake.partitions(TABLES[POSTS]))
    posts = _without_those_of_the_file(task, name, settings, _posts(task, lake, keys, settings.brands))
    if not posts.num_rows:
        return Queue(table.empty(), 0, "there are no posts of a whole day that the task is about")
    posts = posts.append_column("day", pc.divide(posts["created_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()), _DAY_US))
    names = [posts[column].to_pylist() for column in ON]
    arrays = [np.asarray(posts[column].to_pylist()) for column in ("day", "author", "near_duplicate_key")]
    models = models_of(task, name, lake, tracking)
    per_day = PER_DAY if models.champion is not None else max(PER_DAY, -(-size // len(np.unique(arrays[0]))))
    drawn = random_share(arrays[0], arrays[1], arrays[2], names[0], names[1], name, per_day)
    posts = posts.append_column("sampling_probability", pa.array(drawn))
    posts = _predicted(name, lake, keys, posts)
    posts = _labelled(name, lake, posts)
    posts = _judged(task, lake, settings, keys, posts, models)
    chosen = choose(posts, size)
    rows = [_row(row) for row in chosen.to_pylist()]
    for row, item in zip(rows, items_of(*(chosen[column].to_pylist() for column in ON)), strict=True):
        row["item"] = item
    return Queue(table.from_rows(rows), posts.num_rows, models.remark)


def _last_days(keys: Sequence[str]) -> list[str]:
    """Keys of hours of the newest whole days."""
    if not keys:
        return []
    ends = {key: end_of_hour(key) for key in keys}
    end = max(ends.values()).replace(hour=0)
    return [key for key, moment in ends.items() if end - timedelta(days=DAYS) < moment <= end]


def _posts(task: Task, lake: Lake, keys: Sequence[str], brands: Sequence[str]) -> pa.Table:
    """Posts that the task is about and that are still there, without text, each with its topic."""
    kept = [*ON, "author", "created_at", "language", "near_duplicate_key"]
    parts = [TABLES[POSTS].schema.empty_table().select(kept)]
    notices = deletions(lake)
    for batch in batches_of_posts(lake, keys):
        read = lake.read(TABLES[POSTS], batch, columns=[*kept, *GONE_BY, "kind", "clean_text"])
        read = still_there(read, notices)
        parts.append(read.filter(pa.array(in_scope(task, read, brands))).select(kept).cast(parts[0].schema))
    posts = pa.concat_tables(parts)
    topics = lake.read(TABLES["topics/topic_assignments"], list(keys), columns=[*ON, "topic_id"])
    return posts.append_column("topic_id", topics["topic_id"].take(matches(posts, topics, ON)))


def _predicted(name: str, lake: Lake, keys: Sequence[str], posts: pa.Table) -> pa.Table:
    """With what the champion said when the hours were labelled; null where it said nothing."""
    said = lake.read(TABLES[f"{name}/predictions"], list(keys), columns=[*ON, "label", "probability", "model_version"])
    place = matches(posts, said, ON)
    for column in ("label", "probability", "model_version"):
        posts = posts.append_column(column, said[column].take(place))
    return posts


def _without_those_of_the_file(task: Task, name: str, settings: Settings, posts: pa.Table) -> pa.Table:
    """The posts that the label file says nothing of: the others are known, and mostly trained on."""
    try:
        path, content = label_file(settings, name)
    except NotReadyError:
        return posts
    known = labels_of(path, content, task, settings).rows
    return posts.filter(pc.is_null(matches(posts, known, ON)))


def _labelled(name: str, lake: Lake, posts: pa.Table) -> pa.Table:
    """With how many people labelled each post and whether they differ."""
    given = opinions(read(lake, name))
    said = [given.get(pair) for pair in zip(*(posts[column].to_pylist() for column in ON), strict=True)]
    posts = posts.append_column("labellers", pa.array([one.labellers if one else 0 for one in said], pa.int64()))
    return posts.append_column("differ", pa.array([bool(one and one.differ) for one in said], pa.bool_()))


def _judged(task: Task, lake: Lake, settings: Settings, keys: Sequence[str], posts: pa.Table, models: Models) -> pa.Table:
    """With margin, entropy and what another model says, of the posts that are worth asking models about."""
    count = posts.num_rows
    values: dict[str, list[Any]] = {column: [None] * count for column in ("margin", "entropy", "other_label")}
    differs = np.zeros(count, dtype=bool)
    if models.champion is not None:
        rows = _worth_modelling(posts)
        found, order = features_of(task, lake, settings, keys, posts.take(pa.array(rows, pa.int64())))
        rows = rows[order]
        first: Probabilities = models.champion(found)
        other = models.other(found) if models.other is not None else None
        certain, unsure = margin(first), entropy(first)
        for place, row in enumerate(rows.tolist()):
            values["margin"][row], values["entropy"][row] = float(certain[place]), float(unsure[place])
            if other is not None:
                values["other_label"][row] = task.labels[int(other[place].argmax())]
                differs[row] = other[place].argmax() != first[place].argmax()
    posts = posts.append_column("margin", pa.array(values["margin"], pa.float64()))
    posts = posts.append_column("entropy", pa.array(values["entropy"], pa.float64()))
    posts = posts.append_column("other_label", pa.array(values["other_label"], pa.string()))
    posts = posts.append_column(
        "other_model", pa.array([models.other_name if value else None for value in values["other_label"]], pa.string())
    )
    return posts.append_column("other_differs", pa.array(differs))


def _worth_modelling(posts: pa.Table) -> npt.NDArray[np.int64]:
    """Rows that the champion is least sure of, and others at random; posts without a prediction count as unsure."""
    sure = np.array([0.0 if value is None else value for value in posts["probability"].to_pylist()])
    numbers = permanent("modelled", posts["network"].to_pylist(), posts["post_id"].to_pylist())
    least = np.argsort(sure, kind="stable")[: MODELLED * 2 // 3]
    return np.unique(np.concatenate([least, np.argsort(numbers, kind="stable")[: MODELLED // 3]]))


def features_of(task: Task, lake: Lake, settings: Settings, keys: Sequence[str], posts: pa.Table) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """The features of posts as the champion is served with them, and which row of ``posts`` each is of."""
    inputs = Inputs(task, settings)
    columns = list(dict.fromkeys([*KEPT, *inputs.of_posts]))
    parts = [TABLES[POSTS].schema.empty_table().select(columns)]
    wanted = {hour_key(moment) for moment in pc.unique(pc.floor_temporal(posts["created_at"], unit="hour")).to_pylist()}
    for batch in batches_of_posts(lake, [key for key in keys if key in wanted]):
        read = lake.read(TABLES[POSTS], batch, columns=columns)
        parts.append(read.filter(pc.is_valid(matches(read, posts, ON))).cast(parts[0].schema))
    found = inputs.add(lake, pa.concat_tables(parts), served=True)
    place = matches(found, posts, ON)
    return found, np.asarray(place.to_pylist(), dtype=np.int64)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    drawn = row["sampling_probability"] if row["reason"] == "random" else None
    return row | {"sampling_probability": drawn}
