"""Replay: hours made again are what is committed; damage is told apart and mended only where that is safe; nothing else changes."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from trend_assets.lake.comparison import Outcome, compare, differences
from trend_assets.lake.lake import Lake
from trend_assets.lake.overlay import OverlayError, OverlayStorage
from trend_assets.lake.reader import folder_of_key
from trend_assets.lake.storage import LocalStorage
from trend_assets.operations.replay import (
    REPLAYABLE,
    ReplayError,
    _check_hours,
    hours_with_late_posts,
    parse_hour,
    scratch_folder,
    tables_to_replay,
)
from trend_assets.settings import load_settings
from trend_assets.tables import TABLES
from trend_assets_tests.conftest import Town
from trend_assets_tests.lake_tables import COUNTS, HOURS, counts

HOUR = "2026-09-04-12:00"


@pytest.fixture(scope="module")
def mine(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A copy that tests of this module damage and mend."""
    return town.copy(tmp_path_factory.mktemp("replay") / "town")


def files_of(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and ".db-" not in path.name
    }


def replay(town: Town, *arguments: str, exit_code: int = 0) -> str:
    result = town.command("replay", *arguments, PYTHONWARNINGS="ignore")
    assert result.returncode == exit_code, result.stdout + result.stderr
    return " ".join(result.stdout.split())


def part(town: Town, path: str, key: str = HOUR) -> Path:
    manifest = town.lake.manifest(TABLES[path], key)
    assert manifest is not None
    return town.folder / "lake" / folder_of_key(TABLES[path], key) / manifest.parts[0].name


def flip(file: Path) -> bytes:
    before = file.read_bytes()
    file.write_bytes(before[:100] + bytes([before[100] ^ 1]) + before[101:])
    return before


def test_six_hours_in_the_middle_come_out_as_they_are_and_nothing_is_changed(town):
    before = files_of(town.folder)
    output = replay(town, "2026-09-04T10:00", "2026-09-04T15:00")
    assert f"{6 * len(REPLAYABLE)} of {6 * len(REPLAYABLE)} partitions are what they should be" in output
    assert files_of(town.folder) == before


def test_damage_is_mended_where_the_replay_gives_what_was_there(town, mine):
    original = flip(part(mine, "social/clean_posts"))
    registry = mine.folder / "lake" / folder_of_key(TABLES["topics/topics"], HOUR) / "_manifest.json"
    registry.write_text("{")
    shutil.rmtree(mine.folder / "lake" / folder_of_key(TABLES["topics/topic_hours"], HOUR))
    output = replay(mine, HOUR, HOUR, exit_code=1)
    for told in ("damaged social/clean_posts", "damaged topics/topics", "missing topics/topic_hours"):
        assert f"{told} [{HOUR}]" in output
    assert registry.read_text() == "{", "without --restore nothing changes"
    output = replay(mine, HOUR, HOUR, "--restore")
    assert output.count("restored") == 1 + 3, "the column's name and three partitions"
    assert part(mine, "social/clean_posts").read_bytes() == original
    for path in REPLAYABLE:
        assert mine.lake.read(TABLES[path], [HOUR]) == town.lake.read(TABLES[path], [HOUR])


def test_restoring_is_refused_where_landing_files_are_gone(mine):
    file = next((mine.folder / "landing" / "network=x" / "hour=2026-09-04T13").iterdir())
    raw = part(mine, "social/raw_posts", "2026-09-04-13:00")
    damaged = flip(raw)
    shutil.move(file, mine.folder / file.name)
    try:
        output = replay(mine, "2026-09-04T13:00", "2026-09-04T13:00", "--tables", "social/raw_posts", "--restore", exit_code=1)
        assert f"{file.name} is gone" in "".join(output.split()).replace("isgone", " is gone")
        assert "refused: made without landing files that were read before" in output
        assert raw.read_bytes() != damaged
    finally:
        shutil.move(mine.folder / file.name, file)
        raw.write_bytes(damaged)


def test_restoring_is_refused_where_the_replay_gives_something_else(mine):
    key = "2026-09-04-14:00"
    table = TABLES["topics/topic_hours"]
    before = mine.lake.read(table, [key])
    mine.lake.publish(table, {key: before.slice(1)})
    broken = part(mine, "topics/topic_hours", key)
    broken.write_bytes(b"damaged")
    output = replay(mine, key, key, "--tables", "topics/topic_hours", "--restore", exit_code=1)
    assert "refused: made again it is not what was published" in output
    assert broken.read_bytes() == b"damaged"
    mine.lake.publish(table, {key: before})


def test_a_replay_says_what_it_cannot_do(mine, tmp_path):
    assert "the lake covers" in replay(mine, "2020-01-01", "2020-01-02", exit_code=2)
    with pytest.raises(ReplayError, match="is no hour"):
        parse_hour("yesterday")
    with pytest.raises(ReplayError, match="is before the first"):
        _check_hours(load_settings(), parse_hour("2026-09-03"), parse_hour("2026-09-02"))
    (tmp_path / "file").write_text("")
    with pytest.raises(ReplayError, match="is not empty"), scratch_folder(tmp_path):
        pass


