"""Rules of the dbt project, checked over dbt's manifest: what a project evaluator would say, and our privacy rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dagster import AssetKey

from trend_assets.tables import TABLES
from trend_assets.tables.models import PUBLISHED as TASK_TABLES
from trend_assets.warehouse.dbt_sources import PROJECT_FOLDER, SOURCES, columns_markdown, source_columns, sources_yaml
from trend_assets.warehouse.engine import PUBLISHED_MODELS, PUBLISHED_TABLES
from trend_assets_tests.dbt_project.conftest import Built
from trend_assets_tests.dbt_project.evaluator import upstream_sources

AS_THEY_ARE = set(TASK_TABLES)
AS_THEY_ARE |= {"demand/demand_forecasts", "demand/card_regrets", "models/outcomes"}
"""Published lake tables that no model reads: the record of what was measured and judged, which nothing is derived from."""
LAYERS = {"staging": "stg_", "intermediate": "int_", "facts": "fct_", "dimensions": "dim_", "summaries": "mart_"}
# A person on a network, and a person who buys: an order stands for its customer.
AUTHOR_WORDS = ("author", "account", "mention", "handle", "subject")
CUSTOMER_WORDS = ("customer", "order_id", "loyalty", "e_mail", "email")


def _models(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (node for node in manifest["nodes"].values() if node["resource_type"] == "model")


def _layer(model: dict[str, Any]) -> str:
    return model["fqn"][2] if model["fqn"][1] == "marts" else model["fqn"][1]


def _tests_of(manifest: dict[str, Any], unique_id: str) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "test" and node.get("attached_node") == unique_id]


COUNTS = ("authors", "authors_24h", "top_author_share", "author_hours", "customers")


def names_people(columns: list[str], words: tuple[str, ...]) -> bool:
    """Whether a column holds one of these people, or stands for one; counts don't."""
    return any(word in column for column in columns if column not in COUNTS for word in words)


def person_meets_customer(columns: list[str]) -> bool:
    """Whether a table with these columns would join a person on a network with a person who buys; counts are no person."""
    return names_people(columns, AUTHOR_WORDS) and names_people(columns, CUSTOMER_WORDS)


def test_generated_files_are_those_of_the_declarations() -> None:
    hint = "out of date: run python -m trend_assets.warehouse.dbt_sources"
    assert (PROJECT_FOLDER / "models" / "sources.yml").read_text(encoding="utf-8") == sources_yaml(), hint
    assert (PROJECT_FOLDER / "models" / "columns.md").read_text(encoding="utf-8") == columns_markdown(), hint


def test_sources_are_mapped_to_the_asset_keys_of_the_lake(built: Built) -> None:
    keys = {tuple(source["config"]["meta"]["dagster"]["asset_key"]) for source in built.manifest["sources"].values()}
    assert keys == {tuple(path.split("/")) for path in SOURCES}


def test_post_text_stays_out_of_the_warehouse() -> None:
    for path in SOURCES:
        if TABLES[path].licence_class == "restricted":
            exposed = source_columns(TABLES[path])
            assert not [column.name for column in exposed if column.personal or column.name in ("text", "clean_text", "original", "tokens")]
    assert not [path for path in PUBLISHED_TABLES if TABLES[path].licence_class == "restricted"]
    assert set(PUBLISHED_TABLES) <= set(SOURCES)


def test_names_say_the_layer(built: Built) -> None:
    for model in _models(built.manifest):
        assert model["name"].startswith(LAYERS[_layer(model)]), model["name"]


def test_every_model_and_column_is_described(built: Built) -> None:
    actual = duckdb.connect(str(built.working), read_only=True)
    for model in _models(built.manifest):
        assert model["description"], model["name"]
        assert model["patch_path"].removesuffix(".yml").endswith(model["path"].removesuffix(".sql")), f"{model['name']}: YAML not beside it"
        described = {column for column, documented in model["columns"].items() if documented["description"]}
        present = {name for name, *_ in actual.execute(f"describe warehouse.{model['name']}").fetchall()}
        assert described == present, f"{model['name']}: {described ^ present}"


def test_every_model_has_a_key_test(built: Built) -> None:
    for model in _models(built.manifest):
        tests = [test["test_metadata"]["name"] for test in _tests_of(built.manifest, model["unique_id"]) if test.get("test_metadata")]
        assert "unique_key" in tests, model["name"]


