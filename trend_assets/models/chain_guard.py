"""Before a model changes, what that does to the models and tables that read it.

What belongs here: running the guards of ``lib/learning/chain.py`` over the lake and the champions' bundles. What doesn't: the edges and the
comparison (there), the verdicts (``lib/learning/gate.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning import metrics, splits
from trend_assets.lib.learning.chain import LEAST_ROWS, downstream_of, share_error, shifts
from trend_assets.lib.learning.contract import Task, upstream_features
from trend_assets.models.bundles import CHAMPION, Bundles
from trend_assets.models.serving import IncompatibleModelError, Predict, bundled
from trend_assets.models.training_set import NotReadyError, examples
from trend_assets.settings import Settings

Identify = Callable[[Sequence[str]], Sequence[str]]
"""From texts to ISO 639-1 codes."""
Effects = tuple[list[str], list[str]]
"""Sentences of what would get worse, and of what would not."""


def downstream_effects(task: Task, name: str, lake: Lake, settings: Settings, candidate: Predict, held: pa.Table) -> Effects:
    """What a candidate in place of its champion does to those that read its labels.

    ``<task>/topic_hours``, which every task of posts has, counts labels: shares of labels among the labelled examples, all and by
    language, must not be further from the truth than the champion's beyond noise. Tasks that declare the candidate in ``depends_on`` are
    judged by their own champion on their own examples, with the column named after the upstream task replaced by the candidate's labels.
    """
    worse: list[str] = []
    fine: list[str] = []
    if task.source != "posts" or held.num_rows < LEAST_ROWS:
        return worse, fine
    try:
        champion = bundled(task, name, Bundles(settings), CHAMPION)
        before = champion[1](held).argmax(axis=1) if champion else None
    except IncompatibleModelError:
        before = None
    if before is None:
        return worse, ["there is no champion whose readers could be compared"]
    after = candidate(held).argmax(axis=1)
    column = {label: number for number, label in enumerate(task.labels)}
    truth = np.array([column[label] for label in held["label"].to_pylist()])
    languages = np.asarray(held["language"].to_pylist(), dtype=str)
    for part, rows in metrics.slices(languages, LEAST_ROWS):
        error = share_error(truth[rows], before[rows], after[rows], len(task.labels))
        (worse if error.worse else fine).append(f"{name}/topic_hours, {part}: {error}")
    for other, reader in _readers(name).items():
        _judge_reader(reader, other, name, task, lake, settings, candidate, worse, fine)
    return worse, fine


def _readers(name: str) -> dict[str, Task]:
    from trend_assets.lib.learning.discovery import tasks

    there = tasks()
    declared = {other: one.depends_on for other, one in there.items()}
    return {other: there[other] for other in downstream_of(name, declared) if other in there and name in upstream_features(there[other])}


def _judge_reader(
    reader: Task, other: str, name: str, task: Task, lake: Lake, settings: Settings, candidate: Predict, worse: list[str], fine: list[str]
) -> None:
    try:
        champion = bundled(reader, other, Bundles(settings))
        if champion is None:
            fine.append(f"{other} has no champion")
            return
        held = examples(reader, other, lake, splits.EVALUATION, settings)
    except NotReadyError as error:  # also a champion that today's code cannot run
        fine.append(f"{other} cannot be judged: {error}")
        return
    said = [task.labels[number] for number in candidate(held).argmax(axis=1).tolist()]
    changed = held.set_column(held.schema.get_field_index(name), name, pa.array(said, pa.string()))
    failed, kept = slice_effects(reader, champion[1], held, changed)
    worse += [f"{other}: {one}" for one in failed]
    fine += [f"{other}: {one}" for one in kept]


def slice_effects(task: Task, predict: Predict, before: pa.Table, after: pa.Table) -> Effects:
    """A downstream champion on its labelled examples with its upstream's output of before and of after: F1 by language slice.

    Slices are those of each table's own column ``language``: a language identifier that is wrong moves examples between them.
    """
    column = {label: number for number, label in enumerate(task.labels)}
    truth = np.array([column[label] for label in before["label"].to_pylist()])
    old, new = (predict(rows).argmax(axis=1) for rows in (before, after))
    worse: list[str] = []
    fine: list[str] = []
    if not len(truth):
        return worse, fine
    for part, rows in metrics.slices(np.asarray(before["language"].to_pylist(), dtype=str), LEAST_ROWS):
        change = metrics.gain(truth[rows], new[rows], old[rows], len(column))
        told = f"{part}: macro F1 {change.value:+.3f} ({change.low:+.3f} to {change.high:+.3f}, {int(rows.sum())} examples)"
        (worse if change.high < 0.0 else fine).append(told)
    return worse, fine


def language_effects(task: Task, name: str, lake: Lake, settings: Settings, identify: Identify) -> Effects:
    """What another language identifier does to a task: the slices it is judged on, and its champion's figures on them.

    ``identify`` is asked about the text of each of the task's labelled examples; before are the languages that the lake holds.
    """
    held = examples(task, name, lake, splits.EVALUATION, settings)
    champion = bundled(task, name, Bundles(settings))
    before = [str(one) for one in held["language"].to_pylist()]
    after = list(identify(held["clean_text"].to_pylist()))
    moved = shifts(before, after)
    worse = [f"language of {name}'s examples, {one}" for one in moved if one.changed]
    fine = [f"language of {name}'s examples, {one}" for one in moved if not one.changed]
    if champion is not None and held.num_rows:
        column = {label: number for number, label in enumerate(task.labels)}
        truth = np.array([column[label] for label in held["label"].to_pylist()])
        index = held.schema.get_field_index("language")
        changed = held.set_column(index, "language", pa.array(after, pa.string()))
        right = {"before": champion[1](held).argmax(axis=1) == truth, "after": champion[1](changed).argmax(axis=1) == truth}
        for language in sorted(set(before) & set(after)):
            rates = [_rate(right[when], np.asarray(languages) == language) for when, languages in (("before", before), ("after", after))]
            if rates[0] is not None and rates[1] is not None:
                lost = rates[1][0] + rates[1][1] < rates[0][0] - rates[0][1]
                told = f"{name}, posts called {language}: {rates[0][0]:.1%} right before, {rates[1][0]:.1%} after"
                (worse if lost else fine).append(told)
    return worse, fine


def _rate(right: npt.NDArray[Any], rows: npt.NDArray[np.bool_]) -> tuple[float, float] | None:
    """Share right and the half of its 90 % interval; ``None`` for few rows."""
    if rows.sum() < LEAST_ROWS:
        return None
    share = float(right[rows].mean())
    return share, 1.645 * float(np.sqrt(max(share * (1 - share), 1e-4) / rows.sum()))


def identify_today(texts: Sequence[str]) -> list[str]:
    """Languages by the identifier that is installed, as cleaning uses it."""
    from trend_assets.lib.text import language, normalise, words
    from trend_assets.lib.text.clean import find_entities

    tidy = normalise.tidy(normalise.unescape_and_compose(pa.array(list(texts), pa.string())))
    found, _ = language.identify(words.letters(words.plain(find_entities(tidy).without_urls)))
    return [str(one) for one in found.to_pylist()]
