"""What would change our mind about a decision card: facts that would make the rules say something else.

What belongs here: which facts are tried, and asking the rules. What doesn't: the rules (``cards.py``), sentences in a language
(``board/words.py``).

Nothing is worded by hand for a kind of card: each fact is tried on the card's own numbers with the rules that made the card, and
only what really turns the decision is returned. A card whose decision the numbers at hand do not reproduce gets none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

import pyarrow as pa

from trend_assets.lib.demand.cards import DEFAULT_RULES, FALLING, CardRules, decision_cards

Kind = Literal["delivery_by", "lead_time", "demand", "stock", "fades", "settles", "returns"]
STEPS = 40
"""Most values tried of one fact; the statement is true for the value it names, which need not be the smallest."""

_ORDER: Mapping[str, tuple[Kind, ...]] = {
    "expedite": ("delivery_by", "demand", "stock", "fades"),
    "reorder": ("demand", "stock", "fades"),
    "too_late": ("lead_time", "settles", "stock", "demand"),
    "hold": ("lead_time", "demand"),
    "mark_down": ("returns", "demand"),
}


@dataclass(frozen=True)
class Turn:
    """A fact and what the rules would then say.

    ``amount``: units a day (demand), units more in stock now (stock), days (lead_time), posts in 3 hours (fades: fewer than so
    many; None where unknown), days of life left (settles). ``by``: last day on which a delivery helps (delivery_by).
    """

    kind: Kind
    action: str
    amount: float | None = None
    by: date | None = None


@dataclass(frozen=True)
class _Probe:
    """A fact tried on a card: the changed fields of the row that the rules are asked about."""

    turn: Turn
    changes: Mapping[str, Any]


def turns(
    cards: Sequence[Mapping[str, Any]],
    next_due: Mapping[tuple[str, str], date],
    peak_posts: Mapping[str, float],
    rules: CardRules = DEFAULT_RULES,
) -> dict[str, tuple[Turn, ...]]:
    """What would turn each card, by card id, the most useful first.

    Parameters: ``cards``, rows of ``demand/decision_cards`` of any days; ``next_due``, day on which the next open delivery within
    the lead time is due, by product and place; ``peak_posts``, most posts in 3 hours of the last 3 days, by topic.
    """
    found: dict[str, tuple[Turn, ...]] = {}
    for day in sorted({card["day"] for card in cards}):
        of_day = [card for card in cards if card["day"] == day]
        asked: list[tuple[str, _Probe | None, dict[str, Any]]] = []
        for card in of_day:
            due = next_due.get((card["product_id"], card["store_id"]))
            asked.append((card["card_id"], None, _row(card, due)))
            peak = peak_posts.get(card["topic_id"])
            asked += [(card["card_id"], probe, {**_row(card, due), **probe.changes}) for probe in _probes(card, due, peak, rules)]
        said = _actions([row for _, _, row in asked], day, rules)
        of_probe: dict[str, list[tuple[_Probe | None, str | None]]] = {}
        for (card_id, probe, _), action in zip(asked, said, strict=True):
            of_probe.setdefault(card_id, []).append((probe, action))
        for card in of_day:
            found[card["card_id"]] = _turned(card["action"], of_probe[card["card_id"]])
    return found


def _turned(action: str, answers: Sequence[tuple[_Probe | None, str | None]]) -> tuple[Turn, ...]:
    """The first probe of each kind that turns the decision, where the numbers reproduce the decision at all."""
    if answers[0][1] != action:
        return ()
    first: dict[str, Turn] = {}
    for probe, said in answers[1:]:
        # a lead time is asked for because an order would help, not to hear that one is too long
        wanted = probe is None or probe.turn.kind != "lead_time" or said != "too_late"
        if probe is not None and said is not None and said != action and wanted:
            first.setdefault(probe.turn.kind, replace(probe.turn, action=said))
    return tuple(first[kind] for kind in _ORDER[action] if kind in first)


def _actions(rows: Sequence[dict[str, Any]], day: date, rules: CardRules) -> list[str | None]:
    """What the rules say to each row; None where they give no card. Rows are told apart by their place."""
    numbered = [row | {"store_id": str(number)} for number, row in enumerate(rows)]
    cards = decision_cards(pa.Table.from_pylist(numbered, schema=_SCHEMA), day, replace(rules, most_cards=len(rows) + 1))
    said = dict(zip(cards["store_id"].to_pylist(), cards["action"].to_pylist(), strict=True))
    return [said.get(str(number)) for number in range(len(rows))]


def _row(card: Mapping[str, Any], due: date | None) -> dict[str, Any]:
    """The row of ``int_trend_product_stock`` that the card's numbers stand for, as far as the decision depends on it."""
    known = {name: card[name] for name in ("day", "topic_id", "label", "product_id", "product_name", "store_id", "stage")}
    stock = {name: card[name] for name in ("available_units", "inbound_units", "lead_time_days")}
    return {
        **known,
        **stock,
        "suppressed": False,
        "next_due_on": due,
        "promotion": False,
        "data_origin": "real",
        **_demand(float(card["daily_units"]), float(card["expected_daily_units"]), card["stage"]),
    }


