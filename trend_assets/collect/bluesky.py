"""Bluesky: public posts from Jetstream, the network's own JSON stream over a websocket. No key, no account, no SDK.

What belongs here: connecting, going on from a position, noticing silence and gaps, moving to another instance. What doesn't: which
posts are wanted (``bluesky_filter.py``), what an event means (``lib/sources/bluesky.py``), landing files (``collector.py``).

The cursor is a ``time_us``, microseconds since 1970, that instances share, roughly, because each stamps events when it sees them. It is the
earliest time of the last batch, not the latest: at the end of a replay servers are known to let newer events jump the queue. A connection
asks for events from some seconds before it, more where the instance is or may be another, and the events that come twice are duplicates
to the raw tables. They are also the proof that nothing is missing: a server that still has the last event sends it again, and where the
first event is later than that, the time between is a gap. No promise of how far back a server can go is relied on: one that has
forgotten starts at its oldest event and says nothing, as its documentation has it, and that shows.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from trend_assets.collect.bluesky_filter import EventFilter
from trend_assets.collect.source import Batch, Gap, Received, SourceRefusedError
from trend_assets.lib.sources.edge import records_of

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection
    from websockets.exceptions import InvalidStatus

    from trend_assets.settings import Settings

INSTANCES = tuple(f"wss://jetstream{number}.us-{side}.bsky.network/subscribe" for side in ("east", "west") for number in (1, 2))
"""The public instances that Bluesky runs; any of them will do."""
OVERLAP = timedelta(seconds=5)
"""How far before the cursor to go on at the same instance: events come slightly out of order."""
OTHER_OVERLAP = timedelta(seconds=60)
"""The same at an instance that did not give the cursor: it may have seen the same events earlier than the other."""
FUTURE = timedelta(minutes=10)
"""A time beyond this is nobody's clock: such an event moves no cursor, such a cursor is not believed."""
LONGEST_LOOK_BACK = timedelta(days=3)
"""No public instance is known to go back further; where the cursor is unusable everything since is asked for."""
LARGEST_EVENT = 4 << 20
"""Bytes of one event, unpacked; the network's records have at most 1 MB. Larger ones are asked to be left out, which is a gap."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OLDEST_TIME = 1_000_000_000_000_000
"""Smaller cursors are sequence numbers to the newer servers: never a time."""
_TOO_BIG = 1009
_TRY_LATER = (408, 425, 429)

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What to fetch, from where, and with how much patience; durations in seconds.

    collections: wanted by the server, ``app.bsky.feed.*`` means all below; account and identity events always come. batch_records,
    batch_bytes, batch_seconds: a batch is handed on when one of them is reached. first_wait: before the second attempt, doubled with each
    failed one up to ``longest_wait``; each wait is drawn from its upper half, so that a fallen server is not met by all at once.
    """

    instances: tuple[str, ...] = INSTANCES
    collections: tuple[str, ...] = ("app.bsky.feed.post", "app.bsky.feed.repost")
    stall_seconds: float = 30.0
    batch_records: int = 1_000
    batch_bytes: int = 4 << 20
    batch_seconds: float = 1.0
    first_wait: float = 1.0
    longest_wait: float = 60.0
    open_seconds: float = 10.0
    largest_event: int = LARGEST_EVENT


class _StalledError(Exception):
    """Nothing came for too long on an open connection."""


@dataclass
class _Position:
    """Where one reading stands. time_us: everything before it was handed on. proven: an event or a cursor says so, not our clock.

    instance: which one the time is of, None: unknown. why: reason and detail of a gap, should the next connection not go on here. begun:
    events came on this connection. newest: time of the newest event. leave_out, skip, skip_to: see ``_too_big``.
    """

    time_us: int
    proven: bool
    instance: str | None = None
    why: tuple[str, str] = ("look_back", "")
    failures: int = 0
    refusals: set[str] = field(default_factory=set)
    leave_out: bool = False
    newest: int = 0
    skip: int = 0
    skip_to: int = 0
    begun: bool = False


