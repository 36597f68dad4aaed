"""Retail days against their past: what is missing is missed, whatever the opening hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from trend_assets.lib.quality.retail_facts import RetailDay, judge_days
from trend_assets.tables import TABLES

MONDAY = date(2026, 9, 7)


def orders(day: date, lines: int) -> RetailDay:
    at = datetime.combine(day, time(12), UTC)
    line = {"day": day, "ordered_at": at, "product_id": "scarf", "store_id": "paris", "kind": "sale", "quantity": 1, "unit_price": 25.0}
    common = {"line": 1, "currency": "EUR", "data_origin": "real"}
    rows = [line | common | {"order_id": f"{day}-{number}"} for number in range(lines)]
    return RetailDay(day, {"orders": TABLES["retail/orders"].from_rows(rows)})


def alarmed(days: list[RetailDay], day: date) -> set[str]:
    return {alarm.check for alarm in judge_days(days, [day])[day].get("orders", [])}


def test_a_day_without_orders_is_missed_in_a_shop_that_closes_on_sundays() -> None:
    past = [MONDAY - timedelta(days=ago) for ago in range(28, 0, -1)]
    open_days = [orders(day, 0 if day.weekday() == 6 else 40) for day in past]
    assert "feed_present" in alarmed([*open_days, orders(MONDAY, 0)], MONDAY)
    sunday = MONDAY - timedelta(days=1)
    assert "feed_present" not in alarmed(open_days, sunday)


def test_files_of_another_year_say_nothing_of_what_is_missing_today() -> None:
    past = [orders(MONDAY - timedelta(days=3650 + ago), 40) for ago in range(28, 0, -1)]
    assert not alarmed([*past, orders(MONDAY, 0)], MONDAY)
