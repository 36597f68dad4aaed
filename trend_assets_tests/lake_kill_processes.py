"""The processes of ``test_lake_kill``: a writer that dies on demand and a reader that never rests.

What belongs here: what runs outside the test's process, and the table both agree on. What doesn't: assertions on kills.

The committed states of a partition are numbered: version v is first one part (30 or 50 rows by turns, so that sizes change),
then two (20 more rows by ``append``). Every row carries v. ``state_of`` names the state that rows are, or what is wrong with them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.acero  # Arrow imports it on first use: before the forks, not in each of them

from trend_assets.lake.lake import Lake
from trend_assets.tables import Column, Table
from trend_assets.tables.declaration import timestamp

START = datetime(2026, 9, 1, tzinfo=UTC)
KEYS = ["2026-09-01-00:00", "2026-09-01-01:00", "2026-09-01-02:00"]
APPENDED = 20
VERSIONS_PER_LIFE = 40
TABLE = Table(
    group="town",
    name="readings",
    description="Readings that all carry the version of the writer.",
    columns=(
        Column("reading", pa.int64(), "Number of the reading"),
        Column("taken_at", timestamp, "When; decides the partition", "UTC"),
        Column("version", pa.int64(), "Version of the writer"),
        Column("filler", pa.string(), "Bytes, so that a write takes more than an instant"),
    ),
    key=("reading",),
    partition="hour",
    time="taken_at",
    layer="raw",
    retention_days=30,
    licence_class="own",
)


def base_rows(version: int) -> int:
    """Rows of the first part."""
    return 30 if version % 2 else 50


def rows(key: str, version: int, first: int, count: int) -> pa.Table:
    """Readings ``first`` to ``first + count`` of a version."""
    hour = START + timedelta(hours=KEYS.index(key))
    return TABLE.from_rows(
        {"reading": number, "taken_at": hour + timedelta(seconds=number), "version": version, "filler": f"{number * version}" * 50}
        for number in range(first, first + count)
    )


def state_of(data: pa.Table) -> tuple[int, int] | str:
    """(version, parts) of the committed state that the rows are, or in words why they are none."""
    found = sorted(set(data["version"].to_pylist()))
    if len(found) != 1:
        return f"rows of versions {found}, {data.num_rows} rows"
    version = found[0]
    for parts, count in ((1, base_rows(version)), (2, base_rows(version) + APPENDED)):
        if data["reading"].to_pylist() == list(range(count)):
            return version, parts
    return f"{data.num_rows} rows of version {version}, which never had as many"


def publish_base(lake: Lake, version: int) -> None:
    """The first state of a version, in all partitions."""
    lake.publish(TABLE, {key: rows(key, version, 0, base_rows(version)) for key in KEYS}, inputs={"version": str(version)})


def publish_version(lake: Lake, version: int) -> None:
    """Both states of one version, in all partitions."""
    publish_base(lake, version)
    for key in KEYS:
        lake.append(TABLE, key, rows(key, version, base_rows(version), APPENDED), inputs={"appended": str(version)})


def newest_version(lake: Lake) -> int:
    """Highest version in any partition."""
    return max(lake.read(TABLE, KEYS, columns=["version"])["version"].to_pylist(), default=0)


def write(root: str, step: str | None, occurrence: int, evidence: Path) -> None:
    """Publish one version after another; die by SIGKILL at the n-th time of the step, leaving a note of it."""
    seen = 0

    def die(name: str) -> None:
        nonlocal seen
        seen += name == step
        if name == step and seen == occurrence:
            evidence.write_text(name)
            os.kill(os.getpid(), signal.SIGKILL)

    lake = Lake(root, on_step=die)
    version = newest_version(lake)
    for _ in range(VERSIONS_PER_LIFE):
        version += 1
        publish_version(lake, version)


def serve_writers(root: str, evidence: Path) -> None:
    """For each order (a line of JSON) fork a writer, wait for its end, answer with its signal and its note.

    Order: ``step`` and ``occurrence``, or ``seconds`` after which the writer is killed wherever it is. Forking from a process
    that has done its imports makes a hundred lives affordable.
    """
    for line in sys.stdin:
        order = json.loads(line)
        evidence.write_text("")
        writer = os.fork()
        if writer == 0:
            write(root, order.get("step"), order.get("occurrence", 0), evidence)
            os._exit(0)
        if "seconds" in order:
            time.sleep(order["seconds"])
            os.kill(writer, signal.SIGKILL)
        _, status = os.waitpid(writer, 0)
        answer = {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, "step": evidence.read_text()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def read_until(root: str, stop: Path, report: Path) -> None:
    """Read all partitions over and over until ``stop`` exists; report reads, states seen and every violation."""
    lake, newest, reads = Lake(root), dict.fromkeys(KEYS, (0, 0)), 0
    states: set[tuple[str, tuple[int, int]]] = set()
    violations: list[str] = []
    while not stop.exists():
        time.sleep(0.002)  # leaves the writers some of a small machine
        for key in KEYS:
            reads += 1
            try:
                state = state_of(lake.read(TABLE, [key], missing="raise"))
            except Exception as error:  # whatever it is, a reader must not see it
                violations.append(f"{key}: {type(error).__name__}: {error}")
                continue
            if isinstance(state, str) or state < newest[key]:
                violations.append(f"{key}: {state} after {newest[key]}")
                continue
            newest[key] = state
            states.add((key, state))
    report.write_text(json.dumps({"reads": reads, "states": len(states), "violations": violations}))


if __name__ == "__main__":
    role, lake_root, *paths = sys.argv[1:]
    if role == "writers":
        serve_writers(lake_root, Path(paths[0]))
    else:
        read_until(lake_root, Path(paths[0]), Path(paths[1]))
