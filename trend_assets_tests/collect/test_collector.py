"""The collector's order of steps, its watchdog, back-pressure, gaps and bookkeeping, with a source that does what it is told."""

from __future__ import annotations

import asyncio
import errno
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trend_assets.collect.collector import Collector, Keeping, NotPublishedError, Options
from trend_assets.collect.failpoints import Failpoints
from trend_assets.collect.gaps import COMPACTED_PARTS, GapLedger, read_gaps
from trend_assets.collect.lease import CollectorLease, LeaseLostError
from trend_assets.collect.metrics import Metrics
from trend_assets.collect.source import Batch, Gap, Received, SourceRefusedError
from trend_assets.collect.state import FILE, SPARE, CursorFile, CursorLostError, State
from trend_assets.lake.lake import Lake
from trend_assets.lake.lease import Lease, LeaseFile
from trend_assets.lake.storage import LocalStorage, open_storage
from trend_assets.landing.files import LandingWriter, list_landing, read_lines
from trend_assets.tables.social import COLLECTION_GAPS

WRITES = [step for step in LocalStorage.steps if step.startswith("write_new")]
QUICK = Options(flush_seconds=0.02, flush_posts=100, stall_seconds=0.15, stop_seconds=0.5)


def post(number: int, created_at: datetime | None = None, **fields: object) -> Received:
    body = b'{"data":{"id":"%d","text":"post %d"}}' % (number, number)
    return Received(body, "stream", created_at or datetime.now(UTC), **fields)


def batch(first: int, count: int = 1, cursor: str | None = None, reaches: timedelta = timedelta(0)) -> Batch:
    now = datetime.now(UTC)
    return Batch([post(number) for number in range(first, first + count)], cursor or str(first + count), now, position=now + reaches)


Script = Callable[[str | None], AsyncIterator[Batch | Gap]]


@dataclass
class Scripted:
    """A source that follows a script each time it is started."""

    script: Script
    name: str = "simulated"
    network: str = "x"
    replays: bool = False
    acknowledged: list[str | None] = field(default_factory=list)
    started_at: list[str | None] = field(default_factory=list)
    closed: bool = False

    def batches(self, cursor: str | None) -> AsyncIterator[Batch | Gap]:
        self.started_at.append(cursor)
        return self.script(cursor)

    async def acknowledge(self, cursor: str | None) -> None:
        self.acknowledged.append(cursor)

    async def close(self) -> None:
        self.closed = True


def collector(folder: Path, source: Scripted, options: Options = QUICK, failpoints: str = "", **changes: object) -> Collector:
    hooks = Failpoints(failpoints)
    landing = open_storage(f"{folder}/landing", on_step=hooks.within("landing"))
    writer = LandingWriter(landing, lake_start=datetime(2026, 9, 1, tzinfo=UTC))
    root = open_storage(f"{folder}/collect")
    lake = Lake(f"{folder}/lake", on_step=hooks.within("gaps"))
    keeping = Keeping(writer, CursorFile(root, source.name), CollectorLease(root, source.name, 2.0), GapLedger(lake, source.name, "x"))
    return Collector(source, keeping, options, Metrics(source.name), hooks, **changes)


def landed(folder: Path) -> list[bytes]:
    storage = open_storage(f"{folder}/landing")
    paths = [path for paths in list_landing(storage).values() for path in paths]
    return [line for path in paths for line in read_lines(path, storage.read(path))]


def gaps(folder: Path) -> list[dict[str, object]]:
    now = datetime.now(UTC)
    return read_gaps(Lake(f"{folder}/lake"), now - timedelta(days=2), now + timedelta(days=2)).to_pylist()


def run(subject: Collector, seconds: float | None = None) -> None:
    """Run until the source has ended, or for so many seconds."""

    async def stopped() -> None:
        stop = asyncio.Event()
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, stop.set)
        await asyncio.wait_for(subject.run(stop), 20)

    asyncio.run(stopped())


def test_records_land_in_the_hour_of_their_post_then_the_cursor_moves_then_the_source_is_told(tmp_path):
    old = datetime.now(UTC) - timedelta(hours=5)
    order: list[str] = []

    async def script(_cursor):
        yield Batch([post(1), post(2, old)], "2", datetime.now(UTC))

    source = Scripted(script)
    subject = collector(tmp_path, source)
    subject._hit = order.append
    run(subject)
    assert len(landed(tmp_path)) == 2
    assert {path.parent.name for path in (tmp_path / "landing").rglob("*.zst")} >= {f"hour={old:%Y-%m-%dT%H}"}
    assert source.acknowledged == ["2"]
    assert source.closed
    steps = ["landing begins", "landing published", "gaps recorded", "cursor moved", "acknowledged"]
    assert [step for step in order if step in steps] == steps
    assert CursorFile(open_storage(f"{tmp_path}/collect"), "simulated").read().state.cursor == "2"


