"""The job of the live lane: one step of many micro-batches and its checks, in one process.

What belongs here: the job. What doesn't: when it runs (``sensors.py``).
"""

from __future__ import annotations

import dagster as dg

from trend_assets.declared import asset_key
from trend_assets.defs.jobs import LIVE_TABLES, MAX_RUNTIME
from trend_assets.defs.live.checks import live_checks

LIVE_RUN = "trend_assets/live_run"
"""Run tag: two runs that have it are under way at a time (``dagster.yaml``), so that the next one starts beside the one that works."""
TAGS = {"dagster/priority": "10", "dagster/max_retries": "0", MAX_RUNTIME: "2400", LIVE_RUN: "true"}
"""It goes before queued runs of minutes. One that hangs is ended by run monitoring; when it is tried again the sensor decides."""

live_job = dg.define_asset_job(
    "live",
    # The declared checks re-read what was audited before publication a moment ago: the `checks` job does that.
    selection=dg.AssetSelection.assets(*(asset_key(path) for path in LIVE_TABLES)).without_checks() | dg.AssetSelection.checks(live_checks),
    executor_def=dg.in_process_executor,
    tags=TAGS,
    description="Micro-batches of what lands for the open hours, then provisional trends and rankings. Never touches dbt.",
)
