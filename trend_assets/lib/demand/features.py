"""Features of demand: what is known of a product in a place at the end of a day, as numbers that a model can learn from.

What belongs here: features of origins (days from which one looks ahead) and of targets (the days looked at). What doesn't: the
arrays they are made from (``panel.py``), models (``forecasts.py``).

Features of an origin are made from ``Panel.until(origin)``: what comes later is not there to be used. What is known beforehand of
the target, its weekday, the week of the year and the promotion days that were announced by the origin, is added per horizon.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from trend_assets.lib.demand.panel import Floats, Integers, Panel

WEEK = 7
WEEKS = 13
"""How far features look back, in weeks of seven days that end with the origin."""

SOCIAL = ("posts_1d", "posts_7d", "posts_growth", "trend_score", "trend_days")
"""Features made of trends linked to the product; the ablation leaves these out."""


@dataclass(frozen=True)
class OriginFeatures:
    """Features of the series at an origin. ``values``: (series, features), NaN where not known; ``scale``: usual units a week.

    ``scale`` (at least one unit a week) is what units are divided by, so that one model learns from series of any size.
    """

    product_id: npt.NDArray[np.object_]
    store_id: npt.NDArray[np.object_]
    names: tuple[str, ...]
    values: Floats
    scale: Floats

    def column(self, name: str) -> Floats:
        """One feature of every series."""
        return self.values[:, self.names.index(name)]


def origin_features(known: Panel) -> OriginFeatures:
    """Features at the end of the last day of ``known`` (cut a panel with ``Panel.until`` first).

    Weeks are the seven days that end with the origin, and those before; weeks that begin before the panel does are NaN. O(series).
    """
    columns: dict[str, Floats] = {}
    weeks, trimmed, lines = (_by_week(array) for array in (known.units, known.units - known.largest, known.lines))
    in_stock = _in_stock(known)
    mean_8, mean_4 = _mean(weeks[:, :8]), _mean(weeks[:, :4])
    usual = _mean(np.minimum(weeks[:, :8], 3 * np.nan_to_num(_median(weeks[:, :8]))[:, None] + 3))
    scale = np.maximum(np.nan_to_num(np.maximum(usual, 0.5 * mean_4)), 1.0).astype(np.float32)
    units_a_line = (_median(weeks[:, :8]) / np.maximum(_mean(lines[:, :8]), 0.3)).astype(np.float32)
    for number in range(8):
        columns[f"units_week_{number + 1}"] = weeks[:, number] / scale
    for number in range(3):
        columns[f"trimmed_week_{number + 1}"] = trimmed[:, number] / scale
        columns[f"lines_week_{number + 1}"] = lines[:, number]
    columns |= {
        "scale": scale,
        "geometric_4": np.expm1(_mean(np.log1p(weeks[:, :4]))) / scale,
        "geometric_8": np.expm1(_mean(np.log1p(weeks[:, :8]))) / scale,
        "usual_lines_4": _mean(lines[:, :4]) * units_a_line / scale,
        "usual_lines_13": _mean(lines) * units_a_line / scale,
        "mean_4": mean_4 / scale,
        "mean_8": mean_8 / scale,
        "mean_13": _mean(weeks) / scale,
        "median_8": _median(weeks[:, :8]) / scale,
        "median_4": _median(weeks[:, :4]) / scale,
        "largest_8": _largest(weeks[:, :8]) / scale,
        "smallest_8": -_largest(-weeks[:, :8]) / scale,
        "trimmed_4": _mean(trimmed[:, :4]) / scale,
        "trimmed_8": _mean(trimmed[:, :8]) / scale,
        "lines_4": _mean(lines[:, :4]),
        "lines_8": _mean(lines[:, :8]),
        "lines_13": _mean(lines),
        "empty_8": _mean((weeks[:, :8] == 0).astype(np.float32)),
        "units_a_line": units_a_line,
        "since_sale": _days_since(known.units[:, -WEEK * WEEKS :] > 0),
        # what is there from the panel's first day may be of any age
        "age": np.where(known.since > 0, np.minimum(known.days - 1 - known.since, WEEK * WEEKS), WEEK * WEEKS).astype(np.float32),
        "units_1d": known.units[:, -1] / scale,
        "units_3d": known.units[:, -3:].sum(axis=1) / scale,
    }
    columns |= _growth(known, weeks, lines)
    columns |= _weekdays(known, scale)
    columns |= _price_and_promotion(known)
    columns |= _stock(known, in_stock, scale)
    columns |= _social(known)
    values = np.column_stack([np.asarray(column, dtype=np.float32) for column in columns.values()])
    return OriginFeatures(known.product_id, known.store_id, tuple(columns), values, scale)


def target_features(
    known: Panel, features: OriginFeatures, horizon: int, step: int, pattern: DayPattern
) -> tuple[tuple[str, ...], Floats, Floats]:
    """What is known at the origin of the ``horizon``-th step of ``step`` days after it (the first is 1).

    known: the panel up to the origin, which the features are of. pattern: of its days, ``day_pattern(known, holidays)``.
    Returns names, (series, features) and the usual units of the target's days: ``scale`` by the place's weekdays, less what
    is not sold on a public holiday, as learned from past ones; what a model forecasts is a multiple of it.
    """
    origin = known.day(known.days - 1)
    days = [origin + timedelta(days=(horizon - 1) * step + number + 1) for number in range(step)]
    middle = days[step // 2]
    turn = 2 * np.pi * middle.timetuple().tm_yday / 365.25
    rows = features.values.shape[0]
    left = features.column("promotion_left")
    share, kept, holidays = pattern.shares, pattern.holiday_factor, pattern.holidays
    open_share = np.sum([share[:, day.weekday()] * (kept if day in holidays else 1.0) for day in days], axis=0)
    usual = (features.scale * np.maximum(open_share, 0.02 * step / WEEK)).astype(np.float32)
    columns = {
        "horizon": np.full(rows, horizon),
        "year_sine": np.full(rows, np.sin(turn)),
        "year_cosine": np.full(rows, np.cos(turn)),
        "promotion_days_ahead": np.clip(left - (horizon - 1) * step, 0, step),
        "day_of_month": np.full(rows, middle.day),
        "holidays_ahead": np.full(rows, sum(day in holidays for day in days)),
        "holidays_behind": np.full(rows, sum(origin - timedelta(days=number) in holidays for number in range(WEEK))),
    }
    if step == 1:
        columns["weekday"] = np.full(rows, days[0].weekday())
        columns["same_weekday"] = features.column(f"weekday_{days[0].weekday() + 1}")
    return tuple(columns), np.column_stack([np.asarray(column, dtype=np.float32) for column in columns.values()]), usual


@dataclass(frozen=True)
class DayPattern:
    """What a day is to a place: shares of the weekdays (series, 7), public holidays, and what part of a day is sold on one."""

    shares: Floats
    holidays: frozenset[date]
    holiday_factor: float


def day_pattern(known: Panel, holidays: frozenset[date] = frozenset()) -> DayPattern:
    """The pattern as known at the end of the panel; ``holidays`` are public ones, known long before."""
    return DayPattern(weekday_shares(known, holidays), holidays, holiday_factor(known, holidays))


def weekday_shares(known: Panel, holidays: frozenset[date] = frozenset()) -> Floats:
    """Share of the week's order lines on each weekday (0 is Monday) in each series' place, holidays left out: (series, 7).

    Places with few lines lean on all of them: as if each had sold 20 more by the shares of all.
    """
    first = max(known.days - WEEKS * WEEK, 0)
    open_days = np.array([number for number in range(first, known.days) if known.day(number) not in holidays], dtype=np.int64)
    weekday = (known.first_day.weekday() + open_days) % WEEK
    places = _codes(known.store_id)
    by_weekday = np.zeros((known.series, WEEK))
    np.add.at(by_weekday.T, weekday, known.lines[:, open_days].T)
    sums, counts = np.zeros((places.max(initial=-1) + 1, WEEK)), np.bincount(weekday, minlength=WEEK)
    np.add.at(sums, places, by_weekday)
    sums = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0) * max(counts.sum() / WEEK, 1)
    sums += (counts == 0) * sums.sum(axis=1, keepdims=True) / max((counts > 0).sum(), 1)  # a weekday not seen yet: as the others
    total = sums.sum(axis=0)
    overall = total / total.sum() if total.sum() else np.full(WEEK, 1 / WEEK)
    shares = sums + 20 * overall
    return (shares / shares.sum(axis=1, keepdims=True))[places].astype(np.float32)


def holiday_factor(known: Panel, holidays: frozenset[date]) -> float:
    """Lines on past public holidays over those of the same weekday in the weeks around; one holiday without effect is assumed before."""
    if not holidays:
        return 1.0
    lines = known.lines.sum(axis=0)
    free = np.array([known.day(number) not in holidays for number in range(known.days)])
    sold = usual = 0.0
    typical = float(np.median(lines[free])) if free.any() else 0.0
    for number in np.flatnonzero(~free):
        around = [at for at in range(int(number) - 28, int(number) + 29, WEEK) if 0 <= at < known.days and free[at]]
        expected = float(np.mean(lines[around])) if around else 0.0
        if expected > 0.1 * typical:  # a weekday that is closed anyway tells nothing
            sold, usual = sold + float(lines[number]), usual + expected
    return (sold + typical) / (usual + typical) if usual + typical > 0 else 1.0


def targets(panel: Panel, origin: int, horizon: int, step: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Units of the target days of each series known at the origin, and whether they were free to sell: never out of stock.

    Where stock ran out, sales are no more than a lower bound of demand; such targets are left out of training and scoring.
    Raises ``ValueError`` where the panel ends before the target does.
    """
    start, end = origin + 1 + (horizon - 1) * step, origin + 1 + horizon * step
    if end > panel.days:
        raise ValueError(f"the target ends on {panel.day(end - 1)}, the panel on {panel.day(panel.days - 1)}")
    rows = np.flatnonzero(panel.since <= origin)
    units = panel.units[rows, start:end].sum(axis=1)
    free: npt.NDArray[np.bool_] = np.logical_not((panel.stock[rows, start:end] <= 0).any(axis=1))
    return units, free


