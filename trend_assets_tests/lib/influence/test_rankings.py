"""Recency-decayed counts: what counts once, what is halved, and that a range equals hour by hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lib.influence.rankings import influencer_rankings
from trend_assets.tables import TABLES

START = datetime(2026, 9, 1, tzinfo=UTC)
TABLE = TABLES["influencers/interactions"]


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


def acts(*rows: tuple[float, str, str], topic: str | None = None, kind: str = "repost") -> pa.Table:
    """Rows of (hour, source, target)."""
    return TABLE.from_rows(
        {
            "created_at": START + timedelta(hours=at),
            "network": "x",
            "post_id": str(number),
            "kind": kind,
            "source_author": source,
            "target_author": target,
            "topic_id": topic,
        }
        for number, (at, source, target) in enumerate(rows)
    )


def stream(seed: int = 0, count: int = 4000, hours: int = 400) -> pa.Table:
    random = np.random.default_rng(seed)
    kinds = np.array(["repost", "quote", "reply", "mention"])[random.integers(0, 4, count)]
    topics = [f"t{number}" if number < 6 else None for number in random.integers(0, 12, count).tolist()]
    rows = pa.table(
        {
            "created_at": pa.array([START + timedelta(seconds=int(at)) for at in random.integers(0, hours * 3600, count)]),
            "network": pa.array(np.array(["x", "bluesky"])[random.integers(0, 2, count)].tolist()),
            "post_id": pa.array([str(number) for number in range(count)]),
            "kind": pa.array(kinds.tolist()),
            "source_author": pa.array([f"s{number}" for number in random.integers(0, 60, count)]),
            "target_author": pa.array([f"a{int(90 * number**3)}" for number in random.random(count)]),
            "topic_id": pa.array(topics, pa.string()),
        }
    )
    return TABLE.conform(rows)


def ranked(table: pa.Table, scope: str = "overall") -> list[tuple[str, float]]:
    return [(row["author"], row["score"]) for row in table.to_pylist() if row["scope"] == scope]


def test_acts_are_halved_every_half_life() -> None:
    data = acts((0.5, "s", "old"), (24.5, "s", "new"))
    assert ranked(influencer_rankings([hour(24)], interactions=data)) == [("new", 1.0), ("old", 0.5)]
    assert ranked(influencer_rankings([hour(24)], interactions=data, half_life_hours=12)) == [("new", 1.0), ("old", 0.25)]


def test_a_hundred_acts_of_one_source_in_an_hour_count_once() -> None:
    bot = [(0.1 + number / 1000, "bot", "pushed") for number in range(100)]
    result = influencer_rankings([hour(0)], interactions=acts(*bot, (0.2, "u", "liked"), (0.3, "v", "liked")))
    assert ranked(result) == [("liked", 2.0), ("pushed", 1.0)]
    pushed = result.to_pylist()[1]
    assert (pushed["interactions_24h"], pushed["amplifiers_24h"]) == (100, 1)
    assert pushed["reason"] == "100 interactions by 1 author in 24 hours, mostly reposts (100); score 1, halved every 24 hours"


def test_amplifiers_are_distinct_over_the_day_and_forgotten_after_it() -> None:
    data = acts((0.5, "u", "a"), (5.5, "u", "a"), (6.5, "v", "a"))
    rows = influencer_rankings([hour(6), hour(24), hour(31), hour(175)], interactions=data).to_pylist()
    assert [(row["hour"], row["interactions_24h"], row["amplifiers_24h"]) for row in rows] == [
        (hour(6), 3, 2),
        (hour(24), 2, 2),
        (hour(31), 0, 0),
    ]
    assert rows[2]["reason"].startswith("No interaction in 24 hours")


def test_a_range_equals_hour_by_hour_with_a_week_loaded() -> None:
    data = stream()
    hours = [hour(number) for number in range(150, 400, 7)]
    at_once = influencer_rankings(hours, interactions=data, top_overall=10)
    one_by_one = []
    for moment in hours:
        week = pc.and_(
            pc.greater_equal(data["created_at"], moment - timedelta(hours=168)), pc.less(data["created_at"], moment + timedelta(hours=1))
        )
        one_by_one.append(influencer_rankings([moment], interactions=data.filter(week), top_overall=10))
    assert at_once.num_rows > 500
    assert at_once.to_pylist() == pa.concat_tables(one_by_one).to_pylist()


def test_scores_match_a_plain_count() -> None:
    data, at = stream(1), 300
    expected: dict[tuple[str, str], float] = {}
    distinct = {
        (row["network"], row["target_author"], row["source_author"], int((row["created_at"] - START) / timedelta(hours=1)))
        for row in data.to_pylist()
    }
    for network, target, _, when in distinct:
        if at - 168 < when <= at:
            expected[network, target] = expected.get((network, target), 0.0) + 2 ** ((when - at) / 24)
    best = sorted(expected.items(), key=lambda item: (-round(item[1], 9), item[0]))[:50]
    rows = [row for row in influencer_rankings([hour(at)], interactions=data).to_pylist() if row["scope"] == "overall"]
    assert [(row["network"], row["author"]) for row in rows] == [key for key, _ in best]
    assert [row["score"] for row in rows] == pytest.approx([score for _, score in best])


def test_row_order_does_not_matter_and_ties_go_to_the_smaller_author() -> None:
    data = stream(2)
    shuffled = data.take(np.random.default_rng(0).permutation(data.num_rows))
    assert influencer_rankings([hour(200)], interactions=data).equals(influencer_rankings([hour(200)], interactions=shuffled))
    tied = acts((0.1, "s", "b"), (0.2, "s", "a"), (0.3, "s", "c"))
    assert ranked(influencer_rankings([hour(0)], interactions=tied, top_overall=2)) == [("a", 1.0), ("b", 1.0)]


def test_topics_rank_their_own_and_one_admirer_is_no_influence() -> None:
    data = acts((0.1, "u", "a"), (0.2, "v", "a"), (0.3, "u", "b"), topic="t")
    result = influencer_rankings([hour(0)], interactions=data, top_per_topic=5)
    assert ranked(result, "t") == [("a", 2.0)]
    assert ranked(result) == [("a", 2.0), ("b", 1.0)]
    assert influencer_rankings([hour(0)], interactions=data, top_overall=1, top_per_topic=0)["scope"].to_pylist() == ["overall"]


def test_keys_are_unique_and_ranks_count_from_one() -> None:
    rows = influencer_rankings([hour(100), hour(101)], interactions=stream(3)).to_pylist()
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault((row["hour"], row["scope"]), []).append(row)
    for group in groups.values():
        assert [row["rank"] for row in group] == list(range(1, len(group) + 1))
        assert len({(row["network"], row["author"]) for row in group}) == len(group)


def test_bad_input() -> None:
    assert influencer_rankings([hour(0)], interactions=TABLE.empty()).num_rows == 0
    assert influencer_rankings([], interactions=stream()).num_rows == 0
    assert influencer_rankings([hour(5000)], interactions=stream()).num_rows == 0
    with pytest.raises(ValueError, match="half_life"):
        influencer_rankings([hour(0)], interactions=stream(), half_life_hours=0)
