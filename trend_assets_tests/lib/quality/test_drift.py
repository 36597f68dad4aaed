"""Drift: quiet on ordinary days however they wobble, loud at a change, and it says what changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lib.quality import drift
from trend_assets.lib.quality.drift_windows import (
    count_posts,
    count_words,
    post_columns,
    sampled_hours,
    topic_columns,
    vocabulary_columns,
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
                (
                    rng.choice(["x", "bluesky"], p=[0.8, 0.2]),
                    moment + timedelta(minutes=int(rng.integers(60))),
                    "post",
                    language,
                    words,
                    f"author-{rng.integers(200)}",
                )
            )
    names = ("network", "created_at", "kind", "language", "tokens", "author")
    types = (pa.string(), pa.timestamp("us", tz="UTC"), pa.string(), pa.string(), pa.list_(pa.string()), pa.string())
    return pa.table(
        {name: pa.array([row[place] for row in rows], type_) for place, (name, type_) in enumerate(zip(names, types, strict=True))}
    )


@pytest.fixture(scope="module")
def posts() -> pa.Table:
    return _posts()


def _by_hour(posts: pa.Table) -> list[pa.Table]:
    """The posts as the lake keeps them: an hour at a time, in order of time."""
    hours = pc.floor_temporal(posts["created_at"], unit="hour")
    return [posts.filter(pc.equal(hours, hour)) for hour in sorted(pc.unique(hours).to_pylist())]


def _verdict(posts: pa.Table, first: datetime = START) -> drift.Signal:
    days, batches = whole_days(first, END), _by_hour(posts)
    return drift.judge([*post_columns(count_posts(batches), END, days), *vocabulary_columns(count_words(batches, END, days))])


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
    assert drift.judge(topic_columns(table, END, 20)).passed
    kept = np.array([hour < END - timedelta(days=1) for hour in hours]) | (rng.random(len(hours)) < 0.3)
    assert not drift.judge(topic_columns(table.filter(pa.array(kept)), END, 20)).passed


def test_days_are_counted_back_from_the_end_and_only_whole_ones() -> None:
    hours = int(END.timestamp()) // 3600 - np.array([1, 24, 25, 49])
    window, hour, inside = windows_of(hours, END, 2)
    assert (window.tolist(), hour.tolist(), inside.tolist()) == ([1, 1, 0], [23, 0, 23], [True, True, True, False])
    assert [whole_days(END - timedelta(hours=number), END) for number in (1, 24, 47, 48, 29 * 24, 40 * 24)] == [0, 1, 1, 2, 29, 29]


def _steady(first: datetime, seed: int, lost: float = 0.0) -> pa.Table:
    """Sixty posts an hour from ``first`` on; of the last day's a share is lost."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(60, (END - first) // timedelta(hours=1))
    counts[-24:] = rng.binomial(counts[-24:], 1 - lost)
    hours = np.repeat([first + timedelta(hours=number) for number in range(len(counts))], counts)
    same = {"network": "x", "kind": "post", "language": "en"}
    columns = {name: pa.array([value] * len(hours), pa.string()) for name, value in same.items()}
    return pa.table({"created_at": pa.array(hours.tolist(), pa.timestamp("us", tz="UTC")), **columns})


@pytest.mark.parametrize("hours_of_the_oldest_day", [24, 12, 1])
def test_a_third_missing_is_found_on_a_young_lake_whose_oldest_day_is_a_part(hours_of_the_oldest_day: int) -> None:
    first = END - timedelta(days=11, hours=hours_of_the_oldest_day)
    days = whole_days(first, END)

    def verdict(seed: int, lost: float) -> drift.Signal:
        return drift.judge(post_columns(count_posts([_steady(first, seed, lost)]), END, days))

    assert [verdict(seed, 0.0).passed for seed in range(10)].count(True) >= 9
    assert not any(verdict(seed, 1 / 3).passed for seed in range(10))


def test_posts_are_counted_the_same_whatever_they_are_read_with(posts: pa.Table) -> None:
    def columns(batches: list[pa.Table]) -> list[tuple[object, ...]]:
        found = [*post_columns(count_posts(batches), END, 20), *vocabulary_columns(count_words(batches, END, 20))]
        return [(cells.column, cells.categories, cells.values.tolist(), cells.shown.tolist()) for cells in found]

    hours = _by_hour(posts)
    assert columns(hours) == columns([posts]) == columns([pa.concat_tables(hours[:31]), *hours[31:]])
    counted = count_posts(hours)
    assert pc.sum(counted.filter(pc.equal(counted["column"], "kind"))["posts"]).as_py() == posts.num_rows
    volume = post_columns(counted, END, 20)[0]
    assert volume.shown[:, 0].sum() == len([moment for moment in posts["created_at"].to_pylist() if moment.weekday() < 5])


def test_a_lake_without_posts_or_of_less_than_a_day_says_nothing(posts: pa.Table) -> None:
    assert "too few past days" in _verdict(posts.slice(0, 0), END).message
    assert "too few past days" in _verdict(posts, END - timedelta(hours=5)).message


def test_a_word_is_named_only_where_five_people_used_it(posts: pa.Table) -> None:
    last = _last_day(posts)

    def spammed(writers: int) -> drift.Signal:
        words = [["secretword"] * 8 if new else row for row, new in zip(posts["tokens"].to_pylist(), last.tolist(), strict=True)]
        authors = [f"spammer-{number % writers}" if new else "somebody" for number, new in enumerate(last.tolist())]
        return _verdict(posts.set_column(4, "tokens", pa.array(words)).set_column(5, "author", pa.array(authors)))

    few, many = spammed(4), spammed(5)
    assert not few.passed
    assert not many.passed
    assert "secretword" not in str(vars(few))
    assert "secretword" in str(vars(many))


def test_large_days_are_sampled_by_the_same_hours_each_day() -> None:
    assert sampled_hours([10] * 48, 1_000) == list(range(48))
    chosen = sampled_hours([100] * 48, 1_000)
    assert len(chosen) == 16
    assert [number - 24 for number in chosen[8:]] == chosen[:8]
    assert sampled_hours([], 10) == []
