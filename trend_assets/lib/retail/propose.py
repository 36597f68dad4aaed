"""Which of the retailer's columns is which of ours: guessed from names and from values, with the reason and how sure it is.

What belongs here: the guess and the mapping made of it. What doesn't: describing columns (``profile.py``), words
(``words.py``), writing the mapping as text (``proposal_text.py``). A guess is only a proposal: it is shown, and run on the file.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from trend_assets.lib.retail.mapping import TABLE_NAMES
from trend_assets.lib.retail.profile import Profile
from trend_assets.lib.retail.rules import FileFormat
from trend_assets.lib.retail.words import CHANGE_TIMES, CHANNELS, COLUMNS, CURRENCIES, KINDS, normalised
from trend_assets.tables import TABLES, Column

LEAST = 0.45
"""Below this a pair of columns is not proposed."""
_BY_VALUES = 0.4
_FEW = 20
"""Quantities of so few rows may all differ by chance; of more they would be a running number."""
_FILE_HINTS = {
    "products": "product catalogue catalog article produit artikel item sku",
    "stores": "store shop magasin filiale tienda boutique place",
    "inventory": "stock inventory bestand inventaire existencias",
    "orders": "order sale vente ticket bestellung verkauf pedido venta invoice transaction commande",
    "deliveries": "deliver purchase supplier fournisseur livraison lieferung entrega reception po",
    "promotions": "promo promotion aktion rabatt oferta",
}
ASSUMED: dict[str, dict[str, tuple[Any, str]]] = {
    "orders": {"kind": ("sale", "every line is a sale"), "store_id": ("web", "all orders are of one place, called web")},
    "products": {"category": ("All", "no category: all products are in one, and links to trends will be weaker")},
    "stores": {"channel": ("store", "all places are shops")},
    "inventory": {"reserved": (0, "nothing is reserved"), "store_id": ("web", "all stock is at one place, called web")},
    "deliveries": {"store_id": ("web", "all deliveries go to one place, called web")},
    "promotions": {"store_id": ("web", "all promotions are of one place, called web")},
}
"""What is written where a file does not tell a required column, and what that says."""

_ADVICE = {
    "product_id": "the column that identifies the product (SKU): every table needs it to be joined",
    "product_name": "the name that customers read: trends are linked by its words",
    "order_id": "the number of the ticket, invoice or order",
    "ordered_at": "when the order was placed: a date, better with the time",
    "quantity": "units of the line; if there is none, write {constant: 1}",
    "unit_price": "the price paid for one unit; if there is only the line's total, divide it by the quantity in the export",
    "day": "the day the stock was counted: export one file a day and name it stock_2026-09-01.csv, or add a column",
    "on_hand": "units in stock",
    "due_on": "the day the supplier promised",
    "ordered_on": "the day the purchase order was placed",
    "delivery_id": "the number of the purchase order line",
    "store_id": "the place",
    "store_name": "the name of the place",
    "discount": "the price reduction as a share: 0.2 is 20 %",
    "quantity_received": "units received so far; if nothing tells, write {constant: 0}",
}


@dataclass(frozen=True)
class Match:
    """One of our columns and theirs; ``confidence`` from 0 to 1, ``why`` in words, ``rule`` as the mapping writes it."""

    ours: str
    theirs: str
    confidence: float
    why: str
    examples: tuple[str, ...]
    rule: Any


@dataclass(frozen=True)
class Proposal:
    """A proposed mapping of one file or database table.

    ``assumed``: our column to the constant that is written and what it says; ``missing``: required columns without a source
    and what to do; ``personal``: their columns left out and why; ``unused``: their other columns.
    """

    table: str
    matches: tuple[Match, ...]
    assumed: Mapping[str, tuple[Any, str]]
    missing: Mapping[str, str]
    personal: Mapping[str, str]
    unused: tuple[str, ...]
    format: Mapping[str, Any]
    notes: tuple[str, ...]
    currency: str = ""
    recognised: str = ""
    others: tuple[tuple[str, float], ...] = field(default=())

    @property
    def complete(self) -> bool:
        """Whether the mapping can be used as it is."""
        return not self.missing


def propose(profiles: Sequence[Profile], file_name: str, table_name: str | None = None, has_day: bool = False) -> Proposal:
    """The best mapping of columns to ours.

    Parameters: ``file_name`` hints at the table; ``table_name`` decides it; ``has_day``: the file's name tells its day.
    """
    personal = {profile.name: profile.people for profile in profiles if profile.people is not None}
    usable = [profile for profile in profiles if profile.name not in personal and normalised(profile.name) not in CHANGE_TIMES]
    tried = {name: _pairs(name, usable) for name in ([table_name] if table_name else TABLE_NAMES)}
    scores = {name: _table_score(name, pairs, usable, file_name) for name, pairs in tried.items()}
    chosen = max(scores, key=lambda name: scores[name])
    others = tuple(sorted(((name, score) for name, score in scores.items() if name != chosen), key=lambda pair: -pair[1]))
    return _built(chosen, tried[chosen], usable, {name: why or "" for name, why in personal.items()}, others, has_day)


def _name_score(name: str, synonyms: Sequence[str]) -> tuple[float, str]:
    ours = normalised(name)
    together = ours.replace(" ", "")
    if not ours:
        return 0.0, ""
    for place, word in enumerate(synonyms):
        if ours == word or together == word.replace(" ", ""):
            return 1.0 - 0.1 * place / len(synonyms), f"{name!r} is a usual name for it"
    words = ours.split()
    for word in synonyms:
        parts = word.split() if len(word) > 2 else ["\0"]  # "id" or "at" is part of too many names
        if any(words[start : start + len(parts)] == parts for start in range(len(words) - len(parts) + 1)):
            return 0.55 + 0.3 * len(parts) / len(words), f"{name!r} contains {word!r}"
    close = difflib.get_close_matches(ours, synonyms, 1, 0.82)
    return (0.6, f"{name!r} is close to {close[0]!r}") if close else (0.0, "")


def _value_score(table: str, column: Column, profile: Profile) -> tuple[float, str]:
    """How well values fit, 0 (not at all) to 1, and what they are."""
    if not profile.values:
        return 0.3, "no values to judge by"
    if pa.types.is_temporal(column.type):
        return profile.date.share, f"{profile.date.share:.0%} are dates as {profile.date.pattern}"
    if pa.types.is_integer(column.type):
        return profile.number.whole, f"{profile.number.whole:.0%} are whole numbers"
    if pa.types.is_floating(column.type):
        return profile.number.share, f"{profile.number.share:.0%} are numbers"
    if column.allowed:
        known = {word for words in (KINDS if column.name == "kind" else CHANNELS).values() for word in words}
        share = sum(normalised(value) in known for value in profile.values) / len(profile.values)
        return share, f"{share:.0%} are words for {', '.join(column.allowed)}"
    dates = profile.date.share if profile.date.pattern != "%Y%m%d" else 0.0
    if column.name.endswith("_id"):
        if dates > 0.9 or (profile.number.share > 0.95 and profile.number.whole < 0.9):
            return 0.0, "dates or decimals, no identifiers"
        is_key = TABLES[f"retail/{table}"].key == (column.name,)
        return (1.0, "unique values") if is_key and profile.unique else (0.4 if is_key else 0.8, f"{profile.distinct} different values")
    return (profile.letters * (dates < 0.9), f"{profile.letters:.0%} are texts")


def _pairs(table: str, profiles: Sequence[Profile]) -> list[Match]:
    """The best pairs of columns, each of ours and theirs once: by name and values, then by values alone."""
    candidates: list[Match] = []
    for column in TABLES[f"retail/{table}"].columns:
        for profile in profiles:
            named, name_reason = (
                _name_score(profile.name, COLUMNS[table].get(column.name, [])) if column.name in COLUMNS[table] else (0.0, "")
            )
            if not named:
                continue
            fits, reason = _value_score(table, column, profile)
            confidence = 0.65 * named + 0.35 * fits if fits >= 0.3 else 0.5 * named
            candidates.append(
                Match(column.name, profile.name, round(confidence, 2), f"{name_reason}; {reason}", profile.examples, profile.name)
            )
    chosen: dict[str, Match] = {}
    taken: set[str] = set()
    for match in sorted(candidates, key=lambda match: -match.confidence):
        if match.confidence >= LEAST and match.ours not in chosen and match.theirs not in taken:
            chosen[match.ours] = match
            taken.add(match.theirs)
    for column in TABLES[f"retail/{table}"].columns:
        if column.name in chosen or column.nullable or column.name in ("data_origin", "line", "kind", "currency", "reserved", "category"):
            continue
        guess = _only_fitting(table, column, [profile for profile in profiles if profile.name not in taken])
        if guess is not None:
            chosen[column.name] = guess
            taken.add(guess.theirs)
    order = [column.name for column in TABLES[f"retail/{table}"].columns]
    return sorted(chosen.values(), key=lambda match: order.index(match.ours))


def _only_fitting(table: str, column: Column, left: Sequence[Profile]) -> Match | None:
    """The one column whose values alone fit a required column whose name is not there; nothing where two do."""
    if column.type == pa.string() and not (column.name == "product_id" and table == "products"):
        return None
    if column.name == "day" and table != "inventory":
        return None
    fitting = []
    for profile in left:
        fits, reason = _value_score(table, column, profile)
        looks_like_price = profile.number.whole < 0.9
        if pa.types.is_integer(column.type) and ((profile.unique and profile.rows > _FEW) or profile.date.share > 0.9):
            continue
        if pa.types.is_floating(column.type) and not looks_like_price:
            continue
        if profile.values and fits >= 0.95:
            fitting.append((profile, reason))
    if len(fitting) != 1:
        return None
    profile, reason = fitting[0]
    return Match(column.name, profile.name, _BY_VALUES, f"the only column left that fits: {reason}", profile.examples, profile.name)


def _required(table: str) -> list[str]:
    implied = {"data_origin", "line", "currency", "day", *ASSUMED[table]}
    implied -= {"day"} if table == "inventory" else set()
    return [column.name for column in TABLES[f"retail/{table}"].columns if not column.nullable and column.name not in implied]


def _table_score(table: str, pairs: Sequence[Match], profiles: Sequence[Profile], file_name: str) -> float:
    found = {match.ours: match for match in pairs}
    required = _required(table)
    score = sum(found[name].confidence for name in required if name in found) / len(required)
    score += 0.04 * sum(name not in required for name in found)
    unique = {profile.name for profile in profiles if profile.unique}
    if table in ("products", "stores"):
        key = found.get(TABLES[f"retail/{table}"].key[0])
        many = any(profile.rows > 3 for profile in profiles)
        if key is None or (many and key.theirs not in unique):
            score *= 0.5  # a catalogue names each product once; sales name it often
    words = normalised(file_name)
    if any(hint in words for hint in _FILE_HINTS[table].split()):
        score += 0.2
    return round(score, 3)


def _built(
    table: str,
    pairs: Sequence[Match],
    profiles: Sequence[Profile],
    personal: dict[str, str],
    others: tuple[tuple[str, float], ...],
    has_day: bool,
) -> Proposal:
    by_name = {profile.name: profile for profile in profiles}
    matches = [match for match in pairs if not (match.ours == "day" and has_day)]
    file_format, notes = _format(table, matches, by_name)
    finished = tuple(_finished(table, match, by_name, file_format, matches, notes) for match in matches)
    found = {match.ours for match in finished}
    assumed = {name: told for name, told in ASSUMED[table].items() if name not in found}
    if table == "orders" and "kind" in assumed:
        assumed.update(_kind_from_signs(finished, by_name))
    if table == "inventory" and has_day:
        found.add("day")
    currency = ""
    if table == "orders" and "currency" not in found:
        currency = next((CURRENCIES[symbol.lower()] for symbol in file_format.get("symbols", ()) if symbol.lower() in CURRENCIES), "")
        assumed["currency"] = (currency or "EUR", "read from the prices' sign" if currency else "the file does not tell it: EUR is assumed")
        currency = currency or "EUR"
    missing = {name: _ADVICE.get(name, "a column of yours, or a constant") for name in _required(table) if name not in found | set(assumed)}
    used = {match.theirs for match in finished}
    return Proposal(
        table=table,
        matches=finished,
        assumed=assumed,
        missing=missing,
        personal=personal,
        unused=tuple(profile.name for profile in profiles if profile.name not in used),
        format=file_format,
        notes=tuple(notes),
        currency=currency,
        others=others,
    )


def _format(table: str, matches: Sequence[Match], profiles: Mapping[str, Profile]) -> tuple[dict[str, Any], list[str]]:
    """Settings of the file's format that differ from the defaults, and what to say about them."""
    declared = {column.name: column for column in TABLES[f"retail/{table}"].columns}
    numeric = [
        profiles[match.theirs]
        for match in matches
        if pa.types.is_integer(declared[match.ours].type) or declared[match.ours].type == pa.float64()
    ]
    dated = [profiles[match.theirs] for match in matches if pa.types.is_temporal(declared[match.ours].type)]
    file_format: dict[str, Any] = {}
    notes: list[str] = []
    if any(profile.number.decimal == "," for profile in numeric):
        file_format["decimal"] = ","
        notes.append("numbers have a decimal comma")
    thousands = next((profile.number.thousands for profile in numeric if profile.number.thousands), "")
    if thousands:
        file_format["thousands"] = thousands
        notes.append(f"thousands are separated by {'a space' if thousands == ' ' else repr(thousands)}")
    symbols = sorted({symbol for profile in numeric for symbol in profile.number.symbols})
    if symbols:
        file_format["symbols"] = symbols
        notes.append(f"numbers carry {', '.join(symbols)}, which is removed")
    patterns = [profile.date.pattern for profile in dated if profile.date.share > 0]
    if patterns and max(set(patterns), key=patterns.count) != "iso":
        file_format["date_format"] = max(sorted(set(patterns)), key=patterns.count)
    for profile in dated:
        if profile.date.ambiguous is not None:
            notes.append(
                f"{profile.name}: {profile.examples[0]!r} may be day first or month first; {profile.date.pattern} is proposed: please check"
            )
        if profile.date.second is not None:
            notes.append(
                f"{profile.name}: dates are written in two ways, {profile.date.pattern} and {profile.date.second}; only the first is read"
            )
    if any(profile.date.has_time and not profile.date.has_zone for profile in dated):
        notes.append("times have no zone: UTC is assumed; set `timezone`, such as Europe/Paris, if they are local")
    absent = sorted({word for match in matches for word in profiles[match.theirs].absent_words})
    if absent:
        file_format["missing"] = absent
        notes.append(f"{', '.join(absent)}: read as no value")
    return file_format, notes


