"""Live assets: posts of open hours, provisional trends and rankings, and what sealing changed.

What belongs here: their definitions and metadata. What doesn't: taking in and publishing (``live/lane.py``), judging (``lib/live``).

The three live tables are one step, because a step costs more than its work; they publish by themselves (a micro-batch adds
a part, a quiet hour may shrink), through the same audit. They have no partitions for Dagster: a run covers what has landed.
"""

import time
from collections.abc import Iterator
from typing import Any

import dagster as dg
from pydantic import Field

from trend_assets import presentation
from trend_assets.declared import asset_key, asset_spec
from trend_assets.defs.jobs import LIVE_TABLES
from trend_assets.lake.lake import Lake
from trend_assets.lib.tables import concatenate
from trend_assets.live.lane import LiveLane, compare_sealed
from trend_assets.live.lease import Turn
from trend_assets.live.report import LiveTotals
from trend_assets.partitions import hour_key, hours_of
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES

SEALED_INPUTS = ["topics/topics", "topics/topic_hours", "topics/trends", "topics/topic_assignments", "social/clean_posts"]
TOLD_EVERY_SECONDS = 60.0
_IO_MANAGER_KEY = "dagster/io_manager_key"


def _live_spec(path: str, deps: list[Any]) -> dg.AssetSpec:
    """The asset of a live table: in a group of its own, without partitions and without an I/O manager."""
    spec = asset_spec(path, deps=deps)
    metadata = {name: value for name, value in spec.metadata.items() if name != _IO_MANAGER_KEY}
    return spec.replace_attributes(
        group_name="live",
        partitions_def=None,
        automation_condition=None,
        tags={**spec.tags, "lane": "live", "provisional": "true"},
        metadata={**metadata, "provisional": True},
    )


class LiveRun(dg.Config):
    """How long a run goes on at most: starting a process costs more than many micro-batches. It ends as soon as the next is ready."""

    seconds: float = Field(900.0, description="The run ends after the micro-batch under way when it has gone on for so long; 0 for one")
    idle_seconds: float = Field(60.0, description="It ends earlier when no file has landed for so long")


@dg.multi_asset(
    name="live_tables",
    specs=[
        _live_spec("social/live_posts", ["social/landing"]),
        _live_spec("topics/live_trends", ["social/live_posts", *SEALED_INPUTS]),
        _live_spec("influencers/live_rankings", ["social/live_posts", "topics/topics", "influencers/interactions"]),
    ],
)
def live_tables(context: dg.AssetExecutionContext, config: LiveRun, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Take in what lands for the open hours and publish provisional trends and rankings, micro-batch by micro-batch."""
    settings, total = load_settings(), LiveTotals()
    turn = Turn(settings, context.run_id, finished=lambda run: _finished(context.instance, run))
    lane = LiveLane(settings, lake.get(), goes_on=turn.goes_on)
    lane.prepare()
    turn.take()
    told = time.monotonic()
    try:
        for report in lane.run(config.seconds, config.idle_seconds):
            total.add(report)
            if time.monotonic() - told > TOLD_EVERY_SECONDS:  # a run is long: how it goes is on record before its end
                told = time.monotonic()
                for path in LIVE_TABLES:
                    context.log_event(dg.AssetMaterialization(asset_key(path), metadata=_metadata(path, total, lake.get())))
    finally:
        turn.let_go()
    for path in LIVE_TABLES:
        yield dg.MaterializeResult(asset_key=asset_key(path), metadata=_metadata(path, total, lake.get()))


def _finished(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether the run has ended, or there is no such run any more."""
    run = instance.get_run_by_id(run_id)
    return run is None or run.is_finished


def _metadata(path: str, total: LiveTotals, lake: Lake) -> dict[str, Any]:
    """What a live table's materialization tells: counts of the posts, figures and a preview of what is published."""
    if path == "social/live_posts":
        return total.counts
    rows = lake.read(TABLES[path], ["all"])
    return {"rows": rows.num_rows, "provisional": True, **total.figures, **presentation.output_metadata(TABLES[path], rows)}


@dg.multi_asset(
    name="sealing_changes",
    specs=[
        asset_spec(
            "topics/sealing_changes",
            deps=[
                "topics/trends",
                "influencers/influencer_rankings",
                "topics/live_trends",
                "influencers/live_rankings",
                "social/live_posts",
                "social/clean_posts",
            ],
        )
    ],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def sealing_changes(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Set the live lane's last word on each hour beside the sealed one; hours that it did not see have no row."""
    hours = hours_of(context.partition_time_window)
    rows = concatenate(TABLES["topics/sealing_changes"], compare_sealed(lake.get(), [hour_key(hour) for hour in hours], hours))
    context.log.info(f"{len(hours) - rows.num_rows} of {len(hours)} hours have no live rows to compare with")
    yield dg.MaterializeResult(asset_key=asset_key("topics/sealing_changes"), value=rows)
