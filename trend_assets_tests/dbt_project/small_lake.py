"""A lake small enough to read: four days, two places, three products, three topics, every table that dbt reads.

What belongs here: the rows. The story: people talk about a red scarf that Paris is about to sell out of; a second topic
is talk about nothing we sell; a third is a bot wave that is suppressed. What doesn't: expectations (the tests).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from trend_assets.lake.lake import Lake
from trend_assets.tables import TABLES

DAYS = [date(2026, 9, 1) + timedelta(days=n) for n in range(4)]
PRODUCTS = [("scarf", "Red scarf", "Scarves", 25.0), ("hat", "Blue hat", "Hats", 15.0), ("mug", "White mug", "Kitchen", 8.0)]
STORES = [("paris", "Paris Centre", "store"), ("web", "Web shop", "web")]
TRENDING, LIFESTYLE, BOTS = "topic-scarf", "topic-weather", "topic-bots"
LANDING_FILE = "network=x/hour={hour}/01.jsonl.zst"

Rows = list[dict[str, Any]]


def _hours(day: date) -> list[datetime]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return [start + timedelta(hours=n) for n in range(24)]


def products(day: date) -> Rows:
    """The catalogue: the mug's supplier states no lead time."""
    return [
        {
            "day": day,
            "product_id": product,
            "product_name": name,
            "category": category,
            "unit_price": price,
            "unit_cost": price / 2,
            "lead_time_days": None if product == "mug" else 7,
            "minimum_order_quantity": 10,
            "data_origin": "simulated",
        }
        for product, name, category, price in PRODUCTS
    ]


def stores(day: date) -> Rows:
    """Two places, one of them in a region."""
    where = {"paris": {"region": "Île-de-France", "country": "FR"}}
    return [
        {"day": day, "store_id": store, "store_name": name, "channel": channel, "data_origin": "simulated", **where.get(store, {})}
        for store, name, channel in STORES
    ]


def orders(day: date) -> Rows:
    """Every day 4 scarves and 1 hat are sold in Paris; on the second day a scarf comes back and a sale is cancelled."""
    lines = [("scarf", "paris", "sale", 4), ("hat", "paris", "sale", 1)]
    if day == DAYS[1]:
        lines += [("scarf", "paris", "return", -1), ("hat", "web", "sale", 3), ("hat", "web", "cancellation", -3)]
    return [
        {
            "day": day,
            "order_id": f"{day}",
            "line": line,
            "ordered_at": datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
            "product_id": product,
            "store_id": store,
            "kind": kind,
            "quantity": quantity,
            "unit_price": 10.0,
            "currency": "EUR",
            "data_origin": "simulated",
        }
        for line, (product, store, kind, quantity) in enumerate(lines, start=1)
    ]


def inventory(day: date) -> Rows:
    """Stock that adds up, except one white mug lost on the third day without a booking."""
    n = DAYS.index(day)
    on_hand = {
        ("scarf", "paris"): 20 - 4 * (n + 1) + (1 if n >= 1 else 0),
        ("hat", "paris"): 30 - (n + 1),
        ("mug", "web"): 50 - (1 if n >= 2 else 0),
    }
    sold = {("scarf", "paris"): 4, ("hat", "paris"): 1, ("mug", "web"): 0}
    return [
        {
            "day": day,
            "product_id": product,
            "store_id": store,
            "on_hand": units,
            "reserved": 1 if product == "scarf" else 0,
            "received": 0,
            "sold": sold[product, store],
            "returned": 1 if (product, n) == ("scarf", 1) else 0,
            "adjusted": 0,
            "data_origin": "simulated",
        }
        for (product, store), units in on_hand.items()
    ]


def deliveries(day: date) -> Rows:
    """One open delivery of scarves to Paris, due on the 20th: in time only from the 13th on."""
    return [
        {
            "day": day,
            "delivery_id": "po-1",
            "product_id": "scarf",
            "store_id": "paris",
            "ordered_on": date(2026, 8, 30),
            "due_on": date(2026, 9, 20) if day < DAYS[3] else date(2026, 9, 10),
            "received_on": None,
            "quantity_ordered": 40,
            "quantity_received": 0,
            "data_origin": "simulated",
        }
    ]


