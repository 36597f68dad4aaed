"""Daily summaries: one asset, its job, its schedule.

What belongs here: definitions. What doesn't: what is summarised (``operations/daily_summaries.py``), the checks (``checks.py``).
"""

from collections.abc import Iterator

import dagster as dg

from trend_assets.declared import asset_key, asset_spec
from trend_assets.defs.jobs import LANE, MAX_RUNTIME, late_hours
from trend_assets.operations.daily_summaries import PLANS, summaries_due
from trend_assets.operations.sealing import State, recorded, under_way
from trend_assets.partitions import days_of
from trend_assets.resources import LakeResource

PATH = "quality/daily_summaries"


@dg.multi_asset(
    name="daily_summaries",
    specs=[asset_spec(PATH, deps=[*PLANS, "social/collection_gaps"])],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def daily_summaries(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Count each day's posts and predictions, an hour at a time; no row is kept."""
    from trend_assets.operations.daily_summaries import summaries_of

    yield dg.MaterializeResult(asset_key=asset_key(PATH), value=summaries_of(lake.get(), days_of(context.partition_time_window)))


quality_days = dg.define_asset_job(
    "quality_days",
    selection=dg.AssetSelection.assets(PATH.split("/")),
    description="What each day of the range was like, and whether the newest differs from those before.",
    tags={LANE: "quality", MAX_RUNTIME: "7200"},
    executor_def=dg.in_process_executor,
)


@dg.schedule(
    job=quality_days,
    cron_schedule="50 * * * *",  # after the predictions of the hour that was sealed last
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Summarises the sealed days that are not yet, and again those whose posts or predictions were made anew.",
)
def quality_daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run over the days that are due."""
    # A late run makes posts anew: what is counted meanwhile would pass for newer than they are.
    if going := under_way(context.instance, quality_days.name) or under_way(context.instance, late_hours.name):
        return dg.SkipReason(going)
    made_from = [recorded(context.instance, path) for path in PLANS]
    due = summaries_due(State.of_settings(context.instance).sealed(), made_from, recorded(context.instance, PATH))
    return dg.SkipReason(due.reason) if due.range is None else dg.RunRequest(run_key=None, tags=due.range.tags)
