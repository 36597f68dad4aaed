"""The live lane on the small town: equal to the sealed lane where it can be, whole after a kill, never near dbt."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from trend_assets.collect.gaps import GapLedger
from trend_assets.collect.source import Gap
from trend_assets.lake.lake import Lake
from trend_assets.lake.reader import folder_of_key
from trend_assets.lake.storage import open_storage
from trend_assets.landing.files import LandingRecord, LandingWriter
from trend_assets.live.history import Histories
from trend_assets.live.lane import LiveLane, compare_sealed, live_parameters, remove_replaced_parts
from trend_assets.live.sealed import registries_of, sealed_until
from trend_assets.partitions import end_of_hour, hour_key
from trend_assets.settings import Settings
from trend_assets.tables import TABLES
from trend_assets_tests.conftest import Town

HOUR = timedelta(hours=1)
LIVE_POSTS, LIVE_TRENDS, LIVE_RANKINGS = TABLES["social/live_posts"], TABLES["topics/live_trends"], TABLES["influencers/live_rankings"]
SEALED = (
    "social/raw_posts", "social/quarantined_posts", "social/deletions", "social/landing_counts", "social/clean_posts", "topics/topics",
    "topics/topic_assignments", "topics/topic_events", "topics/topic_hours", "topics/trends", "influencers/interactions",
    "influencers/influencer_rankings",
)  # fmt: skip
OPEN = 3
"""Full hours that the tests make open again by removing what was sealed."""


def reopened(town: Town, folder: Path, current: datetime) -> tuple[Settings, Lake]:
    """A copy of the town in which the hours from OPEN before ``current`` on are not sealed, nor has anything landed after ``current``."""
    lake = town.folder / "lake"
    for path in SEALED:
        newest = [
            folder_of_key(TABLES[path], key)
            for key in Lake(str(lake)).partitions(TABLES[path])
            if end_of_hour(key) <= current - OPEN * HOUR
        ]
        for name in newest:
            shutil.copytree(lake / name, folder / "lake" / name)
    products = TABLES["retail/products"].path
    shutil.copytree(lake / products, folder / "lake" / products)
    for path in (town.folder / "landing").glob("network=*/hour=*"):
        if datetime.strptime(path.name[5:], "%Y-%m-%dT%H").replace(tzinfo=UTC) <= current:
            shutil.copytree(path, folder / path.relative_to(town.folder))
    lines = (town.folder / "settings.env").read_text().splitlines()
    (folder / "settings.env").write_text("".join(f"{line}\n" for line in lines if not line.startswith("LAKE_END")))
    settings = Settings(_env_file=folder / "settings.env", data=str(folder))
    return settings, Lake(settings.lake_root)


def busiest(town: Town) -> datetime:
    """The start of the hour whose hours before raise most: something must be there to compare."""
    rows = town.lake.read(TABLES["topics/trends"])
    shown = (
        rows.filter(pc.invert(rows["suppressed"]))
        .group_by("hour")
        .aggregate([([], "count_all")])
        .sort_by([("count_all", "descending"), ("hour", "ascending")])
    )
    return shown["hour"][0].as_py() + HOUR


def rows_of(table: pa.Table, hour: datetime) -> pa.Table:
    return table.filter(pc.equal(table["hour"], pa.scalar(hour, table.schema.field("hour").type)))


def lane_at(settings: Settings, lake: Lake, moment: datetime) -> LiveLane:
    return LiveLane(settings, lake, clock=lambda: moment)


@pytest.fixture(scope="module")
def current(town: Town) -> datetime:
    return busiest(town)


@pytest.fixture
def open_town(town: Town, current: datetime, tmp_path: Path) -> tuple[Settings, Lake]:
    return reopened(town, tmp_path, current)


def test_full_open_hours_are_judged_as_the_sealed_lane_judges_them(town, current, open_town):
    settings, lake = open_town
    report = lane_at(settings, lake, current + timedelta(minutes=20)).run_once()
    assert report.hours.judged == [current - n * HOUR for n in (3, 2, 1, 0)]
    assert report.batch.added > 50
    assert_equal_to_sealed(town, lake, report.hours.judged[:-1])


def assert_equal_to_sealed(town: Town, lake: Lake, hours: list[datetime]) -> None:
    """The live rows of full hours are the sealed lane's, verdicts and forecasts included."""
    live, sealed = lake.read(LIVE_TRENDS), town.lake.read(TABLES["topics/trends"], [hour_key(hour) for hour in hours])
    compared = 0
    for hour in hours:
        expected = rows_of(sealed, hour)
        found = rows_of(live, hour).select(expected.column_names)
        assert sorted(found.to_pylist(), key=lambda row: row["rank"]) == sorted(expected.to_pylist(), key=lambda row: row["rank"])
        compared += expected.num_rows
        authors = TABLES["influencers/influencer_rankings"]
        ranked = rows_of(lake.read(LIVE_RANKINGS), hour).select([column.name for column in authors.columns])
        assert (
            ranked.sort_by([("scope", "ascending"), ("rank", "ascending")]).to_pylist()
            == town.lake.read(authors, [hour_key(hour)]).sort_by([("scope", "ascending"), ("rank", "ascending")]).to_pylist()
        )
    assert compared > 0
    # What is compared holds verdicts: grades, and topics that only relevance or the stress test keeps from the alerts.
    assert set(sealed["grade"].to_pylist()) & {"A", "B", "C"}
    assert set(sealed["lane"].to_pylist()) >= {"lifestyle", "noise"}


