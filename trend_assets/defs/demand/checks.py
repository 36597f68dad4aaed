"""Checks of the demand group: the blocking ones generated from the declarations, and warnings that need judgement.

What belongs here: checks of this group's assets. What doesn't: the audit (``lib/quality``), columns (``tables/``).
"""

import pyarrow.compute as pc

from trend_assets.declared import declared_checks, warning_check
from trend_assets.lake.lake import Lake
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


@warning_check("demand/card_responses", "answers_have_cards", "Every answer of the last days belongs to a card that exists.")
def answers_have_cards(lake: Lake) -> signals.Signal:
    """Share of the newest answered days' answers whose card is (still) in the table of cards."""
    days = lake.partitions(TABLES["demand/card_responses"])[-7:]
    answers = pc.unique(lake.read(TABLES["demand/card_responses"], days, columns=["card_id"])["card_id"])
    cards = lake.read(TABLES["demand/decision_cards"], days, columns=["card_id"])["card_id"]
    found = pc.sum(pc.is_in(answers, value_set=pc.unique(cards))).as_py() or 0
    return signals.coverage(found, len(answers), "answered cards exist", 1.0)
