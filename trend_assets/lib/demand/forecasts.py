"""Demand forecasts: one global model of quantiles for every product and place, learned from all of them together.

What belongs here: training rows, the model, its calibration, measures of error and coverage. What doesn't: features
(``features.py``), baselines (``baselines.py``), which days are forecast (``defs/demand``).

The model. What is forecast is log(units / usual + 0.1), ``usual`` being the series' usual units of the target's days: bulk orders
that no feature announces cannot pull a quantile of it, and one model holds for series of any size (cross-learning: Montero-Manso and
Hyndman 2021, *Principles and algorithms for forecasting groups of time series*). Every quantile is a linear quantile regression
(Koenker and Bassett 1978, by iteratively reweighted least squares) plus gradient-boosted trees on what it leaves (LightGBM-style
histograms of scikit-learn, pinball loss); the horizon is a feature (direct multi-horizon). Quantiles are sorted so that they never cross
(Chernozhukov, Fernandez-Val and Galichon 2010) and widened or narrowed by conformalised quantile regression (Romano, Patterson and
Candes 2019) on the newest origins, a window that rolls on: demand drifts, so coverage is not guaranteed but measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from trend_assets.lib.demand.features import OriginFeatures, day_pattern, origin_features, target_features, targets
from trend_assets.lib.demand.panel import Floats, Integers, Panel
from trend_assets.lib.learning.threads import one_thread

Doubles = npt.NDArray[np.float64]
QUANTILES = (0.1, 0.5, 0.9)
_FLOOR = 0.1
"""Added to units / usual before the logarithm: a tenth of the usual, so that nothing sold is finite."""
_ROUNDS = 15
YEAR = 364
"""Days of origins from which on features of the clock are used."""


@dataclass(frozen=True)
class Rows:
    """Features of targets: ``values`` (rows, features), ``usual`` units, and once they came ``units`` and whether stock was free."""

    names: tuple[str, ...]
    values: Floats
    usual: Floats
    origin: Integers
    horizon: Integers
    series: Integers
    units: Floats
    free: npt.NDArray[np.bool_]

    def take(self, rows: npt.NDArray[Any]) -> Rows:
        """Some of the rows, by mask or index."""
        return Rows(self.names, *(getattr(self, name)[rows] for name in self.__dataclass_fields__ if name != "names"))


@dataclass(frozen=True)
class ModelOptions:
    """How the model is trained.

    least_usual: series that usually sell fewer units than this in the target's days do not train it (they are forecast all the same).
    weight_power: a row weighs its usual units to this power: 1 is the weighted absolute error, 0 counts every series the same.
    trees: boosting rounds, 0 for the linear part alone. most_rows: rows that train, drawn with a fixed seed where there are more.
    calibration_share: part of the origins, the newest, that calibrates the outer quantiles. refit: train again on all origins after.
    without: names of features that are left out.
    """

    quantiles: tuple[float, ...] = QUANTILES
    least_usual: float = 0.0
    weight_power: float = 0.5
    trees: int = 30
    learning_rate: float = 0.05
    leaves: int = 6
    ridge: float = 0.01
    most_rows: int = 12_000
    calibration_share: float = 0.25
    refit: bool = True
    without: tuple[str, ...] = ()
    seed: int = 0


WEEKLY = ModelOptions(without=(*(f"weekday_{number}" for number in range(1, 8)), *(f"units_week_{number}" for number in range(4, 9))))
"""For weeks: single weekdays and single old weeks only add noise there (chosen on Online Retail, weeks before the last nine)."""


@dataclass
class DemandModel:
    """A trained model. ``offsets``: (quantiles,) added by the calibration, by horizon; ``trained_rows`` of the published fit."""

    options: ModelOptions
    names: tuple[str, ...]
    parts: list[tuple[Doubles, Any]] = field(default_factory=list)
    kept: Integers = field(default_factory=lambda: np.empty(0, np.int64))
    centre: Doubles = field(default_factory=lambda: np.empty(0))
    spread: Doubles = field(default_factory=lambda: np.empty(0))
    middle: Doubles = field(default_factory=lambda: np.empty(0))
    offsets: dict[int, Doubles] = field(default_factory=dict)
    trained_rows: int = 0

    def predict(self, rows: Rows) -> Doubles:
        """Units at each quantile: (rows, quantiles), never negative, never crossing. Raises ``ValueError`` for other features."""
        raw = self._raw(rows)
        none = np.zeros(raw.shape[1])
        raw = raw + np.array([self.offsets.get(int(horizon), none) for horizon in rows.horizon]).reshape(raw.shape)
        return np.sort(np.maximum(np.exp(raw) - _FLOOR, 0.0) * rows.usual[:, None], axis=1)

    def _raw(self, rows: Rows) -> Doubles:
        if rows.names != self.names:
            raise ValueError("the rows have other features than the model was trained on")
        if not rows.values.shape[0]:
            return np.zeros((0, len(self.options.quantiles)))
        design = self._design(rows.values)
        found = []
        for coefficients, trees in self.parts:
            values = design @ coefficients
            found.append(values + trees.predict(rows.values[:, self.kept]) if trees is not None else values)
        return np.stack(found, axis=1)

    def _design(self, values: Floats) -> Doubles:
        bent = _bent(values[:, self.kept])
        bent = np.where(np.isnan(bent), self.middle, bent)
        return np.hstack([np.ones((bent.shape[0], 1)), np.clip((bent - self.centre) / self.spread, -5.0, 5.0)])

    def fit(self, rows: Rows) -> None:
        """Fit every quantile on the rows; the calibration stays as it is."""
        options = self.options
        chosen = _sample(rows.usual.size, options.most_rows, options.seed)
        values, usual = rows.values[chosen], rows.usual[chosen].astype(np.float64)
        target = np.log(rows.units[chosen] / usual + _FLOOR)
        usable = np.array([name not in options.without for name in self.names])
        if np.ptp(rows.origin) < YEAR:
            usable &= ~_of_the_clock(rows)
        # a column that says nothing would only cost time, and one without any value cannot be put in bins
        with np.errstate(invalid="ignore"):
            known = ~np.isnan(values).all(axis=0)
            differs = np.fmax.reduce(values, axis=0) > np.fmin.reduce(values, axis=0)
        self.kept = np.flatnonzero(usable & known & differs)
        bent = _bent(values[:, self.kept])
        self.middle = np.nanmedian(bent, axis=0)
        bent = np.where(np.isnan(bent), self.middle, bent)
        self.centre, self.spread = bent.mean(axis=0), bent.std(axis=0) + 1e-6
        design, weights = self._design(values), usual**options.weight_power
        weights /= weights.mean()
        self.parts, self.trained_rows = [], int(chosen.size)
        for quantile in options.quantiles:
            coefficients = quantile_regression(design, target, weights, quantile, options.ridge)
            self.parts.append((coefficients, self._trees(values[:, self.kept], target - design @ coefficients, weights, quantile)))

    def _trees(self, values: Floats, rest: Doubles, weights: Doubles, quantile: float) -> Any:
        if not self.options.trees or rest.size < 200:
            return None
        from sklearn.ensemble import HistGradientBoostingRegressor

        trees = HistGradientBoostingRegressor(
            loss="quantile",
            quantile=quantile,
            max_iter=self.options.trees,
            learning_rate=self.options.learning_rate,
            max_leaf_nodes=self.options.leaves,
            min_samples_leaf=max(40, rest.size // 100),
            max_features=0.3,
            max_bins=63,
            early_stopping=False,
            random_state=self.options.seed,
        )
        return trees.fit(values, rest, sample_weight=weights)


def train(rows: Rows, options: ModelOptions | None = None) -> DemandModel | None:
    """A calibrated model of the rows whose stock was free; ``None`` where fewer than 50 of them or four origins are left.

    The calibration offsets come from a model that has not seen the newest origins nor any target that reaches into them; with
    ``refit`` the published one is then trained on all. O(rows × features² × 15 + rows × features × trees) for each quantile. On one
    thread: sums in another order have other last digits, and the same rows must give the same model.
    """
    with one_thread():
        return _train(rows, options or ModelOptions())


def _train(rows: Rows, options: ModelOptions) -> DemandModel | None:
    rows = rows.take(rows.free & (rows.usual >= options.least_usual))
    origins = np.unique(rows.origin)
    if rows.usual.size < 50 or origins.size < 4:
        return None
    model = DemandModel(options, rows.names)
    newest = origins[-max(1, round(options.calibration_share * origins.size)) :]
    calibrating = rows.origin >= newest[0]
    earlier = ~calibrating & (_ends(rows) <= newest[0])
    if options.calibration_share > 0 and earlier.sum() >= 50:
        model.fit(rows.take(earlier))
        model.offsets = _offsets(model, rows.take(calibrating))
        if not options.refit:
            return model
    model.fit(rows)
    return model


def _ends(rows: Rows) -> Integers:
    """Last day (a column of the panel) of each target; a step's length is told by the row's features."""
    return rows.origin + rows.horizon * _step(rows)


def _step(rows: Rows) -> int:
    return 1 if "weekday" in rows.names else 7


def _offsets(model: DemandModel, held: Rows) -> dict[int, Doubles]:
    """What to add to each quantile at each horizon so that it holds its share of the calibration targets; nothing to the median."""
    raw, came = model._raw(held), np.log(held.units / held.usual + _FLOOR)
    found = {}
    for horizon in np.unique(held.horizon).tolist():
        own = held.horizon == horizon
        offsets = np.zeros(len(model.options.quantiles))
        for number, quantile in enumerate(model.options.quantiles):
            if quantile != 0.5 and own.sum() >= 20:
                # a lower quantile that is nothing sold holds a target of nothing sold
                floored = np.maximum(raw[own, number], np.log(_FLOOR))
                level = (
                    np.ceil((own.sum() + 1) * quantile) / own.sum() if quantile > 0.5 else np.floor((own.sum() + 1) * quantile) / own.sum()
                )
                offsets[number] = np.quantile(came[own] - floored, np.clip(level, 0, 1), method="lower" if quantile < 0.5 else "higher")
        found[int(horizon)] = offsets
    return found


def quantile_regression(design: Doubles, target: Doubles, weights: Doubles, quantile: float, ridge: float = 0.01) -> Doubles:
    """Coefficients that minimise the weighted pinball loss, by 15 rounds of reweighted least squares (Schlossmacher 1973).

    design: (rows, features), the first column ones; ridge: penalty of the others, per row. O(15 × rows × features²).
    """
    coefficients: npt.NDArray[np.float64] = np.zeros(design.shape[1])
    coefficients[0] = np.quantile(target, quantile) if target.size else 0.0
    penalty = np.full(design.shape[1], ridge * target.size)
    penalty[0] = 0.0
    for _ in range(_ROUNDS):
        rest = target - design @ coefficients
        slope = np.where(rest > 0, quantile, 1 - quantile) / np.maximum(np.abs(rest), 0.02)
        weighted = design * (weights * slope)[:, None]
        squares = weighted.T @ design + np.diag(penalty) + 1e-9 * np.eye(design.shape[1])
        coefficients = np.linalg.solve(squares, weighted.T @ target).astype(np.float64)
    return coefficients


def rows_at(
    panel: Panel,
    origin: int,
    horizons: Sequence[int],
    step: int,
    holidays: frozenset[date] = frozenset(),
    features: OriginFeatures | None = None,
) -> Rows:
    """Rows of every series known at ``origin`` (a column of the panel), one for each horizon; units where their days are over.

    features: those of the origin, where they were kept; else they are made here. Targets beyond the panel's end: NaN units.
    """
    known = panel.until(origin)
    features, pattern = features or origin_features(known), day_pattern(known, holidays)
    series = np.flatnonzero(panel.since <= origin)
    parts = []
    for horizon in horizons:
        names, ahead, usual = target_features(known, features, horizon, step, pattern)
        over = origin + horizon * step < panel.days
        units, free = (
            targets(panel, origin, horizon, step) if over else (np.full(series.size, np.nan, np.float32), np.zeros(series.size, bool))
        )
        parts.append(
            (np.hstack([features.values, ahead]), usual, np.full(series.size, origin), np.full(series.size, horizon), series, units, free)
        )
    return Rows((*features.names, *names), *(np.concatenate(column) for column in zip(*parts, strict=True)))


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows one below the other. Raises ``ValueError`` where there are none."""
    if not parts:
        raise ValueError("no rows to join: give at least one origin")
    names = [name for name in Rows.__dataclass_fields__ if name != "names"]
    return Rows(parts[0].names, *(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def finished(rows: Rows) -> Rows:
    """The rows whose days are over."""
    return rows.take(~np.isnan(rows.units))


def weighted_error(units: npt.ArrayLike, forecast: npt.ArrayLike) -> float:
    """WAPE: sum of absolute errors over sum of units; NaN where nothing was sold."""
    came, said = np.asarray(units, dtype=np.float64), np.asarray(forecast, dtype=np.float64)
    return float(np.abs(came - said).sum() / came.sum()) if came.sum() else float("nan")


def coverage(units: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike) -> float:
    """Share of targets within their interval, both ends included; NaN for none."""
    came = np.asarray(units, dtype=np.float64)
    return float(np.mean((came >= np.asarray(low)) & (came <= np.asarray(high)))) if came.size else float("nan")


def pinball(units: npt.ArrayLike, forecast: npt.ArrayLike, quantile: float) -> float:
    """Mean pinball loss of a quantile, in units (Koenker and Bassett 1978); NaN for none."""
    rest = np.asarray(units, dtype=np.float64) - np.asarray(forecast, dtype=np.float64)
    return float(np.mean(np.maximum(quantile * rest, (quantile - 1) * rest))) if rest.size else float("nan")


def _of_the_clock(rows: Rows) -> npt.NDArray[np.bool_]:
    """Features that are the same for every series of an origin and horizon: the time of year, how everything sells.

    They have as many independent values as there are origins: of less than a year a model learns from them what was once, not
    what comes again. Weekday and horizon come again all the time.
    """
    _, moment = np.unique(np.stack([rows.origin, rows.horizon]), axis=1, return_inverse=True)
    order = np.argsort(moment.ravel(), kind="stable")
    values, starts = rows.values[order], np.flatnonzero(np.diff(moment.ravel()[order], prepend=-1))
    with np.errstate(invalid="ignore"):
        same = np.fmax.reduceat(values, starts, axis=0) == np.fmin.reduceat(values, starts, axis=0)
    found = (same | np.isnan(np.fmax.reduceat(values, starts, axis=0))).all(axis=0)
    return found & np.array([name not in ("horizon", "weekday") for name in rows.names])


def _bent(values: Floats) -> Doubles:
    """Sizes become nearly logarithms, with their sign; small ratios stay what they are."""
    wide = values.astype(np.float64)
    return np.asarray(np.sign(wide) * np.log1p(np.abs(wide)))


def _sample(rows: int, most: int, seed: int) -> Integers:
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most])
