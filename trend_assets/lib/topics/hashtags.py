"""Taking hashtags apart into words a person reads.

What belongs here: where a hashtag's words begin. What doesn't: finding hashtags in a text (``lib/text/entities``).

Capitals and digits tell where they are mixed; otherwise the words that the topic's own texts use, helped by the dictionary of its language.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

_LONGEST = 60
_SHORTEST = 6  # letters of a hashtag that may be several words
_LONGEST_WORD = 16
_SHORTEST_KNOWN = 4  # letters of a dictionary word; shorter ones must be used by the texts themselves
_CROSS = re.compile(r"(?<=[A-Z]{2})x(?=[A-Z]{2})")
_PIECES = re.compile(r"[^\W\d_]+|\d+")


def hashtag_words(tag: str, known: Collection[str], language: str = "und") -> str:
    """A hashtag (without #) with spaces between its words; as it is where its words can't be told.

    ``known``: words of the topic's texts in lower case. Complexity: O(length × longest word). Hashtags over 60 letters stay.

    >>> hashtag_words("RoarLikeALion", ())
    'Roar Like A Lion'
    >>> hashtag_words("backinstock", {"back", "in", "stock"})
    'back in stock'
    """
    if len(tag) > _LONGEST:
        return tag
    pieces = [piece for part in _CROSS.sub(" x ", tag).split() for piece in _camel(part)]
    return " ".join(pieces) if len(pieces) > 1 else " ".join(_split(tag, frozenset(known), language))


def _camel(text: str) -> list[str]:
    """Parts of a text at underscores, digits and where a capital begins a word."""
    parts: list[str] = []
    for piece in _PIECES.findall(text):
        start = 0
        for place in range(1, len(piece)):
            before, here = piece[place - 1], piece[place]
            after = piece[place + 1] if place + 1 < len(piece) else ""
            if here.isupper() and (before.islower() or (before.isupper() and after.islower())):
                parts.append(piece[start:place])
                start = place
        parts.append(piece[start:])
    return parts


@lru_cache(maxsize=8_192)
def _split(piece: str, known: frozenset[str], language: str) -> tuple[str, ...]:
    """A run of letters of one case as known words, the fewest; as it is where they don't cover it."""
    lower = piece.lower()
    if len(lower) < _SHORTEST or len(lower) != len(piece) or lower in known or in_dictionary(lower, language):
        return (piece,)
    # best[n]: fewest squared-inverse-length cost of covering the first n letters, and where its last word begins
    best: list[tuple[float, int]] = [(0.0, 0)] + [(float("inf"), 0)] * len(lower)
    for end in range(1, len(lower) + 1):
        for begin in range(max(0, end - _LONGEST_WORD), end):
            cost = best[begin][0] + 1.0 + 1.0 / (end - begin)
            if cost < best[end][0] and _is_word(lower[begin:end], known, language):
                best[end] = (cost, begin)
    if best[-1][0] == float("inf"):
        return (piece,)
    words: list[str] = []
    end = len(lower)
    while end:
        begin = best[end][1]
        words.append(piece[begin:end])
        end = begin
    # A dictionary takes many a name apart: it is believed where the texts use one of the words by itself.
    return tuple(reversed(words)) if any(len(word) >= _SHORTEST_KNOWN and word.lower() in known for word in words) else (piece,)


def _is_word(word: str, known: frozenset[str], language: str) -> bool:
    if word in known:
        return len(word) > 1 or word in ("a", "i", "x", "y", "à")
    return len(word) >= _SHORTEST_KNOWN and in_dictionary(word, language)


@lru_cache(maxsize=65_536)
def in_dictionary(word: str, language: str = "und") -> bool:
    """Whether the language, French or English, has the lower-case word; in other languages whether either has."""
    import simplemma

    return simplemma.is_known(word, lang=language if language in ("en", "fr") else ("en", "fr"))
