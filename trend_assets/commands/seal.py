"""`trend-assets seal`: once, without the daemon, what sensors and schedules would do now.

What belongs here: options, order of the jobs, printing. What doesn't: what is due (``operations/sealing.py``, ``landing/late_files.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from trend_assets.commands.terminal import DataOption, console, fail, use_data

if TYPE_CHECKING:
    from trend_assets.operations.runs import Range
    from trend_assets.operations.sealing import Due, State

QUALITY = "quality_days"
_BEFORE, _AFTER = ("social_hours", "late_hours", "removals"), (QUALITY, "retail_days", "demand_days", "ledger_hours", "marts")
"""Jobs before and after those in which champions label sealed hours."""


def labelling() -> dict[str, str]:
    """Jobs in which champions label sealed hours, and their tasks."""
    from trend_assets.tables.models import TASKS

    return {f"{task}_hours": task for task in TASKS}


def all_jobs() -> tuple[str, ...]:
    """In the order in which they run: each makes what the next reads. Removals are runs of late_hours over hours with posts gone."""
    return (*_BEFORE, *labelling(), *_AFTER)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command()
    def seal(
        data: DataOption = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what is due")] = False,
        only: Annotated[str, typer.Option(help=f"Only this job: {', '.join((*_BEFORE, 'TASK_hours', *_AFTER))}")] = "",
        now: Annotated[datetime | None, typer.Option(help="Act as at this time (UTC); default: the clock's")] = None,
    ) -> None:
        """Do once, without the daemon, what its sensors and schedules would do now for hours, days and marts.

        Seals the hours that are due, takes late posts into sealed hours and deleted ones out, lets each task's champion label the
        posts of sealed hours, summarises sealed days, reads retail tables of closed days, makes the daily tables of days that are
        complete, records what was published in the ledgers, then makes the marts. Run it again and it does only what has become due since.
        """
        from trend_assets.operations.runs import RunFailedError

        if only and only not in all_jobs():
            fail(f"--only {only}: expected one of {', '.join(all_jobs())}")
        use_data(data)
        try:
            _seal(now.replace(tzinfo=UTC) if now else datetime.now(UTC), (only,) if only else all_jobs(), dry_run=dry_run)
        except KeyboardInterrupt:
            console.print("\nStopped. Nothing half-written is visible; run the same command again to go on.")
            raise typer.Exit(130) from None
        except (RunFailedError, ValueError, FileNotFoundError) as error:
            fail(str(error), 1)


def _seal(now: datetime, jobs: Sequence[str], *, dry_run: bool) -> None:
    """One job after the other, each range after range, until nothing is due. Ends with 1 where a job was left alone."""
    from trend_assets.operations.orphans import end_orphans
    from trend_assets.operations.sealing import State

    state, busy = State.of_settings(), False
    end_orphans(state.instance)  # runs that were killed; without the daemon nobody else does
    console.print(f"[bold]What is due[/] at {now:%Y-%m-%d %H:%M} UTC")
    for job in all_jobs():
        if job not in jobs:
            continue
        if going := _lane_under_way(state, job):
            # Runs of this command do not wait in the queue, where the daemon's runs of a lane exclude each other.
            busy = True
            console.print(
                f"  [yellow]{job}: left alone, {going}[/] and works on the same tables: wait for it, or stop it (make dev, then Runs)"
            )
            continue
        if job == "late_hours":
            _late_hours(state, dry_run=dry_run)
        elif job == "removals":
            _removals(state, dry_run=dry_run)
        elif job == "marts":
            _marts(state, dry_run=dry_run)
        else:
            _ranges_of(state, job, now, dry_run=dry_run)
    if busy and not dry_run:
        raise typer.Exit(1)


def _lane_under_way(state: State, job: str) -> str | None:
    """Which run of the job's lane is queued or going on, in words, or ``None``."""
    from trend_assets.defs import jobs
    from trend_assets.operations.sealing import under_way

    if job in labelling():
        lane = labelling()[job]
    elif job == QUALITY:
        from trend_assets.defs.quality.assets import quality_days

        lane = (quality_days.tags or {})[jobs.LANE]
    else:
        lane = getattr(jobs, "late_hours" if job == "removals" else job).tags[jobs.LANE]
    return under_way(state.instance, tags={jobs.LANE: lane})


