"""Demand assets of the forecast: features of each day, and what each product and place will sell.

What belongs here: which partitions are read, one call into ``lib/demand``, metadata. What doesn't: features and models.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import dagster as dg
import pyarrow as pa

from trend_assets.declared import asset_key, asset_spec
from trend_assets.defs.jobs import DAILY_RETRIES
from trend_assets.lake.lake import Lake
from trend_assets.partitions import day_key, days_of
from trend_assets.resources import LakeResource, Published
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

RETAIL = ("retail/orders", "retail/inventory", "retail/promotions", "retail/products", "retail/stores")


def _read(lake: Lake, paths: Sequence[str], days: Sequence[date], look_back: int) -> dict[str, pa.Table]:
    """Tables of the days and of the days before the first that are published; the dependencies are on the days alone."""
    keys = {day_key(days[0] - timedelta(days=number)) for number in range(1, look_back)} | {day_key(day) for day in days}
    return {path: lake.read(TABLES[path], [key for key in lake.partitions(TABLES[path]) if key in keys]) for path in paths}


@dg.multi_asset(
    name="demand_features",
    specs=[asset_spec("demand/demand_features", deps=[*RETAIL[:4], "demand/product_trend_links"])],
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=DAILY_RETRIES,
)
def demand_features(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """What was known of each product and place at the end of each day, as features."""
    from trend_assets.lib.demand.forecast_tables import FEATURE_DAYS, feature_rows
    from trend_assets.models.features import demand_inputs

    days = days_of(context.partition_time_window)
    tables = _read(lake.get(), (*RETAIL[:4], "demand/product_trend_links"), days, FEATURE_DAYS)
    rows = feature_rows(tables, tables["demand/product_trend_links"], days)
    inputs = {day_key(day): demand_inputs(lake.get(), day) for day in days}  # so that the replay knows what was published again since
    yield dg.MaterializeResult(asset_key=asset_key("demand/demand_features"), value=Published(rows, inputs))


@dg.multi_asset(
    name="demand_forecasts",
    specs=[asset_spec("demand/demand_forecasts", deps=["demand/demand_features", *RETAIL])],
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=DAILY_RETRIES,
)
def demand_forecasts(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """What each product will sell in each place in the next 14 days and 4 weeks, by the global model and by baselines."""
    from trend_assets.lib.demand.forecast_tables import HISTORY_DAYS, Notes, forecast_rows
    from trend_assets.models.demand import options_in_force

    days, notes = days_of(context.partition_time_window), Notes()
    tables = _read(lake.get(), (*RETAIL, "demand/demand_features"), days, HISTORY_DAYS)
    used = options_in_force(load_settings())
    rows = forecast_rows(tables, tables["demand/demand_features"], days, notes, used.options, used.version)
    context.log.info(f"options {used.whose}; {notes.in_words()}")
    metadata: dict[str, dg.MetadataValue] = {
        "skipped": dg.MetadataValue.text(notes.in_words()),
        "options": dg.MetadataValue.text(used.whose),
        "rows that trained each model": dg.MetadataValue.json(notes.models),
    }
    yield dg.MaterializeResult(asset_key=asset_key("demand/demand_forecasts"), value=rows, metadata=metadata)
