"""Jobs in a process beside this one: errors come back, and the process ends with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from trend_assets.operations.beside import Beside


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, and a plain main module: a spawned process runs it, and tests of the board leave one of their pages there."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    monkeypatch.setenv("TREND_ASSETS_DATA", str(tmp_path))
    monkeypatch.setenv("TREND_ASSETS_DAGSTER_STORAGE", str(tmp_path / "dagster"))
    (tmp_path / "settings.env").write_text("LAKE_START=2026-09-01T00:00:00+00:00\nLAKE_END=2026-09-02T00:00:00+00:00\n")
    return tmp_path


def test_what_a_job_raises_comes_back(folder: Path) -> None:
    with Beside(folder, width=100, cores=2) as beside:  # what one prints: test_pipeline
        unknown = beside.start("none_such")
        with pytest.raises(Exception, match="none_such"):
            unknown()


def test_the_process_ends_when_its_parent_is_killed(folder: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from trend_assets.operations.beside import Beside\n"
        "if __name__ == '__main__':\n"
        "    beside = Beside(Path(sys.argv[1]), 100, cores=2); beside.start('none_such')\n"
        "    while not beside._pool._processes: time.sleep(0.05)\n"
        "    print(*beside._pool._processes, flush=True); time.sleep(600)\n"
    )
    program = folder / "program.py"
    program.write_text(script)
    parent = subprocess.Popen([sys.executable, program, folder], stdout=subprocess.PIPE, text=True, env={**os.environ})
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    waited_until = time.monotonic() + 60
    while Path(f"/proc/{child}").exists() and time.monotonic() < waited_until:
        time.sleep(0.5)
    assert not Path(f"/proc/{child}").exists()
