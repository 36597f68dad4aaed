"""A simulated town through the sealed lane without Dagster: its posts as they were received, and every alert with products.

What belongs here: from a town's records to clean posts, and from ranked trends to alerts hour by hour. What doesn't: whether alerts were
right (``lead_time.py``), the methods (``lib/topics``, ``lib/trends``, ``lib/relevance``, ``lib/demand``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.lead_time import Alert
from trend_assets.lib.demand.links import product_trend_links
from trend_assets.lib.evaluation.sealed import Run, run_hours
from trend_assets.lib.privacy.pseudonyms import Pseudonyms
from trend_assets.lib.simulation.delivery import KIND_OF_NETWORK, Batch, Town
from trend_assets.lib.simulation.town import MICROSECONDS_PER_HOUR
from trend_assets.lib.sources import decode_hours
from trend_assets.lib.sources.landing_file import HOUR_FORMAT, compress_lines, encode_line, file_path, line_prefix
from trend_assets.lib.tables import matches
from trend_assets.lib.text.clean import clean_posts

BRANDS = ("Maison Carrel", "maisoncarrel")
SEALED_AFTER = timedelta(hours=2)
"""A post that is received later than this after its hour is not in the hour's ranking."""
ASKED_AGAIN = (0, 1, 2, 4, 6, 9, 12, 18, 24, 36, 48)
"""Hours after a topic is first raised at which it is linked again, while no product was found and it is still raised."""
HOUR = timedelta(hours=1)
LINKED_WINDOW = 24
"""Posts of so many hours tell which products a topic is about."""
_LEAST_POSTS = 5


@dataclass(frozen=True)
class TownRun:
    """What became of a town's posts.

    ``run``: topics and ranked trends; ``alerts``: with products, one a topic, as known at their hour's end; ``about``: which planted trend
    each topic is about, where it is about one; ``raised``: first raised hour's end of each topic that was raised; ``posts``: clean, those
    in time for their hour.
    """

    run: Run
    alerts: list[Alert]
    about: dict[str, str]
    raised: dict[str, datetime]
    posts: pa.Table


def run_town(town: Town, products: pa.Table) -> TownRun:
    """Deliver the town's days, clean, cluster, rank and judge its posts hour by hour, and link what is raised.

    ``products``: rows of ``retail/products`` of one day. Only posts that had arrived when an hour was sealed are used for it.
    """
    posts, planted = town_posts(town)
    run = run_hours(posts, BRANDS, products)
    raised = run.ranked.filter(pc.invert(run.ranked["suppressed"]))
    first = raised.group_by("topic_id").aggregate([("hour", "min")])
    ends = [hour.astimezone(UTC) + HOUR for hour in first["hour_min"].to_pylist()]
    at = dict(zip(first["topic_id"].to_pylist(), ends, strict=True))
    return TownRun(run, list(_linked(raised, posts, run.assignments, products)), _about(run.assignments, planted), at, posts)


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


def _linked(raised: pa.Table, posts: pa.Table, assignments: pa.Table, products: pa.Table) -> Iterator[Alert]:
    """An alert of each topic with products, at the end of the first hour at which posts up to then name them."""
    topic_of = assignments["topic_id"].take(matches(posts, assignments, ["network", "post_id"]))
    posts = posts.append_column("topic_id", topic_of)
    times = posts["created_at"].combine_chunks().cast(pa.int64()).to_numpy()
    born: dict[str, datetime] = {}
    done: set[str] = set()
    hours: dict[datetime, list[tuple[str, str]]] = defaultdict(list)
    for row in raised.select(["hour", "topic_id", "label"]).to_pylist():
        hours[row["hour"].astimezone(UTC)].append((row["topic_id"], row["label"]))
    for hour in sorted(hours):
        asked = {}
        for topic, label in hours[hour]:
            if topic not in done and (hour - born.setdefault(topic, hour)) // HOUR in ASKED_AGAIN:
                asked[topic] = label
        if not asked:
            continue
        end = hour + HOUR
        window = np.searchsorted(times, [_microseconds(end - LINKED_WINDOW * HOUR), _microseconds(end)])
        part = posts.slice(int(window[0]), int(window[1] - window[0]))
        topics = pa.table({"topic_id": pa.array(sorted(asked), pa.string()), "label": [asked[one] for one in sorted(asked)]})
        for topic, linked in _by_topic(product_trend_links(topics, part, products, hour.date())):
            done.add(topic)
            yield Alert("trends", topic, topic, asked[topic], end, linked)


def _by_topic(links: pa.Table) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for row in links.filter(links["linked"]).sort_by([("topic_id", "ascending"), ("rank", "ascending")]).to_pylist():
        found.setdefault(row["topic_id"], []).append(row["product_id"])
    yield from found.items()


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


def _about(assignments: pa.Table, planted: pa.Table) -> dict[str, str]:
    """The planted trend that has most posts in each topic, and at least five."""
    topics = assignments["topic_id"].take(matches(planted, assignments, ["network", "post_id"]))
    held = pa.table({"topic_id": topics, "trend_id": planted["trend_id"]}).drop_null()
    counted = held.group_by(["topic_id", "trend_id"]).aggregate([("trend_id", "count")])
    counted = counted.filter(pc.greater_equal(counted["trend_id_count"], _LEAST_POSTS))
    counted = counted.sort_by([("trend_id_count", "ascending"), ("trend_id", "descending")])
    return dict(zip(counted["topic_id"].to_pylist(), counted["trend_id"].to_pylist(), strict=True))  # the largest is last
