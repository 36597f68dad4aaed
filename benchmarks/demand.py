"""How well demand is forecast: against baselines on real orders, and with and without social features on the simulated town.

    python -m benchmarks.demand --orders FILE [--leave-out 9]    Online Retail: rolling origins over the last nine weeks
    python -m benchmarks.demand --town 1001 1002 ...             the ablation on towns of these seeds

What belongs here: data, split and tables of the protocol in docs/forecasts.md. What doesn't: methods (``trend_assets/lib/demand``).
``--leave-out`` drops the newest weeks first: to choose anything without looking at them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.baselines import available_baselines, baseline
from trend_assets.lib.demand.calendar import public_holidays
from trend_assets.lib.demand.forecasts import (
    WEEKLY,
    ModelOptions,
    Rows,
    coverage,
    finished,
    joined,
    pinball,
    rows_at,
    train,
    weighted_error,
)
from trend_assets.lib.demand.panel import Integers, Panel, panel

WEEK = 7
TEST_WEEKS, TOP = 9, 200
REAL = replace(WEEKLY, least_usual=20.0)
RETAIL_HOLIDAYS = public_holidays("GB", range(2010, 2013))


@dataclass
class Scores:
    """Forecasts and what came, gathered over origins, by method."""

    came: list[np.ndarray] = field(default_factory=list)
    said: dict[str, list[np.ndarray]] = field(default_factory=dict)
    bands: list[np.ndarray] = field(default_factory=list)

    def add(self, came: np.ndarray, said: dict[str, np.ndarray], band: np.ndarray) -> None:
        """The forecasts of one origin."""
        self.came.append(came)
        self.bands.append(band)
        for name, values in said.items():
            self.said.setdefault(name, []).append(values)

    def errors(self) -> dict[str, float]:
        """WAPE of each method."""
        return {name: weighted_error(np.concatenate(self.came), np.concatenate(values)) for name, values in self.said.items()}


def online_retail(path: Path) -> pa.Table:
    """Order lines of the file, through the mapping that the project ships."""
    from trend_assets.retail.files import MAPPINGS, load_mapping, read_retail, retail_days

    mapping = load_mapping(MAPPINGS / "online_retail.yml")
    files = {"orders": path}
    days = retail_days(mapping, path.parent, files=files)
    return read_retail(mapping, days, path.parent, files=files)["retail/orders"]


def whole_weeks(orders: pa.Table, leave_out: int) -> Panel:
    """The panel from the first Monday to the last Sunday with orders (a Sunday without any ends a week that has none later)."""
    bounds = pc.min_max(orders["day"]).as_py()
    first = bounds["min"] + timedelta(days=-bounds["min"].weekday() % WEEK)
    last = bounds["max"] - timedelta(days=(bounds["max"].weekday() + 1) % WEEK)
    return panel({"retail/orders": orders}, first, last - timedelta(weeks=leave_out))


def training_rows(known: Panel, horizon: int, every: int, holidays: frozenset) -> Rows:
    """Rows of origins whose targets are over at the end of ``known``, the newest first that is, then every so many days."""
    newest = known.days - 1 - horizon * WEEK
    return finished(joined([rows_at(known, origin, [horizon], WEEK, holidays) for origin in range(newest, 27, -every)]))


def rolling(whole: Panel, chosen: Integers, weeks: int, horizon: int, options: ModelOptions, refit: int) -> Scores:
    """Forecast each of the last ``weeks`` weeks from the origin ``horizon`` weeks before its end."""
    scores, model = Scores(), None
    names, skipped = available_baselines()
    if skipped:
        print(skipped)
    for number in range(weeks):
        origin = whole.days - 1 - (weeks - 1 - number + horizon) * WEEK
        known = whole.until(origin)
        if number % refit == 0:
            model = train(training_rows(known, horizon, 3, RETAIL_HOLIDAYS), options)
        rows = rows_at(whole, origin, [horizon], WEEK, RETAIL_HOLIDAYS)
        assert model is not None
        place = np.full(whole.series, -1)
        place[rows.series] = np.arange(rows.series.size)
        at = place[chosen]
        predicted = model.predict(rows)[at]
        known_top = [np.flatnonzero(np.flatnonzero(whole.since <= origin) == one)[0] for one in chosen]
        said = {name: baseline(name, _some(known, known_top), WEEK, horizon)[:, horizon - 1] for name in names}
        scores.add(rows.units[at], said | {"global": predicted[:, 1]}, predicted)
    return scores


def _some(known: Panel, rows: Sequence[int]) -> Panel:
    return replace(known, units=known.units[list(rows)], since=known.since[list(rows)], lines=known.lines[list(rows)])


def report(scores: Scores, title: str, against: str = "moving_median") -> None:
    """Print WAPE by method and the calibration of the model's quantiles."""
    errors = scores.errors()
    print(f"\n{title}")
    for name, error in sorted(errors.items(), key=lambda item: item[1]):
        print(f"  {name:16} WAPE {error:.4f}  {100 * (error / errors[against] - 1):+.1f} % against {against}")
    came, band = np.concatenate(scores.came), np.concatenate(scores.bands)
    below = [float(np.mean(came <= band[:, number])) for number in range(3)]
    print(f"  80 % interval holds {100 * coverage(came, band[:, 0], band[:, 2]):.1f} %; at or below quantiles: {np.round(below, 3)}")
    print(f"  pinball loss {[round(pinball(came, band[:, n], q), 2) for n, q in enumerate((0.1, 0.5, 0.9))]}; bias of the median "
          f"{100 * (band[:, 1].sum() / came.sum() - 1):+.1f} %")  # fmt: skip
    print("  by week:", {name: [round(weighted_error(c, v), 3) for c, v in zip(scores.came, scores.said[name], strict=True)]
                         for name in (against, "global")})  # fmt: skip


def on_orders(path: Path, leave_out: int, horizons: Sequence[int], refit: int, options: ModelOptions) -> None:
    """The protocol on Online Retail."""
    whole = whole_weeks(online_retail(path), leave_out)
    before = whole.days - TEST_WEEKS * WEEK
    chosen = np.sort(np.argsort(-whole.units[:, :before].sum(axis=1), kind="stable")[:TOP])
    print(f"{whole.series} products, {whole.days // WEEK} weeks, test {whole.day(before)} to {whole.day(whole.days - 1)}")
    for horizon in horizons:
        started = time.process_time()
        scores = rolling(whole, chosen, TEST_WEEKS, horizon, options, refit)
        report(scores, f"{horizon} week(s) ahead, {TOP} products x {TEST_WEEKS} weeks, {time.process_time() - started:.0f} s of CPU")
        sys.stdout.flush()


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=Path, help="order lines of Online Retail")
    parser.add_argument("--leave-out", type=int, default=0, help="newest weeks to drop first")
    parser.add_argument("--horizons", type=int, nargs="+", default=[1, 4], help="weeks ahead")
    parser.add_argument("--refit", type=int, default=1, help="weeks between trainings")
    parser.add_argument("--trees", type=int, default=REAL.trees)
    parser.add_argument("--town", type=int, nargs="+", help="seeds of towns for the ablation")
    options = parser.parse_args()
    if options.orders:
        on_orders(options.orders, options.leave_out, options.horizons, options.refit, replace(REAL, trees=options.trees))


if __name__ == "__main__":
    main()
