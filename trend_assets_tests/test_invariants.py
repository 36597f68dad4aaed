"""The promises of the design as properties, on the real functions: counting, order, publishing, sealing, late posts, cards, privacy.

Each example is small; what is arbitrary is the mixture. A failure prints the smallest input that breaks the promise.
"""

from __future__ import annotations

import json
import random
import tempfile
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from trend_assets.lake.lake import Lake
from trend_assets.landing.files import LandingRecord
from trend_assets.lib.demand.cards import decision_cards
from trend_assets.lib.sources import Decoded
from trend_assets.lib.sources.edge import records_of
from trend_assets.lib.text.clean import clean_posts as clean
from trend_assets.lib.topics.assign import assign_hours
from trend_assets.lib.topics.late import KEY, LateHour, assign_late
from trend_assets.tables import TABLES, Column, Table
from trend_assets.tables.declaration import strings, timestamp
from trend_assets.tables.topics import STAGES
from trend_assets_tests.lib.demand.test_cards import DAY, ROW, SCHEMA
from trend_assets_tests.lib.sources.landed import RECEIVED, MemoryStorage, decode, land, writer
from trend_assets_tests.lib.text.posts import raw_posts
from trend_assets_tests.lib.topics.posts import SUBJECTS, about, clean_posts, hour_at

NO_REGISTRY = TABLES["topics/topics"].empty()
few = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
some = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


# Counting: whatever comes in, records in = posts + reposts + duplicates + deletions + quarantined + ignored.

_posts = st.builds(
    lambda number, minute, kind: {
        "data": {
            "id": str(2_096_000_000_000_000_000 + number),
            "text": f"a post {number}",
            "author_id": str(1000 + number % 7),
            "created_at": (RECEIVED - timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
        | ({"referenced_tweets": [{"type": "retweeted", "id": "2095999999999999999"}]} if kind == "repost" else {})
    },
    st.integers(0, 8),
    st.sampled_from([0, 1, 29, 31, 200, 60 * 24 * 40]),
    st.sampled_from(["post", "repost"]),
)
_incomplete = st.builds(
    lambda post, missing: {"data": {name: value for name, value in post["data"].items() if name not in missing}},
    _posts,
    st.sets(st.sampled_from(["id", "text", "author_id", "created_at"]), min_size=1),
)
_other_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "errors", "delete", "id", "text", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_deletions = st.builds(
    lambda number: {"delete": {"tweet": {"id": str(number), "author_id": "1"}, "timestamp_ms": "1788264000000"}}, st.integers(1, 9)
)
_lines = st.lists(
    st.one_of(_posts, _incomplete, _deletions, _other_json).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=20).map(lambda data: data.replace(b"\n", b""))
    | _posts.map(lambda post: json.dumps(post).encode()[:-9]),
    max_size=25,
)


@some
@given(_lines)
def test_records_in_are_records_accounted_for(lines):
    at_the_edge = sum(1 for line in lines for _ in records_of("x", line))
    decoded = decode(land("x", *lines))
    counted: dict[str, int] = {}
    for row in decoded.landing_counts.to_pylist():
        counted[row["outcome"]] = counted.get(row["outcome"], 0) + row["records"]
    assert sum(counted.values()) == at_the_edge
    kinds = decoded.raw_posts["kind"].to_pylist()
    assert kinds.count("repost") == counted.get("repost", 0)
    assert len(kinds) - kinds.count("repost") == counted.get("post", 0)
    assert decoded.quarantined_posts.num_rows == counted.get("quarantined", 0)
    assert decoded.deletions.num_rows == counted.get("deletion", 0)


# Order: raw tables do not depend on the order in which records arrive, nor on how they are grouped into files.

WHERE_IT_LAY = {"landing_file", "landing_line", "request_id"}


def _landed(lines: list[tuple[int, bytes]], cuts: list[int]) -> Decoded:
    """Numbered lines (the number is the second of receipt) landed in files cut at the given places."""
    storage, numbers = MemoryStorage(), iter(range(10**6))
    for start, end in zip([0, *cuts], [*cuts, len(lines)], strict=True):
        landing = writer(storage, clock=lambda: RECEIVED + timedelta(seconds=next(numbers)))
        for number, line in lines[start:end]:
            for record in records_of("x", line):
                moment = RECEIVED + timedelta(seconds=number)
                landing.add(LandingRecord("x", "x", moment, "test", record.kind, record.body, record.includes, record.created_at))
        landing.flush()
    return decode(storage)


def _content(table: pa.Table) -> list[str]:
    return sorted(
        json.dumps({k: v for k, v in row.items() if k not in WHERE_IT_LAY}, default=str, sort_keys=True) for row in table.to_pylist()
    )


@some
@given(_lines, st.data())
def test_raw_tables_do_not_depend_on_order_or_grouping(lines, data):
    numbered = list(enumerate(lines))
    shuffled = data.draw(st.permutations(numbered))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(lines)), max_size=3)))
    one_way, other_way = _landed(numbered, []), _landed(shuffled, cuts)
    assert _content(one_way.raw_posts) == _content(other_way.raw_posts)
    assert _content(one_way.quarantined_posts) == _content(other_way.quarantined_posts)
    assert _content(one_way.deletions) == _content(other_way.deletions)
    outcomes = [
        sorted((row["outcome"], row["detail"]) for row in way.landing_counts.to_pylist() for _ in range(row["records"]))
        for way in (one_way, other_way)
    ]
    assert outcomes[0] == outcomes[1]


