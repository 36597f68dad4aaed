from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from trend_assets.lake.storage import open_storage
from trend_assets.landing.files import (
    DamagedLandingFileError,
    LandingRecord,
    LandingWriter,
    landing_hour,
    list_landing,
    make_ulid,
    read_lines,
)
from trend_assets_tests.lib.sources.landed import LAKE_END, LAKE_START, RECEIVED, MemoryStorage, decode, writer

NOON = datetime(2026, 9, 2, 12, tzinfo=UTC)


def record(body=b'{"id":"1"}', created_at=NOON, received_at=RECEIVED, **changes):
    return LandingRecord("x", "x", received_at, "r/1", "post", body, None, created_at, **changes)


def hours_of(storage):
    return [path.split("hour=")[1][:13] for path in storage.list()]


def test_a_line_holds_the_record_byte_for_byte(tmp_path):
    storage = open_storage(str(tmp_path))
    landing = LandingWriter(storage, lake_start=LAKE_START)
    body, includes = b'{"id": 1.50000000000000000001,   "text":"\xc3\xa9"}', b'{"users":[\n{}]}'
    landing.add(LandingRecord("x", "x", RECEIVED, "r/1", "post", body, includes, NOON))
    [path] = landing.flush()
    [line] = read_lines(path, storage.read(path))
    assert path.startswith("network=x/hour=2026-09-02T12/")
    start = b'{"source":"x","received_at":"2026-09-02T12:30:00.000000Z","request_id":"r/1","kind":"post","body":'
    assert line == start + body + b',"includes":{"users":[ {}]}}'


@pytest.mark.parametrize("body", [b"", b"text", b"[1]", b'{"a":1}\n', b'{"a":"\xff"}', b'{"a":', b'{"a":1},"kind":"x"', b"\x00"])
def test_bytes_that_are_no_json_object_on_one_line_are_kept_in_base_64(body):
    storage = MemoryStorage()
    landing = writer(storage)
    landing.add(record(body))
    landing.add_batch("x", "x", "r/1", "post", [body], np.array([RECEIVED.replace(tzinfo=None)]), np.array([NOON.replace(tzinfo=None)]))
    [path] = landing.flush()
    for line in read_lines(path, storage.read(path)):
        assert "body_base64" in json.loads(line)
    assert decode(storage).quarantined_posts["original"].to_pylist() == [body, body]


def test_a_record_goes_to_the_hour_it_was_created_if_the_lake_has_it_else_to_the_hour_of_receipt():
    cases = [
        (NOON, RECEIVED, "2026-09-02T12"),
        (NOON - timedelta(hours=30), RECEIVED, "2026-09-01T06"),  # late
        (NOON.astimezone(timezone(timedelta(hours=5))), RECEIVED, "2026-09-02T12"),
        (None, RECEIVED, "2026-09-02T12"),
        (LAKE_START - timedelta(microseconds=1), RECEIVED, "2026-09-02T12"),
        (LAKE_END, RECEIVED, "2026-09-02T12"),
        (RECEIVED + timedelta(minutes=10), RECEIVED, "2026-09-02T12"),
        (RECEIVED + timedelta(minutes=31), RECEIVED, "2026-09-02T12"),  # in the future
        (None, LAKE_END + timedelta(days=90), "2026-09-30T23"),  # received after the lake's end: its last hour counts it
        (None, LAKE_START - timedelta(days=90), "2026-09-01T00"),
    ]
    for created_at, received_at, expected in cases:
        storage = MemoryStorage()
        landing = writer(storage)
        landing.add(record(created_at=created_at, received_at=received_at))
        moments = [None if moment is None else moment.astimezone(UTC).replace(tzinfo=None) for moment in (received_at, created_at)]
        received, created = (np.array([moment], dtype="datetime64[us]") for moment in moments)
        landing.add_batch("x", "x", "r/1", "post", [b'{"id":"1"}'], received, created)
        landing.flush()
        assert hours_of(storage) == [expected], (created_at, received_at)
        [line, batched] = read_lines("", next(iter(storage.files.values())))
        assert line == batched


