"""Files to tables: nothing is lost, the same day reads the same alone and in a range, broken input becomes a reason."""

from __future__ import annotations

import json
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trend_assets.lib.retail.decode import SourceFile, decode_file
from trend_assets.lib.retail.mapping import MappingError, RetailMapping, parse_mapping
from trend_assets.lib.retail.read import read_records
from trend_assets.lib.retail.rules import FileFormat

ONE, TWO, THREE = date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 3)
MAPPING = parse_mapping("""
name: Shop
currency: EUR
data_origin: real
tables:
  products:
    files: products.csv
    columns: {product_id: sku, product_name: name, category: {constant: all}}
  stores:
    rows: [{store_id: web, store_name: Web, channel: web}]
  inventory:
    files: "stock-{day}.csv"
    columns: {product_id: sku, store_id: {constant: web}, on_hand: units, reserved: {constant: 0}}
  orders:
    files: orders.csv
    personal: [client]
    columns:
      order_id: ticket
      ordered_at: at
      product_id: sku
      store_id: {constant: web}
      kind: {constant: sale}
      quantity: units
      unit_price: price
""")
PRODUCTS = "sku,name\nA,Wool scarf\nB,Rain hat\n"
ORDERS = "ticket,at,sku,units,price,client\n"


def read(days: list[date], mapping: RetailMapping = MAPPING, **files: str | list[SourceFile]) -> dict[str, pa.Table]:
    sources = {
        name: content if isinstance(content, list) else [decode_file(f"{name}.csv", None, content.encode(), FileFormat())]
        for name, content in files.items()
    }
    return {path.removeprefix("retail/"): table for path, table in read_records(mapping, sources, days).items()}


def stock(day: date, content: str) -> SourceFile:
    return decode_file(f"stock-{day}.csv", day, content.encode(), FileFormat())


def reasons(tables: dict[str, pa.Table]) -> list[tuple[str, int, str]]:
    rows = tables["quarantined_records"].to_pylist()
    return [(row["table_name"], row["source_row"], row["reason"]) for row in rows]


def test_order_lines_get_their_day_from_their_time_and_repeated_lines_are_lines() -> None:
    tables = read(
        [ONE, TWO],
        products=PRODUCTS,
        orders=ORDERS + "1,2026-09-01 10:00,A,2,5.5,77\n1,2026-09-01 10:00,A,2,5.5,77\n2,2026-09-02 09:00,B,1,9,\n",
    )
    orders = tables["orders"].to_pylist()
    assert [(row["day"], row["order_id"], row["line"]) for row in orders] == [(ONE, "1", 1), (ONE, "1", 2), (TWO, "2", 1)]
    assert {row["currency"] for row in orders} == {"EUR"}
    assert tables["quarantined_records"].num_rows == 0


def test_each_refused_row_keeps_its_content_but_never_the_customer() -> None:
    content = (
        ORDERS + "1,2026-09-01 10:00,A,two,5,secret-77\n2,2026-09-01 11:00,Z,1,5,secret-78\n3,2026-09-01 11:00,A,1,5,secret-79,extra\n"
    )
    tables = read([ONE], products=PRODUCTS, orders=content)
    assert reasons(tables) == [("orders", 0, "invalid_value"), ("orders", 1, "unknown_product"), ("orders", 2, "invalid_value")]
    originals = tables["quarantined_records"]["original"].to_pylist()
    assert json.loads(originals[0]) == {"ticket": "1", "at": "2026-09-01 10:00", "sku": "A", "units": "two", "price": "5"}
    assert "secret" not in str(tables["quarantined_records"].to_pylist()) + str(tables["orders"].to_pylist())


def test_of_two_rows_with_one_key_the_first_stays_and_the_other_says_which() -> None:
    tables = read([ONE], products=PRODUCTS, inventory=[stock(ONE, "sku,units\nA,5\n\nB,1\nA,6\n")])
    assert tables["inventory"]["on_hand"].to_pylist() == [5, 1]
    row = tables["quarantined_records"].to_pylist()[0]
    assert (row["reason"], row["source_row"]) == ("duplicate_key", 3)
    assert "row 0 of stock-2026-09-01.csv" in row["detail"]


def test_a_refused_row_does_not_shadow_a_sound_one_with_its_key() -> None:
    tables = read([ONE], products=PRODUCTS, inventory=[stock(ONE, "sku,units\nA,lots\nA,6\n")])
    assert tables["inventory"]["on_hand"].to_pylist() == [6]
    assert reasons(tables) == [("inventory", 0, "invalid_value")]


def test_an_undated_catalogue_holds_for_every_day_and_a_dated_one_until_the_next() -> None:
    assert read([ONE, TWO], products=PRODUCTS)["products"].num_rows == 4
    dated = [
        decode_file(f"p-{day}.csv", day, content.encode(), FileFormat()) for day, content in ((ONE, PRODUCTS), (THREE, "sku,name\nC,Mug\n"))
    ]
    products = read([TWO, THREE], products=dated)["products"].to_pylist()
    assert [(row["day"], row["product_id"]) for row in products] == [(TWO, "A"), (TWO, "B"), (THREE, "C")]