# Publishing: what is published is what is read, for any declared table.

_TYPES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), st.text(max_size=6)),
    "count": (pa.int64(), st.integers(-(2**62), 2**62)),
    "share": (pa.float64(), st.floats(allow_nan=False, allow_infinity=False)),
    "flag": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), st.dates(date(1990, 1, 1), date(2090, 1, 1))),
    "moment": (timestamp, st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))),
    "tags": (strings, st.lists(st.text(max_size=3), max_size=3)),
    "bytes": (pa.binary(), st.binary(max_size=6)),
}
HOUR = datetime(2026, 9, 1, 5, tzinfo=UTC)


@st.composite
def _declared_rows(draw: st.DrawFn) -> tuple[Table, list[dict[str, Any]], str]:
    partition = draw(st.sampled_from(["none", "hour", "day"]))
    chosen = draw(st.lists(st.sampled_from(sorted(_TYPES)), unique=True, max_size=5))
    nullable = {name: draw(st.booleans()) for name in chosen}
    columns = [Column("number", pa.int64(), "Key")]
    columns += [Column("at", timestamp, "When", "UTC")] if partition == "hour" else []
    columns += [Column("on", pa.date32(), "When", "day")] if partition == "day" else []
    columns += [Column(name, _TYPES[name][0], name, nullable=nullable[name]) for name in chosen]
    time = {"none": {}, "hour": {"time": "at"}, "day": {"time": "on"}}[partition]
    table = Table(
        "any",
        "table",
        "Any.",
        tuple(columns),
        ("number",),
        partition=partition,
        layer="raw",
        retention_days=None,
        licence_class="own",
        **time,
    )
    rows = []
    for number in draw(st.lists(st.integers(-50, 50), unique=True, max_size=8)):
        row: dict[str, Any] = {"number": number}
        row |= {"at": HOUR + timedelta(seconds=draw(st.integers(0, 3599)))} if partition == "hour" else {}
        row |= {"on": HOUR.date()} if partition == "day" else {}
        for name in chosen:
            row[name] = draw(st.none() | _TYPES[name][1]) if nullable[name] else draw(_TYPES[name][1])
        rows.append(row)
    return table, rows, {"none": "all", "hour": "2026-09-01-05:00", "day": "2026-09-01"}[partition]


