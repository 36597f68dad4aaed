"""The topic registry: clusters propose, the registry decides which are topics it knows, and records what happened to each.

What belongs here: the state of a topic, matching of clusters to topics by shared members, the events. What doesn't: finding
clusters (``clustering.py``), naming them (``labels.py``), posts (``window.py``).

Rules. A coherent cluster continues the topic that it shares most members with, each topic at most one cluster and the reverse,
pairs with most shared members first, if they share at least ``CONTINUES`` of the smaller one and the cluster is about what the
topic has been about since its birth (cosine of centres at least ``ALIKE``): the last posts of yesterday's event, swept into
today's, don't make it yesterday's. A topic without a cluster merges into the topic that holds at least ``ABSORBED`` of its members
still in the window, if they are alike; else it is dormant: it keeps the members that no other topic has, until the last leaves
the window (death). A cluster without a topic that is coherent enough (``assign.py``) becomes one: a split when at least
``ABSORBED`` of it comes from one topic, else a birth.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from trend_assets.tables import TABLES

CONTINUES = 0.3
ABSORBED = 0.5
ALIKE = 0.5
_ARRAYS = {"centre_weights": np.float32, "lifetime_weights": np.float32, "members": np.int64}
"""Fields of a topic that are arrays, and their type."""


@dataclass(frozen=True)
class Topic:
    """A topic as its registry row holds it; weights are float32 as stored, so going through the lake changes nothing."""

    topic_id: str
    label: str
    keywords: list[str]
    born_at: datetime
    last_seen_at: datetime
    language: str
    window_posts: int
    window_authors: int
    total_posts: int
    exemplar_posts: list[str]
    centre_terms: list[str]
    centre_weights: np.ndarray
    lifetime_terms: list[str]
    lifetime_weights: np.ndarray
    members: np.ndarray


@dataclass(frozen=True)
class TopicEvent:
    """Something that happened to a topic in an hour; the label is filled in when the hour is complete."""

    topic_id: str
    event: str
    evidence: str
    other_topic_id: str | None = None
    overlap: float | None = None
    label: str | None = None


@dataclass
class Decision:
    """Which topic each cluster is (id or None), which of those are new, what is dormant, and the events so far."""

    topic_of_cluster: list[str | None]
    new: set[str] = field(default_factory=set)
    dormant: dict[str, np.ndarray] = field(default_factory=dict)
    events: list[TopicEvent] = field(default_factory=list)


def topic_identifier(post_key: str) -> str:
    """Permanent topic id: 16 hexadecimal characters of the BLAKE2b hash of the founding post's key."""
    return hashlib.blake2b(post_key.encode(), digest_size=8).hexdigest()


def read_registry(registry: pa.Table) -> list[Topic]:
    """Topics of a registry partition, ordered by birth and id. Raises ``ValueError`` when the table isn't a registry."""
    rows: list[dict[str, Any]] = TABLES["topics/topics"].conform(registry).drop_columns(["hour", *_ARRAYS]).to_pylist()
    arrays = {name: registry.column(name).combine_chunks() for name in _ARRAYS}
    for number, row in enumerate(rows):
        row |= {name: np.asarray(arrays[name][number].values, kind) for name, kind in _ARRAYS.items()}
    topics = [Topic(**row) for row in rows]
    return sorted(topics, key=lambda topic: (topic.born_at, topic.topic_id))


def write_registry(hour: datetime, topics: list[Topic]) -> pa.Table:
    """The registry partition of an hour, rows ordered by birth and id."""
    ordered = sorted(topics, key=lambda topic: (topic.born_at, topic.topic_id))
    table = TABLES["topics/topics"]
    if not ordered:
        return table.empty()
    columns: dict[str, Any] = {"hour": pa.array([hour] * len(ordered), table.column("hour").type)}
    for name in table.schema.names:
        if name in _ARRAYS:
            values = [getattr(topic, name) for topic in ordered]
            offsets = np.concatenate([[0], np.cumsum([len(value) for value in values])]).astype(np.int32)
            columns[name] = pa.ListArray.from_arrays(offsets, pa.array(np.concatenate(values)))
        elif name != "hour":
            columns[name] = pa.array([getattr(topic, name) for topic in ordered], table.column(name).type)
    return table.conform(pa.table(columns))


