"""Social tables: posts as received and as cleaned, what was refused, what was deleted, what was counted.

What belongs here: declarations of the ``social`` group. What doesn't: how the rows are made (``lib/sources``, ``lib/text``).
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table, strings, timestamp

POST_KINDS = ("post", "reply", "quote", "repost")
POST_LICENCE_CLASSES = ("x", "bluesky", "open", "own", "simulated")
OUTCOMES = ("post", "repost", "duplicate", "deletion", "quarantined", "ignored")
QUARANTINE_REASONS = (
    "not_json",
    "truncated",
    "not_an_object",
    "invalid_encoding",
    "too_large",
    "unknown_shape",
    "missing_id",
    "invalid_id",
    "missing_author",
    "missing_created_at",
    "unreadable_created_at",
    "missing_text",
    "invalid_field",
    "outside_lake_window",
    "wrong_landing_hour",
)

GAP_REASONS = ("disconnect", "stall", "rate_limit", "budget", "look_back", "truncated", "operational", "downtime")

_network = Column("network", pa.string(), "Social network the record comes from: x, bluesky or the name given to a table source")
_post_id = Column("post_id", pa.string(), "Identifier of the post on its network; ids are text because they exceed 2^53")
_author = Column("author", pa.string(), "Pseudonym of the author: keyed hash of network and account id", personal=True)
_created_at = Column("created_at", timestamp, "When the author published the post; decides the partition", "UTC")
_captured_at = Column("captured_at", timestamp, "When we received this version of the record", "UTC")
_landing_file = Column("landing_file", pa.string(), "Landing file the record came in, relative to the landing folder")
_landing_line = Column("landing_line", pa.int32(), "Line of the record in its landing file, from 0", "line", minimum=0)
_request_id = Column("request_id", pa.string(), "The request, stream connection or input file that brought the record")
_source = Column("source", pa.string(), "Connector that read the record: x, x-v1, bluesky, table or simulated")
_hashtags = Column("hashtags", strings, "Hashtags, lower case, without #")
_mentions = Column("mentions", strings, "Pseudonyms of the mentioned accounts", personal=True)
_kind = Column("kind", pa.string(), "post, reply, quote or repost; repost wins over quote, quote over reply", allowed=POST_KINDS)
_reposted_post = Column("reposted_post", pa.string(), "Post that this one reposts", nullable=True)
_reposted_author = Column(
    "reposted_author", pa.string(), "Pseudonym of the author of the reposted post, where known", nullable=True, personal=True
)
_quoted_author = Column(
    "quoted_author", pa.string(), "Pseudonym of the author of the quoted post, where known", nullable=True, personal=True
)
_in_reply_to_author = Column(
    "in_reply_to_author", pa.string(), "Pseudonym of the author replied to, where known", nullable=True, personal=True
)
_licence_class = Column(
    "licence_class", pa.string(), "Terms the post is under; models and exports select on it", allowed=POST_LICENCE_CLASSES
)


def _count(name: str, what: str) -> Column:
    return Column(name, pa.int64(), f"{what} as seen at capture; null where the source does not tell", "count", nullable=True, minimum=0)


RAW_POSTS = Table(
    group="social",
    name="raw_posts",
    description="One row per post or repost in one canonical shape, whatever network and format it came in; the newest version wins.",
    columns=(
        _post_id,
        _network,
        _source,
        _author,
        _created_at,
        _kind,
        Column("text", pa.string(), "Full text as published; empty for a repost that carries none"),
        Column("language_hint", pa.string(), "Language that the network or author states (BCP 47)", nullable=True),
        _hashtags,
        _mentions,
        Column("urls", strings, "Expanded URLs"),
        Column("media", strings, "URLs of attached media, or their keys where no URL is given"),
        Column("in_reply_to_post", pa.string(), "Post that this one replies to", nullable=True),
        _in_reply_to_author,
        _reposted_post,
        _reposted_author,
        Column("quoted_post", pa.string(), "Post that this one quotes", nullable=True),
        _quoted_author,
        Column("edit_of", pa.string(), "First version of an edited post, where this is a later version", nullable=True),
        _count("repost_count", "Reposts"),
        _count("reply_count", "Replies"),
        _count("like_count", "Likes"),
        _count("quote_count", "Quotes"),
        _count("view_count", "Views"),
        Column("author_followers", pa.int64(), "Followers of the author as seen at capture", "count", nullable=True, minimum=0),
        Column("matching_rules", strings, "Tags of the collection rules the post matched (brand queries, stream rules)"),
        Column("place", pa.string(), "Place the author attached: country code, or region of the retailer in the town", nullable=True),
        _captured_at,
        _landing_file,
        _landing_line,
        _request_id,
        _licence_class,
    ),
    key=("network", "post_id"),
    partition="hour",
    time="created_at",
    layer="raw",
    retention_days=37,
    licence_class="restricted",
)

QUARANTINED_POSTS = Table(
    group="social",
    name="quarantined_posts",
    description="Records that could not become a post: the original bytes, a reason from a closed list, what is missing.",
    columns=(
        Column("hour", timestamp, "Landing hour of the record; decides the partition", "UTC"),
        _network,
        _source,
        Column("reason", pa.string(), "Why the record was refused", allowed=QUARANTINE_REASONS),
        Column("detail", pa.string(), "What is missing or wrong, in words"),
        Column("original", pa.binary(), "The bytes as received", personal=True),
        Column("received_at", timestamp, "When the record was received", "UTC"),
        _landing_file,
        _landing_line,
        _request_id,
    ),
    key=("landing_file", "landing_line"),
    partition="hour",
    time="hour",
    layer="raw",
    retention_days=37,
    licence_class="restricted",
)

DELETIONS = Table(
    group="social",
    name="deletions",
    description="Posts and accounts that their network says are deleted, protected or scrubbed.",
    columns=(
        Column("hour", timestamp, "Landing hour of the notice; decides the partition", "UTC"),
        _network,
        Column(
            "subject_kind", pa.string(), "What is deleted: a post, an account or its location data", allowed=("post", "account", "location")
        ),
        Column("subject", pa.string(), "Post id, or pseudonym of the account", personal=True),
        Column("action", pa.string(), "Word the network uses for what happened: delete, protect, scrub_geo, deactivate, ..."),
        Column("deleted_at", timestamp, "When it happened, as the network tells; else when we received the notice", "UTC"),
        _source,
        _landing_file,
        _landing_line,
        _request_id,
    ),
    key=("landing_file", "landing_line"),
    partition="hour",
    time="hour",
    layer="raw",
    retention_days=None,
    licence_class="restricted",
)

LANDING_COUNTS = Table(
    group="social",
    name="landing_counts",
    description=(
        "Accounting of every landed record: records in = posts + reposts + duplicates + deletions + quarantined + ignored, "
        "exactly, per landing file and per request."
    ),
    columns=(
        Column("hour", timestamp, "Landing hour; decides the partition", "UTC"),
        _landing_file,
        _request_id,
        _source,
        Column("outcome", pa.string(), "What became of the records", allowed=OUTCOMES),
        Column("detail", pa.string(), "Reason of quarantine, or kind of the ignored or deleted records; empty otherwise"),
        Column("records", pa.int64(), "Records with this outcome", "count", minimum=1),
    ),
    key=("landing_file", "request_id", "source", "outcome", "detail"),
    partition="hour",
    time="hour",
    layer="raw",
    retention_days=400,
    licence_class="aggregate",
)

CLEAN_POSTS = Table(
    group="social",
    name="clean_posts",
    description="Posts ready for analysis: normalised text without handles, language, words, lemmas, entities and a near-duplicate key.",
    columns=(
        _post_id,
        _network,
        _author,
        _created_at,
        _kind,
        Column(
            "clean_text",
            pa.string(),
            "Text in NFC, entities unescaped, spaces collapsed, account handles masked as @user except public brands",
        ),
        Column("language", pa.string(), "ISO 639-1 code of the detected language; und where undecidable"),
        Column("language_confidence", pa.float32(), "Confidence of the language identifier", "probability", minimum=0, maximum=1),
        Column("tokens", strings, "Words in order, lower case; without URLs, mentions, hashtags' # and punctuation"),
        Column("lemmas", strings, "Dictionary form of each token, same length as tokens"),
        _hashtags,
        _mentions,
        Column("urls", strings, "URLs, expanded where the source tells"),
        Column("cashtags", strings, "Cashtags, upper case, without $"),
        Column("emoji", strings, "Emoji in order of appearance"),
        Column(
            "near_duplicate_key",
            pa.int64(),
            "Equal for texts that differ only in case, spacing, punctuation, digits, URLs, mentions or a repost prefix",
        ),
        Column("weighted_length", pa.int32(), "Length by the network's rules (twitter-text configuration 3)", "characters", minimum=0),
        _reposted_post,
        _reposted_author,
        _quoted_author,
        _in_reply_to_author,
        Column("author_followers", pa.int64(), "Followers of the author as seen at capture", "count", nullable=True, minimum=0),
        Column("matching_rules", strings, "Tags of the collection rules the post matched"),
        Column("place", pa.string(), "Place the author attached", nullable=True),
        _captured_at,
        _licence_class,
    ),
    key=("network", "post_id"),
    partition="hour",
    time="created_at",
    layer="clean",
    retention_days=37,
    licence_class="restricted",
)

_LIVE_COLUMNS = (
    "post_id", "network", "author", "created_at", "kind", "clean_text", "language", "tokens", "lemmas", "hashtags", "mentions",
    "urls", "near_duplicate_key", "reposted_post", "reposted_author", "quoted_author", "in_reply_to_author", "captured_at", "licence_class",
)  # fmt: skip

LIVE_POSTS = Table(
    group="social",
    name="live_posts",
    description=(
        "Provisional: clean posts of hours that are not sealed yet, added in micro-batches as they land. The first version of a "
        "post counts; edits, late posts and deletions are taken in at sealing, in social/clean_posts."
    ),
    columns=tuple(CLEAN_POSTS.column(name) for name in _LIVE_COLUMNS),
    key=("network", "post_id"),
    partition="hour",
    time="created_at",
    layer="clean",
    retention_days=2,
    licence_class="restricted",
)

COLLECTION_GAPS = Table(
    group="social",
    name="collection_gaps",
    description=(
        "Intervals in which a collector may have missed posts: fewer posts there are no drop. Rows are added, never changed: of rows with "
        "one gap_id the last recorded one holds."
    ),
    columns=(
        Column("gap_id", pa.string(), "Hash of source, beginning, end and reason"),
        Column("source", pa.string(), "Collector that was or was not running: x, bluesky, pubsub or simulated"),
        _network,
        Column("begins_at", timestamp, "From when on posts may be missing; decides the partition", "UTC"),
        Column("ends_at", timestamp, "Until when", "UTC"),
        Column(
            "reason",
            pa.string(),
            "disconnect, stall (a silent connection), rate_limit, budget (buying stopped), look_back (the source no longer has it), "
            "truncated (a reply was cut off), operational (the network said so), downtime (no collector ran)",
            allowed=GAP_REASONS,
        ),
        Column("detail", pa.string(), "What happened, in words; empty where the reason says it all"),
        Column(
            "noticed_by", pa.string(), "Who noticed: the source's client or the collector that runs it", allowed=("source", "collector")
        ),
        Column("recorded_at", timestamp, "When the row was added", "UTC"),
        Column(
            "backfilled_at", timestamp, "When the posts of the interval had been fetched after all; null: they may be missing", "UTC", True
        ),
    ),
    key=("gap_id", "recorded_at"),
    partition="day",
    time="begins_at",
    layer="raw",
    retention_days=None,
    licence_class="aggregate",
)

TABLES = (RAW_POSTS, QUARANTINED_POSTS, DELETIONS, LANDING_COUNTS, CLEAN_POSTS, LIVE_POSTS, COLLECTION_GAPS)
