"""How well posts that come one after the other are given topics, each at first sight: the stream protocol of Mazoyer et al. (LREC 2020).

What belongs here: feeding posts in time order, macro F1 of the best match. What doesn't: clustering a group of posts at once
(``topics.py``), our stream (``lib/topics/stream.py``), peers (``peers.py``).

The label that counts is the topic that a post was given when it came, from posts before it; where re-clustering gave it another
afterwards, that is measured too. Macro F1: for each true event the topic with the best F1, mean over events (as ``cluster_event_match``
of the authors' code); posts without a label are given topics and aren't scored.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

STREAM_MEASURES = ("macro_f1",)


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
