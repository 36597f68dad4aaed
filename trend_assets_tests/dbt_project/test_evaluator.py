"""The dbt project by the rules of dbt-labs' project evaluator, with the exceptions this project takes; and that each rule can fail."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from trend_assets.warehouse.engine import PUBLISHED_TABLES
from trend_assets_tests.dbt_project.conftest import Built
from trend_assets_tests.dbt_project.evaluator import RULES, Manifest
from trend_assets_tests.dbt_project.test_project_rules import AS_THEY_ARE

PUBLISHED = {path.replace("/", ".") for path in PUBLISHED_TABLES}


def _is_fact(found: str) -> bool:
    return found.startswith(("fct_", "dim_"))


EXCEPTIONS: dict[str, Callable[[str], bool]] = {
    # Facts and dimensions are there to be read by many; staging and intermediate models are not.
    "model_fanout": _is_fact,
    # Decision cards are computed from int_trend_product_stock by a Dagster asset, which dbt does not see. int_sales_by_market is made
    # by day, so that the mart, which is made anew, need not read every order line again.
    "rejoining_of_upstream_concepts": lambda found: found.endswith(("through int_trend_product_stock", "through int_sales_by_market")),
    # Freshness is asked of the lake's tables by Dagster (operations/automation.py), before dbt runs.
    "sources_without_freshness": lambda found: True,
    # sources.yml is generated from the table declarations, in one file.
    "source_directories": lambda found: True,
    # Lake tables that are published as they are (cards, links, rankings): a copy would be a second table with the same rows.
    "exposure_parents": lambda found: found.rpartition(" reads ")[2] in PUBLISHED,
    # Tables of the tasks, scores and uplifts are published as they are, for pages and analysts.
    "unused_sources": lambda found: found.replace(".", "/") in AS_THEY_ARE,
}


@pytest.mark.parametrize("rule", RULES)
def test_the_project_keeps_the_rule(built: Built, rule: str) -> None:
    allowed = EXCEPTIONS.get(rule, lambda found: False)
    assert [found for found in RULES[rule](built.manifest) if not allowed(found)] == []


def _node(name: str, *parents: str, **more: Any) -> dict[str, Any]:
    folder = {"stg_": "staging/shop", "int_": "intermediate"}.get(name[:4], "marts")
    return {
        "resource_type": "model",
        "name": name,
        "description": "told",
        "depends_on": {"nodes": list(parents)},
        "raw_code": "select * from {{ source('shop', 'orders') }}",
        "fqn": ["project", folder.split("/")[0], name],
        "original_file_path": f"models/{folder}/{name}.sql",
        "config": {"materialized": "view" if name.startswith("stg_") else "table"},
    } | more


def _key_test(model: str) -> dict[str, Any]:
    return {
        "resource_type": "test",
        "name": f"unique_{model}",
        "attached_node": f"model.project.{model}",
        "test_metadata": {"name": "unique_key"},
        "depends_on": {"nodes": [f"model.project.{model}"]},
        "original_file_path": f"models/{'staging/shop' if model.startswith('stg_') else 'marts'}/{model}.yml",
    }


def _source(name: str) -> dict[str, Any]:
    return {
        "source_name": "shop",
        "name": name,
        "description": "told",
        "source_description": "told",
        "database": "lake",
        "schema": "shop",
        "identifier": name,
        "freshness": {"warn_after": {"count": 1, "period": "day"}},
        "original_file_path": "models/staging/shop/sources.yml",
    }


def _sound() -> Manifest:
    """A project of one source, one staging model, one fact and one dashboard, which keeps every rule."""
    return {
        "sources": {"source.project.shop.orders": _source("orders")},
        "nodes": {
            "model.project.stg_orders": _node("stg_orders", "source.project.shop.orders"),
            "model.project.fct_orders": _node("fct_orders", "model.project.stg_orders"),
            "test.project.1": _key_test("stg_orders"),
            "test.project.2": _key_test("fct_orders"),
        },
        "exposures": {"exposure.project.board": {"name": "board", "depends_on": {"nodes": ["model.project.fct_orders"]}}},
    }


def _with(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": {f"model.project.{node['name']}": node for node in nodes}}


STAGED = "model.project.stg_orders"
ORDERS = "source.project.shop.orders"
BROKEN: dict[str, dict[str, Any]] = {
    "staging_dependent_on_staging": _with(_node("stg_lines", STAGED)),
    "staging_dependent_on_downstream": _with(_node("stg_lines", "model.project.fct_orders")),
    "downstream_dependent_on_source": _with(_node("fct_lines", ORDERS)),
    "direct_join_to_source": _with(_node("fct_lines", ORDERS, STAGED)),
    "multiple_sources_joined": _with(_node("stg_lines", ORDERS, "source.project.shop.lines")),
    "source_fanout": _with(_node("stg_lines", ORDERS)),
    "unused_sources": {"sources": {"source.project.shop.lines": _source("lines")}},
    "duplicate_sources": {"sources": {"source.project.shop.again": _source("orders")}},
    "root_models": _with(_node("fct_lines")),
    "hard_coded_references": _with(_node("fct_lines", STAGED, raw_code="select * from shop.orders")),
    "model_fanout": _with(*(_node(f"mart_{number}", STAGED) for number in range(3))),
    "too_many_joins": _with(_node("fct_lines", *(f"model.project.stg_{number}" for number in range(7)))),
    "rejoining_of_upstream_concepts": _with(_node("int_lines", STAGED), _node("mart_lines", STAGED, "model.project.int_lines")),
    "missing_primary_key_tests": _with(_node("fct_lines", STAGED)),
    "sources_without_freshness": {
        "sources": {"source.project.shop.lines": _source("lines") | {"freshness": {"warn_after": {"count": None}}}}
    },
    "undocumented_models": _with(_node("fct_lines", STAGED, description="")),
    "undocumented_sources": {"sources": {"source.project.shop.lines": _source("lines") | {"source_description": ""}}},
    "model_naming_conventions": _with(_node("lines", STAGED)),
    "model_directories": _with(_node("stg_lines", ORDERS, original_file_path="models/staging/web/stg_lines.sql")),
    "source_directories": {"sources": {"source.project.shop.lines": _source("lines") | {"original_file_path": "models/sources.yml"}}},
    "test_directories": {"nodes": {"test.project.3": _key_test("fct_orders") | {"original_file_path": "models/staging/shop/keys.yml"}}},
    "chained_views": _with(
        *(_node(f"int_{n}", f"model.project.int_{n - 1}" if n else STAGED, config={"materialized": "view"}) for n in range(4))
    ),
    "exposure_parents": {"exposures": {"exposure.project.page": {"name": "page", "depends_on": {"nodes": [STAGED]}}}},
}


def test_a_sound_project_keeps_every_rule() -> None:
    assert {rule: found for rule, check in RULES.items() if (found := check(_sound()))} == {}


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_finds_what_breaks_it(rule: str) -> None:
    manifest = copy.deepcopy(_sound())
    for part, more in BROKEN[rule].items():
        manifest[part] |= more
    assert RULES[rule](manifest)
