"""How good predictions turned out to be, as an asset; when it and the label queues are made.

What belongs here: definitions. What doesn't: rows (``trend_assets/monitoring/outcomes.py``), methods (``lib/learning``).
"""

from collections.abc import Iterator

import dagster as dg

from trend_assets.declared import asset_key, asset_spec, declared_checks
from trend_assets.defs.jobs import LANE, MAX_RUNTIME
from trend_assets.lib.learning.discovery import tasks
from trend_assets.models.tracking import TrackingResource
from trend_assets.operations.sealing import under_way
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings

_TASKS = {name: task for name, task in tasks().items() if task.source == "posts"}
_DEPS = [
    *(f"{name}/{table}" for name in _TASKS for table in ("predictions", "hand_labels")),
    "demand/demand_forecasts",
    "demand/card_regrets",
    "retail/orders",
]


@dg.multi_asset(name="model_outcomes", specs=[asset_spec("models/outcomes", _DEPS)])
def model_outcomes(context: dg.AssetExecutionContext, lake: LakeResource, tracking: TrackingResource) -> Iterator[dg.MaterializeResult]:
    """Predictions against labels, sales and answers that came later; estimates where none came."""
    from trend_assets.monitoring.outcomes import outcome_rows

    rows, remarks = outcome_rows(_TASKS, lake.get(), tracking.get(), load_settings())
    for remark in remarks:
        context.log.info(remark)
    yield dg.MaterializeResult(
        asset_key=asset_key("models/outcomes"), value=rows, metadata={"remarks": "; ".join(remarks) or "none", "rows": rows.num_rows}
    )


@dg.asset_check(
    asset=asset_key("models/outcomes"),
    name="no_decay",
    blocking=False,
    description="No champion is worse by its main metric, beyond both 90 % intervals, in its newest judged week than in its first.",
)
def no_decay(lake: LakeResource) -> dg.AssetCheckResult:
    """Say which model got worse."""
    from trend_assets.monitoring.retraining import DEMAND, decays

    found = decays([*_TASKS, DEMAND], lake.get(), load_settings())
    told = "; ".join(f"{name}: {sentence}" for name, sentence in found.items() if sentence)
    return dg.AssetCheckResult(
        passed=not told,
        severity=dg.AssetCheckSeverity.WARN,
        description=told or None,
        metadata={"followed": sum(sentence is not None for sentence in found.values())},
    )


models_monitoring = dg.define_asset_job(
    "models_monitoring",
    dg.AssetSelection.assets(["models", "outcomes"], *([name, "label_queue"] for name in _TASKS)),
    description="How good predictions turned out to be, and which posts people should label next.",
    tags={LANE: "monitoring", MAX_RUNTIME: "7200"},
    executor_def=dg.in_process_executor,
)


@dg.schedule(
    job=models_monitoring,
    cron_schedule="15 6 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every morning: how good predictions turned out to be, and the label queues.",
)
def monitoring_daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run unless one is going, or nothing was ever predicted or forecast."""
    if going := under_way(context.instance, "models_monitoring"):
        return dg.SkipReason(going)
    made = [path for path in _DEPS if context.instance.get_latest_materialization_event(asset_key(path)) is not None]
    return dg.RunRequest(run_key=None) if made else dg.SkipReason("nothing was predicted yet")


@dg.definitions
def outcome_definitions() -> dg.Definitions:
    """All of it: a module that has such a function is loaded by it alone."""
    return dg.Definitions(
        assets=[model_outcomes],
        asset_checks=[declared_checks("models/outcomes"), no_decay],
        jobs=[models_monitoring],
        schedules=[monitoring_daily],
    )
