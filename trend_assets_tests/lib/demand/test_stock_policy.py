"""Simulated stock adds up, is the same whichever days are asked, and never passes for real."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.stock_policy import simulated_lead_times, simulated_stock

PRODUCTS = pa.table({"product_id": [f"P{number}" for number in range(200)]})
DAYS = [date(2021, 12, 1) + timedelta(days=number) for number in range(20)]
STOCK = simulated_stock(PRODUCTS, seed=7, days=DAYS)


def test_stock_is_yesterdays_plus_received_less_sold_and_never_negative() -> None:
    inventory = STOCK.inventory
    on_hand, received, sold = (inventory[name].to_numpy().reshape(len(DAYS), -1) for name in ("on_hand", "received", "sold"))
    assert np.array_equal(on_hand[1:], on_hand[:-1] + received[1:] - sold[1:])
    assert (on_hand >= 0).all()
    assert sold.sum() > 0


def test_what_is_received_was_delivered() -> None:
    arrived = STOCK.deliveries.filter(pc.equal(STOCK.deliveries["received_on"], STOCK.deliveries["day"]))
    assert pc.sum(arrived["quantity_received"]).as_py() == pc.sum(STOCK.inventory["received"]).as_py() > 0
    still_open = STOCK.deliveries.filter(pc.is_null(STOCK.deliveries["received_on"]))
    assert pc.all(pc.greater(still_open["due_on"], still_open["day"])).as_py()
    assert pc.all(pc.less_equal(still_open["ordered_on"], still_open["day"])).as_py()


def test_one_day_alone_is_the_same_day_of_a_range() -> None:
    alone = simulated_stock(PRODUCTS, seed=7, days=[DAYS[9]])
    for name in ("inventory", "deliveries", "stores"):
        table = getattr(STOCK, name)
        assert getattr(alone, name).equals(table.filter(pc.equal(table["day"], DAYS[9])))


def test_every_row_says_simulated_and_another_seed_is_another_stock() -> None:
    for table in (STOCK.inventory, STOCK.deliveries, STOCK.stores):
        assert pc.unique(table["data_origin"]).to_pylist() == ["simulated"]
    assert not simulated_stock(PRODUCTS, seed=8, days=DAYS).inventory.equals(STOCK.inventory)


def test_lead_times_agree_with_the_deliveries() -> None:
    lead = dict(zip(PRODUCTS["product_id"].to_pylist(), simulated_lead_times(PRODUCTS["product_id"].to_pylist(), 7).tolist(), strict=True))
    for row in STOCK.deliveries.slice(0, 50).to_pylist():
        assert (row["due_on"] - row["ordered_on"]).days == lead[row["product_id"]]


def test_no_products_or_no_days_is_no_stock() -> None:
    assert simulated_stock(PRODUCTS, 7, []).inventory.num_rows == 0
    assert simulated_stock(PRODUCTS.slice(0, 0), 7, DAYS).stores.num_rows == 0
