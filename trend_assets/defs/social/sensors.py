"""The landing sensor: observes the stream, and asks for sealed hours to be rebuilt that late files came for.

What belongs here: the tick. What doesn't: what is looked at (``landing/watch.py``), the sensor of the live lane (``defs/live``).
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg

from trend_assets.declared import asset_key
from trend_assets.defs.jobs import late_hours
from trend_assets.landing.watch import Memory, Watched, watch
from trend_assets.operations.runs import Range
from trend_assets.operations.sealing import State
from trend_assets.settings import load_settings

OBSERVE_AT_LEAST = timedelta(minutes=10)
"""Lag and backlog are recorded when files came or went, and this often in any case: a tick is every 30 s."""


@dg.sensor(
    name="landing",
    job=late_hours,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Observes lag and backlog of landing, and asks for late_hours where files came after their hour was sealed.",
)
def landing(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Look at a bounded number of landing files."""
    state, now = State.of_settings(context.instance), datetime.now(UTC)
    sealed, memory = state.sealed(), Memory.from_text(context.cursor)
    seen = watch(state.storage, state.lake, sealed, memory, most_files=load_settings().sensor_files, now=now)
    observed, memory = _observation(seen, now)
    # The same files are asked for once a day: should their run have failed for good, they are not forgotten.
    requests = [dg.RunRequest(run_key=f"late-{late.identity}-{now:%Y-%m-%d}", tags=Range(late.first, late.last).tags) for late in seen.late]
    for late in seen.late:
        context.log.info(f"{len(late.files)} landing files came after sealing for {late.name}")
    looked = f"{seen.looked_at} landing files of sealed hours compared, none late; {seen.waiting} files wait for sealing"
    return dg.SensorResult(run_requests=requests, skip_reason=None if requests else looked, cursor=memory.to_text(), asset_events=observed)


def _observation(seen: Watched, now: datetime) -> tuple[list[dg.AssetObservation], Memory]:
    """The tick's observation of social/landing, if it is worth recording, and the memory with it."""
    figures = seen.figures(now)
    told = {name: value for name, value in figures.items() if name != "lag_seconds"}
    memory = seen.memory
    recent = memory.observed_at is not None and now - memory.observed_at < OBSERVE_AT_LEAST
    if recent and told == dict(memory.observed):
        return [], memory
    return [dg.AssetObservation(asset_key("social/landing"), metadata=figures)], replace(memory, observed=told, observed_at=now)