def test_the_first_position_is_kept_before_any_record_so_that_nothing_after_it_can_be_lost(tmp_path):
    async def script(_cursor):
        yield Batch([], "start", datetime.now(UTC))
        await asyncio.sleep(0.05)
        assert CursorFile(open_storage(f"{tmp_path}/collect"), "simulated").read().state.cursor == "start"
        yield batch(1, cursor="end")

    source = Scripted(script)
    run(collector(tmp_path, source, Options(flush_seconds=10)))
    assert source.acknowledged == ["start", "end"]


def test_the_next_life_goes_on_after_the_cursor_and_its_absence_is_a_gap(tmp_path):
    async def once(cursor):
        yield batch(int(cursor or 1))

    run(collector(tmp_path, Scripted(once)))
    second = Scripted(once)
    run(collector(tmp_path, second))
    assert second.started_at == ["2"]
    assert len(landed(tmp_path)) == 2
    [gap] = gaps(tmp_path)
    assert (gap["reason"], gap["noticed_by"], gap["backfilled_at"]) == ("downtime", "collector", None)
    assert gap["begins_at"] < gap["ends_at"]


def test_a_source_that_replays_fills_the_gap_once_it_has_come_past_its_end(tmp_path):
    async def once(cursor):
        yield batch(int(cursor or 1))
        await asyncio.sleep(0.05)
        yield batch(int(cursor or 1) + 1)

    run(collector(tmp_path, Scripted(once, replays=True)))
    run(collector(tmp_path, Scripted(once, replays=True)))
    [gap] = gaps(tmp_path)
    assert gap["backfilled_at"] is not None
    rows = Lake(f"{tmp_path}/lake").read(COLLECTION_GAPS)
    assert rows["backfilled_at"].null_count == 1  # nothing is changed: the first row stays beside the second
    assert rows.num_rows == 2


def test_a_post_from_the_future_does_not_fill_a_gap_that_the_replay_has_not_passed(tmp_path):
    async def once(cursor):
        ahead = post(int(cursor or 1), datetime.now(UTC) + timedelta(minutes=5))
        yield Batch([ahead], str(int(cursor or 1) + 1), datetime.now(UTC), position=datetime.now(UTC) - timedelta(hours=1))

    for _ in range(2):
        run(collector(tmp_path, Scripted(once, replays=True)))
    assert [gap["backfilled_at"] for gap in gaps(tmp_path)] == [None]


def test_a_gap_that_ends_while_the_cursor_is_written_is_recorded_by_the_next_publication(tmp_path):
    async def script(cursor):
        if cursor is None:
            yield batch(1)
            raise ConnectionError
        yield batch(2)  # a sign of life: the gap ends
        await asyncio.sleep(0.1)
        yield batch(3)

    source = Scripted(script)
    subject = collector(tmp_path, source)
    write, seen = subject._keeping.cursor.write, subject._hear

    def slowly(state):
        while state.publications == 1 and not subject.status.gaps_heard:
            time.sleep(0.005)
        write(state)

    def hear(item):
        before = subject._open_gap
        seen(item)
        subject.status.gaps_heard |= before is not None

    subject.status.gaps_heard = False
    subject._keeping.cursor.write, subject._hear = slowly, hear
    run(subject)
    assert [gap["reason"] for gap in gaps(tmp_path)] == ["disconnect"]
    assert subject.status.gaps == 1


def test_a_start_from_a_later_time_leaves_a_gap_that_no_replay_fills(tmp_path):
    """Cursors of this source are hours of the day."""
    day = datetime(2026, 9, 2, tzinfo=UTC)

    async def once(cursor):
        yield batch(int(cursor or 8), cursor=str(int(cursor or 8)))

    def life(start=None):
        source = Scripted(once, replays=True)
        source.moment_of = lambda cursor: day + timedelta(hours=int(cursor))
        run(collector(tmp_path, source, start=start))
        return source.started_at

    assert (life(), life("10"), life("9")) == ([None], ["10"], ["9"])
    rows = read_gaps(Lake(f"{tmp_path}/lake"), day, day + timedelta(days=1)).to_pylist()
    assert [(row["begins_at"].hour, row["ends_at"].hour, row["reason"], row["backfilled_at"]) for row in rows] == [
        (8, 10, "look_back", None)
    ]


