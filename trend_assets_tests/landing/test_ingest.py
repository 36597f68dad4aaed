from __future__ import annotations

import gzip
import json
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import trend_assets
from trend_assets.lake.storage import open_storage
from trend_assets.landing.ingest import MappingError, RefusedFileError, describe_quarantine, ingest_files, reconcile
from trend_assets_tests.lib.sources.landed import LAKE_END, LAKE_START, RECEIVED, decode

POST = {"id": "1", "text": "coats", "author_id": "11", "created_at": "2026-09-02T12:00:00.000Z"}
MAPPING = "network: forum\nlicence_class: open\ncolumns: {author: user, created_at: date, text: content, like_count: likes}\n"


@pytest.fixture
def landing(tmp_path):
    return open_storage(str(tmp_path / "landing"))


def ingest(landing, *paths, source="x", **changes):
    settings = {"received_at": RECEIVED, "lake_start": LAKE_START, "lake_end": LAKE_END} | changes
    return ingest_files(list(paths), source, landing, **settings)


def lines(path: Path, *objects) -> Path:
    path.write_bytes(b"\n".join(item if isinstance(item, bytes) else json.dumps(item).encode() for item in objects))
    return path


def account(receipts, landing, **names):
    """Rows of the reconciliation without zeros, by file."""
    rows = reconcile(receipts, decode(landing).landing_counts)
    assert all(row["difference"] == 0 for row in rows)
    return {row["file"]: {name: value for name, value in row.items() if value and name not in ("file", "difference")} for row in rows}


def test_every_record_of_every_file_is_accounted_for(tmp_path, landing):
    page = {"data": [POST, POST | {"id": "2"}], "errors": [{"title": "Not Found Error"}], "meta": {}}
    first = lines(tmp_path / "page.json", json.dumps(page, indent=2).encode())
    second = lines(tmp_path / "stream.jsonl", {"data": POST | {"id": "3"}, "matching_rules": []}, b'{"data": {"id"', POST)
    receipts = ingest(landing, first, second)
    assert account(receipts, landing) == {
        "page.json": {"records": 3, "posts": 2, "ignored": 1, "ignored_by_kind": "error 1"}
        if landed_last(receipts, "stream.jsonl", landing)
        else {"records": 3, "posts": 1, "duplicates": 1, "ignored": 1, "ignored_by_kind": "error 1"},
        "stream.jsonl": {"records": 3, "posts": 1, "duplicates": 1, "quarantined": 1}
        if landed_last(receipts, "stream.jsonl", landing)
        else {"records": 3, "posts": 2, "quarantined": 1},
    }
    assert [receipt.kinds for receipt in receipts] == [{"error": 1, "post": 2}, {"post": 1, "stream": 1, "unreadable": 1}]
    assert describe_quarantine(decode(landing).quarantined_posts, receipts) == [
        {"file": "stream.jsonl", "reason": "truncated", "detail": "the record ends in the middle, after 14 bytes", "records": 1}
    ]


def landed_last(receipts, file, landing):
    """Whether post 1 of this file lost to the other's: at one moment of receipt the order of file names decides."""
    [winner] = [row["request_id"] for row in decode(landing).raw_posts.to_pylist() if row["post_id"] == "1"]
    return not winner.endswith(file)


def test_request_and_hours_follow_from_the_content(tmp_path, landing):
    [receipt] = ingest(landing, lines(tmp_path / "a.jsonl", POST, {"no": "time"}))
    assert receipt.request_id == f"ingest/{receipt.sha256[:12]}/a.jsonl"
    assert receipt.hours == (datetime(2026, 9, 2, 12, tzinfo=UTC),)
    assert set(decode(landing).landing_counts["request_id"].to_pylist()) == {receipt.request_id}


def test_the_same_content_is_landed_once_unless_asked_for_again(tmp_path, landing):
    first = lines(tmp_path / "a.jsonl", POST, POST | {"id": "2"})
    copy = lines(tmp_path / "b.jsonl", POST, POST | {"id": "2"})
    ingest(landing, first)
    before = landing.list()
    [receipt] = ingest(landing, copy, received_at=RECEIVED + timedelta(minutes=1))
    assert receipt.skipped.startswith("the same content was ingested as a.jsonl on 2026-09-02 12:30 UTC")
    assert landing.list() == before
    [again] = ingest(landing, first, received_at=RECEIVED + timedelta(minutes=2), again=True)
    assert account([again], landing) == {"a.jsonl": {"records": 2, "posts": 2}}
    counts = decode(landing).landing_counts.to_pylist()
    assert sorted((row["outcome"], row["records"]) for row in counts) == [("duplicate", 2), ("post", 2)]


