"""Which days of retail tables are due.

What belongs here: the rule, as a function of what was made, what has landed and a clock that is given. What doesn't: hours and
daily tables (``sealing.py``), reading the tables (``retail/``).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trend_assets.operations.sealing import DAY, Due, Landed, day_of, first_range, last_closed_day
from trend_assets.partitions import day_key

if TYPE_CHECKING:
    from trend_assets.settings import Settings

RATES_LOOK_BACK = timedelta(days=14)
"""Retail tables start this long before the first sealed day: sales rates look back so far."""


def retail_due(
    settings: Settings, landed: Landed | None, sealed: tuple[datetime, datetime] | None, made: Collection[str], now: datetime
) -> Due:
    """Closed days without retail tables, from two weeks before the first sealed day; made: keys of ``retail/products``.

    Before the first hour is sealed it is not known from when on they are needed; where nothing lands at all, from yesterday on.
    """
    if settings.retail_mapping is None:
        return Due(None, "no retail mapping is set (TREND_ASSETS_RETAIL_MAPPING; docs/your-own-data.md)")
    if sealed is None and landed is not None:
        return Due(None, "no hour is sealed yet: retail tables start two weeks before the first sealed day")
    last = last_closed_day(settings, landed, sealed, now)
    first = sealed[0].date() - RATES_LOOK_BACK if sealed else min([day_of(key) for key in made] + [last])
    first = max(first, settings.lake_start.date())
    days = [day_key(first + number * DAY) for number in range((last - first).days + 1)]
    return first_range([day for day in days if day not in made], "every closed day has its retail tables")
