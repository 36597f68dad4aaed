"""Checks of the retail group: the blocking ones generated from the declarations, and warnings that need judgement.

What belongs here: checks of this group's assets. What doesn't: the audit (``lib/quality``), columns (``tables/``).
"""

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.declared import declared_checks, warning_check
from trend_assets.lake.lake import Lake
from trend_assets.lib.quality import signals
from trend_assets.tables import TABLES

audits = [declared_checks(path) for path, table in TABLES.items() if table.group == "retail"]


def _newest_days(lake: Lake, path: str, days: int = 7) -> pa.Table:
    return lake.read(TABLES[path], lake.partitions(TABLES[path])[-days:])


@warning_check("retail/orders", "join_coverage", "Sold products of the last week are in the catalogue.")
def order_coverage(lake: Lake) -> signals.Signal:
    """Share of the last week's order lines whose product is in the newest catalogue."""
    orders, products = _newest_days(lake, "retail/orders"), _newest_days(lake, "retail/products", 1)
    known = pc.sum(pc.is_in(orders["product_id"], value_set=products["product_id"].combine_chunks())).as_py() or 0
    return signals.coverage(known, orders.num_rows, "order lines are of a product in the catalogue", 0.95)


@warning_check("retail/inventory", "negative_stock", "Almost no stock of the last week is negative.")
def negative_stock(lake: Lake) -> signals.Signal:
    """Share of stock rows that are not negative."""
    stock = _newest_days(lake, "retail/inventory")
    fine = pc.sum(pc.greater_equal(stock["on_hand"], 0)).as_py() or 0
    return signals.coverage(fine, stock.num_rows, "stock rows are not negative", 0.99)


@warning_check("retail/quarantined_records", "quarantine_rate", "Few rows of the last week's files were refused.")
def quarantine_rate(lake: Lake) -> signals.Signal:
    """Share of accepted rows among those of the last week's order, stock and delivery files."""
    refused = _newest_days(lake, "retail/quarantined_records").num_rows
    accepted = sum(_newest_days(lake, path).num_rows for path in ("retail/orders", "retail/inventory", "retail/deliveries"))
    return signals.coverage(accepted, accepted + refused, "rows were accepted", 0.95)
