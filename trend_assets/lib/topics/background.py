"""How common a word is in everyday language: what a window of a few hours can't know of itself.

What belongs here: the share of posts that would hold a word if nothing special went on. What doesn't: weights of terms
(``vectors.py``). Importing ``wordfreq`` takes a second: it is done when the first word is looked up.

A window that holds one big event sees its names everywhere and would call them common; a window without one sees everyday words
as often as names. Word frequencies of a language settle both (source: Speer, "wordfreq", v3, 2022: books, subtitles, news,
encyclopedias, web and social posts to 2021). Which language a word is of isn't asked: the window's own mixture of languages is estimated.
"""

from __future__ import annotations

from functools import cache

import numpy as np

LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pl", "pt")
_ROUNDS = 8  # of expectation maximisation: the mixture of a few languages has settled by then


@cache
def _lists() -> tuple[dict[str, int], np.ndarray]:
    """Row of each known word, and its frequency in each of ``LANGUAGES`` (words × languages, share of running words)."""
    import wordfreq

    lists = [wordfreq.get_frequency_dict(language, "small") for language in LANGUAGES]
    row_of = {word: row for row, word in enumerate(sorted(set().union(*lists)))}
    frequency = np.zeros((len(row_of) + 1, len(LANGUAGES)), np.float32)  # the last row is that of unknown words
    for column, words in enumerate(lists):
        frequency[[row_of[word] for word in words], column] = list(words.values())
    return row_of, frequency


def word_frequencies(terms: list[str]) -> np.ndarray:
    """Frequency of each term in each language (terms × languages, float32); 0 for hashtags, mentions and words not listed."""
    row_of, frequency = _lists()
    return frequency[[row_of.get(term, -1) for term in terms]]


def expected_share(frequencies: np.ndarray, posts: np.ndarray, words_per_post: float) -> np.ndarray:
    """Share of posts that would hold each term (terms,) in a mixture of languages like that of these posts.

    ``frequencies`` (terms × languages) are those of :func:`word_frequencies`, ``posts`` how many of the posts hold each term.
    The mixture is that of highest likelihood (expectation maximisation, Dempster et al. 1977) given which words are used;
    a post of ``words_per_post`` independent words holds a word of frequency p with chance 1 - e^(-p · words). O(terms × languages).
    """
    mixture = np.full(frequencies.shape[1], 1.0 / frequencies.shape[1])
    known = frequencies.sum(axis=1) > 0
    listed, weights = frequencies[known].astype(np.float64), posts[known].astype(np.float64)
    if len(listed):
        for _ in range(_ROUNDS):
            parts = listed * mixture
            # Plain sums, not BLAS: their order doesn't depend on the number of threads.
            mixture = (weights[:, None] * parts / np.maximum(parts.sum(axis=1, keepdims=True), 1e-300)).sum(axis=0)
            mixture /= mixture.sum()
    return -np.expm1(-words_per_post * (frequencies * mixture).sum(axis=1))
