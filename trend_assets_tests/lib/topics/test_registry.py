"""The registry: topics keep their ids, and what happens to them is an event with its evidence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trend_assets.lib.topics.registry import Decision, Topic, decide, read_registry, topic_identifier, write_registry
from trend_assets.tables import TABLES
from trend_assets_tests.lib.topics.posts import hour_at


def topic(name: str, members: list[int]) -> Topic:
    return Topic(
        topic_id=name,
        label=f"label {name}",
        keywords=["word"],
        born_at=hour_at(0),
        last_seen_at=hour_at(1),
        language="fr",
        window_posts=len(members),
        window_authors=1,
        total_posts=len(members),
        exemplar_posts=["x:1"],
        centre_terms=["word", "#word"],
        centre_weights=np.array([0.8, 0.6], np.float32),
        lifetime_terms=["word"],
        lifetime_weights=np.array([1.0], np.float32),
        members=np.array(members, np.int64),
    )


def decided(
    topics: list[Topic], clusters: list[list[int]], eligible: list[bool] | None = None, alike: Callable[[int, int], float] = lambda *_: 1.0
) -> Decision:
    members = np.array([member for cluster in clusters for member in cluster], np.int64)
    labels = np.repeat(np.arange(len(clusters)), [len(cluster) for cluster in clusters])
    sizes = np.array([len(cluster) for cluster in clusters])
    may = np.array(eligible if eligible is not None else [True] * len(clusters), bool)

    def founding_post(cluster: int, number: int) -> str | None:
        return f"x:{clusters[cluster][number]}" if number < len(clusters[cluster]) else None

    return decide(topics, members, labels, sizes, may, sizes >= 2, founding_post, lambda cluster: f"{sizes[cluster]} texts", alike)


def test_a_birth_is_named_by_its_founding_post() -> None:
    decision = decided([], [[1, 2, 3], [4, 5, 6]], [True, False])
    assert decision.topic_of_cluster == [topic_identifier("x:1"), None]
    assert [(event.event, event.evidence) for event in decision.events] == [("birth", "3 texts")]


def test_a_topic_continues_in_the_cluster_that_shares_most_members() -> None:
    decision = decided([topic("a", [1, 2, 3, 4])], [[3, 4, 8, 9], [2, 7]], [False, False])
    assert decision.topic_of_cluster == ["a", None]
    assert decision.events == []


def test_the_last_posts_of_an_old_topic_do_not_make_another_event_its_own() -> None:
    """Two posts of yesterday's topic are swept into a new event's cluster: the event is born, the topic waits until they are gone."""
    decision = decided([topic("a", [1, 2])], [[1, 2, 7, 8, 9]], alike=lambda *_: 0.2)
    assert decision.topic_of_cluster == [topic_identifier("x:1")]
    assert [event.event for event in decision.events] == ["birth", "death"]


def test_a_topic_absorbed_by_another_merges() -> None:
    decision = decided([topic("a", [1, 2, 3, 4]), topic("b", [5, 6])], [[1, 2, 3, 4, 5, 6]])
    assert decision.topic_of_cluster == ["a"]
    (event,) = decision.events
    assert (event.topic_id, event.event, event.other_topic_id, event.overlap) == ("b", "merge", "a", 1.0)


def test_a_part_of_a_topic_that_leaves_is_a_split() -> None:
    decision = decided([topic("a", [1, 2, 3, 4, 5, 6, 7])], [[1, 2, 3, 4], [5, 6, 7]])
    assert decision.topic_of_cluster == ["a", topic_identifier("x:5")]
    (event,) = decision.events
    assert (event.event, event.other_topic_id, event.overlap) == ("split", "a", 1.0)
    assert event.evidence.startswith("3 of its 3 members")


def test_a_topic_without_a_cluster_is_dormant_until_its_last_member_leaves() -> None:
    decision = decided([topic("a", [1, 2]), topic("b", [9])], [[1], [2]], [False, False])
    assert {name: members.tolist() for name, members in decision.dormant.items()} == {"a": [1, 2]}
    assert [(event.topic_id, event.event) for event in decision.events] == [("b", "death")]


def test_a_founding_post_founds_one_topic_only() -> None:
    first = topic_identifier("x:1")
    decision = decided([topic(first, [2, 3, 4])], [[2, 3, 4], [1, 7, 8]])
    assert decision.topic_of_cluster == [first, topic_identifier("x:7")]


def test_an_empty_window_ends_every_topic() -> None:
    decision = decided([topic("a", [1])], [])
    assert [event.event for event in decision.events] == ["death"]


def test_the_registry_survives_the_lake_unchanged() -> None:
    topics = [topic("b", [3]), topic("a", [1, 2])]
    table = write_registry(hour_at(2), topics)
    assert table.schema == TABLES["topics/topics"].schema
    again = read_registry(table)
    assert [one.topic_id for one in again] == ["a", "b"]
    assert again[0].members.tolist() == [1, 2]
    assert write_registry(hour_at(2), again).equals(table)
    assert read_registry(write_registry(hour_at(2), [])) == []
