"""When people post: the hours of a day, the days of a week, and what they talk about at which hour.

What belongs here: rhythms of everyday life and sampling of times from them. What doesn't: who posts (``authors.py``).
Hours are local; a zone is given by its hours ahead of UTC in September.
"""

from __future__ import annotations

import numpy as np

from trend_assets.lib.simulation.planted import PlantedTrend
from trend_assets.lib.simulation.town import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, TownParameters, stream

ZONES = (2, 1, -4)
"""Hours ahead of UTC: France, Great Britain, the east of North America."""

_HOURS = np.array([1.6, 0.9, 0.5, 0.3, 0.3, 0.6, 1.6, 3.2, 4.4, 4.3, 4.1, 4.3, 5.2, 5.0, 4.3, 4.1, 4.3, 5.0, 5.8, 6.2, 6.6, 6.6, 5.4, 3.4])
_WEEKEND_HOURS = np.roll(_HOURS, 1) * 0.7 + _HOURS.mean() * 0.3
_WEEKDAYS = np.array([1.0, 1.0, 1.02, 1.03, 1.05, 0.92, 1.08])

TOPICS = (
    "coffee", "weather", "commute", "lunch", "cooking", "football", "series", "music", "work", "sleep", "pets", "gym", "kids",
    "gaming", "books", "outings", "tech", "admin", "wardrobe",
)  # fmt: skip
BACKGROUND = TOPICS.index("wardrobe")
"""The topic that mentions kinds of products without any trend."""

# (usual weight, hours at which it peaks, factor at the peak, factor at the weekend)
_TOPIC_RHYTHM: dict[str, tuple[float, tuple[int, ...], float, float]] = {
    "coffee": (0.8, (6, 7, 8, 9, 10), 5.0, 1.0),
    "weather": (1.0, (7, 8, 17, 18), 1.6, 1.1),
    "commute": (0.7, (7, 8, 9, 17, 18, 19), 4.0, 0.3),
    "lunch": (0.6, (11, 12, 13), 7.0, 0.9),
    "cooking": (0.7, (17, 18, 19, 20), 3.0, 1.5),
    "football": (1.0, (15, 16, 19, 20, 21), 2.0, 2.4),
    "series": (1.0, (20, 21, 22, 23), 3.0, 1.2),
    "music": (0.9, (19, 20, 21, 22), 1.4, 1.2),
    "work": (1.1, (9, 10, 11, 14, 15, 16), 2.2, 0.3),
    "sleep": (0.5, (23, 0, 1, 2, 3, 4), 6.0, 0.9),
    "pets": (0.9, (8, 18), 1.2, 1.2),
    "gym": (0.6, (6, 7, 18, 19), 2.5, 1.2),
    "kids": (0.8, (7, 8, 19, 20), 2.5, 1.1),
    "gaming": (0.7, (20, 21, 22, 23, 0), 2.5, 1.5),
    "books": (0.5, (20, 21, 22), 1.8, 1.3),
    "outings": (0.6, (10, 11, 14, 15), 1.5, 3.0),
    "tech": (0.7, (10, 15), 1.3, 0.8),
    "admin": (0.6, (9, 10, 11, 14), 1.8, 0.4),
    "wardrobe": (0.0, (), 1.0, 1.0),
}
COMMUNITIES = (
    "fashion",
    "home",
    "food",
    "music",
    "football",
    "series",
    "tech",
    "gym",
    "kids",
    "books",
    "outings",
    "weather",
    "commute",
    "gaming",
)
_COMMUNITY_TOPICS: dict[str, tuple[str, ...]] = {
    "fashion": ("coffee", "series"),
    "home": ("cooking", "pets"),
    "food": ("cooking", "lunch", "coffee"),
}


def hour_weights(local_hours: np.ndarray, weekend: np.ndarray) -> np.ndarray:
    """Relative activity at local hours (0 to 23), by whether it is a weekend."""
    return np.where(weekend, _WEEKEND_HOURS[local_hours], _HOURS[local_hours])


