"""What networks counted: landed count records as rows, and nothing else as one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.sources import decode_hours
from trend_assets.lib.sources.landing_file import compress_lines, encode_line, file_path, line_prefix
from trend_assets.lib.sources.term_counts import hours_counted, term_counts
from trend_assets.tables.collection import TERM_COUNTS

HOUR = datetime(2026, 9, 10, 12, tzinfo=UTC)
RULE = {"tag": "bags", "value": "bag OR sac", "topic": "topic-1"}


def bucket(posts: object = 7, start: str = "2026-09-10T11:00:00.000Z", end: str = "2026-09-10T12:00:00.000Z", name: str = "tweet") -> bytes:
    return json.dumps({"start": start, "end": end, f"{name}_count": posts}).encode()


def includes(**rule: object) -> bytes:
    return json.dumps({"matching_rules": [rule]}).encode()


def landed(*records: tuple[bytes, bytes | None], kind: str = "count") -> tuple[str, bytes]:
    lines = [encode_line(line_prefix("x", "2026-09-10T12:02:00.000000Z", "x/counts_recent", kind), body, more) for body, more in records]
    data = compress_lines(lines)
    return file_path("x", "2026-09-10T12", "0" * 26, data), data


@pytest.mark.parametrize("name", ["tweet", "post"])
def test_a_count_tells_term_query_topic_interval_and_number(name):
    path, data = landed((bucket(name=name), includes(**RULE)))
    (row,) = term_counts([(path, data)]).to_pylist()
    assert row == {
        "hour": HOUR,
        "network": "x",
        "source": "x",
        "term": "bags",
        "query": "bag OR sac",
        "topic_id": "topic-1",
        "begins_at": HOUR - timedelta(hours=1),
        "ends_at": HOUR,
        "posts": 7,
        "counted_at": HOUR + timedelta(minutes=2),
        "landing_file": path,
        "landing_line": 0,
    }


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (bucket(), None),
        (bucket(), includes(tag="")),
        (bucket(), b'{"matching_rules":[]}'),
        (bucket(-1), includes(**RULE)),
        (bucket(2**63), includes(**RULE)),
        (bucket(1.5), includes(**RULE)),
        (bucket(None), includes(**RULE)),
        (bucket(start="2026-09-10T12:00:00Z"), includes(**RULE)),
        (bucket(start="0001-01-01T00:00:00+23:59"), includes(**RULE)),
        (bucket(start="soon"), includes(**RULE)),
        (b'{"tweet_count": 3}', includes(**RULE)),
        (b"\xff_count\n", includes(**RULE)),
        (b'{"start": "2026-09-10T11:00:00Z", "end": "2026-09-10T12:00:00Z", "tweet_count": NaN}', includes(**RULE)),
        (json.dumps({"id": "1", "text": "no _count at all"}).encode(), includes(**RULE)),
    ],
)
def test_what_cannot_be_used_has_no_row_and_its_neighbours_do(body, more):
    rows = term_counts([landed((bucket(1), includes(**RULE)), (body, more), (bucket(2), includes(**RULE)))])
    assert rows["posts"].to_pylist() == [1, 2]
    assert rows["landing_line"].to_pylist() == [0, 2]


def test_every_row_is_a_record_that_the_accounting_counts_as_a_count():
    path, data = landed((bucket(1), includes(**RULE)), (bucket(2), None), (bucket(2), includes(tag="sac")), (b'{"text": "', None))
    decoded = decode_hours({HOUR: [(path, data)]}, lake_start=HOUR - timedelta(days=1), lake_end=None, pseudonyms=Pseudonyms("k" * 32))
    counted = [row["records"] for row in decoded.landing_counts.to_pylist() if (row["outcome"], row["detail"]) == ("ignored", "count")]
    assert sum(counted) == 3
    assert term_counts([(path, data)]).num_rows == 2  # one of the three tells no term


def test_files_in_any_order_and_none_at_all():
    files = [landed((bucket(number), includes(**RULE))) for number in range(5)]
    assert term_counts(files).equals(term_counts(list(reversed(files))))
    assert term_counts([]).schema == TERM_COUNTS.schema


def test_terms_in_any_script_and_without_a_query():
    rows = term_counts([landed((bucket(), includes(tag="שק 袋 👜")), (bucket(), includes(tag="x" * 100_000)))])
    assert [len(term) for term in rows["term"].to_pylist()] == [len("שק 袋 👜"), 100_000]
    assert set(rows["query"].to_pylist()) == {""}
    assert rows["topic_id"].null_count == 2


def test_holes_between_a_terms_first_and_last_count_are_told():
    hours = ["2026-09-10T07:00:00Z", "2026-09-10T08:00:00Z", "2026-09-10T08:00:00Z", "2026-09-10T11:00:00Z"]
    rows = term_counts([landed(*((bucket(start=start, end=start.replace(":00:00Z", ":59:00Z")), includes(**RULE)) for start in hours))])
    assert hours_counted(rows) == (3, 5)
    assert hours_counted(TERM_COUNTS.empty()) == (0, 0)