def test_batches_between_the_steps_of_sealing_judge_from_whole_hours_and_leave_nothing_behind(town, current, open_town):
    settings, lake = open_town
    lane, hour = lane_at(settings, lake, current + timedelta(minutes=20)), current - OPEN * HOUR
    lane.run_once()
    for path in SEALED:  # in the order in which social_hours publishes them
        lake.publish(TABLES[path], {hour_key(hour): town.lake.read(TABLES[path], [hour_key(hour)])})
        if path in ("topics/topics", "topics/topic_hours", "topics/trends"):
            assert lane.run_once().hours.first == hour
    report = lane.run_once()
    assert report.hours.first == hour + HOUR
    assert_equal_to_sealed(town, lake, report.hours.judged[:-1])
    kept = lane_at(settings, lake, current + timedelta(minutes=20))  # another run, from the file that was kept
    kept.run_once()
    assert_equal_to_sealed(town, lake, report.hours.judged[:-1])


def test_a_history_is_made_anew_when_the_newest_sealed_hour_was_sealed_again(current, open_town):
    settings, lake = open_town
    histories = Histories(settings, lake, live_parameters(settings))
    hours = lane_at(settings, lake, current - (OPEN - 1) * HOUR).hours()
    first = histories.before(hours)
    table, key = TABLES["topics/topic_hours"], hour_key(current - (OPEN + 1) * HOUR)
    lake.publish(table, {key: lake.read(table, [key]).slice(0, 1)}, allow_shrink=True)
    again = histories.before(hours)
    assert again.topic_hours.num_rows < first.topic_hours.num_rows


def test_every_row_is_marked_provisional_with_the_sixty_minutes_it_counts(current, open_town):
    settings, lake = open_town
    as_of = current + timedelta(minutes=20)
    lane_at(settings, lake, as_of).run_once()
    live = lake.read(LIVE_TRENDS)
    assert live.num_rows
    for row in live.to_pylist():
        full = row["hour"] < current
        assert (row["provisional"], row["as_of"]) == (True, as_of)
        assert row["counted_to"] == (row["hour"] + HOUR if full else as_of)
        assert row["counted_to"] - row["counted_from"] == HOUR
    assert set(lake.read(LIVE_RANKINGS)["provisional"].to_pylist()) == {True}


def test_an_hour_that_has_just_begun_is_neither_a_drop_nor_a_burst(town, current, tmp_path):
    """A topic's posts in the hour under way are those of its trailing 60 minutes, and its row stays shown as the hour turns."""
    settings, lake = reopened(town, tmp_path, current)
    lane_at(settings, lake, current - timedelta(seconds=1)).run_once()
    rows = rows_of(lake.read(LIVE_TRENDS), current - HOUR).to_pylist()
    before = {row["topic_id"]: row for row in rows if row["posts"] >= 5 and not row["suppressed"]}
    lane_at(settings, lake, current + timedelta(minutes=1)).run_once()
    after = {row["topic_id"]: row for row in rows_of(lake.read(LIVE_TRENDS), current).to_pylist()}
    assert before
    for topic, row in before.items():
        assert not after[topic]["suppressed"]
        assert after[topic]["posts"] == pytest.approx(row["posts"], abs=3)
        assert 0.5 < after[topic]["score"] / row["score"] < 2


