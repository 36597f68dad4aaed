"""What the board reads from the lake: posts that are still there, and whether anything is lost while the lake grows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trend_assets.board.lake_data import accounts, exemplars, terms_breaking_out
from trend_assets.lake.lake import Lake
from trend_assets.lake.reader import manifest_path
from trend_assets.tables import TABLES, Table
from trend_assets_tests.board.conftest import some_row

NOON, HOUR = datetime(2026, 9, 30, 12, tzinfo=UTC), timedelta(hours=1)
COUNTS, RAW, REFUSED = TABLES["social/landing_counts"], TABLES["social/raw_posts"], TABLES["social/quarantined_posts"]
CLEAN, DELETIONS = TABLES["social/clean_posts"], TABLES["social/deletions"]


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(str(tmp_path))


def key(hour: datetime) -> str:
    return f"{hour:%Y-%m-%d-%H}:00"


def publish(lake: Lake, table: Table, hour: datetime, rows: Sequence[dict[str, Any]], files: Sequence[str] = ()) -> None:
    whole = table.from_rows([some_row(table, hour) | row for row in rows])
    lake.publish(table, {key(hour): whole}, inputs=dict.fromkeys(files, "hash"), allow_shrink=True)


def land(lake: Lake, hour: datetime, posts: int = 2, refused: int = 1, counted: bool = True, file: str = "f") -> None:
    """One hour in the order in which it is published: the counts come last."""
    publish(lake, RAW, hour, [{"post_id": f"{hour:%d%H}{number}"} for number in range(posts)], [file])
    if refused:
        publish(lake, REFUSED, hour, [{"landing_file": file, "landing_line": number + 1} for number in range(refused)])
    if counted:
        outcomes = {"post": posts, "quarantined": refused}
        rows = [{"outcome": name, "detail": name, "records": records} for name, records in outcomes.items() if records]
        publish(lake, COUNTS, hour, rows, [file])


def test_a_lake_that_grows_is_exact_after_every_hour(lake):
    for number in range(3):
        land(lake, NOON + number * HOUR, posts=2 + number, refused=number)
        found = accounts(lake)
        assert found.exact, found
        assert found.since == NOON
    assert found.outcomes == {"post": 9, "quarantined": 3}
    assert found.refused == (("quarantined", 3),)


def test_an_hour_that_is_being_made_is_left_out_and_told(lake):
    land(lake, NOON)
    land(lake, NOON + HOUR, counted=False)
    assert (accounts(lake).exact, accounts(lake).open_hours, accounts(lake).outcomes["post"]) == (True, 1, 2)
    publish(lake, RAW, NOON, [{"post_id": str(number)} for number in range(3)], ["f", "late file"])
    assert (accounts(lake).exact, accounts(lake).open_hours, accounts(lake).outcomes) == (True, 2, {})


def test_hours_whose_posts_may_have_passed_their_retention_are_not_held_against_the_lake(lake):
    publish(lake, COUNTS, NOON - timedelta(days=(RAW.retention_days or 0) + 1), [{"outcome": "post", "records": 7}], ["f"])
    land(lake, NOON)
    assert accounts(lake).exact
    assert accounts(lake).since == NOON


def test_retention_counts_from_sealed_hours_without_posts_too(lake):
    publish(lake, COUNTS, NOON - timedelta(days=(RAW.retention_days or 0) - 1), [{"outcome": "post", "records": 7}], ["f"])
    land(lake, NOON)
    assert not accounts(lake).exact
    trends = TABLES["topics/trends"]
    lake.publish(trends, {key(NOON + 48 * HOUR): trends.empty()}, inputs={"x": "y"})
    assert accounts(lake).exact


@pytest.mark.parametrize("table", [RAW, REFUSED])
def test_an_hour_that_was_lost_is_named(lake, table):
    for number in range(2):
        land(lake, NOON + number * HOUR)
    lake.storage.delete(manifest_path(table, key(NOON)))
    assert [row.differing for row in accounts(lake).rows if row.table == table.path] == [(key(NOON),)]


def test_one_post_too_many_does_not_make_up_for_one_too_few(lake):
    for number in range(2):
        land(lake, NOON + number * HOUR)
    publish(lake, RAW, NOON, [{"post_id": "1"}], ["f"])
    publish(lake, RAW, NOON + HOUR, [{"post_id": str(number)} for number in range(3)], ["f"])
    [posts] = [row for row in accounts(lake).rows if row.table == RAW.path]
    assert (posts.counted, posts.held, posts.exact) == (4, 4, False)


def test_an_empty_lake_has_lost_nothing(lake):
    assert accounts(lake).exact
    assert accounts(lake).since is None


def shown(lake: Lake, names: Sequence[str]) -> list[str]:
    return [post["name"] for post in exemplars(lake, names, NOON)]


@pytest.fixture
def posted(lake) -> Lake:
    """Posts 1 and 2 at noon, 3 (a repost of 1) five hours before, 4 three days before."""
    publish(lake, CLEAN, NOON, [{"network": "x", "post_id": "1", "author": "ann"}, {"network": "x", "post_id": "2", "author": "bob"}])
    repost = {"network": "x", "post_id": "3", "author": "cem", "kind": "repost", "reposted_post": "1", "reposted_author": "ann"}
    publish(lake, CLEAN, NOON - 5 * HOUR, [repost])
    publish(lake, CLEAN, NOON - 72 * HOUR, [{"network": "x", "post_id": "4"}])
    return lake


NAMES = ["x:3", "x:2", "x:4", "x:1"]


def test_exemplars_come_in_their_order_and_old_ones_not_at_all(posted):
    assert shown(posted, NAMES) == ["x:3", "x:2", "x:1"]
    assert shown(posted, []) == []
    assert shown(posted, ["x:unknown"]) == []


@pytest.mark.parametrize(
    ("kind", "subject", "left"), [("post", "1", ["x:2"]), ("account", "bob", ["x:3", "x:1"]), ("location", "bob", ["x:3", "x:2", "x:1"])]
)
def test_what_its_network_took_back_is_not_shown_any_more(posted, kind, subject, left):
    publish(posted, DELETIONS, NOON + 30 * HOUR, [{"network": "x", "subject_kind": kind, "subject": subject}])
    assert shown(posted, NAMES) == left


def test_text_is_read_of_hours_with_a_named_post_only_and_nothing_once_all_are_found(posted, monkeypatch):
    read, reads = Lake.read, []
    monkeypatch.setattr(
        Lake, "read", lambda self, table, *args, **more: reads.append((table, *args, more)) or read(self, table, *args, **more)
    )
    assert shown(posted, ["x:1", "x:3"]) == ["x:1", "x:3"]
    assert [hours for table, hours, more in reads if table is CLEAN and "clean_text" in more["columns"]] == [
        [key(NOON)],
        [key(NOON - 5 * HOUR)],
    ]
    assert sum(table is CLEAN for table, *_ in reads) == 6 + 2


def burst(term: str, begins: datetime, alarms: float, breaks_out: bool = True) -> dict[str, Any]:
    return {"term": term, "begins_at": begins, "alarms_per_day": alarms, "breaks_out": breaks_out}


def test_terms_that_break_out_are_told_once_the_rarest_first_and_not_those_of_days_ago(lake):
    trends, bursts = TABLES["topics/trends"], TABLES["topics/term_bursts"]
    assert terms_breaking_out(lake) == []
    publish(lake, bursts, NOON, [burst("before any trend", NOON, 0.01)])
    assert terms_breaking_out(lake) == []
    publish(lake, trends, NOON, [{"topic_id": "t"}])
    publish(lake, bursts, NOON - 30 * HOUR, [burst("yesterday", NOON - 31 * HOUR, 0.001)])
    publish(lake, bursts, NOON - HOUR, [burst("bags", NOON - 2 * HOUR, 0.001)])
    quiet = [burst("quiet", NOON - HOUR, 5.0, breaks_out=False), burst("first counted", NOON - 99 * HOUR, 0.001)]
    publish(lake, bursts, NOON, [burst("bags", NOON - HOUR, 0.05), burst("shoes", NOON - HOUR, 0.02), *quiet])
    assert [(row["term"], row["begins_at"]) for row in terms_breaking_out(lake)] == [("shoes", NOON - HOUR), ("bags", NOON - HOUR)]
    assert len(terms_breaking_out(lake, most=1)) == 1
