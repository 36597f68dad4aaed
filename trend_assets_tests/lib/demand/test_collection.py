"""Which part of a day may lack posts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from trend_assets.lib.demand.collection import gap_share
from trend_assets.tables import TABLES

DAY = date(2026, 9, 14)
MIDNIGHT = datetime(2026, 9, 14, tzinfo=UTC)
GAPS = TABLES["social/collection_gaps"]


def gap(name: str, begin: float, end: float, filled: float | None = None) -> dict[str, Any]:
    """A row; hours from the day's midnight."""
    begins, ends = MIDNIGHT + timedelta(hours=begin), MIDNIGHT + timedelta(hours=end)
    moment = None if filled is None else MIDNIGHT + timedelta(hours=filled)
    fixed = {"source": "x", "network": "x", "reason": "downtime", "detail": "", "noticed_by": "collector"}
    return fixed | {"gap_id": name, "begins_at": begins, "ends_at": ends, "recorded_at": moment or ends, "backfilled_at": moment}


@pytest.mark.parametrize(
    ("rows", "share"),
    [
        ([], 0.0),
        ([gap("a", -4, 6)], 0.25),
        ([gap("a", 22, 40)], 2 / 24),
        ([gap("a", -30, -1), gap("b", 25, 26)], 0.0),
        ([gap("a", -100, 100), gap("b", 0, 24)], 1.0),
        ([gap("a", 10, 12), gap("a", 10, 12, filled=13)], 0.0),
        ([gap("a", 10, 12, filled=13), gap("a", 10, 12)], 0.0),  # in any order
    ],
)
def test_a_gap_counts_for_its_part_of_the_day_until_it_is_filled(rows, share):
    assert gap_share(GAPS.from_rows(rows), DAY) == pytest.approx(share)
