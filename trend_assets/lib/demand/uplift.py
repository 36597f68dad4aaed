"""Which products' and ranges' sales rose beyond what season, prices and stock let us expect, since when, and how surely.

What belongs here: the test of a day, over all series at once. What doesn't: the expectation (``expected_sales.py``), whose alert foresaw a
rise (``lead_time.py``).

Each series is asked over its last 1 to 14 days (a scan for a change with unknown onset, as the count-data CUSUM charts of surveillance:
Hoehle & Paul, Computational Statistics & Data Analysis 2008; Tango et al., Int. J. Health Geographics 2011, negative binomial). A window's
units are compared with a negative binomial whose variance holds day-to-day scatter, slow wandering (both measured on this retailer's own
past, over all series) and the level's own uncertainty; the smallest tail, times the number of windows, is the p-value. Ranges are decided
first, by Benjamini-Hochberg over all their series of the day, and products only within ranges that rose, again so (hierarchical testing:
Yekutieli, JASA 2008): a buyer asks which ranges rose, and hundreds of thin products would drown them. The onset is where the window of the
largest negative binomial deviance begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from trend_assets.lib.demand.expected_sales import expected_sales, last_years_season, scatter
from trend_assets.lib.demand.shelf_days import Booleans, Floats, Integers, ShelfDays, shelf_days
from trend_assets.lib.trends.bursts import deviance_residual, upper_tail
from trend_assets.lib.trends.discovery import benjamini_hochberg
from trend_assets.tables import TABLES

UPLIFTS = TABLES["demand/sales_uplifts"]
EVERYWHERE = ""
YEAR = timedelta(days=364)
"""The same weekday a year before."""


@dataclass(frozen=True)
class UpliftRules:
    """When sales have risen.

    ``history_days``: read up to the day. ``windows``: days looked back, tested. ``least_history``: days before the longest window that is
    tested. ``least_expected``: units a series must let us expect in the longest window to be tested. ``least_ratio``, ``least_units``: a
    rise that matters, the units since its onset. ``false_discovery_rate``: of a day's rises, of ranges and of products in these.
    """

    history_days: int = 63
    windows: tuple[int, ...] = (1, 2, 3, 5, 7, 10, 14)
    least_history: int = 7
    least_expected: float = 3.0
    least_ratio: float = 1.3
    least_units: int = 10
    false_discovery_rate: float = 0.05


@dataclass(frozen=True)
class _Series:
    """Daily sums of subjects in a market or everywhere: ``sold``, ``sales``, ``demand`` (days, n), ``reduced`` (days, n)."""

    kind: str
    region: str
    sold: Floats
    sales: Floats
    demand: Floats
    reduced: Booleans


def sales_uplifts(
    orders: pa.Table,
    inventory: pa.Table,
    promotions: pa.Table,
    products: pa.Table,
    stores: pa.Table,
    day: date,
    *,
    prices: pa.Table | None = None,
    last_year: pa.Table | None = None,
    rules: UpliftRules | None = None,
) -> pa.Table:
    """Rows of ``demand/sales_uplifts`` of ``day``: every series that sells enough, by kind, subject and region.

    Parameters
    ----------
    orders, inventory, promotions: rows of the ``retail`` tables of the day and up to ``history_days`` before; later rows are never used.
    products, stores: of the day; of several days the newest not after it.
    prices: day, product_id, unit_price of ``retail/products`` of these days, where list prices may have changed.
    last_year: rows of ``retail/orders`` around the same days a year before, where there are any: the season.

    With fewer than ``least_history`` days of sales before the shortest window there is nothing to compare with, and no row. Complexity:
    O(days x products x places).
    """
    rules = rules or UpliftRules()
    products, stores = _known_by(products, day), _known_by(stores, day)
    first = max(day - timedelta(days=rules.history_days - 1), _first_day(orders, day))
    listed = products if prices is None else prices
    shelf = shelf_days(orders, inventory, promotions, products, stores, listed, first=first, last=day)
    longest = min(max(rules.windows), len(shelf.days) - rules.least_history)
    if not shelf.product_ids or longest < min(rules.windows) or not shelf.open_days[-1]:
        return UPLIFTS.empty()
    baseline = np.arange(len(shelf.days)) < len(shelf.days) - longest
    season = _season(last_year, shelf, baseline) if last_year is not None and last_year.num_rows else None
    expected = expected_sales(shelf, baseline, season)
    everything = list(_series(shelf, expected.sales, expected.demand))
    windows = [window for window in rules.windows if window <= longest]
    sizes = _sizes(everything, baseline, windows)
    tested = [(series, _tests(series, baseline, windows, longest, sizes)) for series in everything]
    return _rows(day, shelf, tested, rules)


def _known_by(table: pa.Table, day: date) -> pa.Table:
    import pyarrow.compute as pc

    return table.filter(pc.less_equal(table["day"], pa.scalar(day, pa.date32()))) if "day" in table.column_names else table


def _first_day(orders: pa.Table, day: date) -> date:
    import pyarrow.compute as pc

    first = pc.min(orders["day"]).as_py()
    return day if first is None else min(first, day)


def _season(last_year: pa.Table, shelf: ShelfDays, baseline: Booleans) -> Floats:
    """Factors (days, categories) from sales of the year before, products of today's catalogue only."""
    import pyarrow.compute as pc

    sales = last_year.filter(pc.equal(last_year["kind"], "sale"))
    product = pc.index_in(sales["product_id"], value_set=pa.array(shelf.product_ids, pa.string())).fill_null(-1).to_numpy().astype(np.int64)
    numbers = pc.cast(sales["day"], pa.int32()).to_numpy().astype(np.int64)
    day = numbers - ((shelf.days[0] - YEAR) - date(1970, 1, 1)).days
    kept = (product >= 0) & (day >= 0) & (day < len(shelf.days))
    units = np.zeros((len(shelf.days), len(shelf.categories)))
    np.add.at(units, (day[kept], shelf.category_of[product[kept]]), sales["quantity"].to_numpy()[kept].astype(np.float64))
    return last_years_season(units, np.arange(len(shelf.categories)), shelf, baseline)


