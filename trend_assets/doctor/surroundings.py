"""What every check of the doctor is given, and what it answers.

What belongs here: the types of a diagnosis. What doesn't: any check.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from trend_assets.settings import PROJECT_ROOT, Settings, load_settings


class Verdict(StrEnum):
    """How a part of the setup is."""

    FINE = "fine"
    WARNING = "warning"
    WRONG = "wrong"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Diagnosis:
    """What a check found, in words, and what to do about it: a command or a line to set."""

    verdict: Verdict
    found: str
    action: str = ""


class CannotSayError(Exception):
    """The check rests on something that another check reports as wrong; the message names it."""


@dataclass(frozen=True)
class Surroundings:
    """What the doctor looks at: the data folder, the environment's variables, the folder it was started in, the clock.

    online: whether a check may reach further than this machine. bucket: where landing files and the lake are, if not in ``data``.
    """

    data: Path
    environment: Mapping[str, str]
    working_folder: Path
    now: datetime
    online: bool = False
    bucket: str = ""

    @cached_property
    def settings(self) -> Settings:
        """The settings. Raises ``CannotSayError`` where they do not load; the check of the settings says why."""
        try:
            return load_settings()
        except Exception as error:
            raise CannotSayError("the settings do not load, see there") from error

    @property
    def command(self) -> str:
        """How the command is typed for this data folder."""
        variable = "" if self.data == PROJECT_ROOT / "data" else f"TREND_ASSETS_DATA={shown(self.data, self.working_folder)} "
        return f"{variable}{shown(Path(sys.executable).with_name('trend-assets'), self.working_folder)}"


Check = Callable[[Surroundings], Diagnosis]


def shown(path: Path, working_folder: Path) -> str:
    """A path as a person would type it: relative where it is below the working folder."""
    return str(path.relative_to(working_folder)) if path.is_relative_to(working_folder) else str(path)


def fine(found: str) -> Diagnosis:
    """Nothing to do."""
    return Diagnosis(Verdict.FINE, found)


def warning(found: str, action: str) -> Diagnosis:
    """Works, but somebody should look."""
    return Diagnosis(Verdict.WARNING, found, action)


def wrong(found: str, action: str) -> Diagnosis:
    """Does not work, or will give wrong results."""
    return Diagnosis(Verdict.WRONG, found, action)


def not_applicable(found: str) -> Diagnosis:
    """There is nothing to check."""
    return Diagnosis(Verdict.NOT_APPLICABLE, found)


def several(items: list[str], most: int = 3) -> str:
    """The first few of a list, and how many more there are."""
    rest = len(items) - most
    return ", ".join(items[:most]) + (f" and {rest} more" if rest > 0 else "")


def size(count: float) -> str:
    """Bytes for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit in ("B", "kB") else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
