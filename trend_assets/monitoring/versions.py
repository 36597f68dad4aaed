"""What following a model asks of the tracking store: its champion, its probabilities, what it was trained on.

What belongs here: those questions in one place. What doesn't: training and promotion (``trend_assets/models``).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trend_assets.lib.learning.contract import Probabilities, Task
from trend_assets.models import evaluation
from trend_assets.models.tracking import CHAMPION, Tracking, Version
from trend_assets.models.training_set import NotReadyError


def champion_of(name: str, tracking: Tracking) -> Version | None:
    """The version that predicts."""
    return tracking.by_alias(name, CHAMPION)


def probabilities_of(task: Task, tracking: Tracking, version: Version) -> Callable[[pa.Table], Probabilities]:
    """What gives a version's probabilities; raises ``IncompatibleModelError`` as ``evaluation.predictor_of``."""
    return evaluation.predictor_of(task, tracking, version)


def trained_on(name: str, number: int, tracking: Tracking, posts: pa.Table) -> npt.NDArray[np.bool_] | None:
    """Which posts (n,) (network, post_id) the version was trained on; ``None`` where that is not known."""
    version = next((one for one in tracking.versions(name) if one.number == number), None)
    if version is None:
        return None
    try:
        return evaluation.trained_on(tracking.model_files(version), posts, f"{name} version {number}")
    except (NotReadyError, OSError):
        return None
