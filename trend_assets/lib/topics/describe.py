"""What a cluster or topic is like: sizes, authors, cohesion, centre, keywords, label, exemplars.

What belongs here: measurements of clusters and the filling of registry rows. What doesn't: which cluster is which topic
(``registry.py``), choice of words (``labels.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from trend_assets.lib.topics.labels import keywords, label, still_fits
from trend_assets.lib.topics.registry import Decision, Topic, TopicEvent, dormant_topic
from trend_assets.lib.topics.vectors import Vectors, Vocabulary
from trend_assets.lib.topics.window import WindowPosts

CENTRE_TERMS = 30
CORE_TERMS = 5
EXEMPLARS = 5
LABEL_TEXTS = 20


@dataclass(frozen=True)
class Measured:
    """Per cluster: documents, posts, distinct authors, mean cosine to the centre, share of documents with two core terms, centre."""

    documents: np.ndarray
    posts: np.ndarray
    authors: np.ndarray
    cohesion: np.ndarray
    core_share: np.ndarray
    similarity: np.ndarray
    member_starts: np.ndarray
    members: np.ndarray
    centre_starts: np.ndarray
    centre_columns: np.ndarray
    centre_weights: np.ndarray
    centre_frequency: np.ndarray

    def documents_of(self, cluster: int) -> np.ndarray:
        """Documents of a cluster, earliest first."""
        return self.members[self.member_starts[cluster] : self.member_starts[cluster + 1]]


@dataclass(frozen=True)
class TopicDocuments:
    """Topics of the hour that a cluster continues or founds, with their documents and centres (compressed rows)."""

    topic_ids: list[str]
    clusters: np.ndarray
    topic_of_document: np.ndarray
    similarity: np.ndarray
    centre_starts: np.ndarray
    centre_columns: np.ndarray
    centre_weights: np.ndarray
    centre_frequency: np.ndarray


def _distinct(groups: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Distinct ``values`` in each of ``size`` groups."""
    if len(groups) == 0:
        return np.zeros(size, np.int64)
    _, code = np.unique(values, return_inverse=True)
    pairs = np.unique(groups * (int(code.max()) + 1) + code)
    return np.bincount(pairs // (int(code.max()) + 1), minlength=size)


def measure(posts: WindowPosts, vectors: Vectors, labels: np.ndarray, vocabulary: Vocabulary) -> Measured:
    """Measure the clusters ``labels`` (-1: none). Centres leave mentions out: who is named isn't what it is about, and is personal."""
    from trend_assets.lib.topics.sparse import centres, members_of, similarity_to_centre

    clusters = int(labels.max()) + 1 if len(labels) else 0
    documents = np.bincount(labels[labels >= 0], minlength=clusters)
    readable = ~vocabulary.mentions[vectors.term] if vectors.width else np.empty(0, np.bool_)
    shared_by_two = np.where((labels >= 0) & (documents[labels] >= 2 if clusters else False), labels, -1)
    starts, columns, weights, frequency, _ = centres(
        vectors.starts, vectors.columns, vectors.weights, shared_by_two, clusters, readable, CENTRE_TERMS
    )
    cosine, core = similarity_to_centre(
        vectors.starts, vectors.columns, vectors.weights, shared_by_two, starts, columns, weights, vectors.width, CORE_TERMS
    )
    inside = labels >= 0
    cohesion = np.bincount(labels[inside], weights=cosine[inside], minlength=clusters) / np.maximum(documents, 1)
    core_share = np.bincount(labels[inside], weights=core[inside] >= 2, minlength=clusters) / np.maximum(documents, 1)
    rows = np.flatnonzero(posts.document >= 0)
    cluster_of_row = labels[posts.document[rows]]
    rows, cluster_of_row = rows[cluster_of_row >= 0], cluster_of_row[cluster_of_row >= 0]
    member_starts, members = members_of(labels, clusters)
    return Measured(
        documents=documents,
        posts=np.bincount(cluster_of_row, minlength=clusters),
        authors=_distinct(cluster_of_row, posts.author[rows], clusters),
        cohesion=cohesion,
        core_share=core_share,
        similarity=cosine,
        member_starts=member_starts,
        members=members,
        centre_starts=starts,
        centre_columns=columns,
        centre_weights=weights,
        centre_frequency=frequency,
    )


def gather(labels: np.ndarray, decision: Decision, measured: Measured) -> TopicDocuments:
    """The topics that clusters became, with documents and centres picked from the measured clusters."""
    clusters = np.array([number for number, name in enumerate(decision.topic_of_cluster) if name is not None], np.int64)
    topic_of_cluster = np.full(len(decision.topic_of_cluster) + 1, -1, np.int64)
    topic_of_cluster[clusters] = np.arange(len(clusters))
    lengths = measured.centre_starts[clusters + 1] - measured.centre_starts[clusters]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    picked = np.repeat(measured.centre_starts[clusters] - starts[:-1], lengths) + np.arange(starts[-1])
    return TopicDocuments(
        topic_ids=[decision.topic_of_cluster[number] or "" for number in clusters.tolist()],
        clusters=clusters,
        topic_of_document=topic_of_cluster[labels],
        similarity=measured.similarity,
        centre_starts=starts,
        centre_columns=measured.centre_columns[picked],
        centre_weights=measured.centre_weights[picked],
        centre_frequency=measured.centre_frequency[picked],
    )


def _most_frequent_language(posts: WindowPosts, rows: np.ndarray, topic: np.ndarray, size: int) -> list[str]:
    """The language most posts of each topic are in; ties go to the first in the alphabet."""
    if len(rows) == 0:
        return ["und"] * size
    _, first, code = np.unique(posts.language[rows], return_index=True, return_inverse=True)
    names = [posts.value("language", int(rows[place])) for place in first.tolist()]
    rank = np.argsort(np.argsort(np.array(names), kind="stable"), kind="stable")
    pairs, counts = np.unique(topic * len(names) + rank[code], return_counts=True)
    result = ["und"] * size
    by_rank = sorted(names)
    for place in np.lexsort((-pairs, counts)).tolist():  # the last one written is most frequent, then first in the alphabet
        result[int(pairs[place]) // len(names)] = by_rank[int(pairs[place]) % len(names)]
    return result


def _exemplars(posts: WindowPosts, documents: np.ndarray) -> list[str]:
    """Keys of the posts closest to the centre, each by another author."""
    authors: set[int] = set()
    keys: list[str] = []
    for begin in range(0, len(documents), 4 * EXEMPLARS):  # most topics are described by their first few posts
        rows = posts.rows[documents[begin : begin + 4 * EXEMPLARS]]
        for row, author in zip(rows.tolist(), posts.author[rows].tolist(), strict=True):
            if author not in authors:
                authors.add(author)
                keys.append(posts.post_key(row))
                if len(keys) == EXEMPLARS:
                    return keys
    return keys


def describe_topics(
    posts: WindowPosts,
    vectors: Vectors,
    vocabulary: Vocabulary,
    found: TopicDocuments,
    decision: Decision,
    before: list[Topic],
    joined: np.ndarray,
    read_authors: int,
) -> list[Topic]:
    """Every topic alive after the hour; renames are added to the decision's events. ``joined`` counts the hour's posts.

    A language model reads exemplars of a topic that has ``read_authors`` authors for the first time, a quarter as many posts in this hour.
    """
    known = {topic.topic_id: topic for topic in before}
    dormant = sorted(decision.dormant)
    size = len(found.topic_ids) + len(dormant)
    topic_of_document = found.topic_of_document.copy()
    order = np.argsort(posts.members, kind="stable")
    for number, name in enumerate(dormant, start=len(found.topic_ids)):
        topic_of_document[order[np.searchsorted(posts.members[order], decision.dormant[name])]] = number

    rows = np.flatnonzero(posts.document >= 0)
    topic_of_row = topic_of_document[posts.document[rows]]
    rows, topic_of_row = rows[topic_of_row >= 0], topic_of_row[topic_of_row >= 0]
    # Only the sample was clustered: counts over the window are scaled to all posts.
    window_posts = np.rint(np.bincount(topic_of_row, minlength=size) / posts.kept_share).astype(np.int64)
    window_authors = np.rint(_distinct(topic_of_row, posts.author[rows], size) / posts.kept_share).astype(np.int64)
    languages = _most_frequent_language(posts, rows, topic_of_row, size)
    latest = np.zeros(size, np.int64)
    np.maximum.at(latest, topic_of_row, rows)
    hour_of_row = np.searchsorted(posts.first_row, latest, side="right") - 1

    clustered = np.flatnonzero(found.topic_of_document >= 0)
    clustered = clustered[np.lexsort((clustered, -found.similarity[clustered], found.topic_of_document[clustered]))]
    bounds = np.searchsorted(found.topic_of_document[clustered], np.arange(len(found.topic_ids) + 1))
    alive: list[Topic] = []
    for number, name in enumerate(found.topic_ids):
        documents = clustered[bounds[number] : bounds[number + 1]]
        centre = slice(int(found.centre_starts[number]), int(found.centre_starts[number + 1]))
        columns = found.centre_columns[centre]
        terms = list(map(vocabulary.terms.__getitem__, vectors.term[columns].tolist()))
        weights = found.centre_weights[centre]
        distinctiveness = found.centre_frequency[centre] / vectors.document_frequency[columns]
        strength = keywords(terms, weights.tolist(), distinctiveness.tolist())
        past = known.get(name)
        # Large for the first time and growing now: a language model reads it once, all other names go by statistics.
        large = bool(window_authors[number] >= read_authors and 4 * joined[number] >= read_authors)
        read = large and (past is None or past.window_authors < read_authors)
        fits = past is not None and not read and still_fits(past.keywords, strength, past.label)
        text = past.label if past is not None and fits else _label(posts, documents, strength, languages[number], read)
        if past is not None and text != past.label:
            why = "read anew as it has grown" if read else "whose words are no longer its strongest"
            decision.events.append(TopicEvent(name, "rename", f'was "{past.label}", {why}', label=text))
        lifetime_terms, lifetime_weights = _lifetime_centre(past, terms, weights, int(joined[number]))
        hour = posts.hour
        seen = hour if joined[number] else posts.hours[int(hour_of_row[number])].hour
        alive.append(
            Topic(
                topic_id=name,
                label=text,
                keywords=list(strength),
                born_at=past.born_at if past is not None else hour,
                last_seen_at=seen if past is None or joined[number] else past.last_seen_at,
                language=languages[number],
                window_posts=int(window_posts[number]),
                window_authors=int(window_authors[number]),
                # Re-clustering may bring older posts into the topic, so the window can hold more than ever joined.
                total_posts=max((past.total_posts if past is not None else 0) + int(joined[number]), int(window_posts[number]), 1),
                exemplar_posts=_exemplars(posts, documents),
                centre_terms=terms,
                centre_weights=weights,
                lifetime_terms=lifetime_terms,
                lifetime_weights=lifetime_weights,
                members=posts.members[np.sort(documents)],
            )
        )
    for number, name in enumerate(dormant, start=len(found.topic_ids)):
        rest = dormant_topic(known[name], decision.dormant[name], int(window_posts[number]), int(window_authors[number]))
        alive.append(replace(rest, exemplar_posts=known[name].exemplar_posts))
    return alive


def _lifetime_centre(past: Topic | None, terms: list[str], weights: np.ndarray, joined: int) -> tuple[list[str], np.ndarray]:
    """Centre over all posts since birth: the one known so far and the hour's, by their posts; its heaviest terms, unit length."""
    if past is None or not past.lifetime_terms:
        return terms, weights
    total = dict(zip(past.lifetime_terms, (past.total_posts * past.lifetime_weights.astype(np.float64)).tolist(), strict=True))
    for term, weight in zip(terms, weights.tolist(), strict=True):
        total[term] = total.get(term, 0.0) + joined * weight
    heaviest = sorted(total.items(), key=lambda item: (-item[1], item[0]))[:CENTRE_TERMS]
    values = np.array([weight for _, weight in heaviest])
    return [term for term, _ in heaviest], (values / max(float(np.sqrt((values**2).sum())), 1e-300)).astype(np.float32)


def likeness(topics: list[Topic], measured: Measured, vectors: Vectors, vocabulary: Vocabulary) -> Callable[[int, int], float]:
    """Function of topic number and cluster: cosine of the topic's centre since its birth and the cluster's, read on demand."""
    weight_of: dict[int, dict[str, float]] = {}

    def alike(topic: int, cluster: int) -> float:
        known = weight_of.get(topic)
        if known is None:
            state = topics[topic]
            known = weight_of[topic] = dict(zip(state.lifetime_terms, state.lifetime_weights.tolist(), strict=True))
        centre = slice(int(measured.centre_starts[cluster]), int(measured.centre_starts[cluster + 1]))
        terms = map(vocabulary.terms.__getitem__, vectors.term[measured.centre_columns[centre]].tolist())
        return sum(known.get(term, 0.0) * weight for term, weight in zip(terms, measured.centre_weights[centre].tolist(), strict=True))

    return alike


def _label(posts: WindowPosts, documents: np.ndarray, strength: dict[str, float], language: str, read: bool) -> str:
    lemma_of: dict[str, str] = {}
    texts: list[str] = []
    for row in posts.rows[documents[:LABEL_TEXTS]].tolist():
        text, lemmas = posts.words(row)
        texts.append(text)
        lemma_of.update(lemmas)
    return label(texts, lemma_of, strength, language=language, by_model=read) or "unnamed"
