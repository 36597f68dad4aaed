"""From a training set to a champion: what the assets of a task and `trend-assets models` do, step by step.

What belongs here: training, evaluating, promoting, rolling back, predicting, over the lake and the tracking store. What doesn't:
labels and examples (``training_set.py``), Dagster definitions (``defs/models``), any method (``lib/learning``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets import __version__
from trend_assets.lake.lake import Lake
from trend_assets.lib.learning import gate as gates
from trend_assets.lib.learning import metrics, splits
from trend_assets.lib.learning.contract import Probabilities, Task, checked_probabilities
from trend_assets.lib.learning.discovery import task_file
from trend_assets.lib.learning.picture import confusion_svg
from trend_assets.lib.learning.scope import in_scope
from trend_assets.lib.learning.store import form_of, model_from_files, model_to_files
from trend_assets.lib.privacy.gone import still_there
from trend_assets.models.tracking import CANDIDATE, CHAMPION, MODEL_FOLDER, Tracking, Version
from trend_assets.models.training_set import GONE_BY, ON, POSTS, NotReadyError, batches_of_posts, data_manifest, deletions, examples
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

TRAINING_POSTS = "training_posts.bin"
"""File beside a version's model: hashes of the posts it was trained on, so that it is not judged on them."""
ROLLED_BACK = "rolled_back_at"
_LEARNING = Path(__file__).parent.parent / "lib" / "learning"


class IncompatibleModelError(NotReadyError):
    """A version's model and the task's code of today do not fit, or its files are gone or damaged; the message says why."""


def train_candidate(task: Task, name: str, lake: Lake, tracking: Tracking, settings: Settings | None = None) -> tuple[Version, bool]:
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
    rows = examples(task, name, lake, splits.TRAIN, settings)
    model = task.train(rows, task.default_options)
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


def evaluate_candidate(task: Task, name: str, lake: Lake, tracking: Tracking, settings: Settings | None = None) -> Evaluation:
    """Candidate, champion and majority baseline on the evaluation split; logged to the candidate's run.

    The champion is judged on the examples that it was not trained on, and the candidate on the same ones beside it. A champion that
    today's code cannot run is no champion to compare with: the rows and ``Evaluation.champion`` say so.
    """
    candidate = tracking.by_alias(name, CANDIDATE)
    if candidate is None:
        raise NotReadyError(f"there is no candidate of {name}: run the job {name}_training")
    held, trained = (examples(task, name, lake, side, settings) for side in (splits.EVALUATION, splits.TRAIN))
    column = {label: number for number, label in enumerate(task.labels)}
    truth = np.array([column[label] for label in held["label"].to_pylist()], dtype=np.int64)
    shares = np.bincount([column[label] for label in trained["label"].to_pylist()], minlength=len(column)) / max(trained.num_rows, 1)
    languages = np.asarray(held["language"].to_pylist(), dtype=str)
    found = predictor(task, tracking, candidate)(held)
    rows = [_row(gates.CANDIDATE, candidate, metrics.ALL, gates.TRAINING_EXAMPLES, trained.num_rows, trained.num_rows)]

    def judged(subject: str, version: Version | None, chosen: npt.NDArray[np.bool_], predicted: Probabilities) -> list[dict[str, Any]]:
        parts = metrics.evaluate(truth[chosen], predicted, languages[chosen], task.gate.language_examples)
        return [_row(subject, version, part.name, metric, value, part.examples) for part in parts for metric, value in part.values.items()]

    everything = np.ones(held.num_rows, dtype=bool)
    rows += judged(gates.CANDIDATE, candidate, everything, found)
    rows += judged(gates.MAJORITY, None, everything, metrics.majority(shares.tolist(), held.num_rows))
    baseline = task.predict_baseline(task.train_baseline(trained), held.select(list(task.features)))
    rows += judged(gates.BASELINE, None, everything, checked_probabilities(task, baseline, held.num_rows))
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
            beside = [row["value"] for row in judged("", None, unseen, found[unseen]) if (row["slice"], row["metric"]) == _SCORE]
            rows += [*present, _row(gates.CANDIDATE, candidate, metrics.ALL, gates.BESIDE_CHAMPION, sum(beside), int(unseen.sum()))]
            told = f"version {champion.number}, on the {int(unseen.sum())} of {held.num_rows} examples that it was not trained on"
    files: dict[str, bytes] = {}
    for language, chosen in metrics.slices(languages, task.gate.language_examples):
        matrix = metrics.confusion_matrix(truth[chosen], found[chosen].argmax(axis=1), len(column))
        title = f"{name} {candidate.number}, {language}: {int(chosen.sum())} posts"
        files[f"evaluation/confusion_{language.replace(':', '_')}.svg"] = confusion_svg(matrix, task.labels, title).encode()
    bins = metrics.calibration(truth, found) if len(truth) else []
    files["evaluation/calibration.json"] = json.dumps(bins, indent=1).encode()
    table = TABLES[f"{name}/evaluation"].from_rows(rows)
    logged = {f"{row['subject']}.{row['slice']}.{row['metric']}": row["value"] for row in rows}
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


def _row(subject: str, version: Version | None, part: str, metric: str, value: float, examples: int) -> dict[str, Any]:
    number = version.number if version else None
    return {"subject": subject, "model_version": number, "slice": part, "metric": metric, "value": value, "examples": examples}


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
    columns = dict.fromkeys([*ON, "author", *GONE_BY, "created_at", "kind", "clean_text", *task.features])
    parts, predict, notices = [], predictor(task, tracking, champion), deletions(lake)
    for batch in batches_of_posts(lake, keys):
        posts = still_there(lake.read(TABLES[POSTS], batch, columns=list(columns)), notices)
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
    for path in [*sorted(_LEARNING.glob("*.py")), task_file(name)]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _versions() -> dict[str, str]:
    import sklearn

    return {"numpy": np.__version__, "scikit_learn": sklearn.__version__, "trend_assets": __version__}
