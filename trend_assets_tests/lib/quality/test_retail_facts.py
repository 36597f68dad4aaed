"""Retail days against their past: what is missing is missed, whatever the opening hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa

from trend_assets.lib.quality.retail_day import RetailDay
from trend_assets.lib.quality.retail_facts import judge_days
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


def stock(day: date, on_hand: list[int], **movements: list[int]) -> pa.Table:
    common = {"day": day, "store_id": "paris", "reserved": 0, "data_origin": "real"}
    told = ("received", "sold", "returned", "adjusted")
    return TABLES["retail/inventory"].from_rows(
        [
            common
            | {"product_id": f"P{number:03d}", "on_hand": units}
            | {name: movements[name][number] if name in movements else None for name in told}
            for number, units in enumerate(on_hand)
        ]
    )


def catalogue(day: date) -> dict[str, pa.Table]:
    product = {"day": day, "product_id": "scarf", "product_name": "Scarf", "category": "scarves", "data_origin": "real"}
    store = {"day": day, "store_id": "paris", "store_name": "Paris", "channel": "store", "data_origin": "real"}
    return {"products": TABLES["retail/products"].from_rows([product]), "stores": TABLES["retail/stores"].from_rows([store])}


def feed(day: date, lines: int) -> RetailDay:
    return RetailDay(day, {**orders(day, lines).tables, **catalogue(day)})


def verdict(days: list[RetailDay], table: str) -> dict[str, bool]:
    """Checks that alarm on the last day, and whether they only warn."""
    return {alarm.check: alarm.warns for alarm in judge_days(days, [days[-1].day])[days[-1].day].get(table, [])}


def test_before_a_weekday_is_known_a_closed_day_only_warns_and_a_feed_that_is_gone_as_a_whole_stops() -> None:
    sunday = MONDAY + timedelta(days=6)
    past = [feed(MONDAY + timedelta(days=number), 40) for number in range(6)]
    assert verdict([*past, feed(sunday, 0)], "orders") == {"feed_present": True}
    assert verdict([*past, RetailDay(sunday, {})], "orders") == {"feed_present": False}
    weeks = [feed(sunday - timedelta(days=ago), 40) for ago in range(14, 0, -1)]
    assert verdict([*weeks, feed(sunday, 0)], "orders") == {"feed_present": False}


def told(number: int, lines: int, sold: int) -> RetailDay:
    """A day of a source whose stock tells what was sold."""
    day = MONDAY + timedelta(days=number)
    return RetailDay(day, {**feed(day, lines).tables, "inventory": stock(day, [400 - number] * 40, sold=[sold] * 40)})


def test_a_feed_that_is_lost_a_week_after_a_holiday_stops() -> None:
    weeks = [told(number, 40, 1) for number in range(21)]
    for holiday in (told(21, 0, 0), told(21, 0, 1)):  # a holiday, and a lost day that was never repaired
        past = [*weeks, holiday, *(told(number, 40, 1) for number in range(22, 28))]
        assert verdict([*past, told(28, 0, 1)], "orders").get("feed_present") is False
    holidays = [told(number, 0 if number in (14, 21) else 40, 0 if number in (14, 21) else 1) for number in range(28)]
    assert verdict([*holidays, told(28, 0, 1)], "orders").get("feed_present") is False
    without_stock = [feed(MONDAY + timedelta(days=number), 0 if number == 21 else 40) for number in range(28)]
    assert verdict([*without_stock, feed(MONDAY + timedelta(days=28), 0)], "orders").get("feed_present") is False


def test_a_holiday_a_week_after_a_holiday_warns_and_a_closed_weekday_says_nothing() -> None:
    weeks = [told(number, 0 if number == 21 else 40, 0 if number == 21 else 1) for number in range(28)]
    assert verdict([*weeks, told(28, 0, 0)], "orders").get("feed_present") is True
    closed = [told(number, 0 if number % 7 == 6 else 40, 0 if number % 7 == 6 else 1) for number in range(27)]
    assert "feed_present" not in verdict([*closed, told(27, 0, 0)], "orders")


def test_a_weekday_of_which_orders_never_tell_what_stock_does_warns() -> None:
    """Stock of all places, orders of the web shop only, which sends none on Sundays."""
    weeks = [told(number, 0 if number % 7 == 6 else 40, 1) for number in range(49)]
    for sunday in (13, 27, 48):
        assert verdict(weeks[: sunday + 1], "orders").get("feed_present") is (sunday > 13)


def test_a_place_that_closes_on_sundays_is_missed_on_mondays_and_not_on_its_first_sunday() -> None:
    def day(number: int, stores: Sequence[str]) -> RetailDay:
        at = MONDAY + timedelta(days=number)
        rows = [
            {
                "day": at, "ordered_at": datetime.combine(at, time(12), UTC), "product_id": "scarf", "store_id": store, "kind": "sale",
                "quantity": 1, "unit_price": 25.0, "line": 1, "currency": "EUR", "data_origin": "real", "order_id": f"{store}-{at}-{line}",
            }
            for store in stores for line in range(40)
        ]  # fmt: skip
        return RetailDay(at, {"orders": TABLES["retail/orders"].from_rows(rows)})

    both = ("lyon", "paris")
    week = [day(number, both) for number in range(6)]
    assert verdict([*week, day(6, ["paris"])], "orders").get("known_values") is True
    weeks = [day(number, ["paris"] if number % 7 == 6 else both) for number in range(21)]
    assert verdict([*weeks, day(21, ["paris"])], "orders").get("known_values") is False
    assert "known_values" not in verdict([*weeks, *(day(number, both) for number in range(21, 27)), day(27, ["paris"])], "orders")


def counted_days(last: list[int], days: int = 8) -> list[RetailDay]:
    """A source that tells sales and no adjustments: half of the products sell one a day; on the last day it holds ``last``."""
    made, on_hand = [], [40] * 100
    for number in range(days):
        sold = [1 if product % 2 else 0 for product in range(100)]
        on_hand = [units - out for units, out in zip(on_hand, sold, strict=True)]
        held = [units + off for units, off in zip(on_hand, last, strict=True)] if number == days - 1 else on_hand
        at = MONDAY + timedelta(days=number)
        made.append(RetailDay(at, {"inventory": stock(at, held, sold=sold, received=[0] * 100, returned=[0] * 100)}))
    return made


def test_a_stocktaking_that_nothing_books_warns_and_other_differences_stop() -> None:
    taken = [-1 if product % 5 < 2 else 0 for product in range(100)]
    assert verdict(counted_days(taken), "inventory").get("adds_up") is True
    assert verdict(counted_days([product % 2 for product in range(100)]), "inventory").get("adds_up") is False, "a snapshot of the morning"
    assert verdict(counted_days([400] * 100), "inventory").get("adds_up") is False, "another unit"


def sold_out(explained: bool) -> list[RetailDay]:
    """A source whose stock tells no movements: on the last day nine tenths are gone, sold as orders say or not."""
    days = []
    for number in range(8):
        at, on_hand = MONDAY + timedelta(days=number), [40] * 40
        lines = orders(at, 30).tables["orders"]
        if number == 7:
            on_hand = [4] * 40
        if number == 7 and explained:
            rows = [lines.slice(0, 1).to_pylist()[0] | {"product_id": f"P{n:03d}", "order_id": f"c{n}", "quantity": 36} for n in range(40)]
            lines = TABLES["retail/orders"].from_rows(rows)
        days.append(RetailDay(at, {"inventory": stock(at, on_hand), "orders": lines}))
    return days


def test_stock_that_falls_by_what_was_sold_is_a_clearance_and_without_sales_a_defect() -> None:
    assert "stock_levels" not in verdict(sold_out(explained=True), "inventory")
    assert verdict(sold_out(explained=False), "inventory").get("stock_levels") is False


def test_files_of_another_year_say_nothing_of_what_is_missing_today() -> None:
    past = [orders(MONDAY - timedelta(days=3650 + ago), 40) for ago in range(28, 0, -1)]
    assert not alarmed([*past, orders(MONDAY, 0)], MONDAY)


def at_hours(day: date, baskets: Sequence[tuple[int, int]]) -> RetailDay:
    """Orders of one place: hour and number of lines of each."""
    line = orders(day, 1).tables["orders"].to_pylist()[0]
    rows = [
        line | {"ordered_at": datetime.combine(day, time(hour), UTC), "order_id": f"{day}-{number}", "line": position + 1}
        for number, (hour, lines) in enumerate(baskets)
        for position in range(lines)
    ]
    return RetailDay(day, {"orders": TABLES["retail/orders"].from_rows(rows)})


def test_one_large_basket_in_the_morning_is_one_order_and_a_shifted_day_is_seen() -> None:
    usual = [(hour, 2) for hour in range(8, 17) for _ in range(2)]
    past = [at_hours(MONDAY + timedelta(days=number), usual) for number in range(28)]
    last = MONDAY + timedelta(days=28)
    assert "order_times" not in verdict([*past, at_hours(last, [(8, 23), (10, 1), (11, 2), (13, 1)])], "orders")
    assert verdict([*past, at_hours(last, [(hour - 3, lines) for hour, lines in usual])], "orders").get("order_times") is False


def test_an_hour_without_orders_is_a_gap_where_there_are_many_and_chance_where_there_are_few() -> None:
    def last_of(an_hour: int, scale: float = 1.0) -> dict[str, bool]:
        rng = np.random.default_rng(5)
        past = [
            at_hours(MONDAY + timedelta(days=number), [(hour, 1) for hour in range(8, 18) for _ in range(rng.poisson(an_hour))])
            for number in range(28)
        ]
        left = [(hour, 1) for hour in range(8, 18) if hour != 12 for _ in range(round(scale * an_hour))]
        return verdict([*past, at_hours(MONDAY + timedelta(days=28), left)], "orders")

    assert last_of(30).get("order_times") is False
    assert "order_times" not in last_of(4), "an hour of four orders has none on one day in fifty"
    assert "order_times" not in last_of(30, scale=0.1), "nor is an hour without any strange on a quiet day"


def promoted(day: date, offers: Sequence[tuple[str, str]], discount: float = 0.25) -> pa.Table:
    """Promotions of all of September by product and place."""
    common = {
        "day": day,
        "promotion_id": f"P{discount}",
        "starts_on": date(2026, 9, 1),
        "ends_on": date(2026, 10, 30),
        "discount": discount,
    }
    rows = [common | {"product_id": product, "store_id": store, "data_origin": "real"} for product, store in offers]
    return TABLES["retail/promotions"].from_rows(rows)


def test_a_price_of_any_promotion_that_runs_is_right_and_of_none_is_not() -> None:
    def day(number: int, paid: Sequence[float], discounts: Sequence[float] = ()) -> RetailDay:
        at = MONDAY + timedelta(days=number)
        tables = {**orders(at, len(paid)).tables, **catalogue(at)}
        tables["products"] = TABLES["retail/products"].from_rows([tables["products"].to_pylist()[0] | {"unit_price": 40.0}])
        rows = [line | {"unit_price": price} for line, price in zip(tables["orders"].to_pylist(), paid, strict=True)]
        tables["orders"] = TABLES["retail/orders"].from_rows(rows)
        offers = [promoted(at, [("scarf", "paris")], discount) for discount in discounts]
        return RetailDay(at, {**tables, **({"promotions": pa.concat_tables(offers)} if offers else {})})

    past = [day(number, [40.0] * 40) for number in range(10)]
    clearance = [0.25, 0.3, 0.7]
    assert "prices_paid" not in verdict([*past, day(10, [40.0, 30.0, 28.0, 12.0] * 10, clearance)], "orders")
    assert verdict([*past, day(10, [40.0, 30.0, 28.0, 20.0] * 10, clearance)], "orders").get("prices_paid") is False
    assert verdict([*past, day(10, [30.0] * 40)], "orders").get("prices_paid") is False


def test_running_promotions_that_are_refused_are_told_from_new_ones_that_always_are() -> None:
    """A fifth of a small file is refused on many days: products that the catalogue does not have yet, each in all places."""
    cells = [(f"p{product}", f"s{store}") for product in range(8) for store in range(9)]

    def day(number: int, offers: Sequence[tuple[str, str]], refused: int) -> RetailDay:
        at = MONDAY + timedelta(days=number)
        return RetailDay(at, {"promotions": promoted(at, offers)}, {"promotions": refused})

    past = [day(number, cells[:54], 18) for number in range(10)]
    assert not verdict([past[0]], "promotions")
    assert not verdict([*past, day(10, cells, 18)], "promotions")
    assert set(verdict([*past, day(10, cells[:43], 29)], "promotions")) == {"refused_rows", "rows_kept"}
    assert set(verdict([*past, day(10, cells[:43], 18)], "promotions")) == {"rows_kept"}, "a file that ends early has no more refused"
