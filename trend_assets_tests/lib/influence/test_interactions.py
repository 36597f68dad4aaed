"""Acts of attention from posts."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from trend_assets.lib.influence.interactions import interactions
from trend_assets.tables import TABLES

AT = datetime(2026, 9, 1, 10, 20, tzinfo=UTC)


def posts(*rows: dict) -> pa.Table:
    columns = ("post_id", "network", "author", "created_at", "mentions", "reposted_author", "quoted_author", "in_reply_to_author")
    schema = TABLES["social/clean_posts"].schema
    filled = [
        {"network": "x", "author": "me", "created_at": AT, "mentions": [], "post_id": str(number), **row} for number, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(filled, schema=pa.schema([schema.field(name) for name in columns]))


def assigned(**topics: str) -> pa.Table:
    pairs = [(name.removeprefix("p"), topic) for name, topic in topics.items()]
    strings = [pa.array(values, pa.string()) for values in ([p for p, _ in pairs], ["x"] * len(pairs), [t for _, t in pairs])]
    return pa.table(strings, names=["post_id", "network", "topic_id"])


def acts(*rows: dict, **topics: str) -> list[tuple]:
    return [
        (row["post_id"], row["kind"], row["target_author"], row["topic_id"])
        for row in interactions(posts(*rows), assigned(**topics)).to_pylist()
    ]


def test_each_kind_and_the_topic_of_its_post() -> None:
    found = acts({"reposted_author": "a"}, {"quoted_author": "b"}, {"in_reply_to_author": "c"}, {"mentions": ["d"]}, p0="t", p3="u")
    assert found == [("0", "repost", "a", "t"), ("1", "quote", "b", None), ("2", "reply", "c", None), ("3", "mention", "d", "u")]


def test_a_mention_of_the_account_answered_or_quoted_is_not_counted_twice() -> None:
    assert acts({"in_reply_to_author": "a", "quoted_author": "b", "mentions": ["a", "c", "c", "b"]}) == [
        ("0", "mention", "c", None),
        ("0", "quote", "b", None),
        ("0", "reply", "a", None),
    ]


def test_mentions_inside_a_repost_are_the_words_of_its_author() -> None:
    assert acts({"reposted_author": "a", "mentions": ["a", "b"]}) == [("0", "repost", "a", None)]


def test_nobody_interacts_with_themselves_or_with_no_name() -> None:
    assert acts({"in_reply_to_author": "me", "mentions": ["me", ""]}) == []


def test_order_of_posts_does_not_matter_and_the_same_id_on_two_networks_is_two_posts() -> None:
    data = posts({"post_id": "7", "mentions": ["a"]}, {"post_id": "7", "network": "bluesky", "mentions": ["b"]}, {"mentions": ["c", "d"]})
    first = interactions(data, assigned(p7="t"))
    assert first.equals(interactions(data.take([2, 1, 0]), assigned(p7="t")))
    assert {row["network"]: row["topic_id"] for row in first.to_pylist() if row["post_id"] == "7"} == {"x": "t", "bluesky": None}


def test_empty_input() -> None:
    assert interactions(posts(), assigned()).num_rows == 0
    assert interactions(posts({}), assigned()).schema.equals(TABLES["influencers/interactions"].schema)
