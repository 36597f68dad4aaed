"""Regret: what closed decision cards would have earned or cost, whether they were followed or not.

What belongs here: the counterfactual of one card from the stock and sales that came after it. What doesn't: the rules (``cards.py``),
answers (``board/responses.py``), sums by week (``board/regrets.py``), printing.

A card is closed when the last day of its horizon is over, in UTC; what is answered later is no answer. Of cards that say the same of a
product and place, each before the one before it has closed, the first counts when it closes, with its answer or that of the first repeat
that has one, or instead of it the repeat that was accepted by then. What is accepted only later counts as well, because by then the first
was published as missed; what repeats an accepted card does not. Assumptions, each of them stated because the truth is not seen:

* what was wanted on a day that ended without stock is what sold on the other days of the horizon, on average (what the card expected,
  where there is no such day);
* an accepted card was followed, at once and in full; any other answer, or none, means that it was not;
* an order comes after the supplier's lead time and a day, a transfer after two days, a hurried delivery the next day;
* a unit that met no demand within the horizon costs ``carry_share`` of its purchase cost if it sells within ``season`` days at that rate,
  else ``leftover_share``; moving and hurrying cost what the rules say;
* a mark-down by ``markdown`` lets demand rise by ``elasticity``: what it sells more earns the reduced price less what a leftover is worth,
  what would have sold anyway loses the reduction.

``earned`` is what following at once is worth: units that met demand which else had met no stock, times the margin, less those costs;
``earned_later`` the same of following ``snooze_days`` later, when the card came back (the next day, where nobody snoozed it). Declining
earns nothing. Regret is what the answer given missed against the best of these three; an accepted card was followed at once, a snoozed
one, for all we know, not. Savage 1951, *The theory of statistical decision*.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.situation import DEFAULT_RULES, CardRules
from trend_assets.tables import TABLES
from trend_assets.tables.demand import ACTING

LONGEST_DAYS = 49
"""Cards of longer horizons are not valued; so far back stock is read, and three times as far the cards (see ``regret_table``)."""
REGRETS = TABLES["demand/card_regrets"]
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class StockDay:
    """What a product and place sold on a day, and what was left in the evening."""

    sold: float
    on_hand: float


@dataclass(frozen=True)
class Answered:
    """An answer to a card and when it was given, in UTC; an empty ``response``: none."""

    response: str = ""
    snoozed_until: date | None = None
    at: datetime = _EVER


@dataclass(frozen=True)
class Regret:
    """One closed card. Money in the currency of its prices; units over the horizon."""

    card: Mapping[str, Any]
    answer: Answered
    snooze_days: int
    sold: float
    lost: float
    served: float
    earned: float
    earned_later: float

    @property
    def followed(self) -> bool:
        """Whether the card was accepted."""
        return self.answer.response == "accepted"

    @property
    def closed_on(self) -> date:
        """The last day of the card's horizon."""
        return closes(self.card)

    @property
    def regret(self) -> float:
        """Money missed by the answer given, or by giving none; never negative."""
        return max(self.earned, self.earned_later, 0.0) - (self.earned if self.followed else 0.0)


Stock = Mapping[tuple[str, str], Mapping[date, StockDay]]
Answers = Mapping[str, Sequence[Answered]]
"""All answers by card id, in order of time."""


def closes(card: Mapping[str, Any]) -> date:
    """The last day of a card's horizon."""
    return card["day"] + timedelta(days=int(card["horizon_days"]))


def regret_table(
    cards: Iterable[Mapping[str, Any]],
    answers: Answers,
    stock: Stock,
    categories: Mapping[str, str],
    first_day: date,
    last_day: date,
    rules: CardRules = DEFAULT_RULES,
) -> pa.Table:
    """Rows of ``demand/card_regrets`` of cards that closed from ``first_day`` to ``last_day``; see ``card_regrets``.

    ``categories``: by product. Cards of ``LONGEST_DAYS`` three times before ``first_day`` have to be among ``cards``: those open with
    one that closes, what those repeat, and whether that is a first.
    """
    rows = []
    for one in card_regrets(cards, answers, stock, last_day, rules):
        if one.closed_on < first_day:
            continue
        names = ("card_id", "topic_id", "label", "product_id", "product_name", "store_id", "action", "data_origin")
        rows.append(
            {
                **{name: one.card[name] for name in names},
                "day": one.closed_on,
                "card_day": one.card["day"],
                "week": one.card["day"] - timedelta(days=one.card["day"].weekday()),
                "category": categories.get(one.card["product_id"], ""),
                "quantity": int(one.card["quantity"]),
                "response": one.answer.response or None,
                "followed": one.followed,
                "snooze_days": one.snooze_days,
                "sold_units": one.sold,
                "lost_units": one.lost,
                "served_units": one.served,
                "earned_accepted": round(one.earned, 2),
                "earned_snoozed": round(one.earned_later, 2),
                "earned_declined": 0.0,
                "regret": round(one.regret, 2),
            }
        )
    return REGRETS.from_rows(rows)


