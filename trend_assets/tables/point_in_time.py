"""Features of posts as they were known at a moment, each with what it reads and how far back.

What belongs here: declarations of ``models/post_features`` and of every feature in it. What doesn't: how features are made
(``lib/learning/point_in_time.py``), features of products and days (``forecasts.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table, timestamp
from trend_assets.tables.social import CLEAN_POSTS

POSTS, ASSIGNMENTS, TREND_LEDGER = "social/clean_posts", "topics/topic_assignments", "topics/trend_ledger"


@dataclass(frozen=True)
class Feature:
    """A feature: its column, the tables it reads, and the hours before the moment that it looks back; 0: the post alone."""

    column: Column
    reads: tuple[str, ...] = (POSTS,)
    hours_back: int = 0

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name


def _count(name: str, meaning: str, unit: str = "count") -> Column:
    return Column(name, pa.int64(), meaning, unit, minimum=0)


_TREND = (POSTS, ASSIGNMENTS, TREND_LEDGER)
FEATURES: tuple[Feature, ...] = (
    Feature(Column("kind", pa.string(), "post, reply, quote or repost")),
    Feature(Column("language", pa.string(), "Detected language (ISO 639-1)")),
    Feature(Column("language_confidence", pa.float32(), "Confidence of the language identifier", "probability", minimum=0, maximum=1)),
    Feature(_count("characters", "Length by the network's rules", "characters")),
    Feature(_count("word_count", "Words")),
    Feature(_count("hashtag_count", "Hashtags")),
    Feature(_count("mention_count", "Accounts mentioned")),
    Feature(_count("url_count", "Links")),
    Feature(_count("emoji_count", "Emoji")),
    Feature(_count("question_count", "Question marks")),
    Feature(_count("exclamation_count", "Exclamation marks")),
    Feature(Column("author_followers", pa.int64(), "Followers as seen at capture; null where that was after the moment", "count", True, 0)),
    Feature(_count("author_posts_24h", "The author's other posts of 24 hours"), hours_back=24),
    Feature(_count("author_posts_7d", "The author's other posts of seven days"), hours_back=168),
    Feature(_count("author_reposted_7d", "Reposts of the author's posts in seven days"), hours_back=168),
    Feature(_count("author_replied_7d", "Replies to the author in seven days"), hours_back=168),
    Feature(_count("author_quoted_7d", "Quotes of the author in seven days"), hours_back=168),
    Feature(_count("reposts", "Reposts of the post in seven days"), hours_back=168),
    Feature(_count("copies_24h", "Other posts with its text, but for case, signs and links, of 24 hours"), hours_back=24),
    Feature(_count("topic_trend_hours", "Hours of 24 in which its topic was a trend"), _TREND, 192),
    Feature(Column("topic_trend_age_hours", pa.float64(), "Since its topic was first raised; null: no trend", "hours", True), _TREND, 192),
    Feature(Column("topic_trend_score", pa.float64(), "Score of its topic's newest trend; null: no trend", "score", True), _TREND, 192),
    Feature(Column("topic_trend_posts_24h", pa.int64(), "Posts of that trend in 24 hours; null: no trend", "count", True, 0), _TREND, 192),
    Feature(Column("topic_trend_growth_6h", pa.float64(), "Growth of that trend in 6 hours; null: no trend", "ratio", True), _TREND, 192),
)
"""Features in the order of the table. A post counts from when its hour was sealed, or from its capture where it came later."""

POST_FEATURES = Table(
    group="models",
    name="post_features",
    description=(
        "Features of each post of the hour as they were known when the hour was sealed (later for late posts): what models are served "
        "with. Made by the function that also makes them for training; the check replays compares."
    ),
    columns=(
        Column("network", pa.string(), "Social network of the post"),
        Column("post_id", pa.string(), "Post, as in social/clean_posts"),
        Column("created_at", timestamp, "When the post was written; decides the partition", "UTC"),
        Column("moment", timestamp, "As known when: nothing that was known later is in the row", "UTC"),
        *(feature.column for feature in FEATURES),
    ),
    key=("network", "post_id"),
    partition="hour",
    time="created_at",
    layer="clean",
    retention_days=30,
    licence_class="derived",
)

TABLES = (POST_FEATURES,)


def known_at_moments(names: Iterable[str]) -> list[str]:
    """Those of the names, in order, that are features of posts and no columns of ``social/clean_posts``."""
    only_features = {feature.name for feature in FEATURES} - set(CLEAN_POSTS.schema.names)
    return [name for name in names if name in only_features]
