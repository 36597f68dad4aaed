"""The training set of a task: from labels on the lake's posts, and the owner's own labelled texts, to examples.

What belongs here: reading labels, joining them with posts, leaving out what may not be used, splitting, describing. What doesn't:
models made from it (``training.py``), Dagster definitions (``defs/models``), any method (``lib/learning``).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import open_storage
from trend_assets.lib.learning import splits
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.label_texts import NETWORK, read_texts
from trend_assets.lib.learning.labels import NO_LABELS, SUFFIXES, Labels, read_labels
from trend_assets.lib.learning.leaks_copies import told_again
from trend_assets.lib.learning.point_in_time import PointInTimeError
from trend_assets.lib.learning.scope import in_scope
from trend_assets.lib.privacy.gone import DELETION_COLUMNS, gone
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.tables import in_batches, matches
from trend_assets.models.inputs import KEPT, Inputs
from trend_assets.monitoring.labels import has_hand_labels, with_hand_labels
from trend_assets.partitions import hour_key
from trend_assets.settings import Settings, load_settings
from trend_assets.tables import TABLES
from trend_assets.tables.point_in_time import known_at_moments

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


def labels_of(path: str, content: bytes, task: Task, settings: Settings) -> Labels:
    """The labels in a task's file. Raises ``NotReadyError``, with its path, for one that cannot be read."""
    try:
        return read_labels(content, Path(path).suffix, task.labels, Pseudonyms(settings.pseudonym_key.get_secret_value()))
    except ValueError as error:
        raise NotReadyError(f"{path}: {error}") from error


def text_files(settings: Settings, task: str) -> dict[str, bytes]:
    """Content of the owner's labelled texts, ``labels/<task>/*``, by path within the data folder."""
    storage = open_storage(settings.data)
    return {path: storage.read(path) for path in sorted(storage.list(f"labels/{task}/")) if Path(path).suffix in SUFFIXES}


def check_labels(settings: Settings, task: Task, name: str) -> None:
    """Raise ``NotReadyError`` where there is nothing that a task could be trained on."""
    if task.source == "images":
        from trend_assets.models.image_examples import labelled_images

        labelled_images(task, name, settings)
    elif not text_files(settings, name) and not has_hand_labels(Lake(settings.lake_root), name):
        label_file(settings, name)


def build_training_set(task: Task, name: str, lake: Lake, settings: Settings) -> TrainingSet:
    """Labels joined with posts of the lake, and labelled texts or images of the owner's, split by time, author and copies.

    Raises ``NotReadyError`` where nothing is left to learn from.
    """
    if task.source == "images":
        from trend_assets.models.image_examples import labelled_images

        rows, inputs, aside = labelled_images(task, name, settings)
    else:
        rows, inputs, aside = _labelled_texts(task, name, lake, settings)
    if not rows.num_rows:
        paths = ", ".join(path for path in inputs if path.startswith("labels/"))
        told = ", ".join(f"{reason}: {count}" for reason, count in aside.items() if count) or "there are no rows in it"
        advice = f"the labels of {name} are {', '.join(task.labels)}" if "unknown label" in told else "are they about posts of this lake?"
        raise NotReadyError(f"no label of {paths} can be used ({told}): {advice}")
    table = TABLES[f"{name}/training_set"]
    rows = table.conform(rows.append_column("split", pa.array(sides_of_labelled(rows, task.evaluation_share).tolist(), pa.string())))
    rows = rows.sort_by([(key, "ascending") for key in ON])
    return TrainingSet(rows, inputs, {reason: count for reason, count in aside.items() if count})


def _labelled_texts(task: Task, name: str, lake: Lake, settings: Settings) -> tuple[pa.Table, dict[str, str], dict[str, int]]:
    """Labelled posts of the lake and texts of files: rows with ``given_split``, hashes of what was read, what was left aside."""
    files = text_files(settings, name)
    inputs = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    aside: Counter[str] = Counter()
    parts = []
    labels, hashes = post_labels(task, name, lake, settings)
    if hashes or not files:
        if not hashes:
            label_file(settings, name)  # raises: says what is missing, and where it belongs
        inputs |= hashes
        posts = _usable_posts(task, labels, lake, settings, aside)
        keys = hours_of_posts(posts)
        inputs |= {f"{POSTS}[{key}]": found.data_version for key, found in lake.manifests(TABLES[POSTS], keys).items() if found}
        parts.append(posts)
    parts += [_texts_of_file(task, path, content, settings, aside) for path, content in files.items()]
    rows = pa.concat_tables(parts, promote_options="default")
    return _first_of_each(rows, aside), inputs, dict(aside)


def post_labels(task: Task, name: str, lake: Lake, settings: Settings) -> tuple[Labels, dict[str, str]]:
    """Labels on posts: those of the task's file, and those that people gave (``trend_assets/monitoring/labels.py``), who are believed more.

    Also hash or version of each that there is, for the manifest.
    """
    labels, hashes = Labels(NO_LABELS, {}), {}
    try:
        path, content = label_file(settings, name)
    except NotReadyError:
        if not has_hand_labels(lake, name):
            return labels, {}
    else:
        labels = labels_of(path, content, task, settings)
        hashes[path] = hashlib.sha256(content).hexdigest()
    labels, versions = with_hand_labels(labels, name, lake, task.labels)
    return labels, hashes | versions


