"""Estimates without labels: within their bounds where an assumption holds, none where nothing can be said, taken back by labels."""

from __future__ import annotations

import numpy as np
import pytest

from trend_assets.lib.learning.estimation import Labelled, agrees, estimate, unlike_share
from trend_assets.lib.learning.outcomes import share


def said(random: np.random.Generator, count: int, spread: float = 2.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidence, answer and truth of a calibrated model with two labels."""
    chance = 1 / (1 + np.exp(-random.normal(scale=spread, size=count)))
    truth = (random.random(count) < chance).astype(np.int64)
    answer = (chance > 0.5).astype(np.int64)
    return np.where(answer == 1, chance, 1 - chance), answer, truth


def labelled(random: np.random.Generator, count: int = 300) -> Labelled:
    confidence, answer, truth = said(random, count)
    return Labelled(confidence, answer, truth, np.where(np.arange(count) % 2, "en", "fr"))


@pytest.mark.parametrize("spread", [0.7, 2.0, 4.0])
def test_the_truth_is_within_the_bounds_where_posts_get_easier_or_harder(spread: float) -> None:
    random = np.random.default_rng(int(10 * spread))
    held, widths = 0, []
    for _ in range(40):
        confidence, answer, truth = said(random, 500, spread)
        found = estimate(labelled(random), confidence, answer, 2, 0.02, None)
        held += found.low <= (answer == truth).mean() <= found.high
        widths.append(found.high - found.low)
    assert held >= 34
    assert np.mean(widths) < 0.35


def test_a_model_too_sure_of_itself_is_not_believed() -> None:
    """What counts is how often it was right at that confidence, not what it says."""
    random = np.random.default_rng(3)
    confidence, answer, truth = said(random, 400, 0.8)
    boast = np.clip(confidence + 0.3, 0, 0.999)
    known = Labelled(boast, answer, truth, np.repeat("en", 400))
    new, new_answer, new_truth = said(random, 600, 0.8)
    found = estimate(known, np.clip(new + 0.3, 0, 0.999), new_answer, 2, 0.02, None)
    right = float((new_answer == new_truth).mean())
    assert np.clip(new + 0.3, 0, 0.999).mean() > right + 0.2
    assert found.low <= right <= found.high


def test_there_is_no_estimate_where_nothing_can_be_said() -> None:
    random = np.random.default_rng(4)
    confidence, answer, _ = said(random, 500)
    known = labelled(random)
    for told, found in (
        ("100 wanted", estimate(labelled(random, 99), confidence, answer, 2, 0.0, None)),
        ("30 wanted", estimate(known, confidence[:29], answer[:29], 2, 0.0, None)),
        ("unlike any labelled", estimate(known, confidence, answer, 2, 0.5, None)),
        ("contradict", estimate(known, confidence, answer, 2, 0.0, False)),
    ):
        assert found.value is None
        assert found.low is None
        assert found.why.startswith("unknown: ")
        assert told in found.why


def test_posts_unlike_any_labelled_one_may_be_right_or_wrong() -> None:
    random = np.random.default_rng(5)
    confidence, answer, _ = said(random, 500)
    known = labelled(random)
    like, unlike = (estimate(known, confidence, answer, 2, share_of, None) for share_of in (0.02, 0.22))
    assert unlike.low <= 0.8 * like.low
    assert unlike.high - unlike.low > 0.2


def test_labels_that_come_later_take_an_estimate_back_or_let_it_stand() -> None:
    random = np.random.default_rng(6)
    confidence, answer, truth = said(random, 1_000)
    found = estimate(labelled(random), confidence, answer, 2, 0.02, None)
    right = answer == truth
    assert agrees(found, share(right[:100])) is True
    assert agrees(found, share(np.concatenate([right[:50], ~right[:50]]))) is False
    assert not found.checked
    assert estimate(labelled(random), confidence, answer, 2, 0.02, True).checked


def test_unlike_are_posts_whose_words_were_hardly_trained_on() -> None:
    random = np.random.default_rng(7)
    words = [f"w{number}" for number in range(200)]
    posts = [random.choice(words, 8).tolist() for _ in range(300)]
    training, held = posts[:150], posts[150:250]
    assert unlike_share(training, held, posts[250:]) < 0.1
    assert unlike_share(training, held, [["x", "y", "z"]] * 50) == 1.0
    assert unlike_share([], held, posts) == 1.0


def test_no_mistake_among_few_labelled_posts_is_no_certainty() -> None:
    """At an accuracy of .98, a hundred labelled posts often show no mistake: the bootstrap over them has no width then."""
    held = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        truth, right = random.integers(0, 3, 100), random.random(100) < 0.98
        known = Labelled(random.uniform(0.9, 0.999, 100), np.where(right, truth, (truth + 1) % 3), truth, np.repeat("en", 100))
        came = random.random(2_000) < 0.98
        found = estimate(known, random.uniform(0.9, 0.999, 2_000), random.integers(0, 3, 2_000), 3, 0.02, None)
        held += found.low <= came.mean() <= found.high
    assert held >= 180
