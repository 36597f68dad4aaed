"""Words of a text: which characters make one, how French elision and English possessives split, what stands for CJK and Thai.

What belongs here: from normalised text to tokens, and the text that language and near-duplicate stages look at. What
doesn't: dictionary forms (``lemmas``), entities (``entities``, ``urls``).

A token is a run of letters, marks and digits, lower case, in compatibility form (NFKC), as word boundaries of Unicode
(UAX #29) at hyphens, underscores and other punctuation, with these rules:

- apostrophes inside a word stay (``don't``, ``aujourd'hui``); French elided words split off (``l'été`` -> ``l``, ``été``);
  the English possessive or contracted *is* goes (``zara's`` -> ``zara``);
- a hyphen behind a word's single first letter stays (``t-shirt``, ``v-neck``), others part words (``sous-vêtements``);
- decimal points and commas stay as a point (``19,99`` -> ``19.99``);
- a hashtag is one token without #, split at underscores; emoji, URLs and mentions are none;
- scripts without spaces (Chinese, Japanese kana, Thai, Lao, Khmer, Burmese): overlapping pairs of characters, a character
  with its marks counting as one, as search engines index them; a lone character is a token by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.text.arrays import apply_where, list_array, map_where, string_buffers
from trend_assets.lib.text.characters import MARKS, UNSPACED_SCRIPTS
from trend_assets.lib.text.normalise import HANDLE_OR_ADDRESS, compose

_REPOST_PREFIX = rf"^(?i:\s*rt\s*(?:{HANDLE_OR_ADDRESS})\s*:?)+"
# What is left of URLs that are cut off ("https://t.c…") or have no valid host.
_BROKEN_URL = r"(?i:https?://)\S*"
_JOINERS = r"[\x{200c}\x{200d}]+"
# Signs that compatibility form would turn into letters and digits, keycaps, and selectors, which count as marks.
_NO_LETTERS = (
    r"[0-9#*]\x{fe0f}?\x{20e3}|[\x{a9}\x{ae}\x{2120}\x{2122}\x{2139}\x{24c2}\x{3297}\x{3299}\x{1f18e}\x{1f191}-\x{1f1ff}"
    r"\x{1f201}-\x{1f2ff}\x{20e3}\x{fe00}-\x{fe0f}\x{e0000}-\x{e01ef}]+"
)
_DECIMAL = r"(\p{Nd})[.,](\p{Nd})"
_SINGLE_LETTER_HYPHEN = r"(^|[^\p{L}\p{N}\-])(\p{L})-(\p{L}\p{L})"
# Stand-ins while other punctuation goes; the texts hold no control characters.
_POINT = "\x01"
_HYPHEN = "\x02"
_BETWEEN_WORDS = r"[^\p{L}\p{M}\p{N}'\x01\x02]+"
_ELIDED_WORDS = ("l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "presqu")
_ELISION = rf"(^| )({'|'.join(_ELIDED_WORDS)})'+"
_UNSPACED = re.compile(f"[{UNSPACED_SCRIPTS}][{UNSPACED_SCRIPTS}{MARKS}]*")
_WITH_MARKS = re.compile(f".[{MARKS}]*", re.DOTALL)
_MAYBE_UNSPACED = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\x{0e00}-\x{0eff}\x{1000}-\x{109f}\x{1780}-\x{17ff}"
    r"\x{3005}-\x{30ff}\x{31f0}-\x{31ff}]"
)


def without_repost_prefix(texts: pa.Array) -> pa.Array:
    """Texts without ``RT @account:`` at their start, however often."""
    return pc.replace_substring_regex(texts, _REPOST_PREFIX, "")


def plain(texts: pa.Array) -> pa.Array:
    """Lower-case NFKC texts without repost prefix, mentions, broken URLs and signs that aren't text.

    Expects ``normalise.tidy``'s result with URLs blanked out. Punctuation, digits and # are still there.
    """
    texts = without_repost_prefix(texts)
    texts = pc.replace_substring_regex(texts, HANDLE_OR_ADDRESS, " ")
    texts = pc.replace_substring_regex(texts, _BROKEN_URL, " ")
    return apply_where(pc.utf8_lower(texts), pc.invert(pc.string_is_ascii(texts)), _compatible)


def _compatible(texts: pa.Array) -> pa.Array:
    texts = pc.replace_substring_regex(texts, _JOINERS, "")
    texts = pc.replace_substring_regex(texts, _NO_LETTERS, " ")
    # Compatibility form may bring capitals (𝐀 -> A).
    return pc.utf8_lower(compose(texts, "NFKC"))


def tokenise(plain_texts: pa.Array) -> pa.ListArray:
    """Tokens of texts in ``plain`` form, in order. Compiled for most texts (``word_kernels``), by expressions for the others."""
    from trend_assets.lib.text import word_kernels

    data, offsets = string_buffers(plain_texts)
    out, token_ends, list_ends, not_cut = word_kernels.cut(data, offsets, word_kernels.character_classes(_MAYBE_UNSPACED), _elisions())
    tokens = pa.StringArray.from_buffers(len(token_ends) - 1, pa.py_buffer(token_ends), pa.py_buffer(out))
    lists = pa.ListArray.from_arrays(pa.array(list_ends), tokens)
    return _with_others(lists, plain_texts, not_cut, tokenise_by_expressions)


def _with_others(values: pa.Array, texts: pa.Array, not_cut: np.ndarray, function: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """The values, with those of ``function`` for the texts that weren't cut."""
    if not not_cut.any():
        return values
    position = np.arange(len(texts))
    position[not_cut] = len(texts) + np.arange(int(not_cut.sum()))
    return pa.concat_arrays([values, function(texts.filter(pa.array(not_cut)))]).take(pa.array(position))


