"""Weighted length of a text by the twitter-text rules, for one text and for arrays.

What belongs here: the network's way of counting. What doesn't: limits on what may be posted.

Most Latin, Cyrillic, Greek, Arabic ... characters count one, others two, a URL 23, and by configuration 3 an emoji of any
length two. Configurations: twitter-text (Copyright Twitter, Inc. and other contributors, Apache License 2.0).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.text.emoji_sequences import extract_emoji
from trend_assets.lib.text.urls import extract_urls

URL_LENGTH = 23
EMOJI_LENGTH = 2
_WIDE = re.compile(r"[^\x00-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
_WIDE_RE2 = r"[^\x{0}-\x{10ff}\x{2000}-\x{200d}\x{2010}-\x{201f}\x{2032}-\x{2037}]"


def weighted_length(text: str, configuration: Literal[1, 2, 3] = 3) -> int:
    """Weighted length of one text under configuration 1 (every character one), 2 (wide ones two) or 3 (emoji two, too)."""
    text = unicodedata.normalize("NFC", text)
    urls = extract_urls(text)
    total = 0
    position = 0
    for start, end in [*((url.start, url.end) for url in urls), (len(text), len(text))]:
        total += _without_urls(text[position:start], configuration)
        position = end
    return total + URL_LENGTH * len(urls)


def _without_urls(text: str, configuration: int) -> int:
    if configuration == 1:
        return len(text)
    total = len(text) + len(_WIDE.findall(text))
    if configuration == 3 and not text.isascii():
        for emoji in extract_emoji(text):
            total += EMOJI_LENGTH - len(emoji.value) - len(_WIDE.findall(emoji.value))
    return total


def weights(texts: pa.Array) -> np.ndarray:
    """Weight of each text with neither URLs nor emoji considered (int64)."""
    return _to_numpy(pc.utf8_length(texts)) + _to_numpy(pc.count_substring_regex(texts, _WIDE_RE2))


def weighted_lengths(texts: pa.Array, urls: pa.ListArray, emoji: pa.ListArray) -> np.ndarray:
    """Weighted lengths (int32, configuration 3) of NFC texts whose URLs and emoji are known.

    Equals ``weighted_length`` of each text, where no emoji stands inside a URL.
    """
    total = weights(texts)
    for entities, length in ((urls, URL_LENGTH), (emoji, EMOJI_LENGTH)):
        values = entities.flatten()
        if len(values):
            parents = _to_numpy(pc.list_parent_indices(entities))
            total += np.bincount(parents, weights=length - weights(values), minlength=len(total)).astype(np.int64)
    return total.astype(np.int32)


def _to_numpy(counts: pa.Array) -> np.ndarray:
    return counts.to_numpy(zero_copy_only=False).astype(np.int64)
