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
QUANTILES = (("units_low", 0.1, 0.075), ("units", 0.5, 0.15), ("units_high", 0.9, 0.075))
"""Columns, their levels, and by how much the share of weeks at or below may differ from the level."""
JUDGED = "global"
"""The model; the simple methods are there to be compared with, their intervals of few weeks promise nothing."""
_EPOCH = date(1970, 1, 1)


def judged(forecasts: pa.Table, orders: pa.Table, inventory: pa.Table) -> pa.Table:
    """Forecasts one week ahead whose days are over, with ``came``, the units sold.

    Of the model; origins a week apart, or neighbouring ones would judge the same sales; weeks in which the product ran out of stock
    are left out. O(rows + series × days).
    """
    weeks = forecasts.filter(pc.and_(pc.equal(forecasts["step"], "week"), pc.equal(forecasts["horizon"], 1)))
    weeks = weeks.filter(pc.equal(weeks["method"], JUDGED))
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
    """The verdict on judged forecasts: whether each quantile holds its share of the weeks.

    Sales are counts. Of a product that sells nothing in three weeks of four, nothing sold is right at the median and at the lower end at
    once, so the share of weeks at or below a quantile lies above its level even for a perfect forecast, and the share below it under it.
    A level has to lie between these two shares, which are those of the randomised probability integral transform with all ties counted
    below and all counted above (Czado, Gneiting & Held 2009, *Predictive model assessment for count data*, Biometrics 65), or miss them by
    no more than ``QUANTILES`` allow. Quantiles are rounded first: nobody sells a part of a unit.
    """
    if weeks.num_rows < LEAST:
        return Signal(True, f"too few forecasts of the model whose week is over to judge ({weeks.num_rows}); it needs ten weeks of orders")
    came, units = weeks["came"].to_numpy().astype(np.float64), weeks["units"].to_numpy()
    inside, error = coverage(came, weeks["units_low"].to_numpy(), weeks["units_high"].to_numpy()), weighted_error(came, units)
    values: dict[str, float | int | str] = {"coverage": inside, "wape": error}
    told, passed = [], True
    for column, level, allowed in QUANTILES:
        said = np.rint(weeks[column].to_numpy())
        below, up_to = float(np.mean(came < said)), float(np.mean(came <= said))
        miss = max(below - level, level - up_to, 0.0)
        values |= {f"below_{column}": below, f"up_to_{column}": up_to}
        told.append(f"{below:.0%} to {up_to:.0%} for {level:.0%}")
        passed = passed and miss <= allowed
    message = (
        f"{inside:.0%} of {weeks.num_rows} weeks within their 80 % interval; below, and at or below each quantile: {', '.join(told)}; "
        f"error {error:.0%} of what sold"
    )
    return Signal(passed, message, values)
