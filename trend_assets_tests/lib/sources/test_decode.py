from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from trend_assets.landing.files import LandingRecord, list_landing
from trend_assets.lib.sources import decode_hours, decode_landing
from trend_assets.tables import TABLES
from trend_assets_tests.lib.sources.landed import LAKE_END, LAKE_START, PSEUDONYMS, RECEIVED, MemoryStorage, decode, land, outcomes, writer

TABLE_NAMES = ("raw_posts", "quarantined_posts", "deletions", "landing_counts")


def post(number, hour=12, **changes):
    created_at = f"2026-09-02T{hour:02d}:00:00.000Z"
    return {"id": str(number), "text": f"post {number}", "author_id": str(number % 7), "created_at": created_at} | changes


MIXED = [
    *(post(number, hour=number % 13) for number in range(1, 30)),
    post(3, hour=3, text="again"),
    post(40, referenced_tweets=[{"type": "retweeted", "id": "1"}]),
    {"id": "9", "action": "delete", "created_at": "2026-09-02T12:00:00Z", "redacted_at": "2026-09-02T12:00:00Z"},
    {"text": "no id"},
    {"errors": [{"title": "Not Found Error"}]},
    b"not json",
    b'{"id": "1", "te',
]


def test_every_table_satisfies_its_declaration():
    decoded = decode(land("x", *MIXED))
    for name in TABLE_NAMES:
        table = TABLES[f"social/{name}"]
        data = table.conform(getattr(decoded, name))
        data.validate(full=True)
        for column in table.columns:
            assert column.nullable or data[column.name].null_count == 0, (name, column.name)
            assert not column.allowed or set(data[column.name].to_pylist()) <= set(column.allowed), (name, column.name)
        keys = list(zip(*(data[key].to_pylist() for key in (*table.key, table.time)), strict=True))
        assert len(keys) == len(set(keys)), name


def test_nothing_landed_gives_empty_tables():
    decoded = decode(MemoryStorage())
    assert [getattr(decoded, name).num_rows for name in TABLE_NAMES] == [0, 0, 0, 0]
    assert decoded.raw_posts.schema.equals(TABLES["social/raw_posts"].schema)


def test_records_in_equal_records_out_per_file_and_request():
    storage = land("x", *MIXED)
    decoded = decode(storage)
    assert outcomes(decoded) == {
        "post": 29,
        "repost": 1,
        "duplicate": 1,
        "deletion post": 1,
        "ignored error": 1,
        "quarantined missing_id": 1,
        "quarantined not_json": 1,
        "quarantined truncated": 1,
    }
    landed, counted = lines_landed(storage), Counter()
    for row in decoded.landing_counts.to_pylist():
        counted[row["landing_file"]] += row["records"]
    assert counted == landed
    assert set(decoded.landing_counts["request_id"].to_pylist()) == {"test/1"}


def lines_landed(storage):
    """Lines per landing file, counted without our reader."""
    counts = {}
    for path, data in storage.files.items():
        counts[path] = pa.CompressedInputStream(pa.BufferReader(data), "zstd").read().count(b"\n")
    return counts


def test_many_hours_at_once_are_the_hours_one_at_a_time():
    storage = land("x", *MIXED)
    files = {hour: [(path, storage.read(path)) for path in paths] for hour, paths in list_landing(storage).items()}
    together = decode(storage)
    lake = {"lake_start": LAKE_START, "lake_end": LAKE_END, "pseudonyms": PSEUDONYMS}
    apart = [decode_landing(found, hour=hour, **lake) for hour, found in files.items()]
    for name in TABLE_NAMES:
        assert pa.concat_tables(getattr(part, name) for part in apart).to_pylist() == getattr(together, name).to_pylist()


def test_the_order_of_files_makes_no_difference():
    storage = MemoryStorage()
    for number in range(4):
        land("x", post(1, text=f"version {number}"), post(number + 2), storage=storage, received_at=RECEIVED)
        storage.files = {path.replace("/0", f"/{number}0"): data for path, data in storage.files.items()}
    [(hour, paths)] = list_landing(storage).items()
    lake = {"lake_start": LAKE_START, "lake_end": LAKE_END, "pseudonyms": PSEUDONYMS}
    files = [(path, storage.read(path)) for path in paths]
    one, other = decode_hours({hour: files}, **lake), decode_hours({hour: files[::-1]}, **lake)
    for name in TABLE_NAMES:
        assert getattr(one, name).equals(getattr(other, name))


def test_the_version_received_last_wins_whatever_its_place():
    storage = land("x", post(1, text="new"), received_at=RECEIVED + timedelta(minutes=5))
    land("x", post(1, text="old"), received_at=RECEIVED, storage=storage)
    decoded = decode(storage)
    assert decoded.raw_posts["text"].to_pylist() == ["new"]
    assert outcomes(decoded) == {"post": 1, "duplicate": 1}


def test_at_the_same_moment_the_later_line_wins():
    assert decode(land("x", post(1, text="first"), post(1, text="second"))).raw_posts["text"].to_pylist() == ["second"]


def test_a_replaced_post_is_withdrawn_across_batches_of_rows(monkeypatch):
    monkeypatch.setattr("trend_assets.lib.sources.columns._ROWS_AT_ONCE", 3)
    decoded = decode(land("x", *(post(number % 5, text=f"{number}") for number in range(20))))
    assert sorted(decoded.raw_posts["text"].to_pylist()) == ["15", "16", "17", "18", "19"]
    assert outcomes(decoded) == {"post": 5, "duplicate": 15}


