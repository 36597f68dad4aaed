"""What is late: not what waits for the next tick, but what the last one should have made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, StepMaterializationData
from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID

from trend_assets.definitions import definitions
from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import open_storage
from trend_assets.landing.files import make_ulid
from trend_assets.operations.automation import DAILY_TABLES, SEALED_TABLES
from trend_assets.operations.late import last_tick, late_jobs
from trend_assets.operations.sealing import RETAIL, WAREHOUSE_FILE, State
from trend_assets.partitions import hour_key, hours_between
from trend_assets.settings import Settings

START, HOUR, MINUTE = datetime(2026, 9, 1, tzinfo=UTC), timedelta(hours=1), timedelta(minutes=1)
FIVE = datetime(2026, 9, 3, 5, tzinfo=UTC)
"""When the night report is written: 02:00 has just become due, and is taken up five minutes later."""
SCHEDULES = {
    "social_hours": "5 * * * *",
    "retail_days": "10 * * * *",
    "marts": "*/30 4-11 * * *",
    "sentiment_hours": "25 * * * *",
    "housekeeping": "40 1 * * *",
}


class Night:
    """A growing lake until the morning of 3 September: what was made when."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(_env_file=None, lake_start=START, retail_mapping=Path("mapping.yml"))
        self.instance = dg.DagsterInstance.ephemeral()
        self.state = State(settings, self.instance, Lake(str(folder / "lake")), open_storage(str(folder / "landing")))
        for hour in (START, FIVE - MINUTE):
            ulid = make_ulid(hour, b"0123456789")
            self.state.storage.write_new(f"network=x/hour={hour:%Y-%m-%dT%H}/{ulid}-0123456789ab.jsonl.zst", b"x")

    def made(self, path: str, at: datetime, keys: list[str] | None = None) -> None:
        for key in keys or [None]:
            event = DagsterEvent(
                event_type_value=dg.DagsterEventType.ASSET_MATERIALIZATION.value,
                event_specific_data=StepMaterializationData(dg.AssetMaterialization(path.split("/"), partition=key)),
                job_name=RUNLESS_JOB_NAME,
            )
            self.instance.report_dagster_event(event, run_id=RUNLESS_RUN_ID, timestamp=at.timestamp())

    def sealed(self, until: datetime, at: datetime) -> None:
        for path in SEALED_TABLES:
            self.made(path, at, [hour_key(hour) for hour in hours_between(START, until)])

    def late(self, now: datetime = FIVE) -> dict[str, str]:
        return late_jobs(self.state, now, SCHEDULES)


@pytest.fixture
def night(tmp_path) -> Night:
    """Everything was made in its turn."""
    night = Night(tmp_path)
    days = [f"{START.date() + timedelta(days=back):%Y-%m-%d}" for back in range(2)]
    night.sealed(FIVE - 3 * HOUR, FIVE - 50 * MINUTE)
    night.made(RETAIL, FIVE - 105 * MINUTE, days)
    for path in DAILY_TABLES:
        night.made(path, FIVE - 45 * MINUTE, days)
    night.made("sentiment/champion", START + HOUR)
    night.made("sentiment/predictions", FIVE - 34 * MINUTE, [hour_key(hour) for hour in hours_between(START, FIVE - 3 * HOUR)])
    night.made(WAREHOUSE_FILE, FIVE - 28 * MINUTE)
    return night


def test_nothing_is_late_in_a_night_in_which_everything_ran_although_an_hour_is_due(night):
    assert night.state.due(FIVE)["social_hours"].range is not None
    assert night.late() == {}


def test_cards_that_were_made_after_the_marts_tick_wait_for_the_next_one(night):
    night.made(DAILY_TABLES[-1], FIVE - 10 * MINUTE, ["2026-09-02"])
    assert night.late() == {}
    assert night.late(FIVE + 20 * MINUTE)["marts"] == "the cards of 2026-09-02 newer than the warehouse file since 2026-09-03 05:00"


def test_marts_are_not_blamed_for_hours_that_are_newer_than_the_file_nor_for_a_day_that_is_not_made(night):
    night.made("topics/trends", FIVE, ["2026-09-03-02:00"])
    assert "marts" not in night.late(FIVE + 3 * HOUR)
    assert "marts" not in night.late(FIVE + 24 * HOUR)


def test_hours_that_the_last_tick_should_have_sealed_are_late_and_nobody_blames_the_champion_for_them(night):
    assert night.late(FIVE + 2 * HOUR)["social_hours"] == "2 hours to seal since 2026-09-03 06:05"
    assert "sentiment_hours" not in night.late(FIVE + 2 * HOUR)


def test_a_tick_that_has_just_asked_is_given_time_to_run(night):
    assert "social_hours" not in night.late(FIVE + 10 * MINUTE)
    assert "social_hours" in night.late(FIVE + 30 * MINUTE)


def test_days_and_hours_that_a_tick_left_out_are_late(tmp_path):
    night = Night(tmp_path)
    day = [f"{START:%Y-%m-%d}"]
    night.sealed(FIVE - 3 * HOUR, FIVE - 2 * HOUR)
    night.made(RETAIL, FIVE - 3 * HOUR, day)
    night.made(DAILY_TABLES[-1], FIVE - 3 * HOUR, day)
    night.made(RETAIL, FIVE - 2 * HOUR, day)  # again, with other numbers
    night.made("sentiment/champion", START + HOUR)
    late = night.late()
    assert set(late) == {"retail_days", "demand_days", "sentiment_hours"}
    assert late["retail_days"] == "1 days to make since 2026-09-03 04:10"
    assert late["sentiment_hours"].endswith("to label since 2026-09-03 04:25")


def test_the_last_tick_is_at_or_before_the_moment():
    assert last_tick("30 4 * * *", datetime(2026, 9, 3, 4, 30, tzinfo=UTC)) == datetime(2026, 9, 3, 4, 30, tzinfo=UTC)
    assert last_tick("30 4 * * *", datetime(2026, 9, 3, 4, 29, tzinfo=UTC)) == datetime(2026, 9, 2, 4, 30, tzinfo=UTC)


def test_the_schedules_are_those_of_the_code_location():
    found = {schedule.job_name: schedule.cron_schedule for schedule in definitions().get_repository_def().schedule_defs}
    assert SCHEDULES.items() <= found.items()
