"""What no product answers is listed with its reason and with what comes nearest; what is linked or suppressed is not."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa

from trend_assets.lib.demand.links import link_day
from trend_assets.lib.demand.unserved import UNSERVED, unserved_trends
from trend_assets_tests.lib.demand.test_links import PRODUCTS, posts

DAY = date(2026, 9, 5)
RAISED = datetime(2026, 9, 5, 9, tzinfo=UTC)


def trends(rows: list[tuple[str, int, float, bool]]) -> pa.Table:
    """Rows of trends: topic, hour, score, suppressed."""
    return pa.table(
        {
            "hour": pa.array([RAISED.replace(hour=hour) for _, hour, _, _ in rows], pa.timestamp("us", tz="UTC")),
            "topic_id": pa.array([topic for topic, _, _, _ in rows], pa.string()),
            "label": pa.array([f"{topic} at {hour}" for topic, hour, _, _ in rows], pa.string()),
            "lane": pa.array(["lifestyle"] * len(rows), pa.string()),
            "stage": pa.array(["rising" if hour < 12 else "peak" for _, hour, _, _ in rows], pa.string()),
            "score": pa.array([score for _, _, score, _ in rows], pa.float64()),
            "suppressed": pa.array([suppressed for _, _, _, suppressed in rows], pa.bool_()),
            "first_raised_at": pa.array([RAISED] * len(rows), pa.timestamp("us", tz="UTC")),
        }
    )


TALK = posts(
    {
        "dress": ["linen wrap dress", "wrap dress in linen"] * 10,
        "swimming": ["cold swimming at dawn", "swimming in cold water"] * 10,
        "lamps": ["a lamp for reading in bed", "which lamp", "lamp lamp lamp", "the lamp is lit"] * 6,
    }
)
TALK = TALK.append_column("language", pa.array(["fr" if number % 3 == 0 else "en" for number in range(TALK.num_rows)]))


def unserved(raised: pa.Table, products: pa.Table = PRODUCTS, talk: pa.Table = TALK) -> list[dict]:
    shown = raised.filter(pa.compute.invert(raised["suppressed"]))
    found = link_day(shown, talk, products, DAY)
    table = unserved_trends(raised, found.links, found.nearest, talk, DAY)
    assert table.equals(UNSERVED.conform(table))
    return table.to_pylist()


def test_trends_without_a_product_are_listed_strongest_first_with_their_reason() -> None:
    rows = unserved(
        trends([("dress", 9, 9.0, False), ("swimming", 9, 2.0, False), ("swimming", 13, 5.0, False), ("lamps", 10, 3.0, False)])
    )
    assert [(row["topic_id"], row["rank"]) for row in rows] == [("swimming", 1), ("lamps", 2)]
    swimming, lamps = rows
    assert (swimming["label"], swimming["score"], swimming["hours_raised"], swimming["stage"]) == ("swimming at 13", 5.0, 2, "peak")
    assert (swimming["why"], swimming["posts"]) == ("no_shared_words", 20)
    assert (swimming["language"], swimming["languages"]) == ("en", ["en", "fr"])
    assert swimming["category"] is None
    assert swimming["nearest_product_id"] is None
    assert lamps["why"] in {"too_weak", "other_meaning", "too_many_products"}
    assert (lamps["category"], lamps["product_type"]) == ("all", "lamp")
    assert lamps["nearest_product_id"] in {f"P{item:02d}-{colour}" for item in (2, 3) for colour in ("Sage", "Rust", "Navy", "Plum")}
    assert lamps["nearest_similarities"] == sorted(lamps["nearest_similarities"], reverse=True)


def test_suppressed_trends_are_not_what_a_buyer_looks_for() -> None:
    assert unserved(trends([("swimming", 9, 2.0, True)])) == []


def test_no_trends_no_products_and_no_posts_are_answers() -> None:
    assert unserved(trends([])) == []
    (row,) = unserved(trends([("dress", 9, 1.0, False)]), products=PRODUCTS.slice(0, 0))
    assert (row["why"], row["nearest_product_ids"]) == ("no_shared_words", [])
    (silent,) = unserved(trends([("dress", 9, 1.0, False)]), talk=TALK.slice(0, 0))
    assert (silent["why"], silent["posts"], silent["language"]) == ("too_few_posts", 0, None)
