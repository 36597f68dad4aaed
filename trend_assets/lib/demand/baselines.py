"""Baselines that a demand forecast must beat: seasonal naive, moving median, and exponential smoothing, Theta and Croston.

What belongs here: forecasts of one series from its own past. What doesn't: the global model (``forecasts.py``).

The last three come from statsforecast (Garza et al. 2022), the extra ``forecasting``; without it they are skipped, and
``available_baselines`` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from trend_assets.lib.demand.panel import Floats, Panel

PLAIN = ("seasonal_naive", "moving_median")
FROM_STATSFORECAST = ("ets", "theta", "croston")
MEDIAN_STEPS = 8
LEAST_STEPS = 12
"""Steps since the first sale, fewer of which statsforecast's methods cannot be fitted to: their mean is the forecast."""


def available_baselines() -> tuple[tuple[str, ...], str]:
    """Names of the baselines that can be run here, and in words which are skipped and why (empty where none is)."""
    if find_spec("statsforecast"):
        return (*PLAIN, *FROM_STATSFORECAST), ""
    return PLAIN, f"skipped, for want of the extra forecasting (statsforecast): {', '.join(FROM_STATSFORECAST)}"


def past_steps(known: Panel, step: int, most: int = 120) -> Floats:
    """Units in steps of ``step`` days that end with the panel, oldest first: (series, steps); whole steps only.

    NaN where the step begins before the series' first data: a product that was not there sold no nothing. The newest step is always told.
    """
    steps = min(known.days // step, most)
    first = known.days - steps * step
    units = known.units[:, first:].reshape(known.series, steps, step).sum(axis=2)
    begins = first + step * np.arange(steps)
    before = begins < known.since[:, None]
    before[:, -1:] = False
    return np.where(before, np.float32(np.nan), units)


def baseline(name: str, known: Panel, step: int, horizons: int) -> Floats:
    """Forecast of the next ``horizons`` steps of each series: (series, horizons).

    seasonal_naive: the same step a season before (52 weeks; for days 7), the newest step where the past is shorter.
    moving_median: median of the last 8 steps; for days of the last 8 same weekdays. Steps before a series' first data count in none.
    ets, theta, croston: AutoETS without season (for days with one of 7), the dynamic optimised Theta method, and Croston's in the
    optimised variant, each with its defaults.
    Raises ``ValueError`` for another name, ``ModuleNotFoundError`` without the extra.
    """
    if name == "seasonal_naive":
        return _seasonal_naive(past_steps(known, step), 52 if step == 7 else 7, horizons)
    if name == "moving_median":
        return _moving_median(past_steps(known, step), 1 if step == 7 else 7, horizons)
    if name in FROM_STATSFORECAST:
        return _from_statsforecast(name, past_steps(known, step), step, horizons)
    raise ValueError(f"no baseline is called {name!r}: {', '.join((*PLAIN, *FROM_STATSFORECAST))}")


def median_band(known: Panel, step: int, horizons: int, share: float) -> Floats:
    """The share-quantile of the steps whose median ``moving_median`` is: a band without a model. (series, horizons)."""
    return _moving_quantile(past_steps(known, step), 1 if step == 7 else 7, horizons, share)


def _seasonal_naive(past: Floats, season: int, horizons: int) -> Floats:
    found = np.zeros((past.shape[0], horizons), np.float32)
    for ahead in range(horizons if past.shape[1] else 0):
        back = season - ahead % season
        same = past[:, -back] if past.shape[1] >= back else past[:, -1]
        found[:, ahead] = np.where(np.isnan(same), past[:, -1], same)
    return found


def _moving_median(past: Floats, season: int, horizons: int) -> Floats:
    return _moving_quantile(past, season, horizons, 0.5)


def _moving_quantile(past: Floats, season: int, horizons: int, share: float) -> Floats:
    found = np.zeros((past.shape[0], horizons), np.float32)
    for ahead in range(horizons):
        same = past[:, ::-1][:, season - 1 - ahead % season :: season][:, :MEDIAN_STEPS]
        known = ~np.isnan(same).all(axis=1)
        found[known, ahead] = np.nanquantile(same[known], share, axis=1)
        found[~known, ahead] = past[~known, -1] if past.shape[1] else 0.0  # of a weekday not seen yet: the newest day
    return found


def _from_statsforecast(name: str, past: Floats, step: int, horizons: int) -> Floats:
    from statsforecast.models import AutoETS, CrostonOptimized, DynamicOptimizedTheta

    season = 1 if step == 7 else 7
    makers: dict[str, Callable[[], Any]] = {
        "ets": lambda: AutoETS(season_length=season),
        "theta": lambda: DynamicOptimizedTheta(season_length=season),
        "croston": CrostonOptimized,
    }
    found = np.zeros((past.shape[0], horizons), np.float32)
    for row, series in enumerate(past.astype(np.float64)):
        sold = np.flatnonzero(np.nan_to_num(series))
        own = series[sold[0] :] if sold.size else series[:0]  # before its first sale a product was not there to be sold
        if own.size < max(LEAST_STEPS, 2 * season):
            found[row] = own.mean() if own.size else 0.0
            continue
        ahead = makers[name]().forecast(y=own, h=horizons)["mean"]
        found[row] = np.where(np.isfinite(ahead), np.maximum(ahead, 0.0), own.mean())
    return found
