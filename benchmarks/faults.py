"""Kills, disk faults and poison, counted against the generator's own ledger; and the same kills of others' ways to store.

    python -m benchmarks.faults --kills 1000          half of a real collector, half of runs of the ingest assets, then disk faults
    python -m benchmarks.faults --mutants 100000      poison records through landing, decoding, audit and cleaning
    python -m benchmarks.faults --peers               kills of this lake, of dagster-duckdb's I/O manager and of plain files

What belongs here: the command, the collector's battery and its report. What doesn't: how lives are lived and accounted for
(``trend_assets_tests/collect/lives.py``, which the tests share), the batteries of ingest, poison and peers (``faults_*.py`` beside
this), the lake's own kill tests (``trend_assets_tests/lake``).

Every record of the source ``simulated`` must land at least once, the raw tables must be those of records that landed exactly once, no
interruption may be missing from the gap ledger, and the next life must publish within ten seconds without help.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import faults_ingest, faults_peers, faults_poison
from trend_assets.collect.simulated import Simulation
from trend_assets_tests.collect.lives import AT_STOP, Life, Lives, account, failpoints, is_repeated

SIMULATION = Simulation(rate=150.0, posts=6_000, seed=5)

RECOVERY_SECONDS = 10.0
DISK_FAULTS = [
    f"{room}: {operation}: {step}|{error}|{occurrence}"
    for room, operation in (("landing", "write_new"), ("cursor", "compare_and_swap"), ("gaps", "write_new"), ("lease", "compare_and_swap"))
    for step, error in (("partly written", "ENOSPC"), ("written", "EIO"), ("synced", "EACCES"))
    for occurrence in ((1, 2, 3, 4, 5) if room in ("landing", "cursor") else (1,))
]
"""Write, sync and rename refused, at the first to fifth time, in each room."""


def kill(lives: Lives, name: str, occurrence: int) -> Life:
    """One life that dies at the failpoint; a step of stopping is reached by asking it to stop."""
    return lives.live(
        failpoint=f"{name}|kill|{occurrence}", publications=2 if name in AT_STOP else 0, kill_after=None if name in AT_STOP else 8.0
    )


def collector(folder: Path, kills: int, seed: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """The collector's battery. Half of the kills are at failpoints, in turn; half at random times."""
    chance, lives, landed, missed = random.Random(seed), Lives(folder, SIMULATION), Counter[str](), Counter[str]()
    problems: list[str] = []
    try:
        names = failpoints()
        lives.live(publications=2)
        for number in range(kills):
            if number % 2:
                life = lives.live(kill_after=chance.uniform(0.02, 0.9))
                landed["at random"] += life.exit_code == -signal.SIGKILL
            else:
                name = names[number // 2 % len(names)]
                occurrence = chance.choice((2, 3, 4)) if is_repeated(name) else 1
                life = kill(lives, name, occurrence)
                (landed if life.failpoint == name else missed)[name] += 1
            if life.exit_code not in (0, -signal.SIGKILL):
                problems.append(f"a life ended with {life.exit_code} at {life.failpoint}")
            if number % 20 == 19:
                tell(f"collector: {number + 1} of {kills} kills")
        tell(f"collector: {len(DISK_FAULTS)} refusals of the disk, then the account")
        for fault in DISK_FAULTS:
            life = lives.live(failpoint=fault, publications=4)
            if life.exit_code:
                problems.append(f"{fault}: ended with {life.exit_code}")
            landed[f"disk: {fault.split('|')[1]}"] += bool(life.failpoint)
        last = lives.live(publications=3)
        if last.exit_code:
            problems.append(f"the last life ended with {last.exit_code}")
        found = account(folder, SIMULATION, lives.lives)
    finally:
        lives.close()
    recoveries = sorted(life.seconds_to_publication for life in lives.lives if life.seconds_to_publication is not None)
    if recoveries[-1] > RECOVERY_SECONDS:
        problems.append(f"a life published only after {recoveries[-1]} s")
    return {
        "kills": kills,
        "lives": len(lives.lives),
        "violations": found.violations + problems,
        "records sent": found.sent,
        "records landed": found.landed,
        "redelivered": found.redelivered,
        "landing files": found.files,
        "posts": found.posts,
        "gaps recorded": found.gaps,
        "seconds to the first publication of a life": {"median": recoveries[len(recoveries) // 2], "longest": recoveries[-1]},
        "failpoints": len(names),
        "landed at": dict(sorted(landed.items())),
        "failpoint not reached": dict(sorted(missed.items())),
    }


def main() -> None:
    """Run what is asked for and print its report as JSON, progress on standard error; exits 1 on a violation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=0, help="kills of collector and ingest together")
    parser.add_argument("--mutants", type=int, default=0, help="mutants of valid records; the other poison comes with them")
    parser.add_argument("--peers", type=int, nargs="?", const=100, default=0, help="kills of each way to store (100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep the data in this new folder (default: a temporary one)")
    arguments = parser.parse_args()
    if not (arguments.kills or arguments.mutants or arguments.peers):
        parser.error("say how many --kills or --mutants, or --peers")
    began, report = time.monotonic(), dict[str, Any]()

    def tell(text: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:7.1f} s  {text}\n")

    with tempfile.TemporaryDirectory() as temporary:
        folder: Path = arguments.folder or Path(temporary)
        if arguments.kills:
            ingest = arguments.kills // 2
            report["collector"] = collector(folder / "collector", arguments.kills - ingest, arguments.seed, tell)
            report["ingest"] = faults_ingest.run(folder / "ingest", ingest, arguments.seed, tell)
        if arguments.mutants:
            report["poison"] = faults_poison.run(arguments.mutants, arguments.seed, tell)
        if arguments.peers:
            report["peers"] = faults_peers.run(folder / "peers", arguments.peers, arguments.seed, tell)
    report["seconds"] = round(time.monotonic() - began, 1)
    print(json.dumps(report, indent=1))
    raise SystemExit(1 if any(part.get("violations") for part in report.values() if isinstance(part, dict)) else 0)


if __name__ == "__main__":
    main()
