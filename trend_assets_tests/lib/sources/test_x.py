from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from trend_assets_tests.lib.sources.landed import PSEUDONYMS, RECEIVED, decode, land, outcomes, posts, quarantine

USER = {"id": "11", "username": "Alice", "public_metrics": {"followers_count": 7}}
POST = {
    "id": "1830000000000000001",
    "text": "New #Autumn coats @bob https://t.co/a",
    "author_id": "11",
    "created_at": "2026-09-02T12:00:00.000Z",
    "lang": "en",
    "entities": {
        "hashtags": [{"start": 4, "end": 11, "tag": "Autumn"}],
        "mentions": [{"start": 18, "end": 22, "username": "Bob"}],
        "urls": [{"url": "https://t.co/a", "expanded_url": "https://shop.example/coats", "display_url": "shop.example/coats"}],
    },
    "public_metrics": {"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4, "impression_count": 5},
}
ORIGINAL = {"id": "1830000000000000000", "text": "The whole text of the original #Coats", "author_id": "12"}
OTHER = {"id": "12", "username": "bob", "public_metrics": {"followers_count": 900}}


def page(*data, **more):
    return {"data": list(data), "includes": {"users": [USER, OTHER], "tweets": [ORIGINAL]}, "meta": {"result_count": len(data)}} | more


def test_a_post_of_a_page_becomes_one_row():
    [row] = posts("x", page(POST))
    assert row["post_id"] == "1830000000000000001"
    assert row["kind"] == "post"
    assert row["author"] == PSEUDONYMS.account_id("x", "11")
    assert row["created_at"] == datetime(2026, 9, 2, 12, tzinfo=UTC)
    assert row["captured_at"] == RECEIVED
    assert row["hashtags"] == ["autumn"]
    assert row["urls"] == ["https://shop.example/coats"]
    assert row["author_followers"] == 7
    assert [row[f"{name}_count"] for name in ("repost", "reply", "like", "quote", "view")] == [1, 2, 3, 4, 5]
    assert (row["network"], row["source"], row["licence_class"], row["request_id"]) == ("x", "x", "x", "test/1")


def test_a_mention_is_resolved_to_the_account_by_the_includes():
    [resolved] = posts("x", page(POST))
    [by_handle] = posts("x", POST)
    assert resolved["mentions"] == [PSEUDONYMS.account_id("x", "12")]
    assert by_handle["mentions"] == [PSEUDONYMS.handle("x", "bob")]


@pytest.mark.parametrize(("reference", "kind"), [("retweeted", "repost"), ("quoted", "quote"), ("replied_to", "reply")])
def test_references_decide_the_kind_and_name_post_and_author(reference, kind):
    [row] = posts("x", page(POST | {"referenced_tweets": [{"type": reference, "id": ORIGINAL["id"]}]}))
    column = {"repost": "reposted", "quote": "quoted", "reply": "in_reply_to"}[kind]
    assert row["kind"] == kind
    assert row[f"{column}_post"] == ORIGINAL["id"]
    assert row[f"{column}_author"] == PSEUDONYMS.account_id("x", "12")


def test_a_repost_shows_the_full_original_and_not_its_counts():
    [row] = posts("x", page(POST | {"text": "RT @bob: The whole te…", "referenced_tweets": [{"type": "retweeted", "id": ORIGINAL["id"]}]}))
    assert row["text"] == ORIGINAL["text"]
    assert row["hashtags"] == ["coats"]
    assert row["repost_count"] is None


def test_repost_wins_over_quote_and_quote_over_reply():
    references = [{"type": kind, "id": ORIGINAL["id"]} for kind in ("replied_to", "quoted", "retweeted")]
    assert [posts("x", page(POST | {"referenced_tweets": references[:count]}))[0]["kind"] for count in (1, 2, 3)] == [
        "reply",
        "quote",
        "repost",
    ]


def test_a_stream_line_brings_its_rules_and_includes():
    line = {"data": POST, "includes": {"users": [USER]}, "matching_rules": [{"id": "5", "tag": "coats"}, {"id": "6", "tag": ""}]}
    [row] = posts("x", line)
    assert row["matching_rules"] == ["coats", "6"]
    assert row["author_followers"] == 7


def test_a_flattened_post_has_everything_inline():
    flat = POST | {
        "author": USER,
        "referenced_tweets": [{"type": "quoted", **ORIGINAL, "author": OTHER}],
        "attachments": {"media": [{"media_key": "3_1", "url": "https://img.example/1.jpg"}, {"media_key": "3_2"}]},
        "geo": {"place_id": "p", "id": "p", "country_code": "FR"},
        "__twarc": {"version": "2"},
    }
    [row] = posts("x", flat)
    assert (row["kind"], row["quoted_author"], row["author_followers"]) == ("quote", PSEUDONYMS.account_id("x", "12"), 7)
    assert row["media"] == ["https://img.example/1.jpg", "3_2"]
    assert row["place"] == "FR"


def test_media_and_places_come_from_the_includes_and_own_media_links_are_no_urls():
    link = {"url": "https://t.co/m", "expanded_url": "https://x.example/photo/1", "display_url": "pic.twitter.com/m"}
    post = POST | {"attachments": {"media_keys": ["3_1"]}, "geo": {"place_id": "p"}, "entities": {"urls": [link]}}
    includes = {
        "media": [{"media_key": "3_1", "type": "photo", "url": "https://img.example/1.jpg"}],
        "places": [{"id": "p", "country_code": "GB", "full_name": "London, England"}],
    }
    [row] = posts("x", {"data": [post], "includes": includes})
    assert (row["media"], row["place"], row["urls"]) == (["https://img.example/1.jpg"], "GB", [])


def test_a_later_version_of_an_edited_post_names_the_first():
    first, second = POST["id"], "1830000000000000009"
    rows = posts("x", page(POST | {"edit_history_tweet_ids": [first]}, POST | {"id": second, "edit_history_tweet_ids": [first, second]}))
    assert [(row["post_id"], row["edit_of"]) for row in rows] == [(first, None), (second, first)]


def test_a_long_post_is_read_in_full():
    [row] = posts("x", POST | {"note_tweet": {"text": "long " * 100, "entities": {"hashtags": [{"tag": "Long"}]}}})
    assert (row["text"], row["hashtags"]) == ("long " * 100, ["long"])


def test_ids_may_be_numbers_and_stay_exact_beyond_2_to_the_53():
    [row] = posts("x", POST | {"id": 1830000000000000001, "author_id": 11, "in_reply_to_user_id": 9007199254740993})
    assert row["post_id"] == "1830000000000000001"
    assert row["author"] == PSEUDONYMS.account_id("x", "11")
    assert row["in_reply_to_author"] == PSEUDONYMS.account_id("x", "9007199254740993")


def test_languages_that_are_none_are_null_and_replaced_codes_renewed():
    assert [posts("x", POST | {"lang": code})[0]["language_hint"] for code in ("fr", "und", "qme", "iw")] == ["fr", None, None, "he"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"created_at": None}, ("missing_created_at", "created_at missing")),
        ({"author_id": None, "created_at": None}, ("missing_author", "author_id missing; created_at missing")),
        ({"id": None, "lang": "en"}, ("missing_id", "id missing")),
        ({"text": None}, ("missing_text", "text missing")),
        ({"id": "12a"}, ("invalid_id", "id '12a' is not a number")),
        ({"created_at": "yesterday"}, ("unreadable_created_at", "Invalid RFC3339 encoded datetime - at `$.created_at`")),
        ({"text": 5}, ("invalid_field", "Expected `str | null`, got `int` - at `$.text`")),
        ({"id": 1.5e18}, ("invalid_id", "Expected `int | str | null`, got `float` - at `$.id`")),
        (
            {"created_at": "2006-03-21T20:50:14Z"},
            ("outside_lake_window", "created_at 2006-03-21T20:50:14Z is before the lake's start 2026-09-01T00:00:00Z"),
        ),
        (
            {"created_at": "2026-09-02T12:41:00Z"},
            ("outside_lake_window", "created_at 2026-09-02T12:41:00Z is more than ten minutes after receipt"),
        ),
    ],
)
def test_a_refused_post_says_what_it_lacks(change, expected):
    assert quarantine("x", POST | change) == [expected]


