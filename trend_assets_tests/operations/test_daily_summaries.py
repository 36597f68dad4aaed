"""Daily summaries of a small town's lake: the day's hours counted once, nothing personal kept, the verdict from what is kept alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.operations.daily_summaries import PLANS, POSTS, judged, summaries_due, summaries_of, summary_of, whole_days
from trend_assets.operations.runs import Range
from trend_assets.partitions import day_key, hour_key
from trend_assets.tables import TABLES
from trend_assets.tables.quality import DAILY_SUMMARIES

FIRST = date(2026, 9, 7)  # a Monday


def _hour(number: int) -> datetime:
    return datetime(2026, 9, 7, tzinfo=UTC) + timedelta(hours=number)


def clean_post(**values: object) -> dict[str, object]:
    """A row of clean posts; what is not given is empty."""
    empty = {column.name: [] if pa.types.is_list(column.type) else None if column.nullable else "" for column in TABLES[POSTS].columns}
    same = {
        "network": "x",
        "kind": "post",
        "language_confidence": 0.9,
        "near_duplicate_key": 1,
        "weighted_length": 40,
        "licence_class": "own",
    }
    return {**empty, **same, "captured_at": values["created_at"], **values}


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(str(tmp_path))


def _publish(lake: Lake, hours: Iterable[int], posts: int = 6) -> None:
    table, parts = TABLES[POSTS], {}
    for hour in hours:
        moment = _hour(hour)
        rows = [
            clean_post(
                post_id=f"{hour}-{number}",
                created_at=moment + timedelta(minutes=number),
                author=f"author-{number}",
                tokens=["dress", "red" if number % 2 else "blue"],
                language="fr" if number % 3 == 0 else "en",
            )
            for number in range(posts)
        ]
        parts[hour_key(moment)] = table.from_rows(rows)
    lake.publish(table, parts)


def _summarise(lake: Lake, days: int) -> None:
    rows = summaries_of(lake, [FIRST + timedelta(days=number) for number in range(days)])
    lake.publish(DAILY_SUMMARIES, Lake.split(DAILY_SUMMARIES, rows, [day_key(FIRST + timedelta(days=number)) for number in range(days)]))


def test_a_day_is_its_hours_and_holds_no_post_and_no_person(lake):
    _publish(lake, range(24))
    rows = summaries_of(lake, [FIRST])
    told = str(rows.to_pylist())
    assert "author-" not in told
    found = summary_of(lake, POSTS, PLANS[POSTS], FIRST)
    assert found.rows == 24 * 6
    assert found.of("share", "language") == {"en": 96, "fr": 48}
    assert sum(found.of("volume").values()) == 144
    assert found.of("schema") == {lake.manifest(TABLES[POSTS], hour_key(_hour(0))).schema: 144}
    assert pc.sum(rows.filter(pc.equal(rows["kind"], "words"))["count"]).as_py() == 288


def test_a_day_that_is_there_in_part_and_one_without_posts_have_no_summary(lake):
    assert summaries_of(lake, [FIRST]).num_rows == 0
    _publish(lake, range(3, 30))
    assert summaries_of(lake, [FIRST]).num_rows == 0
    assert summaries_of(lake, [FIRST + timedelta(days=1)]).num_rows > 0


def test_the_verdict_needs_the_summaries_only_and_names_a_gap_where_there_was_one(lake):
    assert "nothing has been summarised" in judged(lake, POSTS).signal.message
    _publish(lake, [*range(24 * 13 + 9), *range(24 * 13 + 18, 24 * 14)], posts=20)
    gap = {
        "gap_id": "one",
        "source": "x",
        "network": "x",
        "begins_at": _hour(24 * 13 + 9),
        "ends_at": _hour(24 * 13 + 18),
        "reason": "downtime",
        "detail": "",
        "noticed_by": "collector",
        "recorded_at": _hour(24 * 14),
        "backfilled_at": None,
    }
    _summarise(lake, 14)
    unexplained = judged(lake, POSTS)
    assert (unexplained.signal.passed, unexplained.cause) == (False, "drift")
    gaps = TABLES["social/collection_gaps"]
    lake.append(gaps, day_key(FIRST + timedelta(days=13)), gaps.from_rows([gap]))
    _summarise(lake, 14)
    verdict = judged(lake, POSTS)
    assert (verdict.signal.passed, verdict.cause) == (False, "collection gap")
    assert "540 minutes not collected" in verdict.signal.message
    lake.publish(TABLES[POSTS], {hour_key(_hour(hour)): TABLES[POSTS].empty() for hour in range(24 * 14)})
    assert judged(lake, POSTS).signal == verdict.signal  # the posts are gone, the verdict stays


def test_a_day_on_which_nothing_came_is_the_newest_and_is_told(lake):
    _publish(lake, range(24 * 12))
    _summarise(lake, 13)
    lake.publish(DAILY_SUMMARIES, {day_key(FIRST + timedelta(days=12)): DAILY_SUMMARIES.empty()})
    verdict = judged(lake, POSTS)
    assert not verdict.signal.passed
    assert verdict.signal.figures["found"] == 0


def test_days_are_due_once_they_are_sealed_whole_and_again_when_what_they_are_made_from_is_newer():
    hours = {hour_key(_hour(number)): number for number in range(60)}
    sealed = (_hour(0), _hour(60))
    assert summaries_due(None, [hours], {}).range is None
    assert summaries_due(sealed, [hours], {}).range == Range("2026-09-07", "2026-09-08")
    made = {"2026-09-07": 100, "2026-09-08": 101}
    assert summaries_due(sealed, [hours], made).range is None
    assert summaries_due(sealed, [hours, {hour_key(_hour(30)): 200}], made).range == Range("2026-09-08", "2026-09-08")


def test_a_range_of_hours_has_the_days_that_are_whole():
    assert whole_days(Range("2026-09-07-00:00", "2026-09-08-23:00")) == Range("2026-09-07", "2026-09-08")
    assert whole_days(Range("2026-09-07-01:00", "2026-09-08-22:00")) is None


def test_predictions_are_summarised_by_label_probability_and_version(lake):
    [path] = [path for path in PLANS if path == "sentiment/predictions"]
    table = TABLES[path]
    rows = [
        {
            "network": "x",
            "post_id": str(number),
            "created_at": _hour(0),
            "label": "positive" if number % 2 else "negative",
            "probability": 0.55,
            "model_version": 3,
        }
        for number in range(10)
    ]
    data = pa.Table.from_pylist([{**dict.fromkeys(column.name for column in table.columns), **row} for row in rows], schema=table.schema)
    lake.publish(table, {hour_key(_hour(0)): data})
    found = summary_of(lake, path, PLANS[path], FIRST)
    assert found.of("share", "label") == {"negative": 5, "positive": 5}
    assert found.of("number", "probability of positive") == {"0.5": 5}
    assert found.of("model") == {"3": 10}
