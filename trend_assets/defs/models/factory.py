"""The assets of a task: training set, candidate, evaluation, champion, and the champion's hourly predictions.

What belongs here: definitions made from a task's declarations. What doesn't: the steps (``trend_assets/models/training.py``), the
task itself (``lib/learning/tasks``), checks (``checks.py``).
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg

from trend_assets.declared import OWNERS_BY_GROUP, asset_key, asset_spec
from trend_assets.defs.jobs import LANE, MAX_RUNTIME
from trend_assets.defs.models.pictures import link_to, look_at
from trend_assets.lib.learning.contract import Task, upstream_features
from trend_assets.models.tracking import TrackingResource
from trend_assets.partitions import hour_key, hours_between, hours_of
from trend_assets.resources import LakeResource, Published
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES
from trend_assets.tables.point_in_time import POST_FEATURES, known_at_moments

GROUP = "models"
_POSTS, _ASSIGNMENTS = "social/clean_posts", "topics/topic_assignments"
_SINGLE_RUN = dg.BackfillPolicy.single_run()


def table_spec(path: str, deps: list[Any], **overrides: Any) -> dg.AssetSpec:
    """The asset of one of a task's tables."""
    return asset_spec(path, deps, group_name=GROUP, **overrides)


def registry_spec(name: str, which: str, description: str, deps: list[str]) -> dg.AssetSpec:
    """An asset that lives in the model registry: ``candidate`` or ``champion``."""
    return dg.AssetSpec(
        asset_key(f"{name}/{which}"),
        deps=[asset_key(dep) for dep in deps],
        description=description,
        group_name=GROUP,
        owners=OWNERS_BY_GROUP[GROUP],
        kinds={"python", "mlflow"},
        tags={"layer": "aggregate"},
    )


def labels_spec(name: str) -> dg.AssetSpec:
    """The label file: external, written by people."""
    return dg.AssetSpec(
        asset_key(f"{name}/labels"),
        description=f"Posts labelled by people: labels/{name}.jsonl, .csv or .parquet in the data folder (docs/models.md).",
        group_name=GROUP,
        owners=OWNERS_BY_GROUP[GROUP],
        kinds={"file"},
        tags={"layer": "raw"},
    )


def training_assets(name: str, task: Task) -> list[dg.AssetsDefinition]:
    """Training set to champion."""
    upstream = [f"{one}/champion" for one in upstream_features(task)]

    @dg.multi_asset(
        name=f"{name}_training_set",
        specs=[
            table_spec(
                f"{name}/training_set", deps=[*([_POSTS, f"{name}/hand_labels"] if task.source == "posts" else []), f"{name}/labels"]
            )
        ],
    )
    def training_set(lake: LakeResource) -> Iterator[dg.MaterializeResult]:
        """Join labels with posts, leave out what must not be trained on, split by time and author."""
        from trend_assets.models.training_set import build_training_set

        built = build_training_set(task, name, lake.get(), load_settings())
        yield dg.MaterializeResult(
            asset_key=asset_key(f"{name}/training_set"),
            value=Published(built.rows, {"all": built.inputs}),
            metadata={"left_aside": dg.MetadataValue.json(built.left_aside)},
        )

    @dg.multi_asset(
        name=f"{name}_candidate",
        specs=[
            registry_spec(
                name, "candidate", f"{task.description}: the newest model trained, in the registry.", [f"{name}/training_set", *upstream]
            )
        ],
    )
    def candidate(context: dg.AssetExecutionContext, lake: LakeResource, tracking: TrackingResource) -> Iterator[dg.MaterializeResult]:
        """Train on the training split and register; the same data and code give the version there is."""
        from trend_assets.models.training_set import data_manifest
        from trend_assets.models.vertex import train_where_told

        store = lake.get()
        registry, settings = tracking.get(), load_settings()
        version, new = train_where_told(task, name, store, registry, settings, context.run_id, context.log.info)
        manifest = data_manifest(name, store)
        yield dg.MaterializeResult(
            asset_key=asset_key(f"{name}/candidate"),
            metadata={
                "model_version": version.number,
                "trained": new,
                "mlflow_run": link_to(registry.place_of(version)),
                "look": look_at(settings),
                "model_hash": version.tags.get("model_hash", ""),
                "counts": dg.MetadataValue.json(manifest["counts"]),
            },
        )

    @dg.multi_asset(name=f"{name}_evaluation", specs=[table_spec(f"{name}/evaluation", deps=[f"{name}/training_set", f"{name}/candidate"])])
    def evaluation(lake: LakeResource, tracking: TrackingResource) -> Iterator[dg.MaterializeResult]:
        """Candidate, champion and majority baseline on later posts of other authors."""
        from trend_assets.defs.models.pictures import calibration_table, picture
        from trend_assets.models.evaluation import evaluate_candidate
        from trend_assets.models.promotion import note_challenger

        registry, settings = tracking.get(), load_settings()
        found = evaluate_candidate(task, name, lake.get(), registry, settings)
        note_challenger(name, registry, settings)
        yield dg.MaterializeResult(
            asset_key=asset_key(f"{name}/evaluation"),
            value=found.rows,
            metadata={
                "confusion": picture(found.files.get("evaluation/confusion_all.svg")),
                "calibration": calibration_table(found.calibration),
                "champion": found.champion,
                "macro_f1": next((row["value"] for row in found.rows.to_pylist() if row["metric"] == "macro_f1"), 0.0),
            },
        )

    @dg.multi_asset(
        name=f"{name}_champion",
        specs=[registry_spec(name, "champion", f"{task.description}: the model in use, alias champion.", [f"{name}/evaluation"])],
    )
    def champion(tracking: TrackingResource) -> Iterator[dg.MaterializeResult]:
        """Point the alias at the candidate that passed the gate; the one before is noted for a rollback."""
        from trend_assets.models.promotion import promote

        registry = tracking.get()
        version, what = promote(name, registry, load_settings())
        yield dg.MaterializeResult(
            asset_key=asset_key(f"{name}/champion"),
            metadata={"model_version": version.number, "outcome": what, "mlflow_run": link_to(registry.place_of(version))},
        )

    return [training_set, candidate, evaluation, champion]


