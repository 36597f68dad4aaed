"""What was known of each product and place, day by day, as arrays: the only thing that features of demand are made from.

What belongs here: from retail tables and linked trends to (series, days) arrays, and cutting them at a day. What doesn't: features
(``features.py``), models (``forecasts.py``).

Every array is indexed by the day on which its value became known, which is what makes features point-in-time by construction:
``Panel.until(day)`` holds nothing of a later day, and features are made from such a cut only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

UNKNOWN = ""
"""Category of a product that no catalogue names."""


@dataclass(frozen=True)
class Panel:
    """Arrays of shape (series, days); a series is a product in a place, in order of their ids. Day 0 is ``first_day``.

    units: sold (sale lines; returns and cancellations are not negative demand). lines: order lines. largest: units of the day's
    largest line. price: last price paid or listed, NaN before the first. discount: share, of the promotion running that day.
    promotion_left: days the running promotion goes on after that day, as announced. stock: units at the end of the day, NaN where
    not told. posts, trend_score: of the trends linked to the product, as published that day; ``trend_days`` since the first.

    category: per series, as first known. since: per series, day on which it was first known.
    """

    product_id: npt.NDArray[np.object_]
    store_id: npt.NDArray[np.object_]
    category: npt.NDArray[np.object_]
    since: Integers
    first_day: date
    units: Floats
    lines: Floats
    largest: Floats
    price: Floats
    discount: Floats
    promotion_left: Floats
    stock: Floats
    posts: Floats
    trend_score: Floats

    @property
    def days(self) -> int:
        """Days that the panel covers."""
        return int(self.units.shape[1])

    @property
    def series(self) -> int:
        """Products in places."""
        return int(self.units.shape[0])

    def index(self, day: date) -> int:
        """Column of a day; negative before the first."""
        return (day - self.first_day).days

    def day(self, index: int) -> date:
        """Day of a column."""
        return self.first_day + timedelta(days=index)

    def until(self, day: int) -> Panel:
        """Of what was known at the end of day ``day`` (a column) and the series known by then; views where nothing is left out."""
        known = np.flatnonzero(self.since <= day)
        return self._cut(slice(None) if known.size == self.series else known, slice(day + 1))

    def take(self, series: npt.NDArray[Any]) -> Panel:
        """Some of the series, by mask or index."""
        return self._cut(series, slice(None))

    def _cut(self, rows: slice | npt.NDArray[Any], days: slice) -> Panel:
        of_series = ("product_id", "store_id", "category", "since")
        arrays = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "first_day"}
        cut = {name: values[rows] if name in of_series else values[rows, days] for name, values in arrays.items()}
        return replace(self, **cut)


def panel(
    tables: Mapping[str, pa.Table],
    first_day: date,
    last_day: date,
    trends: pa.Table | None = None,
) -> Panel:
    """The panel of the days from ``first_day`` to ``last_day``.

    tables: ``retail/orders`` and, where there are any, ``retail/inventory``, ``retail/promotions``, ``retail/products``: rows of
    other days are left out. trends: rows (day, product_id, posts, score), a day's linked trends added up per product.

    A series is a pair of product and place with a sale or a stock row. O(rows + series × days) time and memory.
    Raises ``ValueError`` where ``last_day`` is before ``first_day``.
    """
    if last_day < first_day:
        raise ValueError(f"the last day, {last_day}, is before the first, {first_day}")
    span = (first_day, (last_day - first_day).days + 1)
    orders = _within(tables["retail/orders"], *span)
    orders = orders.filter(pc.equal(orders["kind"], "sale"))
    optional = (tables.get(f"retail/{name}") for name in ("inventory", "promotions", "products"))
    stock, promotions, products = (None if table is None else _within(table, *span) for table in optional)
    series, since = _series([table for table in (orders, stock) if table is not None], first_day)
    of = _Places(series, span[1], first_day)

    units, lines, largest = of.zeros(), of.zeros(), of.zeros()
    rows, days = of.cells(orders)
    quantity = _numbers(orders["quantity"])
    np.add.at(units, (rows, days), quantity)
    np.add.at(lines, (rows, days), 1.0)
    np.maximum.at(largest, (rows, days), quantity)

    on_hand, price, discount, left = of.unknown(), of.unknown(), of.zeros(), of.zeros()
    if stock is not None:
        rows, days = of.cells(stock)
        on_hand[rows, days] = _numbers(stock["on_hand"])
    category, listed = of.catalogue(products)
    if listed is not None:
        price = listed
    # what was paid says more than the list; several prices in a day: the mean of its lines
    paid, counted = of.zeros(), of.zeros()
    rows, days = of.cells(orders)
    np.add.at(paid, (rows, days), _numbers(orders["unit_price"]))
    np.add.at(counted, (rows, days), 1.0)
    price = np.where(counted > 0, paid / np.maximum(counted, 1), price)
    if promotions is not None:
        rows, days = of.cells(promotions)
        known = rows >= 0
        ends = np.asarray(promotions["ends_on"].cast(pa.int32())) - (first_day - date(1970, 1, 1)).days
        np.maximum.at(discount, (rows[known], days[known]), _numbers(promotions["discount"])[known])
        np.maximum.at(left, (rows[known], days[known]), np.maximum(ends[known] - days[known], 0).astype(np.float32))
    posts, score = of.spoken_of(None if trends is None else _within(trends, *span))
    return Panel(
        product_id=np.array(series["product_id"].to_pylist(), dtype=object),
        store_id=np.array(series["store_id"].to_pylist(), dtype=object),
        category=category,
        since=since,
        first_day=first_day,
        units=units,
        lines=lines,
        largest=largest,
        price=_carried_forward(price),
        discount=discount,
        promotion_left=left,
        stock=on_hand,
        posts=posts,
        trend_score=score,
    )


class _Places:
    """Cells (series, day) of tables' rows."""

    def __init__(self, series: pa.Table, days: int, first_day: date) -> None:
        self.series, self.days = series, days
        self.offset = (first_day - date(1970, 1, 1)).days
        self._names = pc.binary_join_element_wise(series["product_id"], series["store_id"], "\x1f")

    def zeros(self) -> Floats:
        return np.zeros((self.series.num_rows, self.days), np.float32)

    def unknown(self) -> Floats:
        return np.full((self.series.num_rows, self.days), np.nan, np.float32)

    def column(self, table: pa.Table) -> Integers:
        return (np.asarray(table["day"].cast(pa.int32())) - self.offset).astype(np.int64)

    def cells(self, table: pa.Table) -> tuple[Integers, Integers]:
        """Series and day of each row; series -1 where it is none."""
        names = pc.binary_join_element_wise(table["product_id"], table["store_id"], "\x1f")
        found = pc.fill_null(pc.index_in(names, value_set=self._names), -1)
        return np.asarray(found).astype(np.int64), self.column(table)

    def _by_product(self, table: pa.Table) -> tuple[Integers, Integers]:
        """Rows of a table per series of its product: (series, row of the table), for tables that know no place."""
        products = pc.unique(self.series["product_id"])
        own = np.asarray(pc.index_in(self.series["product_id"], value_set=products)).astype(np.int64)
        found = np.asarray(pc.fill_null(pc.index_in(table["product_id"], value_set=products), -1)).astype(np.int64)
        order = np.argsort(own, kind="stable")
        starts, ends = np.searchsorted(own[order], found, "left"), np.searchsorted(own[order], found, "right")
        counts = np.where(found < 0, 0, ends - starts)
        rows = np.repeat(np.arange(found.size), counts)
        within = np.arange(rows.size) - np.repeat(np.cumsum(counts) - counts, counts)
        return order[np.repeat(starts, counts) + within], rows

    def catalogue(self, products: pa.Table | None) -> tuple[npt.NDArray[np.object_], Floats | None]:
        """Category of each series as first told, and list prices."""
        category = np.full(self.series.num_rows, UNKNOWN, dtype=object)
        if products is None or not products.num_rows:
            return category, None
        first = products.sort_by("day").group_by("product_id", use_threads=False).aggregate([("category", "first")])
        place = pc.index_in(self.series["product_id"], value_set=first["product_id"].combine_chunks())
        category[:] = pc.fill_null(first["category_first"].take(place), UNKNOWN).to_pylist()
        prices = self.unknown()
        rows, places = self._by_product(products)
        prices[rows, self.column(products)[places]] = _numbers(products["unit_price"])[places]
        return category, prices

    def spoken_of(self, trends: pa.Table | None) -> tuple[Floats, Floats]:
        """Posts and score of a day's linked trends, the same in every place of a product."""
        posts, score = self.zeros(), self.zeros()
        if trends is not None and trends.num_rows:
            rows, places = self._by_product(trends)
            days = self.column(trends)[places]
            np.add.at(posts, (rows, days), _numbers(trends["posts"])[places])
            np.maximum.at(score, (rows, days), _numbers(trends["score"])[places])
        return posts, score


