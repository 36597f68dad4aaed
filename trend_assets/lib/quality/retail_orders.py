"""Facts of a day's orders: prices, quantities, times, and the units that stock confirms.

What belongs here: what orders say by themselves and beside the catalogue, promotions and stock of their day. What doesn't: whether
stock adds up (``retail_inventory.py``), which table is wrong (nobody can tell: the checks say that the two differ).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality.facts import ALARM_LEVEL, LEAST_PAST, Fault, Level
from trend_assets.lib.quality.retail_day import (
    DayNotes,
    Found,
    RetailDay,
    as_floats,
    cells_of,
)

KINDS_OF_LINES: Mapping[str, tuple[tuple[str, ...], int]] = {"sold": (("sale", "cancellation"), 1), "returned": (("return",), -1)}
"""Kinds of order lines by column of stock, and the sign of their units there."""
SOLD = "products and places whose sold units stock tells otherwise"
EXPLAINED = 0.05
_AT_PRICE = 0.02
_HOURS = 24
_LEAST_ORDERS = 10
_RARE_HOUR = 0.002
_SAME_DAY_TIMES = 36 * 3600
"""Seconds that an order's time may lie from the noon of its business day: local days of every time zone, and a late evening."""


def order_prices(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Sales paid at neither the list price nor the promoted one, at many times it, or at nothing."""
    orders, products = today.tables["orders"], today.rows("products")
    sales = orders.filter(pc.and_(pc.equal(orders["kind"], "sale"), pc.greater(orders["quantity"], 0)))
    paid = as_floats(sales["unit_price"])
    found: Found = {("prices_paid", "price zero or below"): Fault(int((paid <= 0).sum()), len(paid))}
    if products is None or not len(paid):
        return found
    place = np.asarray(pc.fill_null(pc.index_in(sales["product_id"], value_set=products["product_id"].combine_chunks()), -1))
    listed = np.where(place >= 0, as_floats(products["unit_price"])[place], np.nan)
    known = np.isfinite(listed) & (listed > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        nearer = listed * (1.0 - _discounts(today, sales, 1.0 - paid / listed))
        off = known & (np.abs(paid / nearer - 1.0) > _AT_PRICE)
        far = known & ((paid > 1.5 * listed) | (paid < 0.1 * listed))
        ratio = np.log(paid[known & (paid > 0)] / nearer[known & (paid > 0)])
    found["prices_paid", "neither the list price nor the promoted one"] = Fault(int(off.sum()), int(known.sum()), 0.03, needs_past=True)
    found["prices_paid", "above 1.5 times the list price, or below a tenth"] = Fault(int(far.sum()), int(known.sum()), 0.01)
    if len(ratio) >= 20:
        error = float(ratio.std() / np.sqrt(len(ratio)))
        found["prices_paid", "mean of the price paid by the list's or the promotion's"] = Level(
            float(ratio.mean()), error, 0.25, f"{np.exp(ratio.mean()):.0%} of it"
        )
    return found


def _discounts(today: RetailDay, sales: pa.Table, taken: np.ndarray) -> np.ndarray:
    """The discount of each sale that is nearest to the one ``taken``: none, or that of a promotion of its product and place.

    Several may run at once, and not every customer is given the largest.
    """
    nearest, promotions = np.zeros(sales.num_rows), today.rows("promotions")
    if promotions is None:
        return nearest
    offers = promotions.group_by(["product_id", "store_id", "discount"], use_threads=False).aggregate([])
    cells, discount = cells_of(offers).combine_chunks().dictionary_encode(), as_floats(offers["discount"])
    place = np.asarray(pc.fill_null(pc.index_in(cells_of(sales), value_set=cells.dictionary), -1))
    order = np.argsort(np.asarray(cells.indices), kind="stable")
    starts = np.searchsorted(np.asarray(cells.indices)[order], np.arange(len(cells.dictionary) + 1))
    promoted = np.flatnonzero(place >= 0)
    first, number = starts[place[promoted]], np.diff(starts)[place[promoted]]
    for nth in range(int(number.max(initial=0))):
        rows = promoted[number > nth]
        offered = discount[order[first[number > nth] + nth]]
        nearest[rows] = np.where(np.abs(offered - taken[rows]) < np.abs(nearest[rows] - taken[rows]), offered, nearest[rows])
    return nearest


def order_quantities(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Lines of far more units than any past day's largest hundredth, units by line, signs that contradict the kind."""
    orders = today.tables["orders"]
    quantity, kinds = np.asarray(orders["quantity"]), orders["kind"].to_numpy(zero_copy_only=False).astype(str)
    reversed_ = np.isin(kinds, ["return", "cancellation"])
    wrong = np.where(reversed_, quantity >= 0, np.where(kinds == "sale", quantity <= 0, False))
    found: Found = {("signs", "units against the sign of their kind"): Fault(int(wrong.sum()), int((kinds != "adjustment").sum()))}
    sold = np.abs(quantity[kinds == "sale"])
    found.update(large_lines("orders", sold, earlier))
    if (sold > 0).sum() >= 20:
        logs = np.log(sold[sold > 0])
        found["quantities", "mean units of a sale (log)"] = Level(
            float(logs.mean()), float(logs.std() / np.sqrt(len(logs))), 0.5, f"{np.exp(logs.mean()):.2f} units"
        )
    return found


def large_lines(name: str, quantities: np.ndarray, earlier: Sequence[DayNotes]) -> Found:
    """Lines of more than 2.5 times what was a large line on past days, in units of a sale or of an order from a supplier."""
    past = [day.large[name] for day in earlier if name in day.large]
    if len(past) < LEAST_PAST or not len(quantities):
        return {}
    limit = 2.5 * max(float(np.median(past)), 1.0)
    return {
        ("quantities", f"more than {limit:.0f} units"): Fault(int((quantities > limit).sum()), len(quantities), 0.02),
    }


def large_quantities(today: RetailDay) -> dict[str, float]:
    """The 99.5 % quantile of units of a sale, and of units ordered from a supplier."""
    found = {}
    orders, deliveries = today.rows("orders"), today.rows("deliveries")
    if orders is not None:
        sold = np.asarray(pc.abs(orders["quantity"]))[np.asarray(pc.equal(orders["kind"], "sale"))]
        if len(sold):
            found["orders"] = float(np.quantile(sold, 0.995))
    if deliveries is not None:
        found["deliveries"] = float(np.quantile(np.asarray(deliveries["quantity_ordered"]), 0.995))
    return found


def hours_by_place(orders: pa.Table | None) -> dict[str, np.ndarray]:
    """Orders by place and hour of the day (UTC), shape (24,) each. The lines of an order are of one moment: they count once."""
    if orders is None:
        return {}
    placed = orders.group_by(["store_id", "order_id"], use_threads=False).aggregate([("ordered_at", "min")])
    places = placed["store_id"].combine_chunks().dictionary_encode()
    hours = np.asarray(pc.hour(placed["ordered_at_min"]))
    counts = np.bincount(np.asarray(places.indices) * _HOURS + hours, minlength=len(places.dictionary) * _HOURS).reshape(-1, _HOURS)
    return dict(zip(places.dictionary.to_pylist(), counts, strict=True))


def order_times(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Orders of another day, at hours at which their place does not sell, and an hour in which nothing was sold anywhere."""
    orders = today.tables["orders"]
    seconds = np.asarray(orders["ordered_at"].cast(pa.int64())) / 1e6
    noon = (np.datetime64(today.day) - np.datetime64("1970-01-01")).astype(int) * 86_400 + 43_200
    found: Found = {("order_times", "orders of another day"): Fault(int((np.abs(seconds - noon) > _SAME_DAY_TIMES).sum()), orders.num_rows)}
    with_times = [day for day in earlier if day.hours]
    if len(with_times) < LEAST_PAST or all(np.count_nonzero(hours) <= 1 for hours in notes.hours.values()):
        return found  # a source that tells no time of the day
    for place, hours in sorted(notes.hours.items()):
        past = sum((day.hours[place] for day in with_times if place in day.hours), np.zeros(_HOURS))
        if past.sum() < 100:
            continue
        rare = past < _RARE_HOUR * past.sum()
        found["order_times", f"orders of {place} while it is closed"] = Fault(
            int(hours[rare].sum()), int(hours.sum()), 0.15, needs_past=True
        )
        if hours.sum() >= _LEAST_ORDERS:
            later, error = _mean_hour(hours, past)
            found["order_times", f"mean time of orders of {place} against the days before"] = Level(later, error, 1.4, f"{later:+.1f} h")
    everywhere = sum(notes.hours.values(), np.zeros(_HOURS))
    days = np.array([sum(day.hours.values(), np.zeros(_HOURS)) for day in with_times])
    lost = int(np.count_nonzero((everywhere == 0) & (_HOURS * _chance_of_none(days, everywhere.sum()) < ALARM_LEVEL)))
    found["order_times", "hours in which nothing was sold anywhere"] = Fault(3 * lost, 3 * _HOURS, 0.01, needs_past=True)
    return found


def _mean_hour(hours: np.ndarray, past: np.ndarray) -> tuple[float, float]:
    """Hours by which the day's mean direction on the clock is later than the past's, -12 to 12, and its error (Mardia, 1972).

    On a circle a shop that sells around midnight has a mean like any other. The error is that of as many orders spread as the past's
    were: a few orders of one hour do not say how much they vary.
    """
    clock = np.exp(2j * np.pi * np.arange(_HOURS) / _HOURS)
    day, before = (hours * clock).sum() / hours.sum(), (past * clock).sum()
    length = float(np.clip(np.abs(before) / max(past.sum(), 1.0), 1e-6, 1.0 - 1e-9))
    hours_a_radian = _HOURS / (2.0 * np.pi)
    later = float(np.angle(day * np.conj(before))) * hours_a_radian
    return later, float(np.sqrt(-2.0 * np.log(length) / hours.sum())) * hours_a_radian


def _chance_of_none(days: np.ndarray, orders: float) -> np.ndarray:
    """Chance, by hour, of no order on a day of so many ``orders``, given those of past ``days``, shape (days, 24): negative binomial.

    An hour's rate varies from day to day (weather, promotions) by a gamma distribution fitted by moments (Cameron and Trivedi, 1998).
    """
    totals = days.sum(axis=1, keepdims=True)
    share = days.sum(axis=0) / max(totals.sum(), 1.0)
    expected = totals * share
    with np.errstate(invalid="ignore"):  # of an hour in which nobody ever ordered
        spread = np.nan_to_num((((days - expected) ** 2).sum(axis=0) - expected.sum(axis=0)) / (expected**2).sum(axis=0))
    spread = np.maximum(spread, 1e-9)
    return np.exp(-np.log1p(spread * orders * share) / spread)


def orders_match_stock(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Units by product and place: what orders say was sold and returned, against what the day's stock says."""
    stock = today.rows("inventory")
    if stock is None or stock["sold"].null_count == stock.num_rows:
        return {}
    told = [column for column in KINDS_OF_LINES if stock[column].null_count < stock.num_rows]
    return {
        ("matches_stock", f"products and places whose {column} units stock tells otherwise"): differing_cells(today, column)
        for column in told
    }


def differing_cells(today: RetailDay, column: str) -> Fault:
    """Products and places of which orders say other units ``sold`` or ``returned`` than the day's stock. Both tables have rows."""
    stock, orders = today.tables["inventory"], today.tables["orders"]
    kinds, sign = KINDS_OF_LINES[column]
    lines = orders.filter(pc.is_in(orders["kind"], value_set=pa.array(kinds)))
    moved = stock.filter(pc.not_equal(pc.fill_null(stock[column], 0), 0))
    told = pa.table({"cell": cells_of(lines), "units": pc.multiply(lines["quantity"], sign)})
    confirmed = pa.table({"cell": cells_of(moved), "units": pc.negate(moved[column])})
    both = pa.concat_tables([told, confirmed]).group_by("cell", use_threads=False).aggregate([("units", "sum")])
    return Fault(int(np.count_nonzero(np.asarray(both["units_sum"]))), both.num_rows)
