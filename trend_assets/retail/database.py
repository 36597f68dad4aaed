"""Reads tables of the retailer's PostgreSQL, and never writes: one read-only, time-limited, consistent view for each read.

What belongs here: the connection, what a table or query offers, streaming its rows as text. What doesn't: what is read
when (``lib/retail/extracts.py``), where it is landed (``retail/extracts.py``), wording of errors (``retail/database_errors.py``).

Every value comes as the text that PostgreSQL writes for it: exact decimals, ISO dates, times in UTC. So a date of
``infinity`` or a number that is NaN is one refused row later, never a failed read. Needs the extra ``sql``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.elements import quoted_name

from trend_assets.lib.retail.database import DatabaseTable
from trend_assets.lib.retail.extracts import end_of_day, start_of_day
from trend_assets.lib.retail.mistakes import close_to
from trend_assets.retail.database_errors import SETTING, DatabaseError, explained

CHUNK_ROWS = 20_000
"""Rows fetched at a time: memory is bounded by this and one Parquet part, whatever the table's size."""
_TYPES = sa.text("select oid::bigint, typname::text as type_name, typcategory::text as category from pg_type where oid = any(:oids)")
_COLUMNS = sa.text(
    "select attname::text as name, base.typname::text as type_name, base.typcategory::text as category, "
    "format_type(atttypid, atttypmod)::text as declared, not attnotnull as nullable "
    "from pg_attribute join pg_type as declared on declared.oid = atttypid "
    "join pg_type as base on base.oid = case when declared.typtype = 'd' then declared.typbasetype else declared.oid end "
    "where attrelid = :oid and attnum > 0 and not attisdropped and has_column_privilege(attrelid, attnum, 'select') order by attnum"
)
_UNIQUE = sa.text(
    "select array_agg(attname::text) from pg_index cross join unnest(indkey::int2[]) with ordinality as part (attribute, place) "
    "join pg_attribute on attrelid = indrelid and attnum = attribute "
    "where indrelid = :oid and indisunique and indisvalid and indpred is null and indexprs is null and place <= indnkeyatts "
    "group by indexrelid, indisprimary order by indisprimary desc, indexrelid"
)
_Described = tuple[str, str, str, str, bool | None]
_TIMES, _WHOLE_NUMBERS = ("timestamptz", "timestamp"), ("int2", "int4", "int8")
_COUNTERS = (*_WHOLE_NUMBERS, "numeric")
_REFUSED_TYPES = {
    "A": "an array: choose one value in a query, such as tags[1]",
    "C": "a composite value: choose one field in a query, such as (address).city",
    "R": "a range: map its bounds in a query, such as lower(valid)",
    "G": "a geometric value: map its coordinates in a query",
    "T": "an interval: convert it in a query, such as extract(epoch from lead_time) / 86400",
}
_REFUSED_NAMES = {
    "money": "of type money, whose text depends on the server's language: write price::numeric in a query",
    "json": "JSON: choose one value in a query, such as data->>'sku'",
    "jsonb": "JSON: choose one value in a query, such as data->>'sku'",
    "bytea": "binary: it cannot be a value of ours",
    "hstore": "an hstore: choose one value in a query, such as attributes->'colour'",
    "xml": "XML: choose one value in a query with xpath()",
}


@dataclass(frozen=True)
class OfferedColumn:
    """A column of a table or query: PostgreSQL's type name, and why it cannot be read, if so.

    ``declared``: the type with its width (``numeric(10,2)``); ``nullable``: ``None`` where it is not known, as of a query.
    """

    name: str
    type_name: str
    refused: str | None
    declared: str = ""
    nullable: bool | None = None


@dataclass(frozen=True)
class Request:
    """What to read: the columns; for changes, the watermark to begin at (``None``: everything); or the days; at most ``limit`` rows."""

    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    low: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    timezone: str = "UTC"
    limit: int | None = None


