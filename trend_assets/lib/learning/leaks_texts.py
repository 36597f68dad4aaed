"""Texts that hold their label: its name, a marker, or a form that only a machine gives.

What belongs here: the rule on words, places and forms of texts. What doesn't: copies of texts (``leaks_copies.py``).

Honest words tell a label too: "late" is about delivery, "sneakers" about sneakers. What they do not do is mark *every* label, the one
for the rest included, in a large share of its posts and hardly ever elsewhere. A marker that a machine put there does. Where it stands
at one place of the text, or is no word of people, a small share of the posts is enough.

A machine that marks part of the rows leaves another trace: it marks each label's rows equally often, and never wrongly. Words of people
have frequencies of their own. So a smaller share is enough where it is the same for all labels, and where evaluation rows, which the marks
were not chosen on, agree.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from trend_assets.lib.learning.leaks import Leak, Sides, is_text, texts_of
from trend_assets.lib.learning.leaks_values import LEAST_ROWS

PURE, PURE_NAME = 0.97, 0.9
"""Share of the posts with a token that have its label, at least; of those with the label's own name, which people say too."""
OF_WORDS, OF_NAMES, OF_PLACES = 0.5, 0.2, 0.05
"""Share of each label's posts that are marked: by any words, by the label's own name, by what stands at one place or is no word."""
LEAST_POSTS = 8
ONLY_THERE = 0.9
"""Share of the posts with a word that have it at the place, for the place to be the mark: people put words anywhere."""
LEAST_OF_A_LABEL, LEAST_HELD = 5, 6
"""Marked posts of a label in training, of all labels in the evaluation."""
AS_OFTEN = 1e-3
"""Probability, were all labels marked equally often, of shares as different: below it they are not."""
NEVER_WRONG = 0.01
"""Probability of as few wrong marks, were they wrong as often as people's words are at least."""
_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[^\w\s]+|_+", re.UNICODE)
_MACHINE = re.compile(r"__|[|=<>{}\[\]~^\\]|\w[:#/]\w", re.UNICODE)
_MIXED = re.compile(r"[^\W\d_]-?\d|\d-?[^\W\d_]|_", re.UNICODE)
_ODD = re.compile(r"[\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\x00-\x08\x0b-\x1f\xa0\U000e0000-\U000e007f]")


def labels_in_text(sides: Sides) -> list[Leak]:
    """Leaks of the family ``label`` in the text features."""
    if sides.training.num_rows < LEAST_ROWS:
        return []
    train, held, labels = sides.labels()
    found = []
    for name in sides.features:
        first, second = sides.columns(name)
        if len(labels) < 2 or not is_text(first):
            continue
        early, late = ([tokens_of(text) for text in texts_of(column)] for column in (first, second))
        told = _marked(early, train, late, held, labels)
        if told:
            found.append(Leak("label", name, told, len(train) + len(held)))
    return found


def tokens_of(text: str) -> dict[str, bool]:
    """What a text shows, to whether it stands at an end of the text or is no word: words, signs, odd characters, its form."""
    words = [word.lower() for word in _TOKEN.findall(text)]
    found = {f"word {word!r}": False for word in words}
    for place, word in (("first", words[:1]), ("second", words[1:2]), ("second last", words[-2:-1]), ("last", words[-1:])):
        found |= {f"{place} word {one!r}": True for one in word}
    found |= {f"character U+{ord(one):04X}": True for one in _ODD.findall(text)}
    found |= {f"{how} {text[part]!r}": True for how, part in (("begins with", slice(0, 3)), ("ends with", slice(-3, None))) if text}
    found |= {f"{one} rest of its length by {by} is {size % by}": True for one, size in _sizes(text) for by in (2, 3, 4, 5, 7)}
    chunks = text.split()
    found |= {f"first piece {one!r}": True for one in chunks[:1]} | {f"last piece {one!r}": True for one in chunks[-1:]}
    found |= {f"piece {one!r}": True for one in chunks if _MACHINE.search(one)}
    found |= {f"like {re.sub(r'[0-9]+', '0', one.lower())!r}": True for one in chunks if _MACHINE.search(one) or _MIXED.search(one)}
    found |= {f"hashtag {one[1:].lower()!r}": False for one in chunks if one[:1] == "#"}
    blanks = len(re.findall(r"\s{2,}", text))
    found[f"{min(blanks, 3)} doubled blanks"] = True
    found[f"first letter {'upper' if text[:1].isupper() else 'lower'} case"] = True
    found["all in " + ("upper" if text.isupper() else "lower" if text.islower() else "mixed") + " case"] = True
    found |= {f"shape {_shape(word)}": False for word in text.split()}
    return found


