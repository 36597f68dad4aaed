"""From a label file to a champion: what the assets of a task and `trend-assets models` do, step by step.

What belongs here: reading labels and posts, training, evaluating, promoting, rolling back, predicting, over the lake and the
tracking store. What doesn't: Dagster definitions (``defs/models``), any method (``lib/learning``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
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
from trend_assets.lib.learning.store import form_of, model_from_files, model_to_files
from trend_assets.lib.privacy.gone import DELETION_COLUMNS, gone, still_there
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.tables import in_batches, matches
from trend_assets.models.tracking import CANDIDATE, CHAMPION, MODEL_FOLDER, Tracking, Version
from trend_assets.partitions import hour_key
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

POSTS = "social/clean_posts"
ON = ["network", "post_id"]
_GONE_BY = ("reposted_post", "reposted_author")
POSTS_AT_ONCE = 200_000
"""Posts that are read together, unless one hour has more: memory is bounded by an hour, not by the lake."""
TRAINING_POSTS = "training_posts.bin"
"""File beside a version's model: hashes of the posts it was trained on, so that it is not judged on them."""
ROLLED_BACK = "rolled_back_at"
_LEARNING = Path(__file__).parent.parent / "lib" / "learning"


class NotReadyError(RuntimeError):
    """Something that a step needs is not there yet; the message says what to do."""


class IncompatibleModelError(NotReadyError):
    """A version's model and the task's code of today do not fit, or its files are gone or damaged; the message says why."""


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
    columns = [*ON, "author", "created_at", "language", "near_duplicate_key", "licence_class", *_GONE_BY, "kind", "clean_text"]
    parts = []
    for keys in _batches(lake, lake.partitions(table)):
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


def _batches(lake: Lake, keys: Sequence[str]) -> Iterator[list[str]]:
    """Published hours of posts, few posts together."""
    manifests = lake.manifests(TABLES[POSTS], keys)
    return in_batches({key: manifest.rows for key, manifest in manifests.items() if manifest}, POSTS_AT_ONCE)


