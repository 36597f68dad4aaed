"""The published warehouse file: what it holds, who may read what, and that no reader ever sees half a publication."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.settings import Settings
from trend_assets.tables import TABLES, Table
from trend_assets.warehouse.bigquery_names import Names, bigquery_type, relation_of, release_table_id
from trend_assets.warehouse.dbt_sources import LOOKBACK_DAYS, MirroredLake, create_source_views, days_to_make, partitions_in_range
from trend_assets.warehouse.duckdb_engine import DuckDBWarehouse
from trend_assets.warehouse.engine import (
    PUBLISH_STEPS,
    PUBLISHED_TABLES,
    NotPublishableError,
    Warehouse,
    WarehouseBusyError,
    WarehouseMissingError,
    dbt_variables,
    open_warehouse,
    publish,
    read_working,
)
from trend_assets_tests.storages import new_storage

ROOT = Path(__file__).resolve().parents[2]


class Files:
    """A stand-in for the lake where a test is about views: files by table and partition key."""

    def __init__(self, files: dict[str, dict[str, str]] | None = None) -> None:
        self._files = files or {}

    def partitions(self, table: Table) -> list[str]:
        return list(self._files.get(table.path, {}))

    def files(self, table: Table, partitions: list[str] | None = None) -> list[str]:
        return [path for key, path in self._files.get(table.path, {}).items() if partitions is None or key in partitions]


def _working_file(path: Path, marker: int = 1, rows: int = 1000) -> Path:
    """A working file as dbt leaves it, with one mart whose rows all hold ``marker``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        create_source_views(connection, Files())
        connection.execute(
            "create table lake.failing_nodes (unique_id varchar, name varchar, status varchar, first_day date, last_day date)"
        )
        connection.execute("create schema warehouse")
        connection.execute(f"create table warehouse.mart_example as select {marker} as marker from range({rows})")
        connection.execute("comment on table warehouse.mart_example is 'An example'")
        connection.execute("comment on column warehouse.mart_example.marker is 'Which publication'")
    return path


@pytest.fixture
def working(tmp_path: Path) -> Path:
    return _working_file(tmp_path / "warehouse" / "working.duckdb")


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "lake" / "trends.duckdb"


def _markers(warehouse: Warehouse) -> set[tuple[int, int]]:
    rows = warehouse.query("select marker, count(*) as rows from warehouse.mart_example group by marker").to_pylist()
    return {(row["marker"], row["rows"]) for row in rows}


# --- reading -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "create table mine as select 1",
        "drop table warehouse.mart_example",
        "copy (select 1) to 'elsewhere.csv'",
        "select * from read_text('/etc/hostname')",
        "attach 'elsewhere.duckdb'",
        "set enable_external_access = true",
        "selekt 1",
        "",
        ";",
    ],
)
def test_queries_only_read_and_only_this_file(working: Path, published: Path, sql: str) -> None:
    publish(working, published)
    before = published.read_bytes()
    with pytest.raises(ValueError, match="query"):
        Warehouse(published).query(sql)
    assert published.read_bytes() == before


def test_queries_take_parameters(working: Path, published: Path) -> None:
    publish(working, published)
    assert Warehouse(published).query("select count(*) as n from warehouse.mart_example where marker = ?", [1]).to_pylist() == [{"n": 1000}]


def test_a_missing_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(WarehouseMissingError, match="make run"):
        Warehouse(tmp_path / "trends.duckdb").query("select 1")
    with pytest.raises(WarehouseMissingError, match="run dbt"):
        publish(tmp_path / "working.duckdb", tmp_path / "trends.duckdb")


def test_the_working_file_is_busy_while_dbt_writes(working: Path, published: Path) -> None:
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code, str(working)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdin is not None
        assert writer.stdout.readline() == "open\n"
        with pytest.raises(WarehouseBusyError):
            read_working(working, "mart_example")
        with pytest.raises(WarehouseBusyError):
            publish(working, published)
        writer.stdin.close()
    assert read_working(working, "mart_example").num_rows == 1000


# --- publishing --------------------------------------------------------------------------------------------------------


def test_a_reader_keeps_the_file_it_opened_and_the_next_one_gets_the_new(working: Path, published: Path) -> None:
    publish(working, published)
    warehouse = Warehouse(published)
    with duckdb.connect(str(published), read_only=True) as early:
        _working_file(working, marker=2, rows=10)
        publish(working, published)
        assert early.execute("select marker, count(*) from warehouse.mart_example group by 1").fetchall() == [(1, 1000)]
        assert _markers(warehouse) == {(2, 10)}, "also while this process still has the old file open"


def test_the_identity_changes_with_each_publication_and_only_then(working: Path, published: Path) -> None:
    warehouse = DuckDBWarehouse(working, published)
    assert (warehouse.exists(), warehouse.identity()) == (False, "")
    seen = []
    for _ in range(3):
        warehouse.publish()
        seen.append(warehouse.identity())
        assert warehouse.query("select count(*) as n from warehouse.mart_example").to_pylist() == [{"n": 1000}]
        assert warehouse.identity() == seen[-1]
    assert len(set(seen)) == 3
    assert warehouse.exists()