def due_now(state: State, job: str, now: datetime) -> Due:
    """What is due of a job with partitions."""
    from trend_assets.models.bundles import Bundles
    from trend_assets.models.due import predictions_due
    from trend_assets.operations.daily_summaries import PLANS, summaries_due
    from trend_assets.operations.sealing import recorded
    from trend_assets.tables.quality import DAILY_SUMMARIES

    if job in labelling():
        task = labelling()[job]
        clean, labelled = (recorded(state.instance, path) for path in ("social/clean_posts", f"{task}/predictions"))
        return predictions_due(task, state.sealed(), clean, labelled, champion=Bundles(state.settings).pointer(task) is not None)
    if job == QUALITY:
        made_from = [recorded(state.instance, path) for path in PLANS]
        return summaries_due(state.sealed(), made_from, recorded(state.instance, DAILY_SUMMARIES.path))
    return state.due(now)[job]


def _marts(state: State, *, dry_run: bool) -> None:
    from trend_assets.operations.runs import run_job
    from trend_assets.operations.sealing import marts_due

    reason = marts_due(state.instance)
    _tell("marts", reason, "the warehouse file is newer than all it shows, or no daily table was made yet")
    if reason and not dry_run:
        run_job("marts", console)


def _ranges_of(state: State, job: str, now: datetime, *, dry_run: bool) -> None:
    """Run the job over what is due, until nothing is; a range that stays due after its run is not repeated."""
    from trend_assets.operations.runs import run_job

    before: Range | None = None
    while True:
        due = due_now(state, job, now)
        if due.range is None or due.range == before:
            if due.range is None and before is None:
                _tell(job, None, due.reason)
            return
        _tell(job, f"{due.range.first} to {due.range.last} ({due.reason})", "")
        if dry_run:
            return
        run_job(job, console, due.range)
        before = due.range


def _late_hours(state: State, *, dry_run: bool) -> None:
    """Take late posts into their hours."""
    from trend_assets.landing.late_files import look_everywhere, ranges_of
    from trend_assets.operations.runs import Range, run_job

    sealed = state.sealed_for_late()
    look = look_everywhere(state.storage, state.lake, sealed) if sealed else None
    if look is None or not look.late:
        _tell("late_hours", None, "no landing file came after its hour was sealed")
    for late in ranges_of(look.late) if look else []:
        _tell("late_hours", f"{late.first} to {late.last} ({len(late.files)} late landing files)", "")
        if not dry_run:
            run_job("late_hours", console, Range(late.first, late.last))
    if look and look.expired:
        files = sum(len(paths) for paths in look.expired.values())
        console.print(
            f"  [yellow]{files} landing files came for {len(look.expired)} hours too old to be rebuilt, "
            f"the first {min(look.expired):%Y-%m-%d %H:%M}:[/] "
            "run social_hours over them and what follows if they matter, docs/automation.md"
        )


def _removals(state: State, *, dry_run: bool) -> None:
    """Take posts that are gone out of their hours."""
    from trend_assets.operations import removals
    from trend_assets.operations.runs import Range, run_job

    sealed = state.sealed_for_late()
    found = removals.ranges(removals.hours_with_gone_posts(state.lake, sealed)) if sealed else []
    if not found:
        _tell("removals", None, "no sealed hour holds posts that were deleted or edited since")
    for gone in found:
        _tell("removals", f"{gone.first} to {gone.last} (posts deleted or edited since)", "")
        if not dry_run:
            run_job("late_hours", console, Range(gone.first, gone.last))


def _tell(job: str, due: str | None, otherwise: str) -> None:
    console.print(f"  [bold]{job}[/]: {due}" if due else f"  [dim]{job}: {otherwise}[/]")
