"""The source ``simulated``: posts of the simulated town in real time, at a rate, for ever, resumable to the record.

What belongs here: when each of the town's records is due, and its times moved to that moment. What doesn't: the town
(``lib/simulation``).

A simulation is a sequence of short towns. Record n of a town is due ``n / rate`` seconds after the town's start, and every time
written in a record is moved along with it, so that a post is dated when it is sent and an answer after what it answers. Everything
about a record follows from the parameters and the moment at which the simulation began, which is in the cursor: after any restart the
same records come at the same times, those that were due meanwhile at once. ``records_until`` tells what has been sent: the ledger
that fault tests count against.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from trend_assets.collect.source import Batch, Gap, Received, SourceRefusedError

if TYPE_CHECKING:
    from trend_assets.settings import Settings

DAYS = 2
"""Days of one town: some records come late, on the day after their post."""
LARGEST_BATCH = 1_000
TICK_SECONDS = 0.2
FIRST_START = datetime(2026, 9, 1, tzinfo=UTC)
_TIME = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Position(msgspec.Struct, frozen=True):
    """The cursor: which simulation, which of its towns, when that one began, how many of its records were sent."""

    simulation: str
    town: int
    began_at: datetime
    sent: int


@dataclass(frozen=True)
class Simulation:
    """Which simulation: records a second, posts of one town (roughly), seed."""

    rate: float = 5.0
    posts: int = 20_000
    seed: int = 1

    @property
    def name(self) -> str:
        """Names the simulation in cursors: what it would send."""
        return f"{self.rate:g}/s, {self.posts} posts, seed {self.seed}"


@lru_cache(maxsize=3)
def _rows(posts: int, seed: int, number: int) -> list[tuple[int, int, int, bytes]]:
    """A town's records in order of receipt: received (microseconds since 1970), tie-break, created (0: unreadable), body."""
    from trend_assets.lib.simulation.delivery import Town
    from trend_assets.lib.simulation.town import TownParameters

    own_seed = int.from_bytes(hashlib.sha256(f"{seed}/{number}".encode()).digest()[:6], "big")
    start = FIRST_START + timedelta(days=DAYS * number)
    town = Town(TownParameters(start=start, days=DAYS, posts=posts, seed=own_seed, bluesky_share=0.0))
    rows: list[tuple[int, int, int, bytes]] = []
    for day in range(DAYS):
        for batch in town.deliver(day)[0]:
            if batch.network == "x":
                order = range(len(rows), len(rows) + len(batch.bodies))
                rows += zip(batch.received_at, order, batch.created_at, batch.bodies, strict=True)
    return sorted(rows, key=lambda row: row[:2])


class _Town:
    """The records of one town in order of receipt, with their times moved to ``began_at``."""

    def __init__(self, simulation: Simulation, number: int, began_at: datetime) -> None:
        import numpy as np

        rows = _rows(simulation.posts, simulation.seed, number)
        start = FIRST_START + timedelta(days=DAYS * number)
        self._rows, self._rate, self._began_at = rows, simulation.rate, began_at
        self._received = np.array([row[0] for row in rows], np.float64)
        self._due = np.arange(len(rows)) / simulation.rate
        self._interpolate = np.interp
        self._from, self._to = start - timedelta(days=1), start + timedelta(days=DAYS + 1)

    def __len__(self) -> int:
        return len(self._rows)

    def due_at(self, number: int) -> datetime:
        """When a record is due (that after the last one: when the next town begins)."""
        return self._began_at + timedelta(seconds=number / self._rate)

    def records(self, first: int, last: int) -> list[Received]:
        """Records ``first`` to ``last`` (exclusive)."""
        return [
            Received(
                _TIME.sub(self._moved_text, body),
                "stream",
                self._moved(_EPOCH + timedelta(microseconds=created)) if created else None,
                None,
                f"simulated-{self._began_at:%Y%m%dT%H%M%S}",
            )
            for _, _, created, body in self._rows[first:last]
        ]

    def _moved(self, moment: datetime) -> datetime:
        microseconds = (moment - _EPOCH) // timedelta(microseconds=1)
        seconds = float(self._interpolate(microseconds, self._received, self._due))
        return self._began_at + timedelta(milliseconds=int(seconds * 1000))

    def _moved_text(self, match: re.Match[bytes]) -> bytes:
        try:
            moment = datetime.fromisoformat(match.group().decode())
        except ValueError:
            return match.group()
        if not self._from <= moment < self._to:
            return match.group()
        return f"{self._moved(moment):%Y-%m-%dT%H:%M:%S.%f}"[:-3].encode() + b"Z"


