"""What the lake knows of how much was collected: the ledger, weighed by what each network usually brings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from trend_assets.collect.gaps import GapLedger
from trend_assets.collect.source import Gap
from trend_assets.lake.lake import Lake
from trend_assets.operations.collected import GAPS, consumed, gaps_between
from trend_assets.partitions import hour_key
from trend_assets.tables import TABLES

NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
COUNTS = TABLES["social/landing_counts"]


def moment(hours: float) -> datetime:
    return NOON + hours * HOUR


@pytest.fixture
def lake(tmp_path) -> Lake:
    """A week in which one network brought three times as many posts as the other."""
    made = Lake(str(tmp_path))
    for day in (3, 5):
        hour = NOON - timedelta(days=day)
        rows = [
            {"hour": hour, "landing_file": f"network={network}/hour={hour:%Y-%m-%dT%H}/a.jsonl.zst", "request_id": "", "source": network,
             "outcome": outcome, "detail": "", "records": records}
            for network, outcome, records in (("x", "post", 10), ("bluesky", "post", 20), ("bluesky", "repost", 10), ("x", "ignored", 900))
        ]  # fmt: skip
        made.publish(COUNTS, {hour_key(hour): COUNTS.from_rows(rows)})
    return made


def shares(lake: Lake, first: float = -48, end: float = 24) -> dict[float, float]:
    rows = gaps_between(lake, moment(first), moment(end)).shares().to_pylist()
    return {(row["hour"] - NOON) / HOUR: round(row["share"], 4) for row in rows}


def test_a_gap_takes_as_much_of_an_hour_as_its_network_usually_brings(lake):
    assert shares(lake) == {}
    GapLedger(lake, "x", "x").record([Gap(moment(0), moment(1.5), "stall")])
    GapLedger(lake, "bluesky", "bluesky").record([Gap(moment(1), moment(2), "disconnect")])
    assert shares(lake) == {0: 0.75, 1: 0.125}
    assert shares(lake, first=1) == {1: 0.125}


def test_what_was_filled_is_no_gap(lake):
    ledger = GapLedger(lake, "x", "x")
    ledger.record([Gap(moment(0), moment(1), "stall"), Gap(moment(3), moment(4), "stall")])
    ledger.backfilled(ledger.to_backfill(moment(2)))
    assert shares(lake) == {0: 0.75}


def test_an_hour_records_what_it_was_told_and_only_what_concerns_it(lake):
    keys = [hour_key(moment(number)) for number in (-1, 0, 30)]
    ledger = GapLedger(lake, "x", "x")
    assert consumed(gaps_between(lake, moment(-48), moment(24)).shares(), keys, 24 * HOUR) == {}
    ledger.record([Gap(moment(0), moment(1), "stall")])
    before = consumed(gaps_between(lake, moment(-48), moment(31)).shares(), keys, 24 * HOUR)
    assert list(before) == [keys[1]], "hours before the gap, and those whose past it is too old for, were told nothing"
    assert list(before[keys[1]]) == [GAPS]
    ledger.record([Gap(moment(-3), moment(-2), "stall")])
    after = consumed(gaps_between(lake, moment(-48), moment(31)).shares(), keys, 24 * HOUR)
    assert after[keys[1]] != before[keys[1]]
    assert set(after) == set(keys[:2])


def test_the_identity_changes_with_the_ledger_and_with_nothing_else(lake):
    def identity() -> str:
        return gaps_between(lake, moment(-48), moment(24)).identity

    first = identity()
    assert identity() == first
    GapLedger(lake, "x", "x").record([Gap(moment(0), moment(1), "stall")])
    assert identity() != first


def test_the_open_hours_of_the_live_lane_are_moved_and_the_sealed_ones_are_not(lake):
    GapLedger(lake, "bluesky", "bluesky").record([Gap(moment(-10), moment(-9), "stall"), Gap(moment(0.25), moment(0.75), "stall")])
    found = gaps_between(lake, moment(-48), moment(2)).shares_until([moment(0), moment(1)], moment(1.5)).to_pylist()
    assert {(row["hour"] - NOON) / HOUR: round(row["share"], 4) for row in found} == {-10: 0.25, 0: 0.8125, 1: 0.8125}
