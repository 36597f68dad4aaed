"""Retail assets: the retailer's files, read through the mapping file of the settings.

What belongs here: one multi-asset. What doesn't: reading and mapping (``lib/retail``, ``retail/files.py``).
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from trend_assets.declared import asset_key, asset_spec
from trend_assets.partitions import day_key, days_of
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
    from trend_assets.operations.retail_days import RETAIL, SOURCES, looked_back_from
    from trend_assets.operations.schema_changes import sources_seen
    from trend_assets.retail.sources import read_with_sources

    settings = load_settings()
    mapping = settings.retail_mapping
    if mapping is None:
        raise dg.Failure(
            "No retail mapping is set. Write one (docs/your-own-data.md shows how) and set TREND_ASSETS_RETAIL_MAPPING to its path.",
            allow_retries=False,
        )
    now = datetime.now(UTC)
    seen = sources_seen(settings, now)
    tables, made_from = read_with_sources(mapping, days_of(context.partition_time_window), looked_back_from(now), now, seen=seen)
    for day, words in made_from.items():
        context.add_asset_metadata({SOURCES: words}, asset_key=asset_key(RETAIL), partition_key=day_key(day))
    for path in PATHS:
        load = seen.loads.get(TABLES[path].name)
        yield dg.MaterializeResult(asset_key=asset_key(path), value=tables[path], metadata=load.metadata() if load else None)
