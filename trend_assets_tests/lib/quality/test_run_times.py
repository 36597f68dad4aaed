"""Slow runs: against the past of their kind, which one hung run does not move."""

from __future__ import annotations

import numpy as np
import pytest

from trend_assets.lib.quality.run_times import LEAST, limit, size_class


def test_few_runs_are_no_norm() -> None:
    assert limit([10.0] * (LEAST - 1)) is None


def test_twice_the_usual_and_a_minute_more_is_slow_and_one_that_hung_is_no_norm() -> None:
    assert limit([300.0] * 10) == pytest.approx(600)
    assert limit([5.0] * 10) == pytest.approx(65)
    assert limit([300.0] * 10 + [20_000.0]) == pytest.approx(600)


def test_runs_that_vary_much_are_given_room() -> None:
    random = np.random.default_rng(1)
    varied = np.exp(random.normal(5, 0.6, size=(200, 31)))
    found = [limit(row[:30].tolist()) for row in varied]
    assert np.mean([row[30] > most for row, most in zip(varied, found, strict=True)]) < 0.01


def test_a_run_over_a_month_is_not_measured_by_runs_over_an_hour() -> None:
    assert [size_class(count) for count in (1, 2, 24, 720)] == ["one", "few", "a day", "many"]
