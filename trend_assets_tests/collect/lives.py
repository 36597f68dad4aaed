"""Lives of a real collector that end on order, and the account of what they landed against the generator's own ledger.

What belongs here: what ``test_faults`` (short) and ``benchmarks/faults.py`` (long) share. What doesn't: assertions on single faults.

A server process imports everything once and forks a collector for each order: a thousand lives are affordable. Each fork runs the
command's own code (``commands/collect.py``): the same signals, storage, failpoints and exit codes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from trend_assets.collect.failpoints import LOOP, NOTE_VARIABLE, VARIABLE
from trend_assets.collect.gaps import read_gaps
from trend_assets.collect.simulated import Position, Simulation, records_until
from trend_assets.collect.state import CursorFile, State
from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import LocalStorage, open_storage
from trend_assets.landing.files import LandingRecord, LandingWriter, list_landing, read_lines
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.sources import Decoded, decode_hours
from trend_assets.lib.sources.landing_file import landing_hour

SIMULATION = Simulation(rate=400.0, posts=6_000, seed=5)
SETTINGS = {
    "TREND_ASSETS_COLLECT_FLUSH_SECONDS": "0.05",
    "TREND_ASSETS_COLLECT_LEASE_SECONDS": "2",
    "TREND_ASSETS_COLLECT_PORT": "0",
    "LAKE_START": "2026-09-01T00:00:00Z",
}
AT_STOP = ("stopping", "stopped", "lease let go")
SECONDS_FOR_A_LIFE = 30.0


def failpoints() -> list[str]:
    """Every step at which a collector can be killed: its own, and those of the storage under each of its rooms."""
    steps = LocalStorage.steps
    swaps = [step for step in steps if step.startswith("compare_and_swap")]
    rooms = [f"landing: {step}" for step in steps if step.startswith("write_new")]
    rooms += [f"{room}: {step}" for room in ("cursor", "lease") for step in swaps]
    return [*LOOP, *rooms, *(f"gaps: {step}" for step in steps)]


def is_repeated(name: str) -> bool:
    """Whether a life comes to the step again and again: the first times, there may be no record yet."""
    return name not in (*AT_STOP, "lease taken", "cursor read", "source opened", "gap noted") and not name.startswith(("gaps: ", "lease: "))


@dataclass
class Life:
    """How a life ended. exit_code: minus the signal's number where one ended it. failpoint: the last that fired."""

    exit_code: int
    failpoint: str
    seconds: float
    ended_at: datetime
    seconds_to_publication: float | None


