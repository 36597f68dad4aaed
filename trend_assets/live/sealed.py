"""Up to where the lake is sealed, as its manifests alone say it: the live lane asks every second, and Dagster's record is far away.

What belongs here: the mark that sealing leaves on each hour, and reading it. What doesn't: which hours are due (``operations/sealing.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trend_assets.lake.lake import Lake
from trend_assets.lib.live.hours import HOUR, LONGEST_LAG, start_of_hour
from trend_assets.operations.automation import SEALED_TABLES
from trend_assets.partitions import end_of_hour, hour_key
from trend_assets.tables import TABLES

REGISTRY = "topics/topics"
READ = ("social/clean_posts", REGISTRY, "topics/topic_assignments", "topics/topic_hours", "influencers/interactions", *SEALED_TABLES)
"""Sealed tables that the live lane starts from. Sealing publishes them one after the other, the registry early, SEALED_TABLES last."""


def registries_of(lake: Lake, keys: Sequence[str]) -> dict[str, dict[str, str]]:
    """What each hour of a table in which sealing ends records as consumed: the registry of the hour.

    A partition that consumed something is published also without rows: so an hour without trends has its mark too.
    """
    manifests = lake.manifests(TABLES[REGISTRY], keys)
    return {key: {REGISTRY: manifest.data_version} for key, manifest in manifests.items() if manifest is not None}


def versions_read(lake: Lake, hour: datetime) -> list[str]:
    """Version of each table that is read, at the newest sealed hour: sealing it once more changes them."""
    manifests = (lake.manifest(TABLES[path], hour_key(hour)) for path in READ)
    return [manifest.data_version if manifest is not None else "" for manifest in manifests]


def sealed_until(lake: Lake, now: datetime) -> datetime | None:
    """Start of the newest sealed hour: the newest that has a registry and every table in which sealing ends.

    Recent hours are looked up one by one; all partitions are listed only where sealing is far behind.
    """
    tables = [TABLES[path] for path in (REGISTRY, *SEALED_TABLES)]
    for back in range(LONGEST_LAG // HOUR + 1):
        hour = start_of_hour(now) - back * HOUR
        if all(lake.manifest(table, hour_key(hour)) is not None for table in tables):
            return hour
    keys = set.intersection(*(set(lake.partitions(table)) for table in tables))
    return end_of_hour(max(keys)) - HOUR if keys else None
