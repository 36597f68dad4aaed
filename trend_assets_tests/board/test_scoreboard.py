"""The record on the board counts decided alerts once, names who is better, and shows a hit beside a miss."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from trend_assets.board.scoreboard import examples, records
from trend_assets.board.sentences import scored
from trend_assets.tables import TABLES

ANALYSIS = Path(__file__).parents[2] / "dbt_project" / "analyses" / "were_we_right.sql"

DAY = date(2026, 6, 1)


class Scores:
    """A warehouse that holds ``demand.lead_time_scores`` alone."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.execute("create schema demand")
        self._connection.register("rows", TABLES["demand/lead_time_scores"].from_rows(rows))
        self._connection.execute("create table demand.lead_time_scores as select * from rows")

    def query(self, sql: str, parameters: Sequence[Any] | None = None) -> pa.Table:
        return self._connection.execute(sql, list(parameters or ())).to_arrow_table()


def row(outcome: str, method: str = "trends", number: int = 0, **changes: Any) -> dict[str, Any]:
    alerted = outcome != "miss"
    rose = outcome in ("hit", "late", "miss")
    return {
        "day": DAY, "score_id": f"{method}-{outcome}-{number}", "method": method, "outcome": outcome, "label": f"Scarf <b>{number}</b>",
        "range_id": "fashion/scarf", "category": "fashion", "product_ids": ["1"],
        "alerted_at": datetime(2026, 5, 20, 12, tzinfo=UTC) if alerted else None, "open_until": date(2026, 6, 3) if alerted else None,
        "region": "" if rose else None, "onset_on": date(2026, 5, 25) if rose else None, "detected_on": date(2026, 5, 27) if rose else None,
        "lead_days": 4.5 if outcome == "hit" else -1.0 if outcome == "late" else None, "units": 30.0 if rose else None,
        "expected_units": 10.0 if rose else None, "ratio": 3.0 if rose else None, "data_origin": "real", "reason": "",
    } | changes  # fmt: skip


def test_each_category_has_ours_and_the_best_simple_method() -> None:
    ours = [row("hit"), row("hit", number=1), row("late"), row("miss"), row("false_alarm"), row("open"), row("repeat"), row("unmeasured")]
    naive = [row("hit", "mentions"), row("false_alarm", "mentions"), row("late", "last_week"), row("miss", "last_year")]
    (found,) = records(Scores(ours + naive), DAY)
    assert (found.ours.hits, found.ours.late, found.ours.misses, found.ours.false_alarms) == (2, 1, 1, 1)
    assert (found.ours.precision, found.ours.recall, found.ours.mean_lead) == (0.5, 0.5, 4.5)
    assert found.naive is not None
    assert found.naive.method == "mentions"


def test_a_rise_that_was_missed_and_alerted_afterwards_is_one_rise() -> None:
    afterwards = row("late", alerted_at=datetime(2026, 5, 28, tzinfo=UTC))
    (found,) = records(Scores([row("miss"), afterwards, row("hit")]), DAY)
    assert found.ours.recall == 0.5


def test_the_ready_query_counts_as_the_board_does() -> None:
    afterwards = row("late", number=9, alerted_at=datetime(2026, 5, 28, tzinfo=UTC))
    ours = [row("hit"), row("hit", number=1, lead_days=1.0), row("late"), afterwards, row("miss"), row("false_alarm"), row("open")]
    scores = Scores([*ours, row("hit", "mentions"), row("miss", "last_year", category="home"), row("repeat"), row("unmeasured")])
    told = {(of.category, one.method): one for of in records(scores, DAY) for one in (of.ours, *of.others) if one.by_range}
    answered = scores.query(ANALYSIS.read_text()).to_pylist()
    assert {(line["category"], line["method"]) for line in answered} == set(told)
    for line in answered:
        one = told[line["category"], line["method"]]
        assert (line["hits"], line["late"], line["misses"], line["false_alarms"]) == (one.hits, one.late, one.misses, one.false_alarms)
        assert (line["precision_of_alerts"] or 0.0, line["recall_of_rises"]) == (round(one.precision, 2), round(one.recall, 2))
        assert line["mean_lead_days"] == (None if one.mean_lead is None else round(one.mean_lead, 1))


def test_a_verdict_waits_for_more_than_a_handful_of_ranges() -> None:
    three = [row("hit", number=number, range_id=f"range {number}") for number in range(3)]
    assert [one.verdict for one in records(Scores(three), DAY)] == ["too_few"]
    assert [one.verdict for one in records(Scores([row("miss")]), DAY)] == ["too_few"]


def test_only_days_up_to_the_day_count() -> None:
    assert records(Scores([row("hit", day=DAY + timedelta(days=1))]), DAY) == []
    assert records(Scores([]), DAY) == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_hit_is_shown_beside_a_miss_or_else_a_false_alarm(language: Any) -> None:
    hit, miss = examples(Scores([row("hit"), row("miss"), row("false_alarm")]), DAY)
    assert hit is not None
    assert miss is not None
    assert (hit["outcome"], miss["outcome"]) == ("hit", "miss")
    assert all("30" in scored(language, one) and "10" in scored(language, one) for one in (hit, miss))
    nothing, false = examples(Scores([row("false_alarm")]), DAY)
    assert nothing is None
    assert false is not None
    assert "Scarf" in scored(language, false)
