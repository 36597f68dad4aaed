"""The partitions of the project: hourly for social tables, daily for retail and demand, knowledge hours for ledgers.

What belongs here: the partition definitions and the conversion between keys and times. Nothing else defines partitions.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import dagster as dg

from trend_assets.settings import load_settings

HOUR_FORMAT = "%Y-%m-%d-%H:%M"
DAY_FORMAT = "%Y-%m-%d"

_settings = load_settings()
_first_day = _settings.lake_start.replace(hour=0)

# The hour and day under way are partitions too where the lake grows: records without a readable time land in them.
_open = 0 if _settings.lake_end else 1
hourly = dg.HourlyPartitionsDefinition(
    start_date=_first_day, end_date=_settings.lake_end, timezone="UTC", fmt=HOUR_FORMAT, end_offset=_open
)
daily = dg.DailyPartitionsDefinition(start_date=_first_day, end_date=_settings.lake_end, timezone="UTC", fmt=DAY_FORMAT, end_offset=_open)

knowledge_hours = dg.HourlyPartitionsDefinition(start_date=_first_day, timezone="UTC", fmt=HOUR_FORMAT, end_offset=1)
"""Hours in which something became known (``tables/ledgers.py``): what a lake of the past says is corrected today."""
_last_known = _settings.last_known
if _last_known is not None and _last_known > datetime.now(UTC):  # a lake of days to come is known when its schedules say
    knowledge_hours = dg.HourlyPartitionsDefinition(start_date=_first_day, end_date=_last_known, timezone="UTC", fmt=HOUR_FORMAT)


def hour_key(moment: datetime) -> str:
    """Key of the hourly partition that holds ``moment`` (aware)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d-%H:00")


def day_key(day: date) -> str:
    """Key of the daily partition of ``day``."""
    return day.strftime(DAY_FORMAT)


def day_keys(first: date, last: date) -> list[str]:
    """Keys of the daily partitions from ``first`` to ``last``, both included."""
    return [day_key(first + timedelta(days=number)) for number in range((last - first).days + 1)]


def hours_between(start: datetime, end: datetime) -> list[datetime]:
    """Starts of the hours in [start, end), both aware and on the hour."""
    return [start + timedelta(hours=n) for n in range(int((end - start) / timedelta(hours=1)))]


def hours_of(window: dg.TimeWindow) -> list[datetime]:
    """Starts of the hours in a run's time window, UTC."""
    return hours_between(window.start.astimezone(UTC), window.end.astimezone(UTC))


def days_of(window: dg.TimeWindow) -> list[date]:
    """Days in a run's time window, UTC."""
    start, end = window.start.astimezone(UTC).date(), window.end.astimezone(UTC).date()
    return [start + timedelta(days=n) for n in range((end - start).days)]


def end_of_hour(key: str) -> datetime:
    """End of the hourly partition ``key``, UTC."""
    return datetime.strptime(key, HOUR_FORMAT).replace(tzinfo=UTC) + timedelta(hours=1)
