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


def hashes(threads: int, seed: int) -> dict[str, str]:
    """What a process of its own trains, small: every task about posts, and the forecaster."""
    surroundings = {**os.environ, **dict.fromkeys(THREADS, str(threads)), "PYTHONHASHSEED": str(seed)}
    command = [sys.executable, "-m", "trend_assets_tests.models.reproduce_process"]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def trained() -> tuple[dict[str, str], dict[str, str]]:
    """Hashes of one process with one thread and of one with four, and other hashes of strings."""
    return hashes(1, 0), hashes(4, 77)


@pytest.mark.parametrize("name", [*POSTS, "demand"])
def test_a_model_is_the_same_with_one_thread_and_with_four(trained, name):
    one, four = ({key: value for key, value in found.items() if key.split()[0] == name} for found in trained)
    assert one == four
    assert one
    assert all(one.values())


def test_hashes_tell_models_apart(trained):
    assert len(set(trained[0].values())) == len(trained[0])
