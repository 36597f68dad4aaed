"""Affective scores of words: what they say about words and texts, and that a model notes which table it read."""

from __future__ import annotations

import numpy as np
import pytest

from trend_assets.lib.learning.affect import AXES, FEATURES, affect_features, affective_words
from trend_assets.lib.learning.text_sentiment import fit_sentiment, sentiment_probabilities

VALENCE = AXES.index("valence")
LABELS = ("negative", "neutral", "positive")


@pytest.mark.parametrize(
    ("good", "bad"),
    [("wonderful", "terrible"), ("excellent", "awful"), ("magnifique", "horrible"), ("parfait", "affreux"), ("ravies", "déçues")],
)
def test_praise_and_blame_are_apart_in_both_languages_also_inflected(good: str, bad: str) -> None:
    table = affective_words()
    assert table.scores[table.place[good], VALENCE] > table.scores[table.place[bad], VALENCE] + 2.0


def test_a_negation_turns_the_words_after_it() -> None:
    plain, turned, far = affect_features(["wonderful", "not wonderful", "not so far away any more wonderful"], affective_words())[
        :, VALENCE
    ]
    assert plain > 1.0
    assert turned < 0.0 < far


def test_links_handles_and_unknown_words_say_nothing() -> None:
    assert not affect_features(["@terrible https://x.example/awful", "", "zzxqj"], affective_words()).any()
    assert affect_features([], affective_words()).shape == (0, FEATURES)


def test_words_that_no_example_has_are_known_by_their_scores_only() -> None:
    texts = ["i had an awful day", "we had a terrible day", "what a bad day", "a great day", "we had a lovely day", "what a good day"] * 8
    labels = ["negative"] * 3 + ["positive"] * 3
    authors = [str(number) for number in range(48)]
    unseen = ["disgusting", "horrendous", "delightful", "fantastic"]
    with_scores = sentiment_probabilities(fit_sentiment(texts, labels * 8, authors), unseen, LABELS)
    assert with_scores[:, [0, 2]].argmax(axis=1).tolist() == [0, 0, 1, 1]
    without = sentiment_probabilities(fit_sentiment(texts, labels * 8, authors, affect=False), unseen, LABELS)
    assert np.ptp(without[:, 2]) < np.ptp(with_scores[:, 2]) / 2
    assert not with_scores[:, 1].any(), "a label that no example has"


def test_a_model_of_another_table_is_refused() -> None:
    model = fit_sentiment(
        ["good day", "bad day", "good night", "bad night"] * 5, ["positive", "negative"] * 10, [str(n) for n in range(20)]
    )
    with pytest.raises(ValueError, match="another table of affective words"):
        sentiment_probabilities(model | {"affective_words": "0" * 16}, ["good day"], LABELS)