def test_a_repeated_run_adds_nothing_and_every_record_is_counted(town, open_town, current):
    settings, lake = open_town
    lane = lane_at(settings, lake, current + timedelta(minutes=20))
    first, again = lane.run_once(), lane.run_once()
    assert first.batch.balanced
    assert first.batch.records == sum(first.batch.outcomes.values()) > 0
    assert (again.batch.files, again.batch.added) == (0, 0)
    for hour in first.hours.judged[:-1]:  # what sealed took in of the hour, but for files that landed late
        live = set(lake.read(LIVE_POSTS, [hour_key(hour)])["post_id"].to_pylist())
        assert live == set(town.lake.read(TABLES["social/clean_posts"], [hour_key(hour)])["post_id"].to_pylist())


class KilledError(RuntimeError):
    """Stands for the end of the process."""


def killer(step: str, times: int) -> Callable[[str], None]:
    """Raises when ``step`` comes for the ``times``-th time."""
    seen = 0

    def on_step(name: str) -> None:
        nonlocal seen
        seen += name == step
        if name == step and seen == times:
            raise KilledError(step)

    return on_step


@pytest.mark.parametrize("step", ["publish: part written", "publish: manifest swapped"])
def test_a_run_killed_while_it_publishes_loses_nothing_and_doubles_nothing(town, current, tmp_path, step):
    moment = current + timedelta(minutes=20)
    settings, lake = reopened(town, tmp_path, current)
    for times in (1, 2, 1, 2):  # each time something else is there already
        with pytest.raises(KilledError):
            LiveLane(settings, Lake(settings.lake_root, on_step=killer(step, times)), clock=lambda: moment).run_once()
    report = lane_at(settings, lake, moment).run_once()
    assert report.tables is not None
    for hour in report.hours.judged[:-1]:
        found = lake.read(LIVE_POSTS, [hour_key(hour)])["post_id"].to_pylist()
        assert sorted(found) == sorted(town.lake.read(TABLES["social/clean_posts"], [hour_key(hour)])["post_id"].to_pylist())


def record(number: int, moment: datetime, text: str) -> LandingRecord:
    """A post as X's stream sends it."""
    body = (
        f'{{"data":{{"id":"{9_000_000_000 + number}","text":"{text}","author_id":"{77_000 + number}",'
        f'"created_at":"{moment:%Y-%m-%dT%H:%M:%S}.000Z","lang":"en","edit_history_tweet_ids":["{9_000_000_000 + number}"]}}}}'
    )
    return LandingRecord("x", "simulated", moment, "test", "stream", body.encode(), created_at=moment)


def land(settings: Settings, records: list[LandingRecord]) -> list[str]:
    writer = LandingWriter(open_storage(settings.landing_root), lake_start=settings.lake_start)
    writer.add_many(records)
    return writer.flush()


WORDS = [
    "bridge", "wind", "rope", "sky", "tower", "storm", "street", "crowd", "roof", "river",
    "lights", "sirens", "police", "cables", "sunset", "tram", "market", "bells", "smoke", "rain",
]  # fmt: skip
"""So that posts about one thing are no copies of one another."""


def test_a_burst_of_new_words_is_raised_within_its_first_minutes_and_a_known_post_counts_once(open_town, current):
    settings, lake = open_town
    as_of = current + timedelta(minutes=20)
    lane = lane_at(settings, lake, as_of)
    lane.run_once()
    texts = [f"zorblax kite {WORDS[n % 20]} {WORDS[(7 * n + 3) % 20]} {WORDS[(3 * n + 5) % 20]}" for n in range(24)]
    posts = [record(n, as_of - timedelta(seconds=20 * n + 1), text) for n, text in enumerate(texts)]
    land(settings, posts)
    land(settings, posts[:4])  # the same posts in another file
    report = lane.run_once()
    assert report.batch.balanced
    raised = [row for row in rows_of(lake.read(LIVE_TRENDS), current).to_pylist() if "zorblax" in row["label"].lower()]
    assert [(row["suppressed"], row["new_topic"], row["posts"]) for row in raised] == [(False, True, 24)]


def test_a_wave_of_copies_has_its_verdict_within_its_first_minutes_and_is_not_raised(open_town, current):
    settings, lake = open_town
    as_of = current + timedelta(minutes=20)
    texts = ["zorblax kite fell on the bridge", "a zorblax kite is stuck, bridge closed", "zorblax kite again, wow the bridge"]
    land(settings, [record(n, as_of - timedelta(seconds=20 * n + 1), f"{texts[n % 3]} {'so ' * (n % 5)}{n}") for n in range(24)])
    lane_at(settings, lake, as_of).run_once()
    [row] = [row for row in rows_of(lake.read(LIVE_TRENDS), current).to_pylist() if "zorblax" in row["label"].lower()]
    assert (row["posts"], row["suppressed"], row["lane"], row["grade"]) == (24, True, "noise", "D")
    assert (
        row["grade_reason"]
        == "0 of 24 posts remain, by 0 authors; fell away: 24 posts of accounts acting together; 3 texts again and again"
    )
    assert row["grade_reason"] in row["reason"]


