"""Which options a task is trained with: a small search, judged on examples held out of the training split.

What belongs here: the inner split, the trials, the choice. What doesn't: what options mean (tasks), the evaluation split, which no
trial ever sees.

Options are proposed by Optuna's tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011), seeded: the same examples, code and
number of trials give the same options, unless the time cap cut the search short, which is told.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.lib.learning import splits
from trend_assets.lib.learning.calibration import LEAST_EXAMPLES, Thresholds, fit_thresholds, less_sure
from trend_assets.lib.learning.contract import Probabilities, Task, checked_probabilities
from trend_assets.lib.learning.metrics import confusion_matrix, macro_f1
from trend_assets.lib.learning.out_of_fold import FOLDS, out_of_fold
from trend_assets.lib.privacy.messages import without_quotes

INNER_SHARE = 0.25
LEAST_HELD = 20
_SEED = 20_261_122


@dataclass(frozen=True)
class Trial:
    """Options that were tried and their macro F1 on the inner held-out examples; ``nan`` where training failed, ``failure`` says how."""

    options: Mapping[str, Any]
    macro_f1: float
    failure: str = ""


@dataclass(frozen=True)
class Search:
    """The options chosen, what was tried, the thresholds fitted with them, whether the cap cut either short, and anything to know."""

    options: Mapping[str, Any]
    trials: tuple[Trial, ...]
    thresholds: Thresholds
    cut_short: bool = False
    remark: str = ""


def search_options(task: Task, examples: pa.Table, trials: int, seconds: float) -> Search:
    """Try options of ``task.search_space``, the defaults first, and take those of the highest macro F1, the earlier of equals.

    trials: different options tried at most. seconds: no trial begins later than that after the first. Without a search space there is
    one trial, for thresholds: they are fitted with the chosen options on its held-out examples, and on all (``out_of_fold.py``) where the
    seconds that are left will do: the newest examples show what time changes, all of them what few show by chance
    (``calibration.less_sure``; figures: ``python -m benchmarks.temperatures``).
    """
    sides = splits.sides_of(examples, INNER_SHARE)
    inner, held = (examples.filter(pa.array(sides == side)) for side in (splits.TRAIN, splits.EVALUATION))
    if held.num_rows < LEAST_HELD or len(set(inner["label"].to_pylist())) < 2:
        return Search(task.default_options, (), Thresholds(), remark=f"{held.num_rows} examples could be held out: nothing was searched")
    truth = _truth(task, held)
    features = held.select(list(task.features))
    begun, done, cut_short = time.monotonic(), list[Trial](), False
    best: tuple[float, Mapping[str, Any], Thresholds, float] = (-1.0, task.default_options, Thresholds(), 0.0)
    asked = _Asked(task, trials)
    while (options := asked.next()) is not None:
        if done and time.monotonic() - begun > seconds:
            cut_short = True
            break
        started = time.monotonic()
        try:
            found = checked_probabilities(task, task.predict(task.train(inner, options), features), held.num_rows)
        except ValueError as error:
            done.append(Trial(options, float("nan"), without_quotes(str(error))[:300]))
            asked.tell(None)
            continue
        score = float(macro_f1(confusion_matrix(truth, found.argmax(axis=1), len(task.labels))))
        done.append(Trial(options, score))
        asked.tell(score)
        if score > best[0]:
            best = (score, options, fit_thresholds(truth, found), time.monotonic() - started)
    _, chosen, thresholds, each = best
    if held.num_rows < LEAST_EXAMPLES:  # a model of two thirds of so few examples is much worse than one of all: too unsure
        return Search(chosen, tuple(done), thresholds, cut_short)
    if time.monotonic() - begun + FOLDS * each > seconds:
        return Search(chosen, tuple(done), thresholds, True, "no time was left to fit the temperature on all examples")
    found_by_folds, remark = _out_of_fold(task, examples, chosen)
    if found_by_folds is not None:
        thresholds = less_sure(thresholds, _truth(task, examples), found_by_folds)
    return Search(chosen, tuple(done), thresholds, cut_short, remark)


def _truth(task: Task, examples: pa.Table) -> npt.NDArray[np.int64]:
    column = {label: number for number, label in enumerate(task.labels)}
    return np.array([column[label] for label in examples["label"].to_pylist()], dtype=np.int64)


def _out_of_fold(task: Task, examples: pa.Table, options: Mapping[str, Any]) -> tuple[Probabilities | None, str]:
    """Probabilities of all examples out of fold; ``None`` where that cannot be done, and why."""
    try:
        found = out_of_fold(task, examples, options)
    except ValueError as error:
        return None, f"the temperature is fitted on held-out examples only: {without_quotes(str(error))[:300]}"
    if found is None:
        return None, f"the temperature is fitted on held-out examples only: there are fewer than {FOLDS} authors"
    return found, ""


def combinations(task: Task) -> list[dict[str, Any]]:
    """All options that ``train`` may be given, the defaults first."""
    found: list[dict[str, Any]] = [{}]
    for name, values in task.search_space.items():
        found = [more for one in found for more in ([one | {name: value} for value in values] if task.takes(name, one) else [one])]
    return found


class _Asked:
    """Proposals of options, each once; the defaults first."""

    def __init__(self, task: Task, trials: int) -> None:
        self.task, self.all = task, combinations(task)
        self.left, self.seen = max(min(trials, len(self.all)), 1), list[dict[str, Any]]()
        self.study: Any = None
        if self.left > 1:
            import optuna

            optuna.logging.set_verbosity(optuna.logging.WARNING)
            self.study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=_SEED, n_startup_trials=4))
            self._enqueue(self.all[0])

    def next(self) -> dict[str, Any] | None:
        """Options not tried yet; ``None`` where enough were."""
        if self.left == 0:
            return None
        self.left -= 1
        if self.study is None:
            return self.all[0]
        for _ in range(10):
            options = self._ask()
            if options not in self.seen:
                self.seen.append(options)
                return options
            self.study.tell(self.trial, state=_pruned())
        # It proposes what it likes best again.
        options = next(one for one in self.all if one not in self.seen)
        self._enqueue(options)
        self.seen.append(options)
        return self._ask()

    def _ask(self) -> dict[str, Any]:
        """A proposal of the study. Options that belong to another value are not asked for, so that it learns nothing from them."""
        self.trial, options = self.study.ask(), dict[str, Any]()
        for name, values in self.task.search_space.items():
            if self.task.takes(name, options):
                # Places and not values are proposed: values may be anything, places are the same in every process.
                options[name] = values[self.trial.suggest_categorical(name, list(range(len(values))))]
        return options

    def _enqueue(self, options: Mapping[str, Any]) -> None:
        self.study.enqueue_trial({name: self.task.search_space[name].index(value) for name, value in options.items()})

    def tell(self, score: float | None) -> None:
        """What came of the last proposal."""
        if self.study is not None:
            if score is None:
                self.study.tell(self.trial, state=_pruned())
            else:
                self.study.tell(self.trial, score)


def _pruned() -> Any:
    import optuna

    return optuna.trial.TrialState.FAIL
