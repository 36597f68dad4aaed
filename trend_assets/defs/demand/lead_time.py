"""Lead-time assets: uplifts found in our own sales, what naive methods would have said, and whether each alert was right.

What belongs here: which partitions are read, one call into ``lib/demand`` a day. What doesn't: tests and verdicts (``lib/demand``).

Each reads days before its own; only its own day is declared as what it is made from, because a day of the past that is read again must not
rewrite what was known on the days after it.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.declared import asset_key, asset_spec
from trend_assets.defs.jobs import DAILY_RETRIES
from trend_assets.lake.lake import Lake
from trend_assets.lib.tables import concatenate
from trend_assets.partitions import day_key, day_keys, days_of, hour_key, hours_between
from trend_assets.resources import LakeResource
from trend_assets.tables import TABLES

UPLIFTS, NAIVE, SCORES = "demand/sales_uplifts", "demand/naive_alerts", "demand/lead_time_scores"
_ORDERS = ["day", "product_id", "store_id", "kind", "quantity", "unit_price", "data_origin"]
_NAMES = ["day", "product_id", "product_name", "category", "product_type", "colour", "data_origin"]
_DAYS_OF_SALES, _WEEK, _DAYS_OF_ALERTS = 63, 7, 28
"""Days before the first that the methods read: those of ``UpliftRules``, a week, and those of ``ScoreRules`` (a test compares them)."""


def _between(table: pa.Table, first: date, last: date) -> pa.Table:
    days = table["day"]
    return table.filter(pc.and_(pc.greater_equal(days, pa.scalar(first, pa.date32())), pc.less_equal(days, pa.scalar(last, pa.date32()))))


def _year_before(store: Lake, first: date, last: date) -> pa.Table:
    """Order lines of the days a year before, and of the week that followed them."""
    from trend_assets.lib.demand.uplift import YEAR

    keys = day_keys(first - YEAR - timedelta(days=_WEEK), last - YEAR + timedelta(days=_WEEK))
    return store.read(TABLES["retail/orders"], keys, columns=_ORDERS)


@dg.multi_asset(
    name="sales_uplifts",
    specs=[
        asset_spec(
            UPLIFTS,
            deps=[f"retail/{name}" for name in ("orders", "inventory", "promotions", "products", "stores")],
        )
    ],
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=DAILY_RETRIES,
)
def sales_uplifts(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Test each product's and range's sales against what season, prices and stock let us expect."""
    from trend_assets.lib.demand.uplift import sales_uplifts as find

    store, days, found = lake.get(), days_of(context.partition_time_window), []
    first = days[0] - timedelta(days=_DAYS_OF_SALES)
    wanted = {"orders": _ORDERS, "inventory": ["day", "product_id", "store_id", "on_hand", "data_origin"]}
    wanted |= {"promotions": ["day", "product_id", "store_id", "discount"], "products": ["day", "product_id", "unit_price"]}
    read = {name: store.read(TABLES[f"retail/{name}"], day_keys(first, days[-1]), columns=columns) for name, columns in wanted.items()}
    last_year = _year_before(store, first, days[-1])
    for day in days:
        past = {name: _between(table, day - timedelta(days=_DAYS_OF_SALES), day) for name, table in read.items()}
        products, stores = (store.read(TABLES[f"retail/{name}"], [day_key(day)]) for name in ("products", "stores"))
        found.append(
            find(past["orders"], past["inventory"], past["promotions"], products, stores, day, prices=past["products"], last_year=last_year)
        )
    yield dg.MaterializeResult(asset_key=asset_key(UPLIFTS), value=concatenate(TABLES[UPLIFTS], found))


@dg.multi_asset(
    name="naive_alerts",
    specs=[asset_spec(NAIVE, deps=["retail/orders", "retail/products", "social/clean_posts"])],
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=DAILY_RETRIES,
)
def naive_alerts(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Ask three simple methods about each range: the yardstick for trends."""
    from trend_assets.lib.demand.naive_alerts import POST_COLUMNS
    from trend_assets.lib.demand.naive_alerts import naive_alerts as ask

    store, table, days = lake.get(), TABLES[NAIVE], days_of(context.partition_time_window)
    before = days[0] - timedelta(days=2 * _WEEK)
    sales = store.read(TABLES["retail/orders"], day_keys(before, days[-1]), columns=_ORDERS)
    orders = pa.concat_tables([sales, _year_before(store, before, days[-1])])
    past = store.read(table, day_keys(days[0] - timedelta(days=_WEEK), days[0] - timedelta(days=1)))
    found: list[pa.Table] = []
    for day in days:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        hours = [hour_key(hour) for hour in hours_between(start, start + timedelta(days=1))]
        posts = store.read(TABLES["social/clean_posts"], hours, columns=POST_COLUMNS)
        found.append(
            ask(orders, posts, store.read(TABLES["retail/products"], [day_key(day)]), day, previous=concatenate(table, [past, *found]))
        )
    yield dg.MaterializeResult(asset_key=asset_key(NAIVE), value=concatenate(table, found))


@dg.multi_asset(
    name="lead_time_scores",
    specs=[
        asset_spec(
            SCORES,
            deps=[UPLIFTS, NAIVE, "demand/product_trend_links", "topics/trends", "retail/products"],
        )
    ],
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=DAILY_RETRIES,
)
def lead_time_scores(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Judge alerts by our own sales: hit, late, false alarm, or open; and what was missed."""
    from trend_assets.lib.demand.lead_time import TREND_COLUMNS, naive_method_alerts, trend_alerts
    from trend_assets.lib.demand.lead_time import lead_time_scores as judge

    store, days, back = lake.get(), days_of(context.partition_time_window), timedelta(days=_DAYS_OF_ALERTS)
    keys = day_keys(days[0] - back, days[-1])
    uplifts, naive, links = (store.read(TABLES[path], keys) for path in (UPLIFTS, NAIVE, "demand/product_trend_links"))
    products = store.read(TABLES["retail/products"], keys, columns=_NAMES)
    start = datetime(days[0].year, days[0].month, days[0].day, tzinfo=UTC)
    hours = [hour_key(hour) for hour in hours_between(start - back, start + timedelta(days=len(days)))]
    trends = store.read(TABLES["topics/trends"], hours, columns=TREND_COLUMNS)
    found = []
    for day in days:
        first = day - back
        raised = trends.filter(pc.greater_equal(trends["hour"], pa.scalar(datetime(first.year, first.month, first.day, tzinfo=UTC))))
        alerts = trend_alerts(raised, _between(links, first, day)) + naive_method_alerts(_between(naive, first, day))
        found.append(judge(day, alerts, *(_between(table, first, day) for table in (uplifts, products))))
    yield dg.MaterializeResult(asset_key=asset_key(SCORES), value=concatenate(TABLES[SCORES], found))
