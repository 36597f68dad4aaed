"""Every task's definitions: assets, checks, jobs, and the tracking store they share.

What belongs here: the loop over tasks. What doesn't: what a task's definitions are (``factory.py``, ``checks.py``).
"""

import dagster as dg

from trend_assets.defs.models.checks import checks_of
from trend_assets.defs.models.factory import hourly_assets, jobs, labels_spec, training_assets
from trend_assets.defs.models.schedules import predictions_schedule
from trend_assets.lib.learning.contract import Task
from trend_assets.lib.learning.discovery import tasks
from trend_assets.models.tracking import TrackingResource
from trend_assets.settings import load_settings


def definitions_of(name: str, task: Task) -> dg.Definitions:
    """Assets, checks, jobs and schedule of a task."""
    of_posts = task.source == "posts"
    return dg.Definitions(
        assets=[labels_spec(name), *training_assets(name, task), *(hourly_assets(name, task) if of_posts else ())],
        asset_checks=checks_of(name, task),
        jobs=jobs(name, task),
        schedules=[predictions_schedule(name)] if of_posts else [],
    )


@dg.definitions
def models() -> dg.Definitions:
    """The definitions of every task."""
    settings = load_settings()
    tracking = TrackingResource(uri=settings.tracking_database, artifacts_root=settings.artifacts_root)
    return dg.Definitions.merge(*(definitions_of(*item) for item in tasks().items()), dg.Definitions(resources={"tracking": tracking}))
