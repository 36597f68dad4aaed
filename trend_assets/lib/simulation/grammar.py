"""Sentences from a small grammar, and the ways people misspell and decorate them.

What belongs here: expansion of templates, styling of a finished text. What doesn't: words of any language
(``texts_en.py``, ``texts_fr.py``, ``planted_*.py``).

A template is a string with ``{symbol}`` slots; a grammar maps symbols to alternatives, which may hold slots themselves.
All choices of one text come from one 64-bit state, so a text depends on its own seed only, never on its neighbours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

_MASK = (1 << 64) - 1
_MULTIPLIER = 6364136223846793005
_INCREMENT = 1442695040888963407
_Template = tuple["str | tuple[str, ...] | list[_Template]", ...]
_Alternatives = tuple[str, ...] | list[_Template]
_SLOT = re.compile(r"\{([a-z_]+)\}")
_UNTOUCHABLE = ("#", "@", "http")
_ELONGATED = re.compile(r"([aeiouyéèà])([^aeiouyéèà\W]?)$")


class Dice:
    """A 64-bit linear congruential generator (Knuth's MMIX constants; the high bits are used).

    Per-text choices are too many and too small for numpy calls; the seed of each text is drawn with numpy.
    """

    __slots__ = ("state",)

    def __init__(self, state: int) -> None:
        self.state = state & _MASK

    def below(self, count: int) -> int:
        """A number from 0 to ``count`` - 1."""
        self.state = (self.state * _MULTIPLIER + _INCREMENT) & _MASK
        return (self.state >> 33) % count


class Grammar:
    """Alternatives for every symbol, compiled once.

    Raises ``ValueError`` when a template names a symbol that has no alternatives, or symbols name each other in a circle.
    """

    def __init__(self, rules: Mapping[str, Sequence[str]]) -> None:
        self._rules = rules
        self._compiled: dict[str, _Alternatives] = {}
        for symbol in rules:
            self._alternatives(symbol, ())

    def _alternatives(self, symbol: str, within: tuple[str, ...]) -> _Alternatives:
        if symbol in self._compiled:
            return self._compiled[symbol]
        if symbol not in self._rules or symbol in within:
            raise ValueError(f"the symbol {symbol!r} is unknown, or names itself (within {' > '.join(within)})")
        templates = [self._compile(template, (*within, symbol)) for template in self._rules[symbol]]
        # Plain words, the most frequent case, are kept as a tuple of strings; anything nested as a list of templates.
        plain = all(len(parts) <= 1 and all(isinstance(part, str) for part in parts) for parts in templates)
        self._compiled[symbol] = tuple("".join(parts) for parts in templates) if plain else templates  # type: ignore[arg-type]
        return self._compiled[symbol]

    def _compile(self, template: str, within: tuple[str, ...]) -> _Template:
        pieces = enumerate(_SLOT.split(template))
        return tuple(self._alternatives(piece, within) if index % 2 else piece for index, piece in pieces if piece)

    def expand(self, symbol: str, dice: Dice) -> str:
        """One sentence of the symbol."""
        pieces: list[str] = []
        alternatives = self._compiled[symbol]
        if isinstance(alternatives, tuple):
            return alternatives[dice.below(len(alternatives))]
        dice.state = _expand(alternatives, dice.state, pieces)
        return "".join(pieces)


def _expand(alternatives: list[_Template], state: int, pieces: list[str]) -> int:
    # The generator of ``Dice`` written out: this is the innermost loop. Slots nest two or three deep, so recursion is bounded.
    state = (state * _MULTIPLIER + _INCREMENT) & _MASK
    for part in alternatives[(state >> 33) % len(alternatives)]:
        kind = part.__class__
        if kind is str:
            pieces.append(part)  # type: ignore[arg-type]
        elif kind is tuple:
            state = (state * _MULTIPLIER + _INCREMENT) & _MASK
            pieces.append(part[(state >> 33) % len(part)])  # type: ignore[arg-type]
        else:
            state = _expand(part, state, pieces)  # type: ignore[arg-type]
    return state


def without_accents(text: str) -> str:
    """The text with accents dropped, as people type it in a hurry."""
    return "".join(character for character in unicodedata.normalize("NFD", text) if not unicodedata.combining(character))


def misspell(word: str, dice: Dice) -> str:
    """The word with one slip of the keyboard: letters swapped, dropped or doubled."""
    position = 1 + dice.below(len(word) - 2)
    slip = dice.below(3)
    if slip == 0:
        return word[:position] + word[position + 1] + word[position] + word[position + 2 :]
    if slip == 1:
        return word[:position] + word[position + 1 :]
    return word[:position] + word[position] + word[position:]


def elongate(word: str, dice: Dice) -> str:
    """The word with its last vowel drawn out, as in *sooo*; unchanged where it doesn't end in one."""
    return _ELONGATED.sub(lambda match: match.group(1) * (3 + dice.below(3)) + match.group(2), word)


def _change_one_word(text: str, dice: Dice, shortest: int, change: object) -> str:
    words = text.split(" ")
    start = dice.below(len(words))
    for offset in range(len(words)):
        index = (start + offset) % len(words)
        word = words[index]
        if len(word) >= shortest and word.isalpha() and not word.startswith(_UNTOUCHABLE):
            words[index] = change(word, dice)  # type: ignore[operator]
            break
    return " ".join(words)


def _lower_case(text: str) -> str:
    if "@" in text or "http" in text:  # handles and links keep their case
        return " ".join(word if word.startswith(("@", "http")) else word.lower() for word in text.split(" "))
    return text.lower()


def decorate(text: str, habits: int, dice: Dice, emoji: Sequence[str], french: bool) -> str:
    """The text as a person with these habits types it.

    ``habits`` is an author's own 16-bit number: four bits each for lower case, slips, emoji and emphasis.
    """
    mood = dice.below(1 << 20)
    if (mood & 15) < (habits & 15):
        text = _lower_case(text)
    elif mood & 0x3F0 == 0:
        text = " ".join(word if word.startswith(_UNTOUCHABLE) else word.upper() for word in text.split(" "))
    if french and (mood >> 4) & 15 < 2:
        text = without_accents(text)
    if (mood >> 8) & 63 < (habits >> 4) & 15:
        text = _change_one_word(text, dice, 5, misspell)
    emphasis = (mood >> 14) & 63
    if emphasis < (habits >> 12) & 15:
        if emphasis & 1:
            text = _change_one_word(text, dice, 2, elongate)
        else:
            text = text.rstrip(".") + ("!" * (1 + dice.below(3)) if emphasis & 2 else "...")
    if dice.below(24) < (habits >> 8) & 15:
        mark = emoji[dice.below(len(emoji))]
        text = f"{text} {mark}" if dice.below(4) else f"{text} {mark * (2 + dice.below(2))}"
    return text