def _series(shelf: ShelfDays, sales: Floats, demand: Floats) -> Iterator[_Series]:
    """Products everywhere; ranges everywhere and, where there are several, by market."""
    everywhere = np.ones(len(shelf.places), np.bool_)
    sold, expected, wanted = (_over(values, everywhere) for values in (shelf.sold, sales, demand))
    yield _Series("product", EVERYWHERE, sold, expected, wanted, np.asarray(shelf.reduced.any(axis=2)))
    regions = [(EVERYWHERE, everywhere)]
    regions += [(name, shelf.market == number) for number, name in enumerate(shelf.markets)] if len(shelf.markets) > 1 else []
    for name, here in regions:
        sold, expected, wanted = (_by_range(_over(values, here), shelf) for values in (shelf.sold, sales, demand))
        reduced = _by_range(np.asarray(shelf.reduced[:, :, here].any(axis=2), np.float64), shelf) > 0
        yield _Series("range", name, sold, expected, wanted, reduced)


def _over(values: Floats, here: Booleans) -> Floats:
    return np.asarray(values[:, :, here].sum(axis=2))


def _by_range(values: Floats, shelf: ShelfDays) -> Floats:
    result = np.zeros((values.shape[0], len(shelf.ranges)))
    np.add.at(result.T, shelf.range_of, values.T)
    return result


