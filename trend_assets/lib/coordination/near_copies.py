"""Texts that differ by a few words: which of them are copies of one another.

What belongs here: word pairs of texts, MinHash signatures, clusters. What doesn't: texts that differ in letters' case, digits or
punctuation only, which share their key already (``lib/text/near_duplicates``); who posted them (``acts``).

A text is the set of its neighbouring words (shingles of two). Two texts whose sets overlap by half (Jaccard similarity .5) are
copies: one word of twelve replaced leaves .69, two leave .47 at worst and .6 where they are neighbours. Candidates come from MinHash
signatures (Broder 1997) cut in bands (Indyk & Motwani 1998): 8 bands of 3 values find a pair of similarity .5 with probability .66,
.6 with .86, .7 with .97; each candidate is then compared exactly, so nothing is called a copy by a collision. Within a bucket a text is
compared with the first and the one before only: O(texts × bands), never quadratic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

LEAST_WORDS = 6
"""Shorter texts ("so pretty today") are said by many who know nothing of one another."""
MOST_WORDS = 64
"""Words of a text that count; only texts far beyond a post's length have more."""
LEAST_SIMILARITY = 0.5
BANDS, ROWS = 8, 3


@dataclass(frozen=True)
class Texts:
    """Distinct texts: key (texts,) ascending, their word pairs in compressed rows (starts, pairs), band keys (texts, ``BANDS``)."""

    key: Integers
    starts: Integers
    pairs: Hashes
    bands: Hashes

    @classmethod
    def of(cls, keys: Integers, starts: Integers, ends: Integers, words: Hashes) -> Texts:
        """From near-duplicate keys (posts,) and the hashes of their words, ``words[starts[i]:ends[i]]``; one text a key.

        Posts of one key may differ in digits; the one with the smallest sum of hashes stands for them, whatever the order of posts.
        """
        from trend_assets.lib.coordination.kernels import band_keys, word_pairs

        sums = np.concatenate([[np.uint64(0)], np.cumsum(words, dtype=np.uint64)])
        order = np.lexsort((sums[ends] - sums[starts], keys))
        first = np.ones(len(order), bool)
        first[1:] = keys[order[1:]] != keys[order[:-1]]
        chosen = order[first]
        new_starts, pairs = word_pairs(starts[chosen], ends[chosen], words, MOST_WORDS)
        return cls(keys[chosen], new_starts, pairs, band_keys(new_starts, pairs, BANDS, ROWS))

    def take(self, rows: Integers) -> Texts:
        """The texts at ``rows``, ascending."""
        lengths = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = np.repeat(self.starts[rows] - starts[:-1], lengths) + np.arange(starts[-1])
        return Texts(self.key[rows], starts, self.pairs[places], self.bands[rows])


def joined(parts: Sequence[Texts]) -> Texts:
    """The texts of all parts, each key once: that of the first part that has it."""
    starts = np.concatenate([[0], np.cumsum(np.concatenate([np.diff(part.starts) for part in parts]))]).astype(np.int64)
    keys = np.concatenate([part.key for part in parts])
    whole = Texts(keys, starts, np.concatenate([part.pairs for part in parts]), np.concatenate([part.bands for part in parts]))
    _, first = np.unique(keys, return_index=True)
    return whole.take(first.astype(np.int64))


def copies(texts: Texts) -> Integers:
    """For each text the smallest key among the texts it is a copy of, or of their copies (its own where there is none)."""
    from trend_assets.lib.coordination.kernels import find_roots, join_near_copies

    parent = np.arange(len(texts.key))
    for band in range(BANDS if len(texts.key) > 1 else 0):
        keys = np.ascontiguousarray(texts.bands[:, band])
        order = np.argsort(keys, kind="stable")
        repeated = np.zeros(len(order), bool)
        repeated[1:] = keys[order[1:]] == keys[order[:-1]]
        repeated[:-1] |= repeated[1:]
        join_near_copies(order[repeated], keys, texts.starts, texts.pairs, parent, LEAST_SIMILARITY)
    # Keys ascend and the smaller root stays, so a cluster's root has its smallest key.
    return texts.key[find_roots(parent)]
