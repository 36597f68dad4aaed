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

from trend_assets.lib.demand.cards import actions
from trend_assets.lib.demand.situation import DEFAULT_RULES, CardRules, falling, life_of

Kind = Literal["delivery_by", "lead_time", "demand", "stock", "fades", "settles", "returns"]
STEPS = 24
"""Most values tried of one fact; the statement is true for the value it names, which need not be the smallest."""

_ORDER: Mapping[str, tuple[Kind, ...]] = {
    "expedite": ("delivery_by", "demand", "stock", "fades"),
    "move": ("delivery_by", "demand", "stock", "fades"),
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
    peak_posts: Mapping[str, float],
    rules: CardRules = DEFAULT_RULES,
) -> dict[str, tuple[Turn, ...]]:
    """What would turn each card, by card id, the most useful first.

    Parameters: ``cards``, rows of ``demand/decision_cards`` of any days; ``peak_posts``, most posts in 3 hours of the last 3 days, by
    topic.
    """
    found: dict[str, tuple[Turn, ...]] = {}
    for day in sorted({card["day"] for card in cards}):
        of_day = [card for card in cards if card["day"] == day]
        asked: list[tuple[str, _Probe | None, dict[str, Any]]] = []
        for card in of_day:
            asked.append((card["card_id"], None, _row(card)))
            peak = peak_posts.get(card["topic_id"])
            asked += [(card["card_id"], probe, {**_row(card), **probe.changes}) for probe in _probes(card, peak, rules)]
        said = actions([row for _, _, row in asked], rules)
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


def _row(card: Mapping[str, Any]) -> dict[str, Any]:
    """The row that the card's numbers stand for, as far as the decision depends on it."""
    names = ("day", "stage", "available_units", "inbound_units", "lead_time_days", "minimum_order_quantity", "unit_price", "unit_cost")
    others = ("next_due_on", "from_store_id", "from_surplus_units", "confidence", "link_score", "promotion")
    given = {name: card[name] for name in (*names, *others)}
    return {**given, "growth_24h": card["growth_24h"], **_demand(float(card["daily_units"]), float(card["expected_daily_units"]))}


def _demand(usual: float, expected: float) -> dict[str, Any]:
    """Fields that make the rules expect ``expected`` units a day where ``usual`` are sold without a trend."""
    return {"daily_units": usual, "usual_daily_units": usual, "expected_daily_units": expected}


def _probes(card: Mapping[str, Any], peak: float | None, rules: CardRules) -> Iterator[_Probe]:
    """Facts to try, the least change first within a kind."""
    yield from _supply_probes(card, rules)
    daily, expected, stage = float(card["daily_units"]), float(card["expected_daily_units"]), card["stage"]
    if expected > 0:
        lower = card["action"] in ("reorder", "expedite", "move", "too_late")
        factors = [1 - step / STEPS for step in range(1, STEPS)] if lower else [1 + step / 10 for step in range(1, STEPS)]
        for amount in dict.fromkeys(_readable(expected * factor) for factor in factors):
            if 0 < amount != expected:
                yield _Probe(Turn("demand", "", amount), _reached(daily, amount, card, rules))
    if not falling(card):
        posts = None if peak is None else float(math.ceil(peak / 2))
        yield _Probe(Turn("fades", "", posts), {"stage": "fading", "growth_24h": None, **_demand(daily, min(daily, expected))})
        if stage != "steady":
            yield _Probe(Turn("settles", "", float(rules.life["steady"])), {"stage": "steady"})
    else:
        yield _Probe(Turn("returns", ""), {"stage": "rising", **_demand(daily, daily)})


def _reached(daily: float, amount: float, card: Mapping[str, Any], rules: CardRules) -> dict[str, Any]:
    """Fields for a demand of ``amount`` units a day that is seen, so no longer in doubt.

    What the trend cannot explain by the rules is said of the sales themselves.
    """
    if amount > daily * rules.most_uplift or amount < daily or (falling(card) and amount > daily):
        daily = amount
    return {**_demand(daily, amount), "confidence": 1.0}


def _supply_probes(card: Mapping[str, Any], rules: CardRules) -> Iterator[_Probe]:
    day, lead, due = card["day"], card["lead_time_days"], card["next_due_on"]
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
    span = max((lead or rules.life["steady"]) + rules.review + rules.safety, life_of(card, rules))
    most = math.ceil(1.5 * float(card["expected_daily_units"]) * span) - min(int(card["available_units"]), 0) + 1
    for units in dict.fromkeys(math.ceil(most * step / STEPS) for step in range(1, STEPS + 1)):
        yield _Probe(Turn("stock", "", float(units)), {"available_units": int(card["available_units"]) + units})


def _readable(amount: float) -> float:
    """Rounded to what a person would say of units a day, and true as rounded, because the rounded value is tried."""
    return float(round(amount)) if amount >= 20 else round(amount, 1)
