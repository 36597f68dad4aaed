"""The worked example of SQL sources: AdventureWorks in PostgreSQL, read through its shipped mapping.

A few rows come with the tests (see ``adventureworks/NOTICE.txt``); the whole company is read where its files are.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from trend_assets.lake.storage import LocalStorage
from trend_assets.lib.retail.extracts import Extract
from trend_assets.retail.extracts import DatabaseSource
from trend_assets.retail.files import MAPPINGS, check_mapping, load_mapping, read_retail, retail_days
from trend_assets.retail.seen import SeenSources
from trend_assets_tests.postgres_server import ADMINISTRATOR, PASSWORD, Server, server
from trend_assets_tests.support import shared_data

__all__ = ["server"]
SAMPLE = Path(__file__).parent / "adventureworks"
MAPPING = MAPPINGS / "adventureworks_postgres.yml"
TABLES = {
    "production": [
        "Product",
        "ProductCategory",
        "ProductSubcategory",
        "ProductDescription",
        "ProductModelProductDescriptionCulture",
        "ProductInventory",
    ],
    "purchasing": ["ProductVendor", "PurchaseOrderHeader", "PurchaseOrderDetail"],
}


def load(server: Server, database: str, files: Mapping[str, bytes], landing: Path) -> DatabaseSource:
    """A database with the files' rows, and how to read it."""
    server.run(f"create database {database}")
    server.run((SAMPLE / "schema.sql").read_text(), database)
    with server.connect(database) as connection, connection.cursor() as cursor:
        for schema, names in TABLES.items():
            for name in names:
                copy = f"copy {schema}.{name} from stdin (format csv, delimiter E'\\t', quote E'\\b')"
                with cursor.copy(copy) as stream:
                    stream.write(files[name].replace(b"\r\n", b"\n"))
    return DatabaseSource(server.address(ADMINISTRATOR, PASSWORD, database), str(landing))


def test_a_few_rows_of_the_company_become_retail_tables(server: Server, tmp_path: Path) -> None:
    files = {path.stem: path.read_bytes() for path in SAMPLE.glob("*.csv")}
    source = load(server, "adventureworks_sample", files, tmp_path)
    assert "french_name" in check_mapping(MAPPING, database=source)["products"]
    day = date(2014, 8, 8)
    assert retail_days(MAPPING, database=source) == [day]
    tables = read_retail(MAPPING, [day], database=source)
    assert tables["retail/quarantined_records"].num_rows == 0
    products = {row["product_id"]: row for row in tables["retail/products"].to_pylist()}
    helmet = products["707"]
    assert (helmet["product_name"], helmet["category"], helmet["colour"], helmet["unit_price"], helmet["unit_cost"]) == (
        "Sport-100 Helmet, Red",
        "Accessories",
        "Red",
        34.99,
        13.0863,
    )
    assert helmet["product_name_fr"] == "Légère, aérée, taille unique, avec une visière amovible"
    assert (products["1"]["category"], products["1"]["unit_price"], products["1"]["lead_time_days"]) == ("Parts", None, 17)
    stock = {row["product_id"]: row["on_hand"] for row in tables["retail/inventory"].to_pylist()}
    assert stock == {"1": 408 + 324 + 353, "359": 369 + 360 + 374, "707": 288, "776": 78 + 116, "864": 180, "878": 108}
    deliveries = {row["delivery_id"]: row for row in tables["retail/deliveries"].to_pylist()}
    assert sorted(deliveries) == ["8640"]  # received on the day; earlier ones are closed, and there is no later one
    assert (deliveries["8640"]["received_on"], deliveries["8640"]["quantity_received"]) == (day, 3)
    before = {row["delivery_id"]: row for row in read_retail(MAPPING, [date(2014, 8, 2)], database=source)["retail/deliveries"].to_pylist()}
    assert {name: (row["due_on"], row["quantity_received"]) for name, row in before.items()} == {
        "8477": (date(2014, 8, 8), 0),
        "8640": (date(2014, 8, 13), 0),
    }
    rejected = read_retail(MAPPING, [date(2014, 5, 22)], database=source)["retail/deliveries"].to_pylist()
    assert ("6427", 3, 0) in [(row["delivery_id"], row["quantity_ordered"], row["quantity_received"]) for row in rejected]