def test_what_the_network_no_longer_has_stays_a_gap_although_the_source_replays(tmp_path):
    async def first(_cursor):
        yield batch(1)

    async def second(_cursor):
        now = datetime.now(UTC)
        yield Gap(now - timedelta(hours=1), now, "look_back", "the cursor is older than the network keeps events")
        yield batch(2)

    run(collector(tmp_path, Scripted(first, replays=True)))
    run(collector(tmp_path, Scripted(second, replays=True)))
    assert {(gap["reason"], gap["backfilled_at"]) for gap in gaps(tmp_path)} == {("downtime", None), ("look_back", None)}


def test_a_silent_connection_is_a_fault_it_is_made_again_and_written_down(tmp_path):
    async def script(cursor):
        yield batch(int(cursor or 1))
        if cursor is None:
            await asyncio.sleep(3600)  # open, and silent

    source = Scripted(script)
    run(collector(tmp_path, source))
    assert source.started_at == [None, "2"]
    [gap] = gaps(tmp_path)
    assert gap["reason"] == "stall"
    assert timedelta(seconds=0.15) < gap["ends_at"] - gap["begins_at"] < timedelta(seconds=5)


def test_a_collector_that_never_reaches_its_source_becomes_unhealthy(tmp_path):
    elapsed = [0.0]

    async def script(_cursor):
        await asyncio.sleep(3600)
        yield batch(1)

    subject = collector(tmp_path, Scripted(script), steady=lambda: elapsed[0])
    subject.status.role = "collecting"
    assert subject.health()["healthy"]
    elapsed[0] = 2 * QUICK.stall_seconds
    assert not subject.health()["healthy"]


def test_heartbeats_keep_a_quiet_connection(tmp_path):
    async def script(_cursor):
        for _ in range(8):
            await asyncio.sleep(0.05)
            yield Batch([], "quiet", datetime.now(UTC))

    source = Scripted(script)
    run(collector(tmp_path, source))
    assert source.started_at == [None]
    assert gaps(tmp_path) == []


@pytest.mark.parametrize("paused", [False, True])
def test_a_source_that_waits_for_its_network_is_not_connected_and_unhealthy_unless_on_purpose_and_is_left_alone(tmp_path, paused):
    seen = []

    async def script(_cursor):
        yield Batch([], "up", datetime.now(UTC))
        seen.append(subject.health())
        for _ in range(10):  # as long as five stalls
            await asyncio.sleep(0.1)
            yield Batch([], "up", datetime.now(UTC), alive=False)
            yield Gap(datetime.now(UTC) - timedelta(seconds=0.1), datetime.now(UTC), "operational")
        seen.append(subject.health())
        yield Batch([], "up", datetime.now(UTC))
        seen.append(subject.health())

    source = Scripted(script)
    source.paused = paused
    subject = collector(tmp_path, source)
    run(subject)
    assert [one["connected"] for one in seen] == [True, False, True]
    assert [one["healthy"] for one in seen] == [True, paused, True]
    assert source.started_at == [None], "its heartbeats keep it from being started again"


def test_a_network_that_was_never_reached_turns_health_red(tmp_path):
    async def script(_cursor):
        for _ in range(8):
            await asyncio.sleep(0.1)
            yield Batch([], None, datetime.now(UTC), alive=False)
        healths.append(subject.health())

    healths: list[dict] = []
    subject = collector(tmp_path, Scripted(script))
    run(subject)
    assert (healths[0]["connected"], healths[0]["healthy"]) == (False, False)


def test_a_source_that_fails_is_started_again_where_it_was_and_its_words_stay_out_of_the_ledger(tmp_path):
    async def script(cursor):
        if cursor is None:
            yield batch(1)
            raise RuntimeError("a secret that the network echoed")
        yield batch(2)

    source = Scripted(script)
    run(collector(tmp_path, source))
    assert source.started_at == [None, "2"]
    assert [(gap["reason"], gap["detail"]) for gap in gaps(tmp_path)] == [("disconnect", "RuntimeError")]


def test_a_source_that_refuses_ends_the_collector_with_its_message_and_what_came_before_is_published(tmp_path):
    async def script(_cursor):
        yield batch(1)
        raise SourceRefusedError("the key is refused: make a new one")

    with pytest.raises(SourceRefusedError, match="make a new one"):
        run(collector(tmp_path, Scripted(script)))
    assert len(landed(tmp_path)) == 1


