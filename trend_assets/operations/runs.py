"""Running the project's jobs from the command line: one process, progress on the terminal, runs recorded for the UI.

What belongs here: executing a named Dagster job over a range of partitions and showing its steps. What doesn't: which
jobs exist (``defs/jobs.py``), what a command is for (``cli.py``, ``demo.py``).
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trend_assets.operations.orphans import HOST_TAG
from trend_assets.settings import PROJECT_ROOT, load_settings

if TYPE_CHECKING:
    import dagster as dg
    from rich.console import Console

POLL_SECONDS = 1.0
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""The steps are shown, and a failure's message; the rest is in the run's page."""


class RunFailedError(RuntimeError):
    """A Dagster run failed; the message names the step and its error."""


@dataclass(frozen=True)
class Range:
    """First and last partition key of a run, both included."""

    first: str
    last: str

    @property
    def tags(self) -> dict[str, str]:
        """The run tags that make a job cover the range."""
        return {"dagster/asset_partition_range_start": self.first, "dagster/asset_partition_range_end": self.last}


def prepare_environment(data: Path | str) -> None:
    """Point this process, Dagster and dbt at a data folder or ``gs://bucket/prefix``; before settings or definitions are loaded.

    Dagster's records are in the data folder; where the data are in a bucket, in the local scratch folder, unless the environment
    names another place.

    Raises:
        pydantic.ValidationError: the data are in a bucket and a setting is wrong.
    """
    os.environ["TREND_ASSETS_DATA"] = str(data)
    load_settings.cache_clear()
    if "://" in str(data):
        os.environ.setdefault("TREND_ASSETS_DAGSTER_STORAGE", str(load_settings().scratch_folder / "dagster"))
    else:
        os.environ["TREND_ASSETS_DAGSTER_STORAGE"] = str(Path(data) / "dagster")
    os.environ.setdefault("DAGSTER_HOME", str(PROJECT_ROOT))
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "500")  # one transaction for many partitions' events
    os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
    Path(os.environ["TREND_ASSETS_DAGSTER_STORAGE"]).mkdir(parents=True, exist_ok=True)


@contextmanager
def _steps_shown(instance: dg.DagsterInstance, run_id: str, console: Console) -> Iterator[None]:
    """Print each step of the run as it ends, with its time, while the block runs."""
    import dagster as dg

    finished, done = threading.Event(), {dg.DagsterEventType.STEP_SUCCESS: "[green]✓[/]", dg.DagsterEventType.STEP_FAILURE: "[red]✗[/]"}
    started: dict[str, float] = {}
    cursor: str | None = None

    def poll() -> None:
        nonlocal cursor
        # From where the last look ended: reading thirty days' steps again each second took one second in twelve.
        found = instance.get_records_for_run(run_id, cursor=cursor, of_type={dg.DagsterEventType.STEP_START, *done})
        cursor = found.cursor
        for record in found.records:
            entry = record.event_log_entry
            event = entry.dagster_event
            if event is None or event.step_key is None:
                continue
            if event.event_type in done:
                seconds = entry.timestamp - started.get(event.step_key, entry.timestamp)
                console.print(f"    {done[event.event_type]} {event.step_key:<40} {seconds:6.1f} s")
            else:
                started[event.step_key] = entry.timestamp
                status.update(f"    {event.step_key} …")

    def watch() -> None:
        while not finished.wait(POLL_SECONDS):
            poll()

    with console.status("    starting …") as status:
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            finished.set()
            watcher.join()
            poll()


def run_job(
    name: str, console: Console, partitions: Range | None = None, *, raise_on_error: bool = True, tags: Mapping[str, str] | None = None
) -> dg.ExecuteInProcessResult:
    """Execute the job ``name`` in this process over a range of partitions; recorded, so `make dev` shows it. tags: more of the run's.

    Raises:
        RunFailedError: a step failed and ``raise_on_error``.
    """
    import dagster as dg

    from trend_assets.definitions import definitions

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dagster says of each feature in beta that it is; nobody on a terminal can act on it
        loaded = definitions()
    instance, run_id, started = dg.DagsterInstance.get(), str(uuid.uuid4()), time.monotonic()
    log = Path(os.environ["TREND_ASSETS_DAGSTER_STORAGE"]) / "logs" / f"{name}-{run_id}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # What dbt prints goes to a file; the console keeps the real standard output.
    with log.open("w") as output, contextlib.redirect_stdout(output), _steps_shown(instance, run_id, console):
        # Killed, the run is known by its host (the daemon ends it) and not started again: nobody but this command can.
        own = {HOST_TAG: socket.gethostname(), "dagster/max_retries": "0", **(partitions.tags if partitions else {}), **(tags or {})}
        result = loaded.resolve_job_def(name).execute_in_process(
            instance=instance, run_id=run_id, tags=own, raise_on_error=False, run_config=_QUIET
        )
    console.print(f"    {name}: {time.monotonic() - started:.1f} s")
    failures = [event for event in result.all_events if event.is_step_failure]
    if failures and raise_on_error:
        messages = []
        for event in failures:
            error = event.step_failure_data.error
            cause = error.cause if error and error.cause else error
            messages.append(f"{event.step_key}: {cause.message.strip() if cause else 'unknown error'}")
        raise RunFailedError("\n".join(messages) + "\nThe details are in the run's page: make dev, then Runs.")
    return result
