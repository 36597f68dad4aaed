"""The curve is honest: an hour without posts is zero, a day without data of the retailer is a gap."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from trend_assets.board.charts import filled, trend_charts
from trend_assets.board.data import ProductDays

FIRST = datetime(2026, 9, 1, tzinfo=UTC)
LAST = FIRST + timedelta(days=2, hours=23)
CURVE = [{"hour": FIRST + timedelta(hours=5), "posts": 7}]


def values(chart) -> list[dict]:
    return chart.to_dict()["data"]["values"]


def test_hours_without_posts_are_zero():
    hours = filled(CURVE, FIRST, LAST)
    assert len(hours) == 72
    assert sum(row["posts"] for row in hours) == 7
    assert hours[5]["posts"] == 7


def test_a_day_without_data_of_the_retailer_is_a_gap_and_all_charts_share_one_time_axis():
    products = ProductDays({date(2026, 9, 1): 4, date(2026, 9, 3): 0}, {date(2026, 9, 2): 50}, simulated=False)
    posts, sold, stock = trend_charts("en", CURVE, [FIRST + timedelta(hours=5)], products, FIRST, LAST)
    assert [row["units"] for row in values(sold)] == [4, None, 0]
    assert [row["units"] for row in values(stock)] == [None, 50, None]
    domains = [chart.to_dict()["encoding"]["x"]["scale"]["domain"] for chart in (sold, stock)]
    domains.append(posts.to_dict()["layer"][0]["encoding"]["x"]["scale"]["domain"])
    assert domains[0] == domains[1] == domains[2]
    assert values(sold)[0]["moment"] == "2026-09-01T12:00:00Z"


def test_without_products_there_is_only_the_curve():
    assert len(trend_charts("fr", CURVE, [], ProductDays({}, {}, simulated=False), FIRST, LAST)) == 1
