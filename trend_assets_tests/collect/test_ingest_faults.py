"""Runs of the ingest assets killed at their steps and refused by the disk. Long: ``python -m benchmarks.faults --kills 1000``."""

from __future__ import annotations

import json
import signal

from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import LocalStorage
from trend_assets.landing.files import list_landing
from trend_assets.landing.raw_hours import RAW_TABLES
from trend_assets.tables import TABLES
from trend_assets_tests.collect.ingest_lives import (
    INGEST_TABLES,
    IngestAccount,
    IngestLives,
    Reads,
    _check_ledger,
    _check_reads,
    ingest_failpoints,
)

KILLED_AT = (
    "landing_counts: write_new: partly written",
    "clean_posts: publish: manifest swapped",
)


def test_failpoints_cover_every_step_of_publishing_every_table():
    names = ingest_failpoints()
    assert len(names) == len(set(names)) >= 40
    assert len(INGEST_TABLES) == len(RAW_TABLES) + 1
    for path in INGEST_TABLES:
        assert {f"{TABLES[path].name}: {step}" for step in (*Lake.publish_steps, *LocalStorage.steps)} < set(names)
    assert set(KILLED_AT) < set(names)


def test_killed_at_any_step_runs_lose_nothing_double_nothing_and_readers_see_only_committed_states(tmp_path):
    lives = IngestLives(tmp_path / "data", posts=120, slices=12, seed=3, days=1)
    try:
        for name in KILLED_AT:
            assert lives.land()
            run = lives.run(failpoint=f"{name}|kill")
            assert (run.failpoint, run.exit_code) == (name, -signal.SIGKILL)
        assert lives.land()
        refused = lives.run(failpoint="raw_posts: compare_and_swap: written|ENOSPC")
        assert (refused.failpoint, refused.exit_code) == ("raw_posts: compare_and_swap: written", 1)
        assert lives.run(kill_after=0.2).exit_code == -signal.SIGKILL
        assert lives.run().exit_code == 0
        found = lives.finish()
    finally:
        lives.close()
    assert found.violations == []
    assert found.outcomes["post"] > 50
    assert found.reads > 100
    assert found.states_read > len(list_landing(lives.deliveries._storage))
    assert lives.recoveries[0] < 10
    check_that_the_account_would_notice(lives)


def check_that_the_account_would_notice(lives: IngestLives) -> None:
    """The check itself: rows that are gone, a state that never was, and one that came back."""
    found, lake, table = IngestAccount(), Lake(f"{lives.folder}/lake"), TABLES["social/raw_posts"]
    name, states = next((name, states) for name, states in lives.states.items() if len(states) > 1)
    _check_reads(found, Reads(1, {name: states[::-1]}), lives.states)
    _check_reads(found, Reads(1, {name: ["torn"]}), lives.states)
    key = max(lake.partitions(table), key=lambda key: lake.manifests(table, [key])[key].rows)
    lake.publish(table, {key: lake.read(table, [key]).slice(1)})
    lives.deliveries.ledger["post", ""] += 1
    _check_ledger(found, lake, lives.deliveries.ledger)
    problems = json.dumps(found.violations)
    for text in ("older state", "never committed", "differ from the ledger", "the counts say"):
        assert text in problems
