"""A simulated town through the sealed lane without Dagster: its posts as they were received, and every alert with products.

What belongs here: from a town's records to clean posts, and from ranked trends to the links of each closed day. What doesn't: whether
alerts were right (``lead_time.py``), the methods (``lib/topics``, ``lib/trends``, ``lib/relevance``, ``lib/demand``).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.lead_time import Alert, trend_alerts
from trend_assets.lib.demand.links import product_trend_links
from trend_assets.lib.evaluation.sealed import Run, run_hours
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.simulation.delivery import KIND_OF_NETWORK, Batch, Town
from trend_assets.lib.simulation.town import MICROSECONDS_PER_HOUR
from trend_assets.lib.sources import decode_hours
from trend_assets.lib.sources.landing_file import HOUR_FORMAT, compress_lines, encode_line, file_path, line_prefix
from trend_assets.lib.tables import concatenate, matches
from trend_assets.lib.text.clean import clean_posts
from trend_assets.tables import TABLES

BRANDS = ("Maison Carrel", "maisoncarrel")
SEALED_AFTER = timedelta(hours=2)
"""A post that is received later than this after its hour is not in the hour's ranking."""
HOUR = timedelta(hours=1)
_LEAST_POSTS = 5


@dataclass(frozen=True)
class TownRun:
    """What became of a town's posts.

    ``run``: topics and ranked trends; ``alerts``: those with products, as the product makes them of each closed day; ``about``: which
    planted trend each topic is about, where it is about one; ``raised``: first raised hour's end of each topic that was raised;
    ``posts``: clean, those in time for their hour.
    """

    run: Run
    alerts: list[Alert]
    about: dict[str, str]
    raised: dict[str, datetime]
    posts: pa.Table


def run_town(town: Town, products: pa.Table) -> TownRun:
    """Deliver the town's days, clean, cluster, rank and judge its posts hour by hour, and link what is raised day by day.

    ``products``: rows of ``retail/products`` of the town's days. Hours are judged by the catalogue of the first. Only
    posts that had arrived when an hour was sealed are used for it.
    """
    posts, planted = town_posts(town)
    run = run_hours(posts, BRANDS, _of(products, "day", town.parameters.start.date()))
    raised = run.ranked.filter(pc.invert(run.ranked["suppressed"]))
    first = raised.group_by("topic_id").aggregate([("hour", "min")])
    ends = [hour.astimezone(UTC) + HOUR for hour in first["hour_min"].to_pylist()]
    at = dict(zip(first["topic_id"].to_pylist(), ends, strict=True))
    alerts = trend_alerts(raised, links_of_days(raised, posts, run.assignments, products))
    return TownRun(run, alerts, _about(run.assignments, planted), at, posts)


def town_posts(town: Town) -> tuple[pa.Table, pa.Table]:
    """``social/clean_posts`` of all days in time order, and ``network``, ``post_id``, ``trend_id`` of the posts that were planted.

    Records go through the decoder as landing files would. Of Bluesky the truth is left out: the lake knows its posts by pseudonym.
    """
    lines: dict[tuple[str, int], list[bytes]] = defaultdict(list)
    planted = []
    for day in range(town.parameters.days):
        batches, truth = town.deliver(day)
        for batch in batches:
            _land(batch, lines)
        of_x = pc.and_(pc.equal(truth["network"], "x"), pc.is_valid(truth["trend_id"]))
        planted.append(truth.filter(of_x).select(["network", "post_id", "trend_id"]))
    files: dict[datetime, list[tuple[str, bytes]]] = defaultdict(list)
    for (network, hour), part in sorted(lines.items()):
        data, start = compress_lines(part), datetime.fromtimestamp(hour * 3600, UTC)
        files[start].append((file_path(network, start.strftime(HOUR_FORMAT), f"{hour:026d}", data), data))
    parameters = town.parameters
    decoded = decode_hours(files, lake_start=parameters.start, lake_end=parameters.end, pseudonyms=Pseudonyms("a town of the evaluation"))
    raw = decoded.raw_posts
    sealed = pc.add(pc.floor_temporal(raw["created_at"], unit="hour"), pa.scalar(HOUR + SEALED_AFTER))
    clean = clean_posts(raw.filter(pc.less_equal(raw["captured_at"], sealed)))
    return clean.sort_by([("created_at", "ascending"), ("network", "ascending"), ("post_id", "ascending")]), pa.concat_tables(planted)


def _land(batch: Batch, lines: dict[tuple[str, int], list[bytes]]) -> None:
    """Lines of a batch into the landing hours that the landing writer would choose."""
    kind = KIND_OF_NETWORK[batch.network]
    for body, received, created in zip(batch.bodies, batch.received_at, batch.created_at, strict=True):
        text = datetime.fromtimestamp(received / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        moment = received if batch.broken or not created else created
        line = encode_line(line_prefix("simulated", text, "town", kind), body, None)
        lines[batch.network, moment // MICROSECONDS_PER_HOUR].append(line)


def links_of_days(raised: pa.Table, posts: pa.Table, assignments: pa.Table, products: pa.Table) -> pa.Table:
    """Rows of ``demand/product_trend_links`` of all days, as the asset makes them: once a day is closed, from its own posts and catalogue.

    ``raised``: rows of ``topics/trends`` that are not suppressed. ``posts``: clean ones, of any days. ``products``: rows of
    ``retail/products``, of every day on which something is raised.
    """
    posts = posts.append_column("topic_id", assignments["topic_id"].take(matches(posts, assignments, ["network", "post_id"])))
    days = sorted(set(_days(raised["hour"]).to_pylist()))
    parts = (product_trend_links(_of(raised, "hour", day), _of(posts, "created_at", day), _of(products, "day", day), day) for day in days)
    return concatenate(TABLES["demand/product_trend_links"], list(parts))


def _of(table: pa.Table, column: str, day: date) -> pa.Table:
    return table.filter(pc.equal(_days(table[column]), pa.scalar(day, pa.date32())))


def _days(moments: pa.ChunkedArray) -> pa.ChunkedArray:
    """Days, in UTC, of moments or days."""
    return moments.cast(pa.date32())


def _about(assignments: pa.Table, planted: pa.Table) -> dict[str, str]:
    """The planted trend that has most posts in each topic, and at least five."""
    topics = assignments["topic_id"].take(matches(planted, assignments, ["network", "post_id"]))
    held = pa.table({"topic_id": topics, "trend_id": planted["trend_id"]}).drop_null()
    counted = held.group_by(["topic_id", "trend_id"]).aggregate([("trend_id", "count")])
    counted = counted.filter(pc.greater_equal(counted["trend_id_count"], _LEAST_POSTS))
    counted = counted.sort_by([("trend_id_count", "ascending"), ("trend_id", "descending")])
    return dict(zip(counted["topic_id"].to_pylist(), counted["trend_id"].to_pylist(), strict=True))  # the largest is last
