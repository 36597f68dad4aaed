"""The daily replay: features as recorded when they were served, and made again now as of then, feature by feature.

What belongs here: the checks, their job and its schedule. What doesn't: the comparison (``trend_assets/models/features.py``).
"""

from collections.abc import Callable

import dagster as dg

from trend_assets.declared import asset_key, declared_checks
from trend_assets.defs.jobs import LANE, MAX_RUNTIME
from trend_assets.lake.lake import Lake
from trend_assets.models.features import Replay, replay_demand, replay_posts
from trend_assets.operations.sealing import under_way
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings
from trend_assets.tables.point_in_time import POST_FEATURES

audit = declared_checks(POST_FEATURES.path)


def _replay_check(path: str, replay: Callable[[Lake], Replay]) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset_key(path),
        name="replays",
        blocking=False,
        description="The newest day's features as recorded are what is made now as of then; names the features and rows that differ.",
    )
    def replays(lake: LakeResource) -> dg.AssetCheckResult:
        found = replay(lake.get())
        return dg.AssetCheckResult(
            passed=found.passed,
            severity=dg.AssetCheckSeverity.ERROR,
            description=str(found),
            metadata={
                "rows": found.rows,
                "differ": dg.MetadataValue.json({one.feature: one.rows for one in found.differ}),
                "explained": dg.MetadataValue.json({one.feature: one.rows for one in found.explained}),
                "gone": found.gone,
                "new": found.new,
            },
        )

    return replays


posts_replay = _replay_check(POST_FEATURES.path, lambda lake: replay_posts(lake, load_settings()))
demand_replay = _replay_check("demand/demand_features", replay_demand)

features_replay = dg.define_asset_job(
    "features_replay",
    selection=dg.AssetSelection.checks(posts_replay, demand_replay),
    description="Yesterday's features made again as of then and compared with those that were served.",
    tags={LANE: "features", MAX_RUNTIME: "7200"},
    executor_def=dg.in_process_executor,
)


@dg.schedule(
    job=features_replay,
    cron_schedule="30 6 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Replays the newest day's features at 06:30 UTC, after the daily tables.",
)
def replay_daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run unless one is going."""
    going = under_way(context.instance, "features_replay")
    return dg.SkipReason(going) if going else dg.RunRequest(run_key=None)
