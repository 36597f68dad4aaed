"""Order lines of a day: units sold, returned and cancelled, as baskets of customers at a time of the day.

What belongs here: from a day's units to its lines. What doesn't: the units (``retail_demo.py``, ``retail_chain.py``), text
files and their dirt (``retail_files.py``).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from trend_assets.lib.simulation.retail import RetailDay, Retailer

_WEB_COUNTRIES = np.array(["FR", "GB", "IE", "BE", "LU"])
_WEB_COUNTRY_SHARES = np.array([0.52, 0.33, 0.05, 0.07, 0.03])


class OrderLines:
    """Makes the order lines of a retailer's days. Columns are those of ``retail/orders`` and ``customer_id``."""

    def __init__(self, retailer: Retailer) -> None:
        self._retailer = retailer
        self._product_ids = np.array([product.product_id for product in retailer.catalogue.products])
        stores = retailer.catalogue.stores
        self._store_ids = np.array([store.store_id for store in stores])
        self._countries = np.array([store.country for store in stores])
        self._ahead = np.array([store.hours_ahead for store in stores])
        self._web = retailer.catalogue.web
        # The demo's month keeps the baskets it was published with; other towns have baskets of more kinds.
        self._simple = retailer.parameters.size == "small" and retailer.parameters.history_days == 0
        count = len(self._product_ids)
        self._together = np.full(count, 0.12) if self._simple else 1.0 - 1.0 / retailer.units_a_buyer

    def table(self, traded: RetailDay, rng: np.random.Generator) -> pa.Table:
        """All lines of the day: sales, then returns, then cancellations. O(lines)."""
        stamp = f"{self._retailer.date_of(traded.day):%Y%m%d}"
        sales = self._sale_lines(rng, traded, stamp)
        returns = self._reversed_lines(rng, traded.returned, "return", f"RT-{stamp}", traded)
        cancellations = self._reversed_lines(rng, traded.cancelled, "cancellation", f"CX-{stamp}", traded)
        return pa.concat_tables([sales, returns, cancellations])

    def _sale_lines(self, rng: np.random.Generator, traded: RetailDay, stamp: str) -> pa.Table:
        """Units sold (before cancellations) as order lines, most of one unit, and orders, most of few lines."""
        gross = (traded.sold + traded.cancelled).ravel()
        bulk = np.minimum(traded.bulk.ravel(), gross) if traded.bulk.size else np.zeros_like(gross)
        cells = np.repeat(np.arange(len(gross)), gross - bulk)
        chance = self._together[cells[1:] // traded.on_hand.shape[1]]
        begins = np.concatenate([[True], (np.diff(cells) != 0) | (rng.random(max(len(cells) - 1, 0)) > chance)])[: len(cells)]
        line_cells = cells[begins]
        quantity = np.bincount(np.cumsum(begins) - 1, minlength=len(line_cells)) if len(cells) else np.empty(0, np.int64)
        if bulk.any():
            line_cells = np.concatenate([line_cells, np.flatnonzero(bulk)])
            quantity = np.concatenate([quantity, bulk[bulk > 0]])
        places = traded.on_hand.shape[1]
        order = np.lexsort((rng.random(len(line_cells)), line_cells % places))
        product, place, quantity = line_cells[order] // places, line_cells[order] % places, quantity[order]
        new_order = self._new_orders(rng, place)
        number = np.cumsum(new_order) - 1
        starts = np.flatnonzero(new_order)
        line = np.arange(len(place)) - starts[number] + 1
        seconds = self._seconds(rng, place[starts])[number]
        customers = self._customers(rng, place[starts])
        known = (rng.random(len(starts)) < 0.8) | (place[starts] == self._web)
        delivered = self._web_countries(rng, len(starts))
        return self._table(
            order_id=[f"MC-{stamp}-{index + 1:05d}" for index in number.tolist()],
            line=line,
            seconds=seconds,
            traded=traded,
            product=product,
            place=place,
            kind="sale",
            quantity=quantity,
            unit_price=np.round(traded.price[product] * (1 - traded.discount[product, place]), 2),
            delivered=delivered[number],
            customers=[
                f"C{customer}" if is_known else ""
                for customer, is_known in zip(customers[number].tolist(), known[number].tolist(), strict=True)
            ],
        )

    def _new_orders(self, rng: np.random.Generator, place: np.ndarray) -> np.ndarray:
        """Whether each line (sorted by place) begins an order."""
        changes = np.diff(place) != 0
        if self._simple:
            return np.concatenate([[True], changes | (rng.random(max(len(place) - 1, 0)) < 0.6)])[: len(place)]
        # Baskets of 1 line and more with a long tail: lines of a basket are log-normal, rounded down.
        begins = np.zeros(len(place) + 1, bool)
        sizes = np.maximum(np.floor(np.exp(rng.normal(0.7, 0.8, len(place)))), 1).astype(np.int64)
        ends = np.cumsum(sizes)
        begins[0] = True
        begins[ends[ends <= len(place)]] = True
        begins = begins[: len(place)]
        begins[1:] |= changes
        return begins

    def _reversed_lines(self, rng: np.random.Generator, units: np.ndarray, kind: str, prefix: str, traded: RetailDay) -> pa.Table:
        cells = np.argwhere(units > 0)
        product, place = cells[:, 0], cells[:, 1]
        discount = traded.discount[product, place] if kind == "cancellation" else 0.0
        return self._table(
            order_id=[f"{prefix}-{index + 1:05d}" for index in range(len(cells))],
            line=np.ones(len(cells), np.int64),
            seconds=self._seconds(rng, place),
            traded=traded,
            product=product,
            place=place,
            kind=kind,
            quantity=-units[product, place],
            unit_price=np.round(traded.price[product] * (1 - discount), 2),
            delivered=self._web_countries(rng, len(cells)),
            customers=[f"C{customer}" for customer in self._customers(rng, place).tolist()],
        )

    def _customers(self, rng: np.random.Generator, place: np.ndarray) -> np.ndarray:
        """Numbers of those who order: each of one place, and some come far more often than others."""
        share = (rng.integers(100_000, 400_000, len(place)) - 100_000) / 300_000
        pool = (40_000 if self._simple else 300_000) // len(self._store_ids)
        customers: np.ndarray = 100_000 + place * pool + np.floor(pool * share**1.7).astype(np.int64)
        return customers

    def _web_countries(self, rng: np.random.Generator, count: int) -> np.ndarray:
        if self._simple:
            return np.where(rng.random(count) < 0.38, "GB", "FR")
        edges = np.cumsum(_WEB_COUNTRY_SHARES)
        return _WEB_COUNTRIES[np.searchsorted(edges, rng.random(count) * edges[-1], side="right").clip(max=len(edges) - 1)]

    def _table(
        self,
        *,
        order_id: list[str],
        line: np.ndarray,
        seconds: np.ndarray,
        traded: RetailDay,
        product: np.ndarray,
        place: np.ndarray,
        kind: str,
        quantity: np.ndarray,
        unit_price: np.ndarray,
        delivered: np.ndarray,
        customers: list[str],
    ) -> pa.Table:
        day = np.datetime64(self._retailer.date_of(traded.day), "s")
        countries = self._countries[place]
        return pa.table(
            {
                "order_id": pa.array(order_id, pa.string()),
                "line": line,
                "ordered_at": pa.array(day + seconds.astype("timedelta64[s]")),
                "product_id": pa.array(self._product_ids[product], pa.string()),
                "store_id": pa.array(self._store_ids[place], pa.string()),
                "kind": pa.array([kind] * len(order_id), pa.string()),
                "quantity": quantity,
                "unit_price": unit_price,
                "currency": pa.array(["EUR"] * len(order_id), pa.string()),
                "country": pa.array(np.where(countries != "", countries, delivered), pa.string()),
                "customer_id": pa.array(customers, pa.string()),
            }
        )

    def _seconds(self, rng: np.random.Generator, place: np.ndarray) -> np.ndarray:
        """Seconds of the UTC day: opening hours in stores, evenings on the web."""
        store_hour = 10 + 9 * rng.beta(2.0, 1.8, len(place)) - self._ahead[place]
        web_hour = 24 * rng.beta(3.2, 1.7, len(place))
        seconds: np.ndarray = (np.where(place == self._web, web_hour, store_hour) * 3600).astype(np.int64).clip(0, 86_399)
        return seconds