def _overlaps(topics: list[Topic], members: np.ndarray, labels: np.ndarray, clusters: int) -> tuple[np.ndarray, ...]:
    """(topic, cluster, shared members) of each pair that shares any, members alive per topic, and document of each member."""
    topic_of = np.repeat(np.arange(len(topics)), [len(topic.members) for topic in topics])
    all_members = np.concatenate([topic.members for topic in topics]) if topics else np.empty(0, np.int64)
    document = np.full(len(all_members), -1, np.int64)
    if len(members) and len(all_members):
        order = np.argsort(members, kind="stable")
        place = np.minimum(np.searchsorted(members[order], all_members), len(order) - 1)
        alive = members[order[place]] == all_members
        document[alive] = order[place[alive]]
    alive = document >= 0
    alive_count = np.bincount(topic_of[alive], minlength=len(topics))
    clustered = alive & (np.where(alive, labels[document], -1) >= 0) if len(labels) else alive
    pairs, shared = np.unique(topic_of[clustered] * max(clusters, 1) + labels[document[clustered]], return_counts=True)
    return pairs // max(clusters, 1), pairs % max(clusters, 1), shared, alive_count, topic_of, document


def decide(
    topics: list[Topic],
    members: np.ndarray,
    labels: np.ndarray,
    sizes: np.ndarray,
    eligible: np.ndarray,
    coherent: np.ndarray,
    founding_post: Callable[[int, int], str | None],
    describe: Callable[[int], str],
    alike: Callable[[int, int], float],
) -> Decision:
    """Match the hour's clusters to the registry and say what happened.

    ``members`` are the keys of the window's documents, ``labels`` their clusters (-1 for none), ``sizes`` documents per cluster,
    ``eligible`` whether a cluster may become a new topic, ``coherent`` whether it may continue one.
    ``founding_post(cluster, n)`` is the key of the cluster's n-th earliest post (None when there is none),
    ``describe(cluster)`` puts its size in words, ``alike(topic, cluster)`` is the cosine of what the topic has been about since its
    birth and the cluster's centre. ``topics`` must be ordered as ``read_registry``.
    """
    clusters = len(sizes)
    topic_number, cluster_number, shared, alive, topic_of, document = _overlaps(topics, members, labels, clusters)
    decision = Decision([None] * clusters)
    cluster_of_topic: dict[int, int] = {}
    for pair in np.lexsort((cluster_number, topic_number, -shared)).tolist():
        topic, cluster = int(topic_number[pair]), int(cluster_number[pair])
        smaller = min(int(alive[topic]), int(sizes[cluster]))
        if topic in cluster_of_topic or decision.topic_of_cluster[cluster] is not None or not coherent[cluster]:
            continue
        if shared[pair] >= CONTINUES * smaller and alike(topic, cluster) >= ALIKE:
            cluster_of_topic[topic] = cluster
            decision.topic_of_cluster[cluster] = topics[topic].topic_id

    _name_new(decision, topics, (topic_number, cluster_number, shared), alive, sizes, eligible, founding_post, describe)

    by_topic: dict[int, list[int]] = {}
    for pair in range(len(topic_number)):
        by_topic.setdefault(int(topic_number[pair]), []).append(pair)
    held = np.array([name is not None for name in decision.topic_of_cluster] + [False])
    for topic, state in enumerate(topics):
        if topic in cluster_of_topic:
            continue
        if alive[topic] == 0:
            evidence = "no post of the topic is left in the window"
            decision.events.append(TopicEvent(state.topic_id, "death", evidence, label=state.label))
            continue
        best = max(by_topic.get(topic, []), key=lambda pair: (int(shared[pair]), -int(cluster_number[pair])), default=None)
        other = None if best is None else decision.topic_of_cluster[int(cluster_number[best])]
        absorbed = best is not None and shared[best] >= ABSORBED * alive[topic] and alike(topic, int(cluster_number[best])) >= ALIKE
        if best is not None and other is not None and absorbed:
            smaller = min(int(alive[topic]), int(sizes[cluster_number[best]]))
            evidence = f"{shared[best]} of its {alive[topic]} members are now among the {sizes[cluster_number[best]]} of the other topic"
            overlap = float(shared[best]) / smaller
            decision.events.append(TopicEvent(state.topic_id, "merge", evidence, other, overlap, state.label))
            continue
        documents = document[(topic_of == topic) & (document >= 0)]
        free = documents[~held[labels[documents]]]
        if len(free):
            decision.dormant[state.topic_id] = members[np.sort(free)]
        else:
            evidence = f"its {alive[topic]} members moved to several other topics"
            decision.events.append(TopicEvent(state.topic_id, "death", evidence, label=state.label))
    return decision


