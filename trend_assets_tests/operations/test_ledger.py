"""Recording what is published, and rewinding: after deletions, late posts, a backfill, housekeeping; the refusal; what is never kept."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pyarrow as pa
import pytest

from trend_assets.defs.automation import prove_rewinding
from trend_assets.defs.ledger.checks import proved
from trend_assets.lake.lake import Lake
from trend_assets.lib.ledger.points import digest
from trend_assets.lib.quality.audit import AuditError
from trend_assets.lib.topics.hours import topic_hours
from trend_assets.operations.housekeeping import enforce_retention, remove_garbage
from trend_assets.operations.ledger import Known, known_at, ledger_due, prove, record, record_all, records_of, unrecorded
from trend_assets.operations.removals import without_gone_posts
from trend_assets.operations.rewind import RewindError, parse_moment, rewound
from trend_assets.partitions import end_of_hour, hour_key, hours_between
from trend_assets.resources import LakeResource, publish_parts
from trend_assets.settings import Settings
from trend_assets.tables import TABLES, Column, Table
from trend_assets.tables.ledgers import LEDGERS

START = datetime(2026, 9, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 6
CLEAN, ASSIGNED, COUNTS, TRENDS = (
    TABLES[f"{path}"] for path in ("social/clean_posts", "topics/topic_assignments", "topics/topic_hours", "topics/trends")
)
OF_TRENDS, OF_HOURS, OF_CARDS = (LEDGERS[path] for path in ("topics/trend_ledger", "topics/topic_hour_ledger", "demand/card_ledger"))
LIVE = START + 10 * HOUR
"""When the ledger begins."""


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
    text = pa.types.is_string(column.type)
    return pa.scalar("" if text else False if pa.types.is_boolean(column.type) else column.minimum or 0).cast(column.type).as_py()


def rows(table: Table, given: Sequence[dict[str, Any]]) -> pa.Table:
    return table.from_rows([{column.name: value(column) for column in table.columns} | one for one in given])


def post(hour: int, number: int, topic: str = "scarves") -> dict[str, Any]:
    return {
        "network": "x", "post_id": f"{hour}0{number}", "author": f"secret-author-{number}", "kind": "post", "language": "en",
        "created_at": START + hour * HOUR + timedelta(minutes=number), "clean_text": f"secret text {number} of the scarf",
        "tokens": ["scarf", f"secretword{number}"], "lemmas": ["scarf"], "near_duplicate_key": hour * 100 + number,
    }  # fmt: skip


class House:
    """A lake of six hours: one topic, posts by eight authors an hour, counted by the real function; trends that speak of it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.lake = Lake(str(folder))
        self.settings = Settings(_env_file=None, data=str(folder), lake_start=START, **settings)

    def fill(self) -> House:
        for hour in range(HOURS):
            self.hold(hour, [post(hour, number) for number in range(8)])
            self.trend(hour)
        return self

    def hold(self, hour: int, posts: Sequence[dict[str, Any]]) -> None:
        """As sealing, or a late run, leaves an hour: posts, assignments, counts."""
        key = hour_key(START + hour * HOUR)
        names = ["network", "post_id", "created_at"]
        clean = rows(CLEAN, posts)
        assigned = rows(ASSIGNED, [{name: one[name] for name in names} | {"topic_id": "scarves"} for one in posts])
        for table, data in ((CLEAN, clean), (ASSIGNED, assigned), (COUNTS, topic_hours(clean, assigned, [START + hour * HOUR]))):
            self.lake.publish(table, {key: data}, allow_shrink=True)

    def trend(self, hour: int, **more: Any) -> None:
        key = hour_key(START + hour * HOUR)
        given = {
            "hour": START + hour * HOUR, "rank": 1, "topic_id": "scarves", "label": "scarf · secretword3",
            "keywords": ["scarf", "secretword3"],
            "posts": 8, "authors": 8, "posts_24h": 8, "authors_24h": 8, "exemplar_posts": [f"x:{hour}03"], "first_raised_at": START,
            "reason": "8 posts by 8 authors in the hour, 1.0 expected (z 9.0)",
        }  # fmt: skip
        self.lake.publish(TRENDS, {key: rows(TRENDS, [given | more])}, allow_shrink=True)

    def record(self, now: datetime, ledgers: Sequence[str] = tuple(LEDGERS)) -> list[str]:
        """What the job does over what is due, until nothing is; the ledgers that got rows."""
        told = []
        while (due := ledger_due(self.lake, self.settings, now)).range is not None:
            keys = [hour_key(hour) for hour in hours_between(end_of_hour(due.range.first) - HOUR, end_of_hour(due.range.last))]
            for path in ledgers:
                self.made(path, keys, now)
                told.append(path)
        return told

    def made(self, path: str, keys: Sequence[str], now: datetime) -> None:
        data, inputs = record(self.lake, LEDGERS[path], keys, self.settings, now)
        publish_parts(self.lake, LEDGERS[path].table, data, list(keys), inputs)

    def digests(self, moment: datetime) -> dict[str, str]:
        return {path: digest(known_at(self.lake, ledger, moment), ledger.key) for path, ledger in LEDGERS.items()}


