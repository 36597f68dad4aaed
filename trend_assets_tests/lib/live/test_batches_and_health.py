"""The counting identity of a micro-batch, the comparison at sealing, and the live lane's own signals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.live import health
from trend_assets.lib.live.batches import BatchCounts, new_posts, of_hour, outcome_counts
from trend_assets.lib.live.sealing import confirmation, rank_correlation, sealing_changes
from trend_assets.tables import TABLES
from trend_assets_tests.lib.topics.posts import clean_posts, hour_at

HOUR = datetime(2026, 9, 5, 10, tzinfo=UTC)


def trends(scores: dict[str, float], path: str = "topics/trends", suppressed: tuple[str, ...] = ()) -> pa.Table:
    common = {
        "hour": HOUR, "label": "a label", "keywords": [], "stage": "rising", "lane": "lifestyle", "burst_z": 1.0, "p_value": 0.0,
        "q_value": 0.0, "posts": 9,
        "expected_posts": 1.0, "authors": 9, "posts_24h": 9, "authors_24h": 9, "growth_6h": 1.0, "exemplar_posts": [],
        "first_raised_at": HOUR, "reason": "why", "as_of": HOUR + timedelta(minutes=59), "provisional": True, "counted_from": HOUR,
        "counted_to": HOUR + timedelta(hours=1), "newest_post_at": HOUR, "new_topic": False,
    }  # fmt: skip
    rows = [
        common | {"topic_id": topic, "score": score, "rank": rank, "suppressed": topic in suppressed}
        for rank, (topic, score) in enumerate(scores.items(), start=1)
    ]
    return TABLES[path].from_rows(rows)


def rankings(authors: list[str], path: str = "influencers/influencer_rankings") -> pa.Table:
    common = {
        "hour": HOUR, "scope": "overall", "network": "x", "score": 1.0, "half_life_hours": 24.0, "interactions_24h": 1, "amplifiers_24h": 1,
        "reason": "why", "as_of": HOUR, "provisional": True, "rate": 0.1, "rate_low": 0.1, "rate_high": 0.1, "page_rank": 0.1,
        **dict.fromkeys(("count_1h", "count_6h", "count_24h", "count_7d", "outlook_1h", "outlook_6h", "outlook_24h"), 1.0),
    }  # fmt: skip
    return TABLES[path].from_rows([common | {"author": author, "rank": rank} for rank, author in enumerate(authors, start=1)])


def compare(live: pa.Table, sealed: pa.Table, live_authors: list[str], sealed_authors: list[str]) -> dict:
    return sealing_changes(
        HOUR,
        live_posts=90,
        sealed_posts=100,
        live_trends=live,
        trends=sealed,
        live_rankings=rankings(live_authors, "influencers/live_rankings"),
        rankings=rankings(sealed_authors),
    ).to_pylist()[0]


def test_sealing_counts_what_was_confirmed_what_was_missed_and_how_the_order_moved():
    live = trends({"a": 9.0, "b": 5.0, "c": 3.0, "gone": 1.0}, "topics/live_trends")
    sealed = trends({"b": 9.0, "a": 8.0, "c": 1.0, "late": 0.5, "hidden": 0.1}, suppressed=("hidden",))
    row = compare(live, sealed, ["u", "v"], ["v", "w"])
    assert (row["topics_raised_live"], row["topics_raised_sealed"], row["topics_raised_both"]) == (4, 4, 3)
    assert (row["confirmed_share"], row["found_share"], row["top_20_overlap"]) == (0.75, 0.75, 0.75)
    assert row["score_rank_correlation"] == pytest.approx(0.5)
    assert row["influencers_top_20_overlap"] == 0.5
    assert "90 of 100 posts were live; of 4 topics raised live 3 were confirmed, 1 were raised only at sealing" in row["summary"]


def test_where_nothing_was_raised_shares_are_unknown_not_zero():
    row = compare(trends({}, "topics/live_trends"), trends({}), ["u"], [])
    assert row["topics_raised_live"] == 0
    assert [row[name] for name in ("live_as_of", "confirmed_share", "found_share", "score_rank_correlation", "top_20_overlap")] == [
        None
    ] * 5


def test_confirmation_warns_when_most_of_what_was_raised_was_not_confirmed():
    def changes(both: int) -> pa.Table:
        live = trends({f"t{number}": 20.0 - number for number in range(12)}, "topics/live_trends")
        sealed = trends({f"t{number}": 20.0 - number for number in range(both)})
        return TABLES["topics/sealing_changes"].from_rows([compare(live, sealed, [], [])])

    assert not confirmation(changes(4)).passed
    assert confirmation(changes(9)).passed
    assert confirmation(changes(9)).figures["raised_both"] == 9
    assert confirmation(TABLES["topics/sealing_changes"].empty()).passed


def test_rank_correlation_shares_ranks_of_ties_and_says_nothing_of_a_constant():
    assert rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 90.0])) == pytest.approx(1.0)
    assert rank_correlation(np.array([1.0, 2.0, 3.0, 4.0]), np.array([4.0, 3.0, 2.0, 1.0])) == pytest.approx(-1.0)
    assert rank_correlation(np.array([1.0, 1.0, 3.0]), np.array([2.0, 2.0, 2.0])) is None
    assert rank_correlation(np.array([1.0, 2.0]), np.array([1.0, 2.0])) is None


def test_a_post_counts_once_and_the_batch_balances():
    rows = [{"post_id": f"p{n}", "created_at": hour_at(n // 2), "words": ["a", "word"]} for n in range(4)]
    posts = clean_posts(rows)
    fresh = new_posts(posts, clean_posts(rows[:1]).select(["network", "post_id"]))
    assert fresh["post_id"].to_pylist() == ["p1", "p2", "p3"]
    assert of_hour(posts, hour_at(1))["post_id"].to_pylist() == ["p2", "p3"]
    counts = TABLES["social/landing_counts"].from_rows(
        [
            {"hour": HOUR, "landing_file": "f", "request_id": "r", "source": "x", "outcome": outcome, "detail": "", "records": records}
            for outcome, records in (("post", 3), ("repost", 1), ("ignored", 5))
        ]
    )
    batch = BatchCounts(outcome_counts(counts), added=3, known=1)
    assert (batch.records, batch.balanced) == (9, True)
    assert not BatchCounts(outcome_counts(counts), added=3, known=0).balanced


def test_signals_tell_what_is_wrong():
    rows = trends({"a": 1.0}, "topics/live_trends")
    assert health.all_provisional(rows).passed
    unmarked = rows.set_column(rows.schema.get_field_index("provisional"), "provisional", pa.array([False]))
    assert not health.all_provisional(unmarked).passed
    assert health.within_budget(health.BUDGET_SECONDS).passed
    assert not health.within_budget(health.BUDGET_SECONDS + 1).passed
    assert health.within_budget(None).passed  # a quiet quarter of an hour is not slow


def test_a_full_live_hour_far_below_the_same_hour_of_other_days_is_worth_a_look():
    sealed = {f"2026-09-0{day}-10:00": 1000 for day in range(1, 6)}
    assert not health.volume({"2026-09-06-10:00": 300, "2026-09-06-11:00": 5}, sealed).passed
    assert health.volume({"2026-09-06-10:00": 700, "2026-09-06-11:00": 5}, sealed).passed
    assert health.volume({"2026-09-06-11:00": 5}, sealed).passed  # only the hour under way: nothing to compare yet
