"""The split: earlier posts train, later posts of other people with other words are what a model is judged on."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trend_assets.lib.learning.splits import EVALUATION, LEFT_OUT, TRAIN, split


def test_later_posts_by_known_authors_or_of_known_texts_are_left_out() -> None:
    times = np.arange(10)
    authors = np.array(["a", "b", "c", "d", "e", "f", "g", "a", "h", "i"])
    copies = np.array([0, 1, 2, 3, 4, 5, 6, 7, 2, 9])
    sides = split(times, authors, copies, 0.3)
    assert sides.tolist() == [TRAIN] * 7 + [LEFT_OUT, LEFT_OUT, EVALUATION]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 8), st.integers(0, 30)), max_size=60), st.sampled_from([0.1, 0.3, 0.5]))
def test_no_time_author_or_text_is_on_both_sides(rows: list[tuple[int, int, int]], share: float) -> None:
    times, authors, copies = (np.array([row[place] for row in rows], dtype=np.int64) for place in range(3))
    sides = split(times, authors.astype(str), copies, share)
    train, held = sides == TRAIN, sides == EVALUATION
    assert len(sides) == len(rows)
    if train.any() and held.any():
        assert times[train].max() < times[held].min()
    assert not set(authors[train]) & set(authors[held])
    assert not set(copies[train]) & set(copies[held])
