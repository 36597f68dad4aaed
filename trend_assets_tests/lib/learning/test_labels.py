"""Label files: three formats, the latest word counts, and what cannot be used is counted by reason."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trend_assets.lib.learning.labels import lake_post_id, read_labels
from trend_assets.lib.privacy.pseudonyms import Pseudonyms

LABELS = ("negative", "neutral", "positive")
PSEUDONYMS = Pseudonyms("a key for tests")
ROWS = [
    {"network": "x", "post_id": "1", "label": "positive", "labelled_at": "2026-09-02T10:00:00+00:00"},
    {"network": "x", "post_id": "2", "label": "neutral", "labelled_at": ""},
]


def _jsonl(rows: list[object]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_the_three_formats_say_the_same() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), sink)
    csv = b"network,post_id,label,labelled_at\nx,1,positive,2026-09-02T10:00:00+00:00\nx,2,neutral,\n"
    read = [
        read_labels(data, suffix, LABELS, PSEUDONYMS)
        for data, suffix in ((_jsonl(ROWS), ".jsonl"), (csv, ".csv"), (sink.getvalue(), ".parquet"))
    ]
    assert read[0].rows.to_pylist() == read[1].rows.to_pylist() == read[2].rows.to_pylist()
    for separator in (b";", b"\t"):
        assert read_labels(csv.replace(b",", separator), ".csv", LABELS, PSEUDONYMS).rows == read[1].rows
    assert [(row["post_id"], row["label"], row["labelled_at"] is None) for row in read[0].rows.to_pylist()] == [
        ("1", "positive", False),
        ("2", "neutral", True),
    ]
    assert not read[0].refused


def test_the_latest_label_of_a_post_counts() -> None:
    later = ROWS[0] | {"label": "negative", "labelled_at": "2026-09-03T10:00:00+02:00"}
    for rows in ([ROWS[0], later], [later, ROWS[0]]):
        found = read_labels(_jsonl(rows), ".jsonl", LABELS, PSEUDONYMS)
        assert found.rows["label"].to_pylist() == ["negative"]
        assert found.refused == {"labelled again": 1}


def test_rows_that_cannot_be_used_are_counted_by_reason() -> None:
    bad = [ROWS[0] | {"label": "angry"}, {"network": "x", "label": "neutral"}, ROWS[0] | {"labelled_at": "soon"}, ["a list"]]
    found = read_labels(_jsonl([*bad, ROWS[1]]) + b"{broken\n\n", ".jsonl", LABELS, PSEUDONYMS)
    assert found.rows["post_id"].to_pylist() == ["2"]
    assert found.refused == {"no network or post_id": 1, "not a JSON object": 2, "unknown label 'angry'": 1, "unreadable labelled_at": 1}


@pytest.mark.parametrize(
    ("data", "suffix", "message"),
    [
        (b"network,post_id\nx,1\n", ".csv", "lack the column label"),
        (b"PAR0", ".parquet", "cannot be read"),
        (b"\n", ".csv", "the file is empty: it needs the columns network, post_id, label"),
        (b"", ".xlsx", "labels are read from"),
    ],
)
def test_files_that_are_no_labels_are_refused_with_a_reason(data: bytes, suffix: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_labels(data, suffix, LABELS, PSEUDONYMS)


def test_names_of_bluesky_posts_become_the_lakes() -> None:
    expected = f"{PSEUDONYMS.account_id('bluesky', 'did:plc:abc')}/3k"
    assert lake_post_id("bluesky", "did:plc:abc/3k", PSEUDONYMS) == expected
    assert lake_post_id("bluesky", "at://did:plc:abc/app.bsky.feed.post/3k", PSEUDONYMS) == expected
    assert lake_post_id("bluesky", expected, PSEUDONYMS) == expected
    assert lake_post_id("x", "123", PSEUDONYMS) == "123"
