"""Decision cards: what to do about a product and place because of a trend, by plain rules a buyer can check by hand.

What belongs here: the rules, quantities, the row of a card. What doesn't: the constants and what follows before any decision
(``situation.py``), the distribution of demand (``outlook.py``), the sentences and the list of what speaks for and against
(``card_words.py``), how stock and sales come together (dbt model ``int_trend_product_stock``), which products a trend is about
(``links.py``), what cards were worth (``regret.py``).

The rules, in order, for each trend × product × place that has stock or sales:

1. Usual units a day are drawn towards what product and place let expect (``situation.pooled``). Expected units = usual × uplift; uplift =
   1 + .85 × link score, or what the last three days show already (shrunk towards the usual) if that is more; at most 2.5, for a fading
   trend from .7 to 1.
2. The trend is real for this product with a probability (``confidence``); demand is a mixture of both cases (``outlook.py``).
3. The trend lifts sales for a number of days still, by stage. Needed: lead time + a day for the order + 3 days of safety.
4. ``mark_down``: fading, and cover beyond 90 days and beyond 4 times the days needed.
   ``move``: stock runs out before anything can come, an order included, and another place has more than it needs itself, enough for half
   of the gap.
   ``expedite``: an open delivery comes after the stock is gone, or is late, while the trend lives, and hurrying all of it is worth it.
   ``hold``: stock and deliveries suffice with the chance that a shortage is worth against a leftover (the newsvendor's critical
   fractile), or nothing is sold, or the lead time is unknown, or the supplier's minimum costs more than it can earn.
   ``too_late``: too little cover, and an order placed today lands after the trend.
   ``reorder``: too little cover, an order lands in time and earns money in expectation: up to the critical fractile, less what is wanted
   before it can come, or the minimum; and no more than sells within six weeks, unless that is worth marking it down.

Two trends may ask for the same product at the same place: one card says what to do, the surest trend's that asks for anything, with the
others as evidence; theirs are ``hold``, name it (``covered_by``) and put no money at risk, as are those that are too late where one
acts, or all but the surest where none does. Their demands are not added up: overlapping
trends mostly are one wave of attention. Stock that one place gives is promised once, to one card, and marked down less what is given;
a place that needs something itself gives nothing.

The constants are stated so that they can be measured against outcomes; ``benchmarks/decisions.py`` measures them on simulated towns.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from trend_assets.lib.demand.outlook import Outlook, fractile
from trend_assets.lib.demand.situation import DEFAULT_RULES, CardRules, Situation, each, falling, situations
from trend_assets.tables import TABLES
from trend_assets.tables.demand import ACTING

CARDS = TABLES["demand/decision_cards"]


@dataclass(frozen=True)
class Decision:
    """What the rules say. ``at_risk``: money, see ``demand/decision_cards``. ``order``: units that the newsvendor decides, at least one.

    ``why`` in words of one sentence's part. ``others``: trends that ask for something here too. ``covered_by``: the card that speaks for
    this one too.
    """

    action: str
    at_risk: float
    why: str
    quantity: int = 0
    act_in: int | None = None
    order: bool = False
    others: int = 0
    covered_by: str | None = None

    @property
    def asks(self) -> bool:
        """Whether something is to be done."""
        return self.action in ACTING


def decision_cards(trend_stock: pa.Table, day: date, rules: CardRules = DEFAULT_RULES, *, gap_share: float | None = None) -> pa.Table:
    """Cards of the day, conforming to ``demand/decision_cards``.

    Parameters: ``trend_stock``, rows of dbt's ``int_trend_product_stock`` (one per day × topic × product × place; rows of other
    days are ignored): topic_id, label, product_id, product_name, store_id, stage, suppressed, trend_q_value, growth_24h,
    link_score, daily_units, last_3_days_units, available_units, inbound_units (due within the lead time), next_due_on,
    lead_time_days, minimum_order_quantity, unit_price, unit_cost, promotion, data_origin. Used where given: ``authors_24h``,
    ``stress_grade``, ``gap_share``, ``price_change``, ``usual_daily_units``, ``recent_daily_units``, ``out_of_stock_days``,
    ``adjusted_units``. ``gap_share``: share of the day in which posts may be missing, where the rows do not say it.

    Suppressed trends and rows without stock and sales get no card. Of each topic the ``most_cards`` with the most money
    at risk are kept (then the most confident, then by product and place), and those that speak for other trends' cards too.
    O(rows), some 20 µs and four distributions each.
    """
    from trend_assets.lib.demand.card_words import describe

    rows = [row if gap_share is None else row | {"gap_share": gap_share} for row in _rows(trend_stock, day)]
    if not rows:
        return CARDS.empty()
    cases, outlook = situations(rows, rules)
    decided = _decisions(cases, outlook)
    figures = _figures(cases, decided, outlook)
    cards = [
        _card(case, decision) | figure | describe(case, decision, donor, figure["quantity"])
        for case, (decision, donor), figure in zip(cases, decided, figures, strict=True)
    ]
    cards.sort(key=lambda card: (card["topic_id"], -card["money_at_risk"], -card["confidence"], card["product_id"], card["store_id"]))
    kept: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for card in cards:
        seen[card["topic_id"]] = seen.get(card["topic_id"], 0) + 1
        if seen[card["topic_id"]] <= rules.most_cards or "other_trends" in card["evidence_names"]:
            kept.append(card)
    return CARDS.from_rows(kept)


def actions(rows: Sequence[Mapping[str, Any]], rules: CardRules = DEFAULT_RULES) -> list[str]:
    """What the rules say to each row by itself, no place giving to another but that named in ``from_store_id``; no quantities."""
    if not rows:
        return []
    cases, _ = situations(rows, rules)
    return [_decide(case, _given_donor(case)).action for case in cases]


def _rows(trend_stock: pa.Table, day: date) -> list[dict[str, Any]]:
    return [
        row
        for row in trend_stock.to_pylist()
        if row["day"] == day and not row["suppressed"] and ((row["available_units"] or 0) > 0 or (row["daily_units"] or 0) > 0)
    ]


@dataclass
class Donor:
    """A place with more than it needs, and how much of that is left to give."""

    store_id: str
    units: int


def _given_donor(case: Situation) -> Donor | None:
    place, units = case.row.get("from_store_id"), case.row.get("from_surplus_units")
    return Donor(place, int(units)) if place is not None and units else None


def _decisions(cases: Sequence[Situation], outlook: Outlook) -> list[tuple[Decision, Donor | None]]:
    """Each case's decision. Of each product and place the surest case that asks for something speaks; the others are covered by it.

    Who is short chooses among the places with a surplus, those with the most money at risk first.
    """
    found: list[tuple[Decision, Donor | None]] = [(_decide(case, None), None) for case in cases]
    alike: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number in sorted(range(len(cases)), key=lambda number: _surest_first(cases[number])):
        alike[_where(cases[number])].append(number)
    donors = _donors(cases, found, outlook)
    given: dict[tuple[str, str], int] = defaultdict(int)

    def urgency(numbers: Sequence[int]) -> tuple[Any, ...]:
        return min((-cases[number].shelf_short * cases[number].margin, *_where(cases[number])) for number in numbers)

    for numbers in sorted(alike.values(), key=urgency):
        for number in numbers:
            case = cases[number]
            best = max(donors.get(case.row["product_id"], ()), key=lambda one: (one.units, one.store_id), default=None)
            if case.shelf_short >= 1 and best is not None and best.units >= 1 and best.store_id != case.row["store_id"]:
                decision = _decide(case, best)
                if decision.action == "move":
                    found[number] = (decision, Donor(best.store_id, best.units))
                    best.units -= decision.quantity
                    given[case.row["product_id"], best.store_id] += decision.quantity
            if found[number][0].asks:
                break  # the surest that asks speaks: what the others of this product and place would take is left to other places
    for where, numbers in alike.items():
        for number in numbers if given[where] else ():
            if found[number][0].action == "mark_down":
                found[number] = (_mark_down_less(cases[number], given[where]), None)
        _cover(cases, found, numbers)
    return found


def _where(case: Situation) -> tuple[str, str]:
    return case.row["product_id"], case.row["store_id"]


def _surest_first(case: Situation) -> tuple[float, float, str]:
    return -case.confidence, -case.lost_units * case.margin, case.row["topic_id"]


def _cover(cases: Sequence[Situation], found: list[tuple[Decision, Donor | None]], numbers: Sequence[int]) -> None:
    """Of the cases of one product and place, the surest first: one speaks, the others that would are covered by it.

    The first that asks for something, else the first for which it is too late: the same sales are lost once, whoever brings them.
    """
    asking = [number for number in numbers if found[number][0].asks]
    speaking = asking + [number for number in numbers if found[number][0].action == "too_late"]
    for number in speaking[1:]:
        first = cases[speaking[0]]
        action = found[speaking[0]][0].action
        # Not by name: cards are kept for rewinding longer than the words of a trend that few wrote of.
        why = f"the card of another trend ({action}) speaks for the same product here and covers this one"
        found[number] = (Decision("hold", 0.0, why, covered_by=_card_id(first.row)), None)
    if len(asking) > 1:
        decision, donor = found[asking[0]]
        found[asking[0]] = (replace(decision, others=len(asking) - 1), donor)


def _donors(cases: Sequence[Situation], found: Sequence[tuple[Decision, Donor | None]], outlook: Outlook) -> dict[str, list[Donor]]:
    """Places with more than they need over their own horizon, by product; the trend in which a place needs most decides.

    Only of products that some place is short of. A place that needs something itself is none.
    """
    products = {case.row["product_id"] for case in cases if case.shelf_short >= 1}
    rows = [number for number, case in enumerate(cases) if case.row["product_id"] in products]
    if not rows:
        return {}
    own = outlook.take(rows)
    needed = own.quantile(cases[0].rules.donor_level, each([cases[number] for number in rows], "horizon"))
    left: dict[tuple[str, str], int] = {}
    for number, need in zip(rows, needed.tolist(), strict=True):
        case, needs = cases[number], found[number][0].action in ("reorder", "expedite")
        kept = max(need, case.usual * case.rules.donor_days)  # what would only have to be ordered again is no surplus
        surplus = 0 if needs else max(case.available - math.ceil(kept), 0)
        left[_where(case)] = min(left.get(_where(case), surplus), surplus)
    donors: dict[str, list[Donor]] = {}
    for (product, place), units in sorted(left.items()):
        donors.setdefault(product, []).append(Donor(place, units))
    return donors


def _decide(case: Situation, donor: Donor | None) -> Decision:
    """The rules of the module's docstring, in their order."""
    if case.cover is None:
        return Decision("hold", 0.0, "nothing sold in 14 days, so there is no demand to plan for")
    for rule in (_mark_down, _move, _expedite):
        decision = rule(case, donor)
        if decision is not None:
            return decision
    lost = case.lost_units * case.margin
    if case.needed is None:
        return _without_lead_time(case, lost)
    if case.enough >= min(case.fractile, 0.95) or case.demand(case.horizon) - case.supply < 1:
        return Decision(
            "hold", lost, f"enough for {case.horizon} days with a chance of {case.enough:.0%}, {case.fractile:.0%} is worth having"
        )
    if case.lead is not None and case.lead + case.rules.review > case.life:
        why = f"an order lands in {case.lead + case.rules.review} days, the trend is expected to lift sales for {case.life}"
        if case.supply < case.usual * case.needed:
            why += "; ordinary demand needs a normal order all the same"
        return Decision("too_late", lost, why)
    return _reorder(case, lost)


