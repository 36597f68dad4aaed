"""The demand forecaster's options as a model: evaluated, gated, promoted.

What belongs here: definitions. What doesn't: the steps (``trend_assets/models/demand.py``), the forecasts (``forecasts.py``).
"""

from collections.abc import Iterator

import dagster as dg

from trend_assets.declared import OWNERS_BY_GROUP, asset_key, asset_spec, declared_checks
from trend_assets.defs.jobs import LANE, MAX_RUNTIME
from trend_assets.models.tracking import TrackingResource
from trend_assets.operations.sealing import under_way
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings

GROUP, NAME = "models", "demand_model"
_DEPS = ["demand/demand_features", "retail/orders", "retail/inventory", "retail/promotions", "retail/products", "retail/stores"]


@dg.multi_asset(name="demand_model_evaluation", specs=[asset_spec(f"{NAME}/evaluation", _DEPS, group_name=GROUP)])
def evaluation(lake: LakeResource, tracking: TrackingResource) -> Iterator[dg.MaterializeResult]:
    """Options chosen on earlier Sundays, judged on later ones beside the champion's and baselines, tracked and registered."""
    from trend_assets.models.demand import evaluate_options

    store = tracking.get()
    found = evaluate_options(lake.get(), store, load_settings())
    rules = "\n".join([*(f"- ✗ {one}" for one in found.failed), *(f"- ✓ {one}" for one in found.held)])
    yield dg.MaterializeResult(
        asset_key=asset_key(f"{NAME}/evaluation"),
        value=found.rows,
        metadata={
            "options": found.chosen,
            "model_version": found.version.number,
            "mlflow_run": store.place_of(found.version),
            "rules": dg.MetadataValue.md(rules),
        },
    )


@dg.asset_check(
    asset=asset_key(f"{NAME}/evaluation"),
    name="gate",
    blocking=True,
    description="The options beat both baselines and, where they are others, the champion's beyond noise, and are worse in no category.",
)
def gate() -> dg.AssetCheckResult:
    """The verdict on the newest evaluation."""
    from trend_assets.models.bundles import Bundles

    found = Bundles(load_settings()).evaluated(NAME)
    if found is None:
        return dg.AssetCheckResult(passed=True, description="nothing has been evaluated, so nothing is up for promotion")
    told = "; ".join(found["failed"] or found["held"])
    return dg.AssetCheckResult(passed=not found["failed"], severity=dg.AssetCheckSeverity.ERROR, description=told)


@dg.multi_asset(
    name="demand_model_champion",
    specs=[
        dg.AssetSpec(
            asset_key(f"{NAME}/champion"),
            deps=[asset_key(f"{NAME}/evaluation")],
            description="Options that demand/demand_forecasts is made with.",
            group_name=GROUP,
            owners=OWNERS_BY_GROUP[GROUP],
            kinds={"python", "mlflow"},
            tags={"layer": "aggregate"},
        )
    ],
)
def champion(tracking: TrackingResource) -> Iterator[dg.MaterializeResult]:
    """Promote what passed the gate; forecasts made from now on use it."""
    from trend_assets.models.demand import promote_options

    number, done = promote_options(tracking.get(), load_settings())
    yield dg.MaterializeResult(asset_key=asset_key(f"{NAME}/champion"), metadata={"model_version": number, "done": done})


training = dg.define_asset_job(
    f"{NAME}_training",
    dg.AssetSelection.assets([NAME, "evaluation"], [NAME, "champion"]),
    description="The demand forecaster's options: choose, judge, gate, promote.",
    tags={LANE: "training", MAX_RUNTIME: "21600"},
    executor_def=dg.in_process_executor,
)


@dg.schedule(
    job=training,
    cron_schedule="45 7 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every morning, once a person has trained the first: other options are tried for decay, or a month after the last time.",
)
def demand_model_retraining(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run where there is a champion, none is going and one is due."""
    if going := under_way(context.instance, f"{NAME}_training"):
        return dg.SkipReason(going)
    if context.instance.get_latest_materialization_event(asset_key(f"{NAME}/champion")) is None:
        return dg.SkipReason("there is no champion: the first training is a person's decision")
    from trend_assets.lake.lake import Lake
    from trend_assets.lib.learning.retraining import due
    from trend_assets.monitoring.retraining import REASON, WHY, facts_of_forecaster

    settings = load_settings()
    reason, why = due(facts_of_forecaster(context.instance, Lake(settings.lake_root), settings), context.scheduled_execution_time)
    return dg.RunRequest(run_key=None, tags={REASON: reason, WHY: why[:250]}) if reason else dg.SkipReason(why)


@dg.definitions
def demand_model_definitions() -> dg.Definitions:
    """All of it."""
    return dg.Definitions(
        assets=[evaluation, champion],
        asset_checks=[declared_checks(f"{NAME}/evaluation"), gate],
        jobs=[training],
        schedules=[demand_model_retraining],
    )
