"""Emoji in a text: single characters, skin tones, flags, keycaps and joined sequences, each as one.

What belongs here: finding emoji. What doesn't: what they mean.

The list of sequences is the ``emoji`` package's (Unicode's emoji-test); the longest sequence wins. Following twitter-text,
© ® ™ ♟ are emoji only with the variation selector that asks for it, and no character is one that asks for text style.
"""

from __future__ import annotations

import re
from functools import cache

from trend_assets.lib.text.urls import Entity

_EMOJI_STYLE = "\ufe0f"
_TEXT_STYLE = "\ufe0e"
_ONLY_WITH_STYLE = frozenset("©®™♟")
# Emoji beyond the first plane lie between these; what isn't one there has no sequence.
_ASTRAL = (0x1F000, 0x1FBFF)


@cache
def _sequences() -> tuple[frozenset[str], dict[str, tuple[int, ...]], re.Pattern[str]]:
    """All sequences, their lengths (longest first) by first character, and a pattern of where one may start."""
    from emoji import EMOJI_DATA

    sequences = frozenset(EMOJI_DATA)
    lengths: dict[str, set[int]] = {}
    for sequence in sequences:
        lengths.setdefault(sequence[0], set()).add(len(sequence))
    # Beyond the first plane one wide range: the regular expression engine would try listed characters one by one.
    starts = "".join(first for first in sorted(lengths) if not first.isascii() and ord(first) < _ASTRAL[0])
    pattern = re.compile(f"[{starts}{chr(_ASTRAL[0])}-{chr(_ASTRAL[1])}]|[0-9#*](?=\\ufe0f?\\u20e3)")
    return sequences, {first: tuple(sorted(of_first, reverse=True)) for first, of_first in lengths.items()}, pattern


@cache
def where_emoji_may_start() -> str:
    """An RE2 pattern that every text with emoji matches, and few others."""
    _, lengths, _ = _sequences()
    starts = "".join(f"\\x{{{ord(first):x}}}" for first in sorted(lengths) if not first.isascii() and ord(first) < _ASTRAL[0])
    return rf"[{starts}\x{{{_ASTRAL[0]:x}}}-\x{{{_ASTRAL[1]:x}}}]|[0-9#*]\x{{fe0f}}?\x{{20e3}}"


def extract_emoji(text: str) -> list[Entity]:
    """Emoji in order of appearance. Linear in the length of ``text``."""
    sequences, lengths, pattern = _sequences()
    found: list[Entity] = []
    match = pattern.search(text)
    while match:
        start = end = match.start()
        for length in lengths.get(text[start], ()):
            # Near the end of the text a slice is shorter than asked for, and may be a shorter sequence.
            if start + length <= len(text) and text[start : start + length] in sequences:
                end = start + length
                break
        lone = end - start == 1
        if end == start or text[end : end + 1] == _TEXT_STYLE or (lone and text[start] in _ONLY_WITH_STYLE):
            match = pattern.search(text, start + 1)
            continue
        # A selector the list doesn't know behind this sequence still belongs to it.
        if text[end : end + 1] == _EMOJI_STYLE:
            end += 1
        found.append(Entity(start, end, text[start:end]))
        match = pattern.search(text, end)
    return found
