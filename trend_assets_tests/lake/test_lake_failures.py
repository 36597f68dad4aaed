"""The lake when things go wrong: damaged files, failing storage, leftovers; on a folder and on a bucket."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trend_assets.lake.lake import Lake
from trend_assets.lake.manifest import CorruptionError
from trend_assets.lake.storage import LocalStorage, Storage
from trend_assets_tests.lake_tables import COUNTS, HOURS, counts
from trend_assets_tests.storages import KINDS, new_storage

LATER = timedelta(days=2)


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return new_storage(request.param, tmp_path / "lake")


@pytest.fixture
def lake(storage: Storage) -> Lake:
    return Lake(storage)


def test_damage_is_reported_and_publishing_again_repairs_it(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.publish(COUNTS, {HOURS[0]: counts(0)})
    part = Path(lake.files(COUNTS)[0])
    good = part.read_bytes()
    for damage in (good[:-20], bytes([good[0] ^ 1]) + good[1:], good[:60] + bytes([good[60] ^ 255]) + good[61:], b""):
        part.write_bytes(damage)
        with pytest.raises(CorruptionError, match=r"part-.* is corrupt.*materialise town/counts \[2026-09-01-00:00\] again"):
            lake.verify(COUNTS, HOURS[0])
    part.write_bytes(good[:-20])
    with pytest.raises(CorruptionError, match="unreadable"):
        lake.read(COUNTS)
    part.unlink()
    for use in (lambda: lake.read(COUNTS), lambda: lake.verify(COUNTS, HOURS[0])):
        with pytest.raises(CorruptionError, match="is gone"):
            use()
    lake.publish(COUNTS, {HOURS[0]: counts(0)})
    assert lake.verify(COUNTS, HOURS[0]).rows == 5
    manifest = tmp_path / "town/counts/hour=2026-09-01-0000/_manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:50])
    with pytest.raises(CorruptionError, match="is not a manifest"):
        lake.read(COUNTS)
    with pytest.raises(CorruptionError, match="is not a manifest"):
        lake.append(COUNTS, HOURS[0], counts(0, first=9))
    lake.publish(COUNTS, {HOURS[0]: counts(0)})
    assert lake.read(COUNTS).equals(counts(0))


def test_a_reader_follows_a_partition_that_is_replaced_and_collected(tmp_path: Path) -> None:
    """Garbage collection without grace is the worst case: the reader resolves the manifest again."""
    lake = Lake(str(tmp_path))
    lake.publish(COUNTS, {HOURS[0]: counts(0)})
    stop = threading.Event()

    def replace_and_collect() -> None:
        version = 0
        while not stop.is_set():
            version += 1
            lake.publish(COUNTS, {HOURS[0]: counts(0, visitors=version)})
            lake.collect_garbage(COUNTS, datetime.now(UTC) + LATER)

    thread = threading.Thread(target=replace_and_collect)
    thread.start()
    try:
        for _ in range(100):
            rows = lake.read(COUNTS, HOURS[:1], missing="raise")
            assert rows.num_rows == 5
            assert len(set(rows["visitors"].to_pylist())) == 1
    finally:
        stop.set()
        thread.join()


def test_a_manifest_of_another_format_is_left_alone(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.publish(COUNTS, {HOURS[0]: counts(0)})
    path = tmp_path / "town/counts/hour=2026-09-01-0000/_manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 99'))
    for use in (lambda: lake.read(COUNTS), lambda: lake.publish(COUNTS, {HOURS[0]: counts(0)})):
        with pytest.raises(RuntimeError, match="manifest format 99"):
            use()


# -- storage that fails --------------------------------------------------------------------------------------------


class PowerCutError(BaseException):
    """Not an ``Exception``: nothing in the lake may catch it."""


def versions(lake: Lake, keys: list[str]) -> list[set[int]]:
    return [set(lake.read(COUNTS, [key])["visitors"].to_pylist()) for key in keys]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", [PowerCutError, OSError])
def test_failing_at_any_step_leaves_each_partition_old_or_new(kind: str, error: type[BaseException], tmp_path: Path) -> None:
    """Every occurrence of every step in publishing three partitions: old before its swap, new after, and then it recovers."""
    storage_step: list[str] = []
    failing_at = [0]

    def hook(step: str) -> None:
        storage_step.append(step)
        if len(storage_step) == failing_at[0]:
            raise error(step)

    lake = Lake(new_storage(kind, tmp_path / "lake", on_step=hook), on_step=hook, workers=1)
    parts = {version: {key: counts(hour, visitors=version) for hour, key in enumerate(HOURS)} for version in range(3)}
    lake.publish(COUNTS, parts[0])
    seen: set[str] = set()
    occurrence, current = 0, [{0}, {0}, {0}]
    while True:
        occurrence += 1
        storage_step.clear()
        failing_at[0] = occurrence
        version = 1 + occurrence % 2
        try:
            lake.publish(COUNTS, parts[version])
        except error:
            seen.add(storage_step[-1])
        else:
            break
        finally:
            failing_at[0] = 0
        found = versions(lake, HOURS)
        assert all(state in (before, {version}) for state, before in zip(found, current, strict=True))
        assert "." not in {path.rpartition("/")[2][0] for path in lake.storage.list()}
        current = found
    assert seen == set(lake.steps)
    assert versions(lake, HOURS) == [{version}] * 3


class FullDisk(LocalStorage):
    """Refuses its n-th write."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.writes_left = 10**9

    def _count(self) -> None:
        self.writes_left -= 1
        if self.writes_left < 0:
            raise OSError(28, "No space left on device")

    def write_new(self, path: str, data: bytes) -> None:
        self._count()
        super().write_new(path, data)

    def compare_and_swap(self, path: str, data: bytes, expected: str | None) -> str:
        self._count()
        return super().compare_and_swap(path, data, expected)


