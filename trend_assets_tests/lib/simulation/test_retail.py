"""The simulated retailer: stock adds up, and what trends do to sales is visible where stock allows."""

from __future__ import annotations

import csv
import io
import itertools

import numpy as np
import pytest

from trend_assets.lib.simulation.retail import RetailDay, Retailer, open_retailer
from trend_assets.lib.simulation.retail_files import RetailFiles
from trend_assets.lib.simulation.town import TownParameters


@pytest.fixture(scope="module")
def month() -> tuple[Retailer, list[RetailDay]]:
    retailer = open_retailer(TownParameters())
    return retailer, [retailer.trade(day) for day in range(30)]


def _units(month: tuple[Retailer, list[RetailDay]], item: str, column: str) -> np.ndarray:
    retailer, days = month
    chosen = [index for index, product in enumerate(retailer.catalogue.products) if product.item == item]
    return np.array([getattr(day, column)[chosen].sum() for day in days])


def test_stock_moves_add_up_and_never_go_below_zero(month: tuple[Retailer, list[RetailDay]]) -> None:
    _, days = month
    for yesterday, today in itertools.pairwise(days):
        expected = yesterday.on_hand + today.received - today.sold + today.returned + today.adjusted
        assert (today.on_hand == expected).all()
        assert (today.on_hand >= 0).all()
        assert (today.reserved <= today.on_hand).all()


def test_a_trend_with_enough_stock_lifts_sales_after_its_lag(month: tuple[Retailer, list[RetailDay]]) -> None:
    sold = _units(month, "quilted-gilet", "sold")  # starts day 15, peaks 17.5, three days later in sales, 40 days of cover
    assert sold[19:23].mean() > 1.5 * sold[:14].mean()


def test_a_trend_without_stock_loses_sales_and_a_fad_leaves_stock(month: tuple[Retailer, list[RetailDay]]) -> None:
    assert _units(month, "barrel-jeans", "lost").sum() > 100
    assert _units(month, "cowboy-boots", "lost").sum() == 0
    assert _units(month, "cowboy-boots", "on_hand")[-1] > 30 * _units(month, "cowboy-boots", "sold")[-7:].mean()


def test_deliveries_come_late_and_short_sometimes(month: tuple[Retailer, list[RetailDay]]) -> None:
    _, days = month
    lines = {line.delivery_id: line for day in days for line in day.lines if line.arrives == day.day}
    late = [line.arrives > line.due for line in lines.values()]
    short = [line.delivered < line.quantity for line in lines.values()]
    assert 0.08 < np.mean(late) < 0.35
    assert 0.02 < np.mean(short) < 0.2


def test_order_lines_of_a_day_are_its_sales_and_returns() -> None:
    retailer = open_retailer(TownParameters(days=12))
    files = RetailFiles(retailer)
    for day in range(12):
        traded = retailer.trade(day)
        data = files.of_day(traded)
        text = next(data[name] for name in data if name.startswith("orders/")).decode()
        # Dirt comes after the clean rows: ids that start with XX, or a repeated key.
        rows = {
            (row["order_id"], row["line"]): row for row in reversed(list(csv.DictReader(io.StringIO(text)))) if row["order_id"][:2] != "XX"
        }
        units = {
            kind: sum(int(row["quantity"]) for row in rows.values() if row["kind"] == kind) for kind in ("sale", "return", "cancellation")
        }
        assert units["sale"] + units["cancellation"] == traded.sold.sum()
        assert -units["return"] == traded.returned.sum()
    assert sum(files.dirt.values()) > 0
