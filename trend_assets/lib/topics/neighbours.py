"""The neighbour graph of a window: each document linked to its nearest by cosine, through an inverted index.

What belongs here: the compiled kernel of the k-nearest-neighbour graph. What doesn't: how text becomes vectors
(``vectors.py``), how the graph is divided (``communities.py``). Importing this module loads numba: import it inside functions.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def _keep(
    similarities: np.ndarray, others: np.ndarray, size: int, usual: int, strong_similarity: float, similarity: float, other: int
) -> int:
    """Offer (similarity, other) to a min-heap of the ``usual`` nearest and any strong ones; earlier ones win ties. Returns its size."""
    if size < usual or (size < len(others) and similarity >= strong_similarity and similarities[0] >= strong_similarity):
        place = size
        size += 1
        while place > 0:
            parent = (place - 1) >> 1
            if similarities[parent] <= similarity:
                break
            similarities[place] = similarities[parent]
            others[place] = others[parent]
            place = parent
    else:
        if similarity <= similarities[0]:
            return size
        place = 0
        while True:
            child = 2 * place + 1
            if child >= size:
                break
            if child + 1 < size and similarities[child + 1] < similarities[child]:
                child += 1
            if similarities[child] >= similarity:
                break
            similarities[place] = similarities[child]
            others[place] = others[child]
            place = child
    similarities[place] = similarity
    others[place] = other
    return size


@njit(cache=True)
def _nearest(
    starts: np.ndarray,
    terms: np.ndarray,
    weights: np.ndarray,
    vocabulary: int,
    neighbours: int,
    strong_neighbours: int,
    minimum_similarity: float,
    strong_similarity: float,
    posting_limit: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The nearest of each document: ids and cosines (documents × strong_neighbours) and how many are filled."""
    documents = len(starts) - 1
    posting_starts = np.zeros(vocabulary + 1, np.int64)
    for term in terms:
        posting_starts[term + 1] += 1
    for term in range(vocabulary):
        posting_starts[term + 1] += posting_starts[term]
    posting_ends = posting_starts[:-1].copy()
    posting_documents = np.empty(posting_starts[-1], np.int32)
    posting_weights = np.empty(posting_starts[-1], np.float32)

    near = np.empty((documents, strong_neighbours), np.int32)
    cosine = np.empty((documents, strong_neighbours), np.float32)
    filled = np.zeros(documents, np.int32)
    dot = np.zeros(documents, np.float32)
    touched = np.empty(documents, np.int32)
    for document in range(documents):
        count = 0
        for position in range(starts[document], starts[document + 1]):
            term = terms[position]
            weight = weights[position]
            end = posting_ends[term]
            first = max(posting_starts[term], end - posting_limit)
            for posting in range(first, end):
                other = posting_documents[posting]
                if dot[other] == 0.0:
                    touched[count] = other
                    count += 1
                dot[other] += weight * posting_weights[posting]
            posting_documents[end] = document
            posting_weights[end] = weight
            posting_ends[term] = end + 1
        for number in range(count):
            other = touched[number]
            similarity = dot[other]
            dot[other] = 0.0
            if similarity >= minimum_similarity:
                filled[document] = _keep(
                    cosine[document], near[document], filled[document], neighbours, strong_similarity, similarity, other
                )
                filled[other] = _keep(cosine[other], near[other], filled[other], neighbours, strong_similarity, similarity, document)
    return near, cosine, filled


@njit(cache=True)
def _symmetric(near: np.ndarray, cosine: np.ndarray, filled: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compressed rows of the graph in which i and j are linked when either has the other among its nearest."""
    documents = len(filled)
    chosen_starts = np.zeros(documents + 1, np.int64)
    for document in range(documents):
        for number in range(filled[document]):
            chosen_starts[near[document, number] + 1] += 1
    for document in range(documents):
        chosen_starts[document + 1] += chosen_starts[document]
    ends = chosen_starts[:-1].copy()
    chosen_by = np.empty(chosen_starts[-1], np.int32)
    chosen_cosine = np.empty(chosen_starts[-1], np.float32)
    for document in range(documents):
        for number in range(filled[document]):
            other = near[document, number]
            chosen_by[ends[other]] = document
            chosen_cosine[ends[other]] = cosine[document, number]
            ends[other] += 1

    starts = np.zeros(documents + 1, np.int64)
    links = np.empty(2 * chosen_starts[-1], np.int32)
    weights = np.empty(2 * chosen_starts[-1], np.float64)
    mark = np.full(documents, -1, np.int32)
    place = 0
    for document in range(documents):
        for number in range(filled[document]):
            links[place] = near[document, number]
            weights[place] = cosine[document, number]
            mark[near[document, number]] = document
            place += 1
        for number in range(chosen_starts[document], chosen_starts[document + 1]):
            other = chosen_by[number]
            if mark[other] != document:
                links[place] = other
                weights[place] = chosen_cosine[number]
                place += 1
        starts[document + 1] = place
    return starts, links[:place].copy(), weights[:place].copy()


def neighbour_graph(
    starts: np.ndarray,
    terms: np.ndarray,
    weights: np.ndarray,
    vocabulary: int,
    *,
    neighbours: int,
    minimum_similarity: float,
    posting_limit: int,
    strong_neighbours: int | None = None,
    strong_similarity: float = 1.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The symmetric k-nearest-neighbour graph of unit vectors in compressed rows (starts, links, weights).

    ``starts`` (documents + 1), ``terms`` and ``weights`` are the vectors in compressed rows, ``vocabulary`` is one
    more than the greatest term. A pair is linked when its cosine is at least ``minimum_similarity`` and one of the two
    has the other among its ``neighbours`` nearest (symmetric by maximum; the cosine is the same from both sides). Where more than
    that are at ``strong_similarity`` or nearer, up to ``strong_neighbours`` of them are linked: a topic of thousands of posts
    would otherwise fall apart because each post sees so few of the others.

    Each document is compared only with those that share a term, found through an inverted index that grows as documents
    pass, so each pair is met once. Σ df² would let a few frequent terms take all the time: a term links a document with at
    most the ``posting_limit`` documents before it, in the order given (time), which keeps hot topics connected in time and
    bounds the work by documents × terms × ``posting_limit``. Below the limit cosines are exact.
    """
    near, cosine, filled = _nearest(
        starts,
        terms,
        weights,
        vocabulary,
        neighbours,
        max(neighbours, strong_neighbours or 0),
        minimum_similarity,
        strong_similarity,
        posting_limit,
    )
    return _symmetric(near, cosine, filled)
