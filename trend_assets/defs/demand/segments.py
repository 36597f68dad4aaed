"""How many customers of which segment buy what where, once a week.

What belongs here: which partitions and files are read, one call into ``lib/demand`` a week. What doesn't: segments and suppression.
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from trend_assets.declared import asset_key, asset_spec
from trend_assets.defs.jobs import DAILY_RETRIES
from trend_assets.lib.tables import concatenate
from trend_assets.partitions import day_key, days_of
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

SUNDAY = 6


@dg.multi_asset(
    name="segment_customers",
    specs=[asset_spec("demand/segment_customers", deps=["retail/orders", "retail/products", "retail/stores"])],
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=DAILY_RETRIES,
)
def segment_customers(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Count each week's customers by category, region and segment; who they are is read from the retailer's files and kept nowhere."""
    from trend_assets.lib.demand.segments import HISTORY_DAYS, ORDER_COLUMNS
    from trend_assets.lib.demand.segments import segment_customers as count
    from trend_assets.retail.buyers import buyers_of_orders

    store, found = lake.get(), []
    sundays = [day for day in days_of(context.partition_time_window) if day.weekday() == SUNDAY]
    days = [sundays[0] - timedelta(days=number) for number in range(1, HISTORY_DAYS)] if sundays else []
    days += [sundays[0] + timedelta(days=number) for number in range((sundays[-1] - sundays[0]).days + 1)] if sundays else []
    known = {day_key(day) for day in days} & set(store.partitions(TABLES["retail/orders"]))
    buyers = buyers_of_orders(load_settings().retail_mapping, [day for day in days if day_key(day) in known])
    if buyers.num_rows:
        orders = store.read(TABLES["retail/orders"], sorted(known), columns=ORDER_COLUMNS)
        for sunday in sundays:
            products, stores = (store.read(TABLES[f"retail/{name}"], [day_key(sunday)]) for name in ("products", "stores"))
            found.append(count(orders, buyers, products, stores, sunday))
    rows = concatenate(TABLES["demand/segment_customers"], found)
    named = "orders with a customer" if buyers.num_rows else "none: the mapping of orders names no `customer`, or no Sunday is asked for"
    yield dg.MaterializeResult(
        asset_key=asset_key("demand/segment_customers"), value=rows, metadata={"customers": named, "orders": buyers.num_rows}
    )
