"""`trend-assets doctor`: what is wrong with this setup and what to do.

What belongs here: the list of checks, running them so that none can stop the others, printing. What doesn't: the checks
(this package), checks of the data in tables (`trend-assets check`).

The doctor changes nothing. A check that breaks is reported as one that could not be made, because it is wanted most where
almost everything is broken.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from trend_assets.doctor.surroundings import CannotSayError, Check, Diagnosis, Surroundings, Verdict
from trend_assets.settings import PROJECT_ROOT

_MARKS = {
    Verdict.FINE: "[green]✓ fine[/]",
    Verdict.WARNING: "[yellow]! warning[/]",
    Verdict.WRONG: "[red]✗ wrong[/]",
    Verdict.NOT_APPLICABLE: "[dim]- n/a[/]",
}

IN_THE_BUCKET = frozenset({"clock", "landing files", "landing backlog", "lake", "lake gaps", "lake garbage", "warehouse file"})
"""Checks that reach further than this machine where the data are in a bucket."""


@dataclass(frozen=True)
class Examined:
    """One check's name, what it found, and how long it took."""

    name: str
    diagnosis: Diagnosis
    seconds: float


class UnknownCheckError(ValueError):
    """There is no check of that name; the message lists those there are."""


def examine(surroundings: Surroundings, only: Sequence[str] = ()) -> list[Examined]:
    """Make every check, or ``only`` those named, in the order in which a setup is built; never raises for what a check meets.

    Raises ``UnknownCheckError``.
    """
    with _checks(surroundings, only) as checks:
        unknown = [name for name in only if name not in checks]
        if unknown:
            raise UnknownCheckError(f"there is no check {', '.join(unknown)}; there are: {', '.join(checks)}")
        return [_made(name, check, surroundings) for name, check in checks.items() if not only or name in only]


@contextmanager
def _checks(surroundings: Surroundings, only: Sequence[str]) -> Iterator[dict[str, Check]]:
    """The checks by name. The definitions load in a process of their own meanwhile, where a check wants them."""
    from trend_assets.doctor import folders, installation, orchestration, services

    definitions = orchestration.DefinitionsLoad(surroundings)
    if not only or {"definitions", "daemon"} & set(only):
        definitions.start()
    try:
        yield {
            "Python": installation.python_version,
            "packages": installation.packages,
            "settings": installation.settings,
            "names of variables": installation.unknown_variables,
            "pseudonym key": installation.pseudonyms,
            "cloud": installation.cloud,
            "data folder": folders.data_folder,
            "file system": folders.file_system,
            "disk space": folders.disk_space,
            "clock": folders.clock,
            "landing files": folders.landing_files,
            "landing backlog": folders.backlog,
            "lake": folders.lake_tables,
            "lake gaps": folders.gaps,
            "lake garbage": folders.garbage,
            "warehouse file": folders.warehouse_file,
            "retail files": services.retail,
            "models": services.model_store,
            "Dagster configuration": orchestration.configuration,
            "Dagster records": orchestration.records,
            "stuck runs": orchestration.stuck_runs,
            "failed runs": orchestration.failed_runs,
            "dbt project": orchestration.dbt_state,
            "definitions": definitions.definitions,
            "daemon": definitions.daemon,
            "ports": services.ports,
            "optional tools": installation.optional_tools,
        }
    finally:
        definitions.close()


def _made(name: str, check: Check, surroundings: Surroundings) -> Examined:
    started = time.monotonic()
    try:
        if name in IN_THE_BUCKET and surroundings.bucket and not surroundings.online:
            raise CannotSayError(f"the data are in {surroundings.bucket}: asked with --online only")
        diagnosis = check(surroundings)
    except CannotSayError as error:
        diagnosis = Diagnosis(Verdict.NOT_APPLICABLE, str(error))
    except Exception as error:  # whatever it is, the other checks go on
        text = str(error).strip().splitlines()
        found = f"could not be checked: {type(error).__name__}{': ' + text[0][:300] if text else ''}"
        diagnosis = Diagnosis(Verdict.WARNING, found, "correct what the checks above name, then ask again")
    return Examined(name, diagnosis, time.monotonic() - started)


def surroundings_of(data: str, *, online: bool) -> Surroundings:
    """The surroundings of this process for a data folder or bucket; points settings and Dagster at it, and makes nothing.

    Unlike ``prepare_environment`` this makes no folder: the doctor changes nothing. For a bucket, the scratch folder is the
    local folder that is looked at.
    """
    os.environ.setdefault("DAGSTER_HOME", str(PROJECT_ROOT))
    os.environ["TREND_ASSETS_DATA"] = data
    bucket = data if "://" in data else ""
    # Not the settings' scratch folder: the doctor is asked when settings do not load.
    folder = Path(os.environ.get("TREND_ASSETS_SCRATCH") or PROJECT_ROOT / "data") if bucket else Path(data)
    if bucket:
        os.environ.setdefault("TREND_ASSETS_DAGSTER_STORAGE", str(folder / "dagster"))
    else:
        os.environ["TREND_ASSETS_DAGSTER_STORAGE"] = str(folder / "dagster")
    return Surroundings(folder, dict(os.environ), Path.cwd(), datetime.now(UTC), online, bucket)


def run_doctor(data: str, console: Console, *, only: Sequence[str] = (), as_json: bool, online: bool) -> int:
    """Examine and print; 1 where something is wrong, else 0. Raises ``UnknownCheckError``."""
    started = time.monotonic()
    examined = examine(surroundings_of(data, online=online), only)
    bad = [one for one in examined if one.diagnosis.verdict is Verdict.WRONG]
    if as_json:
        rows = [
            {"name": one.name, "verdict": one.diagnosis.verdict.value, "found": one.diagnosis.found, "action": one.diagnosis.action}
            | {"seconds": round(one.seconds, 3)}
            for one in examined
        ]
        console.file.write(json.dumps({"data": data, "wrong": len(bad), "checks": rows}, ensure_ascii=False, indent=1) + "\n")
    else:
        _print(examined, console)
        warnings = sum(one.diagnosis.verdict is Verdict.WARNING for one in examined)
        console.print(f"{len(examined)} checks in {time.monotonic() - started:.1f} s: {len(bad)} wrong, {warnings} warnings")
    return 1 if bad else 0


def _print(examined: list[Examined], console: Console) -> None:
    grid = Grid(title="What is wrong with this setup, and what to do", title_justify="left")
    grid.add_column("check", no_wrap=True)
    grid.add_column("verdict", no_wrap=True)
    grid.add_column("found → what to do", overflow="fold")
    for one in examined:
        text = escape(one.diagnosis.found)
        if one.diagnosis.action:
            text += f"\n[bold]→ {escape(one.diagnosis.action)}[/]"
        grid.add_row(one.name, _MARKS[one.diagnosis.verdict], text)
    console.print(grid)