def test_the_fast_way_without_checks_writes_the_same_lines():
    bodies = [b'{"id":"%d"}' % number for number in range(5)]
    moments = np.datetime64("2026-09-02T12:00", "us") + np.arange(5) * np.timedelta64(40, "m")
    storages = []
    for checked in (True, False):
        storage = MemoryStorage()
        landing = writer(storage)
        landing.add_batch("x", "simulated", "town", "post", bodies, moments, moments, checked=checked)
        landing.flush()
        storages.append(storage.files)
    assert storages[0] == storages[1]
    with pytest.raises(ValueError, match="same length"):
        writer(MemoryStorage()).add_batch("x", "x", "r", "post", bodies, moments, moments[:2])


def test_the_same_records_clock_and_entropy_give_the_same_files():
    first, second = MemoryStorage(), MemoryStorage()
    for storage in (first, second):
        landing = writer(storage)
        landing.add_many(record(b'{"id":"%d"}' % number) for number in range(10))
        landing.flush()
    assert first.files == second.files


def test_full_buffers_are_published_and_flush_names_every_file(monkeypatch):
    monkeypatch.setattr("trend_assets.landing.files._FILE_BYTES", 1000)
    storage = MemoryStorage()
    landing = writer(storage, max_buffered_bytes=3000)
    for number in range(100):
        landing.add(record(b'{"id":"%d"}' % number, created_at=NOON - timedelta(hours=number % 7)))
    before = len(storage.files)
    paths = landing.flush()
    assert 0 < before < len(paths)
    assert paths == sorted(storage.files)
    assert sum(len(read_lines(path, storage.read(path))) for path in paths) == 100
    assert landing.flush() == []


def test_a_failed_write_loses_nothing():
    class FailingOnce(MemoryStorage):
        failed = False

        def write_new(self, path, data):
            if not self.failed:
                self.failed = True
                raise OSError("disk full")
            super().write_new(path, data)

    storage = FailingOnce()
    landing = writer(storage)
    landing.add(record())
    with pytest.raises(OSError, match="disk full"):
        landing.flush()
    assert len(landing.flush()) == 1


def test_a_network_that_is_no_folder_name_is_refused():
    with pytest.raises(ValueError, match="lower-case"):
        writer(MemoryStorage()).add(LandingRecord("../x", "x", RECEIVED, "r", "post", b"{}", None, None))


def test_listing_by_hour_with_and_without_networks():
    storage = MemoryStorage()
    landing = writer(storage)
    for hours in range(3):
        landing.add(record(created_at=NOON - timedelta(hours=hours)))
    landing.flush()
    storage.files["_receipts/a.json"] = b""
    storage.files["network=x/hour=2026-09-02T12/other.txt"] = b""
    everything = list_landing(storage)
    assert list(everything) == [NOON - timedelta(hours=hours) for hours in (2, 1, 0)]
    wanted = [NOON, NOON - timedelta(hours=2), NOON + timedelta(days=5)]
    assert (
        list_landing(storage, wanted)
        == list_landing(storage, wanted, ["x", "bluesky"])
        == {hour: everything[hour] for hour in sorted(wanted)[:2]}
    )
    assert [landing_hour(path) for path in everything[NOON]] == [NOON]


def test_damage_of_any_kind_is_noticed():
    storage = MemoryStorage()
    landing = writer(storage)
    landing.add_many(record(b'{"id":"%d"}' % number) for number in range(1000))
    [path] = landing.flush()
    data = storage.read(path)
    assert len(read_lines(path, data)) == 1000
    for damaged in (b"", data[:-1], data[:50], data + b"x", data[:60] + b"\x00\x00" + data[62:], b"plain text\n"):
        with pytest.raises(DamagedLandingFileError):
            read_lines(path, damaged)


def test_ulids_sort_by_time():
    assert make_ulid(datetime(1970, 1, 1, tzinfo=UTC), bytes(10)) == "0" * 26
    assert make_ulid(NOON, b"\xff" * 10) < make_ulid(NOON + timedelta(milliseconds=1), bytes(10))
