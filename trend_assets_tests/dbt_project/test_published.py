"""What the published file of the small lake holds: marts and lake tables, described, and answers to the ready queries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from trend_assets.tables import TABLES
from trend_assets.warehouse.dbt_sources import PROJECT_FOLDER
from trend_assets.warehouse.engine import PUBLISHED_TABLES, column_comment, read_working
from trend_assets_tests.dbt_project.conftest import Built
from trend_assets_tests.dbt_project.small_lake import DAYS

READY_QUERIES = sorted((PROJECT_FOLDER / "analyses").glob("*.sql"))


def test_the_published_file_holds_marts_and_lake_tables_under_their_own_names(built: Built) -> None:
    tables = built.warehouse.tables()
    assert {path.replace("/", ".") for path in PUBLISHED_TABLES} <= set(tables)
    marts = {name for name in tables if name.startswith("warehouse.")}
    assert marts == {f"warehouse.{path.stem}" for path in (PROJECT_FOLDER / "models" / "marts").rglob("*.sql")}
    star = {"dim_product", "dim_store", "dim_date", "dim_topic"}
    star |= {"fct_topic_hourly", "fct_trend_daily", "fct_orders", "fct_inventory_daily", "fct_deliveries"}
    assert {f"warehouse.{name}" for name in star} <= marts
    views = built.warehouse.query("select count(*) as views from duckdb_views() where not internal").to_pylist()
    assert views == [{"views": 0}], "a view could name files that move"


@pytest.mark.parametrize("model", sorted(path.stem for path in (PROJECT_FOLDER / "models").rglob("*.sql")))
def test_every_model_can_be_read_from_the_working_file(built: Built, model: str) -> None:
    """Tables and views alike: a view names the file that dbt made it in."""
    assert read_working(built.working, model).num_rows >= 0


def test_every_published_table_and_column_is_described(built: Built) -> None:
    assert all(built.warehouse.tables().values())
    columns = built.warehouse.query("select table_name, column_name, comment from duckdb_columns() where not internal").to_pylist()
    assert len(columns) > 200
    assert not [column for column in columns if not column["comment"]]
    comments = {(column["table_name"], column["column_name"]): column["comment"] for column in columns}
    assert comments["trends", "burst_z"] == column_comment(TABLES["topics/trends"].column("burst_z"))
    assert comments["fct_trend_daily", "burst_z"].endswith("[standard deviations]")


def test_published_rows_are_those_of_the_lake(built: Built) -> None:
    for path in PUBLISHED_TABLES:
        expected = built.lake.read(TABLES[path])
        name = path.replace("/", ".")
        assert built.publication.rows[name] == expected.num_rows
        columns = [column.name for column in TABLES[path].columns]
        found = built.warehouse.query(f"select {', '.join(columns)} from {name} order by all")
        assert found.cast(expected.schema.remove_metadata()).to_pylist() == sorted_rows(expected)


def sorted_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows in the order of DuckDB's ``order by all``."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.register("rows", table)
    return connection.execute("select * from rows order by all").to_arrow_table().cast(table.schema.remove_metadata()).to_pylist()


@pytest.mark.parametrize("path", READY_QUERIES, ids=lambda path: path.stem)
def test_ready_queries_answer(built: Built, path: Path) -> None:
    text = path.read_text()
    assert text.startswith("-- "), "the first line is the question"
    assert built.warehouse.query(text).num_rows > 0
    assert built.warehouse.query(text).equals(built.warehouse.query(text))


def test_the_last_hour_of_a_day_says_how_people_spoke_that_day(built: Built) -> None:
    rows = built.warehouse.query((PROJECT_FOLDER / "analyses" / "what_people_say_about_us.sql").read_text()).to_pylist()
    [of_all] = [row for row in rows if row["topic"] == "every post" and row["day"] == DAYS[-1]]
    assert (of_all["posts"], of_all["positive"], of_all["negative"], of_all["withheld"]) == (10, 0.5, 0.5, 0.0)
    assert [row["positive"] for row in rows if row["topic"] == "red scarf" and row["day"] == DAYS[-1]] == [1.0]


def test_the_accounting_query_adds_up(built: Built) -> None:
    for row in built.warehouse.query((PROJECT_FOLDER / "analyses" / "records_by_landing_file.sql").read_text()).to_pylist():
        outcomes = ("posts", "reposts", "duplicates", "deletions", "quarantined", "ignored")
        assert row["records_in"] == sum(row[outcome] for outcome in outcomes)
