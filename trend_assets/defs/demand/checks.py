"""Checks of the demand group: the blocking ones generated from the declarations, and warnings that need judgement.

What belongs here: checks of this group's assets. What doesn't: the audit (``lib/quality``), columns (``tables/``).
"""

import pyarrow.compute as pc

from trend_assets.declared import declared_checks, warning_check
from trend_assets.lake import Lake
from trend_assets.lib.quality import signals
from trend_assets.tables import TABLES

audits = [declared_checks(path) for path, table in TABLES.items() if table.group == "demand"]


@warning_check("demand/product_trend_links", "join_coverage", "Every raised trend of the last day is linked or abstained from.")
def link_coverage(lake: Lake) -> signals.Signal:
    """Share of the last day's raised topics with a row, linked or not."""
    days = lake.partitions(TABLES["demand/product_trend_links"])[-1:]
    links = lake.read(TABLES["demand/product_trend_links"], days, columns=["topic_id"])
    hours = [key for key in lake.partitions(TABLES["topics/trends"]) if days and key.startswith(days[0])]
    trends = lake.read(TABLES["topics/trends"], hours, columns=["topic_id", "suppressed"])
    raised = pc.unique(trends.filter(pc.invert(trends["suppressed"]))["topic_id"])
    found = pc.sum(pc.is_in(raised, value_set=pc.unique(links["topic_id"]))).as_py() or 0
    return signals.coverage(found, len(raised), "raised trends are linked or abstained from", 1.0)
