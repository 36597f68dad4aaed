"""Character classes that several text rules share, as the inside of a regular expression's [brackets].

What belongs here: classes named by the twitter-text rules or by Unicode. What doesn't: the rules themselves.

The classes follow the documented rules of twitter-text (Copyright Twitter, Inc. and other contributors, Apache License 2.0).
"""

from __future__ import annotations

import unicodedata

SPACES = r"\x09-\x0d\x20\x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
INVALID = r"\ufffe\ufeff\uffff"
DIRECTIONAL_MARKERS = r"\u202a-\u202e\u061c\u200e\u200f\u2066-\u2069"
PUNCTUATION = r"!'#%&()*+,\\\-./:;<=>?@\[\]\^_{|}~$"
LATIN_ACCENTS = (
    r"\xc0-\xd6\xd8-\xf6\xf8-\xff\u0100-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b"
    r"\u02bb\u0300-\u036f\u1e00-\u1eff"
)
CYRILLIC = r"\u0400-\u04ff"
AT_SIGNS = "@＠"
HASH_SIGNS = "#＃"
# What a hashtag may hold beside letters, marks and digits: joiners, Hebrew and Japanese connecting marks, Tibetan tsheg, middle dot.
HASHTAG_SPECIALS = r"_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\xb7"

# Scripts written without spaces between words.
UNSPACED_SCRIPTS = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u309f\u30a0-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uaa60-\uaa7f\uf900-\ufaff\U00020000-\U000323af"
)


def _marks() -> str:
    """Unicode's combining marks as ranges. They live below U+20000 and in one block of variation selectors (U+E0100-E01EF)."""
    ranges: list[tuple[int, int]] = []
    for code in (*range(0x300, 0x20000), *range(0xE0100, 0xE01F0)):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1] = (ranges[-1][0], code)
            else:
                ranges.append((code, code))
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


MARKS = _marks()
