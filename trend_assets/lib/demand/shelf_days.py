"""Days of sales as arrays: units by day, product and place, with what was left on the shelf and what it cost.

What belongs here: from rows of the ``retail`` tables to dense arrays. What doesn't: what to expect of them (``expected_sales.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.ranges import ranges_of

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
_LEAST_BULK, _LEAST_LINE = 4, 2
_LINES_A_CELL = 1.05


@dataclass(frozen=True)
class ShelfDays:
    """Arrays of shape (days, products, places), days in order without gaps.

    ``sold``: units. ``available``: units there were to sell, infinite where not all were sold or nobody counts the stock.
    ``price``: over the product's usual price. ``reduced``: a promotion ran. ``open_days`` (days,): days of which sales are known.
    ``market`` (places,): index into ``markets``; ``range_of``, ``category_of`` (products,): indices into ``ranges`` and ``categories``.
    """

    days: list[date]
    product_ids: list[str]
    names: list[str]
    places: list[str]
    markets: list[str]
    market: Integers
    ranges: list[str]
    range_names: list[str]
    range_of: Integers
    categories: list[str]
    category_of: Integers
    sold: Floats
    available: Floats
    price: Floats
    reduced: Booleans
    open_days: Booleans
    data_origin: str


def shelf_days(
    orders: pa.Table,
    inventory: pa.Table,
    promotions: pa.Table,
    products: pa.Table,
    stores: pa.Table,
    prices: pa.Table,
    *,
    first: date,
    last: date,
    least_units: float = 1.0,
) -> ShelfDays:
    """Rows of the ``retail`` tables of ``first`` to ``last`` (both included) as arrays; rows of other days are left out.

    An order of many units of one product counts as a large usual one. Units are those of sales (returns and cancellations say nothing of
    demand). Products that sold fewer than ``least_units`` in all are left out. Stock that is made up (``data_origin`` simulated) beside
    real orders is not believed. Prices: of the product's list price, its median over the days, and what was paid or promised as a
    reduction. Memory: 40 bytes a day, product and place.
    """
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    orders, inventory, promotions = (_of_days(table, first, last) for table in (orders, inventory, promotions))
    sales = orders.filter(pc.and_(pc.equal(orders["kind"], "sale"), pc.greater(orders["quantity"], 0)))
    origin = "simulated" if "simulated" in pc.unique(sales["data_origin"]).to_pylist() else "real"
    if origin == "real":
        inventory = inventory.filter(pc.equal(inventory["data_origin"], "real"))
    catalogue = ranges_of(products)
    sales = _without_bulk(sales)
    known = set(catalogue["product_id"].to_pylist())
    totals = sales.group_by("product_id").aggregate([("quantity", "sum")])
    sold_enough = totals.filter(pc.greater_equal(totals["quantity_sum"], least_units))["product_id"].to_pylist()
    product_ids = sorted(known & set(sold_enough))
    places = sorted(set(pc.unique(sales["store_id"]).to_pylist()))
    grid = _Grid(days, product_ids, places)
    sold = grid.summed(sales, sales["quantity"])
    available = np.full(grid.shape, np.inf)
    empty = inventory.filter(pc.less_equal(inventory["on_hand"], 0))
    cells = grid.cells(empty)
    available.reshape(-1)[cells[cells >= 0]] = sold.reshape(-1)[cells[cells >= 0]]
    discount = grid.largest(promotions, promotions["discount"])
    rows = catalogue.take(pc.index_in(pa.array(product_ids, pa.string()), value_set=catalogue["product_id"]))
    ranges, range_of = _codes(rows["range_id"].to_pylist())
    categories, category_of = _codes(rows["category"].to_pylist())
    markets, market = _codes([_markets(stores).get(place, place) for place in places])
    name_of_range = dict(zip(rows["range_id"].to_pylist(), rows["range_name"].to_pylist(), strict=True))
    name_of = dict(zip(products["product_id"].to_pylist(), products["product_name"].to_pylist(), strict=True))
    return ShelfDays(
        days,
        product_ids,
        [name_of[product] or product for product in product_ids],
        places,
        markets,
        market,
        ranges,
        [name_of_range[one] for one in ranges],
        range_of,
        categories,
        category_of,
        sold,
        available,
        _prices(grid, sales, sold, prices, discount),
        discount > 0,
        sold.sum(axis=(1, 2)) > 0,
        origin,
    )


def _without_bulk(sales: pa.Table) -> pa.Table:
    """Lines of unusually many units count as a large usual line: who buys for a company is no wave of customers.

    Where lines are of single orders, a product having several a day and place, that is what one in a hundred has. Else a line may hold a
    whole day's sales of a product, and those may rise: three times as many.
    """
    if not sales.num_rows:
        return sales
    large = int(np.quantile(sales["quantity"].to_numpy(), 0.99))
    cells = sales.group_by(["day", "product_id", "store_id"]).aggregate([]).num_rows
    most = max(_LEAST_LINE, large) if sales.num_rows > _LINES_A_CELL * cells else max(_LEAST_BULK, 3 * large)
    units = pc.min_element_wise(sales["quantity"], pa.scalar(most, sales.schema.field("quantity").type))
    return sales.set_column(sales.schema.get_field_index("quantity"), "quantity", units)


class _Grid:
    """Rows of tables to cells of (days, products, places)."""

    def __init__(self, days: list[date], product_ids: list[str], places: list[str]) -> None:
        self._first = days[0]
        self._product_ids, self._places = pa.array(product_ids, pa.string()), pa.array(places, pa.string())
        self.shape = (len(days), len(product_ids), len(places))

    def cells(self, rows: pa.Table) -> Integers:
        """Flat cell of each row, -1 where it has none."""
        day = self.day(rows)
        product = pc.index_in(rows["product_id"], value_set=self._product_ids).fill_null(-1).to_numpy().astype(np.int64)
        place = pc.index_in(rows["store_id"], value_set=self._places).fill_null(-1).to_numpy().astype(np.int64)
        cell = (day * self.shape[1] + product) * self.shape[2] + place
        return np.where((product >= 0) & (place >= 0), cell, -1)

    def day(self, rows: pa.Table) -> Integers:
        """Day of each row, 0 the first."""
        numbers = pc.cast(rows["day"], pa.int32()).to_numpy().astype(np.int64)
        return np.asarray(numbers - (self._first - date(1970, 1, 1)).days, dtype=np.int64)

    def summed(self, rows: pa.Table, values: pa.ChunkedArray) -> Floats:
        """Sum of the values by cell."""
        cells = self.cells(rows)
        kept = cells >= 0
        weights = values.to_numpy().astype(np.float64)
        return np.bincount(cells[kept], weights[kept], minlength=int(np.prod(self.shape))).astype(np.float64).reshape(self.shape)

    def largest(self, rows: pa.Table, values: pa.ChunkedArray) -> Floats:
        """Largest value by cell, 0 where there is none."""
        cells, result = self.cells(rows), np.zeros(self.shape)
        kept = cells >= 0
        np.maximum.at(result.reshape(-1), cells[kept], values.to_numpy().astype(np.float64)[kept])
        return result


def _of_days(table: pa.Table, first: date, last: date) -> pa.Table:
    days = table["day"]
    return table.filter(pc.and_(pc.greater_equal(days, pa.scalar(first, pa.date32())), pc.less_equal(days, pa.scalar(last, pa.date32()))))


def _prices(grid: _Grid, sales: pa.Table, sold: Floats, listing: pa.Table, discount: Floats) -> Floats:
    """Price over the product's usual one: what was paid on average where something was sold, else list price and promised reduction.

    The usual price is the median over the days of what the product costs without promotion; 1 where no price is known.
    """
    listed = np.full(grid.shape[:2], np.nan)
    if {"day", "unit_price"} <= set(listing.column_names):
        priced = _of_days(listing, grid._first, grid._first + timedelta(days=grid.shape[0] - 1))
        product = pc.index_in(priced["product_id"], value_set=grid._product_ids).fill_null(-1).to_numpy()
        kept = product >= 0
        listed[grid.day(priced)[kept], product[kept]] = pc.cast(priced["unit_price"], pa.float64()).to_numpy(zero_copy_only=False)[kept]
    revenue = grid.summed(sales, pc.multiply(pc.cast(sales["quantity"], pa.float64()), sales["unit_price"]))
    with np.errstate(invalid="ignore", divide="ignore"):
        paid = np.where(sold > 0, revenue / sold, np.nan)
    usual = _median(np.where(np.isnan(listed), _median(np.where(discount > 0, np.nan, paid), 2), listed), 0)
    expected = np.where(np.isnan(listed), usual, listed)[:, :, None] * (1 - discount)
    price = np.where(np.isnan(paid), expected, paid) / usual[None, :, None]
    price = np.where(np.isfinite(price) & (price > 0), price, 1.0)
    # A place may price in another currency: what matters is the change.
    usual_here = _median(np.where(discount > 0, np.nan, price), 0)
    return np.clip(price / np.where(np.isnan(usual_here), 1.0, usual_here), 0.1, 3.0)


def _median(values: Floats, axis: int) -> Floats:
    """Median along an axis without what isn't known; not a number where nothing is."""
    if values.shape[axis] == 0:
        return np.full(np.delete(values.shape, axis), np.nan)
    ordered = np.sort(values, axis=axis)  # nan last
    known = np.sum(~np.isnan(values), axis=axis, keepdims=True)
    middle = np.take_along_axis(ordered, np.maximum(known - 1, 0) // 2, axis=axis)
    return np.where(known > 0, middle, np.nan).squeeze(axis)


def _markets(stores: pa.Table) -> dict[str, str]:
    """Market of each place: its country, or its channel where it has none."""
    return {row["store_id"]: row["country"] or row["channel"] for row in stores.select(["store_id", "country", "channel"]).to_pylist()}


def _codes(values: list[str]) -> tuple[list[str], Integers]:
    names = sorted(set(values))
    place = {name: number for number, name in enumerate(names)}
    return names, np.array([place[value] for value in values], dtype=np.int64)
