"""Hashtags, mentions, lists, replies and cashtags in a text by the twitter-text rules.

What belongs here: finding entities and their places, one text at a time, each in linear time. What doesn't: URLs
(``urls``), emoji (``emoji_sequences``), which texts are looked at (``clean``).

Our own patterns after the documented rules of twitter-text (Copyright Twitter, Inc. and other contributors, Apache
License 2.0); conformance is tested against its suite. Letters, marks and digits are those of Python's Unicode tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from trend_assets.lib.text.characters import (
    AT_SIGNS,
    DIRECTIONAL_MARKERS,
    HASH_SIGNS,
    HASHTAG_SPECIALS,
    LATIN_ACCENTS,
    MARKS,
    PUNCTUATION,
    SPACES,
)
from trend_assets.lib.text.urls import Entity, extract_urls


class ListMention(NamedTuple):
    """A mention of an account, or of a list of an account where ``list_slug`` (with its slash) is not empty."""

    start: int
    end: int
    value: str
    list_slug: str


_HASHTAG_CHARACTER = rf"\w{MARKS}{HASHTAG_SPECIALS}"
_HASHTAG = re.compile(rf"[{HASH_SIGNS}](?![\ufe0f\u20e3])([{_HASHTAG_CHARACTER}]++)")
# A variation selector ends an emoji; every other mark belongs to a word.
_NOT_BEFORE_HASHTAG = re.compile(rf"(?![\ufe0e\ufe0f])[{_HASHTAG_CHARACTER}&]")
_LETTER_OR_MARK = re.compile(rf"[^\W\d_]|[{MARKS}]")
_PROTOCOL_OR_HASH = re.compile(rf"[{HASH_SIGNS}]|://")
_MENTION = re.compile(
    rf"(?:(?<![a-zA-Z0-9_!#$%&*{AT_SIGNS}])|(?:(?<![a-zA-Z0-9_+~.\-])(?:[rR][tT]:?)))"
    rf"[{AT_SIGNS}]([a-zA-Z0-9_]{{1,20}})(/[a-zA-Z][a-zA-Z0-9_\-]{{0,24}})?"
)
_NOT_BEHIND_MENTION = re.compile(rf"[{AT_SIGNS}{LATIN_ACCENTS}]|://")
_REPLY = re.compile(rf"[{SPACES}{DIRECTIONAL_MARKERS}]*+[{AT_SIGNS}]([a-zA-Z0-9_]{{1,20}})")
_CASHTAG = re.compile(rf"(?<![^{SPACES}{DIRECTIONAL_MARKERS}])\$([a-z]{{1,6}}(?:[._][a-z]{{1,2}})?)(?=$|\s|[{PUNCTUATION}])", re.IGNORECASE)


def extract_mentions_or_lists(text: str) -> list[ListMention]:
    """Mentions of accounts and lists; ``value`` is the handle without @."""
    found = []
    for match in _MENTION.finditer(text):
        if not _NOT_BEHIND_MENTION.match(text, match.end()):
            found.append(ListMention(match.start(1) - 1, match.end(), match.group(1), match.group(2) or ""))
    return found


def extract_mentions(text: str) -> list[Entity]:
    """Mentions of accounts, lists left out of the span; ``value`` is the handle without @."""
    return [
        Entity(found.start, found.start + 1 + len(found.value), found.value)
        for found in extract_mentions_or_lists(text)
        if not found.list_slug
    ]


def extract_reply(text: str) -> str | None:
    """Handle of the account a text replies to by starting with its mention; None where it doesn't."""
    match = _REPLY.match(text)
    return match.group(1) if match and not _NOT_BEHIND_MENTION.match(text, match.end()) else None


def extract_hashtags(text: str, urls: Iterable[Entity] | None = None) -> list[Entity]:
    """Hashtags without #, as written. ``urls``: those of the text where already known; a hashtag inside one is none."""
    found = []
    for match in _HASHTAG.finditer(text):
        start = match.start()
        if start and _NOT_BEFORE_HASHTAG.match(text, start - 1):
            continue
        tag = match.group(1)
        if not tag.isascii():
            tag = _up_to_other_number(tag)
        if _LETTER_OR_MARK.search(tag) and not _PROTOCOL_OR_HASH.match(text, start + 1 + len(tag)):
            found.append(Entity(start, start + 1 + len(tag), tag))
    if found:
        spans = [(url.start, url.end) for url in (extract_urls(text) if urls is None else urls)]
        if spans:
            found = _outside(found, spans)
    return found


def _outside(entities: list[Entity], spans: list[tuple[int, int]]) -> list[Entity]:
    """Entities that overlap none of the spans; both in order of appearance."""
    kept = []
    position = 0
    for entity in entities:
        while position < len(spans) and spans[position][1] <= entity.start:
            position += 1
        if position == len(spans) or spans[position][0] >= entity.end:
            kept.append(entity)
    return kept


def _up_to_other_number(tag: str) -> str:
    r"""Cut before the first character that is a number but no decimal digit (², Ⅷ): ``\w`` includes them, hashtags don't."""
    for position, character in enumerate(tag):
        if character.isnumeric() and not character.isdecimal() and not character.isalpha():
            return tag[:position]
    return tag


def extract_cashtags(text: str) -> list[Entity]:
    """Cashtags (stock symbols) without $, as written."""
    return [Entity(match.start(), match.end(), match.group(1)) for match in _CASHTAG.finditer(text)]
