"""Who a trend is for: our brands, lifestyle, or nobody (noise), and what the ranking needs to know to tell.

What belongs here: matching of brand words in posts, the hourly inputs of the ranking made from posts, the rules that
name a lane and suppress. What doesn't: burst statistics (``expectations``, ``bursts``).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

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

    ``brand_terms``: words or phrases (up to four words), found among a post's consecutive tokens, or among its
    hashtags with the spaces left out. ``matched_rules``: a post that matched a collection rule counts too; leave it
    off where everything was collected by rules. Reposts are left out, as in ``topic_hours``.
    """
    written = clean_posts.filter(pc.not_equal(clean_posts["kind"], "repost"))
    place = pc.index_in(_post_keys(written), value_set=_post_keys(assignments))
    topic = pc.take(assignments["topic_id"], place)
    named = _names_a_brand(written, {term.strip().lower() for term in brand_terms if term.strip()})
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


def _names_a_brand(posts: pa.Table, terms: set[str]) -> npt.NDArray[np.bool_]:
    """Whether each post (n,) holds one of the terms."""
    named = np.zeros(posts.num_rows, dtype=bool)
    if not terms or not posts.num_rows:
        return named
    joined = pa.array(sorted({term.replace(" ", "") for term in terms}), pa.string())
    tags = posts["hashtags"].combine_chunks()
    named[_parents(tags)[np.asarray(pc.is_in(pc.cast(tags.flatten(), pa.string()), value_set=joined))]] = True

    tokens = posts["tokens"].combine_chunks()
    words, parent = pc.cast(tokens.flatten(), pa.string()), _parents(tokens)
    phrase, first = words, parent
    for length in range(1, 5):
        wanted = sorted(term for term in terms if len(term.split()) == length)
        if length > 1:
            if len(phrase) < 2:
                break
            # A phrase may not run over from one post to the next: such places are masked out by their parents.
            phrase = pc.binary_join_element_wise(phrase[:-1], words[length - 1 :], " ")
            first = first[:-1]
        if wanted:
            hit = np.asarray(pc.fill_null(pc.is_in(phrase, value_set=pa.array([" ".join(term.split()) for term in wanted])), False))
            named[first[hit & (first == parent[length - 1 :])]] = True
    return named


def _parents(lists: pa.Array) -> npt.NDArray[np.int64]:
    return np.asarray(pc.list_parent_indices(lists), dtype=np.int64)