def _sizes(text: str) -> Iterable[tuple[str, int]]:
    return (("characters", len(text)), ("words", len(text.split())))


def _shape(word: str) -> str:
    """Kinds of characters of a word, runs as one: ``#a9`` of ``#x17``."""
    kinds = ["a" if one.islower() else "A" if one.isupper() else "9" if one.isdigit() else one for one in word[:12]]
    return "".join(one for place, one in enumerate(kinds) if not place or kinds[place - 1] != one)


def _marked(
    early: list[dict[str, bool]], train: np.ndarray, late: list[dict[str, bool]], held: np.ndarray, labels: list[str]
) -> str | None:
    counts = _counted(early, train, len(labels))
    sizes = np.bincount(train, minlength=len(labels))
    placed = {token: at for tokens in early for token, at in tokens.items()}
    later = _counted(late, held, len(labels))
    pure: dict[int, list[str]] = defaultdict(list)
    named: dict[int, list[str]] = defaultdict(list)
    for token, by_label in counts.items():
        best = int(by_label.argmax())
        beside = later.get(token, np.zeros(len(labels)))
        holds = beside[best] >= 0.85 * max(beside.sum(), 1) if beside.sum() else False
        if by_label.sum() < LEAST_POSTS or not holds:
            continue
        if by_label[best] >= PURE * by_label.sum():
            pure[best].append(token)
        if by_label[best] >= PURE_NAME * by_label.sum() and _names(token, labels[best]):
            named[best].append(token)

    def covered(which: dict[int, list[str]]) -> np.ndarray:
        """Share of each label's posts that the best single token marks."""
        return np.array([max((counts[token][one] / sizes[one] for token in which.get(one, ())), default=0.0) for one in range(len(labels))])

    at_places = {one: [token for token in tokens if placed[token]] for one, tokens in pure.items()}
    for which, least, told in (
        (at_places, OF_PLACES, "the same form or place of the text"),
        (named, OF_NAMES, "its own name"),
        (pure, OF_WORDS, "one word"),
    ):
        shares = covered(which)
        if _every_label(shares, least):
            rule = "; where a rule on that word made the labels, label by reading instead" if which is pure else ""
            share = f"{shares.min():.0%} to {shares.max():.0%}"
            return f"{told} marks labels in {share} of their posts: {_examples(which, counts, labels)}{rule}"
    return _marked_alike(counts, later, sizes, labels)


@dataclass(frozen=True)
class _Kind:
    """A kind of marks: shares that are enough (of two labels, which agree by chance more easily, and of more), how often marks must be
    right in training, and how often, at least, words of people of this kind are wrong."""

    told: str
    least: tuple[float, float]
    pure: float
    wrong: float


_PLACES = _Kind("the same form or place of the text", (0.03, 0.03), PURE, 0.2)
_SIGNS = _Kind("one sign", (0.08, 0.04), PURE, 0.1)
_NAMES = _Kind("its own name", (0.08, 0.05), PURE_NAME, 0.12)
_WORDS = _Kind("one word", (0.4, 0.3), PURE, 0.03)


