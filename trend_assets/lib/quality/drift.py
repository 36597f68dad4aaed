"""Drift: does the newest window look like the many windows before it, or has something changed?

What belongs here: statistics over windows of counts, one verdict for all of a table's columns. What doesn't: which windows and
columns (``drift_columns.py``, ``drift_windows.py``, ``topic_windows.py``), simple thresholds (``signals.py``).

A window (a day, say) is compared with past windows, not with its neighbour or a formula, so that ordinary variation from
day to day is part of what is expected: tests that assume independent posts call every second day a change. Counts are put on
a scale of constant variance (square root for volumes, arcsine for shares; Anscombe, Biometrika 1948); how much more they vary
than chance alone (their overdispersion) is estimated for each cell from past windows and never taken below the pool's; the
largest deviation of all cells is judged by Student's t with Šidák's correction for the number of columns and of their cells: one
alarm level for a table, however many columns and categories it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trend_assets.lib.quality.signals import Signal

ALARM_LEVEL = 0.004
"""Chance that a window is called changed although nothing has."""
LEAST_WINDOWS = 5
"""Past windows without which nothing is judged."""
LEAST_COUNT = 5.0
"""Expected count below which categories are put together as ``other``."""
OTHER = "other"
DISTANCE = "distance"
"""Unit of measures of which only more is a change: to be closer to the past than usual is none."""
MEMORY = 7
"""Windows whose words count as seen."""
LEAST_AUTHORS = 5
"""A word is named only where so many people used it in one window: what is said of a check is kept, and posts may be deleted."""
PRIOR_WINDOWS = 4.0
"""Weight of the pooled overdispersion, in windows, beside a cell's own."""
_SLOW_PART = 0.2
_OUTLIER = 9.0
"""A past window's squared deviation counts at most this many times the typical one: an old outage must not hide the next."""
_NORMAL_MEDIAN = 0.4549
"""Median of a squared standard normal deviate."""

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """One column's cells over windows, on the scale of constant variance: values and sampling variances, shape (windows, cells).

    The last row is the newest window. ``shown`` holds what to say of each cell: the plain figures, same shape. ``weekdays``: of each
    window (0 is Monday) where the cells have a week's rhythm, else empty.
    """

    column: str
    categories: tuple[str, ...]
    values: Counts
    variances: Counts
    shown: Counts
    unit: str
    weekdays: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.weekdays and len(self.weekdays) != len(self.values):
            raise ValueError(f"{self.column}: a weekday for each window is needed, or none")
        if not self.values.shape == self.variances.shape == self.shown.shape == (len(self.values), len(self.categories)):
            raise ValueError(f"{self.column}: values, variances and figures must have one row a window and one column a category")


@dataclass(frozen=True)
class Deviation:
    """How far a cell of the newest window is from the past: Student's t, and the figures behind it."""

    column: str
    category: str
    t: float
    expected: float
    found: float
    unit: str
    slow: bool = False

    def __str__(self) -> str:
        digits = 0 if max(self.expected, self.found) >= 10 else 3
        expected = f"{self.expected:.1%}" if self.unit == "share" else f"{self.expected:,.{digits}f} {self.unit}".rstrip()
        found = f"{self.found:.1%}" if self.unit == "share" else f"{self.found:,.{digits}f}"
        return f"{self.column} {self.category}: {expected} before, {'little by little ' if self.slow else ''}{found} now"


def volumes(column: str, categories: Sequence[str], counts: Counts, unit: str = "posts") -> Cells:
    """Cells of counts (windows, categories), each against its own past; categories that are always tiny are put together."""
    names, merged = _merged(categories, counts)
    return Cells(column, names, 2.0 * np.sqrt(merged + 0.375), np.ones_like(merged), merged, unit)


def shares(column: str, categories: Sequence[str], counts: Counts) -> Cells:
    """Cells of shares of each window's total, from counts (windows, categories); a window without any has no information."""
    names, merged = _merged(categories, counts)
    total = merged.sum(axis=1, keepdims=True)
    share = np.divide(merged, total, out=np.zeros_like(merged), where=total > 0)
    smoothed = (merged + 0.375) / (total + 0.75)
    variances = np.broadcast_to(1.0 / (total + 0.5), merged.shape).copy()
    return Cells(column, names, 2.0 * np.arcsin(np.sqrt(smoothed)), variances, share, "share")


