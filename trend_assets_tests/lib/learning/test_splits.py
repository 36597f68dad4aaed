"""The split: earlier posts train, later posts of other people with other words are what a model is judged on."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from trend_assets.lib.learning.splits import EVALUATION, LEFT_OUT, TRAIN, newest_apart, people, sides_of, split, together
from trend_assets.lib.learning.text_examples import learnable


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


def test_an_unknown_author_is_nobody_else_but_of_copies() -> None:
    found = people(["a", None, "", " ", None, "a"], ["k", "k", "l", "m", "m", "n"])
    assert found[0] == found[5] == "a"
    assert found[3] == found[4]
    assert len(set(found.tolist())) == 4
    assert people(found.tolist(), ["k"] * 6).tolist() == found.tolist()


def test_later_posts_of_unknown_authors_are_judged_on_though_earlier_ones_are_unknown_too() -> None:
    authors = np.array([None, "a", None, "", None, "a", ""], dtype=object)
    sides = split(np.arange(7), authors, np.array([0, 1, 2, 3, 0, 5, 6]), 0.5)
    assert sides.tolist() == [TRAIN] * 4 + [LEFT_OUT, LEFT_OUT, EVALUATION]


def test_undated_examples_of_unknown_authors_fall_on_both_sides_and_copies_on_one() -> None:
    count = 400
    rows = pa.table(
        {
            "network": ["file"] * count,
            "author": pa.nulls(count, pa.string()),
            "created_at": pa.nulls(count, pa.timestamp("us", tz="UTC")),
            "near_duplicate_key": [number // 2 for number in range(count)],
        }
    )
    sides = sides_of(rows, 0.25)
    assert 0.15 < (sides == EVALUATION).mean() < 0.35
    assert LEFT_OUT not in sides
    assert (sides[::2] == sides[1::2]).all()
    shuffled = np.random.default_rng(1).permutation(count)
    assert (sides_of(rows.take(shuffled), 0.25) == sides[shuffled]).all()


def test_examples_to_learn_from_keep_unknown_authors_apart() -> None:
    examples = pa.table(
        {
            "clean_text": ["late again", "very good", "Late again ", "fine", "no"],
            "label": ["bad", "good", "bad", "good", "bad"],
            "author": [None, None, "", "a", None],
        }
    )
    _, _, authors = learnable(examples)
    assert authors[0] == authors[2]
    assert len(set(authors)) == 4
    assert authors[3] == "a"


_rows = st.lists(st.tuples(st.integers(0, 50), st.sampled_from(["a", "b", "c", "d", "", None]), st.integers(0, 12)), max_size=40)


@settings(deadline=None)  # the first call imports scipy
@given(_rows, st.sampled_from([0.15, 0.4]))
def test_the_newest_held_out_share_nobody_and_no_text_with_the_rest(rows: list[tuple[int, str | None, int]], share: float) -> None:
    times, copies = (np.array([row[place] for row in rows], dtype=np.int64) for place in (0, 2))
    authors = np.array([row[1] for row in rows], dtype=object)
    held = newest_apart(times, authors, copies, share)
    assert held.shape == (len(rows),)
    who = people(authors.tolist(), copies.tolist())
    assert not set(who[held]) & set(who[~held])
    assert not set(copies[held]) & set(copies[~held])
    groups = together(authors, copies)
    assert not set(groups[held]) & set(groups[~held])


def test_groups_join_what_an_author_or_a_copy_connects_and_are_named_by_their_smallest_copy() -> None:
    authors = np.array(["a", "a", "b", "c", None, None], dtype=object)
    assert together(authors, np.array([7, 5, 5, 9, 9, 4])).tolist() == [5, 5, 5, 9, 9, 4]
    assert together(np.array([], dtype=object), np.array([], dtype=np.int64)).tolist() == []
