"""Kill the writer with SIGKILL at every step of the publish protocol while a reader reads all the time.

The steps are taken from the lake and its storage, so a new one is covered the day it is added.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trend_assets.lake.lake import Lake
from trend_assets.lake.reader import manifest_path, part_path
from trend_assets.lake.storage import LocalStorage, Storage, open_storage
from trend_assets_tests import lake_kill_processes as processes
from trend_assets_tests.lake_kill_processes import KEYS, TABLE
from trend_assets_tests.storages import KINDS, cloud_endpoint, new_bucket

OCCURRENCES = (1, 3, 7)
"""Times of a step at which the writer dies: in the first and the last partition of a publish, in an append or a later round."""
RANDOM_KILLS = 16


@dataclass
class Killing:
    """A lake with a reader at work on it; ``kill`` lets a writer live until the order is fulfilled."""

    lake: Lake
    kill: Callable[[dict[str, Any]], dict[str, Any]]
    reader_report: Callable[[], dict[str, Any]]


@pytest.fixture(params=KINDS)
def killing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Killing]:
    stop, report = tmp_path / "stop", tmp_path / "report.json"
    cloud = request.param == "gcs"
    root, endpoint = (new_bucket(), cloud_endpoint()) if cloud else (str(tmp_path / "lake"), "")
    lake = Lake(open_storage(root, endpoint=endpoint or None))
    processes.publish_version(lake, 1)
    module, environment = [sys.executable, "-m", processes.__name__], {**os.environ, "TREND_ASSETS_STORAGE_ENDPOINT": endpoint}
    reader = subprocess.Popen([*module, "reader", root, str(stop), str(report)], env=environment)
    writers = subprocess.Popen(
        [*module, "writers", root, str(tmp_path / "evidence")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )

    def kill(order: dict[str, Any]) -> dict[str, Any]:
        assert writers.stdin
        assert writers.stdout
        writers.stdin.write(json.dumps(order) + "\n")
        writers.stdin.flush()
        return json.loads(writers.stdout.readline())

    def reader_report() -> dict[str, Any]:
        stop.touch()
        assert reader.wait(timeout=30) == 0
        return json.loads(report.read_text())

    try:
        yield Killing(lake, kill, reader_report)
    finally:
        for process in (writers, reader):
            process.kill()
            process.communicate()


def check_committed(lake: Lake) -> None:
    """Every partition is one committed state, its parts intact, and no temporary is listed."""
    for key in KEYS:
        assert lake.verify(TABLE, key).partition == key
        assert isinstance(processes.state_of(lake.read(TABLE, [key])), tuple)
    names = {path.rpartition("/")[2] for path in lake.storage.list()}
    assert all(name == "_manifest.json" or (name.startswith("part-") and name.endswith(".parquet")) for name in names)


def temporaries(storage: Storage) -> list[Path]:
    """What killed writers left half-written."""
    return list(storage.root.rglob(".*.tmp")) if isinstance(storage, LocalStorage) else []


def named_by_manifests(lake: Lake) -> list[str]:
    """The manifests and the parts they name."""
    found = lake.manifests(TABLE)
    parts = [part_path(TABLE, key, part) for key, manifest in found.items() if manifest for part in manifest.parts]
    return sorted(parts + [manifest_path(TABLE, key) for key in found])


def fewest_states(lake: Lake, lives: int) -> int:
    """States that a reader saw if the lake did change under it: one a life in a folder, more than the first ones from the slower server."""
    return lives if isinstance(lake.storage, LocalStorage) else len(KEYS)


def check_recovery(lake: Lake) -> None:
    """A new writer publishes without any repair."""
    version = processes.newest_version(lake) + 1
    processes.publish_base(lake, version)
    assert {processes.state_of(lake.read(TABLE, [key])) for key in KEYS} == {(version, 1)}


def test_killed_at_every_step_readers_see_only_committed_states(killing: Killing, capsys: pytest.CaptureFixture[str]) -> None:
    landed = dict.fromkeys(killing.lake.steps, 0)
    local = isinstance(killing.lake.storage, LocalStorage)
    for number, step in enumerate(killing.lake.steps):
        # A life on the Cloud Storage server is four times as long, so there each step has one, at another of the three times.
        for occurrence in OCCURRENCES if local else OCCURRENCES[number % 3 :][:1]:
            answer = killing.kill({"step": step, "occurrence": occurrence})
            assert answer == {"signal": signal.SIGKILL, "step": step}
            landed[step] += 1
            check_committed(killing.lake)
            check_recovery(killing.lake)
    report = killing.reader_report()
    assert report["violations"] == []
    assert report["states"] > fewest_states(killing.lake, len(killing.lake.steps))
    assert set(landed.values()) == {len(OCCURRENCES) if local else 1}
    left = temporaries(killing.lake.storage)
    # kills in the middle of writing leave temporaries in a folder, or they did not land there; an object store has none
    assert bool(left) == local
    assert killing.lake.collect_garbage(TABLE, datetime.now(UTC) + timedelta(days=1))
    assert not temporaries(killing.lake.storage)
    assert sorted(killing.lake.storage.list()) == named_by_manifests(killing.lake)
    check_committed(killing.lake)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{sum(landed.values())} kills at {len(landed)} steps, {report['reads']} reads of {report['states']} states, "
            f"{len(report['violations'])} violations, {len(left)} temporaries left and swept\n"
        )


def test_killed_at_random_times_readers_see_only_committed_states(killing: Killing) -> None:
    chance = random.Random(20260901)
    for _ in range(RANDOM_KILLS):
        answer = killing.kill({"seconds": chance.uniform(0.01, 0.25)})
        assert answer["signal"] == signal.SIGKILL
        check_committed(killing.lake)
        check_recovery(killing.lake)
    report = killing.reader_report()
    assert report["violations"] == []
    assert report["states"] > fewest_states(killing.lake, RANDOM_KILLS)


def test_the_reader_would_notice(tmp_path: Path) -> None:
    """The check itself: torn, mixed, empty and half-appended rows are no committed state."""
    import pyarrow as pa

    whole = processes.rows(KEYS[0], 1, 0, 30)
    mixed = pa.concat_tables([whole.slice(0, 15), processes.rows(KEYS[0], 2, 15, 15)])
    half_appended = processes.rows(KEYS[0], 1, 0, 40)
    assert processes.state_of(whole) == (1, 1)
    assert processes.state_of(processes.rows(KEYS[0], 1, 0, 50)) == (1, 2)
    for broken in (whole.slice(0, 29), whole.slice(0, 0), mixed, half_appended, whole.take(list(range(29, -1, -1)))):
        assert isinstance(processes.state_of(broken), str)
