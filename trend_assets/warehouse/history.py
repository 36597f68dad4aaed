"""What was known when, in SQL: tables of the schema ``history``, and functions of the schema ``as_of`` over them.

What belongs here: how versions of tables are laid out in the published file, the functions that pick what was known at a moment, and a
warehouse that shows one moment under the usual names. What doesn't: reading ledgers (``operations/history.py``), what may be in them
(``lib/ledger/kept.py``).

``select * from as_of.trends('2026-03-01')`` gives ``topics.trends`` as it was known at the end of that day (UTC); an hour is
``'2026-03-01T14'``. A function of SQL cannot refuse: before anything was known, and in the future, it gives what was recorded by then.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from trend_assets.tables.ledgers import DAY_READY
from trend_assets.warehouse.common import WarehouseMissingError, checked_relation

HISTORY_SCHEMA, AS_OF_SCHEMA = "history", "as_of"
VERSIONS, RELATIONS = "mart_versions", "relations"
"""The table that says which version of a day of a mart held from when on, and the one that says what each function shows."""
_INSTANT = r"""
create or replace macro as_of.instant(given) as (
    case
        when typeof(given) = 'TIMESTAMP WITH TIME ZONE' or regexp_matches(cast(given as varchar), ':\d\d.*[+-]\d\d(:?\d\d)?$')
            then cast(case when length(cast(given as varchar)) > 13 then cast(given as varchar) else '1970-01-01' end as timestamptz)
        else (
            case
                when length(cast(given as varchar)) = 10
                    then cast(cast(given as varchar) as timestamp) + interval 1 day - interval 1 microsecond
                when regexp_full_match(cast(given as varchar), '\d{4}-\d\d-\d\d[T ]\d\d')
                    then cast(cast(given as varchar) || ':00' as timestamp)
                else cast(cast(given as varchar) as timestamp)
            end
        ) at time zone 'UTC'
    end
)
"""


class NoHistoryError(LookupError):
    """The published file has no history."""


@dataclass(frozen=True)
class Kept:
    """A table with its versions. relation: the table they are of. rows: as in its ledger.

    key: what names a row at any one moment; empty for marts, whose days are kept whole.
    """

    relation: str
    rows: pa.Table
    key: tuple[str, ...] = ()
    description: str = ""

    @property
    def name(self) -> str:
        """Of the table in ``history`` and of the function in ``as_of``."""
        return self.relation.partition(".")[2]

    @property
    def function(self) -> str:
        """The body of the function: rows as they were known at ``moment``."""
        if self.key:
            own = [name for name in self.rows.column_names if name not in ("knowledge_time", "change", "basis")]
            return (
                f"select {', '.join(own)} from {HISTORY_SCHEMA}.{self.name} where knowledge_time <= as_of.instant(moment) "  # noqa: S608 - our own names
                f"qualify row_number() over (partition by {', '.join(self.key)} order by knowledge_time desc) = 1 "
                "and change <> 'withdrawn' "
                f"order by {', '.join(self.key)}"
            )
        return (
            f"select rows_kept.* exclude (knowledge_time, known_day) from {HISTORY_SCHEMA}.{self.name} as rows_kept join ("  # noqa: S608
            f"select day, max(knowledge_time) as knowledge_time from {HISTORY_SCHEMA}.{VERSIONS} "
            f"where mart = '{self.name}' and knowledge_time <= as_of.instant(moment) group by day) as version "
            "on rows_kept.known_day = version.day and rows_kept.knowledge_time = version.knowledge_time"
        )


@dataclass(frozen=True)
class History:
    """All that is kept. versions: of the marts, see ``VERSIONS``."""

    kept: Sequence[Kept] = ()
    versions: pa.Table | None = None


def store(connection: duckdb.DuckDBPyConnection, history: History) -> dict[str, int]:
    """Write tables and functions into the open file; returns rows by table."""
    rows: dict[str, int] = {}
    connection.execute(f"create schema if not exists {HISTORY_SCHEMA}")
    connection.execute(f"create schema if not exists {AS_OF_SCHEMA}")
    connection.execute(_INSTANT)
    tables = {one.name: one.rows for one in history.kept} | ({} if history.versions is None else {VERSIONS: history.versions})
    tables[RELATIONS] = pa.table({
        "relation": pa.array([one.relation for one in history.kept], pa.string()),
        "name": pa.array([one.name for one in history.kept], pa.string()),
    })  # fmt: skip
    if len(tables) < len(history.kept) + 1:
        raise ValueError(f"two kept tables have one name: {sorted(one.relation for one in history.kept)}")
    for name, table in tables.items():
        checked_relation(f"{HISTORY_SCHEMA}.{name}")
        connection.register("incoming_rows", table)
        connection.execute(f"create table {HISTORY_SCHEMA}.{name} as select * from incoming_rows")  # noqa: S608 - a checked name
        connection.unregister("incoming_rows")
        rows[f"{HISTORY_SCHEMA}.{name}"] = table.num_rows
    for name in tables:
        _describe(connection, name, {one.name: one for one in history.kept}.get(name))
    for one in history.kept:
        connection.execute(f"create or replace macro {AS_OF_SCHEMA}.{one.name}(moment) as table {one.function}")
    return rows


_OWN_COLUMNS = {
    "knowledge_time": "From when on the row was known [UTC]",
    "known_day": "Day under which the row was kept [day]",
    "change": "recorded, corrected, or withdrawn: then the row no longer holds",
    "basis": "clock: published by then; schedule: of history that was made in one go, when its schedule would have published it",
    "mart": "Name of the mart",
    "day": "Day of the mart [day]",
    "rows": "Rows of the mart on that day; 0 where it was withdrawn [count]",
    "digest": "SHA-256 of these rows",
    "relation": "Table as it is now",
    "name": "Of the table with its versions and of the function in as_of",
}


def _describe(connection: duckdb.DuckDBPyConnection, name: str, kept: Kept | None) -> None:
    """Put a comment on a table and on each of its columns: that of the column whose versions they are."""
    texts = {VERSIONS: "Which version of a day of a mart held from when on.", RELATIONS: "The tables that can be asked for as of a moment."}
    told = f"{kept.description} All versions: as_of.{name}(moment) gives those that held at a moment." if kept else texts[name]
    comments = dict(_OWN_COLUMNS)
    if kept is not None:
        found = connection.execute(
            "select column_name, comment from duckdb_columns() where not internal and schema_name || '.' || table_name = ?", [kept.relation]
        ).fetchall()
        comments |= {column: comment for column, comment in found if comment}
    connection.execute(f"comment on table {HISTORY_SCHEMA}.{name} is {_quoted(told.strip())}")
    for column, *_ in connection.execute(f"describe {HISTORY_SCHEMA}.{name}").fetchall():
        connection.execute(
            f'comment on column {HISTORY_SCHEMA}.{name}."{column}" is {_quoted(comments.get(column, "As it was published then"))}'
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class RewoundWarehouse:
    """The published file as it was at a moment, under the usual names; read-only, in memory.

    Tables that are kept show what was known then. The retailer's own tables show the days that were there by then, as they are known
    today, read from the file. What is not kept (rankings of authors, sentiment, forecasts) is there without rows. ``known``: relations
    that the moment knows. Costs one copy of what was known of trends; threads may ask at the same time.
    """

    def __init__(self, path: Path, moment: datetime) -> None:
        if not path.exists():
            raise WarehouseMissingError(f"there is no warehouse file {path}: `make run` (or the marts job) makes it")
        self.moment = moment
        self._lock = threading.Lock()
        self._connection = duckdb.connect(":memory:")
        self.known: frozenset[str] = frozenset(self._made(path))
        self._connection.execute("set enable_external_access = false")

    def query(self, sql: str, parameters: Sequence[Any] | None = None) -> pa.Table:
        """Result of one statement, as of the moment. Raises ``ValueError`` where it is wrong."""
        with self._cursor() as cursor:
            try:
                return cursor.execute(sql, list(parameters or ())).to_arrow_table()
            except duckdb.Error as error:
                raise ValueError(f"the query failed: {error}") from error

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            cursor = self._connection.cursor()
            cursor.execute("set TimeZone = 'UTC'")  # a cursor is a session of its own
        try:
            yield cursor
        finally:
            cursor.close()

    def _made(self, path: Path) -> list[str]:
        """Fill the database in memory from the published file, which stays open; returns the relations known then."""
        run = self._connection.execute
        run("set TimeZone = 'UTC'")
        run(f"attach {_quoted(str(path))} as warehouse_file (read_only)")
        run("use warehouse_file")
        try:
            kept = dict(run(f"select relation, name from {HISTORY_SCHEMA}.{RELATIONS}").fetchall())  # noqa: S608 - our own names
        except duckdb.CatalogException as error:
            raise NoHistoryError(f"{path} holds no history: it was published by an older version; run the job marts") from error
        tables = run(
            "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse_file' and schema_name <> ? order by all",
            [HISTORY_SCHEMA],
        ).fetchall()
        known = []
        for schema, table in tables:
            run(f"create schema if not exists memory.{schema}")
            relation = f"{schema}.{table}"
            if schema == "retail":
                last = (self.moment - timedelta(days=1) - DAY_READY).date()
                rows = f"warehouse_file.{relation} where day <= date '{last.isoformat()}'"
                run(f"create view memory.{relation} as select * from {rows}")  # noqa: S608 - our own names
                known.append(relation)
                continue
            # columns that are not kept are there, and null: questions name them
            run(f"create table memory.{relation} as select * from warehouse_file.{relation} where false")  # noqa: S608 - our own names
            if relation not in kept:
                continue
            rows = f"as_of.{kept[relation]}('{self.moment.isoformat(sep=' ', timespec='microseconds')}')"
            columns = {name for (name, *_) in run(f"describe select * from warehouse_file.{relation}").fetchall()}  # noqa: S608
            given = [name for (name, *_) in run(f"describe select * from {rows}").fetchall() if name in columns]  # noqa: S608
            run(f"insert into memory.{relation} by name select {', '.join(given)} from {rows}")  # noqa: S608
            known.append(relation)
        run("use memory")
        return known
