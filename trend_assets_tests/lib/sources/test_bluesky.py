from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trend_assets_tests.lib.sources.landed import PSEUDONYMS, decode, land, outcomes, posts, quarantine

ALICE, BOB = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb"
POST = {"$type": "app.bsky.feed.post", "createdAt": "2026-09-02T12:00:00.123Z", "langs": ["fr", "en"], "text": "Un manteau #automne"}
OF_BOB = f"at://{BOB}/app.bsky.feed.post/3mbob"


def name(did):
    return PSEUDONYMS.account_id("bluesky", did)


def event(record, operation="create", collection="app.bsky.feed.post", rkey="3mabc"):
    commit = {"rev": "r", "operation": operation, "collection": collection, "rkey": rkey, "cid": "c"}
    return {"did": ALICE, "time_us": 1788350400123456, "kind": "commit", "commit": commit | ({"record": record} if record else {})}


def test_a_post_becomes_one_row_without_a_did_in_it():
    [row] = posts("bluesky", event(POST))
    assert (row["post_id"], row["author"]) == (f"{name(ALICE)}/3mabc", name(ALICE))
    assert (row["kind"], row["language_hint"], row["hashtags"]) == ("post", "fr", ["automne"])
    assert (row["network"], row["licence_class"], row["like_count"]) == ("bluesky", "bluesky", None)
    assert row["created_at"] == datetime(2026, 9, 2, 12, 0, 0, 123000, tzinfo=UTC)
    assert "did:plc" not in str(row)


def test_facets_embeds_and_tags():
    features = [
        {"$type": "app.bsky.richtext.facet#tag", "tag": "Automne"},
        {"$type": "app.bsky.richtext.facet#mention", "did": BOB},
        {"$type": "app.bsky.richtext.facet#link", "uri": "https://shop.example/a"},
    ]
    card = {"$type": "app.bsky.embed.external", "external": {"uri": "https://shop.example/card", "title": "a"}}
    [row] = posts("bluesky", event(POST | {"facets": [{"index": {}, "features": features}], "embed": card, "tags": ["Mode"]}))
    assert (row["hashtags"], row["mentions"]) == (["automne", "mode"], [name(BOB)])
    assert row["urls"] == ["https://shop.example/a", "https://shop.example/card"]


def test_images_and_videos_are_named_by_their_content():
    image = {"alt": "", "image": {"$type": "blob", "ref": {"$link": "bafyimage"}, "mimeType": "image/jpeg", "size": 1}}
    video = {"$type": "app.bsky.embed.video", "video": {"$type": "blob", "ref": {"$link": "bafyvideo"}}}
    with_images, with_video = posts(
        "bluesky",
        event(POST | {"embed": {"$type": "app.bsky.embed.images", "images": [image, image]}}),
        event(POST | {"embed": video}, rkey="3mabd"),
    )
    assert (with_images["media"], with_video["media"]) == (["bafyimage", "bafyimage"], ["bafyvideo"])


def test_replies_quotes_and_reposts_name_post_and_author():
    reference = {"cid": "c", "uri": OF_BOB}
    media_and_quote = {
        "$type": "app.bsky.embed.recordWithMedia",
        "record": {"$type": "app.bsky.embed.record", "record": reference},
        "media": {"$type": "app.bsky.embed.images", "images": [{"image": {"ref": {"$link": "bafy"}}}]},
    }
    reply, quote, both, repost = posts(
        "bluesky",
        event(POST | {"reply": {"parent": reference, "root": reference}}, rkey="1"),
        event(POST | {"embed": {"$type": "app.bsky.embed.record", "record": reference}}, rkey="2"),
        event(POST | {"embed": media_and_quote}, rkey="3"),
        event({"createdAt": "2026-09-02T12:00:00Z", "subject": reference}, collection="app.bsky.feed.repost", rkey="1"),
    )
    bobs = (f"{name(BOB)}/3mbob", name(BOB))
    assert (reply["kind"], reply["in_reply_to_post"], reply["in_reply_to_author"]) == ("reply", *bobs)
    assert (quote["kind"], quote["quoted_post"], quote["quoted_author"]) == ("quote", *bobs)
    assert (both["quoted_post"], both["media"]) == (bobs[0], ["bafy"])
    assert (repost["kind"], repost["text"], repost["reposted_post"], repost["reposted_author"]) == ("repost", "", *bobs)
    assert repost["post_id"] == f"{name(ALICE)}/repost/1"  # not the id of the post with the same key


