"""What follows from a trend, a product, a place and a day before anything is decided: demand to come, cover, money, chances.

What belongs here: the constants of the rules and the figures that they are applied to. What doesn't: the rules (``cards.py``), the
distribution of demand (``outlook.py``), sentences (``card_words.py``).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trend_assets.lib.demand.outlook import Floats, Outlook, fractile


@dataclass(frozen=True)
class CardRules:
    """Constants of the rules; days unless said otherwise.

    ``life``: days for which the trend still lifts sales, by stage. ``most_uplift``, ``least_uplift``: bounds of the expected demand's
    ratio to the usual. ``spread``: standard deviation of the logarithm of the uplift around its expectation. ``typical_lift``: mean
    share that a trend adds while it lives, at a link score of 1. ``growth_weight``: what a fading one takes away per halving of posts.
    ``shrink_units``: usual units that the last days' sales are averaged with.
    ``known_days``: days behind the usual units (the 14 days less the last three). ``pool_units``: units that a place's sales of
    ``known_days`` are drawn towards those of all places with, see ``pooled``.
    ``high_cover``: what more than is a surplus. ``carry_share``: cost of a unit left over that sells within ``season`` days of usual
    sales after the horizon, share of its purchase cost (capital and room); ``leftover_share``: of one beyond, which has to be marked
    down. ``move_share``, ``expedite_share``: cost of moving a unit between
    places, or getting it sooner, share of its purchase cost. ``expedite_gain``: share of the wait that getting it sooner saves.
    ``unknown_margin``: margin where the cost is unknown, share of the price.
    ``donor_level``: a place gives away only what it needs itself with no more than one minus this chance, and beyond ``donor_days`` of
    usual sales. ``markdown``, ``elasticity``: share that a mark-down takes off the price, and by what power of
    the price demand rises, where it is valued afterwards. ``most_cards``: per topic and
    day, those with the most money at risk first.
    """

    life: Mapping[str, int]
    review: int = 1
    safety: int = 3
    most_uplift: float = 2.5
    least_uplift: float = 0.7
    spread: float = 0.35
    typical_lift: float = 0.85
    growth_weight: float = 0.5
    shrink_units: float = 4.0
    pool_units: float = 6.0
    known_days: int = 11
    high_cover: int = 90
    high_cover_ratio: float = 4.0
    carry_share: float = 0.25
    season: int = 42
    leftover_share: float = 0.5
    move_share: float = 0.05
    expedite_share: float = 0.1
    expedite_gain: float = 0.1
    unknown_margin: float = 0.5
    donor_level: float = 0.9
    donor_days: int = 42
    move_days: int = 2
    markdown: float = 0.1
    elasticity: float = 2.0
    promotion_doubt: float = 0.7
    unknown_lead_doubt: float = 0.5
    most_cards: int = 20


DEFAULT_RULES = CardRules(life={"emerging": 12, "rising": 11, "seasonal": 12, "peak": 11, "fading": 2, "fad": 1, "steady": 11})
"""Lives are of sales, which follow posts after days: of a trend raised that day, 8 to 16 days whatever its stage says (development)."""
FALLING = ("fading", "fad")
"""Stages in which the trend goes, where there were fewer posts than the day before; else it has only just come, see ``falling``."""
GRADE_DOUBT = {"A": 1.0, "B": 0.9, "C": 0.7, "D": 0.3}
"""Factor on confidence by the stress test's grade; .6 for any other."""
_UNTESTED = 0.6


