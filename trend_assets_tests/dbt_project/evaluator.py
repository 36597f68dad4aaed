"""The rules of dbt-labs' project evaluator (1.x: modeling, testing, documentation, structure, performance), over a manifest.

What belongs here: one function a rule, from the parsed manifest to the names of what breaks it. What doesn't: which exceptions this
project takes and why (``test_evaluator.py``). The package itself builds sixty tables in the warehouse to say the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

Manifest = dict[str, Any]
Found = list[str]

TYPES = {"staging": ("stg_",), "intermediate": ("int_",), "marts": ("fct_", "dim_", "mart_")}
"""Folder of a layer and the prefixes of its models; the evaluator's own ``rpt_`` is our ``mart_``."""
FANOUT, MOST_PARENTS, MOST_CHAINED_VIEWS = 3, 7, 4
"""The evaluator's thresholds: leaves that read one model, models that one model reads, views on views."""
_RELATION = re.compile(r"\b(?:from|join)\s+([`\"\[]?\w+[`\"\]]?\.[`\"\[]?\w+|\{\{\s*var\()", re.IGNORECASE)
_NO_RELATION = re.compile(r"\{#.*?#\}|--[^\n]*|/\*.*?\*/|\bextract\(\w+ from\b", re.DOTALL)


def _models(manifest: Manifest) -> dict[str, Any]:
    return {unique_id: node for unique_id, node in manifest["nodes"].items() if node["resource_type"] == "model"}


def _name(unique_id: str) -> str:
    return ".".join(unique_id.split(".")[2:])


def _type(model: dict[str, Any]) -> str:
    return next((layer for layer, prefixes in TYPES.items() if model["name"].startswith(prefixes)), "other")


def _parents(node: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(node["depends_on"]["nodes"]))


def _children(manifest: Manifest) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for unique_id, node in _models(manifest).items():
        for parent in _parents(node):
            found[parent].append(unique_id)
    return found


def _read(manifest: Manifest, layer: str, wrong: Callable[[str], bool]) -> Found:
    """Edges into models of a layer from parents that ``wrong`` names."""
    return [
        f"{node['name']} reads {_name(parent)}"
        for node in _models(manifest).values()
        if _type(node) == layer
        for parent in _parents(node)
        if wrong(parent)
    ]


def _type_of(manifest: Manifest, unique_id: str) -> str:
    return _type(manifest["nodes"][unique_id]) if unique_id.startswith("model.") else ""


def staging_dependent_on_staging(manifest: Manifest) -> Found:
    return _read(manifest, "staging", lambda parent: _type_of(manifest, parent) == "staging")


def staging_dependent_on_downstream(manifest: Manifest) -> Found:
    return _read(manifest, "staging", lambda parent: _type_of(manifest, parent) in ("intermediate", "marts"))


def downstream_dependent_on_source(manifest: Manifest) -> Found:
    return [edge for layer in ("intermediate", "marts") for edge in _read(manifest, layer, lambda parent: parent.startswith("source."))]


def direct_join_to_source(manifest: Manifest) -> Found:
    return [
        node["name"] for node in _models(manifest).values() if {"source", "model"} <= {parent.split(".")[0] for parent in _parents(node)}
    ]


def multiple_sources_joined(manifest: Manifest) -> Found:
    return [node["name"] for node in _models(manifest).values() if sum(parent.startswith("source.") for parent in _parents(node)) > 1]


def source_fanout(manifest: Manifest) -> Found:
    return [_name(parent) for parent, children in _children(manifest).items() if parent.startswith("source.") and len(children) > 1]


def unused_sources(manifest: Manifest) -> Found:
    exposed = {parent for exposure in manifest["exposures"].values() for parent in _parents(exposure)}
    return [_name(unique_id) for unique_id in manifest["sources"] if unique_id not in _children(manifest) and unique_id not in exposed]


def duplicate_sources(manifest: Manifest) -> Found:
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for unique_id, source in manifest["sources"].items():
        places[str(source["database"]), source["schema"], source["identifier"]].append(unique_id)
    return [_name(unique_id) for unique_ids in places.values() if len(unique_ids) > 1 for unique_id in unique_ids]


def root_models(manifest: Manifest) -> Found:
    return [node["name"] for node in _models(manifest).values() if not _parents(node)]


def hard_coded_references(manifest: Manifest) -> Found:
    return [node["name"] for node in _models(manifest).values() if _RELATION.search(_NO_RELATION.sub(" ", node["raw_code"]))]


def model_fanout(manifest: Manifest) -> Found:
    children = _children(manifest)
    return [
        _name(parent)
        for parent, of in children.items()
        if parent.startswith("model.") and sum(child not in children for child in of) >= FANOUT
    ]


def too_many_joins(manifest: Manifest) -> Found:
    return [node["name"] for node in _models(manifest).values() if len(_parents(node)) >= MOST_PARENTS]


