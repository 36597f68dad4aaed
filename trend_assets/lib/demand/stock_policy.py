"""Stock made up by a stated policy, for a catalogue whose retailer gives none; every row says ``simulated``.

What belongs here: the policy. What doesn't: the simulated town (``lib/simulation``), which plants effects on purpose; here
nothing depends on posts, so no link between trends and this stock can be found, and none should be.

The policy: one place. Usual demand per product is log-normal around ``typical_daily_units``; daily sales are Poisson around
it, no more than there is. Each product is topped up every 14 days, on its own day of the fortnight, to an order-up-to level
of ``cover_days`` of usual demand; the supplier takes 5, 7, 10 or 14 days by product. Stock and sales of a day depend on seed,
product and day only: reading one day or a range gives the same rows, and on_hand = yesterday's + received − sold, always.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from trend_assets.tables import TABLES

CYCLE = 14
_LEAD_TIMES = np.array([5, 7, 10, 14])
INVENTORY, DELIVERIES, STORES = TABLES["retail/inventory"], TABLES["retail/deliveries"], TABLES["retail/stores"]


@dataclass(frozen=True)
class SimulatedStock:
    """Tables conforming to ``retail/inventory``, ``retail/deliveries`` and ``retail/stores``; there are no orders."""

    inventory: pa.Table
    deliveries: pa.Table
    stores: pa.Table


def simulated_stock(
    products: pa.Table, seed: int, days: Sequence[date], store_id: str = "web", typical_daily_units: float = 0.4, cover_days: float = 24.0
) -> SimulatedStock:
    """Inventory, open and just received deliveries, and the place, for each product and day.

    Parameters: ``products`` with ``product_id`` (any number of days of it; each product once is enough); ``seed``; ``days``;
    ``typical_daily_units``, the median product's usual units a day; ``cover_days``, the order-up-to level in days of demand.
    """
    wanted = sorted(set(days))
    product_ids = sorted(set(products["product_id"].to_pylist()))
    if not wanted or not product_ids:
        return SimulatedStock(INVENTORY.empty(), DELIVERIES.empty(), STORES.empty())
    keys = np.array([_hash(product_id, seed) for product_id in product_ids], dtype=np.uint64)
    usual = typical_daily_units * np.exp(_normal(keys) * 0.9)
    level = np.ceil(usual * cover_days + 1).astype(np.int64)
    phase = (_mix(keys, 3) % np.uint64(CYCLE)).astype(np.int64)
    lead = _LEAD_TIMES[(_mix(keys, 4) % np.uint64(len(_LEAD_TIMES))).astype(np.int64)]

    first = _number(wanted[0])
    # two cycles back every product has been topped up once before the first day; two ahead, every open delivery's size is known
    start, end = first - 2 * CYCLE, _number(wanted[-1]) + 2 * CYCLE
    on_hand = level.copy()
    inventory, receipts = [], np.zeros((end - start, len(keys)), dtype=np.int64)
    wanted_numbers = {_number(day): day for day in wanted}
    for number in range(start, end):
        topped_up = (number - phase) % CYCLE == 0
        received = np.where(topped_up, level - on_hand, 0)
        receipts[number - start] = received
        sold = np.minimum(_poisson(_uniform(keys, number), usual), on_hand + received)
        on_hand = on_hand + received - sold
        if number in wanted_numbers:
            inventory.append(_inventory_day(wanted_numbers[number], product_ids, store_id, on_hand, received, sold))
    deliveries = [_delivery_day(day, product_ids, store_id, receipts, start, phase, lead) for day in wanted]
    stores = STORES.from_rows(
        {"day": day, "store_id": store_id, "store_name": "Simulated place", "channel": "web", "data_origin": "simulated"} for day in wanted
    )
    return SimulatedStock(pa.concat_tables(inventory), pa.concat_tables(deliveries), stores)


def _inventory_day(
    day: date, product_ids: list[str], store_id: str, on_hand: np.ndarray, received: np.ndarray, sold: np.ndarray
) -> pa.Table:
    nothing = np.zeros(len(product_ids), dtype=np.int64)
    columns = {
        "day": pa.repeat(pa.scalar(day, pa.date32()), len(product_ids)),
        "product_id": pa.array(product_ids),
        "store_id": pa.repeat(store_id, len(product_ids)),
        "on_hand": on_hand,
        "reserved": nothing,
        "received": received,
        "sold": sold,
        "returned": nothing,
        "adjusted": nothing,
        "data_origin": pa.repeat("simulated", len(product_ids)),
    }
    return INVENTORY.conform(pa.table(columns))


def _delivery_day(
    day: date, product_ids: list[str], store_id: str, receipts: np.ndarray, start: int, phase: np.ndarray, lead: np.ndarray
) -> pa.Table:
    """Deliveries known at the end of the day: ordered by then, and not received before it."""
    number = _number(day)
    due = number + (phase - number) % CYCLE  # the next top-up, today's included
    parts = []
    for following in (0, CYCLE):  # a lead time of 14 days can have the one after on order too
        due_on = due + following
        quantity = receipts[due_on - start, np.arange(len(phase))]
        places = np.flatnonzero((due_on - lead <= number) & (quantity > 0))
        arrived = due_on[places] == number
        received_on = pa.array(np.where(arrived, due_on[places], 0).astype(np.int32), mask=~arrived).cast(pa.date32())
        columns = {
            "day": pa.repeat(pa.scalar(day, pa.date32()), len(places)),
            "delivery_id": pa.array([f"SIM-{product_ids[place]}-{due_on[place]}" for place in places], pa.string()),
            "product_id": pa.array([product_ids[place] for place in places], pa.string()),
            "store_id": pa.repeat(store_id, len(places)),
            "supplier_id": pa.array([f"SIM-{days}D" for days in lead[places]], pa.string()),
            "ordered_on": pa.array((due_on - lead)[places].astype(np.int32)).cast(pa.date32()),
            "due_on": pa.array(due_on[places].astype(np.int32)).cast(pa.date32()),
            "received_on": received_on,
            "quantity_ordered": quantity[places],
            "quantity_received": np.where(arrived, quantity[places], 0),
            "data_origin": pa.repeat("simulated", len(places)),
        }
        parts.append(DELIVERIES.conform(pa.table(columns)))
    return pa.concat_tables(parts)


def simulated_lead_times(product_ids: Sequence[str], seed: int) -> np.ndarray:
    """Supplier's lead time in days of each product under the policy (int64), as in the deliveries of ``simulated_stock``."""
    keys = np.array([_hash(product_id, seed) for product_id in product_ids], dtype=np.uint64)
    return _LEAD_TIMES[(_mix(keys, 4) % np.uint64(len(_LEAD_TIMES))).astype(np.int64)]


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)) // timedelta(days=1)


def _hash(text: str, seed: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}\x1f{text}".encode(), digest_size=8).digest(), "big")


def _mix(keys: np.ndarray, salt: int) -> np.ndarray:
    """The splitmix64 finaliser: independent-looking 64 bits per key and salt (Steele, Lea & Flood 2014)."""
    with np.errstate(over="ignore"):
        mixed = keys + np.uint64(salt & 0xFFFFFFFF) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def _uniform(keys: np.ndarray, salt: int) -> np.ndarray:
    return (_mix(keys, salt + 16) >> np.uint64(11)).astype(np.float64) / 2.0**53


def _normal(keys: np.ndarray) -> np.ndarray:
    """Standard normal per key (Box-Muller)."""
    first = np.maximum(_uniform(keys, -1), 1e-12)
    return np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * _uniform(keys, -2))


def _poisson(uniform: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Poisson counts by inversion, cut off at 60 (means here are a few units)."""
    probability = np.exp(-mean)
    cumulative, counts = probability.copy(), np.zeros(len(mean), dtype=np.int64)
    for count in range(1, 61):
        above = uniform > cumulative
        if not above.any():
            break
        counts += above
        probability = probability * mean / count
        cumulative = cumulative + probability
    return counts
