"""Dagster resources: the lake as a resource and as an I/O manager, by environment.

What belongs here: thin Dagster wrappers. What doesn't: the publish protocol (``lake/lake.py``), settings (``settings.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import dagster as dg
import pyarrow as pa
from dagster._core.execution.context.metadata_logging import AssetMetadataHandle, OutputMetadataAccumulator

from trend_assets import __version__, presentation
from trend_assets.environments import extra_resources
from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import CorruptionError, Manifest
from trend_assets.lib.quality.audit import CHECKS, AuditError
from trend_assets.lib.quality.partition_keys import UNPARTITIONED
from trend_assets.partitions import daily, day_key, end_of_hour, hour_key, hourly, hours_between, knowledge_hours
from trend_assets.settings import Settings, load_settings
from trend_assets.tables import TABLES, Table

if TYPE_CHECKING:
    from dagster._core.execution.context.system import StepExecutionContext

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


ALLOW_SHRINK = "trend_assets/allow_shrink"
"""Tag of a run; ``true``: a person says that it is right where a partition keeps less than a tenth of its rows."""


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
    partitions = knowledge_hours if table.append_only else hourly if table.partition == "hour" else daily
    return list(partitions.get_partition_keys_in_range(dg.PartitionKeyRange(start, end)))


def publish_parts(
    lake: Lake, table: Table, data: pa.Table, keys: Sequence[str], inputs: Mapping[str, Mapping[str, str]]
) -> dict[str, Manifest]:
    """Publish ``data`` as the partitions ``keys`` of ``table``; returns the manifests of those published.

    A partition without rows gets no folder unless it had one or consumed input: a lake that starts long ago stays small.
    """
    return _publish(lake, table, _parts(table, data, keys), inputs, allow_shrink=False)


def _parts(table: Table, data: pa.Table, keys: Sequence[str]) -> dict[str, pa.Table]:
    return {UNPARTITIONED: data} if table.partition == "none" else Lake.split(table, data, keys)


def _publish(
    lake: Lake, table: Table, parts: Mapping[str, pa.Table], inputs: Mapping[str, Mapping[str, str]], *, allow_shrink: bool
) -> dict[str, Manifest]:
    known = set(lake.partitions(table))
    wanted = {key: part for key, part in parts.items() if part.num_rows or key in known or key in inputs}
    return lake.publish(table, wanted, inputs={key: dict(inputs.get(key, {})) for key in wanted}, allow_shrink=allow_shrink)


def _described(
    lake: Lake, table: Table, keys: Sequence[str], parts: Mapping[str, pa.Table], manifests: Mapping[str, Manifest]
) -> dict[str, dict[str, Any]]:
    """Metadata by partition: numbers of each, and of the newest first of all plot and rows."""
    newest, ratio = keys[-1], presentation.figures_of(table).ratio
    over = {key: _rows(manifest) for key, manifest in lake.manifests(TABLES[ratio.over], keys).items()} if ratio else {}
    described = {key: {"dagster/row_count": 0} for key in keys} | presentation.partition_metadata(table, manifests, parts, over)

    def read(path: str, hours: int, columns: Sequence[str]) -> pa.Table:
        return lake.read(TABLES[path], [*_keys_before(table, newest, hours - 1), newest], columns=columns)

    recent = _recent_rows(lake, table, keys, manifests)
    try:
        shown = presentation.output_metadata(table, parts[newest], recent, read)
    except CorruptionError as error:  # of another partition: what was just published stands
        shown = presentation.output_metadata(table, parts[newest], recent) | {"pictures": f"not drawn: {error}"}
    described[newest] = shown | described[newest]
    return described


def _recent_rows(lake: Lake, table: Table, keys: Sequence[str], manifests: Mapping[str, Manifest]) -> dict[str, int]:
    """Rows of the run's partitions, oldest first; before a short run those published before it, from their manifests."""
    missing = presentation.PLOTTED_PARTITIONS[table.partition] - len(keys)
    before = lake.manifests(table, _keys_before(table, keys[0], missing)) if missing > 0 else {}
    rows = {key: _rows(manifest) for key, manifest in before.items()} | {key: _rows(manifests.get(key)) for key in keys}
    published = [key for key, number in rows.items() if number]
    return {key: number for key, number in rows.items() if not published or key >= published[0]}


def _keys_before(table: Table, key: str, number: int) -> list[str]:
    """The ``number`` partition keys before ``key``, oldest first."""
    if table.partition == "hour":
        start = end_of_hour(key) - timedelta(hours=1)
        return [hour_key(hour) for hour in hours_between(start - timedelta(hours=number), start)]
    return [day_key(date.fromisoformat(key) - timedelta(days=back)) for back in range(number, 0, -1)]


def _rows(manifest: Manifest | None) -> int:
    return manifest.rows if manifest else 0


def _describe_partitions(context: StepExecutionContext, asset_key: dg.AssetKey, described: Mapping[str, Mapping[str, Any]]) -> None:
    """Tell Dagster the metadata of each partition of an asset.

    The same as ``context.add_asset_metadata`` for each partition, but that copies all it was told before and resolves the
    run's range each time: eight seconds for thirty days of hours. A test holds this against it.
    """
    told = context._metadata_accumulator.per_output_metadata
    merged = {**told}
    for key, metadata in described.items():
        handle = AssetMetadataHandle(asset_key=asset_key, partition_key=key)
        merged[handle] = {**told.get(handle, {}), **metadata}
    context._metadata_accumulator = OutputMetadataAccumulator(per_output_metadata=merged)


class LakeIOManager(dg.ConfigurableIOManager):
    """Publishes what an asset returns as partitions of its declared table; takes a range of partitions in one run."""

    root: str

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Audit and publish. Raises ``AuditError`` (nothing becomes visible) after recording the failed checks."""
        published = obj if isinstance(obj, Published) else Published(obj)
        table = TABLES["/".join(context.asset_key.path)]
        keys = list(context.asset_partition_keys) if context.has_asset_partitions else [UNPARTITIONED]
        lake, parts = _lake(self.root), _parts(table, published.data, keys)
        try:
            wanted = context.step_context.run_tags.get(ALLOW_SHRINK) == "true"
            manifests = _publish(lake, table, parts, published.inputs, allow_shrink=wanted)
        except AuditError as error:
            self._record_failed_audit(context, error)
            raise
        size = sum(manifest.size for manifest in manifests.values())
        context.log.info(f"{table.path}: {published.data.num_rows:,} rows in {len(manifests):,} partitions, {size:,} bytes")
        described = _described(lake, table, keys, parts, manifests)
        if context.has_asset_partitions:
            _describe_partitions(context.step_context, context.asset_key, described)
        else:
            context.add_output_metadata(described[UNPARTITIONED])

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
    from trend_assets.warehouse.dbt_project import dbt_resource

    return {
        "dbt": dbt_resource(),
        "lake": LakeResource(root=chosen.lake_root),
        "io_manager": LakeIOManager(root=chosen.lake_root),
        **extra_resources(chosen),
    }