def test_an_environment_has_its_engine(tmp_path: Path) -> None:
    dev = open_warehouse(Settings(_env_file=None, data=str(tmp_path)))
    assert isinstance(dev, DuckDBWarehouse)
    assert (dev.dialect, dev.path, dev.working) == (
        "duckdb",
        tmp_path / "lake" / "trends.duckdb",
        tmp_path / "warehouse" / "working.duckdb",
    )
    staging = Settings(_env_file=None, environment="staging", data="gs://bucket", pseudonym_key="secret", bigquery_project="project")
    assert open_warehouse(staging).dialect == "bigquery", "and no connection is opened"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select * from topics.trends", "select * from `p`.`x_releases`.`r1__topics__trends`"),
        ("select trends.rank from topics.trends as trends", "select trends.rank from `p`.`x_releases`.`r1__topics__trends` as trends"),
        ("select 'topics.trends', \"topics.trends\" -- topics.trends", "select 'topics.trends', \"topics.trends\" -- topics.trends"),
        ("select 'it\\'s topics.trends' from topics.other", "select 'it\\'s topics.trends' from topics.other"),
        ("select x.topics.trends, `topics.trends`, topics.trends(1)", "select x.topics.trends, `topics.trends`, topics.trends(1)"),
        ("/* topics.trends\n */ from topics.trends", "/* topics.trends\n */ from `p`.`x_releases`.`r1__topics__trends`"),
    ],
)
def test_on_bigquery_published_names_stand_for_the_tables_of_one_release(sql: str, expected: str) -> None:
    assert Names("p", "x_").on_release(sql, "r1", {"topics.trends"}) == expected
    assert relation_of(release_table_id("r1", "topics.trends")) == ("r1", "topics.trends")
    assert relation_of("current_release") == ("", "")


def test_every_declared_type_has_a_type_in_bigquery() -> None:
    for table in TABLES.values():
        for column in table.columns:
            kind, mode = bigquery_type(column.type)
            assert kind.isalnum()
            assert (mode == "REPEATED") == pa.types.is_list(column.type), column.name


def test_failing_tests_are_not_published(working: Path, published: Path) -> None:
    publish(working, published)
    _working_file(working, marker=2)
    with duckdb.connect(str(working)) as connection:
        connection.execute("insert into lake.failing_nodes values ('test.x', 'unique_key_of_something', 'fail', null, null)")
    with pytest.raises(NotPublishableError, match=r"unique_key_of_something \(fail\)"):
        publish(working, published)
    assert _markers(Warehouse(published)) == {(1, 1000)}


def test_a_working_file_over_some_days_only_is_not_published(working: Path, published: Path) -> None:
    with duckdb.connect(str(working)) as connection:
        create_source_views(connection, Files(), date(2026, 9, 1), date(2026, 9, 2))
    with pytest.raises(NotPublishableError, match="some days"):
        publish(working, published)


def test_a_working_file_without_marts_is_not_published(working: Path, published: Path) -> None:
    with duckdb.connect(str(working)) as connection:
        connection.execute("drop table warehouse.mart_example")
    with pytest.raises(NotPublishableError, match="no marts"):
        publish(working, published)


