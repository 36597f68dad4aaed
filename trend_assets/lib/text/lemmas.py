"""Dictionary forms of words: once per word type and language, mapped back to every token by position.

What belongs here: lemmas and the table of word types. What doesn't: what a word is (``words``).

French and English by simplemma's dictionaries and rules; words of other languages are their own lemma. Each word type costs
2-3 µs, so the cost per post falls as the vocabulary saturates.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.text.arrays import lengths_of, list_array

LEMMATISED_LANGUAGES = ("en", "fr")
# What elision leaves of French words (their apostrophe is no part of the token).
_ELIDED = {
    "l": "le", "d": "de", "j": "je", "m": "me", "t": "te", "s": "se", "n": "ne", "c": "ce",
    "qu": "que", "jusqu": "jusque", "lorsqu": "lorsque", "puisqu": "puisque", "quoiqu": "quoique", "presqu": "presque",
}  # fmt: skip
_LONGEST_WORD = 40


@lru_cache(maxsize=400_000)
def lemma(word: str, language: str) -> str:
    """Dictionary form of one lower-case word; the word itself where the language has no dictionary here."""
    if language not in LEMMATISED_LANGUAGES or len(word) > _LONGEST_WORD or word.isnumeric():
        return word
    if language == "fr" and word in _ELIDED:
        return _ELIDED[word]
    import simplemma

    return simplemma.lemmatize(word, lang=language).lower() or word


def lemmatise(tokens: pa.ListArray, languages: pa.Array) -> pa.ListArray:
    """Lemma of every token; ``languages``: one code a list, as long as ``tokens``."""
    values = tokens.flatten()
    if not len(values):
        return tokens
    encoded = pc.dictionary_encode(values)
    words = encoded.dictionary
    indices = encoded.indices.to_numpy()
    lengths = lengths_of(tokens)
    lemma_of = indices.copy()
    lemma_lists = [words]
    total = len(words)
    for language in LEMMATISED_LANGUAGES:
        in_language = np.repeat(pc.equal(languages, language).to_numpy(zero_copy_only=False), lengths)
        present = np.zeros(len(words), bool)
        present[indices[in_language]] = True
        types = words.filter(pa.array(present))
        lemma_lists.append(pa.array([lemma(word, language) for word in types.to_pylist()], pa.string()))
        position = np.cumsum(present) - 1 + total
        lemma_of[in_language] = position[indices[in_language]]
        total += len(types)
    return list_array(lengths, pa.concat_arrays(lemma_lists).take(pa.array(lemma_of)))


def word_types(posts: pa.Table) -> pa.Table:
    """The vocabulary of cleaned posts: ``word``, ``language``, ``lemma`` and ``count`` (tokens), most frequent first.

    ``posts``: columns ``tokens``, ``lemmas``, ``language`` of social/clean_posts.
    """
    parts = []
    for batch in posts.select(["tokens", "lemmas", "language"]).combine_chunks().to_batches():
        language = batch["language"].take(pc.list_parent_indices(batch["tokens"]))
        parts.append(
            pa.table({"word": batch["tokens"].flatten(), "language": language, "lemma": batch["lemmas"].flatten()})
            .group_by(["word", "language", "lemma"])
            .aggregate([([], "count_all")])
        )
    empty = pa.table({name: pa.array([], pa.string()) for name in ("word", "language", "lemma")} | {"count_all": pa.array([], pa.int64())})
    counted = pa.concat_tables([empty, *parts]).group_by(["word", "language", "lemma"]).aggregate([("count_all", "sum")])
    table = pa.table(
        {"word": counted["word"], "language": counted["language"], "lemma": counted["lemma"], "count": counted["count_all_sum"]}
    )
    return table.sort_by([("count", "descending"), ("word", "ascending"), ("language", "ascending"), ("lemma", "ascending")])
