"""An hour records the landing files that its posts were read from, whoever rebuilds the raw tables between two steps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from trend_assets.defs.social.assets import clean_posts
from trend_assets.defs.topics.assets import topic_assignments
from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import ConflictError, open_storage
from trend_assets.landing.files import LandingRecord, LandingWriter
from trend_assets.landing.late_files import Sealed, consumed, files_of, look_everywhere, read_raw_posts
from trend_assets.landing.raw_hours import RAW_TABLES, RECORD_FILES, decode_landing_hours
from trend_assets.partitions import hour_key
from trend_assets.resources import LakeIOManager, LakeResource, publish_parts
from trend_assets.settings import Settings
from trend_assets.tables import TABLES

HOUR = datetime(2026, 9, 3, 10, tzinfo=UTC)
KEY, SEALED = hour_key(HOUR), Sealed(HOUR, HOUR + timedelta(hours=1), HOUR - timedelta(days=2))
POST = '{"data":{"id":"%d","text":"le lapin rose est partout %d","author_id":"7","created_at":"2026-09-03T10:30:00.000Z","lang":"fr"}}'


class House:
    """A lake with its landing folder, and what `trend-assets ingest` and a run's steps do in it."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(_env_file=None, data=str(folder), lake_start=HOUR - timedelta(days=2))
        self.landing, self.lake = open_storage(self.settings.landing_root), Lake(self.settings.lake_root)

    def land(self, number: int) -> str:
        writer = LandingWriter(self.landing, lake_start=self.settings.lake_start)
        body = (POST % (number, number)).encode()
        writer.add(LandingRecord("x", "simulated", HOUR + timedelta(minutes=31), "test/1", "stream", body, None, HOUR))
        [path] = writer.flush()
        return path

    def rebuild_raw(self) -> None:
        decoded, inputs = decode_landing_hours([HOUR], self.settings)
        for path in RAW_TABLES:
            publish_parts(self.lake, TABLES[path], getattr(decoded, TABLES[path].name), [KEY], inputs if path in RECORD_FILES else {})

    def step(self, assets: dg.AssetsDefinition, *only: str) -> set[str]:
        """Run the assets over the hour; returns the names of what is told of its partitions."""
        resources = {"lake": LakeResource(root=self.settings.lake_root), "io_manager": LakeIOManager(root=self.settings.lake_root)}
        selection = dg.AssetSelection.assets(*(path.split("/") for path in only)) if only else None
        result = dg.materialize([assets], partition_key=KEY, resources=resources, selection=selection)
        assert result.success
        return {name for event in result.get_asset_materialization_events() for name in event.materialization.metadata}

    def texts(self) -> int:
        return self.lake.read(TABLES["social/clean_posts"], [KEY]).num_rows


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


def test_a_file_that_is_ingested_between_two_steps_of_sealing_is_late_and_its_post_is_taken_in(house):
    first = house.land(1)
    house.rebuild_raw()
    house.step(clean_posts)
    second = house.land(2)
    house.rebuild_raw()  # `trend-assets ingest`, in no lane
    house.step(topic_assignments)
    assert (house.texts(), list(consumed(house.lake, [HOUR])[HOUR])) == (1, [first])
    assert look_everywhere(house.landing, house.lake, SEALED).late == {HOUR: [second]}

    house.step(clean_posts)  # the late run
    third = house.land(3)
    house.rebuild_raw()
    house.step(topic_assignments, "topics/topic_assignments")
    assert (house.texts(), sorted(consumed(house.lake, [HOUR])[HOUR])) == (2, sorted([first, second]))
    assert look_everywhere(house.landing, house.lake, SEALED).late == {HOUR: [third]}


def test_figures_of_the_whole_range_are_logged_not_told_of_each_partition(house):
    house.land(1)
    house.rebuild_raw()
    house.step(clean_posts)
    of_range = {"lowest_kept_share_of_window", "late_posts_assigned"}
    assert not of_range & house.step(topic_assignments)
    assert not of_range & house.step(topic_assignments, "topics/topic_assignments")


def test_raw_posts_are_read_with_the_files_they_are_of_while_somebody_rebuilds_them(house, monkeypatch):
    first, read = house.land(1), house.lake.read
    house.rebuild_raw()
    landed = []

    def rebuilt_meanwhile(*arguments: object) -> pa.Table:
        if not landed:
            landed.append(house.land(2))
            house.rebuild_raw()
        return read(*arguments)

    monkeypatch.setattr(house.lake, "read", rebuilt_meanwhile)
    posts, files = read_raw_posts(house.lake, [KEY])
    assert (posts.num_rows, set(files[KEY])) == (2, {first, *landed})
    assert set(posts["landing_file"].to_pylist()) == set(files[KEY])


def test_a_table_that_never_stands_still_is_refused(house, monkeypatch):
    house.land(1)
    house.rebuild_raw()
    read, numbers = house.lake.read, iter(range(2, 100))

    def rebuilt_each_time(*arguments: object) -> pa.Table:
        house.land(next(numbers))
        house.rebuild_raw()
        return read(*arguments)

    monkeypatch.setattr(house.lake, "read", rebuilt_each_time)
    with pytest.raises(ConflictError, match="run it again"):
        read_raw_posts(house.lake, [KEY])


def test_what_an_older_version_made_is_judged_by_the_counts(house):
    path = house.land(1)
    decoded, inputs = decode_landing_hours([HOUR], house.settings)
    publish_parts(house.lake, TABLES["social/raw_posts"], decoded.raw_posts, [KEY], {})
    publish_parts(house.lake, TABLES["social/landing_counts"], decoded.landing_counts, [KEY], inputs)
    assert list(files_of(house.lake, TABLES["social/raw_posts"], [KEY])[KEY]) == [path]
