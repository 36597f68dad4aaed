"""Which options the demand forecaster should have: those there are against others and against baselines, on weeks that are over.

What belongs here: options that are tried, how they are compared, the gate. What doesn't: the forecaster (``lib/demand/forecasts.py``),
its tables (``lib/demand/forecast_tables.py``), where the chosen options are kept (``trend_assets/models/demand.py``).

Rolling origins: each Sunday forecasts what was not known on it. Options are chosen on the earlier Sundays by targets that were over
before the first of the later ones, on which they are judged; the forecaster is trained anew at each origin, as it is when it publishes.
Forecasts are paired: the bootstrap draws products in places, for their errors go together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.forecast_checks import QUANTILES
from trend_assets.lib.demand.forecast_tables import DAYS, OPTIONS, forecast_rows
from trend_assets.lib.demand.forecasts import ModelOptions, coverage, weighted_error
from trend_assets.lib.demand.panel import panel

CANDIDATE, CHAMPION = "candidate", "champion"
BASELINES = ("moving_median", "seasonal_naive")
"""The median of eight steps is the classical baseline, the season before the dummy."""
JUDGED, CHOSEN_ON = 4, 4
"""Sundays that options are judged on, and those before them that they are chosen on."""
LEAST_FORECASTS, LEAST_OF_CATEGORY = 200, 100
ALL = "all"
_RESAMPLES, _SEED = 400, 20_261_125
_INTERVAL = (0.05, 0.95)
_FORECAST = ["day", "product_id", "store_id", "horizon", "method", "units", "units_low", "units_high"]
Options = Mapping[str, ModelOptions]
_EPOCH = date(1970, 1, 1)


def _each(**changes: Any) -> dict[str, ModelOptions]:
    return {step: replace(options, **changes) for step, options in OPTIONS.items()}


TRIED: dict[str, Options] = {
    "as published": OPTIONS,
    "linear part alone": _each(trees=0),
    "more trees": _each(trees=80),
    "weighted by units": _each(weight_power=1.0),
    "more ridge": _each(ridge=0.1),
}
"""Options that are tried, by name; the first are those of a champion that nobody has promoted yet."""


@dataclass(frozen=True)
class Paired:
    """Forecasts of several methods of the same targets, each (n,): medians ``said`` by method, units that ``came``, product and place,
    category, horizon; ``low`` and ``high``, the quantiles .1 and .9, of the methods that give them."""

    said: Mapping[str, npt.NDArray[np.float64]]
    came: npt.NDArray[np.float64]
    series: npt.NDArray[np.int64]
    category: npt.NDArray[np.str_]
    horizon: npt.NDArray[np.int64]
    low: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    high: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)

    def take(self, rows: npt.NDArray[np.bool_]) -> Paired:
        """Some of the targets."""
        said, low, high = ({name: values[rows] for name, values in given.items()} for given in (self.said, self.low, self.high))
        return Paired(said, self.came[rows], self.series[rows], self.category[rows], self.horizon[rows], low, high)


def sundays(tables: Mapping[str, pa.Table], step: str) -> list[date]:
    """Sundays whose first step is over, oldest first, at most those that are needed."""
    newest = pc.max(tables["retail/orders"]["day"]).as_py()
    if newest is None:
        return []
    last = newest - timedelta(days=DAYS[step])
    last -= timedelta(days=(last.weekday() + 1) % 7)
    return [last - timedelta(weeks=number) for number in range(JUDGED + CHOSEN_ON)][::-1]


def paired(
    tables: Mapping[str, pa.Table],
    features: pa.Table,
    days: Sequence[date],
    step: str,
    options: Mapping[str, Options],
    over_by: date | None = None,
) -> Paired | None:
    """What each of the options and each baseline said on the days, of targets that are over (by ``over_by``, else by the newest orders);
    ``None`` where a model could not be trained. Targets in which the product ran out of stock are left out: what sold then is less than
    what was wanted, and would favour whoever forecasts too little.

    O(options × days) trainings, seconds each.
    """
    found: dict[str, dict[tuple[date, str, str, int], tuple[float, float | None, float | None]]] = {}
    for name, given in options.items():
        rows = forecast_rows(tables, features, days, options=given)
        rows = rows.filter(pc.equal(rows["step"], step))
        for row in rows.select(_FORECAST).to_pylist():
            method = name if row["method"] == "global" else row["method"]
            if row["method"] == "global" or row["method"] in BASELINES:
                key = row["day"], row["product_id"], row["store_id"], row["horizon"]
                found.setdefault(method, {})[key] = row["units"], row["units_low"], row["units_high"]
    if any(not found.get(name) for name in (*options, *BASELINES)):
        return None
    newest = over_by or pc.max(tables["retail/orders"]["day"]).as_py()
    keys = sorted(set.intersection(*(set(values) for values in found.values())))
    keys = [key for key in keys if key[0] + timedelta(days=key[3] * DAYS[step]) <= newest]
    if not keys:
        return None
    sales = panel(tables, min(key[0] for key in keys), newest)
    place = {pair: number for number, pair in enumerate(zip(sales.product_id, sales.store_id, strict=True))}
    came, empty = np.zeros(len(keys)), np.zeros(len(keys), dtype=bool)
    for number, (day, product, store, horizon) in enumerate(keys):
        start = (day - sales.first_day).days + 1 + (horizon - 1) * DAYS[step]
        row = place.get((product, store))
        came[number] = 0.0 if row is None else sales.units[row, start : start + DAYS[step]].sum()
        empty[number] = row is not None and bool((sales.stock[row, start : start + DAYS[step]] <= 0).any())
    of = {row["product_id"]: row["category"] or "" for row in tables["retail/products"].select(["product_id", "category"]).to_pylist()}
    series = np.unique([f"{key[1]}\x1f{key[2]}" for key in keys], return_inverse=True)[1]
    said, low, high = (
        {
            name: np.array([values[key][place] for key in keys], dtype=float)
            for name, values in found.items()
            if place == 0 or name in options
        }
        for place in range(3)
    )
    categories, horizons = np.array([of.get(key[1], "") for key in keys], dtype=str), np.array([key[3] for key in keys], dtype=np.int64)
    found_all = Paired(said, came, series, categories, horizons, low, high)
    return None if empty.all() else found_all.take(~empty)


def chosen(found: Paired) -> str:
    """The options with the least WAPE; of equals the first."""
    errors = {name: weighted_error(found.came, found.said[name]) for name in found.said if name not in BASELINES}
    return min(errors, key=lambda name: (errors[name], list(errors).index(name)))


@dataclass(frozen=True)
class Gain:
    """WAPE of one method less that of another on the same targets, with a 90 % interval: below zero the first is better."""

    value: float
    low: float
    high: float


def absolute(found: Paired, name: str) -> npt.NDArray[np.float64]:
    """Absolute errors of a method's median (n,)."""
    return np.abs(found.came - found.said[name])


