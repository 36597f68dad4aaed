"""Drift: quiet on ordinary days however they wobble, loud at a change, and it says what changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.quality import drift
from trend_assets.lib.quality.drift_windows import post_columns, sampled_hours, topic_columns, vocabulary_columns, windows_of

END = datetime(2026, 9, 29, tzinfo=UTC)  # a Tuesday begins
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


def _posts(days: int = 20, per_hour: int = 12, seed: int = 1) -> pa.Table:
    rng = np.random.default_rng(seed)
    start = END - timedelta(days=days)
    rows = []
    for hour in range(days * 24):
        moment = start + timedelta(hours=hour)
        count = rng.poisson(per_hour * (1.5 if 8 <= moment.hour < 22 else 0.5) * (1.3 if moment.weekday() >= 5 else 1.0))
        for _ in range(count):
            words = [f"word{number}" for number in rng.zipf(1.3, 8).clip(max=3_000).tolist()]
            language = "fr" if rng.random() < 0.3 else "en"
            rows.append(
                (rng.choice(["x", "bluesky"], p=[0.8, 0.2]), moment + timedelta(minutes=int(rng.integers(60))), "post", language, words)
            )
    names = ("network", "created_at", "kind", "language", "tokens")
    types = (pa.string(), pa.timestamp("us", tz="UTC"), pa.string(), pa.string(), pa.list_(pa.string()))
    return pa.table(
        {name: pa.array([row[place] for row in rows], type_) for place, (name, type_) in enumerate(zip(names, types, strict=True))}
    )


@pytest.fixture(scope="module")
def posts() -> pa.Table:
    return _posts()


def _verdict(posts: pa.Table) -> drift.Signal:
    return drift.judge([*post_columns(posts, END), *vocabulary_columns(posts, END)])


def _last_day(posts: pa.Table) -> np.ndarray:
    return np.array([moment >= END - timedelta(days=1) for moment in posts["created_at"].to_pylist()])


def test_a_day_like_the_others_passes(posts: pa.Table) -> None:
    verdict = _verdict(posts)
    assert verdict.passed
    assert "13 past days" in verdict.message  # of the 19, those that are no weekend


def test_missing_hours_of_one_network_are_named(posts: pa.Table) -> None:
    lost = _last_day(posts) & np.array([9 <= moment.hour < 12 for moment in posts["created_at"].to_pylist()])
    verdict = _verdict(posts.filter(pa.array(~(lost & (np.array(posts["network"].to_pylist()) == "x")))))
    assert not verdict.passed
    assert verdict.figures["column"] == "volume"
    assert str(verdict.figures["category"]) in {"x 09:00", "x 10:00", "x 11:00"}


def test_another_language_and_other_words_are_named(posts: pa.Table) -> None:
    last = _last_day(posts)
    languages = np.where(last & (np.random.default_rng(1).random(len(last)) < 0.15), "de", posts["language"].to_pylist())
    verdict = _verdict(posts.set_column(3, "language", pa.array(languages.tolist())))
    assert (verdict.passed, verdict.figures["column"], verdict.figures["category"]) == (False, "language", "de")
    words = [[f"é{word}" for word in row] if new else row for row, new in zip(posts["tokens"].to_pylist(), last.tolist(), strict=True)]
    verdict = _verdict(posts.set_column(4, "tokens", pa.array(words)))
    assert (verdict.passed, verdict.figures["column"]) == (False, "vocabulary")


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
    assert drift.judge(topic_columns(table, END)).passed
    kept = np.array([hour < END - timedelta(days=1) for hour in hours]) | (rng.random(len(hours)) < 0.3)
    assert not drift.judge(topic_columns(table.filter(pa.array(kept)), END)).passed


def test_days_are_counted_back_from_the_end() -> None:
    times = pa.chunked_array(
        [pa.array([END - timedelta(hours=1), END - timedelta(hours=24), END - timedelta(hours=25)], pa.timestamp("us", tz="UTC"))]
    )
    window, hour, windows = windows_of(times, END)
    assert (window.tolist(), hour.tolist(), windows) == ([1, 1, 0], [23, 0, 23], 2)


def test_large_days_are_sampled_by_the_same_hours_each_day() -> None:
    assert sampled_hours([10] * 48, 1_000) == list(range(48))
    chosen = sampled_hours([100] * 48, 1_000)
    assert len(chosen) == 16
    assert [number - 24 for number in chosen[8:]] == chosen[:8]
    assert sampled_hours([], 10) == []
