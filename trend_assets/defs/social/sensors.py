"""The landing sensor: observes the stream, asks for sealed hours to be rebuilt that late files came for, tells of files that came too late.

What belongs here: the tick. What doesn't: what is looked at (``landing/watch.py``), the sensor of the live lane (``defs/live``).
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg

from trend_assets.declared import asset_key
from trend_assets.defs.jobs import late_hours
from trend_assets.landing.late_files import LateRange, Sealed
from trend_assets.landing.watch import Memory, Watched, watch
from trend_assets.operations import alerts, removals
from trend_assets.operations.runs import Range
from trend_assets.operations.sealing import State, landed_at, under_way
from trend_assets.partitions import hour_key
from trend_assets.settings import Settings, load_settings

_LOOKED: dict[str, Sealed] = {}
"""What was sealed at the last look for posts that are gone, by data folder: the next is when more is sealed. Hours whose run failed are
found again then."""
LONGEST_WAIT = timedelta(hours=2)
"""Sealed time after which posts that are gone are looked for before late files."""
OBSERVE_EVERY = timedelta(minutes=10)
"""Lag and backlog are recorded so often, and when other hours are late than before: a tick is every 30 s, and Dagster keeps all."""


@dg.sensor(
    name="landing",
    job=late_hours,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Observes lag and backlog of landing, and asks for late_hours where files or deletions came after their hour was sealed.",
)
def landing(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Look at a bounded number of landing files."""
    state, now = State.of_settings(context.instance), datetime.now(UTC)
    before, most_files = Memory.from_text(context.cursor), load_settings().sensor_files
    seen = watch(state.storage, state.lake, state.sealed_for_late(), before, most_files=most_files, now=now)
    observed, memory = _observation(seen, now)
    memory = _tell_of_expired(seen, memory, state.settings)
    if (seen.late_files == 0 or _is_overdue(state)) and not under_way(context.instance, late_hours.name):
        gone = _with_gone_posts(state, context)
        if gone and seen.late:  # the late files are looked for again
            memory = replace(memory, position=before.position)
        seen = replace(seen, late=gone or seen.late)
    for late in seen.late:
        context.log.info(f"{len(late.files)} landing files came after sealing for {late.name}")
    if seen.late and (going := under_way(context.instance, late_hours.name)):
        # More files come while an hour waits in the queue: its run reads them all. What was found is looked for again.
        text = replace(memory, position=before.position).to_text()
        return dg.SensorResult(skip_reason=f"{len(seen.late)} ranges of late hours wait: {going}", cursor=text, asset_events=observed)
    # The same files are asked for once a day: should their run have failed for good, they are not forgotten.
    requests = [dg.RunRequest(run_key=f"late-{late.identity}-{now:%Y-%m-%d}", tags=Range(late.first, late.last).tags) for late in seen.late]
    looked = f"{seen.looked_at} landing files of sealed hours compared, none late; {seen.waiting} files wait for sealing"
    return dg.SensorResult(run_requests=requests, skip_reason=None if requests else looked, cursor=memory.to_text(), asset_events=observed)


def _is_overdue(state: State) -> bool:
    """Whether late files have come first for long enough: where some come with every tick, deletions must have their turn too."""
    sealed, looked = state.sealed_for_late(), _LOOKED.get(state.settings.data)
    return sealed is not None and (looked is None or sealed.until - looked.until >= LONGEST_WAIT)


def _with_gone_posts(state: State, context: dg.SensorEvaluationContext) -> list[LateRange]:
    """Ranges of sealed hours that hold posts which were deleted or edited since; looked for once an hour of notices is sealed."""
    sealed = state.sealed_for_late()
    if sealed is None or sealed == _LOOKED.get(state.settings.data):
        return []
    before = _LOOKED.get(state.settings.data)
    same_day = before is not None and before.until.date() == sealed.until.date()  # once a day all notices: hours may be sealed anew
    since = sealed.until - removals.RECENT if same_day else None
    found = removals.hours_with_gone_posts(state.lake, sealed, since)
    _LOOKED[state.settings.data] = sealed
    context.log.info(f"{len(found)} sealed hours hold posts that are gone")
    return removals.ranges(found)


def _observation(seen: Watched, now: datetime) -> tuple[list[dg.AssetObservation], Memory]:
    """The tick's observation of social/landing, if it is worth recording, and the memory with it."""
    memory = seen.memory
    recent = memory.observed_at is not None and now - memory.observed_at < OBSERVE_EVERY
    if recent and seen.late_hours == memory.observed_late:
        return [], memory
    observation = dg.AssetObservation(asset_key("social/landing"), metadata=seen.figures(now))
    return [observation], replace(memory, observed_late=seen.late_hours, observed_at=now)


def _tell_of_expired(seen: Watched, memory: Memory, settings: Settings) -> Memory:
    """Alert of files for hours that are not rebuilt, where any landed after those that were told of; the memory with it."""
    landed = [landed_at(path) for paths in seen.expired.values() for path in paths]
    newest = max(landed, default=None)
    if newest is None or (memory.told_at is not None and newest <= memory.told_at):
        return memory
    alerts.raise_alert(alerts.of_expired_files({hour_key(hour): len(paths) for hour, paths in seen.expired.items()}), settings)
    return replace(memory, told_at=newest)
