"""Reads tables of the retailer's SQL Server, and never writes: what differs from PostgreSQL, and nothing else.

What belongs here: T-SQL and SQL Server's catalogue. What doesn't: what every database shares (``retail/database.py``), wording of
errors (``retail/database_errors.py``).

Every value comes as text that our readers know: exact decimals, ISO dates, times with a zone in UTC. Statements are composed by
SQLAlchemy's T-SQL dialect, so names are in [brackets] and values are bound. A transaction is always rolled back. It sees one state
of the database where ``ALLOW_SNAPSHOT_ISOLATION`` is on; where it is not, each statement sees what was committed when it
read (READ COMMITTED), and the watermark is asked before the rows, so that what comes between is read again rather than missed.
Needs the extra ``sqlserver``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.mssql import DATETIME2
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from trend_assets.lib.retail.database import DatabaseTable
from trend_assets.lib.retail.extracts import end_of_day, start_of_day
from trend_assets.retail.database import OfferedColumn, Request, RetailDatabase, selectable
from trend_assets.retail.database_errors import DatabaseError, explained_sql_server

DRIVER = "mssql+pymssql"
_ZONED, _ROW_VERSION = "datetimeoffset", "timestamp"
_PLAIN_TIMES = ("datetime2", "datetime", "smalldatetime")
_WHOLE_NUMBERS = ("tinyint", "smallint", "int", "bigint")
_DECIMALS = ("decimal", "numeric", "money", "smallmoney")
_REFUSED = {
    "xml": "XML: choose one value in a query with .value()",
    "varbinary": "binary: it cannot be a value of ours",
    "binary": "binary: it cannot be a value of ours",
    "image": "binary: it cannot be a value of ours",
    "sql_variant": "an sql_variant, of any type: convert it to one in a query",
    "geography": "a geography: map its coordinates in a query",
    "geometry": "a geometry: map its coordinates in a query",
    "hierarchyid": "a hierarchyid: map its path in a query with .ToString()",
    "json": "JSON: choose one value in a query with json_value()",
    "vector": "a vector: it cannot be a value of ours",
}
_COLUMNS = sa.text(
    "select c.name, type_name(c.system_type_id) as type_name, c.is_nullable, c.max_length, c.precision, c.scale "
    "from sys.columns as c where c.object_id = object_id(:name) "
    "and has_perms_by_name(:name, 'OBJECT', 'SELECT', c.name, 'COLUMN') = 1 order by c.column_id"
)
_COLUMNS_OF_QUERY = sa.text(
    "select name, type_name(system_type_id) as type_name, is_nullable, max_length, precision, scale, error_message "
    "from sys.dm_exec_describe_first_result_set(:query, null, 0) where is_hidden = 0 order by column_ordinal"
)
_UNIQUE = sa.text(
    "select i.index_id, c.name from sys.indexes as i "
    "join sys.index_columns as k on k.object_id = i.object_id and k.index_id = i.index_id and k.is_included_column = 0 "
    "join sys.columns as c on c.object_id = k.object_id and c.column_id = k.column_id "
    "where i.object_id = object_id(:name) and i.is_unique = 1 and i.has_filter = 0 and i.is_disabled = 0 "
    "order by i.is_primary_key desc, i.index_id, k.key_ordinal"
)
_TABLES = sa.text("select top (200) table_schema + '.' + table_name from information_schema.tables order by 1")
_SNAPSHOT_ALLOWED = sa.text("select snapshot_isolation_state from sys.databases where name = db_name()")


class SqlServerDatabase(RetailDatabase):
    """The retailer's SQL Server. Parameters: ``url`` (``mssql://reader:…@host:1433/shop``)."""

    watermark_kinds = (_ZONED, *_PLAIN_TIMES, "date", *_WHOLE_NUMBERS, *_DECIMALS, _ROW_VERSION)
    day_kinds = (_ZONED, *_PLAIN_TIMES, "date")

    def __init__(self, url: URL) -> None:
        self.url = url.set(drivername=DRIVER)

    def _connected(self, timeout_seconds: int) -> sa.Engine:
        arguments = {"login_timeout": 10, "timeout": timeout_seconds, "appname": "trend-assets", "charset": "UTF-8"}
        return sa.create_engine(self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments)

    @contextmanager
    def view(self, table: DatabaseTable, source: str, timezone: str = "UTC") -> Iterator[Connection]:  # noqa: ARG002 (times are UTC)
        """A transaction that is rolled back at its end. Raises ``DatabaseError`` for whatever fails in it."""
        try:
            with self._connected(table.timeout_seconds).connect() as connection:
                connection.exec_driver_sql("set lock_timeout 10000")
                snapshot = connection.execute(_SNAPSHOT_ALLOWED).scalar() == 1
                connection.exec_driver_sql(f"set transaction isolation level {'snapshot' if snapshot else 'read committed'}")
                connection.exec_driver_sql("begin transaction")
                try:
                    yield connection
                finally:
                    with suppress(DBAPIError):  # the connection may be what failed
                        connection.exec_driver_sql("if @@trancount > 0 rollback transaction")
        except DBAPIError as error:
            raise explained_sql_server(error, self.url, source, table.timeout_seconds) from None

    def offered(self, connection: Connection, table: DatabaseTable, source: str) -> dict[str, OfferedColumn]:
        """The columns that the table or query has, by name. Raises ``DatabaseError`` where two have one name."""
        if table.query is None:
            found = connection.execute(_COLUMNS, {"name": _qualified(table)}).all()
        else:
            found = connection.execute(_COLUMNS_OF_QUERY, {"query": _described_query(table)}).all()
        error = next((row.error_message for row in found if getattr(row, "error_message", None)), None)
        if error is not None:
            raise DatabaseError(f"{source}: the query cannot be described: {error}")
        if not found:
            raise DatabaseError(
                f"{source}: there is no table {table.table!r}, or {self.url.username} may not read it: run, as its owner, "
                f"`grant select on {table.table} to {self.url.username}`. Tables this user may see: {self._tables(connection)}"
            )
        offered: dict[str, OfferedColumn] = {}
        for row in found:
            if row.name is None or row.name in offered:
                what = f"two columns {row.name!r}" if row.name else "a column without a name"
                raise DatabaseError(f"{source}: the query has {what}: give each a name of its own with `as`")
            declared = _declared(row.type_name, row.max_length, row.precision, row.scale)
            offered[row.name] = OfferedColumn(row.name, row.type_name, _REFUSED.get(row.type_name), declared, bool(row.is_nullable))
        return offered

    def unique_columns(self, connection: Connection, table: DatabaseTable) -> list[tuple[str, ...]]:
        """Columns of each unique index of a table, the primary key first; none of a query, and none of a view."""
        if table.query is not None:
            return []
        indexes: dict[int, list[str]] = {}
        for row in connection.execute(_UNIQUE, {"name": _qualified(table)}):
            indexes.setdefault(row.index_id, []).append(row.name)
        return [tuple(columns) for columns in indexes.values()]

    def reached(self, connection: Connection, table: DatabaseTable, request: Request, offered: dict[str, OfferedColumn]) -> str | None:
        """The watermark after this read; see ``RetailDatabase.reached``.

        A row version is never beyond ``min_active_rowversion()``: a transaction that is still open holds versions below those of
        others that have committed, and would be passed over.
        """
        clock: datetime = connection.execute(sa.text("select sysutcdatetime()")).scalar_one()
        found: Any = connection.execute(reached_statement(table, request, offered, clock.replace(tzinfo=UTC))).scalar()
        return request.low if found is None else str(found)

    def statement(self, table: DatabaseTable, request: Request, offered: dict[str, OfferedColumn]) -> Any:
        """The SELECT of the asked rows as texts."""
        return rows_statement(table, request, offered)

    def days(self, connection: Connection, table: DatabaseTable, column: str, timezone: str) -> list[date]:
        """The days that a column tells, in order; of a time with a zone, by the calendar of ``timezone``."""
        offered = self.offered(connection, table, table.shown)
        told: Any = connection.execute(days_statement(table, column, offered)).scalars()
        zoned = offered[column].type_name == _ZONED
        days = set()
        for text in told:
            with suppress(ValueError):
                days.add(
                    datetime.fromisoformat(text).replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).date()
                    if zoned
                    else date.fromisoformat(text)
                )
        return sorted(days)

    @staticmethod
    def _tables(connection: Connection) -> str:
        found: Any = connection.execute(_TABLES).scalars()
        names = [str(name) for name in found]
        return ", ".join(names[:30]) or "none"


