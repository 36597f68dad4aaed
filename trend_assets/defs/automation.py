"""What starts runs by the clock or by a condition, and what tells a person: schedules, the condition's sensor, alerts, housekeeping.

What belongs here: when. What doesn't: what is due (``operations/sealing.py``), conditions (``operations/automation.py``), the alerts' words
(``operations/alerts.py``), what housekeeping removes (``operations/housekeeping.py``), the landing sensor (``defs/social/sensors.py``).

Everything runs by default, in each environment: `make dev` starts it. In a lake of the past nothing is due, and each tick says so.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from trend_assets.defs.jobs import LANE, MAX_RUNTIME, ledger_hours, marts, retail_days, social_hours
from trend_assets.operations import alerts
from trend_assets.operations.history_checks import stopped_by
from trend_assets.operations.orphans import end_orphans
from trend_assets.operations.sealing import MARTS_WAIT_UNTIL, Due, State, marts_of_the_morning, under_way
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings

RUNNING = dg.DefaultScheduleStatus.RUNNING
WATCHING = dg.DefaultSensorStatus.RUNNING


def _request(context: dg.ScheduleEvaluationContext, job: str) -> dg.RunRequest | dg.SkipReason:
    """A run over what is due of the job, or why there is none."""
    if going := under_way(context.instance, job):
        return dg.SkipReason(going)
    due: Due = State.of_settings(context.instance).due(context.scheduled_execution_time)[job]
    if due.range is None:
        return dg.SkipReason(due.reason)
    context.log.info(f"{job}: {due.reason}, {due.left} of them later")
    return dg.RunRequest(run_key=None, tags=due.range.tags)


@dg.schedule(
    job=social_hours,
    cron_schedule="5 * * * *",
    execution_timezone="UTC",
    default_status=RUNNING,
    description="Seals the hours that are due, in time order; at most a week of them in one run.",
)
def seal_hourly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run over the hours that can be sealed."""
    return _request(context, "social_hours")


@dg.schedule(
    job=retail_days,
    cron_schedule="10 * * * *",  # a day ends at another hour in each time zone, and what is late comes at any
    execution_timezone="UTC",
    default_status=RUNNING,
    description="Reads the retail tables of the days that have ended in their time zone, and again what came late for them.",
)
def retail_daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run over the ended days without retail tables, else over those whose sources changed."""
    return _request(context, "retail_days")


@dg.schedule(
    job=marts,
    cron_schedule="*/30 4-11 * * *",
    execution_timezone="UTC",
    default_status=RUNNING,
    description="Builds and tests the marts and swaps in the warehouse file, once the last closed day's tables are made.",
)
def marts_daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run when the last closed day is complete and newer than the warehouse file, and nothing of it is being made."""
    now = context.scheduled_execution_time
    if going := under_way(context.instance, "marts"):
        return dg.SkipReason(going)
    state = State.of_settings(context.instance)
    due, reason = marts_of_the_morning(state, now)
    if due and now.time() < MARTS_WAIT_UNTIL and (going := under_way(context.instance, tags={LANE: "daily"})):
        return dg.SkipReason(f"{reason}; {going}")
    if not due:
        return dg.SkipReason(reason)
    if stopped := stopped_by(state.lake):
        return dg.SkipReason(stopped)
    context.log.info(reason)
    return dg.RunRequest(run_key=None)


