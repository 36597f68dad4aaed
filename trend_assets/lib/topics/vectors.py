"""From token lists to unit TF-IDF vectors in compressed rows.

What belongs here: the vocabulary, what counts as a term, document frequency and weights. What doesn't: how text is split
into tokens (``lib/text``), what vectors are used for (``neighbours.py``, ``clustering.py``).

Terms of a post are its lemmas (on the first four day blocks of Event2012 they beat words by .015 AMI), ``#hashtag`` and
``@mention``; a hashtag's word is among the lemmas already. A post has a term
or not (no term frequency: posts are short). Term numbers of a vocabulary depend on what came first, so nothing downstream
may depend on them: columns of a window are ordered by the hash of the term itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from trend_assets.lib.topics.background import LANGUAGES, expected_share, word_frequencies

BACKGROUND_POSTS = 30_000  # imagined everyday posts that join each window when terms are weighed
MAXIMUM_TERMS = 256  # distinct terms of a post that count; only texts far beyond a post's length have more
_PREFIXES = ("", "#", "@")


class Vocabulary:
    """Numbers for terms, given out as terms appear."""

    def __init__(self) -> None:
        self._number_of: dict[str, int] = {}
        self.terms: list[str] = []
        self._hashes = np.empty(0, np.uint64)
        self._mentions = np.empty(0, np.bool_)
        self._frequencies = np.empty((0, len(LANGUAGES)), np.float32)

    def __len__(self) -> int:
        return len(self.terms)

    def numbers(self, values: pa.Array, prefix: str) -> np.ndarray:
        """Number of each string of ``values`` with ``prefix`` before it (int32), new terms added."""
        if len(values) == 0:
            return np.empty(0, np.int32)
        encoded = values.dictionary_encode()
        number_of, terms = self._number_of, self.terms
        numbers = np.empty(len(encoded.dictionary), np.int32)
        for place, value in enumerate(encoded.dictionary.to_pylist()):
            term = prefix + value
            number = number_of.get(term)
            if number is None:
                number = number_of[term] = len(terms)
                terms.append(term)
            numbers[place] = number
        return numbers[encoded.indices.to_numpy(zero_copy_only=False)]

    @property
    def hashes(self) -> np.ndarray:
        """Stable 64-bit hash of each term (uint64), in number order."""
        if len(self._hashes) < len(self.terms):
            fresh = hash_text(pa.array(self.terms[len(self._hashes) :], pa.string()))
            self._hashes = np.concatenate([self._hashes, fresh])
        return self._hashes

    @property
    def mentions(self) -> np.ndarray:
        """Whether each term is a mention (bool), in number order."""
        if len(self._mentions) < len(self.terms):
            fresh = [term.startswith("@") for term in self.terms[len(self._mentions) :]]
            self._mentions = np.concatenate([self._mentions, np.array(fresh, np.bool_)])
        return self._mentions

    @property
    def frequencies(self) -> np.ndarray:
        """Frequency of each term in everyday language (terms × languages, float32), in number order."""
        if len(self._frequencies) < len(self.terms):
            self._frequencies = np.concatenate([self._frequencies, word_frequencies(self.terms[len(self._frequencies) :])])
        return self._frequencies


def hash_text(values: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Stable 64-bit hash of each string (uint64); null counts as empty text."""
    from trend_assets.lib.topics.sparse import hash_strings

    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    whole = pa.concat_arrays([whole.cast(pa.large_string()).fill_null("")])
    if len(whole) == 0:
        return np.empty(0, np.uint64)
    _, offsets, data = whole.buffers()
    starts = np.frombuffer(offsets, np.int64)[whole.offset : whole.offset + len(whole) + 1]
    return hash_strings(starts, np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8))


def encode_terms(lists: tuple[pa.Array, pa.Array, pa.Array], vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """Distinct terms of each document in compressed rows (starts, term numbers).

    ``lists`` are lemmas, hashtags and mentions of the documents, each an Arrow list<string> array of the same length.
    """
    from trend_assets.lib.topics.sparse import distinct_terms

    documents = len(lists[0])
    offsets = np.zeros((len(lists), documents + 1), np.int64)
    numbers: list[np.ndarray] = []
    before = 0
    for place, (values, prefix) in enumerate(zip(lists, _PREFIXES, strict=True)):
        lengths = values.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        offsets[place, 1:] = np.cumsum(lengths)
        offsets[place] += before
        numbers.append(vocabulary.numbers(values.flatten(), prefix))
        before += len(numbers[-1])
    return distinct_terms(offsets, np.concatenate(numbers), max(len(vocabulary), 1), MAXIMUM_TERMS)


@dataclass(frozen=True)
class Vectors:
    """Unit vectors of documents in compressed rows, with what is needed to read them.

    starts (documents + 1), columns and weights (float32) are the rows; document_frequency, idf and term (its number in the
    vocabulary) are per column.
    """

    starts: np.ndarray
    columns: np.ndarray
    weights: np.ndarray
    document_frequency: np.ndarray
    idf: np.ndarray
    term: np.ndarray
    column_of: np.ndarray = field(repr=False)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.term)


def weigh_documents(starts: np.ndarray, terms: np.ndarray, rows: np.ndarray, vocabulary: Vocabulary, *, dropped: float) -> Vectors:
    """TF-IDF vectors of the documents ``rows`` of (``starts``, ``terms``).

    idf is (1 - n/N)·ln((N + B) / (n + B·b)), N the documents, n those with the term, b the share of everyday posts that would hold it
    (``background.py``) and B = 30,000 such posts. Counts of the window alone would make the names of its biggest topic common
    words; on the first four day blocks of Event2012 the background is worth .02 AMI, .03 under chatter at 3:1, and makes
    resolution and minimum similarity matter little. The first factor is what a window collected by a word needs: a term in
    every document weighs nothing.

    Terms in one document only link nothing and are left out, before lengths are taken. The lightest terms of a document that
    together hold ``dropped`` of its squared length are left out too: they are the frequent ones that cost most and tell least.
    """
    from trend_assets.lib.topics.sparse import document_frequency, weigh

    size = max(len(vocabulary), 1)
    frequency = document_frequency(starts, terms, rows, size)
    used = np.flatnonzero(frequency >= 2)
    if len(used):
        used = used[np.argsort(vocabulary.hashes[used], kind="stable")]
    column_of = np.full(size, -1, np.int32)
    column_of[used] = np.arange(len(used), dtype=np.int32)
    idf = _inverse_document_frequency(frequency, used, len(rows), vocabulary) if len(used) else np.empty(0, np.float64)
    new_starts, columns, weights = weigh(starts, terms, rows, column_of, idf, dropped)
    return Vectors(new_starts, columns, weights, frequency[used], idf, used, column_of)


def _inverse_document_frequency(frequency: np.ndarray, used: np.ndarray, documents: int, vocabulary: Vocabulary) -> np.ndarray:
    """idf of the terms ``used``, see :func:`weigh_documents`."""
    everyday = expected_share(vocabulary.frequencies[used], frequency[used], float(frequency.sum()) / documents)
    rarity = np.log((documents + BACKGROUND_POSTS) / (frequency[used] + BACKGROUND_POSTS * everyday))
    return np.maximum(rarity, 0.0) * (1.0 - frequency[used] / documents)
