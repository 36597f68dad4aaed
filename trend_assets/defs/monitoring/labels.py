"""The label queue of each task and the labels that people gave, as assets with their checks.

What belongs here: definitions. What doesn't: which posts are chosen (``trend_assets/monitoring/queue.py``), how labels are added
(``trend_assets/monitoring/labels.py``, ``commands/labels.py``, the board).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from trend_assets.declared import asset_key, asset_spec, declared_checks
from trend_assets.defs.jobs import LANE, MAX_RUNTIME
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.discovery import tasks
from trend_assets.models.tracking import TrackingResource
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings
from trend_assets.tables.monitoring import label_tables

GROUP = "models"
WANTED_ALPHA = 0.667
"""Below it labels carry no conclusion (Krippendorff 2004, "Content Analysis", chapter 11)."""
LEAST_ITEMS = 20
"""Items labelled by two or more from which on a low agreement is told: before, the interval holds everything."""


def queue_asset(name: str, task: Task) -> dg.AssetsDefinition:
    """The posts of a task that a person should label next."""
    deps = ["social/clean_posts", f"{name}/predictions", f"{name}/hand_labels"]

    @dg.multi_asset(name=f"{name}_label_queue", specs=[asset_spec(f"{name}/label_queue", deps, group_name=GROUP)])
    def label_queue(context: dg.AssetExecutionContext, lake: LakeResource, tracking: TrackingResource) -> Iterator[dg.MaterializeResult]:
        """Uncertain and disputed posts, and a random share of each day."""
        from trend_assets.monitoring.queue import build_queue

        built = build_queue(task, name, lake.get(), tracking.get(), load_settings())
        if built.remark:
            context.log.info(built.remark)
        counts = {row["values"]: row["counts"] for row in built.rows["reason"].value_counts().to_pylist()}
        yield dg.MaterializeResult(
            asset_key=asset_key(f"{name}/label_queue"),
            value=built.rows,
            metadata={"chosen_from": built.posts, "reasons": dg.MetadataValue.json(counts), "remark": built.remark or "none"},
        )

    return label_queue


def labels_asset(name: str) -> dg.AssetSpec:
    """External: a file that is taken in, and the board, add each answer as it is given, so no run makes it."""
    spec = asset_spec(f"{name}/hand_labels", deps=["social/clean_posts"], group_name=GROUP)
    return spec.replace_attributes(automation_condition=None, freshness_policy=None, kinds={"parquet", "streamlit"})


def agreement_check(name: str) -> dg.AssetChecksDefinition:
    """How far the people who label agree."""

    @dg.asset_check(
        asset=asset_key(f"{name}/hand_labels"),
        name="agreement",
        blocking=False,
        description=f"Krippendorff's alpha of posts labelled by two or more people is {WANTED_ALPHA} or above, overall and per language.",
    )
    def agreement(lake: LakeResource) -> dg.AssetCheckResult:
        from trend_assets.lib.learning.agreement import in_words
        from trend_assets.monitoring.labels import agreement_of, read, version_of

        rows = read(lake.get(), name)
        found = agreement_of(rows)
        low = [key for key, one in found.items() if one.items >= LEAST_ITEMS and one.high is not None and one.high < WANTED_ALPHA]
        told = "\n".join(f"- {key}: {in_words(one)}" for key, one in found.items())
        return dg.AssetCheckResult(
            passed=not low,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"people disagree too much ({', '.join(low)}): say in docs what each label means"
            if low
            else in_words(found["all"]),
            metadata={"agreement": dg.MetadataValue.md(told), "labels": rows.num_rows, "version": version_of(rows)},
        )

    return agreement


def label_job(name: str, task: Task) -> Any:
    """The queue made anew."""
    return dg.define_asset_job(
        f"{name}_labelling",
        dg.AssetSelection.assets([name, "label_queue"]),
        description=f"{task.description}: which posts a person should label next.",
        tags={LANE: name, MAX_RUNTIME: "3600"},
        executor_def=dg.in_process_executor,
    )


@dg.definitions
def label_definitions() -> dg.Definitions:
    """Queue, labels, checks and job of every task."""
    return dg.Definitions.merge(
        *(
            dg.Definitions(
                assets=[queue_asset(name, task), labels_asset(name)],
                asset_checks=[*(declared_checks(table.path) for table in label_tables(name)), agreement_check(name)],
                jobs=[label_job(name, task)],
            )
            for name, task in tasks().items()
            if task.source == "posts"
        )
    )
