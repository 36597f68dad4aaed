"""The break-it tour: the command blocks of docs/break-it.md, run on a copy of the small town, step by step.

One thing differs from what a reader types: the town is a copy of the one that all tests share.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from trend_assets.settings import PROJECT_ROOT
from trend_assets.tables import TABLES
from trend_assets_tests.conftest import DAYS, POSTS, Town

PAGE = PROJECT_ROOT / "docs" / "break-it.md"
_STEP = re.compile(
    r"<!-- step: (?P<name>\w+)(?: exit: (?P<exit>\d))? -->\n```sh\n(?P<commands>.*?)```\n(?:\n```text\n(?P<output>.*?)```\n)?", re.S
)
_BIN = Path(sys.executable).parent
HASHES = re.compile(r"\b(?=\w*\d)[0-9a-f]{8,64}\b|\b[0-9A-HJKMNP-TV-Z]{26}\b")


@dataclass(frozen=True)
class Step:
    commands: str
    exit: int
    shown: list[str]


def _steps() -> dict[str, Step]:
    found = {}
    for match in _STEP.finditer(PAGE.read_text(encoding="utf-8")):
        found[match["name"]] = Step(match["commands"], int(match["exit"] or 0), (match["output"] or "").splitlines())
    return found


STEPS = _steps()
Run = Callable[[str], str]


def _comparable(text: str) -> str:
    """Text without what differs from town to town and terminal to terminal: numbers, hashes, table lines, spacing."""
    text = HASHES.sub("#", re.sub(r"[│┃]", " ", text))
    return "".join(re.sub(r"[\d.,]*\d", "#", text).split())


@pytest.fixture(scope="module")
def broken(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The copy that the steps break, one after the other."""
    return town.copy(tmp_path_factory.mktemp("break-it") / "town")


@pytest.fixture
def run(broken: Town) -> Run:
    def run_step(name: str) -> str:
        """Run the step's commands as the page has them; the lines the page shows must be in the output."""
        step = STEPS[name]
        commands = step.commands.replace(".venv/bin/", f"{_BIN}/")
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=PROJECT_ROOT,
            env=broken.environment(DAGSTER_HOME=str(PROJECT_ROOT), PYTHONWARNINGS="ignore"),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        output = result.stdout
        assert result.returncode == step.exit, output + result.stderr
        found = _comparable(output)
        missing = [line for line in step.shown if _comparable(line) not in found]
        assert missing == [], f"the page shows lines that the command did not print:\n{output}"
        return output

    return run_step


def _hashes(broken: Town, path: str) -> dict[str, list[str]]:
    manifests = broken.lake.manifests(TABLES[path])
    return {key: [part.sha256 for part in manifest.parts] for key, manifest in manifests.items() if manifest}


def test_every_step_of_the_page_is_run_here():
    source = Path(__file__).read_text(encoding="utf-8")
    assert set(STEPS) - {"make_a_town"} == set(re.findall(r'run\("(\w+)"\)', source))


def test_make_a_town_makes_the_town_of_the_tests():
    assert f"trend-assets demo --days {DAYS} --town-posts {POSTS}" in STEPS["make_a_town"].commands


def test_kill_a_run(town, broken, run):
    run("kill_a_run")  # the doctor verified every part of every partition that is visible
    table = TABLES["social/clean_posts"]
    visible = [key for key in broken.lake.partitions(table) if key.startswith("2026-09-02")]
    assert visible
    for key in visible:
        assert broken.lake.read(table, [key]) == town.lake.read(table, [key])


def test_finish_what_was_killed(town, broken, run):
    run("finish_what_was_killed")
    assert _hashes(broken, "social/clean_posts") == _hashes(town, "social/clean_posts")


def test_corrupt_a_landing_file(town, broken, run):
    output = run("corrupt_a_landing_file")
    assert "quarantined/truncated" in "".join(output.split())
    for path in ("social/raw_posts", "social/quarantined_posts"):
        assert _hashes(broken, path) == _hashes(town, path), "a replay changes nothing"


def test_restore_the_landing_file(run):
    run("restore_the_landing_file")


def test_duplicate_an_hour(run):
    output = run("duplicate_an_hour")
    assert "/duplicate/" in "".join(output.split())


def test_collapse_a_volume(town, broken, run):
    published = broken.folder / "lake" / "trends.duckdb"
    before = hashlib.sha256(published.read_bytes()).hexdigest()
    run("collapse_a_volume")
    key = ["2026-09-06-20:00"]
    assert broken.lake.read(TABLES["social/raw_posts"], key) == town.lake.read(TABLES["social/raw_posts"], key), (
        "readers keep the old state"
    )
    assert hashlib.sha256(published.read_bytes()).hexdigest() == before


def test_undo_the_collapse(town, broken, run):
    run("undo_the_collapse")
    key = ["2026-09-06-20:00"]
    assert broken.lake.read(TABLES["social/raw_posts"], key).num_rows == town.lake.read(TABLES["social/raw_posts"], key).num_rows + 1


def test_send_a_late_post(town, broken, run):
    run("send_a_late_post")
    for path in ("topics/topics", "topics/topic_events", "topics/trends"):
        assert _hashes(broken, path) == _hashes(town, path), "what was sealed stays on the record"
    raw, clean = TABLES["social/raw_posts"], TABLES["social/clean_posts"]
    hour, copied = ["2026-09-06-20:00"], ["2026-09-05-12:00"]
    assert broken.lake.read(raw, hour).num_rows == town.lake.read(raw, hour).num_rows + 3
    assert broken.lake.read(clean, hour).num_rows == broken.lake.read(raw, hour).num_rows
    assert broken.lake.read(raw, copied) == town.lake.read(raw, copied)
    counts = broken.lake.read(TABLES["social/landing_counts"], copied).to_pylist()
    duplicates = sum(row["records"] for row in counts if row["outcome"] == "duplicate" and "00-again" in row["landing_file"])
    assert duplicates == sum(
        row["records"] for row in counts if "00-again" not in row["landing_file"] and "network=x" in row["landing_file"]
    )


def test_corrupt_a_published_part(run):
    run("corrupt_a_published_part")


def test_repair_the_published_part(town, broken, run):
    run("repair_the_published_part")
    key = ["2026-09-04-12:00"]
    assert broken.lake.read(TABLES["topics/topic_hours"], key) == town.lake.read(TABLES["topics/topic_hours"], key)


def test_replay_everything(run):
    run("replay_everything")
