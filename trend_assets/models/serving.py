"""Predictions of a champion, from its bundle alone: no registry, no tracking store, no network.

What belongs here: running a stored model on posts. What doesn't: which model is champion (``promotion.py``), its files (``bundles.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning.calibration import Thresholds, cooled
from trend_assets.lib.learning.contract import Probabilities, Task, checked_probabilities
from trend_assets.lib.learning.scope import in_scope
from trend_assets.lib.learning.store import form_of, model_from_files
from trend_assets.lib.privacy.gone import still_there
from trend_assets.models.bundles import CHAMPION, FEATURES, THRESHOLDS, Bundles, DamagedBundleError
from trend_assets.models.inputs import KEPT, Inputs
from trend_assets.models.training_set import GONE_BY, ON, POSTS, NotReadyError, batches_of_posts, deletions
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

Predict = Callable[[pa.Table], Probabilities]


class IncompatibleModelError(NotReadyError):
    """A model and the task's code of today do not fit, or its files are gone or damaged; the message says why."""


def contract_of(task: Task) -> dict[str, list[str]]:
    """What a task's code and its stored models have to agree on."""
    return {"labels": list(task.labels), "features": list(task.features)}


def thresholds_of(files: Mapping[str, bytes]) -> Thresholds:
    """The thresholds in a bundle."""
    return Thresholds(**json.loads(files.get(THRESHOLDS, b"{}")))


def predictor(task: Task, files: Mapping[str, bytes], who: str) -> Predict:
    """What gives a bundle's calibrated probabilities for posts that have the task's features. who: in messages, ``sentiment version 3``.

    A stored model is run by the task's code of today. Where they do not fit (other labels or features, ``predict`` fails) or the
    files are no model, this function or the one it returns raises ``IncompatibleModelError``. Posts without anything in any feature
    are not shown to the model: each label is as likely as any other.
    """
    stored = json.loads(files.get(FEATURES, b"{}"))
    for what, present in contract_of(task).items():
        if stored.get(what, present) != present:
            raise _unfit(who, f"its {what} are {', '.join(stored[what])}, the task's are {', '.join(present)}")
    try:
        model = model_from_files(files)
        temperature = thresholds_of(files).temperature
    except Exception as error:  # files that are gone or damaged raise whatever their format raises; the model is of no use either way
        raise _unfit(who, f"its files do not load: {type(error).__name__}") from error

    def predict(posts: pa.Table) -> Probabilities:
        found = np.full((posts.num_rows, len(task.labels)), 1.0 / len(task.labels))
        told = says_something(posts, task.features)
        if not told.any():
            return found
        shown = posts.select(list(task.features)).filter(pa.array(told))
        try:
            given = checked_probabilities(task, task.predict(model, shown), shown.num_rows)
        except Exception as error:  # code at a model that other code made: anything. Only its type is told, for texts may be in it.
            raise _unfit(who, f"predict raised {type(error).__name__} at {form_of(model)}") from error
        found[told] = given if temperature == 1.0 else cooled(given, temperature)
        return found

    return predict


def says_something(posts: pa.Table, features: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Whether any of its features is neither null nor an empty text, of each post (n,)."""
    found = np.zeros(posts.num_rows, dtype=bool)
    for name in features:
        column = posts[name]
        there = pc.is_valid(column)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            there = pc.and_(there, pc.not_equal(pc.fill_null(pc.utf8_trim_whitespace(column), ""), ""))
        found |= np.asarray(there)
    return found


def _unfit(who: str, why: str) -> IncompatibleModelError:
    name = who.split(" ", maxsplit=1)[0]
    return IncompatibleModelError(
        f"{who} cannot be run by the task's present code ({why}): "
        f"train another (trend-assets models train {name}), or bring back the code that made it"
    )


def bundled(task: Task, name: str, bundles: Bundles, which: str = CHAMPION) -> tuple[int, Predict, Thresholds] | None:
    """Version, predictor and thresholds of the bundle that a pointer names; ``None`` where there is none."""
    pointer = bundles.pointer(name, which)
    if pointer is None:
        return None
    who = f"{name} version {pointer.version}"
    try:
        files = bundles.read(name, pointer.bundle)
    except DamagedBundleError as error:
        raise _unfit(who, str(error)) from error
    return pointer.version, predictor(task, files, who), thresholds_of(files)


def predict_hours(task: Task, name: str, lake: Lake, settings: Settings, keys: Sequence[str]) -> pa.Table | None:
    """Rows of ``<task>/predictions`` for hours, by the champion's bundle; ``None`` where there is no champion.

    Posts that are gone are left out. ``abstained``: the likeliest label is less probable than the bundle's threshold, or there was
    nothing to judge by. Raises ``IncompatibleModelError`` where the task's code cannot run the champion.
    """
    champion = bundled(task, name, Bundles(settings))
    if champion is None:
        return None
    version, predict, thresholds = champion
    parts = []
    for posts in posts_in_scope(task, lake, settings, keys):
        found = predict(posts)
        best = found.argmax(axis=1)
        sure = found[np.arange(len(best)), best]
        abstained = (sure < thresholds.abstain_below) | ~says_something(posts, task.features)
        part = posts.select([*ON, "created_at"])
        part = part.append_column("label", pa.array([task.labels[number] for number in best.tolist()], pa.string()))
        part = part.append_column("probability", pa.array(sure.astype(np.float32)))
        part = part.append_column("abstained", pa.array(abstained))
        parts.append(part.append_column("model_version", pa.array([version] * len(best), pa.int64())))
    table = TABLES[f"{name}/predictions"]
    return pa.concat_tables([table.conform(part) for part in parts]) if parts else table.empty()


def posts_in_scope(task: Task, lake: Lake, settings: Settings, keys: Sequence[str]) -> Iterator[pa.Table]:
    """Clean posts of hours that the task is about and that are still there, few together: keys, times and the task's features."""
    inputs = Inputs(task, settings)
    columns = list(dict.fromkeys([*KEPT, "author", *GONE_BY, "kind", "clean_text", *inputs.of_posts]))
    notices = deletions(lake)
    for batch in batches_of_posts(lake, keys):
        posts = still_there(lake.read(TABLES[POSTS], batch, columns=columns), notices)
        yield inputs.add(lake, posts.filter(pa.array(in_scope(task, posts, settings.brands))), served=True)