@some
@given(_declared_rows(), st.integers(0, 8))
def test_what_is_published_is_what_is_read(declared, split):
    table, rows, key = declared
    expected = sorted(rows, key=lambda row: row["number"])
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        first = lake.publish(table, {key: table.from_rows(rows)})[key]
        assert lake.read(table).to_pylist() == expected
        assert lake.verify(table, key) == first
        again = lake.publish(table, {key: table.from_rows(list(reversed(rows)))})[key]
        assert again == first, "the same rows in another order are the same bytes: nothing is published"
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        for batch in (rows[:split], rows[split:]):
            lake.append(table, key, table.from_rows(batch))
        assert sorted(lake.read(table).to_pylist(), key=lambda row: row["number"]) == expected
        lake.publish(table, {key: lake.read(table)})
        assert lake.manifest(table, key).parts == first.parts, "compacted micro-batches are the bytes of one batch"


# Sealing: a range in one run is the same as one hour after the other from what was stored.

_hours = st.lists(st.fixed_dictionaries({name: st.integers(0, 7) for name in SUBJECTS}), min_size=2, max_size=6)


def _stream(counts: list[dict[str, int]]) -> list[tuple[datetime, pa.Table]]:
    hours = []
    for number, hour in enumerate(counts):
        at = hour_at(number)
        hours.append((at, clean_posts([about(subject, post, at) for subject, posts in hour.items() for post in range(posts)])))
    return hours


@few
@given(_hours, st.data())
def test_a_range_in_one_run_is_one_hour_at_a_time(counts, data):
    stream = _stream(counts)
    whole = list(assign_hours(stream, window=[], registry=NO_REGISTRY))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1))))
    registry, found = NO_REGISTRY, []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += assign_hours(stream[start:end], window=stream[:start], registry=registry)
        registry = found[-1].topics
    for one, other in zip(whole, found, strict=True):
        for name in ("topic_assignments", "topics", "topic_events"):
            assert getattr(one, name).equals(getattr(other, name))


# Late posts: what was sealed stays; late posts join topics that were there, or none.


@few
@given(_hours, st.lists(st.tuples(st.sampled_from(sorted(SUBJECTS)), st.integers(100, 140)), unique=True, min_size=1, max_size=6))
def test_late_posts_change_nothing_that_was_recorded(counts, late):
    stream = _stream(counts)
    sealed = list(assign_hours(stream, window=[], registry=NO_REGISTRY))[-1]
    at = stream[-1][0]
    came = clean_posts([about(subject, number, at) for subject, number in late])
    hour = LateHour(at, pa.concat_tables([stream[-1][1], came]), came.select(KEY), sealed.topic_assignments, sealed.topics)
    (result,) = assign_late([hour], window=stream[:-1])
    recorded = sealed.topic_assignments
    assert result.slice(0, recorded.num_rows).equals(recorded)
    added = result.slice(recorded.num_rows)
    assert set(added["post_id"].to_pylist()) <= set(came["post_id"].to_pylist())
    assert set(added["topic_id"].to_pylist()) <= set(sealed.topics["topic_id"].to_pylist())


# Cards: the rules point one way.

_situations = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(STAGES),
        "growth_24h": st.none() | st.floats(0.01, 50),
        "link_score": st.floats(0, 1),
        "daily_units": st.floats(0, 40),
        "last_3_days_units": st.floats(0, 40),
        "available_units": st.integers(-5, 400),
        "inbound_units": st.integers(0, 100),
        "next_due_on": st.none() | st.integers(-5, 20).map(lambda days: DAY + timedelta(days=days)),
        "lead_time_days": st.none() | st.integers(0, 40),
        "minimum_order_quantity": st.integers(0, 60),
    }
)


