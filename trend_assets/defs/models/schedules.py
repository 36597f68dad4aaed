"""When a champion labels the hours that were sealed.

What belongs here: one schedule a task. What doesn't: which hours are due (``models/due.py``), training, which a person starts.
"""

import dagster as dg

from trend_assets.defs.jobs import late_hours
from trend_assets.models.due import predictions_due
from trend_assets.operations.sealing import State, recorded, under_way


def predictions_schedule(name: str) -> dg.ScheduleDefinition:
    """Every hour, after sealing: the champion's predictions of the sealed hours that have none, or older ones than their posts."""
    job = f"{name}_hours"

    @dg.schedule(
        name=f"{name}_hourly",
        job_name=job,
        cron_schedule="25 * * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="The champion labels the posts of the hours sealed since the last time, and of those that late posts came to.",
    )
    def hourly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        # A late run makes clean posts anew: what is predicted from them meanwhile would count as newer than they are.
        if going := under_way(context.instance, job) or under_way(context.instance, late_hours.name):
            return dg.SkipReason(going)
        champion = context.instance.get_latest_materialization_event(dg.AssetKey([name, "champion"])) is not None
        clean, labelled = (recorded(context.instance, path) for path in ("social/clean_posts", f"{name}/predictions"))
        due = predictions_due(name, State.of_settings(context.instance).sealed(), clean, labelled, champion=champion)
        return dg.SkipReason(due.reason) if due.range is None else dg.RunRequest(run_key=None, tags=due.range.tags)

    return hourly
