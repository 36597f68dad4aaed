"""The collector: from a source to landing files, losing nothing.

What belongs here: the loop and its order of steps. What doesn't: networks (``source.py`` and the modules that implement it), the format
of landing files (``landing/files.py``), options and signals (``commands/collect.py``).

Two tasks share a queue that is bounded in bytes. The *reader* drives the source and waits when the queue is full, so a slow disk slows
the source down instead of filling memory. It takes silence for a fault: after ``stall_seconds`` without a record or heartbeat it drops
the connection, notes a gap, and starts the source again. The *publisher* adds records to the landing writer and, every few seconds or
thousand posts, publishes in this order:

1. landing files (each appears whole or not at all), 2. gaps, 3. the cursor, 4. acknowledgement to the source.

A kill between any two delivers records again, which the raw tables undo by key; it never loses one. What fails (a full disk, a refused
rename, no network) is tried again, for ever and with growing waits, before anything after it is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
import traceback
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from trend_assets.collect.failpoints import Failpoints
from trend_assets.collect.gaps import GapLedger, Notice, RecordedGap, gap_id
from trend_assets.collect.lease import CollectorLease, LeaseLostError
from trend_assets.collect.metrics import Metrics
from trend_assets.collect.source import Batch, Gap, Received, Source, SourceRefusedError
from trend_assets.collect.state import CursorFile, CursorLostError, State
from trend_assets.landing.files import LandingRecord

ASKED_SECONDS = 0.5
"""How often a collector that waits looks whether the lease is free."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds before a failed step is tried again: doubled each time."""
CLOSE_SECONDS = 5.0
"""A source that has not closed after so long is left behind."""
REMEMBERED_GAPS = timedelta(days=7)
"""Gaps of earlier lives that a source which replays may still fill."""
_RECORD_BYTES = 400
"""Memory of a record beside its body."""

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class NotPublishedError(RuntimeError):
    """The collector was asked to stop and could not publish what it had; the message says why."""


class _LeaseDoubtfulError(RuntimeError):
    """The lease could not be renewed lately; publishing waits until it is."""


@dataclass(frozen=True)
class Options:
    """How a collector works; the settings ``collect_*`` say what each means. stop_seconds: how long the last publication is tried."""

    flush_seconds: float = 5.0
    flush_posts: int = 5_000
    stall_seconds: float = 60.0
    buffer_bytes: int = 64 << 20
    stop_seconds: float = 20.0


class Writer(Protocol):
    """Where records go: ``landing.files.LandingWriter``, or a topic."""

    def add(self, record: LandingRecord) -> None:
        """Take one record. Raises ``OSError`` only where the record is taken and an earlier one could not be published."""

    def flush(self) -> list[str]:
        """Publish everything taken; returns what it became. After an error it is asked again, and publishes what is left."""


@dataclass
class Keeping:
    """What a collector rests on, all of it in the lake's storage."""

    writer: Writer
    cursor: CursorFile
    lease: CollectorLease
    gaps: GapLedger


@dataclass
class Status:
    """What a person, ``/health`` and the progress line want to know. Times are aware; ``None``: not yet."""

    role: str = "starting"
    connected: bool = False
    received: int = 0
    published: int = 0
    files: int = 0
    buffered: int = 0
    gaps: int = 0
    last_seen: datetime | None = None
    last_published: datetime | None = None
    newest_post: datetime | None = None
    trouble: str = ""
    waits_for: str = ""


