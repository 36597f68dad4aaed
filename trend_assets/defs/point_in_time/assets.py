"""Features of posts as they are served, hour by hour, with their job and schedule.

What belongs here: definitions. What doesn't: how features are made (``lib/learning/point_in_time.py``) and read
(``trend_assets/models/features.py``), the daily replay (``checks.py``).
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from trend_assets.declared import asset_key, asset_spec
from trend_assets.defs.jobs import LANE, MAX_RUNTIME, late_hours, tried_again
from trend_assets.operations.runs import Range
from trend_assets.operations.sealing import HOUR, HOURS_PER_RUN, State, hour_of, recorded, under_way
from trend_assets.partitions import hour_key, hours_between
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings
from trend_assets.tables.point_in_time import ASSIGNMENTS, POST_FEATURES, POSTS, TREND_LEDGER

_BACK = dg.TimeWindowPartitionMapping(start_offset=-timedelta(days=7) // HOUR, allow_nonexistent_upstream_partitions=True)


@dg.multi_asset(
    name="post_features",
    specs=[
        asset_spec(
            POST_FEATURES.path,
            deps=[
                dg.AssetDep(asset_key(POSTS), partition_mapping=_BACK),
                ASSIGNMENTS,
                dg.AssetDep(asset_key(TREND_LEDGER), partition_mapping=_BACK),
            ],
        )
    ],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def post_features(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Features of the posts of each hour, as of the moment from which each post is known."""
    from trend_assets.models.features import features_of_hours

    rows = features_of_hours(lake.get(), load_settings(), list(context.partition_keys))
    yield dg.MaterializeResult(asset_key=asset_key(POST_FEATURES.path), value=rows)


feature_hours = dg.define_asset_job(
    "feature_hours",
    selection=dg.AssetSelection.assets(POST_FEATURES.path.split("/")),
    description="Features of the range's posts, as models are served with them.",
    tags={LANE: "features", MAX_RUNTIME: "7200"},
    executor_def=dg.in_process_executor,
    op_retry_policy=tried_again(times=1, after_seconds=5),
)


@dg.schedule(
    job=feature_hours,
    cron_schedule="20 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Records the features of the hours sealed since the last time, and of those that late posts came to.",
)
def features_hourly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run over the first range of sealed hours whose posts have no features yet, or older ones."""
    if going := under_way(context.instance, "feature_hours") or under_way(context.instance, late_hours.name):
        return dg.SkipReason(going)
    sealed = State.of_settings(context.instance).sealed()
    if sealed is None:
        return dg.SkipReason("no hour is sealed yet")
    clean, made = (recorded(context.instance, path) for path in (POSTS, POST_FEATURES.path))
    first = hour_of(min(made)) if made else max(sealed[0], sealed[1] - HOURS_PER_RUN * HOUR)
    keys = [hour_key(hour) for hour in hours_between(first, sealed[1])]
    due = [key for key in keys if key not in made or clean.get(key, -1) > made[key]]
    if not due:
        return dg.SkipReason("every sealed hour has its features")
    end = due[0]
    for key in due[1:HOURS_PER_RUN]:
        if hour_of(key) - hour_of(end) > HOUR:
            break
        end = key
    return dg.RunRequest(run_key=None, tags=Range(due[0], end).tags)