@dataclass(frozen=True)
class Situation:
    """One trend × product × place × day with what follows from it before any decision.

    ``enough``: chance that stock and deliveries suffice over the horizon. ``fractile``: the chance that is worth having. ``shelf_short``:
    expected units short on the shelf before anything can come. ``minimum_gain``: money that the supplier's minimum order would earn.
    ``missed``: expected units wanted before an order placed now can come, beyond supply.
    """

    row: Mapping[str, Any]
    rules: CardRules
    usual: float
    uplift: float
    confidence: float
    margin: float
    leftover: float
    fractile: float
    enough: float
    shelf_short: float
    minimum_gain: float
    missed: float

    @property
    def expected(self) -> float:
        """Units a day while the trend lives, if it is real."""
        return self.usual * self.uplift

    @property
    def link_score(self) -> float:
        """Strength of the link, 0 to 1."""
        return link_score(self.row)

    @property
    def available(self) -> int:
        """On hand less reserved; may be negative."""
        return int(self.row["available_units"] or 0)

    @property
    def inbound(self) -> int:
        """Units due within the lead time."""
        return max(int(self.row["inbound_units"] or 0), 0)

    @property
    def lead(self) -> int | None:
        """Supplier's lead time."""
        return None if self.row["lead_time_days"] is None else int(self.row["lead_time_days"])

    @property
    def life(self) -> int:
        """Days for which the trend still lifts sales."""
        return life_of(self.row, self.rules)

    @property
    def needed(self) -> int | None:
        """Days that stock must last for an order placed tomorrow to come in time."""
        return None if self.lead is None else self.lead + self.rules.review + self.rules.safety

    @property
    def horizon(self) -> int:
        """Days over which demand is reckoned."""
        return max(self.needed or 0, self.life)

    @property
    def supply(self) -> int:
        """Units on the shelf and on their way; a record below nothing is wrong, and takes nothing from what comes."""
        return max(self.available, 0) + self.inbound

    @property
    def cover(self) -> float | None:
        """Days that supply lasts at expected demand; none where nothing is sold."""
        return self.supply / self.expected if self.expected > 0 else None

    @property
    def shelf_cover(self) -> float:
        """Days until what is in stock now is gone."""
        return max(self.available, 0) / self.expected if self.expected > 0 else math.inf

    @property
    def due_in(self) -> int | None:
        """Days until the next delivery is due."""
        due = self.row["next_due_on"]
        return None if due is None else max((due - self.row["day"]).days, 0)

    @property
    def overdue(self) -> int:
        """Days since the next delivery was promised; 0 where none is late."""
        due = self.row["next_due_on"]
        return 0 if due is None else max((self.row["day"] - due).days, 0)

    @property
    def arrival(self) -> int:
        """Days until anything can come to the shelf: the next delivery or an order, within the trend's life."""
        ways = [self.life]
        if self.inbound and self.due_in is not None and not self.overdue:
            ways.append(self.due_in)
        if self.lead is not None:
            ways.append(self.lead + self.rules.review)
        return min(ways)

    @property
    def carry(self) -> float:
        """Money for a unit left over that sells within the season."""
        return self.handling(self.rules.carry_share)

    def handling(self, share: float) -> float:
        """Money for a unit at a share of its purchase cost."""
        return share * self.leftover / self.rules.leftover_share

    def demand(self, days: float) -> float:
        """Units wanted within so many days if the trend is real: expected ones while it lives, usual ones after."""
        return self.expected * min(days, self.life) + self.usual * max(days - self.life, 0.0)

    @property
    def lost_units(self) -> float:
        """Units wanted during the trend's life that neither stock nor deliveries due within it can serve."""
        arriving = self.inbound if self.due_in is not None and self.due_in <= self.life and not self.overdue else 0
        return max(self.demand(self.life) - max(self.available, 0) - arriving, 0.0)


def life_of(row: Mapping[str, Any], rules: CardRules) -> int:
    """Days for which the trend still lifts sales, by its stage."""
    stage = "peak" if row["stage"] in FALLING and not falling(row) else row["stage"]
    return rules.life.get(stage, rules.life["peak"])


