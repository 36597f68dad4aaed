"""Publishing the warehouse, and remembering what was published: the one after the other.

What belongs here: the order of the two. What doesn't: how a warehouse is swapped in (``warehouse/``), which days of marts are new and
how they are kept (``operations/mart_ledger.py``).

The ledger of marts says what readers could see, so a day enters it when the publication that shows it is there. The published file
holds the ledger as well (``operations/history.py``), with these days already in it. A publisher that is killed between the two leaves a
file that knows more than the ledger; the next one first records what the file knows, under the moments that stand there, whatever dbt
has built since. BigQuery holds no ledger: there, what was killed between the two is known from the next publication on.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from trend_assets.lake.storage import StepHook, ignore_step
from trend_assets.operations.history import history
from trend_assets.operations.mart_ledger import missed_days, record_marts, unrecorded_days

if TYPE_CHECKING:
    from datetime import datetime

    from trend_assets.lake.lake import Lake
    from trend_assets.settings import Settings
    from trend_assets.warehouse.engine import Publication, WarehouseEngine


def publish_marts(
    lake: Lake, warehouse: WarehouseEngine, settings: Settings, now: datetime, on_step: StepHook = ignore_step
) -> tuple[Publication, dict[str, int]]:
    """Publish what dbt built and tested, then record the days of marts that nobody could see before; returns days recorded, by mart.

    now: the clock (aware). Raises as ``WarehouseEngine.publish``: then only what was published before is recorded.
    """
    of_files = warehouse.dialect == "duckdb"
    recorded = Counter(record_marts(lake, missed_days(lake, warehouse))) if of_files else Counter[str]()
    days = unrecorded_days(lake, warehouse, settings, now)
    publication = warehouse.publish(on_step, history=history(lake, days) if of_files else None)
    recorded.update(record_marts(lake, days))
    return publication, dict(recorded)
