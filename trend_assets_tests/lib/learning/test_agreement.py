"""Agreement: the coefficient against a published example, and what is said where it is not defined."""

from __future__ import annotations

import numpy as np
import pytest

from trend_assets.lib.learning.agreement import agreement, alpha, by_language, counts_of, in_words

# Krippendorff 2011, section C: four observers, twelve units, missing data; nominal alpha .743


def _published() -> tuple[np.ndarray, np.ndarray]:
    rows = {
        "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        "C": [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    }
    given = [(f"u{unit}", str(value)) for values in rows.values() for unit, value in enumerate(values) if value is not None]
    return np.array([unit for unit, _ in given]), np.array([value for _, value in given])


def test_it_gives_the_alpha_of_the_published_example() -> None:
    assert alpha(counts_of(*_published())) == pytest.approx(0.743, abs=0.0005)
    found = agreement(*_published())
    assert found.items == 11
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.743 <= found.high


def test_full_agreement_is_one_and_labels_by_chance_are_near_zero() -> None:
    items = np.array([f"i{number}" for number in range(200)] * 2)
    labels = np.array(["a", "b"] * 100)
    assert agreement(items, np.concatenate([labels, labels])).alpha == 1.0
    chance = np.random.default_rng(3).choice(["a", "b", "c"], size=400)
    found = agreement(items, chance)
    assert found.low < 0 < found.high


def test_it_says_where_nothing_can_be_told() -> None:
    alone = agreement(np.array(["i1", "i2"]), np.array(["a", "b"]))
    assert (alone.items, alone.alpha) == (0, None)
    assert "not known" in in_words(alone)
    same = agreement(np.array(["i1", "i1", "i2", "i2"]), np.array(["a", "a", "a", "a"]))
    assert (same.items, same.alpha, same.share) == (2, None, 1.0)
    assert "not defined" in in_words(same)


def test_languages_with_few_items_are_not_told_apart() -> None:
    items = np.array([f"i{number}" for number in range(20)] * 2)
    labels = np.array(["a", "b"] * 20)
    languages = np.where(np.isin(items, [f"i{number}" for number in range(12)]), "en", "fr")
    assert set(by_language(items, labels, languages)) == {"all", "en"}
