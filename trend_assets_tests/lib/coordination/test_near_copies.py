"""Which texts are near-copies of one another."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa

from trend_assets.lib.coordination.near_copies import Texts, copies, joined
from trend_assets.lib.topics.vectors import hash_text
from trend_assets_tests.lib.coordination.posts import VOCABULARY


def texts_of(texts: list[list[str]], keys: list[int] | None = None) -> Texts:
    ends = np.cumsum([len(text) for text in texts]).astype(np.int64)
    words = hash_text(pa.array([word for text in texts for word in text], pa.string()))
    return Texts.of(
        np.array(keys if keys is not None else range(len(texts)), np.int64),
        ends - np.array([len(text) for text in texts], np.int64),
        ends,
        words,
    )


def sentence(dice: random.Random, words: int = 14) -> list[str]:
    return dice.choices(VOCABULARY, k=words)


def test_a_text_with_one_word_replaced_is_a_copy_and_unrelated_texts_are_not():
    dice = random.Random(1)
    found = 0
    for _ in range(100):
        text = sentence(dice)
        changed = list(text)
        changed[dice.randrange(14)] = "elsewhere"
        clusters = copies(texts_of([text, changed, sentence(dice), sentence(dice)]))
        found += clusters[0] == clusters[1]
        assert len({clusters[0], clusters[2], clusters[3]}) == 3
    assert found >= 95


def test_a_template_filled_a_thousand_times_is_one_cluster_named_by_its_smallest_key():
    dice = random.Random(2)
    frame = sentence(dice, 20)
    texts = [[*frame, f"number{n}"] for n in range(1000)]
    keys = list(range(5000, 4000, -1))
    assert set(copies(texts_of(texts, keys)).tolist()) == {4001}


def test_clusters_do_not_depend_on_the_order_of_posts():
    dice = random.Random(3)
    texts = [sentence(dice) for _ in range(60)]
    texts += [[*text[:7], "other", *text[8:]] for text in texts[:30]]
    order = dice.sample(range(90), 90)
    shuffled = texts_of([texts[n] for n in order], [int(n) for n in order])
    assert copies(texts_of(texts)).tolist() == copies(shuffled).tolist()


def test_texts_joined_from_two_hours_keep_each_key_once():
    dice = random.Random(4)
    texts = [sentence(dice) for _ in range(4)]
    one, other = texts_of(texts[:3], [5, 7, 9]), texts_of(texts[2:], [9, 11])
    assert joined([one, other]).key.tolist() == [5, 7, 9, 11]
    assert copies(joined([one, other])).tolist() == [5, 7, 9, 11]


def test_no_text_one_text_and_very_long_texts_are_clusters_of_their_own():
    assert copies(texts_of([])).tolist() == []
    assert copies(texts_of([["one"] * 6])).tolist() == [0]
    assert copies(texts_of([[f"w{n}" for n in range(50_000)], ["x"] * 50_000])).tolist() == [0, 1]
