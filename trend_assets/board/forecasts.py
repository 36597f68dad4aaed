"""What a product will sell by the week, with its interval, beside what it sold: asked and drawn.

What belongs here: the question to the published warehouse and its chart. What doesn't: forecasting (``lib/demand``), the page
(``sections/trends.py``). By the week, because medians of places are added up: of a day most of them are zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import altair as alt

from trend_assets.board.charts import HEIGHT, units_axis, values_of
from trend_assets.board.data import Queryable, Row, ask_rows
from trend_assets.board.look import CURVE, SALES
from trend_assets.board.words import Language, text

WEEKS_SOLD = 8
"""Weeks up to the origin whose sales are shown; those since then are shown too, to compare with what was said."""


@dataclass(frozen=True)
class ProductForecast:
    """The newest forecast of a product by the model that was known on a day, over the places that have one.

    ``expected``: rows of ``day`` (that ends the week), ``low``, ``units``, ``high``. ``sold``: units at these places by the day that ends
    the week, of weeks that are over on the day asked for; weeks with a day without data of the retailer are absent.
    """

    origin: date
    places: int
    expected: tuple[Row, ...]
    sold: Mapping[date, int]
    simulated: bool


def product_forecast(warehouse: Queryable, product_id: str, day: date) -> ProductForecast | None:
    """The model's newest weekly forecast up to ``day``; None where there is none (baselines are only for comparison)."""
    rows = ask_rows(
        warehouse,
        """
        select day as origin, ends_on, sum(units) as units, sum(units_low) as low, sum(units_high) as high,
               count(distinct store_id) as places, max(data_origin) as data_origin
        from demand.demand_forecasts
        where product_id = ? and step = 'week' and method = 'global' and day <= ?
        group by day, ends_on qualify day = max(day) over () order by ends_on
        """,
        product_id,
        day,
    )
    if not rows:
        return None
    origin = rows[0]["origin"]
    sold = ask_rows(
        warehouse,
        """
        with places as (
            select distinct store_id from demand.demand_forecasts
            where product_id = ? and day = ? and method = 'global' and step = 'week'
        )
        select orders.day, sum(case when orders.product_id = ? and orders.kind = 'sale' and places.store_id is not null
                                    then orders.quantity else 0 end) as units
        from retail.orders as orders left join places on places.store_id = orders.store_id
        where orders.day > ? and orders.day <= ? group by orders.day
        """,
        product_id,
        origin,
        product_id,
        origin - timedelta(weeks=WEEKS_SOLD),
        day,
    )
    expected = tuple({"day": row["ends_on"], **{name: row[name] for name in ("low", "units", "high")}} for row in rows)
    return ProductForecast(
        origin,
        max(row["places"] for row in rows),
        expected,
        _by_week(origin, {row["day"]: int(row["units"]) for row in sold}, day),
        rows[0]["data_origin"] == "simulated",
    )


def _by_week(origin: date, sold: Mapping[date, int], last: date) -> dict[date, int]:
    """Units of each whole week of seven days with data, by the day that ends it; weeks end on the origin's weekday."""
    ends = [origin + timedelta(weeks=number) for number in range(1 - WEEKS_SOLD, (last - origin).days // 7 + 1)]
    weeks = {end: [sold[day] for day in (end - timedelta(days=number) for number in range(7)) if day in sold] for end in ends}
    return {end: sum(units) for end, units in weeks.items() if len(units) == 7}


def forecast_chart(language: Language, forecast: ProductForecast) -> alt.LayerChart:
    """Units sold by week, then what is expected: the median as a dashed line in the band that 80 % of weeks should lie in."""
    known = sorted(forecast.sold)
    weeks = [known[0] + timedelta(weeks=number) for number in range((known[-1] - known[0]).days // 7 + 1)] if known else []
    sold = [{"day": _noon(week), "units": forecast.sold.get(week)} for week in weeks]
    expected = [{**row, "day": _noon(row["day"])} for row in forecast.expected]
    x = alt.X("moment:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%d/%m", labelOverlap=True, grid=True))
    y = units_axis(language, "units", "sold_and_expected")
    tips = [
        alt.Tooltip("moment:T", title=text(language, "week_to"), format="%d/%m", formatType="time"),
        *(alt.Tooltip(f"{name}:Q", title=text(language, title), format=".1f") for name, title in
          (("units", "expected"), ("low", "expected_low"), ("high", "expected_high"))),
    ]  # fmt: skip
    said = alt.Chart(values_of(expected, "moment", "day"))
    band = said.mark_area(color=CURVE, opacity=0.25).encode(x=x, y=units_axis(language, "low", "sold_and_expected"), y2="high:Q")
    line = alt.Chart(values_of(sold, "moment", "day")).mark_line(color=SALES, point=alt.OverlayMarkDef(color=SALES, filled=True))
    layers = [band, line.encode(x=x, y=y), said.mark_line(color=CURVE, strokeDash=[5, 3], point=True).encode(x=x, y=y, tooltip=tips)]
    chart: alt.LayerChart = alt.LayerChart(layer=layers).properties(height=HEIGHT)
    return chart


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
