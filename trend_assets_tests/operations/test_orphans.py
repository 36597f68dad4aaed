"""Runs whose code server is gone are ended; runs of a living or busy server, of the command line and of other hosts are not."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from trend_assets.operations.orphans import SERVER_TAG, end_orphans


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


@pytest.mark.parametrize("tag", [None, {"host": "elsewhere", "port": 4000}, {}])
def test_runs_of_the_command_line_and_of_other_hosts_are_left_alone(tag):
    with dg.DagsterInstance.ephemeral() as instance:
        run = start(instance, tag)
        assert end_orphans(instance) == []
        assert status(instance, run) == dg.DagsterRunStatus.STARTED
