"""The hourly inputs of the ranking that are made from posts, and the ranking's own rules for suppression.

What belongs here: volumes, posts that name a brand, too few authors, too many copies. What doesn't: burst statistics (``expectations``,
``bursts``); whether the brand is meant (``lib/relevance``).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.relevance.brands import names_a_brand
from trend_assets.lib.trends.history import hour_numbers
from trend_assets.tables.declaration import timestamp

BRAND_SHARE = 0.3
"""A topic is in the brand lane when this share of its posts names one of our brands or products."""

LARGEST_POSTS_PER_AUTHOR = 2.0
"""More posts a day per author (counted anew each hour) than this is repetition by a few, not attention of many."""

_SEPARATOR = "\x1f"


def hour_volumes(clean_posts: pa.Table) -> pa.Table:
    """All posts, replies and quotes per hour (no reposts): columns ``hour``, ``posts``. The ``volumes`` of ``rank_trends``."""
    written = clean_posts.filter(pc.not_equal(clean_posts["kind"], "repost"))
    hours, counts = np.unique(hour_numbers(written["created_at"]), return_counts=True)
    return pa.table({"hour": _timestamps(hours), "posts": pa.array(counts, pa.int64())})


def brand_counts(clean_posts: pa.Table, assignments: pa.Table, brand_terms: Collection[str], *, matched_rules: bool = False) -> pa.Table:
    """How many of each topic's posts of an hour name a brand: columns ``hour``, ``topic_id``, ``posts``, ``brand_posts``.

    ``brand_terms``: words or phrases (up to four words); see ``relevance.brands``. ``matched_rules``: a post that matched a collection
    rule counts too; leave it off where everything was collected by rules. Reposts are left out, as in ``topic_hours``.
    """
    written = clean_posts.filter(pc.not_equal(clean_posts["kind"], "repost"))
    place = pc.index_in(_post_keys(written), value_set=_post_keys(assignments))
    topic = pc.take(assignments["topic_id"], place)
    named = names_a_brand(written, brand_terms)
    if matched_rules:
        named |= np.asarray(pc.fill_null(pc.greater(pc.list_value_length(written["matching_rules"]), 0), False))
    rows = pa.table(
        {"hour": _timestamps(hour_numbers(written["created_at"])), "topic_id": topic, "named": pa.array(named.astype(np.int64))}
    ).filter(pc.is_valid(topic))
    counted = rows.group_by(["hour", "topic_id"], use_threads=False).aggregate([("named", "count"), ("named", "sum")])
    return pa.table(
        {"hour": counted["hour"], "topic_id": counted["topic_id"], "posts": counted["named_count"], "brand_posts": counted["named_sum"]}
    ).sort_by([("hour", "ascending"), ("topic_id", "ascending")])


def suppression(
    *,
    significant: npt.NDArray[np.bool_],
    posts: npt.NDArray[np.int64],
    authors: npt.NDArray[np.int64],
    repetition: npt.NDArray[np.float64],
    originality: npt.NDArray[np.float64],
    minimum_authors: int,
    largest_repetition: float,
    smallest_originality: float,
    posts_per_author: npt.NDArray[np.float64],
) -> npt.NDArray[np.str_]:
    """Why each topic (n,) is not an alert, in words; empty where it is one. The first rule that applies is named."""
    return np.select(
        [
            ~significant,
            posts == 0,
            authors < minimum_authors,
            repetition > largest_repetition,
            originality < smallest_originality,
            posts_per_author > LARGEST_POSTS_PER_AUTHOR,
        ],
        [
            "no longer more than its past and the hour explain",
            "no post in the hour",
            f"fewer than {minimum_authors} authors",
            "one author dominates",
            "mostly copies",
            "a few accounts post it again and again",
        ],
        default="",
    )


def _post_keys(table: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(pc.cast(table["network"], pa.string()), pc.cast(table["post_id"], pa.string()), _SEPARATOR)


def _timestamps(hours: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(hours * 3_600_000_000, pa.int64()).cast(timestamp)
