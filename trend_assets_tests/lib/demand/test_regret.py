"""What a closed card would have earned or cost, by cases that can be counted on one's fingers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from trend_assets.lib.demand.regret import StockDay, card_regrets, sums

DAY = date(2026, 9, 7)  # a Monday
CARD: dict[str, Any] = {
    "day": DAY, "card_id": "c1", "product_id": "P1", "store_id": "S01", "action": "reorder", "quantity": 10, "lead_time_days": 2,
    "horizon_days": 6, "expected_daily_units": 4.0, "confidence": 0.8, "unit_price": 50.0, "unit_cost": 20.0,
}  # fmt: skip


def stock(sold: list[float], on_hand: list[float], place: str = "S01") -> dict[tuple[str, str], dict[date, StockDay]]:
    days = {DAY + timedelta(days=n + 1): StockDay(s, h) for n, (s, h) in enumerate(zip(sold, on_hand, strict=True))}
    return {("P1", place): days}


EMPTY_AT_THE_END = stock([4, 4, 4, 2, 0, 0], [10, 6, 2, 0, 0, 0])
PLENTY = stock([4, 4, 4, 4, 4, 4], [90, 86, 82, 78, 74, 70])
LAST = DAY + timedelta(days=6)


def one(card: dict[str, Any], days: Any, answer: str = "") -> Any:
    [found] = card_regrets([card], {"c1": answer} if answer else {}, days, LAST)
    return found


def test_a_card_nobody_followed_is_regretted_where_stock_ran_out():
    found = one(CARD, EMPTY_AT_THE_END)
    # four a day were wanted; the last three days lacked 2 + 4 + 4, all of them after the order would have come
    assert (found.sold, found.lost, found.served) == (14, 10, 10)
    assert found.earned == found.regret == pytest.approx(10 * 30)
    assert one(CARD, EMPTY_AT_THE_END, "declined").regret == found.regret


def test_declining_a_card_for_which_there_was_stock_is_not_regretted():
    found = one(CARD, PLENTY, "declined")
    assert found.earned == pytest.approx(-10 * 0.5 * 20)
    assert found.regret == 0


def test_following_a_card_is_regretted_where_its_units_are_left():
    assert one(CARD, PLENTY, "accepted").regret == pytest.approx(100)


def test_following_a_card_earns_what_would_not_have_been_there():
    found = one(CARD, stock([4] * 6, [30, 26, 22, 14, 7, 3]), "accepted")
    assert found.served == 7  # three of the ten are left
    assert found.earned == pytest.approx(7 * 30 - 3 * 10)
    assert found.regret == 0


def test_an_order_that_would_have_come_too_late_serves_nothing():
    assert one(CARD | {"lead_time_days": 9}, EMPTY_AT_THE_END).served == 0


def test_a_transfer_buys_nothing_so_only_its_handling_is_lost():
    assert one(CARD | {"action": "move"}, PLENTY, "accepted").earned == pytest.approx(-10 * 0.05 * 20)


def test_open_unknown_unvalued_and_repeated_cards_do_not_count():
    assert card_regrets([CARD], {}, EMPTY_AT_THE_END, LAST - timedelta(days=1)) == []
    assert card_regrets([CARD], {}, {}, LAST) == []
    assert card_regrets([CARD | {"action": "hold"}, CARD | {"action": "mark_down"}], {}, PLENTY, LAST) == []
    again = CARD | {"card_id": "c2", "day": DAY + timedelta(days=1), "horizon_days": 5}
    assert len(card_regrets([again, CARD], {}, EMPTY_AT_THE_END, LAST)) == 1


def test_a_product_that_never_had_stock_was_wanted_as_expected_and_prices_may_be_unknown():
    found = one(CARD | {"unit_price": None, "unit_cost": None}, stock([0] * 6, [0] * 6))
    assert (found.lost, found.served, found.earned) == (24, 10, 0)


def test_sums_are_by_week_category_and_action():
    regrets = [one(CARD, EMPTY_AT_THE_END), one(CARD, PLENTY, "accepted")]
    [found] = sums(regrets, {"P1": "Dresses"})
    assert (found.week, found.category, found.action, found.cards, found.followed) == (DAY, "Dresses", "reorder", 2, 1)
    assert (found.missed, found.earned_by_following, found.regret) == pytest.approx((300, -100, 400))
    assert sums([], {}) == []
