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
    retention_days=37,
    licence_class="derived",
)

EARLY_POSTS = Table(
    group="influencers",
    name="early_posts",
    description="One row per author who was among the first to write about a young topic: the author's first post in it.",
    columns=(
        Column("created_at", timestamp, "When the post was published; decides the partition", "UTC"),
        Column("network", pa.string(), "Social network"),
        Column("post_id", pa.string(), "The post"),
        Column("author", pa.string(), "Pseudonym of the author", personal=True),
        Column("topic_id", pa.string(), "The topic"),
        Column("arrival", pa.int32(), "1 is the first author of the topic", "rank", minimum=1),
    ),
    key=("topic_id", "network", "author"),
    partition="hour",
    time="created_at",
    layer="aggregate",
    retention_days=30,
    licence_class="derived",
)

EARLY_AUTHORS = Table(
    group="influencers",
    name="early_authors",
    description="Authors who were early on topics that grew more often than chance gives, after each hour.",
    columns=(
        Column("hour", timestamp, "Hour after which the ranking holds; decides the partition", "UTC"),
        Column("rank", pa.int32(), "1 has the greatest foresight_low", "rank", minimum=1),
        Column("author", pa.string(), "Pseudonym of the author", personal=True),
        Column("network", pa.string(), "Social network"),
        Column("early_topics", pa.int64(), "Topics of the last seven judged days that the author was early on", "count", minimum=0),
        Column("grown_topics", pa.int64(), "Of these, topics that grew in the day after the author's post", "count", minimum=0),
        Column(
            "expected_grown_topics",
            pa.float64(),
            "How many would have grown by chance: the share of other topics in the same state",
            "count",
            minimum=0,
        ),
        Column(
            "foresight",
            pa.float64(),
            "How many times as often as by chance the topics grew, shrunk towards what is usual",
            "ratio",
            minimum=0,
        ),
        Column("foresight_low", pa.float64(), "The foresight is at least this with 95 % certainty; decides the rank", "ratio", minimum=0),
        Column("foresight_high", pa.float64(), "The foresight is at most this with 95 % certainty", "ratio", minimum=0),
        Column("reason", pa.string(), "Why the author is ranked here, in words"),
    ),
    key=("network", "author"),
    partition="hour",
    time="hour",
    layer="aggregate",
    retention_days=30,
    licence_class="derived",
)

INFLUENCER_RANKINGS = Table(
    group="influencers",
    name="influencer_rankings",
    description="Most amplified authors after each hour, overall and per topic, by the lower bound of the rate they are amplified at now.",
    columns=(
        Column("hour", timestamp, "Hour after which the ranking holds; decides the partition", "UTC"),
        Column("scope", pa.string(), "overall, or the topic id"),
        Column("rank", pa.int32(), "1 is the most amplified", "rank", minimum=1),
        Column("author", pa.string(), "Pseudonym of the amplified author", personal=True),
        Column("network", pa.string(), "Social network"),
        Column(
            "score",
            pa.float64(),
            "Distinct authors who acted in the last seven days, each halved every half-life since the latest act",
            "decayed count",
            minimum=0,
        ),
        Column("half_life_hours", pa.float64(), "Half-life of the decay", "hours", minimum=0),
        Column(
            "rate", pa.float64(), "Authors who act in an hour now: the score as a rate, shrunk towards what is usual", "an hour", minimum=0
        ),
        Column("rate_low", pa.float64(), "The rate is at least this with 95 % certainty; decides the rank", "an hour", minimum=0),
        Column("rate_high", pa.float64(), "The rate is at most this with 95 % certainty", "an hour", minimum=0),
        *(
            Column(f"count_{name}", pa.float64(), f"Decayed count of distinct authors, half-life {words}", "decayed count", minimum=0)
            for name, words in (("1h", "1 hour"), ("6h", "6 hours"), ("24h", "24 hours"), ("7d", "7 days"))
        ),
        *(
            Column(
                f"outlook_{name}", pa.float64(), f"Score of who is amplified in the next {words}, to compare authors by", "score", minimum=0
            )
            for name, words in (("1h", "hour"), ("6h", "6 hours"), ("24h", "24 hours"))
        ),
        Column(
            "page_rank",
            pa.float64(),
            "PageRank among all accounts of the week's acts, halved every half-life",
            "share",
            minimum=0,
            maximum=1,
        ),
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

TABLES = (INTERACTIONS, EARLY_POSTS, EARLY_AUTHORS, INFLUENCER_RANKINGS, LIVE_RANKINGS)
