"""Every table of the lake, declared once: ``TABLES["group/name"]``.

From these declarations are generated the audit before publication, the blocking asset checks, Dagster's column
metadata, dbt's sources and the reference page of the docs. What belongs here: the registry of declarations. What
doesn't: anything that reads or writes data.
"""

from __future__ import annotations

from trend_assets.tables import (
    collection,
    coordination,
    demand,
    forecasts,
    influencers,
    lead_time,
    ledgers,
    markets,
    media,
    models,
    monitoring,
    point_in_time,
    quality,
    regrets,
    retail,
    segments,
    social,
    topics,
)
from trend_assets.tables.declaration import Column, Table

_MODULES = (
    social,
    collection,
    topics,
    influencers,
    coordination,
    retail,
    demand,
    forecasts,
    lead_time,
    ledgers,
    markets,
    segments,
    regrets,
    models,
    monitoring,
    point_in_time,
    quality,
    media,
)
TABLES: dict[str, Table] = {table.path: table for module in _MODULES for table in module.TABLES}

__all__ = ["TABLES", "Column", "Table"]
