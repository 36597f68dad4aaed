"""MLflow as a Dagster resource: experiments, metrics and the model registry in a SQLite file and a folder, no server.

What belongs here: the few calls we make, typed. What doesn't: what is trained and promoted (``models/training.py``), how a model
becomes files (``lib/learning/store.py``). MLflow is imported when first used: it takes four seconds.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

import dagster as dg

if TYPE_CHECKING:
    from mlflow import MlflowClient

CANDIDATE, CHAMPION, CHALLENGER, PREVIOUS = "candidate", "champion", "challenger", "previous"
MODEL_FOLDER = "model"
_SQLITE = "sqlite:///"
_BATCH = 1_000
_PLACES = (("experiments", "artifact_location"), ("runs", "artifact_uri"), ("model_versions", "source"))


@dataclass(frozen=True)
class Version:
    """A version in the model registry: its number, the run that made it, its tags."""

    task: str
    number: int
    run_id: str
    created_ms: int
    tags: Mapping[str, str] = field(default_factory=dict)


class Tracking:
    """The tracking store and registry at ``uri``; files of runs under ``artifacts_root``."""

    def __init__(self, uri: str, artifacts_root: str) -> None:
        self.uri, self.artifacts_root = uri, artifacts_root
        if uri.startswith(_SQLITE):
            database = Path(uri.removeprefix(_SQLITE))
            database.parent.mkdir(parents=True, exist_ok=True)
            _follow_moved_folder(database, artifacts_root)
        self.client = _client(uri)

    def start_run(
        self,
        task: str,
        params: Mapping[str, object],
        files: Mapping[str, bytes],
        metrics: Mapping[str, float],
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """A finished run of the task's experiment with parameters, files, metrics and tags; returns its id."""
        experiment = self.client.get_experiment_by_name(task)
        identity = experiment.experiment_id if experiment else self.client.create_experiment(task, f"{self.artifacts_root}/{task}")
        run_id: str = self.client.create_run(identity, tags=dict(tags or {})).info.run_id
        from mlflow.entities import Param

        self.client.log_batch(run_id, params=[Param(name, str(value)[:6000]) for name, value in params.items()])
        self.add(run_id, files, metrics)
        self.client.set_terminated(run_id)
        return run_id

    def add(self, run_id: str, files: Mapping[str, bytes], metrics: Mapping[str, float]) -> None:
        """Add files (by path within the run) and metrics to a run."""
        with tempfile.TemporaryDirectory() as folder:
            for path, data in files.items():
                target = Path(folder) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
            self.client.log_artifacts(run_id, folder)
        self._log(run_id, [(name, value, 0) for name, value in metrics.items()])

    def history(self, run_id: str, metric: str, points: Sequence[tuple[int, float]]) -> None:
        """Add a metric's values by step: a learning curve."""
        self._log(run_id, [(metric, value, step) for step, value in points])

    def _log(self, run_id: str, values: Sequence[tuple[str, float, int]]) -> None:
        """Many metrics in few requests: each is a transaction."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        for start in range(0, len(values), _BATCH):
            found = [Metric(name, value, now, step) for name, value, step in values[start : start + _BATCH]]
            self.client.log_batch(run_id, metrics=found)

    def place_of(self, version: Version) -> str:
        """Where a person finds the run: its page where the tracking store is a server, else its id and folder."""
        if self.uri.startswith(("http://", "https://")):
            experiment = self.client.get_run(version.run_id).info.experiment_id
            return f"{self.uri.rstrip('/')}/#/experiments/{experiment}/runs/{version.run_id}"
        return f"run {version.run_id}, files in {self.artifacts_root}/{version.task}/{version.run_id}"

    def unpoint(self, task: str, alias: str) -> None:
        """Point the alias nowhere."""
        if self.by_alias(task, alias) is not None:
            self.client.delete_registered_model_alias(task, alias)

    def register(self, task: str, run_id: str, tags: Mapping[str, str]) -> Version:
        """The run's model as a new version of the registered model ``task``."""
        from mlflow.exceptions import MlflowException

        try:
            self.client.get_registered_model(task)
        except MlflowException:
            self.client.create_registered_model(task)
        source = f"{self.client.get_run(run_id).info.artifact_uri}/{MODEL_FOLDER}"
        found = self.client.create_model_version(task, source, run_id, tags=dict(tags))
        return Version(task, int(found.version), run_id, int(found.creation_timestamp), dict(tags))

    def versions(self, task: str) -> list[Version]:
        """Every version of the task's model, newest first."""
        found = self.client.search_model_versions(f"name = '{task}'")
        versions = [Version(task, int(one.version), one.run_id or "", int(one.creation_timestamp), dict(one.tags)) for one in found]
        return sorted(versions, key=lambda version: -version.number)

    def by_alias(self, task: str, alias: str) -> Version | None:
        """The version that the alias points at, ``None`` where it points nowhere."""
        from mlflow.exceptions import MlflowException

        try:
            found = self.client.get_model_version_by_alias(task, alias)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
        return Version(task, int(found.version), found.run_id or "", int(found.creation_timestamp), dict(found.tags))

    def point(self, task: str, alias: str, version: Version, tags: Mapping[str, str] | None = None) -> None:
        """Point the alias at the version, after noting ``tags`` on it."""
        for name, value in (tags or {}).items():
            self.client.set_model_version_tag(task, str(version.number), name, value)
        self.client.set_registered_model_alias(task, alias, str(version.number))

    def tag(self, version: Version, name: str, value: str) -> None:
        """Note something on a version."""
        self.client.set_model_version_tag(version.task, str(version.number), name, value)

    def metrics(self, version: Version) -> dict[str, float]:
        """Metrics of the version's run."""
        return dict(self.client.get_run(version.run_id).data.metrics)

    def model_files(self, version: Version) -> dict[str, bytes]:
        """The files beside a version's model, its own first of all. Raises ``FileNotFoundError`` where they are gone."""
        place = urlparse(self.client.get_run(version.run_id).info.artifact_uri)
        if place.scheme in ("", "file"):
            return _files_in(Path(unquote(place.path)) / MODEL_FOLDER, version)
        with tempfile.TemporaryDirectory() as folder:
            self.client.download_artifacts(version.run_id, MODEL_FOLDER, folder)
            return _files_in(Path(folder) / MODEL_FOLDER, version)


