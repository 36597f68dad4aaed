"""When models are trained again, and runs that take longer than they used to: what asks and what tells.

What belongs here: schedules and sensors. What doesn't: the rules (``lib/learning/retraining.py``, ``lib/quality/run_times.py``).
"""

import json
from datetime import UTC, datetime

import dagster as dg

from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.discovery import tasks
from trend_assets.monitoring.retraining import REASON, WHY
from trend_assets.operations import alerts
from trend_assets.operations.sealing import under_way
from trend_assets.settings import load_settings

REMEMBERED = 200
"""Slow runs that were told of."""


def retraining_schedule(name: str, task: Task) -> dg.ScheduleDefinition:
    """Every morning, after the outcomes: whether the task is trained again."""

    @dg.schedule(
        name=f"{name}_retraining",
        job_name=f"{name}_training",
        cron_schedule="15 7 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"{task.description}: trained again for drift, decay, new labels or age, with a cool-down; the gate decides as ever.",
    )
    def retraining(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if going := under_way(context.instance, f"{name}_training"):
            return dg.SkipReason(going)
        # of a task that was never trained nothing need be asked, and the tracking store takes seconds to open
        if context.instance.get_latest_materialization_event(dg.AssetKey([name, "champion"])) is None:
            return dg.SkipReason(f"{name} was never trained: the first training is a person's decision")
        from trend_assets.lake.lake import Lake
        from trend_assets.lib.learning.retraining import due
        from trend_assets.models.tracking import Tracking
        from trend_assets.monitoring.retraining import facts_of

        settings = load_settings()
        tracking = Tracking(settings.tracking_database, settings.artifacts_root)
        facts = facts_of(name, context.instance, Lake(settings.lake_root), tracking, grows=settings.lake_end is None)
        reason, sentence = due(facts, context.scheduled_execution_time)
        if not reason:
            return dg.SkipReason(sentence)
        return dg.RunRequest(run_key=None, tags={REASON: reason, WHY: sentence[:250]})

    return retraining


@dg.sensor(
    name="slow_runs",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Alerts of runs that take much longer than runs of their job and size do, also while they are going.",
)
def slow_runs(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Tell of each slow run once."""
    from trend_assets.operations.run_times import slow_runs as look

    now = datetime.now(UTC)
    told: list[str] = json.loads(context.cursor or "[]")
    found = look(context.instance, told, now)
    for one in found:
        alerts.raise_alert(one.alert(now), load_settings())
    reason = "; ".join(one.alert(now).text for one in found) or "no run is slower than its kind"
    return dg.SensorResult(skip_reason=reason, cursor=json.dumps([*told, *(one.run_id for one in found)][-REMEMBERED:]))


@dg.definitions
def retraining_definitions() -> dg.Definitions:
    """A schedule for each task, and the sensor of slow runs."""
    return dg.Definitions(schedules=[retraining_schedule(name, task) for name, task in tasks().items()], sensors=[slow_runs])
