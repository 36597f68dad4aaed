"""What every warehouse has in common: names, errors, what is published, the variables that dbt reads.

What belongs here: facts that do not depend on the engine. What doesn't: the interface (``warehouse/engine.py``), the engines
(``warehouse/duckdb_engine.py``, ``warehouse/bigquery_engine.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from trend_assets.tables import Column
from trend_assets.tables.models import PUBLISHED as TASK_TABLES

MODEL_SCHEMA = "warehouse"
PUBLISHED_MODELS = ("dim_", "fct_", "mart_")
"""Prefixes of the dbt models that the published file holds: the star schema and the summaries made from it."""

PUBLISHED_TABLES = (
    "social/landing_counts",
    "social/collection_gaps",
    "social/collection_costs",
    "social/term_counts",
    "topics/topic_hours",
    "topics/topic_events",
    "topics/trends",
    "topics/term_bursts",
    "topics/stress_tests",
    "influencers/coordinated_groups",
    "influencers/early_authors",
    "influencers/influencer_rankings",
    "retail/products",
    "retail/stores",
    "retail/inventory",
    "retail/orders",
    "retail/deliveries",
    "retail/promotions",
    "demand/product_trend_links",
    "demand/unserved_trends",
    "demand/trend_markets",
    "demand/segment_customers",
    "demand/demand_forecasts",
    "demand/decision_cards",
    "demand/card_regrets",
    "demand/sales_uplifts",
    "demand/lead_time_scores",
    *TASK_TABLES,
    "models/outcomes",
)
"""Lake tables that the published file holds under their own names. Post text and who-did-what-to-whom stay in the lake."""

PUBLISH_STEPS = ("started", "copied", "verified", "synced", "swapped")
"""Steps of a publication, in order; tests kill the publisher at each."""

FAILED_FIRST = "order by case when status = 'skipped' then 1 else 0 end, name"
"""Order of what did not succeed: what failed, then what was skipped because of it."""

_RELATION = re.compile(r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$")


class WarehouseMissingError(FileNotFoundError):
    """Nothing has been built or published yet; the message says by which command."""


class WarehouseBusyError(RuntimeError):
    """dbt has the working file open; try again when its run has ended."""


class NotPublishableError(RuntimeError):
    """dbt's tables are incomplete or their tests did not pass; nothing was published."""


@dataclass(frozen=True)
class Publication:
    """What was published: where (a file, or a release's name), rows of each ``schema.table``, size in bytes."""

    path: Path | str
    rows: dict[str, int]
    bytes: int


def column_comment(column: Column) -> str:
    """Description of a declared column with its unit, as documentation shows it and the published file stores it."""
    return f"{column.description} [{column.unit}]" if column.unit else column.description


def checked_relation(relation: str) -> str:
    """``schema.table`` of a name that may leave out the models' schema. Raises ``ValueError`` for what is no name."""
    if not _RELATION.match(relation):
        raise ValueError(f"not a table name: {relation!r}; expected schema.table in lower case")
    return relation if "." in relation else f"{MODEL_SCHEMA}.{relation}"


def dbt_variables(first_day: date | None = None, last_day: date | None = None) -> dict[str, str]:
    """Value of dbt's ``--vars`` for a run over a range of days, both included; without days, for a run over everything."""
    if (first_day is None) != (last_day is None):
        raise ValueError("give the first and the last day, or neither")
    return {"first_day": first_day.isoformat() if first_day else "", "last_day": last_day.isoformat() if last_day else ""}
