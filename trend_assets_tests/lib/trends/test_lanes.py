"""The hourly volumes of the ranking."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from trend_assets.lib.trends.lanes import hour_volumes

AT = datetime(2026, 9, 1, 10, 20, tzinfo=UTC)


def posts(kinds: list[str]) -> pa.Table:
    return pa.table({"created_at": pa.array([AT] * len(kinds), pa.timestamp("us", "UTC")), "kind": pa.array(kinds, pa.string())})


def test_reposts_do_not_count() -> None:
    assert hour_volumes(posts(["post", "repost", "reply"])).to_pylist() == [{"hour": AT.replace(minute=0), "posts": 2}]


def test_no_posts_have_no_volume() -> None:
    assert hour_volumes(posts([])).num_rows == 0
