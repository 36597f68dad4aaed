"""Posts that X has withdrawn since we stored them: which ids to ask for, and the answer landed like any other record.

What belongs here: reading the ids, landing the records. What doesn't: the job itself (``compliance``), what a deletion does
(``lib/privacy``, the decoder).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow.compute as pc

from trend_assets.collect.source import Received
from trend_assets.lake.lake import Lake
from trend_assets.landing.files import LandingRecord, LandingWriter
from trend_assets.tables import TABLES

MOST_IDS = 10_000_000
"""Ids that X takes in one job (docs.x.com, Batch compliance)."""


def stored_posts(lake: Lake, now: datetime, days: int) -> list[str]:
    """Ids of the posts of X in the raw hours of the last ``days`` that no deletion is known of, sorted, the newest ``MOST_IDS``."""
    first = f"{now.astimezone(UTC) - timedelta(days=days):%Y-%m-%d-%H:00}"
    posts, deletions = TABLES["social/raw_posts"], TABLES["social/deletions"]
    rows = lake.read(posts, [key for key in lake.partitions(posts) if key >= first], columns=["network", "post_id"])
    gone = lake.read(deletions, lake.partitions(deletions), columns=["network", "subject_kind", "subject"])
    gone = gone.filter(pc.and_(pc.equal(gone["network"], "x"), pc.equal(gone["subject_kind"], "post")))
    ids = pc.unique(rows.filter(pc.equal(rows["network"], "x"))["post_id"])
    kept = ids.filter(pc.invert(pc.is_in(ids, value_set=pc.unique(gone["subject"]).cast(ids.type))))
    numbers = sorted((one for one in kept.to_pylist() if one.isdecimal()), key=int)  # imported archives may have other ids
    return numbers[-MOST_IDS:]


def land(records: Sequence[Received], writer: LandingWriter, now: datetime) -> int:
    """Publish the records in landing; returns how many. They become deletions when their hour is sealed."""
    for record in records:
        writer.add(LandingRecord("x", "x", now, record.request_id, record.kind, record.body, record.includes, record.created_at))
    writer.flush()
    return len(records)