def pinball_losses(found: Paired, name: str) -> npt.NDArray[np.float64]:
    """Pinball losses (n,) of a method's quantiles .1, .5 and .9 together (Koenker & Bassett 1978)."""
    losses = np.zeros(len(found.came))
    for column, level, _ in QUANTILES:
        off = found.came - _quantile(found, name, column)
        losses += np.maximum(level * off, (level - 1) * off)
    return losses


def misses(found: Paired, name: str) -> list[float]:
    """By how much the share of targets below each quantile misses its level beyond what ``forecast_checks.hold`` allows, 0 for none.

    Ties are split as there: a level between the shares below, and at or below, is not missed.
    """
    beyond = []
    for column, level, allowed in QUANTILES:
        said = np.rint(_quantile(found, name, column))
        below, up_to = float(np.mean(found.came < said)), float(np.mean(found.came <= said))
        beyond.append(max(below - level - allowed, level - up_to - allowed, 0.0))
    return beyond


def _quantile(found: Paired, name: str, column: str) -> npt.NDArray[np.float64]:
    return {"units_low": found.low, "units": found.said, "units_high": found.high}[column][name]


def gain(found: Paired, first: str, second: str, loss: Callable[[Paired, str], npt.NDArray[np.float64]] = absolute) -> Gain:
    """The paired bootstrap over products in places, of sums of losses over units sold; of absolute errors that is WAPE."""
    off = [np.bincount(found.series, loss(found, name)) for name in (first, second)]
    sums = np.stack([*off, np.bincount(found.series, found.came)])
    count = sums.shape[1]
    draws = np.random.default_rng(_SEED).multinomial(count, np.full(count, 1 / count), size=_RESAMPLES) @ sums.T
    whole = sums.sum(axis=1)
    drawn = (draws[:, 0] - draws[:, 1]) / np.maximum(draws[:, 2], 1e-9)
    low, high = np.quantile(drawn, _INTERVAL)
    return Gain(float((whole[0] - whole[1]) / max(whole[2], 1e-9)), float(low), float(high))


