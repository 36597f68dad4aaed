"""Demand assets: products linked to the day's trends, decision cards, and the answers that buyers give on the board.

What belongs here: which partitions are read, one call into ``lib/demand`` a day, metadata. What doesn't: linking and rules,
writing answers (``board/responses.py``).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.declared import asset_key, asset_spec
from trend_assets.defs.jobs import DAILY_RETRIES
from trend_assets.lake.lake import Lake
from trend_assets.lib.tables import concatenate, matches
from trend_assets.partitions import day_key, days_of, hour_key, hours_between
from trend_assets.resources import LakeResource, Published
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES
from trend_assets.warehouse.engine import open_warehouse

POST_COLUMNS = ["network", "post_id", "author", "tokens", "lemmas", "hashtags", "language"]


def _posts_with_topics(lake: Lake, hours: list[str]) -> pa.Table:
    clean = lake.read(TABLES["social/clean_posts"], hours, columns=POST_COLUMNS)
    assignments = lake.read(TABLES["topics/topic_assignments"], hours, columns=["network", "post_id", "topic_id"])
    rows = matches(clean, assignments, ["network", "post_id"])
    topics = assignments["topic_id"].take(rows)
    return clean.append_column("topic_id", topics)


def _hours_of_day(day: date) -> list[str]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return [hour_key(hour) for hour in hours_between(start, start + timedelta(days=1))]


_LINKED_FROM = ["topics/trends", "social/clean_posts", "topics/topic_assignments", "retail/products"]


@dg.multi_asset(
    name="product_trend_links",
    specs=[asset_spec(path, deps=_LINKED_FROM) for path in ("demand/product_trend_links", "demand/unserved_trends")],
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=DAILY_RETRIES,
)
def product_trend_links(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Link each raised trend of the day to the products its posts name, or abstain and say why; list what no product answers.

    What pictures of the posts show is read where it is known. It is no dependency: pictures are optional, and most lakes have none.
    """
    from trend_assets.lib.demand.embeddings import MultilingualE5
    from trend_assets.lib.demand.links import link_day
    from trend_assets.lib.demand.picture_evidence import with_picture_evidence
    from trend_assets.lib.demand.unserved import unserved_trends
    from trend_assets.models.upstream import stage_versions

    embedder = MultilingualE5() if load_settings().link_by_meaning else None
    versions = stage_versions("link", load_settings())
    store, links, unserved = lake.get(), [], []
    for day in days_of(context.partition_time_window):
        hours = _hours_of_day(day)
        trends = store.read(TABLES["topics/trends"], hours)
        trends = trends.filter(pc.invert(trends["suppressed"]))
        if trends.num_rows:
            posts = _posts_with_topics(store, hours)
            products = store.read(TABLES["retail/products"], [day_key(day)])
            found = link_day(trends, posts, products, day, embedder=embedder)
            linked = with_picture_evidence(found.links, posts, store.read(TABLES["image_category/media_categories"], hours), products)
            links.append(linked)
            unserved.append(unserved_trends(trends, linked, found.nearest, posts, day))
    for path, parts in (("demand/product_trend_links", links), ("demand/unserved_trends", unserved)):
        rows = concatenate(TABLES[path], parts)
        made_with = {day_key(day): versions for day in pc.unique(rows["day"]).to_pylist()}
        yield dg.MaterializeResult(asset_key=asset_key(path), value=Published(rows, made_with))


@dg.multi_asset(
    name="decision_cards",
    specs=[asset_spec("demand/decision_cards", deps=[dg.AssetDep(dg.AssetKey(["warehouse", "int_trend_product_stock"]))])],
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=DAILY_RETRIES,
)
def decision_cards(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Compare what will be wanted under each trend with stock and supply: reorder, expedite, move, hold, mark down or too late.

    Gaps in collection are read as they are known now. They are no dependency: a collector appends them at any time, and a town has none.
    """
    from trend_assets.lib.demand.cards import decision_cards as decide
    from trend_assets.lib.demand.collection import gap_share

    days, store, table = days_of(context.partition_time_window), lake.get(), TABLES["social/collection_gaps"]
    stock = open_warehouse().read_working("int_trend_product_stock", days[0], days[-1])
    gaps = store.read(table, [key for key in store.partitions(table) if key <= day_key(days[-1])])
    cards = [decide(stock.filter(pc.equal(stock["day"], pa.scalar(day, pa.date32()))), day, gap_share=gap_share(gaps, day)) for day in days]
    yield dg.MaterializeResult(asset_key=asset_key("demand/decision_cards"), value=concatenate(TABLES["demand/decision_cards"], cards))


# External: the board appends each answer as it is given, so no run makes it, none is due and none is late. Its checks run all the same.
card_responses = asset_spec("demand/card_responses", deps=["demand/decision_cards"]).replace_attributes(
    automation_condition=None, freshness_policy=None, kinds={"parquet", "streamlit"}
)
