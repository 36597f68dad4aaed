"""Topic tables: which post belongs to which topic, the registry and its events, hourly counts, trends.

What belongs here: declarations of the ``topics`` group. What doesn't: how topics are found (``lib/topics``) or scored (``lib/trends``).
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table, strings, timestamp

ASSIGNED_BY = ("cluster", "nearest", "repost")
EVENT_KINDS = ("birth", "merge", "split", "rename", "death")
STAGES = ("emerging", "rising", "seasonal", "peak", "fading", "fad", "steady")
LANES = ("brand", "lifestyle", "noise")

_hour = Column("hour", timestamp, "Start of the hour; decides the partition", "UTC")
_topic_id = Column("topic_id", pa.string(), "Permanent topic id: hash of the founding post's key")
_label = Column("label", pa.string(), "Short name a person understands without opening a post")
_keywords = Column("keywords", strings, "Most telling words, strongest first")

TOPIC_ASSIGNMENTS = Table(
    group="topics",
    name="topic_assignments",
    description="The topic of each post of the hour. Posts that fit no topic have no row.",
    columns=(
        Column("post_id", pa.string(), "Identifier of the post on its network"),
        Column("network", pa.string(), "Social network of the post"),
        Column("created_at", timestamp, "When the author published the post; decides the partition", "UTC"),
        _topic_id,
        Column("story_id", pa.string(), "Finer cluster within the topic: hash of its founding post", nullable=True),
        Column(
            "assigned_by",
            pa.string(),
            "cluster: member of the window's clustering; nearest: nearest topic; repost: topic of the reposted post",
            allowed=ASSIGNED_BY,
        ),
        Column("similarity", pa.float32(), "Cosine similarity to the topic's centre", "cosine", minimum=0, maximum=1.0001),
    ),
    key=("network", "post_id"),
    partition="hour",
    time="created_at",
    layer="aggregate",
    retention_days=37,
    licence_class="derived",
)

TOPICS = Table(
    group="topics",
    name="topics",
    description="The topic registry after each hour: every living topic once. The partition of hour h is the registry after h.",
    columns=(
        _hour,
        _topic_id,
        _label,
        _keywords,
        Column("born_at", timestamp, "Hour in which the topic was founded", "UTC"),
        Column("last_seen_at", timestamp, "Last hour in which a post joined", "UTC"),
        Column("language", pa.string(), "Most frequent language of its posts"),
        Column("window_posts", pa.int64(), "Posts of the topic within the rolling window", "count", minimum=0),
        Column("window_authors", pa.int64(), "Distinct authors of the topic within the rolling window", "count", minimum=0),
        Column("total_posts", pa.int64(), "Posts since birth", "count", minimum=1),
        Column("exemplar_posts", strings, "Post ids (network:id) closest to the topic's centre, best first"),
        Column("centre_terms", strings, "Terms of the topic's centre, heaviest first; what a post outside the sample is matched against"),
        Column("centre_weights", pa.list_(pa.float32()), "Weights of centre_terms, unit length"),
        Column("lifetime_terms", strings, "Terms of the centre over all its posts since birth: a cluster unlike it is another topic"),
        Column("lifetime_weights", pa.list_(pa.float32()), "Weights of lifetime_terms, unit length"),
        Column("members", pa.list_(pa.int64()), "Hash of each near-duplicate group of the topic in the window; overlap keeps ids stable"),
    ),
    key=("topic_id",),
    partition="hour",
    time="hour",
    layer="aggregate",
    retention_days=37,
    licence_class="derived",
)

TOPIC_EVENTS = Table(
    group="topics",
    name="topic_events",
    description="What happened to the registry in the hour: births, merges, splits, renames and deaths with their evidence.",
    columns=(
        _hour,
        _topic_id,
        Column("event", pa.string(), "What happened", allowed=EVENT_KINDS),
        Column("other_topic_id", pa.string(), "The topic merged into, or split from", nullable=True),
        Column("evidence", pa.string(), "Why: overlap and counts, in words"),
        Column("label", pa.string(), "Label after the event"),
        Column(
            "overlap", pa.float32(), "Share of the smaller topic's members that both have", "share", nullable=True, minimum=0, maximum=1
        ),
    ),
    key=("topic_id", "event", "other_topic_id"),
    partition="hour",
    time="hour",
    layer="aggregate",
    retention_days=400,
    licence_class="derived",
)

TOPIC_HOURS = Table(
    group="topics",
    name="topic_hours",
    description="Activity of each topic in the hour, over every post, not only the sampled window.",
    columns=(
        _hour,
        _topic_id,
        Column("posts", pa.int64(), "Posts, replies and quotes", "count", minimum=0),
        Column("reposts", pa.int64(), "Reposts", "count", minimum=0),
        Column("authors", pa.int64(), "Distinct authors of posts, replies and quotes", "count", minimum=0),
        Column("near_duplicate_groups", pa.int64(), "Distinct near-duplicate keys: low against posts means copies", "count", minimum=0),
        Column("french_posts", pa.int64(), "Posts in French", "count", minimum=0),
        Column("english_posts", pa.int64(), "Posts in English", "count", minimum=0),
        Column("top_author_share", pa.float32(), "Share of the posts by the most active author", "share", minimum=0, maximum=1),
    ),
    key=("topic_id",),
    partition="hour",
    time="hour",
    layer="aggregate",
    retention_days=400,
    licence_class="aggregate",
)

TRENDS = Table(
    group="topics",
    name="trends",
    description="Topics whose activity in the hour is more than their cycle explains, ranked, with stage, evidence and reason.",
    columns=(
        _hour,
        Column("rank", pa.int32(), "1 is the strongest trend of the hour", "rank", minimum=1),
        _topic_id,
        _label,
        _keywords,
        Column("stage", pa.string(), "Where the trend is in its life", allowed=STAGES),
        Column(
            "lane",
            pa.string(),
            "brand: names our brand or product; lifestyle: unlinked; noise: suppressed, the reason says why",
            allowed=LANES,
        ),
        Column("suppressed", pa.bool_(), "True where the trend is kept for the record but not shown as an alert"),
        Column(
            "score",
            pa.float64(),
            "Ranking score: z of the most telling test times the share of posts beyond expectation, discounted by concentration",
            "score",
            minimum=0,
        ),
        Column("burst_z", pa.float64(), "Standardised excess of the hour over the topic's own expectation", "standard deviations"),
        Column(
            "p_value",
            pa.float64(),
            "Chance of such counts, or of such use of its words, under the expected, overdispersed rhythm",
            "probability",
            minimum=0,
            maximum=1,
        ),
        Column(
            "q_value",
            pa.float64(),
            "Share of false discoveries at this p-value among the hour's new topics, or among its known trends",
            "probability",
            minimum=0,
            maximum=1,
        ),
        Column("posts", pa.int64(), "Posts of the topic in the hour", "count", minimum=0),
        Column("expected_posts", pa.float64(), "Posts expected from the topic's past and the hour's usual share", "count", minimum=0),
        Column("authors", pa.int64(), "Distinct authors of the topic in the hour", "count", minimum=0),
        Column("posts_24h", pa.int64(), "Posts of the topic in the last 24 hours", "count", minimum=0),
        Column("authors_24h", pa.int64(), "Sum of hourly distinct authors over the last 24 hours", "count", minimum=0),
        Column("growth_6h", pa.float64(), "Posts of the last 6 hours against the 6 before, smoothed by one post", "ratio", minimum=0),
        *(
            column
            for hours in (6, 24)
            for column in (
                Column(f"forecast_posts_{hours}h", pa.float64(), f"Posts expected in the {hours} hours after this one", "count", True, 0),
                Column(f"forecast_low_{hours}h", pa.int64(), "Lower end of their 80 % interval", "count", True, 0),
                Column(f"forecast_high_{hours}h", pa.int64(), "Upper end of their 80 % interval", "count", True, 0),
            )
        ),
        Column("novel_term", pa.string(), "The topic's word that is newest against weeks of everybody's posts", nullable=True),
        Column("novelty", pa.float64(), "Posts with that word in the last day over what its past share explains", "ratio", True, 0),
        Column("grade", pa.string(), "Grade of the stress test: what is left without its strongest pushers", nullable=True),
        Column("grade_reason", pa.string(), "Why it has this grade, in words", nullable=True),
        Column("exemplar_posts", strings, "Post ids (network:id) that show the topic best"),
        Column("first_raised_at", timestamp, "Hour in which this topic first became a trend", "UTC"),
        Column("reason", pa.string(), "Why it is ranked here, or why it is suppressed, in words"),
    ),
    key=("topic_id",),
    partition="hour",
    time="hour",
    layer="aggregate",
    retention_days=400,
    licence_class="aggregate",
)

LIVE_TRENDS = Table(
    group="topics",
    name="live_trends",
    description=(
        "Provisional trends of the hours that are not sealed yet, replaced every few seconds: the open hour over its trailing "
        "60 minutes, the full hours before it, and for a day the last rows of hours sealed since. topics/trends is what counts."
    ),
    columns=(
        Column("as_of", timestamp, "Moment at which the row was computed", "UTC"),
        Column("provisional", pa.bool_(), "Always true: sealing may change or drop the row"),
        Column("hour", timestamp, "Clock hour that is judged; the newest is the open one", "UTC"),
        Column("counted_from", timestamp, "Start of the 60 minutes that the row counts", "UTC"),
        Column("counted_to", timestamp, "End of the 60 minutes that the row counts; of the open hour: as_of", "UTC"),
        Column("newest_post_at", timestamp, "Publication time of the newest post taken in", "UTC", nullable=True),
        Column("new_topic", pa.bool_(), "True where the sealed registry does not know the topic yet: its id may change at sealing"),
        *(column for column in TRENDS.columns if column.name != "hour"),
    ),
    key=("hour", "topic_id"),
    partition="none",
    layer="aggregate",
    retention_days=None,
    licence_class="aggregate",
)

SEALING_CHANGES = Table(
    group="topics",
    name="sealing_changes",
    description=(
        "What sealing changed: the live lane's last word on an hour beside the sealed one. One row an hour; none where the live "
        "lane did not run."
    ),
    columns=(
        _hour,
        Column("live_as_of", timestamp, "When the live rows of the hour were last computed; null where it raised nothing", "UTC", True),
        Column("live_posts", pa.int64(), "Posts and reposts of the hour that the live lane had", "count", minimum=0),
        Column("sealed_posts", pa.int64(), "Posts and reposts of the sealed hour", "count", minimum=0),
        Column("topics_raised_live", pa.int64(), "Topics that the live lane raised", "count", minimum=0),
        Column("topics_raised_sealed", pa.int64(), "Topics raised in the sealed hour", "count", minimum=0),
        Column("topics_raised_both", pa.int64(), "Topics raised in both, under the same id", "count", minimum=0),
        Column("confirmed_share", pa.float64(), "Share of the topics raised live that sealing confirmed", "share", True, 0, 1),
        Column("found_share", pa.float64(), "Share of the topics raised in the sealed hour that were raised live", "share", True, 0, 1),
        Column("score_rank_correlation", pa.float64(), "Spearman correlation of the scores of topics in both", "correlation", True, -1, 1),
        Column("top_20_overlap", pa.float64(), "Share of the sealed 20 strongest trends among the live 20", "share", True, 0, 1),
        Column("influencers_top_20_overlap", pa.float64(), "Share of the sealed top 20 authors among the live 20", "share", True, 0, 1),
        Column("summary", pa.string(), "The change in words"),
    ),
    key=("hour",),
    partition="hour",
    time="hour",
    layer="aggregate",
    retention_days=400,
    licence_class="aggregate",
)

TABLES = (TOPIC_ASSIGNMENTS, TOPICS, TOPIC_EVENTS, TOPIC_HOURS, TRENDS, LIVE_TRENDS, SEALING_CHANGES)
