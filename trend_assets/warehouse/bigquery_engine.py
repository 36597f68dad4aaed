"""The warehouse in BigQuery. Importing it needs the extra ``gcp``; ``open_warehouse`` does so on demand.

What belongs here: queries and publication. What doesn't: names (``warehouse/bigquery_names.py``), loading of dbt's sources
(``warehouse/bigquery_sources.py``), the interface (``warehouse/engine.py``), SQL of the models (``dbt_project/``).

A publication is a *release*: a snapshot (read-only, no copy of the data) of every mart and published lake table, under names
that begin with the release's. It becomes visible by one statement that changes the only row of ``releases.current_release``,
and only if that row still is what the publisher began with. ``query`` reads that row first and puts the release's snapshots in
the place of ``group.table``, so a query sees one publication however many tables it joins, and one that started keeps its own.

Analysts who come with other tools use views called ``<prefix><group>.<table>``. They are switched after the release, one by
one: each shows one publication whole, but for the seconds of the switch two views may show different ones, as BigQuery has no
statement that switches several. Superseded snapshots, and those of a killed publisher, are given two days by the next publication.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from google.api_core import exceptions
from google.cloud import bigquery

from trend_assets.google_clients import bigquery_client
from trend_assets.lake.storage import StepHook, ignore_step
from trend_assets.tables import TABLES
from trend_assets.warehouse.bigquery_names import Names, relation_of, release_table_id
from trend_assets.warehouse.bigquery_sources import SourceLoader, ensure_dataset
from trend_assets.warehouse.common import (
    FAILED_FIRST,
    MODEL_SCHEMA,
    PUBLISHED_MODELS,
    PUBLISHED_TABLES,
    NotPublishableError,
    Publication,
    WarehouseMissingError,
    checked_relation,
)

if TYPE_CHECKING:
    from trend_assets.lake.reader import LakeReader
    from trend_assets.warehouse.history import History

GRACE = timedelta(days=2)
"""How long superseded snapshots can still be queried."""
MOST_BYTES_OF_A_QUERY = 100 * 1024**3
"""A query that would read more is refused by BigQuery before it costs anything."""
_POINTER = "current_release"
_RELEASE = re.compile(r"r[0-9]{14}_[0-9a-f]{8}")
_PARAMETER_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "BOOL"),
    (int, "INT64"),
    (float, "FLOAT64"),
    (str, "STRING"),
    (datetime, "TIMESTAMP"),
    (date, "DATE"),
)


class BigQueryWarehouse:
    """See ``trend_assets.warehouse.engine.WarehouseEngine``.

    project, location: where jobs run and datasets are. prefix: begins the names of all datasets. endpoint: another address of the
    service, for instance an emulator's.
    """

    dialect = "bigquery"

    def __init__(self, project: str, prefix: str, location: str, endpoint: str | None = None) -> None:
        self.names = Names(project, prefix)
        self._location = location
        self._endpoint = endpoint

    @cached_property
    def client(self) -> bigquery.Client:
        """The client, made on first use."""
        return bigquery_client(self.names.project, self._location, self._endpoint)

    def query(self, sql: str, parameters: Sequence[Any] | None = None) -> pa.Table:
        """See ``WarehouseEngine``. Refused as well: what would read more than ``MOST_BYTES_OF_A_QUERY``."""
        if not sql.strip().rstrip(";"):
            raise ValueError("the query is empty")
        release = self._current()
        statement = self.names.on_release(sql, release, self._relations(release))
        values = [bigquery.ScalarQueryParameter(None, _parameter_type(value), value) for value in parameters or ()]
        with _told_apart("the query failed"):
            plan = bigquery.QueryJobConfig(dry_run=True, query_parameters=values)
            kind = self.client.query(statement, job_config=plan).statement_type
            if kind != "SELECT":
                raise ValueError(f"the query failed: only SELECT is allowed here, not {kind}")
            config = bigquery.QueryJobConfig(query_parameters=values, maximum_bytes_billed=MOST_BYTES_OF_A_QUERY)
            return self._arrow(self.client.query(statement, job_config=config))

    def tables(self) -> dict[str, str]:
        """See ``WarehouseEngine``."""
        release, found = self._current(), {}
        for relation in sorted(self._relations(release)):
            declared = TABLES.get(relation.replace(".", "/"))
            found[relation] = declared.description if declared else self._described(relation)
        return found

    def exists(self) -> bool:
        """See ``WarehouseEngine``."""
        return bool(self.identity())

    def identity(self) -> str:
        """See ``WarehouseEngine``. The name of the current release."""
        try:
            return self._current()
        except WarehouseMissingError:
            return ""

    def load_sources(self, lake: LakeReader, first_day: date | None = None, last_day: date | None = None) -> dict[str, int]:
        """See ``WarehouseEngine``."""
        return SourceLoader(self.client, self.names).load(lake, first_day, last_day)

    def read_working(
        self,
        relation: str,
        first_day: date | None = None,
        last_day: date | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """See ``WarehouseEngine``."""
        for column in columns or ():
            checked_relation(column)
        schema, table = checked_relation(relation).split(".")
        try:
            fields = self.client.get_table(f"{self.names.project}.{self.names.working(schema)}.{table}").schema
        except exceptions.NotFound as error:
            if self._has_models():
                raise ValueError(f"cannot read {relation}: {error.message}") from error
            raise WarehouseMissingError("dbt has not built anything yet: run the job demand_days first") from error
        known = [field.name for field in fields]
        unknown = sorted(set(columns or ()) - set(known))
        if unknown:
            raise ValueError(f"cannot read {relation}: it has no columns {', '.join(unknown)}; it has {', '.join(known)}")
        chosen = list(columns or known)
        conditions = [f"day >= date '{first_day.isoformat()}'"] if first_day else []
        conditions += [f"day <= date '{last_day.isoformat()}'"] if last_day else []
        # Lists have no order in BigQuery; the other columns hold a key.
        ordered = [field.name for name in chosen for field in fields if field.name == name and field.mode != "REPEATED"]
        sql = f"select {', '.join(f'`{name}`' for name in chosen)} from {self.names.working_table(f'{schema}.{table}')}"  # noqa: S608 - names are checked
        sql += f" where {' and '.join(conditions)}" if conditions else ""
        sql += f" order by {', '.join(f'`{name}` nulls last' for name in ordered)}" if ordered else ""
        with _told_apart(f"cannot read {relation}"):
            return self._arrow(self.client.query(sql))

    def working_days(self, relation: str, first_day: date, last_day: date) -> list[date]:
        """See ``WarehouseEngine``."""
        table = self.names.working_table(checked_relation(relation))
        days = f"day between date '{first_day.isoformat()}' and date '{last_day.isoformat()}'"
        try:
            rows = self.client.query(f"select distinct day from {table} where {days} order by day").result()  # noqa: S608 - a checked name, dates
        except exceptions.NotFound:
            return []
        return [row["day"] for row in rows]

    def publish(self, on_step: StepHook = ignore_step, history: History | None = None) -> Publication:  # noqa: ARG002 - not there yet
        """See ``WarehouseEngine``; without ``history``. Raises ``NotPublishableError`` also when another publisher was faster."""
        self._refuse_unfit()
        ensure_dataset(self.client, self.names.releases)
        expected = self.identity()
        release = f"r{datetime.now(UTC):%Y%m%d%H%M%S}_{secrets.token_hex(4)}"
        on_step("started")
        relations = [path.replace("/", ".") for path in PUBLISHED_TABLES] + self._marts()
        self._snapshot(release, relations)
        on_step("copied")
        rows = self._verified_rows(release, relations)
        on_step("verified")
        on_step("synced")  # what BigQuery has answered is durable
        self._switch(expected, release)
        on_step("swapped")
        self._switch_views(release, relations)
        self._let_superseded_expire(release)
        size = sum(self._bytes(release_table_id(release, relation)) for relation in relations)
        return Publication(f"{self.names.project}.{self.names.releases}.{release}", rows, size)

    # --- the pointer ---------------------------------------------------------------------------------------------------

    def _current(self) -> str:
        """Name of the current release. Raises ``WarehouseMissingError``."""
        sql = f"select `release` from {self.names.quoted(self.names.releases, _POINTER)}"  # noqa: S608 - our own names
        try:
            found = [row["release"] for row in self.client.query_and_wait(sql)]
        except exceptions.NotFound:
            found = []
        if not found or not _RELEASE.fullmatch(found[0]):
            raise WarehouseMissingError(f"nothing is published in {self.names.project}.{self.names.releases} yet: run the job marts")
        return str(found[0])

    def _switch(self, expected: str, release: str) -> None:
        """Make a release current if the current one still is ``expected`` (empty: none)."""
        pointer = self.names.quoted(self.names.releases, _POINTER)
        self._run(f"create table if not exists {pointer} (`release` string, published_at timestamp)")
        now = _timestamp(datetime.now(UTC))
        if expected:
            sql = f"update {pointer} set `release` = '{release}', published_at = {now} where `release` = '{expected}'"  # noqa: S608 - matched names
        else:
            first = f"(select '{release}' as `release`, {now} as published_at)"
            values = "when not matched then insert (`release`, published_at) values (`release`, published_at)"
            sql = f"merge {pointer} as target using {first} as incoming on true {values}"
        job = self.client.query(sql)
        job.result()
        if job.num_dml_affected_rows != 1:
            raise NotPublishableError("not published: another publisher was faster; run the marts job again")

    def _relations(self, release: str) -> set[str]:
        """The relations of a release."""
        found = (relation_of(table.table_id) for table in self.client.list_tables(f"{self.names.project}.{self.names.releases}"))
        return {relation for name, relation in found if name == release}

    # --- steps of a publication ----------------------------------------------------------------------------------------

    def _refuse_unfit(self) -> None:
        """Raise unless dbt's tests passed and its last run covered the whole lake."""
        try:
            sql = f"select name, status from {self.names.working_table('lake.failing_nodes')} {FAILED_FIRST}"  # noqa: S608 - our own names
            failing = [f"{row['name']} ({row['status']})" for row in self.client.query_and_wait(sql)]
            sql = f"select first_day from {self.names.working_table('lake.source_snapshot')} where first_day is not null"  # noqa: S608
            partial = list(self.client.query_and_wait(sql))
        except exceptions.NotFound as error:
            raise WarehouseMissingError("dbt has not built anything yet: run the jobs demand_days and marts first") from error
        if failing:
            raise NotPublishableError(f"not published, {len(failing)} dbt nodes did not succeed: {', '.join(failing[:10])}")
        if partial:
            raise NotPublishableError("not published: the last dbt run saw only some days of the lake; run the marts first")

    def _marts(self) -> list[str]:
        tables = self.client.list_tables(f"{self.names.project}.{self.names.working(MODEL_SCHEMA)}")
        found = sorted(f"{MODEL_SCHEMA}.{table.table_id}" for table in tables if table.table_id.startswith(PUBLISHED_MODELS))
        if not found:
            raise NotPublishableError("not published: dbt has built no marts; run the marts job first")
        return found

    def _snapshot(self, release: str, relations: Sequence[str]) -> None:
        """Freeze what dbt built, all tables at the same time: the jobs are started, then waited for."""
        config = bigquery.CopyJobConfig(operation_type=bigquery.OperationType.SNAPSHOT)
        jobs = []
        for relation in relations:
            schema, table = relation.split(".")
            source = f"{self.names.project}.{self.names.working(schema)}.{table}"
            target = f"{self.names.project}.{self.names.releases}.{release_table_id(release, relation)}"
            jobs.append(self.client.copy_table(source, target, job_config=config))
        for job in jobs:
            job.result()

    def _verified_rows(self, release: str, relations: Sequence[str]) -> dict[str, int]:
        counts = [
            f"select '{relation}' as relation, (select count(*) from {self.names.release_table(release, relation)}) as copied, "  # noqa: S608
            f"(select count(*) from {self.names.working_table(relation)}) as original"
            for relation in relations
        ]
        rows = {}
        for row in self.client.query_and_wait(" union all ".join(counts)):
            if row["copied"] != row["original"]:
                raise NotPublishableError(
                    f"not published: {row['relation']} was copied with {row['copied']} of {row['original']} rows; is dbt running?"
                )
            rows[row["relation"]] = row["copied"]
        return {relation: rows[relation] for relation in relations}

    def _switch_views(self, release: str, relations: Sequence[str]) -> None:
        """Point the analysts' views at the release, with descriptions."""
        for schema in sorted({relation.split(".")[0] for relation in relations}):
            ensure_dataset(self.client, self.names.published(schema))
        for relation in relations:
            schema, table = relation.split(".")
            source = self.client.get_table(f"{self.names.project}.{self.names.working(schema)}.{table}")
            view = bigquery.Table(f"{self.names.project}.{self.names.published(schema)}.{table}")
            view.view_query = f"select * from {self.names.release_table(release, relation)}"  # noqa: S608 - our own names
            view.description = source.description
            try:
                self.client.create_table(view)
            except exceptions.Conflict:
                self.client.update_table(view, ["view_query", "description"])
            view.schema = [bigquery.SchemaField(f.name, f.field_type, mode=f.mode, description=f.description) for f in source.schema]
            self.client.update_table(view, ["schema"])

    def _let_superseded_expire(self, release: str) -> None:
        """Give snapshots of earlier releases an end. Later names belong to a publisher that has begun meanwhile."""
        for table in self.client.list_tables(f"{self.names.project}.{self.names.releases}"):
            name, relation = relation_of(table.table_id)
            if relation and name < release and table.expires is None:
                superseded = bigquery.Table(f"{self.names.project}.{self.names.releases}.{table.table_id}")
                superseded.expires = datetime.now(UTC) + GRACE
                self.client.update_table(superseded, ["expires"])

    def _bytes(self, table_id: str) -> int:
        return self.client.get_table(f"{self.names.project}.{self.names.releases}.{table_id}").num_bytes or 0

    # --- small things --------------------------------------------------------------------------------------------------

    def _described(self, relation: str) -> str:
        """Description of a model as dbt's documentation has it."""
        schema, table = relation.split(".")
        return self.client.get_table(f"{self.names.project}.{self.names.working(schema)}.{table}").description or ""

    def _has_models(self) -> bool:
        try:
            return any(True for _ in self.client.list_tables(f"{self.names.project}.{self.names.working(MODEL_SCHEMA)}", max_results=1))
        except exceptions.NotFound:
            return False

    def _arrow(self, job: bigquery.QueryJob) -> pa.Table:
        # Google's Storage API is faster and another address, which emulators do not share.
        return job.result().to_arrow(create_bqstorage_client=self._endpoint is None)

    def _run(self, sql: str) -> None:
        self.client.query_and_wait(sql)


def _parameter_type(value: Any) -> str:
    for kind, name in _PARAMETER_TYPES:
        if isinstance(value, kind):
            return name
    raise ValueError(f"a parameter of type {type(value).__name__} is not supported: give text, a number, a boolean, a date or a time")


def _timestamp(moment: datetime) -> str:
    return f"timestamp '{moment:%Y-%m-%d %H:%M:%S}+00:00'"


@contextmanager
def _told_apart(what: str) -> Iterator[None]:
    """A wrong statement is the caller's ``ValueError``; an outage or a missing right stays what it is."""
    try:
        yield
    except (exceptions.BadRequest, exceptions.NotFound) as error:
        raise ValueError(f"{what}: {error.message}") from error
