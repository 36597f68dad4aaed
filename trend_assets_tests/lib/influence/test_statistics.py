"""Shrinkage, PageRank, outlooks and codes: small functions that rankings are made of."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trend_assets.lib.influence.accounts import compact, encode_pairs
from trend_assets.lib.influence.ndcg import first_places, ndcg
from trend_assets.lib.influence.outlook import COUNTED, HALF_LIVES, HORIZONS, WAYS, Outlook, Way, horizon_weights
from trend_assets.lib.influence.page_rank import page_rank
from trend_assets.lib.influence.past import LEARNING_HOURS
from trend_assets.lib.influence.shrinkage import GammaPrior, prior_of, shrunk_rates


def test_nine_of_ten_intervals_hold_the_rate_and_shrinking_brings_closer() -> None:
    random = np.random.default_rng(0)
    exposure = np.full(20_000, 10.0)
    rates = random.gamma(0.8, 0.5, exposure.size)
    count = random.poisson(rates * exposure).astype(float)
    prior = prior_of(count, count, exposure)
    assert (prior.shape, prior.rate) == pytest.approx((0.8, 2.0), rel=0.1)
    found = shrunk_rates(count, count, exposure, prior)
    assert np.mean((found.low <= rates) & (rates <= found.high)) == pytest.approx(0.9, abs=0.01)
    assert np.mean((found.mean - rates) ** 2) < np.mean((count / exposure - rates) ** 2)


def test_a_count_from_many_small_parts_is_surer_than_the_same_from_few_great_ones() -> None:
    prior = GammaPrior(1.0, 1.0)
    few, many = (shrunk_rates(np.array([4.0]), np.array([variance]), np.array([4.0]), prior) for variance in (4.0, 0.4))
    assert many.low[0] > few.low[0]
    assert many.high[0] < few.high[0]


def test_priors_of_little_or_equal_counts_are_defined() -> None:
    nothing, one = np.zeros(0), np.ones(1)
    assert prior_of(nothing, nothing, nothing) == GammaPrior(1.0, 1.0)
    assert prior_of(one, one, 2 * one) == GammaPrior(1.0, 2.0)
    equal = prior_of(np.full(9, 3.0), np.full(9, 3.0), np.ones(9))
    assert equal.shape / equal.rate == pytest.approx(3.0)
    assert equal.shape == 100.0  # no spread: everything is drawn to the mean
    with pytest.raises(ValueError, match="exposure"):
        prior_of(one, one, 0 * one)


def test_page_rank_is_that_of_networkx() -> None:
    networkx = pytest.importorskip("networkx")
    random = np.random.default_rng(0)
    source, target = random.integers(0, 40, 200), random.integers(0, 40, 200)
    source[source == 7] = 8  # one that never acts
    weight = random.random(200)
    graph = networkx.DiGraph()
    for one, other, value in zip(source.tolist(), target.tolist(), weight.tolist(), strict=True):
        known = graph.get_edge_data(one, other, {"weight": 0.0})["weight"]
        graph.add_edge(one, other, weight=known + value)
    expected = networkx.pagerank(graph, tol=1e-12, max_iter=1000)
    found = page_rank(source, target, weight, 45)
    assert found[list(expected)] == pytest.approx(list(expected.values()), abs=1e-6)
    assert found.sum() == pytest.approx(1.0)
    assert found[40:].tolist() == [0.0] * 5


def test_page_rank_does_not_depend_on_the_order_of_edges_and_nothing_has_none() -> None:
    pairs = np.unique(np.random.default_rng(1).integers(0, 900, 300))
    source, target, weight = pairs // 30, pairs % 30, np.sqrt(pairs + 1.0)
    mixed = np.random.default_rng(2).permutation(pairs.size)
    assert np.array_equal(page_rank(source, target, weight, 30), page_rank(source[mixed], target[mixed], weight[mixed], 30))
    nothing = np.zeros(0, np.int64)
    assert page_rank(nothing, nothing, np.zeros(0), 3).tolist() == [0.0] * 3
    with pytest.raises(ValueError, match="damping"):
        page_rank(source, target, weight, 30, damping=1.0)


def test_short_half_lives_carry_the_next_hour_and_long_ones_the_next_day() -> None:
    once = slice(0, HALF_LIVES.size)
    share = {horizon: horizon_weights(horizon)[once] / horizon_weights(horizon)[0] for horizon in HORIZONS}
    assert np.all(np.diff(share[1]) < 0)
    assert np.array_equal(horizon_weights(6, Way(0.4, True)), np.roll(horizon_weights(6), HALF_LIVES.size))
    assert np.all(share[24][1:] > share[6][1:])
    assert np.all(share[6][1:] > share[1][1:])
    with pytest.raises(ValueError, match="horizon"):
        horizon_weights(0)


def test_the_outlook_follows_the_stream_and_only_what_has_ended() -> None:
    random = np.random.default_rng(0)
    size, asked = 300, []
    steady = random.permutation(size).astype(float)

    def next_as(column: int):
        def gains(first: int, last: int) -> np.ndarray:
            asked.append(last)
            return counts_of(first - 1)[:, column]

        return gains

    def counts_of(hour: int) -> np.ndarray:
        counts = np.random.default_rng(hour).random((size, COUNTED.size))
        counts[:, 4], counts[:, 9] = steady, steady[::-1]
        return counts

    chosen = {}
    for column in (0, 4, 5, 9):
        asked.clear()
        outlook = Outlook(next_as(column))
        for hour in range(30):
            outlook.observe(hour, counts_of(hour))
            weights = outlook.weights(hour)
            assert max(asked, default=0) <= hour
            assert set(weights) == set(HORIZONS)
        chosen[column] = outlook.way(29, 1)
    longest, shortest = min(way.exponent for way in WAYS), max(way.exponent for way in WAYS)
    # The next hour is as the last quarter of an hour was, or as the week; by accounts, or by acts.
    assert chosen == {0: (shortest, False), 4: (longest, False), 5: (shortest, True), 9: (longest, True)}


def test_the_outlook_forgets_after_two_days() -> None:
    def gains(first: int, _: int) -> np.ndarray:
        return np.arange(50.0) if first < 10 else np.zeros(50)

    outlook = Outlook(gains)
    counts = np.zeros((50, COUNTED.size))
    counts[:, 0] = -np.arange(50.0) + 50
    counts[:, 4] = np.arange(50.0) * 100
    chosen = []
    for hour in range(12 + LEARNING_HOURS):
        outlook.observe(hour, counts)
        chosen.append(outlook.way(hour, 1))
    assert chosen[0] == WAYS[0]  # nothing known
    assert chosen[1:10] == [Way(min(way.exponent for way in WAYS), False)] * 9
    assert chosen[-1] == WAYS[0]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=400), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_first_places_are_those_of_a_stable_sort(values: list[int], places: int) -> None:
    expected = sorted(range(len(values)), key=lambda place: (-values[place], place))[:places]
    assert first_places(np.array(values, dtype=float), places).tolist() == expected


def test_ndcg_is_one_for_the_best_order_and_known_for_a_plain_case() -> None:
    gain = np.array([3.0, 0.0, 1.0])
    assert ndcg(gain, gain) == 1.0
    assert ndcg(np.array([1.0, 3.0, 2.0]), gain) == pytest.approx((1 / np.log2(3) + 3 / np.log2(4)) / (3 + 1 / np.log2(3)))


def test_codes_are_of_one_sorted_list_whatever_the_types() -> None:
    pairs = encode_pairs(pa.chunked_array([["b", "a"], ["c"]]), pa.array(["a", "d", "b"]))
    assert pairs.names.to_pylist() == ["a", "b", "c", "d"]
    assert (pairs.source.tolist(), pairs.target.tolist()) == ([1, 0, 2], [0, 3, 1])
    mixed = encode_pairs(pa.array([2, 1]), pa.array(["1", "x"]))
    assert mixed.names.to_pylist() == ["1", "2", "x"]
    assert encode_pairs(pa.array([], pa.string()), pa.array([], pa.string())).source.size == 0
    for size in (10, 10**9):
        distinct, place = compact(np.array([7, 3, 7]), size)
        assert (distinct.tolist(), place.tolist()) == ([3, 7], [1, 0, 1])
