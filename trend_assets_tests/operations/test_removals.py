"""Which sealed hours hold posts that are gone, and what is left out when they are rebuilt."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.landing.late_files import Sealed
from trend_assets.operations.removals import hours_with_gone_posts, ranges, without_gone_posts, written_at
from trend_assets.partitions import hour_key
from trend_assets.tables import TABLES, Column, Table

START = datetime(2026, 9, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLEAN, RAW, DELETIONS = TABLES["social/clean_posts"], TABLES["social/raw_posts"], TABLES["social/deletions"]
NOTICES = "network=x/hour=2026-09-10T08/01-notices.jsonl.zst"


def value(column: Column) -> Any:
    """Any value that the declaration allows."""
    if column.nullable:
        return None
    if column.allowed:
        return column.allowed[0]
    if pa.types.is_timestamp(column.type):
        return START
    if pa.types.is_list(column.type):
        return []
    if pa.types.is_binary(column.type):
        return b""
    return pa.scalar("" if pa.types.is_string(column.type) else 0).cast(column.type).as_py()


def rows(table: Table, *given: dict[str, Any]) -> pa.Table:
    return table.from_rows([{column.name: value(column) for column in table.columns} | one for one in given])


def snowflake(hour: int, number: int) -> str:
    moment = START + hour * HOUR + timedelta(minutes=30)
    return str(((int(moment.timestamp() * 1000) - 1_288_834_974_657) << 22) + number)


def post(hour: int, number: int, **more: Any) -> dict[str, Any]:
    moment = START + hour * HOUR + timedelta(minutes=30)
    return {
        "network": "x",
        "post_id": snowflake(hour, number),
        "author": f"author{number}",
        "created_at": moment,
        "captured_at": moment,
    } | more


class House:
    """A lake of ten hours with three posts each, all sealed."""

    def __init__(self, folder: str, *, filled: bool = False) -> None:
        self.lake = Lake(folder)
        self.sealed = Sealed(START, START + 10 * HOUR, START - timedelta(days=100))
        for hour in () if filled else range(10):
            self.hold(hour, *(post(hour, number) for number in range(3)))

    def hold(self, hour: int, *posts: dict[str, Any]) -> None:
        key = hour_key(START + hour * HOUR)
        self.lake.publish(CLEAN, {key: rows(CLEAN, *posts)}, allow_shrink=True)
        columns = {column.name for column in RAW.columns}
        self.lake.publish(RAW, {key: rows(RAW, *({k: v for k, v in one.items() if k in columns} for one in posts))}, allow_shrink=True)

    def notice(self, *subjects: str, kind: str = "post", hour: int = 8) -> None:
        given = [
            {"network": "x", "subject_kind": kind, "subject": one, "action": "delete", "hour": START + hour * HOUR, "landing_file": NOTICES,
             "landing_line": line}
            for line, one in enumerate(subjects)
        ]  # fmt: skip
        self.lake.publish(DELETIONS, {hour_key(START + hour * HOUR): rows(DELETIONS, *given)}, allow_shrink=True)

    def found(self, since: datetime | None = None) -> dict[int, list[str]]:
        return {(hour - START) // HOUR: files for hour, files in hours_with_gone_posts(self.lake, self.sealed, since).items()}

    def rebuild(self, *hours: int) -> dict[str, dict[str, str]]:
        """As the asset of clean posts does."""
        keys = [hour_key(START + hour * HOUR) for hour in hours]
        kept, notices = without_gone_posts(self.lake, self.lake.read(CLEAN, keys), keys)
        for key, part in Lake.split(CLEAN, kept, keys).items():
            self.lake.publish(CLEAN, {key: part}, allow_shrink=True)
        return notices

    def ids(self, hour: int) -> list[str]:
        return self.lake.read(CLEAN, [hour_key(START + hour * HOUR)])["post_id"].to_pylist()


@pytest.fixture(scope="module")
def pattern(tmp_path_factory) -> str:
    folder = str(tmp_path_factory.mktemp("pattern"))
    House(folder)
    return folder


@pytest.fixture
def house(pattern, tmp_path) -> House:
    shutil.copytree(pattern, tmp_path / "lake")
    return House(str(tmp_path / "lake"), filled=True)


def test_exactly_the_hours_of_deleted_posts_are_found_rebuilt_and_then_settled(house):
    assert house.found() == {}
    house.notice(snowflake(3, 1), snowflake(4, 0), snowflake(4, 2), snowflake(8, 77))
    assert house.found() == {3: [NOTICES], 4: [NOTICES]}, "a post that the lake does not hold is of no hour"
    notices = house.rebuild(3, 4, 5)
    assert {key: list(files) for key, files in notices.items()} == {
        "2026-09-10-03:00": [NOTICES],
        "2026-09-10-04:00": [NOTICES],
    }
    assert house.ids(3) == [snowflake(3, 0), snowflake(3, 2)]
    assert house.ids(4) == [snowflake(4, 1)]
    assert len(house.ids(5)) == 3
    assert house.found() == {}


def test_reposts_of_a_deleted_post_go_with_it_and_an_accounts_posts_with_the_account(house):
    house.hold(7, *(post(7, number) for number in range(3)), post(7, 9, kind="repost", reposted_post=snowflake(3, 1)))
    house.notice(snowflake(3, 1))
    assert sorted(house.found()) == [3, 7]
    house.notice("author2", kind="account")
    assert sorted(house.found()) == list(range(10))
    house.rebuild(6)
    assert house.ids(6) == [snowflake(6, 0), snowflake(6, 1)]


def test_a_notice_about_location_data_takes_no_post_away(house):
    house.notice(snowflake(3, 1), kind="location")
    assert house.found() == {}


def test_an_edited_post_replaces_its_earlier_versions_and_only_these(house):
    edits = [post(5, 50, edit_of=snowflake(4, 2)), post(5, 51, edit_of=snowflake(4, 2))]
    house.hold(5, *(post(5, number) for number in range(3)), *edits)
    assert sorted(house.found()) == [4, 5]
    house.rebuild(4, 5)
    assert house.ids(4) == [snowflake(4, 0), snowflake(4, 1)]
    assert house.ids(5)[3:] == [snowflake(5, 51)]
    assert house.found() == {}


def test_only_recent_notices_are_looked_at_where_it_is_asked_for(house):
    house.notice(snowflake(3, 1), hour=6)
    assert sorted(house.found()) == [3]
    assert house.found(START + 7 * HOUR) == {}


def test_hours_too_old_to_be_rebuilt_are_left(house):
    house.notice(snowflake(3, 1))
    house.sealed = Sealed(START, START + timedelta(days=60), START)
    assert house.found() == {}


def test_ranges_are_of_neighbours_and_named_by_their_hours(house):
    house.notice(snowflake(3, 1), snowflake(4, 0), snowflake(7, 2))
    first, second = ranges(hours_with_gone_posts(house.lake, house.sealed))
    assert (first.first, first.last, second.first) == ("2026-09-10-03:00", "2026-09-10-04:00", "2026-09-10-07:00")
    assert first.identity != second.identity, "one notice file, two ranges: both are asked for"


def test_ids_tell_when_a_post_was_written():
    assert written_at("x", snowflake(3, 1)) == START + 3.5 * HOUR
    number = int((START + 3 * HOUR).timestamp() * 1e6) << 10
    key = "".join("234567abcdefghijklmnopqrstuvwxyz"[(number >> (5 * place)) & 31] for place in range(12, -1, -1))
    assert written_at("bluesky", f"did:plc:x/{key}") == START + 2 * HOUR
    assert [written_at("x", "12"), written_at("bluesky", "self"), written_at("table", "7"), written_at("bluesky", "!" * 13)] == [None] * 4


def test_nothing_and_posts_without_ids_of_notices_change_nothing(house):
    keys = [hour_key(START)]
    posts = house.lake.read(CLEAN, keys)
    kept, notices = without_gone_posts(house.lake, posts, keys)
    assert kept.equals(posts)
    assert notices == {}
    assert without_gone_posts(house.lake, posts.slice(0, 0), keys)[0].num_rows == 0
    assert pc.all(pc.is_valid(posts["post_id"])).as_py()