class BlueskySource:
    """See the module. counts: what became of events since the start, by word (``landed``, and why others were not).

    clock: now (aware). draw: a number from 0 to 1, for the waits.
    """

    name, network, replays = "bluesky", "bluesky", True

    def __init__(
        self,
        options: Options,
        wanted: EventFilter,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        draw: Callable[[], float] = random.random,
    ) -> None:
        for instance in options.instances:
            if not _is_address(instance):
                raise SourceRefusedError(f"{instance!r} is not the address of a Jetstream instance: wss://HOST/subscribe")
        if not options.instances:
            raise SourceRefusedError("no Jetstream instance is named: set TREND_ASSETS_BLUESKY_INSTANCES, or leave it unset")
        self.options, self.wanted, self._clock, self._draw = options, wanted, clock, draw
        self.counts: Counter[str] = wanted.counts
        self._turn = 0
        self._rests_until: dict[str, float] = {}

    async def batches(self, cursor: str | None) -> AsyncGenerator[Batch | Gap, None]:
        """See ``Source``. Raises ``SourceRefusedError`` where every instance says that the request itself is wrong."""
        from websockets.exceptions import WebSocketException

        position = self._start(cursor)
        while True:
            instance = await self._next_instance()
            position.begun = False
            try:
                async with aclosing(self._read(instance, position)) as items:
                    async for item in items:
                        yield item
            except (OSError, _StalledError, WebSocketException) as error:
                await asyncio.sleep(self._after(error, instance, position))

    @staticmethod
    def cursor_at(moment: datetime) -> str:
        """The cursor that brings everything from ``moment`` (aware) on, as far back as an instance can go."""
        return str(_microseconds(moment))

    @staticmethod
    def moment_of(cursor: str) -> datetime:
        """The time that a cursor stands for; the beginning of time for one that cannot be read."""
        return _moment(int(cursor)) if cursor.isascii() and cursor.isdigit() and len(cursor) <= 16 else _EPOCH

    async def acknowledge(self, cursor: str | None) -> None:
        """See ``Source``: the server keeps no account of its readers."""

    async def close(self) -> None:
        """See ``Source``: the connection ends with the iteration."""

    async def _next_instance(self) -> str:
        """The instance whose turn it is; those that asked to be left alone are passed over, and waited for where all did."""
        now = time.monotonic()
        turns = [self.options.instances[(self._turn + step) % len(self.options.instances)] for step in range(len(self.options.instances))]
        instance = min(turns, key=lambda one: max(self._rests_until.get(one, now), now))
        await asyncio.sleep(self._rests_until.get(instance, now) - now)
        return instance

    def _start(self, cursor: str | None) -> _Position:
        now = self._clock()
        if cursor is None:
            return _Position(_microseconds(now), proven=False)
        if cursor.isascii() and cursor.isdigit() and _OLDEST_TIME <= int(cursor[:20]) <= _microseconds(now + FUTURE):
            return _Position(int(cursor), proven=True)
        # Going on from now would lose events without a trace.
        _logger.warning("cursor unusable", extra={"cursor": cursor[:40]})
        return _Position(_microseconds(now - LONGEST_LOOK_BACK), proven=True, why=("look_back", "the cursor was unusable"))

    async def _read(self, instance: str, position: _Position) -> AsyncGenerator[Batch | Gap, None]:
        from websockets.asyncio.client import connect

        options = self.options
        address = f"{instance}?{urlencode(self._query(instance, position))}"
        # No keep-alive of the library's: while the collector holds back, its pongs wait behind data and it would hang up. The
        # network is never silent for long, so silence is judged here.
        async with connect(
            address, max_size=options.largest_event, ping_interval=None, open_timeout=options.open_seconds, close_timeout=0.5
        ) as connection:
            _logger.info("connected", extra={"instance": _host(instance), "cursor": position.time_us})
            async with aclosing(self._frames(connection)) as batches:
                async for frames in batches:
                    received_at = self._clock()
                    gap = self._take(frames, instance, position, received_at)
                    if gap is not None:
                        yield gap
                    reached = _moment(position.time_us) if position.proven else None
                    yield Batch(self._records(frames, instance), str(position.time_us), received_at, position=reached)

    def _records(self, frames: list[bytes], instance: str) -> list[Received]:
        host = _host(instance)
        return [
            Received(record.body, record.kind, record.created_at, record.includes, host)
            for frame in frames
            if self.wanted.keeps(frame)
            for record in records_of("bluesky", frame)
        ]

    async def _frames(self, connection: ClientConnection) -> AsyncGenerator[list[bytes], None]:
        """Events as they come, some at a time; an empty list for every answered ping in a silence. What came before an error comes."""
        from websockets.exceptions import WebSocketException

        options, silent = self.options, 0.0
        beat = options.stall_seconds / 3
        while True:
            frames: list[bytes] = []
            try:
                async with asyncio.timeout(beat):
                    frames.append(await connection.recv(decode=False))
            except TimeoutError:
                silent += beat
                if silent >= options.stall_seconds - beat / 2:
                    raise _StalledError(f"no event for {silent:.0f} s") from None
                await self._ping(connection, beat)
                yield []
                continue
            silent, size, failure = 0.0, len(frames[0]), None
            try:
                async with asyncio.timeout(options.batch_seconds):
                    while len(frames) < options.batch_records and size < options.batch_bytes:
                        frames.append(await connection.recv(decode=False))
                        size += len(frames[-1])
            except TimeoutError:
                pass
            except WebSocketException as error:
                failure = error
            yield frames
            if failure is not None:
                raise failure

    async def _ping(self, connection: ClientConnection, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await (await connection.ping())
        except TimeoutError:
            raise _StalledError("no event, and a ping was not answered") from None

    def _query(self, instance: str, position: _Position) -> list[tuple[str, str]]:
        query = [("wantedCollections", collection) for collection in self.options.collections]
        overlap = OVERLAP if instance == position.instance else OTHER_OVERLAP
        back = overlap // timedelta(microseconds=1) if position.proven else 0
        query.append(("cursor", str(position.skip_to or position.time_us - back)))
        if position.leave_out:
            query.append(("maxMessageSizeBytes", str(self.options.largest_event)))
        return query

    def _take(self, frames: list[bytes], instance: str, position: _Position, now: datetime) -> Gap | None:
        """Move the position over events; the gap that the first of a connection show, if they do."""
        latest = _microseconds(now + FUTURE)
        times = [time for time in map(self.wanted.time_of, frames) if time is not None and _OLDEST_TIME <= time <= latest]
        if not times:
            return None
        gap, earliest = None, min(*times, _microseconds(now))
        if not position.begun:
            position.begun, position.failures = True, 0
            position.refusals.clear()
            # Other instances have another clock and lag: there, seconds prove nothing.
            slack = timedelta(0) if instance == position.instance else OVERLAP
            if position.proven and min(times) > position.time_us + slack // timedelta(microseconds=1):
                gap = Gap(_moment(position.time_us), _moment(min(times)), *position.why)
        # What is earlier than the position is a repetition: the cursor waits until it is passed.
        if earliest > position.time_us or not position.proven:
            position.time_us, position.skip, position.skip_to = earliest, 0, 0
        position.newest = max(times)
        position.instance, position.proven = instance, True
        return gap

    def _after(self, error: Exception, instance: str, position: _Position) -> float:
        """Remember why the connection ended; returns the seconds to wait. Raises ``SourceRefusedError`` if all instances refuse."""
        from websockets.exceptions import ConnectionClosed, InvalidStatus

        reason = "stall" if isinstance(error, _StalledError) else "disconnect"
        if isinstance(error, InvalidStatus):
            status = error.response.status_code
            if status in _TRY_LATER:
                reason = "rate_limit"
            elif status == 400:
                self._refused(error, instance, position)
            self._rests_until[instance] = time.monotonic() + _retry_after(error)
        if isinstance(error, ConnectionClosed) and error.sent is not None and error.sent.code == _TOO_BIG:
            reason = "truncated"
            self._too_big(position)
        else:
            self._turn += 1
        position.why = (reason, f"{_host(instance)}: {_words(error)}")
        position.failures += 1
        upper = min(self.options.first_wait * 2 ** min(position.failures - 1, 20), self.options.longest_wait)
        wait = upper * (0.5 + self._draw() / 2)
        _logger.warning("connection ended", extra={"instance": instance, "reason": reason, "error": _words(error), "wait": wait})
        return wait

    def _refused(self, error: InvalidStatus, instance: str, position: _Position) -> None:
        position.refusals.add(instance)
        if position.refusals >= set(self.options.instances):
            body = bytes(error.response.body or b"")[:200].decode("utf-8", "replace").strip()
            raise SourceRefusedError(
                f"every Jetstream instance refuses the request (HTTP {error.response.status_code}{': ' + body if body else ''}): "
                "check TREND_ASSETS_BLUESKY_INSTANCES and TREND_ASSETS_BLUESKY_COLLECTIONS"
            ) from error

    def _too_big(self, position: _Position) -> None:
        """An event larger than we take: have it left out; from a server that sends it all the same, go on behind it, further each time."""
        self.counts["larger than taken"] += 1
        if position.leave_out:
            position.skip = max(position.skip * 2, 1)
            position.skip_to = max(position.newest, position.time_us) + position.skip * 1_000_000
        position.leave_out = True


def open_source(settings: Settings) -> BlueskySource:
    """The source as ``trend-assets collect --source bluesky`` runs it. Raises ``SourceRefusedError`` for addresses that are none."""
    return BlueskySource(
        Options(
            instances=tuple(settings.bluesky_instances) or INSTANCES,
            collections=tuple(settings.bluesky_collections),
            stall_seconds=settings.collect_stall_seconds,
        ),
        EventFilter(settings.bluesky_languages, settings.bluesky_keywords),
    )


def _retry_after(error: InvalidStatus) -> float:
    """Seconds the server asks us to wait, five minutes at most; 0 where it says nothing, or a date."""
    text = error.response.headers.get("Retry-After", "")
    return min(float(text), 300.0) if text.isascii() and text.isdigit() else 0.0


def _words(error: Exception) -> str:
    """The error in a few words of ours or the system's: a server's own words may hold anything, and this is logged and stored."""
    from websockets.exceptions import ConnectionClosed, InvalidStatus

    if isinstance(error, InvalidStatus):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, ConnectionClosed):
        codes = [f"{who} {close.code}" for who, close in (("by the server", error.rcvd), ("by us", error.sent)) if close is not None]
        return f"closed {', '.join(codes)}" if codes else "connection lost"
    return f"{type(error).__name__}: {error}"[:200] if isinstance(error, OSError | _StalledError) else type(error).__name__


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0 and not parts.query
    except ValueError:  # a port that is no number
        return False


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _host(instance: str) -> str:
    """Host and port of an instance's address, without a name and password."""
    parts = urlsplit(instance)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _moment(time_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_us)
