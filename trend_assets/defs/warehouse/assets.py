"""Warehouse assets: dbt models by day, dbt marts, and the file that readers open.

What belongs here: the two dbt operations and the publication. What doesn't: SQL (``dbt_project/``), how dbt sees the
lake (``warehouse/dbt_sources.py``), how the file is swapped (``warehouse/engine.py``).

Two ``@dbt_assets`` rather than one: the models by day take a range of partitions as variables, the others take none. dbt
tests are asset checks; they do not block Python assets, hence a working file and publication only after they passed.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from trend_assets.declared import OWNERS_BY_GROUP, asset_key, asset_spec, declared_checks
from trend_assets.defs.jobs import DAILY_RETRIES
from trend_assets.operations.automation import daily_condition
from trend_assets.partitions import daily
from trend_assets.resources import LakeResource, keys_in_run
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES
from trend_assets.warehouse.dbt_project import dbt_project, manifest
from trend_assets.warehouse.dbt_row_counts import with_row_counts
from trend_assets.warehouse.dbt_sources import days_to_make
from trend_assets.warehouse.engine import PUBLISHED_MODELS, dbt_variables, open_warehouse

LAYERS = {"staging": "clean", "intermediate": "aggregate", "marts": "mart"}
POOL = "warehouse"
TRENDS_DATABASE = dg.AssetKey(["warehouse", "trends_database"])


class Translator(DagsterDbtTranslator):
    """dbt nodes as assets of this project: sources are lake tables, models are ``warehouse/<model>``."""

    def __init__(self, lane: str) -> None:
        super().__init__()
        self._lane = lane

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """A source's key is its lake table's, a model's is in the warehouse group."""
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey([dbt_resource_props["source_name"], dbt_resource_props["name"]])
        return dg.AssetKey(["warehouse", dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Models are one group; a source keeps the group of its lake table."""
        return dbt_resource_props["source_name"] if dbt_resource_props["resource_type"] == "source" else "warehouse"

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """Layer from the model's folder, lane from the operation that builds it."""
        layers = [LAYERS[part] for part in dbt_resource_props.get("fqn", []) if part in LAYERS]
        return {"lane": self._lane} | ({"layer": layers[0]} if layers else {})

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:  # noqa: ARG002 - dagster-dbt's signature
        """The analysts own their models."""
        return OWNERS_BY_GROUP["warehouse"]

    def get_automation_condition(self, dbt_resource_props: Mapping[str, Any]) -> dg.AutomationCondition | None:  # noqa: ARG002 - as above
        """Models by day are made with the other daily tables; marts by their schedule."""
        return daily_condition() if self._lane == "daily" else None

    def get_partition_mapping(
        self,
        dbt_resource_props: Mapping[str, Any],  # noqa: ARG002 - dagster-dbt's signature
        dbt_parent_resource_props: Mapping[str, Any],  # noqa: ARG002
    ) -> dg.PartitionMapping | None:
        """Marts read every partition of what they are made from; models by day read their day."""
        return dg.AllPartitionMapping() if self._lane == "marts" else None


_NO_UNIT_TESTS = ["--exclude-resource-type", "unit_test"]  # they test SQL, not data: `make test` runs them


@dbt_assets(
    manifest=manifest(),
    project=dbt_project(),
    dagster_dbt_translator=Translator("daily"),
    partitions_def=daily,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=DAILY_RETRIES,
    name="warehouse_days",
    pool=POOL,
    select="tag:daily",
)
def warehouse_days(context: dg.AssetExecutionContext, dbt: DbtCliResource, lake: LakeResource) -> Iterator[Any]:
    """Build and test the models of the run's days and of those that look back to them; where only checks run, test the newest day."""
    table = TABLES["demand/product_trend_links"]
    keys = keys_in_run(context.run.tags, table) or lake.get().partitions(table)[-1:]
    days = [date.fromisoformat(key) for key in keys]
    warehouse = open_warehouse()
    made = days_to_make(lake.get(), warehouse, days[0], days[-1]) if days else ()
    variables = dbt_variables(*made)
    warehouse.load_sources(lake.get(), *made)
    invocation = dbt.cli(["build", *_NO_UNIT_TESTS, "--vars", json.dumps(variables)], context=context)
    try:
        yield from with_row_counts(invocation.stream(), context, days)
    except DagsterDbtCliRuntimeError as error:
        if context.selected_asset_keys:
            raise
        raise dg.Failure(str(error), allow_retries=False) from error  # checks alone: a retry mends nothing and somebody waits


@dbt_assets(
    manifest=manifest(),
    project=dbt_project(),
    dagster_dbt_translator=Translator("marts"),
    name="warehouse_marts",
    pool=POOL,
    select="tag:marts",
)
def warehouse_marts(context: dg.AssetExecutionContext, dbt: DbtCliResource, lake: LakeResource) -> Iterator[Any]:
    """Build and test the marts."""
    open_warehouse().load_sources(lake.get())
    yield from with_row_counts(dbt.cli(["build", *_NO_UNIT_TESTS], context=context).stream(), context)


facts_by_day = [spec.key for spec in warehouse_days.specs if spec.key.path[-1].startswith(PUBLISHED_MODELS)]


@dg.multi_asset(
    name="publication",
    specs=[
        dg.AssetSpec(
            TRENDS_DATABASE,
            deps=[*(spec.key for spec in warehouse_marts.specs), *facts_by_day],
            group_name="warehouse",
            description="What analysts, the board and the command line query: marts and the lake tables for analysts, swapped in whole.",
            kinds={open_warehouse().dialect},
            owners=OWNERS_BY_GROUP["warehouse"],
            tags={"layer": "mart", "lane": "marts"},
        ),
        asset_spec("warehouse/mart_ledger", deps=[dg.AssetDep(TRENDS_DATABASE)], partitions_def=None, tags={"lane": "marts"}),
    ],
    pool=POOL,
)
def publication(lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Make what dbt built visible to readers, all of it at once, and record it; reached only when no dbt test of ERROR severity failed."""
    from trend_assets.operations.publication import publish_marts

    published, days = publish_marts(lake.get(), open_warehouse(), load_settings(), datetime.now(UTC))
    rows = published.rows
    listed = [dg.TableRecord({"table": name, "rows": rows[name]}) for name in sorted(rows)]
    schema = dg.TableSchema([dg.TableColumn("table", "string"), dg.TableColumn("rows", "int")])
    yield dg.MaterializeResult(
        asset_key=TRENDS_DATABASE,
        metadata={
            "tables": len(rows),
            "dagster/row_count": sum(rows.values()),
            "dagster/size_bytes": published.bytes,
            "rows by table": dg.MetadataValue.table(listed, schema),
        },
    )
    kept = lake.get().manifests(TABLES["warehouse/mart_ledger"]).values()
    yield dg.MaterializeResult(
        asset_key=asset_key("warehouse/mart_ledger"),
        metadata={
            "dagster/row_count": sum(manifest.rows for manifest in kept if manifest is not None),
            "days recorded": sum(days.values()),
            **{f"days of {mart}": count for mart, count in days.items()},
        },
    )


audits = declared_checks("warehouse/mart_ledger")
