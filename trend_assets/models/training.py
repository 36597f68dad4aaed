"""From a label file to a champion: what the assets of a task and `trend-assets models` do, step by step.

What belongs here: reading labels and posts, training, evaluating, promoting, rolling back, predicting, over the lake and the
tracking store. What doesn't: Dagster definitions (``defs/models``), any method (``lib/learning``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets import __version__
from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import open_storage
from trend_assets.lib.learning import gate as gates
from trend_assets.lib.learning import metrics, splits
from trend_assets.lib.learning.contract import Probabilities, Task, checked_probabilities
from trend_assets.lib.learning.labels import SUFFIXES, Labels, read_labels
from trend_assets.lib.learning.picture import confusion_svg
from trend_assets.lib.learning.scope import in_scope
from trend_assets.lib.learning.store import model_from_files, model_to_files
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.tables import matches
from trend_assets.models.tracking import CANDIDATE, CHAMPION, MODEL_FOLDER, Tracking, Version
from trend_assets.partitions import hour_key
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

POSTS = "social/clean_posts"
ON = ["network", "post_id"]
_HOURS_AT_ONCE = 48
_LEARNING = Path(__file__).parent.parent / "lib" / "learning"


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
    for reason, keep in _usable(task, posts, lake):
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
    """Clean posts that have a label, with the label: hours are read a few at a time, so memory stays bounded."""
    table = TABLES[POSTS]
    columns = [*ON, "author", "created_at", "language", "near_duplicate_key", "licence_class"]
    keys, parts = lake.partitions(table), []
    for start in range(0, len(keys), _HOURS_AT_ONCE):
        read = lake.read(table, keys[start : start + _HOURS_AT_ONCE], columns=columns)
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


def _usable(task: Task, posts: pa.Table, lake: Lake) -> Iterator[tuple[str, np.ndarray]]:
    """Why posts must not be trained on, and which may; each over the rows the one before left."""
    allowed = np.asarray(pc.is_in(posts["licence_class"], value_set=pa.array(task.licence_classes, pa.string())))
    yield "licence class may not train this model", allowed
    deletions = lake.read(TABLES["social/deletions"], columns=["network", "subject_kind", "subject"])
    gone = deletions.filter(pc.equal(deletions["subject_kind"], "post")).select(["network", "subject"]).rename_columns(ON)
    yield "deleted by its author", ~np.asarray(pc.is_valid(matches(posts.filter(pa.array(allowed)), gone, ON)))


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
    posts = lake.read(TABLES[POSTS], keys, columns=columns)
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


def train_candidate(task: Task, name: str, lake: Lake, tracking: Tracking) -> tuple[Version, bool]:
    """Train on the training split, log and register; alias ``candidate``. The same data and code give the version there is.

    Returns the version, and whether it is new.
    """
    manifest = data_manifest(name, lake)
    print_of = _fingerprint(name, manifest["training_set"])
    for version in tracking.versions(name):
        if version.tags.get("fingerprint") == print_of:
            tracking.point(name, CANDIDATE, version)
            return version, False
    rows = examples(task, name, lake, splits.TRAIN)
    files = model_to_files(task.train(rows))
    counts = {"training_examples": float(rows.num_rows), "model_bytes": float(sum(map(len, files.values())))}
    params = {"task": name, "description": task.description, "labels": ", ".join(task.labels), "features": ", ".join(task.features)}
    params |= {"code_version": __version__, "training_set": manifest["training_set"], "from_scratch": str(task.from_scratch), **_versions()}
    artifacts = {f"{MODEL_FOLDER}/{path}": data for path, data in files.items()}
    artifacts["data_manifest.json"] = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
    run_id = tracking.start_run(name, params, artifacts, counts)
    version = tracking.register(name, run_id, {"fingerprint": print_of, "training_set": manifest["training_set"]})
    tracking.point(name, CANDIDATE, version)
    return version, True


@dataclass(frozen=True)
class Evaluation:
    """Rows of ``<task>/evaluation``, and the picture and tables that go with them."""

    rows: pa.Table
    files: dict[str, bytes]
    calibration: list[dict[str, float | int]]


def evaluate_candidate(task: Task, name: str, lake: Lake, tracking: Tracking) -> Evaluation:
    """Candidate, champion and majority baseline on the evaluation split; logged to the candidate's run."""
    candidate = tracking.by_alias(name, CANDIDATE)
    if candidate is None:
        raise NotReadyError(f"there is no candidate of {name}: run the job {name}_training")
    held, trained = examples(task, name, lake, splits.EVALUATION), examples(task, name, lake, splits.TRAIN)
    column = {label: number for number, label in enumerate(task.labels)}
    truth = np.array([column[label] for label in held["label"].to_pylist()], dtype=np.int64)
    shares = np.bincount([column[label] for label in trained["label"].to_pylist()], minlength=len(column)) / max(trained.num_rows, 1)
    languages = np.asarray(held["language"].to_pylist(), dtype=str)
    subjects: list[tuple[str, Version | None, Probabilities]] = [
        (gates.CANDIDATE, candidate, predict(task, tracking, candidate, held)),
        (gates.MAJORITY, None, metrics.majority(shares.tolist(), held.num_rows)),
    ]
    champion = tracking.by_alias(name, CHAMPION)
    if champion is not None:
        subjects.append((gates.CHAMPION, champion, predict(task, tracking, champion, held)))
    rows = [_row(gates.CANDIDATE, candidate, metrics.ALL, gates.TRAINING_EXAMPLES, trained.num_rows, trained.num_rows)]
    files: dict[str, bytes] = {}
    for subject, version, predicted in subjects:
        for part in metrics.evaluate(truth, predicted, languages, task.gate.language_examples):
            rows += [_row(subject, version, part.language, metric, value, part.examples) for metric, value in part.values.items()]
    found = subjects[0][2]
    for language, chosen in metrics.slices(languages, task.gate.language_examples):
        matrix = metrics.confusion_matrix(truth[chosen], found[chosen].argmax(axis=1), len(column))
        title = f"{name} {candidate.number}, {language}: {int(chosen.sum())} posts"
        files[f"evaluation/confusion_{language}.svg"] = confusion_svg(matrix, task.labels, title).encode()
    bins = metrics.calibration(truth, found) if len(truth) else []
    files["evaluation/calibration.json"] = json.dumps(bins, indent=1).encode()
    table = TABLES[f"{name}/evaluation"].from_rows(rows)
    logged = {f"{row['subject']}.{row['language']}.{row['metric']}": row["value"] for row in rows}
    tracking.add(candidate.run_id, files, logged)
    return Evaluation(table, files, bins)


