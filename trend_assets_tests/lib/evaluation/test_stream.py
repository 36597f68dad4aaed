"""Posts that come one after the other: macro F1 of the best match."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.evaluation.stream import macro_f1


def truth(*labels: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(labels, pa.string())])


def test_each_event_counts_once_with_the_topic_that_fits_it_best() -> None:
    # a: topic 0 has 2 of its 4 posts and one of b: F1 = 2*2/(3+4); topic 1 has the other two alone: 2*2/(2+4). b: 2*1/(3+1).
    found = np.array([0, 0, 1, 1, 0])
    assert macro_f1(truth("a", "a", "a", "a", "b"), found) == pytest.approx((2 / 3 + 0.5) / 2)


def test_true_topics_have_one_and_names_of_topics_do_not_matter() -> None:
    assert macro_f1(truth("a", "a", "b", "c"), np.array([70, 70, 3, 12])) == 1.0


def test_posts_without_a_label_are_not_scored_and_posts_in_no_topic_are_alone() -> None:
    assert macro_f1(truth("a", "a", None, None), np.array([0, 0, 0, 1])) == 1.0
    assert macro_f1(truth("a", "a", "b"), np.array([-1, -1, -1])) == pytest.approx((2 / 3 + 1) / 2)
    assert macro_f1(truth(None, None), np.array([0, 0])) is None
    assert macro_f1(truth(), np.array([], np.int64)) is None


def test_it_is_what_counting_post_by_post_gives() -> None:
    dice = np.random.default_rng(3)
    events, topics = dice.integers(0, 12, 400), dice.integers(0, 20, 400)
    best = []
    for event in np.unique(events):
        scores = []
        for topic in np.unique(topics):
            both = np.sum((events == event) & (topics == topic))
            scores.append(2 * both / (np.sum(events == event) + np.sum(topics == topic)))
        best.append(max(scores))
    assert macro_f1(truth(*(f"e{event}" for event in events)), topics) == pytest.approx(np.mean(best))
