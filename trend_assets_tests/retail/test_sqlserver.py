"""SQL Server's statements are what they should be, by golden texts and a parser of T-SQL; no server runs here, see the docs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.dialects import mssql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from trend_assets.lib.retail.database import DatabaseTable
from trend_assets.retail.database import OfferedColumn, Request, check_watermark, open_database
from trend_assets.retail.database_errors import DatabaseError, explained_sql_server
from trend_assets.retail.sqlserver import SqlServerDatabase, days_statement, reached_statement, rows_statement

CLOCK = datetime(2026, 9, 1, tzinfo=UTC)
TYPES = {
    "id": "int",
    "at": "datetimeoffset",
    "changed": "datetime2",
    "old": "datetime",
    "day": "date",
    "price": "money",
    "paid": "bit",
    "note": "nvarchar",
    "row": "uniqueidentifier",
    "weight": "float",
    "version": "timestamp",
}
OFFERED = {name: OfferedColumn(name, kind, None) for name, kind in TYPES.items()}


def written(statement: Any) -> str:
    """The T-SQL of a statement on one line, which a parser of T-SQL must accept."""
    text = str(statement.compile(dialect=mssql.dialect(), compile_kwargs={"literal_binds": True}))
    parser = pytest.importorskip("sqlglot", reason="comes with the extra forecasting")
    parser.parse_one(text, read="tsql")
    return " ".join(text.split())


def changes(watermark: str, **more: Any) -> DatabaseTable:
    return DatabaseTable(table="dbo.Order]Lines", mode="watermark", watermark=watermark, **more)


TABLE = "[dbo].[Order]]Lines]"
TEXTS = {
    "id": f"convert(nvarchar(max), {TABLE}.[id])",
    "at": f"convert(nvarchar(33), CAST(switchoffset({TABLE}.[at], '+00:00') AS DATETIME2(7)), 126) + N'+00:00'",
    "changed": f"convert(nvarchar(33), {TABLE}.[changed], 126)",
    "day": f"convert(nvarchar(10), {TABLE}.[day], 23)",
    "price": f"convert(nvarchar(40), {TABLE}.[price], 2)",
    "paid": f"CASE WHEN ({TABLE}.[paid] = 1) THEN 'true' WHEN ({TABLE}.[paid] = 0) THEN 'false' END",
    "note": f"convert(nvarchar(max), {TABLE}.[note])",
    "row": f"lower(convert(nvarchar(36), {TABLE}.[row]))",
    "weight": f"convert(nvarchar(40), {TABLE}.[weight], 3)",
    "version": f"convert(nvarchar(20), convert(bigint, {TABLE}.[version]))",
}


@pytest.mark.parametrize("column", TEXTS)
def test_each_type_is_read_as_an_exact_text_that_no_language_changes(column: str) -> None:
    assert written(rows_statement(changes("id"), Request((column,)), OFFERED)) == f"SELECT {TEXTS[column]} AS {column} FROM {TABLE}"


BOUNDS = {
    ("at", "2026-09-01T08:00:00+00:00"): "dateadd(second, -3600, convert(datetimeoffset(7), N'2026-09-01T08:00:00+00:00'))",
    ("changed", "2026-09-01T08:00:00.1234567"): "dateadd(second, -3600, convert(datetime2(7), N'2026-09-01T08:00:00.1234567', 126))",
    ("old", "2026-09-01T08:00:00.003"): "dateadd(second, -3600, convert(datetime, N'2026-09-01T08:00:00.003', 126))",
    ("day", "2026-09-01"): "dateadd(day, -1, convert(date, N'2026-09-01', 23))",
    ("id", "9000"): "CAST(5400 AS BIGINT)",
    ("version", "81920"): "convert(binary(8), CAST(78320 AS BIGINT))",
}


@pytest.mark.parametrize(("watermark", "low"), BOUNDS)
def test_changes_begin_before_the_watermark_in_its_own_type_and_include_equal_and_missing_ones(watermark: str, low: str) -> None:
    column = f"{TABLE}.[{watermark}]"
    expected = f"WHERE {column} >= {BOUNDS[watermark, low]} OR {column} IS NULL"
    assert written(rows_statement(changes(watermark), Request(("note",), low=low), OFFERED)).endswith(expected)


def test_without_an_overlap_the_rows_with_the_watermark_itself_are_read_again() -> None:
    found = written(rows_statement(changes("version", overlap=0), Request(("note",), low="81920"), OFFERED))
    assert f"{TABLE}.[version] >= convert(binary(8), CAST(81920 AS BIGINT))" in found


def test_a_row_version_stays_below_those_of_open_transactions() -> None:
    highest = f"convert(bigint, max({TABLE}.[version]))"
    active = "convert(bigint, min_active_rowversion())"
    found = written(reached_statement(changes("version"), Request(("id",)), OFFERED, CLOCK))
    assert f"CASE WHEN ({highest} < {active}) THEN {highest} ELSE {active} - 1 END" in found


def test_a_time_in_the_future_does_not_become_the_watermark_by_the_tables_clock() -> None:
    paris = Request(("id",), timezone="Europe/Paris")
    found = written(reached_statement(changes("changed"), paris, OFFERED, CLOCK))
    now = "convert(datetime2(7), N'2026-09-01T02:00:00.000000', 126)"
    assert f"CASE WHEN (max({TABLE}.[changed]) > {now}) THEN {now} ELSE max({TABLE}.[changed]) END" in found
    assert "N'2026-09-01T00:00:00+00:00'" in written(reached_statement(changes("at"), paris, OFFERED, CLOCK))


def test_days_are_bounds_in_the_tables_time_zone_and_a_snapshot_is_in_order() -> None:
    stock = DatabaseTable(query="select id, at, 'a:b' as note from stock where note like '%x'", mode="snapshot", day="at")
    asked = Request(("id",), ("id",), first_day=date(2026, 9, 1), last_day=date(2026, 9, 2), timezone="Europe/Paris")
    assert written(rows_statement(stock, asked, OFFERED)) == (
        "SELECT convert(nvarchar(max), source.[id]) AS id FROM ( select id, at, 'a:b' as note from stock where note like '%x' ) AS source "
        "WHERE source.[at] >= convert(datetimeoffset(7), N'2026-08-31T22:00:00+00:00') "
        "AND source.[at] < convert(datetimeoffset(7), N'2026-09-02T22:00:00+00:00') OR source.[at] IS NULL "
        "ORDER BY convert(nvarchar(max), source.[id])"
    )
    plain = DatabaseTable(table="dbo.stock", mode="snapshot", day="old")
    assert "convert(datetime, N'2026-09-01T00:00:00', 126)" in written(rows_statement(plain, asked, OFFERED))


def test_a_sample_is_the_top_rows() -> None:
    assert written(rows_statement(changes("id"), Request(("id",), limit=20), OFFERED)).startswith("SELECT TOP 20 ")


def test_days_there_are_come_without_the_servers_names_of_time_zones() -> None:
    assert "datediff(minute" in written(days_statement(changes("at"), "at", OFFERED))
    assert "convert(nvarchar(10), convert(date, " in written(days_statement(changes("old"), "old", OFFERED))


def test_a_watermark_that_cannot_be_compared_is_refused() -> None:
    database = SqlServerDatabase(make_url("mssql://reader@shop/shop"))
    check_watermark(database, changes("version"), OFFERED, "orders")
    with pytest.raises(DatabaseError, match="'note' is of type nvarchar"):
        check_watermark(database, changes("note"), OFFERED, "orders")


class _RefusalError(Exception):
    """What the driver raises: a number and bytes, nested once more where the connection failed."""


ERRORS = [
    ((18456, b"Login failed for user 'reader'. s3cret DB-Lib error message 20018, severity 14:\n"), "wrong user or password"),
    (((20002, b"Login failed for user 'reader'."),), "wrong user or password"),
    ((4060, b"Cannot open database"), "there is no database 'shop'"),
    ((208, b"Invalid object name 'x'."), "a table that is not there"),
    ((229, b"The SELECT permission was denied"), "grant select on"),
    ((156, b"Incorrect syntax near the keyword 'with'."), "without WITH and ORDER BY"),
    ((1033, b"The ORDER BY clause is invalid in views"), "leave it out"),
    ((1222, b"Lock request time out period exceeded."), "stayed locked"),
    ((20003, b"Adaptive Server connection timed out"), r"longer than timeout_seconds \(300\)"),
    ((20009, b"Unable to connect"), "no server answers at shop:1433/shop as reader"),
    ((50000, b"Something else"), r"the database refused: Something else \(50000\)"),
]


@pytest.mark.parametrize(("arguments", "said"), ERRORS)
def test_each_error_says_what_to_do_and_never_the_password(arguments: tuple[Any, ...], said: str) -> None:
    url = make_url("mssql://reader:s3cret@shop/shop")
    error = explained_sql_server(OperationalError("select 1", {}, _RefusalError(*arguments)), url, "orders (dbo.t)", 300)
    with pytest.raises(DatabaseError, match=said):
        raise error
    assert "s3cret" not in str(error)


def test_an_address_of_another_system_and_a_server_that_does_not_answer_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DatabaseError, match=r"only postgresql:// and mssql:// are supported") as told:
        open_database("oracle://reader:s3cret@shop/shop")
    assert "s3cret" not in str(told.value)
    pytest.importorskip("pymssql", reason="needs the extra sqlserver")
    database = open_database("mssql://reader:s3cret@127.0.0.1:1/shop")
    with (
        pytest.raises(DatabaseError, match=r"no server answers at 127\.0\.0\.1:1/shop") as told,
        database.view(changes("id"), "orders (dbo.t)"),
    ):
        pass
    assert "s3cret" not in str(told.value)