def _demand(daily: float, expected: float, stage: str) -> dict[str, Any]:
    """Fields that make the rules expect ``expected`` units a day where ``daily`` are sold now."""
    if stage not in FALLING:
        if expected < daily:  # less than is sold now is not the trend's doing: the sales themselves are lower
            daily = expected
        return {"daily_units": daily, "last_3_days_units": expected, "growth_24h": None, "link_score": 1.0}
    uplift = expected / daily if daily > 0 else 1.0
    if uplift < DEFAULT_RULES.least_uplift or uplift > 1:
        daily, uplift = expected, 1.0
    growth = 2 ** ((uplift - 1) / DEFAULT_RULES.growth_weight)
    return {"daily_units": daily, "last_3_days_units": daily, "growth_24h": growth, "link_score": 1.0}


def _probes(card: Mapping[str, Any], due: date | None, peak: float | None, rules: CardRules) -> Iterator[_Probe]:
    """Facts to try, the least change first within a kind."""
    yield from _supply_probes(card, due, rules)
    daily, expected, stage = float(card["daily_units"]), float(card["expected_daily_units"]), card["stage"]
    if expected > 0:
        lower = card["action"] in ("reorder", "expedite", "too_late")
        factors = [1 - step / STEPS for step in range(1, STEPS)] if lower else [1 + step / 10 for step in range(1, STEPS)]
        for amount in dict.fromkeys(_readable(expected * factor) for factor in factors):
            if 0 < amount != expected:
                yield _Probe(Turn("demand", "", amount), _reached(daily, amount, stage, rules))
    if stage not in FALLING:
        posts = None if peak is None else float(math.ceil(peak / 2))
        yield _Probe(Turn("fades", "", posts), {"stage": "fading", **_demand(daily, min(daily, expected), "fading")})
        if stage != "steady":
            yield _Probe(Turn("settles", "", float(rules.life["steady"])), {"stage": "steady"})
    else:
        yield _Probe(Turn("returns", ""), {"stage": "rising", **_demand(daily, daily, "rising")})


def _reached(daily: float, amount: float, stage: str, rules: CardRules) -> dict[str, Any]:
    """Fields for a demand of ``amount`` units a day; what the trend cannot explain by the rules is said of the sales themselves."""
    if amount > daily * rules.most_uplift or (stage in FALLING and amount > daily):
        daily = amount
    return _demand(daily, amount, stage)


def _supply_probes(card: Mapping[str, Any], due: date | None, rules: CardRules) -> Iterator[_Probe]:
    day, lead = card["day"], card["lead_time_days"]
    if due is not None and card["inbound_units"] > 0:
        latest = (due - day).days if due > day else rules.life.get(card["stage"], rules.life["peak"])
        for days in range(latest, -1, -1):
            by = day + timedelta(days=days)
            if by != due:
                yield _Probe(Turn("delivery_by", "", by=by), {"next_due_on": by})
    longest = max(rules.life.values()) if lead is None else lead - 1
    if lead is not None and card["action"] == "hold":
        longest = 0  # enough either way
    for days in range(longest, 0, -1):
        yield _Probe(Turn("lead_time", "", float(days)), {"lead_time_days": days})
    span = (lead or rules.life["steady"]) + rules.review + rules.safety
    most = math.ceil(float(card["expected_daily_units"]) * span) - min(int(card["available_units"]), 0) + 1
    for units in dict.fromkeys(math.ceil(most * step / STEPS) for step in range(1, STEPS + 1)):
        yield _Probe(Turn("stock", "", float(units)), {"available_units": int(card["available_units"]) + units})


def _readable(amount: float) -> float:
    """Rounded to what a person would say of units a day, and true as rounded, because the rounded value is tried."""
    return float(round(amount)) if amount >= 20 else round(amount, 1)


_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("topic_id", "label", "product_id", "product_name", "store_id", "stage", "data_origin")),
        *((name, pa.date32()) for name in ("day", "next_due_on")),
        *((name, pa.bool_()) for name in ("suppressed", "promotion")),
        *((name, pa.float64()) for name in ("trend_q_value", "growth_24h", "link_score", "daily_units", "last_3_days_units")),
        *((name, pa.int64()) for name in ("available_units", "inbound_units", "minimum_order_quantity")),
        ("lead_time_days", pa.int32()),
        *((name, pa.float64()) for name in ("unit_price", "unit_cost")),
    ]
)
