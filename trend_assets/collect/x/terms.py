"""The list of terms to count: rules made from our brands, the catalogue and rising topics, and the part of the rules file that holds them.

What belongs here: what is asked of each, which of them the budget pays for, the file's text. What doesn't: reading the lake
(``term_sources``), printing (``commands/terms.py``), what a rule brought (``portfolio``).

A rule keeps its tag and query for as long as what it was made for is there: another query would be another series, without a past.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import yaml

from trend_assets.collect.x.portfolio import Holding
from trend_assets.collect.x.rules import LONGEST_QUERY, MOST_RULES, Rule, RulesError, check_rules, fits, parse_rules

MARKER = "# --- made by `trend-assets terms`; what is below this line is replaced, what is above stays as you wrote it ---"
NO_REPOSTS = "-is:retweet"
WORDS_OF_A_TOPIC = 3
LONGEST_TAG = 60
HALF = 0.5
"""A word stands for a product type when more than this share of its names begins with it, and so much of all names with it are its."""
PLURAL = 2
"""Letters that a type's name may have more in its products' names: jean, jeans."""

_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_HASHTAG = re.compile(r"\w+")
_NOT_ASKABLE = re.compile(r'["\\\x00-\x1f\x7f]+')
_WORD = re.compile(r"[^\W\d_]{2,}(?:[-'’][^\W\d_]+)*")


class ProductKind(msgspec.Struct, frozen=True):
    """A product type of the catalogue: its name there, products of it, and the names of these (each language's on their own)."""

    name: str
    products: int
    names: tuple[tuple[str, ...], ...] = ()


class RisingTopic(msgspec.Struct, frozen=True):
    """A topic raised as a trend and not suppressed: id, label, keywords (strongest first)."""

    topic_id: str
    label: str
    keywords: tuple[str, ...]


class Decision(msgspec.Struct, frozen=True):
    """What becomes of a rule. change: + added, - removed, ' ' kept."""

    change: str
    rule: Rule
    why: str


def brand_rules(brands: Iterable[str]) -> list[Rule]:
    """A rule for each brand: its name, its handle and hashtag where it can be one; brands that differ in case or space only are one."""
    rules: dict[str, Rule] = {}
    for brand in brands:
        name = _askable(brand)
        if not name:
            continue
        joined = name.replace(" ", "")
        parts = [f'"{name}"']
        parts += [f"@{name}"] if _HANDLE.fullmatch(name) else []
        parts += [f"#{joined}"] if " " in name and _HASHTAG.fullmatch(joined) else []
        rules.setdefault(name.casefold(), Rule(_any_of(parts), _tag(f"brand {name.casefold()}"), None, "brand"))
    return list(rules.values())


def catalogue_rules(kinds: Sequence[ProductKind]) -> list[Rule]:
    """A rule for each product type, those with most products first: its name, and in each language the word that its products share.

    That word is read off the names (``shared_words``), not off a list of translations.
    """
    rules: dict[str, Rule] = {}
    shared = shared_words(kinds)
    for place, kind in sorted(enumerate(kinds), key=lambda one: (-one[1].products, one[1].name)):
        name = _askable(kind.name)
        if name:
            words = dict.fromkeys([name.casefold(), *shared[place]])
            rules.setdefault(
                name.casefold(), Rule(_any_of([f'"{word}"' for word in words]), _tag(f"type {name.casefold()}"), None, "catalogue")
            )
    return list(rules.values())


def shared_words(kinds: Sequence[ProductKind]) -> list[list[str]]:
    """For each product type and language of its names the word that stands for it there, if another than its own; O(words of names).

    That is its own in another form ("jeans", "jean"), else what most of its names begin with ("Robe portefeuille", "Robe chemise"),
    if they go on differently after it and other types' names hardly have it. A language that names things last ("wrap dress") tells
    nothing here, nor does a type of one design, of which material and thing cannot be told apart: then the type's name stands alone.
    """
    names = [[[_words_of(name) for name in of_language] for of_language in kind.names] for kind in kinds]
    everywhere: dict[int, Counter[str]] = {}
    for of_kind in names:
        for language, found in enumerate(of_kind):
            everywhere.setdefault(language, Counter()).update(word for words in found for word in set(words))
    return [
        [word for language, found in enumerate(of_kind) if (word := _standing_for(kind.name, found, everywhere[language]))]
        for kind, of_kind in zip(kinds, names, strict=True)
    ]


def _standing_for(kind: str, names: Sequence[Sequence[str]], everywhere: Mapping[str, int]) -> str:
    """The word; empty where there is none."""
    stem = kind.casefold().removesuffix("s")
    said = Counter(word for words in names for word in set(words) if word.startswith(stem) and len(word) <= len(stem) + PLURAL)
    if said and HALF * len(names) < said.total():
        form = min(said, key=lambda word: (-said[word], word))
        return "" if form == kind.casefold() else form
    firsts = Counter(words[0] for words in names if words)
    for word, count in firsts.most_common(1):
        seconds = {words[1] for words in names if len(words) > 1 and words[0] == word}
        if count > HALF * len(names) and count >= HALF * everywhere[word] and len(seconds) > 1:
            return word
    return ""


def _words_of(name: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFC", name).casefold())


def topic_rules(topics: Sequence[RisingTopic]) -> list[Rule]:
    """A rule for each topic: phrases of its label, and its strongest word together with one of the next."""
    rules: dict[str, Rule] = {}
    for topic in topics:
        words = [word for word in (_askable(one) for one in topic.keywords) if word][:WORDS_OF_A_TOPIC]
        phrases = [phrase for phrase in (_askable(part) for part in topic.label.split("·")) if " " in phrase]
        parts = [f'"{phrase}"' for phrase in dict.fromkeys(phrases)]
        parts += [f'("{words[0]}" "{word}")' for word in words[1:]] if words else []
        if not parts and words:
            parts = [f'"{words[0]}"']
        if parts:
            tag = _tag(f"topic {_askable(topic.label)[:40].strip()} {topic.topic_id[:8]}")
            rules.setdefault(topic.topic_id, Rule(_any_of(parts), tag, topic.topic_id, "topic"))
    return list(rules.values())


def _any_of(parts: Sequence[str]) -> str:
    """The query of posts with any of the parts that X's limit lets, empty where it lets none; reposts are no new voice, so not counted."""
    chosen: list[str] = []
    for part in parts:
        longer = " OR ".join([*chosen, part])
        if len(longer) + len(NO_REPOSTS) + 3 <= LONGEST_QUERY["counts_recent"]:
            chosen.append(part)
    asked = " OR ".join(chosen)
    return f"({asked}) {NO_REPOSTS}" if len(chosen) > 1 else f"{asked} {NO_REPOSTS}" if asked else ""


def _askable(text: str) -> str:
    """Text as it can stand in a quoted phrase: NFC, spaces collapsed, without quotation marks; empty where no letter or digit is left."""
    plain = " ".join(_NOT_ASKABLE.sub(" ", unicodedata.normalize("NFC", text)).split())
    return plain if any(sign.isalnum() for sign in plain) else ""


def _tag(text: str) -> str:
    """A tag of limited length; a longer one ends in the start of its hash."""
    return text if len(text) <= LONGEST_TAG else f"{text[: LONGEST_TAG - 9].rstrip()} {hashlib.sha256(text.encode()).hexdigest()[:8]}"


def choose(
    by_hand: Sequence[Rule],
    made_before: Sequence[Rule],
    wanted: Sequence[Rule],
    weigh: Callable[[Sequence[Rule]], Sequence[Holding]],
    most: int,
) -> tuple[list[Rule], list[Decision]]:
    """The rules to be made, and what became of every rule made now or before.

    by_hand: kept whatever they cost. wanted: in order of preference. weigh: the portfolio of rules, ours among them; a rule that it does
    not keep is left out, but for brands, which are watched whatever they bring. most: rules made at most. Also left out are rules that X
    cannot count, and those that ask the same as another.
    """
    earlier = {(rule.origin, rule.topic or rule.tag): rule for rule in made_before}
    tags, values = {rule.tag for rule in by_hand}, {rule.value for rule in by_hand}
    candidates: list[Rule] = []
    left_out: list[Decision] = []
    for rule in wanted:
        known = earlier.get((rule.origin, rule.topic or rule.tag))
        # A topic is renamed as it grows: its rule stays. Brands and the catalogue mean what they say now.
        chosen = known if known is not None and rule.origin == "topic" else rule
        fault = "asked by another rule" if chosen.tag in tags or chosen.value in values else fits(chosen, "counts_recent")
        if fault or not chosen.value:
            left_out.append(Decision("-", chosen, fault or "longer than X allows"))
            continue
        tags.add(chosen.tag)
        values.add(chosen.value)
        candidates.append(chosen)
    held = {holding.rule: holding for holding in weigh(candidates)}
    made: list[Rule] = []
    for rule in candidates:
        bought = rule.origin == "brand" or held[rule.tag].kept
        if bought and len(made) < min(most, MOST_RULES - len(by_hand)):
            made.append(rule)
        else:
            left_out.append(Decision("-", rule, held[rule.tag].why if not bought else f"more than {most} rules"))
    return made, _decisions(made, made_before, left_out, held)


def _decisions(
    made: Sequence[Rule], made_before: Sequence[Rule], left_out: Sequence[Decision], held: Mapping[str, Holding]
) -> list[Decision]:
    before, now = {rule.tag: rule for rule in made_before}, {rule.tag for rule in made}
    why = {one.rule.tag: one.why for one in left_out}
    gone = [Decision("-", rule, why.get(tag, "no longer there")) for tag, rule in before.items() if tag not in now]
    told = []
    for rule in made:
        known = before.get(rule.tag)
        changed = known is not None and known.value != rule.value
        told.append(Decision(" " if known is not None and not changed else "+", rule, "asked anew" if changed else held[rule.tag].why))
        if known is not None and changed:
            told.append(Decision("-", known, "asked anew"))
    return told + gone


def split_file(text: str) -> tuple[str, list[Rule], list[Rule]]:
    """The part that a person wrote (its text and its rules) and the rules that were made. Raises ``RulesError``."""
    head, marker, tail = text.partition(MARKER)
    by_hand = parse_rules(head, "the rules written by hand")
    return head, by_hand, parse_rules(tail, "the rules made before") if marker else []


def render(head: str, made: Sequence[Rule]) -> str:
    """The file's text: what a person wrote, byte for byte, the marker, the rules that were made. Raises ``RulesError`` for no list."""
    items = [
        {"value": rule.value, "tag": rule.tag} | ({"topic": rule.topic} if rule.topic else {}) | {"origin": rule.origin} for rule in made
    ]
    listed = yaml.safe_dump(items, allow_unicode=True, sort_keys=False, width=10_000) if items else ""
    text = f"{head}{'' if not head or head.endswith(chr(10)) else chr(10)}{MARKER}\n{listed}"
    wanted = len(parse_rules(head, "the rules written by hand")) + len(made)
    try:
        rules = parse_rules(text)
    except RulesError as error:
        raise RulesError(
            "nothing can be added to the rules written by hand: write them as a list with a dash a rule (docs/x.md)"
        ) from error
    if len(rules) != wanted:
        raise RulesError(f"{len(rules)} rules would be read where {wanted} were meant: nothing is written")
    check_rules(rules)
    return text
