"""What every command shares: the console, the option that says where the data are, ending with an error.

What belongs here: helpers of the command line. What doesn't: any command.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

# Into a file or a pipe, tables keep a width that people can read.
console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 150)

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="TREND_ASSETS_DATA", help="Folder for landing files, lake and warehouse. Default: data/ (data/own with --posts)"
    ),
]


def fail(message: str, code: int = 2) -> NoReturn:
    """Print the message as an error and end with ``code``."""
    console.print(f"[red]error:[/] {message}", highlight=False)
    raise typer.Exit(code)


def data_folder(data: Path | None, default: str = "data") -> Path:
    """The data folder of this command; the environment, Dagster and dbt are pointed at it."""
    from trend_assets.runs import prepare_environment
    from trend_assets.settings import PROJECT_ROOT

    folder = (data or PROJECT_ROOT / default).resolve()
    prepare_environment(folder)
    return folder
