"""The whole graph once, on a tiny town: every run succeeds, every check passes, the answers are there and repeatable."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import duckdb

from trend_assets.tables import TABLES
from trend_assets_tests.conftest import DAYS, POSTS


def test_every_landed_record_is_accounted_for_against_the_generators_own_ledger(town):
    counts = town.lake.read(TABLES["social/landing_counts"])
    found: Counter[str] = Counter()
    for row in counts.select(["outcome", "records"]).to_pylist():
        found[row["outcome"]] += row["records"]
    ledger = json.loads((town.folder / "truth" / "ledger.json").read_text())["totals"]
    assert dict(found) == {outcome: count for outcome, count in ledger.items() if count}


MAY_BE_EMPTY = {
    "demand/decision_cards",  # six days are a short past
    "demand/card_responses",  # nobody answers
    "social/live_posts",  # nothing is live in a town of the past
    "topics/live_trends",
    "influencers/live_rankings",
    "topics/sealing_changes",
    "sentiment/predictions",  # the gate may refuse a model of so few labels
    "sentiment/topic_hours",
}


def test_every_table_is_published_and_every_hour_is_there(town):
    assert {path for path in TABLES if town.lake.read(TABLES[path]).num_rows == 0} <= MAY_BE_EMPTY
    assert len(town.lake.partitions(TABLES["social/raw_posts"])) == DAYS * 24


def test_raw_and_clean_posts_are_the_same_posts(town):
    raw = town.lake.read(TABLES["social/raw_posts"], columns=["network", "post_id"]).to_pylist()
    clean = town.lake.read(TABLES["social/clean_posts"], columns=["network", "post_id"]).to_pylist()
    assert Counter(map(str, raw)) == Counter(map(str, clean))


def test_no_account_name_reaches_the_published_file(town):
    handles = set()
    for row in town.lake.read(TABLES["social/raw_posts"], columns=["text"]).to_pylist():
        handles |= {word.strip("@:,.!?").lower() for word in row["text"].split() if word.startswith("@")}
    handles -= {"", "maisoncarrel", "user"}
    assert handles, "the town mentions accounts"
    published = duckdb.connect(str(town.folder / "lake" / "trends.duckdb"), read_only=True)
    labels = (
        " ".join(row[0] for row in published.execute("select label || ' ' || array_to_string(keywords, ' ') from topics.trends").fetchall())
        .lower()
        .split()
    )
    assert handles.isdisjoint(labels)


def test_the_published_file_answers_every_ready_query(town):
    for path in sorted((Path(__file__).parents[1] / "dbt_project" / "analyses").glob("*.sql")):
        result = town.command("sql", path.stem, "--csv")
        assert result.returncode == 0, result.stdout + result.stderr
        assert len(result.stdout.splitlines()) >= 1


def test_checks_pass_and_name_an_error_when_a_file_is_damaged(town):
    fine = town.command("check")
    assert fine.returncode == 0, fine.stdout + fine.stderr
    assert "0 errors" in fine.stdout
    table = TABLES["topics/topic_hours"]
    newest = town.lake.partitions(table)[-1]
    part = Path(town.lake.files(table, [newest])[0].removeprefix("file://"))
    original = part.read_bytes()
    try:
        part.write_bytes(original[:-20] + b"\0" * 20)
        broken = town.command("check")
        assert broken.returncode == 1, broken.stdout
        assert "topic_hours" in broken.stdout
    finally:
        part.write_bytes(original)


def test_a_second_demo_does_nothing_again_and_shows_the_same_answers(town):
    again = town.command("demo", "--days", str(DAYS), "--town-posts", str(POSTS))
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.count("done before") == 7
    answers = again.stdout[again.stdout.index("Strongest trends") : again.stdout.index("Five ready queries")]
    assert answers in town.output


def test_a_folder_of_another_town_is_refused_with_advice(town):
    result = town.command("demo", "--days", "3", "--town-posts", str(POSTS))
    assert result.returncode == 1
    assert "another simulated town" in result.stdout
