"""Compiled loops that cut texts into words, over the bytes of an Arrow string array.

What belongs here: the rules of ``words.tokenise`` and ``words.letters`` for texts whose characters ``character_classes`` knows, in one
pass. What doesn't: the rules in words and as regular expressions (``words.py``, which also cuts the other texts: scripts without
spaces, rare scripts). A test holds both to the same result. Importing this module loads numba: import it inside functions.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

LETTER, MARK, DIGIT, NUMBER, APOSTROPHE, UNKNOWN = 1, 2, 4, 8, 16, 32
"""Bits of a character's class; a digit is a number too. ``UNKNOWN``: a text with such a character isn't cut here."""
POINT, HYPHEN = 1, 2
"""Control characters that stand for a decimal point and a hyphen inside a word (texts hold none)."""
_WORD = LETTER | MARK | NUMBER | APOSTROPHE
# Latin, Greek, Cyrillic, Hebrew, Arabic, Indic scripts and what is around them; punctuation and symbols; emoji.
_KNOWN = ((0x0, 0x2E80), (0xFE00, 0xFE10), (0x1F000, 0x1FB00))
_TABLE = 0x20000


@cache
def character_classes(unspaced: str) -> np.ndarray:
    """Class of each code point below U+20000 (uint8) by Arrow's tables of Unicode; ``unspaced`` matches what has no class here."""
    classes = np.full(_TABLE, UNKNOWN, np.uint8)
    for first, end in _KNOWN:
        characters = pa.array([chr(code) for code in range(first, end)])
        found = np.zeros(end - first, np.uint8)
        for pattern, bit in ((r"\p{L}", LETTER), (r"\p{M}", MARK), (r"\p{Nd}", DIGIT), (r"\p{N}", NUMBER), (unspaced, UNKNOWN)):
            found |= pc.match_substring_regex(characters, pattern).to_numpy(zero_copy_only=False).astype(np.uint8) * np.uint8(bit)
        classes[first:end] = found
    classes[ord("'")] = classes[ord("’")] = APOSTROPHE
    classes[ord("ʼ")] = UNKNOWN  # a letter to some rules, an apostrophe to others
    return classes


@njit(cache=True)
def _decode(data: np.ndarray, begin: int, end: int, classes: np.ndarray, code: np.ndarray, kind: np.ndarray, place: np.ndarray) -> int:
    """Code points, classes and byte positions of a text, and a separator after them. Returns how many; -1 where one is unknown."""
    count = 0
    position = begin
    while position < end:
        byte = np.int32(data[position])
        place[count] = position
        if byte < 0x80:
            point = byte
            position += 1
        elif byte < 0xE0:
            point = ((byte & 0x1F) << 6) | (np.int32(data[position + 1]) & 0x3F)
            position += 2
        elif byte < 0xF0:
            point = ((byte & 0x0F) << 12) | ((np.int32(data[position + 1]) & 0x3F) << 6) | (np.int32(data[position + 2]) & 0x3F)
            position += 3
        else:
            point = ((byte & 0x07) << 18) | ((np.int32(data[position + 1]) & 0x3F) << 12)
            point |= ((np.int32(data[position + 2]) & 0x3F) << 6) | (np.int32(data[position + 3]) & 0x3F)
            position += 4
        if point >= len(classes) or classes[point] & UNKNOWN:
            return -1
        code[count] = point
        kind[count] = classes[point]
        count += 1
    place[count] = end
    for number in range(count, count + 4):  # the rules look up to three characters ahead
        code[number] = 0
        kind[number] = 0
    return count


@njit(cache=True)
def _join(code: np.ndarray, kind: np.ndarray, count: int) -> None:
    """Put stand-ins for decimal points between digits and for the hyphen behind a word's single first letter."""
    number = 0
    while number + 2 < count:
        if kind[number] & DIGIT and kind[number + 2] & DIGIT and (code[number + 1] == 46 or code[number + 1] == 44):
            code[number + 1] = POINT
            kind[number + 1] = 0
            number += 3  # a digit closes one number: it doesn't begin the next
        else:
            number += 1
    for number in range(count - 3):
        if (
            code[number + 1] == 45
            and kind[number] & LETTER
            and kind[number + 2] & LETTER
            and kind[number + 3] & LETTER
            and (number == 0 or (code[number - 1] != 45 and not kind[number - 1] & (LETTER | NUMBER)))
        ):
            code[number + 1] = HYPHEN


@njit(cache=True)
def _elided(code: np.ndarray, kind: np.ndarray, first: int, last: int, elisions: np.ndarray) -> int:
    """Letters of the elided word that a token begins with, before its apostrophe; 0 for none. ``elisions``: words in rows, 0 behind."""
    for row in range(elisions.shape[0]):
        length = 0
        while length < elisions.shape[1] and elisions[row, length] != 0 and first + length < last:
            if code[first + length] != elisions[row, length]:
                break
            length += 1
        whole = length == elisions.shape[1] or elisions[row, length] == 0
        if whole and first + length < last and kind[first + length] & APOSTROPHE:
            return length
    return 0


