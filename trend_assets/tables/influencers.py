"""Influencer tables: who amplifies whom, and who is amplified most.

What belongs here: declarations of the ``influencers`` group. What doesn't: the ranking method (``lib/influence``).
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table, timestamp

INTERACTION_KINDS = ("repost", "quote", "reply", "mention")

INTERACTIONS = Table(
    group="influencers",
    name="interactions",
    description="One row per act of attention: an author reposts, quotes, answers or mentions another.",
    columns=(
        Column("created_at", timestamp, "When it happened; decides the partition", "UTC"),
        Column("network", pa.string(), "Social network"),
        Column("post_id", pa.string(), "Post that carries the interaction"),
        Column("kind", pa.string(), "repost, quote, reply or mention", allowed=INTERACTION_KINDS),
        Column("source_author", pa.string(), "Pseudonym of who acts", personal=True),
        Column("target_author", pa.string(), "Pseudonym of who receives the attention", personal=True),
        Column("topic_id", pa.string(), "Topic of the post, where it has one", nullable=True),
    ),
    key=("network", "post_id", "kind", "target_author"),
    partition="hour",
    time="created_at",
    layer="aggregate",
    retention_days=30,
    licence_class="derived",
)

INFLUENCER_RANKINGS = Table(
    group="influencers",
    name="influencer_rankings",
    description="Most amplified authors after each hour, overall and per topic, by recency-decayed counts.",
    columns=(
        Column("hour", timestamp, "Hour after which the ranking holds; decides the partition", "UTC"),
        Column("scope", pa.string(), "overall, or the topic id"),
        Column("rank", pa.int32(), "1 is the most amplified", "rank", minimum=1),
        Column("author", pa.string(), "Pseudonym of the amplified author", personal=True),
        Column("network", pa.string(), "Social network"),
        Column(
            "score",
            pa.float64(),
            "Interactions received, each halved every half-life, several acts of one source in the hour counted once",
            "decayed count",
            minimum=0,
        ),
        Column("half_life_hours", pa.float64(), "Half-life of the decay", "hours", minimum=0),
        Column("interactions_24h", pa.int64(), "Interactions received in the last 24 hours", "count", minimum=0),
        Column("amplifiers_24h", pa.int64(), "Distinct authors who acted in the last 24 hours", "count", minimum=0),
        Column("reason", pa.string(), "Why the author is ranked here, in words"),
    ),
    key=("scope", "network", "author"),
    partition="hour",
    time="hour",
    layer="aggregate",
    retention_days=30,
    licence_class="derived",
)

LIVE_RANKINGS = Table(
    group="influencers",
    name="live_rankings",
    description=(
        "Provisional ranking of the most amplified authors for each hour that is not sealed yet, replaced every few seconds; "
        "for a day also the last rows of hours sealed since."
    ),
    columns=(
        Column("as_of", timestamp, "Moment at which the row was computed", "UTC"),
        Column("provisional", pa.bool_(), "Always true: sealing may change or drop the row"),
        *INFLUENCER_RANKINGS.columns,
    ),
    key=("hour", "scope", "network", "author"),
    partition="none",
    layer="aggregate",
    retention_days=None,
    licence_class="derived",
)

TABLES = (INTERACTIONS, INFLUENCER_RANKINGS, LIVE_RANKINGS)