@pytest.fixture(scope="module")
def pattern(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ledger")
    House(folder).fill().record(LIVE)
    return folder


@pytest.fixture
def house(pattern, tmp_path) -> House:
    shutil.copytree(pattern, tmp_path / "lake")
    return House(tmp_path / "lake")


def test_history_is_recorded_when_its_schedule_would_have_published_it_and_what_follows_by_the_clock(house):
    found = house.lake.read(OF_TRENDS.table)
    assert found["knowledge_time"].to_pylist() == [START + (hour + 3) * HOUR for hour in range(HOURS)]
    assert set(found["basis"].to_pylist()) == {"schedule"}
    house.hold(9, [post(9, number) for number in range(8)])
    house.trend(9)
    now = START + 12 * HOUR + timedelta(minutes=7)
    house.record(now)
    newest = house.lake.read(OF_TRENDS.table, [hour_key(now)]).to_pylist()
    assert [(row["hour"], row["knowledge_time"], row["basis"], row["change"]) for row in newest] == [
        (START + 9 * HOUR, now, "clock", "recorded")
    ]
    assert house.record(now + HOUR) == [], "nothing is recorded twice"


def test_rewinding_gives_what_was_known_after_deletions_late_posts_and_a_backfill(house):
    moments = [START + (hour + 3) * HOUR for hour in range(HOURS)]
    published = {moment: house.digests(moment) for moment in moments}
    assert len({told["topics/topic_hour_ledger"] for told in published.values()}) == HOURS, "every hour that was published"

    # late posts, taken in by a late run
    house.hold(2, [post(2, number) for number in range(11)])
    house.record(LIVE + HOUR)
    late = house.lake.read(OF_HOURS.table, [hour_key(LIVE + HOUR)]).to_pylist()
    assert [(row["change"], row["hour"], row["posts"], row["authors"]) for row in late] == [("corrected", START + 2 * HOUR, 11, 11)]

    # deletions, one in eight and all of an hour but four, taken out by a late run
    house.hold(1, [post(1, number) for number in range(7)])
    house.hold(4, [post(4, number) for number in range(4)])
    house.record(LIVE + 2 * HOUR)
    changed = {row["hour"]: row["change"] for row in house.lake.read(OF_HOURS.table, [hour_key(LIVE + 2 * HOUR)]).to_pylist()}
    assert changed == {START + HOUR: "corrected", START + 4 * HOUR: "withdrawn"}, "four authors are too few to be counted"

    # a backfill with another method
    for hour in range(HOURS):
        house.trend(hour, score=7.5, stage="peak")
    house.record(LIVE + 3 * HOUR)
    now = known_at(house.lake, OF_TRENDS, LIVE + 3 * HOUR)
    assert set(now["score"].to_pylist()) == {7.5}

    assert {moment: house.digests(moment) for moment in moments} == published
    assert house.digests(LIVE + HOUR) != house.digests(LIVE + 2 * HOUR) != house.digests(LIVE + 3 * HOUR)
    for ledger in LEDGERS.values():
        assert prove(house.lake, ledger).broken == ()


def test_posts_that_notices_take_away_are_gone_from_the_counts_and_not_from_the_past(house):
    """With the function that the asset of clean posts calls."""
    before = house.digests(LIVE)
    deletions = TABLES["social/deletions"]
    notice = {
        "network": "x",
        "subject_kind": "post",
        "subject": "304",
        "action": "delete",
        "hour": START + 5 * HOUR,
        "landing_file": "f-1.jsonl.zst",
    }
    house.lake.publish(deletions, {hour_key(START + 5 * HOUR): rows(deletions, [notice])})
    key = hour_key(START + 3 * HOUR)
    left, files = without_gone_posts(house.lake, house.lake.read(CLEAN, [key]), [key])
    assert (left.num_rows, list(files)) == (7, [key])
    house.hold(3, [one for one in (post(3, number) for number in range(8)) if one["post_id"] != "304"])
    house.record(LIVE + HOUR)
    assert house.digests(LIVE) == before
    of_hour = [row["posts"] for row in known_at(house.lake, OF_HOURS, LIVE + HOUR).to_pylist() if row["hour"] == START + 3 * HOUR]
    assert of_hour == [7]


def test_all_ledgers_at_once_are_recorded_as_one_by_one(tmp_path):
    """Posts are then read once, for the words of all."""
    house = House(tmp_path / "lake").fill()
    keys = [hour_key(START + hour * HOUR) for hour in range(HOURS + 3)]
    together = list(record_all(house.lake, list(LEDGERS.values()), keys, house.settings, LIVE))
    for (rows_of_all, inputs), ledger in zip(together, LEDGERS.values(), strict=True):
        alone, inputs_alone = record(house.lake, ledger, keys, house.settings, LIVE)
        assert rows_of_all.equals(alone)
        assert inputs == inputs_alone
    assert together[0][0].num_rows == HOURS


def test_rows_that_no_record_tells_of_are_told_by_the_proof(house):
    """A ledger that was written to by something else than the recorder."""
    key = hour_key(START + 4 * HOUR)
    stranger = house.lake.read(OF_TRENDS.table, [key])
    place = stranger.schema.get_field_index("hour")
    later = stranger.set_column(place, stranger.schema.field("hour"), pa.array([START + 90 * HOUR], stranger.schema.field("hour").type))
    house.lake.append(OF_TRENDS.table, key, later)
    assert prove(house.lake, OF_TRENDS).broken == (f"topics/trend_ledger: rows of {hour_key(START + 90 * HOUR)} that nothing tells of",)


def test_making_a_recorded_hour_again_changes_nothing(house):
    keys = house.lake.partitions(OF_TRENDS.table)
    before = house.lake.manifests(OF_TRENDS.table)
    house.made("topics/trend_ledger", keys, LIVE)
    assert house.lake.manifests(OF_TRENDS.table) == before


def test_making_a_recorded_hour_again_is_refused_where_the_table_says_something_else(house):
    house.trend(2, score=99.0)
    key = hour_key(START + 5 * HOUR)
    with pytest.raises(AuditError, match="never rewritten, and 1 row would change in score"):
        house.made("topics/trend_ledger", [key], LIVE)
    house.record(LIVE + HOUR)
    house.made("topics/trend_ledger", [key], LIVE + HOUR)
    assert known_at(house.lake, OF_TRENDS, LIVE)["score"].to_pylist() == [0.0] * HOURS
    assert sorted(known_at(house.lake, OF_TRENDS, LIVE + HOUR)["score"].to_pylist())[-1] == 99.0


def test_a_change_within_the_hour_is_added_to_it_and_a_kill_between_recording_and_telling_repeats_nothing(house):
    for minutes, score in ((5, 1.0), (25, 2.0)):
        house.trend(5, score=score)
        house.record(LIVE + timedelta(minutes=minutes))
    found = house.lake.read(OF_TRENDS.table, [hour_key(LIVE)])
    assert found["score"].to_pylist() == [1.0, 2.0]
    assert known_at(house.lake, OF_TRENDS, LIVE + timedelta(minutes=10))["score"].to_pylist()[-1] == 1.0
    house.made("topics/trend_ledger", [hour_key(LIVE)], LIVE + timedelta(minutes=30))
    assert house.lake.read(OF_TRENDS.table, [hour_key(LIVE)]).num_rows == 2


class KilledError(RuntimeError):
    """The recorder was killed."""


@pytest.mark.parametrize("published", range(HOURS))
def test_a_first_recording_that_was_killed_is_resumed_as_history(tmp_path, published):
    """Killed after so many partitions of a ledger; resumed a day later, when more is there."""
    whole, killed = House(tmp_path / "whole").fill(), House(tmp_path / "killed").fill()
    whole.record(LIVE)

    swaps = iter(range(published))

    def stop(step: str) -> None:
        if step == "compare_and_swap: compared" and next(swaps, None) is None:
            raise KilledError

    stopped = House(tmp_path / "killed")
    stopped.lake = Lake(str(tmp_path / "killed"), on_step=stop, workers=1)
    with pytest.raises(KilledError):
        stopped.record(LIVE)
    assert len(killed.lake.partitions(OF_TRENDS.table)) == published

    killed.record(LIVE + timedelta(days=1))
    for path, ledger in LEDGERS.items():
        assert killed.lake.read(ledger.table).equals(whole.lake.read(ledger.table)), path
        assert records_of(killed.lake, ledger) == records_of(whole.lake, ledger)

    for house in (whole, killed):  # from now on by the clock
        house.hold(9, [post(9, number) for number in range(8)])
        house.trend(9)
        house.record(LIVE + timedelta(days=2))
        newest = house.lake.read(OF_TRENDS.table).to_pylist()[-1]
        assert (newest["hour"], newest["knowledge_time"], newest["basis"]) == (START + 9 * HOUR, LIVE + timedelta(days=2), "clock")


def test_history_recorded_in_pieces_is_history_to_its_last_piece(tmp_path):
    house = House(tmp_path / "lake").fill()
    keys = [hour_key(START + (hour + 3) * HOUR) for hour in range(HOURS)]
    for piece in (keys[4:], keys[:2], keys[2:4]):
        assert not records_of(house.lake, OF_TRENDS).begun
        house.made("topics/trend_ledger", piece, LIVE)
    assert records_of(house.lake, OF_TRENDS).begun
    assert set(house.lake.read(OF_TRENDS.table)["basis"].to_pylist()) == {"schedule"}


def test_a_lake_of_the_past_is_recorded_by_its_schedule_whenever_that_is_done(tmp_path):
    house = House(tmp_path / "lake", lake_end=START + timedelta(days=2))
    house.fill().record(LIVE + timedelta(days=400))
    assert known_at(house.lake, OF_TRENDS, START + 5 * HOUR).num_rows == 3
    house.trend(0, score=3.0)
    assert unrecorded(house.lake, OF_TRENDS, house.settings, LIVE + timedelta(days=500)) == {
        hour_key(START): Known(LIVE + timedelta(days=500), "clock")
    }


def test_nothing_that_names_a_person_or_quotes_a_post_is_kept(house):
    """Erasure: no author, no id and no word of a post that fewer than five wrote is in any file of the ledgers."""
    assert house.lake.read(OF_TRENDS.table)["label"].to_pylist() == ["scarf"] * HOURS
    files = [path for path in Path(house.lake.storage.uri("topics")).rglob("*ledger/**/*") if path.is_file()]
    assert files
    texts = [str(ledger_rows) for ledger_rows in (house.lake.read(ledger.table).to_pylist() for ledger in LEDGERS.values())]
    for text in [*texts, *(path.read_bytes().decode("latin-1") for path in files)]:
        assert "secret" not in text
        assert "x:" not in text
    names = {name for ledger in LEDGERS.values() for name in ledger.table.schema.names}
    assert not names & {"author", "post_id", "exemplar_posts", "clean_text"}
    assert not any(column.personal for ledger in LEDGERS.values() for column in ledger.table.columns)


def test_housekeeping_keeps_what_rewinding_needs_after_the_tables_themselves_have_gone(house):
    published, later = house.digests(LIVE), START + timedelta(days=500)
    removed = enforce_retention(house.lake, house.settings, later, sealed_until=later, dry_run=False, force=True)
    assert {"topics/trends", "topics/topic_hours", "social/clean_posts"} <= set(removed.partitions)
    remove_garbage(house.lake, later + timedelta(days=30))
    assert house.lake.read(TRENDS).num_rows == 0
    assert house.digests(LIVE) == published
    assert ledger_due(house.lake, house.settings, later).range is None, "what has passed its retention is not withdrawn"


def test_damage_is_told_by_the_proof(house):
    key = hour_key(START + 4 * HOUR)
    manifest = house.lake.manifest(OF_TRENDS.table, key)
    told = dict(manifest.inputs)
    [name] = [name for name in told if name.startswith("topics/trends@")]
    other = {name: told[name].replace(told[name][-8:], "0" * 8)}
    house.lake.publish(OF_TRENDS.table, {key: house.lake.read(OF_TRENDS.table, [key])}, inputs={key: told | other})
    assert prove(house.lake, OF_TRENDS).broken == (f"topics/trend_ledger [{key}] of {hour_key(START + HOUR)}",)


def test_a_long_run_proves_its_newest_hours_and_some_of_all_others():
    keys = [hour_key(START + hour * HOUR) for hour in range(720)]
    chosen = proved(keys)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == 96
    assert chosen[-48:] == keys[-48:]
    gaps = np.diff([keys.index(key) for key in chosen[:48]])
    assert (gaps.min(), gaps.max()) == (14, 14)
    assert proved(keys[:96]) == keys[:96]
    assert proved([]) == []


def test_the_night_proves_all_and_fails_where_the_past_does_not_come_back(house, tmp_path):
    resource = LakeResource(root=str(tmp_path / "lake"))
    prove_rewinding(dg.build_op_context(), lake=resource)
    key = hour_key(START + 4 * HOUR)
    told = dict(house.lake.manifest(OF_TRENDS.table, key).inputs)
    other = {name: value[:-8] + "0" * 8 for name, value in told.items()}
    house.lake.publish(OF_TRENDS.table, {key: house.lake.read(OF_TRENDS.table, [key])}, inputs={key: other})
    with pytest.raises(dg.Failure, match="1 recorded partitions come back otherwise"):
        prove_rewinding(dg.build_op_context(), lake=resource)


def test_an_empty_lake_has_nothing_to_record_and_no_past(tmp_path):
    house = House(tmp_path / "lake")
    assert ledger_due(house.lake, house.settings, LIVE).range is None
    assert house.digests(LIVE) == house.digests(LIVE + HOUR)
    assert records_of(house.lake, OF_CARDS).of_event == {}
    with pytest.raises(RewindError, match="nothing is recorded in topics/trend_ledger yet"):
        rewound(house.lake, house.settings, "trends", LIVE, LIVE)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-09-10T14", START + 14 * HOUR),
        ("2026-09-10-14:00", START + 14 * HOUR),
        ("2026-09-10T14:30Z", START + 14.5 * HOUR),
        ("2026-09-10T16:30+02:00", START + 14.5 * HOUR),
        ("2026-09-10", START + 24 * HOUR - timedelta(microseconds=1)),
    ],
)
def test_a_moment_is_an_hour_or_the_end_of_a_day(text, moment):
    assert parse_moment(text) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-09-10T25", "10/09/2026", "9999-12-31"])
