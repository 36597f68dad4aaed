"""What changed in a source's columns is classed by what the mapping does with them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from trend_assets.lib.retail.drift import Change, SeenColumn, changes_between, family, gravest, seen_in_file, uses_of
from trend_assets.lib.retail.mapping import parse_mapping

MAPPING = parse_mapping("""
name: Shop
data_origin: real
references: false
tables:
  orders:
    files: orders_*.csv
    format: {decimal: ",", date_format: "%d.%m.%Y"}
    units: [pack]
    columns:
      order_id: ticket
      line: line
      ordered_at: at
      product_id: sku
      store_id: {constant: web}
      kind: {constant: sale}
      quantity: n
      unit_price: price
      currency: money
      country: country
""")
USES = uses_of(MAPPING, "orders")
COLUMNS = ["ticket", "line", "at", "sku", "n", "price", "money", "pack", "country", "note"]
ROW = ["T1", "1", "24.12.2026", "A1", "2", "9,50", "EUR", "1", "FR", "gift"]


def seen(columns: list[str] = COLUMNS, **values: str) -> tuple[SeenColumn, ...]:
    row = dict(zip(COLUMNS, ROW, strict=True)) | values
    return seen_in_file(MAPPING, "orders", pa.table({name: pa.array([row.get(name, "x")] * 20, pa.string()) for name in columns}))


def classes(changes: tuple[Change, ...]) -> list[tuple[str, str]]:
    return [(change.column, change.level) for change in changes]


def test_the_same_columns_are_no_change() -> None:
    assert changes_between(seen(), seen(), USES) == ()
    assert gravest(()) is None


def test_new_reordered_and_unused_columns_are_compatible() -> None:
    now = seen([*reversed(COLUMNS[:-1]), "colour"])
    changes = changes_between(seen(), now, USES)
    assert set(classes(changes)) == {("colour", "compatible"), ("note", "compatible"), ("(all)", "compatible")}
    assert gravest(changes) == "compatible"


def test_a_renamed_optional_column_goes_on_without_it_and_its_new_name_is_offered() -> None:
    now = seen([name if name != "country" else "country_code" for name in COLUMNS])
    changes = changes_between(seen(), now, USES)
    assert classes(changes)[0] == ("country", "quarantine")
    assert "write 'country_code' in its place" in changes[0].advice


@pytest.mark.parametrize("column", ["sku", "price", "money", "pack", "at"])
def test_a_column_that_rows_need_stops_when_it_is_gone(column: str) -> None:
    changes = changes_between(seen(), seen([name for name in COLUMNS if name != column]), USES)
    assert classes(changes) == [(column, "stop")]


def test_values_that_no_longer_parse_are_refused_one_by_one_until_most_are() -> None:
    data = {name: [value] * 20 for name, value in zip(COLUMNS, ROW, strict=True)}
    some = pa.table(data | {"price": ["9,50"] * 15 + ["n/a"] * 5})
    changes = changes_between(seen(), seen_in_file(MAPPING, "orders", some), USES)
    assert classes(changes) == [("price", "quarantine")]
    assert "75% of its values" in changes[0].what
    all_days = changes_between(seen(), seen(at="2026-12-24"), USES)  # the date format changed
    assert classes(all_days) == [("at", "stop")]
    assert changes_between(seen(), seen(at="2026-12-24"), USES, same_reading=False) == ()  # the mapping did, not the data


def test_one_bad_row_of_a_small_file_is_a_refused_row_and_no_change_of_the_file() -> None:
    row = pa.table({name: [value] for name, value in zip(COLUMNS, ROW, strict=True)} | {"at": ["tomorrow"]})
    assert changes_between(seen(), seen_in_file(MAPPING, "orders", row), USES) == ()


@pytest.mark.parametrize(("column", "value"), [("money", "USD"), ("pack", "6")])
def test_another_unit_or_currency_stops(column: str, value: str) -> None:
    changes = changes_between(seen(), seen(**{column: value}), USES)
    assert classes(changes) == [(column, "stop")]
    assert f"says {value}, never seen before" in changes[0].what


TYPED = [
    ("n", "integer", "bigint", "compatible"),
    ("n", "numeric(10,2)", "numeric(12,4)", "compatible"),
    ("price", "integer", "numeric(10,2)", "compatible"),
    ("sku", "character varying(10)", "character varying(40)", "compatible"),
    ("sku", "character varying(10)", "integer", "stop"),
    ("sku", "integer", "numeric", "stop"),
    ("at", "timestamp with time zone", "timestamp without time zone", "stop"),
    ("at", "timestamp[us, tz=UTC]", "timestamp[us]", "stop"),
    ("at", "date", "timestamp without time zone", "compatible"),
    ("price", "numeric(10,2)", "text", "stop"),
    ("note", "text", "integer", "compatible"),
    ("n", "int64", "int32", "compatible"),
    ("price", "money", "nvarchar(20)", "stop"),
]


@pytest.mark.parametrize(("column", "before", "now", "level"), TYPED)
def test_a_type_may_grow_wider_but_not_become_another(column: str, before: str, now: str, level: str) -> None:
    changes = changes_between([SeenColumn(column, before)], [SeenColumn(column, now)], USES)
    assert classes(changes) == [(column, level)]


def test_a_column_that_may_now_be_missing_is_said_to_be() -> None:
    changes = changes_between([SeenColumn("n", "integer", False)], [SeenColumn("n", "integer", True)], USES)
    assert classes(changes) == [("n", "compatible")]
    assert changes_between([SeenColumn("n", "integer", True)], [SeenColumn("n", "integer", False)], USES) == ()


@pytest.mark.parametrize(
    ("type_name", "kind"),
    [
        ("int2", "whole number"),
        ("decimal(18,4)", "number"),
        ("date32[day]", "date"),
        ("datetime2(7)", "time"),
        ("bit", "flag"),
        ("ltree", "ltree"),
    ],
)
def test_types_of_every_source_are_of_a_kind(type_name: str, kind: str) -> None:
    assert family(type_name) == kind
