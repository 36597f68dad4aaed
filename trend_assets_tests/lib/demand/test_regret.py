"""What a closed card would have earned or cost, by cases that can be counted on one's fingers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from trend_assets.board.regrets import sums
from trend_assets.lib.demand.regret import LONGEST_DAYS, REGRETS, Answered, StockDay, answers_of, card_regrets, regret_table, stock_days
from trend_assets.tables import TABLES

DAY = date(2026, 9, 7)  # a Monday
CARD: dict[str, Any] = {
    "day": DAY, "card_id": "c1", "product_id": "P1", "store_id": "S01", "action": "reorder", "quantity": 10, "lead_time_days": 2,
    "horizon_days": 6, "expected_daily_units": 4.0, "confidence": 0.8, "unit_price": 50.0, "unit_cost": 20.0,
    "topic_id": "t1", "label": "wrap dress", "product_name": "Linen Wrap Dress", "data_origin": "simulated",
}  # fmt: skip


def stock(sold: list[float], on_hand: list[float], place: str = "S01") -> dict[tuple[str, str], dict[date, StockDay]]:
    days = {DAY + timedelta(days=n + 1): StockDay(s, h) for n, (s, h) in enumerate(zip(sold, on_hand, strict=True))}
    return {("P1", place): days}


EMPTY_AT_THE_END = stock([4, 4, 4, 2, 0, 0], [10, 6, 2, 0, 0, 0])
PLENTY = stock([4, 4, 4, 4, 4, 4], [90, 86, 82, 78, 74, 70])
LAST = DAY + timedelta(days=6)


def one(card: dict[str, Any], days: Any, answer: str = "") -> Any:
    until = DAY + timedelta(days=3) if answer == "snoozed" else None
    [found] = card_regrets([card], {"c1": [Answered(answer, until)]} if answer else {}, days, LAST)
    return found


def test_a_card_nobody_followed_is_regretted_where_stock_ran_out():
    found = one(CARD, EMPTY_AT_THE_END)
    # four a day were wanted; the last three days lacked 2 + 4 + 4, all of them after the order would have come
    assert (found.sold, found.lost, found.served) == (14, 10, 10)
    assert found.earned == found.regret == pytest.approx(10 * 30)
    assert one(CARD, EMPTY_AT_THE_END, "declined").regret == found.regret


def test_declining_a_card_for_which_there_was_stock_is_not_regretted():
    found = one(CARD, PLENTY, "declined")
    assert found.earned == pytest.approx(-10 * 0.25 * 20)  # 80 units sell within six weeks at four a day
    assert found.regret == 0


def test_what_would_sell_only_after_six_weeks_costs_half_of_its_price():
    slow = stock([0.1] * 6, [90.0] * 6)
    assert one(CARD, slow, "declined").earned == pytest.approx(-10 * 0.5 * 20)
    assert one(CARD, slow, "accepted").regret == pytest.approx(100)


def test_following_a_card_is_regretted_where_its_units_are_left():
    assert one(CARD, PLENTY, "accepted").regret == pytest.approx(50)


def test_a_snoozed_order_comes_when_the_card_was_back():
    """Three days later it comes on the sixth day, after all that was lost but the last four units."""
    found = one(CARD, EMPTY_AT_THE_END, "snoozed")
    assert found.snooze_days == 3
    assert found.earned == pytest.approx(300)
    assert found.earned_later < 0.5 * found.earned
    assert found.regret == found.earned


def test_a_mark_down_earns_what_it_sells_more_less_the_reduction():
    card = CARD | {"action": "mark_down", "quantity": 60}
    found = one(card, stock([10] * 6, [200] * 6))
    more = 60 * (0.9**-2 - 1)
    # a leftover is worth half of its cost; sixty would have sold at the old price
    assert found.served == pytest.approx(more)
    assert found.earned == pytest.approx(more * (45 - 10) - 60 * 5)
    followed = one(card, stock([10 * 0.9**-2] * 6, [200] * 6), "accepted")
    assert followed.earned == pytest.approx(found.earned)
    # dear goods that sell fast anyway are not to be marked down
    assert one(card | {"unit_cost": 45.0, "quantity": 5}, stock([10] * 6, [200] * 6), "accepted").regret > 0


def test_following_a_card_earns_what_would_not_have_been_there():
    found = one(CARD, stock([4] * 6, [30, 26, 22, 14, 7, 3]), "accepted")
    assert found.served == 7  # three of the ten are left
    assert found.earned == pytest.approx(7 * 30 - 3 * 5)
    assert found.regret == 0


def test_an_order_that_would_have_come_too_late_serves_nothing():
    assert one(CARD | {"lead_time_days": 9}, EMPTY_AT_THE_END).served == 0


def test_a_transfer_buys_nothing_so_only_its_handling_is_lost():
    assert one(CARD | {"action": "move"}, PLENTY, "accepted").earned == pytest.approx(-10 * 0.05 * 20)


def test_open_unknown_unvalued_and_repeated_cards_do_not_count():
    assert card_regrets([CARD], {}, EMPTY_AT_THE_END, LAST - timedelta(days=1)) == []
    assert card_regrets([CARD], {}, {}, LAST) == []
    assert card_regrets([CARD | {"action": "hold"}, CARD | {"action": "too_late"}], {}, PLENTY, LAST) == []
    again = CARD | {"card_id": "c2", "day": DAY + timedelta(days=1), "horizon_days": 5}
    assert len(card_regrets([again, CARD], {}, EMPTY_AT_THE_END, LAST)) == 1


ALWAYS_EMPTY = {("P1", "S01"): {DAY + timedelta(days=number): StockDay(0, 0) for number in range(200)}}


def said_again(days: int) -> list[dict[str, Any]]:
    return [CARD | {"card_id": f"day {number}", "day": DAY + timedelta(days=number)} for number in range(days)]


def on(response: str, day: float) -> Answered:
    """An answer given so many days after the start of the first card's day."""
    return Answered(response, at=datetime(2026, 9, 7, tzinfo=UTC) + timedelta(days=day))


