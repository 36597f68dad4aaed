"""Words that mean the same in the two languages of a catalogue, learned from products named in both.

What belongs here: which word of one language stands for which of the other, and names translated with that. What
doesn't: what a translated name links to (``links.py``), meanings beyond the catalogue's own words (``embeddings.py``).
Nothing here knows a language: a product's two names are two sets of words about one thing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from trend_assets.lib.demand.words import words_of

LEAST_TOGETHER = 2
"""Name pairs in which two words must meet; a single meeting can't tell which word goes with which."""
LEAST_ASSOCIATION = 0.5
"""Least Dice coefficient of two words; 1 where neither is ever without the other."""


@dataclass(frozen=True)
class Translations:
    """``forward``: word of the first names -> word of the second names; ``backward``: the reverse."""

    forward: dict[str, str]
    backward: dict[str, str]

    def of(self, text: str) -> str | None:
        """The text in the other language, words without a translation as they are; ``None`` where under half of them have one."""
        words = words_of(text)
        best: list[str] = []
        most = 0
        for lexicon in (self.forward, self.backward):
            known = sum(word in lexicon for word in words)
            if known > most and 2 * known >= len(words):
                best, most = [lexicon.get(word, word) for word in words], known
        return " ".join(best) if best and best != words else None


def learn_translations(pairs: Sequence[tuple[str, str]]) -> Translations:
    """One-to-one word translations from (name, name in the other language) pairs, the most certain first.

    Competitive linking: the pair of words with the highest Dice coefficient is taken, both words leave the competition,
    and so on (Melamed, "Models of Translational Equivalence among Words", Computational Linguistics 26, 2000; here with
    Dice instead of its likelihood ratio, as names are short). Equal names count once. O(pairs × words² of a name).
    """
    # two colours of a thing are two pairs, but the same two words must not be taken for the thing's: Dice sees to that
    sets = sorted({(tuple(sorted(set(words_of(left)))), tuple(sorted(set(words_of(right))))) for left, right in pairs})
    lefts = Counter(word for left, _ in sets for word in left)
    rights = Counter(word for _, right in sets for word in right)
    together = Counter((one, other) for left, right in sets for one in left for other in right)
    ranked = sorted(
        (-2 * count / (lefts[one] + rights[other]), -count, one != other, one, other)
        for (one, other), count in together.items()
        if count >= LEAST_TOGETHER
    )
    forward: dict[str, str] = {}
    backward: dict[str, str] = {}
    for association, _, _, one, other in ranked:
        if -association >= LEAST_ASSOCIATION and one not in forward and other not in backward:
            forward[one], backward[other] = other, one
    return Translations(forward, backward)