def _mark_down(case: Situation, _donor: Donor | None) -> Decision | None:
    rules = case.rules
    if not falling(case.row) or (case.cover or 0.0) <= max(rules.high_cover, rules.high_cover_ratio * (case.needed or 0)):
        return None
    decision = _mark_down_less(case, 0)
    return decision if decision.asks else None


def _mark_down_less(case: Situation, given: int) -> Decision:
    """Clear what is beyond the usual sales of ``high_cover`` days once other places got their units."""
    days = case.rules.high_cover
    surplus = max(case.available - given - case.usual * days, 0.0)
    if surplus < 1:
        return Decision("hold", 0.0, f"what is beyond {days} days of usual sales goes to other places")
    cost = float(case.row["unit_cost"] if case.row["unit_cost"] is not None else case.row["unit_price"] or 0.0)
    why = f"the trend fades, stock beyond {days} days of usual sales: clear {math.floor(surplus)} units meanwhile"
    return Decision("mark_down", surplus * cost, why, math.floor(surplus), case.life)


def _move(case: Situation, donor: Donor | None) -> Decision | None:
    if donor is None or case.shelf_short < 1 or case.rules.move_days >= case.arrival:
        return None
    missing = math.ceil(case.shelf_short)
    quantity = min(missing, donor.units)
    if quantity < 1 or 2 * quantity < missing:
        return None
    if case.confidence * case.margin < case.handling(case.rules.move_share):
        return None
    why = f"{missing} units short before anything can come in {case.arrival} days; {donor.store_id} has {donor.units} beyond its own need"
    return Decision("move", case.lost_units * case.margin, why, quantity, max(math.floor(case.shelf_cover) - case.rules.move_days, 0))


