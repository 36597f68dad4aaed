"""Retail tables to the rows of ``demand/demand_features`` and ``demand/demand_forecasts``.

What belongs here: which history a day sees, which models forecast it, and how arrays become declared tables. What doesn't: features,
models and baselines (the modules beside this one), reading and writing (``defs/demand/forecasts.py``).

Features are made for every day; forecasts from every Sunday, two weeks of days and four of weeks, so that there always is one of the
coming week: the other days have no rows. A day's rows depend on that day's past alone, never on which other days are made with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.baselines import PLAIN, available_baselines, baseline, median_band
from trend_assets.lib.demand.calendar import public_holidays
from trend_assets.lib.demand.features import WEEK, WEEKS, OriginFeatures, origin_features
from trend_assets.lib.demand.forecasts import WEEKLY, DemandModel, ModelOptions, finished, joined, rows_at, train
from trend_assets.lib.demand.panel import Panel, panel
from trend_assets.lib.tables import concatenate
from trend_assets.tables import TABLES

FEATURE_DAYS = WEEKS * WEEK + 1
"""Days that features look back, the origin's included."""
HISTORY_DAYS = 371
"""Days that models and baselines look back: a year and a week, so that the seasonal baseline has its season."""
TRAINING_ORIGINS = 182
"""Newest days that models are trained on as origins: half a year."""
SUNDAY = 6
MOST_FITTED = 500
HORIZONS = {"day": 14, "week": 4}
DAYS = {"day": 1, "week": WEEK}
OPTIONS = {"day": ModelOptions(refit=False), "week": replace(WEEKLY, refit=False)}
"""Of the published models: calibrated on the newest quarter of the origins and not trained again, half the time."""
LEAST_DAYS = {"day": 28, "week": 70}
"""Days of history without which no model is trained for the step: baselines alone forecast."""
ORIGINS_APART = {"day": 5, "week": 3}
"""Days between the origins that train: prime to the week, so that they fall on every weekday."""


@dataclass
class Notes:
    """What a person should know of a run: what was skipped and why, and the models that were trained."""

    skipped: set[str] = field(default_factory=set)
    models: dict[str, float] = field(default_factory=dict)

    def in_words(self) -> str:
        """One line."""
        return "; ".join(sorted(self.skipped)) or "nothing was skipped"


def posts_of_products(links: pa.Table) -> pa.Table:
    """``demand/product_trend_links`` to posts and the strongest link per day and product: what ``panel`` takes as trends."""
    linked = links.filter(pc.and_(links["linked"], pc.is_valid(links["product_id"])))
    found = linked.group_by(["day", "product_id"], use_threads=False).aggregate([("evidence_posts", "sum"), ("score", "max")])
    return found.select(["day", "product_id", "evidence_posts_sum", "score_max"]).rename_columns(["day", "product_id", "posts", "score"])


def feature_rows(tables: Mapping[str, pa.Table], links: pa.Table, days: Sequence[date]) -> pa.Table:
    """Rows of ``demand/demand_features`` of the days; tables of ``FEATURE_DAYS`` before the first are enough."""
    declared, trends, parts = TABLES["demand/demand_features"], posts_of_products(links), []
    for day in days:
        known = panel(tables, day - timedelta(days=FEATURE_DAYS - 1), day, trends)
        features = origin_features(known)
        columns = {name: _nullable(features.column(name)) for name in features.names}
        parts.append(declared.conform(pa.table({"day": _repeated(day, known.series), **_names(known)} | columns)))
    return concatenate(declared, parts)


