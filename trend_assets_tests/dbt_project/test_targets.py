"""The dbt project as staging and production see it, without a server."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import yaml

from trend_assets.settings import Settings
from trend_assets.warehouse.dbt_sources import PROJECT_FOLDER
from trend_assets.warehouse.engine import dbt_environment_of
from trend_assets_tests.dbt_project.conftest import run_dbt

FIRST, LAST = date(2026, 9, 3), date(2026, 9, 4)
CLOUD = {
    "data": "gs://bucket",
    "pseudonym_key": "key-of-the-pseudonyms",
    "bigquery_project": "our-project",
    "bigquery_dataset_prefix": "x_",
}


def test_the_project_parses_for_bigquery(tmp_path: Path) -> None:
    """Of dev every other test here is a proof; production's definitions are loaded, and so parsed, in ``test_definitions.py``."""
    settings = Settings(_env_file=None, environment="staging", scratch=str(tmp_path), **CLOUD)
    finished = run_dbt(tmp_path, "parse", days=(FIRST, LAST), variables=dbt_environment_of(settings))
    assert finished.returncode == 0, finished.stdout
    manifest = json.loads((tmp_path / "target" / "manifest.json").read_text())
    assert manifest["metadata"]["adapter_type"] == "bigquery"
    model = manifest["nodes"]["model.trend_assets.fct_trend_daily"]
    source = manifest["sources"]["source.trend_assets.topics.trends"]
    assert model["config"]["incremental_strategy"] == "insert_overwrite"
    assert model["config"]["partitions"] == ["date '2026-09-03'", "date '2026-09-04'"]
    assert (model["database"], model["schema"], source["schema"]) == ("our-project", "x_working_warehouse", "x_working_topics")


def test_staging_and_production_are_the_same_target() -> None:
    outputs = yaml.safe_load((PROJECT_FOLDER / "profiles.yml").read_text())["trend_assets"]["outputs"]
    assert outputs["staging"] == outputs["production"]


def test_the_variables_of_an_environment_hold_no_secret() -> None:
    emulated = Settings(_env_file=None, environment="production", bigquery_endpoint="http://127.0.0.1:9050", **CLOUD)
    assert "key-of-the-pseudonyms" not in " ".join(dbt_environment_of(emulated).values())
    assert dbt_environment_of(emulated)["TREND_ASSETS_BIGQUERY_METHOD"] == "oauth-secrets"
    real = Settings(_env_file=None, environment="production", **CLOUD)
    assert dbt_environment_of(real)["TREND_ASSETS_BIGQUERY_METHOD"] == "oauth"
