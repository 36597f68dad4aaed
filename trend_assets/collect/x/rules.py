"""Rules: what to ask X for, from a file; held against X's limits, compared with what the server has.

What belongs here: reading, checking and comparing rules. What doesn't: requests (``client``), which rules pay (``portfolio``).

The file is a YAML list; each item has ``value`` (X's query language), ``tag`` (its name everywhere else: in ``matching_rules`` of posts,
in the ledger) and, where the rule was made for a rising topic, ``topic``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import yaml

from trend_assets.collect.x.responses import StreamRule

MOST_RULES = 1_000
LONGEST_RULE = 1_024
LONGEST_QUERY = {"counts_recent": 512, "search_recent": 512, "counts_all": 1_024, "search_all": 1_024}
"""Characters of a query, by kind of request, on the pay-per-use plan (docs.x.com, Rate limits)."""

_UNSEARCHABLE = ("sample:", "bio:", "bio_name:", "bio_location:")
"""Operators that only the stream knows (docs.x.com, Recovery and redundancy)."""


class RulesError(ValueError):
    """A rules file that cannot be used; the message names every fault."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule. tag: unique; the value's start where the file gives none. topic: id of the topic it was made for. origin: what it was made
    from by `trend-assets terms` (brand, catalogue, topic); empty where a person wrote it."""

    value: str
    tag: str = ""
    topic: str | None = None
    origin: str = ""


def read_rules(path: Path) -> list[Rule]:
    """The rules of a file, in its order. Raises ``RulesError``, also for a file that is missing."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"{path.name}: {error}. Expected a list of items with value and tag (docs/x.md)") from error
    rules = parse_rules(text, path.name)
    check_rules(rules, path.name)
    return rules


def parse_rules(text: str, where: str = "rules") -> list[Rule]:
    """The rules of a file's text, in its order, not held against X's limits yet. Raises ``RulesError``."""
    try:
        items = msgspec.convert(yaml.safe_load(text) or [], list[Rule | str])
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise RulesError(f"{where}: {error}. Expected a list of items with value and tag (docs/x.md)") from error
    rules = [Rule(item) if isinstance(item, str) else item for item in items]
    return [Rule(value := " ".join(rule.value.split()), rule.tag or value[:60], rule.topic, rule.origin) for rule in rules]


def check_rules(rules: Sequence[Rule], where: str = "rules") -> None:
    """Raises ``RulesError`` naming every fault: too many, too long, empty, a tag or value twice, unbalanced quotes or parentheses."""
    faults = [f"{len(rules):,} rules, X allows {MOST_RULES:,}"] if len(rules) > MOST_RULES else []
    if not rules:
        faults.append("no rule")
    tags: dict[str, int] = {}
    values: dict[str, int] = {}
    for number, rule in enumerate(rules, start=1):
        faults += [f"rule {number} ({rule.tag[:40]}): {fault}" for fault in _faults(rule)]
        for name, known, text in (("tag", tags, rule.tag), ("value", values, rule.value)):
            if text in known:
                faults.append(f"rule {number}: the {name} of rule {known[text]} again")
            known.setdefault(text, number)
    if faults:
        raise RulesError(f"{where}: " + "; ".join(faults))


def _faults(rule: Rule) -> list[str]:
    faults = []
    if not rule.value:
        faults.append("empty")
    if len(rule.value) > LONGEST_RULE:
        faults.append(f"{len(rule.value):,} characters, X allows {LONGEST_RULE:,}")
    if rule.value.count('"') % 2:
        faults.append("a quotation mark without its other half")
    outside = "".join(rule.value.split('"')[::2])
    if outside.count("(") != outside.count(")"):
        faults.append("parentheses do not match")
    return faults


def fits(rule: Rule, kind: str) -> str:
    """Why a rule cannot be asked as a query of this kind; empty where it can."""
    most = LONGEST_QUERY.get(kind, LONGEST_RULE)
    if len(rule.value) > most:
        return f"{len(rule.value):,} characters, X allows {most:,} for {kind}"
    found = [] if kind == "stream" else [operator for operator in _UNSEARCHABLE if operator in rule.value]
    return f"{', '.join(found)} only works on the stream" if found else ""


def searchable(rules: Sequence[Rule], kind: str) -> tuple[list[Rule], list[str]]:
    """The rules that can be asked as queries of this kind, and of the others name and fault."""
    faults = {rule.tag: fault for rule in rules if (fault := fits(rule, kind))}
    return [rule for rule in rules if rule.tag not in faults], [f"{tag}: {fault}" for tag, fault in faults.items()]


def difference(wanted: Iterable[Rule], there: Iterable[StreamRule]) -> tuple[list[StreamRule], list[StreamRule]]:
    """Rules to delete and rules to add, so that the server has the wanted ones. A rule with another tag is deleted and added anew."""
    want = {(rule.value, rule.tag): rule for rule in wanted}
    have = {(rule.value, rule.tag or ""): rule for rule in there}
    delete = [rule for key, rule in sorted(have.items()) if key not in want]
    add = [StreamRule(value, tag) for value, tag in want if (value, tag) not in have]
    return delete, add
