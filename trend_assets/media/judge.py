"""The champion of ``image_category``, as what judges pictures of posts.

What belongs here: loading it. What doesn't: pictures (``categories.py``), training and promotion (``trend_assets/models``).
"""

from __future__ import annotations

from trend_assets.lib.learning.discovery import load_task
from trend_assets.media.categories import Judge
from trend_assets.models.tracking import CHAMPION, Tracking
from trend_assets.models.training import predictor

TASK = "image_category"


def judge_of(tracking: Tracking) -> Judge | None:
    """The champion; ``None`` where there is none yet. Raises ``IncompatibleModelError`` where today's code cannot run it."""
    champion = tracking.by_alias(TASK, CHAMPION)
    if champion is None:
        return None
    task = load_task(TASK)
    return Judge(champion.number, task.labels, predictor(task, tracking, champion))
