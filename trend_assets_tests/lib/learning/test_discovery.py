"""Tasks are found by their files, named safely, and declared as the contract asks."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import trend_assets.lib.learning.tasks
from trend_assets.lib.learning import discovery
from trend_assets.lib.learning.contract import Task, checked_probabilities, faults_of
from trend_assets.lib.learning.discovery import check_name, examined_tasks, load_task, tasks
from trend_assets.lib.learning.scaffold import scaffold
from trend_assets.tables import TABLES
from trend_assets.tables.models import IMAGE_TASKS, TAKEN_NAMES, TASKS


def test_every_file_is_a_task_with_tables() -> None:
    assert tuple(tasks()) == (*TASKS, *IMAGE_TASKS)
    for name in TASKS:
        assert {f"{name}/{table}" for table in ("training_set", "evaluation", "predictions", "topic_hours")} <= set(TABLES)


def test_no_task_can_take_the_name_of_a_group() -> None:
    assert {path.split("/")[0] for path in TABLES} - {*TASKS, *IMAGE_TASKS} <= TAKEN_NAMES


@pytest.mark.parametrize("name", ["", "Tone", "a-b", "../x", "1st", "a__b", "é", "x" * 41, "social", "import os"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        check_name(name)


def test_an_unknown_task_says_which_there_are() -> None:
    with pytest.raises(ValueError, match=r"there are: .*sentiment"):
        load_task("nobody")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def half(", "cannot be loaded: SyntaxError"),
        ("import no_such_package", "cannot be loaded: ModuleNotFoundError"),
        ("from trend_assets.lib.learning.contract import Task\nclass Half(Task):\n    pass\n", "description is missing"),
        ("", "exactly one subclass of Task"),
    ],
)
def test_a_half_written_file_is_left_out_with_its_reason_and_stops_no_other(
    text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "half_written.py").write_text(text)
    (tmp_path / "sentiment.py").write_text("")  # found by its name, loaded from the package
    (tmp_path / "Bad-Name.py").write_text("")
    monkeypatch.setattr(discovery, "TASKS_FOLDER", tmp_path)
    monkeypatch.setattr(discovery, "IMAGE_TASKS_FOLDER", tmp_path / "none")
    monkeypatch.setattr(trend_assets.lib.learning.tasks, "__path__", [str(tmp_path), *trend_assets.lib.learning.tasks.__path__])
    monkeypatch.delitem(sys.modules, "trend_assets.lib.learning.tasks.half_written", raising=False)
    loaded, refused = examined_tasks()
    assert list(loaded) == ["sentiment"]
    assert reason in refused["half_written"]
    assert "is no name for a task" in refused["Bad-Name"]
    assert list(tasks()) == ["sentiment"]
    assert "half_written is left out" in caplog.text
    with pytest.raises(ValueError, match=r"tasks/half_written\.py"):
        load_task("half_written")


def test_faults_of_a_declaration_are_named() -> None:
    class Wrong(Task):
        labels = ("one",)
        evaluation_share = 0.9

        def train(self, examples: pa.Table, options: object) -> object:
            return {}

        def predict(self, model: object, posts: pa.Table) -> np.ndarray:
            return np.ones((posts.num_rows, 1))

    assert [fault.split()[0] for fault in faults_of(Wrong)] == ["description", "labels", "evaluation_share"]


@pytest.mark.parametrize("found", [np.ones((2, 2)), np.full((2, 3), np.nan), np.full((2, 3), 0.5), np.array([[1.2, -0.2, 0.0]] * 2)])
def test_answers_that_are_no_probabilities_are_refused(found: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"Sentiment\.predict returned"):
        checked_probabilities(load_task("sentiment"), found, 2)


def test_posts_under_the_terms_of_x_train_only_what_starts_from_scratch() -> None:
    task = load_task("sentiment")
    assert "x" in task.licence_classes

    class Tuned(type(task)):  # type: ignore[misc]
        from_scratch = False

    assert "x" not in Tuned().licence_classes


def test_the_scaffold_is_code() -> None:
    for path, text in scaffold("delivery_complaint").items():
        compile(text, path, "exec")
        assert "{name}" not in text
