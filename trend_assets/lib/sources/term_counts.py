"""From landing files to ``social/term_counts``: what a network counted of each term, as it told us.

What belongs here: the step from landed count records to rows. What doesn't: which of several counts of an hour holds and what they
mean (``lib/trends/term_bursts``), posts (``decode``, which only counts these records, as ignored).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.sources.landing_file import landing_hour, landing_network, read_lines
from trend_assets.lib.sources.outcomes import ABSENT
from trend_assets.tables.collection import TERM_COUNTS

_LARGEST_COUNT = 2**63 - 1
_UNREADABLE = (msgspec.MsgspecError, binascii.Error, ValueError, OverflowError, RecursionError)


class _Count(msgspec.Struct):
    """A bucket of X's counts; X is renaming tweets to posts."""

    start: datetime
    end: datetime
    tweet_count: int | None = None
    post_count: int | None = None


class _Rule(msgspec.Struct):
    tag: str
    value: str = ""
    topic: str | None = None


class _Includes(msgspec.Struct):
    matching_rules: list[_Rule] = []


class _Line(msgspec.Struct):
    source: str
    received_at: datetime
    body: msgspec.Raw = ABSENT
    body_base64: str | None = None
    includes: _Includes | None = None


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_count = msgspec.json.Decoder(_Count).decode


def term_counts(files: Iterable[tuple[str, bytes]]) -> pa.Table:
    """The count records of landing files as rows of ``social/term_counts``, in the order of path and line.

    files: path (relative to the landing root) and bytes of each. A record of another kind has no row, nor has a count that tells no
    term, no interval of some length, or no number that an int64 holds: the check of the table tells how many those are. Times without
    an offset are UTC. Raises ``DamagedLandingFileError``. O(lines).
    """
    rows: list[dict[str, Any]] = []
    for path, data in sorted(files):
        network, hour = landing_network(path), landing_hour(path)
        for number, line in enumerate(read_lines(path, data)):
            row = _row(line)
            if row is not None:
                rows.append(row | {"hour": hour, "network": network, "landing_file": path, "landing_line": number})
    return TERM_COUNTS.from_rows(rows)


def hours_counted(counts: pa.Table) -> tuple[int, int]:
    """How many hours of the terms were counted, and how many there are from each term's first count to its last: less is a hole.

    counts: rows of ``social/term_counts``; several counts of an hour are one. O(rows).
    """
    hours: dict[tuple[str, ...], set[int]] = {}
    begins = pc.cast(counts["begins_at"], pa.int64()).to_pylist()
    for network, term, query, begin in zip(*(counts[name].to_pylist() for name in ("network", "term", "query")), begins, strict=True):
        hours.setdefault((network, term, query), set()).add(begin // 3_600_000_000)
    return sum(map(len, hours.values())), sum(max(found) - min(found) + 1 for found in hours.values())


def _row(text: bytes) -> dict[str, Any] | None:
    """What a line tells of a term; None where it is no count, or none that can be used."""
    if b"_count" not in text and b"body_base64" not in text:
        return None
    try:
        line = _decode_line(text)
        count = _decode_count(base64.b64decode(line.body_base64) if line.body_base64 is not None else bytes(line.body))
        begins_at, ends_at, counted_at = _utc(count.start), _utc(count.end), _utc(line.received_at)
    except _UNREADABLE:
        return None
    posts = count.tweet_count if count.tweet_count is not None else count.post_count
    rule = line.includes.matching_rules[0] if line.includes is not None and line.includes.matching_rules else None
    if rule is None or not rule.tag or posts is None or not 0 <= posts <= _LARGEST_COUNT:
        return None
    if ends_at <= begins_at:
        return None
    counted = {"begins_at": begins_at, "ends_at": ends_at, "posts": posts, "counted_at": counted_at, "source": line.source}
    return {"term": rule.tag, "query": rule.value, "topic_id": rule.topic, **counted}


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
