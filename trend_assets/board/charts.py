"""The trend's curve beside orders and stock, on one time axis.

What belongs here: altair charts from plain rows. What doesn't: queries (``data.py``), pages (``sections/``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import altair as alt

from trend_assets.board.data import ProductDays
from trend_assets.board.lake_data import MissedPosts
from trend_assets.board.look import CURVE, MISSED, RAISED, SALES, STOCK
from trend_assets.board.words import Language, moment, text

HEIGHT = 150


def filled(curve: Sequence[Mapping[str, Any]], first: datetime, last: datetime) -> list[dict[str, Any]]:
    """Posts of every hour from ``first`` to ``last``: an hour in which the topic has no row had no posts."""
    known = {row["hour"]: row["posts"] for row in curve}
    hours = int((last - first) / timedelta(hours=1)) + 1
    return [{"hour": hour, "posts": known.get(hour, 0)} for hour in (first + timedelta(hours=n) for n in range(max(hours, 0)))]


def _days(first: datetime, last: datetime, values: Mapping[date, int]) -> list[dict[str, Any]]:
    """Each day with its value at noon, a day without data as null, so that a line breaks there instead of falling to zero."""
    days = [first.date() + timedelta(days=n) for n in range((last.date() - first.date()).days + 1)]
    return [{"day": datetime.combine(day, time(12), UTC), "units": values.get(day)} for day in days]


def trend_charts(
    language: Language,
    curve: Sequence[Mapping[str, Any]],
    raised: Sequence[datetime],
    products: ProductDays,
    first: datetime,
    last: datetime,
    missed: Sequence[MissedPosts] = (),
) -> list[alt.Chart | alt.LayerChart]:
    """Posts an hour with the moments of being raised; units sold a day; stock in the evening: to be put one above the other.

    first, last: ends of the common time axis (aware, UTC). Without linked products, or data of theirs, only the posts. missed: when posts
    may have been missed, shaded behind the curve.
    """
    posts = alt.Chart(values_of(filled(curve, first, last), "moment", "hour")).mark_area(
        line={"color": CURVE}, color=CURVE, opacity=0.3, interpolate="step-after"
    )
    layers = [
        *_shades(language, missed, first, last),
        posts.encode(x=_time(first, last), y=units_axis(language, "posts", "posts_per_hour")),
    ]
    if raised:
        marks = alt.Chart(values_of([{"hour": hour} for hour in raised], "moment", "hour"))
        layers.append(marks.mark_rule(color=RAISED, strokeDash=[4, 3], strokeWidth=2).encode(x=_time(first, last)))
    charts: list[Any] = [alt.layer(*layers).properties(height=HEIGHT)]
    for values, title, colour in ((products.sold, "sold_per_day", SALES), (products.stock, "stock_at_close", STOCK)):
        if values:
            line = alt.Chart(values_of(_days(first, last, values), "moment", "day")).mark_line(
                color=colour, point=alt.OverlayMarkDef(color=colour, filled=True)
            )
            encoded = line.encode(x=_time(first, last), y=units_axis(language, "units", title))
            charts.append(encoded.properties(height=HEIGHT))
    return charts


def _shades(language: Language, missed: Sequence[MissedPosts], first: datetime, last: datetime) -> list[alt.Chart]:
    """Bands over the whole height, each with what may be missing and why; nothing where all was collected."""
    rows = []
    for one in missed:
        begin, end = max(one.begin, first), min(one.end, last + timedelta(hours=1))
        if begin < end:
            told = f"{moment(language, one.begin)} – {moment(language, one.end)} · {one.network} · {text(language, f'gap_{one.reason}')}"
            rows.append({"hour": begin, "end": f"{end:%Y-%m-%dT%H:%M:%SZ}", "gap": told})
    if not rows:
        return []
    # An outline too: a gap of minutes is thinner than a pixel on an axis of weeks.
    bands = alt.Chart(values_of(rows, "moment", "hour")).mark_rect(color=MISSED, opacity=0.35, stroke=MISSED, strokeWidth=1)
    tooltip = alt.Tooltip("gap:N", title=text(language, "gap"))
    return [bands.encode(x=_time(first, last), x2=alt.X2("end:T"), tooltip=[tooltip])]


def _time(first: datetime, last: datetime) -> alt.X:
    scale = alt.Scale(domain=[_utc(first), _utc(last)], type="utc")
    return alt.X("moment:T", scale=scale, title=None, axis=alt.Axis(format="%d/%m", tickCount="day", labelOverlap=True, grid=True))


def units_axis(language: Language, column: str, title: str) -> alt.Y:
    """The vertical axis of a column of counts, titled above it."""
    # the same room for every chart's labels, so that the time axes lie under each other
    axis = alt.Axis(minExtent=44, maxExtent=44, tickMinStep=1, tickCount=4, titleFontWeight="bold", titleAngle=0, titleAlign="left",
                    titleAnchor="end", titleX=-40, titleY=-12)  # fmt: skip
    return alt.Y(f"{column}:Q", title=text(language, title), scale=alt.Scale(zero=True), axis=axis)


def _utc(moment: datetime) -> alt.DateTime:
    return alt.DateTime(year=moment.year, month=moment.month, date=moment.day, hours=moment.hour, utc=True)


def values_of(rows: Sequence[Mapping[str, Any]], name: str, column: str) -> alt.Data:
    """Rows as inline data, their time with its zone under ``name``: a browser in any time zone reads the same moment."""
    return alt.Data(
        values=[
            {**{key: value for key, value in row.items() if key != column}, name: row[column].strftime("%Y-%m-%dT%H:%M:%SZ")}
            for row in rows
        ]
    )