def test_the_same_file_twice_in_one_call_is_landed_once(tmp_path, landing):
    path = lines(tmp_path / "a.jsonl", POST)
    receipts = ingest(landing, path, path)
    assert [receipt.records for receipt in receipts] == [1, 0]
    receipts = ingest(landing, path, path, again=True, received_at=RECEIVED + timedelta(minutes=1))
    assert [row["records"] for row in reconcile(receipts, decode(landing).landing_counts)] == [1, 1]
    account(receipts, landing)


@pytest.mark.parametrize("fails_at", range(6))
def test_a_run_that_died_is_continued_without_counting_anything_twice(tmp_path, fails_at):
    class Dying:
        """A storage whose n-th write never happens."""

        def __init__(self, inner):
            self.inner, self.writes = inner, 0

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def write_new(self, path, data):
            if self.writes == fails_at:
                raise KeyboardInterrupt
            self.writes += 1
            self.inner.write_new(path, data)

    landing = open_storage(str(tmp_path / "landing"))
    path = lines(
        tmp_path / "a.jsonl", *(POST | {"id": str(number), "created_at": f"2026-09-02T{number:02d}:00:00Z"} for number in range(1, 4))
    )
    if fails_at < 5:
        with pytest.raises(KeyboardInterrupt):
            ingest(Dying(landing), path)
    else:
        ingest(Dying(landing), path)
    receipts = ingest(landing, path, received_at=RECEIVED + timedelta(hours=1))
    decoded = decode(landing)
    assert decoded.raw_posts.num_rows == 3
    assert sum(decoded.landing_counts["records"].to_pylist()) == 3
    if fails_at < 5:
        assert [receipt.records for receipt in receipts] == [3]
        account(receipts, landing)
    else:
        assert receipts[0].skipped


def test_archives_report_each_member_and_what_was_passed_over(tmp_path, landing):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.jsonl", json.dumps(POST))
        archive.writestr("two.json.gz", gzip.compress(json.dumps([POST | {"id": "2"}, 5]).encode()))
        archive.writestr("empty.jsonl", b"")
        archive.writestr("README.md", b"hello")
    receipts = ingest(landing, path)
    assert account(receipts, landing) == {
        "a.zip/README.md": {"note": "not a file of records: this source reads .json, .jsonl, .ndjson"},
        "a.zip/empty.jsonl": {},
        "a.zip/one.jsonl": {"records": 1, "posts": 1},
        "a.zip/two.json.gz": {"records": 2, "posts": 1, "quarantined": 1},
    }


def test_a_damaged_compressed_file_keeps_what_was_readable(tmp_path, landing):
    path = tmp_path / "a.jsonl.gz"
    packed = gzip.compress(b"\n".join(json.dumps(POST | {"id": str(number)}).encode() for number in range(1, 50)))
    path.write_bytes(packed[:-4])
    receipts = ingest(landing, path)
    [row] = account(receipts, landing).values()
    assert row["posts"] >= 48
    assert row["records"] in (49, 50)


def test_the_file_name_tells_whether_compliance_rows_are_about_posts_or_accounts(tmp_path, landing):
    row = {"id": "1830000000000000001", "action": "delete", "created_at": "2026-09-02T12:00:00Z", "reason": "deleted"}
    ingest(landing, lines(tmp_path / "users_compliance.jsonl", row), lines(tmp_path / "tweets_compliance.jsonl", row, {}))
    assert sorted(decode(landing).deletions["subject_kind"].to_pylist()) == ["account", "post"]


def table_file(path: Path, rows: list[dict]) -> Path:
    table = pa.Table.from_pylist(rows)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        import pyarrow.csv as arrow_csv

        arrow_csv.write_csv(table, path)
    return path


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_tables_load_by_a_mapping(tmp_path, landing, name):
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(MAPPING)
    moment = datetime(2026, 9, 2, 12, tzinfo=UTC)
    rows = [{"user": f"u{number}", "date": moment, "content": 'say "hé",\nbye', "likes": number} for number in range(3)]
    rows += [rows[0], {"user": None, "date": moment, "content": "nobody", "likes": None}]
    receipts = ingest(landing, table_file(tmp_path / name, rows), source="table", mapping=mapping)
    assert account(receipts, landing) == {name: {"records": 5, "posts": 3, "duplicates": 1, "quarantined": 1}}
    decoded = decode(landing)
    [row] = [row for row in decoded.raw_posts.to_pylist() if row["like_count"] == 2]
    assert (row["network"], row["licence_class"], row["created_at"], row["text"]) == ("forum", "open", moment, 'say "hé",\nbye')
    assert decoded.quarantined_posts["detail"].to_pylist() == ["author missing"]


