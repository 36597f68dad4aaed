"""Runs of the ingest assets that end on order, and the account of what they published against the generator's own ledger.

What belongs here: what ``test_ingest_faults`` (short) and ``benchmarks/faults_ingest.py`` (long) share. What doesn't: the collector's
lives (``lives.py``), the lake's protocol alone (``trend_assets_tests/lake``).

A simulated town's records land slice by slice, in order of receipt. After each slice a real process materializes ``raw_posts`` and
``clean_posts`` through Dagster for the hours that the slice touched, and dies on order: at a step of publishing one of the five tables, at
a step of its own, or at a random time. A thread of this process reads these hours all the time. A server process imports everything once
and forks the runs.

What is held against what: every read against the states that the landing files of some moment decode to; the counts in the lake
against the town's own ledger; the published files against those of one undisturbed run over everything.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from trend_assets.collect.failpoints import NOTE_VARIABLE, VARIABLE, Failpoints
from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import LocalStorage, open_storage
from trend_assets.landing.files import LandingRecord, LandingWriter, landing_hour, list_landing
from trend_assets.landing.late_files import read_raw_posts
from trend_assets.landing.raw_hours import RAW_TABLES, decode_landing_hours
from trend_assets.partitions import hour_key
from trend_assets.tables import TABLES, Table

START, END = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 3, tzinfo=UTC)
SETTINGS = {"LAKE_START": START.isoformat(), "LAKE_END": END.isoformat()}
MESSY = {"dirt_share": 0.05, "deletion_share": 0.05, "duplicate_share": 0.05}
"""More of what is rare, so that every table changes often."""
INGEST_TABLES = (*RAW_TABLES, "social/clean_posts")
OWN_STEPS = ("run begins", "landing decoded", "raw posts read", "run ends")
SECONDS_FOR_A_RUN = 60.0
QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ingest_failpoints() -> list[str]:
    """Every step at which a run can be killed: its own, and those of publishing each table."""
    publishing = (*Lake.publish_steps, *LocalStorage.steps)
    return [*(f"ingest: {step}" for step in OWN_STEPS), *(f"{TABLES[path].name}: {step}" for path in INGEST_TABLES for step in publishing)]


@dataclass
class Run:
    """How a run ended. exit_code: minus the signal's number where one ended it. failpoint: the one that fired."""

    exit_code: int
    failpoint: str
    seconds: float


