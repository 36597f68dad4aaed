"""The planted truth: what was simulated, kept apart so that only evaluation code reads it.

What belongs here: the ledger of records, tables of posts, authors and trends as they were planted. What doesn't: anything
the pipeline may read (landing files, retail files).
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from trend_assets.lib.simulation.authors import REGIONS, ROLES, Authors
from trend_assets.lib.simulation.catalogue import catalogue
from trend_assets.lib.simulation.opinions import NO_OPINION, SENTIMENTS
from trend_assets.lib.simulation.planted import EXPECTED_LANE, SHOULD_ALERT, PlantedTrend
from trend_assets.lib.simulation.posts import KINDS, NO_TREND, DayOfPosts, counts_as_trend
from trend_assets.lib.simulation.retail import Retailer
from trend_assets.lib.simulation.rhythm import COMMUNITIES, TOPICS
from trend_assets.lib.simulation.texts_en import DRIFT as DRIFT_ENGLISH
from trend_assets.lib.simulation.texts_fr import DRIFT as DRIFT_FRENCH
from trend_assets.lib.simulation.town import MICROSECONDS_PER_DAY, TownParameters


class Ledger:
    """Counts of landed records by network, outcome and detail: what a correct reader must arrive at, exactly."""

    def __init__(self) -> None:
        self._records: Counter[tuple[str, str, str]] = Counter()

    def count(self, network: str, outcome: str, detail: str = "", records: int = 1) -> None:
        """Add landed records of one outcome (post, repost, duplicate, deletion, quarantined, ignored)."""
        if records:
            self._records[network, outcome, detail] += records

    def rows(self) -> list[dict[str, object]]:
        """One row per network, outcome and detail, sorted."""
        return [
            {"network": network, "outcome": outcome, "detail": detail, "records": records}
            for (network, outcome, detail), records in sorted(self._records.items())
        ]

    def totals(self) -> dict[str, int]:
        """Records by outcome; their sum is the number of landed records."""
        totals: Counter[str] = Counter()
        for (_, outcome, _), records in self._records.items():
            totals[outcome] += records
        return dict(sorted(totals.items()))


def posts_truth(
    posts: DayOfPosts,
    post_ids: list[str],
    authors: Authors,
    trends: tuple[PlantedTrend, ...],
    landed: np.ndarray,
    received: np.ndarray,
    reasons: list[str | None],
) -> pa.Table:
    """One row per planned post. ``post_id`` is the network's: on Bluesky ``did/rkey``, or ``did/repost/rkey`` for a repost."""
    trend_ids = pa.array([trend.trend_id for trend in trends] or [""])
    trend = pa.array(posts.trend, mask=posts.trend == NO_TREND)
    topic = pa.array(posts.topic, mask=posts.trend != NO_TREND)
    sentiment = pa.array(posts.opinion, mask=posts.opinion == NO_OPINION)
    timestamp = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            "network": np.where(posts.bluesky, "bluesky", "x"),
            "post_id": pa.array(post_ids, pa.string()),
            "author_id": pa.array(authors.account_id).take(pa.array(posts.author)),
            "created_at": pa.array(posts.time // 1000 * 1000, pa.int64()).cast(timestamp),
            "received_at": pa.array(received, pa.int64()).cast(timestamp),
            "kind": pa.array(KINDS).take(pa.array(posts.kind)),
            "language": np.where(posts.french, "fr", "en"),
            "trend_id": trend_ids.take(trend),
            "everyday_topic": pa.array(TOPICS).take(topic),
            "sentiment": pa.array(SENTIMENTS).take(sentiment),
            "complaint_reason": pa.array(reasons, pa.string()),
            "landed": pa.array(landed),
            "edit_of": pa.nulls(len(posts), pa.string()),
        }
    )


