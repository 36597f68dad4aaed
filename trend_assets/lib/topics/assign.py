"""The sealed lane: for each hour the topic of each of its posts, the registry after the hour and what happened to topics.

What belongs here: the steps of an hour in order, and the tables they end in. What doesn't: each step's method
(``window.py``, ``clustering.py``, ``registry.py``, ``describe.py``).

An hour's result is a function of the clean posts of its window (``window_hours`` hours, itself included) and the registry after
the hour before. Nothing else is carried from hour to hour, so a range in one call equals one hour at a time from the lake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa

from trend_assets.lib.topics.clustering import ClusteringParameters, Graph, find_stories, find_topics, link_documents
from trend_assets.lib.topics.describe import Measured, TopicDocuments, describe_topics, gather, likeness, measure
from trend_assets.lib.topics.registry import Topic, decide, read_registry, topic_identifier, write_events, write_registry
from trend_assets.lib.topics.vectors import Vectors, Vocabulary, weigh_documents
from trend_assets.lib.topics.window import RollingWindow, WindowPosts
from trend_assets.tables import TABLES

STORY_DOCUMENTS = 3  # documents of a story that is named
CONTINUING = 0.8  # share of the founding thresholds that a cluster must reach to continue a topic


@dataclass(frozen=True)
class TopicParameters:
    """What decides about topics, beside clustering.

    A cluster may become a topic when it has ``minimum_groups`` near-duplicate groups by ``minimum_authors`` authors and one name
    carries it (``one_name``), or its documents' mean cosine to its centre is at least ``minimum_cohesion`` and at least
    ``minimum_core_share`` of them have two of the centre's five heaviest terms: chatter that merely shares a word has not. A post
    outside the sample joins the nearest topic at ``nearest_similarity`` or more. Topics of ``read_authors`` authors or more are named
    with the help of a language model, at
    some 10 ms each.
    """

    clustering: ClusteringParameters = field(default_factory=ClusteringParameters)
    minimum_groups: int = 3
    minimum_authors: int = 3
    minimum_cohesion: float = 0.3
    minimum_core_share: float = 0.5
    nearest_similarity: float = 0.25
    read_authors: int = 20


@dataclass(frozen=True)
class HourTopics:
    """The three tables of an hour, and what its metadata reports."""

    hour: datetime
    topic_assignments: pa.Table
    topics: pa.Table
    topic_events: pa.Table
    window_posts: int
    window_groups: int
    kept_share: float


def assign_hours(
    clean_posts_by_hour: Iterable[tuple[datetime, pa.Table]],
    *,
    window: Sequence[tuple[datetime, pa.Table]],
    registry: pa.Table,
    window_hours: int = 24,
    window_groups: int = 100_000,
    parameters: TopicParameters | None = None,
) -> Iterator[HourTopics]:
    """Assign topics hour by hour, lazily: one hour is read and clustered ahead.

    ``clean_posts_by_hour`` are the hours to process, in time order; ``window`` the hours before the first that are still in its
    window, in time order; ``registry`` the partition of ``topics/topics`` of the hour before the first (empty to begin).
    Posts are ``social/clean_posts``. At most ``window_groups`` near-duplicate groups are clustered, the rest joins the nearest.
    Raises ``ValueError`` when hours are out of order or a table doesn't fit its declaration.
    """
    parameters = parameters or TopicParameters()
    rolling = RollingWindow(window_hours)
    topics = read_registry(registry)
    for hour, posts in window:
        rolling.add(hour, posts)

    def clustered() -> Iterator[Clustered]:
        for hour, posts in clean_posts_by_hour:
            rolling.add(hour, posts)
            yield cluster_window(rolling.snapshot(window_groups), rolling.vocabulary, parameters)

    # Clusters don't depend on the registry, and the compiled loops run without Python's lock: while the registry decides about an
    # hour, the next one is clustered on another core.
    hours = clustered()
    with ThreadPoolExecutor(1) as ahead:
        begun = ahead.submit(next, hours, None)
        while (found := begun.result()) is not None:
            begun = ahead.submit(next, hours, None)
            result, topics = _decide(found, topics, parameters)
            yield result


@dataclass(frozen=True)
class Clustered:
    """What clustering found in a window: its posts, the vocabulary that numbers their terms, vectors, graph, cluster of each document."""

    posts: WindowPosts
    vocabulary: Vocabulary
    vectors: Vectors
    graph: Graph
    labels: np.ndarray


def cluster_window(posts: WindowPosts, vocabulary: Vocabulary, parameters: TopicParameters) -> Clustered:
    """The part of a step that doesn't need the registry."""
    vectors = weigh_documents(posts.starts, posts.terms, posts.rows, vocabulary, dropped=parameters.clustering.dropped_length)
    graph = link_documents(vectors, parameters.clustering)
    return Clustered(posts, vocabulary, vectors, graph, find_topics(vectors, graph, parameters.clustering, posts.published))


