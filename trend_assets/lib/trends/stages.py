"""Where a trend is in its life.

What belongs here: growth, position against the topic's own peak, and the rules that name a stage.
What doesn't: whether it is a trend at all (``rank``).

| stage | rule, first match wins |
|---|---|
| fading | attention of the last 3 hours under half of the topic's own peak of the last 3 days, and not growing |
| emerging | first half day of its life, and attention at half of its peak or more |
| rising | corrected growth over 6 hours of 1.5 or more |
| peak | attention at 80 % of its peak or more, and still more than expected (z >= 2) |
| steady | anything else |

Attention is the topic's share of all posts, so a night is not a decline and a morning is not a rise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trend_assets.lib.trends.history import Floats, Integers, TopicHistory, VolumeHistory

EMERGING_HOURS = 12
PEAK_LOOKBACK_HOURS = 72
RISING_GROWTH = 1.5
NEAR_PEAK, FAR_FROM_PEAK = 0.8, 0.5
STILL_BURSTING = 2.0


class Course(NamedTuple):
    """Arrays (n,): ``growth`` of posts over 6 hours, the same corrected for volume, and attention against its own peak (0 to 1]."""

    growth: Floats
    corrected_growth: Floats
    position: Floats


def course(position: Integers, history: TopicHistory, volumes: VolumeHistory, hour: int) -> Course:
    """How topics have moved up to and including ``hour``; ``position`` (n,) are places in the history."""
    recent = history.total("posts", position, hour - 5, hour + 1)
    before = history.total("posts", position, hour - 11, hour - 5)
    growth = (recent + 1.0) / (before + 1.0)
    volume_ratio = (float(volumes.total(hour - 11, hour - 5)) + 1.0) / (float(volumes.total(hour - 5, hour + 1)) + 1.0)
    # Without volume in the earlier hours there is no rhythm to correct for.
    corrected = growth * float(np.clip(volume_ratio, 0.1, 10.0)) if volumes.observed_hours(hour - 11, hour - 5) else growth

    stops = hour + 1 - np.arange(PEAK_LOOKBACK_HOURS, dtype=np.int64)
    posts = history.total("posts", position[:, None], stops[None, :] - 3, stops[None, :])
    volume = volumes.total(stops - 3, stops).astype(np.float64)
    typical = max(float(volume.sum()) / max(int(np.count_nonzero(volume)), 1), 1.0)
    # Half a post per half a typical window: shares of quiet hours are pulled towards small, not read at face value.
    attention = (posts + 0.5) / (volume + 0.5 * typical)
    peak = attention.max(axis=1) if position.size else np.zeros(0)
    return Course(growth, corrected, attention[:, 0] / np.maximum(peak, 1e-12))


def stages(moved: Course, life: Integers, z: Floats) -> npt.NDArray[np.str_]:
    """Stage (n,) of each topic by the rules of this module; ``life`` in hours including the current one, ``z`` its strongest burst."""
    return np.select(
        [
            (moved.position < FAR_FROM_PEAK) & (moved.corrected_growth <= 1.0),
            (life <= EMERGING_HOURS) & (moved.position >= FAR_FROM_PEAK),
            moved.corrected_growth >= RISING_GROWTH,
            (moved.position >= NEAR_PEAK) & (z >= STILL_BURSTING),
        ],
        ["fading", "emerging", "rising", "peak"],
        default="steady",
    )