def test_a_full_disk_leaves_the_old_state_readable(tmp_path: Path) -> None:
    storage = FullDisk(tmp_path)
    lake = Lake(storage)
    old = {key: counts(hour) for hour, key in enumerate(HOURS)}
    new = {key: counts(hour, visitors=8) for hour, key in enumerate(HOURS)}
    lake.publish(COUNTS, old)
    for writes in range(3):  # parts come first, so none of the manifests is swapped
        storage.writes_left = writes
        with pytest.raises(OSError, match="No space left"):
            lake.publish(COUNTS, new)
        assert versions(lake, HOURS) == [{7}] * 3
    for writes in range(1):
        storage.writes_left = writes
        with pytest.raises(OSError, match="No space left"):
            lake.append(COUNTS, HOURS[0], counts(0, first=50))
        assert lake.read(COUNTS, HOURS[:1]).equals(counts(0))
    storage.writes_left = 10**9
    lake.publish(COUNTS, new)
    assert versions(lake, HOURS) == [{8}] * 3


# -- garbage -------------------------------------------------------------------------------------------------------


def test_garbage_is_what_no_manifest_names(lake: Lake) -> None:
    lake.publish(COUNTS, {HOURS[0]: counts(0)})
    replaced = lake.storage.list("town/counts/hour=2026-09-01-0000/part-")
    lake.publish(COUNTS, {HOURS[0]: counts(0, rows=6), HOURS[1]: counts(1)})
    orphan = "town/counts/hour=2026-09-01-0200/part-of-a-killed-first-publish.parquet"
    lake.storage.write_new(orphan, b"x")
    now = datetime.now(UTC)
    assert lake.collect_garbage(COUNTS, now - LATER) == []  # within the grace period
    assert lake.collect_garbage(COUNTS, now + LATER) == [*replaced, orphan]
    assert lake.collect_garbage(COUNTS, now + LATER) == []
    assert lake.read(COUNTS).num_rows == 11


def test_a_part_replaced_a_moment_ago_is_kept_however_old_it_is(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.publish(COUNTS, {HOURS[0]: counts(0)})
    old = Path(lake.files(COUNTS)[0])
    os.utime(old, (0, 0))
    lake.publish(COUNTS, {HOURS[0]: counts(0, rows=6)})
    assert lake.collect_garbage(COUNTS, datetime.now(UTC) - timedelta(hours=1)) == []
    assert old.exists()  # somebody who resolved the manifest before may still be reading it
