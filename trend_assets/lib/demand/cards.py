"""Decision cards: what to do about a product and place because of a trend, by plain rules a buyer can check by hand.

What belongs here: the rules, their constants and the sentence that shows the arithmetic. What doesn't: how stock and
sales come together (dbt model ``int_trend_product_stock``) and which products a trend is about (``links.py``).

The rules, in order, for each trend × product × place that has stock or sales:

1. Expected units a day = units a day of the last 14 days × uplift. Uplift = 1 + .5 × link score × log2(growth over 24 hours),
   or what the last 3 days already show if that is more; from 1 to 2.5, for a fading trend from .7 to 1.
2. Days of cover = (available + inbound) ÷ expected. Needed: lead time + a day for the order + 3 days of safety.
3. The trend has an expected rest of life by stage (10 days emerging, 7 rising or seasonal, 4 peak, 2 fading, 1 fad, 14 steady).
4. ``mark_down``: fading, and cover beyond 28 days and beyond 4 times the days needed.
   ``expedite``: an open delivery comes after the stock is gone, or is late, while the trend lives.
   ``hold``: cover is enough, or nothing is sold, or the supplier's lead time is unknown (then nothing is spent on a guess).
   ``too_late``: too little cover, and an order placed today lands after the trend.
   ``reorder``: too little cover, and an order lands in time.

The constants are first assumptions, stated so that they can be measured against outcomes and replaced.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from trend_assets.tables import TABLES

CARDS = TABLES["demand/decision_cards"]


@dataclass(frozen=True)
class CardRules:
    """Constants of the rules; days unless said otherwise.

    ``life``: expected rest of the trend's life by stage. ``most_uplift``, ``least_uplift``: bounds of the expected demand's
    ratio to the usual. ``growth_weight``: uplift per doubling of posts, at a link score of 1. ``high_cover``: what more than
    is a surplus. ``promotion_doubt``: factor on confidence where a promotion may explain the sales. ``most_cards``: per
    topic and day, those with the most money at risk first.
    """

    life: Mapping[str, int]
    review: int = 1
    safety: int = 3
    most_uplift: float = 2.5
    least_uplift: float = 0.7
    growth_weight: float = 0.5
    high_cover: int = 28
    high_cover_ratio: float = 4.0
    promotion_doubt: float = 0.7
    unknown_lead_doubt: float = 0.5
    most_cards: int = 20


DEFAULT_RULES = CardRules(life={"emerging": 10, "rising": 7, "seasonal": 7, "peak": 4, "fading": 2, "fad": 1, "steady": 14})
FALLING = ("fading", "fad")
"""Stages in which the trend goes."""


@dataclass(frozen=True)
class _Situation:
    """One trend × product × place × day with what follows from it before any decision."""

    row: dict[str, Any]
    rules: CardRules

    @property
    def daily(self) -> float:
        return max(float(self.row["daily_units"] or 0.0), 0.0)

    @property
    def uplift(self) -> float:
        rules, growth = self.rules, self.row["growth_24h"]
        # log2 of 1/4 to 4: beyond, posts say little about sales
        doublings = math.log2(min(max(growth, 0.25), 4.0)) if growth is not None and math.isfinite(growth) else 0.0
        by_trend = 1 + rules.growth_weight * self.link_score * doublings
        if self.row["stage"] in FALLING:
            return min(max(by_trend, rules.least_uplift), 1.0)
        seen = float(self.row["last_3_days_units"] or 0.0) / self.daily if self.daily > 0 else 1.0
        return min(max(by_trend, seen, 1.0), rules.most_uplift)

    @property
    def expected(self) -> float:
        return self.daily * self.uplift

    @property
    def link_score(self) -> float:
        return min(max(float(self.row["link_score"] or 0.0), 0.0), 1.0)

    @property
    def available(self) -> int:
        return int(self.row["available_units"] or 0)

    @property
    def inbound(self) -> int:
        return max(int(self.row["inbound_units"] or 0), 0)

    @property
    def lead(self) -> int | None:
        return None if self.row["lead_time_days"] is None else int(self.row["lead_time_days"])

    @property
    def life(self) -> int:
        return self.rules.life.get(self.row["stage"], self.rules.life["peak"])

    @property
    def needed(self) -> float | None:
        return None if self.lead is None else self.lead + self.rules.review + self.rules.safety

    @property
    def cover(self) -> float | None:
        return max(self.available + self.inbound, 0) / self.expected if self.expected > 0 else None

    @property
    def shelf_cover(self) -> float:
        """Days until what is in stock now is gone."""
        return max(self.available, 0) / self.expected if self.expected > 0 else math.inf

    @property
    def due_in(self) -> int | None:
        due = self.row["next_due_on"]
        return None if due is None else max((due - self.row["day"]).days, 0)

    @property
    def overdue(self) -> int:
        """Days since the next delivery was promised; 0 where none is late."""
        due = self.row["next_due_on"]
        return 0 if due is None else max((self.row["day"] - due).days, 0)

    def demand(self, days: float) -> float:
        """Units wanted within so many days: expected ones while the trend lives, usual ones after."""
        return self.expected * min(days, self.life) + self.daily * max(days - self.life, 0.0)

    @property
    def lost_units(self) -> float:
        """Units wanted during the trend's life that neither stock nor deliveries due within it can serve."""
        arriving = self.inbound if self.due_in is not None and self.due_in <= self.life and not self.overdue else 0
        return max(self.demand(self.life) - max(self.available, 0) - arriving, 0.0)


