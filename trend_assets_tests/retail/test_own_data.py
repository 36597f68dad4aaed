"""A user's own posts, products and orders through the whole graph: all accounted for, nothing invented between them."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from trend_assets.lib.retail.shape import MappingError
from trend_assets.retail.files import read_retail
from trend_assets.retail.own_data import first_and_last_order_day, write_retail_mapping

COMMAND = str(Path(sys.executable).with_name("trend-assets"))
POSTS, LINES = 240, 40
START = datetime(2021, 12, 2, tzinfo=UTC)


def write(path: Path, header: str, rows: list[list[object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("own")
    sayings = ("waiting for the bus", "soup again tonight", "corduroy blazer at zara", "my cat hates mondays", "rain all week")
    posts = [
        [f"a{n % 60}", f"{sayings[n % 5]} number {n}", (START + timedelta(minutes=12 * n)).isoformat(), 0, 0, 1, 0, "zara", ""]
        for n in range(POSTS)
    ]
    posts.append(posts[0])  # the same post twice
    products = [[n, "Women", "Apparel", "Topwear", "Blazers", "Rust", f"Corduroy Blazer {n}"] for n in range(1, 9)]
    orders = [[f"53{n:04d}", "85123A", "2", f"2010-12-0{1 + n % 5} 10:00:00", "2.55", "17850", "France"] for n in range(LINES)]
    return {
        "posts": write(
            folder / "posts.csv", "author_id,text,created_at,retweets,replies,likes,quote_count,brand_query,geo_place_id", posts
        ),
        "products": write(
            folder / "products.csv", "id,gender,masterCategory,subCategory,articleType,baseColour,productDisplayName", products
        ),
        "orders": write(folder / "orders.csv", "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country", orders),
    }


def test_own_posts_products_and_orders_load_reconcile_and_are_not_linked_across_years(files: dict[str, Path], tmp_path: Path) -> None:
    options = [argument for name, path in files.items() for argument in (f"--{name}", str(path))]
    result = subprocess.run(
        [COMMAND, "demo", "--data", str(tmp_path), *options], capture_output=True, text=True, check=False, env=os.environ
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "do not overlap in time" in result.stdout
    account = next(line for line in result.stdout.splitlines() if "posts.csv" in line)
    assert [cell.strip() for cell in account.split("│")[2:-1]] == [str(POSTS + 1), str(POSTS), "0", "1", "0", "0", "0", "0"]
    published = duckdb.connect(str(tmp_path / "lake" / "trends.duckdb"), read_only=True)

    def value(sql: str) -> object:
        return published.execute(sql).fetchall()[0][0]

    assert value("select count(*) from retail.orders") == LINES
    assert value("select sum(quantity * unit_price) from retail.orders") == pytest.approx(LINES * 2 * 2.55)
    assert value("select count(*) from retail.orders where day >= date '2021-01-01'") == 0
    assert value("select count(distinct product_id) from retail.products") == 8
    assert value("select string_agg(distinct data_origin) from retail.inventory") == "simulated"
    assert value("select count(*) from demand.decision_cards where data_origin <> 'simulated'") == 0
    assert value("select count(*) from demand.product_trend_links where day < date '2021-01-01'") == 0
    assert value("select count(*) from duckdb_columns() where column_name ilike '%customer%' and data_type = 'VARCHAR'") == 0


def test_a_file_that_does_not_fit_is_refused_with_its_columns_and_what_to_do(files: dict[str, Path], tmp_path: Path) -> None:
    result = subprocess.run(
        [COMMAND, "demo", "--data", str(tmp_path), "--posts", str(files["orders"])], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "InvoiceNo" in result.stdout
    assert "--posts-mapping" in result.stdout
    assert not (tmp_path / "lake").exists()


def test_columns_of_other_names_are_understood_as_the_map_command_does(tmp_path: Path) -> None:
    products, orders = tmp_path / "produits.csv", tmp_path / "ventes.csv"
    products.write_text("Réf;Désignation;Rayon;Prix\nA1;Théière;Cuisine;19,90\n", encoding="cp1252")
    orders.write_text("Ticket;Date;Réf;Magasin;Qté;Prix unitaire;Client\nT1;30/09/2026;A1;Lyon;2;1 049,90 €;77\n", encoding="cp1252")
    first, last = first_and_last_order_day(orders, None)
    assert (first, last) == (date(2026, 9, 30), date(2026, 9, 30))
    mapping = write_retail_mapping(tmp_path / "retail", products, orders, first)
    text = mapping.read_text(encoding="utf-8")
    for name in ("inventory", "deliveries"):
        text = text.replace(f"{name}/{{day}}.parquet", f"absent/{name}_{{day}}.parquet")
    mapping.write_text(text, encoding="utf-8")
    tables = read_retail(mapping, [first])
    assert [(row["order_id"], row["store_id"], row["unit_price"]) for row in tables["retail/orders"].to_pylist()] == [
        ("T1", "Lyon", 1049.9)
    ]
    assert tables["retail/products"]["product_name"].to_pylist() == ["Théière"]
    assert tables["retail/stores"]["store_id"].to_pylist() == ["Lyon"]


def test_a_file_that_is_only_half_understood_is_not_guessed(tmp_path: Path) -> None:
    orders = tmp_path / "export.csv"
    orders.write_text("c1,c2,SKU,c4,c5\nO1,2026-09-01 10:00,A1,3,4.95\nO2,2026-09-02 11:00,A1,2,4.95\n")
    with pytest.raises(MappingError) as error:
        first_and_last_order_day(orders, None)
    assert "order_id: the number of the ticket" in str(error.value)
    assert "quantity (perhaps 'c4')" in str(error.value)
    assert "--table orders --output retail.yml" in str(error.value)
