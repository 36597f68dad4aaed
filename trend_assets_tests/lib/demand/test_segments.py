"""Customers by segment: no cell is of fewer than fifty, no subtraction brings one back, and segments are what they say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.demand.segment_checks import customers_by_order, plausible
from trend_assets.lib.demand.segments import HISTORY_DAYS, ORDER_COLUMNS, segment_customers
from trend_assets.lib.retail.buyers import BUYERS
from trend_assets.tables import TABLES
from trend_assets.tables.markets import UNKNOWN, WITHHELD
from trend_assets.tables.segments import BEST, FEWEST_CUSTOMERS, NEW, OCCASIONAL, REGULAR, RETURNING

SUNDAY = date(2026, 9, 20)
LYON, PARIS, WEB = "lyon", "paris", "web"
Order = tuple[str, int, str, str, float]
"""Customer, days before the Sunday, product, place, price."""


def catalogue() -> tuple[pa.Table, pa.Table]:
    products = [
        {"day": SUNDAY, "product_id": name, "product_name": name, "category": category, "data_origin": "simulated"}
        for name, category in (("scarf", "fashion"), ("mug", "home"))
    ]
    places = {LYON: ("Rhône", "FR"), PARIS: ("Île-de-France", "FR"), WEB: (None, None)}
    stores = [
        {"day": SUNDAY, "store_id": name, "store_name": name, "channel": "store", "region": region, "country": country}
        for name, (region, country) in places.items()
    ]
    return TABLES["retail/products"].from_rows(products), TABLES["retail/stores"].from_rows(
        [store | {"data_origin": "simulated"} for store in stores]
    )


def sold(
    placed: Iterable[Order], kind: str = "sale", segments: dict[str, str] | None = None, country: str | None = None
) -> tuple[pa.Table, pa.Table]:
    """Order lines, and who placed them."""
    orders, buyers = [], []
    for number, (customer, days_ago, product, place, price) in enumerate(placed):
        day = SUNDAY - timedelta(days=days_ago)
        common = {"day": day, "order_id": f"{kind}{number}"}
        buyers.append(common | {"customer": customer, "segment": (segments or {}).get(customer)})
        orders.append(
            common
            | {"line": 1, "ordered_at": np.datetime64(day).astype("datetime64[us]").item(), "product_id": product, "store_id": place}
            | {"kind": kind, "quantity": 1, "unit_price": price, "currency": "EUR", "country": country, "data_origin": "simulated"}
        )
    return TABLES["retail/orders"].from_rows(orders).select(ORDER_COLUMNS), pa.Table.from_pylist(buyers, schema=BUYERS)


def counted(orders: pa.Table, buyers: pa.Table) -> dict[tuple[str, str, str], int]:
    rows = segment_customers(orders, buyers, *catalogue(), SUNDAY)
    assert rows.equals(TABLES["demand/segment_customers"].conform(rows))
    return {(row["category"], row["region"], row["segment"]): row["customers"] for row in rows.to_pylist()}


def once(count: int, prefix: str = "c", product: str = "scarf", place: str = LYON, days_ago: int = 0) -> list[Order]:
    return [(f"{prefix}{number}", days_ago, product, place, 10.0) for number in range(count)]


@pytest.mark.parametrize(("customers", "expected"), [(49, {}), (50, {("fashion", "Rhône", OCCASIONAL): 50})])
def test_forty_nine_customers_are_not_told_and_fifty_are(customers: int, expected: dict[tuple[str, str, str], int]) -> None:
    assert counted(*sold(once(customers))) == expected


def test_ten_thousand_orders_of_one_customer_are_one_customer() -> None:
    assert counted(*sold(once(49) + [("c0", 0, "scarf", LYON, 10.0)] * 10_000)) == {}


def test_small_cells_are_withheld_together_once_they_are_fifty() -> None:
    small = once(60) + once(30, "p", place=PARIS) + once(20, "w", place=WEB)
    assert counted(*sold(small, country="BE")) == {("fashion", "Rhône", OCCASIONAL): 60, ("fashion", WITHHELD, WITHHELD): 50}


def test_a_single_small_cell_takes_the_next_smallest_with_it_so_that_no_total_gives_it_away() -> None:
    told = once(90) + once(49, "p", place=PARIS) + once(70, "w", place=WEB)
    cells = counted(*sold(told, country="BE"))
    assert cells == {("fashion", "Rhône", OCCASIONAL): 90, ("fashion", WITHHELD, WITHHELD): 119}
    total = 90 + 49 + 70
    assert all(total - customers == 0 or total - customers >= FEWEST_CUSTOMERS for customers in cells.values())


def test_no_total_minus_what_is_told_is_ever_of_fewer_than_fifty() -> None:
    """Whatever the sizes of the segments: the customers of a category who are in no cell are none, or the category has no cell."""
    draws = np.random.default_rng(5)
    for _ in range(30):
        sizes = draws.integers(1, 120, 4)
        segments = {f"{kind}{number}": str(kind) for kind, size in enumerate(sizes) for number in range(size)}
        placed = [(customer, 0, "scarf", LYON, 10.0) for customer in segments]
        cells = counted(*sold(placed, segments=segments))
        assert sum(cells.values()) in (0, len(segments))
        assert (sum(cells.values()) == 0) == (len(segments) < FEWEST_CUSTOMERS)
        assert all(customers >= FEWEST_CUSTOMERS for customers in cells.values())
        shown = {segment for _, _, segment in cells}
        hidden = [int(size) for kind, size in enumerate(sizes) if str(kind) not in shown]
        assert len(hidden) != 1 or not cells or hidden[0] >= FEWEST_CUSTOMERS


def test_weeks_share_no_day_so_that_two_of_them_tell_nothing_by_subtraction() -> None:
    assert counted(*sold(once(60, days_ago=6))) == {("fashion", "Rhône", OCCASIONAL): 60}
    assert counted(*sold(once(60, days_ago=7))) == {}


def test_segments_are_those_of_recency_frequency_and_value() -> None:
    """Five kinds of sixty customers; the best are the tenth that spends most and came more than once."""
    kinds = {
        NEW: [0],
        RETURNING: [0, 97],
        REGULAR: [0, 10, 20, 30],
        OCCASIONAL: [0, 10],
        BEST: [0, 10],
    }
    placed = [
        (f"{kind}{number}", days_ago, "mug", LYON, 500.0 if kind == BEST else 5.0)
        for kind, visits in kinds.items()
        for number in range(60)
        for days_ago in visits
    ]
    placed += once(300, "earlier", days_ago=150)
    assert counted(*sold(placed)) == {("home", "Rhône", kind): 60 for kind in kinds}


def test_nobody_is_called_new_where_orders_do_not_reach_back() -> None:
    assert counted(*sold(once(60) + once(60, "d", days_ago=60))) == {("fashion", "Rhône", OCCASIONAL): 60}


def test_what_was_before_the_half_year_is_forgotten() -> None:
    placed = [order for days_ago in (0, HISTORY_DAYS) for order in once(60, days_ago=days_ago)] + once(60, "d", days_ago=120)
    assert counted(*sold(placed)) == {("fashion", "Rhône", NEW): 60}


def test_the_retailers_own_segments_replace_ours_and_the_newest_one_counts() -> None:
    placed = once(60, days_ago=30) + once(60) + once(50, "without")
    orders, buyers = sold(placed)
    own = ["silver"] * 60 + ["gold"] * 60 + [None] * 50
    buyers = buyers.set_column(3, "segment", pa.array(own, pa.string()))
    assert counted(orders, buyers) == {("fashion", "Rhône", "gold"): 60, ("fashion", "Rhône", UNKNOWN): 50}


def test_a_week_made_in_a_range_does_not_know_the_segments_of_later_weeks() -> None:
    orders, buyers = sold(once(60) + once(60, days_ago=-3))
    buyers = buyers.set_column(3, "segment", pa.array(["silver"] * 60 + ["gold"] * 60, pa.string()))
    assert counted(orders, buyers) == {("fashion", "Rhône", "silver"): 60}


def test_a_sale_is_in_one_region_only_its_places_else_the_country_delivered_to() -> None:
    assert counted(*sold(once(60, place=WEB), country="BE")) == {("fashion", "BE", OCCASIONAL): 60}
    assert counted(*sold(once(60), country="FR")) == {("fashion", "Rhône", OCCASIONAL): 60}
    assert counted(*sold(once(60, place="closed"))) == {("fashion", UNKNOWN, OCCASIONAL): 60}


def test_what_is_not_in_the_catalogue_and_regions_of_our_own_words_are_unknown() -> None:
    assert counted(*sold(once(60, product="?", place=WEB), country=WITHHELD)) == {(UNKNOWN, UNKNOWN, OCCASIONAL): 60}


def test_orders_without_a_customer_corrections_and_returns_alone_count_nobody() -> None:
    orders, buyers = sold(once(60))
    assert counted(orders, buyers.slice(0, 0)) == {}
    assert counted(orders.slice(0, 0), buyers) == {}
    for kind in ("return", "cancellation", "adjustment"):
        assert counted(*sold(once(60), kind)) == {}


def test_the_order_of_rows_does_not_matter() -> None:
    orders, buyers = sold(once(70, days_ago=1) + once(70, days_ago=30) + once(60, "p", "mug", PARIS))
    shuffled = np.random.default_rng(1).permutation(orders.num_rows)
    expected = segment_customers(orders, buyers, *catalogue(), SUNDAY)
    assert segment_customers(orders.take(shuffled), buyers.take(shuffled[::-1]), *catalogue(), SUNDAY).equals(expected)
    assert expected.num_rows == 2


def test_no_column_tells_who() -> None:
    names = {column.name for column in TABLES["demand/segment_customers"].columns}
    assert names == {"day", "category", "region", "segment", "customers", "data_origin"}


def week_of(customers: int, orders: int) -> dict[str, float]:
    """Customers by order as the check sees them: each customer once, then some of them again."""
    lines, buyers = sold([(f"c{number % customers}", 0, "scarf", LYON, 10.0) for number in range(orders)])
    products, stores = catalogue()
    return customers_by_order(segment_customers(lines, buyers, products, stores, SUNDAY), lines, products)


def test_the_check_passes_where_customers_are_no_more_than_their_orders() -> None:
    assert week_of(60, 80) == {"fashion": 0.75}
    assert plausible({}).passed
    assert plausible({"2026-09-13": week_of(60, 80), "2026-09-20": week_of(60, 90)}).passed


def test_the_check_finds_customers_that_a_join_multiplied_and_customers_an_export_lost() -> None:
    rows = segment_customers(*sold(once(120)), *catalogue(), SUNDAY)
    few_orders = sold(once(60))[0]
    assert not plausible({"2026-09-20": customers_by_order(rows, few_orders, catalogue()[0])}).passed
    usual = {"2026-09-06": week_of(60, 80), "2026-09-13": week_of(60, 80)}
    for lost in ({}, {"fashion": 0.3}):
        told = plausible(usual | {"2026-09-20": lost})
        assert not told.passed
        assert "fashion" in told.message
    assert plausible({"2026-09-13": week_of(60, 80), "2026-09-20": {}}).passed, "one week is no habit"
