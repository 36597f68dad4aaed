"""Burst statistics against exact values."""

from __future__ import annotations

import numpy as np
import pytest

from trend_assets.lib.trends.bursts import deviance_residual, upper_tail
from trend_assets.lib.trends.discovery import benjamini_hochberg


def test_upper_tail_is_the_sum_of_the_negative_binomial() -> None:
    for count, mean, size in ((0, 2.0, 1.0), (1, 2.0, 4.0), (5, 2.0, 0.9), (40, 3.5, 20.0)):
        chance, below = (size / (size + mean)) ** size, 0.0
        for number in range(count):
            below += chance
            chance *= (number + size) / (number + 1) * mean / (mean + size)
        tail = upper_tail(np.array([count]), np.array([mean]), np.array([size]))[0]
        assert tail == pytest.approx(1 - below, abs=1e-12)


def test_residuals_of_negative_binomial_noise_are_close_to_standard_normal_and_stay_finite() -> None:
    random = np.random.default_rng(0)
    mean, size = np.full(20_000, 30.0), np.full(20_000, 10.0)
    z = deviance_residual(random.negative_binomial(10, 10 / 40, 20_000), mean, size)
    assert abs(z.mean()) < 0.15
    assert z.std() == pytest.approx(1, abs=0.05)
    assert np.isfinite(deviance_residual(np.array([10**12]), np.array([0.0]), np.array([0.5]))).all()


def test_benjamini_hochberg_by_hand() -> None:
    assert benjamini_hochberg(np.array([0.04, 0.01, 0.03, 0.5])).tolist() == pytest.approx([4 * 0.04 / 3, 0.04, 4 * 0.04 / 3, 0.5])
    assert benjamini_hochberg(np.array([0.01]), tests=10).tolist() == [0.1]
    assert benjamini_hochberg(np.array([])).size == 0


def test_benjamini_hochberg_holds_its_rate_where_topics_compete_for_the_same_posts() -> None:
    """Counts of a multinomial are negatively dependent; a tenth of the topics is truly doubled."""
    random = np.random.default_rng(1)
    truly = np.arange(100) < 10
    shares = np.where(truly, 2.0, 1.0) / 110
    false, found = [], []
    for _ in range(300):
        counts = random.multinomial(2000, shares)
        q = benjamini_hochberg(upper_tail(counts, np.full(100, 2000 / 110), np.full(100, 1e6)))
        called = q <= 0.05
        false.append((called & ~truly).sum() / max(called.sum(), 1))
        found.append((called & truly).sum())
    assert np.mean(false) <= 0.06
    assert np.mean(found) > 5
