"""What others found out about a topic, as the ranking takes it: the stress test's grade and discount, the relevance's lane.

What belongs here: look-ups of such verdicts by hour and topic. What doesn't: how they are reached (``stress``, ``lib/relevance``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from trend_assets.lib.trends.history import hour_numbers

STRESS_COLUMNS = ("hour", "topic_id", "grade", "reason", "discount")
RELEVANCE_COLUMNS = ("hour", "topic_id", "lane", "lane_reason", "suppressed")


class Stress(NamedTuple):
    """The stress test of a topic in an hour. ``discount``: what is left of the score, 0 to 1; 0 suppresses with ``reason``."""

    grade: str | None
    reason: str | None
    discount: float


class Relevance(NamedTuple):
    """The lane of a topic in an hour, and whether it is suppressed for the reason given."""

    lane: str
    reason: str
    suppressed: bool


NOT_TESTED = Stress(None, None, 1.0)


class Verdicts:
    """Verdicts by hour and topic; topics without one are taken as they are."""

    def __init__(self, stress: pa.Table | None, relevance: pa.Table | None) -> None:
        """``stress``, ``relevance``: tables with at least the columns above, at most one row for a topic and hour.

        Raises ``ValueError`` where one has several, ``KeyError`` for a missing column.
        """
        self._stress = {
            key: Stress(grade, reason, min(max(1.0 if discount is None else float(discount), 0.0), 1.0))
            for key, (grade, reason, discount) in _by_topic("stress", stress, STRESS_COLUMNS).items()
        }
        self._relevance = {
            key: Relevance(lane, reason or "", bool(hidden))
            for key, (lane, reason, hidden) in _by_topic("relevance", relevance, RELEVANCE_COLUMNS).items()
        }

    def stress(self, hour: int, topics: Sequence[str]) -> list[Stress]:
        """The stress tests of topics in an hour."""
        return [self._stress.get((hour, topic), NOT_TESTED) for topic in topics]

    def relevance(self, hour: int, topics: Sequence[str]) -> list[Relevance | None]:
        """The lanes of topics in an hour, None where nobody decided."""
        return [self._relevance.get((hour, topic)) for topic in topics]


def _by_topic(name: str, table: pa.Table | None, columns: tuple[str, ...]) -> dict[tuple[int, str], tuple[Any, ...]]:
    if table is None or not table.num_rows:
        return {}
    values = [table[column].to_pylist() for column in columns[2:]]
    keys = list(zip(hour_numbers(table["hour"]).tolist(), table["topic_id"].to_pylist(), strict=True))
    result = dict(zip(keys, zip(*values, strict=True), strict=True))
    if len(result) < len(keys):
        raise ValueError(f"{name}: several rows of one topic and hour")
    return result
