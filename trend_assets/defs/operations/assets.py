"""The night report: what ran, failed, was blocked, is late; how much came in; what it cost.

What belongs here: one asset without a table, its job and its schedule. What doesn't: what is read and how it is written
(``operations/night_report.py``).
"""

from datetime import UTC, datetime

import dagster as dg

from trend_assets.declared import OWNERS
from trend_assets.resources import LakeResource


@dg.asset(
    key=["operations", "night_report"],
    group_name="operations",
    description=(
        "What happened in the last 24 hours: what ran, what failed, what was blocked, what is late, how much came in, what it cost. "
        "Read it under Metadata; Plots shows the numbers over the nights."
    ),
    kinds={"python", "markdown"},
    owners=OWNERS,
    tags={"layer": "mart"},
)
def night_report(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Read Dagster's records and the lake's counts; materializes nothing but its own metadata."""
    from trend_assets.operations.late import late_jobs
    from trend_assets.operations.night_report import markdown, sections
    from trend_assets.operations.night_report import night_report as read
    from trend_assets.operations.sealing import State

    now, repository = datetime.now(UTC), context.repository_def
    schedules = {schedule.job_name: str(schedule.cron_schedule) for schedule in repository.schedule_defs}
    late = late_jobs(State.of_settings(context.instance), now, schedules)
    checks = repository.asset_graph.asset_check_keys  # the job's own graph has this one asset and no check
    report = read(context.instance, lake.get(), now, checks=checks, late=late, own_run=context.run.run_id)
    page = {heading: dg.MetadataValue.md(text) for heading, text in sections(report).items()}
    whole = dg.MetadataValue.md(markdown(report))
    return dg.MaterializeResult(metadata={"verdict": report.summary(), **page, "the whole page": whole, **report.figures()})


night_report_job = dg.define_asset_job(
    "night_report", selection=dg.AssetSelection.assets(["operations", "night_report"]), description="The page on the last 24 hours."
)

every_morning = dg.ScheduleDefinition(
    name="night_report_every_morning",
    job=night_report_job,
    cron_schedule="0 5 * * *",
    execution_timezone="UTC",
    description="Writes the night report at 05:00 UTC, after the night's runs.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
