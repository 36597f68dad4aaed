"""What Dagster is told about a declared table: attributes of its asset, column schema, blocking checks.

What belongs here: everything that follows mechanically from ``tables/`` on the Dagster side. What doesn't: checks that
need judgement (``defs/<group>/checks.py``) and the audit itself (``lib/quality``).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg

from trend_assets import presentation
from trend_assets.lake.lake import Lake
from trend_assets.lib.quality.audit import CHECKS, audit
from trend_assets.lib.quality.signals import Signal
from trend_assets.operations import automation
from trend_assets.operations.history_checks import UNUSUAL, Verdict
from trend_assets.partitions import daily, hourly
from trend_assets.resources import LakeResource, keys_in_run
from trend_assets.tables import TABLES, Table
from trend_assets.tables.lineage import column_sources

PARTITIONS: dict[str, dg.PartitionsDefinition | None] = {"hour": hourly, "day": daily, "none": None}
OWNERS = ["team:data-platform"]
OWNERS_BY_GROUP = {
    "retail": ["team:retail-data"],
    "demand": ["team:buying", *OWNERS],
    "warehouse": ["team:analytics"],
    "models": ["team:data-science"],
}
"""Who answers for a group's tables where it is not the platform team alone; change them to your teams' names."""
REAUDITED_PARTITIONS = 24
"""Newest partitions of a run whose files are read back and audited again; older ones are judged by their manifests."""

_CHECK_DESCRIPTIONS = {
    "schema": "Columns and types are those declared.",
    "required": "No nulls where the declaration allows none.",
    "key": "The declared key is unique within a partition.",
    "values": "Values are within the declared range or list.",
    "partition": "Every row belongs to its partition.",
    "volume": "A partition has not lost most of its rows since it was last published.",
}


def asset_key(path: str) -> dg.AssetKey:
    """Asset key of ``group/table``."""
    return dg.AssetKey(path.split("/"))


def column_schema(table: Table, upstream: Sequence[str] = ()) -> dg.TableSchema:
    """The declaration as Dagster's column schema, shown in the UI; ``upstream`` are the assets that columns may come from."""
    columns, sources = [], column_sources(table, upstream)
    for column in table.columns:
        rules = [f"unit: {column.unit}"] if column.unit else []
        rules += [f"one of: {', '.join(column.allowed)}"] if column.allowed else []
        rules += [f">= {column.minimum:g}"] if column.minimum is not None else []
        rules += [f"<= {column.maximum:g}"] if column.maximum is not None else []
        rules += ["key within its partition"] if column.name in table.key else []
        rules += ["personal data"] if column.personal else []
        constraints = dg.TableColumnConstraints(nullable=column.nullable, unique=False, other=rules)
        description = presentation.column_description(column, sources.get(column.name, ()))
        columns.append(dg.TableColumn(column.name, str(column.type), description, constraints))
    return dg.TableSchema(columns=columns)


def asset_spec(path: str, deps: list[Any] | None = None, **overrides: Any) -> dg.AssetSpec:
    """The asset of a declared table: key, group, description, tags, owners, kinds, column schema and lineage.

    ``deps`` are asset keys as ``group/table``, or ``dg.AssetDep`` where a partition mapping is needed. ``overrides`` replace
    what follows from the declaration, ``metadata`` and ``tags`` add to it.
    """
    table = TABLES[path]
    resolved = [dg.AssetDep(asset_key(dep)) if isinstance(dep, str) else dep for dep in deps or []]
    attributes: dict[str, Any] = {
        "deps": resolved,
        "description": table.description,
        "group_name": table.group,
        "owners": OWNERS_BY_GROUP.get(overrides.get("group_name", table.group), OWNERS),
        "kinds": {"python", "parquet"},
        "partitions_def": PARTITIONS[table.partition],
        "automation_condition": automation.condition_of(table),
        "freshness_policy": automation.freshness_of(table),
        **overrides,
        "tags": {"layer": table.layer, "licence": table.licence_class, **overrides.get("tags", {})},
        "metadata": {
            "dagster/column_schema": column_schema(table, ["/".join(dep.asset_key.path) for dep in resolved]),
            "key": ", ".join(table.key),
            "retention": f"{table.retention_days} days" if table.retention_days else "kept",
            **presentation.definition_metadata(table, resolved),
            **overrides.get("metadata", {}),
        },
    }
    return dg.AssetSpec(asset_key(path), **attributes).with_io_manager_key("io_manager")


def declared_checks(path: str) -> dg.AssetChecksDefinition:
    """The blocking checks of a declared table: the audit's verdicts, read from manifests, the newest files audited again.

    The audit ran before the partition became visible (a partition that fails it is never published); these checks
    show the verdict per check in the UI and catch what changed on disk since.
    """
    table = TABLES[path]
    specs = [dg.AssetCheckSpec(name, asset=asset_key(path), description=_CHECK_DESCRIPTIONS[name], blocking=True) for name in CHECKS]

    @dg.multi_asset_check(specs=specs, name=f"{table.group}_{table.name}_audit", can_subset=True)
    def checks(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> Iterator[dg.AssetCheckResult]:
        store = lake.get()
        keys = keys_in_run(context.run.tags, table) or store.partitions(table)[-REAUDITED_PARTITIONS:]
        manifests = {key: manifest for key, manifest in store.manifests(table, keys).items() if manifest is not None}
        findings = []
        for key in sorted(manifests)[-REAUDITED_PARTITIONS:]:
            store.verify(table, key)
            findings += [finding for finding in audit(table, store.read(table, [key]), key) if finding.severity == "error"]
        rows = sum(manifest.rows for manifest in manifests.values())
        for spec in specs:
            if spec.key not in context.selected_asset_check_keys:
                continue
            mine = [finding for finding in findings if finding.check == spec.name]
            yield dg.AssetCheckResult(
                check_name=spec.name,
                asset_key=spec.asset_key,
                passed=not mine,
                severity=dg.AssetCheckSeverity.ERROR,
                description="; ".join(finding.message for finding in mine[:5]) or None,
                metadata={
                    "partitions": len(manifests),
                    "rows": rows,
                    "findings": dg.MetadataValue.json([str(finding) for finding in mine]),
                },
            )

    return checks


def warning_check(path: str, name: str, description: str) -> Callable[[Callable[[Lake], Signal]], dg.AssetChecksDefinition]:
    """Decorator: a function of the lake that returns a ``Signal`` becomes a check that warns and never blocks."""

    def decorate(measure: Callable[[Lake], Signal]) -> dg.AssetChecksDefinition:
        @dg.asset_check(asset=asset_key(path), name=name, description=description, blocking=False)
        def check(lake: LakeResource) -> dg.AssetCheckResult:
            signal = measure(lake.get())
            return dg.AssetCheckResult(
                passed=signal.passed, severity=dg.AssetCheckSeverity.WARN, description=signal.message, metadata=dict(signal.figures)
            )

        return check

    return decorate


def history_result(path: str, check: str, verdict: Verdict) -> dg.AssetCheckResult:
    """A verdict against the table's past as Dagster's result: an error where it stops what comes after, else a warning."""
    return dg.AssetCheckResult(
        check_name=check,
        asset_key=asset_key(path),
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR if verdict.blocks else dg.AssetCheckSeverity.WARN,
        description=verdict.message or None,
        metadata={
            "partitions": ", ".join(verdict.keys),
            "if it is right": f"trend-assets accept {path} {'CHECK' if check == UNUSUAL else check} --since DAY --reason WHY",
        }
        if not verdict.passed
        else {},
    )