def as_text(column: Any, kind: str) -> Any:
    """A column as the text that our readers know, exactly: no value is rounded, none depends on the server's language."""
    convert, text = sa.func.convert, sa.text
    if kind == "bit":
        return sa.case(
            (column == sa.literal_column("1"), sa.literal_column("'true'")),
            (column == sa.literal_column("0"), sa.literal_column("'false'")),
        )
    if kind == _ZONED:
        moment = sa.cast(sa.func.switchoffset(column, sa.literal_column("'+00:00'")), DATETIME2(7))
        return convert(text("nvarchar(33)"), moment, text("126")) + sa.literal_column("N'+00:00'")
    if kind == _ROW_VERSION:
        return convert(text("nvarchar(20)"), convert(text("bigint"), column))
    styles = {
        "date": ("nvarchar(10)", "23"),
        "time": ("nvarchar(16)", "114"),
        "money": ("nvarchar(40)", "2"),
        "smallmoney": ("nvarchar(40)", "2"),
    }
    styles |= dict.fromkeys(_PLAIN_TIMES, ("nvarchar(33)", "126")) | dict.fromkeys(("float", "real"), ("nvarchar(40)", "3"))
    if kind in styles:
        target, style = styles[kind]
        return convert(text(target), column, text(style))
    if kind == "uniqueidentifier":
        return sa.func.lower(convert(text("nvarchar(36)"), column))
    return convert(text("nvarchar(max)"), column)


