"""Drift: quiet on ordinary days however they wobble, loud at a change, and it says what changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from trend_assets.lib.quality import drift
from trend_assets.lib.quality.drift_windows import (
    topic_columns,
    whole_days,
    windows_of,
)

END = datetime(2026, 9, 29, tzinfo=UTC)  # a Tuesday begins
START = END - timedelta(days=20)
SHARES = np.array([0.5, 0.3, 0.15, 0.05])


def _windows(rng: np.random.Generator, moved: float = 0.0, days: int = 29, rows: int = 5_000) -> np.ndarray:
    windows = []
    for day in range(days):
        shares = SHARES * np.exp(rng.normal(0, 0.05, 4))
        shares /= shares.sum()
        if day == days - 1:
            shares += moved * np.array([-1, 0, 0, 1])
        windows.append(rng.multinomial(rng.poisson(rows * np.exp(rng.normal(0, 0.1))), shares))
    return np.array(windows, dtype=float)


def _judge(windows: np.ndarray) -> drift.Signal:
    columns = [
        drift.shares("language", ("en", "fr", "de", "es"), windows),
        drift.volumes("volume", ("all day",), windows.sum(axis=1, keepdims=True)),
    ]
    return drift.judge(columns)


def test_ordinary_days_that_wobble_raise_few_alarms() -> None:
    rng = np.random.default_rng(5)
    alarms = sum(not _judge(_windows(rng)).passed for _ in range(300))
    assert alarms <= 9  # the level is 1 %; 3 % is far beyond chance


def test_a_shift_of_five_points_is_found_and_named() -> None:
    rng = np.random.default_rng(6)
    verdicts = [_judge(_windows(rng, moved=0.05)) for _ in range(100)]
    assert sum(not verdict.passed for verdict in verdicts) >= 97
    named = [(verdict.figures["column"], verdict.figures["category"]) for verdict in verdicts]
    assert named.count(("language", "es")) >= 95
    assert "language es:" in verdicts[0].message


def test_an_outage_of_the_past_does_not_hide_the_next() -> None:
    rng = np.random.default_rng(7)
    windows = rng.poisson(300, (29, 1)).astype(float)
    windows[12] = windows[-1] = 0
    assert not drift.judge([drift.volumes("volume", ("x 14:00",), windows)]).passed


def test_few_days_say_nothing() -> None:
    verdict = _judge(_windows(np.random.default_rng(1), days=4))
    assert verdict.passed
    assert "too few past days" in verdict.message
    assert drift.judge([]).passed


def test_topics_that_vanish_are_found() -> None:
    rng = np.random.default_rng(2)
    hours = [END - timedelta(hours=number) for number in range(24 * 20, 0, -1) for _ in range(rng.poisson(9))]
    counts = rng.poisson(20, len(hours)) + 1
    table = pa.table(
        {
            "hour": pa.array(hours, pa.timestamp("us", tz="UTC")),
            "posts": counts,
            "french_posts": counts // 3,
            "near_duplicate_groups": counts - 1,
        }
    )
    assert drift.judge(topic_columns(table, END, 20)).passed
    kept = np.array([hour < END - timedelta(days=1) for hour in hours]) | (rng.random(len(hours)) < 0.3)
    assert not drift.judge(topic_columns(table.filter(pa.array(kept)), END, 20)).passed


def test_days_are_counted_back_from_the_end_and_only_whole_ones() -> None:
    hours = int(END.timestamp()) // 3600 - np.array([1, 24, 25, 49])
    window, hour, inside = windows_of(hours, END, 2)
    assert (window.tolist(), hour.tolist(), inside.tolist()) == ([1, 1, 0], [23, 0, 23], [True, True, True, False])
    assert [whole_days(END - timedelta(hours=number), END) for number in (1, 24, 47, 48, 29 * 24, 40 * 24)] == [0, 1, 1, 2, 29, 29]
