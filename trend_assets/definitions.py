"""The code location: everything under ``defs/`` plus the resources of the environment.

What belongs here: assembly, about twenty lines. What doesn't: any definition.
"""

from pathlib import Path

import dagster as dg
from dagster.components import load_from_defs_folder

from trend_assets.resources import resources


@dg.definitions
def definitions() -> dg.Definitions:
    """Load every definition under ``defs/`` and bind the resources."""
    return dg.Definitions.merge(
        load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(resources=resources()),
    )
