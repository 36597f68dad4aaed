"""The audit judges data by the declaration alone; each finding says which check, column and how many rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trend_assets.lib.quality.audit import CHECKS, AuditError, Finding, audit, is_clean, neighbours
from trend_assets.lib.quality.partition_keys import bounds, key_of_number, numbers, numbers_of_times, split
from trend_assets.tables import TABLES, Column, Table
from trend_assets.tables.declaration import strings, timestamp
from trend_assets_tests.lake_tables import COUNTS, HOURS, counts

HOUR = "2026-09-01-13:00"
START = datetime(2026, 9, 1, 13, tzinfo=UTC)

SALES = Table(
    group="town",
    name="sales",
    description="Sales at a till.",
    columns=(
        Column("till", pa.string(), "Till"),
        Column("customer", pa.string(), "Customer, where known", nullable=True, personal=True),
        Column("sold_at", timestamp, "When; decides the partition", "UTC"),
        Column("pieces", pa.int64(), "Pieces", "count", minimum=1, maximum=9),
        Column("price", pa.float64(), "Price", "EUR", nullable=True, minimum=0),
        Column("payment", pa.string(), "How it was paid", allowed=("card", "cash")),
        Column("scores", pa.list_(pa.float32()), "Scores", minimum=0, maximum=1),
        Column("tags", strings, "Tags"),
    ),
    key=("till", "customer"),
    partition="hour",
    time="sold_at",
    layer="raw",
    retention_days=30,
    licence_class="own",
)


def sales(rows: int = 4) -> pa.Table:
    return SALES.from_rows(
        {
            "till": f"till {number}",
            "customer": None,
            "sold_at": START + timedelta(seconds=number),
            "pieces": 1 + number % 9,
            "price": number / 2,
            "payment": ["card", "cash"][number % 2],
            "scores": [0.0, 1.0],
            "tags": ["a"],
        }
        for number in range(rows)
    )


def with_column(name: str, values: list[object], type_: pa.DataType | None = None) -> pa.Table:
    """Four good sales with one column replaced."""
    position = SALES.schema.get_field_index(name)
    return sales().set_column(position, name, pa.array(values, type_ or SALES.column(name).type))


def test_data_as_declared_has_no_findings() -> None:
    assert audit(SALES, sales(), HOUR, previous_rows=4) == []
    assert audit(SALES, SALES.empty(), HOUR, previous_rows=None) == []


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_every_declared_table_can_be_audited(table: Table) -> None:
    assert audit(table, table.empty(), None, None) == []


@pytest.mark.parametrize(
    ("data", "check", "column", "rows", "message"),
    [
        (sales().drop_columns(["price"]), "schema", "price", 4, "missing"),
        (sales().append_column("surprise", pa.array([1] * 4)), "schema", "surprise", 4, "not declared"),
        (with_column("pieces", ["1"] * 4, pa.string()), "schema", "pieces", 4, "is string, declared int64"),
        (with_column("sold_at", ["now"] * 4, pa.string()), "schema", "sold_at", 4, "is string, declared timestamp"),
        (with_column("till", ["a", None, "c", "b"]), "required", "till", 1, "null in 1 row"),
        (with_column("till", ["a", "a", "a", "b"]), "key", "till, customer", 2, "2 rows repeat the key of another"),
        (with_column("pieces", [0, 1, 2, 3]), "values", "pieces", 1, "below 1 in 1 rows (lowest: 0)"),
        (with_column("pieces", [2**62, 10, 2, 3]), "values", "pieces", 2, "above 9 in 2 rows"),
        (with_column("price", [-0.5, None, 1, 1]), "values", "price", 1, "below 0"),
        (with_column("price", [float("nan"), None, 1, 1]), "values", "price", 1, "NaN in 1 rows: use null"),
        (with_column("payment", ["card", "shells", "shells", "gold"]), "values", "payment", 3, "for instance ['gold', 'shells']"),
        (with_column("scores", [[0.5], [], [1.5, 2.0], [0]]), "values", "scores", 2, "above 1 in 2 elements"),
        (with_column("scores", [[0.5], [], [float("nan")], [0]]), "values", "scores", 1, "NaN in 1 elements"),
        (with_column("tags", [["a", None], [], [None], ["b"]]), "values", "tags", 2, "2 null elements"),
        (
            with_column("sold_at", [START, START - timedelta(microseconds=1), START + timedelta(hours=1), START]),
            "partition",
            "sold_at",
            2,
            "outside the partition in 2 rows",
        ),
    ],
)
def test_each_fault_is_found_once(data: pa.Table, check: str, column: str, rows: int, message: str) -> None:
    (finding,) = audit(SALES, data, HOUR)
    assert (finding.check, finding.column, finding.severity, finding.rows) == (check, column, "error", rows)
    assert message in finding.message
    assert (finding.table, finding.partition) == ("town/sales", HOUR)


def test_infinity_is_a_warning() -> None:
    (finding,) = audit(SALES, with_column("price", [float("inf"), 1, 1, 1]), HOUR)
    assert (finding.check, finding.severity) == ("values", "warning")


def test_several_faults_come_in_the_order_of_the_checks() -> None:
    data = pa.concat_tables([with_column("till", [None, None, "a", "b"]), with_column("pieces", [0, 0, 0, 0])], promote_options="default")
    found = [finding.check for finding in audit(SALES, data, "2026-09-01-14:00", previous_rows=1000)]
    assert list(dict.fromkeys(found)) == ["required", "key", "values", "partition", "volume"]
    assert found == sorted(found, key=CHECKS.index)


def test_nulls_in_a_key_compare_equal() -> None:
    data = with_column("till", ["a", "a", "b", "c"])
    customers = data.set_column(1, "customer", pa.array([None, "someone", None, None]))
    assert audit(SALES, customers, HOUR) == []
    assert audit(SALES, data, HOUR)[0].check == "key"


def test_personal_values_stay_out_of_messages() -> None:
    data = with_column("till", ["a"] * 4).set_column(1, "customer", pa.array(["Ada Lovelace"] * 4))
    (finding,) = audit(SALES, data, HOUR)
    assert "Ada" not in finding.message
    assert "'till': 'a'" in finding.message


@pytest.mark.parametrize(
    ("previous", "rows", "refused"),
    [(None, 0, False), (99, 0, False), (100, 9, True), (100, 10, False), (1000, 99, True), (1000, 100, False)],
)
def test_a_partition_must_not_lose_most_of_its_rows(previous: int | None, rows: int, refused: bool) -> None:
    assert [finding.check for finding in audit(SALES, sales(rows), None, previous)] == (["volume"] if refused else [])


def test_the_error_says_what_where_and_what_to_do() -> None:
    error = AuditError(audit(SALES, with_column("pieces", [0, 0, 1, 1]), HOUR))
    assert str(error).splitlines() == [
        "audit failed, nothing was published",
        "town/sales [2026-09-01-13:00]: error in check values: pieces is below 1 in 2 rows (lowest: 0)",
        "to fix values: quarantine or correct these rows, or widen the declared range or list",
    ]
    many = AuditError([Finding("key", "", "error", f"fault {number}", 1) for number in range(100)])
    assert "and 80 more findings" in str(many)
    assert len(many.findings) == 100


# -- partition keys ------------------------------------------------------------------------------------------------

DAILY = TABLES["retail/products"]


def test_bounds_of_keys() -> None:
    assert bounds(SALES, HOUR) == (START, START + timedelta(hours=1))
    assert bounds(DAILY, "2026-09-01") == (datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    "key", ["", "2026-09-01", "2026-09-01-13:30", "2026-9-1-13:00", "2026-09-01-24:00", "2026-09-01-13:00 ", "../../x"]
)
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="not a partition key"):
        bounds(SALES, key)


@given(st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), max_size=50))
def test_a_row_is_within_the_bounds_of_its_partition(moments: list[datetime]) -> None:
    times = pa.array(moments, pa.timestamp("us")).cast(timestamp)
    keys = [key_of_number(SALES, number) for number in numbers_of_times(SALES, times)]
    for moment, key in zip(moments, keys, strict=True):
        start, end = bounds(SALES, key)
        assert start <= moment.replace(tzinfo=UTC) < end
    assert [key_of_number(SALES, number) for number in numbers(SALES, keys)] == keys


@given(st.lists(st.integers(0, 2 * 3600 - 1), max_size=40), st.integers(1, 7))
def test_splitting_loses_and_moves_nothing(seconds: list[int], chunk: int) -> None:
    rows = SALES.from_rows({"till": str(n), "sold_at": START + timedelta(seconds=s)} for n, s in enumerate(seconds))
    rows = pa.Table.from_batches(rows.to_batches(max_chunksize=chunk), SALES.schema)
    keys = [HOUR, "2026-09-01-14:00"]
    parts = split(SALES, rows, keys)
    for hour, key in enumerate(keys):
        assert parts[key]["till"].to_pylist() == [str(n) for n, s in enumerate(seconds) if s // 3600 == hour]


@pytest.mark.parametrize("make", [lambda d: d, lambda d: datetime(d.year, d.month, d.day)])
def test_days_split_by_date_or_timestamp(make: Callable[[date], date]) -> None:
    type_ = pa.date32() if isinstance(make(date(2026, 9, 1)), date) and not isinstance(make(date(2026, 9, 1)), datetime) else timestamp
    data = pa.table({"day": pa.array([make(date(2026, 9, day)) for day in (2, 1, 2)], type_), "row": [0, 1, 2]})
    parts = split(DAILY, data, ["2026-09-01", "2026-09-02"])
    assert [part["row"].to_pylist() for part in parts.values()] == [[1], [0, 2]]


# -- a range at once -----------------------------------------------------------------------------------------------


def test_a_clean_range_is_seen_at_once_and_any_fault_in_it_too() -> None:
    parts = [counts(hour, rows=4 + hour) for hour in range(3)]

    def clean(*pieces: pa.Table) -> bool:
        return is_clean(COUNTS, pa.concat_tables(pieces), HOURS[: len(pieces)], [piece.num_rows for piece in pieces])

    assert clean(*parts)
    assert clean(parts[0], COUNTS.empty(), parts[2])
    assert clean(COUNTS.empty())
    assert not clean(parts[0], parts[2], parts[1])  # rows in each other's hour
    assert not clean(parts[0], pa.concat_tables([parts[1].slice(0, 1), parts[1]]))  # a repeated key
    assert not clean(parts[0], counts(1, visitors=-1))
    assert not clean(parts[0], parts[1].set_column(4, "weather", pa.array(["foggy"] * 5)))


def test_neighbours_tell_sorted_and_unique() -> None:
    def of(*columns: list[object] | pa.Array) -> tuple[bool, bool]:
        return neighbours(pa.table({str(number): column for number, column in enumerate(columns)}))

    assert of([1, 1, 2], ["a", "b", "a"]) == (True, True)
    assert of([1, 1, 2], ["a", "a", "a"]) == (True, False)
    assert of([1, 1, 2], ["b", "a", "a"]) == (False, True)
    assert of(["a", "b", None, None]) == (True, False)  # nulls last, and equal
    assert of([None, "a"]) == (False, True)
    assert of([1.0, float("nan"), 2.0]) == (False, True)
    assert of([1]) == of(pa.array([], pa.string())) == (True, True)