def _row(subject: str, version: Version | None, language: str, metric: str, value: float, examples: int) -> dict[str, Any]:
    number = version.number if version else None
    return {"subject": subject, "model_version": number, "language": language, "metric": metric, "value": value, "examples": examples}


def verdict(task: Task, name: str, lake: Lake) -> gates.Verdict:
    """The gate's verdict on the newest evaluation."""
    return gates.judge(lake.read(TABLES[f"{name}/evaluation"]).to_pylist(), task.gate)


def promote(task: Task, name: str, lake: Lake, tracking: Tracking) -> tuple[Version, str]:
    """Point ``champion`` at the candidate that was evaluated, noting the one before. Returns the champion and what was done.

    A candidate that was rolled back stays so: only other data or code make another candidate. Raises ``NotReadyError`` where
    the gate is not passed or the evaluation is of another candidate.
    """
    evaluated = lake.read(TABLES[f"{name}/evaluation"])
    numbers = {row["model_version"] for row in evaluated.to_pylist() if row["subject"] == gates.CANDIDATE}
    candidate, champion = tracking.by_alias(name, CANDIDATE), tracking.by_alias(name, CHAMPION)
    if candidate is None or numbers != {candidate.number}:
        raise NotReadyError(f"the newest candidate of {name} has not been evaluated: run the job {name}_training")
    found = verdict(task, name, lake)
    if not found.passed:
        raise NotReadyError(str(found))
    if champion is not None and champion.number == candidate.number:
        return champion, "champion already"
    if champion is not None and "rolled_back_at" in candidate.tags:
        return champion, f"kept: version {candidate.number} was rolled back at {candidate.tags['rolled_back_at']}"
    before = {"previous_champion": str(champion.number)} if champion else {}
    tracking.point(name, CHAMPION, candidate, before)
    return candidate, f"promoted, before it version {champion.number}" if champion else "promoted, the first"


def roll_back(name: str, tracking: Tracking, now: datetime) -> tuple[Version, Version]:
    """Point ``champion`` at the version before; returns the version left and the champion now. Raises ``NotReadyError``."""
    champion = tracking.by_alias(name, CHAMPION)
    if champion is None:
        raise NotReadyError(f"{name} has no champion: nothing to roll back")
    numbers = {version.number: version for version in tracking.versions(name)}
    before = numbers.get(int(champion.tags.get("previous_champion", "0")))
    if before is None:
        raise NotReadyError(f"version {champion.number} is the first champion of {name}: there is none to go back to")
    tracking.tag(champion, "rolled_back_at", now.isoformat(timespec="seconds"))
    tracking.point(name, CHAMPION, before)
    return champion, before


def predict(task: Task, tracking: Tracking, version: Version, posts: pa.Table) -> Probabilities:
    """Probabilities of a version's model for posts that have the task's features."""
    model = model_from_files(tracking.model_files(version))
    return checked_probabilities(task, task.predict(model, posts.select(list(task.features))), posts.num_rows)


def predict_hours(task: Task, name: str, lake: Lake, tracking: Tracking, keys: Sequence[str], brands: Sequence[str]) -> pa.Table | None:
    """Rows of ``<task>/predictions`` for hours, by the champion; ``None`` where there is no champion."""
    champion = tracking.by_alias(name, CHAMPION)
    if champion is None:
        return None
    columns = dict.fromkeys([*ON, "created_at", "kind", "clean_text", *task.features])
    parts, model = [], model_from_files(tracking.model_files(champion))
    for start in range(0, len(keys), _HOURS_AT_ONCE):
        posts = lake.read(TABLES[POSTS], keys[start : start + _HOURS_AT_ONCE], columns=list(columns))
        posts = posts.filter(pa.array(in_scope(task, posts, brands)))
        found = checked_probabilities(task, task.predict(model, posts.select(list(task.features))), posts.num_rows)
        best = found.argmax(axis=1)
        part = posts.select([*ON, "created_at"])
        part = part.append_column("label", pa.array([task.labels[number] for number in best.tolist()], pa.string()))
        part = part.append_column("probability", pa.array(found[np.arange(len(best)), best].astype(np.float32)))
        parts.append(part.append_column("model_version", pa.array([champion.number] * len(best), pa.int64())))
    table = TABLES[f"{name}/predictions"]
    return pa.concat_tables([table.conform(part) for part in parts]) if parts else table.empty()


def _fingerprint(name: str, training_set: str) -> str:
    """Hash of what decides a candidate: training set, code of the task and of learning, versions of the libraries."""
    digest = hashlib.sha256(json.dumps([training_set, _versions()], sort_keys=True).encode())
    for path in [*sorted(_LEARNING.glob("*.py")), _LEARNING / "tasks" / f"{name}.py"]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _versions() -> dict[str, str]:
    import sklearn

    return {"numpy": np.__version__, "scikit_learn": sklearn.__version__, "trend_assets": __version__}