def falling(row: Mapping[str, Any]) -> bool:
    """Whether the trend goes: its stage says so and its posts are not more than the day before.

    A trend that came and went within its first day is called fading by the evening; its sales are still to come.
    """
    growth = row["growth_24h"]
    return row["stage"] in FALLING and not (growth is not None and growth >= 1)


def link_score(row: Mapping[str, Any]) -> float:
    """Strength of the link, from 0 to 1."""
    return min(max(float(row["link_score"] or 0.0), 0.0), 1.0)


def usual_units(row: Mapping[str, Any]) -> float:
    """Usual units a day: of days with stock before the last three, where known, else of all 14 days."""
    usual = row.get("usual_daily_units")
    return max(float(usual if usual is not None else row["daily_units"] or 0.0), 0.0)


def uplift_of(row: Mapping[str, Any], rules: CardRules = DEFAULT_RULES) -> float:
    """Expected demand's ratio to the usual while the trend lives, if it is real; ``expected_daily_units`` in the row decides it."""
    usual, growth = usual_units(row), row["growth_24h"]
    if row.get("expected_daily_units") is not None:
        return float(row["expected_daily_units"]) / usual if usual > 0 else 1.0
    if falling(row):
        # log2 of 1/4 to 1: beyond, posts say little about sales
        halvings = -math.log2(min(max(growth, 0.25), 1.0)) if growth is not None and math.isfinite(growth) else 0.0
        return max(1 - rules.growth_weight * link_score(row) * halvings, rules.least_uplift)
    # How fast posts grow on the day a trend is raised tells nothing about its sales (development): a typical lift does as well.
    return min(max(1 + rules.typical_lift * link_score(row), seen_ratio(row, rules)), rules.most_uplift)


def seen_ratio(row: Mapping[str, Any], rules: CardRules = DEFAULT_RULES) -> float:
    """Sales of the last three days against the usual, drawn towards 1 by ``shrink_units``: three days of few sales prove little."""
    usual = usual_units(row)
    recent = row.get("recent_daily_units")
    sold = 3 * float(recent) if recent is not None else float(row["last_3_days_units"] or 0.0)
    return (sold + rules.shrink_units) / (3 * usual + rules.shrink_units)


def confidence_of(row: Mapping[str, Any], rules: CardRules = DEFAULT_RULES) -> float:
    """Probability that the trend is real for this product's sales; ``confidence`` in the row decides it."""
    if row.get("confidence") is not None:
        return float(row["confidence"])
    significance = 1 - min(max(float(row["trend_q_value"] if row["trend_q_value"] is not None else 1.0), 0.0), 1.0)
    found = link_score(row) * significance * (1 - 0.5 * min(max(float(row.get("gap_share") or 0.0), 0.0), 1.0))
    grade = row.get("stress_grade")
    if grade is not None:
        found *= GRADE_DOUBT.get(grade, _UNTESTED)
    found *= rules.promotion_doubt if row["promotion"] else 1.0
    return found * (rules.unknown_lead_doubt if row["lead_time_days"] is None else 1.0)


def pooled(rows: Sequence[Mapping[str, Any]], rules: CardRules) -> list[Mapping[str, Any]]:
    """The rows with usual units drawn towards what the product sells everywhere times the place's share of all these products.

    A place sells a few units of a product in a fortnight: of many places those that look short are those that sold more than usual by
    chance. Usual units become e × (k + sold) / (k + e × days) for the e units a day that product and place let expect: the mean of a gamma
    posterior (Robbins 1956, *An empirical Bayes approach to statistics*). Rows that say what is expected stay as they are, as does what
    stands alone. O(rows).
    """
    cells = {(row.get("product_id"), row.get("store_id")): usual_units(row) for row in rows if row.get("expected_daily_units") is None}
    of_product: dict[Any, float] = defaultdict(float)
    of_place: dict[Any, float] = defaultdict(float)
    places: dict[Any, list[Any]] = defaultdict(list)
    for (product, place), usual in cells.items():
        of_product[product] += usual
        of_place[place] += usual
        places[product].append(place)
    reach = {product: sum(of_place[place] for place in where) for product, where in places.items()}
    found: list[Mapping[str, Any]] = []
    for row in rows:
        product, place = row.get("product_id"), row.get("store_id")
        if row.get("expected_daily_units") is not None or not reach.get(product):
            found.append(row)
            continue
        expected, sold = of_product[product] * of_place[place] / reach[product], cells[product, place] * rules.known_days
        pooled_units = expected * (rules.pool_units + sold) / (rules.pool_units + expected * rules.known_days)
        found.append({**row, "usual_daily_units": pooled_units})
    return found


