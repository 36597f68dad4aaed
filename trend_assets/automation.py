"""When an asset should be up to date: automation conditions and freshness policies by declared table.

What belongs here: rules that follow from a table's declaration. What doesn't: schedules and sensors (``defs/automation.py``).
"""

import dagster as dg

from trend_assets.tables import Table


def condition_of(table: Table) -> dg.AutomationCondition | None:
    """The automation condition of the table's asset."""
    return None


def freshness_of(table: Table) -> dg.FreshnessPolicy | None:
    """The freshness policy of the table's asset."""
    return None
