"""Dagster: its configuration, its records, its daemon, and whether the definitions load.

What belongs here: checks of orchestration. What doesn't: what runs produce (``folders.py``, ``defs/*/checks.py``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from trend_assets.doctor.surroundings import (
    CannotSayError,
    Diagnosis,
    Surroundings,
    fine,
    not_applicable,
    several,
    shown,
    warning,
    wrong,
)
from trend_assets.operations.orphans import is_alive
from trend_assets.settings import PROJECT_ROOT

if TYPE_CHECKING:
    import dagster as dg

LOAD_SECONDS = 120
SLOW_LOAD_SECONDS = 15
HEARTBEAT_TOLERANCE = timedelta(minutes=2)
_LOAD = """
import json, time
started = time.monotonic()
from trend_assets.definitions import definitions
from trend_assets.lib.learning.discovery import examined_tasks
loaded = definitions()
repository = loaded.get_repository_def()
automations = [*repository.schedule_defs, *repository.sensor_defs]
print(json.dumps({
    "seconds": time.monotonic() - started,
    "assets": len(repository.asset_graph.materializable_asset_keys),
    "checks": len(repository.asset_graph.asset_check_keys),
    "automations": {one.name: one.default_status.value for one in automations},
    "left_out": list(examined_tasks()[1].values()),
}))
"""


def configuration(surroundings: Surroundings) -> Diagnosis:
    """DAGSTER_HOME holds a dagster.yaml that can be read."""
    home = Path(surroundings.environment.get("DAGSTER_HOME") or PROJECT_ROOT)
    file = home / "dagster.yaml"
    if not file.exists():
        return wrong(f"DAGSTER_HOME {home}: no dagster.yaml there", f"export DAGSTER_HOME={PROJECT_ROOT}")
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        return wrong(f"{shown(file, surroundings.working_folder)} cannot be read: {error}", "restore the project's dagster.yaml")
    if not isinstance(content, dict):
        return wrong(f"{shown(file, surroundings.working_folder)} holds no settings", "restore the project's dagster.yaml")
    if home != PROJECT_ROOT and "trend_assets.operations.event_log" not in file.read_text(encoding="utf-8"):
        return warning(
            f"DAGSTER_HOME {home}, whose dagster.yaml is not this project's", f"export DAGSTER_HOME={PROJECT_ROOT}, or keep both in step"
        )
    return fine(f"DAGSTER_HOME {home}")


def _instance(surroundings: Surroundings) -> dg.DagsterInstance:
    """Dagster's records, opened without making any."""
    storage = Path(surroundings.environment.get("TREND_ASSETS_DAGSTER_STORAGE") or surroundings.data / "dagster")
    if not storage.exists():
        raise CannotSayError(f"no runs yet in {shown(storage, surroundings.working_folder)}")
    import dagster as dg

    return dg.DagsterInstance.get()


def records(surroundings: Surroundings) -> Diagnosis:
    """Run storage and event log can be read."""
    with _instance(surroundings) as instance:
        runs = instance.get_runs_count()
        newest = instance.get_run_records(limit=1)
    if not newest:
        return not_applicable("no runs recorded yet")
    run = newest[0].dagster_run
    return fine(
        f"{runs} runs recorded; the newest: {run.job_name}, {run.status.value.lower()}, {newest[0].create_timestamp:%Y-%m-%d %H:%M} UTC"
    )


def stuck_runs(surroundings: Surroundings) -> Diagnosis:
    """No run counts as under way whose process is gone."""
    import dagster as dg

    under_way = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]
    stuck: list[tuple[str, str]] = []
    alive: list[tuple[str, str]] = []
    with _instance(surroundings) as instance:
        for record in instance.get_run_records(dg.RunsFilter(statuses=under_way)):
            run = record.dagster_run
            name = f"{run.job_name} {run.run_id[:8]} since {record.create_timestamp:%Y-%m-%d %H:%M} UTC"
            (alive if is_alive(instance, record, surroundings.now) else stuck).append((name, run.run_id))
    if stuck:
        found = f"{several([name for name, _ in stuck])}: counted as under way, but the process is gone"
        action = (
            f"nothing half-written is visible, run the same again; strike it off: {_dagster(surroundings)} run delete --force {stuck[0][1]}"
        )
        return warning(found, action)
    return fine(f"{len(alive)} runs under way" if alive else "no run is under way")


def _dagster(surroundings: Surroundings) -> str:
    storage = shown(surroundings.data / "dagster", surroundings.working_folder)
    command = shown(Path(sys.executable).with_name("dagster"), surroundings.working_folder)
    return f'DAGSTER_HOME="$PWD" TREND_ASSETS_DAGSTER_STORAGE={storage} {command}'


def failed_runs(surroundings: Surroundings) -> Diagnosis:
    """No run failed in the last day, unless the same job succeeded since."""
    import dagster as dg

    since = surroundings.now - timedelta(days=1)
    with _instance(surroundings) as instance:
        ended = instance.get_run_records(
            dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS], updated_after=since), limit=500
        )
        last: dict[str, Any] = {}
        for record in ended:  # newest first
            last.setdefault(record.dagster_run.job_name, record)
        failed = [record for record in last.values() if record.dagster_run.status is dg.DagsterRunStatus.FAILURE]
        told = [f"{record.dagster_run.job_name} at {record.create_timestamp:%H:%M} UTC ({_why(instance, record)})" for record in failed]
    failures = sum(record.dagster_run.status is dg.DagsterRunStatus.FAILURE for record in ended)
    if told:
        return warning(f"failed last time: {several(told, 2)}", "make dev, then Runs, shows the whole error")
    return fine(
        f"no job's last run failed ({failures} failures in the last day, succeeded since)" if failures else "no run failed in the last day"
    )


