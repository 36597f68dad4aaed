"""Tables of a small shop for tests: products of two ranges a category, two stores and the web, sales drawn around known rates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa

from trend_assets.tables import TABLES

FIRST = date(2026, 3, 2)
DAYS = 49
LAST = FIRST + timedelta(days=DAYS - 1)
COLOURS = ("Red", "Blue", "Green")
THINGS = [f"{kind} {number}" for kind in ("Scarf", "Lamp") for number in range(12)]
PLACES = {"paris": ("store", "FR"), "leeds": ("store", "GB"), "web": ("web", None)}
Demand = Callable[[str, str, int], float]
"""Multiplier of usual demand: of a range (thing), a place and a day counted from the first."""


def usual(thing: str, place: str, day: int) -> float:
    """Nothing happens."""
    return 1.0


def catalogue(day: date = LAST) -> pa.Table:
    """Products: each thing in three colours."""
    rows = [
        {"day": day, "product_id": f"{thing}-{colour}", "product_name": f"{thing} {colour}", "category": thing.split()[0].lower(),
         "product_type": thing.split()[0], "colour": colour, "unit_price": 20.0, "data_origin": "real"}
        for thing in THINGS for colour in COLOURS
    ]  # fmt: skip
    return TABLES["retail/products"].from_rows(rows)


def stores(day: date = LAST) -> pa.Table:
    """Two stores in two countries, and the web."""
    rows = [
        {"day": day, "store_id": place, "store_name": place, "channel": channel, "country": country, "data_origin": "real"}
        for place, (channel, country) in PLACES.items()
    ]
    return TABLES["retail/stores"].from_rows(rows)


def shop(
    demand: Demand = usual,
    *,
    seed: int = 1,
    rate: float = 3.0,
    stock: Callable[[str, str, int], float] | None = None,
    price: Demand = usual,
) -> dict[str, pa.Table]:
    """``orders``, ``inventory`` and ``promotions`` of all days. ``stock``: units in the morning; ``price``: over the usual one."""
    rng = np.random.default_rng(seed)
    orders, inventory, promotions = [], [], []
    week = (0.8, 0.8, 0.9, 1.0, 1.1, 1.5, 0.9)
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        for thing in THINGS:
            for colour in COLOURS:
                for place in PLACES:
                    wanted = rng.poisson(rng.gamma(20.0, rate / 20.0) * week[day.weekday()] * demand(thing, place, number))
                    there = float("inf") if stock is None else stock(thing, place, number)
                    sold, paid = int(min(wanted, there)), price(thing, place, number)
                    product = f"{thing}-{colour}"
                    if sold:
                        orders.append((day, f"{day}-{product}-{place}", product, place, sold, 20.0 * paid))
                    if np.isfinite(there) and there - sold <= 0:
                        inventory.append(
                            {"day": day, "product_id": product, "store_id": place, "on_hand": 0, "reserved": 0, "data_origin": "real"}
                        )
                    if paid < 1:
                        promotions.append((day, product, place, 1 - paid))
    return {
        "orders": TABLES["retail/orders"].from_rows(
            {"day": day, "order_id": order, "line": 1, "ordered_at": datetime(day.year, day.month, day.day, tzinfo=UTC),
             "product_id": product, "store_id": place, "kind": "sale", "quantity": units,
             "unit_price": paid, "currency": "EUR", "data_origin": "real"}
            for day, order, product, place, units, paid in orders
        ),
        "inventory": TABLES["retail/inventory"].from_rows(inventory),
        "promotions": TABLES["retail/promotions"].from_rows(
            {"day": day, "promotion_id": "P", "product_id": product, "store_id": place, "starts_on": day, "ends_on": day, "discount": share,
             "data_origin": "real"}
            for day, product, place, share in promotions
        ),
    }  # fmt: skip
