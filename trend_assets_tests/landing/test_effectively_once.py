"""Effectively once, as a property: however records arrive, the raw tables are those of the posts, not of the delivery.

What belongs here: orders, batches, repetitions and overlaps of deliveries of real shapes on two networks. What doesn't: what one record
means (``lib/sources``), arbitrary JSON (``test_invariants``), what deletions do further down.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trend_assets.landing.files import LandingRecord
from trend_assets.lib.sources import Decoded
from trend_assets.lib.sources.edge import records_of
from trend_assets_tests.lib.sources.landed import LAKE_START, MemoryStorage, decode, writer

some = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
WRITTEN = LAKE_START + timedelta(days=1, hours=9, minutes=10)
DIGITS = "234567abcdefghij"


@dataclass(frozen=True)
class Delivery:
    """A record as a source gave it: which request, when."""

    network: str
    body: bytes
    received_at: datetime
    request_id: str


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def x_post(number: int, likes: int, *, live: bool, edit: int = 0) -> bytes:
    """A post as the stream or as search gives it; each edit is a post of its own that names the first."""
    post_id = 2_096_000_000_000_000_000 + number * 10
    post = {
        "id": str(post_id + edit),
        "text": f"post {number} edit {edit}",
        "author_id": str(number % 3),
        "created_at": _time(WRITTEN + timedelta(minutes=25 * number)),
        "edit_history_tweet_ids": [str(post_id + version) for version in range(edit + 1)],
        "public_metrics": {"like_count": likes, "retweet_count": 0, "reply_count": 0, "quote_count": 0},
    }
    return json.dumps({"data": post, "matching_rules": [{"id": "1", "tag": "all"}]} if live else {"data": [post]}).encode()


def sky_event(number: int, revision: int, operation: str) -> bytes:
    """A commit of Bluesky: create, update or delete of one post."""
    rev = "3m" + "2" * 9 + DIGITS[revision // 16] + DIGITS[revision % 16]
    commit = {"rev": rev, "operation": operation, "collection": "app.bsky.feed.post", "rkey": f"3m{number:011d}"}
    if operation != "delete":
        created_at = _time(WRITTEN + timedelta(minutes=25 * number))
        commit["record"] = {"$type": "app.bsky.feed.post", "text": f"sky {number} as of {revision}", "createdAt": created_at}
    return json.dumps({"did": f"did:plc:{number % 3:024d}", "time_us": 1, "kind": "commit", "commit": commit}).encode()


@st.composite
def histories(draw: st.DrawFn) -> list[Delivery]:
    """What happened on the networks, in its order, as one live connection to each delivers it."""
    happened: list[tuple[str, bytes]] = []
    known: set[int] = set()
    for revision in range(draw(st.integers(1, 14))):
        number, what = draw(st.integers(0, 4)), draw(st.sampled_from(["x", "x again", "edit", "sky", "delete", "x delete"]))
        if what == "sky":
            happened.append(("bluesky", sky_event(number, revision, "update" if number in known else "create")))
            known.add(number)
        elif what == "delete":
            happened.append(("bluesky", sky_event(number, revision, "delete")))
        elif what == "x delete":
            notice = {"delete": {"tweet": {"id": str(2_096_000_000_000_000_000 + number * 10), "author_id": "1"}, "timestamp_ms": "1"}}
            happened.append(("x", json.dumps({"data": notice}).encode()))
        else:
            happened.append(("x", x_post(number, revision, live=what != "x again", edit=revision % 3 if what == "edit" else 0)))
    return [
        Delivery(network, body, WRITTEN + timedelta(hours=3, seconds=number), "live") for number, (network, body) in enumerate(happened)
    ]


def landed(deliveries: list[Delivery], cuts: list[int]) -> MemoryStorage:
    """Deliveries landed in this order, in files cut at these places."""
    storage, ulid = MemoryStorage(), iter(range(10**6))
    for start, end in zip([0, *cuts], [*cuts, len(deliveries)], strict=True):
        moment = WRITTEN + timedelta(hours=4, milliseconds=next(ulid))
        landing = writer(storage, clock=lambda moment=moment: moment)
        for one in deliveries[start:end]:
            for record in records_of(one.network, one.body):
                line = (one.received_at, one.request_id, record.kind, record.body, record.includes, record.created_at)
                landing.add(LandingRecord(one.network, one.network, *line))
        landing.flush()
    return storage


def arrived(data: st.DataObject, deliveries: list[Delivery]) -> Decoded:
    """Deliveries in any order, in any batches."""
    shuffled = data.draw(st.permutations(deliveries))
    return decode(landed(shuffled, sorted(data.draw(st.sets(st.integers(0, len(deliveries)), max_size=4)))))


def posts(decoded: Decoded, *left_out: str) -> list[str]:
    """Rows of raw_posts without where they lay."""
    rows = decoded.raw_posts.drop_columns(["landing_file", "landing_line", *left_out]).to_pylist()
    return sorted(json.dumps(row, default=str, sort_keys=True) for row in rows)


def deleted(decoded: Decoded) -> set[tuple[str, ...]]:
    """What is known to be deleted, however often it was said."""
    names = ("network", "subject_kind", "subject", "action")
    return set(zip(*(decoded.deletions[name].to_pylist() for name in names), strict=True))


def counts(decoded: Decoded) -> Counter[str]:
    """Records by outcome."""
    found = Counter[str]()
    for outcome, records in zip(decoded.landing_counts["outcome"].to_pylist(), decoded.landing_counts["records"].to_pylist(), strict=True):
        found[outcome] += records
    return found


@some
@given(histories(), st.data())
def test_any_order_any_batches_and_exact_repetitions_give_the_same_posts(history, data):
    expected = decode(landed(history, []))
    repeated = data.draw(st.lists(st.sampled_from(history), max_size=8))
    found = arrived(data, [*history, *repeated])
    assert posts(found) == posts(expected)
    assert deleted(found) == deleted(expected)
    assert counts(found).total() == len(history) + len(repeated)
    assert {name: counts(found)[name] for name in ("post", "repost")} == {name: counts(expected)[name] for name in ("post", "repost")}
    keys = list(zip(found.raw_posts["network"].to_pylist(), found.raw_posts["post_id"].to_pylist(), strict=True))
    assert len(keys) == len(set(keys))


@some
@given(histories(), st.data())
def test_a_source_that_replays_after_crashes_gives_the_same_posts(history, data):
    """After each crash the records since some earlier cursor come again, received later; the last life comes to the end."""
    received, at = [], 0
    for life, (crash, back) in enumerate(data.draw(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=4))):
        end = max(at, min(crash, len(history)))
        received += [_again(one, life) for one in history[at:end]]
        at = max(end - back, 0)
    received += [_again(one, 9) for one in history[at:]]
    expected = decode(landed(history, []))
    found = arrived(data, received)
    assert posts(found, "request_id", "captured_at") == posts(expected, "request_id", "captured_at")
    assert deleted(found) == deleted(expected)


def _again(delivery: Delivery, life: int) -> Delivery:
    return replace(delivery, received_at=delivery.received_at + timedelta(minutes=10 * life), request_id=f"life {life}")


@some
@given(histories(), st.data())
def test_an_old_event_of_bluesky_never_brings_an_old_text_back(history, data):
    """Where the network numbers its versions, the newest stays, whatever comes again, whenever: another instance, a rewound cursor."""
    sky = [one for one in history if one.network == "bluesky"]
    old = [_again(one, 5) for one in data.draw(st.lists(st.sampled_from(sky), max_size=6))] if sky else []
    assert posts(arrived(data, [*sky, *old]), "request_id", "captured_at") == posts(decode(landed(sky, [])), "request_id", "captured_at")


@some
@given(histories(), st.data())
def test_where_backfill_and_live_overlap_each_post_is_there_once_as_it_was_seen_last(history, data):
    """Search brings posts that live brought too, with the engagement of later: stored as seen, in whichever order both land."""
    live = [one for one in history if one.network == "x"]
    numbers = data.draw(st.sets(st.integers(0, 6), max_size=5))
    moment = WRITTEN + timedelta(hours=5)
    filled = [Delivery("x", x_post(number, 1_000 + number, live=False), moment, "search") for number in sorted(numbers)]
    found = arrived(data, [*live, *filled])
    rows = {row["post_id"]: row for row in found.raw_posts.to_pylist()}
    assert len(rows) == found.raw_posts.num_rows
    for number in numbers:
        row = rows[str(2_096_000_000_000_000_000 + number * 10)]
        assert (row["like_count"], row["captured_at"], row["request_id"]) == (1_000 + number, moment, "search")
    only_live = {post_id for post_id, row in rows.items() if row["request_id"] == "live"}
    before = {row["post_id"] for row in decode(landed(live, [])).raw_posts.to_pylist()}
    assert only_live == before - {str(2_096_000_000_000_000_000 + number * 10) for number in numbers}
