"""How dbt sees the lake: its sources, generated from the table declarations, over exactly the committed files.

What belongs here: which lake tables dbt may read and which of their columns, the generator of ``models/sources.yml`` and
``models/columns.md``, and the dbt-duckdb plugin that turns each source into a view over the files that the lake's
manifests name. What doesn't: SQL of the models (``dbt_project/``), publishing the warehouse (``warehouse/engine.py``).

The plugin runs when dbt opens the working file. It asks the lake for committed files (never a glob), limited to the day
range in the dbt variables ``first_day`` and ``last_day`` where they are given, plus the days a model looks back.
Regenerate the two files with ``python -m trend_assets.warehouse.dbt_sources``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import yaml
from dbt.adapters.duckdb.plugins import BasePlugin

from trend_assets.lake.reader import LakeReader, part_path
from trend_assets.lake.storage import GCS_SCHEME
from trend_assets.tables import TABLES, Column, Table
from trend_assets.tables.models import IMAGE_TASKS, TASKS
from trend_assets.tables.models import PUBLISHED as TASK_TABLES
from trend_assets.warehouse.common import column_comment

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PROJECT_FOLDER = Path(__file__).resolve().parents[2] / "dbt_project"

SNAPSHOT_TABLE = "lake.source_snapshot"
"""Table of the working file that says what the source views were made over."""

SOURCES: dict[str, tuple[str, ...]] = {
    # Post text never enters the warehouse: of restricted tables only what the accounting needs.
    "social/raw_posts": ("network", "post_id", "kind", "created_at", "landing_file"),
    "social/quarantined_posts": ("hour", "network", "reason", "landing_file", "landing_line"),
    "social/deletions": ("hour", "network", "subject_kind", "landing_file", "landing_line"),
    "social/landing_counts": (),
    "social/collection_gaps": (),
    "social/collection_costs": (),
    "social/term_counts": (),
    "topics/topic_hours": (),
    "topics/topic_events": (),
    "topics/trends": (),
    "topics/term_bursts": (),
    "topics/stress_tests": (),
    "influencers/coordinated_groups": (),
    "influencers/early_authors": (),
    "influencers/influencer_rankings": (),
    "retail/products": (),
    "retail/stores": (),
    "retail/inventory": (),
    "retail/orders": (),
    "retail/deliveries": (),
    "retail/promotions": (),
    "demand/product_trend_links": (),
    "demand/unserved_trends": (),
    "demand/trend_markets": (),
    "demand/segment_customers": (),
    "demand/demand_forecasts": (),
    "demand/decision_cards": (),
    "demand/card_regrets": (),
    "demand/sales_uplifts": (),
    "demand/lead_time_scores": (),
    **dict.fromkeys(TASK_TABLES, ()),
    "models/outcomes": (),
}
"""Lake tables that dbt reads; the columns it may see, or () for all."""

LOOKBACK_DAYS: Mapping[str, int] = {"hour": 1, "day": 13}
"""Days before ``first_day`` that models need, by kind of partition: growth against the day before, sales of 14 days."""

_DUCKDB_TYPES: dict[pa.DataType, str] = {
    pa.string(): "varchar",
    pa.bool_(): "boolean",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.date32(): "date",
    pa.binary(): "blob",
    pa.timestamp("us", tz="UTC"): "timestamp with time zone",
    pa.list_(pa.string()): "varchar[]",
    pa.list_(pa.int64()): "bigint[]",
    pa.list_(pa.float32()): "float[]",
    pa.list_(pa.float64()): "double[]",
}


class CommittedFiles(Protocol):
    """The part of the lake that this module needs (``trend_assets.lake.lake.Lake`` has it)."""

    def partitions(self, table: Table) -> list[str]:
        """Keys of the committed partitions."""

    def files(self, table: Table, partitions: Sequence[str] | None = None) -> list[str]:
        """Absolute paths or URIs of the committed files of these partitions (None: all)."""


class MirroredLake:
    """A lake in a bucket for DuckDB on this machine: files are fetched once into a local folder, then read there.

    Parts are immutable and named by their content, so one that is there needs no check; the folder may be emptied at any time.
    """

    def __init__(self, lake: LakeReader, folder: Path) -> None:
        self._lake = lake
        self._folder = Path(folder)

    def partitions(self, table: Table) -> list[str]:
        """See ``CommittedFiles``."""
        return self._lake.partitions(table)

    def files(self, table: Table, partitions: Sequence[str] | None = None) -> list[str]:
        """See ``CommittedFiles``."""
        found = self._lake.manifests(table, partitions)
        paths = [part_path(table, key, part) for key, manifest in found.items() if manifest is not None for part in manifest.parts]
        return [str(self._fetched(path)) for path in paths]

    def _fetched(self, path: str) -> Path:
        local = self._folder / path
        if not local.exists():
            local.parent.mkdir(parents=True, exist_ok=True)
            arriving = local.with_name(f".{local.name}.{os.getpid()}.arriving")
            arriving.write_bytes(self._lake.storage.read(path))
            arriving.replace(local)
        return local


def duckdb_type(data_type: pa.DataType) -> str:
    """DuckDB's name of an Arrow type used in the declarations. Raises ``KeyError`` for a type not used so far."""
    return _DUCKDB_TYPES[data_type]