def test_what_is_no_moment_is_said(text):
    with pytest.raises(RewindError, match="is no moment"):
        parse_moment(text)


@pytest.mark.parametrize("name", ["trends", "topics/trends", "topics.trends", "trend_ledger", "topics/trend_ledger"])
def test_a_table_goes_by_any_of_its_names(house, name):
    assert rewound(house.lake, house.settings, name, START + 4 * HOUR, LIVE)["hour"].to_pylist() == [START, START + HOUR]


@pytest.mark.parametrize(
    ("name", "moment", "told"),
    [
        ("trends", START - HOUR, "the lake starts at 2026-09-10 00:00 UTC"),
        ("trends", START + HOUR, "nothing of trends was known at 2026-09-10 01:00 UTC: the first was recorded in 2026-09-10-03:00"),
        ("trends", LIVE + HOUR, "has not come yet"),
        ("posts", LIVE, "there is no history of 'posts'; there is of: topics/trends"),
    ],
)
def test_where_there_is_no_answer_it_is_said_why(house, name, moment, told):
    with pytest.raises(RewindError, match=told):
        rewound(house.lake, house.settings, name, moment, LIVE)


def test_what_waits_to_be_recorded_is_said_instead_of_left_out(house):
    house.trend(7)
    with pytest.raises(RewindError, match="published but not recorded yet"):
        rewound(house.lake, house.settings, "trends", LIVE, LIVE)
    assert rewound(house.lake, house.settings, "trends", LIVE - 2 * HOUR, LIVE).num_rows == HOURS
