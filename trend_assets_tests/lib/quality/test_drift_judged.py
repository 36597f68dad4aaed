"""Verdicts on summaries: quiet on ordinary days, slow change found, column and category named, causes told apart, pictures drawn."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.quality import drift
from trend_assets.lib.quality.drift_columns import columns_of, number_columns
from trend_assets.lib.quality.drift_judged import Judged, judge_summaries
from trend_assets.lib.quality.drift_pictures import before_after_svg
from trend_assets.lib.quality.drift_sequential import chance_of, cumulative_sums, followed_windows
from trend_assets.lib.quality.drift_summaries import Summary, binned, bucketed

FIRST = date(2026, 9, 7)  # a Monday
LANGUAGES, SHARES = ("en", "fr", "de"), np.array([0.55, 0.35, 0.1])
ZIPF = 1 / np.arange(1, 301) / (1 / np.arange(1, 301)).sum()
RHYTHM = (1.0, 1.0, 1.0, 1.0, 1.1, 1.5, 1.4)


DEFAULT = {("schema", "", "one"): 4_000, ("model", "model_version", "3"): 4_000, ("member", "matching_rules", "brand"): 4_000}


def _day(
    rng: np.random.Generator,
    day: date,
    *,
    rows: int = 4_000,
    shares: np.ndarray = SHARES,
    dearer: float = 1.0,
    words: str = "word",
    facts: dict | None = None,
) -> Summary:
    """A day that wobbles by 3 %, with a week's rhythm."""
    today = shares * np.exp(rng.normal(0, 0.03, 3))
    count = rng.poisson(rows * RHYTHM[day.weekday()] * np.exp(rng.normal(0, 0.03)))
    counts = {("rows", "", ""): int(count)}
    drawn = rng.multinomial(count, today / today.sum()).tolist()
    counts |= {("share", "language", name): number for name, number in zip(LANGUAGES, drawn, strict=True)}
    by_hour = rng.multinomial(count, np.full(24, 1 / 24))
    counts |= {("volume", "network", f"x {hour:02d}:00"): int(number) for hour, number in enumerate(by_hour)}
    prices = pa.chunked_array([np.exp(rng.normal(3, 0.5, 1_000)) * dearer])
    counts |= {("number", "price", name): number for name, number in binned(prices).items()}
    used = {f"{words}{number}": int(times) for number, times in enumerate(rng.multinomial(8_000, ZIPF).tolist())}
    named = {("word", "", f"{words}0"): used[f"{words}0"]}
    return Summary(counts | named | (DEFAULT if facts is None else facts), bucketed(used))


def _days(number: int) -> list[date]:
    return [FIRST + timedelta(days=offset) for offset in range(number)]


def _verdict(seed: int, days: int = 43, **newest) -> Judged:
    rng = np.random.default_rng(seed)
    calendar = _days(days)
    past = [_day(rng, day) for day in calendar[:-1]]
    return judge_summaries([*past, _day(rng, calendar[-1], **newest)], calendar)


def test_ordinary_days_raise_few_alarms_whatever_the_weekday() -> None:
    verdicts = [_verdict(seed, days=43 + seed % 7) for seed in range(70)]
    assert sum(not verdict.signal.passed for verdict in verdicts) <= 3  # the level is .4 %
    assert all(verdict.cause == "nothing" for verdict in verdicts if verdict.signal.passed)


def test_a_sunday_as_quiet_as_a_monday_is_a_change_and_as_loud_as_sundays_is_none() -> None:
    found = [_verdict(seed, days=42) for seed in range(10)]
    assert all(verdict.signal.passed for verdict in found)
    quiet = [_verdict(seed, days=42, rows=int(4_000 / RHYTHM[6])) for seed in range(10)]
    assert all(not verdict.signal.passed and verdict.signal.figures["column"] == "volume" for verdict in quiet)


