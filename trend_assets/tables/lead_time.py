"""Tables that say whether trends were early: uplifts found in our own sales, what naive methods would have said, and scores of alerts.

What belongs here: declarations of these tables of the ``demand`` group. What doesn't: the methods (``lib/demand/uplift.py``,
``lib/demand/naive_alerts.py``, ``lib/demand/lead_time.py``).
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table, strings, timestamp

METHODS = ("trends", "last_week", "mentions", "last_year")
"""Who alerts: our trends; last week's sales rose; many posts name the product; the same week last year rose."""
NAIVE_METHODS = METHODS[1:]
OUTCOMES = ("open", "hit", "late", "false_alarm", "miss", "unmeasured", "repeat")

_day = Column("day", pa.date32(), "Day at whose end this was known; decides the partition", "day")
_range_id = Column("range_id", pa.string(), "Range: products of one category and type whose names differ by colour only")
_category = Column("category", pa.string(), "Category of the products")
_origin = Column("data_origin", pa.string(), "simulated where the sales behind it are simulated", allowed=("real", "simulated"))

SALES_UPLIFTS = Table(
    group="demand",
    name="sales_uplifts",
    description="Sales of each product and range, everywhere and by market, tested for an uplift against what the season, prices and stock "
    "let us expect; one row per series that sells enough to be tested, whether it rose or not.",
    columns=(
        _day,
        Column("subject_kind", pa.string(), "What is tested", allowed=("product", "range")),
        Column("subject_id", pa.string(), "Product, or range"),
        Column("region", pa.string(), "Market: a country's stores, or web; empty: everywhere"),
        _range_id,
        Column("label", pa.string(), "Name of the product or range"),
        _category,
        Column("product_ids", strings, "Products of the subject"),
        Column("uplift", pa.bool_(), "True where sales are above expectation at the day's false-discovery rate, by a ratio that matters"),
        Column("onset_on", pa.date32(), "Day on which the rise most likely began; null where there is none", "day", nullable=True),
        Column("units", pa.float64(), "Units sold since the onset, or in the longest window where nothing rose", "units", minimum=0),
        Column("expected_units", pa.float64(), "Units expected in the same days, given prices and stock", "units", minimum=0),
        Column("ratio", pa.float64(), "Units over expected units", "ratio", minimum=0),
        Column("ratio_low", pa.float64(), "Lower end of its 95 % interval", "ratio", minimum=0),
        Column("ratio_high", pa.float64(), "Upper end of its 95 % interval", "ratio", minimum=0),
        Column("p_value", pa.float64(), "Chance of so much without a rise, over all windows looked at", "share", minimum=0, maximum=1),
        Column("q_value", pa.float64(), "False-discovery rate at which the day's test is a discovery", "share", minimum=0, maximum=1),
        Column("detectable_ratio", pa.float64(), "Smallest rise that the longest window would show four times in five", "ratio", minimum=1),
        Column("out_of_stock_share", pa.float64(), "Share of demand that empty shelves hid from sight", "share", minimum=0, maximum=1),
        Column("promotion", pa.bool_(), "True where a price reduction ran in the window; the expectation contains its effect"),
        _origin,
    ),
    key=("subject_kind", "subject_id", "region"),
    partition="day",
    time="day",
    layer="aggregate",
    retention_days=800,
    licence_class="own",
)

NAIVE_ALERTS = Table(
    group="demand",
    name="naive_alerts",
    description="What simple methods look at, by range: last week's sales, posts that name the range, the same week last year. "
    "The yardstick that trends have to beat.",
    columns=(
        _day,
        Column("method", pa.string(), "The method", allowed=NAIVE_METHODS),
        _range_id,
        Column("label", pa.string(), "Name of the range"),
        _category,
        Column("product_ids", strings, "Products of the range"),
        Column("value", pa.float64(), "Units, or posts, that the method looks at", "count", minimum=0),
        Column("reference", pa.float64(), "What it compares them with; null where there is no past", "count", nullable=True, minimum=0),
        Column("alerts", pa.bool_(), "True where the method alerts"),
    ),
    key=("method", "range_id"),
    partition="day",
    time="day",
    layer="aggregate",
    retention_days=400,
    licence_class="aggregate",
)

LEAD_TIME_SCORES = Table(
    group="demand",
    name="lead_time_scores",
    description="Was each alert of a range right, and how early? It has a row each day while it is open and one on the day it is decided; "
    "an uplift that a method did not see is a miss of that method. Uses only what was known by the end of the day.",
    columns=(
        _day,
        Column("score_id", pa.string(), "Hash of the method, the alert and the range, or of the method and the uplift it missed"),
        Column("method", pa.string(), "Who alerted", allowed=METHODS),
        Column(
            "outcome",
            pa.string(),
            "open: its horizon has not ended; hit: sales rose after it; late: they had risen before; false_alarm: they didn't; "
            "miss: they rose without an open alert; unmeasured: too few sales to tell; "
            "repeat: the same range was alerted within the horizon",
            allowed=OUTCOMES,
        ),
        Column("topic_id", pa.string(), "The trend; null for naive methods and misses", nullable=True),
        Column("label", pa.string(), "Label of the trend, else name of the range"),
        Column("range_id", pa.string(), "Range that was alerted, or that rose without an alert"),
        _category,
        Column("product_ids", strings, "Products of the range that were alerted, or that rose where none was"),
        Column(
            "alerted_at",
            timestamp,
            "When the alert was known, four hours after the end of its day; null for a miss",
            "UTC",
            nullable=True,
        ),
        Column("open_until", pa.date32(), "Last day on which a rise still makes it a hit; null for a miss", "day", nullable=True),
        Column("region", pa.string(), "Market in which sales rose (empty: everywhere); null where none did", nullable=True),
        Column("onset_on", pa.date32(), "Day on which sales began to rise, as known when it was decided", "day", nullable=True),
        Column("detected_on", pa.date32(), "Day on which our own sales first showed it", "day", nullable=True),
        Column("lead_days", pa.float64(), "From the alert to the start of the onset's day; negative where late", "days", nullable=True),
        Column("units", pa.float64(), "Units sold since the onset, until detected", "units", nullable=True, minimum=0),
        Column("expected_units", pa.float64(), "Units expected in the same days", "units", nullable=True, minimum=0),
        Column("ratio", pa.float64(), "Units over expected units", "ratio", nullable=True, minimum=0),
        _origin,
        Column("reason", pa.string(), "The verdict in words"),
    ),
    key=("score_id",),
    partition="day",
    time="day",
    layer="aggregate",
    retention_days=800,
    licence_class="aggregate",
)

TABLES = (SALES_UPLIFTS, NAIVE_ALERTS, LEAD_TIME_SCORES)