def test_a_quoted_list_is_no_quoted_post():
    embed = {"$type": "app.bsky.embed.record", "record": {"uri": f"at://{BOB}/app.bsky.graph.list/1"}}
    assert posts("bluesky", event(POST | {"embed": embed}))[0]["kind"] == "post"


@pytest.mark.parametrize(
    "field", [{"embed": {"record": "not ours"}}, {"embed": {"images": 5}}, {"facets": {"a": 1}}, {"facets": [{"features": "x"}]}]
)
def test_parts_extended_by_others_spoil_only_themselves(field):
    assert posts("bluesky", event(POST | field))[0]["text"] == POST["text"]


def test_an_update_replaces_the_post():
    decoded = decode(land("bluesky", event(POST), event(POST | {"text": "corrected"}, operation="update")))
    assert decoded.raw_posts["text"].to_pylist() == ["corrected"]
    assert outcomes(decoded) == {"post": 1, "duplicate": 1}


def test_deletions_of_posts_and_accounts():
    def account(**values):
        return {"did": ALICE, "time_us": 1788350400000000, "kind": "account", "account": {"did": ALICE, "seq": 1} | values}

    decoded = decode(
        land(
            "bluesky",
            event(None, operation="delete"),
            event(None, operation="delete", collection="app.bsky.feed.repost"),
            event(None, operation="delete", collection="app.bsky.graph.follow"),
            account(active=False, status="takendown", time="2026-09-02T11:00:00Z"),
            account(active=False, status="desynchronized"),
            account(active=True),
        )
    )
    rows = decoded.deletions.to_pylist()
    assert [(row["subject_kind"], row["subject"], row["action"]) for row in rows] == [
        ("post", f"{name(ALICE)}/3mabc", "delete"),
        ("post", f"{name(ALICE)}/repost/3mabc", "delete"),
        ("account", name(ALICE), "takendown"),
    ]
    assert rows[0]["deleted_at"] == datetime(2026, 9, 2, 12, 0, 0, 123456, tzinfo=UTC)
    assert rows[2]["deleted_at"] == datetime(2026, 9, 2, 11, tzinfo=UTC)
    assert outcomes(decoded) == {
        "deletion post": 2,
        "deletion account": 1,
        "ignored app.bsky.graph.follow": 1,
        "ignored account desynchronized": 1,
        "ignored account active": 1,
    }


def test_other_events_are_ignored_by_kind_and_foreign_collections_together():
    decoded = decode(
        land(
            "bluesky",
            event({"a": 1}, collection="app.bsky.feed.like"),
            event({"a": 1}, collection="example.one"),
            event({"a": 1}, collection="example.two"),
            {"did": ALICE, "time_us": 1, "kind": "identity", "identity": {"did": ALICE}},
        )
    )
    assert outcomes(decoded) == {"ignored app.bsky.feed.like": 1, "ignored other collection": 2, "ignored identity": 1}


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (event(POST | {"createdAt": None}), ("missing_created_at", "createdAt missing")),
        (event({"$type": "app.bsky.feed.post"}), ("missing_created_at", "createdAt missing; text missing")),
        (event(POST | {"createdAt": "soon"}), ("unreadable_created_at", "createdAt 'soon' is not a time")),
        (event(POST | {"createdAt": 5}), ("unreadable_created_at", "Expected `str | null`, got `int` - at `$.createdAt`")),
        (event(POST, rkey="a/b"), ("invalid_id", "rkey 'a/b' is not a record key")),
        (event(POST) | {"did": "alice"}, ("missing_author", "did is not a decentralised identifier")),
        (event(None), ("missing_text", "commit.record missing")),
        ({"kind": "new kind"}, ("unknown_shape", "not a commit, account or identity event of Jetstream")),
        (
            event({"createdAt": "2026-09-02T12:00:00Z", "subject": {"uri": "at://x"}}, collection="app.bsky.feed.repost"),
            ("invalid_field", "subject.uri is not the address of a post"),
        ),
    ],
)
def test_a_refused_event_says_what_it_lacks(broken, expected):
    assert quarantine("bluesky", broken) == [expected]
