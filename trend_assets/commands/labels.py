"""`trend-assets labels`: what to label next as a file, the filled file back, who agrees with whom.

What belongs here: options and printing. What doesn't: the work (``trend_assets/monitoring``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table as Grid

from trend_assets.commands.terminal import DataOption, console, fail, read_data, use_data

if TYPE_CHECKING:
    from trend_assets.lib.learning.contract import Task

NameArgument = Annotated[str, typer.Argument(help="Name of a task")]
SHOWN = 20
labels = typer.Typer(no_args_is_help=True, help="Labels: which posts to label next, take labels in, show agreement (docs/labels.md).")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(labels, name="labels")


def _known(name: str) -> Task:
    from trend_assets.lib.learning.discovery import load_task
    from trend_assets.tables.models import TASKS

    try:
        task = load_task(name)
    except ValueError as error:
        fail(str(error))
    if name not in TASKS:
        fail(f"{name} is no task about posts' text: there is no queue of it")
    return task


@labels.command("queue")
def write_queue(
    name: NameArgument,
    output: Annotated[Path, typer.Option(help="CSV file to write; it holds post text: delete it when it has been read back")],
    keep: Annotated[bool, typer.Option("--keep", help="Write the queue there is, do not choose anew")] = False,
    data: DataOption = None,
) -> None:
    """Write the posts whose labels would teach most, with their text and an empty column `label` to fill in."""
    read_data(data)
    task = _known(name)
    from trend_assets.lake.lake import Lake
    from trend_assets.monitoring.label_files import queue_csv
    from trend_assets.operations.runs import run_job
    from trend_assets.settings import load_settings

    if output.exists():
        fail(f"{output} is there already, perhaps with labels in it: name another file, or remove it")
    if not output.resolve().parent.is_dir():
        fail(f"there is no folder {output.resolve().parent}")
    if not keep:
        result = run_job(f"{name}_labelling", console, raise_on_error=False)
        if not result.success:
            fail("the queue could not be made: see its run (make dev, then Runs)", 1)
    text, rows = queue_csv(Lake(load_settings().lake_root), name, task)
    if not rows:
        fail(f"there is nothing to label: no whole day of posts that {name} is about, or all of them are labelled", 1)
    output.write_text(text, encoding="utf-8")
    console.print(f"{rows} posts in {output}: fill in the column label ({', '.join(task.labels)}), leave empty what cannot be told.")
    folder = f" --data {data}" if data else ""
    console.print(f"Then: trend-assets labels add {name} {output} --labeller YOUR_NAME{folder}")
    console.print("The last rows are drawn at random: do label them too.")


@labels.command("add")
def add_labels(
    name: NameArgument,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The filled CSV file")],
    labeller: Annotated[str, typer.Option(help="Name or initials of the person who labelled")],
    correct: Annotated[bool, typer.Option("--correct", help="Labels of the same person that differ replace the earlier ones")] = False,
    data: DataOption = None,
) -> None:
    """Take labels in; rows that cannot be taken are told with their reasons and written beside the file, the others are kept."""
    read_data(data)
    task = _known(name)
    from trend_assets.lake.lake import Lake
    from trend_assets.monitoring.label_files import refused_csv, take_in
    from trend_assets.monitoring.labels import read, version_of
    from trend_assets.settings import load_settings

    lake = Lake(load_settings().lake_root)
    try:
        found = take_in(lake, name, task, file.read_bytes(), labeller, datetime.now(UTC), correct=correct)
    except ValueError as error:
        fail(str(error), 1)
    rows = read(lake, name)
    console.print(f"{found.added} labels added, {found.empty} rows left empty, {len(found.refused)} refused.")
    console.print(f"Labels of {name}: {rows.num_rows} answers, version {version_of(rows)}.")
    if found.refused:
        grid = Grid("line", "item", "label", "reason")
        for one in found.refused[:SHOWN]:
            grid.add_row(str(one.line), one.item, one.label, one.reason)
        console.print(grid)
        beside = file.with_name(f"{file.stem}.refused.csv")
        beside.write_text(refused_csv(found.refused), encoding="utf-8")
        console.print(f"All refused rows with their reasons: {beside}")
        if not found.added:
            raise typer.Exit(1)


@labels.command()
def show(
    name: NameArgument,
    version: Annotated[str | None, typer.Option(help="The labels as they were when they had this version")] = None,
    data: DataOption = None,
) -> None:
    """How many labels there are, of whom, and how far people agree, with 90 % intervals."""
    use_data(data)
    _known(name)
    from trend_assets.lake.lake import Lake
    from trend_assets.lib.learning.agreement import in_words
    from trend_assets.monitoring.labels import UnknownVersionError, agreement_of, counted, read, version_of
    from trend_assets.settings import load_settings

    try:
        rows = read(Lake(load_settings().lake_root), name, version)
    except UnknownVersionError as error:
        fail(str(error), 1)
    if not rows.num_rows:
        console.print(
            f"Nobody has labelled for {name} yet. What to label: trend-assets labels queue {name} --output {name}.csv, or the board."
        )
        return
    console.print(f"Labels of {name}: {rows.num_rows} answers, version {version_of(rows)}")
    for columns in (("labeller",), ("language", "label"), ("reason",)):
        grid = Grid(*columns, "labels")
        for row in counted(rows, columns):
            grid.add_row(*(str(row[column] or "none") for column in columns), str(row["labels"]))
        console.print(grid)
    grid = Grid("agreement", "")
    for language, found in agreement_of(rows).items():
        grid.add_row(language, in_words(found))
    console.print(grid)