def counted(cards: list[dict[str, Any]], answers: dict[str, Answered | list[Answered]], until: int = 199) -> list[tuple[str, str]]:
    given = {card: one if isinstance(one, list) else [one] for card, one in answers.items()}
    found = card_regrets(cards, given, ALWAYS_EMPTY, DAY + timedelta(days=until))
    return [(one.card["card_id"], one.answer.response) for one in found]


@pytest.mark.parametrize("accepted_on", [0, 1, 3])
def test_a_card_that_was_said_on_five_days_and_accepted_on_one_is_missed_on_none(accepted_on: int):
    answers = {f"day {accepted_on}": on("accepted", accepted_on + 0.5)}
    assert counted(said_again(5), answers) == [(f"day {accepted_on}", "accepted")]


def test_a_card_accepted_only_after_the_first_had_closed_was_missed_before():
    assert counted(said_again(9), {"day 7": on("accepted", 7.5)}) == [("day 0", ""), ("day 7", "accepted")]
    assert counted(said_again(9), {"day 3": on("accepted", 7.5)}) == [("day 0", ""), ("day 3", "accepted")]
    assert counted(said_again(31), {"day 20": on("accepted", 20.5)}) == [("day 0", ""), ("day 20", "accepted")]


@pytest.mark.parametrize(("given", "held"), [(6.9, "accepted"), (7.0, ""), (20, "")])
def test_an_answer_given_when_the_card_had_closed_is_none(given: float, held: str):
    assert counted([CARD], {"c1": on("accepted", given)}) == [("c1", held)]
    assert counted([CARD], {"c1": [on("declined", 1), on("accepted", given)]}) == [("c1", held or "declined")]
    assert counted([CARD], {"c1": [on("accepted", 1), on("reopened", given)]}) == [("c1", "" if held else "accepted")]


def test_a_card_that_counts_instead_of_the_first_counts_also_when_its_answer_was_taken_back():
    answers = [on("accepted", 5), on("reopened", 8)]
    assert counted(said_again(5), {"day 3": answers}, until=6) == []
    assert counted(said_again(5), {"day 3": answers}) == [("day 3", "")]


def test_what_was_published_of_a_day_is_what_is_said_of_it_later():
    """Horizons, answers and gaps drawn by chance: no later card or answer changes a day that is over."""
    for seed in range(15):
        rng = np.random.default_rng(seed)
        days = [number for number in range(40) if rng.random() < 0.8]
        cards = [CARD | {"card_id": f"{day}", "day": DAY + timedelta(days=day), "horizon_days": int(rng.integers(2, 12))} for day in days]
        answers = {
            str(day): [on(str(rng.choice(["accepted", "accepted", "declined", "reopened"])), day + at) for at in sorted(rng.random(2) * 14)]
            for day in days
            if rng.random() < 0.4
        }
        published = []
        for day in range(60):
            today = DAY + timedelta(days=day)
            so_far = [card for card in cards if card["day"] <= today]
            given = {card: [one for one in all_of_it if one.at < on("", day + 1).at] for card, all_of_it in answers.items()}
            published += regret_table(so_far, given, ALWAYS_EMPTY, {}, today, today).to_pylist()
        later = regret_table(cards, answers, ALWAYS_EMPTY, {}, DAY, DAY + timedelta(days=199)).to_pylist()
        assert sorted(published, key=str) == sorted(later, key=str)
        followed = [row for row in later if row["followed"]]
        assert all(one["day"] <= other["card_day"] for one, other in pairwise(followed)), "no two of one wave are followed"


