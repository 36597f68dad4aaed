"""The weekly regret report from the lake: what closed cards were worth and what answers missed, by week, category and action.

What belongs here: which partitions are read, sums. What doesn't: what a card was worth (``lib/demand/regret.py``), showing it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from trend_assets.lake.lake import Lake
from trend_assets.lib.demand.regret import LONGEST_DAYS
from trend_assets.tables import TABLES

TABLE = TABLES["demand/card_regrets"]


@dataclass(frozen=True)
class Sum:
    """Closed cards of one action, category and week (its Monday). Money in the currency of the prices.

    ``earned``: what following the accepted ones was worth. ``others``: what following all others would have been worth, losses
    included; ``missed``: the gains among these, which nobody could have picked beforehand. ``snoozed``: what following when they came
    back would have been worth, of all. ``regret``: against the best answer.
    """

    week: date
    category: str
    action: str
    cards: int
    followed: int
    earned: float
    others: float
    missed: float
    snoozed: float
    regret: float


def sums(rows: Iterable[Mapping[str, Any]]) -> list[Sum]:
    """Rows of ``demand/card_regrets`` summed, the newest week and the most regret first."""
    groups: dict[tuple[date, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["week"], row["category"], row["action"]), []).append(row)
    made = [
        Sum(
            *key,
            cards=len(of),
            followed=sum(row["followed"] for row in of),
            earned=sum(row["earned_accepted"] for row in of if row["followed"]),
            others=sum(row["earned_accepted"] for row in of if not row["followed"]),
            missed=sum(max(row["earned_accepted"], 0.0) for row in of if not row["followed"]),
            snoozed=sum(row["earned_snoozed"] for row in of),
            regret=sum(row["regret"] for row in of),
        )
        for key, of in groups.items()
    ]
    return sorted(made, key=lambda one: (-one.week.toordinal(), -one.regret, one.category, one.action))


def regrets_of(lake: Lake, weeks: int, until: date | None = None) -> list[Sum]:
    """Sums of cards of the last ``weeks`` before ``until`` (by default the newest day with closed cards); empty where none is closed.

    Raises what the lake raises for partitions that cannot be read.
    """
    keys = [key for key in lake.partitions(TABLE) if until is None or key <= until.isoformat()]
    if not keys:
        return []
    first = date.fromisoformat(keys[-1]) - timedelta(weeks=weeks)
    oldest = (first - timedelta(days=7)).isoformat()
    rows = lake.read(TABLE, [key for key in keys if oldest <= key]).to_pylist()
    return sums(row for row in rows if row["card_day"] > first - timedelta(days=LONGEST_DAYS))
