"""Finding the tasks: every file in ``tasks/`` (of posts) and ``image_tasks/`` (of images) is one, named after the file.

What belongs here: names, loading and refusing of tasks. What doesn't: what a task is (``contract.py``), what names are free
(``tables/models.py``).
"""

from __future__ import annotations

import importlib
import logging
from pathlib import Path

from trend_assets.lib.learning.contract import Task, faults_of
from trend_assets.tables.models import NAME, TAKEN_NAMES

TASKS_FOLDER = Path(__file__).parent / "tasks"
IMAGE_TASKS_FOLDER = Path(__file__).parent / "image_tasks"
_log = logging.getLogger(__name__)


def task_names() -> list[str]:
    """Names of the files in ``tasks/``, then of those in ``image_tasks/``, each sorted."""
    return [path.stem for folder in _folders() for path in sorted(folder.glob("*.py")) if not path.stem.startswith("_")]


def task_file(name: str) -> Path:
    """The file of a task's name that ``task_names`` gave."""
    return next(path for folder in _folders() if (path := folder / f"{name}.py").exists())


def _folders() -> tuple[Path, Path]:
    return TASKS_FOLDER, IMAGE_TASKS_FOLDER


def check_name(name: str) -> None:
    """Raise ``ValueError`` for a name that no task can have; it becomes a folder, a schema and a part of job names."""
    if not NAME.fullmatch(name) or len(name) > 40:
        raise ValueError(f"{name!r} is no name for a task: small letters, digits and single underscores, first a letter, at most 40")
    if name in TAKEN_NAMES:
        raise ValueError(f"{name!r} is the name of a group of tables already: choose another")


def load_task(name: str) -> Task:
    """The task of a file in ``tasks/``.

    Raises ``ValueError`` for a name without a file, a file that cannot be imported or without exactly one task, or a task that is
    declared wrongly.
    """
    check_name(name)
    if name not in task_names():
        raise ValueError(f"there is no task {name!r}; there are: {', '.join(task_names())}. A new one: trend-assets models new {name}")
    try:
        return _task_of_file(name)
    except ValueError:
        raise
    except Exception as error:  # a file that somebody is writing can raise anything, a SyntaxError first of all
        raise ValueError(f"{_shown(name)} cannot be loaded: {type(error).__name__}: {error}") from error


def _shown(name: str) -> str:
    return f"{'image_tasks' if (IMAGE_TASKS_FOLDER / f'{name}.py').exists() else 'tasks'}/{name}.py"


def _task_of_file(name: str) -> Task:
    shown = _shown(name)
    module = importlib.import_module(f"trend_assets.lib.learning.{shown.removesuffix('.py').replace('/', '.')}")
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Task) and value is not Task and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise ValueError(f"{shown} must define exactly one subclass of Task, it defines {len(found)}")
    faults = faults_of(found[0])
    if not faults and (found[0].source == "images") != shown.startswith("image_tasks/"):
        faults.append("a task of images lives in image_tasks/, every other in tasks/")
    if faults:
        raise ValueError(f"{shown}: " + "; ".join(faults))
    return found[0]()


def examined_tasks() -> tuple[dict[str, Task], dict[str, str]]:
    """Every task by name; and why the other files in ``tasks/`` are none, by name."""
    loaded: dict[str, Task] = {}
    refused: dict[str, str] = {}
    for name in task_names():
        try:
            loaded[name] = load_task(name)
        except ValueError as error:
            refused[name] = str(error)
    return loaded, refused


def tasks() -> dict[str, Task]:
    """Every task by name. A file that holds none is left out, with a warning: one half-written model must not stop the others."""
    loaded, refused = examined_tasks()
    for name, reason in refused.items():
        _log.warning("the task %s is left out: %s", name, reason)
    return loaded
