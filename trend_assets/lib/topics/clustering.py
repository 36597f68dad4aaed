"""Clusters of a window: vectors, neighbour graph, communities, and one merge of what the graph's reach kept apart.

What belongs here: the method's parameters and its steps in order, on documents without time, author or registry.
What doesn't: permanent ids (``registry.py``), posts and hours (``window.py``, ``assign.py``).

The method follows TF-IDF first-story detection in its representation (Mazoyer et al., "A French Corpus for Event Detection
on Twitter", LREC 2020) and HISEvent in its objective (see ``communities.py``). Terms are weighed against everyday language
(``background.py``), so that one resolution and one minimum similarity serve small and large windows, quiet and noisy ones.

A k-nearest-neighbour graph can't see that two communities of thousands of posts are one event, because no post has more than k
links, nor that a goal belongs to its match, because few posts name both. Communities are joined afterwards, nearest first, when
their telling words agree and they burst at the same time (``moments.py``), or when their words agree so well that time doesn't matter.

Weak links help to place what is well linked, but alone they carry a document from neighbour to neighbour into the nearest large
event, the first posts of a new, small one too. As in first-story detection, what no stronger link holds to its cluster is therefore
set apart in the end: under chatter at 3:1 that halves the chatter in the topics of events (7 to 11 % of their posts before), for
half a percent of the events' own posts, and small events can be seen.

Parameters were chosen on the first four day blocks of Event2012, alone and under unrelated chatter at 3:1: anything from 1.0
to 1.5 for the resolution, .05 to .25 for the minimum similarity, 10 to 30 neighbours is within .005 AMI.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from trend_assets.lib.topics.moments import add_up, agreement, bursts, count_by_moment
from trend_assets.lib.topics.vectors import Vectors, Vocabulary, encode_terms, weigh_documents

_MERGE_ROUNDS = 32
_MERGE_NEIGHBOURS = 16
_CENTRE_TERMS = 64


@dataclass(frozen=True)
class ClusteringParameters:
    """What clustering depends on. ``posting_limit`` bounds the work of frequent terms, see ``neighbour_graph``.

    Communities of ``merge_minimum_documents`` are joined at a cosine of their telling words of ``merge_similarity``, or of
    ``burst_merge_similarity`` after multiplication by how well their bursts agree. Fewer documents than that stay in a cluster only
    where a link of ``member_similarity`` holds them to another of it.
    """

    neighbours: int = 15
    minimum_similarity: float = 0.15
    strong_neighbours: int = 60
    strong_similarity: float = 0.25
    resolution: float = 1.2
    story_resolution: float = 1.0
    merge_similarity: float = 0.25
    burst_merge_similarity: float = 0.08
    merge_minimum_documents: int = 3
    member_similarity: float = 0.3
    dropped_length: float = 0.05
    posting_limit: int = 200


Graph = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Neighbour graph in compressed rows: starts, links, weights."""


@dataclass(frozen=True)
class Clusters:
    """Topic and story (a finer cluster within the topic) of each document, from 0; -1 for a document without terms in common."""

    topic: np.ndarray
    story: np.ndarray


def link_documents(vectors: Vectors, parameters: ClusteringParameters) -> Graph:
    """The neighbour graph of ``vectors``, whose rows are in canonical (time) order."""
    from trend_assets.lib.topics.neighbours import neighbour_graph

    return neighbour_graph(
        vectors.starts,
        vectors.columns,
        vectors.weights,
        vectors.width,
        neighbours=parameters.neighbours,
        minimum_similarity=parameters.minimum_similarity,
        posting_limit=parameters.posting_limit,
        strong_neighbours=parameters.strong_neighbours,
        strong_similarity=parameters.strong_similarity,
    )


def find_topics(vectors: Vectors, graph: Graph, parameters: ClusteringParameters, hours: np.ndarray | None = None) -> np.ndarray:
    """Cluster of each document, from 0; -1 for a document without terms in common. Documents that link to none are alone.

    ``hours`` (documents,) is when each was published, in hours since any moment; without, communities are joined by words alone.
    """
    from trend_assets.lib.topics.communities import communities

    documents = len(vectors.starts) - 1
    if documents == 0:
        return np.empty(0, np.int64)
    labels = communities(*graph, np.zeros(documents, np.int64), resolution=parameters.resolution)
    labels = np.where(np.diff(vectors.starts) == 0, -1, _merge(vectors, labels, parameters, hours))
    return _set_apart(graph, labels, parameters)


def _set_apart(graph: Graph, labels: np.ndarray, parameters: ClusteringParameters) -> np.ndarray:
    """Take out of clusters the small parts that no strong link holds to the rest, each a cluster of its own."""
    from trend_assets.lib.topics.communities import connected_parts

    part = connected_parts(*graph, labels, smallest=parameters.member_similarity)
    sizes = np.bincount(part)
    largest = np.zeros(int(labels.max()) + 2, np.int64)  # the last one is that of label -1
    np.maximum.at(largest, labels, sizes[part])
    apart = (labels >= 0) & (sizes[part] < parameters.merge_minimum_documents) & (sizes[part] < largest[labels])
    divided = np.where(apart, len(largest) + part, labels)
    inside = divided >= 0
    divided[inside] = np.unique(divided[inside], return_inverse=True)[1]
    return divided


def find_stories(graph: Graph, topic: np.ndarray, parameters: ClusteringParameters) -> np.ndarray:
    """Finer clusters within ``topic``: the same objective at a lower resolution, over links inside a topic; -1 where topic is."""
    from trend_assets.lib.topics.communities import communities

    if len(topic) == 0:
        return np.empty(0, np.int64)
    return np.where(topic < 0, -1, communities(*graph, topic, resolution=parameters.story_resolution))


