"""Which upstream columns each declared column is made from.

What belongs here: what cannot be derived, that is columns whose name or meaning changes on the way, and the rule for the
rest: a column comes from the columns of the same name in the tables its asset depends on. What doesn't: dependencies between
assets (``defs/``) and how the lineage is shown (``presentation.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trend_assets.tables import TABLES, Table
from trend_assets.tables.forecasts import FEATURES
from trend_assets.tables.models import IMAGE_TASKS, TASKS

LANDING = "social/landing"
LANDING_COLUMNS = {
    "source": ("string", "Connector that brought the record"),
    "received_at": ("timestamp", "When we received the record (UTC)"),
    "request_id": ("string", "The request, stream connection or input file that brought it"),
    "kind": ("string", "What the connector saw: post, stream, error, event, status, row"),
    "body": ("JSON, or base 64 as body_base64", "The record exactly as received"),
    "includes": ("object", "What the record refers to: author, media, quoted posts"),
}
"""Fields of a line of a landing file: the start of every column's lineage. The format is ``lib/sources/landing_file``'s."""

Sources = Mapping[str, tuple[str, ...]]
_MADE_HERE: tuple[str, ...] = ()


def _each(columns: str, *sources: str) -> dict[str, tuple[str, ...]]:
    """The columns named in ``columns`` (separated by spaces), each made from ``sources``."""
    return dict.fromkeys(columns.split(), sources)


_BODY, _INCLUDES, _RECEIVED = f"{LANDING}.body", f"{LANDING}.includes", f"{LANDING}.received_at"
_RAW, _CLEAN, _ASSIGNED, _TOPICS = "social/raw_posts", "social/clean_posts", "topics/topic_assignments", "topics/topics"
_HOURS, _ACTS, _STOCK, _TRENDS = "topics/topic_hours", "influencers/interactions", "warehouse/int_trend_product_stock", "topics/trends"
_WORDS = (f"{_CLEAN}.lemmas", f"{_CLEAN}.hashtags")
_TARGETS = tuple(f"{_CLEAN}.{name}" for name in ("reposted_author", "quoted_author", "in_reply_to_author", "mentions"))
_DECAYED = (f"{_ACTS}.target_author", f"{_ACTS}.source_author", f"{_ACTS}.created_at")
_EARLY = "influencers/early_posts"
_COUNTED = "social/term_counts"
_GREW = (f"{_EARLY}.created_at", f"{_EARLY}.arrival", f"{_HOURS}.authors")
_TOGETHER = tuple(
    f"{_CLEAN}.{name}" for name in ("author", "created_at", "tokens", "near_duplicate_key", "urls", "reposted_post", "hashtags")
)
_DISCOUNT = "topics/stress_tests.discount"
_LINKED = (*_WORDS, f"{_CLEAN}.tokens", "retail/products.product_name", "retail/products.product_name_fr")
_COVER = tuple(f"{_STOCK}.{name}" for name in ("available_units", "inbound_units", "next_due_on", "usual_daily_units", "daily_units"))
_UPLIFT = tuple(f"{_STOCK}.{name}" for name in ("link_score", "growth_24h", "recent_daily_units", "usual_daily_units", "daily_units"))
_DOUBTS = tuple(f"{_STOCK}.{name}" for name in ("trend_q_value", "stress_grade", "promotion"))
_SUPPLIER = tuple(f"{_STOCK}.{name}" for name in ("lead_time_days", "minimum_order_quantity", "unit_price", "unit_cost"))
_SOLD = ("retail/orders.quantity", "retail/inventory.on_hand", "retail/promotions.discount", "retail/products.unit_price")
_SAME_AS_CARD = "card_id topic_id label product_id product_name store_id action quantity data_origin"
_CARDS, _INVENTORY = "demand/decision_cards", "retail/inventory"
_LINKS, _UPLIFTS = "demand/product_trend_links", "demand/sales_uplifts"
_JUDGED = (f"{_TRENDS}.hour", f"{_LINKS}.product_id", f"{_UPLIFTS}.uplift", f"{_UPLIFTS}.onset_on")
_SAME_IN_STOCK = (
    "day topic_id label product_id product_name store_id lead_time_days available_units inbound_units stage promotion data_origin "
    "next_due_on minimum_order_quantity unit_price unit_cost link_score growth_24h trend_q_value authors_24h stress_grade "
    "price_change out_of_stock_days"
)
_ORDERED = ("retail/orders.quantity", "retail/orders.kind")
_SOURCES_OF_FEATURES: Sources = {
    "category_": (*_ORDERED, "retail/products.category"),
    "price": ("retail/orders.unit_price", "retail/products.unit_price"),
    "promotion": ("retail/promotions.starts_on", "retail/promotions.ends_on"),
    "discount": ("retail/promotions.discount",),
    "weeks_of_stock": ("retail/inventory.on_hand", *_ORDERED),
    "out_of_stock": ("retail/inventory.on_hand", *_ORDERED),
    "units_when_in_stock": ("retail/inventory.on_hand", *_ORDERED),
    "posts_": ("demand/product_trend_links.evidence_posts",),
    "trend_": ("demand/product_trend_links.score",),
}
"""By how the feature's name begins; the others come from what was ordered."""
_FEATURES: Sources = {
    name: next((sources for start, sources in _SOURCES_OF_FEATURES.items() if name.startswith(start)), _ORDERED) for name in FEATURES
}
_LEARNED_FROM = ("demand/demand_features.scale", *_ORDERED, "retail/inventory.on_hand", "retail/stores.country")
_FORECASTS = {
    **_each("units units_low units_high", *_LEARNED_FROM),
    **_each("horizon starts_on ends_on trained_until", "demand/demand_features.day"),
    **_each("step method", *_MADE_HERE),
}