@dataclass
class _Pending:
    """What was taken from the queue and is not published yet."""

    records: int = 0
    bytes: int = 0
    landed: bool = False
    cursor: str | None = None
    seen_at: datetime | None = None
    newest_post: datetime | None = None
    position: datetime | None = None
    oldest: float | None = None
    gaps: list[tuple[Gap, Notice]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return self.oldest is None


class _Queue:
    """Items between reader and publisher, bounded in bytes; an item larger than the bound passes alone."""

    def __init__(self, capacity: int) -> None:
        self._items: deque[tuple[Batch | Gap | None, int]] = deque()
        self._capacity, self.bytes, self.records = capacity, 0, 0
        self._changed = asyncio.Condition()

    async def put(self, item: Batch | Gap | None, size: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._items or self.bytes + size <= self._capacity)
            self._items.append((item, size))
            self.bytes += size
            self.records += len(item.records) if isinstance(item, Batch) else 0
            self._changed.notify_all()

    async def get(self) -> Batch | Gap | None:
        """The next item; ``None`` is the end."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._items)
            item, size = self._items.popleft()
            self.bytes -= size
            self.records -= len(item.records) if isinstance(item, Batch) else 0
            self._changed.notify_all()
            return item


class Collector:
    """One source's collector, for one call of ``run``.

    start: a cursor to read from instead of the remembered one. clock: now (aware); steady: seconds that no step of the clock changes; both
    are for tests.
    """

    def __init__(
        self,
        source: Source,
        keeping: Keeping,
        options: Options | None = None,
        metrics: Metrics | None = None,
        failpoints: Failpoints | None = None,
        start: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source, self._keeping, self._options = source, keeping, options or Options()
        self._metrics, self._hit = metrics or Metrics(source.name), (failpoints or Failpoints()).hit
        self._clock, self._steady = clock, steady
        self._replays = bool(getattr(source, "replays", False))
        self._landed_as = str(getattr(source, "landed_as", source.name))
        self._queue = _Queue(self._options.buffer_bytes // 2)
        self._pending = _Pending()
        self._state = State(source.name)
        self._reading_cursor = self._start = start
        self._open_gap: tuple[datetime, float, str, str] | None = None
        self._heard: tuple[datetime, float] | None = None
        self._began = steady()
        self._unfilled: list[RecordedGap] = []
        self._stop_before: float | None = None
        self.status = Status()

    async def run(self, stop: asyncio.Event) -> None:
        """Collect until ``stop`` is set, or the source has nothing more to come; what was received is published before it returns.

        Raises ``LeaseLostError`` or ``CursorLostError`` when another collector has taken over, ``SourceRefusedError`` when the source
        cannot be read at all, ``NotPublishedError`` when the last publication failed until ``stop_seconds`` were over.
        """
        if not await self._take_lease(stop):
            return
        try:
            await self._collect(stop)
        finally:
            self._metrics.holds_lease.set(0)
            with contextlib.suppress(Exception):  # whatever it is, closing must not hide why we end
                await asyncio.wait_for(self._source.close(), CLOSE_SECONDS)
        self._hit("stopped")
        await asyncio.to_thread(self._keeping.lease.let_go)
        self._hit("lease let go")

    def health(self) -> dict[str, Any]:
        """What ``/health`` shows: healthy is a collector that waits for its turn, or hears its source and publishes."""
        now, status = self._clock(), self.status

        def ago(moment: datetime | None) -> float | None:
            return None if moment is None else round((now - moment).total_seconds(), 1)

        silent = ago(status.last_seen)
        unheard = self._steady() - self._began if silent is None else silent
        heard = unheard < 2 * self._options.stall_seconds
        return {
            "healthy": status.role in ("starting", "waiting") or (heard and not status.trouble),
            "source": self._source.name,
            "role": status.role,
            "waits_for": status.waits_for,
            "connected": status.connected,
            "seconds_since_sign_of_life": silent,
            "seconds_since_publication": ago(status.last_published),
            "received_records": status.received,
            "published_records": status.published,
            "buffered_records": status.buffered,
            "gaps": status.gaps,
            "trouble": status.trouble,
        }

    # Start and end

    async def _take_lease(self, stop: asyncio.Event) -> bool:
        """Wait until this is the source's collector; False where it is asked to stop before that."""
        while not stop.is_set():
            holder = await self._persistently("take the lease", self._keeping.lease.try_to_take, stop)
            if not holder:
                self.status.role, self.status.waits_for, self._began = "collecting", "", self._steady()
                self._metrics.holds_lease.set(1)
                self._hit("lease taken")
                return True
            if self.status.waits_for != holder:
                self.status.role, self.status.waits_for = "waiting", holder
                _log.info("waiting for the lease", extra={"source": self._source.name, "held_by": holder})
            await _sleep(ASKED_SECONDS, stop)
        return False

    async def _collect(self, stop: asyncio.Event) -> None:
        renewer = asyncio.create_task(self._renew(), name="renew the lease")
        tasks = [renewer]
        try:
            await self._remember(stop)
            reader = asyncio.create_task(self._read(), name="read the source")
            publisher = asyncio.create_task(self._publish_all(), name="publish")
            tasks += [reader, publisher]
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({renewer, reader, publisher, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            for task in (renewer, publisher):
                if task.done():
                    task.result()  # raises: these two never end by themselves
            await self._stop(reader, publisher, renewer)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _stop(self, reader: asyncio.Task[None], publisher: asyncio.Task[None], renewer: asyncio.Task[None]) -> None:
        """End the reader, publish what is left. Raises what the reader ended with."""
        self._hit("stopping")
        self.status.role = "stopping"
        self._stop_before = self._steady() + self._options.stop_seconds
        reader.cancel()
        await asyncio.wait({reader})
        end = asyncio.create_task(self._queue.put(None, 0))
        await asyncio.wait({publisher, renewer}, return_when=asyncio.FIRST_COMPLETED)
        end.cancel()
        if renewer.done():
            renewer.result()
        publisher.result()
        if not reader.cancelled():
            reader.result()

    async def _remember(self, stop: asyncio.Event) -> None:
        """Read the cursor; the time since the last sign of life is a gap, if only because nobody was there."""
        found = await self._persistently("read the cursor", self._keeping.cursor.read, stop)
        self._state, self._reading_cursor = found.state, self._start or found.state.cursor
        self._hit("cursor read")
        skipped = self._skipped(found.state.cursor)
        if skipped is not None:
            self._take_gap(skipped, "source")
        if found.damaged:
            _log.error("the cursor file was damaged", extra={"source": self._source.name, "damage": found.damaged})
        if self._state.seen_at is not None:
            detail = f"; {found.damaged}: resumed from its spare copy" if found.damaged else ""
            begin = self._state.seen_at if skipped is None else max(self._state.seen_at, skipped.end)
            self._open_gap = (begin, self._steady(), "downtime", f"no collector ran{detail}")
        if self._replays:
            since = self._clock() - REMEMBERED_GAPS
            earlier = await self._persistently("read the gaps", lambda: self._keeping.gaps.to_backfill(since), stop)
            self._unfilled = [gap for gap in earlier if gap.noticed_by == "collector"]

    def _skipped(self, remembered: str | None) -> Gap | None:
        """What a start from a later time than remembered leaves out."""
        moment_of = getattr(self._source, "moment_of", None)
        if moment_of is None or self._start is None or remembered is None:
            return None
        begin, end = moment_of(remembered), moment_of(self._start)
        return Gap(begin, end, "look_back", "started from a later time than the last one ended at") if begin < end else None

    async def _renew(self) -> None:
        """Renew the lease for ever. Raises ``LeaseLostError``."""
        lease = self._keeping.lease
        while True:
            await asyncio.sleep(lease.seconds / 4)
            try:
                await asyncio.to_thread(lease.renew)
                self._hit("lease renewed")
            except LeaseLostError:
                raise
            except Exception as error:
                _log.warning("the lease could not be renewed", extra={"source": self._source.name, "error": _words(error)})

    # Reader

    async def _read(self) -> None:
        """Bring what the source has into the queue, starting it again after every fault; returns when it has nothing more to come."""
        wait = FIRST_WAIT
        while True:
            before = self.status.received
            reason, detail = await self._read_once()
            if not reason:
                return
            self.status.connected = False
            self._metrics.connected.set(0)
            self._metrics.restarts.inc()
            begin, began = self._heard or (self._clock(), self._steady())
            self._open_gap = self._open_gap or (begin, began, reason, detail)
            wait = FIRST_WAIT if self.status.received > before else min(wait * 2, LONGEST_WAIT)
            _log.warning(
                "the source failed and is started again",
                extra={"source": self._source.name, "reason": reason, "detail": detail, "wait_seconds": round(wait, 1)},
            )
            await asyncio.sleep(wait * random.uniform(0.8, 1.2))

    async def _read_once(self) -> tuple[str, str]:
        """Read until a fault, returned as reason and detail of a gap; both empty where the source has ended."""
        iterator = self._source.batches(self._reading_cursor)
        self._hit("source opened")
        try:
            while True:
                try:
                    async with asyncio.timeout(self._options.stall_seconds) as limit:
                        item = await anext(iterator)
                except TimeoutError as error:
                    if limit.expired():
                        return "stall", f"no record and no heartbeat for {self._options.stall_seconds:g} s"
                    return "disconnect", _words(error)
                await self._queue_item(item)
        except StopAsyncIteration:
            return "", ""
        except SourceRefusedError:
            raise
        except Exception as error:
            _log.debug("the source failed", exc_info=True)
            return "disconnect", _words(error)
        finally:
            await _close(iterator)

    async def _queue_item(self, item: Batch | Gap) -> None:
        self._hear(item)
        if isinstance(item, Gap):
            await self._queue.put(item, _RECORD_BYTES)
            return
        self._hit("batch received")
        size = sum(_RECORD_BYTES + len(record.body) + len(record.includes or b"") for record in item.records)
        self.status.received += len(item.records)
        self._metrics.received.inc(len(item.records))
        self._metrics.received_bytes.inc(sum(len(record.body) for record in item.records))
        if not item.records:
            self._metrics.heartbeats.inc()
        await self._queue.put(item, size)
        self._reading_cursor = item.cursor if item.cursor is not None else self._reading_cursor
        self._hit("batch queued")

    def _hear(self, item: Batch | Gap) -> None:
        """A sign of life: it ends the gap that is open."""
        now = self._clock()
        if self._open_gap is not None:
            begin, began, reason, detail = self._open_gap
            end = max(now, begin + timedelta(seconds=self._steady() - began)) if reason != "downtime" else now
            begin, end = min(begin, end), max(begin, end)  # the clock may have been set back
            if end > begin:
                self._take_gap(Gap(begin, end, reason, detail), "collector")
            self._open_gap = None
        self._heard = (now, self._steady())
        if isinstance(item, Batch):  # a gap says nothing of how it is now
            self._see(alive=item.alive, now=now)
        if isinstance(item, Batch) and item.received_at.tzinfo is None:
            raise ValueError(f"the source {self._source.name} gave a time of receipt without time zone")

    def _see(self, *, alive: bool, now: datetime) -> None:
        """What health and metrics tell of the source; one that waits for its network since the start is silent from now on."""
        self.status.connected = alive
        self._metrics.connected.set(alive)
        if alive or getattr(self._source, "paused", False):
            self.status.last_seen = now
            self._metrics.last_seen.set(now.timestamp())
        self.status.last_seen = self.status.last_seen or now

    # Publisher

    async def _publish_all(self) -> None:
        """Publish what comes through the queue until its end."""
        while True:
            item: Batch | Gap | None = None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_to_wait()):
                    item = await self._queue.get()
                if item is None:
                    await self._publish()
                    return
            if isinstance(item, Gap):
                self._take_gap(item, "source")
            elif item is not None:
                self._take(item)
            self.status.buffered = self._pending.records + self._queue.records
            self._metrics.buffered.set(self.status.buffered)
            self._metrics.buffered_bytes.set(self._pending.bytes + self._queue.bytes)
            if self._is_due():
                await self._publish()

    def _seconds_to_wait(self) -> float | None:
        oldest = self._pending.oldest
        return None if oldest is None else max(oldest + self._options.flush_seconds - self._steady(), 0.0)

    def _is_due(self) -> bool:
        pending, options = self._pending, self._options
        if pending.oldest is None:
            return False
        if self._state.cursor is None and pending.cursor is not None and not pending.records:
            return True  # the very first position: with it nothing can be lost that comes after
        full = pending.records >= options.flush_posts or pending.bytes >= options.buffer_bytes // 2
        return full or self._steady() - pending.oldest >= options.flush_seconds

    def _take(self, batch: Batch) -> None:
        self._hit("batch taken")
        pending = self._pending
        pending.oldest = self._steady() if pending.oldest is None else pending.oldest
        pending.cursor = batch.cursor if batch.cursor is not None else pending.cursor
        pending.seen_at = max(batch.received_at, pending.seen_at or batch.received_at)
        for record in batch.records:
            self._add(record, batch.received_at)
            pending.records += 1
            pending.bytes += _RECORD_BYTES + len(record.body) + len(record.includes or b"")
            if record.created_at is not None and record.created_at.tzinfo is not None:
                moment = min(record.created_at, batch.received_at)
                pending.newest_post = max(moment, pending.newest_post or moment)
        if batch.position is not None:
            pending.position = max(batch.position, pending.position or batch.position)
        if batch.records:
            self._hit("records buffered")

    def _take_gap(self, gap: Gap, noticed_by: Notice) -> None:
        self._hit("gap noted")
        self._pending.gaps.append((gap, noticed_by))
        self._pending.oldest = self._steady() if self._pending.oldest is None else self._pending.oldest

    def _add(self, record: Received, received_at: datetime) -> None:
        """Buffer a record for landing. One that cannot be written as it is lands with its bytes alone: neighbours are not held up."""
        created_at = record.created_at if record.created_at is None or record.created_at.tzinfo is not None else None
        network, source = self._source.network, self._landed_as
        landing = LandingRecord(network, source, received_at, record.request_id, record.kind, record.body, record.includes, created_at)
        try:
            self._keeping.writer.add(landing)
        except OSError as error:  # a full buffer could not be published; the record is in it
            _log.warning("landing will be tried again", extra={"source": self._source.name, "error": _words(error)})
        except Exception as error:
            _log.warning("a record lands without what surrounds it", extra={"source": self._source.name, "error": _words(error)})
            bare = LandingRecord(network, source, received_at, "", "post", record.body)
            with contextlib.suppress(OSError):
                self._keeping.writer.add(bare)

    async def _publish(self) -> None:
        """Publish what is pending and move the cursor after it; try until it succeeds."""
        if self._pending.is_empty:
            return
        # The reader notes gaps meanwhile: they are the next publication's.
        pending, self._pending = self._pending, _Pending()
        wait = FIRST_WAIT
        while True:
            try:
                await asyncio.to_thread(self._publish_once, pending)
                break
            except (CursorLostError, LeaseLostError):
                raise
            except Exception as error:
                await self._after_failure(error, wait, pending.records)
                wait = min(wait * 2, LONGEST_WAIT)
        self.status.trouble = ""
        self._count(pending)
        await self._acknowledge(self._state.cursor)
        if self._unfilled and pending.position is not None:
            await self._fill(pending.position)

    def _publish_once(self, pending: _Pending) -> None:
        """The steps in their order; what an earlier attempt has done is not done again. Runs in a thread."""
        if self._keeping.lease.is_doubtful:
            raise _LeaseDoubtfulError("the lease was not renewed lately: another collector may have taken over")
        if not pending.landed:
            self._hit("landing begins")
            files = self._keeping.writer.flush()
            pending.landed = True
            self.status.files += len(files)
            self._metrics.files.inc(len(files))
            self._hit("landing published")
        self._keeping.gaps.record([gap for gap, by in pending.gaps if by == "source"], "source")
        self._keeping.gaps.record([gap for gap, by in pending.gaps if by == "collector"], "collector")
        self._hit("gaps recorded")
        state = msgspec.structs.replace(
            self._state,
            cursor=pending.cursor if pending.cursor is not None else self._state.cursor,
            seen_at=pending.seen_at or self._state.seen_at,
            published_at=self._clock(),
            records=self._state.records + pending.records,
            publications=self._state.publications + 1,
        )
        self._keeping.cursor.write(state)
        self._state = state
        self._hit("cursor moved")

    async def _after_failure(self, error: Exception, wait: float, records: int) -> None:
        self._metrics.errors.inc()
        self.status.trouble = _words(error)
        _log.error(
            "publishing failed and is tried again",
            extra={
                "source": self._source.name, "error": _words(error), "wait_seconds": wait, "buffered_records": self.status.buffered,
                "at": "" if isinstance(error, OSError | _LeaseDoubtfulError) else _place(error),
            },
        )  # fmt: skip
        if self._stop_before is not None and self._steady() + wait > self._stop_before:
            raise NotPublishedError(
                f"{records} records could not be published ({_words(error)}). The cursor stands before them: "
                "a source that replays brings them again, for another the interval is recorded as a gap at the next start"
            ) from error
        await asyncio.sleep(wait)

    def _count(self, pending: _Pending) -> None:
        now, status = self._clock(), self.status
        status.published += pending.records
        status.last_published = now
        status.newest_post = pending.newest_post or status.newest_post
        status.gaps += len(pending.gaps)
        status.buffered = self._queue.records
        self._metrics.published.inc(pending.records)
        self._metrics.last_published.set(now.timestamp())
        self._metrics.buffered.set(status.buffered)
        self._metrics.buffered_bytes.set(self._queue.bytes)
        if pending.records and pending.oldest is not None:
            self._metrics.landing_seconds.observe(self._steady() - pending.oldest)
        for gap, noticed_by in pending.gaps:
            self._metrics.gap(gap.reason, (gap.end - gap.begin).total_seconds())
            if self._replays and noticed_by == "collector":
                self._unfilled.append(RecordedGap(gap_id(self._source.name, gap), gap, noticed_by, now, None))
            _log.warning(
                "gap",
                extra={
                    "source": self._source.name, "begin": gap.begin, "end": gap.end, "reason": gap.reason, "detail": gap.detail,
                    "noticed_by": noticed_by,
                },
            )  # fmt: skip
        for gap, _ in pending.gaps:
            if gap.reason == "look_back":  # what the network no longer has, a replay cannot bring
                self._unfilled = [one for one in self._unfilled if one.gap.begin >= gap.end or one.gap.end <= gap.begin]
        if pending.records:
            _log.info("published", extra={"source": self._source.name, "records": pending.records})

    async def _acknowledge(self, cursor: str | None) -> None:
        """Tell the source. If that fails it delivers again, which is harmless; the fault itself the reader meets."""
        try:
            await self._source.acknowledge(cursor)
            self._hit("acknowledged")
        except Exception as error:
            _log.warning("the source could not be told what is durable", extra={"source": self._source.name, "error": _words(error)})

    async def _fill(self, position: datetime) -> None:
        """A source that replays has come past the end of a gap: nothing of it is missing."""
        filled = [one for one in self._unfilled if one.gap.end <= position]
        if not filled:
            return
        try:
            await asyncio.to_thread(self._keeping.gaps.backfilled, filled)
        except Exception as error:  # the next publication tries again
            _log.warning("filled gaps could not be recorded", extra={"source": self._source.name, "error": _words(error)})
            return
        self._unfilled = [one for one in self._unfilled if one not in filled]

    async def _persistently(self, what: str, action: Callable[[], _Result], stop: asyncio.Event) -> _Result:
        """The action's result, tried until there is one. Raises its last error once it is asked to stop."""
        wait = FIRST_WAIT
        while True:
            try:
                result = await asyncio.to_thread(action)
                self.status.trouble = ""
                return result
            except Exception as error:
                self.status.trouble = _words(error)
                _log.error(f"could not {what}; tried again", extra={"source": self._source.name, "error": _words(error)})
                if stop.is_set():
                    raise
            await _sleep(wait, stop)
            wait = min(wait * 2, LONGEST_WAIT)


async def _close(iterator: AsyncIterator[Batch | Gap]) -> None:
    """Close a generator that may hang; another kind of iterator has nothing to close."""
    close = getattr(iterator, "aclose", None)
    if close is not None:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_SECONDS):
                await close()


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


def _place(error: BaseException) -> str:
    """Where an unexpected error came from, without its text."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)


def _words(error: BaseException) -> str:
    """The error in one line. Its text may hold what was received, so only the system's own errors show theirs."""
    if isinstance(error, OSError | _LeaseDoubtfulError):
        return f"{type(error).__name__}: {error}"[:300]
    return type(error).__name__
