"""A run that says so may publish a partition that keeps less than a tenth of its rows; another may not."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from trend_assets.declared import asset_key
from trend_assets.lake.lake import Lake
from trend_assets.lib.quality.audit import AuditError
from trend_assets.resources import ALLOW_SHRINK, LakeIOManager
from trend_assets.tables import TABLES

TABLE = TABLES["sentiment/training_set"]


def rows(count: int) -> pa.Table:
    row = {"network": "x", "split": "train", "label": "neutral", "language": "en", "licence_class": "simulated"}
    return TABLE.from_rows([row | {"post_id": str(number)} for number in range(count)])


def materialize(folder: Path, count: int, **tags: str) -> bool:
    @dg.asset(key=asset_key(TABLE.path))
    def training_set() -> pa.Table:
        return rows(count)

    resources = {"io_manager": LakeIOManager(root=str(folder))}
    return dg.materialize([training_set], resources=resources, tags=tags, raise_on_error=False).success


def test_losing_most_rows_needs_the_tag_of_the_run(tmp_path: Path) -> None:
    assert materialize(tmp_path, 200)
    assert not materialize(tmp_path, 10)
    assert Lake(str(tmp_path)).read(TABLE).num_rows == 200
    assert materialize(tmp_path, 10, **{ALLOW_SHRINK: "true"})
    assert Lake(str(tmp_path)).read(TABLE).num_rows == 10


def test_the_refusal_names_the_tag(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.publish(TABLE, {"all": rows(200)})
    with pytest.raises(AuditError, match=f"{ALLOW_SHRINK}: true"):
        lake.publish(TABLE, {"all": rows(10)})
