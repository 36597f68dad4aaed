"""Google's Pub/Sub emulator for tests, on 127.0.0.1.

What belongs here: finding it, starting and stopping it, clients of it. What doesn't: tests.

It needs the package ``google-cloud-pubsub``, Java, and the Cloud SDK's component ``pubsub-emulator``, found beside ``gcloud``;
``TREND_ASSETS_PUBSUB_EMULATOR`` names its jar, or the address of one that runs (http://127.0.0.1:8085), where it is elsewhere.
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
from typing import Any

import pytest

from trend_assets_tests.storages import stop_server
from trend_assets_tests.support import skip_or_fail

VARIABLE = "TREND_ASSETS_PUBSUB_EMULATOR"
PROJECT = "trends-test"
SECONDS_TO_START = 60


def clients() -> tuple[Any, Any]:
    """A publisher and a subscriber of the emulator; skips the test with a reason where something is missing."""
    pytest.importorskip("google.cloud.pubsub_v1", reason="google-cloud-pubsub is not installed")
    from trend_assets.google_clients import publisher_client, subscriber_client

    return publisher_client(endpoint := emulator_endpoint()), subscriber_client(endpoint)


@lru_cache(maxsize=1)
def emulator_endpoint() -> str:
    """Address of the emulator, started on first use."""
    named = os.environ.get(VARIABLE, "")
    if "://" in named:
        return named.rstrip("/")
    jar = Path(named) if named else _installed()
    java = shutil.which("java")
    if jar is None or not jar.exists() or java is None:
        skip_or_fail("pubsub", f"no Pub/Sub emulator: install the Cloud SDK's pubsub-emulator and Java, or set {VARIABLE}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [java, "-Xmx256m", "-jar", str(jar), "--host=127.0.0.1", f"--port={port}"]
    folder = tempfile.mkdtemp(prefix="pubsub-emulator-")
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    atexit.register(stop_server, server, folder)
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return f"http://127.0.0.1:{port}"
        except OSError:
            time.sleep(0.2)
    pytest.fail("the Pub/Sub emulator did not start")


def _installed() -> Path | None:
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        return None
    jars = sorted(Path(gcloud).resolve().parents[1].glob("platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar"))
    return jars[-1] if jars else None