def forecast_rows(
    tables: Mapping[str, pa.Table],
    features: pa.Table,
    days: Sequence[date],
    notes: Notes | None = None,
    options: Mapping[str, ModelOptions] = OPTIONS,
    model_version: int = 0,
) -> pa.Table:
    """Rows of ``demand/demand_forecasts`` of the days.

    tables: retail tables of up to ``HISTORY_DAYS`` before the first day. features: ``demand/demand_features`` of those days; an origin
    without rows there trains nothing. Days that are no Sunday have no rows. Of statsforecast's baselines, a fit for each series, weeks
    are forecast, and at most ``MOST_FITTED`` series. model_version: whose options these are in the registry, 0 for the code's.
    """
    notes, maker = notes or Notes(), _Maker(tables, features, options, model_version)
    return concatenate(TABLES["demand/demand_forecasts"], [maker.day(day, notes) for day in days if day.weekday() == SUNDAY])


class _Maker:
    """Forecasts of days in any order; keeps the models of the weeks it has seen."""

    def __init__(self, tables: Mapping[str, pa.Table], features: pa.Table, options: Mapping[str, ModelOptions], version: int) -> None:
        self._tables, self._features, self._options, self._version = tables, features, options, version
        self._models: dict[tuple[str, date], DemandModel | None] = {}
        kinds = pc.unique(tables["retail/orders"]["data_origin"]).to_pylist()
        self._origin = "simulated" if "simulated" in kinds else "real"
        countries = Counter(country for country in tables["retail/stores"]["country"].to_pylist() if country)
        self._country = min(countries, key=lambda name: (-countries[name], name)) if countries else ""

    def day(self, day: date, notes: Notes) -> pa.Table:
        known = panel(self._tables, day - timedelta(days=HISTORY_DAYS - 1), day)
        # what has neither sold nor been in stock for a quarter has no features, and is not forecast
        known = known.take(_place_in(self._features, known, day) >= 0)
        parts = [part for step in HORIZONS for part in self._step(known, day, step, notes)] if known.series else []
        return concatenate(TABLES["demand/demand_forecasts"], parts)

    def _step(self, known: Panel, day: date, step: str, notes: Notes) -> list[pa.Table]:
        horizons, length = HORIZONS[step], DAYS[step]
        names, without = available_baselines()
        methods = [name for name in names if name in PLAIN or (step == "week" and known.series <= MOST_FITTED)]
        if without:
            notes.skipped.add(without)
        elif known.series > MOST_FITTED:
            notes.skipped.add(f"ets, theta and croston skipped: more than {MOST_FITTED:,} products in places, a fit each")
        parts = []
        for name in methods:
            units = baseline(name, known, length, horizons)
            low, high = (median_band(known, length, horizons, share) if name == "moving_median" else None for share in (0.1, 0.9))
            parts.append(self._rows(known, day, step, name, units, low, high, None))
        model = self._model(step, day, notes)
        features = stored_features(self._features, known, day)
        if model is not None and features is not None:
            rows = rows_at(known, known.days - 1, range(1, horizons + 1), length, self._holidays(day), features)
            predicted = model.predict(rows).reshape(horizons, known.series, -1).transpose(1, 0, 2)
            parts.append(self._rows(known, day, step, "global", predicted[..., 1], predicted[..., 0], predicted[..., 2], day))
        return parts

    def _model(self, step: str, until: date, notes: Notes) -> DemandModel | None:
        if (step, until) not in self._models:
            self._models[step, until] = self._trained(step, until)
        model = self._models[step, until]
        if model is None:
            notes.skipped.add(f"no model by the {step}: it takes {LEAST_DAYS[step]} days of orders and features before a Sunday")
        else:
            notes.models[f"{step} {until}"] = model.trained_rows
        return model

    def _trained(self, step: str, until: date) -> DemandModel | None:
        first = until - timedelta(days=HISTORY_DAYS - 1)
        ordered = pc.min(self._tables["retail/orders"]["day"]).as_py()
        if ordered is None or (until - max(ordered, first)).days + 1 < LEAST_DAYS[step]:
            return None
        known, length = panel(self._tables, first, until), DAYS[step]
        newest, parts = known.days - 1 - length, []
        for origin in range(newest, max(newest - TRAINING_ORIGINS, 0), -ORIGINS_APART[step]):
            cut = known.until(origin)
            features = stored_features(self._features, cut, known.day(origin))
            if features is not None:
                rows = rows_at(known, origin, range(1, HORIZONS[step] + 1), length, self._holidays(until), features)
                parts.append(finished(rows.take(~np.isnan(rows.values[:, rows.names.index("scale")]))))
        return train(joined(parts), self._options[step]) if parts else None

    def _holidays(self, day: date) -> frozenset[date]:
        return public_holidays(self._country, range(day.year - 1, day.year + 2))

    def _rows(
        self,
        known: Panel,
        day: date,
        step: str,
        method: str,
        units: np.ndarray,
        low: np.ndarray | None,
        high: np.ndarray | None,
        trained_until: date | None,
    ) -> pa.Table:
        series, horizons = units.shape
        ahead = np.tile(np.arange(1, horizons + 1), series)
        start, length = np.datetime64(day, "D"), DAYS[step]
        rows = np.repeat(np.arange(series), horizons)
        nothing = pa.nulls(rows.size, pa.float64())
        return TABLES["demand/demand_forecasts"].conform(
            pa.table(
                {
                    "day": _repeated(day, rows.size),
                    **{name: values.take(pa.array(rows)) for name, values in _names(known).items()},
                    "step": _repeated(step, rows.size),
                    "method": _repeated(method, rows.size),
                    "horizon": pa.array(ahead, pa.int32()),
                    "starts_on": pa.array(start + (ahead - 1) * length + 1),
                    "ends_on": pa.array(start + ahead * length),
                    "units": pa.array(units.ravel().astype(np.float64)),
                    "units_low": nothing if low is None else pa.array(np.minimum(low, units).ravel().astype(np.float64)),
                    "units_high": nothing if high is None else pa.array(np.maximum(high, units).ravel().astype(np.float64)),
                    "trained_until": pa.nulls(rows.size, pa.date32()) if trained_until is None else _repeated(trained_until, rows.size),
                    "model_version": pa.array([None if trained_until is None else self._version] * rows.size, pa.int64()),
                    "data_origin": _repeated(self._origin, rows.size),
                }
            )
        )


