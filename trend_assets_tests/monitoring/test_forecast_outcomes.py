"""Forecasts of fourteen weeks against what sold, over a real lake: by the week and by the version whose options made them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.models.tracking import Tracking
from trend_assets.monitoring.outcomes import FORECAST_DAYS, outcome_rows
from trend_assets.partitions import day_key
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

FIRST, WEEKS, PRODUCTS, STORES = date(2026, 3, 2), 14, 24, ("S1", "WEB")
SUNDAYS = [FIRST + timedelta(days=7 * number - 1) for number in range(WEEKS)]
CHANGED = SUNDAYS[9]
"""From here on forecasts are made with the options of version 2, which say too much."""
RATES = 3.0 + np.arange(PRODUCTS)


def pairs() -> list[tuple[int, str]]:
    return [(number, store) for number in range(PRODUCTS) for store in STORES]


def sales() -> dict[tuple[date, int, str], int]:
    drawn = np.random.default_rng(7).poisson(np.repeat(RATES, len(STORES))[None] / 7, (7 * WEEKS, PRODUCTS * len(STORES)))
    return {(FIRST + timedelta(days=day), *pair): int(drawn[day, place]) for day in range(7 * WEEKS) for place, pair in enumerate(pairs())}


SOLD = sales()


def forecasts(until: date = SUNDAYS[-1], version: int | None = None) -> pa.Table:
    """One week ahead: the rate's own quantiles, nearly; half as much again from ``CHANGED`` on."""
    rows = []
    for sunday in SUNDAYS:
        week = {"step": "week", "horizon": 1, "starts_on": sunday + timedelta(days=1), "ends_on": sunday + timedelta(days=7)}
        if sunday > until:
            break
        for product, store in pairs():
            rate = RATES[product] * (1.0 if sunday < CHANGED else 1.5)
            named = {"day": sunday, "product_id": f"P{product:02d}", "store_id": store, "data_origin": "simulated"} | week
            band = {"units": rate, "units_low": max(rate - 1.28 * rate**0.5, 0.0), "units_high": rate + 1.28 * rate**0.5}
            made = {"method": "global", "trained_until": sunday, "model_version": version or (1 if sunday < CHANGED else 2)}
            rows += [named | band | made, named | {"units": 0.0, "method": "seasonal_naive"}]
    return TABLES["demand/demand_forecasts"].from_rows(rows)


def publish(lake: Lake, path: str, rows: pa.Table) -> None:
    keys = sorted({day_key(day) for day in rows["day"].unique().to_pylist()})
    lake.publish(TABLES[path], lake.split(TABLES[path], rows, keys))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data folder with the sales of fourteen weeks and no forecasts yet."""
    made = Settings(data=str(tmp_path_factory.mktemp("weeks")))
    lake, orders, stock = Lake(made.lake_root), [], []
    for number, ((day, product, store), units) in enumerate(SOLD.items()):
        named = {"day": day, "product_id": f"P{product:02d}", "store_id": store, "data_origin": "simulated"}
        stock.append({**named, "on_hand": 50, "reserved": 0})
        if units:
            sale = {"order_id": f"O{number}", "line": 1, "ordered_at": datetime.combine(day, time(9), UTC), "kind": "sale"}
            orders.append({**named, **sale, "quantity": units, "unit_price": 1.0, "currency": "EUR"})
    products = [
        {"day": FIRST, "product_id": f"P{number:02d}", "product_name": "x", "category": "ab"[number % 2], "data_origin": "simulated"}
        for number in range(PRODUCTS)
    ]
    for path, rows in (("retail/orders", orders), ("retail/inventory", stock), ("retail/products", products)):
        publish(lake, path, TABLES[path].from_rows(rows))
    return made


def outcomes(settings: Settings) -> list[dict[str, Any]]:
    lake, tracking = Lake(settings.lake_root), Tracking(settings.tracking_database, settings.artifacts_root)
    rows, _ = outcome_rows({}, lake, tracking, settings)
    lake.publish(TABLES["models/outcomes"], {"all": rows})
    return [row for row in rows.to_pylist() if row["task"] == "demand"]


def error_of(sunday: date, category: str = "") -> float:
    """WAPE of the week after a Sunday, by hand."""
    said = [row for row in forecasts().to_pylist() if row["day"] == sunday and row["method"] == "global"]
    off = total = 0.0
    for row in said:
        number = int(row["product_id"][1:])
        if category in ("", "ab"[number % 2]):
            came = sum(SOLD[sunday + timedelta(days=1 + day), number, row["store_id"]] for day in range(7))
            off, total = off + abs(came - row["units"]), total + came
    return off / total


def test_fourteen_weeks_are_scored_by_week_category_and_version(settings: Settings) -> None:
    lake = Lake(settings.lake_root)
    for until in (SUNDAYS[8], SUNDAYS[-1]):  # asked again later, when the first weeks are too long ago to be judged anew
        publish(lake, "demand/demand_forecasts", forecasts(until))
        found = outcomes(settings)
    whole = {row["week"]: row for row in found if (row["slice"], row["metric"]) == ("all", "wape")}
    assert list(whole) == [sunday + timedelta(days=1) for sunday in SUNDAYS]
    assert len(whole) > FORECAST_DAYS / 7
    assert [row["model_version"] for row in whole.values()] == [1 if sunday < CHANGED else 2 for sunday in SUNDAYS]
    for sunday in SUNDAYS:
        row = whole[sunday + timedelta(days=1)]
        assert row["value"] == pytest.approx(error_of(sunday))
        assert row["low"] <= row["value"] <= row["high"]
        assert row["examples"] == PRODUCTS * len(STORES)
    named = {(row["slice"], row["week"]): row["value"] for row in found if row["metric"] == "wape"}
    assert named["category:b", SUNDAYS[-1] + timedelta(days=1)] == pytest.approx(error_of(SUNDAYS[-1], "b"))
    held = [row["value"] for row in found if (row["slice"], row["metric"], row["model_version"]) == ("all", "coverage", 1)]
    assert 0.72 < np.mean(held) < 0.88


def test_baselines_have_no_version_and_forecasts_older_than_the_column_count_as_the_codes(settings: Settings) -> None:
    lake, rows = Lake(settings.lake_root), forecasts()
    assert set(rows.filter(pc.not_equal(rows["method"], "global"))["model_version"].to_pylist()) == {None}
    place = rows.schema.get_field_index("model_version")
    publish(lake, "demand/demand_forecasts", rows.set_column(place, "model_version", pa.nulls(rows.num_rows, pa.int64())))
    newest = max(row["week"] for row in outcomes(settings))
    assert {row["model_version"] for row in outcomes(settings) if row["week"] == newest} == {0}
