"""The same lake and the same models in BigQuery: equal to DuckDB's row by row, published all at once, replaced by whole days.

Needs a BigQuery emulator (``bigquery_emulator.py`` says how to get one) and skips without: nothing here ran against Google.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import open_storage
from trend_assets.lib.demand.cards import decision_cards
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets.warehouse.bigquery_engine import BigQueryWarehouse
from trend_assets.warehouse.dbt_sources import PROJECT_FOLDER, SOURCES, source_columns
from trend_assets.warehouse.engine import (
    PUBLISH_STEPS,
    PUBLISHED_TABLES,
    NotPublishableError,
    Publication,
    WarehouseMissingError,
    dbt_environment_of,
    open_warehouse,
)
from trend_assets_tests.bigquery_emulator import PROJECT, emulator_endpoint
from trend_assets_tests.dbt_project.conftest import Built, results_of, run_dbt
from trend_assets_tests.dbt_project.small_lake import DAYS, orders
from trend_assets_tests.storages import cloud_endpoint, new_bucket

MODELS = [path.stem for path in sorted((PROJECT_FOLDER / "models").rglob("*.sql"))]
READY_QUERIES = sorted((PROJECT_FOLDER / "analyses").glob("*.sql"))


@dataclass(frozen=True)
class Cloud:
    """The small lake in a bucket and its warehouse in BigQuery."""

    root: Path
    settings: Settings
    lake: Lake
    warehouse: BigQueryWarehouse
    publication: Publication

    def dbt(self, *arguments: str, days: tuple[date, date] | None = None) -> str:
        """Bring the sources up to date, run dbt; returns what it printed."""
        self.warehouse.load_sources(self.lake, *(days or (None, None)))
        finished = run_dbt(self.root, *arguments, days=days, variables=dbt_environment_of(self.settings))
        return finished.stdout


@pytest.fixture(scope="module")
def cloud(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """The lake of ``built`` in a bucket, built by dbt in BigQuery, published."""
    endpoint, root = emulator_endpoint(), tmp_path_factory.mktemp("cloud")
    settings = Settings(
        environment="staging",
        pseudonym_key="a key of staging",
        data=new_bucket(),
        scratch=str(root),
        bigquery_project=PROJECT,
        bigquery_dataset_prefix="staging_",
        bigquery_endpoint=endpoint,
        storage_endpoint=cloud_endpoint(),
        _env_file=None,
    )
    storage = open_storage(settings.lake_root, endpoint=settings.storage_endpoint)
    for path in built.lake.storage.list():
        storage.write_new(path, built.lake.storage.read(path))
    warehouse = open_warehouse(settings)
    assert isinstance(warehouse, BigQueryWarehouse)
    for read in (
        warehouse.tables,
        lambda: warehouse.query("select 1"),
        lambda: warehouse.read_working("mart_orders_daily"),
        warehouse.publish,
    ):
        with pytest.raises(WarehouseMissingError, match="run the job"):
            read()
    assert (warehouse.exists(), warehouse.identity()) == (False, "")
    lake = Lake(storage)
    warehouse.load_sources(lake)
    finished = run_dbt(root, "build", variables=dbt_environment_of(settings))
    assert finished.returncode == 0, finished.stdout
    return Cloud(root, settings, lake, warehouse, warehouse.publish())


def comparable(rows: pa.Table) -> list[tuple[Any, ...]]:
    """Rows in one order, floats without the last digits: two engines add them up in different orders."""
    found = [tuple(round(value, 9) if isinstance(value, float) else value for value in row.values()) for row in rows.to_pylist()]
    return sorted(found, key=str)


def test_every_dbt_test_passed_and_only_the_stock_dirt_warns(cloud: Cloud) -> None:
    results = results_of(cloud.root)
    assert {name for name, status in results.items() if status not in ("success", "pass", "no-op")} == {"assert_stock_moves_add_up"}


def test_sources_hold_the_committed_rows_and_no_column_they_may_not(cloud: Cloud) -> None:
    for path in SOURCES:
        table = TABLES[path]
        names = [column.name for column in source_columns(table)]
        found = cloud.warehouse.read_working(f"{table.group}.{table.name}")
        assert found.column_names == names
        assert comparable(found) == comparable(cloud.lake.read(table, columns=names)), path


@pytest.mark.parametrize("model", MODELS)
def test_models_are_those_of_duckdb(cloud: Cloud, built: Built, model: str) -> None:
    from trend_assets.warehouse.engine import read_working

    expected = read_working(built.working, model)
    found = cloud.warehouse.read_working(model)
    assert found.column_names == expected.column_names
    assert comparable(found) == comparable(expected)


def test_cards_made_from_bigquery_are_those_made_from_duckdb(cloud: Cloud, built: Built) -> None:
    from trend_assets.warehouse.engine import read_working

    day = DAYS[-1]
    expected = decision_cards(read_working(built.working, "int_trend_product_stock", day, day), day)
    found = decision_cards(cloud.warehouse.read_working("int_trend_product_stock", day, day), day)
    assert found.num_rows > 0
    assert found.equals(expected)


def test_working_tables_are_read_by_day_and_column(cloud: Cloud) -> None:
    rows = cloud.warehouse.read_working("warehouse.fct_inventory_daily", DAYS[2], DAYS[2], columns=["product_id", "inbound_units"])
    assert rows.to_pylist() == [{"product_id": product, "inbound_units": 0} for product in ("hat", "mug", "scarf")]
    assert cloud.warehouse.working_days("fct_inventory_daily", DAYS[1], DAYS[2]) == [DAYS[1], DAYS[2]]
    assert cloud.warehouse.working_days("no_such_model", DAYS[1], DAYS[2]) == []
    for relation, columns, reason in (
        ("no_such_model", None, "no_such_model"),
        ("x; drop table y", None, "not a table name"),
        ("fct_inventory_daily", ["no_such_column"], "it has no columns no_such_column"),
    ):
        with pytest.raises(ValueError, match=reason):
            cloud.warehouse.read_working(relation, columns=columns)


def test_the_publication_is_that_of_duckdb(cloud: Cloud, built: Built) -> None:
    assert cloud.warehouse.tables() == built.warehouse.tables()
    assert cloud.publication.rows == built.publication.rows
    assert cloud.warehouse.exists()


@pytest.mark.parametrize("path", READY_QUERIES, ids=lambda path: path.stem)
def test_ready_queries_answer_the_same(cloud: Cloud, built: Built, path: Path) -> None:
    expected = built.warehouse.query(path.read_text())
    found = cloud.warehouse.query(path.read_text())
    assert expected.num_rows > 0
    assert found.column_names == expected.column_names
    assert comparable(found) == comparable(expected)


def test_queries_take_parameters_and_only_read(cloud: Cloud) -> None:
    count = "select count(*) as n from retail.stores where channel = ? and day >= ?"
    assert cloud.warehouse.query(count, ["web", DAYS[1]]).to_pylist() == [{"n": 3}]
    for wrong in ("delete from retail.stores where true", "create table staging_warehouse.mine as select 1 as one", "selekt 1", " ; "):
        with pytest.raises(ValueError, match="query"):
            cloud.warehouse.query(wrong)


def test_analysts_find_views_on_the_release_with_descriptions(cloud: Cloud) -> None:
    client = cloud.warehouse.client
    for path in PUBLISHED_TABLES:
        view = client.get_table(f"{PROJECT}.staging_{path.replace('/', '.')}")
        assert view.table_type == "VIEW"
        assert view.description == TABLES[path].description
    [row] = client.query_and_wait(f"select count(*) as n from `{PROJECT}.staging_retail.stores`")
    assert row["n"] == cloud.publication.rows["retail.stores"]


# --- what follows changes the warehouse ---------------------------------------------------------------------------------


class StoppedError(RuntimeError):
    """The publisher was stopped."""


@pytest.mark.parametrize("step", PUBLISH_STEPS)
def test_a_publisher_stopped_at_any_step_leaves_one_whole_publication(cloud: Cloud, step: str) -> None:
    before = cloud.warehouse.identity()

    def stop(reached: str) -> None:
        if reached == step:
            raise StoppedError

    with pytest.raises(StoppedError):
        cloud.warehouse.publish(on_step=stop)
    after = cloud.warehouse.identity()
    assert (after != before) == (step == "swapped")
    assert cloud.warehouse.query("select count(*) as n from retail.stores").to_pylist() == [{"n": cloud.publication.rows["retail.stores"]}]


def test_of_two_publishers_one_is_told_to_run_again(cloud: Cloud) -> None:
    faster: list[Publication] = []

    def overtake(step: str) -> None:
        if step == "synced":
            faster.append(cloud.warehouse.publish())

    with pytest.raises(NotPublishableError, match="another publisher was faster"):
        cloud.warehouse.publish(on_step=overtake)
    assert str(faster[0].path).endswith(cloud.warehouse.identity())


def test_superseded_snapshots_expire_and_the_current_ones_do_not(cloud: Cloud) -> None:
    cloud.warehouse.publish()
    current = cloud.warehouse.identity()
    expiry = {table.table_id: table.expires for table in cloud.warehouse.client.list_tables(f"{PROJECT}.staging_releases")}
    assert all((moment is None) == name.startswith((current, "current_release")) for name, moment in expiry.items()), expiry


@pytest.fixture(scope="module")
def day_run(cloud: Cloud) -> Cloud:
    """After a daily run over the last day, which lost its stock and its trends and got one more order."""
    last, trends, stock, sales = DAYS[-1], TABLES["topics/trends"], TABLES["retail/inventory"], TABLES["retail/orders"]
    cloud.lake.publish(trends, {f"{last}-{hour}:00": trends.empty() for hour in (10, 11)}, allow_shrink=True)
    cloud.lake.publish(stock, {last.isoformat(): stock.empty()}, allow_shrink=True)
    cloud.lake.publish(sales, {last.isoformat(): sales.from_rows([*orders(last), orders(last)[0] | {"line": 9}])})
    cloud.dbt("build", "--select", "tag:daily", "--exclude-resource-type", "unit_test", days=(last, last))
    return cloud


def test_a_daily_run_replaces_its_day_even_by_nothing_and_keeps_the_others(day_run: Cloud, built: Built) -> None:
    days = day_run.warehouse.read_working("fct_inventory_daily", columns=["day"])["day"].to_pylist()
    assert sorted(set(days)) == DAYS[:-1]
    from trend_assets.warehouse.engine import read_working

    earlier = read_working(built.working, "int_sales_rates", None, DAYS[-2])
    assert comparable(day_run.warehouse.read_working("int_sales_rates", None, DAYS[-2])) == comparable(earlier)
    rates = day_run.warehouse.read_working("int_sales_rates", DAYS[-1], DAYS[-1]).to_pylist()
    [scarf] = [row for row in rates if (row["product_id"], row["store_id"]) == ("scarf", "paris")]
    assert (scarf["days_known"], scarf["daily_units"]) == (4, (4 * 4 + 4) / 4)


def test_only_days_that_changed_are_loaded_again(day_run: Cloud) -> None:
    last = DAYS[-1]
    assert day_run.warehouse.load_sources(day_run.lake, last, last) == {}
    stores = TABLES["retail/stores"]
    rows = day_run.lake.read(stores, [last.isoformat()]).to_pylist()
    renamed = [row | {"store_name": f"{row['store_name']}, renamed"} for row in rows]
    day_run.lake.publish(stores, {last.isoformat(): stores.from_rows(renamed)})
    assert day_run.warehouse.load_sources(day_run.lake, last, last) == {"retail.stores": len(rows)}
    assert comparable(day_run.warehouse.read_working("retail.stores")) == comparable(day_run.lake.read(stores))


def forget_failures(cloud: Cloud) -> None:
    """As if the tests that failed had passed since."""
    cloud.warehouse.client.query_and_wait(f"delete from `{PROJECT}.staging_working_lake.failing_nodes` where true")


def test_failed_tests_and_runs_over_some_days_are_not_published(day_run: Cloud) -> None:
    before = day_run.warehouse.identity()
    with pytest.raises(NotPublishableError, match="key_exists_stg_product_trend_links_day__topic_id"):
        day_run.warehouse.publish()
    assert day_run.warehouse.identity() == before
    forget_failures(day_run)
    day_run.warehouse.load_sources(day_run.lake, DAYS[-1], DAYS[-1])
    with pytest.raises(NotPublishableError, match="only some days"):
        day_run.warehouse.publish()


def test_readers_see_whole_publications_while_one_is_made(day_run: Cloud) -> None:
    forget_failures(day_run)
    reader = BigQueryWarehouse(PROJECT, "staging_", "EU", day_run.settings.bigquery_endpoint)
    sql = "select (select max(store_name) from retail.stores) as store, (select sum(quantity) from retail.orders) as units"
    seen, failed, stop = set(), [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                seen.add(tuple(reader.query(sql).to_pylist()[0].values()))
            except Exception as error:  # whatever it is, a reader must not see it
                failed.append(error)

    stores, last = TABLES["retail/stores"], DAYS[-1].isoformat()
    moved = [row | {"store_name": "Zurich"} for row in day_run.lake.read(stores, [last]).to_pylist()]
    day_run.lake.publish(stores, {last: stores.from_rows(moved)})
    day_run.warehouse.load_sources(day_run.lake)
    [before] = {tuple(row.values()) for row in reader.query(sql).to_pylist()}
    thread = threading.Thread(target=read)
    thread.start()
    day_run.warehouse.publish()
    stop.set()
    thread.join()
    [after] = {tuple(row.values()) for row in reader.query(sql).to_pylist()}
    assert before != after
    assert before in seen
    assert seen <= {before, after}
    assert failed == []