def _sizes(everything: list[_Series], baseline: Booleans, windows: list[int]) -> dict[tuple[str, int], float]:
    """Size of the negative binomial of each kind of series and window, from the baseline's own windows, one after the other.

    A window is never taken to scatter less than independent days would: few windows may tell of no wandering that is there.
    """
    sizes: dict[tuple[str, int], float] = {}
    past = np.flatnonzero(baseline)
    for kind in ("product", "range"):
        series = [one for one in everything if one.kind == kind]
        sold = np.concatenate([one.sold[past] for one in series], axis=1)
        sales = _foretold(sold, np.concatenate([one.sales[past] for one in series], axis=1))
        # From where on there is a past to foretell from, and two of the longest windows if that can be.
        start = max(min(len(past) // 2, len(past) - 2 * max(windows)), len(past) // 3)
        sold, sales = sold[start:], sales[start:]
        daily = scatter(sold.reshape(-1), sales.reshape(-1))
        for window in windows:
            blocks = np.arange(len(sold) % window, len(sold)).reshape(-1, window)
            independent = daily * window
            found = scatter(sold[blocks].sum(axis=1).reshape(-1), sales[blocks].sum(axis=1).reshape(-1)) if len(blocks) > 1 else independent
            sizes[kind, window] = min(found, independent)
    return sizes


def _foretold(sold: Floats, sales: Floats) -> Floats:
    """Expectations (days, n) with the level that was known the longest window before each day: how far off one is without hindsight."""
    ahead = min(14, len(sold) // 2)
    known, wanted = np.cumsum(sold, axis=0), np.cumsum(sales, axis=0)
    shift = np.arange(len(sold)) - ahead
    level = (known[shift] + 1) / (wanted[shift] + 1)
    return np.asarray(np.where((shift >= 0)[:, None], sales * level, sales))


@dataclass(frozen=True)
class _Tests:
    """Of each subject (n,): p-value, onset as days before the day's end, sums since the onset, over the longest window, and scatter."""

    p_value: Floats
    onset: Integers
    units: Floats
    expected: Floats
    deviation: Floats
    longest_expected: Floats
    longest_deviation: Floats
    hidden: Floats
    reduced: Booleans


def _tests(series: _Series, baseline: Booleans, windows: list[int], longest: int, sizes: dict[tuple[str, int], float]) -> _Tests:
    """Every window of every subject; windows between the tested ones are looked at for the onset alone."""
    level = 1 / (series.sales[baseline].sum(axis=0) + 1)  # relative variance of the level: it was estimated from so many units
    smallest = np.ones(series.sold.shape[1])
    largest = np.full_like(smallest, -np.inf)
    onset = np.full(smallest.shape, longest, np.int64)
    for window in range(1, longest + 1):
        sold, sales = series.sold[-window:].sum(axis=0), series.sales[-window:].sum(axis=0)
        size = _size(series.kind, window, windows, sizes)
        whole = 1 / (1 / size + level)
        if window in windows:
            smallest = np.minimum(smallest, upper_tail(sold, sales, whole))
        z = deviance_residual(sold, sales, whole)
        better = z > largest
        largest, onset = np.where(better, z, largest), np.where(better, window, onset)
    rows = np.arange(len(smallest))
    cumulated = {name: np.cumsum(getattr(series, name)[::-1], axis=0)[onset - 1, rows] for name in ("sold", "sales")}
    size = _size(series.kind, longest, windows, sizes)
    total, wanted = series.sales[-longest:].sum(axis=0), series.demand[-longest:].sum(axis=0)
    relative = 1 / size + level
    return _Tests(
        np.minimum(smallest * len(windows), 1.0),
        onset,
        cumulated["sold"],
        cumulated["sales"],
        np.sqrt(1 / np.maximum(cumulated["sold"], 1.0) + relative),
        total,
        np.sqrt(total + total**2 * relative),
        1 - total / np.maximum(wanted, 1e-9),
        np.asarray(series.reduced[-longest:].any(axis=0)),
    )


def _size(kind: str, window: int, windows: list[int], sizes: dict[tuple[str, int], float]) -> float:
    """Of the longest tested window that is no longer."""
    return sizes[kind, max(one for one in windows if one <= max(window, min(windows)))]


def _rows(day: date, shelf: ShelfDays, tested: list[tuple[_Series, _Tests]], rules: UpliftRules) -> pa.Table:
    """One row a series that sells enough. Ranges are discovered over all of them together, products over those of ranges that rose."""
    enough = [np.flatnonzero(tests.longest_expected >= rules.least_expected) for _, tests in tested]
    ranges = [number for number, (series, _) in enumerate(tested) if series.kind == "range"]
    q_values = _discovered([tested[number][1].p_value[enough[number]] for number in ranges])
    of_ranges = np.concatenate([*q_values, np.zeros(0)])
    found = int((of_ranges <= rules.false_discovery_rate).sum())
    threshold = rules.false_discovery_rate * max(1, found) / max(of_ranges.size, 1) / len(rules.windows)
    rows: list[dict[str, Any]] = []
    for number, q in zip(ranges, q_values, strict=True):
        series, tests = tested[number]
        rows += [_row(day, shelf, series, tests, one, at, threshold, rules) for one, at in zip(enough[number].tolist(), q, strict=True)]
    risen = np.isin(shelf.ranges, [row["range_id"] for row in rows if row["uplift"]])[shelf.range_of]
    for (series, tests), chosen in zip(tested, enough, strict=True):
        if series.kind == "product":
            q_of = np.ones(len(risen))
            asked = chosen[risen[chosen]]
            q_of[asked] = _discovered([tests.p_value[asked]])[0]
            rows += [_row(day, shelf, series, tests, one, float(q_of[one]), threshold, rules) for one in chosen.tolist()]
    return UPLIFTS.from_rows(sorted(rows, key=lambda row: (row["subject_kind"], row["subject_id"], row["region"])))


def _discovered(p_values: list[Floats]) -> list[list[float]]:
    """q-values of several arrays together, as they came."""
    q_values = benjamini_hochberg(np.concatenate(p_values))
    return [part.tolist() for part in np.split(q_values, np.cumsum([len(one) for one in p_values])[:-1])]


def _row(
    day: date, shelf: ShelfDays, series: _Series, tests: _Tests, one: int, q_value: float, threshold: float, rules: UpliftRules
) -> dict[str, Any]:
    units, expected = float(tests.units[one]), float(max(tests.expected[one], 1e-9))
    ratio = units / expected
    spread = float(np.exp(1.96 * tests.deviation[one]))
    uplift = q_value <= rules.false_discovery_rate and ratio >= rules.least_ratio and units >= rules.least_units
    product = series.kind == "product"
    range_number = int(shelf.range_of[one]) if product else one
    members = [one] if product else np.flatnonzero(shelf.range_of == one).tolist()
    return {
        "day": day,
        "subject_kind": series.kind,
        "subject_id": shelf.product_ids[one] if product else shelf.ranges[one],
        "region": series.region,
        "range_id": shelf.ranges[range_number],
        "label": shelf.names[one] if product else shelf.range_names[one],
        "category": shelf.categories[int(shelf.category_of[members[0]])],
        "product_ids": [shelf.product_ids[member] for member in members],
        "uplift": uplift,
        "onset_on": day - timedelta(days=int(tests.onset[one]) - 1) if uplift else None,
        "units": units,
        "expected_units": expected,
        "ratio": ratio,
        "ratio_low": ratio / spread,
        "ratio_high": ratio * spread,
        "p_value": float(tests.p_value[one]),
        "q_value": min(q_value, 1.0),
        "detectable_ratio": _detectable(float(tests.longest_expected[one]), float(tests.longest_deviation[one]), threshold),
        "out_of_stock_share": float(np.clip(tests.hidden[one], 0.0, 1.0)),
        "promotion": bool(tests.reduced[one]),
        "data_origin": shelf.data_origin,
    }


def _detectable(expected: float, deviation: float, threshold: float) -> float:
    """Ratio that clears the day's threshold four times in five, normal approximation with the scatter growing along."""
    from scipy.special import ndtri

    needed = expected - float(ndtri(threshold)) * deviation
    return 1 + (needed - expected + 0.84 * deviation * needed / expected) / expected