def _usable(task: Task, posts: pa.Table, lake: Lake, brands: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Why posts must not be trained on, and which may; each over the rows the one before left."""
    allowed = np.asarray(pc.is_in(posts["licence_class"], value_set=pa.array(task.licence_classes, pa.string())))
    yield "licence class may not train this model", allowed
    posts = posts.filter(pa.array(allowed))
    there = ~np.asarray(gone(posts, _deletions(lake)))
    yield "deleted or protected, or its author's account is", there
    yield "not in scope: a repost, or no brand of ours is named", in_scope(task, posts.filter(pa.array(there)), brands)


def _deletions(lake: Lake) -> pa.Table:
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
    for batch in _batches(lake, keys):
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


def train_candidate(task: Task, name: str, lake: Lake, tracking: Tracking) -> tuple[Version, bool]:
    """Train on the training split, log and register; alias ``candidate``. The same data and code give the version there is.

    A version whose files are gone or damaged is made anew; one that was rolled back stays so. Returns the version, and whether
    it is new.
    """
    manifest = data_manifest(name, lake)
    print_of = _fingerprint(name, manifest["training_set"])
    same = [version for version in tracking.versions(name) if version.tags.get("fingerprint") == print_of]
    for version in same:
        if _loads(tracking, version):
            tracking.point(name, CANDIDATE, version)
            return version, False
    rows = examples(task, name, lake, splits.TRAIN)
    model = task.train(rows)
    files = model_to_files(model)
    counts = {"training_examples": float(rows.num_rows), "model_bytes": float(sum(map(len, files.values())))}
    params = {"task": name, "description": task.description, "labels": ", ".join(task.labels), "features": ", ".join(task.features)}
    params |= {"code_version": __version__, "training_set": manifest["training_set"], "from_scratch": str(task.from_scratch), **_versions()}
    artifacts = {f"{MODEL_FOLDER}/{path}": data for path, data in files.items()}
    artifacts[f"{MODEL_FOLDER}/{TRAINING_POSTS}"] = np.unique(_hashes(rows)).tobytes()
    artifacts["data_manifest.json"] = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
    run_id = tracking.start_run(name, params, artifacts, counts)
    tags = {"fingerprint": print_of, "training_set": manifest["training_set"], "contract": json.dumps(_contract(task))}
    tags |= {"form": form_of(model)[:500]}
    rolled_back = [version.tags[ROLLED_BACK] for version in same if ROLLED_BACK in version.tags]
    if rolled_back:
        tags[ROLLED_BACK] = rolled_back[0]
    version = tracking.register(name, run_id, tags)
    tracking.point(name, CANDIDATE, version)
    return version, True


def _contract(task: Task) -> dict[str, list[str]]:
    """What a task's code and its stored models have to agree on."""
    return {"labels": list(task.labels), "features": list(task.features)}


def _loads(tracking: Tracking, version: Version) -> bool:
    """Whether a version's model is there and whole."""
    try:
        model_from_files(tracking.model_files(version))
    except Exception:  # files that are gone or damaged raise whatever their format raises; the version is of no use either way
        return False
    return True


def _hashes(posts: pa.Table) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of each post's network and id (n,)."""
    names = (f"{network}\0{post_id}".encode() for network, post_id in zip(*(posts[name].to_pylist() for name in ON), strict=True))
    digests = b"".join(hashlib.blake2b(name, digest_size=8).digest() for name in names)
    return np.frombuffer(digests, dtype=np.uint64)


@dataclass(frozen=True)
class Evaluation:
    """Rows of ``<task>/evaluation``, the pictures and tables that go with them, and how the champion was compared, in words."""

    rows: pa.Table
    files: dict[str, bytes]
    calibration: list[dict[str, float | int]]
    champion: str


def evaluate_candidate(task: Task, name: str, lake: Lake, tracking: Tracking) -> Evaluation:
    """Candidate, champion and majority baseline on the evaluation split; logged to the candidate's run.

    The champion is judged on the examples that it was not trained on, and the candidate on the same ones beside it. A champion that
    today's code cannot run is no champion to compare with: the rows and ``Evaluation.champion`` say so.
    """
    candidate = tracking.by_alias(name, CANDIDATE)
    if candidate is None:
        raise NotReadyError(f"there is no candidate of {name}: run the job {name}_training")
    held, trained = examples(task, name, lake, splits.EVALUATION), examples(task, name, lake, splits.TRAIN)
    column = {label: number for number, label in enumerate(task.labels)}
    truth = np.array([column[label] for label in held["label"].to_pylist()], dtype=np.int64)
    shares = np.bincount([column[label] for label in trained["label"].to_pylist()], minlength=len(column)) / max(trained.num_rows, 1)
    languages = np.asarray(held["language"].to_pylist(), dtype=str)
    found = predictor(task, tracking, candidate)(held)
    rows = [_row(gates.CANDIDATE, candidate, metrics.ALL, gates.TRAINING_EXAMPLES, trained.num_rows, trained.num_rows)]

    def judged(subject: str, version: Version | None, chosen: npt.NDArray[np.bool_], predicted: Probabilities) -> list[dict[str, Any]]:
        parts = metrics.evaluate(truth[chosen], predicted, languages[chosen], task.gate.language_examples)
        return [
            _row(subject, version, part.language, metric, value, part.examples) for part in parts for metric, value in part.values.items()
        ]

    everything = np.ones(held.num_rows, dtype=bool)
    rows += judged(gates.CANDIDATE, candidate, everything, found)
    rows += judged(gates.MAJORITY, None, everything, metrics.majority(shares.tolist(), held.num_rows))
    champion, told = tracking.by_alias(name, CHAMPION), "there is none"
    if champion is not None:
        try:
            predict = predictor(task, tracking, champion)
            unseen = ~_trained_on(tracking, champion, held)
            present = judged(gates.CHAMPION, champion, unseen, predict(held.filter(pa.array(unseen))))
        except IncompatibleModelError as error:
            rows.append(_row(gates.CHAMPION, champion, metrics.ALL, gates.NOT_COMPARED, 1.0, 0))
            told = f"not compared: {error}"
        else:
            beside = [row["value"] for row in judged("", None, unseen, found[unseen]) if (row["language"], row["metric"]) == _SCORE]
            rows += [*present, _row(gates.CANDIDATE, candidate, metrics.ALL, gates.BESIDE_CHAMPION, sum(beside), int(unseen.sum()))]
            told = f"version {champion.number}, on the {int(unseen.sum())} of {held.num_rows} examples that it was not trained on"
    files: dict[str, bytes] = {}
    for language, chosen in metrics.slices(languages, task.gate.language_examples):
        matrix = metrics.confusion_matrix(truth[chosen], found[chosen].argmax(axis=1), len(column))
        title = f"{name} {candidate.number}, {language}: {int(chosen.sum())} posts"
        files[f"evaluation/confusion_{language}.svg"] = confusion_svg(matrix, task.labels, title).encode()
    bins = metrics.calibration(truth, found) if len(truth) else []
    files["evaluation/calibration.json"] = json.dumps(bins, indent=1).encode()
    table = TABLES[f"{name}/evaluation"].from_rows(rows)
    logged = {f"{row['subject']}.{row['language']}.{row['metric']}": row["value"] for row in rows}
    tracking.add(candidate.run_id, files, logged)
    return Evaluation(table, files, bins, told)


_SCORE = (metrics.ALL, "macro_f1")


def _trained_on(tracking: Tracking, version: Version, posts: pa.Table) -> npt.NDArray[np.bool_]:
    """Which posts (n,) a version was trained on. Raises ``IncompatibleModelError`` where that was not noted."""
    try:
        noted = tracking.model_files(version)[TRAINING_POSTS]
    except KeyError as error:
        raise IncompatibleModelError(f"which posts version {version.number} was trained on is not kept with it") from error
    return np.isin(_hashes(posts), np.frombuffer(noted, dtype=np.uint64))


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
    if champion is not None and ROLLED_BACK in candidate.tags:
        return champion, f"kept: version {candidate.number} was rolled back at {candidate.tags[ROLLED_BACK]}"
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
    tracking.tag(champion, ROLLED_BACK, now.isoformat(timespec="seconds"))
    tracking.point(name, CHAMPION, before)
    return champion, before


def predictor(task: Task, tracking: Tracking, version: Version) -> Callable[[pa.Table], Probabilities]:
    """What gives a version's probabilities for posts that have the task's features.

    A stored model is run by the task's code of today. Where they do not fit (other labels or features, ``predict`` fails) or the
    model's files are gone, this function or the one it returns raises ``IncompatibleModelError``.
    """
    stored = json.loads(version.tags.get("contract", "{}"))
    for what, present in _contract(task).items():
        if stored.get(what, present) != present:
            raise _unfit(version, f"its {what} are {', '.join(stored[what])}, the task's are {', '.join(present)}")
    try:
        model = model_from_files(tracking.model_files(version))
    except Exception as error:  # see _loads
        raise _unfit(version, f"its files do not load: {type(error).__name__}") from error

    def predict(posts: pa.Table) -> Probabilities:
        if not posts.num_rows:
            return np.zeros((0, len(task.labels)))
        try:
            found = task.predict(model, posts.select(list(task.features)))
            return checked_probabilities(task, found, posts.num_rows)
        except Exception as error:  # code at a model that other code made: anything. Only its type is told, for texts may be in it.
            raise _unfit(version, f"predict raised {type(error).__name__} at {form_of(model)}") from error

    return predict


def _unfit(version: Version, why: str) -> IncompatibleModelError:
    return IncompatibleModelError(
        f"{version.task} version {version.number} cannot be run by the task's present code ({why}): "
        f"train another (trend-assets models train {version.task}), or bring back the code that made it"
    )


def predict_hours(task: Task, name: str, lake: Lake, tracking: Tracking, keys: Sequence[str], brands: Sequence[str]) -> pa.Table | None:
    """Rows of ``<task>/predictions`` for hours, by the champion; ``None`` where there is no champion.

    Posts that are gone are left out. Raises ``IncompatibleModelError`` where the task's code cannot run the champion.
    """
    champion = tracking.by_alias(name, CHAMPION)
    if champion is None:
        return None
    columns = dict.fromkeys([*ON, "author", *_GONE_BY, "created_at", "kind", "clean_text", *task.features])
    parts, predict, deletions = [], predictor(task, tracking, champion), _deletions(lake)
    for batch in _batches(lake, keys):
        posts = still_there(lake.read(TABLES[POSTS], batch, columns=list(columns)), deletions)
        posts = posts.filter(pa.array(in_scope(task, posts, brands)))
        found = predict(posts)
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
