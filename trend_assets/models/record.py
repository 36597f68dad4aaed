"""What a run records beside its model: surroundings, code, learning curves for TensorBoard.

What belongs here: facts about the process and the code, and files made of reported figures. What doesn't: figures of quality
(``evaluation.py``), MLflow (``tracking.py``).
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path

from trend_assets import __version__
from trend_assets.lib.learning.curves import Curves
from trend_assets.lib.learning.discovery import task_file
from trend_assets.settings import PROJECT_ROOT

_LEARNING = Path(__file__).parent.parent / "lib" / "learning"
LIBRARIES = ("numpy", "scipy", "scikit-learn", "spacy", "thinc", "onnxruntime", "torch", "optuna", "skops")
"""Libraries whose versions decide what is learnt: with another one the same data make another candidate."""


def code_hash(name: str) -> str:
    """Hash of the task's file and of everything in ``lib/learning`` that it can use."""
    digest = hashlib.sha256()
    shared = [path for path in sorted(_LEARNING.rglob("*.py")) if path.parent.name not in ("tasks", "image_tasks", "__pycache__")]
    for path in [*shared, task_file(name)]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def environment() -> dict[str, object]:
    """Python, platform, versions of every package, hash of the lock file and the commit, where there are any."""
    lock = PROJECT_ROOT / "requirements.lock"
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "trend_assets": __version__,
        "commit": _commit(),
        "lock_file": hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else "none",
        "packages": package_versions(),
    }


def package_versions() -> dict[str, str]:
    """Version of each package that is installed."""
    return dict(sorted((one.metadata["Name"], one.version) for one in distributions() if one.metadata["Name"]))


def library_versions() -> dict[str, str]:
    """Versions of ``LIBRARIES``, of those that are installed."""
    there = {name.lower(): version for name, version in package_versions().items()}
    return {name: there[name] for name in LIBRARIES if name in there}


def _commit() -> str:
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "none"  # an installed package, or no git
    return found.stdout.strip()


def tensorboard_files(curves: Curves) -> dict[str, bytes]:
    """Event files that TensorBoard reads, by path; none without curves."""
    if not curves:
        return {}
    from tensorboardX import SummaryWriter

    with tempfile.TemporaryDirectory() as folder:
        with SummaryWriter(folder) as writer:
            for figure, points in curves.items():
                for step, value in points:
                    writer.add_scalar(figure, value, step)
        return {f"tensorboard/{path.name}": path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


def as_json(value: object) -> bytes:
    """JSON that people can read, equal values as equal bytes."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode()


def code_hash_of(paths: tuple[str, ...]) -> str:
    """Hash of files and folders of the package, by path within it."""
    package, digest = Path(__file__).parent.parent, hashlib.sha256()
    for path in paths:
        place = package / path
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]