def test_posts_of_different_networks_with_one_id_are_different_posts():
    storage = land("x", post(1))
    mapping = b'{"network":"forum","columns":{"author":"a","created_at":"d","text":"t","post_id":"i"},"licence_class":"open"}'
    row = b'{"a":"1","d":"2026-09-02T12:00:00Z","t":"a","i":"1"}'
    landing = writer(storage)
    landing.add(LandingRecord("forum", "table", RECEIVED, "test/2", "row", row, mapping, datetime(2026, 9, 2, 12, tzinfo=UTC)))
    landing.flush()
    rows = decode(storage).raw_posts.to_pylist()
    assert [(row["network"], row["post_id"], row["licence_class"]) for row in rows] == [("forum", "1", "open"), ("x", "1", "x")]


def test_simulated_posts_carry_their_licence_and_the_region_as_place():
    body = post(1, geo={"place_id": "p"})
    includes = b'{"places":[{"id":"p","full_name":"Normandie","country_code":"FR"}]}'
    storage = MemoryStorage()
    landing = writer(storage)
    moment = datetime(2026, 9, 2, 12, tzinfo=UTC)
    landing.add(LandingRecord("x", "simulated", RECEIVED, "town", "post", json.dumps(body).encode(), includes, moment))
    landing.flush()
    [row] = decode(storage).raw_posts.to_pylist()
    assert (row["licence_class"], row["source"], row["place"]) == ("simulated", "simulated", "Normandie")


def test_a_source_without_decoder_is_quarantined():
    storage = MemoryStorage()
    landing = writer(storage)
    landing.add(LandingRecord("x", "gopher", RECEIVED, "test/1", "post", b"{}", None, None))
    landing.add(LandingRecord("x", "table", RECEIVED, "test/1", "row", b"{}", None, None))
    landing.flush()
    refused = decode(storage).quarantined_posts
    assert refused["reason"].to_pylist() == ["unknown_shape", "invalid_field"]
    assert refused["detail"].to_pylist()[0] == "no decoder for source 'gopher' of network 'x'"


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: data[:-8] + b"overlaid", lambda data: b"{}\n"]
)
def test_a_damaged_landing_file_is_one_quarantined_row_and_its_neighbours_live(damage):
    storage = land("x", *(post(number) for number in range(50)))
    [path] = storage.files
    land("x", post(99, hour=12), storage=storage, received_at=RECEIVED + timedelta(minutes=1))
    storage.files = {name if name == path else name.replace("/0", "/1"): data for name, data in storage.files.items()}
    damaged = storage.files[path] = damage(storage.files[path])
    decoded = decode(storage)
    [row] = decoded.quarantined_posts.to_pylist()
    assert row["detail"].startswith("the whole landing file: ")
    assert (row["landing_file"], row["landing_line"], row["original"]) == (path, 0, damaged)


records = some.one_of(
    some.builds(post, some.integers(1, 6), some.integers(0, 12)),
    some.builds(post, some.integers(1, 6), referenced_tweets=some.just([{"type": "retweeted", "id": "1"}])),
    some.builds(post, some.integers(1, 6), text=some.one_of(some.none(), some.text(max_size=5))),
    some.fixed_dictionaries(
        {}, optional={"id": some.integers(), "text": some.text(max_size=3), "action": some.just("delete"), "data": some.none()}
    ),
)


@settings(max_examples=60, deadline=None)
@given(some.lists(records, max_size=25), some.randoms(use_true_random=False), some.data())
def test_identity_holds_under_shuffles_duplicates_and_mutated_bytes(items, random, data):
    texts = [json.dumps(item).encode() for item in items]
    texts += texts[: len(texts) // 3]
    random.shuffle(texts)
    for _ in range(len(texts) // 3):
        position = random.randrange(len(texts))
        text = bytearray(texts[position])
        for place in data.draw(some.lists(some.integers(0, len(text) - 1), max_size=3)):
            text[place] = random.randrange(256)
        texts[position] = bytes(text).replace(b"\n", b" ")
    source = random.choice(["x", "x-v1", "bluesky"])
    storage = land(source, *texts)
    decoded = decode(storage)
    assert sum(decoded.landing_counts["records"].to_pylist()) == sum(lines_landed(storage).values()) >= len(texts)
    found = Counter(decoded.landing_counts["outcome"].to_pylist())
    counts = dict.fromkeys(found, 0)
    for row in decoded.landing_counts.to_pylist():
        counts[row["outcome"]] += row["records"]
    assert counts.get("post", 0) + counts.get("repost", 0) == decoded.raw_posts.num_rows
    assert counts.get("quarantined", 0) == decoded.quarantined_posts.num_rows
    assert counts.get("deletion", 0) == decoded.deletions.num_rows
    originals = {bytes(text) for text in texts}
    for original in decoded.quarantined_posts["original"].to_pylist():
        assert original in originals or original.startswith((b"{", b"["))


@settings(max_examples=40, deadline=None)
@given(some.binary(max_size=300))
def test_any_bytes_are_one_record_with_an_outcome(text):
    body = b'{"id":' + text
    storage = MemoryStorage()
    landing = writer(storage)
    for candidate in (text, body):
        for source, network in (("x", "x"), ("x-v1", "x"), ("bluesky", "bluesky"), ("table", "forum")):
            landing.add(LandingRecord(network, source, RECEIVED, "test/1", "post", candidate, b'{"network":1}', None))
    landing.flush()
    decoded = decode(storage)
    assert sum(decoded.landing_counts["records"].to_pylist()) == 8
    for original in decoded.quarantined_posts["original"].to_pylist():
        assert original in (text, body)