def test_the_answer_to_a_repeat_is_the_answer_to_what_it_repeats():
    assert counted(said_again(5), {"day 2": Answered("declined"), "day 3": Answered("snoozed", DAY)}) == [("day 0", "declined")]
    assert counted(said_again(1) + said_again(8)[7:], {}) == [("day 0", ""), ("day 7", "")], "said again after it had closed"


def test_a_card_said_for_months_counts_once_whichever_day_is_asked():
    cards = [card | {"horizon_days": 14} for card in said_again(150)]
    found = [
        row["card_id"]
        for closing in range(14, 164)
        for row in regret_table(
            [card for card in cards if closing - 3 * LONGEST_DAYS <= (card["day"] - DAY).days <= closing], {}, ALWAYS_EMPTY, {},
            DAY + timedelta(days=closing), DAY + timedelta(days=closing),
        ).to_pylist()
    ]  # fmt: skip
    assert found == ["day 0"]


def test_a_product_that_never_had_stock_was_wanted_as_expected_and_prices_may_be_unknown():
    found = one(CARD | {"unit_price": None, "unit_cost": None}, stock([0] * 6, [0] * 6))
    assert (found.lost, found.served, found.earned) == (24, 10, 0)


def test_the_table_holds_the_cards_that_closed_in_the_days_asked_for():
    answers = {"c1": [Answered("accepted")]}
    made = regret_table([CARD], answers, PLENTY, {"P1": "Dresses"}, LAST, LAST)
    assert made.equals(REGRETS.conform(made))
    [row] = made.to_pylist()
    assert (row["day"], row["card_day"], row["week"], row["category"]) == (LAST, DAY, DAY, "Dresses")
    assert (row["followed"], row["earned_declined"], row["earned_accepted"], row["regret"]) == (True, 0.0, -50.0, 50.0)
    later = LAST + timedelta(days=1)
    assert regret_table([CARD], answers, PLENTY, {}, later, later).num_rows == 0
    assert regret_table([], {}, {}, {}, DAY, LAST).equals(REGRETS.empty())


def test_answers_are_read_by_card_in_the_order_in_which_they_were_given():
    table = TABLES["demand/card_responses"]
    fixed = {"day": DAY, "topic_id": "t1", "product_id": "P1", "store_id": "S01", "action": "reorder", "quantity": 1, "note": ""}
    given = [("c1", "accepted", 2), ("c1", "declined", 1), ("c2", "accepted", 1), ("c2", "reopened", 2)]
    rows = table.from_rows(
        fixed
        | {"card_id": card, "response": response, "response_id": f"{card}{hour}", "snoozed_until": None, "responded_by": None}
        | {"responded_at": datetime(2026, 9, 8, hour, tzinfo=UTC)}
        for card, response, hour in given
    )
    found = {card: [(one.response, one.at.hour) for one in given] for card, given in answers_of(rows).items()}
    assert found == {"c1": [("declined", 1), ("accepted", 2)], "c2": [("accepted", 1), ("reopened", 2)]}
    assert card_regrets([CARD | {"card_id": "c2"}], answers_of(rows), PLENTY, LAST)[0].answer == Answered(), "one taken back is none"
    assert answers_of(table.empty()) == {}


def test_only_stock_of_the_cards_is_kept():
    table = TABLES["retail/inventory"]
    fixed = {"day": DAY, "reserved": 0, "received": 0, "returned": 0, "adjusted": 0, "sold": 3, "on_hand": 7, "data_origin": "real"}
    places = [("P1", "S01"), ("P1", "S02"), ("P2", "S01")]
    rows = table.from_rows(fixed | {"product_id": product, "store_id": place} for product, place in places)
    assert stock_days([CARD], rows) == {("P1", "S01"): {DAY: StockDay(3, 7)}}
    assert stock_days([], rows) == stock_days([CARD], table.empty()) == {}


def test_sums_are_by_week_category_and_action():
    answers = {"c1": [Answered("accepted")]}
    cards = [CARD, CARD | {"card_id": "c2", "store_id": "S02"}]
    days = PLENTY | {("P1", "S02"): EMPTY_AT_THE_END["P1", "S01"]}
    rows = regret_table(cards, answers, days, {"P1": "Dresses"}, DAY, LAST).to_pylist()
    [found] = sums(rows)
    assert (found.week, found.category, found.action, found.cards, found.followed) == (DAY, "Dresses", "reorder", 2, 1)
    assert (found.missed, found.earned, found.regret) == pytest.approx((300, -50, 350))
    assert sums([]) == []
