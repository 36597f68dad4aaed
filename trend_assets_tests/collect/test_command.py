"""`trend-assets collect` as a process: what it refuses for good ends with 2, and the port of a taken-over collector is served."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-c", "from trend_assets.cli import app; app()", "collect", "--source"]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TREND_ASSETS_")}
    return plain | {"TREND_ASSETS_DATA": str(folder), "TREND_ASSETS_COLLECT_PORT": "0"} | settings


@pytest.mark.parametrize(
    ("source", "settings", "message"),
    [
        ("bluesky", {"TREND_ASSETS_BLUESKY_LANGUAGES": "fr"}, "a list is written as JSON"),
        ("bluesky", {"TREND_ASSETS_PUBSUB_TOPIC": "t"}, "TREND_ASSETS_PUBSUB_PROJECT"),
    ],
)
def test_what_starting_again_does_not_mend_ends_with_2_and_what_to_do(tmp_path, source, settings, message):
    done = subprocess.run(
        [*PROGRAM, source], env=environment(tmp_path, **settings), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert message in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_plain_file_is_no_data_folder(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    done = subprocess.run([*PROGRAM, "simulated"], env=environment(file), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "is no folder" in done.stdout) == (2, True)


def test_an_option_of_the_simulation_is_refused_for_another_source(tmp_path):
    done = subprocess.run(
        [*PROGRAM, "bluesky", "--rate", "5"], env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, "--rate: for --source simulated only" in done.stdout) == (2, True)


def test_a_taken_port_is_served_once_it_is_free(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = environment(tmp_path, TREND_ASSETS_COLLECT_PORT=str(port))
        collector = subprocess.Popen([*PROGRAM, "simulated", "--town-posts", "200"], env=settings, stderr=subprocess.PIPE, text=True)
        for line in collector.stderr:
            if "set TREND_ASSETS_COLLECT_PORT to a free port" in line:
                break
    try:
        ends, answer = time.monotonic() + 30, 0
        while time.monotonic() < ends and answer != 200:
            time.sleep(0.2)
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as page:
                    answer = page.status
            except OSError:
                continue
        assert answer == 200
    finally:
        collector.send_signal(signal.SIGTERM)
        collector.communicate(timeout=30)
    assert collector.returncode == 0
