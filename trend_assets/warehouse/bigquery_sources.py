"""Lake tables in BigQuery, as dbt's sources: exactly the files that manifests name, replaced by whole days.

What belongs here: loading and the record of what is loaded. What doesn't: which tables and columns (``warehouse/dbt_sources.py``), queries
and publication (``warehouse/bigquery_engine.py``).

For each table the state of every lake partition is compared with what was loaded. A day in which any differs is loaded again
whole: a load job reads the exact ``gs://`` addresses (never a pattern) into a table of its own, then one statement deletes
the day and inserts the rows, so dbt sees the old day or the new one. The record of a day is removed before and written after:
a loader that is killed leaves days that look unloaded, and the next one loads them again.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import TypeVar

import pyarrow as pa
from google.api_core import exceptions
from google.cloud import bigquery

from trend_assets.lake.manifest import Manifest
from trend_assets.lake.reader import LakeReader, part_path
from trend_assets.lib.tables import in_batches
from trend_assets.tables import TABLES, Table
from trend_assets.warehouse.bigquery_names import Names, bigquery_type
from trend_assets.warehouse.common import column_comment
from trend_assets.warehouse.dbt_sources import SOURCES, partitions_in_range, source_columns

FILES_IN_A_LOAD = 5_000
"""BigQuery takes 10,000 addresses in one load job."""
ROWS_IN_A_STATEMENT = 500
INCOMING_LIVES_MILLISECONDS = 24 * 3600 * 1000
_LOADED = "loaded_partitions"

_Item = TypeVar("_Item")


class NotInCloudError(ValueError):
    """The lake is in a local folder, which BigQuery cannot read."""


@dataclass(frozen=True)
class SourceLoader:
    """Loads lake tables into the working datasets of an environment."""

    client: bigquery.Client
    names: Names

    def load(self, lake: LakeReader, first_day: date | None, last_day: date | None) -> dict[str, int]:
        """Load what changed in the days and those that models look back to; returns rows loaded by ``group.table``.

        Raises:
            NotInCloudError: the lake is no bucket.
        """
        self._prepare()
        loaded = {}
        for path in SOURCES:
            rows = self._load_table(lake, TABLES[path], first_day, last_day)
            if rows:
                loaded[path.replace("/", ".")] = rows
        snapshot = self.names.working_table("lake.source_snapshot")
        first, last = (f"date '{day.isoformat()}'" if day else "cast(null as date)" for day in (first_day, last_day))
        self._run(f"create or replace table {snapshot} as select {first} as first_day, {last} as last_day")
        return loaded

    def _prepare(self) -> None:
        """Make the datasets and the record, where they are absent."""
        groups = {TABLES[path].group for path in SOURCES}
        for schema in sorted({*groups, "warehouse", "lake"}):
            ensure_dataset(self.client, self.names.working(schema))
        ensure_dataset(self.client, self.names.working("incoming"), INCOMING_LIVES_MILLISECONDS)
        record = self.names.working_table(f"lake.{_LOADED}")
        self._run(f"create table if not exists {record} (table_name string, partition_key string, state string)")

    def _load_table(self, lake: LakeReader, table: Table, first_day: date | None, last_day: date | None) -> int:
        if self._ensure_table(table):
            self._forget(table, None)
        recorded = self._recorded(table)
        present = lake.partitions(table)
        keys = partitions_in_range(table, present, first_day, last_day)
        manifests = {key: manifest for key, manifest in lake.manifests(table, keys).items() if manifest is not None}
        states = {key: _state(table, manifest) for key, manifest in manifests.items()}
        gone = set(partitions_in_range(table, recorded, first_day, last_day)) - set(states)
        differing = {key for key, state in states.items() if recorded.get(key) != state}
        changed = {_day_of(table, key) for key in differing | gone}
        if not changed:
            return 0
        of_day: dict[str, list[str]] = {day: [] for day in sorted(changed)}
        for key in present:  # a day is replaced whole, so all of its partitions are needed, also those outside the range
            if _day_of(table, key) in of_day:
                of_day[_day_of(table, key)].append(key)
        committed = lake.manifests(table, [key for keys in of_day.values() for key in keys])
        rows = 0
        files = {day: sum(len(found.parts) for key in keys if (found := committed[key]) is not None) for day, keys in of_day.items()}
        for days in in_batches(files, FILES_IN_A_LOAD):
            chosen = {key: manifest for day in days for key in of_day[day] if (manifest := committed[key]) is not None}
            rows += self._replace_days(lake, table, days, chosen)
        return rows

    def _replace_days(self, lake: LakeReader, table: Table, days: Sequence[str], manifests: Mapping[str, Manifest]) -> int:
        """Load the partitions of the days and put them in the place of what is there, by one statement."""
        uris = [
            lake.storage.uri(part_path(table, key, part)) for key, manifest in manifests.items() for part in manifest.parts if part.rows
        ]
        if any(not uri.startswith("gs://") for uri in uris):
            raise NotInCloudError(f"BigQuery cannot read {uris[0]}: TREND_ASSETS_DATA must be gs://bucket/prefix here")
        self._forget(table, days)
        target = self.names.working_table(f"{table.group}.{table.name}")
        condition = self._days_condition(table, days)
        if uris:
            with self._incoming(table, uris) as incoming:
                columns = ", ".join(f"`{column.name}`" for column in source_columns(table))
                replaced = f"merge {target} as target using {incoming} as incoming on false when not matched by source and {condition}"
                self._run(f"{replaced} then delete when not matched then insert ({columns}) values ({columns})")  # noqa: S608 - our own names
        else:
            self._run(f"delete from {target} as target where {condition}")  # noqa: S608 - our own names, days are dates
        self._record(table, {key: _state(table, manifest) for key, manifest in manifests.items()})
        return sum(manifest.rows for manifest in manifests.values())

    def _days_condition(self, table: Table, days: Sequence[str]) -> str:
        """Rows of these days; everything, for a table without partitions."""
        if table.time is None or table.partition == "none":
            return "true"
        column = f"target.`{table.time}`"
        day = column if pa.types.is_date(table.column(table.time).type) else f"date({column}, 'UTC')"
        return f"{day} in ({_literals(days, 'date ')})"

    @contextlib.contextmanager
    def _incoming(self, table: Table, uris: Sequence[str]) -> Iterator[str]:
        """A table of its own with the rows of these files, removed afterwards (and by its dataset's expiry after a kill)."""
        dataset, name = self.names.working("incoming"), f"{table.group}__{table.name}__{secrets.token_hex(6)}"
        options = bigquery.ParquetOptions()
        options.enable_list_inference = True
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            schema=self._schema(table),
            write_disposition=bigquery.WriteDisposition.WRITE_EMPTY,
            ignore_unknown_values=True,  # columns that dbt may not see, post text among them, are not loaded
            parquet_options=options,
        )
        reference = f"{self.names.project}.{dataset}.{name}"
        try:
            self.client.load_table_from_uri(list(uris), reference, job_config=config).result()
            yield self.names.quoted(dataset, name)
        finally:
            self.client.delete_table(reference, not_found_ok=True)

    def _schema(self, table: Table) -> list[bigquery.SchemaField]:
        fields = []
        for column in source_columns(table):
            kind, mode = bigquery_type(column.type)
            fields.append(bigquery.SchemaField(column.name, kind, mode=mode, description=column_comment(column)))
        return fields

    def _ensure_table(self, table: Table) -> bool:
        """Make the table as declared; returns whether it is new. One of another shape is made anew and loaded from the lake."""
        reference = f"{self.names.project}.{self.names.working(table.group)}.{table.name}"
        wanted = bigquery.Table(reference, schema=self._schema(table))
        wanted.description = table.description
        if table.time is not None and table.partition != "none":
            wanted.time_partitioning = bigquery.TimePartitioning(type_=bigquery.TimePartitioningType.DAY, field=table.time)
        try:
            existing = self.client.get_table(reference)
        except exceptions.NotFound:
            self.client.create_table(wanted)
            return True
        if _shape(existing.schema) == _shape(wanted.schema):
            return False
        self.client.delete_table(reference)
        self.client.create_table(wanted)
        return True

    def _recorded(self, table: Table) -> dict[str, str]:
        record = self.names.working_table(f"lake.{_LOADED}")
        sql = f"select partition_key, state from {record} where table_name = '{table.path}'"  # noqa: S608 - a declared name
        return {row["partition_key"]: row["state"] for row in self.client.query_and_wait(sql)}

    def _forget(self, table: Table, days: Sequence[str] | None) -> None:
        """Remove the record of these days, or of the whole table."""
        record = self.names.working_table(f"lake.{_LOADED}")
        condition = f"table_name = '{table.path}'"
        if days is not None and table.partition != "none":
            condition += f" and substr(partition_key, 1, 10) in ({_literals(days)})"
        self._run(f"delete from {record} where {condition}")  # noqa: S608 - a declared name, days are dates

    def _record(self, table: Table, states: Mapping[str, str]) -> None:
        record = self.names.working_table(f"lake.{_LOADED}")
        for chunk in _chunks(sorted(states.items()), ROWS_IN_A_STATEMENT):
            values = ", ".join(f"('{table.path}', '{key}', '{state}')" for key, state in chunk)
            self._run(f"insert into {record} (table_name, partition_key, state) values {values}")  # noqa: S608 - keys are times, states hashes

    def _run(self, sql: str) -> None:
        self.client.query_and_wait(sql)


