"""The landing sensor's look: late files are found, in bounded steps, also without memory; lag and backlog are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import LocalStorage, open_storage
from trend_assets.landing.files import landing_hours, make_ulid
from trend_assets.landing.late_files import KNOWN_WITHIN, LATE_WITHIN, Look, Sealed, consumed, look_everywhere, look_for_late, ranges_of
from trend_assets.landing.watch import Memory, watch
from trend_assets.operations.sealing import what_landed
from trend_assets.partitions import hour_key
from trend_assets.tables import TABLES

START = datetime(2026, 9, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ASSIGNMENTS, COUNTS = TABLES["topics/topic_assignments"], TABLES["social/landing_counts"]


def sealed_until(end: datetime, first: datetime = START, lake_start: datetime = START - 500 * DAY) -> Sealed:
    return Sealed(first, end, lake_start)


class Landing:
    """A landing folder and a lake whose hours were made from chosen files."""

    def __init__(self, folder) -> None:
        self.storage, self.lake = open_storage(str(folder / "landing")), Lake(str(folder / "lake"))
        self._number = 0

    def land(self, hour: datetime, files: int = 1, network: str = "x", at: datetime | None = None) -> list[str]:
        paths = []
        for _ in range(files):
            self._number += 1
            ulid = make_ulid(at or hour, self._number.to_bytes(10, "big"))
            path = f"network={network}/hour={hour:%Y-%m-%dT%H}/{ulid}-{self._number:012x}.jsonl.zst"
            self.storage.write_new(path, b"x")
            paths.append(path)
        return paths

    def seal(self, hour: datetime, paths: list[str], table=ASSIGNMENTS) -> None:
        self.lake.publish(table, {hour_key(hour): table.empty()}, inputs={hour_key(hour): dict.fromkeys(paths, "hash")})

    def watch(self, sealed_hours: int, memory: Memory | None = None, most_files: int = 500, now: datetime | None = None):
        return watch(
            self.storage,
            self.lake,
            sealed_until(START + sealed_hours * HOUR) if sealed_hours else None,
            memory or Memory(),
            most_files=most_files,
            now=now or START + (sealed_hours + 3) * HOUR,
        )


@pytest.fixture
def landing(tmp_path) -> Landing:
    return Landing(tmp_path)


def test_files_that_an_hour_was_made_from_are_not_late_and_others_are(landing):
    for number in range(5):
        landing.seal(START + number * HOUR, landing.land(START + number * HOUR, 2))
    assert landing.watch(5).late == []
    [late] = landing.land(START + 2 * HOUR)
    [found] = landing.watch(5).late
    assert (found.first, found.last, found.files) == ("2026-09-01-02:00", "2026-09-01-02:00", (late,))


def test_a_file_for_an_hour_that_was_sealed_without_posts_is_late(landing):
    landing.seal(START, landing.land(START))
    late = landing.land(START + HOUR)
    assert [list(found.files) for found in landing.watch(3).late] == [late]


def test_raw_tables_rebuilt_alone_do_not_hide_a_late_file(landing):
    """`trend-assets ingest` rebuilds the raw tables of the hours it lands in."""
    on_time, late = landing.land(START), landing.land(START)
    landing.seal(START, on_time)
    landing.seal(START, on_time + late, table=COUNTS)
    assert [list(found.files) for found in landing.watch(2).late] == [late]


def test_hours_sealed_before_assignments_recorded_their_files_are_judged_by_the_counts(landing):
    files = landing.land(START)
    landing.seal(START, [])
    landing.seal(START, files, table=COUNTS)
    assert list(consumed(landing.lake, [START])[START]) == files
    assert landing.watch(2).late == []


def test_neighbouring_late_hours_are_one_range_and_the_same_files_have_the_same_identity(landing):
    for number in (1, 2, 3, 7):
        landing.land(START + number * HOUR)
    first, second = landing.watch(10).late
    assert (first.first, first.last, second.first) == ("2026-09-01-01:00", "2026-09-01-03:00", "2026-09-01-07:00")
    assert [late.identity for late in landing.watch(10).late] == [first.identity, second.identity]
    landing.land(START + 2 * HOUR)
    assert landing.watch(10).late[0].identity != first.identity


def test_a_range_has_a_day_of_hours_at_most():
    ranges = ranges_of({START + number * HOUR: [str(number)] for number in range(30)})
    assert [(found.first, found.last) for found in ranges] == [
        ("2026-09-01-00:00", "2026-09-01-23:00"),
        ("2026-09-02-00:00", "2026-09-02-05:00"),
    ]


def test_a_tick_is_bounded_and_ticks_together_see_everything(landing):
    """Four days of three files an hour, one of them late in each: 20 files a tick."""
    hours = [START + number * HOUR for number in range(96)]
    for hour in hours:
        landing.seal(hour, landing.land(hour, 2))
        landing.land(hour)
    found, memory, ticks = set(), Memory(), 0
    while ticks < 100:
        seen = landing.watch(96, memory, most_files=20)
        assert seen.looked_at <= 20
        found |= {path for late in seen.late for path in late.files}
        memory, ticks = Memory.from_text(seen.memory.to_text()), ticks + 1
        if memory.position is None:
            break
    assert len(found) == 96
    assert ticks < 32


def test_an_hour_with_more_files_than_a_tick_may_compare_does_not_stop_the_look(landing):
    for number in range(4):
        landing.land(START + number * HOUR, 12)
    memory, seen_hours = Memory(), set()
    for _ in range(6):
        seen = landing.watch(4, memory, most_files=5)
        seen_hours |= {path.split("/")[1] for late in seen.late for path in late.files}
        memory = seen.memory
    assert len(seen_hours) == 4


def test_a_lost_memory_loses_nothing(landing):
    for number in range(100):
        landing.seal(START + number * HOUR, landing.land(START + number * HOUR))
    landing.land(START + 97 * HOUR)
    landing.land(START)
    memory = landing.watch(100, most_files=40).memory
    assert memory.position is not None
    for lost in (Memory(), Memory.from_text("nonsense"), Memory.from_text('["x"]'), Memory.from_text('{"position": "yesterday"}')):
        found, memory = set(), lost
        for _ in range(10):
            seen = landing.watch(100, memory, most_files=40)
            found |= {late.first for late in seen.late}
            memory = seen.memory
        assert found == {"2026-09-01-00:00", "2026-09-05-01:00"}


def test_a_new_network_is_found_at_once(landing):
    for number in range(60):
        landing.seal(START + number * HOUR, landing.land(START + number * HOUR))
    memory = landing.watch(60, most_files=10).memory
    assert memory.position is not None
    landing.land(START + 59 * HOUR, network="bluesky")
    assert len(landing.watch(60, memory, most_files=10).late) == 1


def test_a_file_for_an_hour_before_the_first_sealed_one_is_late_whoever_looks(landing):
    """History that is ingested after sealing began: its posts are taken in."""
    landing.seal(START, landing.land(START))
    [before] = landing.land(START - 5 * DAY)
    assert [late.files for late in landing.watch(2).late] == [(before,)]
    assert look_everywhere(landing.storage, landing.lake, sealed_until(START + 2 * HOUR)).late == {START - 5 * DAY: [before]}


def test_hours_that_are_not_rebuilt_are_told_apart_whoever_looks(landing):
    """Too old, or before the lake; also where the hour was never sealed, and where only the counts still know it."""
    end = START + LATE_WITHIN + 10 * DAY
    known, told = START + DAY, [START - 400 * DAY + LATE_WITHIN + 11 * DAY, START - DAY, START, START + 2 * DAY]
    landing.seal(known, landing.land(known), table=COUNTS)  # assignments have passed their retention, the counts have not
    files = {hour: landing.land(hour) for hour in told}
    landing.land(end - KNOWN_WITHIN - HOUR)  # nobody knows any more what this hour was made from
    look = look_everywhere(landing.storage, landing.lake, sealed_until(end))
    assert (look.late, look.expired) == ({}, files)
    seen = landing.watch(int((end - START) / HOUR))
    assert (seen.late, dict(seen.expired)) == ([], files)
    before_the_lake = Sealed(START, START + 3 * DAY, lake_start=START)
    assert list(look_everywhere(landing.storage, landing.lake, before_the_lake).expired)[-1] == START - DAY


def test_expired_hours_are_looked_through_in_bounded_steps_beside_late_ones(landing):
    end = START + LATE_WITHIN + 40 * DAY
    for number in range(30):
        landing.land(START + number * HOUR)
        landing.land(end - number * HOUR - HOUR)
    expired, late, memory = set(), set(), Memory()
    for _ in range(16):
        seen = landing.watch(int((end - START) / HOUR), memory, most_files=10)
        assert seen.looked_at <= 10
        expired |= set(seen.expired)
        late |= {path for one in seen.late for path in one.files}
        memory = Memory.from_text(seen.memory.to_text())
    assert (len(expired), len(late)) == (30, 30)


class Spy(LocalStorage):
    """Counts what listings return."""

    files = folders_named = 0

    def list(self, prefix: str = "") -> list[str]:
        found = super().list(prefix)
        self.files += len(found)
        return found

    def folders(self, folder: str = "") -> list[str]:
        found = super().folders(folder)
        self.folders_named += len(found)
        return found


def test_what_a_tick_lists_does_not_grow_with_landing(tmp_path):
    """Three files an hour: a tick of a lake of 200 days lists no more files than one of 40 days, and each folder once."""
    listed = []
    for days in (40, 200):
        made = Landing(tmp_path / str(days))
        made.storage = spy = Spy(tmp_path / str(days) / "landing")
        for number in range(days):
            landed_there = made.land(START + number * DAY + 12 * HOUR, 3)
            made.seal(START + number * DAY + 12 * HOUR, landed_there)
        for look in (partial(made.watch, days * 24, most_files=20), partial(what_landed, spy)):
            spy.files = spy.folders_named = 0
            look()
            assert spy.folders_named == 1 + days
            listed.append(spy.files)
    assert listed[:2] == listed[2:]
    assert listed[0] < 3 * 20


def test_a_look_lists_a_month_of_days_at_most_and_goes_on(landing):
    """Each of the hours has more files than a look may compare, but for empty folders: a killed writer leaves those."""
    landing.land(START)
    for number in range(1, 101):
        (Path(landing.storage.uri("network=x")) / f"hour={START + number * DAY:%Y-%m-%dT%H}").mkdir(parents=True)
    look, rounds = Look(position=START + 200 * DAY), 0
    while look.position is not None and not look.late:
        look = look_for_late(landing.storage, landing.lake, landing_hours(landing.storage), sealed_until(START + DAY),
                             newest=look.position, oldest=START, most_files=10)  # fmt: skip
        rounds += 1
    assert list(look.late) == [START]
    assert rounds == 4


def test_lag_and_backlog_are_told(landing):
    landing.seal(START, landing.land(START))
    now = START + timedelta(hours=4, minutes=30)
    landing.land(START + 3 * HOUR, 2, at=now - timedelta(minutes=10))
    landing.land(START + 4 * HOUR, 1, network="bluesky", at=now - timedelta(minutes=2))
    landing.land(START)
    figures = landing.watch(2, now=now).figures(now)
    assert figures == {
        "backlog_files": 4,
        "waiting_files": 3,
        "late_files": 1,
        "late_hours": "2026-09-01-00:00",
        "expired_files": 0,
        "lag_seconds": 120.0,
        "newest_file_at": "2026-09-01T04:28:00+00:00",
    }


def test_before_anything_is_sealed_only_waiting_files_are_told(landing):
    landing.land(START + HOUR, 3)
    seen = landing.watch(0, now=START + 2 * HOUR)
    assert (seen.waiting, seen.late, seen.looked_at) == (3, [], 0)
    assert Memory.from_text(seen.memory.to_text()) == seen.memory
