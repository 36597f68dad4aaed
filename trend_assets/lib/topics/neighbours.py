"""The neighbour graph of a window: each document linked to its nearest by cosine, through an inverted index.

What belongs here: the compiled kernel of the k-nearest-neighbour graph. What doesn't: how text becomes vectors
(``vectors.py``), how the graph is divided (``communities.py``). Importing this module loads numba: import it inside functions.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_HALF = np.uint64(32)
_ONE = np.uint64(1)


@njit(cache=True, nogil=True)
def _offer(
    heap: np.ndarray, base: np.uint64, size: np.uint64, usual: np.uint64, most: np.uint64, strong: np.uint64, entry: np.uint64
) -> np.uint64:
    """Offer an entry to the min-heap at ``base`` of the ``usual`` nearest and any strong ones; earlier ones win ties. Returns its size.

    An entry is the bits of its similarity before the number of the other document. Positive floats are ordered as their bits are,
    so one array of integers holds both. All integers are unsigned: numba then leaves out the test for indices from the end.
    """
    bits = entry >> _HALF
    if size < usual or (size < most and bits >= strong and (heap[base] >> _HALF) >= strong):
        place = size
        while place > np.uint64(0):
            parent = (place - _ONE) >> _ONE
            above = heap[base + parent]
            if (above >> _HALF) <= bits:
                break
            heap[base + place] = above
            place = parent
        heap[base + place] = entry
        return size + _ONE
    if bits <= (heap[base] >> _HALF):
        return size
    place = np.uint64(0)
    child = _ONE
    while child + _ONE < size:
        left, right = heap[base + child], heap[base + child + _ONE]
        # Which child is smaller can't be foretold, so it is computed, not branched on.
        is_right = (right >> _HALF) < (left >> _HALF)
        child += np.uint64(is_right)
        below = right if is_right else left
        if (below >> _HALF) >= bits:
            heap[base + place] = entry
            return size
        heap[base + place] = below
        place = child
        child = place + place + _ONE
    if child < size and (heap[base + child] >> _HALF) < bits:
        heap[base + place] = heap[base + child]
        place = child
    heap[base + place] = entry
    return size


@njit(cache=True, nogil=True)
def _nearest(  # noqa: C901 - the loop is the algorithm; splitting it would cost a call per document
    starts: np.ndarray,
    terms: np.ndarray,
    weights: np.ndarray,
    vocabulary: int,
    neighbours: int,
    strong_neighbours: int,
    minimum_similarity: float,
    strong_similarity: np.float32,
    posting_limit: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of each document as heap entries (documents × strong_neighbours, see ``_offer``) and how many are filled."""
    documents = len(starts) - 1
    usual, most = np.uint64(neighbours), np.uint64(strong_neighbours)
    posting_starts = np.zeros(vocabulary + 1, np.int64)
    for term in terms:
        posting_starts[term + 1] += 1
    for term in range(vocabulary):
        posting_starts[term + 1] += posting_starts[term]
    posting_ends = posting_starts[:-1].copy()
    posting_documents = np.empty(posting_starts[-1], np.uint32)
    posting_weights = np.empty(posting_starts[-1], np.float32)

    heap = np.empty(documents * strong_neighbours, np.uint64)
    filled = np.zeros(documents, np.uint64)
    lowest = np.zeros(documents, np.uint32)  # bits of the similarity that must be surpassed: most offers are refused by this alone
    dot = np.zeros(documents, np.float32)
    # One place more than documents: the loops below write before they know whether to advance, which is faster than to branch.
    touched = np.empty(documents + 1, np.uint32)
    similarities = np.empty(documents + 1, np.float32)
    bits = similarities.view(np.uint32)
    similarities[0] = strong_similarity
    strong = np.uint64(bits[0])
    for document in range(documents):
        this = np.uint64(document)
        count = np.uint64(0)
        for position in range(starts[document], starts[document + 1]):
            term = terms[position]
            weight = weights[position]
            end = posting_ends[term]
            for posting in range(max(posting_starts[term], end - posting_limit), end):
                other = posting_documents[posting]
                before = dot[other]
                touched[count] = other
                count += np.uint64(before == np.float32(0.0))
                dot[other] = before + weight * posting_weights[posting]
            posting_documents[end] = document
            posting_weights[end] = weight
            posting_ends[term] = end + 1
        near = np.uint64(0)
        for number in range(count):
            other = touched[number]
            similarity = dot[other]
            dot[other] = np.float32(0.0)
            touched[near] = other
            similarities[near] = similarity
            near += np.uint64(similarity >= minimum_similarity)
        # No pair is met twice, so the heap of this document and those of the others may be filled one after the other.
        size, least = np.uint64(0), np.uint32(0)
        for number in range(near):
            if bits[number] > least:
                entry = (np.uint64(bits[number]) << _HALF) | np.uint64(touched[number])
                size = _offer(heap, this * most, size, usual, most, strong, entry)
                root = heap[this * most] >> _HALF
                if size == most or (size >= usual and root < strong):
                    least = np.uint32(root)
        filled[document], lowest[document] = size, least
        for number in range(near):
            other = np.uint64(touched[number])
            if bits[number] > lowest[other]:
                size = _offer(heap, other * most, filled[other], usual, most, strong, (np.uint64(bits[number]) << _HALF) | this)
                filled[other] = size
                root = heap[other * most] >> _HALF
                if size == most or (size >= usual and root < strong):
                    lowest[other] = np.uint32(root)
    return heap.reshape(documents, strong_neighbours), filled.astype(np.int64)


