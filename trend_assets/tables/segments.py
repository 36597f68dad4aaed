"""Customer segments: how many customers of which kind buy a category where.

What belongs here: the declaration of ``demand/segment_customers``. What doesn't: counting (``lib/demand/segments.py``), which trends
meet them (``dbt_project/``, ``mart_trend_segments``). No customer is in any table: what identifies one is read from the retailer's
files while counting, and kept nowhere.
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table
from trend_assets.tables.markets import UNKNOWN, WITHHELD

FEWEST_CUSTOMERS = 50
BEST, RETURNING, NEW, REGULAR, OCCASIONAL = SEGMENTS = ("best", "returning", "new", "regular", "occasional")
"""Segments by value, recency and frequency, in the order in which they are asked; a retailer's own segments replace them."""

SEGMENT_CUSTOMERS = Table(
    group="demand",
    name="segment_customers",
    description=(
        "Customers who bought a category in a region in the week that ends with the day (Sundays only: weeks share no day), by segment. "
        f"Cells of fewer than {FEWEST_CUSTOMERS} customers are counted together as {WITHHELD}, with the next smallest cell where they "
        "are still too few; a category of fewer has no row. Counts of customers only: no customer enters a table."
    ),
    columns=(
        Column("day", pa.date32(), "Sunday that ends the week; decides the partition", "day"),
        Column("category", pa.string(), f"Category of the products bought; {UNKNOWN} where no catalogue tells"),
        Column(
            "region",
            pa.string(),
            f"Region of the place, else the country delivered to, each sale in one; {UNKNOWN} without, {WITHHELD}: too few",
        ),
        Column(
            "segment",
            pa.string(),
            "The retailer's own segment of the customer where orders tell one, else by the half year to the day: best (top tenth by value, "
            "on two days or more), returning (after 90 days or more), new (no order before this week), regular (on four days or more), "
            f"occasional (all others); {UNKNOWN} where the retailer tells none, {WITHHELD}: too few",
        ),
        Column(
            "customers",
            pa.int64(),
            "Distinct customers; of several segments' only within a region and category a sum",
            "count",
            minimum=FEWEST_CUSTOMERS,
        ),
        Column("data_origin", pa.string(), "real or simulated", allowed=("real", "simulated")),
    ),
    key=("category", "region", "segment"),
    partition="day",
    time="day",
    layer="aggregate",
    retention_days=800,
    licence_class="own",
)

TABLES = (SEGMENT_CUSTOMERS,)
