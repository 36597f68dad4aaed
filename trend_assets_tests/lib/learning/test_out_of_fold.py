"""Every example is judged by a model that saw neither it, nor its author, nor its copies; thresholds of a search rest on that."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.learning import search as searching
from trend_assets.lib.learning.calibration import Thresholds, cooled, fit_thresholds, less_sure
from trend_assets.lib.learning.out_of_fold import FOLDS, out_of_fold
from trend_assets.lib.learning.search import search_options
from trend_assets.lib.learning.tasks.sentiment import Sentiment
from trend_assets_tests.lib.learning.opinions import opinion_posts


class Watched(Sentiment):
    """The task itself; what each of its models learnt from is kept."""

    features = ("clean_text", "author", "near_duplicate_key", "post_id")

    def __init__(self) -> None:
        self.learnt: list[pa.Table] = []
        self.judged: list[tuple[pa.Table, pa.Table]] = []

    def train(self, examples: pa.Table, options: object) -> object:
        self.learnt.append(examples)
        return super().train(examples, options)  # type: ignore[arg-type]

    def predict(self, model: object, posts: pa.Table) -> np.ndarray:
        self.judged.append((self.learnt[-1], posts))
        return super().predict(model, posts)


class Refusing(Watched):
    """Learns from large sets only."""

    def train(self, examples: pa.Table, options: object) -> object:
        if examples.num_rows < 280:
            raise ValueError("too few to learn from")
        return super().train(examples, options)


@pytest.fixture(scope="module")
def examples() -> pa.Table:
    posts = opinion_posts(400, seed=5)
    authors = [None if number % 9 == 0 else f"author {number // 2}" for number in range(400)]
    return posts.set_column(posts.schema.get_field_index("author"), "author", pa.array(authors)).append_column("label", posts["sentiment"])


def truth_of(rows: pa.Table) -> np.ndarray:
    return np.array([Sentiment.labels.index(label) for label in rows["label"].to_pylist()])


def test_no_model_judges_what_it_or_its_author_or_its_copies_taught(examples: pa.Table) -> None:
    task = Watched()
    found = out_of_fold(task, examples, task.default_options)
    assert found is not None
    assert np.allclose(found.sum(axis=1), 1.0)
    assert len(task.judged) == FOLDS
    judged = [post for _, posts in task.judged for post in posts["post_id"].to_pylist()]
    assert sorted(judged) == sorted(examples["post_id"].to_pylist())
    sizes = [posts.num_rows for _, posts in task.judged]
    assert max(sizes) < 1.2 * min(sizes)
    for learnt, posts in task.judged:
        for column in ("post_id", "author", "near_duplicate_key"):
            assert not (set(learnt[column].to_pylist()) & set(posts[column].to_pylist())) - {None}
        assert None in posts["author"].to_pylist()  # unknown authors are in every fold
    assert (out_of_fold(Watched(), examples, task.default_options) == found).all()
    one = examples.set_column(examples.schema.get_field_index("author"), "author", pa.array(["the same"] * 400))
    assert out_of_fold(Watched(), one, task.default_options) is None


def on_held_out(examples: pa.Table) -> Thresholds:
    sides = searching.splits.sides_of(examples, searching.INNER_SHARE)
    inner, held = (examples.filter(pa.array(sides == side)) for side in ("train", "evaluation"))
    task = Sentiment()
    return fit_thresholds(truth_of(held), task.predict(task.train(inner, task.default_options), held.select(["clean_text"])))


def test_all_examples_keep_held_out_ones_from_making_the_model_too_sure(examples: pa.Table) -> None:
    changed = set()
    for count in (140, 400):
        rows = examples.slice(0, count)
        told = out_of_fold(Sentiment(), rows, Sentiment().default_options)
        assert told is not None
        few, many = on_held_out(rows), fit_thresholds(truth_of(rows), told)
        found = search_options(Sentiment(), rows, 1, 60.0)
        assert found.remark == ""
        assert found.thresholds == (few if few.temperature >= many.temperature else many)
        assert max(few.temperature, many.temperature) < 1.0
        changed.add(found.thresholds == few)
    assert changed == {True, False}


def test_all_examples_make_no_model_less_sure_than_it_is() -> None:
    rng = np.random.default_rng(1)
    honest = rng.dirichlet((2.0, 1.0, 1.0), 2_000)
    truth = np.array([rng.choice(3, p=row) for row in honest])
    too_sure = cooled(honest, 0.5)
    assert less_sure(Thresholds(0.4, 0.0), truth, too_sure) == fit_thresholds(truth, too_sure, 1.0)
    assert less_sure(Thresholds(1.3, 0.6), truth, too_sure) == Thresholds(1.3, 0.6)
    unsure = cooled(honest, 1.6)
    assert less_sure(Thresholds(0.4, 0.0), truth, unsure) == fit_thresholds(truth, unsure)


def test_few_examples_are_not_judged_by_models_of_fewer_still(examples: pa.Table) -> None:
    few = search_options(Sentiment(), examples.slice(0, 110), 1, 60.0)
    assert len(few.trials) == 1
    assert few.thresholds == Thresholds()


def test_where_time_is_short_or_a_fold_teaches_nothing_held_out_examples_decide(
    examples: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = on_held_out(examples)
    refused = search_options(Refusing(), examples, 1, 60.0)
    assert refused.thresholds == expected
    assert "too few to learn from" in refused.remark
    clock = itertools.count(0.0, 15.0)
    monkeypatch.setattr(searching.time, "monotonic", lambda: next(clock))
    late = search_options(Sentiment(), examples, 1, 60.0)
    assert late.thresholds == expected
    assert late.cut_short
    assert "no time" in late.remark