def _numbers(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float32)


def _within(table: pa.Table, first_day: date, days: int) -> pa.Table:
    last = first_day + timedelta(days=days - 1)
    day = table["day"]
    return table.filter(pc.and_(pc.greater_equal(day, pa.scalar(first_day, pa.date32())), pc.less_equal(day, pa.scalar(last, pa.date32()))))


def _series(tables: list[pa.Table], first_day: date) -> tuple[pa.Table, Integers]:
    """Pairs of product and place in order of their names, and the day (a column) on which each was first seen."""
    seen = pa.concat_tables([table.select(["product_id", "store_id", "day"]) for table in tables])
    found = seen.group_by(["product_id", "store_id"]).aggregate([("day", "min")])
    found = found.sort_by([("product_id", "ascending"), ("store_id", "ascending")])
    since = np.asarray(found["day_min"].cast(pa.int32())).astype(np.int64) - (first_day - date(1970, 1, 1)).days
    return found.select(["product_id", "store_id"]).combine_chunks(), since


def _carried_forward(values: Floats) -> Floats:
    """Each NaN replaced by the last value before it; those before the first stay."""
    known = np.where(np.isnan(values), 0, np.arange(values.shape[1]))
    return np.take_along_axis(values, np.maximum.accumulate(known, axis=1), axis=1)
