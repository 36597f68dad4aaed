"""The declarations hold together, and what is generated from them is up to date."""

from __future__ import annotations

import pyarrow as pa
import pytest

from trend_assets.generate import write_generated
from trend_assets.tables import TABLES
from trend_assets.tables.declaration import Column, Table


def declare(**changes: object) -> Table:
    fields = {
        "group": "g", "name": "t", "description": "d", "columns": (Column("a", pa.string(), "first"),), "key": ("a",),
        "partition": "none", "layer": "raw", "retention_days": None, "licence_class": "own",
    }  # fmt: skip
    return Table(**{**fields, **changes})


def test_every_column_has_a_description_and_numbers_have_a_unit():
    for path, table in TABLES.items():
        assert table.description.endswith("."), path
        for column in table.columns:
            assert len(column.description) > 2, (path, column.name)
            number = pa.types.is_floating(column.type) or (pa.types.is_integer(column.type) and not column.name.endswith("key"))
            assert column.unit or not number, f"{path}.{column.name} needs a unit"


def test_the_same_column_name_has_the_same_type_everywhere():
    types: dict[str, set[str]] = {}
    for table in TABLES.values():
        for column in table.columns:
            types.setdefault(column.name, set()).add(str(column.type).replace("binary", "string"))  # originals: bytes or text
    assert {name: found for name, found in types.items() if len(found) > 1} == {}


def test_personal_columns_stay_out_of_aggregates_for_readers():
    for path, table in TABLES.items():
        if table.licence_class == "aggregate":
            assert not [column.name for column in table.columns if column.personal], path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": ("b",)}, "not declared"),
        ({"columns": (Column("a", pa.string(), "x"), Column("a", pa.string(), "x"))}, "declared twice"),
        ({"partition": "day"}, "names its time column"),
        ({"time": "a"}, "names its time column"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        declare(**changes)


def test_conform_orders_and_casts_columns_and_names_what_is_missing():
    table = declare(columns=(Column("a", pa.string(), "first"), Column("n", pa.int64(), "number", "count")))
    data = pa.table({"n": pa.array([1], pa.int32()), "extra": [0], "a": ["x"]})
    assert table.conform(data).schema.equals(table.schema)
    with pytest.raises(ValueError, match="columns missing: n"):
        table.conform(data.drop_columns(["n"]))
    with pytest.raises(ValueError, match="g/t"):
        table.conform(pa.table({"a": ["x"], "n": ["many"]}))


def test_generated_files_are_up_to_date():
    assert write_generated(check=True) == [], "run make docs and commit the result"
