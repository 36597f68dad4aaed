"""Tables of collection: what was bought from networks and for what, what was counted there, which terms break out by that.

What belongs here: their declarations. What doesn't: gaps in what was collected (``social.py``), who writes them (``collect/``, ``defs/``).
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

_network = Column("network", pa.string(), "Social network that counted: x")
_term = Column("term", pa.string(), "Name of what was counted: the tag of its rule")
_query = Column("query", pa.string(), "What was counted, in the network's query language; empty where the record does not tell")
_topic_id = Column("topic_id", pa.string(), "Topic that the term was made for; empty where none", nullable=True)
_begins_at = Column("begins_at", timestamp, "Start of the interval that was counted", "UTC")
_posts = Column("posts", pa.int64(), "Posts in the interval, as the network counted them", "count", minimum=0)

TERM_COUNTS = Table(
    group="social",
    name="term_counts",
    description=(
        "Posts of each term as its network counted them, one row a record as it landed. Of rows with one network, term, query and "
        "begins_at the one counted last holds: networks count again, and posts go."
    ),
    columns=(
        Column("hour", timestamp, "Landing hour of the record; decides the partition. The interval counted is older", "UTC"),
        _network,
        Column("source", pa.string(), "Connector that asked for the counts: x"),
        _term,
        _query,
        _topic_id,
        _begins_at,
        Column("ends_at", timestamp, "End of the interval that was counted", "UTC"),
        _posts,
        Column("counted_at", timestamp, "When the count was received", "UTC"),
        Column("landing_file", pa.string(), "Landing file the record came in, relative to the landing folder"),
        Column("landing_line", pa.int32(), "Line of the record in its landing file, from 0", "line", minimum=0),
    ),
    key=("landing_file", "landing_line"),
    partition="hour",
    time="hour",
    layer="raw",
    retention_days=400,
    licence_class="aggregate",
)

TERM_BURSTS = Table(
    group="topics",
    name="term_bursts",
    description=(
        "Each hourly count of a term, judged by the term's own past as it was known when the count landed: which terms break out, and why. "
        "Counts need no posts to be bought."
    ),
    columns=(
        Column("hour", timestamp, "Hour in which the count landed, so in which this could be known; decides the partition", "UTC"),
        _network,
        _term,
        _query,
        _topic_id,
        Column("begins_at", timestamp, "Start of the hour that was counted", "UTC"),
        _posts,
        Column("expected_posts", pa.float64(), "Posts expected from the term's level and rhythm before", "count", minimum=0),
        Column("z", pa.float64(), "Standardised excess of the hour over that expectation", "standard deviations"),
        Column("p_value", pa.float64(), "Chance of so many posts or more, overdispersion included", "probability", minimum=0, maximum=1),
        Column("alarms_per_day", pa.float64(), "How often the term's own past has something as strong", "per day", minimum=0),
        Column("past_hours", pa.int64(), "Hours of the term known before this one", "hours", minimum=0),
        Column("breaks_out", pa.bool_(), "True where that is rarer than the budget of alarms of all terms together"),
        Column("reason", pa.string(), "Why it breaks out or does not, in words"),
    ),
    key=("network", "term", "query", "begins_at"),
    partition="hour",
    time="hour",
    layer="aggregate",
    retention_days=400,
    licence_class="aggregate",
)

TABLES = (COLLECTION_COSTS, TERM_COUNTS, TERM_BURSTS)
