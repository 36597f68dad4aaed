"""Sales that rose are told from weekdays, promotions, empty shelves and chance, with the day on which the rise began."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lib.demand.expected_sales import last_years_season
from trend_assets.lib.demand.shelf_days import ShelfDays
from trend_assets.lib.demand.uplift import UpliftRules, sales_uplifts
from trend_assets.tables import TABLES
from trend_assets_tests.lib.demand.sales import DAYS, FIRST, LAST, catalogue, shop, stores

TABLE = TABLES["demand/sales_uplifts"]


def found(tables: dict[str, pa.Table], day: Any = LAST, **given: Any) -> list[dict[str, Any]]:
    """Rows of the day with an uplift."""
    rows = sales_uplifts(tables["orders"], tables["inventory"], tables["promotions"], catalogue(), stores(), day, **given)
    TABLE.conform(rows)
    return rows.filter(rows["uplift"]).to_pylist()


@cache
def quiet() -> dict[str, pa.Table]:
    return shop()


def since(thing: str, day: int, factor: float, place: str | None = None) -> Any:
    return lambda one, where, number: factor if one == thing and number >= day and place in (None, where) else 1.0


def test_a_week_without_data_a_year_ago_says_nothing_of_the_season() -> None:
    shelf = SimpleNamespace(days=list(range(100)), categories=["home", "garden"])
    units = np.full((100, 2), 50.0)
    units[60:, 0] *= 2.0  # the season of one of them
    units[80:90] = 0.0
    units[:5] = 0.0
    baseline = np.arange(100) < 56
    factors = last_years_season(units, np.arange(2), cast("ShelfDays", shelf), baseline)
    assert np.isfinite(factors).all()
    assert factors[84].tolist() == [1.0, 1.0]
    assert factors[70, 0] > 1.3
    assert factors[:, 1] == pytest.approx(1.0)


def test_a_range_that_sells_three_times_as_much_since_tuesday_is_found_with_its_onset() -> None:
    rows = found(shop(since("Lamp 3", DAYS - 4, 3.0)))
    everywhere = next(row for row in rows if row["subject_kind"] == "range" and row["region"] == "")
    assert everywhere["range_id"] == "lamp/lamp/lamp 3"
    assert everywhere["onset_on"] == LAST - timedelta(days=3)
    assert 2.4 < everywhere["ratio"] < 3.6
    assert everywhere["ratio_low"] < 3.0 < everywhere["ratio_high"]
    assert {row["range_id"] for row in rows} == {"lamp/lamp/lamp 3"}


def test_a_rise_in_one_market_is_found_there() -> None:
    rows = found(shop(since("Scarf 5", DAYS - 5, 4.0, "leeds")))
    assert "GB" in {row["region"] for row in rows}
    assert {row["range_id"] for row in rows} == {"scarf/scarf/scarf 5"}


def test_nothing_is_found_where_nothing_happened() -> None:
    days = [LAST - timedelta(days=number) for number in range(0, 21, 3)]
    assert sum(len(found(quiet(), day)) for day in days) <= 1


def test_a_promotion_explains_what_it_sells() -> None:
    def cheaper(thing: str, place: str, day: int) -> float:
        return 0.7 if thing == "Lamp 1" and (day >= DAYS - 5 or 10 <= day < 16) else 1.0

    lifted = shop(lambda *cell: cheaper(*cell) ** -2.5, price=cheaper)
    assert found(lifted) == []
    unexplained = lifted | {"promotions": lifted["promotions"].slice(0, 0)}
    unexplained["orders"] = unexplained["orders"].set_column(
        unexplained["orders"].schema.get_field_index("unit_price"), "unit_price", pa.array(np.full(lifted["orders"].num_rows, 20.0))
    )
    assert {row["range_id"] for row in found(unexplained)} == {"lamp/lamp/lamp 1"}


def test_an_empty_shelf_hides_neither_the_rise_before_it_nor_makes_one_after_it() -> None:
    """Empty for two weeks, then full again: back to usual is no rise, though sales are many times those of the days before."""
    emptied = shop(stock=lambda thing, place, day: 0.0 if thing == "Lamp 2" and DAYS - 24 <= day < DAYS - 4 else 1000.0)
    assert found(emptied) == []
    sold_out = shop(
        since("Lamp 2", DAYS - 4, 5.0), stock=lambda thing, place, day: 7.0 if thing == "Lamp 2" and day >= DAYS - 2 else 1000.0
    )
    assert "lamp/lamp/lamp 2" in {row["range_id"] for row in found(sold_out)}


def test_a_month_that_always_sells_more_is_no_rise_once_there_is_a_year_before() -> None:
    def season(thing: str, place: str, day: int) -> float:
        return 2.0 if thing.startswith("Scarf") and day >= DAYS - 6 else 1.0

    now, before = shop(season), shop(season, seed=2)["orders"]
    year_ago = pc.cast(pc.subtract(pc.cast(before["day"], pa.int32()), pa.scalar(364, pa.int32())), pa.date32())
    before = before.set_column(0, TABLES["retail/orders"].schema.field("day"), year_ago)
    with_history, without = found(now, last_year=before), found(now)
    assert len(with_history) < len(without) / 4


def test_later_rows_change_nothing() -> None:
    tables = shop(since("Lamp 3", DAYS - 4, 3.0))
    day = LAST - timedelta(days=2)
    until = {name: table.filter(pc.less_equal(table["day"], pa.scalar(day, pa.date32()))) for name, table in tables.items()}
    assert found(tables, day) == found(until, day)


def test_order_of_rows_changes_nothing() -> None:
    tables = shop(since("Lamp 3", DAYS - 4, 3.0))
    order = np.random.default_rng(3).permutation(tables["orders"].num_rows)
    assert found(tables) == found(tables | {"orders": tables["orders"].take(pa.array(order))})


@pytest.mark.parametrize("days", [0, 1, 6])
def test_without_a_past_nothing_is_said(days: int) -> None:
    orders = quiet()["orders"]
    short = orders.filter(pc.less(orders["day"], pa.scalar(FIRST + timedelta(days=days), pa.date32())))
    assert found(quiet() | {"orders": short}, FIRST + timedelta(days=max(days - 1, 0))) == []


def test_one_order_of_millions_of_units_is_survived() -> None:
    orders = quiet()["orders"]
    huge = orders.slice(0, 1).to_pylist()[0] | {"quantity": 10**9, "order_id": "huge", "day": LAST}
    assert len(found(quiet() | {"orders": pa.concat_tables([orders, TABLES["retail/orders"].from_rows([huge])])})) >= 1


def test_an_office_that_orders_thirty_is_no_wave_of_customers_where_each_order_has_its_line() -> None:
    """Lines of a day and place are taken apart into orders of one; one more order then has thirty."""
    lines = quiet()["orders"].to_pylist()
    single = [row | {"quantity": 1, "order_id": f"{row['order_id']}-{n}"} for row in lines for n in range(row["quantity"])]
    lamp = next(row for row in single if row["product_id"] == lines[0]["product_id"])
    office = lamp | {"quantity": 30, "order_id": "office", "day": LAST}
    orders = TABLES["retail/orders"].from_rows([*single, office])
    assert found(quiet() | {"orders": orders}) == found(quiet() | {"orders": orders.slice(0, len(single))})
    crowd = [lamp | {"order_id": f"crowd {n}", "day": LAST} for n in range(30)]
    orders = TABLES["retail/orders"].from_rows([*single, *crowd])
    assert lamp["product_id"] in {product for row in found(quiet() | {"orders": orders}) for product in row["product_ids"]}


def test_a_product_rises_only_within_a_range_that_does() -> None:
    tables = shop(since("Lamp 3", DAYS - 4, 3.0))
    rows = sales_uplifts(tables["orders"], tables["inventory"], tables["promotions"], catalogue(), stores(), LAST).to_pylist()
    risen = {row["range_id"] for row in rows if row["uplift"] and row["subject_kind"] == "range"}
    assert {row["range_id"] for row in rows if row["subject_kind"] == "product" and row["q_value"] < 1.0} == risen
    assert {row["range_id"] for row in rows if row["uplift"] and row["subject_kind"] == "product"} <= risen


def test_products_unknown_to_the_catalogue_and_places_unknown_to_the_stores_are_taken_as_they_come() -> None:
    orders = quiet()["orders"]
    strange = [row | {"product_id": "ghost", "order_id": f"{row['order_id']}-g"} for row in orders.slice(0, 5).to_pylist()]
    strange += [row | {"store_id": "moon", "order_id": f"{row['order_id']}-m"} for row in orders.slice(0, 5).to_pylist()]
    assert found(quiet() | {"orders": pa.concat_tables([orders, TABLES["retail/orders"].from_rows(strange)])}) == found(quiet())


def test_the_share_of_false_discoveries_is_a_rule() -> None:
    strict = found(shop(since("Lamp 3", DAYS - 1, 1.8)), rules=UpliftRules(false_discovery_rate=1e-9))
    assert strict == []
