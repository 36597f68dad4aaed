"""Scoring of burst detectors on labelled series: the protocol by hand, the forms of tables that are understood, errors."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.evaluation.bursts import LabelledSeries, at_budget, evaluate_bursts, hits, read_series, robust_z

START = np.datetime64("2026-09-01T00:00:00")


def at(minutes: float) -> np.datetime64:
    return START + np.timedelta64(int(minutes * 60), "s")


def labelled(strength: list[float], windows: list[tuple[float, float]]) -> tuple[list[LabelledSeries], list[np.ndarray]]:
    """Hourly observations; windows in hours."""
    times = np.array([at(60 * hour) for hour in range(len(strength))])
    values = np.array(strength)
    return [LabelledSeries("a", times, values, [(at(60 * start), at(60 * end)) for start, end in windows])], [values]


def test_a_window_is_hit_once_and_alarms_within_six_hours_are_one() -> None:
    strength = [0.0] * 25
    for hour in (2, 3, 10, 15, 16, 17, 22):
        strength[hour] = 9.0
    found = hits(*labelled(strength, [(2, 4), (19, 20)]), 5.0)
    assert found == (1, 3.0)  # 10, 15 with its echoes falls silent until 16, so 10, 16 and 22 in one day


def test_a_budget_of_false_alarms_decides_the_threshold() -> None:
    strength = [0.0] * 25
    strength[3], strength[12], strength[20] = 5.0, 7.0, 6.0
    one = labelled(strength, [(19, 21)])
    assert at_budget(*one, 1.0) == (1, 6.0)
    assert at_budget(*one, 0.5) == (0, float("inf"))  # even the strongest alarm is one a day too many


def tables(days: int = 10) -> tuple[pa.Table, pa.Table]:
    random = np.random.default_rng(0)
    counts = random.negative_binomial(10, 10 / 30, days * 288)
    counts[2000:2012] += 400
    times = [at(5 * number) for number in range(counts.size)]
    series = pa.table({"series": ["zoo"] * counts.size, "at": pa.array(times), "value": counts})
    return series, pa.table({"series": ["zoo"], "start": pa.array([at(5 * 1950)]), "end": pa.array([at(5 * 2050)])})


def test_ours_and_peers_are_measured_on_the_same_windows() -> None:
    found = evaluate_bursts(*tables(), peers=True)
    assert (found["windows"], found["hit"]) == (1, 1)
    assert found["false_alarms_per_series_day"] <= 0.3
    assert set(found["peers"]) == {"trailing robust z-score", "Poisson, trailing day"}
    for peer in found["peers"].values():
        assert set(peer) == {"windows", "hit", "false_alarms_per_series_day", "at_budget"}
    assert "peers" not in evaluate_bursts(*tables(), peers=False)


def test_the_trailing_robust_z_score_is_what_its_formula_says() -> None:
    counts = np.random.default_rng(0).poisson(20, 400).astype(np.float64)
    z = robust_z(counts, np.zeros(0))
    for now in (1, 100, 288, 399):
        past = counts[max(0, now - 288) : now]
        spread = max(1.4826 * np.median(np.abs(past - np.median(past))), 1.0)
        assert z[now] == pytest.approx((counts[now] - np.median(past)) / spread)


def test_the_order_of_rows_does_not_matter() -> None:
    series, windows = tables()
    shuffled = series.take(np.random.default_rng(1).permutation(series.num_rows))
    assert evaluate_bursts(shuffled, windows, peers=False) == evaluate_bursts(series, windows, peers=False)


def test_other_names_and_times_as_text_are_understood() -> None:
    times = ["2026-09-01 00:10:00", "2026-09-01 00:00:00", "2026-09-01 00:05:00.000"]
    series = pa.table({"name": ["b", "a", "b"], "timestamp": times, "count": [3, 1, 2]})
    windows = pa.table({"name": ["b"], "window_start": ["2026-09-01T00:00:00Z"], "window_end": ["2026-09-01T01:00:00Z"]})
    first, second = read_series(series, windows)
    assert (first.name, second.name) == ("a", "b")
    assert second.counts.tolist() == [2.0, 3.0]
    assert second.windows == [(START, at(60))]


def test_unfit_tables_are_refused_with_what_is_wrong() -> None:
    series, windows = tables(1)
    cases = [
        (series.drop_columns(["value"]), windows, "value or count or posts"),
        (series, windows.drop_columns(["end"]), "end or window_end"),
        (series.slice(0, 0), windows, "no rows"),
        (series.set_column(2, "value", pa.array(np.full(series.num_rows, -1))), windows, "zero or more"),
        (series.set_column(2, "value", pa.array(["x"] * series.num_rows)), windows, "not a number"),
        (series.set_column(1, "at", pa.array(["soon"] * series.num_rows)), windows, "not a time"),
        (series, windows.set_column(0, "series", pa.array(["unknown"])), "no such series: unknown"),
        (series, windows.set_column(2, "end", pa.array([START - np.timedelta64(1, "D")])), "ends before it starts"),
    ]
    for one, other, message in cases:
        with pytest.raises(ValueError, match=message):
            evaluate_bursts(one, other, peers=False)
