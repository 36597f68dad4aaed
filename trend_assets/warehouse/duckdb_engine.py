"""The warehouse on one machine: a DuckDB file that dbt writes, and one that everybody else opens.

What belongs here: every DuckDB call of the warehouse. What doesn't: SQL of the models (``dbt_project/``), how dbt sees the lake
(``warehouse/dbt_sources.py``), the interface (``warehouse/engine.py``).

Only dbt writes the working file. Publication copies the marts and the lake tables that analysts query into a new file
beside the published one, with their comments, counts the rows, syncs it and renames it into place: a reader that has the
old file open keeps it, one that opens later gets the new one, nobody sees half of it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from trend_assets.lake.storage import StepHook, ignore_step
from trend_assets.tables import TABLES
from trend_assets.warehouse.common import (
    FAILED_FIRST,
    MODEL_SCHEMA,
    PUBLISHED_MODELS,
    PUBLISHED_TABLES,
    NotPublishableError,
    Publication,
    WarehouseBusyError,
    WarehouseMissingError,
    checked_relation,
    column_comment,
)
from trend_assets.warehouse.history import History, store

if TYPE_CHECKING:
    from trend_assets.lake.reader import LakeReader


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def _attached(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that sees ``path`` read-only, as its default database, and no other file.

    The file is attached to a database in memory instead of being opened: DuckDB hands out one shared instance per path in a
    process, which would keep showing the old content after a swap for as long as anybody has it open. It has the name that it has when
    it is opened: views name it.
    """
    if not path.exists():
        raise WarehouseMissingError(f"there is no warehouse file {path}: `make run` (or the marts job) makes it")
    connection = duckdb.connect(":memory:")
    try:
        try:
            connection.execute(f'attach {_quoted(str(path))} as "{path.stem}" (read_only)')
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                raise WarehouseBusyError(f"{path} is being written by another process: {error}") from error
            raise
        connection.execute(f'use "{path.stem}"')
        connection.execute("set TimeZone = 'UTC'")
        # What does not fit into memory goes here, and not into the folder the program happens to be started in.
        connection.execute(f"set temp_directory = {_quoted(str(Path(tempfile.gettempdir()) / 'trend-assets-duckdb'))}")
        yield connection
    finally:
        connection.close()


