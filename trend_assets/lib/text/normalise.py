"""Normal form of a text: HTML entities unescaped, NFC, control characters out, spaces collapsed, handles masked.

What belongs here: what makes texts of all sources alike without touching their words. What doesn't: splitting into words
(``words``), comparing texts (``near_duplicates``).
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.text.arrays import apply_where, map_where

MASK = "@user"

# With the closing semicolon only: "?a=1&copy=2" is a URL, not a copyright sign. Seven digits hold every code point.
_HTML_ENTITY = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"
_HTML_ENTITY_PATTERN = re.compile(_HTML_ENTITY)
# Controls, soft hyphen, zero-width space, direction marks and overrides, interlinear marks, byte order mark, noncharacters.
# Joiners stay: emoji sequences, Persian and Indic words need them.
CONTROLS = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\x{ad}\x{61c}\x{180e}\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}"
    r"\x{feff}\x{fff9}-\x{fffb}\x{fffe}\x{ffff}]+"
)
_ODD_SPACES = r"\t\n\v\f\r\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
# Matches only what isn't a single plain space already: most texts have nothing to replace.
_SPACES = rf" *[{_ODD_SPACES}][{_ODD_SPACES} ]*|  +"

_HANDLE = r"[@＠]+[A-Za-z0-9_]+"
# E-mail addresses and accounts on another server identify a person as handles do; dotted handles are Bluesky's.
HANDLE_OR_ADDRESS = (
    r"[A-Za-z0-9][A-Za-z0-9._%+\-]*@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+"
    rf"|{_HANDLE}(?:(?:[.\-][a-z0-9\-]+)*\.[a-z][A-Za-z0-9_]+|@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+)?"
)


def unescape_and_compose(texts: pa.Array) -> pa.Array:
    """HTML entities unescaped once, then Unicode NFC."""
    texts = map_where(texts, pc.match_substring_regex(texts, _HTML_ENTITY), _unescape)
    return compose(texts)


def compose(texts: pa.Array, form: Literal["NFC", "NFKC"] = "NFC") -> pa.Array:
    """Unicode normal form. Arrow's own ``utf8_normalize`` does not compose (25.0), hence Python's on the texts that aren't ASCII."""
    return map_where(texts, pc.invert(pc.string_is_ascii(texts)), lambda text: unicodedata.normalize(form, text))


def _unescape(text: str) -> str:
    return _HTML_ENTITY_PATTERN.sub(lambda match: html.unescape(match.group()), text)


def _without_controls(texts: pa.Array) -> pa.Array:
    # A control character may have stood between a letter and its accent, so they are composed again.
    return compose(pc.replace_substring_regex(texts, CONTROLS, ""))


def tidy(texts: pa.Array) -> pa.Array:
    """Control characters out, any run of white space one space, none at the ends. Expects ``unescape_and_compose``'s result."""
    texts = apply_where(texts, pc.match_substring_regex(texts, CONTROLS), _without_controls)
    return pc.utf8_trim(pc.replace_substring_regex(texts, _SPACES, " "), " ")


def mask_handles(texts: pa.Array, public_handles: frozenset[str] = frozenset()) -> pa.Array:
    """Account handles and e-mail addresses as ``@user``, except ``public_handles`` (lower case, without @).

    Expects ``tidy``'s result: U+0001, which it removes, marks the handles to keep. A public handle directly followed by a
    dot and letters is another account (``@brand.example.com``) and is masked.
    """
    if public_handles:
        names = "|".join(re.escape(handle) for handle in sorted(public_handles, key=lambda handle: (-len(handle), handle)))
        behind = r"[^A-Za-z0-9_@.\-]|[.\-]+[^A-Za-z0-9_@.\-]|[.\-]*$"
        texts = pc.replace_substring_regex(texts, rf"(?i)[@＠]({names})({behind})", "\x01\\1\\2")
    masked = pc.replace_substring_regex(texts, HANDLE_OR_ADDRESS, MASK)
    return pc.replace_substring(masked, "\x01", "@") if public_handles else masked
