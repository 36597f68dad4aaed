"""How well posts that come one after the other are given topics, each at first sight: the stream protocol of Mazoyer et al. (LREC 2020).

What belongs here: feeding posts in time order, macro F1 of the best match. What doesn't: clustering a group of posts at once
(``topics.py``), our stream (``lib/topics/stream.py``), peers (``peers.py``).

The label that counts is the topic that a post was given at the end of the five minutes in which it came; where re-clustering gave it
another afterwards, that is measured too. Macro F1: for each true event the topic with the best F1, mean over events (as
``cluster_event_match`` of the authors' code); posts without a label are given topics and aren't scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from trend_assets.lib.evaluation.topics import Method, Progress, agreement, in_groups, means, measure
from trend_assets.tables import TABLES

if TYPE_CHECKING:
    from trend_assets.lib.topics.assign import HourTopics

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
    """The rolling window of the pipeline (``lib/topics/stream.py``), a new one for each group."""

    def __init__(self) -> None:
        self._runs: list[tuple[pa.Table, pa.Array, list[HourTopics]]] = []

    def __call__(self, posts: pa.Table) -> np.ndarray:
        """Topic of each post at first sight (n,)."""
        from trend_assets.lib.topics.stream import TopicStream, for_any_author, topic_of_each

        clean = posts.select(TABLES["social/clean_posts"].schema.names)
        steps = list(TopicStream(parameters=for_any_author()).add(clean))
        assignments = pa.concat_tables([TABLES["topics/topic_assignments"].empty(), *(step.topic_assignments for step in steps)])
        first = topic_of_each(clean, assignments).dictionary_encode()
        self._runs.append((clean, first, steps))
        return np.asarray(first.indices, np.int64)

    @property
    def settled(self) -> list[np.ndarray]:
        """For each group the topics (n,) that its posts had when they left the window, or have at the end; outside the clock."""
        return [_settled(*run) for run in self._runs]


def _settled(posts: pa.Table, first: pa.DictionaryArray, steps: Sequence[HourTopics]) -> np.ndarray:
    """The topic of each post's near-duplicate group in the last registry that has it, else the one it was given first."""
    number_of = {name: number for number, name in enumerate(first.dictionary.to_pylist())}
    keys, place = np.unique(posts.column("near_duplicate_key").to_numpy(), return_inverse=True)
    last = np.full(len(keys), -1, np.int64)
    for step in steps:
        names, members = (step.topics.column(name).combine_chunks() for name in ("topic_id", "members"))
        numbers = np.array([number_of.setdefault(name, len(number_of)) for name in names.to_pylist()], np.int64)
        found = members.flatten().to_numpy()
        row = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
        topic = np.repeat(numbers, members.value_lengths().to_numpy())
        known = keys[row] == found
        last[row[known]] = topic[known]
    return np.where(last[place] >= 0, last[place], first.indices.to_numpy())


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