def situations(rows: Sequence[Mapping[str, Any]], rules: CardRules) -> tuple[list[Situation], Outlook]:
    """What follows from each row before any decision, and the demand to come of all."""
    rows = pooled(rows, rules)
    usual = np.array([usual_units(row) for row in rows])
    outlook = Outlook(
        usual=usual,
        uplift=np.array([uplift_of(row, rules) for row in rows]),
        spread=np.array([0.15 if falling(row) else rules.spread for row in rows]),
        probability=np.array([confidence_of(row, rules) for row in rows]),
        life=np.array([life_of(row, rules) for row in rows], np.float64),
        known_days=float(rules.known_days),
    )
    margin, leftover = _money(rows, rules)
    carry = leftover * rules.carry_share / rules.leftover_share
    wanted = fractile(margin, carry)
    known = (usual, outlook.uplift, outlook.probability, margin, leftover, wanted)
    unknown = np.zeros(len(rows))
    bare = _of_arrays(rows, rules, (*known, unknown, unknown, unknown, unknown))
    horizon, supply = np.array([case.horizon for case in bare], np.float64), np.array([case.supply for case in bare], np.float64)
    enough = outlook.chance_within(supply, horizon)
    shelf = outlook.shortage(each(bare, "available"), each(bare, "arrival"))
    least = np.array([float(row["minimum_order_quantity"] or 0) for row in rows])
    # What is wanted before an order can come meets no unit of it.
    missed = outlook.shortage(supply, np.array([float(case.lead + rules.review) if case.lead is not None else 0.0 for case in bare]))
    before, after = supply + missed, supply + missed + least
    served = outlook.shortage(before, horizon) - outlook.shortage(after, horizon)
    beyond = np.clip(after - outlook.mean(horizon) - usual * rules.season, 0.0, least - served)
    gain = margin * served - carry * (least - served - beyond) - leftover * beyond
    return _of_arrays(rows, rules, (*known, enough, shelf, gain, missed)), outlook


def _of_arrays(rows: Sequence[Mapping[str, Any]], rules: CardRules, numbers: Sequence[Floats]) -> list[Situation]:
    """Situations of the numbers in the order of the class."""
    return [
        Situation(row, rules, *values) for row, values in zip(rows, zip(*(array.tolist() for array in numbers), strict=True), strict=True)
    ]


def each(cases: Sequence[Situation], name: str) -> Floats:
    """One figure of each case."""
    return np.array([getattr(case, name) for case in cases], np.float64)


def _money(rows: Sequence[Mapping[str, Any]], rules: CardRules) -> tuple[Floats, Floats]:
    """Margin of a unit sold and cost of a unit left over; without a price both are shares of an unknown price of 0, see ``fractile``."""
    margin, leftover = [], []
    for row in rows:
        price, cost = row["unit_price"], row["unit_cost"]
        if price is None and cost is None:
            margin.append(0.0)
            leftover.append(0.0)
            continue
        price = float(price) if price is not None else float(cost) / (1 - rules.unknown_margin)
        cost = float(cost) if cost is not None else price * (1 - rules.unknown_margin)
        margin.append(max(price - cost, 0.0))
        leftover.append(rules.leftover_share * cost)
    return np.array(margin), np.array(leftover)
