"""Which catalogue an hour is judged by: the newest that was certainly there when the hour was sealed.

What belongs here: choosing and reading the day of ``retail/products``. What doesn't: what the words of a catalogue mean
(``lib/relevance/lexicon``).

A day's retail tables are read in the night after it, hours are sealed all the time: the catalogue of yesterday is there for some hours of
a day and not for others. That of the day before yesterday is there for all, so an hour made again gets the same one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pyarrow as pa

from trend_assets.lake.lake import Lake
from trend_assets.partitions import day_key
from trend_assets.tables import TABLES

NEWEST, OLDEST = timedelta(days=2), timedelta(days=9)
"""Days before an hour's day whose catalogue may be used: the newest that is there."""
COLUMNS = ["product_name", "product_name_fr", "category", "product_type"]


def catalogues(lake: Lake, hours: Iterable[datetime]) -> dict[datetime, pa.Table]:
    """The catalogue of each day (start, aware) that holds one of ``hours``; days without one are left out."""
    table, found = TABLES["retail/products"], {}
    for day in sorted({hour.replace(hour=0, minute=0, second=0, microsecond=0) for hour in hours}):
        keys = [day_key((day - NEWEST - timedelta(days=back)).date()) for back in range((OLDEST - NEWEST).days + 1)]
        manifests = lake.manifests(table, keys)
        newest = next((key for key in keys if manifests.get(key) is not None), None)
        if newest is not None:
            found[day] = lake.read(table, [newest], columns=COLUMNS)
    return found
