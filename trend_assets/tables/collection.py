"""Tables of collection: what was bought from networks, and for what.

What belongs here: their declarations. What doesn't: gaps in what was collected (``social.py``), who writes them (``collect/``).
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table, timestamp

COLLECTION_COSTS = Table(
    group="social",
    name="collection_costs",
    description=(
        "The price ledger: every request to a paid source and every post it brought, by kind of request, rule and topic. Only added to, "
        "by the collector; rows sum up what happened within a minute."
    ),
    columns=(
        Column("bought_at", timestamp, "When the first of the row was bought; its day decides the partition", "UTC"),
        Column("entry_id", pa.string(), "Identifier of the row: 26 characters that sort by time"),
        Column("source", pa.string(), "Who was paid: x"),
        Column("request_kind", pa.string(), "What was asked: stream, search_recent, search_all, counts_recent, counts_all, rules, ..."),
        Column("rule", pa.string(), "Tag of the rule or term it was bought for; empty where it serves all"),
        Column("topic_id", pa.string(), "Topic that the rule was made for; empty where none", nullable=True),
        Column("requests", pa.int64(), "Requests and connections", "count", minimum=0),
        Column("posts", pa.int64(), "Posts received, also those received before", "count", minimum=0),
        Column("charged_posts", pa.int64(), "Posts that are charged: the first time on a UTC day", "count", minimum=0),
        Column("charged_users", pa.int64(), "Users that are charged: the first time on a UTC day", "count", minimum=0),
        Column("cost", pa.float64(), "Cost by the price list; estimated, X's own bill decides", "USD", minimum=0),
        Column("prices_of", pa.date32(), "Date of the price list it was reckoned with"),
    ),
    key=("entry_id",),
    partition="day",
    layer="raw",
    retention_days=None,
    licence_class="own",
    time="bought_at",
)

TABLES = (COLLECTION_COSTS,)
