"""What the code location defines, as data that a snapshot can hold: assets, checks, jobs, schedules, sensors, resources.

What belongs here: describing. What doesn't: what is expected (``test_definitions.py``). Run as a program it prints the description
of the environment's definitions: another environment needs another process, definitions are made when modules are imported.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import dagster as dg

LISTS = ("jobs", "schedules", "sensors")


def describe(loaded: dg.Definitions, data: str) -> dict[str, Any]:
    """Everything by name; ``data`` (the data root) is shown as ``<data>``, so that machines agree."""
    graph = loaded.resolve_asset_graph()
    assets = {}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assets[key.to_user_string()] = {
            "group": node.group_name,
            "layer": node.tags.get("layer"),
            "partitions": type(node.partitions_def).__name__ if node.partitions_def else None,
            "parents": sorted(parent.to_user_string() for parent in node.parent_keys),
            "checks": sorted(check.name for check in node.check_keys),
            "automated": node.automation_condition is not None,
            "freshness": type(node.freshness_policy).__name__ if node.freshness_policy else None,
        }
    return {
        "assets": dict(sorted(assets.items())),
        "jobs": sorted(job.name for job in loaded.resolve_all_job_defs()),
        "schedules": sorted(schedule.name for schedule in loaded.schedules or []),
        "sensors": sorted(sensor.name for sensor in loaded.sensors or []),
        "resources": {name: _resource(resource, data) for name, resource in sorted((loaded.resources or {}).items())},
    }


def _resource(resource: Any, data: str) -> dict[str, Any]:
    """Type and those settings that are texts; the project's own folder is left out."""
    described = {"type": type(resource).__name__}
    if isinstance(resource, dg.ConfigurableResource | dg.ConfigurableIOManager) and described["type"] != "DbtCliResource":
        fields = {name: getattr(resource, name) for name in type(resource).model_fields}
        described |= {name: value.replace(data, "<data>") for name, value in sorted(fields.items()) if isinstance(value, str)}
    return described


def differences(dev: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What another environment defines differently from dev: assets by name, names added and removed, all its resources."""
    changed = {
        key: {"dev": dev["assets"].get(key), "here": other["assets"].get(key)}
        for key in sorted(dev["assets"] | other["assets"])
        if dev["assets"].get(key) != other["assets"].get(key)
    }
    names = {
        kind: {"added": sorted(set(other[kind]) - set(dev[kind])), "removed": sorted(set(dev[kind]) - set(other[kind]))} for kind in LISTS
    }
    return {"assets": changed, **names, "resources": other["resources"]}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    from trend_assets.definitions import definitions
    from trend_assets.settings import load_settings

    sys.stdout.write(json.dumps(describe(definitions(), load_settings().data)) + "\n")
