"""A ledger's partition: rows may be added, none may change or go; the refusal says what would have and what to do instead."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import CorruptionError
from trend_assets.lake.reader import manifest_path
from trend_assets.lib.quality.audit import AuditError
from trend_assets.tables import Column, Table
from trend_assets.tables.declaration import timestamp

KEY, MOMENT = "2026-09-10-14:00", datetime(2026, 9, 10, 14, 5, tzinfo=UTC)
LEDGER = Table(
    group="topics",
    name="a_ledger",
    description="A ledger.",
    columns=(
        Column("at", timestamp, "When", "UTC"),
        Column("name", pa.string(), "What", nullable=True),
        Column("posts", pa.int64(), "How many", "count", nullable=True),
    ),
    key=("at", "name"),
    partition="hour",
    time="at",
    layer="aggregate",
    retention_days=None,
    licence_class="aggregate",
    append_only=True,
)


def rows(**posts: int | None) -> pa.Table:
    return LEDGER.from_rows([{"at": MOMENT, "name": name or None, "posts": count} for name, count in posts.items()])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(str(tmp_path))
    made.publish(LEDGER, {KEY: rows(a=1, b=None)})
    return made


def test_rows_are_added_and_publishing_the_same_again_changes_nothing(lake):
    before = lake.manifest(LEDGER, KEY)
    assert lake.publish(LEDGER, {KEY: rows(b=None, a=1)})[KEY] == before
    lake.publish(LEDGER, {KEY: rows(c=3, b=None, a=1)})
    lake.append(LEDGER, KEY, rows(d=4))
    assert lake.compact(LEDGER, KEY).rows == lake.read(LEDGER).num_rows == 4


@pytest.mark.parametrize("allow_shrink", [False, True])
@pytest.mark.parametrize(
    ("given", "told"),
    [
        (rows(a=2, b=None), "1 row would change in posts: (at/name) 2026-09-10 14:05:00+00:00/a"),
        (rows(a=1, b=7), "1 row would change in posts"),
        (rows(b=None), "1 row would go"),
        (rows(), "2 rows would go"),
        (rows(b=1, c=3), "1 row would change in posts: (at/name) 2026-09-10 14:05:00+00:00/b and 1 row would go"),
    ],
)
def test_a_change_is_refused_whole_and_says_what_to_do(lake, given, told, allow_shrink):
    before = lake.manifest(LEDGER, KEY)
    with pytest.raises(AuditError, match="never rewritten") as refused:
        lake.publish(LEDGER, {KEY: given}, allow_shrink=allow_shrink)
    assert told in str(refused.value)
    assert "materialise the current hour, which records that as a correction" in str(refused.value)
    assert lake.manifest(LEDGER, KEY) == before


def test_a_column_declared_later_may_not_be_filled_in(lake):
    wider = dataclasses.replace(LEDGER, columns=(*LEDGER.columns, Column("more", pa.int64(), "More", "count", nullable=True)))
    same = rows(a=1, b=None).append_column("more", pa.array([None, None], pa.int64()))
    lake.publish(wider, {KEY: same})
    with pytest.raises(AuditError, match="would change in more"):
        lake.publish(wider, {KEY: same.set_column(3, "more", pa.array([1, None], pa.int64()))})


def test_where_its_manifest_is_damaged_a_ledger_is_not_written_over(lake):
    Path(lake.storage.uri(manifest_path(LEDGER, KEY))).write_text("{")
    with pytest.raises(CorruptionError, match="is not a manifest"):
        lake.publish(LEDGER, {KEY: rows(a=1, b=None)})