@pytest.mark.parametrize(
    ("text", "last", "hour"),
    [
        ("2026-09-02-14:00", False, 14),
        ("2026-09-02T14:30", False, 14),
        ("2026-09-02T16:00+02:00", True, 14),
        ("2026-09-02", False, 0),
        ("2026-09-02", True, 23),
    ],
)
def test_hours_are_read_as_people_write_them(text, last, hour):
    assert parse_hour(text, last=last) == datetime(2026, 9, 2, hour, tzinfo=UTC)


def test_tables_made_together_are_replayed_together():
    assert tables_to_replay(["topics/topic_events"]) == ["topics/topics", "topics/topic_assignments", "topics/topic_events"]
    assert tables_to_replay([]) == list(REPLAYABLE)
    with pytest.raises(ReplayError, match="demand/decision_cards"):
        tables_to_replay(["demand/decision_cards"])


def test_a_scratch_folder_is_removed_unless_it_is_to_be_kept(tmp_path):
    with scratch_folder(None) as folder:
        (folder / "part").write_text("")
    assert not folder.exists()
    with scratch_folder(tmp_path / "kept") as folder:
        (folder / "part").write_text("")
    assert (tmp_path / "kept" / "part").exists()


def test_an_overlay_reads_through_and_writes_only_where_it_may(tmp_path):
    committed = Lake(str(tmp_path / "committed"))
    committed.publish(COUNTS, {HOURS[0]: counts(0), HOURS[1]: counts(1)})
    scratch = LocalStorage(tmp_path / "scratch")
    overlay = Lake(OverlayStorage(committed.storage, scratch, {folder_of_key(COUNTS, HOURS[1])}))
    assert overlay.partitions(COUNTS) == [HOURS[0]], "an overlaid partition is empty until it is made"
    overlay.publish(COUNTS, {HOURS[1]: counts(1, rows=3)})
    assert overlay.read(COUNTS).num_rows == 5 + 3
    assert committed.read(COUNTS).num_rows == 5 + 5
    assert overlay.verify(COUNTS, HOURS[1]).rows == 3
    with pytest.raises(OverlayError, match="stays as it is"):
        overlay.publish(COUNTS, {HOURS[0]: counts(0, rows=1)})
    assert overlay.collect_garbage(COUNTS, datetime.now(UTC) - timedelta(days=1)) == []


def test_differences_name_keys_and_columns_and_no_values(tmp_path):
    one, other = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "other"))
    for lake, rows in ((one, counts(0, visitors=7)), (other, pa.concat_tables([counts(0, rows=2, visitors=9), counts(0, first=7)]))):
        lake.publish(COUNTS, {HOURS[0]: rows})
    found = compare(one, other, COUNTS, HOURS[0])
    assert found.outcome is Outcome.DIFFERENT
    assert found.detail.startswith("3 rows not made again: (gate/counted_at) gate 002/2026-09-01 00:00:02+00:00")
    assert "5 rows more" in found.detail
    assert "2 rows with other visitors" in found.detail
    assert compare(one, other, COUNTS, HOURS[2]).outcome is Outcome.IDENTICAL, "nothing on both sides"
    assert compare(one, Lake(str(tmp_path / "empty")), COUNTS, HOURS[0]).outcome is Outcome.DIFFERENT
    assert differences(COUNTS, one.read(COUNTS), one.read(COUNTS)) == ""


def test_the_same_rows_in_several_parts_are_the_same(tmp_path):
    one, other = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "other"))
    one.append(COUNTS, HOURS[0], counts(0, rows=2))
    one.append(COUNTS, HOURS[0], counts(0, rows=3, first=2))
    other.publish(COUNTS, {HOURS[0]: counts(0)})
    assert compare(one, other, COUNTS, HOURS[0]).outcome is Outcome.SAME_ROWS


def test_hours_with_late_posts_are_told_from_what_they_were_sealed_from(tmp_path):
    lake = Lake(str(tmp_path))
    for key, sealed, now in ((HOURS[0], {"a": "1"}, {"a": "1"}), (HOURS[1], {"a": "1"}, {"a": "1", "b": "2"})):
        for path, inputs in (("social/landing_counts", now), ("topics/topic_assignments", sealed)):
            lake.publish(TABLES[path], {key: TABLES[path].empty()}, inputs=inputs)
    assert hours_with_late_posts(lake, HOURS) == [HOURS[1]]
    lake.publish(TABLES["topics/topic_assignments"], {HOURS[1]: TABLES["topics/topic_assignments"].empty()}, inputs={"a": "1", "b": "2"})
    assert hours_with_late_posts(lake, HOURS) == [HOURS[1]], "taken in: the assignments were replaced, the registry never was"
