"""The detector for a single series: what it finds at which scale, what it promises, and what it does with unfit input."""

from __future__ import annotations

import numpy as np
import pytest

from trend_assets.lib.trends.series import DEFAULT_ALARMS_PER_DAY, burst_scores


def series(days: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Counts every five minutes under a daily rhythm, overdispersed."""
    random = np.random.default_rng(seed)
    number = np.arange(days * 288)
    mean = 30 * (1 + 0.6 * np.sin(2 * np.pi * number / 288))
    times = np.datetime64("2026-09-01T00:00:00") + number * np.timedelta64(300, "s")
    return random.negative_binomial(10, 10 / (10 + mean)), times


def test_a_burst_in_a_series_stands_out_and_its_rhythm_does_not() -> None:
    counts, times = series(14)
    counts[3000] += 300
    scores = burst_scores(counts, times)
    assert scores.z.argmax() == 3000
    assert scores.p_value[3000] < 1e-6
    assert np.mean(scores.p_value[288 * 3 :] < 0.01) < 0.02
    assert scores.alarms_per_day[3000] < DEFAULT_ALARMS_PER_DAY


def test_a_slow_flood_that_no_single_count_shows_is_found_at_the_longer_scales() -> None:
    counts, times = series(21)
    plain = burst_scores(counts, times)
    flooded = counts.copy()
    flooded[5000:5072] = flooded[5000:5072] * 2
    scores = burst_scores(flooded, times)
    assert scores.alarms_per_day[5000:5080].min() < DEFAULT_ALARMS_PER_DAY
    assert plain.alarms_per_day[5000:5080].min() > DEFAULT_ALARMS_PER_DAY
    assert scores.surprise[3, 5000:5072].max() > scores.surprise[0, 5000:5072].max()


@pytest.mark.parametrize("spikes", [0.0, 0.003])
def test_alarms_are_about_as_many_as_were_asked_for_also_where_meaningless_spikes_are_usual(spikes: float) -> None:
    """A z-score would raise every spike; what this series often has is no alarm."""
    alarms, days = 0, 0
    for seed in range(4):
        counts, times = series(40, seed)
        random = np.random.default_rng(100 + seed)
        places = np.flatnonzero(random.random(counts.size) < spikes)
        counts[places] = counts[places] * (1 + 2 * (random.pareto(2.0, places.size) + 1)).astype(np.int64)
        over = burst_scores(counts, times).alarms_per_day <= 0.2
        blocks = np.unique(np.flatnonzero(over) // 72)
        alarms, days = alarms + blocks.size, days + 40
    assert alarms / days <= 0.3


def test_the_score_of_a_moment_does_not_depend_on_what_follows() -> None:
    counts, times = series(4)
    whole, cut = burst_scores(counts, times), burst_scores(counts[:500], times[:500])
    assert np.array_equal(whole.z[:500], cut.z)
    assert np.array_equal(whole.alarms_per_day[:500], cut.alarms_per_day)


@pytest.mark.parametrize("counts", [[], [5], [0] * 50, [10**12, 0, 10**12]])
def test_short_silent_or_huge_series_are_defined(counts: list[int]) -> None:
    times = np.datetime64("2026-09-01T00:00:00") + np.arange(len(counts)) * np.timedelta64(300, "s")
    scores = burst_scores(counts, times)
    assert scores.z.shape == scores.alarms_per_day.shape == (len(counts),)
    assert np.isfinite(scores.z).all()
    assert np.all((scores.p_value >= 0) & (scores.p_value <= 1))
    assert np.all((scores.alarms_per_day > 0) & (scores.alarms_per_day <= 4))


def test_unfit_series_are_refused() -> None:
    times = np.array(["2026-09-01", "2026-09-02"], dtype="datetime64[s]")
    for counts, moments in (([1, -1], times), ([1], times), ([1, 2], times[::-1]), ([1, np.nan], times)):
        with pytest.raises(ValueError, match="must"):
            burst_scores(counts, moments)
