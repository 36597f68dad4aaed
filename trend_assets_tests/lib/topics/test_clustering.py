"""Clustering of documents: what belongs together, whatever the order, and defined results for odd input."""

from __future__ import annotations

import random
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

from trend_assets.lib.topics.clustering import ClusteringParameters, cluster
from trend_assets_tests.lib.topics.posts import SUBJECTS, about, hour_at
from trend_assets_tests.support import shared_data


def subject_documents(each: int) -> tuple[list[list[str]], list[str]]:
    posts = [about(subject, number, hour_at(0)) for subject in SUBJECTS for number in range(each)]
    return [post["words"] for post in posts], [post["post_id"] for post in posts]


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    return len(set(zip(one.tolist(), other.tolist(), strict=True))) == len(set(one.tolist())) == len(set(other.tolist()))


def test_posts_of_a_subject_are_together() -> None:
    documents, keys = subject_documents(30)
    found = cluster(documents, keys)
    subjects = np.array([key.split("-")[0] for key in keys])
    assert same_partition(found.topic, subjects)


def test_a_post_that_resembles_none_of_a_topic_is_no_part_of_it() -> None:
    """One word of a topic among others isn't enough; two such posts that agree with each other are a topic of their own."""
    documents, keys = subject_documents(30)
    word = documents[0][0]
    elsewhere = [[f"one{n}", f"two{n}", f"three{n}", f"four{n}"] for n in range(6) for _ in range(2)]
    alone = [word, *(f"one{n}" for n in range(6))]
    together = [[word, "new", "thing", "here", "today"] for _ in range(2)]
    everything = [*documents, alone, *together, *elsewhere]
    names = [*keys, *(f"z-{n:02}" for n in range(len(everything) - len(keys)))]
    topic = cluster(everything, names).topic.tolist()
    first, second, third = topic[len(documents) : len(documents) + 3]
    assert topic.count(first) == 1
    assert second == third
    assert topic.count(second) == 2
    swept = cluster(everything, names, parameters=ClusteringParameters(member_similarity=0.0)).topic.tolist()
    assert swept.count(swept[len(documents)]) > 1


def test_stories_divide_topics() -> None:
    documents, keys = subject_documents(60)
    found = cluster(documents, keys)
    assert len(set(zip(found.story.tolist(), found.topic.tolist(), strict=True))) == len(set(found.story.tolist()))


def test_order_of_arrival_does_not_matter() -> None:
    documents, keys = subject_documents(40)
    dice = random.Random(1)
    documents += [[f"w{int(dice.paretovariate(0.7)) % 900}" for _ in range(9)] for _ in range(400)]
    keys += [f"chatter-{number}" for number in range(400)]
    found = cluster(documents, keys)
    order = list(range(len(keys)))
    dice.shuffle(order)
    shuffled = cluster([documents[place] for place in order], [keys[place] for place in order])
    assert shuffled.topic.tolist() == found.topic[order].tolist()
    assert shuffled.story.tolist() == found.story[order].tolist()


def test_near_duplicates_are_one_document() -> None:
    documents, keys = subject_documents(10)
    copied = cluster([*documents, *documents], [*keys, *(f"z{key}" for key in keys)], near_duplicate_keys=[*range(30), *range(30)])
    assert copied.topic[:30].tolist() == copied.topic[30:].tolist() == cluster(documents, keys).topic.tolist()


@pytest.mark.parametrize(
    ("documents", "topics"),
    [
        ([], []),
        ([["alone"]], [-1]),
        ([[], []], [-1, -1]),
        ([["same", "words"]] * 4, [-1] * 4),  # a term in every post weighs nothing
        ([["مرحبا", "بالعالم", "اليوم"], ["مرحبا", "بالعالم", "غدا"], ["ᚠᛇᚻ", "ᛒᛦᚦ"], ["ᚠᛇᚻ", "ᛒᛦᚦ"]], [0, 0, 1, 1]),
    ],
)
def test_odd_input_has_a_defined_result(documents: list[list[str]], topics: list[int]) -> None:
    assert cluster(documents, list(range(len(documents)))).topic.tolist() == topics


def test_many_copies_and_a_huge_post_take_bounded_time() -> None:
    documents = [["copy", "of", "one", "text"]] * 10_000 + [[f"word{number % 9000}" for number in range(20_000)]] + [["copy", "other"]] * 2
    cluster(documents[:2], [0, 1])
    begun = time.process_time()
    found = cluster(documents, np.arange(len(documents)))
    assert time.process_time() - begun < 5
    assert len(found.topic) == len(documents)
    once = cluster(documents, np.arange(len(documents)), near_duplicate_keys=[0] * 10_000 + [1, 2, 3])
    assert len(set(once.topic[:10_000].tolist())) == 1


def test_keys_must_be_unique_and_complete() -> None:
    with pytest.raises(ValueError, match="unique"):
        cluster([["a"], ["b"]], [1, 1])
    with pytest.raises(ValueError, match="one for each"):
        cluster([["a"], ["b"]], [1])
    with pytest.raises(ValueError, match="near_duplicate_keys"):
        cluster([["a"], ["b"]], [1, 2], near_duplicate_keys=[1])


def test_quality_on_labelled_events() -> None:
    """The floor: means over the last five day blocks of Event2012, none of which parameters were chosen on."""
    from trend_assets.lib.evaluation.posts import read_evaluation_posts
    from trend_assets.lib.evaluation.topics import evaluate_topics

    table = pq.read_table(shared_data("tweets_events_2012.parquet"))
    groups = evaluate_topics(read_evaluation_posts(table, truth="event_id", by="block"), peers=False)["groups"]
    scores = [(row["ami"], row["ari"]) for row in list(groups.values())[4:]]
    assert len(scores) == 5
    mutual_information, rand = np.mean(scores, axis=0)
    assert mutual_information >= 0.91
    assert rand >= 0.84
