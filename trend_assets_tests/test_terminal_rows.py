"""Rows on a terminal: whole numbers and times, room for text, and nothing left out unsaid."""

from __future__ import annotations

import io
from datetime import date

import pyarrow as pa
import pytest
from rich.console import Console

from trend_assets.answers import run_query
from trend_assets.commands import as_of
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES
from trend_assets.terminal_rows import print_rows

REASON = "72 posts in the last 22 hours, 0.5 by the usual share of 'waffle'; no single author above 14 %"


def printed(rows: pa.Table, width: int, *, cut: bool = False) -> tuple[str, int]:
    said = io.StringIO()
    left = print_rows(rows, Console(file=said, width=width), cut=cut)
    return said.getvalue(), left


def wide(numbers: int) -> pa.Table:
    values = {f"number_{n}": [1234567] for n in range(numbers)}
    return pa.table({"label": ["cotton waffle throw"], "hour": [date(2026, 9, 10)], **values, "reason": [REASON]})


def test_long_text_gets_the_room_that_numbers_and_days_leave():
    said, left = printed(wide(5), 120)
    assert left == 0
    assert "2026-09-10" in said
    assert "1234567" in said
    assert max(len(line.split("│")[-2].strip()) for line in said.splitlines() if "│" in line) >= 20


def test_a_row_that_does_not_fit_is_written_as_a_list_with_every_value():
    said, left = printed(wide(12), 100)
    assert left == 0
    assert REASON in " ".join(said.replace("│", " ").split())
    assert said.count("1234567") == 12


def test_columns_that_are_cut_are_counted_and_the_others_whole():
    said, left = printed(wide(12), 100, cut=True)
    assert left > 0
    assert said.count("1234567") == 13 - left
    assert "reason" not in said


def test_brackets_in_text_are_shown():
    assert "[red]" in printed(pa.table({"label": ["[red]"]}), 80)[0]


def test_the_main_columns_are_columns_of_their_tables():
    for path, columns in as_of.MAIN_COLUMNS.items():
        assert set(columns) <= {column.name for column in TABLES[path].columns}, path


def test_a_table_of_the_past_shows_the_newest_and_strongest_and_says_what_is_left(monkeypatch):
    said = io.StringIO()
    monkeypatch.setattr(as_of, "console", Console(file=said, width=120))
    days = [date(2026, 9, 1 + n % 5) for n in range(100)]
    rows = pa.table({"day": days, "label": [f"label {n}" for n in range(100)], "score": [float(n) for n in range(100)]})
    as_of._print(rows, ("label", "score"), "trends")
    lines = said.getvalue().splitlines()
    assert "label 99" in lines[4]
    assert "label 94" in lines[5]
    assert "… 70 more rows, 1 more columns: --format csv --output FILE" in lines[-1]


@pytest.fixture
def published(tmp_path, monkeypatch):
    import duckdb

    monkeypatch.setenv("TREND_ASSETS_DATA", str(tmp_path))
    load_settings.cache_clear()
    (tmp_path / "lake").mkdir()
    with duckdb.connect(str(tmp_path / "lake" / "trends.duckdb")) as connection:
        for schema in ("topics", "history", "as_of"):
            connection.execute(f"create schema {schema}")
        connection.execute("create table topics.trends as select 't' as topic_id")
        connection.execute("create table history.trends as select 't' as topic_id")
        connection.execute(
            "create macro as_of.trends(moment) as table "
            "select * from history.trends where cast(moment as timestamptz) > timestamptz '2026-01-01'"
        )
    yield tmp_path
    monkeypatch.undo()
    load_settings.cache_clear()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("drop table topics.trends", "can only be read"),
        ("select * from topics.nothing", "There are: topics.trends. Ready queries"),
        ("select * from as_of.nothing('2026-09-10')", "There are: as_of.trends. Ready queries"),
        ("select * from as_of.trends('gestern')", "A moment is a day, '2026-09-10'"),
        ("select * from demand.card_responses", "lake/demand/card_responses/*/part-*.parquet', hive_partitioning = false"),
    ],
)
def test_a_query_that_fails_says_what_to_ask_instead(published, query, told):
    with pytest.raises(ValueError, match="the query failed") as failed:
        run_query(query, Console(file=io.StringIO()), as_csv=False)
    assert told in str(failed.value)
