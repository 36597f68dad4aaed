"""The hourly volumes of the ranking, and its own rules for suppression.

What belongs here: volumes, too few authors, too many copies. What doesn't: burst statistics (``expectations``, ``bursts``); whom a topic is
for (``lib/relevance``); how robust it is (``stress``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.trends.history import hour_numbers
from trend_assets.tables.declaration import timestamp

LARGEST_POSTS_PER_AUTHOR = 2.0
"""More posts a day per author (counted anew each hour) than this is repetition by a few, not attention of many."""


def hour_volumes(clean_posts: pa.Table) -> pa.Table:
    """All posts, replies and quotes per hour (no reposts): columns ``hour``, ``posts``. The ``volumes`` of ``rank_trends``."""
    written = clean_posts.filter(pc.not_equal(clean_posts["kind"], "repost"))
    hours, counts = np.unique(hour_numbers(written["created_at"]), return_counts=True)
    return pa.table({"hour": _timestamps(hours), "posts": pa.array(counts, pa.int64())})


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


def _timestamps(hours: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(hours * 3_600_000_000, pa.int64()).cast(timestamp)
