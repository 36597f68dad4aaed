"""A micro-batch: posts of some landing files that the hour does not have yet, every record counted.

What belongs here: what is new, and the counting identity. What doesn't: decoding (``lib/sources``), cleaning (``lib/text``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.tables import matches
from trend_assets.tables import TABLES

KEY = TABLES["social/live_posts"].key


@dataclass
class BatchCounts:
    """What became of the records of a micro-batch.

    ``outcomes``: records by the decoder's outcome (post, repost, duplicate, deletion, quarantined, ignored); ``added``: posts and
    reposts new to the live hours; ``known``: those the hour had already, as another file brought them.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    added: int = 0
    known: int = 0
    files: int = 0
    waiting: int = 0

    @property
    def records(self) -> int:
        """Records in the files."""
        return sum(self.outcomes.values())

    @property
    def balanced(self) -> bool:
        """Whether every post and repost of the files is either new or known: nothing lost, nothing twice."""
        return self.outcomes["post"] + self.outcomes["repost"] == self.added + self.known


def outcome_counts(landing_counts: pa.Table) -> Counter[str]:
    """Records by outcome, from rows of ``social/landing_counts``."""
    totals = landing_counts.group_by("outcome").aggregate([("records", "sum")])
    return Counter(dict(zip(totals["outcome"].to_pylist(), totals["records_sum"].to_pylist(), strict=True)))


def of_hour(posts: pa.Table, hour: datetime) -> pa.Table:
    """Posts published in the hour."""
    start = pc.floor_temporal(posts["created_at"], unit="hour")
    return posts.filter(pc.equal(start, pa.scalar(hour, start.type)))


def new_posts(posts: pa.Table, known: pa.Table) -> pa.Table:
    """Rows of ``posts`` whose key is not in ``known`` (columns ``KEY``): the first version of a post counts."""
    if not known.num_rows or not posts.num_rows:
        return posts
    return posts.filter(pc.is_null(matches(posts, known, KEY)))
