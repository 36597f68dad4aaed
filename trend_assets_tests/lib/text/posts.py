"""Raw posts for the tests of this folder, from texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from trend_assets.tables import TABLES

_NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def raw_posts(texts: Sequence[str], rows: Sequence[dict[str, Any]] | None = None, **columns: Any) -> pa.Table:
    """One post a text; ``columns`` are set on every post, ``rows`` on one each."""
    constant = {
        "network": "x", "source": "x", "author": "a1", "created_at": _NOON, "kind": "post", "hashtags": [], "mentions": [], "urls": [],
        "media": [], "matching_rules": [], "captured_at": _NOON, "landing_file": "file", "request_id": "request", "licence_class": "own",
    }  # fmt: skip
    return TABLES["social/raw_posts"].from_rows(
        constant | {"post_id": str(number), "landing_line": number, "text": text} | columns | (rows[number] if rows else {})
        for number, text in enumerate(texts)
    )