def with_edits(truth: pa.Table, edited: np.ndarray, post_ids: list[str], times: np.ndarray) -> pa.Table:
    """The day's truth with one more row for every later version of a post; ``edited`` are rows, ``times`` microseconds."""
    versions = truth.take(pa.array(edited, pa.int64()))
    written = pa.array(times // 1000 * 1000, pa.int64()).cast(pa.timestamp("us", tz="UTC"))
    changed = {"post_id": pa.array(post_ids, pa.string()), "created_at": written, "received_at": written, "edit_of": versions["post_id"]}
    for name, values in changed.items():
        versions = versions.set_column(versions.schema.get_field_index(name), name, values)
    return pa.concat_tables([truth, versions])


def authors_truth(authors: Authors) -> pa.Table:
    """One row per account with its role and, for accounts behind a wave, the trend they serve."""
    serves: list[str | None] = [None] * len(authors)
    for trend_id, members in sorted(authors.pools.items()):
        for member in members.tolist():
            serves[member] = trend_id
    return pa.table(
        {
            "network": np.where(authors.bluesky, "bluesky", "x"),
            "author_id": authors.account_id,
            "handle": authors.handle,
            "role": [ROLES[role] for role in authors.role.tolist()],
            "serves_trend": pa.array(serves, pa.string()),
            "community": [COMMUNITIES[community] for community in authors.community.tolist()],
            "language": np.where(authors.french, "fr", "en"),
            "region": [REGIONS[region][0] if region >= 0 else None for region in authors.region.tolist()],
            "followers": authors.followers,
        }
    )


def trends_truth(parameters: TownParameters, trends: tuple[PlantedTrend, ...], posts_by_trend: dict[str, int]) -> list[dict[str, object]]:
    """One row per planted trend: kind, course, products, effect on sales, and how it should be judged."""
    listed = catalogue(parameters.size).products
    origin = np.datetime64(parameters.start.replace(tzinfo=None), "s")

    def moment(day: float) -> str:
        return f"{origin + np.timedelta64(int(day * MICROSECONDS_PER_DAY / 1e6), 's')}Z"

    return [
        {
            "trend_id": trend.trend_id,
            "kind": trend.kind,
            "title": trend.title,
            "starts_at": moment(trend.starts),
            "peaks_at": moment(trend.peaks),
            "ends_at": moment(trend.ends),
            "posts": posts_by_trend.get(trend.trend_id, 0),
            "french_share": trend.french_share,
            "expected_lane": EXPECTED_LANE[trend.kind],
            "should_alert": trend.kind in SHOULD_ALERT,
            "counts_as_trend": counts_as_trend(trend),
            "items": list(trend.items),
            "product_ids": [product.product_id for product in listed if product.item in trend.items],
            "names": list(trend.names_en + trend.names_fr),
            "hashtags": list(trend.hashtags),
            "countries": list(trend.countries),
            **({"regions": list(trend.regions)} if trend.regions else {}),
            "lag_days": trend.lag_days,
            "uplift": trend.uplift,
            "cover_days_at_start": trend.cover_days,
        }
        for trend in trends
    ]


def effects_truth(retailer: Retailer) -> list[dict[str, object]]:
    """One row per planted effect on demand, waves and drifts included: products, what each place feels, and added shares by day."""
    stores = retailer.catalogue.stores
    return [
        {
            "effect_id": effect.effect_id,
            "kind": effect.kind,
            "product_ids": [retailer.catalogue.products[index].product_id for index in effect.products.tolist()],
            "felt": {store.store_id: felt for store, felt in zip(stores, effect.felt.tolist(), strict=True) if felt},
            "first_day": str(retailer.date_of(effect.first_day)),
            "added_share": [round(share, 4) for share in effect.extra.tolist()],
        }
        for effect in retailer.effects
    ]


def drift_truth() -> list[dict[str, str]]:
    """Pairs of older and newer words that replace each other in the course of the simulation."""
    return [
        {"language": language, "older": older, "newer": newer}
        for language, pairs in (("en", DRIFT_ENGLISH), ("fr", DRIFT_FRENCH))
        for older, newer in pairs
    ]
