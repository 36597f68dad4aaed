"""A BigQuery emulator for tests, on 127.0.0.1, reading the buckets of the tests' Cloud Storage server.

What belongs here: finding one, starting and stopping it. What doesn't: tests.

``TREND_ASSETS_BIGQUERY_EMULATOR`` names it: the address of one that runs (http://127.0.0.1:9050; it must reach the bucket server,
so tests that load files skip), or the program ``local-bigquery`` of an environment made for it, which tests start themselves:

    python3.13 -m venv emulator
    emulator/bin/pip install local-bigquery==0.4.0
    emulator/bin/pip install duckdb==1.5.5 duckdb-extensions duckdb-extension-icu==1.5.5 duckdb-extension-httpfs==1.5.5 \
        duckdb-extension-spatial==1.5.5 duckdb-extension-ducklake==1.5.5
    export TREND_ASSETS_BIGQUERY_EMULATOR=$PWD/emulator/bin/local-bigquery
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from trend_assets_tests.storages import cloud_endpoint, stop_server

VARIABLE = "TREND_ASSETS_BIGQUERY_EMULATOR"
PROJECT = "trends-test"
SECONDS_TO_START = 60
_LAUNCHER = Path(__file__).with_name("bigquery_launcher.py")


@lru_cache(maxsize=1)
def emulator_endpoint() -> str:
    """Address of the emulator, started on first use; skips the test with a reason where there is none."""
    named = os.environ.get(VARIABLE) or shutil.which("local-bigquery") or ""
    if not named:
        pytest.skip(f"no BigQuery emulator: set {VARIABLE} (trend_assets_tests/bigquery_emulator.py says how to get one)")
    if "://" in named:
        return named.rstrip("/")
    python = Path(named).with_name("python")
    if not python.exists():
        pytest.skip(f"{VARIABLE}={named}: there is no Python beside it")
    return _started(python)


def _started(python: Path) -> str:
    folder = tempfile.mkdtemp(prefix="bigquery-emulator-")
    port, storage_api_port = _free_port(), _free_port()
    # An emulator of its own home: DuckDB installs its extensions there.
    variables = {**os.environ, "STORAGE_EMULATOR_HOST": cloud_endpoint(), "HOME": folder, "PYTHONPATH": ""}
    command = [str(python), str(_LAUNCHER), "--host", "127.0.0.1", "--port", str(port), "--grpc-port", str(storage_api_port)]
    log = Path(folder) / "emulator.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--data-dir", f"{folder}/data", "--project", PROJECT], env=variables, stdout=output, stderr=subprocess.STDOUT
        )
    atexit.register(stop_server, process, folder)
    endpoint = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{endpoint}/bigquery/v2/projects", timeout=5):
                return endpoint
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.skip(f"the BigQuery emulator did not start: {log.read_text()[-500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
