"""One small lake, one dbt build of everything, one publication: shared by every test of the warehouse.

What belongs here: starting dbt as our code starts it. What doesn't: expectations.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from trend_assets.lake.lake import Lake
from trend_assets.warehouse.dbt_sources import PROJECT_FOLDER
from trend_assets.warehouse.engine import Publication, Warehouse, dbt_environment, dbt_variables, publish
from trend_assets_tests.dbt_project.small_lake import publish_small_lake


@dataclass(frozen=True)
class Built:
    """A folder with a lake, dbt's working file and the published file."""

    root: Path
    lake: Lake
    manifest: dict[str, Any]
    publication: Publication

    @property
    def working(self) -> Path:
        return self.root / "warehouse" / "working.duckdb"

    @property
    def published(self) -> Path:
        return self.root / "lake" / "trends.duckdb"

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.published)


def run_dbt(
    root: Path, *arguments: str, days: tuple[date, date] | None = None, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run dbt in a process of its own on the lake below ``root``; artifacts go below ``root``, not into the project.

    variables: environment variables of another environment than dev.
    """
    of_days = ["--vars", json.dumps(dbt_variables(*days))] if days else []
    command = [sys.executable, "-m", "dbt.cli.main", *arguments, *of_days, "--no-use-colors"]
    folders = {
        "--project-dir": PROJECT_FOLDER,
        "--profiles-dir": PROJECT_FOLDER,
        "--target-path": root / "target",
        "--log-path": root / "logs",
    }
    for flag, folder in folders.items():
        command += [flag, str(folder)]
    (root / "warehouse").mkdir(parents=True, exist_ok=True)
    environment = os.environ | (variables or dbt_environment(root / "warehouse" / "working.duckdb", str(root / "lake")))
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=root)


def results_of(root: Path) -> dict[str, str]:
    """Status of each node of the last dbt run, by name."""
    found = json.loads((root / "target" / "run_results.json").read_text())["results"]
    return {result["unique_id"].split(".")[2]: result["status"] for result in found}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The small lake built by dbt (all models, all tests) and published."""
    # The brackets and the quote are part of the test: paths are names, never patterns or SQL.
    root = tmp_path_factory.mktemp("it's [a] folder")
    lake = publish_small_lake(root / "lake")
    finished = run_dbt(root, "build")
    assert finished.returncode == 0, finished.stdout
    manifest = json.loads((root / "target" / "manifest.json").read_text())
    return Built(root, lake, manifest, publish(root / "warehouse" / "working.duckdb", root / "lake" / "trends.duckdb"))


@pytest.fixture(scope="session")
def query(built: Built) -> Callable[[str], list[dict[str, Any]]]:
    """Rows of a query on the published file."""
    return lambda sql: built.warehouse.query(sql).to_pylist()
