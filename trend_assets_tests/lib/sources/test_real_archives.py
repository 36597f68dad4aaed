"""Recorded payloads of the real networks, where this machine has them: every record accounted for, counts checked independently."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import trend_assets
from trend_assets.landing.ingest import describe_quarantine, ingest_files, reconcile
from trend_assets.tables import TABLES
from trend_assets_tests.lib.sources.landed import MemoryStorage, decode
from trend_assets_tests.support import shared_data

EARLY = datetime(2006, 1, 1, tzinfo=UTC)


def load(name, source, mapping=None):
    """Receipts, tables and the account by file, of one archive landed in memory."""
    landing = MemoryStorage()
    path = shared_data(name)
    receipts = ingest_files([path], source, landing, mapping, received_at=datetime(2026, 11, 1, tzinfo=UTC), lake_start=EARLY)
    decoded = decode(landing, lake_start=EARLY, lake_end=None)
    for table in ("raw_posts", "quarantined_posts", "deletions", "landing_counts"):
        TABLES[f"social/{table}"].conform(getattr(decoded, table)).validate(full=True)
    rows = {row["file"].removeprefix(f"{name}/"): row for row in reconcile(receipts, decoded.landing_counts)}
    assert all(row["difference"] == 0 for row in rows.values())
    return receipts, decoded, rows


def objects(text):
    """The JSON objects of a file of lines and the number of lines that are none, by the standard library alone."""
    found, broken = [], 0
    for line in text.split(b"\n"):
        if line.strip():
            try:
                found.append(json.loads(line))
            except ValueError:
                broken += 1
    return found, broken


def expected_of_v2(text):
    """Records by kind, post ids (with repeats) and ids of reposts of a file of API v2 payloads."""
    counts, ids, reposts = Counter(), [], set()
    found, counts["broken"] = objects(text)
    for item in found:
        if "data" not in item:
            data = [] if "errors" in item else [item]
        else:
            data = item["data"] if isinstance(item["data"], list) else [item["data"]]
        counts["errors"] += len(item.get("errors", [])) if "data" in item or "errors" in item else 0
        for thing in data:
            counts["post" if "text" in thing else "row" if "action" in thing else "other"] += 1
            if "text" in thing:
                ids.append(thing["id"])
                if any(reference["type"] == "retweeted" for reference in thing.get("referenced_tweets", [])):
                    reposts.add(thing["id"])
    return counts, ids, reposts


def test_all_recorded_payloads_of_the_x_api_v2():
    _, decoded, rows = load("x_api_v2_payloads_twarc_csv.zip", "x")
    all_ids, reposted = [], set()
    with zipfile.ZipFile(shared_data("x_api_v2_payloads_twarc_csv.zip")) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        assert set(rows) == set(names)
        assert len(names) == 28
        for name in names:
            counts, ids, reposts = expected_of_v2(archive.read(name))
            row = rows[name]
            all_ids += ids
            reposted |= reposts
            assert row["records"] == counts.total(), name
            assert row["posts"] + row["reposts"] + row["duplicates"] == counts["post"], name
            assert row["deletions"] == counts["row"], name
            assert row["ignored"] == counts["errors"] + counts["other"], name
            assert row["quarantined"] == counts["broken"], name
    assert sorted(decoded.raw_posts["post_id"].to_pylist()) == sorted(set(all_ids))
    assert len(reposted) == sum(row["reposts"] for row in rows.values())
    totals = Counter()
    for row in rows.values():
        totals.update({name: row[name] for name in ("records", "posts", "reposts", "duplicates", "deletions", "quarantined", "ignored")})
    assert totals == {"records": 1812, "posts": 476, "reposts": 633, "duplicates": 400, "deletions": 4, "quarantined": 1, "ignored": 298}
    assert describe_quarantine(decoded.quarantined_posts) == [
        {
            "file": rows_request(decoded),
            "reason": "truncated",
            "detail": "the record ends in the middle, after 44 bytes",
            "records": 1,
        }
    ]


def rows_request(decoded):
    [request] = set(decoded.quarantined_posts["request_id"].to_pylist())
    assert request.endswith("/streaming_output_with_error.jsonl")
    return request


def test_what_the_v2_payloads_hold_arrives_in_the_columns():
    _, decoded, _ = load("x_api_v2_payloads_twarc_csv.zip", "x")
    posts = decoded.raw_posts.to_pylist()
    assert sum(len(post["matching_rules"]) > 0 for post in posts) >= 7
    assert sum(post["edit_of"] is not None for post in posts) >= 1
    assert sum(post["place"] is not None for post in posts) >= 1
    reposts = [post for post in posts if post["kind"] == "repost"]
    assert all(post["reposted_post"] for post in reposts)
    assert sum(post["reposted_author"] is not None for post in reposts) > 0.9 * len(reposts)
    assert sum(post["text"].endswith("…") for post in reposts) < 0.1 * len(reposts)
    assert all(len(post["author"]) == 16 for post in posts)
    assert sum(post["author_followers"] is not None for post in posts) > 600  # entities_test.jsonl (474 posts) has no counts of users
    assert Counter(decoded.deletions["subject_kind"].to_pylist()) == {"post": 2, "account": 2}


def test_all_recorded_statuses_of_the_x_api_v1():
    _, decoded, rows = load("x_api_v1_statuses.jsonl.gz", "x-v1")
    with gzip.open(shared_data("x_api_v1_statuses.jsonl.gz")) as stream:
        found, broken = objects(stream.read())
    assert broken == 0
    reposts = sum("retweeted_status" in status for status in found)
    [row] = rows.values()
    assert (row["records"], row["posts"], row["reposts"]) == (len(found), len(found) - reposts, reposts) == (3452, 2784, 668)
    assert row["quarantined"] == row["duplicates"] == row["ignored"] == 0
    by_id = {post["post_id"]: post for post in decoded.raw_posts.to_pylist()}
    assert set(by_id) == {status["id_str"] for status in found}
    for status in found:
        post = by_id[status["id_str"]]
        source = status.get("retweeted_status") or status
        extended = source.get("extended_tweet") or {}
        assert post["text"] == (extended.get("full_text") or source.get("full_text") or source.get("text"))
        assert post["created_at"] == datetime.strptime(status["created_at"], "%a %b %d %H:%M:%S %z %Y")
        assert (post["in_reply_to_post"] or "") == (status.get("in_reply_to_status_id_str") or "")


def test_the_jetstream_events():
    receipts, decoded, rows = load("bluesky_jetstream_testdata.zip", "bluesky")
    with zipfile.ZipFile(shared_data("bluesky_jetstream_testdata.zip")) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("expected_v1.jsonl")]
        found, broken = objects(archive.read(name))
    commits = Counter((event["commit"]["operation"], event["commit"]["collection"]) for event in found if event["kind"] == "commit")
    row = rows[name]
    assert broken == 0
    assert row["records"] == len(found) == 152
    assert row["posts"] == commits["create", "app.bsky.feed.post"] == 17
    assert row["reposts"] == commits["create", "app.bsky.feed.repost"] == 15
    assert row["deletions"] == commits["delete", "app.bsky.feed.post"] == 1
    assert row["ignored"] == 119
    assert row["ignored_by_kind"] == (
        "account active 1, app.bsky.actor.status 1, app.bsky.feed.like 105, app.bsky.graph.block 1, "
        "app.bsky.graph.follow 9, identity 1, other collection 1"
    )
    assert {receipt.file.rsplit(".", 1)[-1] for receipt in receipts if receipt.skipped} >= {"zst", "car", "json", "txt"}
    texts = {
        event["commit"]["record"]["text"] for event in found if event["kind"] == "commit" and "text" in event["commit"].get("record", {})
    }
    assert texts <= set(decoded.raw_posts["text"].to_pylist())
    assert "did:plc" not in str(decoded.raw_posts.drop(["text", "urls"]).to_pylist())


def test_the_table_of_fashion_tweets_reconciles():
    mapping = Path(trend_assets.__file__).parent / "mappings" / "tweets_table.yml"
    _, decoded, rows = load("tweets_fashion_brands_2021.parquet", "table", mapping)
    table = pq.read_table(shared_data("tweets_fashion_brands_2021.parquet"))
    keys = set(zip(*(table[name].to_pylist() for name in ("author_id", "created_at", "text")), strict=True))
    [row] = rows.values()
    assert (row["records"], row["posts"]) == (table.num_rows, len(keys)) == (42196, 42159)
    assert row["duplicates"] == table.num_rows - len(keys)
    by_brand = Counter(rules[0] for rules in decoded.raw_posts["matching_rules"].to_pylist())
    assert set(by_brand) == set(table["brand_query"].to_pylist())


def test_reading_again_gives_the_same_tables():
    first = load("x_api_v2_payloads_twarc_csv.zip", "x")[1]
    second = load("x_api_v2_payloads_twarc_csv.zip", "x")[1]
    assert first.raw_posts.equals(second.raw_posts)
    assert first.landing_counts.equals(second.landing_counts)


@pytest.mark.parametrize("name", ["json_test_suite.zip", "naughty_strings.zip"])
def test_archives_of_poison_reconcile_as_files_too(name):
    _, _, rows = load(name, "x")
    assert sum(row["records"] for row in rows.values()) > 200
