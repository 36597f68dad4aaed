"""Regret: what closed decision cards would have earned or cost, whether they were followed or not.

What belongs here: the counterfactual of one card from the stock and sales that came after it, sums by action, category and week. What
doesn't: the rules (``cards.py``), answers (``board/responses.py``), printing.

A card is closed when its horizon is over. Of cards that say the same of a product and place on following days only the first counts,
until its horizon is over. Assumptions, each of them stated because the truth is not seen:

* what was wanted on a day that ended without stock is what sold on the other days of the horizon, on average (what the card expected,
  where there is no such day);
* an accepted card was followed, at once and in full; any other answer, or none, means that it was not;
* an order comes after the supplier's lead time and a day, a transfer after two days, a hurried delivery the next day;
* a unit that met no demand within the horizon costs ``leftover_share`` of its purchase cost, moving and hurrying what the rules say.

Followed or not, ``earned`` is what following is worth: units that met demand which else had met no stock, times the margin, less those
costs. Regret is what was missed: ``earned`` of a card not followed, where positive; its negative of one that was, where that is.
Mark-downs are not valued, for nothing tells what would have sold at the old price. Savage 1951, *The theory of statistical decision*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from trend_assets.lib.demand.cards import DEFAULT_RULES, CardRules

VALUED = ("reorder", "expedite", "move")
"""Actions whose worth can be told from stock and sales."""


@dataclass(frozen=True)
class StockDay:
    """What a product and place sold on a day, and what was left in the evening."""

    sold: float
    on_hand: float


@dataclass(frozen=True)
class Regret:
    """One closed card. Money in the currency of its prices; units over the horizon. ``followed``: it was accepted."""

    card: Mapping[str, Any]
    response: str
    sold: float
    lost: float
    served: float
    earned: float

    @property
    def followed(self) -> bool:
        """Whether the card was accepted."""
        return self.response == "accepted"

    @property
    def regret(self) -> float:
        """Money missed by the answer given, or by giving none; never negative."""
        return max(-self.earned if self.followed else self.earned, 0.0)


@dataclass(frozen=True)
class Sum:
    """Closed cards of one action, category and week (its Monday)."""

    week: date
    category: str
    action: str
    cards: int
    followed: int
    earned_by_following: float
    missed: float
    regret: float


Stock = Mapping[tuple[str, str], Mapping[date, StockDay]]


def card_regrets(
    cards: Iterable[Mapping[str, Any]], responses: Mapping[str, str], stock: Stock, last_day: date, rules: CardRules = DEFAULT_RULES
) -> list[Regret]:
    """The closed cards that are valued, by day, product and place.

    ``cards``: rows of ``demand/decision_cards``. ``responses``: the answer that holds, by card id. ``stock``: days by product and place.
    ``last_day``: of the stock. Cards whose horizon has a day without a stock record are left out. O(cards × horizon).
    """
    open_until: dict[tuple[str, str, str], date] = {}
    found = []
    for card in sorted(cards, key=lambda card: (card["day"], card["product_id"], card["store_id"], -card["confidence"], card["card_id"])):
        ends = card["day"] + timedelta(days=int(card["horizon_days"]))
        same = (card["product_id"], card["store_id"], card["action"])
        if card["action"] not in VALUED or ends > last_day or card["day"] < open_until.get(same, card["day"]):
            continue
        days = stock.get(same[:2], {})
        after = [days.get(card["day"] + timedelta(days=number)) for number in range(1, int(card["horizon_days"]) + 1)]
        known = [day for day in after if day is not None]
        if not known or len(known) < len(after):
            continue
        open_until[same] = ends
        found.append(_regret(card, responses.get(card["card_id"], ""), known, rules))
    return found


def _regret(card: Mapping[str, Any], response: str, days: Sequence[StockDay], rules: CardRules) -> Regret:
    full = [day.sold for day in days if day.on_hand > 0]
    rate = sum(full) / len(full) if full else float(card["expected_daily_units"])
    arrival = {"reorder": int(card["lead_time_days"] or 0) + rules.review, "move": rules.move_days, "expedite": 1}[card["action"]]
    later = days[min(arrival, len(days)) :]
    lost = sum(max(rate - day.sold, 0.0) for day in days if day.on_hand <= 0)
    quantity = float(card["quantity"])
    if response == "accepted":  # without these units stock would have been lower by as many, and gone where it was less than that
        served = max((quantity - max(day.on_hand, 0.0) for day in later), default=0.0)
    else:
        served = sum(max(rate - day.sold, 0.0) for day in later if day.on_hand <= 0)
    served = min(max(served, 0.0), quantity)
    price, cost = card["unit_price"], card["unit_cost"]
    price = float(price) if price is not None else float(cost or 0.0) / (1 - rules.unknown_margin)
    cost = float(cost) if cost is not None else price * (1 - rules.unknown_margin)
    handling = {"move": rules.move_share, "expedite": rules.expedite_share}.get(card["action"], 0.0) * cost
    left = (quantity - served) * rules.leftover_share * cost if card["action"] == "reorder" else 0.0  # the others buy nothing
    earned = served * max(price - cost, 0.0) - left - quantity * handling
    return Regret(card, response, sum(day.sold for day in days), lost, served, earned)


def sums(regrets: Iterable[Regret], categories: Mapping[str, str]) -> list[Sum]:
    """Regrets by week of the card, category of its product and action, the newest week and the most regret first."""
    groups: dict[tuple[date, str, str], list[Regret]] = {}
    for one in regrets:
        monday = one.card["day"] - timedelta(days=one.card["day"].weekday())
        groups.setdefault((monday, categories.get(one.card["product_id"], ""), one.card["action"]), []).append(one)
    made = [
        Sum(
            *key,
            cards=len(of),
            followed=sum(one.followed for one in of),
            earned_by_following=sum(one.earned for one in of if one.followed),
            missed=sum(one.earned for one in of if not one.followed),
            regret=sum(one.regret for one in of),
        )
        for key, of in groups.items()
    ]
    return sorted(made, key=lambda one: (-one.week.toordinal(), -one.regret, one.category, one.action))
