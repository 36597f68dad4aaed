"""Key that near-copies of a text share.

What belongs here: the key. What doesn't: grouping by it, or near-copies that change words (``lib/topics``).

The key hashes the letters of a text: case, spacing, punctuation, digits, URLs, mentions, hashtags' #, emoji and a repost
prefix don't count. A text without letters has a key of its own written form and media, so only identical ones share it.
Keys are the first 8 bytes of BLAKE2b, the same in every process and on every machine.
"""

from __future__ import annotations

import hashlib
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.text.arrays import map_where

_LETTERS = b"letters\x00"
_WRITTEN = b"written\x00"
_SEPARATOR = "\x1f"


def keys_of_letters(letters: pa.Array) -> np.ndarray:
    """Keys (int64) of texts in ``words.letters`` form. Those of empty texts mean nothing: see ``keys_as_written``."""
    folded = map_where(letters, pc.invert(pc.string_is_ascii(letters)), _fold)
    folded = pc.replace_substring(folded, " ", "")
    return np.array([_key(_LETTERS, text) for text in folded.to_pylist()], np.int64)


def keys_as_written(texts: list[str], media: list[list[str]], reposted_posts: list[str | None]) -> np.ndarray:
    """Keys (int64) of texts without letters: from the text without repost prefix, the media and, of an empty repost, its original."""
    keys = []
    for text, attached, reposted in zip(texts, media, reposted_posts, strict=True):
        written = " ".join(text.split())
        parts = [written, *attached] if written or attached else [reposted or ""]
        keys.append(_key(_WRITTEN, _SEPARATOR.join(parts)))
    return np.array(keys, np.int64)


def _fold(text: str) -> str:
    # Full case folding (ß, final sigma), then composed again: folding may decompose.
    return unicodedata.normalize("NFKC", text.casefold())


def _key(kind: bytes, text: str) -> int:
    return int.from_bytes(hashlib.blake2b(kind + text.encode(), digest_size=8).digest(), "little", signed=True)