@dataclass(frozen=True)
class _Decision:
    action: str
    quantity: int
    act_in: int | None
    units_at_risk: float
    value: str
    why: str


def decision_cards(trend_stock: pa.Table, day: date, rules: CardRules = DEFAULT_RULES) -> pa.Table:
    """Cards of the day, conforming to ``demand/decision_cards``.

    Parameters: ``trend_stock``, rows of dbt's ``int_trend_product_stock`` (one per day × topic × product × place; rows of other
    days are ignored): topic_id, label, product_id, product_name, store_id, stage, suppressed, trend_q_value, growth_24h,
    link_score, daily_units, last_3_days_units, available_units, inbound_units (due within the lead time), next_due_on,
    lead_time_days, minimum_order_quantity, unit_price, unit_cost, promotion, data_origin; ``authors_24h`` is used where given.

    Suppressed trends and rows without stock and sales get no card. Of each topic the ``most_cards`` with the most money
    at risk are kept (then the most confident, then by product and place).
    """
    cards = []
    for row in trend_stock.to_pylist():
        if row["day"] != day or row["suppressed"] or not ((row["available_units"] or 0) > 0 or (row["daily_units"] or 0) > 0):
            continue
        cards.append(_card(_Situation(row, rules)))
    cards.sort(key=lambda card: (card["topic_id"], -card["money_at_risk"], -card["confidence"], card["product_id"], card["store_id"]))
    kept: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for card in cards:
        seen[card["topic_id"]] = seen.get(card["topic_id"], 0) + 1
        if seen[card["topic_id"]] <= rules.most_cards:
            kept.append(card)
    return CARDS.from_rows(kept)


def _decide(case: _Situation) -> _Decision:
    """The rules of the module's docstring, in their order."""
    rules, needed, cover = case.rules, case.needed, case.cover
    if cover is None:
        return _Decision("hold", 0, None, 0.0, "unit_price", "nothing sold in 14 days, so there is no demand to plan for")
    if case.row["stage"] in FALLING and cover > max(rules.high_cover, rules.high_cover_ratio * (needed or 0)):
        surplus = max(case.available - case.daily * rules.high_cover, 0.0)
        if surplus >= 1:
            why = f"the trend fades, stock beyond {rules.high_cover} days of usual sales: clear {math.floor(surplus)} units meanwhile"
            return _Decision("mark_down", math.floor(surplus), case.life, surplus, "unit_cost", why)
    comes_late = case.due_in is not None and case.shelf_cover < case.due_in
    if (comes_late or case.overdue) and case.shelf_cover < case.life:
        return _expedite(case)
    if needed is None:
        if case.available + case.inbound <= 0 and case.row["stage"] in ("peak", *FALLING):
            why = "out of stock, nothing on its way, the supplier's lead time unknown and the trend past its rise"
            return _Decision("too_late", 0, None, case.lost_units, "unit_price", why)
        why = "the supplier's lead time is unknown, nothing is ordered on a guess"
        if cover < case.life:
            why += f"; stock ends before the trend: ask the supplier, an order helps if it lands within {math.floor(cover)} days"
        return _Decision("hold", 0, None, case.lost_units, "unit_price", why)
    short = max(case.demand(max(needed, case.life)) - max(case.available, 0) - case.inbound, 0.0)
    if cover >= needed or short < 1:
        return _Decision("hold", 0, None, case.lost_units, "unit_price", f"cover is enough against the {needed:.0f} days needed")
    if case.lead is not None and case.lead + rules.review > case.life:
        why = f"an order lands in {case.lead + rules.review} days, the trend is expected to last {case.life}"
        if case.available + case.inbound < case.daily * needed:
            why += "; ordinary demand needs a normal order all the same"
        return _Decision("too_late", 0, None, case.lost_units, "unit_price", why)
    return _reorder(case, short)