def _expedite(case: Situation, _donor: Donor | None) -> Decision | None:
    comes_late = case.due_in is not None and case.shelf_cover < case.due_in
    if not (comes_late or case.overdue) or case.shelf_cover >= case.life:
        return None
    # nobody knows when a late delivery comes: what the trend still asks for is at stake
    until = case.life if case.overdue else min(case.due_in or 0, case.life)
    bridging = case.expected * (until - case.shelf_cover)
    served = min(bridging, case.inbound) if case.inbound else bridging
    cost = max(case.inbound, served) * case.handling(case.rules.expedite_share)
    if case.confidence * case.rules.expedite_gain * served * case.margin < cost:
        return None  # the whole delivery has to be sent faster for what the trend asks of it
    quantity = max(math.ceil(served), 1)
    delivery = f"was due {case.overdue} days ago" if case.overdue else f"is due in {case.due_in}"
    why = f"stock is gone in {case.shelf_cover:.1f} days, the next delivery {delivery}: get it sooner"
    return Decision("expedite", bridging * case.margin, why, quantity, math.floor(case.shelf_cover))


def _without_lead_time(case: Situation, lost: float) -> Decision:
    if case.available + case.inbound <= 0 and (case.row["stage"] == "peak" or falling(case.row)):
        return Decision("too_late", lost, "out of stock, nothing on its way, the supplier's lead time unknown and the trend past its rise")
    why = "the supplier's lead time is unknown, nothing is ordered on a guess"
    cover = case.cover or 0.0
    if cover < case.life:
        why += f"; stock ends before the trend: ask the supplier, an order helps if it lands within {math.floor(cover)} days"
    return Decision("hold", lost, why)