@pytest.mark.parametrize(
    ("newest", "column", "category"),
    [
        ({"shares": SHARES + np.array([-0.05, 0.0, 0.05])}, "language", "de"),
        ({"rows": 2_600}, "volume", "all day"),
        ({"dearer": 1.6}, "price", "typical value"),
        ({"words": "novel"}, "vocabulary", "unseen words"),
    ],
)
def test_what_changed_is_found_and_named(newest, column, category) -> None:
    for seed in range(5):
        verdict = _verdict(seed, **newest)
        assert (verdict.signal.passed, verdict.cause) == (False, "drift"), verdict.signal.message
        assert verdict.signal.figures["column"] == column
    assert category in _verdict(0, **newest).signal.message


def test_a_change_of_one_per_cent_a_day_is_found_and_said_to_be_slow() -> None:
    found = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        calendar = _days(70)
        windows = []
        for number, day in enumerate(calendar):
            moved = SHARES * np.where(np.array(LANGUAGES) == "fr", 1.01 ** max(number - 42, 0), 1.0)
            windows.append(_day(rng, day, shares=moved / moved.sum()))
        caught = [end for end in range(46, 71, 3) if not judge_summaries(windows[:end], calendar[:end]).signal.passed]
        found.append(min(caught, default=99))
        if caught:
            message = judge_summaries(windows[: caught[0]], calendar[: caught[0]]).signal.message
            assert "language" in message
    assert sum(end <= 70 for end in found) >= 7
    assert float(np.median(found)) <= 42 + 21


def test_one_loud_day_is_no_slow_change() -> None:
    rng = np.random.default_rng(3)
    calendar = _days(60)
    windows = [_day(rng, day, shares=SHARES + np.array([-0.2, 0.2, 0]) if number == 50 else SHARES) for number, day in enumerate(calendar)]
    assert not judge_summaries(windows[:51], calendar[:51]).signal.passed
    assert judge_summaries(windows, calendar).signal.passed


def test_the_chance_of_a_sum_is_what_simulation_says_and_falls() -> None:
    rng = np.random.default_rng(99)
    past = rng.standard_normal((28, 4_000))
    z = (rng.standard_normal((28, 4_000)) - past.mean(axis=0)) / np.maximum(past.std(axis=0, ddof=1), 1.0)
    up, _ = cumulative_sums(z)
    height = float(np.quantile(up, 0.99))
    assert 0.003 < chance_of(height, 28, 28) < 0.03
    chances = [chance_of(float(one), 28, 28) for one in range(40)]
    assert all(later <= earlier for earlier, later in pairwise(chances))
    assert chances[-1] < 1e-4
    assert [followed_windows(number) for number in (5, 19, 20, 29, 57, 90)] == [0, 9, 10, 14, 28, 28]


@pytest.mark.parametrize(
    ("facts", "cause", "told"),
    [
        ({("schema", "", "two"): 4_000}, "schema change", "declaration two since 2026-10-19, before one"),
        ({("model", "model_version", "4"): 4_000, ("model", "model_version", "3"): 0}, "model change", "model version"),
        ({("member", "matching_rules", "rival"): 2_000}, "rule change", "collection rules brand, rival since 2026-10-19, before brand"),
        ({("gap", "network", "x 03:00"): 60}, "drift", "beside 60 minutes not collected"),
    ],
)
def test_the_verdict_says_what_else_was_different(facts, cause, told) -> None:
    given = {**DEFAULT, **facts}
    if ("schema", "", "two") in facts:
        del given[("schema", "", "one")]
    shifted = _verdict(1, shares=SHARES + np.array([-0.06, 0.0, 0.06]), facts={key: count for key, count in given.items() if count})
    assert (shifted.signal.passed, shifted.cause) == (False, cause)
    assert told in shifted.signal.message


def test_missing_hours_that_the_gap_ledger_knows_are_a_gap_and_others_are_drift() -> None:
    for known in (True, False):
        rng = np.random.default_rng(4)
        calendar = _days(43)
        windows = [_day(rng, day) for day in calendar]
        counts = dict(windows[-1].counts)
        lost = sum(counts.pop(("volume", "network", f"x {hour:02d}:00")) for hour in (9, 10, 11, 12, 13))
        counts[("rows", "", "")] -= lost
        if known:
            counts |= {("gap", "network", f"x {hour:02d}:00"): 60 for hour in (9, 10, 11, 12, 13)}
        verdict = judge_summaries([*windows[:-1], Summary(counts, windows[-1].buckets)], calendar)
        assert (verdict.signal.passed, verdict.cause) == (False, "collection gap" if known else "drift")