def _expedite(case: _Situation) -> _Decision:
    # nobody knows when a late delivery comes: what the trend still asks for is at stake
    until = case.life if case.overdue else min(case.due_in or 0, case.life)
    bridging = case.expected * (until - case.shelf_cover)
    quantity = max(math.ceil(min(bridging, case.inbound) if case.inbound else bridging), 1)
    delivery = f"was due {case.overdue} days ago" if case.overdue else f"is due in {case.due_in}"
    why = f"stock is gone in {case.shelf_cover:.1f} days, the next delivery {delivery}: get it sooner"
    return _Decision("expedite", quantity, math.floor(case.shelf_cover), bridging, "unit_price", why)


def _reorder(case: _Situation, short: float) -> _Decision:
    lead = case.lead or 0
    least = int(case.row["minimum_order_quantity"] or 0)
    quantity = max(math.ceil(short), least)
    why = f"{math.ceil(short)} units short over {max(case.needed or 0, case.life):.0f} days"
    if least > math.ceil(short):
        why += f", the supplier's minimum is {least}"
        if case.daily > 0 and least / case.daily > 90:
            why += f" ({least / case.daily:.0f} days of ordinary sales: weigh it)"
    act_in = max(math.floor(min(case.cover or 0.0, case.life)) - lead - case.rules.review, 0)
    return _Decision("reorder", quantity, act_in, case.lost_units, "unit_price", why)


def _card(case: _Situation) -> dict[str, Any]:
    row, decision = case.row, _decide(case)
    value = row["unit_cost"] if decision.value == "unit_cost" and row["unit_cost"] is not None else row["unit_price"]
    significance = 1 - min(max(float(row["trend_q_value"] if row["trend_q_value"] is not None else 1.0), 0.0), 1.0)
    confidence = case.link_score * significance
    confidence *= case.rules.promotion_doubt if row["promotion"] else 1.0
    confidence *= case.rules.unknown_lead_doubt if case.lead is None else 1.0
    return {
        "day": row["day"],
        "card_id": _card_id(row),
        "topic_id": row["topic_id"],
        "label": row["label"],
        "product_id": row["product_id"],
        "product_name": row["product_name"],
        "store_id": row["store_id"],
        "action": decision.action,
        "quantity": decision.quantity,
        "act_by": None if decision.act_in is None else row["day"] + timedelta(days=decision.act_in),
        "days_of_cover": case.cover,
        "lead_time_days": case.lead,
        "daily_units": case.daily,
        "expected_daily_units": case.expected,
        "available_units": case.available,
        "inbound_units": case.inbound,
        "money_at_risk": round(max(decision.units_at_risk * value, 0.0), 2) if value is not None else 0.0,
        "confidence": confidence,
        "stage": row["stage"],
        "promotion": bool(row["promotion"]),
        "data_origin": row["data_origin"],
        "reason": _reason(case, decision, value is None),
    }


def _card_id(row: dict[str, Any]) -> str:
    key = "\x1f".join([row["day"].isoformat(), row["topic_id"], row["product_id"], row["store_id"]])
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _reason(case: _Situation, decision: _Decision, unpriced: bool) -> str:
    """The arithmetic, the decision, and what speaks against it."""
    row = case.row
    cover = "no end of stock in sight" if case.cover is None else f"{case.cover:.1f} days of cover"
    rules = case.rules
    needed = "lead time unknown"
    if case.needed is not None:
        needed = f"{case.needed:.0f} needed ({case.lead} lead + {rules.review} order + {rules.safety} safety)"
    arithmetic = (
        f"{case.daily:.1f} units a day × {case.uplift:.2f} = {case.expected:.1f} expected; "
        f"{case.available} available + {case.inbound} inbound = {cover}; {needed}; {row['stage']}, about {case.life} days left"
    )
    against = []
    if row["promotion"]:
        against.append("a promotion runs and may explain the sales")
    if row["data_origin"] == "simulated":
        against.append("stock or sales are simulated")
    if case.link_score < 0.5:
        against.append(f"the link to the product is weak ({case.link_score:.2f})")
    if row["trend_q_value"] is not None and row["trend_q_value"] > 0.05:
        against.append(f"the trend may be chance (q {row['trend_q_value']:.2f})")
    authors = row.get("authors_24h")
    if authors is not None and authors < 20:
        against.append(f"only {authors} authors in 24 hours")
    if unpriced:
        against.append("no price is known, so no money is counted")
    return f"{arithmetic}: {decision.why}." + (f" Against it: {'; '.join(against)}." if against else "")