def _merge(vectors: Vectors, labels: np.ndarray, parameters: ClusteringParameters, hours: np.ndarray | None) -> np.ndarray:
    """Join communities that agree in words, or in words and bursts, nearest first, until no two do."""
    from trend_assets.lib.topics.neighbours import neighbour_graph
    from trend_assets.lib.topics.sparse import centres

    sizes = np.bincount(labels)
    large = np.flatnonzero(sizes >= parameters.merge_minimum_documents)
    if len(large) < 2:
        return labels
    number_of = np.full(len(sizes), -1, np.int64)
    number_of[large] = np.arange(len(large))
    everything = np.ones(vectors.width, np.bool_)
    joined = np.arange(len(large))  # number of the community that each large one is part of by now
    rows = (vectors.starts, vectors.columns, vectors.weights)
    group = number_of[labels]
    moments = None if hours is None else count_by_moment(group, hours, len(large))
    for _ in range(_MERGE_ROUNDS):
        count = int(group.max()) + 1
        starts, columns, weights, _, lengths = centres(*rows, group, count, everything, _CENTRE_TERMS)
        near, others, cosines = neighbour_graph(
            starts,
            columns,
            _telling(starts, columns, weights, vectors.idf),
            vectors.width,
            neighbours=_MERGE_NEIGHBOURS,
            minimum_similarity=parameters.merge_similarity if moments is None else parameters.burst_merge_similarity,
            posting_limit=max(count, 1),
        )
        ones = np.repeat(np.arange(count), np.diff(near))
        together = cosines if moments is None else cosines * agreement(bursts(moments), ones, others)
        value = np.maximum(together / parameters.burst_merge_similarity, cosines / parameters.merge_similarity)
        close = (value >= 1.0) & (ones < others)
        if not close.any():
            break
        # The next round adds up centres, not documents: a centre of heaviest terms stands for its community.
        rows = (starts, columns, (weights * np.repeat(lengths, np.diff(starts))).astype(np.float32))
        group = _pair(ones[close], others[close], value[close], count)
        joined = group[joined]
        moments = None if moments is None else add_up(moments, group)
    representative = np.arange(len(sizes))
    first = np.full(len(large), len(sizes), np.int64)
    np.minimum.at(first, joined, large)
    representative[large] = first[joined]
    return np.unique(representative[labels], return_inverse=True)[1].astype(np.int64)


def _telling(starts: np.ndarray, columns: np.ndarray, weights: np.ndarray, idf: np.ndarray) -> np.ndarray:
    """Unit centres whose terms weigh their idf once more: two events are the same when they share names, not manners of speaking."""
    scaled = weights * idf[columns]
    squares = np.bincount(np.repeat(np.arange(len(starts) - 1), np.diff(starts)), scaled**2, len(starts) - 1)
    return (scaled / np.repeat(np.sqrt(np.maximum(squares, 1e-300)), np.diff(starts))).astype(np.float32)


def _pair(ones: np.ndarray, others: np.ndarray, value: np.ndarray, count: int) -> np.ndarray:
    """Pair what is nearest, each at most once, and number the results by their first part."""
    partner = np.arange(count)
    taken = np.zeros(count, np.bool_)
    for link in np.lexsort((others, ones, -value)).tolist():
        one, other = int(ones[link]), int(others[link])
        if not taken[one] and not taken[other]:
            taken[one] = taken[other] = True
            partner[other] = one
    return np.unique(partner, return_inverse=True)[1].astype(np.int64)


def cluster(
    documents: Sequence[Sequence[str]] | pa.ListArray,
    keys: Sequence[str] | Sequence[int] | np.ndarray,
    *,
    near_duplicate_keys: Sequence[int] | np.ndarray | None = None,
    hours: np.ndarray | None = None,
    parameters: ClusteringParameters | None = None,
) -> Clusters:
    """Cluster documents given as lists of terms; the result doesn't depend on the order they are given in.

    ``keys`` (unique, sortable; by time for posts) give the canonical order. Documents with equal ``near_duplicate_keys`` are one
    document, represented by the first. Topics are numbered by their first document in key order.
    Complexity: documents × terms × ``posting_limit`` at most, typically linear in documents × neighbours.
    Raises ``ValueError`` when lengths differ or keys repeat.
    """
    parameters = parameters or ClusteringParameters()
    lists = documents if isinstance(documents, pa.Array) else pa.array(list(documents), pa.list_(pa.string()))
    order = np.argsort(np.asarray(keys), kind="stable")
    if len(order) != len(lists) or len(np.unique(np.asarray(keys))) != len(order):
        raise ValueError("keys must be unique, one for each document")
    none = pa.nulls(len(lists), pa.list_(pa.string()))
    vocabulary = Vocabulary()
    starts, terms = encode_terms((lists.take(pa.array(order)), none, none), vocabulary)
    if near_duplicate_keys is None:
        first = group = np.arange(len(order))
    else:
        if len(near_duplicate_keys) != len(order):
            raise ValueError("near_duplicate_keys must be one for each document")
        _, first, group = np.unique(np.asarray(near_duplicate_keys)[order], return_index=True, return_inverse=True)
        by_time = np.argsort(first, kind="stable")
        group = np.argsort(by_time, kind="stable")[group]
        first = first[by_time]
    vectors = weigh_documents(starts, terms, first, vocabulary, dropped=parameters.dropped_length)
    graph = link_documents(vectors, parameters)
    published = None if hours is None else np.asarray(hours, np.float64)[order][first]
    topic_of_document = find_topics(vectors, graph, parameters, published)
    topic = np.empty(len(order), np.int64)
    story = np.empty(len(order), np.int64)
    topic[order] = topic_of_document[group]
    story[order] = find_stories(graph, topic_of_document, parameters)[group]
    return Clusters(topic, story)
