"""Keywords and labels of a topic that a person understands without opening a post.

What belongs here: choosing words by statistics and finding the phrase people write them in. What doesn't: the topic's centre
(``sparse.centres``), the language models (``names``), taking hashtags apart (``hashtags``). There is no stop-word list: what is common
everywhere isn't telling anywhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from trend_assets.lib.topics.hashtags import hashtag_words, in_dictionary
from trend_assets.lib.topics.names import NOTHING, Names, names_in

KEYWORDS = 8
LABEL_LENGTH = 60
_PHRASE_WORDS = 5
_PARTS = 3
_ENOUGH_WORDS = 3  # one or two words seldom tell what is going on
_LEAST_DISTINCT = 0.2
_LEAST_WORTH = (0.0, 0.2, 0.3)  # of each part, as a share of the best phrase's
_READ_BY_MODEL = 3  # texts
_LONGER = (0.0, 1.0, 1.25, 1.35, 1.4, 1.4)  # what a phrase of so many words says more than one
_PROPER = 0.4  # of the times a phrase is written: with a capital so often, it is shown with one
_LEAST_SAID = 0.25  # of the strength of all keywords, for a name to stay
_WHOLE_NAME = 0.4  # of the texts with a part of a name that have more of it: then the longer form is shown
_SHORT = 5  # letters up to which capitals may be an abbreviation
_WORD = re.compile(r"https?://\S+|www\.\S+|[@#$]?\w+(?:['’\-]\w+)*")
_BETWEEN = re.compile(r"[^\w\s'’\-&]")
_SENTENCE = re.compile(r"[.!?:;\n|\"“”«»(\[]")
_LONGEST_TEXT = 1_000  # characters of an exemplar that a label is looked for in
_VOWELS = re.compile(r"[aeiouyàâäéèêëîïôöùûüœæ]")


class Word(NamedTuple):
    """A word of a text: in lower case, where it begins and ends, as written, and whether it is a hashtag or begins a sentence."""

    lower: str
    begin: int
    end: int
    written: str
    hashtag: bool
    first: bool


@dataclass
class _Phrases:
    """In how many texts each phrase (lemmas) occurs and the forms it is written in."""

    count: Counter[tuple[str, ...]] = field(default_factory=Counter)
    surfaces: dict[tuple[str, ...], Counter[str]] = field(default_factory=dict)
    names: dict[tuple[str, ...], int] = field(default_factory=dict)
    """Words of a phrase that are no keywords but parts of the name that a keyword stands in."""

    hashtags: set[tuple[str, ...]] = field(default_factory=set)
    whole: set[tuple[str, ...]] = field(default_factory=set)
    """Phrases of which every word is written as part of a name."""


def _plain(term: str) -> str:
    return term.lstrip("#$")


@lru_cache(maxsize=65_536)
def _readable(word: str) -> bool:
    """Whether a term can stand in a label: a word of two letters or more, no mention, no address."""
    if len(word) < 2 or word == "user" or word.startswith(("@", "www.")) or "/" in word:
        return False
    return any(letter.isalpha() for letter in word)


@lru_cache(maxsize=65_536)
def _keyword(term: str) -> str:
    """The word a term puts in keywords; empty if it can't stand there."""
    word = _plain(term)
    return word if _readable(word) else ""


@lru_cache(maxsize=16_384)
def _written(text: str) -> tuple[Word, ...]:
    """Words of a text. Topics show the same posts for hours."""
    text = text[:_LONGEST_TEXT]
    words: list[Word] = []
    end = 0
    for found in _WORD.finditer(text):
        as_written = found.group()
        first = not words or bool(_SENTENCE.search(text[end : found.start()]))
        plain = as_written.lstrip("#$")
        words.append(Word(plain.lower(), found.start(), found.end(), plain, as_written[0] == "#", first))
        end = found.end()
    return tuple(words)


