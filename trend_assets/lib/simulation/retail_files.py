"""The retailer's files: CSV as an export gives them, with the dirt that exports have.

What belongs here: rows of each file and its dirt, as bytes. What doesn't: the simulation (``retail.py``), writing to disk
(``trend_assets/simulate.py``). Dirt is always an extra row, so that the clean rows still add up; its counts are truth.
"""

from __future__ import annotations

import io
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.csv

from trend_assets.lib.simulation.order_lines import OrderLines
from trend_assets.lib.simulation.retail import RetailDay, Retailer
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
        self._catalogue = retailer.catalogue
        self._suppliers = {supplier.supplier_id: supplier for supplier in self._catalogue.suppliers}
        self._product_ids = np.array([product.product_id for product in self._catalogue.products])
        self._store_ids = np.array([store.store_id for store in self._catalogue.stores])
        self._orders_of = OrderLines(retailer)
        self._errors = self._plan_errors()

    @property
    def dated_products(self) -> bool:
        """Whether the catalogue is a file a day: where prices change and products come."""
        return self.parameters.size != "small" or self.parameters.history_days > 0

    def undated(self) -> dict[str, bytes]:
        """``stores.csv``, and ``products.csv`` where the catalogue stays the same."""
        stores = self._catalogue.stores
        store_table = pa.table(
            {
                "store_id": [store.store_id for store in stores],
                "store_name": [store.name for store in stores],
                "channel": [store.channel for store in stores],
                "region": [store.region for store in stores],
                "country": [store.country for store in stores],
            }
        )
        self.rows["stores"] += len(stores)
        files = {"stores.csv": b"\n".join(_csv_lines(store_table)) + b"\n"}
        if self.dated_products:
            return files
        catalogue = self._catalogue.products
        return {
            "products.csv": self._products(np.array([product.unit_price for product in catalogue]), np.ones((len(catalogue), 1), bool))
        } | files

    def _products(self, prices: np.ndarray, listed: np.ndarray) -> bytes:
        catalogue = self._catalogue.products
        suppliers = [self._suppliers[product.supplier_id] for product in catalogue]
        product_table = pa.table(
            {
                "product_id": [product.product_id for product in catalogue],
                "product_name": [product.name for product in catalogue],
                "product_name_fr": [product.name_fr for product in catalogue],
                "brand": [product.brand for product in catalogue],
                "category": [product.category for product in catalogue],
                "product_type": [product.product_type for product in catalogue],
                "colour": [product.colour for product in catalogue],
                "unit_price": prices,
                "unit_cost": [product.unit_cost for product in catalogue],
                "supplier_id": [product.supplier_id for product in catalogue],
                "lead_time_days": [supplier.lead_time_days for supplier in suppliers],
                "minimum_order_quantity": [supplier.minimum_order_quantity for supplier in suppliers],
            }
        ).filter(pa.array(listed.any(axis=1)))
        product_lines = _csv_lines(product_table)
        first = product_lines[1].decode()
        fields = first.split(",")
        bad = ",".join(["MC-0901" if len(catalogue) < 901 else "MC-9901", *fields[1:7], "price on request", *fields[8:]])
        self._spoil("products", product_lines, [("duplicate_key", first), ("invalid_value", bad), ("blank_line", "")])
        self.rows["products"] += product_table.num_rows
        return b"\n".join(product_lines) + b"\n"

    def of_day(self, traded: RetailDay) -> dict[str, bytes]:
        """The dated files of one day."""
        day = str(self.retailer.date_of(traded.day))
        products = {f"products/{day}.csv": self._products(traded.price, traded.listed)} if self.dated_products else {}
        return products | {
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
                    "day": str(self.retailer.date_of(traded.day)),
                    "product_id": str(self._product_ids[product]),
                    "store_id": str(self._store_ids[place]),
                    "true_on_hand": int(traded.on_hand[product, place]),
                    "reported_on_hand": int(on_hand[product, place]),
                }
            )
        kept = np.flatnonzero(traded.listed.ravel())
        table = pa.table(
            {
                "product_id": self._product_ids[kept // places],
                "store_id": self._store_ids[kept % places],
                "on_hand": on_hand.ravel()[kept],
                "reserved": traded.reserved.ravel()[kept],
                "received": traded.received.ravel()[kept],
                "sold": traded.sold.ravel()[kept],
                "returned": traded.returned.ravel()[kept],
                "adjusted": traded.adjusted.ravel()[kept],
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
        stamp = f"{self.retailer.date_of(traded.day):%Y%m%d}"
        table = self._orders_of.table(traded, rng)
        moments = np.char.add(np.datetime_as_string(table["ordered_at"].to_numpy()), "Z")
        table = table.set_column(table.schema.get_field_index("ordered_at"), "ordered_at", pa.array(moments, pa.string()))
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

    def _deliveries(self, traded: RetailDay) -> bytes:
        catalogue = self._catalogue.products
        rows = [
            (
                f"{line.delivery_id},{self._product_ids[line.product]},{self._store_ids[line.place]},"
                f"{catalogue[line.product].supplier_id if line.sender < 0 else self._store_ids[line.sender]},"
                f"{self.retailer.date_of(line.ordered)},{self.retailer.date_of(line.due)},"
                f"{self.retailer.date_of(line.arrives) if line.arrives == traded.day else ''},"
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
                dates = f"{self.retailer.date_of(promotion.first_day)},{self.retailer.date_of(promotion.last_day)}"
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
            errors.setdefault(day, []).append(
                (int(rng.integers(0, len(self._product_ids))), int(rng.integers(0, len(self._catalogue.stores))), error)
            )
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
