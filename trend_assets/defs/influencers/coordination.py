"""Coordination assets: groups of accounts that act together, how robust each topic's attention is without them, and who is amplified.

What belongs here: which partitions are read, calls into ``lib/trends/stress`` and ``lib/influence``. What doesn't: the methods. One step
makes the three tables, because who is in a group exists in memory only, between the calls; no table holds it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import dagster as dg
import pyarrow as pa

from trend_assets.declared import asset_key, asset_spec
from trend_assets.lake.lake import Lake
from trend_assets.lib.tables import concatenate
from trend_assets.lib.trends.past import INTERACTION_PAST
from trend_assets.live.sealed import registries_of
from trend_assets.partitions import hour_key, hours_between, hours_of
from trend_assets.resources import LakeResource, Published
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

GROUPS, TESTS, RANKINGS = "influencers/coordinated_groups", "topics/stress_tests", "influencers/influencer_rankings"


def _past(path: str, past: timedelta) -> dg.AssetDep:
    mapping = dg.TimeWindowPartitionMapping(start_offset=-(past // timedelta(hours=1)), allow_nonexistent_upstream_partitions=True)
    return dg.AssetDep(asset_key(path), partition_mapping=mapping)


_window = timedelta(hours=load_settings().window_hours)
_day = [_past("social/clean_posts", _window), _past("topics/topic_assignments", _window)]


@dg.multi_asset(
    name="coordination",
    specs=[
        asset_spec(GROUPS, deps=_day),
        asset_spec(TESTS, deps=_day),
        asset_spec(RANKINGS, deps=[*_day, _past("influencers/interactions", INTERACTION_PAST)]),
    ],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def coordination(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Find groups of accounts that act together hour by hour; take them from each topic's posts, and weigh them down as amplifiers."""
    from trend_assets.lib.influence.rankings import influencer_rankings
    from trend_assets.lib.trends.stress import coordination_and_stress

    settings, store, hours = load_settings(), lake.get(), hours_of(context.partition_time_window)
    found = list(coordination_and_stress(_read(store, hours), first=hours[0], window_hours=settings.window_hours))
    yield dg.MaterializeResult(asset_key=asset_key(GROUPS), value=concatenate(TABLES[GROUPS], [one.groups for one in found]))
    yield dg.MaterializeResult(asset_key=asset_key(TESTS), value=concatenate(TABLES[TESTS], [one.stress for one in found]))
    acted = [hour_key(hour) for hour in hours_between(hours[0] - INTERACTION_PAST, hours[-1] + timedelta(hours=1))]
    ranked = influencer_rankings(
        hours,
        interactions=store.read(TABLES["influencers/interactions"], acted),
        half_life_hours=settings.influence_half_life_hours,
        weights=pa.concat_tables([one.weights for one in found]),
    )
    consumed = registries_of(store, list(context.partition_keys))
    yield dg.MaterializeResult(asset_key=asset_key(RANKINGS), value=Published(ranked, consumed))


def _read(store: Lake, hours: list[datetime]) -> Iterator[tuple[datetime, pa.Table, pa.Table]]:
    """Clean posts and assignments of the hours and the window before them, an hour at a time."""
    from trend_assets.lib.coordination.acts import COLUMNS

    for hour in hours_between(hours[0] - _window, hours[-1] + timedelta(hours=1)):
        key = [hour_key(hour)]
        posts = store.read(TABLES["social/clean_posts"], key, columns=list(COLUMNS))
        yield hour, posts, store.read(TABLES["topics/topic_assignments"], key, columns=["network", "post_id", "created_at", "topic_id"])