class Lives:
    """Collectors on one data folder, one after another."""

    def __init__(self, folder: Path, simulation: Simulation = SIMULATION) -> None:
        self.folder, self.simulation = folder, simulation
        self.lives: list[Life] = []
        environment = {**os.environ, **SETTINGS, "TREND_ASSETS_DATA": str(folder)}
        arguments = [str(folder), json.dumps([simulation.rate, simulation.posts, simulation.seed])]
        self._server = subprocess.Popen(
            [sys.executable, "-m", __name__, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def live(self, *, failpoint: str = "", kill_after: float | None = None, publications: int = 0) -> Life:
        """One life: until the failpoint kills it, or it is killed after so many seconds, or after so many publications SIGTERM stops it."""
        order = {"failpoint": failpoint, "kill_after": kill_after, "publications": publications}
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        life = Life(answer["exit_code"], answer["failpoint"], answer["seconds"], datetime.now(UTC), answer["seconds_to_publication"])
        self.lives.append(life)
        return life

    def close(self) -> None:
        """End the server."""
        self._server.kill()
        self._server.communicate()


def state_of(folder: Path) -> State:
    """What the collector remembers."""
    return CursorFile(open_storage(f"{folder}/collect"), "simulated").read().state


@dataclass
class Account:
    """What was sent against what landed. Everything in ``violations`` must never be."""

    sent: int = 0
    landed: int = 0
    redelivered: int = 0
    files: int = 0
    posts: int = 0
    gaps: int = 0
    violations: list[str] = field(default_factory=list)


def account(folder: Path, simulation: Simulation, lives: list[Life]) -> Account:
    """Compare landing, raw tables and gap ledger with what the generator says it sent up to the cursor.

    Call it after a life that was stopped in order: then everything sent up to the cursor must be there, and nothing else.
    """
    position = msgspec.json.decode(state_of(folder).cursor or "", type=Position)
    found, counted = Account(), Counter[bytes]()
    storage = open_storage(f"{folder}/landing")
    files = {hour: [(path, storage.read(path)) for path in paths] for hour, paths in list_landing(storage).items()}
    for path, data in (one for of_hour in files.values() for one in of_hour):
        found.files += 1
        for line in read_lines(path, data):  # raises where the bytes are not those of the file's name
            counted[_body(line)] += 1
    sent = list(records_until(simulation, _began_at(folder), state_of(folder).cursor or ""))
    expected = Counter(record.body for record in sent)
    found.sent, found.landed = len(sent), counted.total()
    found.redelivered = found.landed - found.sent
    lost = expected - counted
    if lost:
        found.violations.append(f"{lost.total()} records sent up to the cursor have not landed")
    strange = set(counted) - set(expected)
    if strange:
        found.violations.append(f"{len(strange)} records landed that were never sent")
    raw, once = decoded(files), decoded(_landed_once(sent, position))
    found.posts = raw.raw_posts.num_rows
    keys = list(zip(raw.raw_posts["network"].to_pylist(), raw.raw_posts["post_id"].to_pylist(), strict=True))
    if len(keys) != len(set(keys)):
        found.violations.append(f"{len(keys) - len(set(keys))} posts are doubled in raw_posts")
    if _rows(raw) != _rows(once):
        found.violations.append("raw_posts differ from those of records that landed exactly once")
    outcomes = Counter[str]()
    for outcome, records in zip(raw.landing_counts["outcome"].to_pylist(), raw.landing_counts["records"].to_pylist(), strict=True):
        outcomes[outcome] += records
    if outcomes.total() != found.landed or outcomes["post"] + outcomes["repost"] != found.posts:
        found.violations.append(f"the counts do not add up: {dict(outcomes)} of {found.landed} landed")
    found.violations += _unnoticed(folder, lives, found)
    return found


def _unnoticed(folder: Path, lives: list[Life], found: Account) -> list[str]:
    """Every end of a life but the last, after the first publication, lies within a recorded gap."""
    gaps = read_gaps(Lake(f"{folder}/lake"), _began_at(folder), datetime.now(UTC), source="simulated").to_pylist()
    found.gaps = len(gaps)
    ended = [life.ended_at for life in lives[:-1] if life.ended_at > _began_at(folder)]
    missed = [moment for moment in ended if not any(gap["begins_at"] <= moment <= gap["ends_at"] for gap in gaps)]
    left = [gap for gap in gaps if gap["backfilled_at"] is None and (datetime.now(UTC) - gap["ends_at"]).total_seconds() > 20]
    problems = [f"{len(missed)} of {len(ended)} interruptions are in no gap"] if missed else []
    return problems + ([f"{len(left)} gaps were replayed and are not marked so"] if left else [])


def _began_at(folder: Path) -> datetime:
    """When the simulation began: a file beside the data that the server wrote at the first cursor."""
    return datetime.fromisoformat((folder / "began_at").read_text())


def decoded(files: dict[datetime, list[tuple[str, bytes]]]) -> Decoded:
    """The raw tables of landing files."""
    return decode_hours(files, lake_start=datetime(2026, 9, 1, tzinfo=UTC), lake_end=None, pseudonyms=Pseudonyms("test-key"))


def _landed_once(sent: list[Any], position: Position) -> dict[datetime, list[tuple[str, bytes]]]:
    """The same records, each landed once, as if nothing had ever failed."""
    stored: dict[str, bytes] = {}

    class Memory:
        def write_new(self, path: str, data: bytes) -> None:
            stored[path] = data

    writer = LandingWriter(Memory(), lake_start=datetime(2026, 9, 1, tzinfo=UTC))
    now = datetime.now(UTC)
    for record in sent:
        writer.add(LandingRecord("x", "simulated", now, record.request_id, record.kind, record.body, None, record.created_at))
    writer.flush()
    hours: dict[datetime, list[tuple[str, bytes]]] = {}
    for path, data in sorted(stored.items()):
        hours.setdefault(landing_hour(path), []).append((path, data))
    return hours


def _rows(tables: Decoded) -> list[dict[str, Any]]:
    """Posts without what says when and in which file they came."""
    kept = tables.raw_posts.drop_columns(["captured_at", "landing_file", "landing_line"])
    return sorted(kept.to_pylist(), key=lambda row: (row["network"], row["post_id"]))


def _body(line: bytes) -> bytes:
    import base64

    content = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    if "body" in content:
        return bytes(content["body"])
    return base64.b64decode(msgspec.json.decode(content["body_base64"], type=str))


# The server's side


def serve(folder: Path, simulation: Simulation) -> None:
    """Fork a collector for each order on standard input."""
    from trend_assets.collect import collector, simulated  # noqa: F401 - imported before the forks, not in each of them
    from trend_assets.settings import load_settings

    load_settings()
    simulated._rows(simulation.posts, simulation.seed, 0)
    for line in sys.stdin:
        order = json.loads(line)
        note = folder / "failpoint"
        folder.mkdir(parents=True, exist_ok=True)
        note.write_text("")
        began = time.monotonic()
        process = os.fork()
        if process == 0:
            os.environ |= {VARIABLE: order["failpoint"], NOTE_VARIABLE: str(note)}
            _collect(folder, simulation)
        status, published_after = _watch(folder, process, order, began)
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        answer = {"exit_code": code, "failpoint": note.read_text(), "seconds": round(time.monotonic() - began, 3)}
        sys.stdout.write(json.dumps({**answer, "seconds_to_publication": published_after}) + "\n")
        sys.stdout.flush()
        cursor = state_of(folder).cursor
        if cursor is None:
            continue
        position = msgspec.json.decode(cursor, type=Position)
        if not (folder / "began_at").exists():
            (folder / "began_at").write_text(position.began_at.isoformat())
        for number in (position.town, position.town + 1):  # made once, here, for all later lives
            simulated._rows(simulation.posts, simulation.seed, number)


def _collect(folder: Path, simulation: Simulation) -> None:
    """The life itself; never returns."""
    import asyncio

    from trend_assets.commands.collect import SourceName, _log_as_lines, _run
    from trend_assets.settings import load_settings

    code = 70
    try:
        log = os.open(folder / "collect.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 2)
        os.dup2(log, 1)
        _log_as_lines(progress=False)
        code = asyncio.run(_run(SourceName.SIMULATED, load_settings(), simulation, None))
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _watch(folder: Path, process: int, order: dict[str, Any], began: float) -> tuple[int, float | None]:
    """Wait for the end, giving the signals ordered; also after how many seconds the first publication was seen."""
    before, published_after, asked = state_of(folder).publications, None, False
    while True:
        found, status = os.waitpid(process, os.WNOHANG)
        elapsed = time.monotonic() - began
        if found:
            return status, published_after
        publications = state_of(folder).publications - before
        if publications and published_after is None:
            published_after = round(elapsed, 3)
        if (order["kill_after"] is not None and elapsed >= order["kill_after"]) or elapsed > SECONDS_FOR_A_LIFE:
            os.kill(process, signal.SIGKILL)
        if order["publications"] and publications >= order["publications"] and not asked:
            os.kill(process, signal.SIGTERM)
            asked = True
        time.sleep(0.01)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Simulation(*json.loads(sys.argv[2])))