def _reorder(case: Situation, lost: float) -> Decision:
    least = int(case.row["minimum_order_quantity"] or 0)
    if least > 1 and case.margin + case.leftover > 0 and case.minimum_gain <= 0:
        return Decision("hold", lost, f"the supplier's minimum of {least} is expected to cost {-case.minimum_gain:.0f} more than it earns")
    lead = case.lead or 0
    act_in = max(math.floor(min(case.cover or 0.0, case.life)) - lead - case.rules.review, 0)
    return Decision("reorder", lost, "", max(least, 1), act_in, order=True)


def _figures(cases: Sequence[Situation], decided: Sequence[tuple[Decision, Donor | None]], outlook: Outlook) -> list[dict[str, Any]]:
    """Quantities of orders, quantiles of demand and cover, and money lost if the trend is false; arrays at once."""
    horizon, supply = each(cases, "horizon"), each(cases, "supply")
    level = np.array([min(case.fractile, 0.95) for case in cases])
    least = np.array([float(case.row["minimum_order_quantity"] or 0) for case in cases])
    # What would sell only after the season has to be worth marking it down: the fractile at the full cost of a leftover.
    sells = outlook.mean(horizon) + each(cases, "usual") * cases[0].rules.season
    most = np.maximum(sells, outlook.quantile(fractile(each(cases, "margin"), each(cases, "leftover")), horizon))
    up_to = np.floor(np.minimum(outlook.quantile(level, horizon), most) - each(cases, "missed"))
    ordered = np.maximum(np.maximum(up_to - supply, 1), least)
    asked = np.array([decision.order for decision, _ in decided])
    quantity = np.where(asked, ordered, [decision.quantity for decision, _ in decided])
    more = np.where([decision.action in ("reorder", "move") for decision, _ in decided], quantity, 0.0)
    sold_if_false = outlook.shortage(supply, horizon, real=False) - outlook.shortage(supply + more, horizon, real=False)
    false_cost = (more - sold_if_false) * each(cases, "carry") + np.clip(
        supply + more - each(cases, "usual") * (horizon + cases[0].rules.season), 0.0, more
    ) * (each(cases, "leftover") - each(cases, "carry"))
    extra = np.array([_handling(case, decision.action) for case, (decision, _) in zip(cases, decided, strict=True)]) * quantity
    columns = {f"demand_{name}": outlook.quantile(chance, horizon) for name, chance in _QUANTILES}
    columns |= {f"cover_{name}": outlook.days_of(supply, chance) for name, chance in _QUANTILES}
    nothing = each(cases, "usual") <= 0
    found = []
    for place in range(len(cases)):
        values: dict[str, float | None] = {name: float(np.round(array[place], 1)) for name, array in columns.items()}
        if nothing[place]:
            values |= {f"cover_{name}": None for name, _ in _QUANTILES}
        found.append(
            {**values, "quantity": int(quantity[place]), "money_if_false": round(max(float(false_cost[place] + extra[place]), 0.0), 2)}
        )
    return found