def test_broken_csv_rows_are_refused_and_their_neighbours_live(tmp_path, landing):
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(MAPPING)
    path = tmp_path / "a.csv"
    path.write_bytes(
        b"user,date,content,likes\n"
        b"a,2026-09-02T12:00:00Z,fine,1\n"
        b"b,2026-09-02T12:00:00Z,one,too,many\n"
        b"c,2026-09-02T12:00:00Z\n"
        b"d,2026-09-02T12:00:00Z,caf\xe9,1\n"
        b'e,2026-09-02T12:00:00Z,"also, fine",2\n'
    )
    receipts = ingest(landing, path, source="table", mapping=mapping)
    assert account(receipts, landing) == {"a.csv": {"records": 5, "posts": 2, "quarantined": 3}}
    assert [(row["reason"], row["detail"]) for row in describe_quarantine(decode(landing).quarantined_posts)] == [
        ("invalid_encoding", "not UTF-8: byte 0xe9 at 26"),
        ("unknown_shape", "2 cells, the header has 4"),
        ("unknown_shape", "5 cells, the header has 4"),
    ]


def test_csv_in_another_encoding_and_with_semicolons(tmp_path, landing):
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(MAPPING + "encoding: cp1252\ndelimiter: ;\n")
    path = tmp_path / "a.csv"
    path.write_bytes("user;date;content;likes\na;2026-09-02T12:00:00Z;déjà là €;1\n".encode("cp1252"))
    ingest(landing, path, source="table", mapping=mapping)
    assert decode(landing).raw_posts["text"].to_pylist() == ["déjà là €"]


def test_parquet_values_of_any_type_become_rows(tmp_path, landing):
    path = tmp_path / "a.parquet"
    values = {
        "user": pa.array([12345678901234567], pa.int64()),
        "date": pa.array([1788350400000000000], pa.timestamp("ns")),
        "content": pa.array(["a"], pa.large_string()).dictionary_encode(),
        "likes": pa.array([float("nan")]),
        "price": pa.array([Decimal("1.50")]),
        "picture": pa.array([b"\xff"]),
        "nested": pa.array([{"a": [1, None]}]),
        "day": pa.array([20000], pa.date32()),
    }
    pq.write_table(pa.table(values), path)
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(MAPPING)
    ingest(landing, path, source="table", mapping=mapping)
    [row] = decode(landing).raw_posts.to_pylist()
    assert (row["created_at"], row["like_count"]) == (datetime(2026, 9, 2, 12, tzinfo=UTC), None)


def test_nothing_is_landed_when_one_file_can_not_be_used(tmp_path, landing):
    good = lines(tmp_path / "a.jsonl", POST)
    (tmp_path / "b.txt").write_text("no")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(RefusedFileError, match=r"b\.txt"):
        ingest(landing, good, tmp_path / "b.txt")
    with pytest.raises(RefusedFileError, match=r"b\.parquet: not a readable Parquet file"):
        ingest(landing, tmp_path / "b.parquet", source="table", mapping=mapping_file(tmp_path))
    with pytest.raises(ValueError, match="unknown source 'twitter'"):
        ingest(landing, good, source="twitter")
    assert landing.list() == []


def mapping_file(folder):
    path = folder / "mapping.yml"
    path.write_text(MAPPING)
    return path


def test_a_table_without_or_with_an_unfit_mapping_proposes_one(tmp_path, landing):
    path = table_file(tmp_path / "a.csv", [{"user_id": "a", "created_at": "2026-09-02", "tweet": "b"}])
    with pytest.raises(MappingError, match=r"(?s)a table needs a mapping file.*author: user_id.*text: tweet"):
        ingest(landing, path, source="table")
    with pytest.raises(MappingError, match=r"(?s)the table lacks .*user.*Columns found: user_id, created_at, tweet"):
        ingest(landing, path, source="table", mapping=mapping_file(tmp_path))


def test_the_shipped_mapping_is_valid_and_progress_is_told(tmp_path, landing):
    mapping = Path(trend_assets.__file__).parent / "mappings" / "tweets_table.yml"
    row = {"author_id": "1", "created_at": "2026-09-02", "text": "a", "retweets": 1, "replies": 0, "likes": 0, "quote_count": 0}
    path = table_file(tmp_path / "a.csv", [row | {"brand_query": "coats", "geo_place_id": "p"}])
    told = []
    ingest(landing, path, source="table", mapping=mapping, on_progress=told.append)
    [post] = decode(landing).raw_posts.to_pylist()
    assert (post["matching_rules"], post["repost_count"], post["network"], post["place"]) == (["coats"], 1, "x", "p")
    assert told == ["a.csv"]


def test_many_different_details_are_summed_up(tmp_path, landing):
    path = lines(tmp_path / "a.jsonl", *(POST | {"created_at": f"2006-03-21T20:50:{second:02d}Z"} for second in range(15)))
    receipts = ingest(landing, path)
    rows = describe_quarantine(decode(landing).quarantined_posts, receipts)
    assert len(rows) == 11
    assert rows[-1] == {"file": "a.jsonl", "reason": "outside_lake_window", "detail": "(5 other details)", "records": 5}