def answers_of(responses: pa.Table) -> dict[str, list[Answered]]:
    """Answers by card id, in order of time, of rows of ``demand/card_responses``."""
    found: dict[str, list[Answered]] = {}
    for row in responses.sort_by([("responded_at", "ascending"), ("response_id", "ascending")]).to_pylist():
        found.setdefault(row["card_id"], []).append(Answered(row["response"], row["snoozed_until"], row["responded_at"]))
    return found


def stock_days(cards: Iterable[Mapping[str, Any]], inventory: pa.Table) -> Stock:
    """Stock and sales by product and place of the cards, from rows of ``retail/inventory``. O(rows)."""
    wanted = {(card["product_id"], card["store_id"]) for card in cards}
    found: dict[tuple[str, str], dict[date, StockDay]] = {}
    if not wanted or not inventory.num_rows:
        return found
    products = pa.array(sorted({product for product, _ in wanted}), pa.string())
    for row in inventory.filter(pc.is_in(inventory["product_id"], value_set=products)).to_pylist():
        where = (row["product_id"], row["store_id"])
        if where in wanted:
            found.setdefault(where, {})[row["day"]] = StockDay(float(row["sold"] or 0), float(row["on_hand"]))
    return found


def card_regrets(
    cards: Iterable[Mapping[str, Any]], answers: Answers, stock: Stock, last_day: date, rules: CardRules = DEFAULT_RULES
) -> list[Regret]:
    """The closed cards that are valued, by day, product and place.

    ``cards``: rows of ``demand/decision_cards``. ``answers``: all of them, by card id. ``stock``: days by product and place.
    ``last_day``: of the stock. Cards whose horizon has a day without a stock record are left out. O(cards × horizon).
    """
    same: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for card in sorted(cards, key=_in_order):
        if card["action"] in ACTING and int(card["horizon_days"]) <= LONGEST_DAYS:
            same.setdefault((card["product_id"], card["store_id"], card["action"]), []).append(card)
    counted = [one for repeated in same.values() for one in _counted(repeated, answers) if closes(one[0]) <= last_day]
    found = []
    for card, answer in sorted(counted, key=lambda one: _in_order(one[0])):
        days = stock.get((card["product_id"], card["store_id"]), {})
        after = [days.get(card["day"] + timedelta(days=number)) for number in range(1, int(card["horizon_days"]) + 1)]
        known = [day for day in after if day is not None]
        if known and len(known) == len(after):
            found.append(_regret(card, answer, known, rules))
    return found


def _in_order(card: Mapping[str, Any]) -> tuple[date, str, str, float, str]:
    return card["day"], card["product_id"], card["store_id"], -card["confidence"], card["card_id"]


def _counted(cards: Sequence[Mapping[str, Any]], answers: Answers) -> Iterator[tuple[Mapping[str, Any], Answered]]:
    """Those of cards that say the same, in order, that count, and the answer that they got.

    Each is decided when it closes, by the cards that were open with it and the answers given until then, so no later day says another
    thing of it.
    """
    days = [card["day"] for card in cards]
    instead: set[str] = set()
    followed: set[str] = set()
    for place, card in sorted(enumerate(cards), key=lambda one: (closes(one[1]), one[0])):
        ends = closes(card)
        before = [one for one in cards[bisect_left(days, card["day"] - timedelta(days=LONGEST_DAYS)) : place] if closes(one) > card["day"]]
        after = cards[place + 1 : bisect_left(days, ends)]
        own, done = _held(answers, card, ends), not followed.isdisjoint(one["card_id"] for one in (*before, *after))
        if card["card_id"] in instead or (own is not None and own.response == "accepted"):
            followed.add(card["card_id"])
            if not done:
                yield card, own or Answered()
        elif not before and not done:
            given = [(one["card_id"], answer) for one in (card, *after) if (answer := _held(answers, one, ends)) is not None]
            accepted = [card_id for card_id, answer in given if answer.response == "accepted"]
            if accepted:
                instead.add(accepted[0])
            else:
                yield card, given[0][1] if given else Answered()


