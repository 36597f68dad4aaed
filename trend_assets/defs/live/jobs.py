"""The job of the live lane: one step of many micro-batches and its checks, in one process.

What belongs here: the job. What doesn't: when it runs (``sensors.py``).
"""

from __future__ import annotations

import dagster as dg

from trend_assets.declared import asset_key
from trend_assets.defs.live.assets import LIVE_TABLES
from trend_assets.defs.live.checks import live_checks

TAGS = {"dagster/priority": "10", "dagster/max_runtime": "2400", "trend_assets/lane": "live"}
"""It goes before queued runs of minutes, one at a time (see dagster.yaml); one that hangs is ended by run monitoring."""

live_job = dg.define_asset_job(
    "live",
    # The declared checks re-read what was audited before publication a moment ago: the `checks` job does that.
    selection=dg.AssetSelection.assets(*(asset_key(path) for path in LIVE_TABLES)).without_checks() | dg.AssetSelection.checks(live_checks),
    executor_def=dg.in_process_executor,
    tags=TAGS,
    description="Micro-batches of what lands for the open hours, then provisional trends and rankings. Never touches dbt.",
)
