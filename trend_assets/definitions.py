"""The code location: everything under ``defs/`` plus the resources of the environment.

What belongs here: assembly, about twenty lines. What doesn't: any definition.
"""

from pathlib import Path

import dagster as dg
from dagster import ComponentTree

from trend_assets.resources import resources


@dg.definitions
def definitions() -> dg.Definitions:
    """Load every definition under ``defs/`` and bind the resources."""
    return dg.Definitions.merge(
        # load_from_defs_folder would also import every installed component library: seconds at the start of each run
        ComponentTree.for_project(path_within_project=Path(__file__).parent).build_defs_at_path(Path()),
        # a process for each step would cost seconds a step; what wants one says so
        dg.Definitions(resources=resources(), executor=dg.in_process_executor),
    )
