"""Where the day's trends are spoken of.

What belongs here: which partitions are read, one call into ``lib/demand`` a day. What doesn't: counting, what we sell where (dbt).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import dagster as dg
import pyarrow.compute as pc

from trend_assets.declared import asset_key, asset_spec
from trend_assets.defs.jobs import DAILY_RETRIES
from trend_assets.lib.tables import concatenate, matches
from trend_assets.partitions import days_of, hour_key, hours_between
from trend_assets.resources import LakeResource
from trend_assets.tables import TABLES


@dg.multi_asset(
    name="trend_markets",
    specs=[asset_spec("demand/trend_markets", deps=["topics/trends", "social/clean_posts", "topics/topic_assignments"])],
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=DAILY_RETRIES,
)
def trend_markets(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Count the posts of each raised trend of the day by region and language, withholding what too few authors wrote."""
    from trend_assets.lib.demand.markets import POST_COLUMNS
    from trend_assets.lib.demand.markets import trend_markets as count

    store, table, found = lake.get(), TABLES["demand/trend_markets"], []
    for day in days_of(context.partition_time_window):
        start = datetime.combine(day, time(), UTC)
        hours = [hour_key(hour) for hour in hours_between(start, start + timedelta(days=1))]
        trends = store.read(TABLES["topics/trends"], hours, columns=["topic_id", "suppressed"])
        topics = sorted(set(trends.filter(pc.invert(trends["suppressed"]))["topic_id"].to_pylist()))
        if not topics:
            continue
        posts = store.read(TABLES["social/clean_posts"], hours, columns=POST_COLUMNS)
        assigned = store.read(TABLES["topics/topic_assignments"], hours, columns=["network", "post_id", "topic_id"])
        found.append(
            count(posts.append_column("topic_id", assigned["topic_id"].take(matches(posts, assigned, ["network", "post_id"]))), topics, day)
        )
    yield dg.MaterializeResult(asset_key=asset_key("demand/trend_markets"), value=concatenate(table, found))