@njit(cache=True, nogil=True)
def _symmetric(heap: np.ndarray, filled: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compressed rows of the graph in which i and j are linked when either has the other among its nearest."""
    documents = len(filled)
    own_starts = np.zeros(documents + 1, np.int64)
    for document in range(documents):
        own_starts[document + 1] = own_starts[document] + filled[document]
    near = np.empty(own_starts[-1], np.uint32)
    cosine = np.empty(own_starts[-1], np.float32)
    bits = cosine.view(np.uint32)
    chosen_starts = np.zeros(documents + 1, np.int64)
    for document in range(documents):
        for number in range(filled[document]):
            place = own_starts[document] + number
            near[place] = np.uint32(heap[document, number])
            bits[place] = np.uint32(heap[document, number] >> _HALF)
            chosen_starts[near[place] + 1] += 1
    for document in range(documents):
        chosen_starts[document + 1] += chosen_starts[document]
    ends = chosen_starts[:-1].copy()
    chosen_by = np.empty(chosen_starts[-1], np.uint32)
    chosen_cosine = np.empty(chosen_starts[-1], np.float32)
    for document in range(documents):
        for place in range(own_starts[document], own_starts[document + 1]):
            end = ends[near[place]]
            chosen_by[end] = document
            chosen_cosine[end] = cosine[place]
            ends[near[place]] = end + 1

    starts = np.zeros(documents + 1, np.int64)
    links = np.empty(2 * chosen_starts[-1], np.int32)
    weights = np.empty(2 * chosen_starts[-1], np.float64)
    mark = np.full(documents, -1, np.int32)
    end = 0
    for document in range(documents):
        for place in range(own_starts[document], own_starts[document + 1]):
            links[end] = near[place]
            weights[end] = cosine[place]
            mark[near[place]] = document
            end += 1
        for place in range(chosen_starts[document], chosen_starts[document + 1]):
            other = chosen_by[place]
            links[end] = other
            weights[end] = chosen_cosine[place]
            end += mark[other] != document
        starts[document + 1] = end
    return starts, links[:end], weights[:end]


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
    more than the greatest term; weights and ``minimum_similarity`` are positive. A pair is linked when its cosine is at least
    ``minimum_similarity`` and one of the two has the other among its ``neighbours`` nearest (symmetric by maximum; the cosine is
    the same from both sides). Where more than that are at ``strong_similarity`` or nearer, up to ``strong_neighbours`` of them are
    linked: a topic of thousands of posts
    would otherwise fall apart because each post sees so few of the others.

    Each document is compared only with those that share a term, found through an inverted index that grows as documents
    pass, so each pair is met once. Σ df² would let a few frequent terms take all the time: a term links a document with at
    most the ``posting_limit`` documents before it, in the order given (time), which keeps hot topics connected in time and
    bounds the work by documents × terms × ``posting_limit``. Below the limit cosines are exact.
    """
    # The least 32-bit number that is strong: rounding the parameter must not let a weaker pair pass.
    strong = np.float32(strong_similarity)
    if float(strong) < strong_similarity:
        strong = np.nextafter(strong, np.float32(np.inf))
    most = max(neighbours, strong_neighbours or 0)
    heap, filled = _nearest(starts, terms, weights, vocabulary, neighbours, most, minimum_similarity, strong, posting_limit)
    return _symmetric(heap, filled)
