"""Runs whose code server or process is gone are ended; runs of a living or busy server and of other hosts are not."""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from trend_assets.operations.orphans import HOST_TAG, SERVER_TAG, end_orphans, process_started
from trend_assets.operations.sealing import under_way


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: the name of a socket has 108 characters at most."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def start(instance: dg.DagsterInstance, tag: dict[str, object] | None, status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED) -> str:
    run = instance.create_run_for_job(dg.job(name="social_hours")(lambda: None), status=status)
    if tag is not None:
        instance.add_run_tags(run.run_id, {SERVER_TAG: json.dumps(tag)})
    return run.run_id


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    return instance.get_run_by_id(run_id).status


def test_a_run_whose_code_server_was_killed_is_ended(folder):
    left_behind = folder / "killed"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(left_behind))  # the file stays when its process is killed
    with dg.DagsterInstance.ephemeral() as instance:
        runs = [start(instance, {"host": "localhost", "socket": str(path)}) for path in (left_behind, folder / "removed")]
        assert sorted(end_orphans(instance)) == sorted(runs)
        assert {status(instance, run) for run in runs} == {dg.DagsterRunStatus.FAILURE}
        assert end_orphans(instance) == []


def test_a_run_of_a_server_that_listens_goes_on_even_when_it_does_not_answer(folder):
    with socket.socket(socket.AF_UNIX) as server, dg.DagsterInstance.ephemeral() as instance:
        server.bind(str(folder / "alive"))
        server.listen()
        run = start(instance, {"host": "localhost", "socket": str(folder / "alive")})
        assert end_orphans(instance) == []
        assert status(instance, run) == dg.DagsterRunStatus.STARTED


def test_a_run_of_a_server_where_no_further_connection_may_wait_goes_on(folder):
    with contextlib.ExitStack() as stack, dg.DagsterInstance.ephemeral() as instance:
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(str(folder / "busy"))
        server.listen(0)
        answers = []
        for _ in range(10):
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            answers.append(waiting.connect_ex(str(folder / "busy")))
        assert answers[-1] == errno.EAGAIN
        start(instance, {"host": "localhost", "socket": str(folder / "busy")})
        assert end_orphans(instance) == []


@pytest.mark.parametrize("tag", [None, {"host": "elsewhere", "port": 4000}, {}])
def test_runs_of_which_nothing_is_known_and_of_other_hosts_are_left_alone(tag):
    with dg.DagsterInstance.ephemeral() as instance:
        run = start(instance, tag)
        assert end_orphans(instance) == []
        assert status(instance, run) == dg.DagsterRunStatus.STARTED


COMMAND = f"""
import socket, sys, time
import dagster as dg

@dg.op
def works():
    print("at work", flush=True)
    time.sleep(300)

@dg.job
def social_hours():
    works()

with dg.DagsterInstance.local_temp(sys.argv[1]) as instance:
    social_hours.execute_in_process(instance=instance, tags={{"{HOST_TAG}": sys.argv[2] or socket.gethostname()}})
"""


@pytest.mark.parametrize("host", ["", "elsewhere"])
def test_a_run_of_the_command_line_that_was_killed_is_ended_on_its_own_host(tmp_path, host):
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", COMMAND, str(tmp_path), host], stdout=subprocess.PIPE, text=True
    ) as command:
        try:
            assert command.stdout.readline() == "at work\n"
            with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
                assert end_orphans(instance) == []
                command.kill()
                command.wait()
                assert len(end_orphans(instance)) == (0 if host else 1)
                assert (under_way(instance, "social_hours") is None) == (not host)
        finally:
            command.kill()


def test_a_process_that_is_gone_never_started():
    process = subprocess.Popen(["sleep", "60"])
    try:
        assert process_started(process.pid) <= time.time() + 1
    finally:
        process.kill()
        process.wait()
    assert process_started(process.pid) == float("inf")