def promotions(day: date) -> Rows:
    """Hats are promoted in Paris from the third day."""
    if day < DAYS[2]:
        return []
    return [
        {
            "day": day,
            "promotion_id": "autumn",
            "product_id": "hat",
            "store_id": "paris",
            "starts_on": DAYS[2],
            "ends_on": DAYS[3],
            "discount": 0.2,
            "data_origin": "simulated",
        }
    ]


def links(day: date) -> Rows:
    """The scarf trend is about the scarf; for the weather we abstain."""
    if day < DAYS[1]:
        return []
    common = {"day": day, "evidence_terms": ["scarf"], "evidence_posts": 5}
    linked = {"linked": True, "level": "product", "rank": 1, "score": 0.8, "methods": ["words"], "why": None}
    abstained = {"linked": False, "level": "none", "rank": 0, "score": 0.0, "methods": [], "why": "no_shared_words"}
    return [
        common | linked | {"topic_id": TRENDING, "product_id": "scarf", "category": "accessories", "reason": "named in 5 posts"},
        common | abstained | {"topic_id": LIFESTYLE, "product_id": None, "category": None, "reason": "no product named"},
    ]


def unserved(day: date) -> Rows:
    """The weather is what no product answers; the hat comes nearest."""
    if day < DAYS[1]:
        return []
    activity = {"hours_raised": 2, "first_raised_at": _hours(DAYS[1])[9], "posts": 40, "authors": 30, "language": "fr", "languages": ["fr"]}
    nearest = {"nearest_product_id": "hat", "nearest_similarity": 0.2, "nearest_product_ids": ["hat"], "nearest_similarities": [0.2]}
    trend = {"topic_id": LIFESTYLE, "label": "autumn weather", "lane": "lifestyle", "stage": "rising", "score": 4.0}
    why = {"why": "no_shared_words", "reason": "no product named", "category_score": 0.0, "nearest_methods": ["characters"]}
    return [{"day": day, "rank": 1} | trend | activity | why | nearest]


def trend_markets(day: date) -> Rows:
    """The scarf is spoken of in Paris, where it sells, and more each day in Belgium, where we have no place."""
    if day < DAYS[1]:
        return []
    common = {"day": day, "topic_id": TRENDING, "language": "fr"}
    growing = 5 * DAYS.index(day)
    return [
        common | {"region": "Île-de-France", "posts": 60, "authors": 50},
        common | {"region": "BE", "posts": growing, "authors": growing},
    ]


def lead_time_scores(day: date) -> Rows:
    """The scarf's trend was alerted before its sales rose."""
    if day < DAYS[1]:
        return []
    alerted = _hours(DAYS[0])[9]
    rise = {"region": "", "onset_on": day, "detected_on": day, "lead_days": 1.5, "units": 60.0, "expected_units": 20.0, "ratio": 3.0}
    names = {"topic_id": TRENDING, "label": "red scarf", "range_id": "scarf", "category": "accessories", "product_ids": ["scarf"]}
    score = {"day": day, "score_id": f"score-{day}", "method": "trends", "outcome": "hit", "reason": "sold 3 times as much"}
    return [score | names | rise | {"alerted_at": alerted, "open_until": day + timedelta(days=21), "data_origin": "simulated"}]


def segment_customers(day: date) -> Rows:
    """The week that ended with the first day: scarves in Paris, most of them to regular customers."""
    if day != DAYS[0]:
        return []
    common = {"day": day, "category": "accessories", "region": "Île-de-France", "data_origin": "simulated"}
    return [common | {"segment": "regular", "customers": 90}, common | {"segment": "new", "customers": 60}]


def cards(day: date) -> Rows:
    """One card a day: reorder the scarf for Paris."""
    if day < DAYS[1]:
        return []
    return [
        {
            "day": day,
            "card_id": f"card-{day}",
            "topic_id": TRENDING,
            "label": "red scarf",
            "product_id": "scarf",
            "product_name": "Red scarf",
            "store_id": "paris",
            "action": "reorder",
            "quantity": 40,
            "from_store_id": None,
            "from_surplus_units": None,
            "act_by": day,
            "days_of_cover": 2.0,
            "lead_time_days": 7,
            "daily_units": 4.0,
            "expected_daily_units": 8.0,
            "available_units": 8,
            "inbound_units": 0,
            "money_at_risk": 500.0,
            "money_if_false": 60.0,
            "confidence": 0.7,
            "horizon_days": 11,
            **{"demand_low": 40.0, "demand_median": 70.0, "demand_high": 110.0, "cover_low": 0.7, "cover_median": 1.2, "cover_high": 2.1},
            **{"next_due_on": None, "minimum_order_quantity": 40, "unit_price": 25.0, "unit_cost": 10.0, "link_score": 0.8},
            **{"growth_24h": 1.0, "trend_q_value": 0.01, "authors_24h": 40, "stress_grade": "A", "gap_share": 0.0, "price_change": None},
            **{"out_of_stock_days": 0, "stock_doubt": None, "evidence_names": ["robust"], "counter_evidence": ["simulated"]},
            "stage": "rising",
            "promotion": False,
            "data_origin": "simulated",
            "reason": "covers 2 of 7 days",
        }
    ]


