"""What closed decision cards were worth.

What belongs here: which partitions are read, one call into ``lib/demand``. What doesn't: the counterfactual (``lib/demand/regret.py``),
sums by week (``board/regrets.py``).
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.declared import asset_key, asset_spec
from trend_assets.defs.jobs import DAILY_RETRIES
from trend_assets.partitions import day_keys, days_of
from trend_assets.resources import LakeResource
from trend_assets.tables import TABLES

REGRETS = "demand/card_regrets"
_STOCK = ["day", "product_id", "store_id", "sold", "on_hand"]


@dg.multi_asset(
    name="card_regrets",
    specs=[asset_spec(REGRETS, deps=["demand/decision_cards", "retail/inventory", "retail/products"])],
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=DAILY_RETRIES,
)
def card_regrets(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Value the cards that closed: what accepting, snoozing and declining would have earned, from the stock and sales since.

    Cards, stock and answers of earlier days are read as they are; only the day's own are declared as what it is made from, because a day
    of the past that is read again must not rewrite what was known after it. Answers come at any time; those that come after a card has
    closed do not count for it.
    """
    from trend_assets.lib.demand.regret import LONGEST_DAYS, answers_of, regret_table, stock_days

    days, store = days_of(context.partition_time_window), lake.get()
    longest = timedelta(days=LONGEST_DAYS)
    keys = day_keys(days[0] - 3 * longest, days[-1])
    cards = store.read(TABLES["demand/decision_cards"], keys)
    stock = pa.table({})
    if cards.num_rows:
        first = max(pc.min(cards["day"]).as_py(), days[0] - longest)
        stock = store.read(TABLES["retail/inventory"], day_keys(first, days[-1]), columns=_STOCK)
    answers = answers_of(store.read(TABLES["demand/card_responses"], keys))
    # a product that has left the shop meanwhile keeps the category that it had
    products = store.read(TABLES["retail/products"], keys, columns=["product_id", "category"])
    categories = dict(zip(products["product_id"].to_pylist(), products["category"].to_pylist(), strict=True))
    rows = cards.to_pylist()
    yield dg.MaterializeResult(
        asset_key=asset_key(REGRETS), value=regret_table(rows, answers, stock_days(rows, stock), categories, days[0], days[-1])
    )
