"""Which days of retail tables are due.

What belongs here: the rule, as a function of what was made, what has landed and a clock that is given. What doesn't: hours and
daily tables (``sealing.py``), what the tables are made from (``retail/sources.py``), reading them (``retail/``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from trend_assets.lib.retail.extracts import LATE_DAYS
from trend_assets.lib.retail.shape import MappingError
from trend_assets.operations.sealing import DAY, RETAIL, Due, Landed, day_of, first_range, last_closed_day
from trend_assets.partitions import day_key

if TYPE_CHECKING:
    import dagster as dg

    from trend_assets.settings import Settings

RATES_LOOK_BACK = timedelta(days=14)
"""Retail tables start this long before the first sealed day: sales rates look back so far."""
READ_AFTER = timedelta(hours=3)
"""How long after a day's end it is first read: by then its exports are usually written and its transactions committed."""
SOURCES = "sources"
"""Metadata of a day of retail tables: what it was made from, in a word for each table."""


def looked_back_from(now: datetime) -> date:
    """The first day that is made again by itself when what it was made from changes."""
    return (now.astimezone(UTC) - READ_AFTER).date() - timedelta(days=LATE_DAYS + 1)


def retail_due(
    settings: Settings,
    landed: Landed | None,
    sealed: tuple[datetime, datetime] | None,
    made: Collection[str],
    now: datetime,
    changed: Callable[[], Collection[str]] = tuple,
) -> Due:
    """Closed days without retail tables, from two weeks before the first sealed day; else those made of what has changed since.

    ``made``: keys of ``retail/products``; ``changed``: tells those of the last two weeks whose sources changed, asked only where
    no day is missing. A day is closed ``READ_AFTER`` its end in the time zone of each table. Before the first hour is sealed it is
    not known from when on days are needed; where nothing lands at all, from yesterday on.
    """
    if settings.retail_mapping is None:
        return Due(None, "no retail mapping is set (TREND_ASSETS_RETAIL_MAPPING; docs/your-own-data.md)")
    if sealed is None and landed is not None:
        return Due(None, "no hour is sealed yet: retail tables start two weeks before the first sealed day")
    last = min(last_closed_day(settings, landed, sealed, now), _ended_day(settings, now))
    first = sealed[0].date() - RATES_LOOK_BACK if sealed else min([day_of(key) for key in made] + [last])
    first = max(first, settings.lake_start.date())
    days = [day_key(first + number * DAY) for number in range((last - first).days + 1)]
    if missing := [day for day in days if day not in made]:
        return first_range(missing, "")
    try:
        again = set(changed())
    except MappingError as error:
        return Due(None, f"every closed day has its retail tables; whether one changed since is not known: {error}")
    return first_range([day for day in days if day in again], "every closed day has its retail tables")


def days_of_changed_sources(settings: Settings, instance: dg.DagsterInstance, made: Mapping[str, int], now: datetime) -> list[str]:
    """Keys of days made of what has changed since, or before they had ended; made: newest record of ``retail/products`` by key.

    Raises ``MappingError`` where the sources cannot be found. Days whose record does not say what they were made from are left out.
    """
    import dagster as dg

    from trend_assets.retail.sources import changed_days

    since = day_key(looked_back_from(now))
    recent = [number for key, number in made.items() if key >= since]
    if settings.retail_mapping is None or not recent:
        return []
    wanted = dg.AssetRecordsFilter(dg.AssetKey(RETAIL.split("/")), storage_ids=recent)
    made_from = {}
    for record in instance.fetch_materializations(wanted, limit=len(recent)).records:
        said = record.asset_materialization.metadata.get(SOURCES) if record.asset_materialization else None
        if isinstance(said, dg.JsonMetadataValue) and isinstance(said.data, dict) and record.partition_key:
            made_from[day_of(record.partition_key)] = {str(name): str(word) for name, word in said.data.items()}
    return [day_key(day) for day in changed_days(settings.retail_mapping, made_from, now)]


def _ended_day(settings: Settings, now: datetime) -> date:
    """The newest day that may be read: it has ended everywhere, and some time ago."""
    from trend_assets.retail.files import load_mapping
    from trend_assets.retail.sources import ended_day

    try:
        return ended_day(load_mapping(settings.retail_mapping), now - READ_AFTER) if settings.retail_mapping else date.max
    except MappingError:  # the run says what is wrong with the mapping
        return (now.astimezone(UTC) - READ_AFTER).date() - DAY
