"""The compiled loop of first-story detection, a peer.

What belongs here: that loop. What doesn't: when it is used (``peers.py``). Importing this module loads numba: import it inside functions.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def join_nearest(
    starts: np.ndarray,
    terms: np.ndarray,
    weights: np.ndarray,
    vocabulary: int,
    times: np.ndarray,
    window: int,
    minimum_similarity: float,
) -> np.ndarray:
    """Cluster (n,) of each document: that of its nearest earlier one within ``window`` whose cosine is above the minimum, else a new one.

    ``starts`` (n + 1), ``terms`` and ``weights`` are unit vectors in compressed rows, in time order; ``times`` (n,) in the unit of
    ``window``. Of equally near ones the latest counts. Time: that of all pairs that share a term in the window.
    """
    documents = len(starts) - 1
    ends = np.zeros(vocabulary + 1, np.int64)
    for term in terms:
        ends[term + 1] += 1
    for term in range(vocabulary):
        ends[term + 1] += ends[term]
    firsts = ends[:-1].copy()  # of each term the first posting that is still in the window
    ends = ends[:-1].copy()
    posting_documents = np.empty(len(terms), np.int64)
    posting_weights = np.empty(len(terms), np.float32)
    dot = np.zeros(documents, np.float64)
    touched = np.empty(documents, np.int64)
    result = np.full(documents, -1, np.int64)
    clusters = 0
    for document in range(documents):
        count = 0
        oldest = times[document] - window
        for position in range(starts[document], starts[document + 1]):
            term = terms[position]
            while firsts[term] < ends[term] and times[posting_documents[firsts[term]]] < oldest:
                firsts[term] += 1
            for posting in range(firsts[term], ends[term]):
                other = posting_documents[posting]
                if dot[other] == 0.0:
                    touched[count] = other
                    count += 1
                dot[other] += weights[position] * posting_weights[posting]
            posting_documents[ends[term]] = document
            posting_weights[ends[term]] = weights[position]
            ends[term] += 1
        nearest, similarity = -1, minimum_similarity
        for number in range(count):
            other = touched[number]
            if dot[other] > similarity or (dot[other] == similarity and other > nearest >= 0):
                nearest, similarity = other, dot[other]
            dot[other] = 0.0
        if nearest >= 0:
            result[document] = result[nearest]
        else:
            result[document] = clusters
            clusters += 1
    return result
