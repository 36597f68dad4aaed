"""Who placed which order is read from the retailer's files, and is told by no table."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from trend_assets.lib.retail.mapping import MappingError, parse_mapping
from trend_assets.retail.buyers import buyers_of_orders
from trend_assets.retail.files import read_retail

ONE, TWO, THREE = date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 3)
MAPPING = """
name: Shop
currency: EUR
data_origin: real
tables:
  orders:
    files: {files}
    personal: client
    customer: client
    format: {{timezone: Europe/Paris, missing: [anonymous]}}
    columns: {{order_id: ticket, ordered_at: at, product_id: sku, store_id: {{constant: web}}, kind: {{constant: sale}}, quantity: units,
      unit_price: price}}
"""
HEADER = "ticket,at,sku,units,price,client,club\n"


def shop(folder: Path, content: str, extra: str = "", files: str = "orders.csv") -> Path:
    (folder / files.replace("{day}", str(TWO))).write_text(content, encoding="utf-8")
    path = folder / "mapping.yml"
    path.write_text(
        MAPPING.format(files=f'"{files}"').replace("    customer: client\n", f"    customer: client\n{extra}"), encoding="utf-8"
    )
    return path


def test_each_order_has_the_customer_its_lines_name_on_the_day_of_its_place(tmp_path: Path) -> None:
    lines = (
        "1,2026-09-01 10:00,A,1,5,ann,gold\n1,2026-09-01 10:00,B,1,5,ann,\n2,2026-09-01 23:59,A,1,5, bo ,\n3,2026-09-02 00:30,A,1,5,cy,\n"
    )
    nobody = "4,2026-09-02 10:00,A,1,5,,\n5,2026-09-02 10:00,A,1,5,anonymous,\n6,no day,A,1,5,di,\n7,2026-09-09 10:00,A,1,5,ed,\n"
    path = shop(tmp_path, HEADER + lines + nobody, "    customer_segment: club\n")
    found = [tuple(row.values()) for row in buyers_of_orders(path, [ONE, TWO]).to_pylist()]
    assert found == [(ONE, "1", "ann", "gold"), (ONE, "2", "bo", None), (TWO, "3", "cy", None)]
    tables = read_retail(path, [ONE, TWO])
    assert tables["retail/orders"].num_rows == 6
    told = str([table.to_pylist() for table in tables.values()])
    assert not [name for name in ("ann", "bo", "cy", "di") if f"'{name}'" in told or f'"{name}"' in told], "no table tells who"


def test_of_dated_files_only_those_of_the_days_are_read(tmp_path: Path) -> None:
    path = shop(tmp_path, HEADER + "1,2026-09-02 10:00,A,1,5,ann,\n", files="orders-{day}.csv")
    (tmp_path / f"orders-{THREE}.csv").write_text("a file that is no table of orders")
    assert buyers_of_orders(path, [TWO]).num_rows == 1
    assert buyers_of_orders(path, [ONE]).num_rows == 0
    assert buyers_of_orders(path, [TWO, THREE]).num_rows == 1, "a broken file names nobody, and stops nothing"


def test_a_mapping_without_customers_or_no_mapping_counts_nobody(tmp_path: Path) -> None:
    path = shop(tmp_path, HEADER + "1,2026-09-01 10:00,A,1,5,ann,\n")
    path.write_text(path.read_text().replace("    customer: client\n", ""))
    assert buyers_of_orders(path, [ONE]).num_rows == 0
    assert buyers_of_orders(None, [ONE]).num_rows == 0


def test_a_column_that_no_file_has_is_told_with_the_columns_found(tmp_path: Path) -> None:
    path = shop(tmp_path, "ticket,at,sku,units,price,cliente\n1,2026-09-01 10:00,A,1,5,ann\n")
    with pytest.raises(MappingError, match=r"no file has the column 'client'.*Did you mean 'cliente'"):
        buyers_of_orders(path, [ONE])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("    personal: client\n", ""), "list it as `personal` too"),
        (("    customer: client\n", "    customer_segment: club\n"), "segments need customers"),
        (('files: "orders.csv"', "database: {table: shop.orders, mode: snapshot}"), "counted from files only"),
    ],
)
def test_a_mapping_that_would_let_customers_out_is_refused(change: tuple[str, str], message: str) -> None:
    text = MAPPING.format(files='"orders.csv"')
    assert change[0] in text
    with pytest.raises(MappingError, match=message):
        parse_mapping(text.replace(*change))


def test_only_orders_name_customers() -> None:
    text = (
        MAPPING.format(files='"orders.csv"')
        + "  stores: {files: stores.csv, customer: x, columns: {store_id: a, store_name: b, channel: c}}\n"
    )
    with pytest.raises(MappingError, match="counted from orders only"):
        parse_mapping(text)
