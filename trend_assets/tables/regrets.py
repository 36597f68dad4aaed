"""What closed decision cards were worth.

What belongs here: the declaration of ``demand/card_regrets``. What doesn't: the counterfactual (``lib/demand/regret.py``).
"""

from __future__ import annotations

import pyarrow as pa

from trend_assets.tables.declaration import Column, Table
from trend_assets.tables.demand import ACTING

RESPONSES = ("accepted", "declined", "snoozed")

CARD_REGRETS = Table(
    group="demand",
    name="card_regrets",
    description="Closed decision cards: what accepting, snoozing and declining each would have earned, estimated from the stock and sales "
    "that came after them, and what the answer given missed. Of cards that repeat from day to day the first, or the one "
    "accepted before that closed; and one accepted later.",
    columns=(
        Column("day", pa.date32(), "Last day of the card's horizon, on which it closed; decides the partition", "day"),
        Column("card_id", pa.string(), "The card"),
        Column("card_day", pa.date32(), "Day of the card", "day"),
        Column("week", pa.date32(), "Monday of the week of the card", "day"),
        Column("topic_id", pa.string(), "Permanent topic id"),
        Column("label", pa.string(), "Name of the topic on the card"),
        Column("product_id", pa.string(), "Product of the card"),
        Column("product_name", pa.string(), "Its name"),
        Column("category", pa.string(), "Its category; empty where unknown"),
        Column("store_id", pa.string(), "Place of the card"),
        Column("action", pa.string(), "What the card said", allowed=ACTING),
        Column("quantity", pa.int64(), "Units that it said", "units", minimum=0),
        Column("response", pa.string(), "The answer that held when the card closed; null: none", nullable=True, allowed=RESPONSES),
        Column("followed", pa.bool_(), "True where the card was accepted"),
        Column("snooze_days", pa.int64(), "Days after which the card came back; 1 where nobody snoozed it", "days", minimum=1),
        Column("sold_units", pa.float64(), "Units sold within the horizon", "units"),
        Column("lost_units", pa.float64(), "Units wanted on days that ended without stock, and not sold", "units", minimum=0),
        Column("served_units", pa.float64(), "Units of the card that met demand which else had met no stock", "units", minimum=0),
        Column("earned_accepted", pa.float64(), "Money that following at once was worth, or would have been", "money"),
        Column("earned_snoozed", pa.float64(), "Money that following when the card came back would have been worth", "money"),
        Column("earned_declined", pa.float64(), "Money that not following is worth: nothing, the others are measured against it", "money"),
        Column("regret", pa.float64(), "Money that the answer given, or none, missed against the best of the three", "money", minimum=0),
        Column("data_origin", pa.string(), "simulated where the stock behind it is simulated", allowed=("real", "simulated")),
    ),
    key=("card_id",),
    partition="day",
    time="day",
    layer="aggregate",
    retention_days=800,
    licence_class="own",
)

TABLES = (CARD_REGRETS,)