def hourly_assets(name: str, task: Task) -> list[dg.AssetsDefinition]:
    """The champion's predictions and what they say by topic."""
    recorded = [POST_FEATURES.path] if known_at_moments(task.features) else []
    upstream = [f"{one}/champion" for one in upstream_features(task)]
    past_day = dg.TimeWindowPartitionMapping(start_offset=-23, allow_nonexistent_upstream_partitions=True)

    @dg.multi_asset(
        name=f"{name}_predictions",
        specs=[table_spec(f"{name}/predictions", deps=[_POSTS, *recorded, *upstream, f"{name}/champion"], skippable=True)],
        backfill_policy=_SINGLE_RUN,
    )
    def predictions(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
        """What the champion says; nothing is published, and nothing fails, where there is no champion yet."""
        from trend_assets.models.serving import predict_hours

        rows = predict_hours(task, name, lake.get(), load_settings(), list(context.partition_keys))
        if rows is None:
            context.log.warning(f"{name} has no champion, so nothing is predicted: run the job {name}_training (docs/models.md)")
            return
        yield dg.MaterializeResult(asset_key=asset_key(f"{name}/predictions"), value=rows)

    @dg.multi_asset(
        name=f"{name}_topic_hours",
        specs=[
            table_spec(
                f"{name}/topic_hours",
                deps=[dg.AssetDep(asset_key(path), partition_mapping=past_day) for path in (f"{name}/predictions", _POSTS, _ASSIGNMENTS)],
            )
        ],
        backfill_policy=_SINGLE_RUN,
    )
    def topic_hours(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
        """Labels by topic in the day that ends with each hour."""
        from trend_assets.lib.learning.by_topic import WINDOW_HOURS, labels_by_topic

        store, hours = lake.get(), hours_of(context.partition_time_window)
        keys = [hour_key(hour) for hour in hours_between(hours[0] - timedelta(hours=WINDOW_HOURS - 1), hours[-1] + timedelta(hours=1))]
        counted = labels_by_topic(
            hours,
            predictions=store.read(TABLES[f"{name}/predictions"], keys),
            posts=store.read(TABLES[_POSTS], keys, columns=["network", "post_id", "author"]),
            assignments=store.read(TABLES[_ASSIGNMENTS], keys, columns=["network", "post_id", "topic_id"]),
            labels=task.labels,
        )
        yield dg.MaterializeResult(asset_key=asset_key(f"{name}/topic_hours"), value=counted)

    return [predictions, topic_hours]


def jobs(name: str, task: Task) -> list[Any]:
    """Training of a task, and its predictions over a range of hours."""
    training = dg.AssetSelection.assets(*([name, step] for step in ("training_set", "candidate", "evaluation", "champion")))
    hourly = dg.AssetSelection.assets([name, "predictions"], [name, "topic_hours"])
    both = [
        dg.define_asset_job(
            f"{name}_training",
            training,
            description=f"{task.description}: train, evaluate, gate, promote.",
            tags={LANE: "training", MAX_RUNTIME: "21600"},
        ),
        dg.define_asset_job(
            f"{name}_hours",
            hourly,
            description=f"{task.description}: the champion's predictions of the range.",
            tags={LANE: name, MAX_RUNTIME: "7200"},
        ),
    ]
    return both if task.source == "posts" else both[:1]
