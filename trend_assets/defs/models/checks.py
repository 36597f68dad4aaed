"""Checks of a task: the gate, licences of the training set, and the blocking ones generated from the declarations.

What belongs here: checks of every task, made by functions of the task. What doesn't: the gate's rules (``lib/learning/gate.py``).
"""

import dagster as dg
import pyarrow.compute as pc

from trend_assets.declared import asset_key, declared_checks
from trend_assets.defs.jobs import checks
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.gate import KINDS
from trend_assets.resources import LakeResource
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES
from trend_assets.tables.models import task_tables


def checks_of(name: str, task: Task) -> list[dg.AssetChecksDefinition]:
    """Every check of a task."""
    audits = [declared_checks(table.path) for table in task_tables(name) if table.path in TABLES]
    return [*audits, *gate_checks(name), licence_check(name, task), labels_check(name, task)]


def gate_checks(name: str) -> list[dg.AssetChecksDefinition]:
    """The gate between evaluation and champion, a check for each kind of reason: any that fails blocks the promotion."""
    return [gate_check(name, kind, asked) for kind, asked in KINDS.items()]


def gate_check(name: str, kind: str, asked: str) -> dg.AssetChecksDefinition:
    """One kind of the gate's verdicts on the newest evaluation."""

    @dg.asset_check(asset=asset_key(f"{name}/evaluation"), name=kind, blocking=True, description=asked)
    def gate(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        from trend_assets.models.evaluation import verdicts_of

        found = next((verdict for verdict in verdicts_of(name, load_settings()) if verdict.kind == kind), None)
        if found is None:
            # Asked for by `trend-assets check` where no model was ever trained: nothing is wrong, and nothing can be promoted either.
            return dg.AssetCheckResult(passed=True, description="nothing has been evaluated, so nothing is up for promotion")
        rules = "\n".join([*(f"- ✗ {rule}" for rule in found.failed), *(f"- ✓ {rule}" for rule in found.held)])
        # Asked again after the training: the candidate was refused, the champion is as it was, and nothing in use is wrong.
        afterwards = context.run.job_name == checks.name
        return dg.AssetCheckResult(
            passed=found.passed,
            severity=dg.AssetCheckSeverity.WARN if afterwards else dg.AssetCheckSeverity.ERROR,
            description=f"{found}{' (the candidate was refused and is not in use)' if afterwards and not found.passed else ''}",
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