def test_an_unreadable_file_costs_its_day_only() -> None:
    files = [stock(ONE, "sku,units\nA,5\n"), stock(TWO, ""), stock(THREE, "sku,onhand\nA,4\n")]
    tables = read([ONE, TWO, THREE], products=PRODUCTS, inventory=files)
    assert tables["inventory"]["day"].to_pylist() == [ONE]
    rows = tables["quarantined_records"].to_pylist()
    assert [(row["day"], row["reason"]) for row in rows] == [(TWO, "unreadable_file"), (THREE, "unreadable_file")]
    assert "Columns found: sku, onhand" in rows[1]["detail"]


def test_an_undated_file_without_a_mapped_column_is_a_mistake_in_the_mapping() -> None:
    with pytest.raises(MappingError, match=r"no column 'units'.*Did you mean 'unit'.*Columns found: ticket"):
        read([ONE], orders="ticket,at,sku,unit,price,client\n")


def test_a_row_of_bytes_that_are_no_text_costs_itself_only() -> None:
    source = decode_file("stock.csv", ONE, b"sku,units\nA,1\nB\xff,2\nB,3\n", FileFormat())
    tables = read([ONE], products=PRODUCTS, inventory=[source])
    assert tables["inventory"]["product_id"].to_pylist() == ["A", "B"]
    assert reasons(tables) == [("inventory", 1, "invalid_value")]


def test_old_encodings_and_separators_are_declared() -> None:
    source = decode_file("p.csv", None, "sku;name\nA;Écharpe\n".encode("cp1252"), FileFormat(delimiter=";", encoding="cp1252"))
    assert read([ONE], products=[source])["products"]["product_name"].to_pylist() == ["Écharpe"]


def test_a_row_without_a_readable_day_is_refused_on_the_day_before_it_in_the_file() -> None:
    content = ORDERS + "1,2026-09-01 10:00,A,1,5,\n2,soon,A,1,5,\n3,2026-09-02 10:00,A,1,5,\n"
    both = read([ONE, TWO], products=PRODUCTS, orders=content)["quarantined_records"]
    assert both["day"].to_pylist() == [ONE]
    assert read([TWO], products=PRODUCTS, orders=content)["quarantined_records"].num_rows == 0


def test_without_a_catalogue_no_reference_can_be_wrong() -> None:
    tables = read([ONE], products="sku,name\n", orders=ORDERS + "1,2026-09-01 10:00,Z,1,5,\n")
    assert tables["orders"].num_rows == 1


DELIVERIES = parse_mapping("""
name: Shop
data_origin: real
tables:
  deliveries:
    files: d.csv
    columns: {delivery_id: id, product_id: sku, store_id: {constant: web}, ordered_on: ordered, due_on: due, received_on: received,
              quantity_ordered: units, quantity_received: {column: units}}
""")


def test_deliveries_are_shown_as_they_were_known_on_each_day() -> None:
    tables = read([ONE, TWO, THREE], DELIVERIES, deliveries="id,sku,ordered,due,received,units\nD,A,2026-08-20,2026-09-02,2026-09-02,8\n")
    rows = tables["deliveries"].to_pylist()
    assert [(row["day"], row["received_on"], row["quantity_received"]) for row in rows] == [(ONE, None, 0), (TWO, TWO, 8)]


cells = st.sampled_from(["A", "B", "Z", "", "7", "-1", "2.5", "x", "2026-09-01 10:00", "2026-09-02T09:00:00Z", "2026-13-01", '"a\nb"', "é"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(cells, min_size=5, max_size=8), max_size=12))
def test_rows_in_equal_rows_kept_plus_rows_refused_and_days_alone_equal_days_together(lines: list[list[str]]) -> None:
    content = ORDERS + "9,2026-09-01 08:00,A,1,1,\n" + "".join(",".join(line) + "\n" for line in lines)
    together = read([ONE, TWO], products=PRODUCTS, orders=content)
    blank = sum(1 for line in lines if len(line) == 6 and not "".join(line))
    assert together["orders"].num_rows + together["quarantined_records"].num_rows == 1 + len(lines) - blank
    for name in ("orders", "quarantined_records"):
        alone = pa.concat_tables([read([day], products=PRODUCTS, orders=content)[name] for day in (ONE, TWO)])
        assert alone.equals(together[name])
    assert pc.all(pc.greater_equal(together["orders"]["line"], 1)).as_py()


def test_a_json_number_that_is_none_is_refused_with_its_row() -> None:
    lines = b'{"sku": "A", "units": NaN}\n{"sku": "B", "units": -Infinity}\n{"sku": "B", "units": 3}\n'
    tables = read([ONE], products=PRODUCTS, inventory=[decode_file("stock.jsonl", ONE, lines, FileFormat())])
    assert tables["inventory"]["on_hand"].to_pylist() == [3]
    details = tables["quarantined_records"]["detail"].to_pylist()
    assert ["'NaN' in units" in details[0], "'-Infinity' in units" in details[1]] == [True, True]
