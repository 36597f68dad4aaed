"""How well demand is forecast: against baselines on real orders, and with and without social features on the simulated town.

    python -m benchmarks.demand --orders FILE [--leave-out 9]    Online Retail: rolling origins over the last nine weeks
    python -m benchmarks.demand --orders FILE --gate --refit 9   the options that the forecaster's gate would choose, and its verdict
    python -m benchmarks.demand --town 1001 1002 ...             the ablation on towns of these seeds

What belongs here: data, split and tables of the protocol in docs/forecasts.md. What doesn't: methods (``trend_assets/lib/demand``).
On real orders the model is trained as the one that is published: its options, origins and horizons (``forecast_tables``), again every
week (``--refit`` weeks). Of one forecast each of the four weeks ahead is judged.
``--leave-out`` drops the newest weeks first: to choose anything without looking at them.
"""

from __future__ import annotations

import argparse
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
from trend_assets.lib.demand.features import SOCIAL
from trend_assets.lib.demand.forecast_tables import HORIZONS, OPTIONS, ORIGINS_APART, TRAINING_ORIGINS
from trend_assets.lib.demand.forecasts import (
    WEEKLY,
    DemandModel,
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
LEAST_ORIGIN = 27
"""Days before an origin without which it trains nothing."""
HISTORY = 182
TOWN_HOLIDAYS = public_holidays("FR", range(2025, 2028))
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


def training_rows(known: Panel) -> Rows:
    """Rows of the origins that the published model of weeks would be trained on at the end of ``known``."""
    newest = known.days - 1 - WEEK
    origins = range(newest, max(newest - TRAINING_ORIGINS, LEAST_ORIGIN), -ORIGINS_APART["week"])
    return finished(joined([rows_at(known, origin, range(1, HORIZONS["week"] + 1), WEEK, RETAIL_HOLIDAYS) for origin in origins]))


def rolling(whole: Panel, chosen: Integers, horizons: Sequence[int], refit: int, options: ModelOptions) -> dict[int, Scores]:
    """Forecast each of the last ``TEST_WEEKS`` weeks from the origins so many weeks before its end, by horizon."""
    scores: dict[int, Scores] = {horizon: Scores() for horizon in horizons}
    names, skipped = available_baselines()
    if skipped:
        print(skipped)
    model: DemandModel | None = None
    for number in range(1 - max(horizons), TEST_WEEKS):
        origin = whole.days - 1 - (TEST_WEEKS - number) * WEEK
        known = whole.until(origin)
        if model is None or number % refit == 0:
            model = train(training_rows(known), options)
        assert model is not None
        wanted = [horizon for horizon in horizons if 0 <= number + horizon - 1 < TEST_WEEKS]
        at = np.searchsorted(np.flatnonzero(whole.since <= origin), chosen[whole.since[chosen] <= origin])
        own = known.take(at)
        said = {name: baseline(name, own, WEEK, max(wanted)) for name in names} if wanted else {}
        for horizon in wanted:
            rows = rows_at(whole, origin, [horizon], WEEK, RETAIL_HOLIDAYS)
            predicted = model.predict(rows)[at]
            units = {name: values[:, horizon - 1] for name, values in said.items()}
            scores[horizon].add(rows.units[at], units | {"global": predicted[:, 1]}, predicted)
    return scores


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
    started = time.process_time()
    for horizon, scores in rolling(whole, chosen, horizons, refit, options).items():
        report(scores, f"{horizon} week(s) ahead, {chosen.size} products x {TEST_WEEKS} weeks")
    print(f"\n{time.process_time() - started:.0f} s of CPU")


def judged_by_gate(path: Path, leave_out: int, refit: int) -> None:
    """The gate's judgement on Online Retail: options chosen on nine weeks, judged on the nine after them beside the published ones."""
    from trend_assets.lib.learning import demand_model as method

    whole = whole_weeks(online_retail(path), leave_out)
    before = whole.days - 2 * TEST_WEEKS * WEEK
    products = np.sort(np.argsort(-whole.units[:, :before].sum(axis=1), kind="stable")[:TOP])

    def paired(end: int, options: dict[str, ModelOptions]) -> method.Paired:
        """One week ahead, over the nine weeks that end on a day; origins and products are the same for all options."""
        known = whole.until(end)
        said: dict[str, np.ndarray] = {}
        low: dict[str, np.ndarray] = {}
        high: dict[str, np.ndarray] = {}
        chosen = np.searchsorted(np.flatnonzero(whole.since <= end), products[whole.since[products] <= end])
        for name, given in options.items():
            scores = rolling(known, chosen, [1], refit, given)[1]
            band = np.concatenate(scores.bands)
            said |= {name: band[:, 1]} | {other: np.concatenate(scores.said[other]) for other in method.BASELINES}
            low[name], high[name] = band[:, 0], band[:, 2]
        came = np.concatenate(scores.came)
        origins = range(known.days - 1 - TEST_WEEKS * WEEK, known.days - 1, WEEK)
        series = np.unique(np.concatenate([chosen[known.since[chosen] <= origin] for origin in origins]), return_inverse=True)[1]
        return method.Paired(said, came, series, np.full(came.size, ""), np.ones(came.size, np.int64), low, high)

    started = time.process_time()
    first = paired(whole.days - 1 - TEST_WEEKS * WEEK, {name: given["week"] for name, given in method.TRIED.items()})
    name = method.chosen(first)
    print("chosen on the nine weeks before:", name)
    for row in method.rows_of(first):
        if row["slice"] == method.ALL:
            print(f"  {row['subject']:20} {row['metric']:10} {row['value']:.4f}")
    found = paired(whole.days - 1, {method.CANDIDATE: method.TRIED[name]["week"], method.CHAMPION: OPTIONS["week"]})
    print("judged on the last nine:")
    for row in method.rows_of(found):
        if row["slice"] == method.ALL:
            print(f"  {row['subject']:20} {row['metric']:10} {row['value']:.4f}")
    failed, held = method.judge(found)
    print("\n".join([*(f"failed: {one}" for one in failed), *(f"held: {one}" for one in held)]))
    print(f"{time.process_time() - started:.0f} s of CPU")


def town_of(seed: int) -> tuple[Panel, np.ndarray]:
    """The town of a seed with the posts of its planted trends per product and day, and which series a trend lifts.

    Posts are drawn around the planted course, fads without any effect on sales among them, and known a day late: what perfect
    detection and linking would give.
    """
    from trend_assets.lib.simulation.retail_tables import open_retailer, retail_tables
    from trend_assets.lib.simulation.town import TownParameters

    parameters = TownParameters(seed=seed, family="evaluation", history_days=HISTORY)
    tables = retail_tables(parameters, ["orders", "inventory", "products", "promotions"])
    retailer = open_retailer(parameters)
    first, rng, rows = parameters.start.date(), np.random.default_rng(seed), []
    for trend in retailer.trends:
        named = [product.product_id for product in retailer.catalogue.products if product.item in trend.items]
        seen = rng.poisson(60 * trend.size * trend.course(np.arange(parameters.days) + 0.5))
        rows += [
            {"day": first + timedelta(days=day + 1), "product_id": name, "posts": int(count), "score": 1.0}
            for day, count in enumerate(seen.tolist()) if count for name in named
        ]  # fmt: skip
    lifted = {
        product.product_id
        for trend in retailer.trends
        if trend.uplift > 1
        for product in retailer.catalogue.products
        if product.item in trend.items
    }
    schema = pa.schema([("day", pa.date32()), ("product_id", pa.string()), ("posts", pa.int64()), ("score", pa.float64())])
    whole = panel(tables, first - timedelta(days=HISTORY), first + timedelta(days=parameters.days - 1), pa.Table.from_pylist(rows, schema))
    return whole, np.array([name in lifted for name in whole.product_id])


def ablation(seed: int) -> dict[tuple[str, str], tuple[float, float]]:
    """WAPE without and with social features of a town, by step and part of the products."""
    whole, lifted = town_of(seed)
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for step, length, horizons, apart, options in (("week", 7, [1], 3, WEEKLY), ("day", 1, list(range(1, 8)), 5, ModelOptions())):
        cache: dict[int, Rows] = {}
        plain = replace(options, quantiles=(0.5,), calibration_share=0.0)
        said: dict[str, list[np.ndarray]] = {"without": [], "with": []}
        judged: list[Rows] = []
        for origin in range(whole.days - 29, whole.days - 7, 7):
            known = whole.until(origin)
            origins = range(origin - max(horizons) * length, origin - 92, -apart)
            for one in origins:
                if one not in cache:
                    cache[one] = finished(rows_at(whole, one, horizons, length, TOWN_HOLIDAYS))
            rows = finished(rows_at(whole, origin, horizons, length, TOWN_HOLIDAYS))
            rows = rows.take(rows.free)
            judged.append(rows)
            training = joined([cache[one] for one in origins])
            assert training.origin.max() + max(horizons) * length <= known.days - 1
            for name, without in (("without", (*plain.without, *SOCIAL)), ("with", plain.without)):
                model = train(training, replace(plain, without=without))
                assert model is not None
                said[name].append(model.predict(rows)[:, 0])
        rows = joined(judged)
        parts = {"all": np.ones(rows.series.size, bool), "lifted": lifted[rows.series]}
        parts |= {str(name): whole.category[rows.series] == name for name in np.unique(whole.category.astype(str))}
        for part, mask in parts.items():
            errors = [weighted_error(rows.units[mask], np.concatenate(said[name])[mask]) for name in ("without", "with")]
            found[step, part] = (errors[0], errors[1])
    return found


def on_towns(seeds: Sequence[int]) -> None:
    """The pre-registered ablation: difference of WAPE per part of the products, mean and 95 % interval over seeds."""
    from scipy.stats import t

    results = []
    for seed in seeds:
        results.append(ablation(seed))
        print(seed, {f"{step} {part}": f"{a:.4f} {b:.4f}" for (step, part), (a, b) in results[-1].items()}, flush=True)
    print(f"\n{'step':5} {'products':16} {'without':>8} {'with':>8} {'gain (points)':>14}  95 % interval over {len(seeds)} towns")
    for step, part in results[0]:
        both = np.array([result.get((step, part), (np.nan, np.nan)) for result in results])
        gain = 100 * (both[:, 0] - both[:, 1])
        gain = gain[~np.isnan(gain)]
        half = t.ppf(0.975, gain.size - 1) * gain.std(ddof=1) / np.sqrt(gain.size) if gain.size > 1 else float("nan")
        mean = np.nanmean(both, axis=0)
        print(
            f"{step:5} {part:16} {mean[0]:8.4f} {mean[1]:8.4f} {gain.mean():+14.2f}  {gain.mean() - half:+.2f} to {gain.mean() + half:+.2f}"
        )


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=Path, help="order lines of Online Retail")
    parser.add_argument("--leave-out", type=int, default=0, help="newest weeks to drop first")
    parser.add_argument("--horizons", type=int, nargs="+", default=[1, 4], help="weeks ahead")
    parser.add_argument("--refit", type=int, default=1, help="weeks between trainings")
    parser.add_argument("--trees", type=int, default=OPTIONS["week"].trees, help="not as published: 0 is the linear part alone")
    parser.add_argument("--town", type=int, nargs="+", help="seeds of towns for the ablation")
    parser.add_argument("--gate", action="store_true", help="with --orders: options that the gate would choose, and its verdict on them")
    options = parser.parse_args()
    if options.town:
        on_towns(options.town)
    if options.orders and options.gate:
        judged_by_gate(options.orders, options.leave_out, options.refit)
    elif options.orders:
        on_orders(options.orders, options.leave_out, options.horizons, options.refit, replace(OPTIONS["week"], trees=options.trees))


if __name__ == "__main__":
    main()
