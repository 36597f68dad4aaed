"""Dagster resources: the lake as a resource and as an I/O manager, by environment.

What belongs here: thin Dagster wrappers. What doesn't: the publish protocol (``lake.py``), settings (``settings.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import dagster as dg
import pyarrow as pa

from trend_assets import __version__, presentation
from trend_assets.lake import Lake
from trend_assets.lib.quality.audit import CHECKS, AuditError
from trend_assets.manifest import Manifest
from trend_assets.partitions import daily, hourly
from trend_assets.settings import Settings, load_settings
from trend_assets.tables import TABLES, Table

RANGE_START, RANGE_END, SINGLE = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end", "dagster/partition"


@lru_cache
def _lake(root: str) -> Lake:
    return Lake(root, code_version=__version__)


class LakeResource(dg.ConfigurableResource):
    """The lake for reading; writing goes through the I/O manager so that nothing is published unaudited."""

    root: str

    def get(self) -> Lake:
        """The lake at ``root``; one object a process, so manifests are cached."""
        return _lake(self.root)


@dataclass(frozen=True)
class Published:
    """What an asset returns when it wants to say what each partition consumed (landing files, for instance)."""

    data: pa.Table
    inputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def keys_in_run(tags: Mapping[str, str], table: Table) -> list[str]:
    """Partition keys of the run that ``tags`` belong to, for a table; empty where the run has none."""
    if table.partition == "none":
        return []
    start, end = tags.get(RANGE_START, tags.get(SINGLE)), tags.get(RANGE_END, tags.get(SINGLE))
    if start is None or end is None:
        return []
    partitions = hourly if table.partition == "hour" else daily
    return list(partitions.get_partition_keys_in_range(dg.PartitionKeyRange(start, end)))


def publish_parts(
    lake: Lake, table: Table, data: pa.Table, keys: Sequence[str], inputs: Mapping[str, Mapping[str, str]]
) -> dict[str, Manifest]:
    """Publish ``data`` as the partitions ``keys`` of ``table``; returns the manifests of those published.

    A partition without rows gets no folder unless it had one or consumed input: a lake that starts long ago stays small.
    """
    parts = {"all": data} if table.partition == "none" else lake.split(table, data, keys)
    known = set(lake.partitions(table))
    wanted = {key: part for key, part in parts.items() if part.num_rows or key in known or key in inputs}
    return lake.publish(table, wanted, inputs={key: dict(inputs.get(key, {})) for key in wanted})


class LakeIOManager(dg.ConfigurableIOManager):
    """Publishes what an asset returns as partitions of its declared table; takes a range of partitions in one run."""

    root: str

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Audit and publish. Raises ``AuditError`` (nothing becomes visible) after recording the failed checks."""
        published = obj if isinstance(obj, Published) else Published(obj)
        table = TABLES["/".join(context.asset_key.path)]
        keys = list(context.asset_partition_keys) if context.has_asset_partitions else ["all"]
        try:
            manifests = publish_parts(_lake(self.root), table, published.data, keys, published.inputs)
        except AuditError as error:
            self._record_failed_audit(context, error)
            raise
        size = sum(part.bytes for manifest in manifests.values() for part in manifest.parts)
        context.add_output_metadata(
            {"rows": published.data.num_rows, "partitions_published": len(manifests), "size": dg.MetadataValue.int(size)}
            | presentation.output_metadata(table, published.data)
        )

    def _record_failed_audit(self, context: dg.OutputContext, error: AuditError) -> None:
        failed: dict[str, list[str]] = {}
        for finding in error.findings:
            if finding.severity == "error":
                failed.setdefault(finding.check, []).append(finding.message)
        instance = context.step_context.instance
        for name in CHECKS:
            if name in failed:
                instance.report_runless_asset_event(
                    dg.AssetCheckEvaluation(
                        asset_key=context.asset_key,
                        check_name=name,
                        passed=False,
                        severity=dg.AssetCheckSeverity.ERROR,
                        description=f"Not published: {'; '.join(failed[name][:5])}",
                        metadata={},
                    )
                )

    def load_input(self, context: dg.InputContext) -> pa.Table:
        """The upstream table for the partitions that this run's partitions map to."""
        table = TABLES["/".join(context.asset_key.path)]
        keys = list(context.asset_partition_keys) if context.has_asset_partitions else None
        return _lake(self.root).read(table, keys)


def resources(settings: Settings | None = None) -> dict[str, Any]:
    """Every resource of the code location, as a function of the settings (tests pass their own)."""
    chosen = settings or load_settings()
    from trend_assets.dbt_project import dbt_resource

    return {
        "dbt": dbt_resource(),
        "lake": LakeResource(root=chosen.lake_root),
        "io_manager": LakeIOManager(root=chosen.lake_root),
    }