@lru_cache(maxsize=16_384)
def _capitals_tell(text: str) -> bool:
    """Whether capital letters mark names in a text: not in shouted texts, nor in titles where every word has one."""
    words = [word.written for word in _written(text) if not word.hashtag and _readable(word.lower)]
    return 2 * sum(word[0].isupper() for word in words) <= max(len(words), 3)


def keywords(terms: Sequence[str], weights: Sequence[float], distinctiveness: Sequence[float]) -> dict[str, float]:
    """The strongest words of a topic and their strength (weight × distinctiveness), strongest first, at most ``KEYWORDS``.

    ``weights`` are the terms' weights in the topic's centre; ``distinctiveness`` the share of the window's documents with the
    term that are in the topic. Words used everywhere are left out unless nothing else is left.
    """
    strength: dict[str, float] = {}
    spare: dict[str, float] = {}
    for term, weight, distinct in zip(terms, weights, distinctiveness, strict=True):
        word = _keyword(term)
        if word:
            chosen = strength if distinct >= _LEAST_DISTINCT else spare
            worth = float(weight) * float(distinct)
            if worth > chosen.get(word, -1.0):
                chosen[word] = worth
    ranked = sorted((strength or spare).items(), key=lambda item: (-item[1], item[0]))
    return dict(ranked[:KEYWORDS])


def label(
    texts: Sequence[str], lemma_of: Mapping[str, str], strength: Mapping[str, float], *, language: str = "und", by_model: bool = True
) -> str:
    """A short name from the phrases that people write the keywords in, in their most frequent spelling; at most 60 characters.

    ``texts`` are the topic's posts closest to its centre, ``lemma_of`` gives the lemma of a word of theirs, ``strength`` are its
    keywords (lemmas), ``language`` is most of its posts'. A phrase begins and ends with a keyword or with a capitalised word of the
    name that a keyword stands in ("Charlotte Griffiths", not "Griffiths"). It is worth the strength of its keywords times the share of
    texts it is in, more where a language model (French, English) reads it as a name or a thing, less where it is no word. Up to three
    that share no word are joined by a middle dot; hashtags are taken apart, shouting is put in title case. Empty without keywords.
    ``by_model``: whether a language model reads the first few texts, at some ms each.
    """
    found = _phrases(texts, lemma_of, strength, language)
    worth = _worths(found, len(texts), strength, _read(texts, language) if by_model else [])
    ranked = sorted(worth, key=lambda phrase: (-worth[phrase], -len(phrase), phrase))
    if not ranked:
        return _joined([_spelling(Counter([word])) for word in strength if _readable(word)])
    known = {word.lower for text in texts for word in _written(text) if not word.hashtag}
    parts: list[str] = []
    used: set[str] = set()
    for phrase in ranked:
        says_enough = sum(len(part.split()) for part in parts) >= _ENOUGH_WORDS
        if len(parts) == _PARTS or (says_enough and worth[phrase] < _LEAST_WORTH[len(parts)] * worth[ranked[0]]):
            break
        phrase = _whole_name(phrase, found)
        spelling = _spelling(found.surfaces[phrase])
        if phrase in found.hashtags:
            spelling = _title(hashtag_words(spelling, known, language))
        words = {*phrase, *spelling.lower().split()}
        if _repeats(words, used) or len(" · ".join([*parts, spelling])) > LABEL_LENGTH:
            continue
        parts.append(spelling)
        used |= words
    return _joined(parts or [_spelling(found.surfaces[ranked[0]])])


def still_fits(past_keywords: Sequence[str], strength: Mapping[str, float], past_label: str = "") -> bool:
    """Whether a label found for ``past_keywords`` may stay: their strongest or half of all are still keywords, and the label says enough.

    Names shouldn't flicker with the order of nearly equal words, nor outlive what they say while the words change a few at a time: the
    keywords that the label holds have a quarter of all keywords' strength.
    """
    if not strength or not past_keywords:
        return not strength and not past_keywords
    if past_label and _said(past_label, strength) < _LEAST_SAID * sum(strength.values()):
        return False
    return past_keywords[0] in strength or 2 * len(set(past_keywords) & set(strength)) >= len(past_keywords)


