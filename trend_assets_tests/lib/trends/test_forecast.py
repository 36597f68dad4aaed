"""Forecasts of a trend's next hours: that intervals hold what they promise, and that nothing later is looked at."""

from __future__ import annotations

import numpy as np
import pytest

from trend_assets.lib.trends.forecast import HORIZONS, Cases, expected_ahead, forecast
from trend_assets.lib.trends.history import Integers, TopicHistory, VolumeHistory, hour_number
from trend_assets_tests.lib.trends.town import START, Stream, noise

FIRST = hour_number(START)


def histories(stream: Stream) -> tuple[TopicHistory, VolumeHistory]:
    volumes = VolumeHistory(stream.volumes())
    return TopicHistory(stream.topic_hours(), volumes), volumes


def planted(seed: int, half_life: float) -> Stream:
    """A new trend every three hours: up within a few hours, then down by half every ``half_life`` hours."""
    random = np.random.default_rng(seed)
    quiet = noise(seed, topics=5, hours=24 * 14)
    born = np.arange(24, 24 * 13, 3)
    counts = np.zeros((born.size, 24 * 14), dtype=np.int64)
    for topic, start in enumerate(born.tolist()):
        age = np.arange(24 * 14 - start)
        mean = random.uniform(5, 60) * np.minimum((age + 1) / 4, 1) * 0.5 ** (np.maximum(age - 4, 0) / (half_life * random.uniform(0.5, 2)))
        counts[topic, start:] = random.negative_binomial(8, 8 / (8 + mean))
    return Stream(np.vstack([counts, quiet.counts]), quiet.chatter)


@pytest.mark.parametrize("half_life", [4.0, 30.0])
def test_four_intervals_in_five_hold_what_comes_whether_trends_end_fast_or_slowly(half_life: float) -> None:
    stream = planted(1, half_life)
    history, volumes = histories(stream)
    cases = Cases()
    held: dict[int, list[float]] = {horizon: [] for horizon in HORIZONS}
    for number in range(30, 24 * 13):
        recent = stream.counts[:-5, number - 5 : number + 1].sum(axis=1)
        active = np.flatnonzero(recent >= 10)
        place = np.array([history.position[f"topic{topic:04d}"] for topic in active], dtype=np.int64)
        found = forecast(place, FIRST + number, history, volumes, cases)
        cases.note(FIRST + number, place)
        if number < 24 * 6:
            continue  # what trends do is learned here
        for horizon, ahead in found.items():
            came = stream.counts[active, number + 1 : number + 1 + horizon].sum(axis=1)
            held[horizon] += ((came >= ahead.low) & (came <= ahead.high)).tolist()
    for horizon, inside in held.items():
        assert len(inside) > 100
        assert 0.7 <= np.mean(inside) <= 0.93, horizon


def test_a_forecast_knows_nothing_of_what_comes() -> None:
    stream = planted(2, 10.0)
    cut = Stream(stream.counts[:, :200], stream.chatter[:200])
    place = np.arange(10)
    cases = Cases()
    for number in range(100, 199):
        cases.note(FIRST + number, place)
    whole = forecast(place, FIRST + 199, *histories(stream), cases)
    for horizon, ahead in forecast(place, FIRST + 199, *histories(cut), cases).items():
        for one, other in zip(ahead, whole[horizon], strict=True):
            assert np.array_equal(one, other)


def test_a_steady_topic_is_expected_to_get_what_its_next_hours_usually_bring() -> None:
    """Volume doubles from noon on: at noon the next six hours bring twice the posts of the last six."""
    hours = 24 * 6
    day = np.where(np.arange(hours) % 24 < 12, 10, 20)
    history, volumes = histories(Stream(np.array([day]), day * 20))
    at = np.array([FIRST + 24 * 5 + 11])
    expected = expected_ahead(np.array([0]), at, 6, history, volumes)
    assert expected[0] == pytest.approx(120, rel=0.1)


@pytest.mark.parametrize("position", [np.zeros(0, dtype=np.int64), np.array([-1])])
def test_nothing_known_is_a_wide_interval_not_an_error(position: Integers) -> None:
    history, volumes = histories(Stream(np.zeros((1, 1), dtype=np.int64), np.zeros(1, dtype=np.int64)))
    for ahead in forecast(position, FIRST, history, volumes, Cases()).values():
        assert ahead.posts.shape == position.shape
        assert np.all(ahead.low <= ahead.posts)
        assert np.all(ahead.posts <= ahead.high)
        assert np.isfinite(ahead.posts).all()
