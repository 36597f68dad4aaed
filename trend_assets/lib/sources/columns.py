"""From outcomes to the Arrow tables of the social group.

What belongs here: the rows that the decoder collects, and their columns. What doesn't: what becomes of a record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import pyarrow as pa

from trend_assets.lib.sources.outcomes import Deletion, PostRow, Quarantined
from trend_assets.tables import TABLES


class LandedPost(msgspec.Struct, gc=False):
    """A post with what its landing line says."""

    row: PostRow
    network: str
    source: str
    captured_at: datetime
    landing_file: str
    landing_line: int
    request_id: str
    licence_class: str


class QuarantinedRecord(msgspec.Struct, gc=False):
    """A row of ``social/quarantined_posts``."""

    hour: datetime
    network: str
    source: str
    outcome: Quarantined
    original: bytes
    received_at: datetime
    landing_file: str
    landing_line: int
    request_id: str


class DeletedRecord(msgspec.Struct, gc=False):
    """A row of ``social/deletions``."""

    hour: datetime
    network: str
    outcome: Deletion
    received_at: datetime
    source: str
    landing_file: str
    landing_line: int
    request_id: str


@dataclass(frozen=True)
class Decoded:
    """The raw tables of one or more landing hours; each satisfies its declaration."""

    raw_posts: pa.Table
    quarantined_posts: pa.Table
    deletions: pa.Table
    landing_counts: pa.Table


_LANDED = ("network", "source", "captured_at", "landing_file", "landing_line", "request_id", "licence_class")


def tables_of(
    posts: Sequence[LandedPost],
    quarantined: Sequence[QuarantinedRecord],
    deletions: Sequence[DeletedRecord],
    counts: Sequence[tuple[datetime, str, str, str, str, str, int]],
) -> Decoded:
    """The tables, rows in the order given. ``counts``: hour, landing file, request, source, outcome, detail, records."""
    rows = [post.row for post in posts]
    raw = {
        name: [getattr(post, name) for post in posts] if name in _LANDED else [getattr(row, name) for row in rows]
        for name in TABLES["social/raw_posts"].schema.names
    }
    refused: dict[str, list] = {
        "reason": [record.outcome.reason for record in quarantined],
        "detail": [record.outcome.detail for record in quarantined],
    }
    gone: dict[str, list] = {
        "subject_kind": [record.outcome.subject_kind for record in deletions],
        "subject": [record.outcome.subject for record in deletions],
        "action": [record.outcome.action for record in deletions],
        "deleted_at": [record.outcome.deleted_at or record.received_at for record in deletions],
    }
    for name in ("hour", "network", "source", "original", "received_at", "landing_file", "landing_line", "request_id"):
        refused[name] = [getattr(record, name) for record in quarantined]
    for name in ("hour", "network", "source", "landing_file", "landing_line", "request_id"):
        gone[name] = [getattr(record, name) for record in deletions]
    names = ("hour", "landing_file", "request_id", "source", "outcome", "detail", "records")
    counted: dict[str, list] = {name: [row[position] for row in counts] for position, name in enumerate(names)}
    return Decoded(
        raw_posts=_table("social/raw_posts", raw),
        quarantined_posts=_table("social/quarantined_posts", refused),
        deletions=_table("social/deletions", gone),
        landing_counts=_table("social/landing_counts", counted),
    )


def _table(path: str, columns: dict[str, list]) -> pa.Table:
    schema = TABLES[path].schema
    return pa.Table.from_arrays([pa.array(columns[field.name], field.type) for field in schema], schema=schema)