def _said(past_label: str, strength: Mapping[str, float]) -> float:
    """Strength of the keywords that a label holds: lemmas are looked for by their beginning, those of hashtags across spaces."""
    letters = "".join(past_label.lower().split())
    return sum(value for word, value in strength.items() if word[: max(_SHORT - 1, len(word) - 3)] in letters)


def _phrases(texts: Sequence[str], lemma_of: Mapping[str, str], strength: Mapping[str, float], language: str) -> _Phrases:
    """The phrases of the texts that may name the topic."""
    found = _Phrases()
    in_names = _words_in_names(texts)
    for text in texts:
        words = _written(text)
        lemmas = [lemma_of.get(word.lower, word.lower) for word in words]
        named = _named(text, in_names, language)
        ends = [(lemma in strength or name) and not word.lower[0].isdigit() for word, lemma, name in zip(words, lemmas, named, strict=True)]
        here: set[tuple[str, ...]] = set()
        for first in range(len(words)):
            if not ends[first] or not _readable(words[first].lower):
                continue
            for last in range(first, min(first + _PHRASE_WORDS, len(words))):
                if last > first and not _joins(text, words[last - 1], words[last]):
                    break
                phrase = tuple(lemmas[first : last + 1])
                if not ends[last] or len(set(phrase)) < len(phrase) or not any(lemma in strength for lemma in phrase):
                    continue
                here.add(phrase)
                found.surfaces.setdefault(phrase, Counter())[" ".join(word.written for word in words[first : last + 1])] += 1
                found.names[phrase] = sum(lemma not in strength and named[first + n] for n, lemma in enumerate(phrase))
                if words[first].hashtag:
                    found.hashtags.add(phrase)
                if all(named[first : last + 1]):
                    found.whole.add(phrase)
        found.count.update(here)
    return found


def _words_in_names(texts: Sequence[str]) -> frozenset[str]:
    """Words that have a capital letter inside sentences, twice as often as not."""
    balance: Counter[str] = Counter()
    for text in texts:
        if _capitals_tell(text):
            balance.update({word.lower: 1 if word.written[0].isupper() else -2 for word in _written(text) if not word.first})
    return frozenset(word for word, value in balance.items() if value > 0)


def _named(text: str, in_names: frozenset[str], language: str) -> list[bool]:
    """Whether each word of a text is written as part of a name. A first word is where a name goes on and it is no word of a dictionary."""
    words = _written(text)
    if not _capitals_tell(text):
        return [False] * len(words)
    named = [word.lower in in_names and word.written[0].isupper() and not word.hashtag for word in words]
    emphasised = [name and word.written.isupper() and in_dictionary(word.lower, language) for name, word in zip(named, words, strict=True)]
    sure = [name and not loud for name, loud in zip(named, emphasised, strict=True)]
    # An emphasised word of the dictionary is part of a name only beside a word that is one.
    named = [name and (sure[place] or any(sure[max(place - 1, 0) : place + 2])) for place, name in enumerate(named)]
    for place in range(len(words) - 1):
        word = words[place]
        if word.first and named[place + 1] and word.written[0].isupper() and not word.hashtag:
            named[place] = word.lower in in_names or not in_dictionary(word.lower, language)
    return named


def _joins(text: str, left: Word, right: Word) -> bool:
    """Whether two neighbouring words can stand in one phrase: no punctuation between, neither a hashtag."""
    if left.hashtag or right.hashtag or not _readable(right.lower):
        return False
    return not _BETWEEN.search(text[left.end : right.begin]) and "\n" not in text[left.end : right.begin]


