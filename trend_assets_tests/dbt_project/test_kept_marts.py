"""Every published model is kept for rewinding, or it is said why not, and keys are those that dbt tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from trend_assets.operations.mart_ledger import KEPT_MARTS, NOT_KEPT
from trend_assets.warehouse.common import PUBLISHED_MODELS

MODELS = Path(__file__).parents[2] / "dbt_project" / "models"


def _published() -> dict[str, dict[str, Any]]:
    documented = [model for file in sorted(MODELS.rglob("*.yml")) for model in yaml.safe_load(file.read_text()).get("models", [])]
    return {model["name"]: model for model in documented if model["name"].startswith(PUBLISHED_MODELS)}


PUBLISHED = _published()


def _columns(model: dict[str, Any]) -> set[str]:
    return {column["name"] for column in model["columns"]}


def test_every_published_model_is_kept_or_has_a_reason_not_to_be():
    assert set(KEPT_MARTS) | set(NOT_KEPT) == set(PUBLISHED)
    assert not set(KEPT_MARTS) & set(NOT_KEPT)
    assert all(len(reason) > 10 for reason in NOT_KEPT.values())


@pytest.mark.parametrize("name", KEPT_MARTS)
def test_a_kept_mart_is_cut_by_a_column_it_has_and_keyed_as_dbt_tests_it(name):
    model, kept = PUBLISHED[name], KEPT_MARTS[name]
    keys = [set(test["unique_key"]["arguments"]["columns"]) for test in model.get("data_tests", []) if "unique_key" in test]
    assert set(kept.key) in keys
    assert kept.day in _columns(model)
    assert kept.authors is None or kept.authors in _columns(model)


@pytest.mark.parametrize("name", KEPT_MARTS)
def test_a_kept_mart_names_no_person(name):
    model = PUBLISHED[name]
    assert not _columns(model) & {"author", "post_id", "customer_id"}
    assert not model.get("config", {}).get("meta", {}).get("personal_columns")


def test_a_mart_that_names_persons_is_not_kept():
    of_persons = {name for name, model in PUBLISHED.items() if model.get("config", {}).get("meta", {}).get("personal_columns")}
    assert of_persons <= set(NOT_KEPT)
