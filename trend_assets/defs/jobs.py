"""The jobs: each materializes one stage of the flow over a range of partitions, with its checks.

What belongs here: selections, how often an operation is tried again, which jobs exclude each other. What doesn't: when they
run (``operations/automation.py``, ``defs/automation.py``, ``defs/social/sensors.py``); jobs of the live lane and of models (theirs).

Steps run one after the other in the run's process: a process for each would import the code location each time, which takes
longer than most steps.
"""

from __future__ import annotations

import dagster as dg

from trend_assets.landing.late_files import LATE_TABLES
from trend_assets.tables import TABLES
from trend_assets.tables.ledgers import LEDGERS

LANE = "trend_assets/lane"
"""Run tag: of the runs with the same value one is under way at a time (``dagster.yaml``), the others wait in the queue."""
MAX_RUNTIME = "dagster/max_runtime"
"""Run tag: seconds after which run monitoring ends the run."""

PRIORITY = "dagster/priority"
"""Run tag: of the runs that wait in the queue the one with the highest goes first; without it zero."""

LIVE_TABLES = ("social/live_posts", "topics/live_trends", "influencers/live_rankings")
"""Provisional tables; the job ``live`` makes them."""

GROUPS = ("social", "topics", "influencers")
_sealed = [
    path
    for path, table in TABLES.items()
    if table.group in GROUPS and table.partition == "hour" and path not in LIVE_TABLES and not table.append_only
]


def tried_again(times: int, after_seconds: float) -> dg.RetryPolicy:
    """Try a failed operation again, later each time: for a file or database that is away for a moment, a writer that was faster."""
    return dg.RetryPolicy(max_retries=times, delay=after_seconds, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


DAILY_RETRIES = tried_again(times=2, after_seconds=10)
"""Of the operations of daily tables themselves: no job of ours but the condition's sensor starts most of their runs."""

social_hours = dg.define_asset_job(
    "social_hours",
    selection=dg.AssetSelection.assets(*(path.split("/") for path in _sealed)).materializable(),
    description="Landing files of the range to posts, topics, trends and influencer rankings: seals its hours.",
    tags={LANE: "sealed", MAX_RUNTIME: "21600", PRIORITY: "1"},  # before late hours that wait: everything else waits for it
    executor_def=dg.in_process_executor,
    op_retry_policy=tried_again(times=1, after_seconds=5),
)

late_hours = dg.define_asset_job(
    "late_hours",
    selection=dg.AssetSelection.assets(*(path.split("/") for path in LATE_TABLES)),
    description="Takes late posts into sealed hours: posts, assignments and counts; registry, events, trends and rankings stay.",
    tags={LANE: "sealed", MAX_RUNTIME: "7200"},
    executor_def=dg.in_process_executor,
    op_retry_policy=tried_again(times=1, after_seconds=5),
)

retail_days = dg.define_asset_job(
    "retail_days",
    selection=dg.AssetSelection.groups("retail").materializable(),
    description="The retailer's files of the range to daily tables.",
    tags={LANE: "daily", MAX_RUNTIME: "7200"},
    executor_def=dg.in_process_executor,
    op_retry_policy=tried_again(times=2, after_seconds=10),
)

demand_days = dg.define_asset_job(
    "demand_days",
    selection=(
        (dg.AssetSelection.groups("demand") - dg.AssetSelection.assets(*(path.split("/") for path in LEDGERS)))
        | dg.AssetSelection.tag("lane", "daily")
    ).materializable(),
    description="Trends of the range linked to products, stock position, decision cards.",
    tags={LANE: "daily", MAX_RUNTIME: "7200"},
    executor_def=dg.in_process_executor,
    op_retry_policy=DAILY_RETRIES,
)

ledger_hours = dg.define_asset_job(
    "ledger_hours",
    selection=dg.AssetSelection.assets(*(path.split("/") for path in LEDGERS)),
    description="Records what is published and not recorded yet in the ledgers that rewinding reads.",
    tags={LANE: "ledger", MAX_RUNTIME: "7200"},
    executor_def=dg.in_process_executor,
    op_retry_policy=tried_again(times=2, after_seconds=10),
)

marts = dg.define_asset_job(
    "marts",
    selection=dg.AssetSelection.tag("lane", "marts"),
    description="dbt marts and their tests, then the warehouse file that readers open.",
    tags={LANE: "marts", MAX_RUNTIME: "7200"},
    executor_def=dg.in_process_executor,
    op_retry_policy=tried_again(times=2, after_seconds=10),
)

checks = dg.define_asset_job(
    "checks",
    selection=dg.AssetSelection.all_asset_checks(),
    description="Every check on the latest partitions; materializes nothing.",
    executor_def=dg.in_process_executor,
)
