"""Kills and disk faults of the ingest assets, counted against the town's own ledger; part of ``benchmarks/faults.py``.

What belongs here: the order of kills and the report. What doesn't: how runs are lived and accounted for
(``trend_assets_tests/collect/ingest_lives.py``, which the tests share).

Half of the kills are at failpoints, in turn, half at random times of a run. Every fifth run is left alone: what it takes is the
recovery. Then writes, syncs and swaps are refused, for every table, at the first time, the second, and so on until a run has no
more of them.
"""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trend_assets.tables import TABLES
from trend_assets_tests.collect.ingest_lives import INGEST_TABLES, IngestAccount, IngestLives, Run, ingest_failpoints

POSTS, SLICES = 2_500, 90
"""Of one town; when its slices are used up, the account is made and another town begins in another folder."""
UNDISTURBED = 5
RECOVERY_SECONDS = 10.0
MOST_TIMES = 4
TRIES = 6
"""Runs that may come past a step before it counts as not reached: not every slice has something to delete or to refuse."""
DISK_FAULTS = [
    (f"{TABLES[path].name}: {operation}: {step}", error)
    for path in INGEST_TABLES
    for operation in ("write_new", "compare_and_swap")
    for step, error in (("partly written", "ENOSPC"), ("written", "EIO"), ("synced", "EACCES"))
]


class Battery:
    """Kills one after another, over as many towns as they need."""

    def __init__(self, folder: Path, seed: int, tell: Callable[[str], None]) -> None:
        self._folder, self._seed, self._tell = folder, seed, tell
        self._chance, self._towns, self._seconds = random.Random(seed), 0, 1.0
        self._lives: IngestLives | None = None
        self._number = 0
        self.landed, self.missed, self.problems = Counter[str](), Counter[str](), list[str]()
        self.recoveries: list[float] = []
        self.total, self.runs = IngestAccount(), 0

    def kill(self, name: str) -> None:
        """A run killed at the step, or at a random time where there is none; another run where one came past it alive."""
        for attempt in range(TRIES):
            lives = self._ready()
            if name:
                occurrence = self._chance.choice((1, 1, 2)) if not attempt and not name.startswith("ingest: run") else 1
                run = lives.run(failpoint=f"{name}|kill|{occurrence}")
            else:
                run = lives.run(kill_after=self._chance.uniform(0.02, self._seconds))
            self._judge(run, (0, -signal.SIGKILL))
            if run.exit_code == -signal.SIGKILL:
                self.landed[name or "at random"] += 1
                return
        self.missed[name or "at random"] += 1

    def refuse(self, name: str, error: str) -> None:
        """Runs whose n-th such step is refused, for n from 1 until a run has no more of them."""
        for number in range(1, MOST_TIMES + 1):
            run = self._ready().run(failpoint=f"{name}|{error}|{number}")
            self._judge(run, (1,) if run.failpoint else (0,))
            if not run.failpoint:
                return
            self.landed[f"disk: {error}"] += 1

    def finish(self) -> None:
        """Make the account of the town that is under way."""
        if self._lives is None:
            return
        lives, self._lives = self._lives, None
        try:
            found = lives.finish()
        finally:
            lives.close()
        self.runs += len(lives.runs)
        self.recoveries += lives.recoveries
        self.total.records += found.records
        self.total.reads += found.reads
        self.total.states_read += found.states_read
        self.total.partitions += found.partitions
        self.total.violations += found.violations
        for outcome, records in found.outcomes.items():
            self.total.outcomes[outcome] = self.total.outcomes.get(outcome, 0) + records

    def _ready(self) -> IngestLives:
        """A town with something new landed; now and then after a run that is left alone."""
        if self._lives is not None and not self._lives.land():
            self.finish()
        if self._lives is None:
            self._towns += 1
            folder = self._folder / f"town-{self._towns}"
            self._lives = IngestLives(folder, posts=POSTS, slices=SLICES, seed=self._seed * 1_000 + self._towns)
            self._lives.land()
        self._number += 1
        if self._number % UNDISTURBED == 0:
            run = self._lives.run()
            self._judge(run, (0,))
            self._seconds = max(run.seconds, 0.2)
            self._lives.land()
        return self._lives

    def _judge(self, run: Run, allowed: tuple[int, ...]) -> None:
        if run.exit_code not in allowed:
            self.problems.append(f"a run ended with {run.exit_code} at {run.failpoint!r}")


def run(folder: Path, kills: int, seed: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """The battery and its report."""
    battery, names = Battery(folder, seed, tell), ingest_failpoints()
    for number in range(kills):
        battery.kill("" if number % 2 else names[number // 2 % len(names)])
        if number % 20 == 19:
            tell(f"ingest: {number + 1} of {kills} kills")
    for number, (name, error) in enumerate(DISK_FAULTS):
        battery.refuse(name, error)
        if number % 10 == 9:
            tell(f"ingest: {number + 1} of {len(DISK_FAULTS)} refusals of the disk")
    battery.finish()
    recoveries = sorted(battery.recoveries)
    if recoveries[-1] > RECOVERY_SECONDS:
        battery.problems.append(f"a run after a kill took {recoveries[-1]} s")
    total = battery.total
    return {
        "kills": sum(number for name, number in battery.landed.items() if not name.startswith("disk")),
        "runs": battery.runs,
        "violations": total.violations + battery.problems,
        "records": total.records,
        "outcomes": dict(sorted(total.outcomes.items())),
        "partitions the same as of an undisturbed run": total.partitions,
        "reads meanwhile": total.reads,
        "states read": total.states_read,
        "seconds of the first run after a kill": {"median": recoveries[len(recoveries) // 2], "longest": recoveries[-1]},
        "failpoints": len(names),
        "landed at": dict(sorted(battery.landed.items())),
        "failpoint not reached": dict(sorted(battery.missed.items())),
    }