def rejoining_of_upstream_concepts(manifest: Manifest) -> Found:
    """A reads B and C, B reads C, and nobody but A reads B: B could be a part of A."""
    children = _children(manifest)
    models = _models(manifest)
    return [
        f"{node['name']} rejoins {_name(upstream)} through {_name(between)}"
        for unique_id, node in models.items()
        for between in _parents(node)
        if between in models and children[between] == [unique_id]
        for upstream in _parents(models[between])
        if upstream in _parents(node)
    ]


def missing_primary_key_tests(manifest: Manifest) -> Found:
    keyed = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") in ("unique_key", "unique")
    }
    return [_name(unique_id) for unique_id in _models(manifest) if unique_id not in keyed]


def sources_without_freshness(manifest: Manifest) -> Found:
    return [
        _name(unique_id)
        for unique_id, source in manifest["sources"].items()
        if not ((source.get("freshness") or {}).get("warn_after") or {}).get("count")
    ]


def undocumented_models(manifest: Manifest) -> Found:
    return [node["name"] for node in _models(manifest).values() if not node["description"]]


def undocumented_sources(manifest: Manifest) -> Found:
    return [
        _name(unique_id)
        for unique_id, source in manifest["sources"].items()
        if not (source["description"] and source["source_description"])
    ]


def model_naming_conventions(manifest: Manifest) -> Found:
    return [node["name"] for node in _models(manifest).values() if not node["name"].startswith(TYPES.get(node["fqn"][1], ("rpt_",)))]


def model_directories(manifest: Manifest) -> Found:
    """Staging models in a folder named like their source, the others nearest to the folder of their layer."""

    def right(node: dict[str, Any]) -> bool:
        folders = PurePosixPath(node["original_file_path"]).parent.parts
        layers = [folder for folder in folders if folder in TYPES]
        group = {manifest["sources"][parent]["source_name"] for parent in _parents(node) if parent.startswith("source.")}
        return layers[-1:] == [_type(node)] and (_type(node) != "staging" or {folders[-1]} == group)

    return [node["name"] for node in _models(manifest).values() if not right(node)]


def source_directories(manifest: Manifest) -> Found:
    return [
        _name(unique_id)
        for unique_id, source in manifest["sources"].items()
        if PurePosixPath(source["original_file_path"]).parent.name != source["source_name"]
    ]


def test_directories(manifest: Manifest) -> Found:
    return [
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("attached_node") or "").startswith("model.")
        if PurePosixPath(node["original_file_path"]).parent
        != PurePosixPath(manifest["nodes"][node["attached_node"]]["original_file_path"]).parent
    ]


def chained_views(manifest: Manifest) -> Found:
    models = _models(manifest)

    def chain(unique_id: str) -> int:
        if unique_id not in models or models[unique_id]["config"]["materialized"] not in ("view", "ephemeral"):
            return 0
        return 1 + max((chain(parent) for parent in _parents(models[unique_id])), default=0)

    return [_name(unique_id) for unique_id in models if chain(unique_id) > MOST_CHAINED_VIEWS]


def exposure_parents(manifest: Manifest) -> Found:
    """Exposures read tables of the project: no source, no view."""

    def is_table(unique_id: str) -> bool:
        return unique_id.startswith("model.") and manifest["nodes"][unique_id]["config"]["materialized"] in ("table", "incremental")

    return [
        f"{exposure['name']} reads {_name(parent)}"
        for exposure in manifest["exposures"].values()
        for parent in _parents(exposure)
        if not is_table(parent)
    ]


RULES: dict[str, Callable[[Manifest], Found]] = {
    rule.__name__: rule
    for rule in (
        staging_dependent_on_staging,
        staging_dependent_on_downstream,
        downstream_dependent_on_source,
        direct_join_to_source,
        multiple_sources_joined,
        source_fanout,
        unused_sources,
        duplicate_sources,
        root_models,
        hard_coded_references,
        model_fanout,
        too_many_joins,
        rejoining_of_upstream_concepts,
        missing_primary_key_tests,
        sources_without_freshness,
        undocumented_models,
        undocumented_sources,
        model_naming_conventions,
        model_directories,
        source_directories,
        test_directories,
        chained_views,
        exposure_parents,
    )
}


def upstream_sources(manifest: Manifest, unique_id: str) -> set[str]:
    """Every source that a model is made from, however many models lie between."""
    found: set[str] = set()
    waiting = [unique_id]
    seen: set[str] = set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if current.startswith("source."):
            found.add(current)
        elif current in manifest["nodes"]:
            waiting += _parents(manifest["nodes"][current])
    return found


def names_of(unique_ids: set[str]) -> Iterator[str]:
    """``group.table`` of sources, names of models."""
    return (_name(unique_id) for unique_id in sorted(unique_ids))
