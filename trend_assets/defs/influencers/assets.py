"""Influencer assets: interactions, who was early.

What belongs here: which partitions are read, one call into ``lib/influence``, metadata. What doesn't: rankings, which know the accounts
that act together (``coordination.py``).
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import pyarrow as pa

from trend_assets.declared import asset_key, asset_spec
from trend_assets.lake.lake import Lake
from trend_assets.lib.influence.past import COUNTED_PAST, EARLY_PAST, JUDGED_PAST
from trend_assets.partitions import hour_key, hours_between, hours_of
from trend_assets.resources import LakeResource
from trend_assets.tables import TABLES


@dg.multi_asset(
    name="interactions",
    specs=[asset_spec("influencers/interactions", deps=["social/clean_posts", "topics/topic_assignments"])],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def interactions(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Turn reposts, quotes, replies and mentions into one row per act of attention."""
    from trend_assets.lib.influence.interactions import interactions as find

    store, keys = lake.get(), list(context.partition_keys)
    found = find(store.read(TABLES["social/clean_posts"], keys), store.read(TABLES["topics/topic_assignments"], keys))
    yield dg.MaterializeResult(asset_key=asset_key("influencers/interactions"), value=found)


def _past(path: str, past: timedelta) -> dg.AssetDep:
    """A dependency on the hour itself and the hours of ``past`` before it."""
    mapping = dg.TimeWindowPartitionMapping(start_offset=-(past // timedelta(hours=1)), allow_nonexistent_upstream_partitions=True)
    return dg.AssetDep(asset_key(path), partition_mapping=mapping)


def _with_past(context: dg.AssetExecutionContext, store: Lake, path: str, past: timedelta, columns: list[str] | None = None) -> pa.Table:
    """Rows of the run's partitions and of the hours of ``past`` before them."""
    hours = hours_of(context.partition_time_window)
    keys = [hour_key(hour) for hour in hours_between(hours[0] - past, hours[-1] + timedelta(hours=1))]
    return store.read(TABLES[path], keys, columns=columns)


@dg.multi_asset(
    name="early_posts",
    specs=[
        asset_spec(
            "influencers/early_posts",
            deps=[_past("social/clean_posts", EARLY_PAST), _past("topics/topic_assignments", EARLY_PAST), "topics/topics"],
        )
    ],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def early_posts(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Find who was among the first to write about a young topic."""
    from trend_assets.lib.influence.early import POST_COLUMNS
    from trend_assets.lib.influence.early import early_posts as find

    store = lake.get()
    found = find(
        hours_of(context.partition_time_window),
        clean_posts=_with_past(context, store, "social/clean_posts", EARLY_PAST, POST_COLUMNS),
        assignments=_with_past(context, store, "topics/topic_assignments", EARLY_PAST),
        topics=_with_past(context, store, "topics/topics", EARLY_PAST, ["hour", "topic_id", "born_at"]),
    )
    yield dg.MaterializeResult(asset_key=asset_key("influencers/early_posts"), value=found)


@dg.multi_asset(
    name="early_authors",
    specs=[
        asset_spec(
            "influencers/early_authors",
            deps=[_past("influencers/early_posts", JUDGED_PAST), _past("topics/topic_hours", COUNTED_PAST)],
        )
    ],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def early_authors(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Rank authors by how often topics grew that they were early on, against chance."""
    from trend_assets.lib.influence.early import early_authors as rank

    store = lake.get()
    ranked = rank(
        hours_of(context.partition_time_window),
        early=_with_past(context, store, "influencers/early_posts", JUDGED_PAST),
        topic_hours=_with_past(context, store, "topics/topic_hours", COUNTED_PAST, ["hour", "topic_id", "authors"]),
    )
    yield dg.MaterializeResult(asset_key=asset_key("influencers/early_authors"), value=ranked)
