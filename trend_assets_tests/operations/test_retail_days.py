"""Which days of retail tables are due."""

from __future__ import annotations

from datetime import datetime, timedelta

from trend_assets.operations.retail_days import retail_due
from trend_assets.operations.runs import Range
from trend_assets.operations.sealing import DAY, DAYS_PER_RUN, HOUR
from trend_assets.partitions import day_key
from trend_assets_tests.operations.test_sealing import START, landed, settings

NOW = START + timedelta(days=40, hours=3)


def retail(made: list[str], sealed: tuple[datetime, datetime] | None = (START, START + 40 * DAY)):
    return retail_due(settings(), landed(START, NOW), sealed, made, NOW)


def test_retail_days_are_due_from_two_weeks_before_the_first_sealed_day_to_yesterday_and_bounded():
    found = retail([], (START + 20 * DAY, START + 40 * DAY))
    assert found.range == Range("2026-09-07", "2026-10-07")
    assert found.left == 34 - DAYS_PER_RUN


def test_retail_days_that_are_missing_are_due_wherever_they_are():
    days = [day_key(START + number * DAY) for number in range(40)]
    assert retail(days).range is None
    assert retail(days[:-1]).range == Range("2026-10-10", "2026-10-10")
    assert retail(days[3:]).range == Range("2026-09-01", "2026-09-03")


def test_retail_waits_for_the_first_sealed_hour_to_know_where_to_begin_unless_nothing_lands():
    assert "no hour is sealed yet" in retail([], None).reason
    assert retail_due(settings(), None, None, [], NOW).range == Range("2026-10-10", "2026-10-10")
    assert retail_due(settings(), None, None, ["2026-10-08"], NOW).range == Range("2026-10-09", "2026-10-10")


def test_retail_days_end_where_sealing_has_ended_for_good():
    now, end = START + 90 * DAY, START + 7 * DAY
    town = landed(START, START + 6 * DAY - HOUR)
    sealed = (START, START + 6 * DAY)
    days = [day_key(START + number * DAY) for number in range(6)]
    assert retail_due(settings(lake_end=end), town, sealed, days[:4], now).range == Range("2026-09-05", "2026-09-06")
    assert retail_due(settings(lake_end=end), town, sealed, days, now).range is None


def test_without_a_retail_mapping_no_retail_day_is_due():
    found = retail_due(settings(retail_mapping=None), None, None, [], START + DAY)
    assert found.range is None
    assert "TREND_ASSETS_RETAIL_MAPPING" in found.reason
