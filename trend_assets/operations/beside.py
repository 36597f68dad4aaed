"""One process beside this one that runs jobs which don't need what this one is making.

What belongs here: starting it, handing it jobs, what they printed. What doesn't: which jobs may run beside which (``demo.py``), running
a job (``runs.py``).

Jobs are single-threaded for the most part, so on two cores the second would have nothing to do. The lake and Dagster's records are made
for several processes; what a job publishes depends on what it reads alone, so the result is that of one job after the other.
"""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType

from rich.console import Console

from trend_assets.operations.runs import Range, prepare_environment, run_job

PARENT_SECONDS = 2.0
"""How often the process looks whether the one that started it is still there."""


@dataclass(frozen=True)
class Outcome:
    """What became of a job: whether it succeeded, seconds, and what it printed."""

    success: bool
    seconds: float
    printed: str


class Beside:
    """A process that runs jobs in the order given, from its first on; without a second core, this process does when the result is wanted.

    Used as a context: at its end, jobs that have not begun are dropped and the one under way is waited for.
    """

    def __init__(self, data: Path, width: int, cores: int | None = None) -> None:
        self._data, self._width = data, width
        self._cores = len(os.sched_getaffinity(0)) if cores is None else cores
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def start(self, job: str, partitions: Range | None = None, *, raise_on_error: bool = True) -> Callable[[], Outcome]:
        """Begin a job; the result waits for it and raises what it raised (``RunFailedError``)."""
        arguments = (str(self._data), self._width, job, partitions, raise_on_error)
        if self._cores < 2:
            return lambda: _run(*arguments)
        if self._pool is None:
            # Spawned: what this process has loaded, threads included, doesn't survive a fork.
            self._pool = ProcessPoolExecutor(1, get_context("spawn"), _end_with_parent, (os.getpid(),))
        begun: Future[Outcome] = self._pool.submit(_run, *arguments)
        return begun.result


def _run(data: str, width: int, job: str, partitions: Range | None, raise_on_error: bool) -> Outcome:
    prepare_environment(data)
    started, written = time.monotonic(), io.StringIO()
    result = run_job(job, Console(file=written, width=width), partitions, raise_on_error=raise_on_error)
    return Outcome(result.success, time.monotonic() - started, written.getvalue())


def _end_with_parent(parent: int) -> None:
    """End this process when the one that started it was killed: nobody waits for its jobs, and the command may be run again."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
