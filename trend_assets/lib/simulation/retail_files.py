"""The retailer's files: CSV as an export gives them, with the dirt that exports have.

What belongs here: rows of each file and its dirt, as bytes. What doesn't: the simulation (``retail.py``), writing to disk
(``trend_assets/simulate.py``). Dirt is always an extra row, so that the clean rows still add up; its counts are truth.
"""

from __future__ import annotations

import io
from collections import Counter
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.csv

from trend_assets.lib.simulation.catalogue import STORES
from trend_assets.lib.simulation.retail import WEB, RetailDay, Retailer
from trend_assets.lib.simulation.town import TownParameters, stream

DirtCounts = Counter[tuple[str, str]]
"""Dirty rows by table and reason; ``blank_line`` is no row at all."""


class RetailFiles:
    """Turns the retailer's days into files, relative paths to bytes; collects what is wrong in them."""

    def __init__(self, retailer: Retailer) -> None:
        self.retailer = retailer
        self.parameters: TownParameters = retailer.parameters
        self.dirt: DirtCounts = Counter()
        self.rows: Counter[str] = Counter()
        self.inventory_errors: list[dict[str, object]] = []
        self._first_day: date = self.parameters.start.date()
        self._product_ids = np.array([product.product_id for product in retailer.products])
        self._store_ids = np.array([store.store_id for store in STORES])
        self._prices = np.array([product.unit_price for product in retailer.products])
        self._errors = self._plan_errors()

    def undated(self) -> dict[str, bytes]:
        """``products.csv`` and ``stores.csv``."""
        catalogue = self.retailer.products
        suppliers = [self.retailer.suppliers[product.supplier_id] for product in catalogue]
        product_table = pa.table(
            {
                "product_id": [product.product_id for product in catalogue],
                "product_name": [product.name for product in catalogue],
                "product_name_fr": [product.name_fr for product in catalogue],
                "brand": [product.brand for product in catalogue],
                "category": [product.category for product in catalogue],
                "product_type": [product.product_type for product in catalogue],
                "colour": [product.colour for product in catalogue],
                "unit_price": [product.unit_price for product in catalogue],
                "unit_cost": [product.unit_cost for product in catalogue],
                "supplier_id": [product.supplier_id for product in catalogue],
                "lead_time_days": [supplier.lead_time_days for supplier in suppliers],
                "minimum_order_quantity": [supplier.minimum_order_quantity for supplier in suppliers],
            }
        )
        store_table = pa.table(
            {
                "store_id": [store.store_id for store in STORES],
                "store_name": [store.name for store in STORES],
                "channel": [store.channel for store in STORES],
                "region": [store.region for store in STORES],
                "country": [store.country for store in STORES],
            }
        )
        product_lines = _csv_lines(product_table)
        first = product_lines[1].decode()
        bad = first.replace(catalogue[0].product_id, "MC-0901").replace(f",{int(catalogue[0].unit_price)}", ",price on request", 1)
        self._spoil("products", product_lines, [("duplicate_key", first), ("invalid_value", bad), ("blank_line", "")])
        self.rows["products"] += len(catalogue)
        self.rows["stores"] += len(STORES)
        return {"products.csv": b"\n".join(product_lines) + b"\n", "stores.csv": b"\n".join(_csv_lines(store_table)) + b"\n"}

    def of_day(self, traded: RetailDay) -> dict[str, bytes]:
        """The dated files of one day."""
        day = f"{self._first_day + timedelta(days=traded.day)}"
        return {
            f"inventory/{day}.csv": self._inventory(traded),
            f"orders/{day}.csv": self._orders(traded),
            f"deliveries/{day}.csv": self._deliveries(traded),
            f"promotions/{day}.csv": self._promotions(traded),
        }

    def _inventory(self, traded: RetailDay) -> bytes:
        products, places = traded.on_hand.shape
        on_hand = traded.on_hand.copy()
        for product, place, error in self._errors.get(traded.day, []):
            on_hand[product, place] += error
            self.inventory_errors.append(
                {
                    "day": str(self._first_day + timedelta(days=traded.day)),
                    "product_id": str(self._product_ids[product]),
                    "store_id": str(self._store_ids[place]),
                    "true_on_hand": int(traded.on_hand[product, place]),
                    "reported_on_hand": int(on_hand[product, place]),
                }
            )
        table = pa.table(
            {
                "product_id": np.repeat(self._product_ids, places),
                "store_id": np.tile(self._store_ids, products),
                "on_hand": on_hand.ravel(),
                "reserved": traded.reserved.ravel(),
                "received": traded.received.ravel(),
                "sold": traded.sold.ravel(),
                "returned": traded.returned.ravel(),
                "adjusted": traded.adjusted.ravel(),
            }
        )
        lines = _csv_lines(table)
        rng = stream(self.parameters, "inventory dirt", traded.day)
        dirt = []
        if rng.random() < 0.3:
            dirt.append(("duplicate_key", lines[1 + int(rng.integers(0, table.num_rows))].decode()))
        if rng.random() < 0.2:
            dirt.append(("unknown_product", "MC-9999,S01,4,0,0,0,0,0"))
        if rng.random() < 0.2:
            dirt.append(("invalid_value", f"{self._product_ids[int(rng.integers(0, products))]},WEB,n/a,0,0,0,0,0"))
        self._spoil("inventory", lines, dirt)
        self.rows["inventory"] += table.num_rows
        return b"\n".join(lines) + b"\n"

    def _orders(self, traded: RetailDay) -> bytes:
        rng = stream(self.parameters, "orders", traded.day)
        day = self._first_day + timedelta(days=traded.day)
        stamp = f"{day:%Y%m%d}"
        sales = self._sale_lines(rng, traded, stamp, day)
        returns = self._reversed_lines(rng, traded.returned, "return", f"RT-{stamp}", traded, day)
        cancellations = self._reversed_lines(rng, traded.cancelled, "cancellation", f"CX-{stamp}", traded, day)
        table = pa.concat_tables([sales, returns, cancellations])
        lines = _csv_lines(table)
        dirt = []
        for number in range(int(rng.poisson(1.2))):
            reason = ("duplicate_key", "invalid_value", "unknown_product", "unknown_store", "missing_value", "blank_line")[
                int(rng.integers(0, 6))
            ]
            fields = lines[1 + int(rng.integers(0, table.num_rows))].decode().split(",")
            if reason != "duplicate_key":
                fields[0] = f"XX-{stamp}-{number:02d}"
            if reason == "invalid_value":
                fields[6] = "two"
            elif reason == "unknown_product":
                fields[3] = "MC-9998"
            elif reason == "unknown_store":
                fields[4] = "S99"
            elif reason == "missing_value":
                fields[3] = ""
            dirt.append((reason, "" if reason == "blank_line" else ",".join(fields)))
        self._spoil("orders", lines, dirt)
        self.rows["orders"] += table.num_rows
        return b"\n".join(lines) + b"\n"

    def _sale_lines(self, rng: np.random.Generator, traded: RetailDay, stamp: str, day: date) -> pa.Table:
        """Units sold (before cancellations) as order lines, most of one unit, and orders, most of one or two lines."""
        gross = (traded.sold + traded.cancelled).ravel()
        cells = np.repeat(np.arange(len(gross)), gross)
        begins = np.concatenate([[True], (np.diff(cells) != 0) | (rng.random(max(len(cells) - 1, 0)) > 0.12)])[: len(cells)]
        line_cells = cells[begins]
        quantity = np.bincount(np.cumsum(begins) - 1, minlength=len(line_cells)) if len(cells) else np.empty(0, np.int64)
        places = traded.on_hand.shape[1]
        order = np.lexsort((rng.random(len(line_cells)), line_cells % places))
        product, place, quantity = line_cells[order] // places, line_cells[order] % places, quantity[order]
        new_order = np.concatenate([[True], (np.diff(place) != 0) | (rng.random(max(len(place) - 1, 0)) < 0.6)])[: len(place)]
        number = np.cumsum(new_order) - 1
        starts = np.flatnonzero(new_order)
        line = np.arange(len(place)) - starts[number] + 1
        seconds = self._seconds(rng, place[starts])[number]
        customers = rng.integers(100_000, 400_000, len(starts))
        known = (rng.random(len(starts)) < 0.8) | (place[starts] == WEB)
        british = rng.random(len(starts)) < 0.38
        discount = traded.discount[product, place]
        return self._table(
            order_id=[f"MC-{stamp}-{index + 1:05d}" for index in number.tolist()],
            line=line,
            seconds=seconds,
            day=day,
            product=product,
            place=place,
            kind="sale",
            quantity=quantity,
            unit_price=np.round(self._prices[product] * (1 - discount), 2),
            british=british[number],
            customers=[
                f"C{customer}" if is_known else ""
                for customer, is_known in zip(customers[number].tolist(), known[number].tolist(), strict=True)
            ],
        )

    def _reversed_lines(
        self, rng: np.random.Generator, units: np.ndarray, kind: str, prefix: str, traded: RetailDay, day: date
    ) -> pa.Table:
        cells = np.argwhere(units > 0)
        product, place = cells[:, 0], cells[:, 1]
        return self._table(
            order_id=[f"{prefix}-{index + 1:05d}" for index in range(len(cells))],
            line=np.ones(len(cells), np.int64),
            seconds=self._seconds(rng, place),
            day=day,
            product=product,
            place=place,
            kind=kind,
            quantity=-units[product, place],
            unit_price=np.round(self._prices[product] * (1 - (traded.discount[product, place] if kind == "cancellation" else 0.0)), 2),
            british=rng.random(len(cells)) < 0.38,
            customers=[f"C{customer}" for customer in rng.integers(100_000, 400_000, len(cells)).tolist()],
        )

    def _table(
        self,
        *,
        order_id: list[str],
        line: np.ndarray,
        seconds: np.ndarray,
        day: date,
        product: np.ndarray,
        place: np.ndarray,
        kind: str,
        quantity: np.ndarray,
        unit_price: np.ndarray,
        british: np.ndarray,
        customers: list[str],
    ) -> pa.Table:
        countries = np.array([store.country for store in STORES])[place]
        return pa.table(
            {
                "order_id": pa.array(order_id, pa.string()),
                "line": line,
                "ordered_at": np.char.add(np.datetime_as_string(np.datetime64(day, "s") + seconds.astype("timedelta64[s]")), "Z"),
                "product_id": self._product_ids[product],
                "store_id": self._store_ids[place],
                "kind": pa.array([kind] * len(order_id), pa.string()),
                "quantity": quantity,
                "unit_price": unit_price,
                "currency": pa.array(["EUR"] * len(order_id), pa.string()),
                "country": np.where(countries != "", countries, np.where(british, "GB", "FR")),
                "customer_id": pa.array(customers, pa.string()),
            }
        )

    @staticmethod
    def _seconds(rng: np.random.Generator, place: np.ndarray) -> np.ndarray:
        """Seconds of the UTC day: opening hours in stores, evenings on the web."""
        ahead = np.array([store.hours_ahead for store in STORES])[place]
        store_hour = 10 + 9 * rng.beta(2.0, 1.8, len(place)) - ahead
        web_hour = 24 * rng.beta(3.2, 1.7, len(place))
        return (np.where(place == WEB, web_hour, store_hour) * 3600).astype(np.int64).clip(0, 86_399)

    def _deliveries(self, traded: RetailDay) -> bytes:
        catalogue = self.retailer.products
        rows = [
            (
                f"{line.delivery_id},{self._product_ids[line.product]},{self._store_ids[line.place]},{catalogue[line.product].supplier_id},"
                f"{self._first_day + timedelta(days=line.ordered)},{self._first_day + timedelta(days=line.due)},"
                f"{self._first_day + timedelta(days=line.arrives) if line.arrives == traded.day else ''},"
                f"{line.quantity},{line.delivered if line.arrives == traded.day else 0}"
            ).encode()
            for line in traded.lines
        ]
        lines = [b"delivery_id,product_id,store_id,supplier_id,ordered_on,due_on,received_on,quantity_ordered,quantity_received", *rows]
        rng = stream(self.parameters, "delivery dirt", traded.day)
        dirt = []
        if rows and rng.random() < 0.15:
            fields = rows[int(rng.integers(0, len(rows)))].decode().split(",")
            dirt.append(("invalid_value", ",".join([f"PO-9{traded.day:05d}", *fields[1:5], "soon", *fields[6:]])))
        self._spoil("deliveries", lines, dirt)
        self.rows["deliveries"] += len(rows)
        return b"\n".join(lines) + b"\n"

    def _promotions(self, traded: RetailDay) -> bytes:
        lines = [b"promotion_id,product_id,store_id,starts_on,ends_on,discount"]
        for promotion in self.retailer.promotions:
            if promotion.first_day <= traded.day <= promotion.last_day:
                dates = f"{self._first_day + timedelta(days=promotion.first_day)},{self._first_day + timedelta(days=promotion.last_day)}"
                lines.extend(
                    f"{promotion.promotion_id},{self._product_ids[product]},{self._store_ids[place]},{dates},{promotion.discount}".encode()
                    for product in promotion.products.tolist()
                    for place in promotion.places.tolist()
                )
        self.rows["promotions"] += len(lines) - 1
        return b"\n".join(lines) + b"\n"

    def _plan_errors(self) -> dict[int, list[tuple[int, int, int]]]:
        """Counting errors: on a few days, stock of one product and place is reported wrongly without any movement."""
        rng = stream(self.parameters, "inventory errors")
        errors: dict[int, list[tuple[int, int, int]]] = {}
        for _ in range(max(1, round(self.parameters.days / 5))):
            day = int(rng.integers(min(1, self.parameters.days - 1), self.parameters.days))
            error = int(rng.integers(3, 12))
            errors.setdefault(day, []).append((int(rng.integers(0, len(self._product_ids))), int(rng.integers(0, len(STORES))), error))
        return errors

    def _spoil(self, table: str, lines: list[bytes], dirt: list[tuple[str, str]]) -> None:
        # Dirt goes after the row it resembles: a reader that keeps the first of two equal keys keeps the true one.
        for reason, text in dirt:
            lines.append(text.encode())
            self.dirt[table, reason] += 1


def _csv_lines(table: pa.Table) -> list[bytes]:
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(table, buffer, pyarrow.csv.WriteOptions(include_header=False, quoting_style="none"))
    return [",".join(table.column_names).encode(), *buffer.getvalue().splitlines()]
