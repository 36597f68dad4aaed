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


def test_texts_that_teach_nothing_are_refused_with_the_reason(model: object) -> None:
    posts = opinion_posts(40, seed=1)
    labelled = posts.append_column("label", posts["sentiment"])
    place = posts.schema.get_field_index("clean_text")
    with pytest.raises(ValueError, match="none of the 40 examples has a text"):
        TASK.train(labelled.set_column(place, "clean_text", pa.nulls(40, pa.string())), {})
    with pytest.raises(ValueError, match=r"all 40 texts .* are the same"):
        TASK.train(labelled.set_column(place, "clean_text", pa.array(["the same words"] * 40)), {})
    few = TASK.train(labelled.slice(0, 10), {})
    assert TASK.predict(few, posts).shape == (40, 3)
    english = labelled.filter(pa.array([language == "en" for language in posts["language"].to_pylist()]))
    assert np.allclose(TASK.predict(TASK.train(english, {}), posts).sum(axis=1), 1.0), (
        "no French labels: French posts are answered all the same"
    )


def test_a_missing_text_is_answered_by_what_is_usual(model: object) -> None:
    posts = opinion_posts(2, seed=1)
    missing = posts.set_column(posts.schema.get_field_index("clean_text"), "clean_text", pa.array([None, ""], pa.string()))
    told = TASK.predict(model, missing)
    assert np.allclose(told[0], told[1])
    assert np.allclose(told.sum(axis=1), 1.0)