def topic_hours(hour: datetime) -> Rows:
    """Constant talk about the weather; scarf and bots from the second day on."""
    topics = [(LIFESTYLE, 2)] + ([(TRENDING, 5), (BOTS, 9)] if hour.date() >= DAYS[1] else [])
    return [
        {
            "hour": hour,
            "topic_id": topic,
            "posts": posts,
            "reposts": 1,
            "authors": posts,
            "near_duplicate_groups": posts,
            "french_posts": 1,
            "english_posts": 1,
            "top_author_share": 0.5,
        }
        for topic, posts in topics
    ]


def sentiment_topic_hours(hour: datetime) -> Rows:
    """Ten people speak of the brand, six of them of the scarf; kindly, and in the evening one half of the ten not."""
    late = hour.hour >= 18
    told = [("all", "positive", 5 if late else 10, 10), *([("all", "negative", 5, 10)] if late else []), (TRENDING, "positive", 6, 6)]
    return [
        {"hour": hour, "topic_id": topic, "label": label, "posts": posts, "authors": authors, "share": posts / authors}
        for topic, label, posts, authors in told
    ]


def topic_events(hour: datetime) -> Rows:
    """The scarf topic is born at the start of the second day."""
    if hour != _hours(DAYS[1])[0]:
        return []
    return [{"hour": hour, "topic_id": TRENDING, "event": "birth", "evidence": "5 posts", "label": "red scarf"}]


def trends(hour: datetime) -> Rows:
    """From 10 to 12 on the last three days: the scarf, the weather, and the suppressed bots with the highest score."""
    if hour.date() < DAYS[1] or hour.hour not in (10, 11):
        return []
    told = [
        (BOTS, "free giveaway", "noise", True, 99.0),
        (TRENDING, "red scarf", "brand", False, 9.0 + hour.hour),
        (LIFESTYLE, "heavy rain", "lifestyle", False, 3.0),
    ]
    return [
        {
            "hour": hour,
            "rank": rank,
            "topic_id": topic,
            "label": label,
            "keywords": label.split(),
            "stage": "rising" if hour.hour == 11 else "emerging",
            "lane": lane,
            "suppressed": suppressed,
            "score": score,
            "burst_z": 6.0,
            "p_value": 0.001,
            "q_value": 0.01,
            "posts": 5,
            "expected_posts": 1.0,
            "authors": 5,
            "posts_24h": 50,
            "authors_24h": 50,
            "growth_6h": 2.0,
            "forecast_posts_6h": 20.0,
            "forecast_low_6h": 8,
            "forecast_high_6h": 40,
            "novel_term": label.split()[0],
            "novelty": 5.0,
            "grade": "A",
            "exemplar_posts": ["x:1"],
            "first_raised_at": hour,
            "reason": "five times its usual hour",
        }
        for rank, (topic, label, lane, suppressed, score) in enumerate(told, start=1)
    ]


def rankings(hour: datetime) -> Rows:
    """Two authors overall, one in the scarf topic."""
    if hour.date() < DAYS[1]:
        return []
    return [
        {
            "hour": hour,
            "scope": scope,
            "rank": rank,
            "author": author,
            "network": "x",
            "score": 10.0 / rank,
            "half_life_hours": 24.0,
            "rate": 0.3 / rank,
            "rate_low": 0.2 / rank,
            "rate_high": 0.5 / rank,
            **{f"count_{name}": 10.0 / rank for name in ("1h", "6h", "24h", "7d")},
            **{f"outlook_{name}": 1.0 / rank for name in ("1h", "6h", "24h")},
            "page_rank": 0.1 / rank,
            "interactions_24h": 10,
            "amplifiers_24h": 5,
            "reason": "reposted by 5",
        }
        for scope, rank, author in (("overall", 1, "a1"), ("overall", 2, "a2"), (TRENDING, 1, "a1"))
    ]


