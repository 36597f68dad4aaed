"""How well, and how fast, posts are grouped into topics: agreement with labels, group by group, ours and peers alike.

What belongs here: the protocol of clustering a group of posts at once, its measures and its clock. What doesn't: reading posts
(``posts.py``), other methods (``peers.py``), posts that come one after the other (``stream.py``).

Measures. AMI (adjusted mutual information; Vinh, Epps & Bailey, JMLR 2010) and ARI (adjusted Rand index; Hubert & Arabie, 1985) are 0 for
clusters by chance and 1 for the true ones; NMI isn't corrected for chance and grows with the number of clusters. A post without a
label is clustered and not scored; one in no cluster is alone. Speed is posts by seconds of processor time, of all threads, from clean
posts to clusters: terms encoded, vectors, neighbour graph, communities. Cleaning (tokens, lemmas, language) comes before and isn't in
it; code is compiled and libraries are loaded before the clock starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MEASURES = ("ami", "ari", "nmi")
WARMING_POSTS = 200
"""Posts that a method sees before the clock starts."""
HOUR = 3_600_000_000  # microseconds
NO_GROUP = "(none)"
EVERYTHING = "all"

Progress = Callable[[str], None]
Score = Callable[[pa.ChunkedArray, np.ndarray], dict[str, float | None]]
"""From labels (text, null where unknown) and clusters (n,) to figures."""


class Method(Protocol):
    """A way of clustering. One object is made for a run and called with each group's clean posts, groups in time order."""

    def __call__(self, posts: pa.Table) -> np.ndarray:
        """Cluster of each post (n,), negative for a post that is in none; the posts of a group are in time order."""


class NotInstalledError(ImportError):
    """A peer needs a package that isn't there; the message is the package's name."""


class OurTopics:
    """The clustering of the pipeline (``lib/topics/clustering.py``) with its default parameters."""

    def __call__(self, posts: pa.Table) -> np.ndarray:
        """Topic of each post; copies without terms in common with other posts are a topic, as is a post without any."""
        from trend_assets.lib.topics.clustering import cluster

        keys = posts.column("near_duplicate_key").to_numpy()
        hours = pc.cast(pc.cast(posts.column("created_at"), pa.timestamp("us")), pa.int64()).to_numpy() / HOUR
        found = cluster(terms_of(posts), np.arange(posts.num_rows), near_duplicate_keys=keys, hours=hours).topic
        copies = np.unique(keys, return_inverse=True)[1]
        return np.where(found >= 0, found, found.max(initial=0) + 1 + copies)


def evaluate_topics(posts: pa.Table, *, peers: bool, progress: Progress | None = None) -> dict[str, Any]:
    """Agreement and speed of our clusters, and of the peers' where asked for.

    ``posts`` are clean posts in time order with ``truth`` and ``by`` (``posts.read_evaluation_posts``); each group of ``by`` is clustered
    alone, groups in order of their first post. Returns ``{"ami", "ari", "nmi", "posts_per_core_second", "groups": {name: {"posts",
    ...the same}}}`` with means over groups, None where there is nothing to score; with ``peers``, ``"peers": {name: the same}``, and
    a ``"note"`` instead of figures for what isn't installed. ``progress`` is called with what is about to be done.
    """
    from trend_assets.lib.evaluation.peers import TOPIC_PEERS

    groups = list(in_groups(posts))
    result = measure("ours", OurTopics, groups, progress)
    if peers:
        result["peers"] = {name: measure(name, make, groups, progress) for name, make in TOPIC_PEERS.items()}
    return result


def in_groups(posts: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Name and posts of each group of ``by``, in order of its first post; all posts as one where no post has a group."""
    by = posts.column("by")
    if posts.num_rows and by.null_count == posts.num_rows:
        yield EVERYTHING, posts
        return
    for name in pc.unique(by).to_pylist():
        mask = pc.is_null(by) if name is None else pc.fill_null(pc.equal(by, name), False)
        yield name or NO_GROUP, posts.filter(mask).combine_chunks()


def measure(
    name: str,
    make: Callable[[], Method],
    groups: Sequence[tuple[str, pa.Table]],
    progress: Progress | None = None,
    score: Score | None = None,
) -> dict[str, Any]:
    """Figures of one method over all groups (see ``evaluate_topics``), by ``score`` (``agreement`` unless another is given)."""
    score = score or agreement
    names = (*score(pa.chunked_array([[]], pa.string()), np.empty(0, np.int64)), "posts_per_core_second")
    try:
        if groups:
            make()(groups[0][1].slice(0, WARMING_POSTS))
        method, rows = make(), {}
        for group, posts in groups:
            if progress:
                progress(f"{name}: {group} ({posts.num_rows:,} posts)")
            begun = time.process_time()
            found = method(posts)
            seconds = time.process_time() - begun
            rows[group] = {
                "posts": posts.num_rows,
                **score(posts.column("truth"), found),
                "posts_per_core_second": posts.num_rows / max(seconds, 1e-9),
            }
    except NotInstalledError as error:
        return {**means({}, names), "groups": {}, "note": f"not installed: {error}"}
    return {**means(rows, names), "groups": rows}


def agreement(truth: pa.ChunkedArray, found: np.ndarray) -> dict[str, float | None]:
    """AMI, ARI and NMI of labels (text, null where unknown) and clusters (n,; negative: alone); None where no post is labelled."""
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, normalized_mutual_info_score

    labelled = truth.is_valid().to_numpy(zero_copy_only=False)
    if not labelled.any():
        return dict.fromkeys(MEASURES)
    found = np.where(found < 0, found.max(initial=0) + 1 + np.arange(len(found)), found)
    true = pa.concat_arrays(truth.chunks).dictionary_encode().indices.drop_null().to_numpy()
    measures = (adjusted_mutual_info_score, adjusted_rand_score, normalized_mutual_info_score)
    return {name: float(measure(true, found[labelled])) for name, measure in zip(MEASURES, measures, strict=True)}


def means(rows: dict[str, dict[str, Any]], names: Sequence[str]) -> dict[str, float | None]:
    """Mean of each figure over the groups that have it."""
    known = {name: [row[name] for row in rows.values() if row[name] is not None] for name in names}
    return {name: float(np.mean(values)) if values else None for name, values in known.items()}


def terms_of(posts: pa.Table) -> pa.ListArray:
    """Terms of clean posts as the pipeline has them: lemmas, #hashtags, @mentions, one list a post."""
    from trend_assets.lib.text.arrays import list_array, to_array

    columns = [to_array(posts.column(name)) for name in ("lemmas", "hashtags", "mentions")]
    lengths = np.stack([column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False) for column in columns])
    prefixed = [pc.binary_join_element_wise(prefix, column.flatten(), "") for prefix, column in zip(("", "#", "@"), columns, strict=True)]
    # Values of the three columns one after another; a post's are brought together by where each of them belongs.
    post = np.concatenate([np.repeat(np.arange(posts.num_rows), one) for one in lengths])
    return list_array(lengths.sum(axis=0), pa.concat_arrays(prefixed).take(pa.array(np.argsort(post, kind="stable"))))
