"""Hourly activity of topics: every post counts once."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from trend_assets.lib.topics.hours import topic_hours
from trend_assets.tables import TABLES
from trend_assets_tests.lib.topics.posts import clean_posts, hour_at


def activity() -> tuple[pa.Table, pa.Table]:
    rows = [
        {"post_id": "1", "author": "ann", "words": ["robe"], "language": "fr", "created_at": hour_at(0)},
        {"post_id": "2", "author": "ann", "words": ["dress"], "created_at": hour_at(0) + timedelta(minutes=59)},
        {"post_id": "3", "author": "bob", "words": ["dress"], "kind": "reply", "created_at": hour_at(0)},
        {"post_id": "4", "author": "eve", "words": ["dress"], "kind": "repost", "reposted_post": "2", "created_at": hour_at(0)},
        {"post_id": "5", "author": "eve", "words": ["dress"], "kind": "repost", "reposted_post": "2", "created_at": hour_at(1)},
        {"post_id": "6", "author": "eve", "words": ["storm"], "created_at": hour_at(1)},
        {"post_id": "7", "author": "dan", "words": ["nothing"], "created_at": hour_at(1)},
    ]
    topics = {"1": "a", "2": "a", "3": "a", "4": "a", "5": "a", "6": "b"}
    assignments = TABLES["topics/topic_assignments"].from_rows(
        {"post_id": row["post_id"], "network": "x", "created_at": row["created_at"], "topic_id": topics[row["post_id"]],
         "assigned_by": "cluster", "similarity": 1.0}
        for row in rows if row["post_id"] in topics
    )  # fmt: skip
    return clean_posts(rows), assignments


def test_posts_reposts_authors_and_languages_are_counted() -> None:
    posts, assignments = activity()
    table = topic_hours(posts, assignments, [hour_at(0), hour_at(1)])
    assert table.schema == TABLES["topics/topic_hours"].schema
    first, second, third = table.to_pylist()
    assert first == {
        "hour": hour_at(0), "topic_id": "a", "posts": 3, "reposts": 1, "authors": 2, "near_duplicate_groups": 2, "french_posts": 1,
        "english_posts": 2, "top_author_share": pytest.approx(2 / 3),
    }  # fmt: skip
    assert (second["topic_id"], second["posts"], second["reposts"], second["authors"], second["top_author_share"]) == ("a", 0, 1, 0, 0)
    assert (third["topic_id"], third["posts"], third["top_author_share"]) == ("b", 1, 1)


def test_a_range_is_the_sum_of_its_hours() -> None:
    posts, assignments = activity()
    whole = topic_hours(posts, assignments, [hour_at(0), hour_at(1)])
    singly = pa.concat_tables([topic_hours(posts, assignments, [hour_at(number)]) for number in range(2)])
    assert whole.equals(singly)


def test_no_post_no_row() -> None:
    posts, assignments = activity()
    assert topic_hours(posts, assignments, []).num_rows == 0
    assert topic_hours(posts.slice(0, 0), assignments.slice(0, 0), [hour_at(0)]).num_rows == 0
