"""Bundles: what the pointer remembers of the champions before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from trend_assets.models.bundles import Bundles, DamagedBundleError, Pointer
from trend_assets.settings import Settings


def test_a_pointer_does_not_grow_with_every_promotion(tmp_path: Path) -> None:
    bundles, pointer = Bundles(Settings(data=str(tmp_path))), None
    for number in range(1, 201):
        pointer = bundles.point("t", f"{number:032}", number, datetime.now(UTC), "gate", previous=pointer, instead_of=pointer)
        assert bundles.pointer("t") == pointer
    versions = list[int]()
    before: Pointer | None = pointer
    while before is not None:
        versions.append(before.version)
        before = before.before
    assert versions == list(range(200, 149, -1))
    assert len(bundles.storage.read("models/t/champion.json")) < 100_000


def test_a_damaged_pointer_is_told_with_what_to_do(tmp_path: Path) -> None:
    bundles = Bundles(Settings(data=str(tmp_path)))
    bundles.storage.write_new("models/t/champion.json", b'{"bundle": "x')
    with pytest.raises(DamagedBundleError, match=r"models/t/champion\.json is damaged .* promote again"):
        bundles.pointer("t")