def test_a_burst_that_names_the_brand_and_speaks_of_trade_is_the_brands_live(open_town, current):
    settings, lake = open_town
    assert "Maison Carrel" in settings.brands
    as_of = current + timedelta(minutes=20)
    texts = [f"{WORDS[n % 20]} zorblax {WORDS[(7 * n + 3) % 20]} Maison Carrel {WORDS[(3 * n + 5) % 20]} coat" for n in range(24)]
    land(settings, [record(n, as_of - timedelta(seconds=20 * n + 1), text) for n, text in enumerate(texts)])
    lane_at(settings, lake, as_of).run_once()
    [row] = [row for row in rows_of(lake.read(LIVE_TRENDS), current).to_pylist() if "zorblax" in row["keywords"]]
    assert (row["lane"], row["suppressed"]) == ("brand", False)


def test_a_late_post_of_a_full_open_hour_is_taken_in(open_town, current):
    settings, lake = open_town
    moment = current + timedelta(minutes=20)
    lane_at(settings, lake, moment).run_once()
    before = lake.manifest(LIVE_POSTS, hour_key(current - HOUR)).rows
    land(settings, [record(1, current - timedelta(minutes=5), "late but not too late")])
    report = lane_at(settings, lake, moment).run_once()
    assert (report.batch.files, report.batch.added) == (1, 1)
    assert lake.manifest(LIVE_POSTS, hour_key(current - HOUR)).rows == before + 1


def test_a_new_lake_without_anything_sealed_works_and_raises_nothing(tmp_path):
    start = datetime(2026, 9, 1, 10, tzinfo=UTC)
    settings = Settings(_env_file=None, data=str(tmp_path), lake_start=start)
    lake, moment = Lake(settings.lake_root), start + timedelta(minutes=90)
    land(settings, [record(n, start + timedelta(minutes=n), f"first words of a lake {n}") for n in range(60)])
    report = lane_at(settings, lake, moment).run_once()
    assert (report.batch.added, report.batch.balanced) == (60, True)
    assert lake.read(LIVE_TRENDS).num_rows == 0


def test_an_hour_counts_as_sealed_once_everything_that_sealing_makes_is_there_also_without_rows(tmp_path):
    lake, hour = Lake(str(tmp_path)), datetime(2026, 9, 1, 10, tzinfo=UTC)
    now = hour + 3 * HOUR
    assert sealed_until(lake, now) is None
    for path in ("topics/topics", "topics/trends"):
        lake.publish(TABLES[path], {hour_key(hour): TABLES[path].empty()})
        assert sealed_until(lake, now) is None
    path = "influencers/influencer_rankings"
    lake.publish(TABLES[path], {hour_key(hour): TABLES[path].empty()})
    assert sealed_until(lake, now) == hour
    assert sealed_until(lake, now + timedelta(days=3)) == hour  # sealing is far behind: found by listing
    assert registries_of(lake, [hour_key(hour), hour_key(now)]).keys() == {hour_key(hour)}


def test_many_small_batches_are_written_together_and_replaced_parts_go_after_a_grace(tmp_path):
    start = datetime(2026, 9, 1, 10, tzinfo=UTC)
    settings = Settings(_env_file=None, data=str(tmp_path), lake_start=start)
    lake, moment = Lake(settings.lake_root), start + timedelta(minutes=30)
    lane = lane_at(settings, lake, moment)
    for number in range(26):
        land(settings, [record(number, start + timedelta(minutes=number), f"batch number {number}")])
        assert lane.run_once().batch.added == 1
    key = hour_key(start)
    assert len(lake.manifest(LIVE_POSTS, key).parts) < 5
    assert lake.read(LIVE_POSTS, [key]).num_rows == 26
    assert len(lake.manifest(LIVE_POSTS, key).inputs) == 26
    assert remove_replaced_parts(lake, LIVE_POSTS, key, datetime.now(UTC)) == []
    assert remove_replaced_parts(lake, LIVE_POSTS, key, datetime.now(UTC) + HOUR)
    assert lake.read(LIVE_POSTS, [key]).num_rows == 26
    assert lane_at(settings, lake, moment).run_once().batch.files == 0


