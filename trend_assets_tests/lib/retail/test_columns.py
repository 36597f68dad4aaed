"""Values as retailers write them become typed values, or a problem that quotes what was there."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.retail.columns import Problems, as_numbers, column_values, condition_mask, occurrence_numbers
from trend_assets.lib.retail.conditions import Condition
from trend_assets.lib.retail.dates import local_days, parse_days, parse_times, times_from_typed
from trend_assets.lib.retail.rules import ColumnRule, FileFormat
from trend_assets.tables import TABLES

ORDERS = TABLES["retail/orders"]
QUANTITY, PRICE, KIND, COUNTRY = (ORDERS.column(name) for name in ("quantity", "unit_price", "kind", "country"))


def values(
    column: object, data: dict[str, list], rule: dict, file_format: FileFormat | None = None
) -> tuple[list, list[tuple[int, str, str]]]:
    table = pa.table(data)
    problems = Problems(table.num_rows)
    result = column_values(column, ColumnRule(**rule), table, file_format or FileFormat(), problems)  # type: ignore[arg-type]
    return result.to_pylist(), [(int(row), *problems.of(row)) for row in np.flatnonzero(~problems.sound)]


def test_whole_numbers_are_read_and_anything_else_is_refused_with_its_text() -> None:
    found, problems = values(QUANTITY, {"Q": ["3", " -2 ", "4.0", "2.5", "many", "", "1e400"]}, {"column": "Q"})
    assert found == [3, -2, 4, None, None, None, None]
    assert [(row, reason) for row, reason, _ in problems] == [
        (3, "invalid_value"),
        (4, "invalid_value"),
        (5, "missing_value"),
        (6, "invalid_value"),
    ]
    assert "'many' in Q is not a whole number" in problems[1][2]


def test_decimal_commas_and_thousands_separators_are_declared() -> None:
    french = FileFormat(decimal=",", thousands=" ")
    assert values(PRICE, {"P": ["1 234,50", ",5"]}, {"column": "P"}, french) == ([1234.5, 0.5], [])


def test_typed_columns_are_taken_as_they_are_and_nan_is_missing() -> None:
    found, problems = values(PRICE, {"P": pa.array([1.5, float("nan"), float("inf"), None])}, {"column": "P"})
    assert found == [1.5, None, None, None]
    assert [reason for _, reason, _ in problems] == ["missing_value", "invalid_value", "missing_value"]


def test_the_first_case_that_holds_decides() -> None:
    rule = {
        "cases": [
            {"when": {"column": "No", "starts_with": "C"}, "value": "cancellation"},
            {"when": [{"column": "Q", "below": 0}, {"column": "Client", "missing": True}], "value": "adjustment"},
        ],
        "otherwise": "sale",
    }
    data = {"No": ["C1", "2", "3", "4"], "Q": ["-1", "-1", "-1", "5"], "Client": ["", "", "9", ""]}
    assert values(KIND, data, rule) == (["cancellation", "adjustment", "sale", "sale"], [])


def test_a_value_outside_the_closed_list_is_refused() -> None:
    _, problems = values(KIND, {"K": ["sale", "gift"]}, {"column": "K"})
    assert problems == [(1, "invalid_value", "kind: 'gift' in K is not one of sale, return, cancellation, adjustment")]


def test_a_lookup_translates_and_says_what_it_does_not_know() -> None:
    assert values(COUNTRY, {"C": ["UK", "X", ""]}, {"column": "C", "lookup": {"UK": "GB"}, "otherwise": "??"})[0] == ["GB", "??", None]
    _, problems = values(COUNTRY, {"C": ["X"]}, {"column": "C", "lookup": {"UK": "GB"}})
    assert "not in the mapping's lookup" in problems[0][2]


def test_signs_defaults_and_letters_are_transforms() -> None:
    returned = {"column": "Q", "negate_when": {"column": "No", "starts_with": "R"}}
    assert values(QUANTITY, {"Q": ["2", "2"], "No": ["R1", "1"]}, {**returned, "negate_when": [returned["negate_when"]]})[0] == [-2, 2]
    assert values(QUANTITY, {"Q": ["2"]}, {"column": "Q", "sign": "negate"})[0] == [-2]
    assert values(QUANTITY, {"Q": ["n/a"]}, {"column": "Q", "default": 0}, FileFormat(missing=["n/a"]))[0] == [0]
    assert values(COUNTRY, {"C": ["fr"]}, {"column": "C", "letters": "upper"})[0] == ["FR"]


def test_a_missing_value_fails_every_test_but_the_one_for_missing() -> None:
    data = pa.table({"A": ["", "x"]})
    for test in ({"equals": ["x"]}, {"starts_with": ["x"]}):
        assert condition_mask([Condition(column="A", **test)], data, FileFormat()).tolist() == [False, True]
    assert condition_mask([Condition(column="A", below=1)], data, FileFormat()).tolist() == [False, False]


def test_occurrences_count_within_a_value_in_row_order() -> None:
    assert occurrence_numbers(pa.array(["a", "b", "a", "a", "b"])).tolist() == [1, 1, 2, 3, 2]
    assert occurrence_numbers(pa.array([], pa.string())).tolist() == []


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("2026-09-01T10:00:00", "iso", datetime(2026, 9, 1, 8, tzinfo=UTC)),
        ("2026-09-01T10:00:00Z", "iso", datetime(2026, 9, 1, 10, tzinfo=UTC)),
        ("01/12/2026 10:00", "%d/%m/%Y %H:%M", datetime(2026, 12, 1, 9, tzinfo=UTC)),
        ("2026-10-25T02:30:00", "iso", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # twice that night: the earlier
        ("2026-02-30", "iso", None),
        ("9999-12-31T23:59:59-23:00", "iso", None),
    ],
)
def test_times_are_read_in_their_time_zone(text: str, pattern: str, expected: datetime | None) -> None:
    assert parse_times(pa.array([text]), pattern, "Europe/Paris").to_pylist() == [expected]


def test_days_drop_the_time_and_typed_times_get_their_zone() -> None:
    assert parse_days(pa.array(["2026-09-01 23:00", None, "x"]), "iso").to_pylist() == [date(2026, 9, 1), None, None]
    typed = times_from_typed(pa.array([datetime(2026, 9, 1, 0, 30)]), "Europe/Paris")
    assert typed.to_pylist() == [datetime(2026, 8, 31, 22, 30, tzinfo=UTC)]
    assert local_days(typed, "Europe/Paris").to_pylist() == [date(2026, 9, 1)]


def test_symbols_every_kind_of_space_and_trailing_signs_are_part_of_a_number() -> None:
    texts = pa.array(["1\u202f049,90 €", "12,50-", "EUR 3", "1 0 4", "- 5", "€"])
    numbers, unreadable = as_numbers(texts, ",", " ", ["€", "EUR"])
    assert numbers.to_pylist() == [1049.9, -12.5, 3.0, 104.0, -5.0, None]
    assert unreadable.tolist() == [False, False, False, False, False, True]


POINTS = FileFormat(decimal=",", thousands=".")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"column": "P", "default": 0.5}, [0.375, 0.5]),
        ({"column": "P", "default": 2}, [0.375, 2.0]),
        ({"constant": 0.5}, [0.5, 0.5]),
        ({"cases": [{"when": {"column": "C", "equals": "a"}, "value": 1.25}], "otherwise": 0.5}, [1.25, 0.5]),
        ({"column": "C", "lookup": {"a": 1.25}, "otherwise": 0.5}, [1.25, 0.5]),
        ({"column": "T", "decimal": "."}, [1.5, 1234.25]),
    ],
)
def test_numbers_of_the_mapping_and_of_steps_are_no_texts_of_the_file(rule: dict, expected: list[float]) -> None:
    data = {"P": pa.array([0.375, None]), "C": ["a", "b"], "T": ["1.5", "1234.25"]}
    rule = rule | ({"cases": [case | {"when": [case["when"]]} for case in rule["cases"]]} if "cases" in rule else {})
    assert values(PRICE, data, rule, POINTS) == (expected, [])


def test_a_number_of_the_mapping_becomes_text_as_the_mapping_writes_it() -> None:
    assert values(COUNTRY, {"C": ["a"]}, {"constant": 0.5}, POINTS)[0] == ["0.5"]
