"""The champion of ``image_category``, as what judges pictures of posts.

What belongs here: loading it from its bundle. What doesn't: pictures (``categories.py``), training and promotion (``trend_assets/models``).
"""

from __future__ import annotations

from trend_assets.lib.learning.discovery import load_task
from trend_assets.media.categories import LEAST_PROBABILITY, Judge
from trend_assets.models.bundles import Bundles
from trend_assets.models.serving import bundled
from trend_assets.settings import Settings

TASK = "image_category"


def judge_of(settings: Settings) -> Judge | None:
    """The champion; ``None`` where there is none yet. Raises ``IncompatibleModelError`` where today's code cannot run it."""
    task = load_task(TASK)
    found = bundled(task, TASK, Bundles(settings))
    if found is None:
        return None
    version, predict, thresholds = found
    return Judge(version, task.labels, predict, max(LEAST_PROBABILITY, thresholds.abstain_below))
