"""Compiled helpers on documents as compressed rows of term numbers.

What belongs here: loops over terms of documents that Arrow and numpy can't express. What doesn't: anything that knows of
posts, topics or the registry. Importing this module loads numba: import it inside functions.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def hash_strings(offsets: np.ndarray, data: np.ndarray) -> np.ndarray:
    """64-bit FNV-1a of each UTF-8 string of an Arrow buffer, finished by a multiplicative mix. Stable everywhere."""
    hashes = np.empty(len(offsets) - 1, np.uint64)
    for row in range(len(hashes)):
        value = np.uint64(14695981039346656037)
        for place in range(offsets[row], offsets[row + 1]):
            value = (value ^ np.uint64(data[place])) * np.uint64(1099511628211)
        value = (value ^ (value >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
        hashes[row] = value ^ (value >> np.uint64(32))
    return hashes


@njit(cache=True, nogil=True)
def distinct_terms(offsets: np.ndarray, terms: np.ndarray, vocabulary: int, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Compressed rows of the first ``limit`` distinct terms of each document.

    ``offsets`` (lists × documents + 1 each) and ``terms`` hold several lists a document; ``terms`` of list l of document d are
    ``terms[offsets[l, d]:offsets[l, d + 1]]``.
    """
    lists, documents = offsets.shape[0], offsets.shape[1] - 1
    starts = np.zeros(documents + 1, np.int64)
    kept = np.empty(len(terms), np.int32)
    seen_in = np.full(vocabulary, -1, np.int32)
    end = 0
    for document in range(documents):
        for number in range(lists):
            for place in range(offsets[number, document], offsets[number, document + 1]):
                term = terms[place]
                if seen_in[term] != document and end - starts[document] < limit:
                    seen_in[term] = document
                    kept[end] = term
                    end += 1
        starts[document + 1] = end
    return starts, kept[:end].copy()


@njit(cache=True, nogil=True)
def document_frequency(starts: np.ndarray, terms: np.ndarray, rows: np.ndarray, vocabulary: int) -> np.ndarray:
    """In how many of ``rows`` each term occurs."""
    frequency = np.zeros(vocabulary, np.int64)
    for row in rows:
        for place in range(starts[row], starts[row + 1]):
            frequency[terms[place]] += 1
    return frequency