def rows_statement(table: DatabaseTable, request: Request, offered: dict[str, OfferedColumn]) -> Any:
    """The SELECT of the asked rows: those from the watermark on, or of the days; a snapshot in order, a sample of ``limit`` rows."""
    source = selectable(table, tuple(offered))
    texts = {name: as_text(source.c[name], offered[name].type_name) for name in request.columns}
    statement = sa.select(*(expression.label(name) for name, expression in texts.items()))
    if request.low is not None:
        watermark = source.c[str(table.watermark)]
        statement = statement.where(sa.or_(watermark >= lower_bound(table, request.low, offered), watermark.is_(None)))
    if request.first_day is not None and request.last_day is not None:
        statement = statement.where(_within_days(source.c[str(table.day)], offered[str(table.day)].type_name, request))
    if request.limit is not None:
        return statement.limit(request.limit)  # TOP
    if table.mode == "snapshot":
        ordered = dict.fromkeys((*request.key, *request.columns))
        statement = statement.order_by(*(texts.get(name, source.c[name]) for name in ordered))
    return statement


def reached_statement(table: DatabaseTable, request: Request, offered: dict[str, OfferedColumn], clock: datetime) -> Any:
    """The SELECT of the greatest watermark, not beyond the server's clock (``clock``, aware) nor beyond what has been committed."""
    source = selectable(table, tuple(offered))
    watermark = source.c[str(table.watermark)]
    kind = offered[str(table.watermark)].type_name
    greatest: Any = sa.func.max(watermark)
    if kind == _ROW_VERSION:
        number = sa.func.convert(sa.text("bigint"), greatest)
        active = sa.func.convert(sa.text("bigint"), sa.func.min_active_rowversion())
        one: Any = sa.literal_column("1")
        known = sa.case((number < active, number), else_=active - one)
        return sa.select(sa.case((greatest.is_not(None), sa.func.convert(sa.text("nvarchar(20)"), known)))).select_from(source)
    if kind in (_ZONED, *_PLAIN_TIMES, "date"):
        local = clock.astimezone(UTC if kind == _ZONED else ZoneInfo(request.timezone))
        shown = local.isoformat() if kind == _ZONED else local.date().isoformat() if kind == "date" else _plain(local, kind)
        now = _moment(shown, kind)
        greatest = sa.case((greatest > now, now), else_=greatest)
    return sa.select(as_text(greatest, kind)).select_from(source)