# What people want and is nearly gone: most of these ask for a reorder, before and after some more stock.
_scarce = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["emerging", "rising"]),
        "growth_24h": st.floats(1, 10),
        "link_score": st.floats(0.6, 1),
        "daily_units": st.floats(10, 40),
        "last_3_days_units": st.floats(30, 120),
        "available_units": st.integers(20, 150),
        "inbound_units": st.just(0),
        "next_due_on": st.none(),
        "lead_time_days": st.integers(1, 6),
        "minimum_order_quantity": st.integers(0, 60),
    }
)


def _card(situation: dict[str, Any]) -> dict[str, Any] | None:
    found = decision_cards(pa.Table.from_pylist([ROW | situation], schema=SCHEMA), DAY).to_pylist()
    return found[0] if found else None


@settings(max_examples=200, deadline=None)
@given(_situations, st.integers(1, 300))
def test_more_stock_never_asks_for_an_order_where_none_was_asked(situation, more):
    before = _card(situation)
    after = _card(situation | {"available_units": situation["available_units"] + more})
    if before is None or after is None:
        return
    if before["action"] in ("hold", "mark_down"):
        assert after["action"] in ("hold", "mark_down")


@settings(max_examples=200, deadline=None)
@given(_scarce, st.integers(1, 20))
def test_more_stock_asks_for_no_larger_reorder(situation, more):
    before = _card(situation)
    after = _card(situation | {"available_units": situation["available_units"] + more})
    assume(before is not None and after is not None and before["action"] == after["action"] == "reorder")
    assert after["quantity"] <= before["quantity"]


@settings(max_examples=200, deadline=None)
@given(_situations, st.integers(1, 40))
def test_a_slower_supplier_never_makes_an_order_worth_while(situation, slower):
    if situation["lead_time_days"] is None:
        return
    before, after = _card(situation), _card(situation | {"lead_time_days": situation["lead_time_days"] + slower})
    if before is not None and after is not None and before["action"] == "too_late":
        assert after["action"] == "too_late"


@settings(max_examples=200, deadline=None)
@given(_situations)
def test_an_order_is_never_below_the_suppliers_minimum_and_says_by_when(situation):
    card = _card(situation)
    if card is None:
        return
    assert card["quantity"] >= 0
    if card["action"] == "reorder":
        assert card["quantity"] >= max(situation["minimum_order_quantity"], 1)
        assert card["act_by"] >= DAY
    if card["action"] in ("hold", "too_late"):
        assert card["quantity"] == 0


# Privacy: no account's name in a label, a keyword or a centre, however it is written in the posts.

_handles = st.lists(st.from_regex(r"zq[a-z]{4}[a-z0-9_]{0,6}", fullmatch=True), min_size=1, max_size=4, unique=True)
_forms = st.sampled_from(["@{}", "＠{}", ".@{}", "@{}:", "(@{})", "@{}'s", "RT @{}:", "hey@{} @{}", "@{}…"])


@few
@given(_handles, st.lists(_forms, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_no_handle_is_in_a_published_label(handles, forms, dice):
    texts, rows = [], []
    for number in range(24):
        words = random.Random(number).sample(SUBJECTS["storm"], 5)
        handle = dice.choice(handles)
        mention = dice.choice(forms).format(handle, handle).replace(handle, handle.upper() if dice.random() < 0.3 else handle)
        texts.append(" ".join([mention, *words[:3], mention, *words[3:], f"w{number}"]))
        rows.append({"author": f"a{number}", "created_at": hour_at(0) + timedelta(seconds=number)})
    cleaned = clean(raw_posts(texts, rows))
    (result,) = assign_hours([(hour_at(0), cleaned)], window=[], registry=NO_REGISTRY)
    assert result.topics.num_rows, "the posts are one topic"
    for row in result.topics.to_pylist() + result.topic_events.to_pylist():
        shown = json.dumps([row["label"], row.get("keywords", []), row.get("evidence", "")], ensure_ascii=False).lower()
        assert not any(handle in shown for handle in handles), shown