def process(posts: WindowPosts, vocabulary: Vocabulary, topics: list[Topic], parameters: TopicParameters) -> tuple[HourTopics, list[Topic]]:
    """One step: cluster the window, let the registry decide, assign the newest posts. Returns the tables and the registry after it.

    ``topics`` is the registry before, ordered by birth and id, as is the one returned.
    """
    return _decide(cluster_window(posts, vocabulary, parameters), topics, parameters)


def _decide(clustered: Clustered, topics: list[Topic], parameters: TopicParameters) -> tuple[HourTopics, list[Topic]]:
    """The part of a step that needs the registry."""
    posts, vocabulary, vectors, graph, labels = clustered.posts, clustered.vocabulary, clustered.vectors, clustered.graph, clustered.labels
    measured = measure(posts, vectors, labels, vocabulary)
    named = one_name(measured)
    agreeing = (measured.cohesion >= parameters.minimum_cohesion) & (measured.core_share >= parameters.minimum_core_share)
    enough = (measured.documents >= parameters.minimum_groups) & (measured.authors >= parameters.minimum_authors)
    eligible = enough & (agreeing | named)
    # Continuing asks less than founding: a topic shouldn't die and be born again around one threshold.
    coherent = (
        (measured.documents >= 2)
        & (measured.cohesion >= CONTINUING * parameters.minimum_cohesion)
        & (measured.core_share >= CONTINUING * parameters.minimum_core_share)
    ) | named

    def founding_post(cluster: int, number: int) -> str | None:
        documents = measured.documents_of(cluster)
        return posts.post_key(int(posts.rows[documents[number]])) if number < len(documents) else None

    def in_words(cluster: int) -> str:
        return (
            f"{measured.documents[cluster]} different texts in {measured.posts[cluster]} posts by {measured.authors[cluster]} authors, "
            f"mean similarity to the centre {measured.cohesion[cluster]:.2f}"
        )

    alike = likeness(topics, measured, vectors, vocabulary)
    decision = decide(topics, posts.members, labels, measured.documents, eligible, coherent, founding_post, in_words, alike)
    found = gather(labels, decision, measured)
    rows, numbers, similarity, nearest = _newest_posts(posts, vectors, found, parameters)
    stories = find_stories(graph, found.topic_of_document, parameters.clustering)
    assignments = _assignment_table(posts, found, stories, rows, numbers, similarity, nearest)
    joined = np.bincount(numbers, minlength=len(found.topic_ids)).astype(np.int64)
    alive = describe_topics(posts, vectors, vocabulary, found, decision, topics, joined, parameters.read_authors)
    result = HourTopics(
        hour=posts.hour,
        topic_assignments=assignments,
        topics=write_registry(posts.hour, alive),
        topic_events=write_events(posts.hour, decision.events, {topic.topic_id: topic.label for topic in alive}),
        window_posts=len(posts.document),
        window_groups=len(posts.rows),
        kept_share=posts.kept_share,
    )
    return result, sorted(alive, key=lambda topic: (topic.born_at, topic.topic_id))


def one_name(measured: Measured) -> np.ndarray:
    """Whether one term carries each cluster (clusters,): its weight is six tenths of the centre, and half of ten documents or more hold it.

    People who say a name and little else have no second word in common.
    """
    first = measured.centre_starts[:-1]
    some = np.diff(measured.centre_starts) > 0
    heaviest, held = np.zeros(len(first)), np.zeros(len(first))
    heaviest[some] = measured.centre_weights[first[some]]
    held[some] = measured.centre_frequency[first[some]] / np.maximum(measured.documents[some], 1)
    return (measured.documents >= 10) & (heaviest >= 0.6) & (held >= 0.5)