@pytest.mark.parametrize(("step", "error"), zip(WRITES, ("ENOSPC", "ENOSPC", "EIO", "EACCES", "EIO", "EIO"), strict=True))
def test_a_disk_that_refuses_a_write_a_sync_or_a_rename_delays_and_loses_nothing(tmp_path, step, error):
    async def script(_cursor):
        for number in range(3):
            yield batch(number, cursor=str(number))
            await asyncio.sleep(0.03)

    source = Scripted(script)
    subject = collector(tmp_path, source, Options(flush_seconds=0.02), f"landing: {step}|{error}")
    run(subject)
    assert {re.search(rb"post \d", line).group() for line in landed(tmp_path)} == {b"post 0", b"post 1", b"post 2"}
    assert source.acknowledged[-1] == "2"
    assert subject._metrics.errors._value.get() == 1


def test_a_disk_that_stays_full_stops_the_source_and_at_the_end_says_what_is_not_published(tmp_path):
    async def script(_cursor):
        for number in range(0, 100_000, 50):
            yield batch(number, 50)

    options = Options(flush_seconds=0.02, buffer_bytes=200_000, stop_seconds=0.1)
    source = Scripted(script)
    subject = collector(tmp_path, source, options, "landing: write_new: started|ENOSPC|1+")
    with pytest.raises(NotPublishedError, match="No space left"):
        run(subject, 1.0)
    assert subject.status.received < 2_000  # the source waited: memory is bounded
    assert "No space left" in subject.health()["trouble"]
    assert source.acknowledged == []
    assert CursorFile(open_storage(f"{tmp_path}/collect"), "simulated").read().state.cursor is None


def test_a_gap_that_cannot_be_recorded_holds_the_cursor_back(tmp_path):
    async def script(_cursor):
        now = datetime.now(UTC)
        yield batch(1)
        yield Gap(now - timedelta(minutes=1), now, "rate_limit")

    source = Scripted(script)
    with pytest.raises(NotPublishedError):
        run(collector(tmp_path, source, QUICK, "gaps: write_new: started|EIO|1+"), 1.5)
    assert source.acknowledged == []


def test_a_stop_publishes_what_was_received(tmp_path):
    async def script(_cursor):
        yield batch(1, 7)
        await asyncio.sleep(3600)

    source = Scripted(script)
    run(collector(tmp_path, source, Options(flush_seconds=60)), 0.2)
    assert len(landed(tmp_path)) == 7
    assert source.acknowledged == ["8"]
    assert LeaseFile(open_storage(f"{tmp_path}/collect"), "simulated/lease.json").read()[0].holder == ""


def test_poison_lands_with_its_bytes_and_its_neighbours_with_theirs(tmp_path):
    bodies = [b"", b"\xff\xfe", b"not json", b'{"a":' * 100_000, b'{"text":"\\ud800"}', b"\n\n{}\r\n", b"x" * (4 << 20)]

    async def script(_cursor):
        records = [Received(body, "stream", None) for body in bodies]
        strange = [Received(b'{"n":1}', "stream", datetime(2026, 11, 1)), Received(b'{"n":2}', "st\ud800ream", None, None, "r\ud800")]
        yield Batch([post(1), *records, *strange, post(2)], "1", datetime.now(UTC))

    run(collector(tmp_path, Scripted(script)))
    assert len(landed(tmp_path)) == len(bodies) + 4


def test_posts_of_the_future_and_before_the_lake_land_in_the_hour_of_receipt(tmp_path):
    now = datetime.now(UTC)

    async def script(_cursor):
        yield Batch([post(1, now + timedelta(days=1)), post(2, datetime(1970, 1, 1, tzinfo=UTC))], "1", now)

    run(collector(tmp_path, Scripted(script)))
    assert {path.parent.name for path in (tmp_path / "landing").rglob("*.zst")} == {f"hour={now:%Y-%m-%dT%H}"}


@pytest.mark.parametrize(("step", "longest"), [(-timedelta(hours=3), timedelta(seconds=10)), (timedelta(hours=3), timedelta(hours=4))])
def test_a_clock_set_back_or_forward_neither_stops_the_collector_nor_makes_a_gap_of_negative_length(tmp_path, step, longest):
    shift = [timedelta()]

    async def script(cursor):
        yield batch(int(cursor or 1))
        if cursor is None:
            shift[0] = step
            await asyncio.sleep(3600)

    run(collector(tmp_path, Scripted(script), clock=lambda: datetime.now(UTC) + shift[0]))
    [gap] = gaps(tmp_path)
    assert timedelta() < gap["ends_at"] - gap["begins_at"] < longest
    assert len(landed(tmp_path)) == 2


