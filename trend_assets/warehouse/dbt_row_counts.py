"""Rows of the tables that dbt built, told with dbt's events.

What belongs here: counting, and where the counts go. What doesn't: running dbt (``defs/warehouse``), how an engine is queried
(``warehouse/engine.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import dagster as dg
import pyarrow.compute as pc

from trend_assets.partitions import day_key
from trend_assets.warehouse.common import PUBLISHED_MODELS
from trend_assets.warehouse.engine import WarehouseBusyError, WarehouseMissingError, open_warehouse

COUNTED_MODELS = ("int_", *PUBLISHED_MODELS)
"""Prefixes of the models that are tables; staging models are views, which would have to be computed to be counted."""


def with_row_counts(events: Iterator[Any], context: dg.AssetExecutionContext, days: Sequence[date] = ()) -> Iterator[Any]:
    """dbt's events, those of tables with their rows: of each day where ``days`` are given, of the whole table otherwise.

    The events come when dbt has ended: only then may anybody else open its file. dagster-dbt's own ``fetch_row_counts`` waits as
    well, starts a second dbt adapter for it, and tells every day of a range the rows of the whole table. On BigQuery nothing is
    counted: its own pages show the rows of every table.
    """
    found: list[Any] = []
    failure: Exception | None = None
    try:
        for event in events:
            found.append(event)
    except Exception as error:
        failure = error
    counted = open_warehouse().dialect == "duckdb"
    for event in found:
        model = str(event.metadata["unique_id"].value).rpartition(".")[2] if isinstance(event, dg.Output) else ""
        yield _counted(event, dg.AssetKey(["warehouse", model]), context, days) if counted and model.startswith(COUNTED_MODELS) else event
    if failure is not None:
        raise failure


def _counted(event: dg.Output[Any], key: dg.AssetKey, context: dg.AssetExecutionContext, days: Sequence[date]) -> dg.Output[Any]:
    """The event of a model with its rows; as it was where they cannot be counted, which the log then says."""
    columns = context.assets_def.specs_by_key[key].metadata["dagster/column_schema"].columns
    first, last = (days[0], days[-1]) if days else (None, None)
    try:
        rows = open_warehouse().read_working(key.path[-1], first, last, columns=["day" if days else columns[0].name])
    except (WarehouseBusyError, WarehouseMissingError, ValueError) as error:
        context.log.warning(f"{key.path[-1]}: rows not counted, {error}")
        return event
    if not days:
        return event.with_metadata({**event.metadata, "dagster/row_count": rows.num_rows})
    by_day = {row["values"]: row["counts"] for row in pc.value_counts(rows["day"]).to_pylist()}
    for day in days:
        context.add_asset_metadata({"dagster/row_count": by_day.get(day, 0)}, key, partition_key=day_key(day))
    return event