class TrackingResource(dg.ConfigurableResource):
    """The tracking store of the environment."""

    uri: str
    artifacts_root: str

    def get(self) -> Tracking:
        """A connection to the store; the first use of a new SQLite file creates its tables (four seconds)."""
        return Tracking(self.uri, self.artifacts_root)


def _files_in(folder: Path, version: Version) -> dict[str, bytes]:
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*")) if path.is_file()}
    if not files:
        raise FileNotFoundError(f"{version.task} version {version.number} has no files in {folder}: train it again, under a new number")
    return files


def _client(uri: str) -> MlflowClient:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    from mlflow import MlflowClient

    for name in ("mlflow.store.db.utils", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return MlflowClient(uri, uri)


def _follow_moved_folder(database: Path, artifacts_root: str) -> None:
    """MLflow records absolute places: where the data folder was moved or copied, make them those of today."""
    if not database.exists():
        return
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        if not connection.execute("select 1 from sqlite_master where name = 'experiments'").fetchone():
            return
        rows = connection.execute("select name, artifact_location from experiments where name != 'Default'").fetchall()
        for name, place in rows:
            before = str(place or "").removesuffix(f"/{name}")
            if before == artifacts_root or before == str(place or ""):
                continue
            for table, column in _PLACES:
                connection.execute(
                    f"update {table} set {column} = ? || substr({column}, ?) where {column} like ? || '/%'",  # noqa: S608 - our own names
                    (artifacts_root, len(before) + 1, before),
                )
