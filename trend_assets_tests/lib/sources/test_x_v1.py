from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trend_assets_tests.lib.sources.landed import PSEUDONYMS, decode, land, outcomes, posts, quarantine

STATUS = {
    "created_at": "Wed Sep 02 12:00:00 +0000 2026",
    "id": 1830000000000000001,
    "id_str": "1830000000000000001",
    "text": "Cut off #coa…",
    "user": {"id": 11, "id_str": "11", "screen_name": "Alice", "followers_count": 7},
    "entities": {
        "hashtags": [{"text": "Autumn", "indices": [0, 1]}],
        "user_mentions": [{"screen_name": "bob", "id": 12, "id_str": "12"}],
        "urls": [{"url": "https://t.co/a", "expanded_url": "https://shop.example/a"}],
        "media": [{"id_str": "9", "media_url_https": "https://img.example/1.jpg"}],
    },
    "retweet_count": 1,
    "favorite_count": 2,
    "lang": "fr",
    "place": {"country_code": "FR"},
    "matching_rules": [{"tag": "coats"}, {"tag": None}],
}


def test_a_status_becomes_one_row():
    [row] = posts("x-v1", STATUS)
    assert (row["post_id"], row["kind"], row["created_at"]) == ("1830000000000000001", "post", datetime(2026, 9, 2, 12, tzinfo=UTC))
    assert (row["author"], row["author_followers"], row["place"]) == (PSEUDONYMS.account_id("x", "11"), 7, "FR")
    assert (row["hashtags"], row["urls"], row["media"]) == (["autumn"], ["https://shop.example/a"], ["https://img.example/1.jpg"])
    assert (row["mentions"], row["matching_rules"]) == ([PSEUDONYMS.account_id("x", "12")], ["coats"])
    assert (row["repost_count"], row["like_count"], row["reply_count"], row["licence_class"]) == (1, 2, None, "x")


def test_the_same_account_and_post_have_the_same_names_in_both_versions_of_the_api():
    [old] = posts("x-v1", STATUS)
    [new] = posts("x", {"id": "1830000000000000001", "text": "a", "author_id": "11", "created_at": "2026-09-02T12:00:00Z"})
    assert (old["network"], old["post_id"], old["author"]) == (new["network"], new["post_id"], new["author"])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"full_text": "The whole text"}, "The whole text"),
        ({"truncated": True, "extended_tweet": {"full_text": "Even longer", "entities": {"hashtags": [{"text": "Long"}]}}}, "Even longer"),
        ({}, "Cut off #coa…"),
    ],
)
def test_the_full_text_is_found_wherever_this_vintage_puts_it(change, text):
    assert posts("x-v1", STATUS | change)[0]["text"] == text


def test_entities_follow_the_text_they_belong_to():
    extended = {"full_text": "Even longer", "entities": {"hashtags": [{"text": "Long"}]}}
    assert posts("x-v1", STATUS | {"extended_tweet": extended})[0]["hashtags"] == ["long"]


def test_reposts_quotes_and_replies():
    original = STATUS | {"id_str": "5", "user": {"id_str": "12"}, "full_text": "The original"}
    repost, quote, reply, both = posts(
        "x-v1",
        STATUS | {"id_str": "1", "retweeted_status": original},
        STATUS | {"id_str": "2", "quoted_status_id_str": "5", "quoted_status": original},
        STATUS | {"id_str": "3", "in_reply_to_status_id_str": "5", "in_reply_to_user_id": 12},
        STATUS | {"id_str": "4", "quoted_status_id": 5, "retweeted_status": original},
    )
    bob = PSEUDONYMS.account_id("x", "12")
    assert (repost["kind"], repost["text"], repost["reposted_post"], repost["reposted_author"]) == ("repost", "The original", "5", bob)
    assert (quote["kind"], quote["quoted_post"], quote["quoted_author"]) == ("quote", "5", bob)
    assert (reply["kind"], reply["in_reply_to_post"], reply["in_reply_to_author"]) == ("reply", "5", bob)
    assert (both["kind"], both["quoted_post"], both["repost_count"]) == ("repost", "5", None)


def test_notices_become_deletions():
    decoded = decode(
        land(
            "x-v1",
            {"delete": {"status": {"id": 5, "id_str": "5", "user_id": 11}, "timestamp_ms": "1788350400000"}},
            {"scrub_geo": {"user_id": 11, "user_id_str": "11", "up_to_status_id": 5}},
        )
    )
    rows = decoded.deletions.to_pylist()
    assert [(row["subject_kind"], row["subject"], row["action"]) for row in rows] == [
        ("post", "5", "delete"),
        ("location", PSEUDONYMS.account_id("x", "11"), "scrub_geo"),
    ]
    assert rows[0]["deleted_at"] == datetime(2026, 9, 2, 12, tzinfo=UTC)


def test_other_messages_are_ignored_by_kind_and_pages_of_the_search_split():
    decoded = decode(
        land("x-v1", {"limit": {"track": 5}}, {"id_str": "1", "screen_name": "a"}, {"statuses": [STATUS], "search_metadata": {}})
    )
    assert outcomes(decoded) == {"post": 1, "ignored limit": 1, "ignored user": 1}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"id_str": None, "id": 1.83e18}, ("invalid_id", "id '1.83e+18' is not an exact whole number")),
        ({"user": None}, ("missing_author", "user missing")),
        ({"user": {"screen_name": "a"}, "created_at": None}, ("missing_author", "user.id_str missing; created_at missing")),
        (
            {"created_at": "Wed Foo 02 12:00:00 +0000 2026"},
            ("unreadable_created_at", "created_at 'Wed Foo 02 12:00:00 +0000 2026' is not a time"),
        ),
        ({"text": None}, ("missing_text", "text missing")),
    ],
)
def test_a_refused_status_says_what_it_lacks(change, expected):
    assert quarantine("x-v1", STATUS | change) == [expected]
