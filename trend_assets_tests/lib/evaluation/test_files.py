"""Files of labelled data: Parquet, CSV of any delimiter, JSON lines; what cannot be read is said in one sentence."""

from __future__ import annotations

import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trend_assets.lib.evaluation.files import decode_file
from trend_assets_tests.lib.evaluation.labelled import labelled_table


def test_parquet_is_read_as_it_is() -> None:
    sink = io.BytesIO()
    pq.write_table(labelled_table(), sink)
    assert decode_file("posts.parquet", sink.getvalue()).equals(labelled_table())


@pytest.mark.parametrize(
    ("name", "delimiter", "encoding"), [("p.csv", ",", "utf-8"), ("p.csv", ";", "cp1252"), ("p.tsv", "\t", "utf-8-sig")]
)
def test_csv_keeps_long_ids_and_lines_within_texts(name: str, delimiter: str, encoding: str) -> None:
    text = delimiter.join(["tweet_id", "created_at", "text", "event_id"]) + "\n"
    text += delimiter.join(["0123456789012345678901", "2026-09-01 12:00:00", '"été,\nfini; enfin"', "3"]) + "\n"
    text += delimiter.join(["2", "2026-09-01 12:00:00", "NA", ""]) + "\n"
    table = decode_file(name, text.encode(encoding))
    assert table.column("tweet_id").to_pylist() == ["0123456789012345678901", "2"]
    assert table.column("text").to_pylist() == ["été,\nfini; enfin", "NA"]
    assert table.column("event_id").to_pylist() == [3, None]


def test_json_lines_may_be_compressed_and_lines_may_be_very_long() -> None:
    rows = [{"post_id": "1", "text": "x" * 3_000_000, "hashtags": ["a"]}, {"post_id": "2", "text": "y", "hashtags": []}]
    content = "\n".join(json.dumps(row) for row in rows).encode()
    for name, data in (("p.jsonl", content), ("p.jsonl.gz", gzip.compress(content))):
        assert decode_file(name, data).column("hashtags").to_pylist() == [["a"], []]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("posts.xlsx", b"PK", "expected a file named .parquet"),
        ("posts", b"PK", "expected a file named .parquet"),
        ("posts.parquet", b"", "posts.parquet is empty"),
        ("posts.csv", b" \n", "posts.csv is empty"),
        ("posts.parquet", b"not parquet at all", "can't be read as parquet"),
        ("posts.jsonl", b'{"a": 1}\n{"a": ', "can't be read as jsonl"),
        ("posts.jsonl.gz", b"not compressed", "can't be read as jsonl"),
        ("posts.csv", b"a,b\n1,2,3\n", "can't be read as csv"),
    ],
)
def test_what_is_no_such_file_is_said_in_one_line(name: str, content: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as raised:
        decode_file(name, content)
    assert "\n" not in str(raised.value)


def test_a_file_of_a_header_only_has_no_rows() -> None:
    assert decode_file("posts.csv", b"post_id,created_at,text\n").num_rows == 0
    assert isinstance(decode_file("posts.csv", b"post_id,text").schema.field("text").type, type(pa.string()))
