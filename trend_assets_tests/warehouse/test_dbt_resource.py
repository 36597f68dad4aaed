"""What the project's dbt resource leaves out is still what dagster-dbt does, and nothing needs it."""

from __future__ import annotations

import inspect

from dagster_dbt import DbtCliResource

from trend_assets.warehouse.dbt_project import DbtResource, dbt_resource


def test_what_is_replaced_is_there_and_asked_once_a_command():
    for name in ("_cli_version", "_initialize_dbt_core_adapter"):
        assert name in vars(DbtCliResource), f"dagster-dbt has no {name} any more: remove ours"
    assert "adapter: BaseAdapter | None" in inspect.getsource(DbtCliResource.cli)


def test_the_version_is_that_of_the_command():
    resource = dbt_resource()
    assert isinstance(resource, DbtResource)
    theirs = inspect.getattr_static(DbtCliResource, "_cli_version").func(resource)
    assert resource._cli_version == theirs
