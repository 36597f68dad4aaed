"""The training set of a task: from a label file and the lake's posts to examples.

What belongs here: reading labels, joining them with posts, leaving out what may not be used, splitting, describing. What doesn't:
models made from it (``training.py``), Dagster definitions (``defs/models``), any method (``lib/learning``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import open_storage
from trend_assets.lib.learning import splits
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.labels import SUFFIXES, Labels, read_labels
from trend_assets.lib.learning.scope import in_scope
from trend_assets.lib.privacy.gone import DELETION_COLUMNS, gone
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.tables import in_batches, matches
from trend_assets.partitions import hour_key
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

POSTS = "social/clean_posts"
ON = ["network", "post_id"]
GONE_BY = ("reposted_post", "reposted_author")
POSTS_AT_ONCE = 200_000
"""Posts that are read together, unless one hour has more: memory is bounded by an hour, not by the lake."""


class NotReadyError(RuntimeError):
    """Something that a step needs is not there yet; the message says what to do."""


@dataclass(frozen=True)
class TrainingSet:
    """Rows of ``<task>/training_set``, what they were made from (names and hashes), and what was left aside, by reason."""

    rows: pa.Table
    inputs: dict[str, str]
    left_aside: dict[str, int]


def label_file(settings: Settings, task: str) -> tuple[str, bytes]:
    """Path within the data folder and content of the task's label file. Raises ``NotReadyError`` where there is none."""
    storage = open_storage(settings.data)
    found = [path for path in storage.list("labels/") if path in {f"labels/{task}{suffix}" for suffix in SUFFIXES}]
    if len(found) == 1:
        return found[0], storage.read(found[0])
    wanted = f"{settings.data}/labels/{task}.jsonl (or .csv, .parquet)"
    if found:
        raise NotReadyError(f"there is more than one label file ({', '.join(found)}): keep one")
    raise NotReadyError(
        f"{wanted} is missing: put labelled posts there, with columns network, post_id, label and, optionally, labelled_at. "
        "docs/models.md says how; the simulated town brings labels for sentiment"
    )


def build_training_set(task: Task, name: str, lake: Lake, settings: Settings) -> TrainingSet:
    """Labels joined with posts of the lake, split by time and author. Raises ``NotReadyError`` where no label finds a post."""
    path, content = label_file(settings, name)
    pseudonyms = Pseudonyms(settings.pseudonym_key.get_secret_value())
    labels = read_labels(content, Path(path).suffix, task.labels, pseudonyms)
    posts = _labelled_posts(lake, labels)
    aside = dict(labels.refused) | {"post not in the lake": labels.rows.num_rows - posts.num_rows}
    for reason, keep in _usable(task, posts, lake, settings.brands):
        aside[reason] = int((~keep).sum())
        posts = posts.filter(pa.array(keep))
    if not posts.num_rows:
        raise NotReadyError(
            f"none of the {labels.rows.num_rows} labels of {path} can be used ({json.dumps(aside)}): are they about posts of this lake?"
        )
    side = splits.split(
        np.asarray(posts["created_at"].cast(pa.int64())),
        np.asarray(posts["author"].to_pylist()),
        np.asarray(posts["near_duplicate_key"]),
        task.evaluation_share,
    )
    table = TABLES[f"{name}/training_set"]
    rows = table.conform(posts.append_column("split", pa.array(side.tolist(), pa.string()))).sort_by([(key, "ascending") for key in ON])
    keys = sorted({hour_key(moment) for moment in pc.unique(pc.floor_temporal(rows["created_at"], unit="hour")).to_pylist()})
    manifests = lake.manifests(TABLES[POSTS], keys)
    inputs = {f"{POSTS}[{key}]": manifest.data_version for key, manifest in manifests.items() if manifest}
    return TrainingSet(
        rows, {path: hashlib.sha256(content).hexdigest(), **inputs}, {reason: count for reason, count in aside.items() if count}
    )


