"""The live sensor: asks for a live run when landing files of open hours wait, and for the next one before that run ends.

What belongs here: the decision, on a bounded listing. What doesn't: how one run takes over from another (``live/lease.py``), sealed
and late hours (the landing sensor).
"""

import time
from collections.abc import Sequence
from itertools import takewhile

import dagster as dg

from trend_assets.defs.jobs import MAX_RUNTIME
from trend_assets.defs.live.jobs import live_job
from trend_assets.live.lane import look
from trend_assets.live.lease import LEASE_SECONDS, read_lease, stands_still
from trend_assets.resources import LakeResource
from trend_assets.settings import Settings, load_settings

REFRESH_SECONDS = 120
"""Without new files the trailing hour still moves on: it is judged anew so often."""
QUIET_SECONDS = 600
"""Where no post is live either, so often: old rows go, and the tables stay fresh (``operations/automation.py``)."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 15, 300
"""After a failed run the next one waits, after each further one twice as long: a start costs eight CPU seconds."""
LOOKED_AT = 8
HAND_OVER_SECONDS = 900
"""How much longer a run goes on where the next one does not come: on a busy machine a start may take minutes."""
SPARE_SECONDS = 600
"""A run that should have ended and is still there so much later hangs."""


@dg.sensor(
    name="live",
    job=live_job,
    minimum_interval_seconds=load_settings().live_interval_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a live run while landing files of open hours wait, and the run that takes over from it in time.",
)
def live_sensor(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.RunRequest | dg.SkipReason:
    """One tick: look at runs first (cheap), then at files."""
    settings, now = load_settings(), time.time()
    records = context.instance.get_run_records(dg.RunsFilter(job_name=live_job.name), limit=LOOKED_AT)
    under_way = bool(records) and not records[0].dagster_run.is_finished
    if reason := _goes_on(records[0], settings, now) if under_way else _pauses(records, now):
        return dg.SkipReason(reason)
    found = look(settings, lake.get())
    if not found.open_hours:
        return dg.SkipReason("no hour is open: the lake has ended, or everything is sealed")
    idle = now - _ended_at(records[0]) if records else float("inf")
    moved_on = (found.live_posts and idle > REFRESH_SECONDS) or (found.live_rows and idle > QUIET_SECONDS)
    if not (under_way or found.waiting or moved_on):
        return dg.SkipReason("no landing file waits")
    longest = settings.live_run_seconds + HAND_OVER_SECONDS
    return dg.RunRequest(
        run_config={"ops": {"live_tables": {"config": {"seconds": float(longest)}}}}, tags={MAX_RUNTIME: str(longest + SPARE_SECONDS)}
    )


def _goes_on(record: dg.RunRecord, settings: Settings, now: float) -> str | None:
    """Why the run that is under way needs no other beside it; None where it is time that the next one starts."""
    run = record.dagster_run
    if run.status in (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED):
        return f"run {run.run_id} waits in the queue"
    lease = read_lease(settings)
    if lease.holder == run.run_id and now - lease.taken_at >= settings.live_run_seconds:
        return None
    started = record.start_time or record.create_timestamp.timestamp()  # it may have waited in the queue for long
    if now - started > LEASE_SECONDS and stands_still(lease, now):
        return None
    return f"run {run.run_id} is under way"


def _pauses(records: Sequence[dg.RunRecord], now: float) -> str | None:
    """Why no run is tried now, after some that failed one after the other."""
    failed = len(list(takewhile(lambda record: record.dagster_run.status is dg.DagsterRunStatus.FAILURE, records)))
    if not failed:
        return None
    pause = min(FIRST_PAUSE_SECONDS * 2 ** (failed - 1), LONGEST_PAUSE_SECONDS)
    left = _ended_at(records[0]) + pause - now
    last = f"the last {failed} runs" if failed > 1 else "the last run"
    return f"{last} failed: the next one is tried in {left:.0f} s. The run's page says why." if left > 0 else None


def _ended_at(record: dg.RunRecord) -> float:
    """When the run ended; one that never started has no such time."""
    return record.end_time or record.create_timestamp.timestamp()
