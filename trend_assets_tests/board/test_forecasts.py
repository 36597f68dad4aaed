"""A product's forecast stands beside its sales: the newest one known on the day, over the places it speaks of, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from trend_assets.board.forecasts import WEEKS_SOLD, forecast_chart, product_forecast
from trend_assets.tables import TABLES

SUNDAY = date(2026, 9, 20)
TODAY = SUNDAY + timedelta(days=3)


class Warehouse:
    """Forecasts and orders as the published file has them."""

    def __init__(self, forecasts: Sequence[dict[str, Any]], orders: Sequence[dict[str, Any]]) -> None:
        self.connection = duckdb.connect()
        for name, rows in (("demand/demand_forecasts", forecasts), ("retail/orders", orders)):
            rows_of = TABLES[name].from_rows(rows)
            schema, _, table = name.partition("/")
            self.connection.register("given", rows_of)
            self.connection.execute(f"create schema {schema}")
            self.connection.execute(f"create table {schema}.{table} as select * from given")
            self.connection.unregister("given")

    def query(self, sql: str, parameters: Sequence[Any] | None = None) -> pa.Table:
        return self.connection.execute(sql, list(parameters or ())).to_arrow_table()


def said(store: str = "a", method: str = "global", origin: date = SUNDAY, units: float = 4.0, band: float = 2.0) -> list[dict[str, Any]]:
    """Four weeks of the scarf in one place."""
    common = {"day": origin, "product_id": "scarf", "store_id": store, "step": "week", "method": method, "data_origin": "simulated"}
    low, high = units - band, units + band
    weeks = [origin + timedelta(weeks=number) for number in range(1, 5)]
    return [
        common
        | {"horizon": number, "starts_on": end - timedelta(days=6), "ends_on": end, "units": units, "units_low": low, "units_high": high}
        for number, end in enumerate(weeks, 1)
    ]


def sold(quantity: int, product: str = "scarf", store: str = "a", kind: str = "sale", days: int = 80) -> list[dict[str, Any]]:
    from datetime import UTC, datetime, time

    common = {"product_id": product, "store_id": store, "kind": kind, "quantity": quantity, "unit_price": 1.0, "currency": "EUR"}
    return [
        common
        | {"day": day, "order_id": f"{product}{store}{kind}", "line": 1, "ordered_at": datetime.combine(day, time(9), UTC)}
        | {"data_origin": "simulated"}
        for day in (TODAY + timedelta(days=2 - number) for number in range(days))
    ]


def test_places_are_added_up_and_sales_are_those_of_the_same_places() -> None:
    orders = [*sold(3), *sold(2, store="b"), *sold(50, store="elsewhere"), *sold(70, "hat"), *sold(-1, kind="return")]
    found = product_forecast(Warehouse([*said(), *said("b", units=1.0, band=0.5)], orders), "scarf", TODAY)
    assert found is not None
    assert (found.origin, found.places, found.simulated) == (SUNDAY, 2, True)
    assert found.expected[0] == {"day": SUNDAY + timedelta(days=7), "low": 2.5, "units": 5.0, "high": 7.5}
    assert len(found.expected) == 4
    assert set(found.sold.values()) == {35}
    assert sorted(found.sold) == [SUNDAY - timedelta(weeks=number) for number in reversed(range(WEEKS_SOLD))]


def test_what_sold_since_the_forecast_is_shown_once_its_week_is_over() -> None:
    warehouse = Warehouse(said(), sold(1))
    ends = [max(product_forecast(warehouse, "scarf", SUNDAY + timedelta(days=days)).sold) for days in (0, 3)]
    assert ends == [SUNDAY, SUNDAY]
    later = [row | {"day": row["day"] + timedelta(days=9)} for row in sold(1)]
    assert max(product_forecast(Warehouse(said(), later), "scarf", SUNDAY + timedelta(days=8)).sold) == SUNDAY + timedelta(days=7)


def test_a_week_in_which_other_products_sold_is_zero_and_a_week_with_a_day_without_data_a_gap() -> None:
    found = product_forecast(Warehouse(said(), sold(9, "hat", days=5 + 7 + 6)), "scarf", TODAY)
    assert found is not None
    assert found.sold == {SUNDAY: 0}


def test_the_newest_forecast_of_the_model_known_on_the_day_counts_and_no_baseline() -> None:
    week = timedelta(days=7)
    warehouse = Warehouse(
        [*said(), *said(method="moving_median", units=9.0), *said(origin=SUNDAY + week), *said(origin=SUNDAY - week)], sold(1)
    )
    assert [product_forecast(warehouse, "scarf", day).origin for day in (TODAY, SUNDAY, SUNDAY + week)] == [SUNDAY, SUNDAY, SUNDAY + week]
    assert [row["units"] for row in product_forecast(warehouse, "scarf", TODAY).expected] == [4.0] * 4
    assert product_forecast(Warehouse(said(method="moving_median"), sold(1)), "scarf", TODAY) is None
    assert product_forecast(warehouse, "scarf", SUNDAY - 2 * week) is None
    assert product_forecast(warehouse, "hat", TODAY) is None


def test_the_days_of_a_forecast_are_not_its_weeks() -> None:
    daily = [row | {"step": "day", "ends_on": row["starts_on"]} for row in said()]
    assert product_forecast(Warehouse(daily, sold(1)), "scarf", TODAY) is None


def test_the_chart_draws_sales_what_is_expected_and_its_band() -> None:
    found = product_forecast(Warehouse(said(), sold(3)), "scarf", TODAY)
    drawn = forecast_chart("fr", found).to_dict()["layer"]
    assert [layer["mark"]["type"] for layer in drawn] == ["area", "line", "line"]
    line = drawn[-2]["data"]["values"]
    assert [row["units"] for row in line] == [21] * WEEKS_SOLD, "the line of sales ends where they end"
    assert [row["units"] for row in drawn[-1]["data"]["values"]] == [4.0] * 4
    assert [(row["low"], row["high"]) for row in drawn[0]["data"]["values"]] == [(2.0, 6.0)] * 4
