"""Which run has the live lane: one at a time, and the next one takes over the moment the one before lets go.

What belongs here: a run's turn. What doesn't: the lease's file (``lake/lease.py``), when a run is asked for
(``defs/live/sensors.py``), what it does (``live/lane.py``).

Starting a process takes longer than posts may wait, so the next run starts while the one before goes on, and asks for the lease
once it is ready. The holder sees that between two micro-batches and ends. A holder that has finished without letting go, or has
not renewed for LEASE_SECONDS, has lost it. Should it come back all the same, nothing breaks: tables change by compare-and-swap.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from trend_assets.lake.lease import Lease, LeaseFile
from trend_assets.lake.storage import open_storage
from trend_assets.settings import Settings

LEASE_SECONDS = 300.0
"""A holder that has not come to its next step for so long stands still: longer than reading the history takes."""
RENEWED_SECONDS = 5.0
ASKED_SECONDS = 0.5
"""How often a run that is ready looks whether the lease is free."""
FILE = "lease.json"


def stands_still(lease: Lease, now: float) -> bool:
    """Whether nobody has the lane, or its holder has not renewed for too long."""
    return not lease.holder or now - lease.renewed_at > LEASE_SECONDS


def read_lease(settings: Settings) -> Lease:
    """The lease as it is; nobody's where there is none."""
    return _file(settings).read()[0]


class Turn:
    """One run's turn on the live lane.

    finished: whether the run of this id has ended, as far as is known. clock: seconds since 1970. sleep: tests pass their own.
    """

    def __init__(
        self,
        settings: Settings,
        run: str,
        finished: Callable[[str], bool],
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._file, self._run, self._finished = _file(settings), run, finished
        self._clock, self._sleep = clock, sleep

    def take(self) -> None:
        """Wait until the lane is this run's: at most until its holder has ended its micro-batch, or stands still."""
        while True:
            lease, generation = self._file.read()
            free = stands_still(lease, self._clock()) or lease.holder == self._run or self._finished(lease.holder)
            now = self._clock()
            if free and self._file.swap(Lease(self._run, now, now), generation):
                return
            if not free:
                if lease.successor != self._run:
                    self._file.swap(replace(lease, successor=self._run), generation)
                self._sleep(ASKED_SECONDS)

    def goes_on(self) -> bool:
        """Renew the lease; False once the next run is ready, or has taken the lane."""
        lease, generation = self._file.read()
        if lease.holder != self._run:
            return False
        now = self._clock()
        if now - lease.renewed_at >= RENEWED_SECONDS:
            self._file.swap(replace(lease, renewed_at=now), generation)
        return not lease.successor

    def let_go(self) -> None:
        """Leave the lane to whoever asks next; nothing to do where it is another's already."""
        while True:
            lease, generation = self._file.read()
            if lease.holder != self._run or self._file.swap(replace(lease, holder=""), generation):
                return


def _file(settings: Settings) -> LeaseFile:
    return LeaseFile(open_storage(f"{settings.data}/live"), FILE)