def _of_task(task: str) -> dict[str, Sources]:
    """Tables of a task. Which features a model sees is its own matter; all come from the posts' text unless it says otherwise."""
    labelled, said = f"{task}/training_set", f"{task}/predictions"
    return {
        labelled: {"split": (f"{_CLEAN}.created_at", f"{_CLEAN}.author", f"{_CLEAN}.near_duplicate_key")},
        f"{task}/evaluation": {
            **_each("subject model_version", *_MADE_HERE),
            **_each("metric value", f"{labelled}.label", f"{labelled}.split"),
            "examples": (f"{labelled}.split",),
        },
        said: _each("label probability", f"{_CLEAN}.clean_text"),
        f"{task}/topic_hours": {
            "hour": (f"{said}.created_at",),
            "label": (f"{said}.label", f"{_CLEAN}.author"),
            **_each("posts share", f"{said}.label"),
            "authors": (f"{_CLEAN}.author",),
        },
    }


RENAMED: dict[str, Sources] = {
    _RAW: {
        **_each(
            "post_id network created_at kind text language_hint hashtags mentions urls in_reply_to_post in_reply_to_author reposted_post "
            "reposted_author quoted_post quoted_author edit_of repost_count reply_count like_count quote_count view_count matching_rules "
            "licence_class",
            _BODY,
        ),
        **_each("author author_followers media place", _BODY, _INCLUDES),
        "captured_at": (_RECEIVED,),
    },
    "social/quarantined_posts": {**_each("hour", _RECEIVED, _BODY), **_each("network reason detail original", _BODY)},
    "social/deletions": {
        **_each("hour", _RECEIVED, _BODY),
        **_each("network subject_kind subject action", _BODY),
        "deleted_at": (_BODY, _RECEIVED),
    },
    "social/landing_counts": {**_each("hour", _RECEIVED, _BODY), **_each("outcome detail records", _BODY)},
    "social/term_counts": {
        **_each("hour counted_at", _RECEIVED),
        **_each("network begins_at ends_at posts", _BODY),
        **_each("term query topic_id", _INCLUDES),
    },
    "topics/term_bursts": _each(
        "expected_posts z p_value alarms_per_day past_hours breaks_out reason", f"{_COUNTED}.posts", f"{_COUNTED}.begins_at"
    ),
    _CLEAN: {
        **_each(
            "clean_text language_confidence tokens lemmas hashtags urls cashtags emoji near_duplicate_key weighted_length", f"{_RAW}.text"
        ),
        "language": (f"{_RAW}.text", f"{_RAW}.language_hint"),
    },
    _ASSIGNED: {
        "story_id": _WORDS,
        "assigned_by": (f"{_CLEAN}.reposted_post", *_WORDS),
        "similarity": (*_WORDS, f"{_TOPICS}.centre_terms", f"{_TOPICS}.centre_weights"),
    },
    _TOPICS: {
        **_each("hour born_at last_seen_at", f"{_CLEAN}.created_at"),
        **_each("topic_id exemplar_posts", f"{_CLEAN}.network", f"{_CLEAN}.post_id", *_WORDS),
        **_each("label", f"{_CLEAN}.clean_text", *_WORDS),
        **_each("keywords centre_terms centre_weights lifetime_terms lifetime_weights", *_WORDS),
        **_each("window_posts total_posts", f"{_CLEAN}.post_id"),
        "window_authors": (f"{_CLEAN}.author",),
        "members": (f"{_CLEAN}.near_duplicate_key",),
    },
    "topics/topic_events": _each("event other_topic_id evidence overlap", f"{_TOPICS}.members"),
    _HOURS: {
        "hour": (f"{_ASSIGNED}.created_at",),
        **_each("posts reposts", f"{_CLEAN}.kind"),
        **_each("authors top_author_share", f"{_CLEAN}.author"),
        "near_duplicate_groups": (f"{_CLEAN}.near_duplicate_key",),
        **_each("french_posts english_posts", f"{_CLEAN}.language"),
    },
    _TRENDS: {
        **_each("burst_z expected_posts", f"{_HOURS}.posts", f"{_CLEAN}.created_at"),
        **_each("p_value q_value", f"{_HOURS}.posts", f"{_CLEAN}.created_at", f"{_TOPICS}.centre_terms", f"{_CLEAN}.lemmas"),
        **_each("rank score", f"{_HOURS}.posts", f"{_HOURS}.top_author_share", f"{_TOPICS}.centre_terms", f"{_CLEAN}.lemmas", _DISCOUNT),
        **_each("posts_24h growth_6h stage", f"{_HOURS}.posts"),
        **_each("forecast_posts_6h forecast_low_6h forecast_high_6h", f"{_HOURS}.posts", f"{_CLEAN}.created_at"),
        **_each("forecast_posts_24h forecast_low_24h forecast_high_24h", f"{_HOURS}.posts", f"{_CLEAN}.created_at"),
        **_each("novel_term novelty", f"{_TOPICS}.centre_terms", f"{_CLEAN}.lemmas", f"{_CLEAN}.hashtags"),
        "grade": ("topics/stress_tests.grade",),
        "grade_reason": ("topics/stress_tests.reason",),
        "authors_24h": (f"{_HOURS}.authors",),
        "first_raised_at": (f"{_HOURS}.hour",),
        **_each("lane", f"{_CLEAN}.tokens", f"{_CLEAN}.hashtags", f"{_CLEAN}.clean_text", "retail/products.category", _DISCOUNT),
        **_each("suppressed", f"{_HOURS}.authors", f"{_HOURS}.near_duplicate_groups", f"{_HOURS}.top_author_share", _DISCOUNT),
        **_each("reason", f"{_HOURS}.posts", f"{_HOURS}.authors", f"{_HOURS}.top_author_share"),
    },
    _ACTS: {"kind": _TARGETS, "source_author": (f"{_CLEAN}.author",), "target_author": _TARGETS},
    _EARLY: {"arrival": (f"{_ASSIGNED}.created_at", f"{_TOPICS}.born_at", f"{_CLEAN}.author", f"{_CLEAN}.kind")},
    "influencers/early_authors": {
        "hour": (f"{_EARLY}.created_at",),
        "early_topics": (f"{_EARLY}.topic_id",),
        **_each("grown_topics expected_grown_topics", *_GREW),
        **_each("rank foresight foresight_low foresight_high reason", f"{_EARLY}.topic_id", *_GREW),
    },
    "influencers/influencer_rankings": {
        "hour": (f"{_ACTS}.created_at",),
        "scope": (f"{_ACTS}.topic_id",),
        "author": (f"{_ACTS}.target_author",),
        "network": (f"{_ACTS}.network",),
        **_each("rank score rate rate_low rate_high page_rank reason", *_DECAYED, *_TOGETHER),
        **_each("count_1h count_6h count_24h count_7d", *_DECAYED, *_TOGETHER),
        **_each("interactions_24h outlook_1h outlook_6h outlook_24h", *_DECAYED),
        "amplifiers_24h": (f"{_ACTS}.source_author", f"{_ACTS}.target_author"),
        "half_life_hours": _MADE_HERE,
    },
    "influencers/coordinated_groups": {
        "hour": (f"{_CLEAN}.created_at",),
        "group_id": (f"{_CLEAN}.author",),
        **_each("accounts acts", f"{_CLEAN}.author", f"{_CLEAN}.post_id"),
        **_each("evidence_kinds occasions expected_occasions synchrony q_value verdict reason", *_TOGETHER),
        "scripted_share": (f"{_CLEAN}.tokens", f"{_CLEAN}.near_duplicate_key"),
        "topic_share": (f"{_ASSIGNED}.topic_id", f"{_CLEAN}.author"),
    },
    "topics/stress_tests": {
        "hour": (f"{_CLEAN}.created_at",),
        "posts": (f"{_ASSIGNED}.topic_id", f"{_CLEAN}.kind"),
        **_each("grade posts_left remaining_share authors_left noise discount reason", *_TOGETHER, f"{_CLEAN}.clean_text"),
    },
    "demand/product_trend_links": {
        "day": (f"{_TRENDS}.hour",),
        **_each("linked level rank score evidence_terms methods why reason", *_LINKED),
        "evidence_posts": (*_WORDS, f"{_ASSIGNED}.topic_id"),
    },
    "demand/unserved_trends": {
        "day": (f"{_TRENDS}.hour",),
        **{name: (f"{_TRENDS}.{name}",) for name in ("topic_id", "label", "lane", "stage", "score", "first_raised_at")},
        "rank": (f"{_TRENDS}.score",),
        "hours_raised": (f"{_TRENDS}.hour", f"{_TRENDS}.suppressed"),
        "posts": (f"{_ASSIGNED}.topic_id",),
        "authors": (f"{_ASSIGNED}.topic_id", f"{_CLEAN}.author"),
        **_each("language languages", f"{_CLEAN}.language"),
        **_each("why reason nearest_similarity nearest_similarities nearest_methods", *_LINKED),
        **_each("category product_type category_score", *_LINKED, "retail/products.category", "retail/products.product_type"),
        **_each("nearest_product_id nearest_product_ids", *_LINKED, "retail/products.product_id"),
    },
    "demand/demand_features": _FEATURES,
    "demand/demand_forecasts": _FORECASTS,
    "demand/decision_cards": {
        **{name: (f"{_STOCK}.{name}",) for name in _SAME_IN_STOCK.split()},
        **_each("card_id", *(f"{_STOCK}.{name}" for name in ("day", "topic_id", "product_id", "store_id"))),
        "daily_units": (f"{_STOCK}.usual_daily_units", f"{_STOCK}.daily_units"),
        "expected_daily_units": _UPLIFT,
        **_each("days_of_cover cover_low cover_median cover_high", *_COVER, *_UPLIFT[:2]),
        **_each("demand_low demand_median demand_high", *_UPLIFT, *_DOUBTS, f"{_STOCK}.lead_time_days", f"{_STOCK}.stage"),
        **_each("action covered_by act_by reason", *_COVER, *_UPLIFT[:2], *_DOUBTS, *_SUPPLIER, f"{_STOCK}.stage"),
        **_each("quantity from_surplus_units", *_COVER, *_UPLIFT[:2], *_DOUBTS, *_SUPPLIER),
        "from_store_id": (*_COVER, f"{_STOCK}.store_id"),
        "horizon_days": (f"{_STOCK}.lead_time_days", f"{_STOCK}.stage"),
        **_each("money_at_risk money_if_false", *_COVER, *_UPLIFT[:2], f"{_STOCK}.unit_price", f"{_STOCK}.unit_cost"),
        "confidence": (f"{_STOCK}.link_score", *_DOUBTS),
        "stock_doubt": (f"{_STOCK}.available_units", f"{_STOCK}.adjusted_units", f"{_STOCK}.recent_daily_units"),
        "evidence_names": (*_UPLIFT, f"{_STOCK}.authors_24h", f"{_STOCK}.stress_grade"),
        "counter_evidence": (*_DOUBTS, f"{_STOCK}.price_change", f"{_STOCK}.out_of_stock_days", f"{_STOCK}.adjusted_units"),
    },
    "demand/sales_uplifts": {
        **_each("subject_kind subject_id range_id label product_ids", "retail/products.product_name", "retail/products.product_id"),
        "region": ("retail/stores.country", "retail/stores.channel"),
        **_each("uplift onset_on p_value q_value detectable_ratio ratio_low ratio_high", *_SOLD),
        **_each("expected_units ratio", *_SOLD),
        "units": (_SOLD[0],),
        "out_of_stock_share": ("retail/inventory.on_hand",),
        "promotion": ("retail/promotions.discount",),
        "data_origin": ("retail/orders.data_origin",),
    },
    "demand/naive_alerts": {
        **_each("method", *_MADE_HERE),
        **_each("range_id label product_ids", "retail/products.product_name", "retail/products.product_id"),
        **_each("value reference alerts", "retail/orders.quantity", f"{_CLEAN}.tokens"),
    },
    "demand/lead_time_scores": {
        **_each("score_id method", f"{_LINKS}.topic_id", "demand/naive_alerts.method"),
        **_each("outcome reason lead_days", *_JUDGED),
        "topic_id": (f"{_LINKS}.topic_id",),
        "label": (f"{_TRENDS}.label", f"{_UPLIFTS}.label"),
        **_each("range_id region onset_on units expected_units ratio", *_JUDGED[2:]),
        "detected_on": (f"{_UPLIFTS}.day",),
        "category": ("retail/products.category",),
        "product_ids": (f"{_LINKS}.product_id", "demand/naive_alerts.product_ids"),
        **_each("alerted_at open_until", f"{_TRENDS}.hour"),
        "data_origin": (f"{_UPLIFTS}.data_origin", "retail/products.data_origin"),
    },
    "demand/card_regrets": {
        **{name: (f"{_CARDS}.{name}",) for name in _SAME_AS_CARD.split()},
        **_each("card_day week", f"{_CARDS}.day"),
        "day": (f"{_CARDS}.day", f"{_CARDS}.horizon_days"),
        "category": ("retail/products.category",),
        **_each("response followed snooze_days earned_declined", f"{_CARDS}.card_id"),
        "sold_units": (f"{_INVENTORY}.sold",),
        **_each("lost_units served_units", f"{_INVENTORY}.sold", f"{_INVENTORY}.on_hand"),
        **_each("earned_accepted earned_snoozed regret", f"{_INVENTORY}.sold", f"{_INVENTORY}.on_hand", f"{_CARDS}.unit_price"),
    },
    "demand/trend_markets": {
        "day": (f"{_TRENDS}.hour",),
        "region": (f"{_CLEAN}.place", f"{_CLEAN}.author"),
        "language": (f"{_CLEAN}.language", f"{_CLEAN}.author"),
        "posts": (f"{_CLEAN}.kind",),
        "authors": (f"{_CLEAN}.author",),
    },
    "demand/segment_customers": {
        "region": ("retail/stores.region", "retail/orders.country", "retail/stores.country"),
        "segment": ("retail/orders.order_id", "retail/orders.unit_price", "retail/orders.quantity", "retail/orders.day"),
        "customers": ("retail/orders.order_id",),
        "data_origin": ("retail/orders.data_origin",),
    },
    **{path: sources for task in TASKS for path, sources in _of_task(task).items()},
    **{path: _of_task(task)[path] for task in IMAGE_TASKS for path in (f"{task}/evaluation",)},
    "image_category/media_categories": _each("media_index outcome category probability sha256", f"{_RAW}.media"),
}
"""Columns that the rule of equal names gets wrong or misses: ``group/table`` → column → ``group/table.column`` it is made from."""


def columns_of(path: str) -> frozenset[str] | None:
    """Columns of ``group/table`` where they are declared here; ``None`` for other assets (dbt models, files)."""
    if path == LANDING:
        return frozenset(LANDING_COLUMNS)
    return frozenset(column.name for column in TABLES[path].columns) if path in TABLES else None


def column_sources(table: Table, upstream: Sequence[str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Upstream columns of each column of ``table``, as (``group/table``, column); columns made from nothing known are left out.

    upstream: paths of the assets the table depends on. Only they are named; a table's own past is not its source.
    """
    renamed = RENAMED.get(table.path, {})
    parents = [path for path in dict.fromkeys(upstream) if path != table.path]
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for column in table.columns:
        if column.name in renamed:
            named = [(path, name) for path, _, name in (source.rpartition(".") for source in renamed[column.name])]
            sources = tuple((path, name) for path, name in named if path in parents)
        else:
            sources = tuple((path, column.name) for path in parents if column.name in (columns_of(path) or ()))
        if sources:
            found[column.name] = sources
    return found
