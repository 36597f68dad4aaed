"""Words of trade: which words of posts speak of things one buys and wears, of shops, and of brands as brands.

What belongs here: reading the shipped word list, extending it by a catalogue, telling which words and hashtags count. What doesn't:
what the words say about a post (``signs``) or a topic (``lanes``). No brand, person or known collision is listed anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from trend_assets.lib.text.characters import UNSPACED_SCRIPTS

_FILE = Path(__file__).parent / "data" / "commerce_words.txt"
_EVERY_LANGUAGE = 7
"""Words of so many letters hardly mean another thing in another language."""
_LEAST_SUBJECT_SHARE = 0.02
"""A subject counts for a catalogue when this share of its products names one of the subject's words."""
_ALWAYS = frozenset({"trade", "renown", "business"})
_SUBJECTS_WITHOUT_CATALOGUE = _ALWAYS | {"fashion", "beauty", "home"}
_RESALE = frozenset({"resale"})
_LONGEST_HASHTAG = 60
_SHORTEST_PART = 5  # letters of a word that is told inside a hashtag
_SHORTEST_KIND = 3  # letters of a word of a category or type
_UNSPACED = re.compile(f"[{UNSPACED_SCRIPTS}\\uac00-\\ud7af]")


@lru_cache(maxsize=1)
def shipped() -> tuple[tuple[str, str, str], ...]:
    """(subject, language, folded word) of the shipped list, in its order."""
    from trend_assets.lib.demand.words import fold, stem

    found: dict[tuple[str, str, str], None] = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            head, words = line.split(":", 1)
            subject, language = head.split()
            for word in words.split():
                form = word if _UNSPACED.search(word) else stem(fold(word))
                found[(subject, language, form)] = None
    return tuple(found)


@dataclass(frozen=True)
class Lexicon:
    """Folded, stemmed words and the languages they count in (``""``: all); ``pattern`` finds those of scripts without spaces."""

    words: Mapping[str, frozenset[str]]
    unspaced: tuple[str, ...]
    own: frozenset[str] = field(default_factory=frozenset)
    """Words of the brands themselves, which tell nothing."""

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Languages with words of their own; a post of another is judged by the words that count in all."""
        return tuple(sorted({language for languages in self.words.values() for language in languages if language}))

    @cached_property
    def pattern(self) -> str:
        """Regular expression (RE2) of the words of scripts without spaces; empty where there are none."""
        return "|".join(sorted(self.unspaced, key=lambda word: (-len(word), word)))

    def masks(self, values: Iterable[str]) -> np.ndarray:
        """For each word (n,) the bits of ``languages`` that it counts in, all bits where it counts in every one."""
        bit = {language: np.int64(1 << number) for number, language in enumerate(self.languages)}
        every = np.int64((1 << (len(self.languages) + 1)) - 1)

        def mask(value: str) -> np.int64:
            found = self.words.get(_form(value))
            if found is None:
                return np.int64(0)
            return every if "" in found else np.int64(sum(bit[language] for language in found))

        return np.fromiter((mask(value) for value in values), np.int64)

    def language_bits(self, languages: Iterable[str]) -> np.ndarray:
        """The bit of each language code (n,); undecidable ones have all, those without words only the last."""
        bit = {language: np.int64(1 << number) for number, language in enumerate(self.languages)}
        last = np.int64(1 << len(self.languages))
        return np.fromiter(((last * 2 - 1) if code == "und" else bit.get(code, last) | last for code in languages), np.int64)

    def in_hashtag(self, tag: str) -> bool:
        """Whether a hashtag is a word that counts, or begins or ends with one of five letters or more that counts in all languages."""
        if len(tag) > _LONGEST_HASHTAG:
            return False
        form = _form(tag)
        if form in self.words:
            return True
        parts = (part for size in range(_SHORTEST_PART, len(form)) for part in (form[:size], form[-size:]))
        return any("" in self.words.get(part, ()) for part in parts)


@lru_cache(maxsize=400_000)
def _form(word: str) -> str:
    from trend_assets.lib.demand.words import fold, stem

    return stem(fold(word[:_LONGEST_HASHTAG]))


def lexicon_for(brands: Collection[str] = (), catalogue: pa.Table | None = None) -> Lexicon:
    """The words that count for these brands: the shipped ones of the subjects the catalogue is about, and its own kinds of things.

    ``catalogue``: rows of ``retail/products`` (columns ``product_name``, ``category``, optional ``product_type``, ``product_name_fr``).
    Without one, food is left out: names of brands that are also fruit, drinks or dishes would otherwise speak for themselves.
    Words of the brands' own names never count. Complexity: O(words of the catalogue).
    """
    from trend_assets.lib.demand.words import words_of

    own = frozenset(word for brand in brands for word in words_of(brand)) | frozenset(_form(brand.replace(" ", "")) for brand in brands)
    products = _products(catalogue)
    words, unspaced = _words_about(_subjects(products) if products else _SUBJECTS_WITHOUT_CATALOGUE)
    for _, kinds in products:
        for word in kinds:
            if len(word) >= _SHORTEST_KIND:
                words.setdefault(word, set()).add("")
    return Lexicon({word: frozenset(found) for word, found in words.items() if word not in own}, unspaced, own)


@lru_cache(maxsize=1)
def resale_lexicon() -> Lexicon:
    """The words of listings by which people sell what they own."""
    words, unspaced = _words_about(_RESALE)
    return Lexicon({word: frozenset(found) for word, found in words.items()}, unspaced)


@lru_cache(maxsize=1)
def line_lexicon() -> Lexicon:
    """The words by which brands name their lines, shops and services: behind a brand's name they make no other name of it."""
    words, unspaced = _words_about(frozenset({"line"}))
    return Lexicon({word: frozenset({""}) for word in words}, unspaced)


