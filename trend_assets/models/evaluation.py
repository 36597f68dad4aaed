"""Candidate, champion and baselines on the evaluation split: figures, pictures, model card and the gate's verdicts.

What belongs here: judging over the lake and the tracking store. What doesn't: metrics and rules (``lib/learning``), promoting
(``promotion.py``).
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.declared import OWNERS_BY_GROUP
from trend_assets.lake.lake import Lake
from trend_assets.lib.learning import gate as gates
from trend_assets.lib.learning import metrics, splits
from trend_assets.lib.learning.card import faults_of_card, limits, metrics_table, model_card
from trend_assets.lib.learning.chain import upstream_of
from trend_assets.lib.learning.contract import Probabilities, Task, checked_probabilities
from trend_assets.lib.learning.leaks import leaks_in
from trend_assets.lib.learning.picture import confusion_svg
from trend_assets.lib.learning.point_in_time import PointInTimeError
from trend_assets.lib.learning.slices import slices_of
from trend_assets.lib.learning.threads import one_thread
from trend_assets.lib.privacy.messages import without_quotes
from trend_assets.models.bundles import CARD, CHAMPION, MANIFEST, THRESHOLDS, Bundles, DamagedBundleError
from trend_assets.models.chain_guard import Effects, downstream_effects
from trend_assets.models.chain_stages import blocked_upstream
from trend_assets.models.features import FEATURE_NAMES, made_again
from trend_assets.models.money import categories_of, hour_posts, revenue_of_slices
from trend_assets.models.record import as_json
from trend_assets.models.serving import IncompatibleModelError, Predict, predictor
from trend_assets.models.tracking import CANDIDATE, MODEL_FOLDER, Tracking, Version
from trend_assets.models.training import TRAINING_POSTS, hashes_of
from trend_assets.models.training_set import NotReadyError, data_manifest, examples
from trend_assets.settings import Settings, load_settings
from trend_assets.tables import TABLES

SPEED_ROWS, SPEED_RUNS, SPEED_SECONDS = 2_000, 5, 10.0
_SCORE = "macro_f1"


@dataclass(frozen=True)
class Evaluation:
    """Rows of ``<task>/evaluation``, the pictures and tables that go with them, how the champion was compared, and the verdicts."""

    rows: pa.Table
    files: dict[str, bytes]
    calibration: list[dict[str, float | int]]
    champion: str
    verdicts: tuple[gates.Verdict, ...]


@dataclass(frozen=True)
class _Held:
    """The evaluation split: examples, columns of their true labels (n,), rows of each slice."""

    rows: pa.Table
    truth: npt.NDArray[np.int64]
    slices: Mapping[str, npt.NDArray[np.bool_]]

    def measured(self, predicted: Probabilities, among: npt.NDArray[np.bool_]) -> list[metrics.Slice]:
        """Metrics by slice of the chosen examples; ``predicted`` has a row of each of them."""
        parts = {name: mask[among] for name, mask in self.slices.items()}
        return metrics.evaluate_slices(self.truth[among], predicted, parts)

    def gains(self, first: Probabilities, second: Probabilities, among: npt.NDArray[np.bool_]) -> dict[str, tuple[metrics.Gain, int]]:
        """Gain of the first over the second by slice, and its examples; both have a row of each chosen example."""
        truth, one, two = self.truth[among], first.argmax(axis=1), second.argmax(axis=1)
        parts = {name: mask[among] for name, mask in self.slices.items()}
        labels = first.shape[1]
        return {
            name: (metrics.gain(truth[part], one[part], two[part], labels), int(part.sum())) for name, part in parts.items() if part.any()
        }


def evaluate_candidate(task: Task, name: str, lake: Lake, tracking: Tracking, settings: Settings | None = None) -> Evaluation:
    """Candidate, champion, classical baseline and majority on the evaluation split; logged to the candidate's run.

    The champion is judged on the examples that it was not trained on, and the candidate on the same ones beside it. A champion that
    today's code cannot run is no champion to compare with: the rows and ``Evaluation.champion`` say so.
    """
    chosen = settings or load_settings()
    candidate = tracking.by_alias(name, CANDIDATE)
    if candidate is None:
        raise NotReadyError(f"there is no candidate of {name}: run the job {name}_training")
    bundles, files = Bundles(chosen), tracking.model_files(candidate)
    rows, trained = (examples(task, name, lake, side, chosen) for side in (splits.EVALUATION, splits.TRAIN))
    column = {label: number for number, label in enumerate(task.labels)}
    truth = np.array([column[label] for label in rows["label"].to_pylist()], dtype=np.int64)
    shares = np.bincount([column[label] for label in trained["label"].to_pylist()], minlength=len(column)) / max(trained.num_rows, 1)
    revenue = revenue_of_slices(lake, rows) if task.source == "posts" else {}
    told_by_lake = (categories_of(lake, rows, revenue), hour_posts(lake, rows)) if task.source == "posts" else ((), ())
    held = _Held(rows, truth, slices_of(rows, trained, task.gate.language_examples, *told_by_lake))
    predict = predictor(task, files, f"{name} version {candidate.number}")
    everything = np.ones(rows.num_rows, dtype=bool)
    with one_thread():
        found = predict(rows)
        speed = posts_per_second(predict, rows)
        baseline = _of_baseline(task, name, trained, rows)
    told = [_row(gates.CANDIDATE, candidate.number, metrics.ALL, gates.TRAINING_EXAMPLES, trained.num_rows, trained.num_rows)]
    measured = held.measured(found, everything)
    told += _rows(gates.CANDIDATE, candidate.number, measured)
    common = {gates.MAJORITY: metrics.majority(shares.tolist(), rows.num_rows), gates.BASELINE: baseline}
    others = {subject: held.measured(answers, everything) for subject, answers in common.items()}
    for subject, parts in others.items():
        told += _rows(subject, None, parts)
    compared = _beside_champion(task, name, bundles, tracking, held, found)
    told += compared.rows
    others |= {gates.CHAMPION: list(compared.measured)} if compared.measured else {}
    by_slice = {subject: {part.name: part.values[_SCORE] for part in parts} for subject, parts in others.items()}
    card = _card(task, name, candidate, files, measured, by_slice)
    manifest = data_manifest(name, lake)
    evidence = gates.Evidence(
        training_examples=trained.num_rows,
        candidate=measured,
        majority_f1=by_slice[gates.MAJORITY].get(metrics.ALL, 0.0),
        over_baseline=held.gains(found, baseline, everything)[metrics.ALL][0] if rows.num_rows else None,
        gains=compared.gains,
        is_champion=compared.version == candidate.number,
        not_compared=compared.why_not,
        revenue=revenue,
        calibration_interval=metrics.calibration_interval(truth, found) if rows.num_rows else (0.0, 0.0),
        calibration_noise=metrics.calibration_noise(found) if rows.num_rows else 0.0,
        posts_per_second=speed,
        posts_per_second_wanted=task.minimum_posts_per_second,
        leaks=leaks_of(task, trained, rows, lake, chosen),
        licences=manifest["licence_classes"],
        licences_allowed=task.licence_classes,
        card_faults=faults_of_card(card),
        downstream=_along_the_chain(task, name, lake, chosen, predict, rows),
        languages=languages_of(manifest),
        champion_languages=compared.languages,
        unlearnt={label: missed for label, number in column.items() if not shares[number] and (missed := int((truth == number).sum()))},
    )
    verdicts = tuple(gates.judge(evidence, task.gate))
    pictures = _pictures(name, task, candidate, held, found)
    bins = metrics.calibration(truth, found) if rows.num_rows else []
    verdict_rows = [{"kind": one.kind, "failed": one.failed, "held": one.held} for one in verdicts]
    logged = {f"{row['subject']}.{row['slice']}.{row['metric']}": row["value"] for row in told} | {"posts_per_second": speed}
    extra = {
        "evaluation/calibration.json": as_json(bins),
        "evaluation/verdicts.json": as_json(verdict_rows),
        f"{MODEL_FOLDER}/{CARD}": card.encode(),
    }
    tracking.add(candidate.run_id, pictures | extra, logged)
    passed = all(one.passed for one in verdicts)
    tracking.tag(candidate, "gate", "passed" if passed else "not passed: " + ", ".join(one.kind for one in verdicts if not one.passed))
    noted = {"version": candidate.number, "champion": compared.version, "passed": passed, "verdicts": verdict_rows}
    bundles.note_evaluation(name, noted)
    return Evaluation(TABLES[f"{name}/evaluation"].from_rows(told), pictures | extra, bins, compared.told, verdicts)


def _of_baseline(task: Task, name: str, trained: pa.Table, held: pa.Table) -> Probabilities:
    try:
        model = task.train_baseline(trained)
    except ValueError as error:
        raise NotReadyError(
            f"the classical baseline of {name} cannot be trained on {trained.num_rows} examples: {without_quotes(str(error))}"
        ) from error
    return checked_probabilities(task, task.predict_baseline(model, held.select(list(task.features))), held.num_rows)


@dataclass(frozen=True)
class _Compared:
    """How the champion fared: its version, rows, metrics, the candidate's gains over it, a sentence, why it was not compared, languages."""

    version: int | None = None
    rows: tuple[dict[str, Any], ...] = ()
    measured: tuple[metrics.Slice, ...] = ()
    gains: Mapping[str, tuple[metrics.Gain, int]] | None = None
    told: str = "there is none"
    why_not: str = ""
    languages: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def _beside_champion(task: Task, name: str, bundles: Bundles, tracking: Tracking, held: _Held, found: Probabilities) -> _Compared:
    there = champion_files(name, bundles, tracking)
    if there is None:
        return _Compared()
    number, files = there
    languages = languages_of(json.loads((files or {}).get(MANIFEST, b"{}")))
    try:
        predict = predictor(task, files or {}, f"{name} version {number}")
        unseen = ~trained_on(files or {}, held.rows, f"version {number}")
        present = predict(held.rows.filter(pa.array(unseen)))
    except IncompatibleModelError as error:
        row = _row(gates.CHAMPION, number, metrics.ALL, gates.NOT_COMPARED, 1.0, 0)
        why_not = "today's code cannot run it: the evaluation's metadata say why"
        return _Compared(number, (row,), told=f"not compared: {error}", why_not=why_not, languages=languages)
    measured = held.measured(present, unseen)
    gains = held.gains(found[unseen], present, unseen)
    beside = next((part.values[_SCORE] for part in held.measured(found[unseen], unseen) if part.name == metrics.ALL), 0.0)
    rows = [
        *_rows(gates.CHAMPION, number, measured),
        _row(gates.CANDIDATE, number, metrics.ALL, gates.BESIDE_CHAMPION, beside, int(unseen.sum())),
    ]
    for part, (change, count) in gains.items():
        for metric, value in (("gain", change.value), ("gain_low", change.low), ("gain_high", change.high)):
            rows.append(_row(gates.CANDIDATE, number, part, f"{_SCORE}_{metric}", value, count))
    told = f"version {number}, on the {int(unseen.sum())} of {held.rows.num_rows} examples that it was not trained on"
    return _Compared(number, tuple(rows), tuple(measured), gains, told, languages=languages)