def test_every_source_has_a_key_test_and_is_used(built: Built) -> None:
    for unique_id in built.manifest["sources"]:
        children = built.manifest["child_map"][unique_id]
        assert any(child.startswith("test.") and "unique_key" in child for child in children), unique_id
        staged = sum(child.startswith("model.") for child in children)
        path = "/".join(unique_id.split(".")[-2:])
        assert staged == (path not in AS_THEY_ARE), f"{unique_id}: exactly one staging model reads a source"


def test_each_published_lake_table_is_a_source() -> None:
    assert set(PUBLISHED_TABLES) <= set(SOURCES), "publication copies from what dbt makes over the lake"


def test_layers_read_downwards_only(built: Built) -> None:
    made_by_day = {"staging", "intermediate", "facts"}
    allowed = {
        "staging": {"source"},
        "intermediate": made_by_day,
        "facts": made_by_day,
        "dimensions": made_by_day,
        "summaries": {*made_by_day, "dimensions"},
    }
    nodes = built.manifest["nodes"]
    for model in _models(built.manifest):
        parents = {"source" if parent.startswith("source.") else _layer(nodes[parent]) for parent in model["depends_on"]["nodes"]}
        assert parents, f"{model['name']} reads nothing: is a relation hard-coded?"
        assert parents <= allowed[_layer(model)], f"{model['name']} reads {parents}"


def test_materializations_and_tags_follow_the_layer(built: Built) -> None:
    for model in _models(built.manifest):
        config = model["config"]
        made = {"staging": "view", "intermediate": "incremental", "facts": "incremental", "dimensions": "table", "summaries": "table"}
        # A delivery changes until it is received: there is no day that could be replaced.
        expected = "table" if model["name"] == "fct_deliveries" else made[_layer(model)]
        assert config["materialized"] == expected, model["name"]
        assert ("daily" in config["tags"]) == (expected == "incremental") or expected == "view", model["name"]
        assert len({"daily", "marts"} & set(config["tags"])) == 1, f"{model['name']} belongs to one run"
        assert config["persist_docs"] == {"relation": True, "columns": True}
        assert config["schema"] == "warehouse", "asset key, schema and table are warehouse/<model>"


def test_the_daily_run_needs_nothing_of_the_marts_run(built: Built) -> None:
    nodes = built.manifest["nodes"]
    for model in _models(built.manifest):
        if "daily" in model["config"]["tags"]:
            models = [parent for parent in model["depends_on"]["nodes"] if parent.startswith("model.")]
            assert all("daily" in nodes[parent]["config"]["tags"] for parent in models), model["name"]
            assert "decision_cards" not in str(model["depends_on"]["nodes"]), "cards are computed from the daily run"


def test_every_test_is_an_asset_check_of_one_model(built: Built) -> None:
    for node in built.manifest["nodes"].values():
        reads_source = any(parent.startswith("source.") for parent in node["depends_on"].get("nodes", []))
        if node["resource_type"] == "test" and not node.get("attached_node") and not reads_source:
            assert node["config"]["meta"]["dagster"]["ref"]["name"] in {model["name"] for model in _models(built.manifest)}, node["name"]


def test_the_two_runs_hold_every_model_and_every_check_once(built: Built) -> None:
    from dagster_dbt import dbt_assets

    path = built.root / "target" / "manifest.json"
    keys: list[AssetKey] = []
    checks: list[str] = []
    for lane in ("daily", "marts"):

        @dbt_assets(manifest=path, select=f"tag:{lane}", name=lane)
        def run(context):  # unannotated: Dagster reads annotations, which are text in this module
            """Only its definition is looked at."""

        keys += run.keys
        checks += [check.name for check in run.check_specs]
    nodes = built.manifest["nodes"].values()
    assert sorted(keys) == sorted(AssetKey(["warehouse", model["name"]]) for model in _models(built.manifest))
    tests = [node["name"] for node in nodes if node["resource_type"] == "test" and not node["name"].startswith("source_")]
    assert sorted(checks) == sorted(tests)


def test_models_with_several_sides_have_unit_tests(built: Built) -> None:
    tested = {unit_test["model"] for unit_test in built.manifest["unit_tests"].values()}
    by_day = {"int_sales_rates", "int_trend_product_stock", "fct_inventory_daily", "fct_trend_daily", "fct_orders"}
    assert {*by_day, "fct_deliveries", "dim_date", "dim_product", "mart_stock_risk"} <= tested