def _by_week(values: Floats) -> Floats:
    """(series, days) to (series, ``WEEKS``): sums of seven days, the newest first; NaN where the days begin later."""
    weeks = min(values.shape[1] // WEEK, WEEKS)
    sums = values[:, values.shape[1] - weeks * WEEK :].reshape(values.shape[0], weeks, WEEK).sum(axis=2)[:, ::-1]
    found = np.full((values.shape[0], WEEKS), np.nan, np.float32)
    found[:, :weeks] = sums
    return found


def _over_weeks(function: str, values: Floats) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a series without a known week: NaN is the answer
        return np.asarray(getattr(np, function)(values, axis=1), dtype=np.float32)


def _mean(values: Floats) -> Floats:
    return _over_weeks("nanmean", values)


def _median(values: Floats) -> Floats:
    return _over_weeks("nanmedian", values)


def _largest(values: Floats) -> Floats:
    return _over_weeks("nanmax", values)


def _days_since(happened: npt.NDArray[np.bool_]) -> Floats:
    """Days since the last True of each row; the whole length where there is none."""
    found = np.argmax(happened[:, ::-1], axis=1)
    return np.where(happened.any(axis=1), found, happened.shape[1]).astype(np.float32)


def _in_stock(known: Panel) -> Floats:
    """1 where there was stock at the end of the day or a sale in it, or stock is not told; else 0. Last eight weeks."""
    stock, units = known.stock[:, -8 * WEEK :], known.units[:, -8 * WEEK :]
    return (~(stock <= 0) | (units > 0)).astype(np.float32)


def _codes(names: Sequence[object] | npt.NDArray[np.object_]) -> Integers:
    return np.unique(np.asarray(names, dtype=str), return_inverse=True)[1].astype(np.int64)


def _growth(known: Panel, weeks: Floats, lines: Floats) -> dict[str, Floats]:
    """How the product (over all places), its category and everything sell of late against the weeks before."""
    found: dict[str, Floats] = {}
    capped = np.minimum(weeks, 3 * np.nan_to_num(_median(weeks[:, :8]))[:, None] + 3)  # one bulk order is no wave
    groups = {"product": _codes(known.product_id), "category": _codes(known.category), "all": np.zeros(known.series, np.int64)}
    for name, codes in groups.items():
        for kind, values in (("units", capped), ("lines", lines)):
            sums = np.zeros((codes.max(initial=-1) + 1, WEEKS), np.float64)
            np.add.at(sums, codes, values)
            newest, four, eight = sums[:, 0], _mean(sums[:, :4]), _mean(sums[:, :8])
            found[f"{name}_{kind}_1_on_8"] = _ratio(newest, eight)[codes]
            found[f"{name}_{kind}_4_on_8"] = _ratio(four, eight)[codes]
            found[f"{name}_{kind}_1_on_4"] = _ratio(newest, four)[codes]
    return found


def _ratio(numerator: npt.NDArray[np.floating], denominator: npt.NDArray[np.floating]) -> Floats:
    with np.errstate(invalid="ignore"):
        return ((numerator + 1) / (denominator + 1)).astype(np.float32)


def _weekdays(known: Panel, scale: Floats) -> dict[str, Floats]:
    """Mean units of each weekday over the last eight weeks, 1 is Monday; by the share of the week that the origin's weeks give."""
    recent = known.units[:, -8 * WEEK :]
    last = known.day(known.days - 1)
    found = {}
    for weekday in range(WEEK):
        offset = (last.weekday() - weekday) % WEEK
        own = recent[:, ::-1][:, offset::WEEK]
        found[f"weekday_{weekday + 1}"] = own.mean(axis=1) * WEEK / scale if own.shape[1] else np.full(known.series, np.nan, np.float32)
    return found


def _price_and_promotion(known: Panel) -> dict[str, Floats]:
    recent = known.price[:, -8 * WEEK :]
    usual = _median(recent)
    with np.errstate(invalid="ignore", divide="ignore"):
        against_usual = known.price[:, -1] / usual
    return {
        "price": known.price[:, -1],
        "price_on_usual": np.where(np.isfinite(against_usual), against_usual, np.nan),
        "discount_now": known.discount[:, -1],
        "promotion_left": known.promotion_left[:, -1],
        "promotion_days_1": (known.discount[:, -WEEK:] > 0).sum(axis=1),
        "promotion_days_8": (known.discount[:, -8 * WEEK :] > 0).sum(axis=1),
    }


def _stock(known: Panel, in_stock: Floats, scale: Floats) -> dict[str, Floats]:
    """Stock, days without any, and sales on the days that had some: what sold out is no lack of demand."""
    units = known.units[:, -8 * WEEK :]
    rate = (units * in_stock).sum(axis=1) / np.maximum(in_stock.sum(axis=1), 1)
    return {
        "weeks_of_stock": known.stock[:, -1] / scale,
        "out_of_stock_days_1": (1 - in_stock[:, -WEEK:]).sum(axis=1),
        "out_of_stock_days_8": (1 - in_stock).sum(axis=1),
        "units_when_in_stock": rate * WEEK / scale,
    }


def _social(known: Panel) -> dict[str, Floats]:
    posts = known.posts[:, -4 * WEEK :]
    week, before = posts[:, -WEEK:].sum(axis=1), posts[:, -2 * WEEK : -WEEK].sum(axis=1)
    spoken = posts > 0
    first = np.where(spoken.any(axis=1), posts.shape[1] - np.argmax(spoken, axis=1), 0)
    return {
        "posts_1d": np.log1p(posts[:, -1]),
        "posts_7d": np.log1p(week),
        "posts_growth": np.log1p(week) - np.log1p(before),
        "trend_score": known.trend_score[:, -WEEK:].max(axis=1),
        "trend_days": first.astype(np.float32),
    }
