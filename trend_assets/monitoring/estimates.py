"""What the champion's accuracy is likely to be in weeks that nobody has labelled enough of: rows of ``models/outcomes``.

What belongs here: which posts an estimate rests on, and what labels of earlier weeks say of it. What doesn't: the estimate itself
(``lib/learning/estimation.py``).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning import splits
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.estimation import Estimate, Labelled, agrees, estimate, unknown, unlike_share
from trend_assets.lib.learning.label_queue import permanent
from trend_assets.lib.learning.outcomes import Score
from trend_assets.lib.tables import matches
from trend_assets.models.tracking import Tracking
from trend_assets.models.training_set import ON, POSTS, NotReadyError, batches_of_posts, examples
from trend_assets.monitoring.versions import champion_of, probabilities_of, trained_on
from trend_assets.partitions import hour_key
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

WEEKS = 5
"""Newest weeks that are estimated."""
COMPARED = 1_000
"""Posts of a week whose words are compared with those of labelled ones."""
_DAY_US = 86_400_000_000
Row = dict[str, Any]


def estimated_rows(task: Task, name: str, lake: Lake, tracking: Tracking, settings: Settings, labelled_rows: list[Row]) -> list[Row]:
    """The champion's accuracy in each of the last weeks by its confidence, or why it is not known.

    labelled_rows: what labels said, rows of this task; those of earlier weeks check the estimates of the same weeks.
    """
    champion = champion_of(name, tracking)
    table = TABLES[f"{name}/predictions"]
    keys = lake.partitions(table)[-WEEKS * 168 :]
    if champion is None or not keys:
        return []
    said = lake.read(table, keys, columns=[*ON, "created_at", "label", "probability", "model_version"])
    said = said.filter(pc.equal(said["model_version"], champion.number))
    if not said.num_rows:
        return []
    try:
        reference, training, held = _reference(task, name, lake, tracking, settings)
    except (NotReadyError, ValueError) as error:
        reference, why = None, str(error).split(":")[0]
    days = np.asarray(said["created_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())) // _DAY_US
    weeks = days - (days + 3) % 7
    column = {label: number for number, label in enumerate(task.labels)}
    truths = {row["week"]: row for row in labelled_rows if _checks(row, champion.number)}
    rows: list[Row] = []
    checked: bool | None = None
    for number in np.unique(weeks)[-WEEKS:].tolist():
        week = date.fromordinal(date(1970, 1, 1).toordinal() + int(number))
        mine = said.filter(pa.array(weeks == number))
        if reference is None:
            found = unknown(why)
        else:
            answers = np.array([column.get(label, 0) for label in mine["label"].to_pylist()], dtype=np.int64)
            unlike = unlike_share(training, held, _words(lake, mine))
            confidence = np.asarray(mine["probability"].to_pylist(), dtype=float)
            found = estimate(reference, confidence, answers, len(task.labels), unlike, checked)
            blind = found if checked is not False else estimate(reference, confidence, answers, len(task.labels), unlike, None)
            if week in truths:  # labels of this week check the weeks after it
                told = agrees(blind, Score(*(truths[week][key] for key in ("value", "low", "high", "examples"))))
                checked = told if told is not None else checked
        rows.append(_row(name, champion.number, week, found, mine.num_rows))
    return rows


def _checks(row: Row, version: int) -> bool:
    return row["model_version"] == version and (row["slice"], row["metric"], row["basis"]) == ("all", "accuracy", "random")


def _row(name: str, version: int, week: date, found: Estimate, posts: int) -> Row:
    checked = "labels of earlier weeks agree" if found.checked else "no labels of earlier weeks to check it by"
    remark = found.why if found.value is None else f"{found.why}; {checked}"
    named = {"task": name, "model_version": version, "week": week, "slice": "all", "metric": "accuracy", "basis": "estimated"}
    return named | {"value": found.value, "low": found.low, "high": found.high, "examples": posts, "remark": remark}


def _reference(
    task: Task, name: str, lake: Lake, tracking: Tracking, settings: Settings
) -> tuple[Labelled, list[list[str]], list[list[str]]]:
    """Labelled posts that the champion was not trained on, with what it says of them; words of the training posts, and of these."""
    champion = champion_of(name, tracking)
    held, trained = (examples(task, name, lake, side, settings) for side in (splits.EVALUATION, splits.TRAIN))
    if champion is None or not held.num_rows:
        raise NotReadyError("no labelled posts to judge it by")
    seen = trained_on(name, champion.number, tracking, held)
    if seen is None:
        raise NotReadyError("not known what the champion was trained on")
    held = held.filter(pa.array(~seen))
    if not held.num_rows:
        raise NotReadyError("the champion was trained on every labelled post")
    found = probabilities_of(task, tracking, champion)(held)
    column = {label: number for number, label in enumerate(task.labels)}
    truth = np.array([column[label] for label in held["label"].to_pylist()], dtype=np.int64)
    groups = np.asarray(held["language"].to_pylist(), dtype=str)
    if "clean_text" not in held.column_names or "clean_text" not in trained.column_names:
        raise NotReadyError("the task reads no text, so whether posts are like the labelled ones is not known")
    words = [[text.lower().split() for text in one["clean_text"].to_pylist()] for one in (trained, held)]
    return Labelled(found.max(axis=1), found.argmax(axis=1), truth, groups), words[0], words[1]


def _words(lake: Lake, posts: pa.Table) -> list[list[str]]:
    """Words of some of the posts, drawn by hash."""
    numbers = permanent("compared", posts["network"].to_pylist(), posts["post_id"].to_pylist())
    chosen = posts.take(pa.array(np.sort(np.argsort(numbers, kind="stable")[:COMPARED])))
    keys = sorted({hour_key(moment) for moment in pc.unique(pc.floor_temporal(chosen["created_at"], unit="hour")).to_pylist()})
    found: list[list[str]] = []
    for batch in batches_of_posts(lake, keys):
        read = lake.read(TABLES[POSTS], batch, columns=[*ON, "clean_text"])
        read = read.filter(pc.is_valid(matches(read, chosen, ON)))
        found += [text.lower().split() for text in read["clean_text"].to_pylist()]
    return found
