"""Coordination tables: groups of accounts that act together, and how robust each topic's attention is.

What belongs here: declarations of what ``lib/coordination`` and ``lib/trends/stress`` find. What doesn't: who is in a group, which
no table holds: rows are of groups of five accounts and more, and say how many, never which.
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table, strings, timestamp

VERDICTS = ("coordinated", "organic crowd", "insufficient data")
GRADES = ("A", "B", "C", "D", "insufficient data")

_hour = Column("hour", timestamp, "Start of the hour; decides the partition", "UTC")

COORDINATED_GROUPS = Table(
    group="influencers",
    name="coordinated_groups",
    description=(
        "Groups of accounts that acted together in the hour and the 23 before, with what speaks for coordination or for a crowd. "
        "No account is named; groups under five accounts have no row."
    ),
    columns=(
        _hour,
        Column("group_id", pa.string(), "Hash of the whole set of accounts: it changes when the set does"),
        Column("topic_id", pa.string(), "Topic of most of the group's posts that have one", nullable=True),
        Column("accounts", pa.int64(), "Accounts in the group", "count", minimum=5),
        Column("acts", pa.int64(), "Posts and reposts of these accounts in the 24 hours; of a crowd, its accounts", "count", minimum=1),
        Column("evidence_kinds", strings, "Kinds of acts that coincide: near-copies, links, reposts, hashtag sequences"),
        Column("topic_share", pa.float64(), "Share of the topic's posts and reposts that are the group's", "share", True, 0, 1),
        Column(
            "occasions", pa.float64(), "Times that two of its accounts coincided, at five minutes' distance: median", "count", minimum=0
        ),
        Column("expected_occasions", pa.float64(), "The same for independent accounts of their activity", "count", minimum=0),
        Column(
            "synchrony",
            pa.float64(),
            "Share of the less active account's time in which both coincide: median",
            "share",
            minimum=0,
            maximum=1,
        ),
        Column(
            "scripted_share",
            pa.float64(),
            "Share of its accounts' own posts that are near-copies in a burst",
            "share",
            minimum=0,
            maximum=1,
        ),
        Column(
            "q_value",
            pa.float64(),
            "False-discovery rate at which the weakest of its links, or its script, is a discovery; 1 for a crowd",
            "probability",
            minimum=0,
            maximum=1,
        ),
        Column(
            "verdict",
            pa.string(),
            "coordinated: the same accounts again and again, or one script from accounts that post nothing else; organic crowd: many "
            "accounts that coincided once; insufficient data: their acts are too few to tell",
            allowed=VERDICTS,
        ),
        Column("reason", pa.string(), "What speaks for the verdict, in words"),
    ),
    key=("group_id",),
    partition="hour",
    time="hour",
    layer="aggregate",
    retention_days=30,
    licence_class="aggregate",
)

STRESS_TESTS = Table(
    group="topics",
    name="stress_tests",
    description=(
        "How robust each topic's attention of the last 24 hours is: what is left without resale listings, paid posts, accounts acting "
        "together, near-copies, repetition and the five most active accounts. One row for each topic with a post in the hour."
    ),
    columns=(
        _hour,
        Column("topic_id", pa.string(), "Permanent topic id: hash of the founding post's key"),
        Column("grade", pa.string(), "A robust to D next to nothing left; insufficient data: fewer than five posts", allowed=GRADES),
        Column("posts", pa.int64(), "Posts of the topic in the 24 hours, without reposts", "count", minimum=0),
        Column("posts_left", pa.int64(), "Those that are left", "count", minimum=0),
        Column("remaining_share", pa.float64(), "Share of the posts that is left", "share", minimum=0, maximum=1),
        Column("authors_left", pa.int64(), "Distinct authors of what is left", "count", minimum=0),
        Column("noise", pa.bool_(), "True where so little is left that the topic is no trend"),
        Column(
            "discount",
            pa.float64(),
            "What the trend's score is multiplied by; 0 where the topic is no trend",
            "factor",
            minimum=0,
            maximum=1,
        ),
        Column("reason", pa.string(), "What is left and what fell away, in words"),
    ),
    key=("topic_id",),
    partition="hour",
    time="hour",
    layer="aggregate",
    retention_days=400,
    licence_class="aggregate",
)

TABLES = (COORDINATED_GROUPS, STRESS_TESTS)
