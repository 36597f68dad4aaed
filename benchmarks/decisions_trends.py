"""What the pipeline says of a simulated town's posts each day: shown trends and the products they are linked to.

What belongs here: from a town's parameters to the daily rows that cards are made of, by the production functions and without Dagster,
kept in a folder so that a policy can be tried again without reading the posts again. What doesn't: stock, policies (``decisions.py``).
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trend_assets.lake.storage import open_storage
from trend_assets.landing.files import list_landing
from trend_assets.lib.evaluation.sealed import run_hours
from trend_assets.lib.evaluation.town_alerts import links_of_days
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.simulation.catalogue import HANDLE, RETAILER
from trend_assets.lib.simulation.town import TownParameters
from trend_assets.lib.sources import decode_hours
from trend_assets.lib.text.clean import clean_posts
from trend_assets.simulate import simulate_town

BRANDS = (RETAILER, HANDLE)
_UNREAD = 1_000_000_000
"""Labels are not looked at here, and naming them takes half of the time."""
_KEY = "an evaluation's pseudonyms are never kept"

_TREND_DAYS = """
with hours as (select *, cast(hour as date) as day from trends),
last_hours as (select * from hours qualify row_number() over (partition by day, topic_id order by hour desc) = 1),
days as (
    select day, topic_id, min(q_value) as trend_q_value, bool_and(suppressed) as suppressed_all_day,
        coalesce(max(score) filter (not suppressed), max(score)) as trend_score
    from hours group by all
),
posts as (select cast(hour as date) as day, topic_id, sum(posts) as posts from topic_hours group by all)
select days.day, days.topic_id, last_hours.label, last_hours.stage, last_hours.grade, last_hours.authors_24h, last_hours.first_raised_at,
    days.suppressed_all_day or last_hours.lane = 'noise' as suppressed, days.trend_score, days.trend_q_value,
    case when days.day > (select min(day) from posts)
        then (coalesce(posts.posts, 0) + 1.0) / (coalesce(before.posts, 0) + 1.0) end as growth_24h
from days join last_hours using (day, topic_id)
left join posts using (day, topic_id)
left join posts as before on before.day = days.day - 1 and before.topic_id = days.topic_id
"""
"""As ``int_trend_days`` does it."""


def trend_products(parameters: TownParameters, products: pa.Table, cache: Path) -> pa.Table:
    """One row per day × shown trend × linked product: the trend's columns of ``int_trend_product_stock`` and ``link_score``.

    ``products``: rows of ``retail/products`` of one day. The result is kept in ``cache`` under a hash of the parameters.
    """
    told = {key: value for key, value in parameters.as_json().items() if key != "history_days"}  # posts do not depend on it
    name = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
    file = cache / f"trends-{name}.parquet"
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        pq.write_table(_found(parameters, products), file)
    return pq.read_table(file)


def _found(parameters: TownParameters, products: pa.Table) -> pa.Table:
    clean = _posts(parameters)
    run = run_hours(clean, BRANDS, products, read_authors=_UNREAD)
    counts = run.assignments.select(["created_at", "topic_id"]).rename_columns(["hour", "topic_id"])
    counts = counts.append_column("posts", pa.repeat(pa.scalar(1, pa.int64()), counts.num_rows))
    raised = run.ranked.filter(pc.invert(run.ranked["suppressed"]))
    return _joined(run.ranked, counts, links_of_days(raised, clean, run.assignments, _every_day(products, raised)))


def _every_day(products: pa.Table, raised: pa.Table) -> pa.Table:
    """The catalogue of one day, on each day on which something is raised: what is launched meanwhile is not linked here."""
    days = sorted(set(raised["hour"].cast(pa.date32()).to_pylist()))
    named = products.drop_columns(["day"])
    return pa.concat_tables([named.append_column("day", pa.repeat(pa.scalar(day, pa.date32()), named.num_rows)) for day in days])


def _joined(trends: pa.Table, topic_hours: pa.Table, links: pa.Table) -> pa.Table:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.register("trends", trends)
    connection.register("topic_hours", topic_hours)
    connection.register("trend_days", connection.execute(_TREND_DAYS).to_arrow_table())
    connection.register("links", links)
    return connection.execute(
        "select trend_days.*, links.product_id, links.score as link_score from trend_days join links using (day, topic_id) "
        "where links.linked and not trend_days.suppressed order by day, topic_id, product_id"
    ).to_arrow_table()


def _posts(parameters: TownParameters) -> pa.Table:
    """The town's clean posts in time order, by way of its landing files."""
    with tempfile.TemporaryDirectory() as folder:
        kept = {name: getattr(parameters, name) for name in ("start", "days", "posts", "seed", "family", "size")}
        simulate_town(Path(folder), **kept)
        storage = open_storage(f"{folder}/landing")
        hours = [parameters.start + timedelta(hours=number) for number in range(24 * parameters.days)]
        files = {hour: [(path, storage.read(path)) for path in paths] for hour, paths in list_landing(storage, hours).items()}
        decoded = decode_hours(
            files, lake_start=parameters.start - timedelta(days=400), lake_end=datetime.max.replace(tzinfo=UTC), pseudonyms=Pseudonyms(_KEY)
        )
    clean = clean_posts(decoded.raw_posts, public_handles=frozenset(brand.lower() for brand in BRANDS))
    return clean.sort_by([("created_at", "ascending"), ("network", "ascending"), ("post_id", "ascending")])
