"""Scores of what came: weights count, intervals hold, small samples say nothing."""

from __future__ import annotations

import numpy as np
import pytest

from trend_assets.lib.learning.outcomes import Score, classification, decayed, effective, ratio, share


def test_a_share_of_all_hits_still_has_an_interval() -> None:
    found = share(np.ones(20, dtype=bool))
    assert (found.value, found.high, found.examples) == (1.0, pytest.approx(1.0), 20)
    assert found.low == pytest.approx(0.881, abs=0.001)  # Wilson, 90 %
    with pytest.raises(ValueError, match="no items"):
        share(np.zeros(0, dtype=bool))


def test_weights_move_the_value_and_widen_the_interval() -> None:
    hits, weights = np.arange(100) < 50, np.where(np.arange(100) < 50, 1.0, 9.0)
    plain, weighted = share(hits), share(hits, weights)
    assert (plain.value, weighted.value) == (0.5, 0.1)
    assert effective(weights) == pytest.approx(500**2 / (50 + 50 * 81))
    assert share(hits, np.full(100, 7.0)) == plain


def test_intervals_hold_their_share_of_truths() -> None:
    random = np.random.default_rng(1)
    held = {"accuracy": 0, "macro_f1": 0}
    truth_value = 0.7
    for _ in range(300):
        truth = random.integers(0, 3, 80)
        answer = np.where(random.random(80) < truth_value, truth, (truth + random.integers(1, 3, 80)) % 3)
        found = classification(truth, answer, np.ones(80), 3)
        for name in held:
            held[name] += found[name].low <= truth_value <= found[name].high
    assert 0.85 <= held["accuracy"] / 300 <= 0.96
    assert 0.82 <= held["macro_f1"] / 300 <= 0.96


def test_too_few_items_have_no_score() -> None:
    assert classification(np.zeros(19, np.int64), np.zeros(19, np.int64), np.ones(19), 2) == {}
    assert ratio(np.ones(19), np.ones(19), np.arange(19)) is None
    assert ratio(np.ones(30), np.zeros(30), np.arange(30)) is None


def test_rows_of_one_group_come_and_go_together() -> None:
    random = np.random.default_rng(2)
    groups = np.repeat(np.arange(10), 30)
    above = np.repeat(random.uniform(0.5, 1.5, 10), 30)
    together, apart = ratio(above, np.ones(300), groups), ratio(above, np.ones(300), np.arange(300))
    assert together.value == apart.value
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_a_score_decays_only_beyond_both_intervals() -> None:
    before = Score(0.9, 0.85, 0.95, 100)
    assert decayed(before, Score(0.7, 0.6, 0.8, 50))
    assert not decayed(before, Score(0.7, 0.55, 0.86, 20))
    assert decayed(Score(0.3, 0.2, 0.4, 50), Score(0.6, 0.5, 0.7, 50), higher_is_better=False)
