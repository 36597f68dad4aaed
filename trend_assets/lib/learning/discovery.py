"""Finding the tasks: every file in ``tasks/`` is one, named after the file.

What belongs here: names, loading and refusing of tasks. What doesn't: what a task is (``contract.py``).
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from trend_assets.lib.learning.contract import Task, faults_of

TASKS_FOLDER = Path(__file__).parent / "tasks"
TAKEN_NAMES = frozenset(
    {"social", "topics", "influencers", "retail", "demand", "warehouse", "models", "learning", "staging", "intermediate", "marts", "live"}
)
"""Groups and schemas that exist: a task's name is one too."""
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def task_names() -> list[str]:
    """Names of the tasks, sorted."""
    return sorted(path.stem for path in TASKS_FOLDER.glob("*.py") if not path.stem.startswith("_"))


def check_name(name: str) -> None:
    """Raise ``ValueError`` for a name that no task can have; it becomes a folder, a schema and a part of job names."""
    if not _NAME.fullmatch(name) or len(name) > 40:
        raise ValueError(f"{name!r} is no name for a task: small letters, digits and single underscores, first a letter, at most 40")
    if name in TAKEN_NAMES:
        raise ValueError(f"{name!r} is the name of a group of tables already: choose another")


def load_task(name: str) -> Task:
    """The task of a file in ``tasks/``.

    Raises ``ValueError`` for a name without a file, a file without exactly one task, or a task that is declared wrongly.
    """
    check_name(name)
    if name not in task_names():
        raise ValueError(f"there is no task {name!r}; there are: {', '.join(task_names())}. A new one: trend-assets models new {name}")
    module = importlib.import_module(f"trend_assets.lib.learning.tasks.{name}")
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Task) and value is not Task and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise ValueError(f"tasks/{name}.py must define exactly one subclass of Task, it defines {len(found)}")
    faults = faults_of(found[0])
    if faults:
        raise ValueError(f"tasks/{name}.py: " + "; ".join(faults))
    return found[0]()


def tasks() -> dict[str, Task]:
    """Every task by name."""
    return {name: load_task(name) for name in task_names()}
