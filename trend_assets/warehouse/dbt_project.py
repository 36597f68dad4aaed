"""The dbt project as Dagster sees it: its folder, its parsed manifest, the variables dbt reads.

What belongs here: locating and parsing. What doesn't: models (``dbt_project/``), assets (``defs/warehouse``).
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from dagster_dbt import DbtCliResource, DbtProject
from packaging.version import Version

from trend_assets.settings import PROJECT_ROOT, Environment, load_settings

FOLDER = PROJECT_ROOT / "dbt_project"


@lru_cache
def dbt_project() -> DbtProject:
    """The project, its target named like the environment; environments differ in SQL, so each has artefacts of its own."""
    from trend_assets.warehouse.engine import dbt_environment_of

    settings = load_settings()
    for name, value in dbt_environment_of(settings).items():
        os.environ[name] = value  # dbt is a child process and reads its profile from the environment
    target = Path("target") if settings.environment is Environment.DEV else Path("target") / settings.environment.value
    return DbtProject(project_dir=FOLDER, target=settings.environment.value, target_path=target)


class DbtResource(DbtCliResource):
    """dagster-dbt's resource without what it prepares for each command and this project never asks for.

    It would start ``dbt --version``, and make an adapter of its own beside dbt's for ``fetch_row_counts`` and
    ``fetch_column_metadata``: together some ten CPU seconds of a run. A test holds that both are still what is replaced.
    """

    @property
    def _cli_version(self) -> Version:
        return Version(metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # type: ignore[override]  # noqa: ARG002
        return None


def dbt_resource() -> DbtResource:
    """dbt of this virtual environment, whether or not it is on the PATH."""
    beside = Path(sys.executable).with_name("dbt")
    executable = str(beside) if beside.exists() else "dbt"
    return DbtResource(project_dir=dbt_project(), dbt_executable=executable)  # type: ignore[arg-type]  # the parent takes a project too


def _newest_source() -> float:
    patterns = ("*.yml", "models/**/*", "macros/**/*", "tests/**/*")
    return max(path.stat().st_mtime for pattern in patterns for path in FOLDER.glob(pattern))


@lru_cache
def manifest() -> Path:
    """Path of ``manifest.json``, parsed again when a file of the project is newer.

    Raises:
        Exception: what dbt says when the project does not parse.
    """
    project = dbt_project()
    path = project.manifest_path
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / ".parsing.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two processes one parses, and the other doesn't read half of what it writes
        if not path.exists() or path.stat().st_mtime < _newest_source():
            dbt_resource().cli(["parse", "--quiet"], target_path=project.target_path).wait()
    return path