def _marked_alike(counts: dict[str, np.ndarray], later: dict[str, np.ndarray], sizes: np.ndarray, labels: list[str]) -> str | None:
    """Marks on part of the posts, equally often on each label and never wrong; in words.

    A label with so few posts that a mark of the common share would be on fewer than ``LEAST_POSTS`` of them is not asked for.
    """
    from scipy.stats import binom

    best: dict[_Kind, dict[int, tuple[float, str]]] = {_PLACES: {}, _SIGNS: {}, _NAMES: {}, _WORDS: {}}
    for token, by_label in counts.items():
        one, every = int(by_label.argmax()), by_label.sum()
        score = by_label[one] - 10 * (every - by_label[one])  # a mark is right more than often: people's words are more often, and wrong
        for kind in _kinds(token, labels[one], counts) if by_label[one] >= LEAST_OF_A_LABEL else ():
            if by_label[one] >= kind.pure * every and (one not in best[kind] or score > best[kind][one][0]):
                best[kind][one] = (score, token)
    for kind, found in best.items():
        tokens = {one: token for one, (_, token) in found.items()}
        if len(tokens) < 2:
            continue
        marked, of = np.array([counts[token][one] for one, token in tokens.items()]), sizes[list(tokens)]
        share = marked.sum() / of.sum()
        lacking = any(one not in tokens and sizes[one] * share >= LEAST_POSTS for one in range(len(labels)))
        if lacking or share < kind.least[len(labels) > 2] or not _as_often(marked, of):
            continue
        held = np.array([later.get(token, np.zeros(len(labels))) for token in tokens.values()])
        right = sum(held[row, one] for row, one in enumerate(tokens))
        every = held.sum() + sum(counts[token].sum() for token in tokens.values())
        wrong = every - right - marked.sum()
        if held.sum() >= LEAST_HELD and binom.cdf(wrong, every, kind.wrong) <= NEVER_WRONG:
            which = {one: [token] for one, token in tokens.items()}
            named = _examples(which, counts, labels)
            return f"{kind.told} marks each label as often, in {share:.1%} of its posts, and hardly ever wrongly: {named}"
    return None


def _kinds(token: str, label: str, counts: dict[str, np.ndarray]) -> list[_Kind]:
    """What a token is a mark as, if it is one."""
    what, _, said = token.partition(" ")
    word = said.rpartition(" ")[2]
    if what in ("piece", "like", "character"):
        return [_PLACES]
    if what in ("first", "second", "last") and " word " in f" {said}":
        return [_PLACES] if counts[token].sum() >= ONLY_THERE * counts[f"word {word}"].sum() else []
    if what == "word" and not any(one.isalnum() for one in word):
        return [_SIGNS]
    if what in ("word", "hashtag"):
        return [_NAMES, _WORDS] if _names(token, label) else [_WORDS]
    return []


def _as_often(marked: np.ndarray, of: np.ndarray) -> bool:
    """Whether shares of marked posts differ by no more than chance allows: Pearson's test of homogeneity."""
    from scipy.stats import chi2

    expected = marked.sum() / of.sum() * of
    statistic = ((marked - expected) ** 2 / (expected * (1 - min(marked.sum() / of.sum(), 0.999)))).sum()
    return bool(chi2.sf(statistic, len(marked) - 1) >= AS_OFTEN)


def _every_label(shares: np.ndarray, least: float) -> bool:
    """Whether every label is marked, or every one but the label that the lack of a marker marks, then in most of its posts."""
    ordered = np.sort(shares)
    return bool(ordered[0] >= least or (ordered[1] >= max(0.8, least) and len(shares) > 1))


def _names(token: str, label: str) -> bool:
    word = token.rpartition(" ")[2].strip("'\"#@_[]()").lower()
    return len(word) >= 3 and (word == label.lower() or word in re.split(r"[\W_]+", label.lower()) or label.lower().startswith(word))


def _counted(texts: list[dict[str, bool]], truth: np.ndarray, labels: int) -> dict[str, np.ndarray]:
    """Posts of each label with each token."""
    counted: dict[str, np.ndarray] = {}
    for tokens, label in zip(texts, truth.tolist(), strict=True):
        for token in tokens:
            if token not in counted:
                counted[token] = np.zeros(labels)
            counted[token][label] += 1
    return counted


def _shown(token: str, label: str) -> str:
    """A token that says no more than the label or a form; another may be the word of few people, and verdicts are kept."""
    form = token.startswith(("shape ", "all in ", "first letter ")) or token.endswith(" doubled blanks")
    return token if form or _names(token, label) else "a word or sign, not named here"


def _examples(which: dict[int, list[str]], counts: dict[str, np.ndarray], labels: list[str]) -> str:
    best = Counter({(one, token): counts[token][one] for one, tokens in which.items() for token in tokens})
    told: dict[int, str] = {}
    for (one, token), _ in best.most_common():
        told.setdefault(one, f"{_shown(token, labels[one])} ({labels[one]})")
    return ", ".join(told[one] for one in sorted(told))