def stress_tests(hour: datetime) -> Rows:
    """The scarf is robust, the bots are not."""
    if hour.date() < DAYS[1]:
        return []
    told = [(TRENDING, "A", 40, 36, False), (BOTS, "D", 60, 3, True)]
    return [
        {
            "hour": hour,
            "topic_id": topic,
            "grade": grade,
            "posts": posts,
            "posts_left": left,
            "remaining_share": left / posts,
            "authors_left": left,
            "noise": noise,
            "discount": 0.0 if noise else 1.0,
            "reason": f"{left} of {posts} posts remain, by {left} authors",
        }
        for topic, grade, posts, left, noise in told
    ]


def coordinated_groups(hour: datetime) -> Rows:
    """Nine accounts behind the bots' topic."""
    if hour.date() < DAYS[1]:
        return []
    return [
        {
            "hour": hour,
            "group_id": "0123456789abcdef",
            "topic_id": BOTS,
            "accounts": 9,
            "acts": 57,
            "evidence_kinds": ["near-copies"],
            "topic_share": 0.95,
            "occasions": 6.0,
            "expected_occasions": 0.1,
            "synchrony": 0.8,
            "scripted_share": 1.0,
            "q_value": 1e-6,
            "verdict": "coordinated",
            "reason": "9 accounts coincided in near-copies on 6 occasions each (median of the pairs tied)",
        }
    ]


def early_authors(hour: datetime) -> Rows:
    """One author who was early on what grew."""
    if hour.date() < DAYS[1]:
        return []
    return [
        {
            "hour": hour,
            "rank": 1,
            "author": "a2",
            "network": "x",
            "early_topics": 5,
            "grown_topics": 4,
            "expected_grown_topics": 1.5,
            "foresight": 1.6,
            "foresight_low": 1.1,
            "foresight_high": 2.2,
            "reason": "early on four that grew",
        }
    ]


def _landed(hour: datetime) -> dict[str, Any]:
    return {"landing_file": LANDING_FILE.format(hour=f"{hour:%Y-%m-%dT%H}"), "request_id": "r1", "source": "x"}


def raw_posts(hour: datetime) -> Rows:
    """A post and a repost an hour."""
    return [
        _landed(hour)
        | {
            "post_id": f"{hour:%d%H}{line}",
            "network": "x",
            "author": f"a{line}",
            "created_at": hour,
            "kind": kind,
            "text": "a secret text",
            "hashtags": [],
            "mentions": [],
            "urls": [],
            "media": [],
            "matching_rules": [],
            "captured_at": hour,
            "landing_line": line,
            "licence_class": "simulated",
        }
        for line, kind in enumerate(("post", "repost"))
    ]


def quarantined_posts(hour: datetime) -> Rows:
    """One broken record, at noon of the first day."""
    if hour != _hours(DAYS[0])[12]:
        return []
    return [
        _landed(hour)
        | {
            "hour": hour,
            "network": "x",
            "reason": "not_json",
            "detail": "ends early",
            "original": b"{",
            "received_at": hour,
            "landing_line": 2,
        }
    ]


def deletions(hour: datetime) -> Rows:
    """One notice, at noon of the second day."""
    if hour != _hours(DAYS[1])[12]:
        return []
    return [
        _landed(hour)
        | {"hour": hour, "network": "x", "subject_kind": "post", "subject": "1", "action": "delete", "deleted_at": hour, "landing_line": 2}
    ]


def landing_counts(hour: datetime) -> Rows:
    """The accounting of exactly those records, and two duplicates that leave no row."""
    counts = [("post", "", 1), ("repost", "", 1), ("duplicate", "", 2)]
    counts += [("quarantined", "not_json", 1)] if quarantined_posts(hour) else []
    counts += [("deletion", "post", 1)] if deletions(hour) else []
    return [_landed(hour) | {"hour": hour, "outcome": outcome, "detail": detail, "records": records} for outcome, detail, records in counts]