class RetailDatabase:
    """The retailer's PostgreSQL. Parameters: ``url`` (``postgresql://reader:…@host/shop``)."""

    watermark_kinds: tuple[str, ...] = (*_TIMES, *_COUNTERS, "date")
    day_kinds: tuple[str, ...] = (*_TIMES, "date")

    def __init__(self, url: URL) -> None:
        self.url: URL = url.set(drivername="postgresql+psycopg")
        self._engine = sa.create_engine(
            self.url,
            poolclass=NullPool,
            # without it a database of encoding SQL_ASCII sends bytes instead of texts
            connect_args={"connect_timeout": 10, "application_name": "trend-assets", "client_encoding": "utf8"},
        )

    @contextmanager
    def view(self, table: DatabaseTable, source: str, timezone: str = "UTC") -> Iterator[Connection]:
        """A read-only transaction that sees one state of the database, and writes times in a time zone.

        Raises ``DatabaseError`` for whatever fails in it.
        """
        try:
            with self._engine.connect() as connection:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                with connection.begin():
                    for name, value in (
                        ("statement_timeout", f"{table.timeout_seconds}s"),
                        ("lock_timeout", "10s"),
                        ("timezone", timezone),
                        ("datestyle", "ISO"),
                        ("extra_float_digits", "1"),
                    ):
                        connection.execute(sa.select(sa.func.set_config(name, value, True)))
                    yield connection
        except DBAPIError as error:
            hint = self._close_tables(table) if getattr(error.orig, "sqlstate", "") == "42P01" else None
            if hint is not None:
                raise DatabaseError(f"{source}: {hint}") from None
            raise explained(error, self.url, source, table.timeout_seconds) from None

    def offered(self, connection: Connection, table: DatabaseTable, source: str) -> dict[str, OfferedColumn]:
        """The columns that the table or query has, by name. Raises ``DatabaseError`` where two have one name."""
        described = self._columns_of_table(connection, table, source) if table.query is None else self._columns_of_query(connection, table)
        offered: dict[str, OfferedColumn] = {}
        for name, type_name, category, declared, nullable in described:
            if name in offered:
                raise DatabaseError(f"{source}: the query has two columns {name!r}: give one of them another name with `as`")
            refused = _REFUSED_NAMES.get(type_name) or _REFUSED_TYPES.get(category)
            offered[name] = OfferedColumn(name, type_name, refused, declared, nullable)
        return offered

    def _columns_of_table(self, connection: Connection, table: DatabaseTable, source: str) -> list[_Described]:
        """Name, type, category, declared type and nullability of the columns that this user may read."""
        oid = _oid(connection, table)
        if oid is None:
            raise DatabaseError(f"{source}: {self._close_tables(table)}")
        found = connection.execute(_COLUMNS, {"oid": oid})
        columns: list[_Described] = [
            (str(row.name), str(row.type_name), str(row.category), str(row.declared), bool(row.nullable)) for row in found
        ]
        if not columns:
            raise DatabaseError(
                f"{source}: {self.url.username} may not read any column of it: run, as its owner, "
                f"`grant select on {table.table} to {self.url.username}`"
            )
        return columns

    def _columns_of_query(self, connection: Connection, table: DatabaseTable) -> list[_Described]:
        anything = sa.select(sa.text("*")).select_from(whole(table)).limit(0)
        with connection.execute(anything) as result:
            description: Any = result.cursor.description if result.cursor is not None else ()
            described = [(str(column.name), int(column.type_code)) for column in description]
        types: dict[Any, tuple[str, str]] = {
            row.oid: (str(row.type_name), str(row.category)) for row in connection.execute(_TYPES, {"oids": [oid for _, oid in described]})
        }
        return [(name, *types.get(oid, ("unknown", "X")), types.get(oid, ("unknown",))[0], None) for name, oid in described]

    def unique_columns(self, connection: Connection, table: DatabaseTable) -> list[tuple[str, ...]]:
        """Columns of each unique index of a table, the primary key first; none of a query, and none of a view."""
        if table.query is not None:
            return []
        found: Any = connection.execute(_UNIQUE, {"oid": _oid(connection, table)}).scalars()
        return [tuple(columns) for columns in found]

    def reached(self, connection: Connection, table: DatabaseTable, request: Request, offered: dict[str, OfferedColumn]) -> str | None:
        """The watermark after this read: the greatest value, but never beyond the database's clock nor a number that is none.

        One row dated in the future would otherwise hide every change until then, one that is NaN each of them.
        """
        columns = selectable(table, tuple(offered))
        watermark = columns.c[str(table.watermark)]
        kind = offered[str(table.watermark)].type_name
        greatest: Any = sa.func.max(watermark)
        clock = sa.func.now() if kind == "timestamptz" else sa.func.timezone(request.timezone, sa.func.now())
        if kind in _TIMES:
            greatest = sa.func.least(greatest, clock)
        elif kind == "date":
            greatest = sa.func.least(greatest, sa.cast(clock, sa.Date))
        # least() ignores nulls, so a source without any value would seem to have reached today; max() is answered by an index
        known = sa.select(sa.case((sa.func.max(watermark).is_not(None), sa.cast(greatest, sa.Text)))).select_from(columns)
        if kind == "numeric":
            version = connection.dialect.server_version_info or (0,)
            no_number = "Infinity" if version >= (14,) else "NaN"  # the order is numbers, Infinity (from 14 on), NaN
            known = known.where(watermark < sa.cast(sa.literal(no_number, sa.Text), sa.Numeric))
        found: Any = connection.execute(known).scalar_one()
        return request.low if found is None else str(found)

    def rows(self, connection: Connection, table: DatabaseTable, request: Request, offered: dict[str, OfferedColumn]) -> Iterator[pa.Table]:
        """The asked rows as text columns, at most ``CHUNK_ROWS`` at a time."""
        statement = self.statement(table, request, offered)
        schema = pa.schema([(name, pa.string()) for name in request.columns])
        with connection.execution_options(stream_results=True, max_row_buffer=CHUNK_ROWS).execute(statement) as result:
            for chunk in result.partitions(CHUNK_ROWS):
                yield pa.table([pa.array(values, pa.string()) for values in zip(*chunk, strict=True)], schema=schema)

    def statement(self, table: DatabaseTable, request: Request, offered: dict[str, OfferedColumn]) -> Any:
        """The SELECT of the asked rows as texts."""
        source = selectable(table, tuple(offered))
        statement = sa.select(*(sa.cast(source.c[name], sa.Text).label(name) for name in request.columns))
        if request.low is not None:
            watermark = source.c[str(table.watermark)]
            statement = statement.where(sa.or_(watermark >= _lower_bound(table, request.low, offered), watermark.is_(None)))
        if request.first_day is not None and request.last_day is not None:
            statement = statement.where(_within_days(source.c[str(table.day)], offered[str(table.day)].type_name, request))
        if request.limit is not None:
            statement = statement.limit(request.limit)
        elif table.mode == "snapshot":  # the same rows are then the same bytes, and need no second copy on disk
            ordered = dict.fromkeys((*request.key, *request.columns))
            statement = statement.order_by(*(source.c[name] for name in ordered))
        return statement

    def days(self, connection: Connection, table: DatabaseTable, column: str, timezone: str) -> list[date]:
        """The days that a column tells, in order; dates that no calendar of ours has (infinite, before Christ) are passed over."""
        offered = self.offered(connection, table, table.shown)
        source = selectable(table, tuple(offered))
        moment: Any = source.c[column]
        if offered[column].type_name == "timestamptz":
            moment = sa.func.timezone(timezone, moment)
        # of a text its beginning, whatever it says: one that is no date must not fail the others
        is_date = offered[column].type_name in (*_TIMES, "date")
        day = sa.cast(sa.cast(moment, sa.Date), sa.Text) if is_date else sa.func.left(sa.cast(moment, sa.Text), 10)
        told: Any = connection.execute(sa.select(day).distinct().where(source.c[column].is_not(None))).scalars()
        days = []
        for text in told:
            with suppress(ValueError):
                days.append(date.fromisoformat(text))
        return sorted(days)

    def _close_tables(self, table: DatabaseTable) -> str | None:
        """What to say about a table that is not there: those there are, the closest first."""
        try:
            with self._engine.connect() as connection:
                found: Any = connection.execute(
                    sa.text(
                        "select table_schema || '.' || table_name from information_schema.tables "
                        "where table_schema not in ('pg_catalog', 'information_schema') order by 1 limit 200"
                    )
                )
                names: list[str] = list(found.scalars())
        except DBAPIError:
            return None
        wanted = table.table or ""
        qualified = wanted if "." in wanted else f"public.{wanted}"
        what = f"there is no table {wanted!r}." if wanted else "the query names a table that is not there."
        shown = ", ".join(names[:30]) + (", …" if len(names) > 30 else "") if names else "none: grant select on the tables to this user"
        return f"{what}{close_to(qualified, names) if wanted else ''} Tables this user may see: {shown}"


