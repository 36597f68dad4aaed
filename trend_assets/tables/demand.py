"""Demand tables: which products a trend is about, what a buyer should do, and what the buyer answered.

What belongs here: declarations of the ``demand`` group. What doesn't: linking and decision rules (``lib/demand``).
"""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table, strings, timestamp
from trend_assets.tables.topics import STAGES

ACTIONS = ("reorder", "expedite", "move", "hold", "mark_down", "too_late")
ACTING = ("reorder", "expedite", "move", "mark_down")
"""Actions that ask for something; of a product and place at most one card of a day has one."""
CARD_EVIDENCE = ("other_trends", "sales_rose", "posts_grew", "many_authors", "strong_link", "robust")
"""What speaks for a card, by name; the words are the board's."""
COUNTER_EVIDENCE = (
    "simulated",
    "promotion",
    "price_change",
    "weak_stress_test",
    "untested",
    "collection_gap",
    "stock_doubtful",
    "out_of_stock",
    "few_sales",
    "weak_link",
    "chance",
    "few_authors",
    "minimum_order",
    "unknown_lead_time",
    "no_price",
)
"""What speaks against a card, by name."""
STOCK_DOUBTS = ("negative", "corrected", "unsold")
"""Why a stock record may be wrong: below nothing, corrected lately, or in stock and yet unsold though it usually sells."""
LEVELS = ("product", "category", "none")
PICTURES = "pictures"
EVIDENCE = ("words", "misspelt", "translated", "characters", "meaning", PICTURES)
UNSERVED_REASONS = ("too_few_posts", "copies", "no_shared_words", "generic_words", "other_meaning", "too_many_products", "too_weak")
RESPONSES = ("accepted", "declined", "snoozed", "reopened")

_day = Column("day", pa.date32(), "Day; decides the partition", "day")
_topic_id = Column("topic_id", pa.string(), "Permanent topic id")
_category = Column(
    "category", pa.string(), "Category of the product; without one, that the topic is about, where that is clear", nullable=True
)
_product_type = Column("product_type", pa.string(), "Type of the product; without one, that the topic is about", nullable=True)
_why = Column("why", pa.string(), "Why no product is linked, as a code", allowed=UNSERVED_REASONS)

PRODUCT_TREND_LINKS = Table(
    group="demand",
    name="product_trend_links",
    description="Products that a trend of the day is about, with evidence; one row with a null product says why we abstain.",
    columns=(
        _day,
        _topic_id,
        Column("product_id", pa.string(), "Linked product; null where no product is linked", nullable=True),
        Column("linked", pa.bool_(), "True where a product is linked; false on the row that abstains"),
        Column("level", pa.string(), "What is linked: a product, only a category or type, or nothing", allowed=LEVELS),
        _category,
        _product_type,
        Column("rank", pa.int32(), "1 is the best product of the topic; 0 on the row that abstains", "rank", minimum=0),
        Column("score", pa.float64(), "Strength of the link", "score", minimum=0, maximum=1),
        Column("evidence_terms", strings, "Words of the posts that name the product"),
        Column("evidence_posts", pa.int64(), "Posts of the topic that day that contain the evidence", "count", minimum=0),
        Column(
            "methods",
            strings,
            f"Kinds of evidence that agree on the product: {', '.join(EVIDENCE)}; empty on the row that abstains",
        ),
        replace(_why, description="Why no product is linked, as a code; null where one is", nullable=True),
        Column("reason", pa.string(), "Why linked, or why not, in words"),
    ),
    key=("topic_id", "product_id"),
    partition="day",
    time="day",
    layer="aggregate",
    retention_days=400,
    licence_class="aggregate",
)