def test_a_refused_post_keeps_its_bytes():
    decoded = decode(land("x", b'{"text": "no id",  "author_id": "1"}'))
    assert decoded.quarantined_posts["original"].to_pylist() == [b'{"text": "no id",  "author_id": "1"}']


def test_objects_that_are_no_posts_are_ignored_by_kind():
    count = {"start": "2026-09-02T00:00:00Z", "end": "2026-09-02T01:00:00Z", "tweet_count": 7}
    listed = {"id": "1", "name": "a list", "owner_id": "2", "private": False}
    error = {"title": "Not Found Error", "detail": "gone", "resource_id": "1"}
    decoded = decode(
        land("x", page(POST, errors=[error, error]), {"data": [count]}, {"data": [listed, USER]}, {"meta": {"result_count": 0}})
    )
    assert outcomes(decoded) == {
        "post": 1,
        "ignored error": 2,
        "ignored count": 1,
        "ignored list": 1,
        "ignored user": 1,
        "ignored empty page": 1,
    }


def test_compliance_rows_and_events_become_deletions():
    event = {"event_at": "2026-09-02T11:00:00Z", "tweet": {"id": "1830000000000000005", "author_id": "11"}}
    decoded = decode(
        land(
            "x",
            {"id": "1830000000000000001", "action": "delete", "created_at": "2019-09-06T17:25:54.667Z", "reason": "deactivated"},
            {"id": "1482680858", "action": "delete", "created_at": "2013-06-04T16:25:04+00:00", "reason": "protected"},
            {"data": {"delete": event}},
            {"data": {"user_suspend": {"event_at": "2026-09-02T11:00:00Z", "user": {"id": "11"}}}},
            {"data": {"scrub_geo": {"event_at": "2026-09-02T11:00:00Z", "user": {"id": "11"}, "up_to_tweet_id": "5"}}},
        )
    )
    happened = datetime(2026, 9, 2, 11, tzinfo=UTC)
    alice = PSEUDONYMS.account_id("x", "11")
    columns = ("subject_kind", "subject", "action", "deleted_at")
    assert [tuple(row[name] for name in columns) for row in decoded.deletions.to_pylist()] == [
        ("post", "1830000000000000001", "deactivated", RECEIVED),
        ("account", PSEUDONYMS.account_id("x", "1482680858"), "protected", RECEIVED),
        ("post", "1830000000000000005", "delete", happened),
        ("account", alice, "user_suspend", happened),
        ("location", alice, "scrub_geo", happened),
    ]


