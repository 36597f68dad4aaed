"""The whole graph once, on a tiny town: every run succeeds, every check passes, the answers are there and repeatable."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from trend_assets.tables import TABLES
from trend_assets.tables.models import IMAGE_TASKS, TASKS
from trend_assets_tests.conftest import DAYS, POSTS, Town

GOLDEN = Path(__file__).with_name("golden_town.json")


def test_every_landed_record_is_accounted_for_against_the_generators_own_ledger(town):
    counts = town.lake.read(TABLES["social/landing_counts"])
    found: Counter[str] = Counter()
    for row in counts.select(["outcome", "records"]).to_pylist():
        found[row["outcome"]] += row["records"]
    ledger = json.loads((town.folder / "truth" / "ledger.json").read_text())["totals"]
    assert dict(found) == {outcome: count for outcome, count in ledger.items() if count}


def test_steps_of_jobs_in_the_process_beside_are_shown(town):
    assert "✓ sentiment_predictions" in town.output


MAY_BE_EMPTY = {
    "demand/card_responses",  # nobody answers
    "demand/card_regrets",  # no card has closed after six days
    "demand/sales_uplifts",  # sales of six days are too few to expect anything from, so no alert is decided
    "demand/lead_time_scores",
    "social/collection_gaps",  # no collector runs
    "social/collection_costs",
    "social/term_counts",
    "topics/term_bursts",
    "social/live_posts",  # nothing is live in a town of the past
    "topics/live_trends",
    "influencers/live_rankings",
    "topics/sealing_changes",
    "models/outcomes",  # no label, sale or answer came after a promotion
    "demand_model/evaluation",  # a person registers the forecaster's options, and six days are too few
    *(f"{task}/{name}" for task in TASKS for name in ("label_queue", "hand_labels")),  # nobody was asked
    *(path for path in TABLES if TABLES[path].group in IMAGE_TASKS),  # the town has no pictures
    "models/post_features",  # feature_hours makes them, which the demo does not run
    "influencers/coordinated_groups",  # the first wave of bots comes later than its days
    # the gate may refuse a model of so few labels
    *(f"{task}/{name}" for task in TASKS for name in ("predictions", "topic_hours")),
}


def test_every_table_is_published_and_every_hour_is_there(town):
    assert {path for path in TABLES if town.lake.read(TABLES[path]).num_rows == 0} <= MAY_BE_EMPTY
    assert len(town.lake.partitions(TABLES["social/raw_posts"])) == DAYS * 24


def test_the_answers_are_those_of_the_golden_run(town):
    """Change on purpose: UPDATE_SNAPSHOT=1 make test ARGS=trend_assets_tests/test_pipeline.py, and read the diff."""
    text = json.dumps(golden(town), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_SNAPSHOT"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert json.loads(GOLDEN.read_text(encoding="utf-8")) == json.loads(text)


def golden(town: Town) -> dict[str, object]:
    """What the graph makes of the town: rows of each table, trends, products linked, cards. A model's figures are not pinned."""
    made = [path for path in TABLES if path not in MAY_BE_EMPTY and TABLES[path].group not in (*TASKS, *IMAGE_TASKS, "quality")]
    trends = town.lake.read(TABLES["topics/trends"]).to_pylist()
    labels = {row["topic_id"]: row["label"] for row in trends}
    shown = [row for row in trends if not row["suppressed"]]
    first: dict[str, str] = {}
    for row in shown:
        first.setdefault(row["topic_id"], f"{row['first_raised_at']:%Y-%m-%d %H:%M}")
    linked: dict[str, set[str]] = {}
    for row in town.lake.read(TABLES["demand/product_trend_links"]).to_pylist():
        if row["linked"]:
            linked.setdefault(row["topic_id"], set()).add(row["product_id"])
    cards = Counter((str(row["day"]), row["action"]) for row in town.lake.read(TABLES["demand/decision_cards"]).to_pylist())
    return {
        "rows": {path: town.lake.read(TABLES[path]).num_rows for path in sorted(made)},
        "trends": sorted([first[topic], labels[topic], sum(row["topic_id"] == topic for row in shown)] for topic in first),
        "linked products": sorted([labels[topic], sorted(products)] for topic, products in linked.items()),
        "decision cards": [[*key, number] for key, number in sorted(cards.items())],
    }


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


# as the predictions; the town has no counts; a town may sell wherever a trend grows; in a small town few cells have fifty customers
MAY_HAVE_NO_ANSWER = {
    "what_people_say_about_us",
    "terms_that_break_out",
    "were_we_right",
    "markets_we_do_not_sell_in",
    "who_buys_what_trends",
}


def test_the_published_file_answers_every_ready_query(town):
    for path in sorted((Path(__file__).parents[1] / "dbt_project" / "analyses").glob("*.sql")):
        result = town.command("sql", path.stem, "--csv")
        assert result.returncode == 0, result.stdout + result.stderr
        rows = len(result.stdout.splitlines()) - 1
        assert rows or path.stem in MAY_HAVE_NO_ANSWER, f"{path.stem} has no answer"


@pytest.fixture(scope="module")
def mine(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A copy for what writes or damages: other processes read and copy the town meanwhile."""
    return town.copy(tmp_path_factory.mktemp("pipeline") / "town")


def test_checks_pass_and_name_an_error_when_a_file_is_damaged(mine):
    fine = mine.command("check")
    assert fine.returncode == 0, fine.stdout + fine.stderr
    assert "0 errors" in fine.stdout
    table = TABLES["topics/topic_hours"]
    newest = mine.lake.partitions(table)[-1]
    part = Path(mine.lake.files(table, [newest])[0].removeprefix("file://"))
    original = part.read_bytes()
    try:
        part.write_bytes(original[:-20] + b"\0" * 20)
        broken = mine.command("check")
        assert broken.returncode == 1, broken.stdout
        assert "topic_hours" in broken.stdout
    finally:
        part.write_bytes(original)


def test_a_second_demo_does_nothing_again_and_shows_the_same_answers(mine):
    again = mine.command("demo", "--days", str(DAYS), "--town-posts", str(POSTS))
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.count("done before") == 13
    answers = again.stdout[again.stdout.index("Strongest trends") : again.stdout.index("Ready queries")]
    assert answers in mine.output


def test_a_folder_of_another_town_is_refused_with_advice(mine):
    result = mine.command("demo", "--days", "3", "--town-posts", str(POSTS))
    assert result.returncode == 1
    assert "another simulated town" in result.stdout
