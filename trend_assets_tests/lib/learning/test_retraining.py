"""When a model is trained again: each reason, the cool-down, and never the first time by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from trend_assets.lib.learning.retraining import Facts, due

NOW = datetime(2026, 9, 20, 7, tzinfo=UTC)
FRESH = Facts(NOW - timedelta(days=5), NOW - timedelta(days=5), 10, (), "", grows=True)


def test_nothing_new_trains_nothing() -> None:
    assert due(FRESH, NOW)[0] == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"drifted": ("social/clean_posts: drift",)}, "drift"),
        ({"decayed": "accuracy 0.6, 0.9 before"}, "decay"),
        ({"labels": 200}, "new_labels"),
        ({"trained_at": NOW - timedelta(days=30)}, "age"),
    ],
)
def test_each_reason_trains_and_the_cool_down_holds_it_back(change: dict[str, object], reason: str) -> None:
    assert due(replace(FRESH, **change), NOW)[0] == reason
    again = replace(FRESH, **change, last_training=NOW - timedelta(days=2))
    held, told = due(again, NOW)
    assert held == ""
    assert "cooling down" in told


def test_the_first_training_is_a_persons_and_a_lake_of_the_past_does_not_age() -> None:
    assert due(replace(FRESH, trained_at=None, labels=10_000), NOW)[0] == ""
    assert due(replace(FRESH, trained_at=NOW - timedelta(days=400), grows=False), NOW)[0] == ""