_KILLED_PUBLISHER = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from trend_assets.warehouse.engine import publish

    def kill(step):
        if step == sys.argv[3]:
            os.kill(os.getpid(), signal.SIGKILL)

    publish(Path(sys.argv[1]), Path(sys.argv[2]), on_step=kill)
    """
)


@pytest.mark.parametrize("step", PUBLISH_STEPS)
def test_a_publisher_killed_at_any_step_leaves_one_whole_publication(working: Path, published: Path, step: str) -> None:
    publish(working, published)
    _working_file(working, marker=2, rows=20_000)
    seen: set[frozenset[tuple[int, int]]] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(frozenset(_markers(Warehouse(published))))

    reader = threading.Thread(target=read)
    reader.start()
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED_PUBLISHER, str(working), str(published), step], check=False, cwd=ROOT, env=os.environ
    )
    stop.set()
    reader.join()
    assert killed.returncode == -signal.SIGKILL
    old, new = frozenset({(1, 1000)}), frozenset({(2, 20_000)})
    assert seen <= {old, new}
    assert seen, "the reader read"
    assert frozenset(_markers(Warehouse(published))) == (new if step == "swapped" else old)

    publish(working, published)
    assert frozenset(_markers(Warehouse(published))) == new
    left = sorted(path.name for path in published.parent.iterdir())
    assert left == [".trends.duckdb.lock", "trends.duckdb"], "what the killed publisher left is swept"


# --- how dbt sees the lake ---------------------------------------------------------------------------------------------


def test_a_source_without_files_is_empty_with_the_declared_types() -> None:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    create_source_views(connection, Files())
    for path in PUBLISHED_TABLES:
        found = connection.execute(f"select * from {path.replace('/', '.')}").to_arrow_table()
        assert found.num_rows == 0
        assert found.schema.equals(pa.schema([pa.field(field.name, field.type) for field in TABLES[path].schema])), path


def test_a_source_is_exactly_the_committed_files(tmp_path: Path) -> None:
    stores = TABLES["retail/stores"]

    def write(name: str, store: str) -> str:
        path = tmp_path / "day=2026-09-01 [x]" / name
        path.parent.mkdir(exist_ok=True)
        row = {"day": date(2026, 9, 1), "store_id": store, "store_name": store, "channel": "web", "data_origin": "real"}
        pq.write_table(stores.from_rows([row]), path)
        return str(path)

    committed = write("part-1.parquet", "committed")
    write("part-2.parquet", "left by a killed writer")
    connection = duckdb.connect()
    create_source_views(connection, Files({"retail/stores": {"2026-09-01": committed}}))
    assert connection.execute("select store_id from retail.stores").fetchall() == [("committed",)]
    assert [row[0] for row in connection.execute("describe retail.stores").fetchall()] == [column.name for column in stores.columns]
    assert connection.execute("select partitions, files from lake.source_snapshot where table_name = 'retail/stores'").fetchall() == [
        (1, 1)
    ]


def test_a_lake_in_a_bucket_is_read_through_local_copies_of_its_parts(tmp_path: Path) -> None:
    stores, storage = TABLES["retail/stores"], new_storage("gcs", tmp_path)
    lake = Lake(storage)
    row = {"day": date(2026, 9, 1), "store_id": "paris", "store_name": "Paris", "channel": "web", "data_origin": "real"}
    lake.publish(stores, {"2026-09-01": stores.from_rows([row])})
    lake.publish(stores, {"2026-09-01": stores.from_rows([row | {"store_name": "Paris Nord"}])})
    for _ in range(2):
        with duckdb.connect() as connection:
            create_source_views(connection, MirroredLake(lake, tmp_path / "mirror"))
            assert connection.execute("select store_name from retail.stores").fetchall() == [("Paris Nord",)]
    assert len([path for path in (tmp_path / "mirror").rglob("*") if path.is_file()]) == 1, "only what is committed is fetched"


def test_a_day_range_takes_the_days_that_models_look_back_to() -> None:
    days = [f"2026-09-{day:02}" for day in range(1, 31)]
    hours = [f"{day}-{hour:02}:00" for day in days for hour in range(24)]
    first, last = date(2026, 9, 20), date(2026, 9, 21)
    orders, trends = TABLES["retail/orders"], TABLES["topics/trends"]
    assert partitions_in_range(orders, days, first, last) == days[19 - LOOKBACK_DAYS["day"] : 21]
    assert partitions_in_range(trends, hours, first, last) == hours[18 * 24 : 21 * 24]
    assert partitions_in_range(trends, hours, None, None) == hours


def test_a_run_makes_the_days_after_its_own_that_look_back_to_them_and_were_made(tmp_path: Path) -> None:
    links, lake = TABLES["demand/product_trend_links"], Lake(str(tmp_path / "lake"))
    warehouse = DuckDBWarehouse(tmp_path / "working.duckdb", tmp_path / "none")
    days = [date(2026, 9, day) for day in range(1, 31)]
    empty = days[10]
    for day in days:
        if day != empty:
            lake.publish(links, {day.isoformat(): links.empty()})

    def made(first: date, last: date) -> tuple[date, date]:
        return days_to_make(lake, warehouse, first, last)

    def hold(fact: str, day: date) -> None:
        with duckdb.connect(str(warehouse.working)) as connection:
            connection.execute("create schema if not exists warehouse")
            connection.execute(f"create table if not exists warehouse.{fact} (day date)")
            connection.execute(f"insert into warehouse.{fact} values (?), (?)", [day, day])

    for day in days[:6]:
        assert made(day, day) == (day, day), "a backfill of day after day makes each once, whatever the lake has"
        hold("fct_inventory_daily", day)
    hold("fct_orders", days[7])
    assert made(days[3], days[4]) == (days[3], days[5]), "the seventh is not made: the run that makes it goes on with the eighth"
    assert made(days[6], days[6]) == (days[6], days[7])
    for day in days[6:]:
        if day != empty:
            hold("fct_trend_daily", day)
    assert made(days[4], days[5]) == (days[4], days[5 + 13]), "a day that the lake does not have ends nothing"
    assert made(days[29], days[29]) == (days[29], days[29]), "an ordinary night"


def test_dbt_variables_are_a_whole_range_or_none() -> None:
    assert dbt_variables() == {"first_day": "", "last_day": ""}
    assert dbt_variables(date(2026, 9, 1), date(2026, 9, 2)) == {"first_day": "2026-09-01", "last_day": "2026-09-02"}
    with pytest.raises(ValueError, match="neither"):
        dbt_variables(date(2026, 9, 1))
