"""A late file for a sealed hour, end to end: counted, assigned, and nothing else of the hour changes; doing it again changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from trend_assets.lake.storage import open_storage
from trend_assets.landing.files import LandingRecord, LandingWriter, list_landing, read_lines
from trend_assets.tables import TABLES
from trend_assets_tests.conftest import Town

HOUR, KEY = datetime.fromisoformat("2026-09-05T14:00+00:00"), "2026-09-05-14:00"
UNTOUCHED = ("topics/topics", "topics/topic_events", "topics/trends", "influencers/influencer_rankings")
REBUILT = ("social/raw_posts", "social/clean_posts", "social/landing_counts", "topics/topic_assignments", "topics/topic_hours",
           "influencers/interactions")  # fmt: skip
REMOVED = ("social/clean_posts", "topics/topic_assignments", "influencers/interactions")


def land_late(folder: Path, assigned: set[str]) -> tuple[str, set[str], int]:
    """Land a file of the hour: each X post again, and each assigned one once more as a new post by another author."""
    storage = open_storage(str(folder / "landing"))
    [path] = [path for path in list_landing(storage, [HOUR])[HOUR] if path.startswith("network=x/")]
    writer, new, again = LandingWriter(storage, lake_start=HOUR - timedelta(days=4)), set(), 0
    for line in read_lines(path, storage.read(path)):
        body = json.loads(line).get("body", {})
        post = body.get("data", {})
        if not (isinstance(post.get("id"), str) and post.get("created_at", "").endswith("Z") and post.get("text")):
            continue
        created = datetime.fromisoformat(post["created_at"])
        received = created + timedelta(hours=20)
        writer.add(LandingRecord("x", "simulated", received, "late/1", "stream", json.dumps(body).encode(), None, created))
        again += 1
        if post["id"] in assigned:
            post |= {"id": str(int(post["id"]) + 1), "author_id": f"99{again}"}
            new.add(post["id"])
            writer.add(LandingRecord("x", "simulated", received, "late/1", "stream", json.dumps(body).encode(), None, created))
    [landed] = writer.flush()
    return landed, new, again


def manifests(town: Town, paths: tuple[str, ...]) -> dict[str, bytes]:
    return {path: (town.folder / "lake" / path / f"hour={KEY.replace(':', '')}" / "_manifest.json").read_bytes() for path in paths}


def rows(town: Town, path: str) -> list[dict]:
    return town.lake.read(TABLES[path], [KEY]).to_pylist()


def outcomes(town: Town) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in rows(town, "social/landing_counts"):
        counts[row["outcome"]] += row["records"]
    return counts


def gone_before(town: Town) -> set[str]:
    """Ids that a notice or an edit in the lake takes away."""
    deleted = town.lake.read(TABLES["social/deletions"], columns=["subject"])["subject"].to_pylist()
    edited = town.lake.read(TABLES["social/raw_posts"], columns=["edit_of"])["edit_of"].drop_null().to_pylist()
    return {*deleted, *edited}


@pytest.fixture(scope="module")
def copied(town, tmp_path_factory) -> Town:
    return town.copy(tmp_path_factory.mktemp("late") / "town")


def test_a_late_file_is_counted_and_assigned_and_nothing_recorded_changes(copied):
    recorded = rows(copied, "topics/topic_assignments")
    before, counted = manifests(copied, UNTOUCHED), outcomes(copied)
    activity = sum(row["posts"] + row["reposts"] for row in rows(copied, "topics/topic_hours"))
    landed, new, again = land_late(copied.folder, {row["post_id"] for row in recorded if row["network"] == "x"})
    assert new
    assert again > len(new)

    result = copied.command("seal", "--only", "late_hours")
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{KEY} to {KEY} (1 late landing files)" in result.stdout

    assert manifests(copied, UNTOUCHED) == before
    assert landed in copied.lake.manifest(TABLES["social/landing_counts"], KEY).inputs
    grown = outcomes(copied)
    assert grown["post"] + grown["repost"] == counted["post"] + counted["repost"] + len(new)
    assert grown["duplicate"] == counted["duplicate"] + again

    now = rows(copied, "topics/topic_assignments")
    late = [row for row in now if row not in recorded]
    gone = gone_before(copied)  # deleted or edited since: they are left out whenever their hour is rebuilt
    assert {row["post_id"] for row in recorded if row not in now} <= gone
    assert {row["post_id"] for row in late} <= new  # posts that came again and had no topic still have none
    topic_of = {row["post_id"]: row["topic_id"] for row in recorded}
    same = [topic_of[str(int(row["post_id"]) - 1)] == row["topic_id"] for row in late]
    assert len(late) >= 0.8 * len(new)
    assert sum(same) >= 0.8 * len(late)
    left_out = [row for row in recorded if row not in now]
    assert sum(row["posts"] + row["reposts"] for row in rows(copied, "topics/topic_hours")) == activity + len(late) - len(left_out)
    assert {row["post_id"] for row in rows(copied, "social/clean_posts")} >= new


def run_late_hours(town: Town, first: str, last: str) -> None:
    script = f"from rich.console import Console; from trend_assets.operations.runs import Range, run_job; run_job('late_hours', Console(), Range('{first}', '{last}'))"  # noqa: E501
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], env=town.environment(DAGSTER_HOME=str(Path(__file__).parents[2])), check=True
    )


def test_a_deleted_post_leaves_every_table_that_is_rebuilt_and_an_edit_changes_its_text(copied, tmp_path):
    """Notice and edit land in the next hour; one run rebuilds both hours, the sealed tables stay."""
    town = copied.copy(tmp_path / "town")
    before = manifests(town, UNTOUCHED)
    topics = {row["post_id"]: row["topic_id"] for row in rows(town, "topics/topic_assignments")}
    acts = {row["post_id"] for row in rows(town, "influencers/interactions")}
    x = [row for row in rows(town, "social/clean_posts") if row["network"] == "x" and row["post_id"] in topics and row["kind"] != "repost"]
    chosen = next(row for row in x if row["post_id"] in acts and row["post_id"] not in gone_before(town))
    sky = next(row for row in rows(town, "social/raw_posts") if row["network"] == "bluesky" and row["kind"] == "post")
    writer = LandingWriter(open_storage(str(town.folder / "landing")), lake_start=HOUR - timedelta(days=4))
    told = HOUR + timedelta(minutes=70)
    notice = {
        "data": {"delete": {"tweet": {"id": chosen["post_id"], "author_id": "1"}, "event_at": told.strftime("%Y-%m-%dT%H:%M:%S.000Z")}}
    }
    writer.add(LandingRecord("x", "simulated", told, "late/2", "compliance", json.dumps(notice).encode()))
    line = read_lines(sky["landing_file"], open_storage(str(town.folder / "landing")).read(sky["landing_file"]))[sky["landing_line"]]
    event = json.loads(line)["body"]
    event["commit"] |= {"operation": "update"}
    event["commit"]["record"] |= {"text": "an edited text about a teapot"}
    writer.add(LandingRecord("bluesky", "simulated", told, "late/2", "commit", json.dumps(event).encode(), None, sky["created_at"]))
    writer.flush()
    posts_of_topic = sum(row["posts"] for row in rows(town, "topics/topic_hours") if row["topic_id"] == topics[chosen["post_id"]])

    run_late_hours(town, KEY, "2026-09-05-15:00")

    assert chosen["post_id"] not in {row["post_id"] for path in REMOVED for row in rows(town, path)}
    assert sum(row["posts"] for row in rows(town, "topics/topic_hours") if row["topic_id"] == topics[chosen["post_id"]]) < posts_of_topic
    texts = {row["post_id"]: row["clean_text"] for row in rows(town, "social/clean_posts")}
    assert texts[sky["post_id"]] == "an edited text about a teapot"
    assert manifests(town, UNTOUCHED) == before
    told_by = [path for path in town.lake.manifest(TABLES["social/clean_posts"], KEY).inputs if "T15/" in path]
    assert told_by, "what took posts away is recorded"


def test_doing_it_again_changes_nothing(copied):
    before = manifests(copied, (*UNTOUCHED, *REBUILT))
    told = copied.command("seal", "--dry-run", "--only", "late_hours")
    assert "no landing file came after its hour was sealed" in told.stdout
    run_late_hours(copied, KEY, KEY)
    assert manifests(copied, (*UNTOUCHED, *REBUILT)) == before


def test_an_unknown_job_is_refused(copied):
    result = copied.command("seal", "--only", "everything")
    assert result.returncode == 2
    assert "expected one of" in result.stdout
