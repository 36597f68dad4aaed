"""The usual volume of an hour, exact windows of a history, and the names of stages."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.trends.cycles import usual_volume
from trend_assets.lib.trends.history import TopicHistory, VolumeHistory, hour_number
from trend_assets.lib.trends.stages import NEVER, Course, course, stages
from trend_assets_tests.lib.trends.town import START, Stream, hour

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


def moved(growth: float, position: float, **other: int) -> Course:
    shape = {"rise_hours": NEVER, "fall_hours": NEVER, "recurred": 0, "weeks": 0} | other
    return Course(np.array([growth]), np.array([growth]), np.array([position]), *(np.array([value]) for value in shape.values()))


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
    assert stages(moved(growth, position), np.array([life]), np.array([z])).tolist() == [expected]


@pytest.mark.parametrize(
    ("rise", "fall", "growth", "expected"),
    [(6, 10, 0.4, "fad"), (30, 10, 0.4, "fading"), (6, 30, 0.4, "fading"), (6, 10, 1.2, "steady")],
)
def test_a_fad_rose_within_a_day_and_fell_within_a_day(rise: int, fall: int, growth: float, expected: str) -> None:
    course_ = moved(growth, 0.3, rise_hours=rise, fall_hours=fall)
    assert stages(course_, np.array([100]), np.array([3.0])).tolist() == [expected]


@pytest.mark.parametrize(
    ("recurred", "weeks", "last_year", "growth", "expected"),
    [(1, 1, False, 2.0, "seasonal"), (2, 3, False, 2.0, "seasonal"), (1, 2, False, 2.0, "rising"), (0, 0, True, 2.0, "seasonal"),
     (3, 3, True, 0.5, "fading")],
)  # fmt: skip
def test_what_rose_before_at_this_time_is_seasonal_while_it_is_up(
    recurred: int, weeks: int, last_year: bool, growth: float, expected: str
) -> None:
    course_ = moved(growth, 0.9 if growth > 1 else 0.3, recurred=recurred, weeks=weeks)
    assert stages(course_, np.array([500]), np.array([5.0]), np.array([last_year])).tolist() == [expected]


def of_counts(counts: np.ndarray) -> tuple[TopicHistory, VolumeHistory]:
    stream = Stream(counts, np.full(counts.shape[1], 300))
    history = VolumeHistory(stream.volumes())
    return TopicHistory(stream.topic_hours(), history), history


def test_the_shape_of_rise_and_fall_is_measured_in_hours() -> None:
    counts = np.zeros((2, 24 * 6), dtype=np.int64)
    counts[0, 60:72] = [5, 20, 60, 80, 80, 80, 80, 60, 40, 20, 10, 5]
    counts[1, 20:120] = np.concatenate([np.arange(50), np.arange(50)[::-1]])
    history, volumes_ = of_counts(counts)
    found = course(np.array([0, 1]), history, volumes_, FIRST + 80)
    assert 3 <= found.rise_hours[0] <= 9
    assert 2 <= found.fall_hours[0] <= 9
    slow = course(np.array([0, 1]), history, volumes_, FIRST + 118)
    assert slow.rise_hours[1] == NEVER or slow.rise_hours[1] > 24
    assert slow.fall_hours[1] > 24


def test_a_topic_that_rises_every_monday_is_seen_to_recur_and_one_that_is_always_there_is_not() -> None:
    counts = np.full((2, 24 * 24), 1, dtype=np.int64)
    for week in range(3):
        counts[0, 168 * week + 30 : 168 * week + 36] = 20
    counts[1, :] = 10
    history, volumes_ = of_counts(counts)
    found = course(np.array([0, 1]), history, volumes_, FIRST + 168 * 3 + 35)
    assert (found.recurred[0], found.weeks[0]) == (3, 3)
    assert found.recurred[1] == 0
