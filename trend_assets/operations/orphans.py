"""Runs whose process is gone: the machine lost power, or somebody killed everything.

What belongs here: finding such runs and ending them, so that the next tick does not wait hours for them. What doesn't: run
monitoring (``dagster.yaml``), which ends a run by its time; starting it again (``run_retries``).

Dagster's launcher for one machine starts a run within a code server and notes the server's socket in a tag of the run. The
server sees to it that a run whose process dies is recorded as failed; where the server died too, nobody does. A run of the
command line notes its host (``HOST_TAG``) and tells its process. Runs on another host are left alone.
"""

from __future__ import annotations

import json
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

SERVER_TAG = ".dagster/grpc_info"
HOST_TAG = "trend_assets/host"
"""Run tag: the host whose process the run is in, of runs that no code server started."""
SILENT_RUN = timedelta(hours=2)
"""A run of unknown process that wrote no event for so long counts as gone."""
_ANSWER_SECONDS = 5.0


def end_orphans(instance: dg.DagsterInstance) -> list[str]:
    """Record runs of this host as failed whose code server, or process of the command line, does not exist any more; returns their ids."""
    import dagster as dg

    under_way = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    ended = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=under_way)):
        run = record.dagster_run
        path = _socket_of(run.tags.get(SERVER_TAG))
        if path is not None:
            gone = not _answers(path)
        else:
            gone = run.tags.get(HOST_TAG) == socket.gethostname() and not is_alive(instance, record, datetime.now(UTC))
        if gone:
            instance.report_run_failed(run, "The process of the run is gone: killed, or the machine was restarted.")
            ended.append(run.run_id)
    return ended


def is_alive(instance: dg.DagsterInstance, record: dg.RunRecord, now: datetime) -> bool:
    """Whether one of the processes that the run told of is there and older than what it told; without any, whether it spoke lately."""
    import dagster as dg

    processes = set()
    for entry in instance.all_logs(record.dagster_run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        found = event.engine_event_data.metadata.get("pid") if event is not None else None
        if found is not None and str(found.value).isdigit():
            processes.add((int(str(found.value)), entry.timestamp))
    if processes:
        return any(process_started(process) <= told for process, told in processes)
    return now - record.update_timestamp.replace(tzinfo=record.update_timestamp.tzinfo or UTC) < SILENT_RUN


def process_started(process: int) -> float:
    """When a process started, seconds since 1970; infinite where there is none (a number is used again after a while)."""
    folder = Path(f"/proc/{process}")
    if not Path("/proc/self").exists():
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return float("inf")
        except PermissionError:
            return 0.0
        return 0.0
    try:
        if (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return float("inf")
        return folder.stat().st_mtime
    except OSError:
        return float("inf")


def _socket_of(tag: str | None) -> Path | None:
    try:
        name = json.loads(tag or "{}").get("socket")
    except (ValueError, AttributeError):
        return None
    return Path(name) if name else None


def _answers(path: Path) -> bool:
    """Whether somebody listens on the socket; a server that is only busy does: its connections wait, or there is no room to wait."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:  # BlockingIOError among them, where as many connections wait as may
            return True
        return True