def source_columns(table: Table) -> list[Column]:
    """The columns of a source that dbt may see, in declared order."""
    exposed = SOURCES[table.path]
    return [column for column in table.columns if not exposed or column.name in exposed]


def _source_key(table: Table) -> dict[str, Any]:
    """Arguments of the key test: a key is unique within a partition, so the time column is part of it."""
    names = list(table.key) if table.time is None or table.time in table.key else [table.time, *table.key]
    optional = [name for name in names if table.column(name).nullable]
    return {"columns": names} | ({"optional": optional} if optional else {})


def _source_definition(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "description": table.description,
        "config": {
            "meta": {
                "dagster": {"asset_key": [table.group, table.name]},
                "licence_class": table.licence_class,
                "partition": table.partition,
            }
        },
        "data_tests": [{"unique_key": {"arguments": _source_key(table)}}],
        "columns": [
            {
                "name": column.name,
                "description": column.description,
                "data_type": duckdb_type(column.type),
                "config": {"meta": {"unit": column.unit, "personal": column.personal}},
            }
            for column in source_columns(table)
        ],
    }


def sources_yaml() -> str:
    """Text of ``models/sources.yml``: every source with descriptions, units, types and its key test."""
    groups: dict[str, list[Table]] = {}
    for path in SOURCES:
        groups.setdefault(TABLES[path].group, []).append(TABLES[path])
    document = {
        "version": 2,
        "sources": [
            {
                "name": group,
                # On BigQuery, the dataset that trend_assets loads the lake's files into; on DuckDB, views.
                "schema": "{{ env_var('TREND_ASSETS_DATASETS', '') }}" + group,
                "description": f"Tables of the {group} group of the lake, over exactly the files its manifests name.",
                "tables": [_source_definition(table) for table in tables],
            }
            for group, tables in groups.items()
        ],
    }
    header = "# Generated from trend_assets/tables by: python -m trend_assets.warehouse.dbt_sources. Do not edit.\n"
    return header + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=140)


def columns_markdown() -> str:
    """Text of ``models/columns.md``: one documentation block a column, so that models refer to the declaration."""
    blocks = ["<!-- Generated from trend_assets/tables by: python -m trend_assets.warehouse.dbt_sources. Do not edit. -->"]
    for path in SOURCES:
        table = TABLES[path]
        # Tables of the tasks share their names; blocks need names of their own.
        name = f"{table.group}_{table.name}" if table.group in (*TASKS, *IMAGE_TASKS) else table.name
        blocks += [f"{{% docs {name}__{column.name} %}}{column_comment(column)}{{% enddocs %}}" for column in source_columns(table)]
    return "\n".join(blocks) + "\n"


def write_generated_files(project: Path) -> None:
    """Write both generated files into the dbt project."""
    (project / "models" / "sources.yml").write_text(sources_yaml(), encoding="utf-8")
    (project / "models" / "columns.md").write_text(columns_markdown(), encoding="utf-8")


def partitions_in_range(table: Table, partitions: Iterable[str], first_day: date | None, last_day: date | None) -> list[str]:
    """The partition keys that fall into the day range, the look-back included; all of them where no range is given."""
    keys = sorted(partitions)
    if table.partition == "none" or (first_day is None and last_day is None):
        return keys
    lowest = "" if first_day is None else (first_day - timedelta(days=LOOKBACK_DAYS[table.partition])).isoformat()
    highest = "9999-12-31" if last_day is None else last_day.isoformat()
    # Keys of hours and of days both begin with the day as YYYY-MM-DD.
    return [key for key in keys if lowest <= key[:10] <= highest]


class HeldDays(Protocol):
    """The part of a warehouse that ``days_to_make`` needs (``trend_assets.warehouse.engine.WarehouseEngine`` has it)."""

    def working_days(self, relation: str, first_day: date, last_day: date) -> list[date]:
        """Days of which a table that dbt built has rows."""


