"""Retail assets: the retailer's files, read through the mapping file of the settings.

What belongs here: one multi-asset. What doesn't: reading and mapping (``lib/retail``, ``retail/files.py``).
"""

from collections.abc import Iterator

import dagster as dg

from trend_assets.declared import asset_key, asset_spec
from trend_assets.partitions import days_of
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

PATHS = [path for path, table in TABLES.items() if table.group == "retail"]


@dg.multi_asset(
    name="retail",
    specs=[asset_spec(path) for path in PATHS],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def retail(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """Read each day's products, stores, stock, orders, deliveries and promotions; refused rows keep their reason."""
    from trend_assets.retail.files import read_retail

    mapping = load_settings().retail_mapping
    if mapping is None:
        raise dg.Failure(
            "No retail mapping is set. Write one (docs/your-own-data.md shows how) and set TREND_ASSETS_RETAIL_MAPPING to its path.",
            allow_retries=False,
        )
    tables = read_retail(mapping, days_of(context.partition_time_window))
    for path in PATHS:
        yield dg.MaterializeResult(asset_key=asset_key(path), value=tables[path])
