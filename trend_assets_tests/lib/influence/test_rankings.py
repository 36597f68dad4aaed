"""Rankings: what counts once, what is halved, what discounts, and that a range equals hour by hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lib.influence.past import RANKING_PAST
from trend_assets.lib.influence.rankings import influencer_rankings
from trend_assets.lib.trends.past import INTERACTION_PAST
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


def test_an_act_is_halved_every_half_life_to_the_second() -> None:
    data = acts((0.5, "s", "old"), (24.5, "s", "new"))
    (new, newest), (old, oldest) = ranked(influencer_rankings([hour(24)], interactions=data))
    assert (new, old) == ("new", "old")
    assert newest == pytest.approx(2 ** (-0.5 / 24), abs=1e-8)
    assert oldest == pytest.approx(newest / 2, abs=1e-8)
    row = influencer_rankings([hour(24)], interactions=data, half_life_hours=12).to_pylist()[1]
    assert row["score"] == pytest.approx(2 ** (-24.5 / 12), abs=1e-8)
    counts = [row[f"count_{name}"] for name in ("1h", "6h", "24h", "7d")]
    assert counts == pytest.approx([2 ** (-24.5 / half_life) for half_life in (1, 6, 24, 168)], abs=1e-8)


def test_a_source_counts_once_however_often_it_acts() -> None:
    repeated = [(0.1 + number / 1000, "busy", "repeated") for number in range(100)]
    result = influencer_rankings([hour(0)], interactions=acts(*repeated, (0.2, "u", "liked"), (0.3, "v", "liked")))
    assert [name for name, _ in ranked(result)] == ["liked", "repeated"]
    row = result.to_pylist()[1]
    assert (row["interactions_24h"], row["amplifiers_24h"]) == (100, 1)
    assert row["score"] == pytest.approx(2 ** (-(1 - 0.199) / 24), abs=1e-8)  # the latest act alone
    day_later = influencer_rankings([hour(24)], interactions=acts((0.2, "u", "a"), (0.3, "v", "a"), (24.3, "v", "a")))
    assert day_later["score"].to_pylist() == pytest.approx([2 ** (-24.8 / 24) + 2 ** (-0.7 / 24)], abs=1e-8)


def test_the_reason_names_what_put_the_author_there() -> None:
    data = acts((0.1, "u", "a"), (0.2, "v", "a"), (0.3, "v", "a"))
    rows = influencer_rankings([hour(0), hour(30)], interactions=data).to_pylist()
    assert rows[0]["reason"].startswith(
        "3 interactions by 2 authors in 24 hours, mostly reposts (3); authors counted once, halved every 24 hours: 2, so "
    )
    assert rows[0]["reason"].endswith(f"an hour, at least {round(rows[0]['rate_low'], 2):g} with 95 % certainty")
    assert rows[1]["reason"].startswith("No interaction in 24 hours, only earlier ones; authors counted once")


def test_the_rank_is_by_the_lower_bound_and_the_interval_holds_the_rate() -> None:
    table = influencer_rankings([hour(100)], interactions=stream())
    rows = [row for row in table.to_pylist() if row["scope"] == "overall"]
    bounds = [row["rate_low"] for row in rows]
    assert bounds == sorted(bounds, reverse=True)
    assert all(0 <= row["rate_low"] < row["rate"] < row["rate_high"] for row in rows)
    # Small counts are shrunk towards what is usual: relative to its count, a great count keeps more than a small one.
    kept = [row["rate"] / row["score"] for row in sorted(rows, key=lambda row: row["score"])]
    assert kept[0] > kept[-1]


def test_weights_discount_accounts_for_all_rankings_or_for_those_of_an_hour() -> None:
    data = acts((0.1, "one", "pushed"), (0.1, "two", "pushed"), (0.1, "u", "liked"), (0.1, "v", "liked"))
    weights = pa.table({"network": ["x", "x"], "author": ["one", "two"], "weight": [0.1, 0.1]})
    pushed = {row["author"]: row for row in influencer_rankings([hour(0)], interactions=data, weights=weights).to_pylist()}
    assert pushed["pushed"]["score"] == pytest.approx(pushed["liked"]["score"] / 10, abs=1e-8)
    assert pushed["pushed"]["rank"] == 2
    assert pushed["pushed"]["amplifiers_24h"] == 2
    of_another_hour = weights.append_column("hour", pa.array([hour(7)] * 2))
    same = influencer_rankings([hour(0)], interactions=data, weights=of_another_hour)
    assert same.equals(influencer_rankings([hour(0)], interactions=data))
    with pytest.raises(ValueError, match="weight"):
        influencer_rankings([hour(0)], interactions=data, weights=weights.set_column(2, "weight", pa.array([0.0, 1.0])))


def test_page_rank_is_of_the_whole_graph_of_the_week() -> None:
    # Both are acted towards by one account; the one behind "b" is itself acted towards by many.
    fans = [(0.1, f"fan{number}", "star") for number in range(5)]
    result = influencer_rankings([hour(0)], interactions=acts((0.1, "nobody", "a"), (0.1, "star", "b"), *fans))
    found = {row["author"]: row["page_rank"] for row in result.to_pylist()}
    assert found["b"] > found["star"] > found["a"] > 0
    assert sum(found.values()) < 1


def test_both_lanes_read_what_rankings_look_back_to() -> None:
    assert INTERACTION_PAST == RANKING_PAST


def test_outlooks_prefer_now_for_the_next_hour_and_the_steady_for_the_next_day() -> None:
    steady = [(number + 0.5, f"s{number}", "steady") for number in range(24)]
    burst = [(23.5 + number / 100, f"b{number}", "burst") for number in range(9)]
    rows = {row["author"]: row for row in influencer_rankings([hour(23)], interactions=acts(*steady, *burst)).to_pylist()}
    ahead = {name: rows["burst"][f"outlook_{name}"] / rows["steady"][f"outlook_{name}"] for name in ("1h", "24h")}
    assert ahead["1h"] > ahead["24h"]
    assert ahead["1h"] > 1


def test_amplifiers_are_distinct_over_the_day_and_forgotten_after_it() -> None:
    data = acts((0.5, "u", "a"), (5.5, "u", "a"), (6.5, "v", "a"))
    rows = influencer_rankings([hour(6), hour(24), hour(31), hour(175)], interactions=data).to_pylist()
    assert [(row["hour"], row["interactions_24h"], row["amplifiers_24h"]) for row in rows] == [
        (hour(6), 3, 2),
        (hour(24), 2, 2),
        (hour(31), 0, 0),
    ]


def test_a_range_equals_hour_by_hour_with_a_week_loaded() -> None:
    data = stream()
    hours = [hour(number) for number in range(150, 400, 31)]
    discounted = [(moment, network, f"s{number}") for moment in hours[::2] for network in ("x", "bluesky") for number in range(20)]
    weights = pa.table(
        [*map(pa.array, zip(*discounted, strict=True)), pa.array([0.25] * len(discounted))], ["hour", "network", "author", "weight"]
    )
    at_once = influencer_rankings(hours, interactions=data, weights=weights, top_overall=10)
    assert not at_once.equals(influencer_rankings(hours, interactions=data, top_overall=10))
    one_by_one = []
    for moment in hours:
        week = pc.and_(
            pc.greater_equal(data["created_at"], moment - RANKING_PAST), pc.less(data["created_at"], moment + timedelta(hours=1))
        )
        one_by_one.append(influencer_rankings([moment], interactions=data.filter(week), weights=weights, top_overall=10))
    assert at_once.num_rows > 100
    assert at_once.to_pylist() == pa.concat_tables(one_by_one).to_pylist()


def test_scores_match_a_plain_count() -> None:
    data, at = stream(1), 300
    latest: dict[tuple[str, str, str], datetime] = {}
    for row in data.to_pylist():
        if hour(at - 167) <= row["created_at"] < hour(at + 1):
            pair = row["network"], row["target_author"], row["source_author"]
            latest[pair] = max(row["created_at"], latest.get(pair, START))
    expected: dict[tuple[str, str], float] = {}
    for (network, target, _), when in latest.items():
        expected[network, target] = expected.get((network, target), 0.0) + 2 ** (-((hour(at + 1) - when) / timedelta(hours=24)))
    rows = [row for row in influencer_rankings([hour(at)], interactions=data, top_overall=1000).to_pylist() if row["scope"] == "overall"]
    found = {(row["network"], row["author"]): row["score"] for row in rows}
    assert found == pytest.approx(expected, abs=1e-6)


def test_row_order_does_not_matter_and_ties_go_to_the_smaller_author() -> None:
    data = stream(2)
    shuffled = data.take(np.random.default_rng(0).permutation(data.num_rows))
    assert influencer_rankings([hour(200)], interactions=data).equals(influencer_rankings([hour(200)], interactions=shuffled))
    tied = acts((0.1, "s", "b"), (0.1, "s", "a"), (0.1, "s", "c"))
    assert [name for name, _ in ranked(influencer_rankings([hour(0)], interactions=tied, top_overall=2))] == ["a", "b"]


def test_topics_rank_their_own_and_one_admirer_is_no_influence() -> None:
    data = acts((0.1, "u", "a"), (0.2, "v", "a"), (0.3, "u", "b"), topic="t")
    result = influencer_rankings([hour(0)], interactions=data, top_per_topic=5)
    assert [name for name, _ in ranked(result, "t")] == ["a"]
    assert [name for name, _ in ranked(result)] == ["a", "b"]
    assert influencer_rankings([hour(0)], interactions=data, top_overall=1, top_per_topic=0)["scope"].to_pylist() == ["overall"]


def test_keys_are_unique_and_ranks_count_from_one() -> None:
    rows = influencer_rankings([hour(100), hour(101)], interactions=stream(3)).to_pylist()
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault((row["hour"], row["scope"]), []).append(row)
    for group in groups.values():
        assert [row["rank"] for row in group] == list(range(1, len(group) + 1))
        assert len({(row["network"], row["author"]) for row in group}) == len(group)


def test_acts_after_the_hour_change_nothing() -> None:
    data = stream(4)
    known = data.filter(pc.less(data["created_at"], hour(301)))
    assert influencer_rankings([hour(300)], interactions=data).equals(influencer_rankings([hour(300)], interactions=known))


def test_bad_input() -> None:
    assert influencer_rankings([hour(0)], interactions=TABLE.empty()).num_rows == 0
    assert influencer_rankings([], interactions=stream()).num_rows == 0
    assert influencer_rankings([hour(5000)], interactions=stream()).num_rows == 0
    with pytest.raises(ValueError, match="half_life"):
        influencer_rankings([hour(0)], interactions=stream(), half_life_hours=0)