FACTS_OF_DAYS = ("fct_inventory_daily", "fct_orders", "fct_trend_daily")
"""Facts that look back; a day that was made has rows in one of them, unless nothing is known of it."""


def days_to_make(lake: CommittedFiles, warehouse: HeldDays, first_day: date, last_day: date) -> tuple[date, date]:
    """The days that a run over these days makes: also days made before, after them, that look back to them.

    Stock opens with what the day before closed with, and sales rates are of a fortnight: a day that is corrected alone would leave
    those after it as they were. Made before: days that the warehouse holds, up to the first that it lacks and that is in
    ``demand/product_trend_links``, with which a run over a day begins; the run that makes that one goes on from there. So a backfill
    of day after day makes each once, and an ordinary night the newest day and no other.
    """
    reached = last_day + timedelta(days=max(LOOKBACK_DAYS.values()))
    after = last_day + timedelta(days=1)
    coming = sorted(key for key in lake.partitions(TABLES["demand/product_trend_links"]) if after.isoformat() <= key <= reached.isoformat())
    if not coming:
        return first_day, last_day
    held = {day.isoformat() for fact in FACTS_OF_DAYS for day in warehouse.working_days(fact, after, reached)}
    return first_day, max([last_day, *map(date.fromisoformat, takewhile(held.__contains__, coming))])


def _file_literal(path: str) -> str:
    """A path as SQL string; characters that DuckDB would take for a pattern are escaped: paths are names, never globs."""
    escaped = "".join(f"[{character}]" if character in "*?[" else character for character in path)
    return "'" + escaped.replace("'", "''") + "'"


def source_view_sql(table: Table, files: list[str]) -> str:
    """Statement that makes the source's view over these files; a view of no rows with the same types where there are none."""
    columns = source_columns(table)
    if files:
        names = ", ".join(f'"{column.name}"' for column in columns)
        literals = ", ".join(_file_literal(path) for path in files)
        # Folder names hold key=value in some tables: DuckDB must not invent columns from them.
        body = f"select {names} from read_parquet([{literals}], hive_partitioning = false)"  # noqa: S608 - names are declared, paths escaped
    else:
        nulls = ", ".join(f'cast(null as {duckdb_type(column.type)}) as "{column.name}"' for column in columns)
        body = f"select {nulls} where false"
    return f'create or replace view "{table.group}"."{table.name}" as {body}'


def create_source_views(
    connection: DuckDBPyConnection, lake: CommittedFiles, first_day: date | None = None, last_day: date | None = None
) -> None:
    """Make a view for every source over the lake's committed files of the day range, and record what was taken."""
    connection.execute("create schema if not exists lake")
    connection.execute(
        f"create or replace table {SNAPSHOT_TABLE} (table_name varchar, partitions bigint, files bigint, first_day date, last_day date)"
    )
    for path in SOURCES:
        table = TABLES[path]
        keys = partitions_in_range(table, lake.partitions(table), first_day, last_day)
        files = lake.files(table, keys) if keys else []
        connection.execute(f'create schema if not exists "{table.group}"')
        connection.execute(source_view_sql(table, files))
        taken = [path, len(keys), len(files), first_day, last_day]
        connection.execute(f"insert into {SNAPSHOT_TABLE} values (?, ?, ?, ?, ?)", taken)  # noqa: S608 - our own name


def _day(value: Any) -> date | None:
    return date.fromisoformat(str(value)) if value else None


class Plugin(BasePlugin):
    """dbt-duckdb plugin (``profiles.yml``): makes the source views each time dbt opens the working file.

    Configuration: ``lake`` (root of the lake), ``mirror`` (local folder for the files of a lake in a bucket), ``first_day`` and
    ``last_day`` (ISO dates, empty for everything).
    """

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Keep the configuration; nothing is read until a connection is opened."""
        self._lake_root = str(plugin_config["lake"])
        self._mirror = Path(plugin_config.get("mirror") or "mirror")
        self._first_day = _day(plugin_config.get("first_day"))
        self._last_day = _day(plugin_config.get("last_day"))

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Make the source views."""
        from trend_assets.lake.lake import Lake  # imported here: generating the files needs no lake

        lake = Lake(self._lake_root)
        local = MirroredLake(lake, self._mirror) if self._lake_root.startswith(GCS_SCHEME) else lake
        create_source_views(conn, local, self._first_day, self._last_day)


if __name__ == "__main__":
    write_generated_files(PROJECT_FOLDER)
