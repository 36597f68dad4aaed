"""What the code location defines, as data that a snapshot can hold: assets, checks, jobs, schedules, sensors, operations, resources.

What belongs here: describing. What doesn't: what is expected (``test_definitions.py``). Run as a program it prints the description
of the environment's definitions: another environment needs another process, definitions are made when modules are imported.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource

NAMED = ("assets", "jobs", "schedules", "sensors", "operations")


def describe(loaded: dg.Definitions, data: str) -> dict[str, Any]:
    """Everything by name; ``data`` (the data root) is shown as ``<data>``, so that machines agree."""
    graph, repository = loaded.resolve_asset_graph(), loaded.get_repository_def()
    assets = {}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assets[key.to_user_string()] = {
            "group": node.group_name,
            "owners": " ".join(sorted(node.owners)),
            "kinds": " ".join(sorted(node.kinds)),
            "tags": _tags({name: value for name, value in node.tags.items() if not name.startswith("dagster/kind/")}),
            "partitions": type(node.partitions_def).__name__ if node.partitions_def else None,
            "parents": sorted(parent.to_user_string() for parent in node.parent_keys),
            "checks": " ".join(sorted(check.name for check in node.check_keys)),
            "automation": node.automation_condition.get_label() if node.automation_condition else None,
            "freshness": _freshness(node.freshness_policy),
        }
    executable = {one.node_def.name: one.node_def for one in repository.assets_defs_by_key.values() if one.is_executable}
    return {
        "assets": dict(sorted(assets.items())),
        "jobs": {job.name: _tags({**job.tags, **_retries(job.op_retry_policy)}) for job in _sorted(loaded.resolve_all_job_defs())},
        "schedules": {
            one.name: f"{one.cron_schedule} {one.execution_timezone} {one.default_status.value} {one.job_name}"
            for one in _sorted(repository.schedule_defs)
        },
        "sensors": {one.name: _sensor(one) for one in _sorted(repository.sensor_defs)},
        "operations": {
            name: _tags({**_retries(operation.retry_policy), **({"pool": operation.pool} if operation.pool else {})})
            for name, operation in sorted(executable.items())
        },
        "resources": {name: _resource(resource, data) for name, resource in sorted((loaded.resources or {}).items())},
    }


def _sorted(named: Any) -> list[Any]:
    return sorted(named, key=lambda one: one.name)


def _tags(tags: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(tags.items()))


def _retries(policy: dg.RetryPolicy | None) -> dict[str, str]:
    if policy is None:
        return {}
    return {"retries": f"{policy.max_retries} after {policy.delay} s {policy.backoff.value if policy.backoff else ''}".strip()}


def _freshness(policy: dg.FreshnessPolicy | None) -> str | None:
    if policy is None:
        return None
    values = {name: getattr(policy, name) for name in ("warn_window", "fail_window", "deadline_cron", "lower_bound_delta", "timezone")
              if hasattr(policy, name)}  # fmt: skip
    return _tags({name: value.to_timedelta() if hasattr(value, "to_timedelta") else value for name, value in values.items()})


def _sensor(sensor: dg.SensorDefinition) -> str:
    jobs, tags = " ".join(sorted(target.job_name for target in sensor.targets)), _tags(getattr(sensor, "run_tags", None) or {})
    kind = type(sensor).__name__.removesuffix("Definition")
    return " ".join(word for word in (kind, f"every {sensor.minimum_interval_seconds} s", sensor.default_status.value, jobs, tags) if word)


def _resource(resource: Any, data: str) -> dict[str, Any]:
    """Type and those settings that are texts; the project's own folder is left out."""
    described = {"type": type(resource).__name__}
    if isinstance(resource, dg.ConfigurableResource | dg.ConfigurableIOManager) and not isinstance(resource, DbtCliResource):
        fields = {name: getattr(resource, name) for name in type(resource).model_fields}
        described |= {name: value.replace(data, "<data>") for name, value in sorted(fields.items()) if isinstance(value, str)}
    return described


def differences(dev: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What another environment defines differently from dev, by name, and all its resources."""
    named = {
        kind: {name: _change(dev[kind].get(name), other[kind].get(name)) for name in sorted(dev[kind] | other[kind])} for kind in NAMED
    }
    changed = {kind: {name: change for name, change in names.items() if change} for kind, names in named.items()}
    return {**changed, "resources": other["resources"]}


def _change(dev: Any, here: Any) -> Any:
    """Of two assets the attributes that differ; of anything else both as texts; nothing where they are the same."""
    if isinstance(dev, dict) and isinstance(here, dict):
        return {name: change for name in dev if (change := _change(dev[name], here[name]))}
    return f"{dev} -> {here}" if dev != here else None


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    from trend_assets.definitions import definitions
    from trend_assets.settings import load_settings

    sys.stdout.write(json.dumps(describe(definitions(), load_settings().data)) + "\n")
