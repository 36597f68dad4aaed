"""Named places where tests kill the collector or let the machine fail it; off unless a test's environment variable names one.

What belongs here: the names, and what happens there. What doesn't: what must hold afterwards (tests, ``benchmarks/faults.py``).

``TREND_ASSETS_FAILPOINT`` is ``NAME|ACTION`` or ``NAME|ACTION|OCCURRENCE`` (the first occurrence is 1, ``3+`` means the third and all
after it). Actions: ``kill`` (SIGKILL), ``stop`` (SIGSTOP), ``hang`` (the step never ends), or the name of an ``errno`` such as ENOSPC,
which is raised as ``OSError``. A note of the last failpoint that fired is written to the file ``TREND_ASSETS_FAILPOINT_NOTE``.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trend_assets.lake.storage import StepHook

VARIABLE, NOTE_VARIABLE = "TREND_ASSETS_FAILPOINT", "TREND_ASSETS_FAILPOINT_NOTE"
LOOP = (
    "lease taken",
    "cursor read",
    "source opened",
    "batch received",
    "batch queued",
    "batch taken",
    "records buffered",
    "gap noted",
    "landing begins",
    "landing published",
    "gaps recorded",
    "cursor moved",
    "acknowledged",
    "lease renewed",
    "stopping",
    "stopped",
    "lease let go",
)
"""The collector's own steps."""
HANG_SECONDS = 3600.0


class Failpoints:
    """The failpoint of one process: none in everyday use."""

    def __init__(self, specification: str = "", note: Path | None = None) -> None:
        """Raises ``ValueError`` for a specification that means nothing: a test that kills nowhere would pass."""
        self._name, self._action, occurrence = "", "", "1"
        if specification:
            parts = [*specification.split("|"), "1"]
            self._name, self._action, occurrence = parts[0], parts[1] if len(parts) > 2 else "", parts[2] if len(parts) > 3 else "1"
            known = self._action in ("kill", "stop", "hang") or hasattr(errno, self._action)
            if not self._name or not known or not occurrence.removesuffix("+").isdigit():
                raise ValueError(
                    f"{VARIABLE}={specification!r} is not NAME|ACTION|OCCURRENCE (kill, stop, hang or an errno such as ENOSPC)"
                )
        self._first, self._again, self._seen, self._note = int(occurrence.removesuffix("+")), occurrence.endswith("+"), 0, note

    @classmethod
    def from_environment(cls) -> Failpoints:
        """As the environment says."""
        note = os.environ.get(NOTE_VARIABLE)
        return cls(os.environ.get(VARIABLE, ""), Path(note) if note else None)

    def hit(self, name: str) -> None:
        """Pass the step of this name."""
        if name != self._name:
            return
        self._seen += 1
        if self._seen != self._first and not (self._again and self._seen > self._first):
            return
        if self._note is not None:
            self._note.write_text(name)
        if self._action in ("kill", "stop"):
            os.kill(os.getpid(), signal.SIGKILL if self._action == "kill" else signal.SIGSTOP)
        elif self._action == "hang":
            time.sleep(HANG_SECONDS)
        else:
            number: int = getattr(errno, self._action)
            raise OSError(number, f"{os.strerror(number)} (failpoint {name!r})")

    def within(self, room: str) -> StepHook | None:
        """A hook for the steps of a storage or lake, whose names become ``room: step``; ``None`` where no failpoint is in the room."""
        return partial(self._hit_within, room) if self._name.startswith(f"{room}: ") else None

    def _hit_within(self, room: str, step: str) -> None:
        self.hit(f"{room}: {step}")