def days_statement(table: DatabaseTable, column: str, offered: dict[str, OfferedColumn]) -> Any:
    """The SELECT of the days of a column, as ISO texts; of a time with a zone, of the quarters of hours in UTC.

    SQL Server knows time zones by Windows' names only, so what day a moment is on is decided by us; zones differ by quarters.
    """
    source = selectable(table, tuple(offered))
    value, kind = source.c[column], offered[column].type_name
    if kind == _ZONED:
        utc = sa.cast(sa.func.switchoffset(value, sa.literal_column("'+00:00'")), DATETIME2(0))
        start = sa.cast(sa.literal_column("'2000-01-01'"), DATETIME2(0))
        minutes = sa.func.datediff(sa.text("minute"), start, utc)
        quarter = sa.func.dateadd(
            sa.text("minute"),
            minutes - minutes % sa.literal_column("15"),
            start,
        )
        told = sa.func.convert(sa.text("nvarchar(33)"), quarter, sa.text("126"))
    elif kind in (*_PLAIN_TIMES, "date"):
        told = sa.func.convert(sa.text("nvarchar(10)"), sa.func.convert(sa.text("date"), value), sa.text("23"))
    else:
        told = sa.func.left(as_text(value, kind), sa.literal_column("10"))
    return sa.select(told).distinct().where(value.is_not(None))


def lower_bound(table: DatabaseTable, low: str, offered: dict[str, OfferedColumn]) -> Any:
    """Where the next read begins: ``overlap`` before the watermark, in the column's own type, so that its index is used."""
    kind = offered[str(table.watermark)].type_name
    if kind in (_ZONED, *_PLAIN_TIMES):
        return sa.func.dateadd(sa.text("second"), sa.literal(-table.overlap), _moment(low, kind))
    if kind == "date":
        return sa.func.dateadd(sa.text("day"), sa.literal(-table.overlap // 86_400), _moment(low, kind))
    bound = math.floor(Decimal(low) - table.overlap)  # rounded down: to read a row twice is harmless, to miss it is not
    if kind == _ROW_VERSION:
        return sa.func.convert(sa.text("binary(8)"), sa.cast(sa.literal(max(bound, 0)), sa.BigInteger))
    if kind in _WHOLE_NUMBERS:
        return sa.cast(sa.literal(bound), sa.BigInteger)
    return sa.cast(sa.literal(str(bound)), sa.Numeric(38, 0))


def _within_days(column: Any, kind: str, request: Request) -> Any:
    """Rows of the days, and rows without a day: they are refused later, not left out."""
    first, last = request.first_day, request.last_day
    if first is None or last is None:
        raise ValueError("days are asked for by both bounds")
    if kind == _ZONED:
        low, high = start_of_day(first, request.timezone).isoformat(), end_of_day(last, request.timezone).isoformat()
    else:
        begins = "" if kind == "date" else "T00:00:00"
        low, high = f"{first}{begins}", f"{last + timedelta(days=1)}{begins}"
    return sa.or_(sa.and_(column >= _moment(low, kind), column < _moment(high, kind)), column.is_(None))


def _moment(text: str, kind: str) -> Any:
    """A bound ISO text as a moment of a type, read alike whatever the session's language and date order are."""
    target = f"{kind}(7)" if kind in (_ZONED, "datetime2") else kind
    bound = sa.literal(text, sa.Unicode)
    if kind == _ZONED:
        return sa.func.convert(sa.text(target), bound)
    return sa.func.convert(sa.text(target), bound, sa.text("23" if kind == "date" else "126"))


def _plain(moment: datetime, kind: str) -> str:
    """A moment as text that a type without a zone can hold: ``datetime`` has milliseconds, ``smalldatetime`` minutes."""
    bare = moment.replace(tzinfo=None)
    precision = {"datetime2": "microseconds", "datetime": "milliseconds", "smalldatetime": "seconds"}[kind]
    return bare.isoformat(timespec=precision)


def _qualified(table: DatabaseTable) -> str:
    """``[schema].[table]``, for functions that take a name as text. Raises ``DatabaseError`` for a name of three parts."""
    parts = str(table.table).split(".")
    if len(parts) > 2:
        raise DatabaseError(f"{table.table!r}: name the database in the address, and here only schema.table")
    return ".".join(f"[{part.replace(']', ']]')}]" for part in parts)


def _described_query(table: DatabaseTable) -> str:
    query = str(table.query).strip().removesuffix(";")
    return f"select * from (\n{query}\n) as source"  # noqa: S608 (described, not run; a mapping's query is trusted)


def _declared(type_name: str, max_length: int, precision: int, scale: int) -> str:
    if type_name in ("decimal", "numeric"):
        return f"{type_name}({precision},{scale})"
    if type_name in ("datetime2", _ZONED, "time"):
        return f"{type_name}({scale})"
    if "char" in type_name:
        length = max_length // 2 if type_name.startswith("n") and max_length > 0 else max_length
        return f"{type_name}({'max' if max_length < 0 else length})"
    return type_name