class Deliveries:
    """A town's records in order of receipt, landed slice by slice; its ledger says what must become of them."""

    def __init__(self, folder: Path, *, posts: int, slices: int, seed: int, days: int = 2) -> None:
        from trend_assets.lib.simulation.delivery import Town
        from trend_assets.lib.simulation.town import TownParameters

        town = Town(TownParameters(start=START, days=days, posts=posts, seed=seed, **MESSY))
        rows: list[tuple[int, int, str, bytes, int]] = []
        for day in range(days):
            for batch in town.deliver(day)[0]:
                order = range(len(rows), len(rows) + len(batch.bodies))
                created = [0] * len(order) if batch.broken else batch.created_at
                rows += zip(batch.received_at, order, [batch.network] * len(order), batch.bodies, created, strict=True)
        rows.sort(key=lambda row: row[:2])
        self.records = len(rows)
        self.ledger = Counter[tuple[str, str]]()
        for row in town.ledger.rows():
            self.ledger[str(row["outcome"]), str(row["detail"])] += int(str(row["records"]))
        size = -(-len(rows) // slices)
        self.slices = slices
        self._slices = iter([rows[first : first + size] for first in range(0, len(rows), size)])
        self._storage, self._landed = open_storage(f"{folder}/landing"), 0

    def land(self) -> list[datetime]:
        """Land the next slice; returns the hours it touched, none when there is nothing left."""
        from trend_assets.lib.simulation.delivery import KIND_OF_NETWORK

        rows = next(self._slices, [])
        self._landed += 1
        moment, number = START + timedelta(seconds=self._landed), self._landed
        writer = LandingWriter(
            self._storage,
            lake_start=START,
            lake_end=END,
            clock=lambda: moment,
            entropy=lambda size: number.to_bytes(size, "big"),
        )
        for received, _, network, body, created in rows:
            created_at = _EPOCH + timedelta(microseconds=created) if created else None
            received_at = _EPOCH + timedelta(microseconds=received)
            writer.add(LandingRecord(network, "simulated", received_at, "town", KIND_OF_NETWORK[network], body, None, created_at))
        return sorted({landing_hour(path) for path in writer.flush()})


class IngestLives:
    """Runs on one data folder, one after another, with a reader beside them."""

    def __init__(self, folder: Path, *, posts: int, slices: int, seed: int, days: int = 2) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.deliveries = folder, Deliveries(folder, posts=posts, slices=slices, seed=seed, days=days)
        self.runs: list[Run] = []
        self.recoveries: list[float] = []
        self.dirty: set[datetime] = set()
        self.states: dict[str, list[str]] = {}
        self._reader = _Reader(f"{folder}/lake")
        environment = {**os.environ, **SETTINGS, "TREND_ASSETS_DATA": str(folder), "TREND_ASSETS_PSEUDONYM_KEY": "test-key"}
        command = [sys.executable, "-m", __name__, str(folder)]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self._reader.start()

    def land(self, slices: int = 1) -> bool:
        """Land the next slices and work out the states that may be read from now on; False when there was none left."""
        hours = sorted({hour for _ in range(slices) for hour in self.deliveries.land()})
        self.dirty |= set(hours)
        for hour, tables in _expected(self.folder, hours):
            for path, data in tables.items():
                states = self.states.setdefault(f"{path} {hour_key(hour)}", [])
                if not states or states[-1] != digest(data):
                    states.append(digest(data))
        self._reader.watched = [hour_key(hour) for hour in sorted(self.dirty)]
        return bool(hours)

    def run(self, *, failpoint: str = "", kill_after: float | None = None, lake: str = "lake") -> Run:
        """One run over the hours with something new: until the failpoint ends it, or it is killed after so many seconds, or it is done."""
        hours = sorted(self.dirty) if lake == "lake" else sorted(list_landing(open_storage(f"{self.folder}/landing")))
        order = {"failpoint": failpoint, "kill_after": kill_after, "lake": lake, "hours": [hour_key(hour) for hour in hours]}
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        run = Run(answer["exit_code"], answer["failpoint"], answer["seconds"])
        if run.exit_code == 0 and lake == "lake":
            self.dirty.clear()
            if self.runs and self.runs[-1].exit_code:
                self.recoveries.append(run.seconds)
        self.runs.append(run)
        return run

    def finish(self) -> IngestAccount:
        """Land and ingest what is left, end the reader, and hold everything against the ledger, the states and an undisturbed run."""
        self.land(slices=self.deliveries.slices)
        found = IngestAccount(records=self.deliveries.records)
        for lake in ("lake", "lake again"):
            if (run := self.run(lake=lake)).exit_code:
                found.violations.append(f"an undisturbed run ended with {run.exit_code}: see {self.folder}/ingest.log")
        self._reader.stop()
        lake = Lake(f"{self.folder}/lake")
        _check_ledger(found, lake, self.deliveries.ledger)
        _check_reads(found, self._reader.report, self.states)
        _check_replay(found, lake, Lake(f"{self.folder}/lake again"))
        return found

    def close(self) -> None:
        """End reader and server."""
        self._reader.stop()
        self._server.kill()
        self._server.communicate()


@dataclass
class IngestAccount:
    """What came out. Everything in ``violations`` must never be."""

    records: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    reads: int = 0
    states_read: int = 0
    partitions: int = 0
    violations: list[str] = field(default_factory=list)


def _check_ledger(found: IngestAccount, lake: Lake, ledger: Counter[tuple[str, str]]) -> None:
    counts, counted = lake.read(TABLES["social/landing_counts"]), Counter[tuple[str, str]]()
    for outcome, detail, records in zip(*(counts[name].to_pylist() for name in ("outcome", "detail", "records")), strict=True):
        counted[outcome, detail] += records
        found.outcomes[outcome] = found.outcomes.get(outcome, 0) + records
    if counted != ledger:
        found.violations.append(f"the counts differ from the ledger: {dict(counted - ledger)} too many, {dict(ledger - counted)} missing")
    rows = {path: lake.read(TABLES[path]) for path in INGEST_TABLES}
    expected = {
        "social/raw_posts": counted["post", ""] + counted["repost", ""],
        "social/clean_posts": counted["post", ""] + counted["repost", ""],
        "social/deletions": sum(records for (outcome, _), records in counted.items() if outcome == "deletion"),
        "social/quarantined_posts": sum(records for (outcome, _), records in counted.items() if outcome == "quarantined"),
    }
    for path, number in expected.items():
        if rows[path].num_rows != number:
            found.violations.append(f"{path} has {rows[path].num_rows} rows; the counts say {number}")
        keys = list(zip(*(rows[path][name].to_pylist() for name in (*TABLES[path].key, TABLES[path].time)), strict=True))
        if len(keys) != len(set(keys)):
            found.violations.append(f"{path} has {len(keys) - len(set(keys))} rows twice")


def _check_reads(found: IngestAccount, report: Reads, states: dict[str, list[str]]) -> None:
    found.reads, found.violations = report.reads, found.violations + report.violations
    for name, seen in report.seen.items():
        found.states_read += len(seen)
        if unknown := [state for state in seen if state not in states.get(name, ())]:
            found.violations.append(f"{name}: {len(unknown)} reads of a state that was never committed")
            continue
        places = [states[name].index(state) for state in seen]
        if places != sorted(places):
            found.violations.append(f"{name}: an older state was read after a newer one: {places}")


def _check_replay(found: IngestAccount, lake: Lake, again: Lake) -> None:
    for path in INGEST_TABLES:
        table = TABLES[path]
        first, second = ({key: _content(manifest) for key, manifest in one.manifests(table).items()} for one in (lake, again))
        found.partitions += len(first)
        differing = [key for key in first.keys() | second.keys() if first.get(key) != second.get(key)]
        if differing:
            found.violations.append(f"{path}: an undisturbed run gives other files for {len(differing)} hours, first {min(differing)}")
        for key in first:
            lake.verify(table, key)


def _content(manifest: Any) -> tuple[Any, ...]:
    return tuple(part.name for part in manifest.parts), tuple(sorted(manifest.inputs.items()))


def _expected(folder: Path, hours: Sequence[datetime]) -> Iterator[tuple[datetime, dict[str, pa.Table]]]:
    """The tables of each hour as its landing files of this moment give them."""
    from trend_assets.lib.privacy.pseudonyms import Pseudonyms
    from trend_assets.lib.sources import decode_hours
    from trend_assets.lib.text.clean import clean_posts

    storage, window = open_storage(f"{folder}/landing"), {"lake_start": START, "lake_end": END}
    for hour, paths in list_landing(storage, hours).items():
        files = {hour: [(path, storage.read(path)) for path in paths]}
        decoded = decode_hours(files, **window, pseudonyms=Pseudonyms("test-key"))
        tables = {path: getattr(decoded, TABLES[path].name) for path in RAW_TABLES}
        yield hour, {**tables, "social/clean_posts": clean_posts(decoded.raw_posts)}


def digest(data: pa.Table) -> str:
    """Names the rows of a partition, whatever their order and chunks."""
    rows = sorted(json.dumps(row, default=repr, sort_keys=True) for row in data.to_pylist())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


# The reader's side


@dataclass
class Reads:
    """What a reader met: how many reads, the states of each partition in the order in which they were seen, errors."""

    reads: int = 0
    seen: dict[str, list[str]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)


class _Reader(threading.Thread):
    """Reads the watched hours over and over until it is stopped."""

    def __init__(self, root: str) -> None:
        super().__init__(daemon=True)
        self._root, self._stopping = root, threading.Event()
        self.watched: list[str] = []
        self.report = Reads()

    def run(self) -> None:
        """See the class."""
        lake = Lake(self._root)
        while not self._stopping.is_set():
            time.sleep(0.01)
            for key in self.watched:
                for path in INGEST_TABLES:
                    if (Path(self._root) / path).exists():
                        self._read(lake, path, key)

    def _read(self, lake: Lake, path: str, key: str) -> None:
        time.sleep(0.003)  # leaves the runs some of a small machine
        try:
            rows = lake.read(TABLES[path], [key])
        except Exception as error:  # whatever it is, a reader must not see it
            self.report.violations.append(f"{path} {key}: {type(error).__name__}: {error}")
            return
        self.report.reads += 1
        states, state = self.report.seen.setdefault(f"{path} {key}", []), digest(rows)
        if (states or rows.num_rows) and (not states or states[-1] != state):  # before its first rows nothing can be told apart
            states.append(state)

    def stop(self) -> None:
        """End it; stopping it twice is harmless."""
        self._stopping.set()
        if self.is_alive():
            self.join()


# The server's side


class TellingLake(Lake):
    """A lake whose steps are told with the name of the table that is being published."""

    def __init__(self, root: str, hit: Callable[[str], None]) -> None:
        self._publishing = ""
        super().__init__(root, on_step=lambda step: hit(f"{self._publishing}: {step}"))

    def publish(self, table: Table, *arguments: Any, **named: Any) -> Any:
        """See ``Lake``."""
        self._publishing = table.name
        return super().publish(table, *arguments, **named)


def serve(folder: Path) -> None:
    """Fork a run for each order on standard input."""
    warm = False
    for line in sys.stdin:
        order, note = json.loads(line), folder / "failpoint"
        note.write_text("")
        if not warm:  # code and models are loaded here, once, not in each of the forks
            _materialized(f"{folder}/warm", order["hours"][:1], Failpoints())
            warm = True
        began = time.monotonic()
        process = os.fork()
        if process == 0:
            os.environ |= {VARIABLE: order["failpoint"], NOTE_VARIABLE: str(note)}
            _ingest(folder, order["hours"], order["lake"])
        while not (found := os.waitpid(process, os.WNOHANG))[0]:
            elapsed = time.monotonic() - began
            if elapsed > (SECONDS_FOR_A_RUN if order["kill_after"] is None else order["kill_after"]):
                os.kill(process, signal.SIGKILL)
            time.sleep(0.004)
        code = -os.WTERMSIG(found[1]) if os.WIFSIGNALED(found[1]) else os.WEXITSTATUS(found[1])
        answer = {"exit_code": code, "failpoint": note.read_text(), "seconds": round(time.monotonic() - began, 3)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _ingest(folder: Path, keys: list[str], lake: str) -> None:
    """The run itself; never returns."""
    code = 70
    try:
        log = os.open(folder / "ingest.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 2)
        os.dup2(log, 1)
        code = 0 if _materialized(f"{folder}/{lake}", keys, Failpoints.from_environment()) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _materialized(root: str, keys: list[str], failpoints: Failpoints) -> bool:
    """Materialize the ingest assets for the hours, neighbouring ones together, as a run of Dagster does; whether all succeeded."""
    import dagster as dg

    from trend_assets import resources
    from trend_assets.defs.social import assets

    lake = TellingLake(root, failpoints.hit)

    def telling(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            result = function(*arguments)
            failpoints.hit(f"ingest: {step}")
            return result

        return call

    # What the assets call is their own; only the names of the moments are added.
    vars(resources)["_lake"] = lambda _root: lake
    vars(assets)["decode_landing_hours"] = telling("landing decoded", decode_landing_hours)
    vars(assets)["read_raw_posts"] = telling("raw posts read", read_raw_posts)
    failpoints.hit("ingest: run begins")
    given = {"lake": resources.LakeResource(root=root), "io_manager": resources.LakeIOManager(root=root)}
    for first, last in _ranges(keys):
        tags = {resources.RANGE_START: first, resources.RANGE_END: last}
        run = dg.materialize([assets.raw_posts, assets.clean_posts], resources=given, tags=tags, run_config=QUIET, raise_on_error=False)
        if not run.success:
            return False
    failpoints.hit("ingest: run ends")
    return True


def _ranges(keys: list[str]) -> list[tuple[str, str]]:
    """Neighbouring hours as ranges."""
    from trend_assets.partitions import end_of_hour

    ranges: list[tuple[str, str]] = []
    for key in keys:
        if ranges and hour_key(end_of_hour(ranges[-1][1])) == key:
            ranges[-1] = (ranges[-1][0], key)
        else:
            ranges.append((key, key))
    return ranges


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