def _name_new(
    decision: Decision,
    topics: list[Topic],
    overlaps: tuple[np.ndarray, np.ndarray, np.ndarray],
    alive: np.ndarray,
    sizes: np.ndarray,
    eligible: np.ndarray,
    founding_post: Callable[[int, int], str | None],
    describe: Callable[[int], str],
) -> None:
    """Give eligible clusters without a topic an id of their own, as a split or a birth."""
    topic_number, cluster_number, shared = overlaps
    source: dict[int, int] = {}
    for pair in np.lexsort((topic_number, shared)).tolist():  # the last one written shares most
        source[int(cluster_number[pair])] = pair
    taken = {topic.topic_id for topic in topics}
    kept = {name for name in decision.topic_of_cluster if name is not None}
    for cluster in np.flatnonzero(eligible).tolist():
        if decision.topic_of_cluster[cluster] is not None:
            continue
        attempt = 0
        # The founding post may have founded another topic already; then the next post names this one.
        while (key := founding_post(cluster, attempt)) is not None and topic_identifier(key) in taken:
            attempt += 1
        if key is None:
            continue
        topic_id = topic_identifier(key)
        taken.add(topic_id)
        decision.topic_of_cluster[cluster] = topic_id
        decision.new.add(topic_id)
        pair = source.get(cluster)
        parent = topics[int(topic_number[pair])] if pair is not None else None
        if pair is not None and parent is not None and parent.topic_id in kept and shared[pair] >= ABSORBED * sizes[cluster]:
            overlap = float(shared[pair]) / min(int(alive[topic_number[pair]]), int(sizes[cluster]))
            evidence = f"{shared[pair]} of its {sizes[cluster]} members were of the other topic; {describe(cluster)}"
            decision.events.append(TopicEvent(topic_id, "split", evidence, parent.topic_id, overlap))
        else:
            decision.events.append(TopicEvent(topic_id, "birth", describe(cluster)))


def write_events(hour: datetime, events: list[TopicEvent], labels: dict[str, str]) -> pa.Table:
    """The hour's events as a table; ``labels`` name the topics that are alive after the hour."""
    rows = [
        {
            "hour": hour,
            "topic_id": event.topic_id,
            "event": event.event,
            "other_topic_id": event.other_topic_id,
            "evidence": event.evidence,
            "label": event.label if event.label is not None else labels[event.topic_id],
            "overlap": event.overlap,
        }
        for event in sorted(events, key=lambda event: (event.topic_id, event.event, event.other_topic_id or ""))
    ]
    return TABLES["topics/topic_events"].from_rows(rows)


def dormant_topic(topic: Topic, members: np.ndarray, window_posts: int, window_authors: int) -> Topic:
    """A topic that no cluster continues: what is left of it, all else as it was."""
    return replace(topic, members=members, window_posts=window_posts, window_authors=window_authors)
