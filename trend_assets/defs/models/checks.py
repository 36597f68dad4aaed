"""Checks of a task: the gate, licences of the training set, and the blocking ones generated from the declarations.

What belongs here: checks of every task, made by functions of the task. What doesn't: the gate's rules (``lib/learning/gate.py``).
"""

import dagster as dg
import pyarrow.compute as pc

from trend_assets.declared import asset_key, declared_checks
from trend_assets.lib.learning.contract import Task
from trend_assets.resources import LakeResource
from trend_assets.tables import TABLES
from trend_assets.tables.models import task_tables


def checks_of(name: str, task: Task) -> list[dg.AssetChecksDefinition]:
    """Every check of a task."""
    audits = [declared_checks(table.path) for table in task_tables(name) if table.path in TABLES]
    return [*audits, gate_check(name, task), licence_check(name, task), labels_check(name, task)]


def gate_check(name: str, task: Task) -> dg.AssetChecksDefinition:
    """The gate between evaluation and champion: it blocks the promotion."""

    @dg.asset_check(
        asset=asset_key(f"{name}/evaluation"),
        name="gate",
        blocking=True,
        description="The candidate beats the majority baseline, is not worse than the champion and reaches the floor in each language.",
    )
    def gate(lake: LakeResource) -> dg.AssetCheckResult:
        from trend_assets.models.training import verdict

        store = lake.get()
        if not store.read(TABLES[f"{name}/evaluation"], columns=["subject"]).num_rows:
            # Asked for by `trend-assets check` where no model was ever trained: nothing is wrong, and nothing can be promoted either.
            return dg.AssetCheckResult(passed=True, description="nothing has been evaluated, so nothing is up for promotion")
        found = verdict(task, name, store)
        rules = "\n".join([*(f"- ✗ {rule}" for rule in found.failed), *(f"- ✓ {rule}" for rule in found.held)])
        return dg.AssetCheckResult(
            passed=found.passed,
            severity=dg.AssetCheckSeverity.ERROR,
            description=str(found),
            metadata={"rules": dg.MetadataValue.md(rules)},
        )

    return gate


def licence_check(name: str, task: Task) -> dg.AssetChecksDefinition:
    """Only posts whose terms allow it train the model."""

    @dg.asset_check(
        asset=asset_key(f"{name}/training_set"),
        name="licence",
        blocking=True,
        description=f"Every post is under terms that allow training this model: {', '.join(task.licence_classes)}.",
    )
    def licence(lake: LakeResource) -> dg.AssetCheckResult:
        rows = lake.get().read(TABLES[f"{name}/training_set"], columns=["licence_class"])
        found = {row["values"]: row["counts"] for row in pc.value_counts(rows["licence_class"]).to_pylist()}
        wrong = {licence: count for licence, count in found.items() if licence not in task.licence_classes}
        return dg.AssetCheckResult(
            passed=not wrong,
            severity=dg.AssetCheckSeverity.ERROR,
            description=f"posts that may not train it: {wrong}" if wrong else None,
            metadata={"licence_classes": dg.MetadataValue.json(found)},
        )

    return licence


def labels_check(name: str, task: Task) -> dg.AssetChecksDefinition:
    """Each label occurs often enough in both splits to be learnt and judged."""
    least = 5

    @dg.asset_check(
        asset=asset_key(f"{name}/training_set"),
        name="labels",
        blocking=False,
        description=f"Each label occurs at least {least} times in the training and in the evaluation split.",
    )
    def labels(lake: LakeResource) -> dg.AssetCheckResult:
        rows = lake.get().read(TABLES[f"{name}/training_set"], columns=["label", "split"])
        counted = {
            (row["split"], row["label"]): row["count_all"]
            for row in rows.group_by(["split", "label"]).aggregate([([], "count_all")]).to_pylist()
        }
        rare = [
            f"{label} in {split}" for split in ("train", "evaluation") for label in task.labels if counted.get((split, label), 0) < least
        ]
        return dg.AssetCheckResult(
            passed=not rows.num_rows or not rare,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"fewer than {least}: {', '.join(rare)}: label more posts" if rows.num_rows and rare else None,
            metadata={"rows": rows.num_rows},
        )

    return labels
