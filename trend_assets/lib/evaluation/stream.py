"""How well posts that come one after the other are given topics, each at first sight: the stream protocol of Mazoyer et al. (LREC 2020).

What belongs here: feeding posts in time order, macro F1 of the best match. What doesn't: clustering a group of posts at once
(``topics.py``), our stream (``lib/topics/stream.py``), peers (``peers.py``).

The label that counts is the topic that a post was given when it came, from posts before it; where re-clustering gave it another
afterwards, that is measured too. Macro F1: for each true event the topic with the best F1, mean over events (as ``cluster_event_match``
of the authors' code); posts without a label are given topics and aren't scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.evaluation.topics import Method, Progress, agreement, in_groups, means, measure
from trend_assets.lib.tables import row_key
from trend_assets.tables import TABLES

STEP = timedelta(minutes=1)
"""Posts are handed over in batches of so long, as they would arrive: a post may see those of its own minute."""
AFTERWARDS = "after_reclustering"


def evaluate_stream(posts: pa.Table, *, peers: bool, progress: Progress | None = None) -> dict[str, Any]:
    """Macro F1, agreement and speed of topics given to posts as they come, and of first-story detection where peers are asked for.

    ``posts`` as for ``evaluate_topics``; each group of ``by`` is a stream of its own. Returns ``{"macro_f1", "ami", "ari", "nmi",
    "posts_per_core_second", "groups": {name: ...}}`` of topics at first sight, means over groups; ``"after_reclustering"``: the same
    measures of the topics that posts have at the end. Speed includes encoding, assignment and every re-clustering.
    """
    from trend_assets.lib.evaluation.peers import FirstStoryDetection

    groups = list(in_groups(posts))
    streams: list[OurStream] = []

    def ours() -> Method:
        streams.append(OurStream())
        return streams[-1]

    result = measure("ours", ours, groups, progress, score)
    if groups:
        settled = zip(groups, streams[-1].settled, strict=True)
        result[AFTERWARDS] = means({name: score(part.column("truth"), found) for (name, part), found in settled}, _MEASURES)
    if peers:
        result["peers"] = {"first-story detection": measure("first-story detection", FirstStoryDetection, groups, progress, score)}
    return result


_MEASURES = ("macro_f1", "ami", "ari", "nmi")


def score(truth: pa.ChunkedArray, found: np.ndarray) -> dict[str, float | None]:
    """Macro F1, AMI, ARI and NMI of a stream's topics."""
    return {"macro_f1": macro_f1(truth, found), **agreement(truth, found)}


class OurStream:
    """The rolling window of the pipeline (``lib/topics/stream.py``) with its defaults, a new one for each group.

    ``settled`` has for each group the topics (n,) that its posts have at the end.
    """

    def __init__(self) -> None:
        self.settled: list[np.ndarray] = []

    def __call__(self, posts: pa.Table) -> np.ndarray:
        """Topic of each post at first sight (n,); negative for posts that were given none."""
        from trend_assets.lib.topics.stream import TopicStream

        stream, clean = TopicStream(), posts.select(TABLES["social/clean_posts"].schema.names)
        seen = [stream.add(batch, until) for batch, until in _batches(clean)]
        empty = pa.table({name: pa.array([], pa.string()) for name in ("network", "post_id", "topic_id")})
        self.settled.append(_topics_of(clean, stream.assignments()))
        return _topics_of(clean, pa.concat_tables([empty, *(part.select(empty.column_names).cast(empty.schema) for part in seen)]))


def _batches(posts: pa.Table) -> Iterator[tuple[pa.Table, Any]]:
    """Posts of each minute that has any, and its end; ``posts`` in time order."""
    minute = pc.floor_temporal(posts.column("created_at"), unit="minute")
    starts = np.flatnonzero(np.diff(minute.cast(pa.int64()).to_numpy(), prepend=np.int64(-(2**62))))
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), posts.num_rows], strict=True):
        yield posts.slice(start, stop - start), minute[start].as_py() + STEP


def _topics_of(posts: pa.Table, assignments: pa.Table) -> np.ndarray:
    """Number of each post's topic (n,), -1 where it has none."""
    key = ("network", "post_id")
    rows = pc.index_in(row_key(posts, key), value_set=row_key(assignments, key).combine_chunks())
    topics = pc.take(assignments.column("topic_id"), rows).combine_chunks().dictionary_encode().indices
    return np.asarray(topics.fill_null(-1), np.int64)


def macro_f1(truth: pa.ChunkedArray, found: np.ndarray) -> float | None:
    """Mean over true events (text, null where unknown) of the best F1 of any cluster (n,; negative: alone); None without labels.

    Clusters are compared over labelled posts only. Time: that of sorting them.
    """
    labelled = truth.is_valid().to_numpy(zero_copy_only=False)
    if not labelled.any():
        return None
    event = pa.concat_arrays(truth.chunks).dictionary_encode().indices.drop_null().to_numpy().astype(np.int64)
    alone = np.where(found < 0, found.max(initial=0) + 1 + np.arange(len(found)), found)
    cluster = np.unique(alone[labelled], return_inverse=True)[1].astype(np.int64)
    pairs, shared = np.unique(event * (cluster.max() + 1) + cluster, return_counts=True)
    of_event, of_cluster = np.divmod(pairs, cluster.max() + 1)
    best = np.zeros(event.max() + 1)
    np.maximum.at(best, of_event, 2 * shared / (np.bincount(event)[of_event] + np.bincount(cluster)[of_cluster]))
    return float(best.mean())