@cache
def _elisions() -> np.ndarray:
    """Letters of the elided words in rows, 0 behind."""
    rows = np.zeros((len(_ELIDED_WORDS), max(map(len, _ELIDED_WORDS))), np.int32)
    for row, word in enumerate(_ELIDED_WORDS):
        rows[row, : len(word)] = [ord(letter) for letter in word]
    return rows


def tokenise_by_expressions(plain_texts: pa.Array) -> pa.ListArray:
    """``tokenise`` by regular expressions alone: the rules as they are written down, for every script."""
    texts = pc.replace_substring_regex(plain_texts, "[’ʼ＇]", "'")
    texts = pc.replace_substring_regex(texts, _DECIMAL, f"\\1{_POINT}\\2")
    texts = pc.replace_substring_regex(texts, _SINGLE_LETTER_HYPHEN, f"\\1\\2{_HYPHEN}\\3")
    texts = pc.replace_substring_regex(texts, _BETWEEN_WORDS, " ")
    texts = apply_where(texts, pc.match_substring(texts, "'"), _split_apostrophes)
    texts = pc.replace_substring(pc.replace_substring(texts, _POINT, "."), _HYPHEN, "-")
    texts = map_where(texts, pc.match_substring_regex(texts, _MAYBE_UNSPACED), _split_unspaced)
    split = pc.split_pattern(texts, " ")
    # Spaces at the ends leave empty strings behind.
    is_word = pc.not_equal(split.values, "").to_numpy(zero_copy_only=False)
    before = np.concatenate([[0], np.cumsum(is_word)])
    offsets = split.offsets.to_numpy()
    return list_array(np.diff(before[offsets]).astype(np.int32), split.values.filter(pa.array(is_word)))


def _split_apostrophes(texts: pa.Array) -> pa.Array:
    for pattern, replacement in (
        (r"(^| )'s( |$)", r"\1\2"),
        (r"(^| )'+", r"\1"),
        (_ELISION, r"\1\2 "),
        (r"'+( |$)", r"\1"),
        (r"'s( |$)", r"\1"),
    ):
        texts = pc.replace_substring_regex(texts, pattern, replacement)
    return texts


def _split_unspaced(text: str) -> str:
    return _UNSPACED.sub(_pairs, text)


def _pairs(run: re.Match[str]) -> str:
    characters = _WITH_MARKS.findall(run.group())
    if len(characters) > 1:
        characters = [first + second for first, second in pairwise(characters)]
    return f" {' '.join(characters)} "


def letters(plain_texts: pa.Array) -> pa.Array:
    """Words of letters only, one space between: what tells a language and what near-duplicates share."""
    from trend_assets.lib.text import word_kernels

    data, offsets = string_buffers(plain_texts)
    out, ends, not_cut = word_kernels.letters_only(data, offsets, word_kernels.character_classes(_MAYBE_UNSPACED))
    values = pa.StringArray.from_buffers(len(plain_texts), pa.py_buffer(ends), pa.py_buffer(out))
    return _with_others(values, plain_texts, not_cut, letters_by_expressions)


def letters_by_expressions(plain_texts: pa.Array) -> pa.Array:
    """``letters`` by regular expressions alone."""
    texts = pc.replace_substring_regex(plain_texts, r"[^\p{L}\p{M}]+", " ")
    return pc.utf8_trim(texts, " ")
