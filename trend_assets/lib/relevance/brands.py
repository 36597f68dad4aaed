"""Where posts name a brand, and the words beside it.

What belongs here: matching of brand words in tokens, hashtags and texts. What doesn't: what a post speaks of besides (``signs``), the lane
(``lanes``).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_LONGEST_PHRASE = 4  # words
_NAME = r"[\p{L}][\p{L}\p{M}'’\-]+"


def brand_keys(brands: Collection[str]) -> set[str]:
    """Brand terms in lower case, spaces collapsed; empty ones left out."""
    return {" ".join(term.lower().split()) for term in brands if term.strip()}


class Mentions(NamedTuple):
    """Of each post (n,): whether it names a brand, and whether it does so in several words ("Maison Lune", not "#maisonlune")."""

    named: npt.NDArray[np.bool_]
    in_words: npt.NDArray[np.bool_]


def mentions_of(posts: pa.Table, terms: Collection[str]) -> Mentions:
    """Where the terms (words or phrases, up to four words) are named. ``posts``: list columns ``tokens``, ``hashtags``.

    A term is found among consecutive tokens, as written or with the spaces left out on either side ("Maison Lune", "maisonlune"), also
    with a possessive inside ("Lune's Maison" for lunesmaison), and as a hashtag. Complexity: O(tokens).
    """
    count = posts.num_rows
    hashtags, words_of_length = np.zeros(count, dtype=np.bool_), [np.zeros(count, dtype=np.bool_) for _ in range(_LONGEST_PHRASE)]
    keys = brand_keys(terms)
    if not keys or not count:
        return Mentions(hashtags, hashtags.copy())
    joined = pa.array(sorted({key.replace(" ", "") for key in keys}), pa.string())
    tags = posts["hashtags"].combine_chunks()
    hashtags[_parents(tags)[np.asarray(pc.is_in(pc.cast(tags.flatten(), pa.string()), value_set=joined))]] = True

    tokens = posts["tokens"].combine_chunks()
    words, parent = pc.cast(tokens.flatten(), pa.string()), _parents(tokens)
    beginnings = pa.array(sorted({key[:size] for key in joined.to_pylist() for size in range(1, len(key))}), pa.string())
    place, phrase = np.arange(len(words)), words
    for length, found in enumerate(words_of_length, start=1):
        found[parent[place[np.asarray(pc.is_in(phrase, value_set=joined))]]] = True
        # Only a phrase that a term begins with, and that its post continues, can become a term.
        goes_on = np.asarray(pc.is_in(phrase, value_set=beginnings)) & (place + length < len(words))
        place, phrase = place[goes_on], phrase.filter(pa.array(goes_on))
        inside = parent[place + length] == parent[place]
        place, phrase = place[inside], phrase.filter(pa.array(inside))
        following = words.take(pa.array(place + length))
        # Tokens have lost their possessive 's, so it may be missing between two words.
        phrase = pa.concat_arrays([pc.binary_join_element_wise(phrase, following, mark) for mark in ("", "s")])
        place = np.concatenate([place, place])
    in_words = np.logical_or.reduce(words_of_length[1:])
    return Mentions(hashtags | words_of_length[0] | in_words, in_words)


def brand_pattern(brands: Collection[str]) -> str:
    """Regular expression (RE2) of the brands as written in a text: any case, spaces, apostrophes and hyphens between letters or not."""
    forms = sorted({key.replace(" ", "") for key in brand_keys(brands)}, key=lambda form: (-len(form), form))
    return "(?i:" + "|".join(r"['’ \-]?".join(re.escape(letter) for letter in form) for form in forms) + ")"


def neighbours(texts: pa.Array, brands: Collection[str]) -> tuple[pa.StructArray, pa.StructArray]:
    """What stands before and after the first mention of a brand in each text (n,): ``word`` and ``brand`` as written, else null."""
    pattern = brand_pattern(brands)
    before = pc.extract_regex(texts, rf"(?P<word>{_NAME}) +#?(?P<brand>{pattern})(?:['’]s)?(?:[^\p{{L}}\p{{N}}]|$)")
    after = pc.extract_regex(texts, rf"(?:^|[^\p{{L}}\p{{N}}@])(?P<brand>{pattern})(?:['’]s)? +#?(?P<word>{_NAME})")
    return before, after


def _parents(lists: pa.Array) -> npt.NDArray[np.int64]:
    return np.asarray(pc.list_parent_indices(lists), dtype=np.int64)
