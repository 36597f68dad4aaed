"""The retailer's months in memory: clean tables as the lake has them, the truth behind them, and plain arrays.

What belongs here: running a retailer over all its days and what can be made of it. What doesn't: files with their dirt
(``retail_files.py``), posts. Only evaluation may read the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import pyarrow as pa

from trend_assets.lib.simulation.order_lines import OrderLines
from trend_assets.lib.simulation.purchases import LineColumns
from trend_assets.lib.simulation.retail import PurchaseLine, RetailDay, Retailer, open_retailer
from trend_assets.lib.simulation.town import TownParameters, stream
from trend_assets.tables.retail import DELIVERIES, INVENTORY, ORDERS, PRODUCTS, PROMOTIONS, STORES

Act = Callable[[int, Retailer], object]
"""What a policy does before each day: called with the day (counted from the start) and the retailer."""

_UNITS = ("demand", "sold", "cancelled", "lost", "substituted", "on_hand", "physical", "reserved", "received", "returned", "adjusted")


@dataclass(frozen=True)
class RetailCourse:
    """All days of a retailer as arrays: (days, products, places) int32 units, ``discount`` float32; ``price`` (days, products).

    ``dates`` are those of the first axis, history included; axes of products and places are those of ``retailer.catalogue``.
    ``listed`` tells where a product was sold. The units are those of ``retail.RetailDay``.
    """

    retailer: Retailer
    dates: tuple[date, ...]
    demand: np.ndarray
    sold: np.ndarray
    cancelled: np.ndarray
    lost: np.ndarray
    substituted: np.ndarray
    on_hand: np.ndarray
    physical: np.ndarray
    reserved: np.ndarray
    received: np.ndarray
    returned: np.ndarray
    adjusted: np.ndarray
    discount: np.ndarray
    price: np.ndarray
    listed: np.ndarray


@dataclass(frozen=True)
class RetailTruth:
    """What nobody but an evaluation may see, as Arrow tables.

    ``lost`` (day, product_id, store_id, units, substituted): demand that met no stock, and the part of it that bought another
    product instead. ``effects`` (trend_id, kind, product_id, store_id, day, factor): the multiplier of demand by each planted
    trend, wave (``W``: no posts about it) and drift (``S``), where it is more than 1 % and the product is sold.
    ``demand`` (day, product_id, store_id, units): units wanted, where any.
    """

    lost: pa.Table
    effects: pa.Table
    demand: pa.Table


def retail_course(parameters: TownParameters, automatic: bool = True, act: Act | None = None) -> RetailCourse:
    """Trade all days, the history first; ``act`` is called before each. Memory: 45 bytes per day, product and place."""
    retailer = open_retailer(parameters, automatic)
    days = range(retailer.first_day, parameters.days)
    products, places = len(retailer.catalogue.products), len(retailer.catalogue.stores)
    units = {name: np.zeros((len(days), products, places), np.int32) for name in _UNITS}
    discount = np.zeros((len(days), products, places), np.float32)
    listed = np.zeros((len(days), products, places), bool)
    price = np.zeros((len(days), products))
    for index, day in enumerate(days):
        if act is not None:
            act(day, retailer)
        traded = retailer.trade(day)
        for name, values in units.items():
            values[index] = getattr(traded, name)
        discount[index], price[index], listed[index] = traded.discount, traded.price, traded.listed
    dates = tuple(retailer.date_of(day) for day in days)
    return RetailCourse(retailer=retailer, dates=dates, discount=discount, price=price, listed=listed, **units)


@lru_cache(maxsize=1)
def _usual_course(parameters: TownParameters) -> RetailCourse:
    return retail_course(parameters)


def retail_tables(
    parameters: TownParameters, names: Collection[str] = (), automatic: bool = True, act: Act | None = None
) -> dict[str, pa.Table]:
    """The tables ``retail/products``, ``stores``, ``inventory``, ``orders``, ``deliveries`` and ``promotions`` of all days.

    ``names`` (with or without ``retail/``) chooses some: the others are not made. ``act`` is called before each day.
    Raises ``ValueError`` for an unknown name.
    """
    known = {table.path: table for table in (PRODUCTS, STORES, INVENTORY, ORDERS, DELIVERIES, PROMOTIONS)}
    wanted = [name if name in known else f"retail/{name}" for name in names] or list(known)
    if unknown := sorted(set(wanted) - set(known)):
        raise ValueError(f"no tables of the retailer: {', '.join(unknown)}; there are {', '.join(known)}")
    retailer = open_retailer(parameters, automatic)
    maker = _Tables(retailer)
    parts: dict[str, list[pa.Table]] = {name: [known[name].empty()] for name in wanted}
    for day in range(retailer.first_day, parameters.days):
        if act is not None:
            act(day, retailer)
        traded = retailer.trade(day)
        for name in wanted:
            parts[name].append(known[name].conform(maker.day(name, traded)))
    return {name: pa.concat_tables(tables) for name, tables in parts.items()}


class _Tables:
    """Rows of one day of each table."""

    def __init__(self, retailer: Retailer) -> None:
        self._retailer, self._catalogue = retailer, retailer.catalogue
        self._product_ids = np.array([product.product_id for product in self._catalogue.products])
        self._store_ids = np.array([store.store_id for store in self._catalogue.stores])
        self._supplier_ids = np.array([product.supplier_id for product in self._catalogue.products])
        self._orders = OrderLines(retailer)
        suppliers = {supplier.supplier_id: supplier for supplier in self._catalogue.suppliers}
        products = self._catalogue.products
        self._products = {
            name: [getattr(product, attribute) for product in products]
            for name, attribute in {
                "product_id": "product_id", "product_name": "name", "product_name_fr": "name_fr", "brand": "brand",
                "category": "category", "product_type": "product_type", "colour": "colour", "unit_cost": "unit_cost",
                "supplier_id": "supplier_id",
            }.items()
        }  # fmt: skip
        self._products["lead_time_days"] = [suppliers[product.supplier_id].lead_time_days for product in products]
        self._products["minimum_order_quantity"] = [suppliers[product.supplier_id].minimum_order_quantity for product in products]
        self._products_table = pa.table(self._products)
        stores = self._catalogue.stores
        self._stores_table = pa.table(
            {
                "store_id": [store.store_id for store in stores],
                "store_name": [store.name for store in stores],
                "channel": [store.channel for store in stores],
                "region": pa.array([store.region or None for store in stores], pa.string()),
                "country": pa.array([store.country or None for store in stores], pa.string()),
            }
        )

    def day(self, name: str, traded: RetailDay) -> pa.Table:
        """The day's rows of a table."""
        makers: dict[str, Callable[[RetailDay], pa.Table]] = {
            "retail/products": self._products_of,
            "retail/stores": lambda _traded: self._stores_table,
            "retail/inventory": self._inventory,
            "retail/orders": lambda traded: self._orders.table(
                traded, stream(self._retailer.parameters, "orders", traded.day)
            ).drop_columns("customer_id"),
            "retail/deliveries": self._deliveries,
            "retail/promotions": self._promotions,
        }
        rows = makers[name](traded)
        if name == "retail/orders":
            moments = rows["ordered_at"].cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
            rows = rows.set_column(rows.schema.get_field_index("ordered_at"), "ordered_at", moments)
        day = pa.scalar(self._retailer.date_of(traded.day), pa.date32())
        rows = rows.append_column("day", pa.repeat(day, rows.num_rows))
        return rows.append_column("data_origin", pa.repeat("simulated", rows.num_rows))

    def _products_of(self, traded: RetailDay) -> pa.Table:
        table = self._products_table.append_column("unit_price", pa.array(traded.price))
        return table.filter(pa.array(traded.listed.any(axis=1)))

    def _inventory(self, traded: RetailDay) -> pa.Table:
        places = traded.on_hand.shape[1]
        kept = np.flatnonzero(traded.listed.ravel())
        names = ("on_hand", "reserved", "received", "sold", "returned", "adjusted")
        units = {name: getattr(traded, name).ravel()[kept] for name in names}
        return pa.table({"product_id": self._product_ids[kept // places], "store_id": self._store_ids[kept % places]} | units)

    def _deliveries(self, traded: RetailDay) -> pa.Table:
        lines = traded.lines if isinstance(traded.lines, LineColumns) else as_columns(list(traded.lines))
        names = lines.names() if isinstance(traded.lines, LineColumns) else [line.delivery_id for line in traded.lines]
        here = lines.arrives == traded.day
        origin = np.datetime64(self._retailer.date_of(0), "D")
        suppliers = np.where(lines.sender < 0, self._supplier_ids[lines.product], self._store_ids[lines.sender])
        return pa.table(
            {
                "delivery_id": pa.array(names, pa.string()),
                "product_id": pa.array(self._product_ids[lines.product], pa.string()),
                "store_id": pa.array(self._store_ids[lines.place], pa.string()),
                "supplier_id": pa.array(suppliers, pa.string()),
                "ordered_on": pa.array(origin + lines.ordered),
                "due_on": pa.array(origin + lines.due),
                "received_on": pa.array(origin + lines.arrives, mask=~here),
                "quantity_ordered": lines.quantity,
                "quantity_received": np.where(here, lines.delivered, 0),
            }
        )

    def _promotions(self, traded: RetailDay) -> pa.Table:
        parts = [PROMOTIONS.empty().drop_columns(["day", "data_origin"])]
        for promotion in self._retailer.promotions:
            if promotion.first_day <= traded.day <= promotion.last_day:
                rows, columns = np.nonzero(traded.listed[np.ix_(promotion.products, promotion.places)])
                count = len(rows)
                first, last = (self._retailer.date_of(day) for day in (promotion.first_day, promotion.last_day))
                parts.append(
                    pa.table(
                        {
                            "promotion_id": pa.repeat(promotion.promotion_id, count),
                            "product_id": pa.array(self._product_ids[promotion.products[rows]], pa.string()),
                            "store_id": pa.array(self._store_ids[promotion.places[columns]], pa.string()),
                            "starts_on": pa.repeat(pa.scalar(first, pa.date32()), count),
                            "ends_on": pa.repeat(pa.scalar(last, pa.date32()), count),
                            "discount": pa.repeat(promotion.discount, count),
                        }
                    ).cast(parts[0].schema)
                )
        return pa.concat_tables(parts)


def as_columns(lines: list[PurchaseLine]) -> LineColumns:
    """Purchase lines as arrays; numbers are positions, so ``names`` does not give their ids."""
    fields = ("product", "place", "ordered", "due", "arrives", "quantity", "delivered", "sender")
    return LineColumns(np.arange(len(lines)), *(np.array([getattr(line, name) for line in lines], np.int64) for name in fields))


def retail_truth(parameters: TownParameters) -> RetailTruth:
    """The truth of the retailer that ``retail_tables`` gives; the last town asked for is kept in memory."""
    return truth_of(_usual_course(parameters))


def truth_of(course: RetailCourse) -> RetailTruth:
    """The truth of a course traded, by whatever policy: demand and effects are the same for all, what is lost is not."""
    catalogue = course.retailer.catalogue
    product_ids = pa.array([product.product_id for product in catalogue.products], pa.string())
    store_ids = pa.array([store.store_id for store in catalogue.stores], pa.string())
    dates = pa.array(course.dates, pa.date32())

    def cells(values: np.ndarray) -> tuple[dict[str, pa.Array], tuple[np.ndarray, ...]]:
        where = np.nonzero(values)
        day, product, place = (pa.array(index) for index in where)
        return {"day": dates.take(day), "product_id": product_ids.take(product), "store_id": store_ids.take(place)}, where

    keys, where = cells(course.lost)
    lost = pa.table(keys | {"units": course.lost[where].astype(np.int64), "substituted": course.substituted[where].astype(np.int64)})
    keys, where = cells(course.demand)
    return RetailTruth(
        lost, _effects_table(course, product_ids, store_ids), pa.table(keys | {"units": course.demand[where].astype(np.int64)})
    )


def _effects_table(course: RetailCourse, product_ids: pa.Array, store_ids: pa.Array) -> pa.Table:
    parts = []
    for index, day in enumerate(range(course.retailer.first_day, course.retailer.parameters.days)):
        for effect in course.retailer.effects_on(day):
            factor = 1.0 + effect.on(day) * effect.felt
            kept = course.listed[index, effect.products] & (np.abs(factor - 1.0) > 0.01)
            row, place = np.nonzero(kept)
            parts.append(
                pa.table(
                    {
                        "trend_id": pa.repeat(effect.effect_id, len(row)),
                        "kind": pa.repeat(effect.kind, len(row)),
                        "product_id": product_ids.take(pa.array(effect.products[row])),
                        "store_id": store_ids.take(pa.array(place)),
                        "day": pa.repeat(pa.scalar(course.dates[index], pa.date32()), len(row)),
                        "factor": factor[place],
                    }
                )
            )
    schema = pa.schema(
        [("trend_id", pa.string()), ("kind", pa.string()), ("product_id", pa.string()), ("store_id", pa.string()), ("day", pa.date32()),
         ("factor", pa.float64())]
    )  # fmt: skip
    return pa.concat_tables([schema.empty_table(), *parts])