_QUANTILES = (("low", 0.1), ("median", 0.5), ("high", 0.9))


def _handling(case: Situation, action: str) -> float:
    """Cost of a unit moved or got sooner."""
    share = {"move": case.rules.move_share, "expedite": case.rules.expedite_share}.get(action, 0.0)
    return case.handling(share)


def _card(case: Situation, decision: Decision) -> dict[str, Any]:
    row = case.row
    same = ("day", "topic_id", "label", "product_id", "product_name", "store_id", "stage", "data_origin")
    known = ("next_due_on", "minimum_order_quantity", "unit_price", "unit_cost", "growth_24h", "trend_q_value")
    return {
        **{name: row[name] for name in (*same, *known)},
        "card_id": _card_id(row),
        "action": decision.action,
        "covered_by": decision.covered_by,
        "act_by": None if decision.act_in is None else row["day"] + timedelta(days=decision.act_in),
        "days_of_cover": case.cover,
        "lead_time_days": case.lead,
        "daily_units": case.usual,
        "expected_daily_units": case.expected,
        "available_units": case.available,
        "inbound_units": case.inbound,
        "money_at_risk": round(max(decision.at_risk, 0.0), 2),
        "confidence": case.confidence,
        "horizon_days": case.horizon,
        "promotion": bool(row["promotion"]),
        "link_score": case.link_score,
        "authors_24h": row.get("authors_24h"),
        "stress_grade": row.get("stress_grade"),
        "gap_share": min(max(float(row.get("gap_share") or 0.0), 0.0), 1.0),
        "price_change": row.get("price_change"),
        "out_of_stock_days": int(row.get("out_of_stock_days") or 0),
    }


def _card_id(row: Mapping[str, Any]) -> str:
    key = "\x1f".join([row["day"].isoformat(), row["topic_id"], row["product_id"], row["store_id"]])
    return hashlib.sha256(key.encode()).hexdigest()[:16]