def _words_about(subjects: Collection[str]) -> tuple[dict[str, set[str]], tuple[str, ...]]:
    """The shipped words of the subjects with their languages, and those of scripts without spaces."""
    words: dict[str, set[str]] = {}
    unspaced: dict[str, None] = {}
    for subject, language, word in shipped():
        if subject not in subjects:
            continue
        if _UNSPACED.search(word):
            unspaced[word] = None
            continue
        words.setdefault(word, set()).add(language)
        if language == "en" or len(word) >= _EVERY_LANGUAGE:
            words[word].add("")
    return words, tuple(unspaced)


def _products(catalogue: pa.Table | None) -> list[tuple[frozenset[str], frozenset[str]]]:
    """(words of the names, words of category and type) of each product."""
    from trend_assets.lib.demand.words import words_of

    if catalogue is None or not catalogue.num_rows:
        return []

    def texts(*names: str) -> list[frozenset[str]]:
        columns = [catalogue[name].to_pylist() for name in names if name in catalogue.column_names]
        rows = zip(*columns, strict=True) if columns else [()] * catalogue.num_rows
        return [frozenset(word for value in row if value for word in words_of(value)) for row in rows]

    return list(zip(texts("product_name", "product_name_fr"), texts("category", "product_type"), strict=True))


def _subjects(products: list[tuple[frozenset[str], frozenset[str]]]) -> frozenset[str]:
    """Subjects of the shipped list that the catalogue's products are about."""
    of_subject: dict[str, set[str]] = {}
    for subject, _, word in shipped():
        of_subject.setdefault(subject, set()).add(word)
    share = {
        subject: sum(bool((names | kinds) & words) for names, kinds in products) / len(products) for subject, words in of_subject.items()
    }
    found = frozenset(subject for subject, value in share.items() if value >= _LEAST_SUBJECT_SHARE)
    return (found | _ALWAYS) if found - _ALWAYS else _SUBJECTS_WITHOUT_CATALOGUE
