"""What `trend-assets seal` does after sealing: champions label the hours, and whole days are summarised."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import instance_for_test

from trend_assets.commands.seal import all_jobs, due_now
from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import open_storage
from trend_assets.models.bundles import Bundles
from trend_assets.operations.automation import SEALED_TABLES
from trend_assets.operations.runs import Range
from trend_assets.operations.sealing import State
from trend_assets.partitions import hour_key
from trend_assets.settings import Settings

DAY = datetime(2026, 9, 1, tzinfo=UTC)
NOW = DAY + timedelta(days=3)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A lake in which a day and two hours are sealed."""
    settings = Settings(data=str(tmp_path))
    with instance_for_test() as instance:
        found = State(settings, instance, Lake(settings.lake_root), open_storage(settings.landing_root))
        for number in range(26):
            record(found, hour_key(DAY + timedelta(hours=number)), *SEALED_TABLES, "social/clean_posts")
        yield found


def record(state: State, key: str, *paths: str) -> None:
    for path in dict.fromkeys(paths):
        state.instance.report_runless_asset_event(dg.AssetMaterialization(path.split("/"), partition=key))


def test_a_champion_labels_the_hours_that_were_sealed_and_nothing_is_asked_of_a_task_without_one(state: State) -> None:
    assert due_now(state, "sentiment_hours", NOW).range is None
    assert "no champion" in due_now(state, "sentiment_hours", NOW).reason
    bundles = Bundles(state.settings)
    bundles.point("sentiment", bundles.write("sentiment", {"model": b"1"}), 1, NOW, "made", instead_of=None)
    assert due_now(state, "sentiment_hours", NOW).range == Range("2026-09-01-00:00", "2026-09-02-01:00")
    for number in range(26):
        record(state, hour_key(DAY + timedelta(hours=number)), "sentiment/predictions")
    assert due_now(state, "sentiment_hours", NOW).range is None


def test_days_that_are_sealed_whole_are_summarised_again_after_their_predictions(state: State) -> None:
    assert due_now(state, "quality_days", NOW).range == Range("2026-09-01", "2026-09-01")
    record(state, "2026-09-01", "quality/daily_summaries")
    assert due_now(state, "quality_days", NOW).range is None
    record(state, hour_key(DAY), "sentiment/predictions")
    assert due_now(state, "quality_days", NOW).range == Range("2026-09-01", "2026-09-01")


def test_each_job_comes_after_those_that_make_what_it_reads() -> None:
    order = [all_jobs().index(name) for name in ("social_hours", "late_hours", "removals", "sentiment_hours", "quality_days", "marts")]
    assert order == sorted(order)
