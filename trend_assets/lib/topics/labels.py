"""Keywords and labels of a topic that a person understands without opening a post.

What belongs here: choosing words by statistics and finding the phrase people write them in. What doesn't: the topic's centre
(``sparse.centres``), linguistics (no stop-word list, no language model: what is common everywhere isn't telling anywhere).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

KEYWORDS = 8
LABEL_LENGTH = 60
_PHRASE_WORDS = 4
_PARTS = 3
_LEAST_DISTINCT = 0.2
_WORD = re.compile(r"https?://\S+|www\.\S+|[@#$]?\w+(?:['’\-]\w+)*")
_LONGEST_TEXT = 1_000  # characters of an exemplar that a label is looked for in


def _plain(term: str) -> str:
    return term.lstrip("#$")


@lru_cache(maxsize=65_536)
def _readable(word: str) -> bool:
    """Whether a term can stand in a label: a word of two letters or more, no mention, no address."""
    if len(word) < 2 or word == "user" or word.startswith(("@", "www.")) or "/" in word:
        return False
    return any(letter.isalpha() for letter in word)


@lru_cache(maxsize=65_536)
def _keyword(term: str) -> str:
    """The word a term puts in keywords; empty if it can't stand there."""
    word = _plain(term)
    return word if _readable(word) else ""


@lru_cache(maxsize=16_384)
def _written(text: str) -> tuple[tuple[str, int, int, str], ...]:
    """Words of a text: in lower case, begin, end, as written. Topics show the same posts for hours."""
    matches = _WORD.finditer(text[:_LONGEST_TEXT])
    return tuple((_plain(match.group().lower()), match.start(), match.end(), match.group().lstrip("#$")) for match in matches)


def keywords(terms: Sequence[str], weights: Sequence[float], distinctiveness: Sequence[float]) -> dict[str, float]:
    """The strongest words of a topic and their strength (weight × distinctiveness), strongest first, at most ``KEYWORDS``.

    ``weights`` are the terms' weights in the topic's centre; ``distinctiveness`` the share of the window's documents with the
    term that are in the topic. Words used everywhere are left out unless nothing else is left.
    """
    strength: dict[str, float] = {}
    spare: dict[str, float] = {}
    for term, weight, distinct in zip(terms, weights, distinctiveness, strict=True):
        word = _keyword(term)
        if word:
            chosen = strength if distinct >= _LEAST_DISTINCT else spare
            worth = float(weight) * float(distinct)
            if worth > chosen.get(word, -1.0):
                chosen[word] = worth
    ranked = sorted((strength or spare).items(), key=lambda item: (-item[1], item[0]))
    return dict(ranked[:KEYWORDS])


def _phrases(
    texts: Sequence[str], lemma_of: Mapping[str, str], strength: dict[str, float]
) -> tuple[Counter[tuple[str, ...]], dict[tuple[str, ...], Counter[str]]]:
    """In how many texts each phrase that begins and ends with a keyword occurs, and the forms it is written in."""
    found: Counter[tuple[str, ...]] = Counter()
    surfaces: dict[tuple[str, ...], Counter[str]] = {}
    for text in texts:
        written = _written(text)
        words = [lemma_of.get(word, word) for word, _, _, _ in written]
        here: set[tuple[str, ...]] = set()
        for first in range(len(words)):
            if words[first] not in strength:
                continue
            for last in range(first, min(first + _PHRASE_WORDS, len(words))):
                phrase = tuple(words[first : last + 1])
                if phrase[-1] not in strength or len(set(phrase)) < len(phrase) or not all(_readable(word) for word in phrase):
                    continue
                between = text[written[first][1] : written[last][2]]
                if len(phrase) > 1 and any(mark in between for mark in '.!?;:,\n|"()'):
                    continue
                here.add(phrase)
                surfaces.setdefault(phrase, Counter())[" ".join(word[3] for word in written[first : last + 1])] += 1
        found.update(here)
    return found, surfaces


def label(texts: Sequence[str], lemma_of: Mapping[str, str], strength: dict[str, float]) -> str:
    """A short name from the phrases that people write the keywords in, in their most frequent spelling.

    ``texts`` are the topic's posts closest to its centre, ``lemma_of`` gives the lemma of a word of theirs, ``strength`` are its
    keywords (lemmas). A phrase is worth the strength of its
    keywords times the share of texts it is in; up to three that share no word are joined by a middle dot. Empty
    without keywords.
    """
    found, surfaces = _phrases(texts, lemma_of, strength)
    if not found:
        return " · ".join(list(strength)[:_PARTS])
    worth = {
        phrase: (sum(strength.get(word, 0.0) for word in phrase) * count / len(texts), len(phrase), phrase)
        for phrase, count in found.items()
        if count >= 2 or len(phrase) == 1
    }
    if not worth:
        return " · ".join(list(strength)[:_PARTS])
    ranked = sorted(worth.values(), key=lambda value: (-value[0], -value[1], value[2]))
    parts: list[str] = []
    used: set[str] = set()
    for value, _, phrase in ranked:
        if used & set(phrase) or value < 0.25 * ranked[0][0]:
            continue
        spelling = min(surfaces[phrase].items(), key=lambda item: (-item[1], item[0]))[0]
        if parts and len(" · ".join([*parts, spelling])) > LABEL_LENGTH:
            continue
        parts.append(spelling)
        used |= set(phrase)
        if len(parts) == _PARTS:
            break
    return " · ".join(parts)[: 2 * LABEL_LENGTH]


def still_fits(past_keywords: Sequence[str], strength: dict[str, float]) -> bool:
    """Whether a label found for ``past_keywords`` may stay: their strongest word or half of all are still keywords.

    Names shouldn't flicker with the order of nearly equal words.
    """
    if not strength or not past_keywords:
        return not strength and not past_keywords
    return past_keywords[0] in strength or 2 * len(set(past_keywords) & set(strength)) >= len(past_keywords)