def measures(column: str, categories: Sequence[str], values: Counts, unit: str = "") -> Cells:
    """Cells of positive measures (windows, categories) without a sampling variance of their own: all of it is learnt, on logs."""
    logs = np.log(np.maximum(values, 1e-12))
    return Cells(column, tuple(categories), logs, np.full_like(logs, 1e-12), values, unit)


@dataclass(frozen=True)
class Expectation:
    """What past windows make expected of the newest: mean and its variance, spread (overdispersion), each of shape (cells,)."""

    mean: Counts
    mean_variance: Counts
    spread: Counts
    freedom: float


def seasons(weekdays: Sequence[int], past: int) -> npt.NDArray[np.int64]:
    """The season of each window, of which the first ``past`` are past: days of the week where each was seen four times, weekends and
    other days where both were seen twice, else one for all.
    """
    days = np.asarray(weekdays, dtype=np.int64)
    if past and np.bincount(days[:past], minlength=7).min() >= 4:
        return days
    weekend = (days >= 5).astype(np.int64)
    return weekend if np.bincount(weekend[:past], minlength=2).min() >= 2 else np.zeros_like(days)


def expectation(cells: Cells, past: int) -> tuple[Expectation, Counts]:
    """What the first ``past`` windows make expected of the newest, and each window's mean by its season, shape (windows, cells)."""
    values, weight = cells.values[:past], 1.0 / cells.variances[:past]
    season = seasons(cells.weekdays, past) if cells.weekdays else np.zeros(len(cells.values), dtype=np.int64)
    means, weights = np.zeros_like(cells.values), np.zeros_like(cells.values)
    seen = np.unique(season[:past]).tolist()
    for number in seen:
        rows = season[:past] == number
        total = weight[rows].sum(axis=0)
        means[season == number] = (weight[rows] * values[rows]).sum(axis=0) / total
        weights[season == number] = total
    squares = (values - means[:past]) ** 2 * weight
    typical = np.maximum(np.median(squares, axis=0) / _NORMAL_MEDIAN, 1.0)
    squares = np.minimum(squares, _OUTLIER * typical)
    free = past - len(seen)
    own = squares.sum(axis=0) / free
    pooled = float(own.mean())
    shrunk = (PRIOR_WINDOWS * pooled + free * own) / (PRIOR_WINDOWS + free)
    spread = np.maximum(np.maximum(own, shrunk), 1.0)
    return Expectation(means[-1], 1.0 / weights[-1], spread, PRIOR_WINDOWS + free), means


def deviations(cells: Cells) -> tuple[list[Deviation], float]:
    """The newest window's deviations, and their degrees of freedom. Needs ``LEAST_WINDOWS`` past windows."""
    expected, _ = expectation(cells, len(cells.values) - 1)
    t = (cells.values[-1] - expected.mean) / np.sqrt(expected.spread * (cells.variances[-1] + expected.mean_variance))
    before = np.median(cells.shown[:-1], axis=0)
    found = [
        Deviation(cells.column, category, float(t[number]), float(before[number]), float(cells.shown[-1, number]), cells.unit)
        for number, category in enumerate(cells.categories)
    ]
    return found, expected.freedom


def judge(columns: Sequence[Cells], what: str = "days", alarm_level: float = ALARM_LEVEL) -> Signal:
    """The verdict on the newest window over all columns: passed unless the largest deviation is beyond the alarm level.

    The message names the column and category that deviate most, and how many others are beyond it too.
    """
    return ranked(columns, what).signal(alarm_level)


