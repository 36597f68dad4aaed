"""Retail tables: what we sell, where, what is in stock, ordered, delivered and promoted.

What belongs here: declarations of the ``retail`` group. What doesn't: reading a retailer's files (``lib/retail``).
Quantities are sales units; money is in the currency of the row.
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table, timestamp

ORDER_KINDS = ("sale", "return", "cancellation", "adjustment")
CHANNELS = ("store", "web")

_day = Column("day", pa.date32(), "Business day; decides the partition", "day")
_product_id = Column("product_id", pa.string(), "Product (SKU)")
_store_id = Column("store_id", pa.string(), "Place: a store, or web")

PRODUCTS = Table(
    group="retail",
    name="products",
    description="The catalogue as known on the day: one row per product with names in French and English where known.",
    columns=(
        _day,
        _product_id,
        Column("product_name", pa.string(), "Name as in the catalogue"),
        Column("product_name_fr", pa.string(), "French name, where the catalogue has one", nullable=True),
        Column("brand", pa.string(), "Brand", nullable=True),
        Column("category", pa.string(), "Category"),
        Column("product_type", pa.string(), "Finer type within the category", nullable=True),
        Column("colour", pa.string(), "Colour", nullable=True),
        Column("unit_price", pa.float64(), "Current list price", "currency unit", nullable=True, minimum=0),
        Column("unit_cost", pa.float64(), "Purchase cost", "currency unit", nullable=True, minimum=0),
        Column("supplier_id", pa.string(), "Supplier", nullable=True),
        Column("lead_time_days", pa.int32(), "Days from order to receipt that the supplier states", "days", nullable=True, minimum=0),
        Column("minimum_order_quantity", pa.int64(), "Smallest order the supplier accepts", "units", nullable=True, minimum=0),
        Column(
            "data_origin",
            pa.string(),
            "real: the retailer's own; simulated: made up, and labelled so wherever it is shown",
            allowed=("real", "simulated"),
        ),
    ),
    key=("product_id",),
    partition="day",
    time="day",
    layer="clean",
    retention_days=800,
    licence_class="own",
)

STORES = Table(
    group="retail",
    name="stores",
    description="Places where we sell, as known on the day: stores and the web shop.",
    columns=(
        _day,
        _store_id,
        Column("store_name", pa.string(), "Name"),
        Column("channel", pa.string(), "store or web", allowed=CHANNELS),
        Column("region", pa.string(), "Region, as posts' places name it", nullable=True),
        Column("country", pa.string(), "Country (ISO 3166 code or name as given)", nullable=True),
        Column("data_origin", pa.string(), "real or simulated", allowed=("real", "simulated")),
    ),
    key=("store_id",),
    partition="day",
    time="day",
    layer="clean",
    retention_days=800,
    licence_class="own",
)

INVENTORY = Table(
    group="retail",
    name="inventory",
    description="Stock at the end of the day per product and place, with the day's movements where the source tells them.",
    columns=(
        _day,
        _product_id,
        _store_id,
        Column(
            "on_hand", pa.int64(), "Units in stock at the end of the day; negative is kept and flagged, it happens in real systems", "units"
        ),
        Column("reserved", pa.int64(), "Units promised to customers", "units", minimum=0),
        Column("received", pa.int64(), "Units received in the day", "units", nullable=True, minimum=0),
        Column("sold", pa.int64(), "Units sold in the day", "units", nullable=True, minimum=0),
        Column("returned", pa.int64(), "Units returned to stock in the day", "units", nullable=True, minimum=0),
        Column("adjusted", pa.int64(), "Stock corrections of the day, signed", "units", nullable=True),
        Column("data_origin", pa.string(), "real or simulated", allowed=("real", "simulated")),
    ),
    key=("product_id", "store_id"),
    partition="day",
    time="day",
    layer="clean",
    retention_days=800,
    licence_class="own",
)

ORDERS = Table(
    group="retail",
    name="orders",
    description="Order lines of the day, returns and cancellations included; no customer identifier enters the lake.",
    columns=(
        _day,
        Column("order_id", pa.string(), "Order or invoice"),
        Column("line", pa.int32(), "Line within the order, from 1", "line", minimum=1),
        Column("ordered_at", timestamp, "When the order was placed", "UTC"),
        _product_id,
        _store_id,
        Column(
            "kind", pa.string(), "sale, return, cancellation, or adjustment (a stock correction booked as an order)", allowed=ORDER_KINDS
        ),
        Column("quantity", pa.int64(), "Units; negative for returns and cancellations", "units"),
        Column("unit_price", pa.float64(), "Price paid per unit", "currency unit"),
        Column("currency", pa.string(), "ISO 4217 code"),
        Column("country", pa.string(), "Country delivered to", nullable=True),
        Column("data_origin", pa.string(), "real or simulated", allowed=("real", "simulated")),
    ),
    key=("order_id", "line"),
    partition="day",
    time="day",
    layer="clean",
    retention_days=800,
    licence_class="own",
)

DELIVERIES = Table(
    group="retail",
    name="deliveries",
    description="Supplier deliveries as known at the end of the day: every open line, and every line received that day.",
    columns=(
        _day,
        Column("delivery_id", pa.string(), "Purchase order line or delivery"),
        _product_id,
        _store_id,
        Column("supplier_id", pa.string(), "Supplier", nullable=True),
        Column("ordered_on", pa.date32(), "Day the purchase order was placed", "day"),
        Column("due_on", pa.date32(), "Day the supplier promised", "day"),
        Column("received_on", pa.date32(), "Day it arrived; null while open", "day", nullable=True),
        Column("quantity_ordered", pa.int64(), "Units ordered", "units", minimum=0),
        Column("quantity_received", pa.int64(), "Units received so far", "units", minimum=0),
        Column("data_origin", pa.string(), "real or simulated", allowed=("real", "simulated")),
    ),
    key=("delivery_id",),
    partition="day",
    time="day",
    layer="clean",
    retention_days=800,
    licence_class="own",
)

PROMOTIONS = Table(
    group="retail",
    name="promotions",
    description="Promotions running on the day, one row per product and place.",
    columns=(
        _day,
        Column("promotion_id", pa.string(), "Promotion"),
        _product_id,
        _store_id,
        Column("starts_on", pa.date32(), "First day", "day"),
        Column("ends_on", pa.date32(), "Last day", "day"),
        Column("discount", pa.float64(), "Price reduction", "share", minimum=0, maximum=1),
        Column("data_origin", pa.string(), "real or simulated", allowed=("real", "simulated")),
    ),
    key=("promotion_id", "product_id", "store_id"),
    partition="day",
    time="day",
    layer="clean",
    retention_days=800,
    licence_class="own",
)

QUARANTINED_RECORDS = Table(
    group="retail",
    name="quarantined_records",
    description="Rows of the retailer's files that could not be read, with the original row and the reason.",
    columns=(
        _day,
        Column("table_name", pa.string(), "Table the row was meant for"),
        Column("source_file", pa.string(), "File the row came from, relative to the source folder"),
        Column("source_row", pa.int64(), "Row in the file, from 0", "row", minimum=0),
        Column(
            "reason",
            pa.string(),
            "Why it was refused",
            allowed=("missing_value", "invalid_value", "duplicate_key", "unknown_product", "unknown_store", "unreadable_file"),
        ),
        Column("detail", pa.string(), "What is missing or wrong, in words"),
        Column("original", pa.string(), "The row as received, as JSON", personal=True),
    ),
    key=("table_name", "source_file", "source_row"),
    partition="day",
    time="day",
    layer="raw",
    retention_days=90,
    licence_class="own",
)

TABLES = (PRODUCTS, STORES, INVENTORY, ORDERS, DELIVERIES, PROMOTIONS, QUARANTINED_RECORDS)
