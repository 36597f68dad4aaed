"""Each step on a few rows, on none, and on bad ones: nothing is lost unseen."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trend_assets.lib.retail.arithmetic import evaluated, names_in
from trend_assets.lib.retail.decode import SourceFile, decode_file
from trend_assets.lib.retail.mapping import OtherSource
from trend_assets.lib.retail.reshape import Account, Lookup, reshaped
from trend_assets.lib.retail.rules import FileFormat

STYLE = FileFormat(decimal=",", date_format="%Y%m%d")


def rows(text: str) -> SourceFile:
    return decode_file("a.csv", None, text.replace(" ", "").encode(), FileFormat(delimiter=";"))


def after(source: SourceFile, *steps: dict, **others: SourceFile) -> tuple[list[dict], SourceFile, Account]:
    declared = OtherSource.model_validate({"files": "a.csv", "steps": list(steps)}).steps
    lookups = {name: Lookup(other, STYLE, Account(name, 0, 0, 0, 0)) for name, other in others.items()}
    made, account = reshaped(source, declared, lookups, STYLE)
    return made.data.to_pylist(), made, account


def test_arithmetic_is_no_code_and_says_what_it_does_not_understand() -> None:
    columns = {"a": np.array([1.0, np.nan]), "VAT %": np.array([20.0, 20.0])}
    assert evaluated("-a * (1 + [VAT %] / 100)", columns, 2).tolist()[0] == pytest.approx(-1.2)
    assert np.isnan(evaluated("a / 0", columns, 2)).all()
    assert names_in("a + b*2 - a") == ["a", "b"]
    assert evaluated("[in] - -007 * .5", {"in": np.array([1.0])}, 1).tolist() == [4.5]  # no word and no number is Python's
    deep = ("(" * 200 + "a" + ")" * 200, "-" * 5000 + "a", "a" + "+a" * 5000)
    for text in ("a +", "a b", "(a", "a)", "+a", "a(b)", "a / / b", "1_0", "()", "__import__('os')", "a ** 2", "", *deep):
        with pytest.raises(ValueError, match=r"missing|not closed|not understood|nested"):
            names_in(text)


def test_a_value_that_is_no_number_costs_its_row_and_a_missing_one_is_missing() -> None:
    found, made, account = after(rows("n;m\n1,5;2\nx;2\n;2\n"), {"compute": {"k": "n * m"}})
    assert [row["k"] for row in found] == [3.0, None]
    assert [(bad.row, bad.detail) for bad in made.malformed] == [(1, "n: 'x' is not a number")]
    assert made.row_numbers.tolist() == [0, 2]
    assert account == Account("a.csv", 3, 1, 0, 2)


def test_a_column_computed_in_place_loses_no_bad_value() -> None:
    found, made, _ = after(rows("n\n2\noops\n"), {"compute": {"n": "n * 10", "twice": "n * 2"}})
    assert [(row["n"], row["twice"]) for row in found] == [(20.0, 40.0)]
    assert [(bad.row, bad.detail) for bad in made.malformed] == [(1, "n: 'oops' is not a number")]


def test_texts_parts_translations_and_choices() -> None:
    found, _, _ = after(
        rows("d;t;c\n20260901;930;-07\n20260902;;b\n"),
        {"extract": {"t6": {"column": "t", "pattern": r"(\d+)", "fill": 4}, "bare": {"column": "c", "pattern": "^-?0*(.+)$"}}},
        {"text": {"at": "{d} {t6}"}},
        {"translate": {"sign": {"column": "c", "values": {"b": -1}, "otherwise": 1}}},
        {"choose": {"first": {"when": {"column": "t", "missing": True}, "column": "c", "otherwise": "d"}}},
    )
    assert [(row["at"], row["bare"], row["sign"], row["first"]) for row in found] == [
        ("20260901 0930", "7", "1", "20260901"),
        (None, "b", "-1", "b"),
    ]


def test_a_row_without_a_match_goes_on_without_values() -> None:
    codes = rows("id;kind;name\n1;a;one\n1;b;two\n")
    found, _, _ = after(
        rows("k;l\n1;b\n9;b\n;b\n"), {"join": {"source": "codes", "by": {"k": "id", "l": "kind"}, "take": {"name": "said"}}}, codes=codes
    )
    assert [row["said"] for row in found] == ["two", None, None]


def test_columns_become_rows_numbered_after_the_files_own() -> None:
    found, made, account = after(
        rows("sku;q1;q2\nA;1;2\nB;;3\n"), {"unpivot": {"columns": {"q1": "one", "q2": "two"}, "name": "shop", "value": "n"}}
    )
    assert [(row["sku"], row["shop"], row["n"]) for row in found] == [("A", "one", "1"), ("A", "two", "2"), ("B", "two", "3")]
    assert made.row_numbers.tolist() == [2, 3, 4]
    assert account == Account("a.csv", 2, 0, 0, 3)


def test_rows_become_sums_and_the_first_by_an_order() -> None:
    source = rows("sku;n;days;who\nA;1;10;x\nA;2,5;9;y\nB;;9;z\nA;bad;1;w\n")
    total = {
        "by": "sku",
        "sum": "n",
        "smallest": {"days": "quickest"},
        "greatest": {"who": "last"},
        "order": "days",
        "first": "who",
        "count": "rows",
    }
    found, made, account = after(source, {"total": total})
    assert {row["sku"]: (row["n"], row["quickest"], row["last"], row["who"], row["rows"]) for row in found} == {
        "A": (3.5, "9", "y", "y", 2),
        "B": (None, "9", "z", "z", 1),
    }
    assert len(made.malformed) == 1
    assert account == Account("a.csv", 4, 1, 0, 2)


def test_movements_become_levels_of_each_day() -> None:
    log = rows("d;sku;n\n20260903;A;-1\n20260901;A;5\n20260902;B;2\n20260901;A;1\nsoon;A;9\n")
    step = {"running_total": {"by": "sku", "at": "d", "level": {"n": "stock"}, "of_day": {"n": "moved"}}}
    found, made, _ = after(log, step)
    assert {(row["sku"], row["d"].day): (row["stock"], row["moved"]) for row in found} == {
        ("A", 1): (6, 6),
        ("A", 2): (6, 0),
        ("A", 3): (5, -1),
        ("B", 2): (2, 2),
        ("B", 3): (2, 0),
    }
    assert made.malformed[0].detail == "d: 'soon' is not a date in the format %Y%m%d"
    declared = OtherSource.model_validate({"files": "a.csv", "steps": [step]}).steps
    of_day, _ = reshaped(log, declared, {}, STYLE, days=[date(2026, 9, 2), date(2027, 1, 1)])
    assert [(row["sku"], row["d"].day, row["stock"]) for row in of_day.data.to_pylist()] == [("A", 2, 6), ("B", 2, 2)]


def test_a_movement_without_a_quantity_is_refused_not_counted_as_none() -> None:
    step = {"running_total": {"by": "sku", "at": "d", "level": {"n": "stock"}, "of_day": {"in": "came"}}}
    found, made, account = after(rows("d;sku;n;in\n20260901;A;5;5\n20260901;A;;0\n20260902;A;2;\n;A;1;1\n"), step)
    assert [(row["d"].day, row["stock"], row["came"]) for row in found] == [(1, 5, 5)]
    assert [(bad.row, bad.reason, bad.detail) for bad in made.malformed] == [
        (1, "missing_value", "n is missing: it must be a number"),
        (2, "missing_value", "in is missing: it must be a number"),
        (3, "missing_value", "d is missing: it must be a date in the format %Y%m%d"),
    ]
    assert account == Account("a.csv", 4, 3, 0, 1)


@pytest.mark.parametrize("pattern", ["[(]?(A+)", r"\(?(A+)", "(?:[(])?(A+)", "[(]?(?P<kept>A+)"])
def test_the_part_to_keep_is_the_group_not_the_first_bracket(pattern: str) -> None:
    found, _, _ = after(rows("t\n(AA)\nA\nB\n"), {"extract": {"part": {"column": "t", "pattern": pattern}}})
    assert [row["part"] for row in found] == ["AA", "A", None]


@pytest.mark.parametrize(
    "step",
    [
        {"total": {"by": "sku", "sum": "n", "smallest": {"n": "least"}}},
        {"running_total": {"by": "sku", "at": "d", "level": {"n": "stock"}}},
        {"unpivot": {"columns": ["n"], "name": "shop", "value": "v"}},
        {"where": {"column": "n", "above": 3}},
        {"compute": {"k": "n + 1"}},
        {"text": {"k": "{d}-{n}"}},
    ],
)
def test_a_file_without_rows_stays_one(step: dict) -> None:
    found, _, account = after(rows("d;sku;n\n20260901;A;1\n"), {"where": {"column": "sku", "equals": "none"}}, step)
    assert found == []
    assert account == Account("a.csv", 1, 0, 1, 0)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from("AB"), st.integers(-50, 50)), max_size=30))
def test_levels_equal_plain_sums_whatever_the_order_of_the_log(moved: list[tuple[int, str, int]]) -> None:
    table = pa.table(
        {
            "d": pa.array([f"2026090{day}" for day, _, _ in moved], pa.string()),
            "sku": pa.array([sku for _, sku, _ in moved], pa.string()),
            "n": pa.array([number for _, _, number in moved], pa.int64()),
        }
    )
    source = SourceFile("log", None, table, np.arange(len(moved)))
    found, _, _ = after(source, {"running_total": {"by": "sku", "at": "d", "level": {"n": "stock"}}})
    last = max((day for day, _, _ in moved), default=0)
    expected = {
        (sku, day): sum(number for at, of, number in moved if of == sku and at <= day)
        for sku in "AB"
        for day in range(min((at for at, of, _ in moved if of == sku), default=10), last + 1)
    }
    assert {(row["sku"], row["d"].day): row["stock"] for row in found} == expected


POINTS = FileFormat(delimiter=";", decimal=",", thousands=".", date_format="%d.%m.%Y")
"""As much of Europe writes: a number that is written with a point is a thousand times as much."""


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([{"choose": {"p": {"when": {"column": "n", "above": 0}, "column": "each"}}}], [0.375, 0.625]),
        ([{"choose": {"p": {"when": {"column": "sku", "equals": "A"}, "column": "each", "otherwise": "total"}}}], [0.375, 2.5]),
        ([{"total": {"by": "sku", "smallest": {"each": "p"}}}], [0.375, 0.625]),
        ([{"total": {"by": "sku", "greatest": {"each": "p"}}}], [0.375, 0.625]),
        ([{"total": {"by": "sku", "first": {"each": "p"}}}], [0.375, 0.625]),
        (
            [{"total": {"by": "each", "count": "rows"}}, {"choose": {"p": {"when": {"column": "rows", "above": 0}, "column": "each"}}}],
            [0.375, 0.625],
        ),
        ([{"unpivot": {"columns": ["each"], "name": "what", "value": "p"}}], [0.375, 0.625]),
        ([{"unpivot": {"columns": ["each", "none"], "name": "what", "value": "p"}}], [0.375, 0.625]),
        ([{"text": {"p": "{each}"}}], [0.375, 0.625]),
        ([{"extract": {"p": {"column": "each"}}}], [0.375, 0.625]),
        ([{"translate": {"p": {"column": "sku", "values": {"A": 0.5}, "otherwise": 2}}}], [0.5, 2.0]),
    ],
)
def test_a_number_is_the_same_number_after_any_step(steps: list[dict], expected: list[float]) -> None:
    source = decode_file("a.csv", None, b"sku;n;total;none\nA;4;1,50;\nB;4;2,50;\n", POINTS)
    declared = OtherSource.model_validate(
        {"files": "a.csv", "steps": [{"compute": {"each": "total / n"}}, *steps, {"compute": {"again": "p * 1"}}]}
    ).steps
    made, _ = reshaped(source, declared, {}, POINTS)
    assert made.malformed == []
    assert made.data["again"].to_pylist() == expected


def test_a_day_stays_a_day_or_is_written_as_the_format_writes_it() -> None:
    source = decode_file("a.csv", None, b"d;sku;n;other\n01.09.2026;A;1;05.09.2026\n02.09.2026;A;-1;\n", POINTS)
    steps = [
        {"running_total": {"by": "sku", "at": "d", "level": {"n": "stock"}}},
        {"text": {"fixed": "05.09.2026"}},
        {"choose": {"kept": {"when": {"column": "stock", "above": 0}, "column": "d"}}},
        {"choose": {"mixed": {"when": {"column": "stock", "above": 0}, "column": "d", "otherwise": "fixed"}}},
        {"running_total": {"by": "sku", "at": "d", "level": {"stock": "again"}}},
    ]
    declared = OtherSource.model_validate({"files": "a.csv", "steps": steps}).steps
    made, _ = reshaped(source, declared[:-1], {}, POINTS)
    assert made.data["kept"].to_pylist() == [date(2026, 9, 1), None]
    assert made.data["mixed"].to_pylist() == ["01.09.2026", "05.09.2026"]
    made, _ = reshaped(source, declared, {}, POINTS)  # days that a step made can be read by the next
    assert [(row["d"], row["again"]) for row in made.data.to_pylist()] == [(date(2026, 9, 1), 1.0), (date(2026, 9, 2), 1.0)]