@dataclass(frozen=True)
class Ranked:
    """Deviations of all columns, the unlikeliest first, each with the chance of a false alarm that counts all there were."""

    deviations: tuple[Deviation, ...]
    chances: tuple[float, ...]
    compared: str

    def signal(self, alarm_level: float = ALARM_LEVEL) -> Signal:
        """The verdict; it passes where there is nothing to judge by."""
        if not self.deviations:
            return Signal(True, self.compared)
        worst, beyond = self.deviations[0], [number for number, chance in enumerate(self.chances) if chance < alarm_level]
        figures: dict[str, float | int | str] = {
            "column": worst.column,
            "category": worst.category,
            "expected": worst.expected,
            "found": worst.found,
            "t": worst.t,
            "chance_of_a_false_alarm": self.chances[0],
            "cells_beyond": len(beyond),
            "cells": len(self.deviations),
        }
        if not beyond:
            return Signal(True, f"as in {self.compared}; most different: {worst}", figures)
        others = f"; also {', '.join(str(self.deviations[number]) for number in beyond[1:4])}" if len(beyond) > 1 else ""
        more = f" and {len(beyond) - 4} more" if len(beyond) > 4 else ""
        return Signal(False, f"changed: {worst}{others}{more} (against {self.compared})", figures)


def ranked(columns: Sequence[Cells], what: str = "days", slow: Sequence[tuple[str, Sequence[Deviation], Sequence[float]]] = ()) -> Ranked:
    """All deviations of the newest window in order. slow: of ``drift_sequential``, column with its deviations and their chances each."""
    from scipy.special import stdtr  # Student's distribution function; scipy.stats would take two seconds to import

    usable = [cells for cells in columns if len(cells.values) > LEAST_WINDOWS and cells.categories]
    if not usable:
        most = max((len(cells.values) - 1 for cells in columns), default=0)
        return Ranked((), (), f"too few past {what} to compare with ({max(most, 0)}, at least {LEAST_WINDOWS} needed)")
    names = list(dict.fromkeys(cells.column for cells in usable))
    tests: list[tuple[str, Deviation, float]] = []
    for cells in usable:
        deviating, freedom = deviations(cells)
        for one in deviating:
            chance = stdtr(freedom, -one.t) if cells.unit == DISTANCE else 2.0 * stdtr(freedom, -abs(one.t))
            tests.append((cells.column, one, float(chance)))
    for name, deviating_slowly, chances in slow:
        tests += [(name, one, chance) for one, chance in zip(deviating_slowly, chances, strict=True)]
    size = Counter((name, one.slow) for name, one, _ in tests)
    kinds = Counter(slowly for _, slowly in size)
    # Šidák, twice: for the cells of the column, then for the columns, so that a column of one cell is not drowned by one of fifty.
    # Slow change has a fifth of the level: it has weeks to be found, a day has one.
    part = {slowly: (_SLOW_PART if slowly else 1.0 - _SLOW_PART) if len(kinds) == 2 else 1.0 for slowly in kinds}
    found = [
        (float(-np.expm1(size[name, one.slow] * kinds[one.slow] / part[one.slow] * np.log1p(-min(chance, 1.0 - 1e-16)))), number)
        for number, (name, one, chance) in enumerate(tests)
    ]
    order = sorted(found)
    compared = f"{len(usable[0].values) - 1} past {what}: {', '.join(names)}"
    return Ranked(tuple(tests[number][1] for _, number in order), tuple(chance for chance, _ in order), compared)


def only(cells: Cells, category: str) -> Cells:
    """The cells of one category: of two shares that make a whole, the other says the same. None where it is too small to be judged."""
    chosen = [number for number, name in enumerate(cells.categories) if name == category]
    values, variances, shown = (each[:, chosen] for each in (cells.values, cells.variances, cells.shown))
    return Cells(cells.column, tuple(cells.categories[number] for number in chosen), values, variances, shown, cells.unit, cells.weekdays)


def _merged(categories: Sequence[str], counts: Counts) -> tuple[tuple[str, ...], Counts]:
    """Categories of enough expected count as they are, the rest as ``other`` where that is enough; none where there is one only."""
    counts = np.asarray(counts, dtype=float)
    large = np.maximum(counts[:-1].mean(axis=0), counts[-1]) >= LEAST_COUNT if len(counts) > 1 else np.zeros(len(categories), dtype=bool)
    names = [category for category, keep in zip(categories, large.tolist(), strict=True) if keep]
    rest = counts[:, ~large].sum(axis=1, keepdims=True)
    if (~large).any() and len(counts) > 1 and rest.mean() >= LEAST_COUNT:
        return (*names, OTHER), np.column_stack([counts[:, large], rest])
    return tuple(names), counts[:, large]
