"""Whether published forecasts were right: their weeks, now over, against what was sold.

What belongs here: matching forecasts with sales, the verdict. What doesn't: reading (``defs/demand/checks.py``), the measures themselves
(``forecasts.py``).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.forecasts import coverage, weighted_error
from trend_assets.lib.demand.panel import panel
from trend_assets.lib.quality.signals import Signal

LEAST = 100
"""Forecasts whose week is over; fewer say nothing."""
EXPECTED, ALLOWED = 0.8, 0.15
LARGEST_BIAS = 0.25
PREFERRED = ("global", "moving_median")
_EPOCH = date(1970, 1, 1)


def judged(forecasts: pa.Table, orders: pa.Table, inventory: pa.Table) -> pa.Table:
    """Forecasts one week ahead whose days are over, with ``came``, the units sold.

    Of the model, or of the moving median where there is none; origins a week apart, or neighbouring ones would judge the same
    sales; weeks in which the product ran out of stock are left out. O(rows + series × days).
    """
    weeks = forecasts.filter(pc.and_(pc.equal(forecasts["step"], "week"), pc.equal(forecasts["horizon"], 1)))
    methods = set(pc.unique(weeks["method"]).to_pylist())
    weeks = weeks.filter(pc.equal(weeks["method"], next((name for name in PREFERRED if name in methods), "")))
    newest = pc.max(orders["day"]).as_py()
    weeks = weeks.filter(pc.less_equal(weeks["ends_on"], pa.scalar(newest, pa.date32())))
    came = np.zeros(0, np.int64)
    if weeks.num_rows:
        origin = np.asarray(weeks["day"].cast(pa.int32()))
        weeks = weeks.filter(pa.array((origin.max() - origin) % 7 == 0))
        sales = panel({"retail/orders": orders, "retail/inventory": inventory}, pc.min(weeks["starts_on"]).as_py(), newest)
        names = pc.binary_join_element_wise(pa.array(sales.product_id), pa.array(sales.store_id), "\x1f")
        wanted = pc.binary_join_element_wise(weeks["product_id"], weeks["store_id"], "\x1f")
        place = np.asarray(pc.fill_null(pc.index_in(wanted, value_set=names), -1))
        start = np.asarray(weeks["starts_on"].cast(pa.int32())) - (sales.first_day - _EPOCH).days
        days = start[:, None] + np.arange(7)
        units = np.where(place >= 0, sales.units[place[:, None], days].sum(axis=1), 0)
        empty = (sales.stock[place[:, None], days] <= 0).any(axis=1) & (place >= 0)
        weeks, came = weeks.filter(pa.array(~empty)), units[~empty].astype(np.int64)
    return weeks.append_column("came", pa.array(came, pa.int64()))


def hold(weeks: pa.Table) -> Signal:
    """The verdict on judged forecasts: intervals hold 80 % within 15 points, the median's bias is at most a quarter of what sold."""
    if weeks.num_rows < LEAST:
        return Signal(True, f"too few forecasts whose week is over to judge ({weeks.num_rows})")
    came, units = weeks["came"].to_numpy().astype(np.float64), weeks["units"].to_numpy()
    inside = coverage(came, weeks["units_low"].to_numpy(), weeks["units_high"].to_numpy())
    bias = float(units.sum() / came.sum() - 1) if came.sum() else 0.0
    error = weighted_error(came, units)
    passed = abs(inside - EXPECTED) <= ALLOWED and abs(bias) <= LARGEST_BIAS
    message = (
        f"{inside:.0%} of {weeks.num_rows} weeks within their 80 % interval, the median leans {bias:+.0%}, error {error:.0%} of what sold"
    )
    return Signal(passed, message, {"coverage": inside, "bias": bias, "wape": error})
