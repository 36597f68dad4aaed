"""The curve is honest: an hour without posts is zero, a day without data of the retailer is a gap."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from trend_assets.board.charts import filled, trend_charts
from trend_assets.board.data import ProductDays
from trend_assets.board.lake_data import MissedPosts, missed_posts
from trend_assets.collect.gaps import GapLedger
from trend_assets.collect.source import Gap
from trend_assets.lake.lake import Lake

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


NOTHING = ProductDays({}, {}, simulated=False)


def test_what_may_be_missing_is_shaded_with_its_reason_behind_the_curve_and_only_within_the_axis():
    missed = [
        MissedPosts("x", "budget", FIRST - timedelta(hours=5), FIRST + timedelta(hours=2)),
        MissedPosts("bluesky", "stall", LAST + timedelta(hours=3), LAST + timedelta(hours=4)),
    ]
    [posts] = trend_charts("en", CURVE, [], NOTHING, FIRST, LAST, missed)
    band, curve = posts.to_dict()["layer"]
    [row] = band["data"]["values"]
    assert (row["moment"], row["end"]) == ("2026-09-01T00:00:00Z", "2026-09-01T02:00:00Z")
    assert "x" in row["gap"]
    assert "budget used up" in row["gap"]
    assert band["mark"]["type"] == "rect"
    assert [one["field"] for one in band["encoding"]["tooltip"]] == ["gap"]
    assert band["encoding"]["x"]["scale"] == curve["encoding"]["x"]["scale"]
    assert len(trend_charts("fr", CURVE, [], NOTHING, FIRST, LAST)[0].to_dict()["layer"]) == 1


def test_pieces_of_one_interruption_are_one_band_and_what_was_filled_is_none(tmp_path):
    lake = Lake(str(tmp_path))
    ledger = GapLedger(lake, "x", "x")
    ledger.record([Gap(FIRST + timedelta(minutes=5 * n), FIRST + timedelta(minutes=5 * n + 5), "stall") for n in range(6)])
    ledger.record([Gap(FIRST + timedelta(hours=4), FIRST + timedelta(hours=5), "budget")])
    ledger.backfilled(ledger.to_backfill(FIRST + timedelta(hours=3)))
    assert missed_posts(lake, FIRST, LAST) == [MissedPosts("x", "stall", FIRST, FIRST + timedelta(minutes=30))]
