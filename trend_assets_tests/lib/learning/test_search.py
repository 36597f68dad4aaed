"""The search: seeded, judged on inner examples, cut short with notice; temperature and abstention fitted on what no model saw."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.learning import search as searching
from trend_assets.lib.learning.calibration import Thresholds, cooled, fit_thresholds
from trend_assets.lib.learning.contract import faults_of
from trend_assets.lib.learning.discovery import load_task
from trend_assets.lib.learning.search import search_options
from trend_assets.lib.learning.tasks.sentiment import Sentiment
from trend_assets_tests.lib.learning.opinions import opinion_posts


class Choosing(Sentiment):
    """Right as often as its option says: of ten values the search has to find a good one."""

    search_space = {"right": (0.4, 0.9, 0.5, 0.6), "noise": (0, 1)}  # noqa: RUF012 - the contract's form

    def train(self, examples: pa.Table, options: object) -> dict[str, object]:
        if options["noise"] == 1 and options["right"] == 0.6:  # type: ignore[index]
            raise ValueError("this pair cannot be trained")
        return dict(options)  # type: ignore[call-overload]

    def predict(self, model: dict[str, float], posts: pa.Table) -> np.ndarray:
        truth = np.array([self.labels.index(one) for one in TRUE_OF])[: posts.num_rows]
        right = np.arange(posts.num_rows) % 10 < model["right"] * 10
        return np.eye(3)[np.where(right, truth, (truth + 1) % 3)]


class Methodical(Choosing):
    """Two of its options belong to one method each."""

    search_space = {"method": ("network", "linear"), "right": (0.5, 0.6), "strength": (1, 2, 3), "noise": (0,)}  # noqa: RUF012
    only_with = {"right": ("method", "network"), "strength": ("method", "linear")}  # noqa: RUF012

    def train(self, examples: pa.Table, options: object) -> dict[str, object]:
        return {"right": 0.5 + len(options) / 100, **options}  # type: ignore[arg-type,dict-item]


TRUE_OF: list[str] = []


@pytest.fixture
def examples() -> pa.Table:
    posts = opinion_posts(400)
    rows = posts.append_column("label", posts["sentiment"])
    sides = searching.splits.sides_of(rows, searching.INNER_SHARE)
    TRUE_OF[:] = rows.filter(pa.array(sides == "evaluation"))["label"].to_pylist()
    return rows


def test_the_best_options_are_found_and_the_same_every_time(examples: pa.Table) -> None:
    first = search_options(Choosing(), examples, 8, 60.0)
    assert first.options["right"] == 0.9
    assert first.trials[0].options == Choosing().default_options
    assert len({str(trial.options) for trial in first.trials}) == len(first.trials) == 8
    assert [trial.failure for trial in first.trials if trial.failure] == ["this pair cannot be trained"]
    assert not first.cut_short
    assert [trial.options for trial in search_options(Choosing(), examples, 8, 60.0).trials] == [one.options for one in first.trials]


def test_options_of_one_method_are_tried_with_it_only_and_never_twice(examples: pa.Table) -> None:
    found = search_options(Methodical(), examples, 20, 60.0)
    tried = [dict(trial.options) for trial in found.trials]
    assert Methodical().default_options == {"method": "network", "right": 0.5, "noise": 0} == tried[0]
    assert sorted(map(str, tried)) == sorted(
        [str({"method": "network", "right": right, "noise": 0}) for right in (0.5, 0.6)]
        + [str({"method": "linear", "strength": strength, "noise": 0}) for strength in (1, 2, 3)]
    )
    assert [dict(trial.options) for trial in search_options(Methodical(), examples, 4, 60.0).trials] == tried[:4]


def test_tasks_of_two_methods_search_dropout_with_the_network_only() -> None:
    for name in ("complaint_reason", "post_category"):
        assert searching.combinations(load_task(name)) == [
            {"method": "cnn", "dropout": 0.3},
            {"method": "cnn", "dropout": 0.1},
            {"method": "linear"},
        ]


WRONG = ({"right": ("way", "network")}, {"depth": ("method", "network")}, {"right": ("method", "forest")}, {"method": ("right", 0.5)})


@pytest.mark.parametrize("condition", WRONG)
def test_a_condition_that_nothing_fulfils_is_a_fault_of_the_task(condition: dict[str, tuple[str, object]]) -> None:
    wrong = type("Wrong", (Methodical,), {"only_with": condition})
    assert [fault for fault in faults_of(wrong) if "only_with" in fault]
    assert not [fault for fault in faults_of(Methodical) if "only_with" in fault]


def test_a_search_that_the_cap_cuts_short_says_so_and_keeps_the_best_so_far(examples: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0.0, 40.0)
    monkeypatch.setattr(searching.time, "monotonic", lambda: next(clock))
    found = search_options(Choosing(), examples, 8, 60.0)
    assert found.cut_short
    assert 1 <= len(found.trials) < 8


def test_few_examples_search_nothing_and_abstain_from_nothing(examples: pa.Table) -> None:
    found = search_options(Choosing(), examples.slice(0, 10), 8, 60.0)
    assert found.trials == ()
    assert found.thresholds == Thresholds()
    assert "nothing was searched" in found.remark


def test_the_temperature_of_a_model_that_is_too_sure_is_found() -> None:
    rng = np.random.default_rng(1)
    honest = rng.dirichlet((2.0, 1.0, 1.0), 3_000)
    truth = np.array([rng.choice(3, p=row) for row in honest])
    fitted = fit_thresholds(truth, cooled(honest, 0.5))
    assert fitted.temperature == pytest.approx(2.0, rel=0.1)
    assert (cooled(honest, 2.0).argmax(axis=1) == honest.argmax(axis=1)).all()
    assert cooled(honest, 3.0).sum(axis=1) == pytest.approx(np.ones(3_000))
    right = honest.argmax(axis=1) == truth
    sure = honest.max(axis=1)
    assert right[sure < fitted.abstain_below].mean() < 0.5
    assert right[sure >= fitted.abstain_below].mean() > right.mean()
