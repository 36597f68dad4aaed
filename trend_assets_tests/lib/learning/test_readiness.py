"""Items of the ML Test Score that nothing else tests: features that help and are cheap, staleness, inclusion, following one answer."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa

from trend_assets.lib.learning.explained import followed
from trend_assets.lib.learning.metrics import confusion_matrix, macro_f1
from trend_assets.lib.learning.tasks.sentiment import Sentiment
from trend_assets_tests.lib.learning.opinions import opinion_posts

TASK = Sentiment()
NAMES = ("Emma", "Mohammed", "Kevin", "Aïcha", "Ingrid", "Kwame", "Mei", "Dolores")


def _examples(count: int, seed: int, family: str = "development", wrong: float = 0.0) -> pa.Table:
    """Opinions with their label, of which a share ``wrong`` is another one."""
    posts = opinion_posts(count, seed=seed, family=family)  # type: ignore[arg-type]
    rng = np.random.default_rng(seed)
    labels = [TASK.labels[int(rng.integers(3))] if rng.random() < wrong else label for label in posts["sentiment"].to_pylist()]
    return posts.append_column("label", pa.array(labels))


@cache
def _trained(seed: int, family: str = "development", wrong: float = 0.0) -> object:
    return TASK.train(_examples(900, seed, family, wrong), {})


def _quality(model: object, posts: pa.Table) -> float:
    truth = np.array([TASK.labels.index(label) for label in posts["sentiment"].to_pylist()])
    return float(macro_f1(confusion_matrix(truth, TASK.predict(model, posts).argmax(axis=1), len(TASK.labels))))


def test_every_feature_of_the_task_is_beneficial() -> None:
    """Permutation importance: with one feature's values in another order the model is much worse."""
    posts = _examples(600, 2)
    whole = _quality(_trained(1), posts)
    for feature in TASK.features:
        order = np.random.default_rng(3).permutation(posts.num_rows)
        without = posts.set_column(posts.schema.get_field_index(feature), feature, posts[feature].take(pa.array(order)))
        assert _quality(_trained(1), without) < whole - 0.1, feature


def test_affective_scores_help_on_opinions_of_another_family() -> None:
    """What is read beside the hashed words earns its place: without it, models of few examples are worse on texts by other templates."""
    gains = []
    for seed in (1, 2):
        examples, later = _examples(300, seed), _examples(500, 50 + seed, "evaluation")
        gains.append(_quality(TASK.train(examples, {"affect": True}), later) - _quality(TASK.train(examples, {"affect": False}), later))
    assert min(gains) > 0.02, gains


def test_no_features_cost_is_too_much() -> None:
    """A model of texts reads published columns of the post it judges and nothing else, and its gate asks for a speed."""
    from trend_assets.lib.learning.discovery import tasks
    from trend_assets.tables import TABLES
    from trend_assets.tables.models import TASKS

    published = {column.name for column in TABLES["social/clean_posts"].columns}
    for name in TASKS:
        assert set(tasks()[name].features) <= published, name
        assert tasks()[name].minimum_posts_per_second >= 100, name


def test_offline_and_later_quality_rank_models_alike() -> None:
    """Models from good to bad (more and more wrong labels): what the evaluation says of them is what later posts of others say."""
    offline, later = _examples(500, 11), _examples(500, 12, "evaluation")
    models = [_trained(1, wrong=wrong) for wrong in (0.0, 0.5, 0.75, 0.9)]
    first, second = ([_quality(model, posts) for model in models] for posts in (offline, later))
    assert np.corrcoef(first, second)[0, 1] > 0.8


def test_what_a_stale_model_costs_is_known() -> None:
    """Of posts in words that came up since its training a stale model answers worse than one of today; docs/ml-test-score.md says why."""
    today = _examples(500, 21, "evaluation")
    stale, fresh = _quality(_trained(1), today), _quality(_trained(20, "evaluation"), today)
    assert fresh - stale > 0.1, "a stale model costs nothing: then why train again?"
    assert stale > 0.4, "a stale model is still better than the commonest label"


def test_a_first_name_changes_no_sentiment() -> None:
    """The same opinion with another person's name in it gets the same label, whatever origin or gender the name suggests."""
    posts = _examples(150, 31)
    texts = posts["clean_text"].to_pylist()
    answers = []
    for name in NAMES:
        named = posts.set_column(posts.schema.get_field_index("clean_text"), "clean_text", pa.array([f"{name}: {text}" for text in texts]))
        answers.append(TASK.predict(_trained(1), named).argmax(axis=1))
    changed = np.mean([(answer != answers[0]) for answer in answers[1:]], axis=1)
    assert float(changed.max()) <= 0.05, dict(zip(NAMES[1:], changed.tolist(), strict=True))


def test_an_answer_to_one_post_is_followed_word_by_word() -> None:
    text = "I love this dress, it is wonderful and fits perfectly"

    def answer(texts: object) -> np.ndarray:
        return TASK.predict(_trained(1), pa.table({"clean_text": list(texts)}))  # type: ignore[call-overload]

    label, probability, steps = followed(answer, text)
    assert [step.word for step in steps] == text.split()
    assert probability == float(answer([text])[0].max())
    assert label == int(answer([text])[0].argmax())
    worst = max(steps, key=lambda step: step.contribution)
    without = " ".join(step.word for step in steps if step is not worst)
    assert abs(probability - float(answer([without])[0, label]) - worst.contribution) < 1e-9
    assert followed(answer, "")[2] == []