@pytest.fixture(scope="module")
def whole(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[DatabaseSource, Path]:
    """The whole company in PostgreSQL, and the folder of its files."""
    folder = tmp_path_factory.mktemp("adventureworks")
    with zipfile.ZipFile(shared_data("erp_adventureworks_csv.zip")) as archive:
        archive.extractall(folder)
    files = {path.stem: path.read_bytes() for path in folder.rglob("*.csv")}
    return load(server, "adventureworks", files, folder / "landing"), folder


def plain(folder: Path, name: str, sql: str) -> tuple[Any, ...]:
    """A plain sum over one of the files, whose columns are column0, column1, …"""
    path = next(folder.rglob(f"{name}.csv"))
    rows = duckdb.read_csv(str(path), sep="\t", header=False, quotechar="", all_varchar=True)
    width = len(str(len(rows.columns) - 1))
    names = {f"c{number}": f"column{number:0{width}d}" for number in range(len(rows.columns))}
    renamed = rows.project(", ".join(f'"{theirs}" as {ours}' for ours, theirs in names.items()))
    return renamed.query("t", sql).fetchall()[0]


def read(table: pa.Table, sql: str) -> tuple[Any, ...]:
    """A plain sum over one of our tables."""
    return duckdb.from_arrow(table).query("t", sql).fetchall()[0]


def test_the_whole_company_reconciles_with_plain_sums_over_its_files(whole: tuple[DatabaseSource, Path]) -> None:
    source, folder = whole
    mapping = load_mapping(MAPPING)
    day = date(2014, 8, 12)
    assert retail_days(mapping, database=source) == [day]
    tables = read_retail(mapping, [day], database=source)
    assert tables["retail/quarantined_records"].num_rows == 0
    products = read(
        tables["retail/products"],
        "select count(*), round(sum(unit_price), 2), round(sum(unit_cost), 4), sum((category = 'Parts')::int), count(product_name_fr) "
        "from t",
    )
    assert products == plain(
        folder,
        "Product",  # model 128 alone has no French description
        "select count(*), round(sum(c9::double), 2), round(sum(c8::double), 4), sum((c18 is null)::int), sum((c19 <> '128')::int) from t",
    )
    stock = read(tables["retail/inventory"], "select count(*), sum(on_hand) from t")
    assert stock == plain(folder, "ProductInventory", "select count(distinct c0), sum(c4::int) from t") == (432, 335_974)

    # over all days of shipping, each line of which something was received is received once
    days = [date(2011, 4, 1) + timedelta(days=number) for number in range(1400)]
    only = mapping.model_copy(update={"tables": {"deliveries": mapping.tables["deliveries"]}})
    known = read_retail(only, days, database=DatabaseSource(None, source.landing))["retail/deliveries"]
    received = read(known, "select count(*), sum(quantity_ordered), sum(quantity_received) from t where received_on = day")
    assert received == plain(
        folder, "PurchaseOrderDetail", "select count(*), sum(c3::int), sum(c7::double - c8::double)::bigint from t where c7::double > 0"
    )
    assert (received[2],) == plain(folder, "PurchaseOrderDetail", "select sum(c9::double)::bigint from t")


def test_a_changed_purchase_order_is_read_alone(whole: tuple[DatabaseSource, Path], server: Server) -> None:
    source, folder = whole
    mapping = load_mapping(MAPPING)
    only = mapping.model_copy(update={"tables": {"deliveries": mapping.tables["deliveries"]}})
    landing = str(folder / "landing_changes")
    tomorrow = DatabaseSource(source.address, landing, lambda: source.now() + timedelta(days=1))
    read_retail(only, [date(2014, 8, 12)], database=DatabaseSource(source.address, landing))
    server.run(
        "update purchasing.purchaseorderdetail set duedate = '2014-12-24', modifieddate = now() where purchaseorderdetailid = 8640",
        "adventureworks",
    )
    read_retail(only, [source.now().date()], database=tomorrow)
    second = Extract.from_json(next((Path(landing) / "deliveries").glob("*/000002.json")).read_bytes())
    lines = plain(folder, "PurchaseOrderDetail", "select count(*) from t where c10::timestamp >= timestamp '2015-08-12 11:25'")[0]
    assert (second.full, second.rows) == (False, lines + 1)  # the change, and once more those of the hour before the watermark


FILES_MAPPING = MAPPINGS / "adventureworks_files.yml"


def test_the_same_few_rows_from_the_files_themselves_give_the_same_tables(server: Server, tmp_path: Path) -> None:
    files = {path.stem: path.read_bytes() for path in SAMPLE.glob("*.csv")}
    day = date(2014, 8, 12)
    of_files = read_retail(FILES_MAPPING, [day], SAMPLE)
    source = load(server, "adventureworks_files", files, tmp_path)
    of_database = read_retail(MAPPING, [day], database=source)
    assert of_files["retail/quarantined_records"].num_rows == 0
    by = [("product_id", "ascending")]
    assert of_files["retail/products"].sort_by(by).equals(of_database["retail/products"].sort_by(by))
    stock = {row["product_id"]: row["on_hand"] for row in of_files["retail/inventory"].to_pylist()}
    assert stock == {"1": 408 + 324 + 353, "359": 369 + 360 + 374, "707": 288, "776": 78 + 116, "864": 180, "878": 108}
    by = [("delivery_id", "ascending")]
    for known_on in (date(2014, 8, 2), date(2014, 8, 8), date(2014, 5, 22)):
        received = read_retail(FILES_MAPPING, [known_on], SAMPLE)["retail/deliveries"]
        same = read_retail(MAPPING, [known_on], database=source)["retail/deliveries"]
        assert received.num_rows
        assert received.sort_by(by).equals(same.sort_by(by))


def test_the_whole_company_from_its_files_accounts_for_every_row(tmp_path: Path) -> None:
    with zipfile.ZipFile(shared_data("erp_adventureworks_csv.zip")) as archive:
        archive.extractall(tmp_path)
    folder, mapping = next(tmp_path.rglob("Product.csv")).parent, load_mapping(FILES_MAPPING)
    seen = SeenSources(LocalStorage(tmp_path / "landing"), lambda: datetime(2026, 9, 1, tzinfo=UTC))
    tables = read_retail(mapping, [date(2014, 8, 12)], folder, seen=seen)
    assert tables["retail/quarantined_records"].num_rows == 0
    products = read(tables["retail/products"], "select count(*), round(sum(unit_price), 2), round(sum(unit_cost), 4) from t")
    assert products == plain(folder, "Product", "select count(*), round(sum(c9::double), 2), round(sum(c8::double), 4) from t")
    assert read(tables["retail/inventory"], "select count(*), sum(on_hand) from t") == (432, 335_974)
    accounts = {name: seen.loads[name].steps[0] for name in ("products", "inventory", "deliveries")}
    assert {name: (account.read, account.refused, account.left_out, account.given) for name, account in accounts.items()} == {
        "products": (504, 0, 0, 504),
        "inventory": (1069, 0, 0, 432),
        "deliveries": (8845, 0, 0, 8845),
    }