def test_a_lease_is_taken_once_lost_to_a_silent_holder_and_the_loser_is_told(tmp_path):
    storage, now = open_storage(str(tmp_path)), [0.0]
    first, second = (CollectorLease(storage, "x", 6.0, steady=lambda: now[0]) for _ in range(2))
    assert first.try_to_take() == ""
    for _ in range(5):  # the holder renews: it keeps the lease for ever
        assert "process" in second.try_to_take()
        now[0] += 5.0
        first.renew()
    assert "process" in second.try_to_take()
    now[0] += 6.0
    assert first.is_doubtful
    assert second.try_to_take() == ""
    with pytest.raises(LeaseLostError):
        first.renew()
    second.let_go()
    assert first.try_to_take() == ""


def test_the_lease_of_a_process_that_is_no_more_is_free_at_once(tmp_path):
    storage = open_storage(str(tmp_path))
    waiting = CollectorLease(storage, "x", 3600.0)
    machine, _, started, _ = waiting.holder.split(" ")
    LeaseFile(storage, "x/lease.json").swap(Lease(f"{machine} 1 {int(started) + 1} abcd", 1.0, 1.0), None)  # process 1 started before
    assert waiting.try_to_take() == ""


def test_a_suspended_collector_cannot_move_the_cursor_of_its_successor(tmp_path):
    storage = open_storage(str(tmp_path))
    before, after = CursorFile(storage, "x"), CursorFile(storage, "x")
    before.read()
    before.write(State("x", "1", publications=1))
    after.read()
    after.write(State("x", "5", publications=2))
    with pytest.raises(CursorLostError):
        before.write(State("x", "2", publications=2))
    assert CursorFile(storage, "x").read().state.cursor == "5"


@pytest.mark.parametrize("damage", [b"", b"\x00" * 40, b'{"state":{"source":"x","cursor":"9"},"sha256":"no"}', None])
def test_a_damaged_cursor_file_is_replaced_by_its_spare_copy(tmp_path, damage):
    storage = open_storage(str(tmp_path))
    cursor = CursorFile(storage, "x")
    cursor.read()
    for number in range(1, 4):
        cursor.write(State("x", str(number), publications=number))
    path = tmp_path / "x" / FILE
    path.write_bytes(damage) if damage is not None else path.unlink()
    found = CursorFile(storage, "x").read()
    assert found.state.cursor == "1"  # older: records come twice, none is lost
    assert found.damaged
    (tmp_path / "x" / SPARE).write_bytes(b"?")
    assert CursorFile(storage, "x").read().state == State("x")


def test_the_ledger_stays_readable_after_a_day_of_flapping_and_takes_what_a_source_gets_wrong(tmp_path):
    lake = Lake(str(tmp_path))
    ledger, start = GapLedger(lake, "x", "x"), datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for number in range(COMPACTED_PARTS + 3):
        ledger.record([Gap(start + timedelta(seconds=number), start + timedelta(seconds=number + 1), "disconnect")])
    ledger.record([Gap(start, start, "stall"), Gap(start, start + timedelta(days=3), "no such word", "de\ud800tail")])
    rows = read_gaps(lake, start, start + timedelta(days=1), network="x").to_pylist()
    assert len(rows) == COMPACTED_PARTS + 4
    assert [row["detail"] for row in rows if row["reason"] == "operational"] == ["no such word: de?tail"]
    assert read_gaps(lake, start + timedelta(days=2), start + timedelta(days=4)).num_rows == 1  # it began two days before
    assert read_gaps(lake, start, start + timedelta(days=1), source="bluesky").num_rows == 0
    manifest = lake.manifest(COLLECTION_GAPS, f"{start:%Y-%m-%d}")
    assert manifest is not None
    assert len(manifest.parts) < COMPACTED_PARTS


@pytest.mark.parametrize("text", ["name", "name|explode", "name|kill|often", "|kill"])
def test_a_failpoint_that_means_nothing_is_refused(text):
    with pytest.raises(ValueError, match="NAME"):
        Failpoints(text)


def test_a_failpoint_fires_at_its_occurrence_only():
    points = Failpoints("here|EIO|2")
    points.hit("here")
    with pytest.raises(OSError, match="failpoint") as raised:
        points.hit("here")
    assert raised.value.errno == errno.EIO
    points.hit("here")
    assert points.within("landing") is None
