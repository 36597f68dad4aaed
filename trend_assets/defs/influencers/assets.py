"""Influencer assets: interactions and rankings.

What belongs here: which partitions are read, one call into ``lib/influence``, metadata.
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from trend_assets.declared import asset_key, asset_spec
from trend_assets.lib.trends.past import INTERACTION_PAST
from trend_assets.live.sealed import registries_of
from trend_assets.partitions import hour_key, hours_between, hours_of
from trend_assets.resources import LakeResource, Published
from trend_assets.settings import load_settings
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


@dg.multi_asset(
    name="influencer_rankings",
    specs=[
        asset_spec(
            "influencers/influencer_rankings",
            deps=[
                dg.AssetDep(
                    asset_key("influencers/interactions"),
                    partition_mapping=dg.TimeWindowPartitionMapping(
                        start_offset=-(INTERACTION_PAST // timedelta(hours=1)), allow_nonexistent_upstream_partitions=True
                    ),
                )
            ],
        )
    ],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def influencer_rankings(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Rank authors by recency-decayed attention received, overall and per topic."""
    from trend_assets.lib.influence.rankings import influencer_rankings as rank

    store, hours = lake.get(), hours_of(context.partition_time_window)
    keys = [hour_key(hour) for hour in hours_between(hours[0] - INTERACTION_PAST, hours[-1] + timedelta(hours=1))]
    ranked = rank(
        hours,
        interactions=store.read(TABLES["influencers/interactions"], keys),
        half_life_hours=load_settings().influence_half_life_hours,
    )
    yield dg.MaterializeResult(
        asset_key=asset_key("influencers/influencer_rankings"), value=Published(ranked, registries_of(store, list(context.partition_keys)))
    )