def open_database(address: str) -> RetailDatabase:
    """The database at an address. Raises ``DatabaseError`` for what is none of ours, ``ImportError`` where a driver is not installed."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        # the parser's message would repeat the address, password and all
        raise DatabaseError(f"{SETTING} is not an address: write postgresql://user:password@host:5432/database") from None
    if url.get_backend_name() in ("postgresql", "postgres"):
        return RetailDatabase(url)
    if url.get_backend_name() in ("mssql", "sqlserver"):
        import pymssql  # noqa: F401 (its absence is told now, not in the middle of a read)

        from trend_assets.retail.sqlserver import SqlServerDatabase

        return SqlServerDatabase(url)
    raise DatabaseError(f"{SETTING} begins with {url.drivername}://: only postgresql:// and mssql:// are supported")


def check_watermark(database: RetailDatabase, table: DatabaseTable, offered: dict[str, OfferedColumn], source: str) -> None:
    """Refuse a watermark that cannot be compared. Raises ``DatabaseError``."""
    kind = offered[str(table.watermark)].type_name
    if kind not in database.watermark_kinds:
        raise DatabaseError(
            f"{source}: the watermark {table.watermark!r} is of type {kind}: it must be a time, a date or a whole number "
            "that grows with changes"
        )


def check_day(database: RetailDatabase, table: DatabaseTable, offered: dict[str, OfferedColumn], source: str) -> None:
    """Refuse a day column that is no date or time. Raises ``DatabaseError``."""
    kind = offered[str(table.day)].type_name
    if kind not in database.day_kinds:
        raise DatabaseError(f"{source}: the day column {table.day!r} is of type {kind}: it must be a date or a time; convert it in a query")


def _oid(connection: Connection, table: DatabaseTable) -> int | None:
    """The table's number in the catalogue; ``None`` where there is no such table."""
    schema, _, name = str(table.table).rpartition(".")
    quote = connection.dialect.identifier_preparer.quote_identifier
    qualified = f"{quote(schema)}.{quote(name)}" if schema else quote(name)
    found: Any = connection.execute(sa.text("select to_regclass(:name)::oid::bigint"), {"name": qualified}).scalar_one()
    return None if found is None else int(found)