def _labelled_posts(lake: Lake, labels: Labels) -> pa.Table:
    """Clean posts that have a label, with the label: few posts are read at a time, so memory stays bounded."""
    table = TABLES[POSTS]
    columns = [*ON, "author", "created_at", "language", "near_duplicate_key", "licence_class", *GONE_BY, "kind", "clean_text"]
    parts = []
    for keys in batches_of_posts(lake, lake.partitions(table)):
        read = lake.read(table, keys, columns=columns)
        place = matches(read, labels.rows, ON)
        found = pc.is_valid(place)
        chosen = labels.rows.take(place.filter(found))
        part = read.filter(found)
        for name in ("label", "labelled_at"):
            part = part.append_column(name, chosen[name])
        parts.append(part)
    empty = table.schema.empty_table().select(columns)
    for name in ("label", "labelled_at"):
        empty = empty.append_column(name, labels.rows[name].slice(0, 0))
    return pa.concat_tables([part.cast(empty.schema) for part in parts]) if parts else empty


def batches_of_posts(lake: Lake, keys: Sequence[str]) -> Iterator[list[str]]:
    """Published hours of posts, few posts together."""
    manifests = lake.manifests(TABLES[POSTS], keys)
    return in_batches({key: manifest.rows for key, manifest in manifests.items() if manifest}, POSTS_AT_ONCE)


def _usable(task: Task, posts: pa.Table, lake: Lake, brands: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Why posts must not be trained on, and which may; each over the rows the one before left."""
    allowed = np.asarray(pc.is_in(posts["licence_class"], value_set=pa.array(task.licence_classes, pa.string())))
    yield "licence class may not train this model", allowed
    posts = posts.filter(pa.array(allowed))
    there = ~np.asarray(gone(posts, deletions(lake)))
    yield "deleted or protected, or its author's account is", there
    yield "not in scope: a repost, or no brand of ours is named", in_scope(task, posts.filter(pa.array(there)), brands)


def deletions(lake: Lake) -> pa.Table:
    """Every notice of deletion, as ``lib/privacy/gone.py`` wants them."""
    return lake.read(TABLES["social/deletions"], columns=list(DELETION_COLUMNS))


def examples(task: Task, name: str, lake: Lake, split: str) -> pa.Table:
    """Rows of one split with the task's features, in order of time: what ``train`` gets."""
    rows = lake.read(TABLES[f"{name}/training_set"])
    if not rows.num_rows:
        raise NotReadyError(f"{name}/training_set is empty: run the job {name}_training")
    rows = rows.filter(pc.equal(rows["split"], split)).sort_by(
        [("created_at", "ascending"), ("network", "ascending"), ("post_id", "ascending")]
    )
    keys = sorted({hour_key(moment) for moment in pc.unique(pc.floor_temporal(rows["created_at"], unit="hour")).to_pylist()})
    columns = [*ON, "author", *(column for column in task.features if column not in (*ON, "author"))]
    parts = [TABLES[POSTS].schema.empty_table().select(columns)]
    for batch in batches_of_posts(lake, keys):
        read = lake.read(TABLES[POSTS], batch, columns=columns)
        parts.append(read.filter(pc.is_valid(matches(read, rows, ON))).cast(parts[0].schema))
    posts = pa.concat_tables(parts)
    place = matches(rows, posts, ON)
    found = pc.is_valid(place)
    rows, posts = rows.filter(found), posts.take(place.filter(found))
    for column in columns:
        if column not in rows.column_names:
            rows = rows.append_column(column, posts[column])
    return rows


def data_manifest(name: str, lake: Lake) -> dict[str, Any]:
    """What the training set is and was made from: hashes of inputs, counts, time range, licence classes."""
    table = TABLES[f"{name}/training_set"]
    manifest = lake.manifest(table, "all")
    rows = lake.read(table)
    if manifest is None or not rows.num_rows:
        raise NotReadyError(f"{name}/training_set is empty: run the job {name}_training")
    counted = rows.group_by(["split", "language", "label"], use_threads=False).aggregate([([], "count_all")])
    counted = counted.sort_by([("split", "ascending"), ("language", "ascending"), ("label", "ascending")])
    span = pc.min_max(rows["created_at"]).as_py()
    return {
        "training_set": manifest.data_version,
        "inputs": dict(manifest.inputs),
        "counts": [dict(zip(("split", "language", "label", "posts"), row.values(), strict=True)) for row in counted.to_pylist()],
        "licence_classes": {row["values"]: row["counts"] for row in pc.value_counts(rows["licence_class"]).to_pylist()},
        "first_post": span["min"].isoformat(),
        "last_post": span["max"].isoformat(),
    }
