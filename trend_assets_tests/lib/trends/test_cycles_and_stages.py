"""The usual volume of an hour, exact windows of a history, and the names of stages."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.trends.cycles import usual_volume
from trend_assets.lib.trends.history import VolumeHistory, hour_number
from trend_assets.lib.trends.stages import Course, stages
from trend_assets_tests.lib.trends.town import START, hour

FIRST = hour_number(START)


def volumes(posts: list[int], skip: tuple[int, ...] = ()) -> VolumeHistory:
    kept = [number for number in range(len(posts)) if number not in skip]
    return VolumeHistory(pa.table({"hour": [hour(number) for number in kept], "posts": [posts[number] for number in kept]}))


def rhythm(days: int) -> list[int]:
    return [100 if number % 24 < 12 else 20 for number in range(24 * days)]


def test_the_first_day_knows_no_rhythm_and_a_month_does() -> None:
    assert usual_volume(volumes(rhythm(1)), FIRST + 18, 1).posts[0] == pytest.approx(1320 / 18)
    month = volumes(rhythm(28))
    assert usual_volume(month, FIRST + 24 * 28, 1).posts[0] == pytest.approx(100, rel=0.05)
    assert usual_volume(month, FIRST + 24 * 28 - 1, 1).posts[0] == pytest.approx(20, rel=0.2)


def test_the_rhythm_is_believed_more_with_every_day() -> None:
    errors = [abs(float(usual_volume(volumes(rhythm(days)), FIRST + 24 * days, 1).posts[0]) - 100) for days in (1, 2, 4, 8, 16)]
    assert errors == sorted(errors, reverse=True)


def test_a_gap_is_neither_posts_nor_hours() -> None:
    steady = [50] * 24 * 10
    with_gap = volumes(steady, skip=tuple(range(100, 130)))
    assert usual_volume(with_gap, FIRST + 24 * 10).posts == pytest.approx([50.0] * 24)


def test_windows_outside_the_history_are_empty() -> None:
    history = volumes([1, 2, 3])
    assert history.total(FIRST - 5, FIRST + 2) == 3
    assert history.total(FIRST + 2, FIRST + 99) == 3
    assert history.total(FIRST + 2, FIRST) == 0
    assert usual_volume(volumes([]), FIRST).posts.sum() == 0


@pytest.mark.parametrize(
    ("growth", "position", "life", "z", "expected"),
    [
        (3.0, 1.0, 3, 6.0, "emerging"),
        (2.0, 1.0, 100, 6.0, "rising"),
        (1.0, 0.9, 100, 6.0, "peak"),
        (1.0, 0.9, 100, 1.0, "steady"),
        (0.4, 0.2, 100, 3.0, "fading"),
        (0.4, 0.2, 8, 3.0, "fading"),
        (0.9, 0.6, 100, 3.0, "steady"),
    ],
)
def test_stage_rules(growth: float, position: float, life: int, z: float, expected: str) -> None:
    moved = Course(np.array([growth]), np.array([growth]), np.array([position]))
    assert stages(moved, np.array([life]), np.array([z])).tolist() == [expected]
