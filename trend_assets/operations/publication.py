"""Publishing the warehouse, and remembering what was published: the one after the other.

What belongs here: the order of the two. What doesn't: how a warehouse is swapped in (``warehouse/``), which days of marts are new and
how they are kept (``operations/mart_ledger.py``).

The ledger of marts says what readers could see, so a day enters it when the publication that shows it is there. The published file
holds the ledger as well (``operations/history.py``), with these days already in it. A publisher that is killed between the two leaves a
file that knows more than the ledger; the next one finds the versions in the file and records them under the moments that stand there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from trend_assets.lake.storage import StepHook, ignore_step
from trend_assets.operations.history import history
from trend_assets.operations.ledger import Known
from trend_assets.operations.mart_ledger import record_marts, unrecorded_days
from trend_assets.warehouse.engine import WarehouseMissingError

if TYPE_CHECKING:
    from datetime import datetime

    from trend_assets.lake.lake import Lake
    from trend_assets.settings import Settings
    from trend_assets.warehouse.engine import Publication, WarehouseEngine


def publish_marts(
    lake: Lake, warehouse: WarehouseEngine, settings: Settings, now: datetime, on_step: StepHook = ignore_step
) -> tuple[Publication, dict[str, int]]:
    """Publish what dbt built and tested, then record the days of marts that nobody could see before; returns these by mart.

    now: the clock (aware). Raises as ``WarehouseEngine.publish``: then nothing is recorded.
    """
    of_files = warehouse.dialect == "duckdb"
    days = unrecorded_days(lake, warehouse, settings, now, _shown(warehouse) if of_files else {})
    publication = warehouse.publish(on_step, history=history(lake, days) if of_files else None)
    return publication, record_marts(lake, days)


def _shown(warehouse: WarehouseEngine) -> Mapping[tuple[str, date, str], Known]:
    """From when on the published file shows each version, by mart, day and digest."""
    try:
        rows = warehouse.query("select mart, day, digest, knowledge_time, basis from history.mart_versions order by knowledge_time")
    except (WarehouseMissingError, ValueError):  # nothing is published yet, or by a version without history
        return {}
    return {(row["mart"], row["day"], row["digest"]): Known(row["knowledge_time"], row["basis"]) for row in rows.to_pylist()}
