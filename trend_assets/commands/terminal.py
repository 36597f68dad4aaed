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
    str | None,
    typer.Option(
        "--data",
        envvar="TREND_ASSETS_DATA",
        help="Folder, or gs://bucket/prefix, for landing files, lake and warehouse. Default: data/ (data/own with --posts)",
    ),
]


def fail(message: str, code: int = 2) -> NoReturn:
    """Print the message as an error and end with ``code``."""
    console.print(f"[red]error:[/] {message}", highlight=False)
    raise typer.Exit(code)


def data_place(data: str | None, default: str = "data") -> str:
    """Where this command's data are: an absolute folder, or ``gs://bucket/prefix`` as it was given."""
    from trend_assets.settings import PROJECT_ROOT

    return data if data and "://" in data else str(Path(data or PROJECT_ROOT / default).resolve())


def use_data(data: str | None) -> str:
    """``data_place``; the environment, Dagster and dbt are pointed at it. Ends the command where a setting is wrong."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from trend_assets.operations.runs import prepare_environment
    from trend_assets.settings import in_words, load_settings

    place = data_place(data)
    try:
        prepare_environment(place)
        load_settings()
    except ValidationError as error:
        fail(f"{in_words(error)} (docs/settings.md explains each setting)")
    except SettingsError as error:
        fail(f'{error}: a list is written as JSON, for instance ["fr", "en"] (docs/settings.md explains each setting)')
    except NotADirectoryError as error:
        fail(f"{place} is no folder: {error}")
    return place


def read_data(data: str | None) -> str:
    """As ``use_data``, for a command that reads what is there: it ends, and makes nothing, where no data folder is."""
    place = data_place(data)
    if "://" not in place and not any((Path(place) / name).is_dir() for name in ("lake", "landing", "retail_landing")):
        fail(no_data(place))
    return use_data(data)


def no_data(place: str) -> str:
    """What is said where nothing has been made yet."""
    return f"there are no data in {place} yet: trend-assets demo (make run) makes a simulated town there; --data FOLDER names another place"


def use_folder(data: str | None, default: str = "data") -> Path:
    """As ``use_data``, for a command that is for one machine only: it ends where the data are in an object store."""
    from trend_assets.operations.runs import prepare_environment

    place = data_place(data, default)
    if "://" in place:
        fail(f"this needs a local data folder, and {place} is none: give --data FOLDER")
    prepare_environment(place)
    return Path(place)
