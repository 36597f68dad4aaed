"""Posts that come one after the other: macro F1 of the best match."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lib.evaluation.posts import read_evaluation_posts
from trend_assets.lib.evaluation.stream import OurStream, evaluate_stream, macro_f1
from trend_assets_tests.lib.evaluation.labelled import START, labelled_table


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


def test_topics_at_first_sight_fit_events_told_in_words_of_their_own() -> None:
    posts = read_evaluation_posts(labelled_table(), truth="event_id", by="day")
    result = evaluate_stream(posts, peers=True)
    assert result["macro_f1"] > 0.8
    assert result["macro_f1"] == pytest.approx(np.mean([row["macro_f1"] for row in result["groups"].values()]))
    assert result["after_reclustering"]["macro_f1"] >= result["macro_f1"] - 0.05
    assert result["peers"]["first-story detection"]["macro_f1"] > 0.3


def test_a_post_sees_only_what_came_before_it() -> None:
    """Topics of the first half of a stream are the same whether or not there is a second half."""
    posts = read_evaluation_posts(labelled_table(days=1), truth="event_id")
    noon = pa.scalar(START + timedelta(hours=4), posts.schema.field("created_at").type)  # a step of five minutes begins
    half = pc.sum(pc.less(posts.column("created_at"), noon)).as_py()
    assert 20 < half < 70
    first, whole = OurStream()(posts.slice(0, half)), OurStream()(posts)[:half]
    pairs = set(zip(first.tolist(), whole.tolist(), strict=True))
    assert len(pairs) == len(set(first.tolist())) == len(set(whole.tolist()))


@pytest.mark.parametrize("count", [0, 1])
def test_a_stream_of_one_post_or_none_has_a_defined_result(count: int) -> None:
    posts = read_evaluation_posts(labelled_table(days=1), truth="event_id").slice(0, count)
    assert evaluate_stream(posts, peers=False)["macro_f1"] == (1.0 if count else None)