class Warehouse:
    """The published file, read-only. Every call sees one publication, the newest when it started."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def query(self, sql: str, parameters: Sequence[Any] | None = None) -> pa.Table:
        """Result of one SQL statement as an Arrow table; ``?`` in the statement stands for a parameter.

        Other files cannot be read or written from the statement. Times are shown in UTC.

        Raises:
            ValueError: the statement is wrong; the message is DuckDB's.
            WarehouseMissingError: nothing has been published yet.
        """
        if not sql.strip().rstrip(";"):
            raise ValueError("the query is empty")
        with _attached(self.path) as connection:
            connection.execute("set enable_external_access = false")
            try:
                return connection.execute(sql, list(parameters or ())).to_arrow_table()
            except duckdb.Error as error:
                raise ValueError(f"the query failed: {error}") from error

    def tables(self) -> dict[str, str]:
        """Every table as ``schema.table`` with its description, sorted by name."""
        found = self.query("select schema_name || '.' || table_name as name, comment from duckdb_tables() order by name")
        return {row["name"]: row["comment"] or "" for row in found.to_pylist()}


def read_working(
    path: Path,
    relation: str,
    first_day: date | None = None,
    last_day: date | None = None,
    columns: Sequence[str] | None = None,
) -> pa.Table:
    """Rows of a model in dbt's working file, ordered by all columns so that the result does not depend on threads.

    relation: ``model`` or ``schema.table``. first_day, last_day: days of the column ``day`` to read, both included; None
    leaves that side open. columns: default all.

    Raises:
        ValueError: a name that is none, or a table or column that does not exist.
        WarehouseMissingError: dbt has not run yet.
        WarehouseBusyError: dbt is running.
    """
    for column in columns or ():
        checked_relation(column)
    selected = ", ".join(f'"{column}"' for column in columns) if columns else "*"
    conditions = [f"day >= date '{first_day.isoformat()}'"] if first_day else []
    conditions += [f"day <= date '{last_day.isoformat()}'"] if last_day else []
    sql = f"select {selected} from {checked_relation(relation)}"  # noqa: S608 - names are checked, dates are dates
    sql += f" where {' and '.join(conditions)}" if conditions else ""
    with _attached(Path(path)) as connection:
        try:
            return connection.execute(f"{sql} order by all").to_arrow_table()
        except duckdb.Error as error:
            raise ValueError(f"cannot read {relation} of {path}: {error}") from error


class DuckDBWarehouse(Warehouse):
    """See ``trend_assets.warehouse.engine.WarehouseEngine``. working: dbt's file; published: the file that readers open."""

    dialect = "duckdb"

    def __init__(self, working: Path, published: Path) -> None:
        super().__init__(published)
        self.working = Path(working)

    def exists(self) -> bool:
        """See ``WarehouseEngine``."""
        return self.path.exists()

    def identity(self) -> str:
        """See ``WarehouseEngine``. A publication is a file of its own, so inode and time tell two apart."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return ""
        return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"

    def load_sources(self, lake: LakeReader, first_day: date | None = None, last_day: date | None = None) -> dict[str, int]:  # noqa: ARG002
        """See ``WarehouseEngine``. Nothing to load: dbt makes views over the lake's files when it opens the working file."""
        self.working.parent.mkdir(parents=True, exist_ok=True)
        return {}

    def read_working(
        self,
        relation: str,
        first_day: date | None = None,
        last_day: date | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """See ``WarehouseEngine``."""
        return read_working(self.working, relation, first_day, last_day, columns)

    def working_days(self, relation: str, first_day: date, last_day: date) -> list[date]:
        """See ``WarehouseEngine``."""
        name = checked_relation(relation)
        if not self.working.exists():
            return []
        with _attached(self.working) as connection:
            sql = f"select distinct day from {name} where day between ? and ? order by day"  # noqa: S608 - a checked name
            try:
                return [day for (day,) in connection.execute(sql, [first_day, last_day]).fetchall()]
            except duckdb.CatalogException:
                return []

    def publish(self, on_step: StepHook = ignore_step, history: History | None = None) -> Publication:
        """See ``WarehouseEngine``."""
        return publish(self.working, self.path, on_step, history)


def publish(working: Path, published: Path, on_step: StepHook = ignore_step, history: History | None = None) -> Publication:
    """Swap in a new published file made from the working file; call it after dbt's marts run. history: what was known when.

    Raises:
        NotPublishableError: a test failed, a model was skipped, or the last dbt run saw only some days of the lake.
        WarehouseMissingError, WarehouseBusyError: as ``read_working``.
    """
    published.parent.mkdir(parents=True, exist_ok=True)
    with _publisher_lock(published):
        for stale in published.parent.glob(f".{published.name}.*.building*"):
            stale.unlink()  # left by a publisher that was killed; we hold the lock, so nobody is writing it
        building = published.parent / f".{published.name}.{secrets.token_hex(4)}.building"
        try:
            rows = _build(working, building, on_step, history)
            _sync(building)
            on_step("synced")
            size = building.stat().st_size
            building.replace(published)
            _sync(published.parent)
            on_step("swapped")
        finally:
            building.unlink(missing_ok=True)
    return Publication(published, rows, size)


@contextmanager
def _publisher_lock(published: Path) -> Iterator[None]:
    """One publisher at a time; the kernel frees the lock when the holder dies."""
    with (published.parent / f".{published.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _build(working: Path, building: Path, on_step: StepHook, history: History | None) -> dict[str, int]:
    if not working.exists():
        raise WarehouseMissingError(f"there is no working file {working}: run dbt first (the jobs demand_days and marts)")
    connection = duckdb.connect(str(building))
    try:
        try:
            connection.execute(f"attach {_quoted(str(working))} as working (read_only)")
        except duckdb.IOException as error:
            raise WarehouseBusyError(f"{working} cannot be opened, is dbt running? {error}") from error
        on_step("started")
        _refuse_unfit(connection)
        relations = [path.replace("/", ".") for path in PUBLISHED_TABLES] + _marts(connection)
        connection.execute("begin")  # one transaction: each of some hundred comments would be synced on its own
        for relation in relations:
            _copy(connection, relation)
        on_step("copied")
        rows = _verified_rows(connection, relations) | (store(connection, history) if history else {})
        connection.execute("commit")
        on_step("verified")
        connection.execute("detach working")
        connection.execute("checkpoint")
        return rows
    finally:
        connection.close()


def _refuse_unfit(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise ``NotPublishableError`` unless dbt's tests passed and its views cover the whole lake."""
    failing = connection.execute(f"select name, status from working.lake.failing_nodes {FAILED_FIRST}").fetchall()  # noqa: S608 - our own order
    if failing:
        listed = ", ".join(f"{name} ({status})" for name, status in failing[:10])
        raise NotPublishableError(f"not published, {len(failing)} dbt nodes did not succeed: {listed}")
    ranges = connection.execute("select distinct first_day, last_day from working.lake.source_snapshot").fetchall()
    if ranges != [(None, None)]:
        raise NotPublishableError(
            "not published: the last dbt run saw only some days of the lake; run the marts (dbt build --select tag:marts) first"
        )


def _marts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'working' and schema_name = ? order by 1", [MODEL_SCHEMA]
    ).fetchall()
    marts = [f"{MODEL_SCHEMA}.{name}" for (name,) in found if name.startswith(PUBLISHED_MODELS)]
    if not marts:
        raise NotPublishableError("not published: the working file holds no marts; run dbt build --select tag:marts first")
    return marts


def _copy(connection: duckdb.DuckDBPyConnection, relation: str) -> None:
    schema, table = relation.split(".")
    connection.execute(f"create schema if not exists {schema}")
    connection.execute(f"create table {relation} as select * from working.{relation}")  # noqa: S608 - our own names
    comment, columns = _comments(connection, schema, table)
    connection.execute(f"comment on table {relation} is {_quoted(comment)}")
    for column, text in columns.items():
        connection.execute(f'comment on column {relation}."{column}" is {_quoted(text)}')


def _comments(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> tuple[str, dict[str, str]]:
    """Description of a table and its columns: from the declaration of a lake table, from dbt's documentation of a mart."""
    declared = TABLES.get(f"{schema}/{table}")
    if declared is not None:
        return declared.description, {column.name: column_comment(column) for column in declared.columns}
    of_table = "select comment from duckdb_tables() where database_name = 'working' and schema_name = ? and table_name = ?"
    of_columns = "select column_name, comment from duckdb_columns() where database_name = 'working' and schema_name = ? and table_name = ?"
    [(comment,)] = connection.execute(of_table, [schema, table]).fetchall()
    columns = dict(connection.execute(of_columns, [schema, table]).fetchall())
    return comment or "", {name: text or "" for name, text in columns.items()}


def _verified_rows(connection: duckdb.DuckDBPyConnection, relations: Sequence[str]) -> dict[str, int]:
    counts = {}
    for relation in relations:
        sql = f"select (select count(*) from {relation}), (select count(*) from working.{relation})"  # noqa: S608 - our own names
        copied, original = connection.execute(sql).fetchall()[0]
        if copied != original:
            raise NotPublishableError(f"not published: {relation} was copied with {copied} of {original} rows")
        counts[relation] = copied
    return counts