def _quoted(name: str) -> quoted_name:
    return quoted_name(name, True)


def _query_text(table: DatabaseTable) -> str:
    # a colon would be read as a parameter of ours; a comment at the end would swallow the closing bracket
    return str(table.query).strip().removesuffix(";").replace(":", "\\:")


def whole(table: DatabaseTable) -> Any:
    """The table, or the query as a table, whose columns are not known yet."""
    if table.query is not None:
        return sa.text(f"(\n{_query_text(table)}\n) as source")
    schema, _, name = str(table.table).rpartition(".")
    return sa.table(_quoted(name), schema=_quoted(schema) if schema else None)


def selectable(table: DatabaseTable, names: Sequence[str]) -> Any:
    """The table, or the query as a table, with the named columns; names are quoted."""
    columns: list[Any] = [sa.column(_quoted(name)) for name in names]
    if table.query is not None:
        return sa.text(f"\n{_query_text(table)}\n").columns(*columns).subquery("source")
    schema, _, name = str(table.table).rpartition(".")
    return sa.table(_quoted(name), *columns, schema=_quoted(schema) if schema else None)


def _lower_bound(table: DatabaseTable, low: str, offered: dict[str, OfferedColumn]) -> Any:
    kind = offered[str(table.watermark)].type_name
    if kind in _TIMES:
        moment = sa.cast(sa.literal(low, sa.Text), sa.TIMESTAMP(timezone=kind == "timestamptz"))
        return moment - sa.func.make_interval(0, 0, 0, 0, 0, 0, float(table.overlap))
    if kind == "date":
        return sa.cast(sa.literal(low, sa.Text), sa.Date) - sa.literal(-(-table.overlap // 86_400), sa.Integer)
    bound = Decimal(low) - table.overlap
    if kind in _WHOLE_NUMBERS:  # compared as a whole number, so that an index on the column is used
        return sa.cast(sa.literal(math.floor(bound)), sa.BigInteger)
    return sa.cast(sa.literal(str(bound), sa.Text), sa.Numeric)


def _within_days(column: Any, kind: str, request: Request) -> Any:
    """Rows of the days, and rows without a day: they are refused later, not left out."""
    first, last = request.first_day, request.last_day
    if first is None or last is None:
        raise ValueError("days are asked for by both bounds")
    low: Any
    high: Any
    if kind == "timestamptz":
        low, high = start_of_day(first, request.timezone), end_of_day(last, request.timezone)
    else:
        low, high = sa.cast(sa.literal(first), sa.Date), sa.cast(sa.literal(last + timedelta(days=1)), sa.Date)
    return sa.or_(sa.and_(column >= low, column < high), column.is_(None))
