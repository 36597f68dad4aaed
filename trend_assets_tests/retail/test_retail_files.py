"""Pointing the project at a retailer's folder: patterns, days, worked examples on real exports."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pytest

from trend_assets.lib.retail.mapping import MappingError
from trend_assets.retail.files import MAPPINGS, check_mapping, load_mapping, read_retail, retail_days
from trend_assets.tables import TABLES
from trend_assets_tests.support import shared_data

ONE, TWO = date(2026, 9, 1), date(2026, 9, 2)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """Two days of a small town with the dirt that real exports have."""
    stock_header = "product_id,store_id,on_hand,reserved,received,sold,returned,adjusted\n"
    files = {
        "products.csv": "product_id,product_name,product_name_fr,brand,category,product_type,colour,"
        "unit_price,unit_cost,supplier_id,lead_time_days,minimum_order_quantity\n"
        "P1,Linen scarf,Écharpe en lin,Ours,fashion,scarf,Sage,29.0,10.0,S1,7,6\n"
        "P2,Clay mug,,,home,mug,,9.5,,,,\n"
        "P2,Clay mug,,,home,mug,,9.5,,,,\n",
        "stores.csv": "store_id,store_name,channel,region,country\nS01,Lyon,store,Auvergne-Rhône-Alpes,FR\nWEB,Web,web,,\n",
        "inventory/2026-09-01.csv": stock_header + "P1,S01,5,0,0,1,0,0\nP1,S01,5,0,0,1,0,0\n\nP9,S01,5,0,,,,\nP2,WEB,-2,0,,,,\n",
        "inventory/2026-09-02.csv": stock_header + "P1,S01,4,0,0,1,0,0\n",
        "orders/2026-09-01.csv": "order_id,line,ordered_at,product_id,store_id,kind,quantity,unit_price,currency,country\n"
        "O1,1,2026-09-01T09:00:00Z,P1,S01,sale,1,29.0,EUR,FR\nO1,2,2026-09-01T09:00:00Z,P2,WEB,sale,two,9.5,EUR,FR\n",
        "deliveries/2026-09-01.csv": "delivery_id,product_id,store_id,supplier_id,ordered_on,due_on,received_on,"
        "quantity_ordered,quantity_received\n"
        "D1,P1,S01,S1,2026-08-25,2026-09-01,2026-09-01,6,6\nD2,P1,S01,S1,2026-08-30,2026-09-06,,6,0\n",
        "promotions/2026-09-01.csv": "promotion_id,product_id,store_id,starts_on,ends_on,discount\nR1,P1,S01,2026-08-30,2026-09-05,0.2\n",
        "orders/README.txt": "not an export",
    }
    for name, content in files.items():
        path = tmp_path / "retail" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path / "retail"


def test_the_towns_folder_becomes_the_retail_tables(town: Path) -> None:
    tables = read_retail(MAPPINGS / "retail_town.yml", [ONE, TWO], town)
    assert {path: table.num_rows for path, table in tables.items()} == {
        "retail/products": 4,
        "retail/stores": 4,
        "retail/inventory": 3,
        "retail/orders": 1,
        "retail/deliveries": 2,
        "retail/promotions": 1,
        "retail/quarantined_records": 5,
    }
    for path, table in tables.items():
        assert table.equals(TABLES[path].conform(table))
    quarantined = tables["retail/quarantined_records"].to_pylist()
    assert {(row["table_name"], row["reason"]) for row in quarantined} == {
        ("products", "duplicate_key"),
        ("inventory", "duplicate_key"),
        ("inventory", "unknown_product"),
        ("orders", "invalid_value"),
    }
    assert set(pc.unique(tables["retail/orders"]["data_origin"]).to_pylist()) == {"simulated"}


def test_the_days_there_are_come_from_the_files_names(town: Path) -> None:
    assert retail_days(MAPPINGS / "retail_town.yml", town) == [ONE, TWO]


def test_a_check_says_which_file_lacks_which_column(town: Path) -> None:
    assert check_mapping(MAPPINGS / "retail_town.yml", town)["stores"] == ["store_id", "store_name", "channel", "region", "country"]
    (town / "stores.csv").write_text("id,store_name,channel\n")
    (town / "promotions" / "2026-09-01.csv").unlink()
    with pytest.raises(MappingError) as error:
        check_mapping(MAPPINGS / "retail_town.yml", town)
    assert "stores: stores.csv has no column 'store_id'" in str(error.value)
    assert "promotions: no file matches" in str(error.value)


def test_an_absent_undated_file_is_an_error_that_lists_what_is_there(town: Path) -> None:
    (town / "stores.csv").rename(town / "shops.csv")
    with pytest.raises(MappingError, match=r"stores: no file matches 'stores.csv'.*shops.csv"):
        read_retail(MAPPINGS / "retail_town.yml", [ONE], town)


def test_the_template_reads_french_exports(tmp_path: Path) -> None:
    files = {
        "catalogue.csv": "Ref;Designation;Rayon;Prix;Achat;Delai;QteMin\nA1;Théière émaillée;CUI;1 049,90;20,5;;6\n",
        "stock/stock_20260901.csv": "Ref;Magasin;Stock;Reserve\nA1;1;12;\nA1;7;3;1\n",
        "ventes.csv": "Ticket;Date;Ref;Magasin;Qte;PU;Client\nT1;01/09/2026 00:30;A1;9;1;49,90;77\nAV2;01/09/2026 10:00;A1;1;2;49,90;\n",
        "commandes_fournisseurs.csv": "Commande;Ref;DateCommande;DatePromise;DateReception;Qte;QteRecue\n"
        "C1;A1;20/08/2026;05/09/2026;n/a;6;\n",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode("cp1252"))
    (tmp_path / "map.yml").write_text((MAPPINGS / "retail_example.yml").read_text(encoding="utf-8"), encoding="utf-8")
    tables = read_retail(tmp_path / "map.yml", [ONE])
    product = tables["retail/products"].to_pylist()[0]
    assert (product["product_name"], product["category"], product["unit_price"], product["lead_time_days"]) == (
        "Théière émaillée",
        "Kitchen",
        1049.9,
        14,
    )
    assert [(row["store_id"], row["reserved"]) for row in tables["retail/inventory"].to_pylist()] == [("lyon", 0)]
    orders = tables["retail/orders"].to_pylist()
    assert [(row["kind"], row["quantity"], row["day"]) for row in orders] == [("sale", 1, ONE), ("return", -2, ONE)]
    assert orders[0]["ordered_at"].isoformat() == "2026-08-31T22:30:00+00:00"
    assert tables["retail/deliveries"].to_pylist()[0]["received_on"] is None
    assert [row["reason"] for row in tables["retail/quarantined_records"].to_pylist()] == ["invalid_value"]


def test_online_retail_reconciles_with_a_plain_sum_over_its_file() -> None:
    path = shared_data("orders_online_retail_2010_11.parquet")
    mapping = load_mapping(MAPPINGS / "online_retail.yml")
    days = retail_days(mapping, path.parent)
    tables = read_retail(mapping, days, path.parent)
    orders = tables["retail/orders"]
    source_rows, source_units, source_value = duckdb.sql(
        f"select count(*), sum(Quantity), sum(Quantity::decimal(18,0) * UnitPrice::decimal(18,3)) from '{path}'"
    ).fetchone()
    units, value = duckdb.sql("select sum(quantity), sum(quantity::decimal(18,0) * unit_price::decimal(18,3)) from orders").fetchone()
    assert orders.num_rows + tables["retail/quarantined_records"].num_rows == source_rows == 372_360
    assert (units, value) == (source_units, source_value)
    assert value == Decimal("6793242.584")
    kinds = dict(duckdb.sql("select kind, count(*) from orders group by kind").fetchall())
    cancelled = duckdb.sql(f"select count(*) from '{path}' where InvoiceNo like 'C%'").fetchone()[0]
    assert kinds == {"sale": 362_920, "cancellation": 6_217, "adjustment": 3_223}
    assert kinds["cancellation"] < cancelled  # cancelled postage and discounts are adjustments
    assert duckdb.sql("select count(*) from (select day, order_id, line from orders group by all having count(*) > 1)").fetchone()[0] == 0
    assert not any("customer" in name.lower() for name in orders.column_names)
    alone = read_retail(mapping, [days[100]], path.parent)["retail/orders"]
    assert alone.equals(orders.filter(pc.equal(orders["day"], days[100])))


def test_the_fashion_catalogue_loads_but_for_its_nameless_products() -> None:
    path = shared_data("products_fashion_44k.parquet")
    tables = read_retail(MAPPINGS / "products_fashion.yml", [ONE], files={"products": path})
    assert tables["retail/products"].num_rows == 44_439
    assert tables["retail/quarantined_records"]["reason"].to_pylist() == ["missing_value"] * 7