def _newest_posts(
    posts: WindowPosts, vectors: Vectors, found: TopicDocuments, parameters: TopicParameters
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the newest hour that have a topic, its number, the similarity, and whether it is only the nearest."""
    from trend_assets.lib.topics.sparse import nearest_centre, weigh

    rows = np.arange(posts.newest.start, posts.newest.stop)
    document = posts.document[rows]
    number = np.full(len(rows), -1, np.int64)
    similarity = np.zeros(len(rows), np.float32)
    in_sample = document >= 0
    number[in_sample] = found.topic_of_document[document[in_sample]]
    similarity[in_sample] = found.similarity[document[in_sample]]
    outside = np.flatnonzero(~in_sample & (posts.representative[rows] >= 0))
    if len(outside) and len(found.topic_ids):
        heads, group = np.unique(posts.representative[rows[outside]], return_inverse=True)
        starts, columns, weights = weigh(
            posts.starts, posts.terms, heads, vectors.column_of, vectors.idf, parameters.clustering.dropped_length
        )
        centre, cosine = nearest_centre(
            starts, columns, weights, found.centre_starts, found.centre_columns, found.centre_weights, vectors.width
        )
        near = cosine >= parameters.nearest_similarity
        number[outside] = np.where(near, centre, -1)[group]
        similarity[outside] = cosine[group]
    kept = number >= 0
    return rows[kept], number[kept], similarity[kept], ~in_sample[kept]


def _assignment_table(
    posts: WindowPosts,
    found: TopicDocuments,
    stories: np.ndarray,
    rows: np.ndarray,
    numbers: np.ndarray,
    similarity: np.ndarray,
    nearest: np.ndarray,
) -> pa.Table:
    newest = posts.hours[-1].posts.take(pa.array(rows - posts.newest.start))
    assigned_by = np.where(nearest, "nearest", np.where(posts.is_repost[rows], "repost", "cluster"))
    story_names, story_of = _name_stories(posts, found, stories)
    documents = posts.document[rows]
    story = np.where(documents >= 0, story_of[documents] if len(story_of) else -1, -1)
    table = pa.table(
        {
            "post_id": newest.column("post_id"),
            "network": newest.column("network"),
            "created_at": newest.column("created_at"),
            "topic_id": pa.array(found.topic_ids, pa.string()).take(pa.array(numbers)),
            "story_id": pa.array(story_names, pa.string()).take(pa.array(story, mask=story < 0)),
            "assigned_by": pa.array(assigned_by.tolist(), pa.string()),
            "similarity": pa.array(np.clip(similarity, 0.0, 1.0), pa.float32()),
        }
    )
    return TABLES["topics/topic_assignments"].conform(table)


def _name_stories(posts: WindowPosts, found: TopicDocuments, story: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Names of the stories seen in the newest hour and the story number of each document (-1: its topic has but one)."""
    story = story.copy()
    stories = int(story.max()) + 1 if len(story) else 0
    if stories == 0:
        return [], np.full(len(story), -1, np.int64)
    sizes = np.bincount(story[story >= 0], minlength=stories)
    topic = np.zeros(stories, np.int64)
    topic[story[story >= 0]] = found.topic_of_document[story >= 0]
    large = sizes >= STORY_DOCUMENTS
    several = np.bincount(topic[large], minlength=len(found.topic_ids)) > 1
    named = large & several[topic]
    story[(story >= 0) & ~named[story]] = -1
    in_hour = posts.document[posts.newest]
    used = np.unique(story[in_hour[in_hour >= 0]])
    used = used[used >= 0]
    first = np.full(stories, len(story), np.int64)
    np.minimum.at(first, story[story >= 0], np.flatnonzero(story >= 0))
    names = [topic_identifier(posts.post_key(int(posts.rows[document]))) for document in first[used].tolist()]
    number_of = np.full(stories + 1, -1, np.int64)
    number_of[used] = np.arange(len(used))
    return names, number_of[story]
