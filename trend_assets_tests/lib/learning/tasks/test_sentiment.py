"""The sentiment baseline learns the town's opinions in both languages, and is worse on words it never saw."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.learning.discovery import load_task
from trend_assets.lib.learning.metrics import ALL, evaluate
from trend_assets.lib.learning.store import model_from_files, model_to_files
from trend_assets_tests.lib.learning.opinions import opinion_posts

TASK = load_task("sentiment")


def _score(model: object, posts: pa.Table) -> dict[str, float]:
    truth = np.array([TASK.labels.index(label) for label in posts["sentiment"].to_pylist()])
    found = evaluate(truth, TASK.predict(model, posts), np.array(posts["language"].to_pylist()), 30)
    return {part.name: part.values["macro_f1"] for part in found}


@pytest.fixture(scope="module")
def model() -> object:
    posts = opinion_posts(900, seed=1)
    return TASK.train(posts.append_column("label", posts["sentiment"]), {})


def test_it_tells_opinions_of_other_posts_of_the_same_town(model: object) -> None:
    scores = _score(model, opinion_posts(400, seed=2))
    assert min(scores[language] for language in (ALL, "language:en", "language:fr")) > 0.8


def test_another_familys_words_are_harder_but_not_hopeless(model: object) -> None:
    scores = _score(model, opinion_posts(400, seed=2, family="evaluation"))
    assert 0.35 < scores[ALL] < 0.8


def test_the_stored_model_is_the_same_bytes_again_and_says_the_same() -> None:
    posts = opinion_posts(200, seed=1)
    first, again = (TASK.train(posts.append_column("label", posts["sentiment"]), {}) for _ in range(2))
    files = model_to_files(first)
    assert model_to_files(again) == files
    assert (TASK.predict(model_from_files(files), posts) == TASK.predict(first, posts)).all()


def test_one_class_is_refused_and_no_posts_are_fine(model: object) -> None:
    posts = opinion_posts(50, seed=1)
    with pytest.raises(ValueError, match="label more posts"):
        TASK.train(posts.append_column("label", pa.array(["neutral"] * 50)), {})
    assert TASK.predict(model, posts.slice(0, 0)).shape == (0, 3)