def ensure_dataset(client: bigquery.Client, dataset: str, expires_milliseconds: int | None = None) -> None:
    """Make a dataset where it is absent; looking first needs no right to create where an administrator made them."""
    reference = f"{client.project}.{dataset}"
    try:
        client.get_dataset(reference)
    except exceptions.NotFound:
        wanted = bigquery.Dataset(reference)
        wanted.location = client.location
        if expires_milliseconds is not None:
            wanted.default_table_expiration_ms = expires_milliseconds
        client.create_dataset(wanted, exists_ok=True)


def _state(table: Table, manifest: Manifest) -> str:
    """Hash of the partition's content as dbt may see it: its parts and the exposed columns."""
    seen = [column.name for column in source_columns(table)] + [part.sha256 for part in manifest.parts]
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def _literals(days: Iterable[str], kind: str = "") -> str:
    """Days as a list of SQL literals; what is no day raises ``ValueError``."""
    return ", ".join(f"{kind}'{date.fromisoformat(day).isoformat()}'" for day in days)


def _day_of(table: Table, key: str) -> str:
    return "all" if table.partition == "none" else key[:10]


def _shape(schema: Iterable[bigquery.SchemaField]) -> list[tuple[str, str, bool]]:
    synonyms = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
    return [(field.name, synonyms.get(field.field_type, field.field_type), field.mode == "REPEATED") for field in schema]


def _chunks(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
