"""Forecast tables: what is known of each product and place at the end of a day, and what they will sell.

What belongs here: declarations of ``demand/demand_features`` and ``demand/demand_forecasts``. What doesn't: how features are made
(``lib/demand/features``) and what forecasts them (``lib/demand/forecasts``).

Most features are multiples of ``scale``, the usual units a week, so that products of any size are alike.
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table

STEPS = ("day", "week")
METHODS = ("global", "moving_median", "seasonal_naive", "ets", "theta", "croston")

_ORDINALS = ("last", "second last", "third last", "fourth last", "fifth last", "sixth last", "seventh last", "eighth last")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_GROUPS = {"product": "the product over all places", "category": "the category", "all": "everything"}
_WINDOWS = {
    "1_on_8": "last week on the mean of eight",
    "4_on_8": "mean of four weeks on the mean of eight",
    "1_on_4": "last week on the mean of four",
}

FEATURES: dict[str, tuple[str, str]] = {
    **{f"units_week_{number + 1}": (f"Units of the {_ORDINALS[number]} seven days", "of scale") for number in range(8)},
    **{
        f"{name}_week_{number + 1}": (f"{meaning} of the {_ORDINALS[number]} seven days", unit)
        for number in range(3)
        for name, meaning, unit in (("trimmed", "Units without each day's largest line", "of scale"), ("lines", "Order lines", "count"))
    },
    "scale": ("Usual units a week: capped mean of eight weeks, at least 1", "units per week"),
    "geometric_4": ("Geometric mean of four weeks", "of scale"),
    "geometric_8": ("Geometric mean of eight weeks", "of scale"),
    "usual_lines_4": ("Order lines a week over four weeks, at the usual units a line", "of scale"),
    "usual_lines_13": ("Order lines a week over thirteen weeks, at the usual units a line", "of scale"),
    **{f"mean_{weeks}": (f"Mean week of the last {weeks}", "of scale") for weeks in (4, 8, 13)},
    "median_8": ("Median week of the last 8", "of scale"),
    "median_4": ("Median week of the last 4", "of scale"),
    "largest_8": ("Largest week of the last 8", "of scale"),
    "smallest_8": ("Smallest week of the last 8", "of scale"),
    "trimmed_4": ("Mean of four weeks without each day's largest line", "of scale"),
    "trimmed_8": ("Mean of eight weeks without each day's largest line", "of scale"),
    **{f"lines_{weeks}": (f"Order lines a week over {weeks} weeks", "count") for weeks in (4, 8, 13)},
    "empty_8": ("Share of the last 8 weeks without a sale", "share"),
    "units_a_line": ("Usual units of an order line", "units"),
    "since_sale": ("Days since the last sale, at most 91", "days"),
    "age": ("Days since the product was first known in the place, at most 91", "days"),
    "units_1d": ("Units of the day", "of scale"),
    "units_3d": ("Units of the last three days", "of scale"),
    **{
        f"{group}_{kind}_{window}": (f"Growth of {whose}: {'units' if kind == 'units' else 'order lines'}, {meaning}", "ratio")
        for group, whose in _GROUPS.items()
        for kind in ("units", "lines")
        for window, meaning in _WINDOWS.items()
    },
    **{f"weekday_{number + 1}": (f"Mean {name} of the last eight, times seven", "of scale") for number, name in enumerate(_WEEKDAYS)},
    "price": ("Last price paid, else listed", "currency unit"),
    "price_on_usual": ("That price on the median of eight weeks", "ratio"),
    "discount_now": ("Reduction of a promotion that runs", "share"),
    "promotion_left": ("Days the promotion goes on after today, as announced", "days"),
    "promotion_days_1": ("Days under promotion in the last seven", "days"),
    "promotion_days_8": ("Days under promotion in the last eight weeks", "days"),
    "weeks_of_stock": ("Stock at the end of the day", "of scale"),
    "out_of_stock_days_1": ("Days out of stock in the last seven", "days"),
    "out_of_stock_days_8": ("Days out of stock in the last eight weeks", "days"),
    "units_when_in_stock": ("Units a week, at the rate of the days with stock", "of scale"),
    "posts_1d": ("Posts of linked trends that day, log(1 + n)", "log"),
    "posts_7d": ("Posts of linked trends in seven days, log(1 + n)", "log"),
    "posts_growth": ("Change of that against the seven days before", "log"),
    "trend_score": ("Strongest link to a trend in seven days", "score"),
    "trend_days": ("Days since a linked trend was first seen, of the last 28; 0 without", "days"),
}
"""Features of an origin, in the order of ``lib/demand/features``: what each means and its unit."""

_day = Column("day", pa.date32(), "Origin: everything is as known at its end; decides the partition", "day")
_product_id = Column("product_id", pa.string(), "Product")
_store_id = Column("store_id", pa.string(), "Place")

DEMAND_FEATURES = Table(
    group="demand",
    name="demand_features",
    description="What is known of a product in a place at the end of the day, as numbers that a forecast can be learned from.",
    columns=(
        _day,
        _product_id,
        _store_id,
        *(Column(name, pa.float32(), meaning, unit, nullable=True) for name, (meaning, unit) in FEATURES.items()),
    ),
    key=("product_id", "store_id"),
    partition="day",
    time="day",
    layer="aggregate",
    retention_days=400,
    licence_class="aggregate",
)

DEMAND_FORECASTS = Table(
    group="demand",
    name="demand_forecasts",
    description="Units each product will sell in each place, by day and by week, with an 80 % interval, next to its baselines.",
    columns=(
        _day,
        _product_id,
        _store_id,
        Column("step", pa.string(), "What a row is of: a day, or seven days", allowed=STEPS),
        Column("method", pa.string(), "global: the model of all products; else a baseline", allowed=METHODS),
        Column("horizon", pa.int32(), "Steps after the origin, from 1", "step", minimum=1),
        Column("starts_on", pa.date32(), "First day of the step", "day"),
        Column("ends_on", pa.date32(), "Last day of the step", "day"),
        Column("units", pa.float64(), "Median of what is expected", "units", minimum=0),
        Column("units_low", pa.float64(), "Quantile 0.1; null where the method gives none", "units", nullable=True, minimum=0),
        Column("units_high", pa.float64(), "Quantile 0.9; null where the method gives none", "units", nullable=True, minimum=0),
        Column("trained_until", pa.date32(), "Last day the model had seen; null for baselines", "day", nullable=True),
        Column(
            "model_version",
            pa.int64(),
            "Version of the registered options (demand_model) the model was made with; 0: the code's, null: baselines",
            "number",
            nullable=True,
            minimum=0,
        ),
        Column("data_origin", pa.string(), "simulated where orders behind it are simulated", allowed=("real", "simulated")),
    ),
    key=("product_id", "store_id", "step", "method", "horizon"),
    partition="day",
    time="day",
    layer="aggregate",
    retention_days=400,
    licence_class="aggregate",
)

TABLES = (DEMAND_FEATURES, DEMAND_FORECASTS)
