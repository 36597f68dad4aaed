"""Kills and disk faults of a real collector, counted against the generator's own ledger.

    python -m benchmarks.faults --kills 1000          kills at every failpoint in turn and at random times, then disk faults

What belongs here: the long battery and its report. What doesn't: how lives are lived and accounted for
(``trend_assets_tests/collect/lives.py``, which the tests share), the lake's own kill tests (``trend_assets_tests/lake``).

Every record of the source ``simulated`` must land at least once, the raw tables must be those of records that landed exactly once, no
interruption may be missing from the gap ledger, and the next life must publish within ten seconds without help.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import tempfile
from collections import Counter
from pathlib import Path

from trend_assets_tests.collect.lives import AT_STOP, SIMULATION, Life, Lives, account, failpoints, is_repeated

RECOVERY_SECONDS = 10.0
DISK_FAULTS = [
    f"{room}: {operation}: {step}|{error}|{occurrence}"
    for room, operation in (("landing", "write_new"), ("cursor", "compare_and_swap"), ("gaps", "write_new"), ("lease", "compare_and_swap"))
    for step, error in (("partly written", "ENOSPC"), ("written", "EIO"), ("synced", "EACCES"))
    for occurrence in ((1, 2, 3) if room in ("landing", "cursor") else (1,))
]
"""Write, sync and rename refused, at the first to third time, in each room."""


def kill(lives: Lives, name: str, occurrence: int) -> Life:
    """One life that dies at the failpoint; a step of stopping is reached by asking it to stop."""
    return lives.live(
        failpoint=f"{name}|kill|{occurrence}", publications=2 if name in AT_STOP else 0, kill_after=None if name in AT_STOP else 8.0
    )


def run(folder: Path, kills: int, seed: int) -> dict[str, object]:
    """The battery. Half of the kills are at failpoints, in turn; half at random times."""
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
        "landed at": dict(sorted(landed.items())),
        "failpoint not reached": dict(sorted(missed.items())),
    }


def main() -> None:
    """Run the battery and print its report; exits 1 on a violation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep the data here (default: a temporary folder)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        report = run(arguments.folder or Path(temporary), arguments.kills, arguments.seed)
    print(json.dumps(report, indent=1))
    raise SystemExit(1 if report["violations"] else 0)


if __name__ == "__main__":
    main()