def test_targets_are_named_like_the_environments() -> None:
    from trend_assets.settings import Environment

    profile = yaml.safe_load((PROJECT_FOLDER / "profiles.yml").read_text())
    assert set(profile["trend_assets"]["outputs"]) == {environment.value for environment in Environment}
    assert not (PROJECT_FOLDER / "packages.yml").exists()


def test_the_documented_exposures_name_what_is_published(built: Built) -> None:
    for exposure in built.manifest["exposures"].values():
        for unique_id in exposure["depends_on"]["nodes"]:
            kind, *_, name = unique_id.split(".")
            assert name.startswith(PUBLISHED_MODELS) if kind == "model" else any(path.endswith(f"/{name}") for path in PUBLISHED_TABLES)


@pytest.mark.parametrize(
    ("columns", "meets"),
    [
        (["day", "author", "score"], False),
        (["order_id", "product_id", "quantity"], False),
        (["author", "order_id"], True),
        (["mentions", "customer_id"], True),
        (["authors_24h", "order_id"], False),
    ],
)
def test_the_privacy_rule_tells_tables_apart(columns: list[str], meets: bool) -> None:
    assert person_meets_customer(columns) is meets


def test_no_table_joins_an_author_with_a_customer(built: Built) -> None:
    documented = {node["name"]: list(node["columns"]) for node in [*_models(built.manifest), *built.manifest["sources"].values()]}
    found = built.warehouse.query("select table_name, list(column_name) as columns from duckdb_columns() where not internal group by 1")
    published = {row["table_name"]: row["columns"] for row in found.to_pylist()}
    for tables in (documented, published):
        assert not [name for name, columns in tables.items() if person_meets_customer(columns)]


def made_from_both(manifest: dict[str, Any]) -> list[str]:
    """Models made, through however many others, from a source that names authors and from one that names customers or orders.

    Stricter than asking for both columns in one table: it does not matter what a column is called on the way.
    """
    columns = {unique_id: list(source["columns"]) for unique_id, source in manifest["sources"].items()}
    authors, customers = (
        {unique_id for unique_id, names in columns.items() if names_people(names, words)} for words in (AUTHOR_WORDS, CUSTOMER_WORDS)
    )
    assert authors, "influencer rankings name authors"
    assert customers, "order lines stand for customers"
    found = []
    for model in _models(manifest):
        sources = upstream_sources(manifest, model["unique_id"])
        if sources & authors and sources & customers:
            found.append(f"{model['name']}: {sorted(sources & authors)} and {sorted(sources & customers)}")
    return found


def test_no_model_is_made_from_authors_and_customers(built: Built) -> None:
    assert made_from_both(built.manifest) == []


def test_a_model_that_brings_authors_and_orders_together_is_found(built: Built) -> None:
    nodes = dict(built.manifest["nodes"])
    rankings, orders = (f"model.trend_assets.{name}" for name in ("mart_influencers", "fct_orders"))
    joined = nodes[rankings] | {
        "name": "mart_meeting",
        "unique_id": "model.trend_assets.mart_meeting",
        "depends_on": {"nodes": [rankings, orders]},
    }
    found = made_from_both(built.manifest | {"nodes": nodes | {"model.trend_assets.mart_meeting": joined}})
    assert [line.partition(":")[0] for line in found] == ["mart_meeting"]


def test_no_table_of_the_lake_names_authors_and_customers() -> None:
    assert not [path for path, table in TABLES.items() if person_meets_customer([column.name for column in table.columns])]
    # Nothing about who bought enters the lake at all: an order is the closest there is.
    customers = [word for word in CUSTOMER_WORDS if word != "order_id"]
    assert not [path for path, table in TABLES.items() if names_people([column.name for column in table.columns], tuple(customers))]


def test_no_file_of_the_project_globs_or_names_a_machine() -> None:
    for path in [*PROJECT_FOLDER.rglob("*.sql"), *PROJECT_FOLDER.glob("*.yml")]:
        if not {"target", "logs"} & set(Path(path).relative_to(PROJECT_FOLDER).parts):
            text = path.read_text()
            assert ".parquet" not in text, path
            assert "read_" + "parquet" not in text, path