class SimulatedSource:
    """See the module. clock: now (aware); heartbeat_seconds: an empty batch at least so often."""

    name, network, replays = "simulated", "x", True

    def __init__(
        self, simulation: Simulation, heartbeat_seconds: float = 5.0, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        if simulation.rate <= 0:
            raise SourceRefusedError(f"a rate must be positive, not {simulation.rate:g} records a second")
        self.simulation, self._heartbeat, self._clock = simulation, heartbeat_seconds, clock
        self._acknowledged: str | None = None

    async def batches(self, cursor: str | None) -> AsyncIterator[Batch | Gap]:
        """See ``Source``. Raises ``SourceRefusedError`` for a cursor of another simulation."""
        position = self._position(cursor)
        town = await asyncio.to_thread(_Town, self.simulation, position.town, position.began_at)
        upcoming: asyncio.Task[_Town] | None = None
        beat = self._clock()
        yield Batch([], _to_text(position), beat)  # the position comes before the records: it says when the simulation began
        try:
            while True:
                if upcoming is None:
                    following = position.town + 1, town.due_at(len(town))
                    upcoming = asyncio.create_task(asyncio.to_thread(_Town, self.simulation, *following))
                now = self._clock()
                due = (
                    min(int((now - position.began_at).total_seconds() * self.simulation.rate) + 1, len(town))
                    if now >= position.began_at
                    else 0
                )
                if due > position.sent:
                    last = min(due, position.sent + LARGEST_BATCH)
                    records = town.records(position.sent, last)
                    position = msgspec.structs.replace(position, sent=last)
                    yield Batch(records, _to_text(position), now, position=min(town.due_at(last), now))
                    beat = now
                elif position.sent >= len(town):
                    town, position, upcoming = (
                        await upcoming,
                        Position(position.simulation, position.town + 1, town.due_at(len(town)), 0),
                        None,
                    )
                elif (now - beat).total_seconds() >= self._heartbeat:
                    yield Batch([], _to_text(position), now)
                    beat = now
                if position.sent >= due:
                    await asyncio.sleep(TICK_SECONDS)
        finally:
            if upcoming is not None:
                upcoming.cancel()

    async def acknowledge(self, cursor: str | None) -> None:
        """See ``Source``: nothing waits for it here."""
        self._acknowledged = cursor

    async def close(self) -> None:
        """See ``Source``."""

    def _position(self, cursor: str | None) -> Position:
        if cursor is None:
            now = self._clock()
            return Position(self.simulation.name, 0, now.replace(microsecond=now.microsecond // 1000 * 1000), 0)
        try:
            position = msgspec.json.decode(cursor, type=Position)
        except msgspec.MsgspecError as error:
            raise SourceRefusedError(f"the cursor is no simulation's ({error}); use another --data folder") from error
        if position.simulation != self.simulation.name:
            raise SourceRefusedError(
                f"the folder has the simulation {position.simulation}; asked for is {self.simulation.name}: "
                "give the same options, or another --data folder"
            )
        return position


def records_until(simulation: Simulation, began_at: datetime, cursor: str) -> Iterator[Received]:
    """Every record sent up to a cursor by the simulation that began then: the generator's own ledger."""
    position = msgspec.json.decode(cursor, type=Position)
    for number in range(position.town + 1):
        town = _Town(simulation, number, began_at)
        yield from town.records(0, position.sent if number == position.town else len(town))
        began_at = town.due_at(len(town))


def open_source(settings: Settings, simulation: Simulation) -> SimulatedSource:
    """The source as ``trend-assets collect`` runs it."""
    return SimulatedSource(simulation, heartbeat_seconds=settings.collect_stall_seconds / 3)


def _to_text(position: Position) -> str:
    return msgspec.json.encode(position).decode()