UNSERVED_TRENDS = Table(
    group="demand",
    name="unserved_trends",
    description="Raised, not suppressed trends of the day that no product answers, with the nearest products and why they don't do.",
    columns=(
        _day,
        Column("rank", pa.int32(), "1 is the strongest unserved trend of the day", "rank", minimum=1),
        _topic_id,
        Column("label", pa.string(), "Label of the trend in its strongest hour"),
        Column("lane", pa.string(), "brand: names our brand or product; lifestyle: unlinked", allowed=("brand", "lifestyle")),
        Column("stage", pa.string(), "Where the trend is in its life in its newest raised hour of the day", allowed=STAGES),
        Column("score", pa.float64(), "Ranking score of its strongest hour", "score", minimum=0),
        Column("hours_raised", pa.int32(), "Hours of the day in which it was raised", "hours", minimum=1),
        Column("first_raised_at", timestamp, "Hour in which this topic first became a trend", "UTC"),
        Column("posts", pa.int64(), "Posts of the topic that day", "count", minimum=0),
        Column("authors", pa.int64(), "Distinct authors of the topic that day", "count", minimum=0),
        Column("language", pa.string(), "Most frequent language of these posts; null where undecidable", nullable=True),
        Column("languages", strings, "Languages of at least a tenth of these posts, most frequent first"),
        _why,
        Column("reason", pa.string(), "Why no product answers it, in words"),
        _category,
        _product_type,
        Column("category_score", pa.float64(), "How clearly the posts speak of that category or type", "score", minimum=0, maximum=1),
        Column("nearest_product_id", pa.string(), "The product that comes nearest; null where none shares anything", nullable=True),
        Column("nearest_similarity", pa.float64(), "Its similarity to the posts' words; 0 without one", "cosine", minimum=0, maximum=1),
        Column("nearest_product_ids", strings, "Products that come nearest, best first; up to five"),
        Column("nearest_similarities", pa.list_(pa.float64()), "Their similarities, in the same order", "cosine"),
        Column("nearest_methods", strings, "Evidence behind the similarities: characters, and meaning where a model is installed"),
    ),
    key=("topic_id",),
    partition="day",
    time="day",
    layer="aggregate",
    retention_days=400,
    licence_class="aggregate",
)

DECISION_CARDS = Table(
    group="demand",
    name="decision_cards",
    description="What to do about a product and place because of a trend: one card a buyer can act on, with its arithmetic.",
    columns=(
        _day,
        Column("card_id", pa.string(), "Hash of day, topic, product and place"),
        _topic_id,
        Column("label", pa.string(), "Label of the trend"),
        Column("product_id", pa.string(), "Product"),
        Column("product_name", pa.string(), "Product name"),
        Column("store_id", pa.string(), "Place"),
        Column("action", pa.string(), "What to do", allowed=ACTIONS),
        Column("quantity", pa.int64(), "Units to order, expedite, move or clear; 0 for hold and too late", "units", minimum=0),
        Column(
            "covered_by",
            pa.string(),
            "Card of another trend that says what to do with this product and place",
            nullable=True,
        ),
        Column("from_store_id", pa.string(), "Place that has more than it needs; the units to move come from there", nullable=True),
        Column("from_surplus_units", pa.int64(), "Units that place has beyond its own need", "units", nullable=True, minimum=0),
        Column("act_by", pa.date32(), "Last day on which acting still helps; null where nothing is to be done", "day", nullable=True),
        Column(
            "days_of_cover",
            pa.float64(),
            "Days until available stock and due deliveries run out at expected demand; null where demand is nil",
            "days",
            nullable=True,
            minimum=0,
        ),
        Column("lead_time_days", pa.int32(), "Supplier's lead time", "days", nullable=True, minimum=0),
        Column(
            "daily_units",
            pa.float64(),
            "Usual units a day: of the last 14 days, those without stock and the last three left out",
            "units per day",
            minimum=0,
        ),
        Column(
            "expected_daily_units", pa.float64(), "Units a day expected while the trend lives, if it is real", "units per day", minimum=0
        ),
        Column("available_units", pa.int64(), "On hand less reserved", "units"),
        Column("inbound_units", pa.int64(), "Units due within the lead time", "units", minimum=0),
        Column(
            "money_at_risk",
            pa.float64(),
            "Margin lost if nothing is done and the trend is real, or cost of the surplus for mark down",
            "currency unit",
            minimum=0,
        ),
        Column(
            "money_if_false",
            pa.float64(),
            "Cost of what is left over if the card is followed and the trend is false",
            "currency unit",
            minimum=0,
        ),
        Column(
            "confidence", pa.float64(), "Probability that the trend is real for this product's sales", "probability", minimum=0, maximum=1
        ),
        Column("horizon_days", pa.int32(), "Days from now over which demand was reckoned", "days", minimum=0),
        Column("demand_low", pa.float64(), "Units wanted within the horizon: one chance in ten of fewer", "units", minimum=0),
        Column("demand_median", pa.float64(), "Units wanted within the horizon: as likely more as fewer", "units", minimum=0),
        Column("demand_high", pa.float64(), "Units wanted within the horizon: one chance in ten of more", "units", minimum=0),
        Column(
            "cover_low",
            pa.float64(),
            "Days until available stock and due deliveries run out, one chance in ten of sooner; at most 365",
            "days",
            nullable=True,
            minimum=0,
        ),
        Column(
            "cover_median",
            pa.float64(),
            "Days until they run out, as likely later as sooner; at most 365",
            "days",
            nullable=True,
            minimum=0,
        ),
        Column(
            "cover_high", pa.float64(), "Days until they run out, one chance in ten of later; at most 365", "days", nullable=True, minimum=0
        ),
        Column("next_due_on", pa.date32(), "Earliest promised day among the open deliveries counted", "day", nullable=True),
        Column("minimum_order_quantity", pa.int64(), "Smallest order the supplier accepts", "units", nullable=True, minimum=0),
        Column("unit_price", pa.float64(), "Price", "currency unit", nullable=True, minimum=0),
        Column("unit_cost", pa.float64(), "Purchase cost", "currency unit", nullable=True, minimum=0),
        Column("link_score", pa.float64(), "Strength of the link between trend and product", "score", minimum=0, maximum=1),
        Column("growth_24h", pa.float64(), "Posts of the day against the day before", "ratio", nullable=True, minimum=0),
        Column("trend_q_value", pa.float64(), "Lowest share of false discoveries of the day", "probability", nullable=True, minimum=0),
        Column("authors_24h", pa.int64(), "Authors of the trend in 24 hours", "count", nullable=True, minimum=0),
        Column("stress_grade", pa.string(), "What is left of the trend without its strongest pushers", nullable=True),
        Column("gap_share", pa.float64(), "Share of the day in which posts may be missing", "share", minimum=0, maximum=1),
        Column("price_change", pa.float64(), "Price against that of 14 days before", "ratio", nullable=True, minimum=0),
        Column("out_of_stock_days", pa.int32(), "Days of the last 14 that ended without stock", "days", minimum=0),
        Column("stock_doubt", pa.string(), "Why the stock record may be wrong", nullable=True, allowed=STOCK_DOUBTS),
        Column("evidence_names", strings, "What speaks for the card, by name, the weightiest first"),
        Column("counter_evidence", strings, "What speaks against the card, by name, the weightiest first"),
        Column("stage", pa.string(), "Stage of the trend"),
        Column("promotion", pa.bool_(), "True where a promotion runs: it may explain the sales"),
        Column(
            "data_origin",
            pa.string(),
            "simulated where stock, orders or deliveries behind the card are simulated",
            allowed=("real", "simulated"),
        ),
        Column("reason", pa.string(), "The arithmetic and what speaks against it, in words"),
    ),
    key=("card_id",),
    partition="day",
    time="day",
    layer="mart",
    retention_days=800,
    licence_class="aggregate",
)