@dg.schedule(
    job=ledger_hours,
    cron_schedule="*/15 * * * *",  # what is recorded is known from then on: the sooner, the truer
    execution_timezone="UTC",
    default_status=RUNNING,
    description="Records in the ledgers what was published since, under the hour in which it is recorded.",
)
def record_quarterly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run over the knowledge hours under which something is to be recorded."""
    return _request(context, "ledger_hours")


class HousekeepingConfig(dg.Config):
    """What a person may set when starting the job: only look; enforce retention where the environment would not, or the reverse."""

    dry_run: bool = False
    enforce_retention: bool | None = None


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1, delay=30))
def keep_house(context: dg.OpExecutionContext, config: HousekeepingConfig, lake: LakeResource) -> None:
    """Remove unnamed parts, partitions past their retention, old records of Dagster, old logs and alerts; report what went."""
    from trend_assets.operations.housekeeping import keep_house as keep

    settings, storage = load_settings(), os.environ.get("TREND_ASSETS_DAGSTER_STORAGE")
    removed = keep(
        lake.get(),
        settings,
        context.instance,
        alerts=alerts.alerts_file(settings),
        logs=[Path(storage) / "logs"] if storage else [],
        now=datetime.now(UTC),
        dry_run=config.dry_run,
        retention=config.enforce_retention,
    )
    context.log.info(str(removed.figures()))
    context.add_output_metadata(removed.figures())


@dg.op
def prove_rewinding(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """Rewind every ledger to every knowledge hour there is; runs prove only their own newest and some of the others."""
    from trend_assets.operations.ledger import prove
    from trend_assets.tables.ledgers import LEDGERS

    proofs = [prove(lake.get(), ledger) for ledger in LEDGERS.values()]
    broken = [told for proof in proofs for told in proof.broken]
    context.add_output_metadata({"recorded partitions": sum(proof.checked for proof in proofs), "come back otherwise": len(broken)})
    if broken:
        raise dg.Failure(f"{len(broken)} recorded partitions come back otherwise: {'; '.join(broken[:5])}", allow_retries=False)


@dg.job(
    tags={LANE: "sealed", MAX_RUNTIME: "3600"},  # it must not remove posts between two steps of a run that seals
    description="Removes what nothing names and what has passed its retention; proves that the past comes back.",
    executor_def=dg.in_process_executor,
)
def housekeeping() -> None:
    """One night's housekeeping."""
    keep_house()
    prove_rewinding()


@dg.schedule(
    job=housekeeping,
    cron_schedule="40 1 * * *",
    execution_timezone="UTC",
    default_status=RUNNING,
    description="Housekeeping at night; retention is enforced in staging and production, in dev only reported.",
)
def housekeeping_nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run unless one is going."""
    going = under_way(context.instance, "housekeeping")
    return dg.SkipReason(going) if going else dg.RunRequest(run_key=None)


daily_assets = dg.AutomationConditionSensorDefinition(
    "daily_assets",
    target=dg.AssetSelection.all(),
    default_status=WATCHING,
    minimum_interval_seconds=300,  # what becomes complete meanwhile is made in one run; nobody waits for a day's tables by the second
    run_tags={LANE: "daily", MAX_RUNTIME: "7200"},
    description="Asks for the daily tables of a closed day once all its hours are sealed and its retail tables are there.",
)


@dg.run_failure_sensor(name="failed_runs", minimum_interval_seconds=30, default_status=WATCHING, description="Alerts of runs that failed.")
def failed_runs(context: dg.RunFailureSensorContext) -> None:
    """Tell of a run that failed and is not tried again, unless its job failed in the same way the last time."""
    run = context.dagster_run
    if run.tags.get("dagster/will_retry") == "true":
        return
    steps = alerts.failed_steps(context.instance, run.run_id)
    if not alerts.failed_so_before(context.instance, run, steps):
        alerts.raise_alert(alerts.of_failed_run(run.job_name, run.run_id, run.tags, steps), load_settings())


@dg.sensor(
    name="failed_checks_and_freshness",
    minimum_interval_seconds=60,
    default_status=WATCHING,
    description="Alerts of checks of ERROR severity that began to fail, and of tables that are not fresh any more.",
)
def failed_checks_and_freshness(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Tell of what is wrong now and was not when last looked."""
    graph = context.repository_def.asset_graph  # type: ignore[union-attr] # the daemon always gives the repository
    found, seen = alerts.look(context.instance, graph, alerts.Seen.from_text(context.cursor))
    for alert in found:
        alerts.raise_alert(alert, load_settings())
    reason = "; ".join(alert.text for alert in found) or "nothing new is wrong"
    return dg.SensorResult(skip_reason=reason, cursor=seen.to_text())


@dg.sensor(
    name="lost_runs",
    minimum_interval_seconds=60,
    default_status=WATCHING,
    description="Ends runs that were killed together with their code server, so that the next ones need not wait for them.",
)
def lost_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Record runs as failed whose process is gone."""
    ended = end_orphans(context.instance)
    return dg.SkipReason(f"ended {', '.join(run[:8] for run in ended)}" if ended else "every run that is going has its process")
