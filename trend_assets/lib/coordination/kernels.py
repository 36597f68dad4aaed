"""Compiled loops of coordination: word pairs, MinHash, clusters of near-copies, neighbours in time.

What belongs here: loops that Arrow and numpy can't express. What doesn't: anything that knows of posts or verdicts. Importing
this module loads numba: import it inside functions.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, inline="always")
def _mix(value: np.uint64) -> np.uint64:
    """splitmix64's finaliser: every bit of the result depends on every bit of ``value``."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True)
def sequence_hashes(starts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Hash (uint64) of each list of hashes in order; ``starts`` (lists + 1) are offsets into ``values``."""
    result = np.empty(len(starts) - 1, np.uint64)
    for row in range(len(result)):
        value = _GOLDEN
        for place in range(starts[row], starts[row + 1]):
            value = _mix(value ^ values[place]) + _GOLDEN
        result[row] = value
    return result


@njit(cache=True)
def word_pairs(starts: np.ndarray, ends: np.ndarray, words: np.ndarray, most_words: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted distinct hashes of neighbouring words of each document, in compressed rows (starts, hashes).

    Words of document d are ``words[starts[d]:ends[d]]``, of which the first ``most_words`` count.
    """
    documents = len(starts)
    size = 0
    for row in range(documents):
        size += max(min(ends[row] - starts[row], most_words) - 1, 0)
    new_starts = np.zeros(documents + 1, np.int64)
    pairs = np.empty(size, np.uint64)
    end = 0
    for row in range(documents):
        first = starts[row]
        last = min(ends[row], first + most_words)
        count = max(last - first - 1, 0)
        here = np.empty(count, np.uint64)
        for place in range(count):
            here[place] = _mix(words[first + place] + _GOLDEN) ^ words[first + place + 1]
        here.sort()
        for place in range(count):
            if place == 0 or here[place] != here[place - 1]:
                pairs[end] = here[place]
                end += 1
        new_starts[row + 1] = end
    return new_starts, pairs[:end].copy()


@njit(cache=True)
def band_keys(starts: np.ndarray, pairs: np.ndarray, bands: int, rows: int) -> np.ndarray:
    """Keys (documents × bands, uint64) of MinHash signatures of ``bands`` × ``rows`` permutations; documents without pairs get 0."""
    documents = len(starts) - 1
    keys = np.zeros((documents, bands), np.uint64)
    permutations = bands * rows
    multiplier = np.empty(permutations, np.uint64)
    added = np.empty(permutations, np.uint64)
    seed = _GOLDEN
    for number in range(permutations):
        multiplier[number] = _mix(seed) | np.uint64(1)
        added[number] = _mix(seed + np.uint64(1))
        seed += _GOLDEN
    smallest = np.empty(permutations, np.uint64)
    for document in range(documents):
        if starts[document] == starts[document + 1]:
            continue
        smallest[:] = np.uint64(0xFFFFFFFFFFFFFFFF)
        for place in range(starts[document], starts[document + 1]):
            value = _mix(pairs[place])
            for number in range(permutations):
                hashed = value * multiplier[number] + added[number]
                hashed ^= hashed >> np.uint64(32)
                if hashed < smallest[number]:
                    smallest[number] = hashed
        for band in range(bands):
            key = np.uint64(band + 1) * _GOLDEN
            for number in range(band * rows, (band + 1) * rows):
                key = _mix(key ^ smallest[number])
            keys[document, band] = key
    return keys


@njit(cache=True)
def _root(parent: np.ndarray, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(cache=True)
def _alike(starts: np.ndarray, pairs: np.ndarray, one: int, other: int, least: float) -> bool:
    """Whether the Jaccard similarity of two documents' word pairs is at least ``least``."""
    left, left_end = starts[one], starts[one + 1]
    right, right_end = starts[other], starts[other + 1]
    shared = 0
    total = left_end - left + right_end - right
    while left < left_end and right < right_end:
        if pairs[left] == pairs[right]:
            shared += 1
            left += 1
            right += 1
        elif pairs[left] < pairs[right]:
            left += 1
        else:
            right += 1
    return shared >= least * (total - shared) and shared > 0


@njit(cache=True)
def join_near_copies(order: np.ndarray, keys: np.ndarray, starts: np.ndarray, pairs: np.ndarray, parent: np.ndarray, least: float) -> None:
    """Unite documents of one band's buckets that are alike; ``parent`` is the union-find forest, changed in place.

    ``order`` sorts ``keys``. A document is compared with the first of its bucket and the one before it only, so a bucket of any
    size costs two comparisons a document.
    """
    first = 0
    for place in range(1, len(order)):
        if keys[order[place]] != keys[order[place - 1]]:
            first = place
            continue
        here = order[place]
        for other_place in (first, place - 1):
            one, other = _root(parent, order[other_place]), _root(parent, here)
            if one != other and _alike(starts, pairs, order[other_place], here, least):
                parent[max(one, other)] = min(one, other)


@njit(cache=True)
def find_roots(parent: np.ndarray) -> np.ndarray:
    """Root of each node of a union-find forest."""
    roots = np.empty(len(parent), np.int64)
    for node in range(len(parent)):
        roots[node] = _root(parent, node)
    return roots


@njit(cache=True)
def unite(parent: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """Unite the ends of each edge in the union-find forest ``parent``, in place; the smaller root stays."""
    for place in range(len(left)):
        one, other = _root(parent, left[place]), _root(parent, right[place])
        if one != other:
            parent[max(one, other)] = min(one, other)


@njit(cache=True)
def neighbours_in_time(
    thing: np.ndarray, moment: np.ndarray, account: np.ndarray, fresh: np.ndarray, span: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of acts (later, earlier) on the same thing by different accounts, at most ``span`` apart, the later one ``fresh``.

    Acts are sorted by thing and moment. Each is paired with the ``most`` acts before it at most: linear whatever the crowd.
    """
    count = 0
    later = np.empty(0, np.int64)
    earlier = np.empty(0, np.int64)
    for writing in range(2):
        if writing == 1:
            later = np.empty(count, np.int64)
            earlier = np.empty(count, np.int64)
            count = 0
        for here in range(len(thing)):
            if not fresh[here]:
                continue
            found = 0
            for before in range(here - 1, max(here - 1 - 4 * most, -1), -1):
                if thing[before] != thing[here] or moment[here] - moment[before] > span[here] or found == most:
                    break
                if account[before] != account[here]:
                    if writing == 1:
                        later[count] = here
                        earlier[count] = before
                    found += 1
                    count += 1
    return later, earlier


@njit(cache=True)
def prune(degree: np.ndarray, left: np.ndarray, right: np.ndarray, least: int) -> np.ndarray:
    """Which edges are left when nodes with fewer than ``least`` edges are taken away, again and again (the k-core). O(edges × rounds)."""
    kept = np.ones(len(left), np.bool_)
    changed = True
    while changed:
        changed = False
        for place in range(len(left)):
            if kept[place] and (degree[left[place]] < least or degree[right[place]] < least):
                kept[place] = False
                degree[left[place]] -= 1
                degree[right[place]] -= 1
                changed = True
    return kept