CARD_RESPONSES = Table(
    group="demand",
    name="card_responses",
    description="What buyers answered to decision cards on the board, one row per answer; of a card's answers the latest holds.",
    columns=(
        Column("day", pa.date32(), "Day of the card that is answered; decides the partition", "day"),
        Column("response_id", pa.string(), "Hash of the answer: card, response, who and when"),
        Column("card_id", pa.string(), "The card that is answered"),
        _topic_id,
        Column("product_id", pa.string(), "Product of the card"),
        Column("store_id", pa.string(), "Place of the card"),
        Column("action", pa.string(), "What the card said when it was answered", allowed=ACTIONS),
        Column("quantity", pa.int64(), "Units the card said when it was answered", "units", minimum=0),
        Column("response", pa.string(), "The answer; reopened takes an earlier one back", allowed=RESPONSES),
        Column("snoozed_until", pa.date32(), "Day on which a snoozed card comes back; null for other answers", "day", nullable=True),
        Column("note", pa.string(), "The buyer's reason, typed or chosen; taking an answer back needs none"),
        Column("responded_at", timestamp, "When the answer was given", "UTC"),
        Column("responded_by", pa.string(), "Name or initials the buyer typed, if any", nullable=True, personal=True),
    ),
    key=("response_id",),
    partition="day",
    time="day",
    layer="raw",
    retention_days=800,
    licence_class="own",
)

TABLES = (PRODUCT_TREND_LINKS, UNSERVED_TRENDS, DECISION_CARDS, CARD_RESPONSES)