def test_sealing_reports_what_changed_and_the_report_outlives_the_live_rows(town, open_town, current, tmp_path):
    """Live for three hours, one post lands after their last live run, then the real job seals them."""
    settings, lake = open_town
    lane_at(settings, lake, current - timedelta(seconds=1)).run_once()
    land(settings, [record(1, current - timedelta(minutes=90), "it came after the live lane looked")])
    first, last = hour_key(current - 3 * HOUR), hour_key(current - 2 * HOUR)
    seal(tmp_path, first, last)
    found = lake.read(TABLES["topics/sealing_changes"]).to_pylist()
    assert [hour_key(row["hour"]) for row in found] == [first, last]
    assert [row["sealed_posts"] - row["live_posts"] for row in found] == [0, 1]
    # Nothing is missing of the first hour: sealing only holds back what the stress test or relevance call noise.
    assert found[0]["topics_raised_live"] >= found[0]["topics_raised_sealed"] == found[0]["topics_raised_both"]
    assert found[0]["influencers_top_20_overlap"] == 1.0
    # The next live run drops nothing of the sealed hours for a day: a re-sealing can still be compared.
    report = lane_at(settings, lake, current + timedelta(minutes=1)).run_once()
    assert report.hours.first == current - HOUR
    assert {hour_key(hour) for hour in lake.read(LIVE_RANKINGS)["hour"].to_pylist()} >= {first, last}
    hours = [current - 3 * HOUR, current - 2 * HOUR]
    again = pa.concat_tables(compare_sealed(lake, [first, last], hours)).to_pylist()
    assert [row["sealed_posts"] for row in again] == [row["sealed_posts"] for row in found]
    lake.publish(LIVE_TRENDS, {"all": LIVE_TRENDS.empty()}, allow_shrink=True)
    lake.publish(LIVE_RANKINGS, {"all": LIVE_RANKINGS.empty()}, allow_shrink=True)
    assert pa.concat_tables(compare_sealed(lake, [first, last], hours)).to_pylist() == found  # nothing left to compare: the report stays


def seal(folder: Path, first: str, last: str) -> None:
    """Run the job social_hours over a range in a process of its own."""
    script = (
        "import sys; from pathlib import Path; from rich.console import Console;"
        "from trend_assets.operations.runs import Range, prepare_environment, run_job;"
        "prepare_environment(Path(sys.argv[1])); run_job('social_hours', Console(), Range(sys.argv[2], sys.argv[3]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(folder), first, last], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_live_job_touches_no_warehouse_asset_and_its_work_imports_neither_dbt_nor_dagster_dbt():
    from trend_assets.definitions import definitions

    loaded = definitions()
    job, graph = loaded.resolve_job_def("live"), loaded.resolve_asset_graph()
    groups = {job.asset_layer.asset_graph.get(key).group_name for key in job.asset_layer.executable_asset_keys}
    parents = {parent for key in job.asset_layer.executable_asset_keys for parent in graph.get(key).parent_keys}
    assert groups == {"live"}
    assert job.partitions_def is None
    assert not [key for key in parents if graph.has(key) and graph.get(key).group_name == "warehouse"]
    # The run's process loads the whole location, and so imports dbt; what the step itself needs does not.
    names = ("live.lane", "live.report", "lib.live.judge", "lib.text.clean", "lib.sources")
    modules = ", ".join(f"trend_assets.{name}" for name in names)
    script = f"import sys, {modules}; print([name for name in sys.modules if name.split('.')[0] in ('dbt', 'dagster_dbt', 'duckdb')])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_gap_of_the_last_hour_is_told_in_the_live_rows_and_filled_it_is_as_if_it_never_was(current, open_town):
    settings, lake = open_town
    moment = current + timedelta(minutes=20)
    lane_at(settings, lake, moment).run_once()
    whole = lake.read(LIVE_TRENDS)
    ledgers = [GapLedger(lake, network, network) for network in ("x", "bluesky")]
    for ledger in ledgers:
        ledger.record([Gap(moment - timedelta(minutes=45), moment - timedelta(minutes=15), "stall")])
    lane_at(settings, lake, moment).run_once()
    reasons = rows_of(lake.read(LIVE_TRENDS), current)["reason"].to_pylist()
    assert reasons
    assert all("collected 50 % of the hour" in reason for reason in reasons)
    assert any("collected" in reason for reason in rows_of(lake.read(LIVE_TRENDS), current - HOUR)["reason"].to_pylist())
    for ledger in ledgers:
        ledger.backfilled(ledger.to_backfill(moment - timedelta(days=1)))
    lane_at(settings, lake, moment).run_once()
    assert rows_of(lake.read(LIVE_TRENDS), current).equals(rows_of(whole, current))