def _held(answers: Answers, card: Mapping[str, Any], last_day: date) -> Answered | None:
    """The answer that held at the end of a day, in UTC, or when the card closed if that was before; one taken back is none."""
    end = datetime.combine(min(last_day, closes(card)) + timedelta(days=1), time(), UTC)
    given = [one for one in answers.get(card["card_id"], ()) if one.at < end]
    return given[-1] if given and given[-1].response != "reopened" else None


def _regret(card: Mapping[str, Any], answer: Answered, days: Sequence[StockDay], rules: CardRules) -> Regret:
    rate = _rate(card, days)
    until = answer.snoozed_until
    snoozed = 1 if until is None else max((until - card["day"]).days, 1)
    followed = answer.response == "accepted"
    lost = sum(max(rate - day.sold, 0.0) for day in days if day.on_hand <= 0)
    sold = sum(day.sold for day in days)
    if card["action"] == "mark_down":
        served, earned = _marked_down(card, days, followed, 0, rules)
        return Regret(card, answer, snoozed, sold, lost, served, earned, _marked_down(card, days, followed, snoozed, rules)[1])
    served = _served(card, days, followed, 0, rules)
    later = _served(card, days, followed, snoozed, rules)
    return Regret(
        card, answer, snoozed, sold, lost, served, _earned(card, days, followed, served, rules), _earned(card, days, followed, later, rules)
    )


def _rate(card: Mapping[str, Any], days: Sequence[StockDay]) -> float:
    """Units a day that were wanted."""
    full = [day.sold for day in days if day.on_hand > 0]
    return sum(full) / len(full) if full else float(card["expected_daily_units"])


def _served(card: Mapping[str, Any], days: Sequence[StockDay], followed: bool, delay: int, rules: CardRules) -> float:
    """Units of the card that met demand which else had met no stock, had it been followed ``delay`` days later."""
    arrival = {"reorder": int(card["lead_time_days"] or 0) + rules.review, "move": rules.move_days, "expedite": 1}[card["action"]]
    later = days[min(arrival + delay, len(days)) :]
    rate, quantity = _rate(card, days), float(card["quantity"])
    if followed:  # without these units stock would have been lower by as many, and gone where it was less than that
        served = max((quantity - max(day.on_hand, 0.0) for day in later), default=0.0)
    else:
        served = sum(max(rate - day.sold, 0.0) for day in later if day.on_hand <= 0)
    return min(max(served, 0.0), quantity)


def _money(card: Mapping[str, Any], rules: CardRules) -> tuple[float, float]:
    """Price and purchase cost of a unit; what is unknown by the rules' margin."""
    price, cost = card["unit_price"], card["unit_cost"]
    price = float(price) if price is not None else float(cost or 0.0) / (1 - rules.unknown_margin)
    return price, float(cost) if cost is not None else price * (1 - rules.unknown_margin)


def _earned(card: Mapping[str, Any], days: Sequence[StockDay], followed: bool, served: float, rules: CardRules) -> float:
    """Money that an order, a transfer or a hurried delivery of which so many units were needed is worth."""
    price, cost = _money(card, rules)
    quantity = float(card["quantity"])
    earned = served * max(price - cost, 0.0)
    if card["action"] != "reorder":  # the others buy nothing
        return earned - quantity * cost * {"move": rules.move_share, "expedite": rules.expedite_share}[card["action"]]
    left = quantity - served
    stock = max(days[-1].on_hand, 0.0) + (0.0 if followed else left)
    beyond = min(max(stock - _rate(card, days) * rules.season, 0.0), left)
    return earned - cost * (rules.carry_share * (left - beyond) + rules.leftover_share * beyond)


def _marked_down(card: Mapping[str, Any], days: Sequence[StockDay], followed: bool, delay: int, rules: CardRules) -> tuple[float, float]:
    """Units sold more by a mark-down from ``delay`` days later on, and the money that it earned."""
    price, cost = _money(card, rules)
    lift = (1 - rules.markdown) ** -rules.elasticity
    sold = sum(day.sold for day in days[min(delay, len(days)) :])
    anyway = sold / lift if followed else sold
    more = min(anyway * (lift - 1), float(card["quantity"]), math.inf if followed else max(days[-1].on_hand, 0.0))
    worth = price * (1 - rules.markdown) - cost * (1 - rules.leftover_share)
    return more, more * worth - anyway * price * rules.markdown
