"""Poison records: each has an outcome, keeps its bytes, and never harms its neighbours."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from trend_assets_tests.lib.sources.landed import decode, land, outcomes, quarantine
from trend_assets_tests.support import shared_data

POST = {"id": "1830000000000000001", "text": "coats", "author_id": "11", "created_at": "2026-09-02T12:00:00.000Z"}
GOOD = json.dumps(POST).encode()


@pytest.mark.parametrize(
    ("poison", "reason", "detail"),
    [
        (b"", "not_json", "empty"),
        (b"\x00\x01", "not_json", "Expecting value at character 0"),
        (b"coats", "not_json", "Expecting value at character 0"),
        (GOOD[:-20], "truncated", f"the record ends in the middle, after {len(GOOD) - 20} bytes"),
        (b'{"text": "caf\xc3', "truncated", "the record ends in the middle, after 14 bytes"),
        (b'{"text": tr', "truncated", "the record ends in the middle, after 11 bytes"),
        (b"[1, 2", "truncated", "the record ends in the middle, after 5 bytes"),
        (b'{"text": "caf\xe9"}', "invalid_encoding", "not UTF-8: byte 0xe9 at 13"),
        ('{"text": "é"}'.encode("utf-16"), "invalid_encoding", "not UTF-8: byte 0xff at 0"),
        (b'{"text": "half \\ud83d", "id": "1"}', "invalid_encoding", "a lone surrogate (half of a character) in an escape"),
        (b'{"id": NaN}', "not_json", "NaN is not JSON"),
        (b'{"id": -Infinity}', "not_json", "-Infinity is not JSON"),
        (b"[[1]]", "not_an_object", "a JSON array, not an object"),
        (b'"text"', "not_an_object", "a JSON text or number, not an object"),
        (b"null", "not_an_object", "a JSON null, not an object"),
        (b"{}", "unknown_shape", "not a post, compliance row, error, user, list or count of the X API v2"),
        (b'{"data": ' + b"[" * 100_000, "too_large", "nested deeper than the decoder allows"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "too_large", "nested deeper than the decoder allows"),
        (b'{"text": "' + b"x" * (1 << 20) + b'"}', "too_large", f"{(1 << 20) + 12} bytes; at most 1048576 are decoded"),
        (
            b'{"created_at": "0001-01-01T00:00:00+23:59", "id": "1", "author_id": "1", "text": ""}',
            "unreadable_created_at",
            "created_at is outside the calendar",
        ),
        (b'{"id": ' + b"9" * 5000 + b', "author_id": "1", "created_at": "2026-09-02T12:00:00Z", "text": ""}', None, None),
    ],
)
def test_poison_is_refused_with_its_reason_and_its_bytes_and_its_neighbours_live(poison, reason, detail):
    second = GOOD.replace(b"0001", b"0002")
    decoded = decode(land("x", GOOD, poison, second))
    assert sorted(decoded.raw_posts["post_id"].to_pylist()) == ["1830000000000000001", "1830000000000000002"]
    [row] = decoded.quarantined_posts.to_pylist()
    if reason:
        assert (row["reason"], row["detail"]) == (reason, detail)
    if poison[:1] != b"[":
        assert row["original"] == poison


def test_duplicate_keys_are_read_as_json_readers_do_the_last_one_counts():
    assert decode(land("x", GOOD[:-1] + b', "text": "last"}')).raw_posts["text"].to_pylist() == ["last"]


def test_a_body_that_tries_to_leave_its_line_stays_inside():
    for poison in (b'{"id":"1"}, "source": "simulated"', b'{"id":"1"}}\n{"source":"simulated","kind":"post"', b'{"id":"1"}\r{"id":"2"}'):
        decoded = decode(land("x", poison))
        assert decoded.quarantined_posts["original"].to_pylist() == [poison]
        assert decoded.quarantined_posts["source"].to_pylist() == ["x"]


def test_every_control_character_and_plane_survives_in_a_text():
    text = "".join(map(chr, [*range(0x20), 0x7F, 0x85, 0x2028, 0xFEFF, 0xFFFE, 0x1F600, 0x10FFFF, 0x202E]))
    assert decode(land("x", POST | {"text": text})).raw_posts["text"].to_pylist() == [text]


def test_the_json_test_suite():
    """Every file of nst/JSONTestSuite as one record: what is no valid object is refused, with its bytes, and counted."""
    with zipfile.ZipFile(shared_data("json_test_suite.zip")) as archive:
        names = [name for name in archive.namelist() if name.endswith(".json")]
        texts = [archive.read(name) for name in names]
    assert len(texts) == 318
    for source in ("x", "x-v1", "bluesky"):
        one_each = [text for text in texts if not text.lstrip().startswith(b"[")]
        decoded = decode(land(source, GOOD, *one_each, GOOD))
        counts = outcomes(decoded)
        assert sum(counts.values()) == len(one_each) + 2
        assert set(decoded.quarantined_posts["original"].to_pylist()) <= {*one_each, GOOD}
        # Arrays are split at the edge: at least one record each, empty ones none.
        decode(land(source, *texts))
    refused = decode(land("x", *(text for name, text in zip(names, texts, strict=True) if "/n_" in name))).quarantined_posts
    assert refused.num_rows >= sum("/n_" in name for name in names) - 2


def test_naughty_strings_survive_as_texts_and_are_refused_as_ids():
    with zipfile.ZipFile(shared_data("naughty_strings.zip")) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("blns.json")]
        strings = json.load(io.BytesIO(archive.read(name)))
    assert len(strings) == 515
    decoded = decode(land("x", *(POST | {"id": str(number), "text": text, "lang": text} for number, text in enumerate(strings))))
    assert decoded.raw_posts["text"].to_pylist() == strings
    reasons = {
        reason for reason, _ in quarantine("x", *(POST | {"id": text, "author_id": text} for text in strings if not text.isdecimal()))
    }
    assert reasons <= {"invalid_id"}
    for field in ("id_str", "created_at", "lang", "user"):
        status = {"id_str": "1", "created_at": "Wed Sep 02 12:00:00 +0000 2026", "text": "", "user": {"id_str": "1"}}
        decoded = decode(land("x-v1", *(status | {field: text} for text in strings)))
        assert sum(outcomes(decoded).values()) == len(strings)
