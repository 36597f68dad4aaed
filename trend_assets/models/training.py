"""From a training set to a candidate: searched, trained, tracked, registered.

What belongs here: training over the lake and the tracking store. What doesn't: labels and examples (``training_set.py``), judging
(``evaluation.py``), promoting (``promotion.py``), predicting (``serving.py``), any method (``lib/learning``).
"""

from __future__ import annotations

import hashlib
import json

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets import __version__
from trend_assets.lake.lake import Lake
from trend_assets.lib.learning import splits
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.curves import collected
from trend_assets.lib.learning.learning_curve import curve_by_examples
from trend_assets.lib.learning.picture import curve_svg
from trend_assets.lib.learning.search import Search, search_options
from trend_assets.lib.learning.store import form_of, model_from_files, model_to_files
from trend_assets.lib.learning.threads import one_thread
from trend_assets.lib.privacy.messages import without_quotes
from trend_assets.models.bundles import FEATURES, MANIFEST, THRESHOLDS
from trend_assets.models.record import as_json, code_hash, environment, library_versions, tensorboard_files
from trend_assets.models.serving import contract_of
from trend_assets.models.tracking import CANDIDATE, MODEL_FOLDER, Tracking, Version
from trend_assets.models.training_set import ON, NotReadyError, data_manifest, examples
from trend_assets.models.upstream import upstream_versions
from trend_assets.settings import Settings, load_settings

TRAINING_POSTS = "training_posts.bin"
"""File beside a version's model: hashes of the posts it was trained on, so that it is not judged on them."""
BY_EXAMPLES = "macro_f1_by_examples"
"""The learning curve of a task that reports none itself."""
ROLLED_BACK = "rolled_back_at"


def train_candidate(
    task: Task, name: str, lake: Lake, tracking: Tracking, settings: Settings | None = None, dagster_run: str = ""
) -> tuple[Version, bool]:
    """Search options, train on the training split, log and register; alias ``candidate``. The same data and code give the version there is.

    A version whose files are gone or damaged is made anew; one that was rolled back stays so. Returns the version, and whether
    it is new. Raises ``NotReadyError`` where the examples cannot be
    learnt from, or a library that the task trains with is not installed.
    """
    chosen = settings or load_settings()
    manifest = data_manifest(name, lake) | {"upstream": upstream_versions(task, chosen)}
    rows = examples(task, name, lake, splits.TRAIN, chosen)
    print_of = _fingerprint(name, manifest | {"examples": _contents(task, rows)}, chosen)
    same = [version for version in tracking.versions(name) if version.tags.get("fingerprint") == print_of]
    for version in same:
        if _loads(tracking, version):
            tracking.point(name, CANDIDATE, version)
            return version, False
    _check_learnable(name, rows)
    with one_thread():
        try:
            search = search_options(task, rows, chosen.model_search_trials, chosen.model_search_seconds)
            with collected() as curves:
                model = task.train(rows, search.options)
            if not curves and (points := curve_by_examples(task, rows, search.options)):
                curves[BY_EXAMPLES] = points
        except ValueError as error:
            raise NotReadyError(f"{name} cannot be trained on its {rows.num_rows} examples: {without_quotes(str(error))}") from error
        except ImportError as error:
            raise NotReadyError(_not_installed(task, name, error)) from error
    files = model_to_files(model)
    bundle = files | {
        FEATURES: as_json(contract_of(task)),
        THRESHOLDS: as_json(search.thresholds.as_values()),
        MANIFEST: as_json(
            manifest | {"code": code_hash(name), "version": __version__, "options": dict(search.options), "search": told_of(search)}
        ),
        TRAINING_POSTS: np.unique(hashes_of(rows)).tobytes(),
    }
    surroundings = environment()
    artifacts = {f"{MODEL_FOLDER}/{path}": data for path, data in bundle.items()}
    artifacts |= {
        "data_manifest.json": as_json(manifest),
        "environment.json": as_json(surroundings),
        "search.json": as_json(told_of(search)),
    }
    artifacts |= tensorboard_files(curves)
    artifacts |= {
        f"curves/{figure}.svg": curve_svg(points, f"{name}: {figure}", "examples" if figure == BY_EXAMPLES else "step").encode()
        for figure, points in curves.items()
    }
    params: dict[str, object] = {
        "task": name,
        "description": task.description,
        "labels": ", ".join(task.labels),
        "features": ", ".join(task.features),
    }
    params |= {
        "code_version": __version__,
        "code_hash": code_hash(name),
        "commit": surroundings["commit"],
        "python": surroundings["python"],
    }
    params |= {"training_set": manifest["training_set"], "from_scratch": str(task.from_scratch), "search_cut_short": str(search.cut_short)}
    params |= {f"option.{option}": value for option, value in search.options.items()}
    params |= {f"library.{library}": version for library, version in library_versions().items()}
    counts = {
        "training_examples": float(rows.num_rows),
        "model_bytes": float(sum(map(len, files.values()))),
        **search.thresholds.as_values(),
    }
    run_id = tracking.start_run(name, params, artifacts, counts, {"dagster_run_id": dagster_run} if dagster_run else {})
    for number, trial in enumerate(search.trials):
        if not np.isnan(trial.macro_f1):
            tracking.history(run_id, "search.macro_f1", [(number, trial.macro_f1)])
    for figure, points in curves.items():
        tracking.history(run_id, f"curve.{figure}", points)
    tags = {"fingerprint": print_of, "training_set": manifest["training_set"], "contract": json.dumps(contract_of(task))}
    tags |= {"form": form_of(model)[:500], "model_hash": model_hash(files)}
    rolled_back = [version.tags[ROLLED_BACK] for version in same if ROLLED_BACK in version.tags]
    if rolled_back:
        tags[ROLLED_BACK] = rolled_back[0]
    version = tracking.register(name, run_id, tags)
    tracking.point(name, CANDIDATE, version)
    return version, True


