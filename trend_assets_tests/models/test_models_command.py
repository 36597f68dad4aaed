"""`trend-assets models new` in a copy of the project: assets, tracking, gate, predictions and rollback follow from the new file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from trend_assets.lake.lake import Lake
from trend_assets.partitions import hour_key, hours_between
from trend_assets.settings import PROJECT_ROOT
from trend_assets.tables import TABLES
from trend_assets_tests.lib.learning.opinions import START, opinion_posts

NAME = "long_winded"
HOURS = [hour_key(hour) for hour in hours_between(START, START + timedelta(days=1))]

# Only the models are loaded: their assets need nothing else of the graph, and a run starts in a second instead of ten.
_RUN = """
import sys
import dagster as dg
from trend_assets.declared import asset_spec
from trend_assets.defs.models.assets import models
from trend_assets.resources import LakeIOManager, LakeResource
from trend_assets.settings import load_settings
root = load_settings().lake_root
others = dg.Definitions(
    assets=[asset_spec("social/clean_posts"), asset_spec("topics/topic_assignments")],
    resources={"lake": LakeResource(root=root), "io_manager": LakeIOManager(root=root)},
)
loaded = dg.Definitions.merge(models(), others)
hours = {"dagster/asset_partition_range_start": sys.argv[2], "dagster/asset_partition_range_end": sys.argv[3]}
for job in sys.argv[1].split(","):
    tags = hours if job.endswith("_hours") else {}
    result = loaded.resolve_job_def(job).execute_in_process(tags=tags, raise_on_error=False)
    made = ["/".join(event.asset_key.path) for event in result.get_asset_materialization_events()]
    failed = sorted({check.check_name for check in result.get_asset_check_evaluations() if not check.passed})
    print("RESULT", job, result.success, ",".join(sorted(set(made))), ",".join(failed))
"""


class Project:
    """A copy of the project with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder / "project", folder / "data"
        ignored = shutil.ignore_patterns("__pycache__")
        for name in ("trend_assets", "trend_assets_tests"):
            shutil.copytree(PROJECT_ROOT / name, self.folder / name, ignore=ignored)
        self.lake = Lake(str(self.data / "lake"))

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "PYTHONWARNINGS": "ignore",
            "TREND_ASSETS_DATA": str(self.data),
            "TREND_ASSETS_DAGSTER_STORAGE": str(self.data / "dagster"),
            "LAKE_START": START.isoformat(),
            "LAKE_END": (START + timedelta(days=3)).isoformat(),
        }
        return subprocess.run([sys.executable, *arguments], env=environment, cwd=self.folder, capture_output=True, text=True, check=False)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.python("-c", "from trend_assets.cli import app; app()", *arguments)

    def run(self, *jobs: str) -> list[tuple[bool, set[str], set[str]]]:
        """Run jobs in one process; for each whether it succeeded, what was materialized, which checks failed."""
        done = self.python("-c", _RUN, ",".join(jobs), HOURS[0], HOURS[-1])
        lines = [line.split(" ") for line in done.stdout.splitlines() if line.startswith("RESULT")]
        assert len(lines) == len(jobs), done.stdout + done.stderr[-3000:]
        return [(success == "True", set(made.split(",")) - {""}, set(failed.split(",")) - {""}) for _, _, success, made, failed in lines]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy with a new task, posts of a day and labels that its template can learn: long posts are "yes"."""
    made = Project(tmp_path_factory.mktemp("models"))
    written = made.command("models", "new", NAME)
    assert written.returncode == 0, written.stdout + written.stderr
    posts = opinion_posts(400, days=1)
    table = TABLES["social/clean_posts"]
    made.lake.publish(table, made.lake.split(table, table.conform(posts), HOURS))
    topics = TABLES["topics/topic_assignments"]
    assigned = {"topic_id": "t", "assigned_by": "cluster", "similarity": 1.0}
    rows = [{name: row[name] for name in ("network", "post_id", "created_at")} | assigned for row in posts.to_pylist()]
    made.lake.publish(topics, made.lake.split(topics, topics.from_rows(rows), HOURS))
    labels = [
        {"network": "x", "post_id": row["post_id"], "label": "yes" if (len(row["clean_text"]) > 62) != (number % 20 == 0) else "no"}
        for number, row in enumerate(posts.to_pylist())  # people slip: labels without any slip are a leak's mark
    ]
    (made.data / "labels").mkdir()
    (made.data / "labels" / f"{NAME}.jsonl").write_text("\n".join(map(json.dumps, labels)))
    return made


def test_the_new_tasks_own_test_passes(project: Project) -> None:
    result = project.python("-m", "pytest", "-q", "-p", "no:cacheprovider", f"trend_assets_tests/lib/learning/tasks/test_{NAME}.py")
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_new_file_gets_assets_gate_tracking_and_predictions(project: Project) -> None:
    (before, *_), (trained, made, failed), (predicted, tables, others) = project.run(f"{NAME}_hours", f"{NAME}_training", f"{NAME}_hours")
    assert before, "without a champion nothing is predicted, and nothing fails"
    assert (trained, failed) == (True, set())
    assert made == {f"{NAME}/{step}" for step in ("training_set", "candidate", "evaluation", "champion")}
    assert (predicted, others) == (True, set())
    assert tables == {f"{NAME}/predictions", f"{NAME}/topic_hours"}
    shown = project.command("models", "show", NAME)
    assert "champion, candidate" in shown.stdout

    task = project.folder / "trend_assets" / "lib" / "learning" / "tasks" / f"{NAME}.py"
    text = task.read_text()
    task.write_text(text.replace("weights = np.exp(-distance)", "weights = np.ones_like(distance)"))
    [(success, made, failed)] = project.run(f"{NAME}_training")
    assert (success, "gate" in failed) == (False, True)
    assert f"{NAME}/evaluation" in made
    assert f"{NAME}/champion" not in made, "the gate blocks the promotion"


def test_a_missing_label_file_is_told_with_what_to_do(project: Project) -> None:
    result = project.command("models", "train", "sentiment")
    assert result.returncode == 1
    assert "labels/sentiment.jsonl" in "".join(result.stdout.split())
    assert "put labelled posts there" in " ".join(result.stdout.split())