def collection_gaps(day: date) -> Rows:
    """On the second day nobody collected for ten minutes; an hour later these posts had been fetched after all."""
    if day != DAYS[1]:
        return []
    begin = _hours(day)[9]
    gap = {"gap_id": "0123456789abcdef", "source": "x", "network": "x", "begins_at": begin, "ends_at": begin + timedelta(minutes=10)}
    gap |= {"reason": "downtime", "detail": "no collector ran", "noticed_by": "collector"}
    recorded = [begin + timedelta(minutes=10), begin + timedelta(minutes=70)]
    return [gap | {"recorded_at": moment, "backfilled_at": filled} for moment, filled in zip(recorded, (None, recorded[1]), strict=True)]


def collection_costs(day: date) -> Rows:
    """Each day a count of scarves, and a sample of their posts."""
    bought = {"bought_at": _hours(day)[8], "source": "x", "rule": "scarves", "topic_id": TRENDING, "prices_of": DAYS[0], "charged_users": 0}
    counts = {"entry_id": f"{day}-counts", "request_kind": "counts_recent", "requests": 1, "posts": 0, "charged_posts": 0, "cost": 0.005}
    sample = {"entry_id": f"{day}-sample", "request_kind": "search_recent", "requests": 2, "posts": 20, "charged_posts": 19, "cost": 0.095}
    return [bought | counts, bought | sample]


def term_counts(hour: datetime) -> Rows:
    """Scarves are counted every hour, at noon of the third day much more often than ever."""
    interval = {"begins_at": hour - timedelta(hours=1), "ends_at": hour, "counted_at": hour + timedelta(minutes=2)}
    named = {"hour": hour, "network": "x", "source": "x", "term": "scarves", "query": "scarf OR echarpe", "topic_id": TRENDING}
    posts = 400 if hour == _hours(DAYS[2])[12] else 20 + hour.hour
    return [named | interval | {"posts": posts, "landing_file": LANDING_FILE.format(hour=f"{hour:%Y-%m-%dT%H}"), "landing_line": 9}]


def term_bursts(hour: datetime) -> Rows:
    """What is made of those counts."""
    counted = term_counts(hour)[0]
    out = counted["posts"] > 100
    judged = {"expected_posts": 30.0, "z": 9.0 if out else 0.1, "p_value": 1e-9 if out else 0.4, "alarms_per_day": 0.001 if out else 4.0}
    same = {name: counted[name] for name in ("hour", "network", "term", "query", "topic_id", "begins_at", "posts")}
    return [same | judged | {"past_hours": 100, "breaks_out": out, "reason": "in words"}]


DAILY = {
    "social/collection_gaps": collection_gaps,
    "social/collection_costs": collection_costs,
    "retail/products": products,
    "retail/stores": stores,
    "retail/orders": orders,
    "retail/inventory": inventory,
    "retail/deliveries": deliveries,
    "retail/promotions": promotions,
    "demand/product_trend_links": links,
    "demand/unserved_trends": unserved,
    "demand/trend_markets": trend_markets,
    "demand/lead_time_scores": lead_time_scores,
    "demand/segment_customers": segment_customers,
    "demand/decision_cards": cards,
}
HOURLY = {
    "social/term_counts": term_counts,
    "topics/term_bursts": term_bursts,
    "topics/topic_hours": topic_hours,
    "topics/topic_events": topic_events,
    "topics/trends": trends,
    "topics/stress_tests": stress_tests,
    "influencers/coordinated_groups": coordinated_groups,
    "influencers/early_authors": early_authors,
    "influencers/influencer_rankings": rankings,
    "sentiment/topic_hours": sentiment_topic_hours,
    "social/raw_posts": raw_posts,
    "social/quarantined_posts": quarantined_posts,
    "social/deletions": deletions,
    "social/landing_counts": landing_counts,
}


def partitions(days: list[date]) -> Iterator[tuple[str, str, Rows]]:
    """Table, partition key and rows of every partition that has any."""
    for day in days:
        for table, rows in DAILY.items():
            yield table, day.isoformat(), rows(day)
        for hour in _hours(day):
            for table, rows_of_hour in HOURLY.items():
                yield table, f"{hour:%Y-%m-%d-%H:00}", rows_of_hour(hour)


def publish_small_lake(root: Path, days: list[date] = DAYS) -> Lake:
    """Publish the whole story into a lake at ``root``."""
    lake = Lake(str(root))
    found: dict[str, dict[str, Any]] = {}
    for table, key, rows in partitions(days):
        if rows:
            found.setdefault(table, {})[key] = TABLES[table].from_rows(rows)
    for table, parts in found.items():
        lake.publish(TABLES[table], parts)
    return lake
