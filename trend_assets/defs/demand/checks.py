"""Checks of the demand group: the blocking ones generated from the declarations, and warnings that need judgement.

What belongs here: checks of this group's assets. What doesn't: the audit (``lib/quality``), columns (``tables/``).
"""

from datetime import date, timedelta

import pyarrow.compute as pc

from trend_assets.declared import declared_checks, warning_check
from trend_assets.lake.lake import Lake
from trend_assets.lib.quality import signals
from trend_assets.partitions import day_key
from trend_assets.tables import TABLES

LEAST_JUDGED = 20
"""Trends of a week from which on it is odd that not one has a product."""

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


@warning_check("demand/unserved_trends", "links_complement", "Each raised trend of the last day is either linked or unserved.")
def links_complement(lake: Lake) -> signals.Signal:
    """Topics of the last day that are linked to a product and listed as unserved, or neither; none is expected."""
    days = lake.partitions(TABLES["demand/unserved_trends"])[-1:]
    links = lake.read(TABLES["demand/product_trend_links"], days, columns=["topic_id", "linked"])
    linked = set(links.filter(links["linked"])["topic_id"].to_pylist())
    unserved = set(lake.read(TABLES["demand/unserved_trends"], days, columns=["topic_id"])["topic_id"].to_pylist())
    judged = set(links["topic_id"].to_pylist())
    right = len(judged - (linked & unserved)) - len(judged - linked - unserved)
    return signals.coverage(right, len(judged), "judged trends are either linked or unserved", 1.0)


@warning_check("demand/unserved_trends", "unserved_share", "Not every trend of the last week is without a product.")
def unserved_share(lake: Lake) -> signals.Signal:
    """Share of the last seven days' judged trends with a product: none at all is a catalogue that is empty or in another language."""
    days = lake.partitions(TABLES["demand/product_trend_links"])[-7:]
    links = lake.read(TABLES["demand/product_trend_links"], days, columns=["topic_id", "linked"])
    judged = pc.count_distinct(links["topic_id"]).as_py()
    linked = pc.count_distinct(links.filter(links["linked"])["topic_id"]).as_py()
    message = f"{linked:,} of {judged:,} trends of the last {len(days)} days have a product"
    return signals.Signal(linked > 0 or judged < LEAST_JUDGED, message, {"linked": linked, "judged": judged})


@warning_check("demand/demand_forecasts", "forecasts_hold", "Of forecasts whose week is over, each quantile holds its share of the weeks.")
def forecasts_hold(lake: Lake) -> signals.Signal:
    """Coverage of the 80 % intervals and bias of the median, one week ahead, over the origins of the last four weeks that are over."""
    from trend_assets.lib.demand.forecast_checks import hold, judged

    ordered = lake.partitions(TABLES["retail/orders"])
    origins = [key for key in lake.partitions(TABLES["demand/demand_forecasts"]) if key in ordered[-35:-7]]
    forecasts = lake.read(TABLES["demand/demand_forecasts"], origins)
    orders, stock = (lake.read(TABLES[f"retail/{name}"], ordered[-35:]) for name in ("orders", "inventory"))
    return hold(judged(forecasts, orders, stock))


@warning_check("demand/segment_customers", "customers_of_orders", "Customers are no more than orders, and not suddenly few of them.")
def customers_of_orders(lake: Lake) -> signals.Signal:
    """Customers by order of each counted week of the last two months, the newest beside those before."""
    from trend_assets.lib.demand.segment_checks import customers_by_order, plausible

    counted, ordered = TABLES["demand/segment_customers"], TABLES["retail/orders"]
    weeks = [key for key in lake.partitions(counted) if date.fromisoformat(key).isoweekday() == 7][-9:]
    shares = {}
    for week in weeks:
        days = [day_key(date.fromisoformat(week) - timedelta(days=number)) for number in range(7)]
        orders = lake.read(ordered, [key for key in lake.partitions(ordered) if key in days])
        shares[week] = customers_by_order(lake.read(counted, [week]), orders, lake.read(TABLES["retail/products"], [week]))
    return plausible(shares)


@warning_check("demand/card_responses", "answers_have_cards", "Every answer of the last days belongs to a card that exists.")
def answers_have_cards(lake: Lake) -> signals.Signal:
    """Share of the newest answered days' answers whose card is (still) in the table of cards."""
    days = lake.partitions(TABLES["demand/card_responses"])[-7:]
    answers = pc.unique(lake.read(TABLES["demand/card_responses"], days, columns=["card_id"])["card_id"])
    cards = lake.read(TABLES["demand/decision_cards"], days, columns=["card_id"])["card_id"]
    found = pc.sum(pc.is_in(answers, value_set=pc.unique(cards))).as_py() or 0
    return signals.coverage(found, len(answers), "answered cards exist", 1.0)