@njit(cache=True)
def _write(
    data: np.ndarray, code: np.ndarray, kind: np.ndarray, place: np.ndarray, first: int, last: int, out: np.ndarray, end: int
) -> int:
    """Write the characters of a token, stand-ins and apostrophes in their plain form. Returns the new end."""
    for number in range(first, last):
        if code[number] == POINT:
            out[end] = 46
            end += 1
        elif code[number] == HYPHEN:
            out[end] = 45
            end += 1
        elif kind[number] & APOSTROPHE:
            out[end] = 39
            end += 1
        else:
            for position in range(place[number], place[number + 1]):
                out[end] = data[position]
                end += 1
    return end


@njit(cache=True)
def _copy(data: np.ndarray, begin: int, stop: int, out: np.ndarray, end: int) -> int:
    """Copy bytes. Returns the new end."""
    for position in range(stop - begin):
        out[end + position] = data[begin + position]
    return end + stop - begin


@njit(cache=True)
def _longest(offsets: np.ndarray) -> int:
    longest = 0
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    return longest


@njit(cache=True)
def cut(  # noqa: C901 - one pass over a text's characters; splitting it would cost a call per token
    data: np.ndarray, offsets: np.ndarray, classes: np.ndarray, elisions: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Tokens of each text: (bytes, where each token ends with 0 before, where each text's tokens end with 0 before, texts not cut)."""
    texts = len(offsets) - 1
    size = offsets[texts] - offsets[0]
    out = np.empty(size, np.uint8)
    token_ends = np.zeros(size + 1, np.int32)
    list_ends = np.zeros(texts + 1, np.int32)
    not_cut = np.zeros(texts, np.bool_)
    longest = _longest(offsets)
    code = np.empty(longest + 4, np.int32)
    kind = np.empty(longest + 4, np.uint8)
    place = np.empty(longest + 1, np.int64)
    tokens = 0
    end = 0
    for text in range(texts):
        count = _decode(data, offsets[text], offsets[text + 1], classes, code, kind, place)
        if count < 0:
            not_cut[text] = True
            list_ends[text + 1] = tokens
            continue
        _join(code, kind, count)
        after_removed = False
        number = 0
        while number < count:
            if not (kind[number] & _WORD or code[number] == POINT or code[number] == HYPHEN):
                number += 1
                continue
            first = number
            apostrophes = False
            plain = True
            while kind[number] & _WORD or code[number] == POINT or code[number] == HYPHEN:
                apostrophes |= (kind[number] & APOSTROPHE) != 0
                plain &= code[number] > HYPHEN
                number += 1
            last = number
            if apostrophes:
                # A lone 's goes; of two in a row the second has lost the space before it, and keeps its letter.
                if last - first == 2 and kind[first] & APOSTROPHE and code[first + 1] == 115 and not after_removed:
                    after_removed = True
                    continue
                after_removed = False
                while first < last and kind[first] & APOSTROPHE:
                    first += 1
                elided = _elided(code, kind, first, last, elisions)
                if elided:
                    end = _write(data, code, kind, place, first, first + elided, out, end)
                    tokens += 1
                    token_ends[tokens] = end
                    first += elided
                    while first < last and kind[first] & APOSTROPHE:
                        first += 1
                while last > first and kind[last - 1] & APOSTROPHE:
                    last -= 1
                if last - first >= 2 and code[last - 1] == 115 and kind[last - 2] & APOSTROPHE:
                    last -= 2
                if first == last:
                    continue
            else:
                after_removed = False
            if plain and not apostrophes:
                end = _copy(data, place[first], place[last], out, end)
            else:
                end = _write(data, code, kind, place, first, last, out, end)
            tokens += 1
            token_ends[tokens] = end
        list_ends[text + 1] = tokens
    return out[:end].copy(), token_ends[: tokens + 1].copy(), list_ends, not_cut


@njit(cache=True)
def letters_only(data: np.ndarray, offsets: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Letters and marks of each text, one space between words: (bytes, where each text ends with 0 before, texts not looked at)."""
    texts = len(offsets) - 1
    out = np.empty(offsets[texts] - offsets[0], np.uint8)
    ends = np.zeros(texts + 1, np.int32)
    not_cut = np.zeros(texts, np.bool_)
    longest = _longest(offsets)
    code = np.empty(longest + 4, np.int32)
    kind = np.empty(longest + 4, np.uint8)
    place = np.empty(longest + 1, np.int64)
    end = 0
    for text in range(texts):
        count = _decode(data, offsets[text], offsets[text + 1], classes, code, kind, place)
        not_cut[text] = count < 0
        begin = end
        between = False
        for number in range(count):
            if not kind[number] & (LETTER | MARK):
                between = True
                continue
            if between and end > begin:
                out[end] = 32
                end += 1
            between = False
            for position in range(place[number], place[number + 1]):
                out[end] = data[position]
                end += 1
        ends[text + 1] = end
    return out[:end].copy(), ends, not_cut