@njit(cache=True, nogil=True)
def weigh(  # noqa: C901 - one pass over a document's terms; splitting it would cost a call per document
    starts: np.ndarray, terms: np.ndarray, rows: np.ndarray, column_of: np.ndarray, idf: np.ndarray, dropped: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors of ``rows``: columns ascending, weights idf, without the lightest terms that hold ``dropped`` of the squared length.

    ``column_of`` gives a term's column, or -1 where the term isn't used.
    """
    size = 0
    longest = 0
    for row in rows:
        size += starts[row + 1] - starts[row]
        longest = max(longest, starts[row + 1] - starts[row])
    new_starts = np.zeros(len(rows) + 1, np.int64)
    columns = np.empty(size, np.int32)
    weights = np.empty(size, np.float32)
    here = np.empty(longest, np.int32)
    squares = np.empty(longest, np.float64)
    end = 0
    for number in range(len(rows)):
        row = rows[number]
        count = 0
        for place in range(starts[row], starts[row + 1]):
            column = column_of[terms[place]]
            if column >= 0 and idf[column] > 0.0:
                behind = count
                while behind > 0 and here[behind - 1] > column:
                    here[behind] = here[behind - 1]
                    behind -= 1
                here[behind] = column
                count += 1
        if count:
            total = 0.0
            for place in range(count):
                squares[place] = idf[here[place]] ** 2
                total += squares[place]
            light = 0.0
            for _ in range(count):
                lightest = 0
                for place in range(1, count):
                    if squares[place] < squares[lightest]:
                        lightest = place
                if light + squares[lightest] > dropped * total:
                    break
                light += squares[lightest]
                squares[lightest] = np.inf
            length = np.sqrt(total - light)
            for place in range(count):
                if squares[place] < np.inf:
                    columns[end] = here[place]
                    weights[end] = idf[here[place]] / length
                    end += 1
        new_starts[number + 1] = end
    return new_starts, columns[:end].copy(), weights[:end].copy()


@njit(cache=True, nogil=True)
def members_of(labels: np.ndarray, clusters: int) -> tuple[np.ndarray, np.ndarray]:
    """Documents by cluster in compressed rows (starts, documents ascending); label -1 belongs to none."""
    starts = np.zeros(clusters + 1, np.int64)
    for label in labels:
        if label >= 0:
            starts[label + 1] += 1
    for cluster in range(clusters):
        starts[cluster + 1] += starts[cluster]
    place = starts[:-1].copy()
    documents = np.empty(starts[-1], np.int64)
    for document in range(len(labels)):
        label = labels[document]
        if label >= 0:
            documents[place[label]] = document
            place[label] += 1
    return starts, documents


@njit(cache=True, nogil=True)
def centres(  # noqa: C901 - one pass over a cluster's terms; splitting it would cost a call per term
    starts: np.ndarray, columns: np.ndarray, weights: np.ndarray, labels: np.ndarray, clusters: int, used: np.ndarray, kept: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The ``kept`` heaviest terms of each cluster's summed vectors, heaviest first, scaled to unit length, and their frequency.

    Returns (starts, columns, weights, number of the cluster's documents with the term, length before scaling). ``used`` says
    which columns may be in a centre. Ties go to the lower column.
    """
    member_starts, members = members_of(labels, clusters)
    total = np.zeros(len(used), np.float64)
    frequency = np.zeros(len(used), np.int64)
    touched = np.empty(len(used), np.int32)
    new_starts = np.zeros(clusters + 1, np.int64)
    new_columns = np.empty(clusters * kept, np.int32)
    new_weights = np.empty(clusters * kept, np.float32)
    new_frequency = np.empty(clusters * kept, np.int64)
    lengths = np.zeros(clusters, np.float64)
    end = 0
    for cluster in range(clusters):
        count = 0
        for number in range(member_starts[cluster], member_starts[cluster + 1]):
            document = members[number]
            for place in range(starts[document], starts[document + 1]):
                column = columns[place]
                if used[column]:
                    if frequency[column] == 0:
                        touched[count] = column
                        count += 1
                    frequency[column] += 1
                    total[column] += weights[place]
        begin = end
        if count:
            # The heaviest so far are kept in order: most of a big cluster's terms are lighter than all of them, and the terms of a
            # cluster that is a centre already come in order. (Numba's sorts would do, and take ten seconds to compile.)
            for column in touched[:count]:
                weight = total[column]
                if end == begin + kept:
                    last = new_columns[end - 1]
                    if weight < total[last] or (weight == total[last] and column > last):
                        continue
                    end -= 1
                place = end
                while place > begin:
                    above = new_columns[place - 1]
                    if total[above] > weight or (total[above] == weight and above < column):
                        break
                    new_columns[place] = above
                    place -= 1
                new_columns[place] = column
                end += 1
            length = 0.0
            for place in range(begin, end):
                length += total[new_columns[place]] ** 2
                new_frequency[place] = frequency[new_columns[place]]
            for place in range(begin, end):
                new_weights[place] = total[new_columns[place]] / np.sqrt(length)
            lengths[cluster] = np.sqrt(length)
            for column in touched[:count]:
                total[column] = 0.0
                frequency[column] = 0
        new_starts[cluster + 1] = end
    return new_starts, new_columns[:end].copy(), new_weights[:end].copy(), new_frequency[:end].copy(), lengths


@njit(cache=True, nogil=True)
def similarity_to_centre(
    starts: np.ndarray,
    columns: np.ndarray,
    weights: np.ndarray,
    labels: np.ndarray,
    centre_starts: np.ndarray,
    centre_columns: np.ndarray,
    centre_weights: np.ndarray,
    width: int,
    core: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Cosine of each document to its cluster's centre, and how many of the centre's ``core`` heaviest terms it has."""
    member_starts, members = members_of(labels, len(centre_starts) - 1)
    centre = np.zeros(width, np.float32)
    place_in_centre = np.zeros(width, np.int32)
    cosine = np.zeros(len(labels), np.float32)
    shared = np.zeros(len(labels), np.int32)
    for cluster in range(len(centre_starts) - 1):
        first = centre_starts[cluster]
        for place in range(first, centre_starts[cluster + 1]):
            centre[centre_columns[place]] = centre_weights[place]
            place_in_centre[centre_columns[place]] = place - first
        for number in range(member_starts[cluster], member_starts[cluster + 1]):
            document = members[number]
            for place in range(starts[document], starts[document + 1]):
                column = columns[place]
                if centre[column] > 0.0:
                    cosine[document] += weights[place] * centre[column]
                    if place_in_centre[column] < core:
                        shared[document] += 1
        for place in range(first, centre_starts[cluster + 1]):
            centre[centre_columns[place]] = 0.0
    return cosine, shared


@njit(cache=True, nogil=True)
def nearest_centre(  # noqa: C901 - three short loops over the same postings; splitting them would cost a call per post
    starts: np.ndarray,
    columns: np.ndarray,
    weights: np.ndarray,
    centre_starts: np.ndarray,
    centre_columns: np.ndarray,
    centre_weights: np.ndarray,
    width: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The centre of highest cosine for each document and that cosine; -1 and 0 where no term is shared. Ties: lower centre."""
    clusters = len(centre_starts) - 1
    posting_starts = np.zeros(width + 1, np.int64)
    for column in centre_columns:
        posting_starts[column + 1] += 1
    for column in range(width):
        posting_starts[column + 1] += posting_starts[column]
    place_of = posting_starts[:-1].copy()
    posting_cluster = np.empty(len(centre_columns), np.int32)
    posting_weight = np.empty(len(centre_columns), np.float32)
    for cluster in range(clusters):
        for place in range(centre_starts[cluster], centre_starts[cluster + 1]):
            column = centre_columns[place]
            posting_cluster[place_of[column]] = cluster
            posting_weight[place_of[column]] = centre_weights[place]
            place_of[column] += 1
    nearest = np.full(len(starts) - 1, -1, np.int64)
    cosine = np.zeros(len(starts) - 1, np.float32)
    dot = np.zeros(clusters, np.float32)
    for document in range(len(starts) - 1):
        for place in range(starts[document], starts[document + 1]):
            for posting in range(posting_starts[columns[place]], posting_starts[columns[place] + 1]):
                dot[posting_cluster[posting]] += weights[place] * posting_weight[posting]
        for place in range(starts[document], starts[document + 1]):
            for posting in range(posting_starts[columns[place]], posting_starts[columns[place] + 1]):
                cluster = posting_cluster[posting]
                similarity = dot[cluster]
                if similarity > cosine[document] or (similarity == cosine[document] and similarity > 0.0 and cluster < nearest[document]):
                    cosine[document] = similarity
                    nearest[document] = cluster
        for place in range(starts[document], starts[document + 1]):
            for posting in range(posting_starts[columns[place]], posting_starts[columns[place] + 1]):
                dot[posting_cluster[posting]] = 0.0
    return nearest, cosine