def _why(instance: dg.DagsterInstance, record: dg.RunRecord) -> str:
    import dagster as dg

    for entry in instance.all_logs(record.dagster_run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        if event is not None:
            error = event.step_failure_data.error
            cause = error.cause if error is not None and error.cause is not None else error
            lines = cause.message.strip().splitlines() if cause is not None else [""]
            return f"{event.step_key}: {lines[0][:160]}"
    return "stopped before a step failed"


class DefinitionsLoad:
    """The definitions, loaded by a process of its own while other checks look elsewhere."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._process: subprocess.Popen[str] | None = None
        self._answer: tuple[dict[str, Any], str] | None = None

    def start(self) -> subprocess.Popen[str]:
        """Start loading, if that was not done; ``answer`` waits for the end."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", _LOAD],
                env={**os.environ, **self._surroundings.environment},
                cwd=self._surroundings.working_folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        return self._process

    def answer(self) -> tuple[dict[str, Any], str]:
        """What the process told, or an empty answer and the last line of its error."""
        if self._answer is None:
            process = self.start()
            try:
                output, errors = process.communicate(timeout=LOAD_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                self._answer = {"timeout": LOAD_SECONDS}, ""
                return self._answer
            lines = [line for line in output.splitlines() if line.startswith("{")]
            if process.returncode == 0 and lines:
                self._answer = json.loads(lines[-1]), ""
            else:
                told = [line.strip() for line in errors.splitlines() if line.strip()]
                self._answer = {}, told[-1] if told else f"exit code {process.returncode}"
        return self._answer

    def close(self) -> None:
        """End the process where nobody waited for it."""
        if self._process is not None and self._answer is None:
            self._process.kill()
            self._process.communicate()

    def definitions(self, _: Surroundings) -> Diagnosis:
        """The code location loads, and how long it takes (each run pays it)."""
        answer, error = self.answer()
        if "timeout" in answer:
            return warning(
                f"the definitions were not loaded within {LOAD_SECONDS} s", "is the machine busy? Ask again; make lint shows errors"
            )
        if not answer:
            return wrong(f"the definitions do not load: {error}", "make lint shows the whole error")
        found = f"{answer['assets']} assets and {answer['checks']} checks, loaded in {answer['seconds']:.1f} s"
        if answer["left_out"]:
            return warning(
                f"{found}; models left out: {'; '.join(answer['left_out'])}", "mend the file in trend_assets/lib/learning/tasks/"
            )
        if answer["seconds"] > SLOW_LOAD_SECONDS:
            return warning(found, "each run pays this: is the machine busy, or was dbt parsed anew just now? Ask again")
        return fine(found)

    def daemon(self, surroundings: Surroundings) -> Diagnosis:
        """The daemon runs, and sensors and schedules are on."""
        with _instance(surroundings) as instance:
            heartbeats = instance.get_daemon_heartbeats()
            states = {state.instigator_name: state.status.value for state in instance.all_instigator_state()}
        beats = [heartbeat.timestamp for heartbeat in heartbeats.values()]
        default = self.answer()[0].get("automations", {})
        off = sorted(name for name, status in default.items() if not _is_on(states.get(name), status))
        if not beats:
            return not_applicable("the daemon never ran here: only what you start runs (make dev starts it)")
        last = datetime.fromtimestamp(max(beats), UTC)
        if surroundings.now - last > HEARTBEAT_TOLERANCE:
            return warning(f"the daemon's last sign of life is of {last:%Y-%m-%d %H:%M} UTC: nothing runs by itself", "make dev")
        if off:
            return warning(f"the daemon runs, but these are switched off: {several(off)}", "make dev, then Automation, switches them on")
        return fine(f"the daemon runs; {len(default)} sensors and schedules are on")


def _is_on(stored: str | None, default: str) -> bool:
    """``stored``: what somebody chose in the UI, if so; DECLARED_IN_CODE and none mean the default."""
    return default == "RUNNING" if stored in (None, "DECLARED_IN_CODE") else stored == "RUNNING"


def dbt_state(surroundings: Surroundings) -> Diagnosis:
    """dbt's parsed project is there and newer than its files; else the next start parses it."""
    folder = PROJECT_ROOT / "dbt_project"
    if not (folder / "dbt_project.yml").exists():
        return wrong("dbt_project/ is missing beside the package", "install the project from its repository: make setup")
    parsed = folder / "target" / "manifest.json"
    beside = Path(sys.executable).with_name("dbt")
    if not beside.exists():
        return wrong(f"dbt is not installed beside {shown(Path(sys.executable), surroundings.working_folder)}", "make setup")
    if not parsed.exists():
        return fine("not parsed yet: the next start does it, some 10 s")
    try:
        models = sum(name.startswith("model.") for name in json.loads(parsed.read_text(encoding="utf-8"))["nodes"])
    except (ValueError, KeyError, OSError):
        return wrong(
            f"{shown(parsed, surroundings.working_folder)} is damaged", f"rm -r {shown(folder / 'target', surroundings.working_folder)}"
        )
    newest = max(path.stat().st_mtime for pattern in ("*.yml", "models/**/*", "macros/**/*", "tests/**/*") for path in folder.glob(pattern))
    if parsed.stat().st_mtime < newest:
        return fine(f"{models} models; changed since they were parsed, the next start parses them again")
    return fine(f"{models} models, parsed after their last change")
