"""Checks of the retail group: the blocking ones generated from the declarations, those against the tables' past, and warnings.

What belongs here: checks of this group's assets. What doesn't: the audit (``lib/quality``), columns (``tables/``).
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.declared import asset_key, declared_checks, history_result, warning_check
from trend_assets.lake.lake import Lake
from trend_assets.lib.quality import signals
from trend_assets.lib.quality.retail_checks import CHECKS
from trend_assets.lib.retail.mapping import TABLE_NAMES
from trend_assets.operations.history_checks import UNUSUAL, retail_verdicts, without_warnings
from trend_assets.resources import LakeResource, keys_in_run
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

audits = [declared_checks(path) for path, table in TABLES.items() if table.group == "retail"]


@dg.multi_asset_check(
    name="retail_history",
    specs=[
        dg.AssetCheckSpec(check, asset=asset_key(f"retail/{name}"), description=text, blocking=check != UNUSUAL)
        for name, checks in CHECKS.items()
        for check, text in {**checks, UNUSUAL: "Nothing that a person should look at though it stops nothing."}.items()
    ],
    can_subset=True,
)
def history(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> Iterator[dg.AssetCheckResult]:
    """Each day against the four weeks before it and the other tables of the day; what fails stops cards and marts until it is mended."""
    keys = keys_in_run(context.run.tags, TABLES["retail/orders"])
    for (name, check), verdict in without_warnings(retail_verdicts(lake.get(), keys)).items():
        if dg.AssetCheckKey(asset_key(f"retail/{name}"), check) in context.selected_asset_check_keys:
            yield history_result(f"retail/{name}", check, verdict)


@dg.multi_asset_check(
    name="retail_schema_changes",
    specs=[
        dg.AssetCheckSpec("schema_changes", asset=asset_key(f"retail/{name}"), description="The source's columns mean what they meant.")
        for name in TABLE_NAMES
    ],
    can_subset=True,
)
def schema_changes(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """What changed in the columns of each source: a load that was stopped is an error, one that went on with less a warning."""
    from trend_assets.operations.schema_changes import sources_seen, verdict_result

    seen = sources_seen(load_settings(), datetime.now(UTC))
    for name in TABLE_NAMES:
        if dg.AssetCheckKey(asset_key(f"retail/{name}"), "schema_changes") in context.selected_asset_check_keys:
            yield verdict_result(seen, name)


def _newest_days(lake: Lake, path: str, days: int = 7) -> pa.Table:
    return lake.read(TABLES[path], lake.partitions(TABLES[path])[-days:])


@warning_check("retail/orders", "join_coverage", "Sold products of the last week are in the catalogue.")
def order_coverage(lake: Lake) -> signals.Signal:
    """Share of the last week's order lines whose product is in the newest catalogue."""
    orders, products = _newest_days(lake, "retail/orders"), _newest_days(lake, "retail/products", 1)
    known = pc.sum(pc.is_in(orders["product_id"], value_set=products["product_id"].combine_chunks())).as_py() or 0
    return signals.coverage(known, orders.num_rows, "order lines are of a product in the catalogue", 0.95)


@warning_check("retail/quarantined_records", "quarantine_rate", "Few rows of the last week's files were refused.")
def quarantine_rate(lake: Lake) -> signals.Signal:
    """Share of accepted rows among those of the last week's order, stock and delivery files."""
    refused = _newest_days(lake, "retail/quarantined_records").num_rows
    accepted = sum(_newest_days(lake, path).num_rows for path in ("retail/orders", "retail/inventory", "retail/deliveries"))
    return signals.coverage(accepted, accepted + refused, "rows were accepted", 0.95)
