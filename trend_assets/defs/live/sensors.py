"""The live sensor: asks for a live run when landing files of open hours wait and none is under way.

What belongs here: the decision, on a bounded listing. What doesn't: sealed and late hours (the landing sensor).
"""

import json
import time

import dagster as dg

from trend_assets.defs.live.jobs import live_job
from trend_assets.defs.live.tags import NETWORKS_TAG
from trend_assets.live.lane import look
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings

UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
STUCK_SECONDS = 2400
"""A run older than this counts as dead: two runs at once are harmless, a lane that stands still is not."""
REFRESH_SECONDS = 120
"""Without new files the trailing hour still moves on: it is judged anew so often."""
RELIST_SECONDS = 600
"""How often all of landing is listed to learn of new networks; in between only the open hours' folders of known ones."""


@dg.sensor(
    name="live",
    job=live_job,
    minimum_interval_seconds=load_settings().live_interval_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a live run while landing files of open hours wait, one at a time.",
)
def live_sensor(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult | dg.SkipReason:
    """One tick: look for runs first (cheap), then for files."""
    settings, now = load_settings(), time.time()
    records = context.instance.get_run_records(dg.RunsFilter(job_name=live_job.name), limit=1)
    newest = records[0] if records else None
    age = now - newest.create_timestamp.timestamp() if newest else float("inf")
    if newest is not None and newest.dagster_run.status in UNDER_WAY and age < STUCK_SECONDS:
        return dg.SkipReason(f"run {newest.dagster_run.run_id} is under way")
    seen = json.loads(context.cursor) if context.cursor else {"networks": [], "listed_at": 0.0}
    known = seen["networks"] if now - seen["listed_at"] < RELIST_SECONDS else None
    found = look(settings, lake.get(), known)
    if known is None:
        seen = {"networks": found.networks, "listed_at": now}
    if not found.open_hours:
        return dg.SkipReason("no hour is open: the lake has ended, or everything is sealed")
    requests = []
    if found.waiting or (found.live_posts and age > REFRESH_SECONDS):
        requests.append(dg.RunRequest(tags={NETWORKS_TAG: ",".join(seen["networks"])}))
    reason = None if requests else dg.SkipReason("no landing file waits")
    return dg.SensorResult(run_requests=requests, skip_reason=reason, cursor=json.dumps(seen))
