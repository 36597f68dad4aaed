"""Runs whose process is gone: the machine lost power, or somebody killed everything.

What belongs here: finding such runs and ending them, so that the next tick does not wait hours for them. What doesn't: run
monitoring (``dagster.yaml``), which ends a run by its time; starting it again (``run_retries``).

Dagster's launcher for one machine starts a run within a code server and notes the server's socket in a tag of the run. The
server sees to it that a run whose process dies is recorded as failed; where the server died too, nobody does. Runs of the
command line carry no such tag and are left alone, as are servers on another host.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

SERVER_TAG = ".dagster/grpc_info"
_ANSWER_SECONDS = 5.0


def end_orphans(instance: dg.DagsterInstance) -> list[str]:
    """Record runs as failed whose code server does not exist any more; returns their ids."""
    import dagster as dg

    under_way = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=under_way)):
        path = _socket_of(run.tags.get(SERVER_TAG))
        if path is not None and not _answers(path):
            instance.report_run_failed(run, "The process of the run and its code server are gone: killed, or the machine was restarted.")
            ended.append(run.run_id)
    return ended


def _socket_of(tag: str | None) -> Path | None:
    try:
        name = json.loads(tag or "{}").get("socket")
    except (ValueError, AttributeError):
        return None
    return Path(name) if name else None


def _answers(path: Path) -> bool:
    """Whether somebody listens on the socket; a server that is only busy does, its connections wait."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        try:
            connection.connect(str(path))
        except TimeoutError:
            return True
        except OSError:
            return False
        return True