def _finished(
    table: str, match: Match, profiles: Mapping[str, Profile], file_format: Mapping[str, Any], matches: Sequence[Match], notes: list[str]
) -> Match:
    """The match with its rule as the mapping writes it."""
    column, profile = TABLES[f"retail/{table}"].column(match.ours), profiles[match.theirs]
    rule: dict[str, Any] = {"column": match.theirs}
    if pa.types.is_temporal(column.type) and profile.date.share > 0:
        if profile.date.pattern != file_format.get("date_format", FileFormat().date_format):
            rule["date_format"] = profile.date.pattern
    elif column.allowed:
        lookup, unknown = _lookup(column.name, profile)
        rule |= {"lookup": lookup} if any(theirs != ours for theirs, ours in lookup.items()) else {}
        if unknown:
            notes.append(f"{match.theirs}: say which of {', '.join(column.allowed)} these are, in its lookup: {', '.join(unknown[:8])}")
    elif column.name == "discount" and profile.numbers and max(profile.numbers) > 1:
        rule["divide_by"] = 100
    elif pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        if profile.number.decimal == "." and file_format.get("decimal") == "," and profile.number.whole < profile.number.share:
            rule["decimal"] = "."
        if column.name == "quantity" and profile.numbers and min(profile.numbers) >= 0:
            kind = next((other for other in matches if other.ours == "kind"), None)
            returns = [theirs for theirs, ours in _lookup("kind", profiles[kind.theirs])[0].items() if ours != "sale"] if kind else []
            if kind is not None and returns:
                rule["negate_when"] = {"column": kind.theirs, "equals": returns}
    plain = set(rule) == {"column"}
    return Match(match.ours, match.theirs, match.confidence, match.why, match.examples, match.theirs if plain else rule)


def _lookup(column: str, profile: Profile) -> tuple[dict[str, str], list[str]]:
    words = {word: ours for ours, known in (KINDS if column == "kind" else CHANNELS).items() for word in known}
    lookup: dict[str, str] = {}
    unknown: list[str] = []
    for value in dict.fromkeys(profile.values):
        ours = words.get(normalised(value))
        if ours is None:
            unknown.append(value)
        else:
            lookup[value] = ours
    return lookup, unknown


def _kind_from_signs(matches: Sequence[Match], profiles: Mapping[str, Profile]) -> dict[str, tuple[Any, str]]:
    quantity = next((match for match in matches if match.ours == "quantity"), None)
    if quantity is None or not any(number < 0 for number in profiles[quantity.theirs].numbers):
        return {}
    cases = [{"when": {"column": quantity.theirs, "below": 0}, "value": "return"}]
    return {"kind": ({"cases": cases, "otherwise": "sale"}, f"lines with a negative {quantity.theirs} are returns, the others sales")}
