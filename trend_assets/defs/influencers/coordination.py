"""Coordination assets: groups of accounts that act together, and how robust each topic's attention is without them.

What belongs here: which partitions are read, one call into ``lib/coordination`` and ``lib/trends/stress`` an hour. What doesn't: the
methods. Who is in a group exists in memory only, between the two calls; no table holds it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import dagster as dg
import pyarrow as pa

from trend_assets.declared import asset_key, asset_spec
from trend_assets.lake.lake import Lake
from trend_assets.lib.tables import concatenate
from trend_assets.partitions import hour_key, hours_between, hours_of
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

MADE_TOGETHER = ("influencers/coordinated_groups", "topics/stress_tests")


def _past(path: str) -> dg.AssetDep:
    mapping = dg.TimeWindowPartitionMapping(start_offset=-load_settings().window_hours, allow_nonexistent_upstream_partitions=True)
    return dg.AssetDep(asset_key(path), partition_mapping=mapping)


_day = [_past("social/clean_posts"), _past("topics/topic_assignments")]


@dg.multi_asset(
    name="coordination",
    specs=[asset_spec(path, deps=_day) for path in MADE_TOGETHER],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def coordination(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Find groups of accounts that act together hour by hour, and take them and what is bought or copied from each topic's posts."""
    from trend_assets.lib.trends.stress import coordination_and_stress

    store, hours = lake.get(), hours_of(context.partition_time_window)
    judged = list(coordination_and_stress(_read(store, hours), first=hours[0], window_hours=load_settings().window_hours))
    for path, number in zip(MADE_TOGETHER, range(2), strict=True):
        yield dg.MaterializeResult(asset_key=asset_key(path), value=concatenate(TABLES[path], [pair[number] for pair in judged]))


def _read(store: Lake, hours: list[datetime]) -> Iterator[tuple[datetime, pa.Table, pa.Table]]:
    """Clean posts and assignments of the hours and the window before them, an hour at a time."""
    from trend_assets.lib.coordination.acts import COLUMNS

    first = hours[0] - timedelta(hours=load_settings().window_hours)
    for hour in hours_between(first, hours[-1] + timedelta(hours=1)):
        key = [hour_key(hour)]
        posts = store.read(TABLES["social/clean_posts"], key, columns=list(COLUMNS))
        yield hour, posts, store.read(TABLES["topics/topic_assignments"], key, columns=["network", "post_id", "created_at", "topic_id"])
