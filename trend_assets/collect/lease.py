"""Exactly one collector per source: taking, renewing, losing and letting go of the source's lease.

What belongs here: when a collector may take the lease, and when it has lost it. What doesn't: the lease's file (``lake/lease.py``),
what a collector does without it (``collector.py``).

A holder is given up when its lease has not changed for ``seconds`` *as the waiting collector measures*: clocks of two machines, and
steps of one, change nothing. On the same machine a holder whose process has ended is given up at once. A holder that could not renew for
so long (a full disk, no network) publishes nothing until it can, and ends when it finds the lease another's. Were it suspended in the
middle of a publication and woke up, what it publishes is harmless (records twice) and its cursor is refused (``state.py``).
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from trend_assets.lake.lease import Lease, LeaseFile
from trend_assets.lake.storage import Storage

FILE = "lease.json"
RENEWALS = 4
"""A holder renews so many times in the time after which it is given up."""


class LeaseLostError(RuntimeError):
    """Another collector has the lease, or may have: this one must end."""


class CollectorLease:
    """This process's claim on one source. ``seconds``: see above. clock (seconds since 1970) and steady: tests pass their own."""

    def __init__(
        self,
        storage: Storage,
        source: str,
        seconds: float,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds, self._source = seconds, source
        self._file = LeaseFile(storage, f"{source}/{FILE}")
        self._clock, self._steady = clock, steady
        self.holder = f"{_machine()} {os.getpid()} {_started(os.getpid())} {secrets.token_hex(4)}"
        self._seen: tuple[str | None, float] | None = None
        self._renewed_at = 0.0

    def try_to_take(self) -> str:
        """Take the lease if it is free; returns "" where it is ours now, else who has it, in words."""
        lease, generation = self._file.read()
        if self._seen is None or self._seen[0] != generation:
            self._seen = (generation, self._steady())
        still = self._steady() - self._seen[1] >= self.seconds
        if lease.holder and not still and not _has_ended(lease.holder):
            return f"process {lease.holder.split(' ')[1]}" if lease.holder.startswith(f"{_machine()} ") else "a process of another machine"
        began, now = self._steady(), self._clock()
        if not self._file.swap(Lease(self.holder, now, now), generation):
            return "a process that was faster"
        self._renewed_at = began
        return ""

    def renew(self) -> None:
        """Say that this holder goes on. Raises ``LeaseLostError`` where the lease is another's, ``OSError`` from the storage."""
        began = self._steady()
        lease, generation = self._file.read()
        if lease.holder != self.holder or not self._file.swap(replace(lease, renewed_at=self._clock()), generation):
            raise LeaseLostError(f"another collector of {self._source} has taken over; this one ends")
        self._renewed_at = began

    @property
    def is_doubtful(self) -> bool:
        """Whether the last renewal is so long ago that another collector may have taken over: publish nothing until the next one."""
        return self._steady() - self._renewed_at >= self.seconds

    def let_go(self) -> None:
        """Leave the source to whoever asks next; nothing to do where it is another's already."""
        lease, generation = self._file.read()
        if lease.holder == self.holder:
            self._file.swap(replace(lease, holder=""), generation)


def _machine() -> str:
    """This boot of this machine, and which processes can see each other there; empty where the system does not tell."""
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _started(process: int) -> str:
    """When the process started, in the kernel's ticks: a process number may be given again. Empty when there is none, or no telling."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return ""
    fields = status.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]  # a zombie holds nothing


def _has_ended(holder: str) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    machine, process, started, *_ = [*holder.split(" "), "", "", ""]
    return bool(machine) and machine == _machine() and process.isdigit() and bool(started) and _started(int(process)) != started
