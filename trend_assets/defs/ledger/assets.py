"""Ledgers: what published aggregates said and from when on it was known; the memory that rewinding reads.

What belongs here: one asset for all ledgers, which tables it waits for. What doesn't: what is recorded and under which moment
(``operations/ledger.py``), what may be kept (``lib/ledger/kept.py``), when it runs (``defs/automation.py``).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from trend_assets.declared import asset_key, asset_spec
from trend_assets.operations.ledger import HOUR, record_all
from trend_assets.partitions import knowledge_hours
from trend_assets.resources import LakeResource, Published
from trend_assets.settings import load_settings
from trend_assets.tables.ledgers import DAY_READY, LEDGERS


def _before(hours: int) -> dg.TimeWindowPartitionMapping:
    """The hour, or the day, that the schedule publishes just before a knowledge hour; corrections are of any."""
    return dg.TimeWindowPartitionMapping(start_offset=-hours, end_offset=-hours, allow_nonexistent_upstream_partitions=True)


_by_hour = _before(load_settings().seal_after_hours + 1)
_by_day = _before((timedelta(days=1) + DAY_READY) // HOUR)


@dg.multi_asset(
    name="ledgers",
    specs=[
        asset_spec(
            path,
            deps=[
                dg.AssetDep(asset_key(ledger.source.path), partition_mapping=_by_hour if ledger.source.partition == "hour" else _by_day),
                *(dg.AssetDep(asset_key(name), partition_mapping=_by_hour) for name in ("social/clean_posts", "topics/topic_assignments")),
            ],
            partitions_def=knowledge_hours,
        )
        for path, ledger in LEDGERS.items()
    ],
    can_subset=True,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def ledgers(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Record what is published and not recorded yet; an hour that is recorded is made again, and refused where it would differ."""
    store, settings, keys, now = lake.get(), load_settings(), list(context.partition_keys), datetime.now(UTC)
    chosen = [path for path in LEDGERS if asset_key(path) in context.selected_asset_keys]
    made = record_all(store, [LEDGERS[path] for path in chosen], keys, settings, now)
    for path, (rows, inputs) in zip(chosen, made, strict=True):
        yield dg.MaterializeResult(asset_key=asset_key(path), value=Published(rows, inputs))
