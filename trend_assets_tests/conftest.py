"""Fixtures that several test modules use.

What belongs here: the small town, made once for a test run whichever worker asks first. What doesn't: helpers (``support.py``).
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

# Before the first import of the project: its partitions must not follow the settings of a demo in data/.
os.environ["TREND_ASSETS_DATA"] = tempfile.mkdtemp(prefix="trend-assets-")

from trend_assets.lake.lake import Lake
from trend_assets_tests.score_of_run import pytest_runtest_logreport, pytest_sessionfinish

__all__ = ["pytest_runtest_logreport", "pytest_sessionfinish"]  # hooks: the ML Test Score of a whole run

atexit.register(shutil.rmtree, os.environ["TREND_ASSETS_DATA"], ignore_errors=True)
COMMAND = str(Path(sys.executable).with_name("trend-assets"))
DAYS, POSTS = 6, 15_000


@dataclass(frozen=True)
class Town:
    """A data folder after `trend-assets demo`, and what the command printed. Read it; change only a ``copy``."""

    folder: Path
    output: str

    @property
    def lake(self) -> Lake:
        return Lake(str(self.folder / "lake"))

    def environment(self, **variables: str) -> dict[str, str]:
        """The environment of a process that works on this folder."""
        storage = str(self.folder / "dagster")
        return {**os.environ, "TREND_ASSETS_DATA": str(self.folder), "TREND_ASSETS_DAGSTER_STORAGE": storage, **variables}

    def command(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the trend-assets command on this folder."""
        return subprocess.run([COMMAND, *arguments], env=self.environment(**variables), capture_output=True, text=True, check=False)

    def copy(self, folder: Path) -> Town:
        """A copy that a test may change."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("*.db-shm"))  # gone when SQLite's last reader leaves
        settings = folder / "settings.env"
        settings.write_text(settings.read_text().replace(str(self.folder), str(folder)))
        return Town(folder, self.output)


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The small town after the whole graph ran once: six days, about 15,000 posts (takes two minutes).

    While you work on one test, TREND_ASSETS_TEST_TOWN=FOLDER keeps it between sessions; delete the folder after a change of the graph.
    """
    workers = "PYTEST_XDIST_WORKER" in os.environ
    shared = tmp_path_factory.getbasetemp().parent if workers else tmp_path_factory.getbasetemp()
    if kept := os.environ.get("TREND_ASSETS_TEST_TOWN"):
        shared = Path(kept)
        shared.mkdir(parents=True, exist_ok=True)
    folder, told = shared / "town", shared / "town.json"
    with (shared / "town.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            result = subprocess.run(
                [COMMAND, "demo", "--data", str(folder), "--days", str(DAYS), "--town-posts", str(POSTS)],
                capture_output=True,
                text=True,
                check=False,
            )
            told.write_text(json.dumps({"returncode": result.returncode, "output": result.stdout, "errors": result.stderr}))
    result = json.loads(told.read_text())
    assert result["returncode"] == 0, result["output"] + result["errors"]
    return Town(folder, result["output"])
