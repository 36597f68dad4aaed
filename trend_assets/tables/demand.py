"""Demand tables: which products a trend is about, what a buyer should do, and what the buyer answered.

What belongs here: declarations of the ``demand`` group. What doesn't: linking and decision rules (``lib/demand``).
"""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table, strings, timestamp
from trend_assets.tables.topics import STAGES

ACTIONS = ("reorder", "expedite", "hold", "mark_down", "too_late")
LEVELS = ("product", "category", "none")
EVIDENCE = ("words", "misspelt", "translated", "characters", "meaning")
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
        Column("quantity", pa.int64(), "Units to order, expedite or clear; 0 for hold and too late", "units", minimum=0),
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
        Column("daily_units", pa.float64(), "Units sold a day over the last 14 days", "units per day", minimum=0),
        Column("expected_daily_units", pa.float64(), "Units a day expected under the trend", "units per day", minimum=0),
        Column("available_units", pa.int64(), "On hand less reserved", "units"),
        Column("inbound_units", pa.int64(), "Units due within the lead time", "units", minimum=0),
        Column(
            "money_at_risk",
            pa.float64(),
            "Sales lost if nothing is done, or stock value left over for mark down",
            "currency unit",
            minimum=0,
        ),
        Column("confidence", pa.float64(), "Strength of trend and link together", "score", minimum=0, maximum=1),
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
        Column("note", pa.string(), "The buyer's reason in free words; empty where none was given"),
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
