"""Which hours are open, and moments moved so that the hour under way is a full one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from trend_assets.lib.live.hours import LONGEST_LAG, open_hours, shifted

START = datetime(2026, 9, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOON = START + 12 * HOUR


def test_open_are_the_hours_after_the_newest_sealed_one_and_landing_is_looked_at_one_further():
    hours = open_hours(NOON + timedelta(minutes=7), NOON - 3 * HOUR, START, None)
    assert hours.judged == [NOON - 2 * HOUR, NOON - HOUR, NOON]
    assert hours.landing == [*hours.judged, NOON + HOUR]  # a sender's clock may be ahead


def test_a_sealed_lane_far_behind_does_not_make_the_live_lane_look_back_without_end():
    hours = open_hours(NOON, START - 24 * HOUR, START - 48 * HOUR, None)
    assert hours.first == NOON - LONGEST_LAG


def test_a_new_lake_begins_at_its_start_and_an_ended_lake_has_no_open_hour():
    assert open_hours(START + timedelta(minutes=90), None, START, None).judged == [START, START + HOUR]
    assert open_hours(NOON, START, START, NOON).judged == []
    assert open_hours(NOON, START, START, NOON).landing == []
    assert open_hours(NOON, NOON, START, None).judged == []  # sealed already: nothing to do


def test_the_last_sixty_minutes_fill_the_hour_under_way_and_every_moment_stays_in_one_hour():
    as_of = NOON + timedelta(minutes=10)
    moments = [as_of - timedelta(minutes=minutes) for minutes in (1, 59, 61, 119, 121)]
    moved = shifted(pa.array(moments, pa.timestamp("us", tz="UTC")), as_of).to_pylist()
    assert [moment.hour for moment in moved] == [12, 12, 11, 11, 10]
