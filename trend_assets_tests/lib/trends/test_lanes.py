"""Brand words in posts, and the hourly inputs of the ranking."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from trend_assets.lib.trends.lanes import brand_counts, hour_volumes

AT = datetime(2026, 9, 1, 10, 20, tzinfo=UTC)
HOUR = AT.replace(minute=0)


def posts(texts: list[str], kinds: list[str] | None = None, hashtags: list[list[str]] | None = None) -> pa.Table:
    count = len(texts)
    return pa.table(
        {
            "post_id": pa.array([str(number) for number in range(count)], pa.string()),
            "network": pa.array(["x"] * count, pa.string()),
            "created_at": pa.array([AT] * count, pa.timestamp("us", "UTC")),
            "kind": pa.array(kinds or ["post"] * count, pa.string()),
            "tokens": pa.array([text.split() for text in texts], pa.list_(pa.string())),
            "hashtags": pa.array(hashtags or [[]] * count, pa.list_(pa.string())),
            "matching_rules": pa.array([["rule"]] * count, pa.list_(pa.string())),
        }
    )


def assigned(count: int) -> pa.Table:
    return pa.table(
        {"post_id": pa.array([str(number) for number in range(count)], pa.string()), "network": ["x"] * count, "topic_id": ["t"] * count}
    )


def named(data: pa.Table, terms: list[str], **options: bool) -> int:
    counted = brand_counts(data, assigned(data.num_rows), terms, **options).to_pylist()
    return counted[0]["brand_posts"] if counted else 0


def test_words_phrases_and_joined_hashtags_name_a_brand() -> None:
    data = posts(["i love maison lune so", "maison noire lune", "lune", "nothing"], hashtags=[[], [], ["maisonlune"], []])
    assert named(data, ["Maison  Lune"]) == 2
    assert named(data, ["lune"]) == 3
    assert named(data, []) == 0
    assert named(data, [], matched_rules=True) == 4


def test_a_phrase_does_not_run_over_from_one_post_to_the_next() -> None:
    assert named(posts(["my maison", "lune rises"]), ["maison lune"]) == 0


def test_reposts_and_posts_without_topic_do_not_count() -> None:
    data = posts(["lune", "lune", "lune"], kinds=["post", "repost", "reply"])
    assert brand_counts(data, assigned(1), ["lune"]).to_pylist() == [{"hour": HOUR, "topic_id": "t", "posts": 1, "brand_posts": 1}]
    assert hour_volumes(data).to_pylist() == [{"hour": HOUR, "posts": 2}]


def test_empty_tables() -> None:
    nothing = posts([])
    assert brand_counts(nothing, assigned(0), ["lune"]).num_rows == 0
    assert hour_volumes(nothing).num_rows == 0