def is_weekend(microseconds: np.ndarray) -> np.ndarray:
    """Whether the UTC day of each time (microseconds since 1970) is a Saturday or Sunday; 1970 began on a Thursday."""
    return (microseconds // MICROSECONDS_PER_DAY + 3) % 7 >= 5


def day_weights(parameters: TownParameters) -> np.ndarray:
    """Relative volume of each day: the weekday and some noise of its own; sums to 1."""
    first = (parameters.start_microseconds // MICROSECONDS_PER_DAY + 3) % 7
    noise = stream(parameters, "days").normal(0.0, 0.03, parameters.days)
    weights = _WEEKDAYS[(first + np.arange(parameters.days)) % 7] * np.exp(noise)
    return weights / weights.sum()


def topic_distribution() -> np.ndarray:
    """Cumulative chance of each everyday topic, shape (communities, 24 local hours, weekday or weekend, topics)."""
    weights = np.zeros((len(COMMUNITIES), 24, 2, len(TOPICS)))
    for topic_index, topic in enumerate(TOPICS):
        usual, peaks, factor, weekend_factor = _TOPIC_RHYTHM[topic]
        hourly = np.full(24, usual)
        hourly[list(peaks)] *= factor
        weights[:, :, 0, topic_index] = hourly
        weights[:, :, 1, topic_index] = hourly * weekend_factor
        for community_index, community in enumerate(COMMUNITIES):
            if topic in _COMMUNITY_TOPICS.get(community, (community,)):
                weights[community_index, :, :, topic_index] *= 5.0
    return np.cumsum(weights / weights.sum(axis=3, keepdims=True), axis=3)


def chatter_times(parameters: TownParameters, day: int, count: int, zone_shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times (microseconds since 1970) and zones (index into ``ZONES``) of a day's chatter, unsorted."""
    rng = stream(parameters, "chatter times", day)
    day_start = parameters.start_microseconds + day * MICROSECONDS_PER_DAY
    weekend = is_weekend(np.full(24, day_start))
    weights = np.stack(
        [share * hour_weights((np.arange(24) + ahead) % 24, weekend) for ahead, share in zip(ZONES, zone_shares, strict=True)]
    )
    cells = rng.choice(weights.size, size=count, p=(weights / weights.sum()).ravel())
    times = day_start + (cells % 24) * MICROSECONDS_PER_HOUR + rng.integers(0, MICROSECONDS_PER_HOUR, count)
    return times, cells // 24


def trend_times(parameters: TownParameters, trend: PlantedTrend, count: int) -> np.ndarray:
    """Sorted times of a trend's posts over the whole simulation: its course times the rhythm of the day.

    Bots don't sleep: they post in bursts of a few minutes.
    """
    rng = stream(parameters, "trend times", trend.trend_id)
    start = parameters.start_microseconds
    if trend.kind == "bots":
        bursts = start + ((trend.starts + (trend.ends - trend.starts) * rng.random(5)) * MICROSECONDS_PER_DAY).astype(np.int64)
        times = bursts[rng.integers(0, 5, count)] + (rng.normal(0.0, 100.0, count) * 1e6).astype(np.int64)
    else:
        quarters = np.arange(parameters.days * 96)
        local = (quarters // 4 + 1) % 24
        weights = trend.course((quarters + 0.5) / 96) * hour_weights(local, is_weekend(start + quarters * (MICROSECONDS_PER_HOUR // 4)))
        if weights.sum() == 0:
            return np.empty(0, np.int64)
        cells = rng.choice(len(quarters), size=count, p=weights / weights.sum())
        times = start + cells * (MICROSECONDS_PER_HOUR // 4) + rng.integers(0, MICROSECONDS_PER_HOUR // 4, count)
    inside = (times >= start) & (times < start + parameters.days * MICROSECONDS_PER_DAY)
    return np.sort(times[inside])