def slices(found: Paired) -> dict[str, npt.NDArray[np.bool_]]:
    """Targets of each slice: all, each horizon, each category with enough of them."""
    parts = {ALL: np.ones(len(found.came), dtype=bool)}
    parts |= {f"horizon:{one}": found.horizon == one for one in np.unique(found.horizon).tolist()}
    categories = {f"category:{one}": found.category == one for one in np.unique(found.category).tolist() if one}
    return parts | {name: rows for name, rows in categories.items() if rows.sum() >= LEAST_OF_CATEGORY}


def rows_of(found: Paired) -> list[dict[str, Any]]:
    """WAPE of each method in each slice, and of those with an interval its coverage and pinball loss: subject, slice, metric, value,
    examples."""
    rows = []
    for part, chosen_rows in slices(found).items():
        mine = found.take(chosen_rows)
        for name, said in mine.said.items():
            error = weighted_error(mine.came, said)
            if np.isfinite(error):
                named = {"subject": name, "slice": part, "examples": len(mine.came)}
                rows.append(named | {"metric": "wape", "value": error})
                if name in mine.low:
                    inside = coverage(mine.came, mine.low[name], mine.high[name])
                    loss = float(pinball_losses(mine, name).sum() / max(mine.came.sum(), 1e-9))
                    rows += [named | {"metric": "coverage", "value": inside}, named | {"metric": "pinball", "value": loss}]
    return rows


def judge(found: Paired) -> tuple[list[str], list[str]]:
    """Rules that failed and rules that held, as sentences: enough, better than the baseline and than the champion, no category worse, an
    interval that holds its share and is no worse than the champion's."""
    failed: list[str] = []
    held: list[str] = []

    def rule(kept: bool, sentence: str) -> None:
        (held if kept else failed).append(sentence)

    rule(len(found.came) >= LEAST_FORECASTS, f"{len(found.came)} forecasts whose time is over, {LEAST_FORECASTS} wanted")
    for name in BASELINES:
        one = gain(found, CANDIDATE, name)
        rule(one.high < 0, f"WAPE {one.value:+.4f} against {name} ({one.low:+.4f} to {one.high:+.4f}), below zero wanted")
    if CHAMPION in found.said and not np.array_equal(found.said[CANDIDATE], found.said[CHAMPION]):
        one = gain(found, CANDIDATE, CHAMPION)
        rule(one.high < 0, f"WAPE {one.value:+.4f} against the champion ({one.low:+.4f} to {one.high:+.4f}), below zero wanted")
        for part, rows in slices(found).items():
            if part.startswith("category:"):
                one = gain(found.take(rows), CANDIDATE, CHAMPION)
                rule(
                    one.low <= 0,
                    f"{part}: WAPE {one.value:+.4f} against the champion (from {one.low:+.4f}), not worse wanted",
                )
    if CANDIDATE in found.low:
        inside = coverage(found.came, found.low[CANDIDATE], found.high[CANDIDATE])
        beyond, champions = sum(misses(found, CANDIDATE)), sum(misses(found, CHAMPION)) if CHAMPION in found.low else 0.0
        rule(
            beyond <= champions,
            f"80 % interval holds {inside:.0%}; quantiles miss their levels by {beyond:.3f} more than is allowed, "
            f"at most {champions:.3f} wanted" + (", as the champion's" if champions else ""),
        )
        if CHAMPION in found.low:
            one = gain(found, CANDIDATE, CHAMPION, pinball_losses)
            rule(one.low <= 0, f"pinball loss {one.value:+.4f} against the champion (from {one.low:+.4f}), not worse wanted")
    return failed, held


def to_values(options: Options) -> dict[str, dict[str, Any]]:
    """Options as JSON values."""
    return {step: asdict(given) for step, given in sorted(options.items())}


def from_values(values: Mapping[str, Mapping[str, Any]]) -> dict[str, ModelOptions]:
    """Inverse of ``to_values``. Raises ``ValueError`` for what are none."""
    if set(values) != set(OPTIONS):
        raise ValueError(f"options of the steps {', '.join(sorted(OPTIONS))} are wanted, there are {', '.join(sorted(values)) or 'none'}")
    try:
        found: dict[str, ModelOptions] = {}
        for step, given in values.items():
            options: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
            found[step] = ModelOptions(**options)
    except TypeError as error:
        raise ValueError(f"options of another version of the forecaster: {error}") from error
    return found