def stored_features(table: pa.Table, known: Panel, day: date) -> OriginFeatures | None:
    """A day's rows of ``demand/demand_features`` in the order of the panel's series; ``None`` where the day has none.

    Series that the table does not have (it looks back a quarter, a panel a year) get NaN features and a scale of one.
    """
    own = _of_day(table, day)
    if not own.num_rows:
        return None
    names = tuple(name for name in own.column_names if name not in ("day", "product_id", "store_id"))
    place = _place_in(table, known, day)
    values = np.column_stack([np.asarray(own[name].cast(pa.float32()).to_numpy(), dtype=np.float32) for name in names])
    found = np.where((place >= 0)[:, None], values[place], np.float32(np.nan))
    scale = np.nan_to_num(found[:, names.index("scale")], nan=1.0)
    return OriginFeatures(known.product_id, known.store_id, names, found, scale)


def _of_day(table: pa.Table, day: date) -> pa.Table:
    return table.filter(pc.equal(table["day"], pa.scalar(day, pa.date32())))


def _place_in(features: pa.Table, known: Panel, day: date) -> np.ndarray:
    """Row of each series among a day's features, -1 where it has none."""
    own = _of_day(features, day)
    key = pc.binary_join_element_wise(own["product_id"], own["store_id"], "\x1f")
    wanted = pc.binary_join_element_wise(*_names(known).values(), "\x1f")
    return np.asarray(pc.fill_null(pc.index_in(wanted, value_set=key), -1))


def _names(known: Panel) -> dict[str, pa.Array]:
    return {"product_id": pa.array(known.product_id, pa.string()), "store_id": pa.array(known.store_id, pa.string())}


def _nullable(values: np.ndarray) -> pa.Array:
    return pa.array(values, mask=~np.isfinite(values))


def _repeated(value: object, rows: int) -> pa.Array:
    kind = pa.date32() if isinstance(value, date) else None
    return pa.array([value] * rows, kind) if rows else pa.array([], kind or pa.string())
