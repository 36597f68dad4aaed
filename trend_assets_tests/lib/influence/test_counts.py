"""Decayed counts: exact whatever came before, each source once, any half-life in the same pass."""

from __future__ import annotations

import numpy as np
import pytest

from trend_assets.lib.influence.counts import MICROSECONDS_PER_HOUR, Acts, DecayedCounts
from trend_assets.lib.influence.past import LOOKBACK_HOURS

HALF_LIVES = np.array([0.25, 1.0, 24.0, 168.0])


def acts(seed: int = 0, count: int = 5000, hours: int = 400, nodes: int = 30, sources: int = 80, weighted: bool = False) -> Acts:
    random = np.random.default_rng(seed)
    weight = np.where(random.random(sources) < 0.3, 0.125, 1.0) if weighted else np.ones(sources)
    source = random.integers(0, sources, count)
    at = np.sort(random.integers(0, hours * MICROSECONDS_PER_HOUR, count))
    return Acts(at, random.integers(0, nodes, count), source, weight[source])


def plain(data: Acts, hour: int, nodes: int, half_life: float, power: int = 1) -> np.ndarray:
    """The definition, in a loop: of each pair the latest act of the week, halved by its age at the end of the hour."""
    latest: dict[tuple[int, int], tuple[int, float]] = {}
    for at, node, source, weight in zip(*(column.tolist() for column in data), strict=True):
        if (hour - LOOKBACK_HOURS + 1) * MICROSECONDS_PER_HOUR <= at < (hour + 1) * MICROSECONDS_PER_HOUR:
            latest[node, source] = at, weight
    counts = np.zeros(nodes)
    for (node, _), (at, weight) in latest.items():
        age = ((hour + 1) * MICROSECONDS_PER_HOUR - at) / MICROSECONDS_PER_HOUR
        counts[node] += (weight * 2 ** (-age / half_life)) ** power
    return counts


@pytest.mark.parametrize("weighted", [False, True])
def test_counts_are_the_definition_at_every_half_life(weighted: bool) -> None:
    data = acts(weighted=weighted)
    counts = DecayedCounts(data, 30, np.append(HALF_LIVES, 24.0), squared=[False] * 4 + [True])
    for hour in (0, 5, 100, 399):
        found = counts.after(hour)
        for column, half_life in enumerate(HALF_LIVES):
            assert found[:, column] == pytest.approx(plain(data, hour, 30, half_life), abs=1e-6)
        assert found[:, 4] == pytest.approx(plain(data, hour, 30, 24.0, power=2), abs=1e-6)


def test_not_a_bit_depends_on_what_was_loaded_before_or_on_the_order_of_rows() -> None:
    data = acts(1)
    whole = DecayedCounts(data, 30, HALF_LIVES)
    for hour in (170, 250, 399):
        week = (data.at >= (hour - LOOKBACK_HOURS + 1) * MICROSECONDS_PER_HOUR) & (data.at < (hour + 1) * MICROSECONDS_PER_HOUR)
        alone = DecayedCounts(Acts(*(column[week] for column in data)), 30, HALF_LIVES)
        assert np.array_equal(whole.after(hour), alone.after(hour))
    mixed = np.random.default_rng(0).permutation(data.at.size)
    again, order = Acts.in_time_order(*(column[mixed] for column in data))
    assert order is not None
    assert np.array_equal(DecayedCounts(again, 30, HALF_LIVES).after(399), whole.after(399))


def test_sources_are_distinct_and_the_latest_acts_are_one_of_each_pair() -> None:
    data = acts(2)
    counts = DecayedCounts(data, 30, HALF_LIVES)
    hour = 300
    day = (data.at >= (hour - 23) * MICROSECONDS_PER_HOUR) & (data.at < (hour + 1) * MICROSECONDS_PER_HOUR)
    pairs = set(zip(data.node[day].tolist(), data.source[day].tolist(), strict=True))
    assert counts.sources_of(hour, 24).tolist() == [sum(node == one for node, _ in pairs) for one in range(30)]
    rows = counts.latest(hour)
    assert len(set(zip(data.node[rows].tolist(), data.source[rows].tolist(), strict=True))) == rows.size
    assert np.bincount(data.node[rows], minlength=30) == pytest.approx(counts.sources_of(hour, LOOKBACK_HOURS))


def test_no_source_adds_more_than_one() -> None:
    many = 10_000
    data = Acts(np.full(many, 5 * MICROSECONDS_PER_HOUR + 1), np.zeros(many, np.int64), np.zeros(many, np.int64), np.ones(many))
    assert DecayedCounts(data, 1, HALF_LIVES).after(5).max() <= 1


def test_columns_of_repeats_count_every_act() -> None:
    data = acts(4)
    found = DecayedCounts(data, 30, np.array([24.0, 24.0]), repeats=[False, True]).after(399)
    week = data.at >= (399 - LOOKBACK_HOURS + 1) * MICROSECONDS_PER_HOUR
    age = (400 * MICROSECONDS_PER_HOUR - data.at[week]) / MICROSECONDS_PER_HOUR
    assert found[:, 0] == pytest.approx(plain(data, 399, 30, 24.0), abs=1e-6)
    assert found[:, 1] == pytest.approx(np.bincount(data.node[week], 2 ** (-age / 24), minlength=30), abs=1e-6)


def test_bad_input() -> None:
    nothing = Acts(*(np.zeros(0, np.int64) for _ in range(3)), np.zeros(0))
    assert DecayedCounts(nothing, 0, HALF_LIVES).after(10).shape == (0, 4)
    assert DecayedCounts(nothing, 2, HALF_LIVES).after(10).tolist() == [[0.0] * 4] * 2
    data = acts(3, count=10)
    with pytest.raises(ValueError, match="positive"):
        DecayedCounts(data, 30, np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="time order"):
        DecayedCounts(data._replace(at=data.at[::-1]), 30, HALF_LIVES)
    with pytest.raises(ValueError, match="weights"):
        DecayedCounts(data._replace(weight=data.weight * 2), 30, HALF_LIVES)
    counts = DecayedCounts(data, 30, HALF_LIVES)
    counts.after(9)
    with pytest.raises(ValueError, match="already taken in"):
        counts.after(8)