def languages_of(manifest: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Training and evaluation examples of each language, as a data manifest counts them."""
    found = Counter[tuple[str, str]]()
    for row in manifest.get("counts", []):
        found[row["language"], row["split"]] += row["posts"]
    languages = sorted({language for language, _ in found})
    return {language: (found[language, splits.TRAIN], found[language, splits.EVALUATION]) for language in languages}


def champion_files(name: str, bundles: Bundles, tracking: Tracking) -> tuple[int, dict[str, bytes] | None] | None:
    """Version and files of the champion: of its bundle, or of the registry where its bundle is gone; ``None`` without a champion."""
    pointer = bundles.pointer(name)
    if pointer is not None:
        try:
            return pointer.version, bundles.read(name, pointer.bundle)
        except DamagedBundleError:
            pass
    version = tracking.by_alias(name, CHAMPION)
    if version is None:
        return (pointer.version, None) if pointer else None
    try:
        return version.number, tracking.model_files(version)
    except FileNotFoundError:
        return version.number, None


def predictor_of(task: Task, tracking: Tracking, version: Version) -> Predict:
    """What gives a registered version's probabilities. Raises ``IncompatibleModelError``, also for files that are gone."""
    who = f"{version.task} version {version.number}"
    try:
        files = tracking.model_files(version)
    except FileNotFoundError as error:
        raise IncompatibleModelError(str(error)) from error
    return predictor(task, files, who)


def trained_on(files: Mapping[str, bytes], posts: pa.Table, who: str) -> npt.NDArray[np.bool_]:
    """Which posts (n,) a model was trained on. Raises ``IncompatibleModelError`` where that was not noted."""
    if TRAINING_POSTS not in files:
        raise IncompatibleModelError(f"which posts {who} was trained on is not kept with it")
    return np.isin(hashes_of(posts), np.frombuffer(files[TRAINING_POSTS], dtype=np.uint64))


def posts_per_second(predict: Predict, rows: pa.Table) -> float:
    """Posts a second of one core's time: the median of several runs over examples repeated to ``SPEED_ROWS``; 0 without examples."""
    if not rows.num_rows:
        return 0.0
    many = pa.concat_tables([rows] * max(1, -(-SPEED_ROWS // rows.num_rows))).slice(0, SPEED_ROWS).combine_chunks()
    begun, rates = time.monotonic(), list[float]()
    while len(rates) < SPEED_RUNS and (not rates or time.monotonic() - begun < SPEED_SECONDS):
        started = time.process_time()
        predict(many)
        rates.append(many.num_rows / max(time.process_time() - started, 1e-9))
    return float(np.median(rates))


def _along_the_chain(task: Task, name: str, lake: Lake, settings: Settings, predict: Predict, held: pa.Table) -> Effects:
    """What the candidate does to its readers; and stages upstream of it that shifted, for then its examples are not what was accepted."""
    worse, fine = downstream_effects(task, name, lake, settings, predict, held)
    return [*worse, *blocked_upstream(upstream_of(task.depends_on), lake, settings)], fine


def leaks_of(task: Task, trained: pa.Table, held: pa.Table, lake: Lake, settings: Settings) -> list[str]:
    """What the examples give away, a sentence each. Features that ``models/post_features`` has are made again as of then and compared."""
    if task.source == "images":
        trained, held = (rows.drop_columns(["image"]) for rows in (trained, held))
    features = [name for name in task.features if name in trained.column_names]
    named = [name for name in features if name in FEATURE_NAMES]
    told, again = [], None
    if named and task.source == "posts":
        sides = [rows.select(["network", "post_id", "created_at", *named]) for rows in (trained, held)]
        try:
            again = (made_again(lake, settings, sides[0]), made_again(lake, settings, sides[1]))
        except PointInTimeError as error:
            told = [f"future, {', '.join(named)}: cannot be made again as known at the posts' moments: {error}"]
    found = leaks_in(trained, held, features, recomputed=again)
    return [*told, *(f"{leak.family}, {leak.feature}: {leak.evidence}" for leak in found)]


def _card(
    task: Task, name: str, version: Version, files: Mapping[str, bytes], measured: list[metrics.Slice], others: dict[str, dict[str, float]]
) -> str:
    manifest, thresholds = json.loads(files.get(MANIFEST, b"{}")), json.loads(files.get(THRESHOLDS, b"{}"))
    counts: dict[str, int] = {}
    for row in manifest.get("counts", []):
        counts[row["split"]] = counts.get(row["split"], 0) + row["posts"]
    searched = manifest.get("search", {})
    cut = " The search was cut short by its time cap." if searched.get("search_cut_short") else ""
    options = ", ".join(f"{option} = {value}" for option, value in manifest.get("options", {}).items()) or "none to choose"
    overall = next((part for part in measured if part.name == metrics.ALL), None)
    error = f"Calibration error {overall.values['calibration_error']:.3f}. " if overall else ""
    span = (
        f"posts of {manifest.get('first_post')} to {manifest.get('last_post')}" if manifest.get("first_post") else "examples without dates"
    )
    sections = {
        "Intended use": task.intended_use,
        "Owners": ", ".join(OWNERS_BY_GROUP["models"]),
        "Training data": f"{', '.join(f'{side}: {count}' for side, count in counts.items())} examples; {span}; "
        f"training set {manifest.get('training_set')}.",
        "Licences": ", ".join(f"{licence}: {count}" for licence, count in sorted(manifest.get("licence_classes", {}).items())),
        "Options": f"{options}; {len(searched.get('trials', []))} tried.{cut} {searched.get('remark', '')}",
        "Metrics by slice": metrics_table(measured, others) if measured else "",
        "Calibration and thresholds": f"{error}Temperature {thresholds.get('temperature', 1.0)}; no label is given below a probability of "
        f"{thresholds.get('abstain_below', 0.0)}.",
        "Upstream models": ", ".join(f"{one}: {which}" for one, which in manifest.get("upstream", {}).items()) or "none",
        "Limits": limits(task.limits, languages_of(manifest), task.gate.language_examples),
        "Versions": f"Version {version.number}; code {manifest.get('code')}, trend_assets {manifest.get('version')}.",
    }
    return model_card(f"{name}, version {version.number}: {task.description}", sections)


def _pictures(name: str, task: Task, candidate: Version, held: _Held, found: Probabilities) -> dict[str, bytes]:
    files = {}
    for part, rows in held.slices.items():
        matrix = metrics.confusion_matrix(held.truth[rows], found[rows].argmax(axis=1), len(task.labels))
        title = f"{name} {candidate.number}, {part}: {int(rows.sum())} posts"
        files[f"evaluation/confusion_{part.replace(':', '_').replace('/', '_').replace(' ', '_')}.svg"] = confusion_svg(
            matrix, task.labels, title
        ).encode()
    return files


def _rows(subject: str, number: int | None, parts: list[metrics.Slice]) -> list[dict[str, Any]]:
    return [_row(subject, number, part.name, metric, value, part.examples) for part in parts for metric, value in part.values.items()]


def _row(subject: str, number: int | None, part: str, metric: str, value: float, count: int) -> dict[str, Any]:
    return {"subject": subject, "model_version": number, "slice": part, "metric": metric, "value": value, "examples": count}


def verdicts_of(name: str, settings: Settings) -> list[gates.Verdict]:
    """The verdicts of the newest evaluation; empty where nothing has been evaluated."""
    found = Bundles(settings).evaluated(name)
    return [gates.Verdict(one["kind"], tuple(one["failed"]), tuple(one["held"])) for one in found["verdicts"]] if found else []