def _whole_name(phrase: tuple[str, ...], found: _Phrases) -> tuple[str, ...]:
    """The longest name of which the phrase is a part, where enough of its texts have it; else the phrase."""
    longer = [
        other
        for other, count in found.count.items()
        if len(other) > len(phrase)
        and count >= max(2, _WHOLE_NAME * found.count[phrase])
        and other in found.whole
        and _holds(other, phrase)
    ]
    return min(longer, key=lambda other: (-len(other), -found.count[other], other)) if phrase in found.whole and longer else phrase


def _holds(whole: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return any(whole[start : start + len(part)] == part for start in range(len(whole) - len(part) + 1))


def _read(texts: Sequence[str], language: str) -> list[Names]:
    """What a language model names in the first different texts."""
    names = [names_in(text[:_LONGEST_TEXT], language) for text in list(dict.fromkeys(texts))[:_READ_BY_MODEL]]
    return [read for read in names if read != NOTHING]


def _worths(found: _Phrases, texts: int, strength: Mapping[str, float], read: list[Names]) -> dict[tuple[str, ...], float]:
    """What each phrase is worth as a name."""
    entities = {words for names in read for words in names.entities}
    things = {words for names in read for words in names.things}
    inside = {word for words in entities | things for word in words}
    worth = {}
    for phrase, count in found.count.items():
        if count < 2 and (len(phrase) > 1 or found.names[phrase]) and texts > 1:
            continue
        value = sum(strength.get(word, 0.0) for word in phrase) * count / texts
        value *= (1.5 if found.names[phrase] else 1.0) * _LONGER[len(phrase)]
        written = tuple(_spelling(found.surfaces[phrase]).lower().split())
        if written in entities:
            value *= 1.5
        elif written in things:
            value *= 1.25
        elif read and not inside & set(written) and phrase not in found.hashtags:
            value *= 0.6
        if all(_code(word) for word in phrase):
            value *= 0.3
        worth[phrase] = value
    return worth


@lru_cache(maxsize=65_536)
def _code(word: str) -> bool:
    """Whether Latin letters without a vowel: an abbreviation of a unit or a station rather than a word."""
    return len(word) <= _SHORT and word.isascii() and not _VOWELS.search(word)


def _spelling(surfaces: Counter[str]) -> str:
    """The most frequent spelling that doesn't shout, with a capital where many write one; title case where all shout."""
    calm = {form: count for form, count in surfaces.items() if not _shouts(form)}
    proper = {form: count for form, count in calm.items() if form[0].isupper()}
    if sum(proper.values()) >= _PROPER * sum(surfaces.values()):
        calm = proper
    best = min((calm or surfaces).items(), key=lambda item: (-item[1], item[0]))[0]
    return best if calm else _title(best)


def _shouts(form: str) -> bool:
    return form.isupper() and (len(form) > _SHORT or " " in form)


def _title(form: str) -> str:
    """Shouted words in title case; a form with small letters, or a short abbreviation, stays."""
    if not _shouts(form):
        return form
    return " ".join(word if len(word) == 1 or _code(word.lower()) else word.capitalize() for word in form.split())


def _repeats(words: set[str], used: set[str]) -> bool:
    """Whether a phrase says again what another part said: shares a word, or its letters run on in the other's."""
    if words & used:
        return True
    return any(len(short) >= 4 and short in long for one in words for other in used for short, long in ((one, other), (other, one)))


def _joined(parts: Sequence[str]) -> str:
    """Parts as one label of at most 60 characters, cut between words where it must be."""
    text = ""
    for part in parts[:_PARTS]:
        longer = f"{text} · {part}" if text else part
        if len(longer) <= LABEL_LENGTH:
            text = longer
        elif not text:
            text = longer[:LABEL_LENGTH].rsplit(" ", 1)[0] if " " in longer[:LABEL_LENGTH] else longer[:LABEL_LENGTH]
    return text
