"""The same data and code give the same model, however many threads there are and whatever Python hashes strings with."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from trend_assets.lib.learning.discovery import tasks

POSTS = [name for name, task in tasks().items() if task.source == "posts"]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def hashes(name: str, threads: int, seed: int) -> dict[str, str]:
    """What a process of its own trains."""
    surroundings = {**os.environ, **dict.fromkeys(THREADS, str(threads)), "PYTHONHASHSEED": str(seed)}
    command = [sys.executable, "-m", "trend_assets_tests.models.reproduce_process", name]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", [*POSTS, "demand"])
def test_a_model_is_the_same_with_one_thread_and_with_four(name):
    one, four = hashes(name, 1, 0), hashes(name, 4, 77)
    assert one == four
    assert all(one.values())