def told_of(search: Search) -> dict[str, object]:
    """A search as JSON keeps it."""
    trials = [
        {"options": dict(one.options), "macro_f1": one.macro_f1 if one.macro_f1 == one.macro_f1 else None, "failure": one.failure}
        for one in search.trials
    ]
    return {"trials": trials, "search_cut_short": search.cut_short, "remark": search.remark}


def model_hash(files: dict[str, bytes]) -> str:
    """Hash of a model's files: equal models have equal hashes."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return digest.hexdigest()[:32]


def hashes_of(posts: pa.Table) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of each post's network and id (n,)."""
    names = (f"{network}\0{post_id}".encode() for network, post_id in zip(*(posts[name].to_pylist() for name in ON), strict=True))
    digests = b"".join(hashlib.blake2b(name, digest_size=8).digest() for name in names)
    return np.frombuffer(digests, dtype=np.uint64)


def _check_learnable(name: str, rows: pa.Table) -> None:
    classes = sorted(set(rows["label"].to_pylist()))
    if len(classes) < 2:
        told = f"only {classes[0]!r}" if classes else "none"
        raise NotReadyError(
            f"the training split of {name} has {rows.num_rows} examples and {told} of its labels, two are needed: label more posts"
        )


def _not_installed(task: Task, name: str, error: ImportError) -> str:
    told = " ".join(str(error).split())
    if task.source == "images" and "make vision" not in told:
        told += ": run make vision"
    return told if name in told else f"{name} cannot be trained: {told}"


def _loads(tracking: Tracking, version: Version) -> bool:
    """Whether a version's model is there and whole."""
    try:
        model_from_files(tracking.model_files(version))
    except Exception:  # files that are gone or damaged raise whatever their format raises; the version is of no use either way
        return False
    return True


def _contents(task: Task, rows: pa.Table) -> str:
    """Hash of what training reads: a training set holds posts by their id, and their text may have been made anew since.

    An image's id is the hash of its bytes: the id is enough. Authors and copies decide what is held out while training.
    """
    digest = hashlib.sha256()
    for column in (*ON, "author", "near_duplicate_key", *(name for name in task.features if task.source == "posts")):
        digest.update(repr(rows[column].to_pylist()).encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:32]


def _fingerprint(name: str, manifest: dict[str, object], settings: Settings) -> str:
    """Hash of what decides a candidate: training set, what examples say, upstream models, code, libraries, the search's size."""
    decides = [
        manifest["training_set"],
        manifest["examples"],
        manifest["upstream"],
        settings.model_search_trials,
        library_versions(),
        __version__,
        code_hash(name),
    ]
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