def test_past_days_with_a_gap_are_not_compared_with_and_after_five_days_another_model_is_its_own_past() -> None:
    rng = np.random.default_rng(5)
    calendar = _days(40)
    other = {**DEFAULT, ("model", "model_version", "4"): 4_000}
    del other[("model", "model_version", "3")]
    moved = SHARES + np.array([-0.1, 0.0, 0.1])
    windows = [_day(rng, day) for day in calendar[:30]]
    windows += [_day(rng, day, shares=moved, facts=other) for day in calendar[30:]]
    assert judge_summaries(windows[:31], calendar[:31]).cause == "model change"
    again = judge_summaries(windows, calendar)
    assert again.signal.passed
    assert "9 past days" in again.signal.message
    holes = [Summary({**window.counts, ("gap", "network", "x 01:00"): 5}, window.buckets) for window in windows[:8]]
    assert "22 past days" in judge_summaries([*holes, *windows[8:31]], calendar[:31]).signal.message


def test_few_days_no_days_and_unequal_lists() -> None:
    assert "too few past days" in _verdict(1, days=4).signal.message
    assert judge_summaries([], []).signal.passed
    assert judge_summaries([Summary()], [FIRST]).signal.passed
    with pytest.raises(ValueError, match="2 windows and 1 days"):
        judge_summaries([Summary(), Summary()], [FIRST])


def _ratios(seed: int) -> pa.ChunkedArray:
    return pa.chunked_array([np.random.default_rng(seed).normal(0, 0.01, 500)])


def test_columns_of_nulls_zeros_negative_numbers_and_one_value_are_judged() -> None:
    rng = np.random.default_rng(6)
    bins = ["+0", "-3", "-8", "null", "zero", "not a number"]
    counts = rng.poisson(200, (20, 6)).astype(float)
    cells = number_columns("change", bins, counts)
    assert drift.judge(cells).passed
    worse = counts.copy()
    worse[-1, 3] *= 2
    verdict = drift.judge(number_columns("change", bins, worse))
    assert (verdict.passed, verdict.figures["category"]) == (False, "null")
    small = [
        Summary({("rows", "", ""): 500} | {("number", "ratio", name): count for name, count in binned(_ratios(seed)).items()})
        for seed in range(20)
    ]
    assert judge_summaries(small, _days(20)).signal.passed
    alone = [Summary({("rows", "", ""): 100, ("number", "constant", "+0"): 100}) for _ in range(20)]
    assert judge_summaries(alone, _days(20)).signal.passed
    nulls = [Summary({("rows", "", ""): 100, ("number", "all null", "null"): 100}) for _ in range(20)]
    assert judge_summaries(nulls, _days(20)).signal.passed


def test_pictures_show_before_and_now_for_a_day_and_for_a_slow_change() -> None:
    for verdict in (_verdict(1, shares=SHARES + np.array([-0.05, 0.0, 0.05])), _verdict(2, words="novel"), _verdict(3, dearer=1.6)):
        assert verdict.worst is not None
        svg = before_after_svg(verdict.columns, verdict.days, verdict.worst)
        texts = [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
        assert f"{verdict.worst.column}: before and now" in texts
        assert any(verdict.days[-1].isoformat() in (text or "") for text in texts)
    with pytest.raises(ValueError, match="no column holds"):
        before_after_svg([], [FIRST], drift.Deviation("a", "b", 1.0, 0.0, 0.0, ""))


def test_a_words_name_comes_from_those_that_are_kept_only() -> None:
    message = _verdict(7, words="novel").signal.message
    assert "novel1" not in message.replace("novel0", "")
    columns = columns_of([_day(np.random.default_rng(1), day) for day in _days(10)], _days(10))
    assert any("use of words (word0)" in cells.categories[0] for cells in columns if cells.column == "vocabulary" and cells.categories)