def _usable_posts(task: Task, labels: Labels, lake: Lake, settings: Settings, aside: Counter[str]) -> pa.Table:
    posts = _labelled_posts(lake, labels)
    aside.update(labels.refused)
    aside["post not in the lake"] += labels.rows.num_rows - posts.num_rows
    for reason, keep in _usable(task, posts, lake, settings.brands):
        aside[reason] += int((~keep).sum())
        posts = posts.filter(pa.array(keep))
    return posts.append_column("given_split", pa.nulls(posts.num_rows, pa.string()))


def _texts_of_file(task: Task, path: str, content: bytes, settings: Settings, aside: Counter[str]) -> pa.Table:
    brands = frozenset(map(str.lower, settings.brands))
    try:
        rows, refused = read_texts(content, Path(path).suffix, task.labels, task.licence_classes, brands)
    except ValueError as error:
        raise NotReadyError(f"{path}: {error}") from error
    aside.update(refused)
    unknown = sorted(set(Inputs(task, settings).columns) - set(rows.column_names))
    if unknown:
        aside[f"text without {', '.join(unknown)}, which the task reads: only posts of the lake have it"] += rows.num_rows
        rows = rows.slice(0, 0)
    return rows.append_column("labelled_at", pa.nulls(rows.num_rows, pa.timestamp("us", tz="UTC")))


def _first_of_each(rows: pa.Table, aside: Counter[str]) -> pa.Table:
    """Without texts that an earlier file holds too."""
    numbered = rows.select(ON).append_column("row", pa.array(np.arange(rows.num_rows)))
    first = numbered.group_by(ON, use_threads=False).aggregate([("row", "min")])["row_min"]
    aside["the same text again"] += rows.num_rows - len(first)
    return rows.take(pa.array(np.sort(np.asarray(first))))


def sides_of_labelled(rows: pa.Table, evaluation_share: float) -> npt.NDArray[np.str_]:
    """The split of each row (n,): as its file gives it, else as ``splits.sides_of`` says; copies and authors apart.

    Copies are near-duplicates, and texts that are the same but for case, signs, digits, links and handles: what the gate calls a leak.
    """
    sides = splits.sides_of(rows, evaluation_share)
    given = np.asarray(pc.is_valid(rows["given_split"]))
    sides[given] = np.asarray(rows["given_split"].to_pylist(), dtype=object)[given].astype(str)
    sides = splits.without_the_known(sides, np.asarray(rows["author"].to_pylist(), dtype=object), np.asarray(rows["near_duplicate_key"]))
    if "clean_text" in rows.column_names:
        texts, held = np.asarray(rows["clean_text"].to_pylist(), dtype=object), np.flatnonzero(sides == splits.EVALUATION)
        again = told_again([text or "" for text in texts[sides == splits.TRAIN]], [text or "" for text in texts[held]])
        sides[held[again]] = splits.LEFT_OUT
    return sides


def hours_of_posts(rows: pa.Table) -> list[str]:
    """Hours of the rows that are posts of the lake."""
    times = rows.filter(pc.not_equal(rows["network"], NETWORK))["created_at"]
    return sorted({hour_key(moment) for moment in pc.unique(pc.floor_temporal(times, unit="hour")).to_pylist() if moment})


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


def examples(task: Task, name: str, lake: Lake, split: str, settings: Settings | None = None) -> pa.Table:
    """Rows of one split with the task's features, in order of time: what ``train`` gets. settings: of the process by default.

    An example that is gone since (a post deleted, a file taken away) is not among them.
    """
    rows = lake.read(TABLES[f"{name}/training_set"])
    if not rows.num_rows:
        raise NotReadyError(f"{name}/training_set is empty: run the job {name}_training")
    order = [("created_at", "ascending"), ("network", "ascending"), ("post_id", "ascending")]
    rows = rows.filter(pc.equal(rows["split"], split)).sort_by(order)
    if task.source == "images":
        from trend_assets.models.image_examples import with_images

        return with_images(rows, name, settings or load_settings())
    chosen = settings or load_settings()
    inputs = Inputs(task, chosen)
    columns = list(dict.fromkeys([*ON, "author", "near_duplicate_key", *inputs.columns, *inputs.upstream]))
    schema = pa.schema([inputs.field(name) for name in columns])
    parts = [schema.empty_table()]
    for batch in batches_of_posts(lake, hours_of_posts(rows)):
        read = lake.read(TABLES[POSTS], batch, columns=list(dict.fromkeys([*KEPT, "author", "near_duplicate_key", *inputs.of_posts])))
        read = read.filter(pc.is_valid(matches(read, rows, ON)))
        try:
            parts.append(inputs.add(lake, read).select(columns).cast(schema))
        except PointInTimeError as error:
            known = ", ".join(known_at_moments(inputs.columns))
            raise NotReadyError(f"{known} cannot be made as known at the posts' moments: {error}") from error
    if pc.any(pc.equal(rows["network"], NETWORK)).as_py():
        for path, content in text_files(chosen, name).items():
            texts = _texts_of_file(task, path, content, chosen, Counter())
            parts.append(inputs.add_answers(texts).select(columns).cast(schema))
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
        "first_post": span["min"].isoformat() if span["min"] else None,
        "last_post": span["max"].isoformat() if span["max"] else None,
    }