def test_one_bad_item_of_a_page_does_not_harm_its_neighbours():
    text = b'{"data": [{"id": "1", "text": "half \\ud800"}, %s, {"id": {}, "text": NaN}], "includes": {"users": [5, {"id": "11"}]}}'
    decoded = decode(land("x", text % json.dumps(POST).encode()))
    assert outcomes(decoded) == {"post": 1, "quarantined invalid_encoding": 1, "quarantined not_json": 1}


def test_nothing_personal_is_left_readable():
    decoded = decode(land("x", page(POST | {"in_reply_to_user_id": "12"})))
    row = decoded.raw_posts.drop(["text", "urls"]).to_pylist()[0]
    assert "'11'" not in str(row)
    assert "'12'" not in str(row)
    assert "alice" not in str(row).lower()


def test_a_post_landed_under_another_lake_start_says_what_to_do():
    storage = land("x", POST | {"created_at": "2006-03-21T20:50:14Z"})
    decoded = decode(storage, lake_start=datetime(2006, 1, 1, tzinfo=UTC))
    assert decoded.quarantined_posts["reason"].to_pylist() == ["wrong_landing_hour"]
    assert decoded.quarantined_posts["detail"].to_pylist() == ["created_at belongs to hour 2006-03-21T20; ingest it again to land it there"]


def test_posts_under_xs_new_field_names_are_those_of_the_old_ones():
    import json

    import msgspec

    from trend_assets.lib.privacy.pseudonyms import Pseudonyms
    from trend_assets.lib.sources import edge
    from trend_assets.lib.sources.x import interpret
    from trend_assets.lib.sources.x_shapes import XBody, XIncludes

    def page(tweet: str, repost: str) -> bytes:
        post = {
            "id": "1234567891234567891", "author_id": "7", "created_at": "2026-09-10T12:00:00Z", "text": "RT @a: cut off …", "lang": "en",
            f"referenced_{tweet}s": [{"type": "retweeted", "id": "1234567891234567890"}], "public_metrics": {f"{repost}_count": 3},
            f"edit_history_{tweet}_ids": ["1234567891234567889", "1234567891234567891"],
        }  # fmt: skip
        original = {"id": "1234567891234567890", "author_id": "8", "text": "cut", f"note_{tweet}": {"text": "the whole of it"}}
        return json.dumps({"data": [post], "includes": {f"{tweet}s": [original]}}).encode()

    rows = []
    for text in (page("tweet", "retweet"), page("post", "repost")):
        record = next(iter(edge.records_of("x", text)))
        includes = msgspec.json.decode(record.includes, type=XIncludes)
        rows.append(interpret(record.kind, msgspec.json.decode(record.body, type=XBody), includes, Pseudonyms("key")))
    assert rows[0] == rows[1]
    assert (rows[1].kind, rows[1].text, rows[1].reposted_post) == ("repost", "the whole of it", "1234567891234567890")
    assert rows[1].edit_of == "1234567891234567889"
    assert [record.kind for record in edge.records_of("x", b'{"data":[{"start":"a","end":"b","post_count":3}]}')] == ["count"]


def test_the_query_that_found_a_post_is_its_matching_rule():
    import msgspec

    from trend_assets.lib.privacy.pseudonyms import Pseudonyms
    from trend_assets.lib.sources.x import interpret
    from trend_assets.lib.sources.x_shapes import XBody, XIncludes

    body = b'{"id":"1234567891234567891","author_id":"7","created_at":"2026-09-10T12:00:00Z","text":"a bag"}'
    includes = msgspec.json.decode(b'{"matching_rules":[{"tag":"bags"}],"sample":{"posts":300}}', type=XIncludes)
    row = interpret("post", msgspec.json.decode(body, type=XBody), includes, Pseudonyms("key"))
    assert row.matching_rules == ["bags"]
