"""`trend-assets replay`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trend_assets.commands.terminal import DataOption, console, fail, read_data

if TYPE_CHECKING:
    from trend_assets.lake.comparison import Comparison
    from trend_assets.operations.replay import Replay

DIFFERENCES_SHOWN = 12


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command()
    def replay(
        first: Annotated[str, typer.Argument(metavar="FROM", help="First hour: 2026-09-02-14:00, 2026-09-02T14:00, or a day")],
        last: Annotated[str, typer.Argument(metavar="TO", help="Last hour, included; of a day its last")],
        tables: Annotated[str, typer.Option(help="Tables separated by commas, e.g. social/clean_posts; default: all")] = "",
        restore: Annotated[bool, typer.Option("--restore", help="Publish partitions again that are damaged or missing")] = False,
        keep: Annotated[Path | None, typer.Option(help="Keep the replayed tables in this new folder")] = None,
        data: DataOption = None,
    ) -> None:
        """Make hours again from their landing files, beside the lake, and compare with what is published.

        Posts, topics, trends and influencers must come out byte for byte as they are. Exits 1 where one does not. Nothing is
        changed, in the lake or in Dagster's records, unless you say --restore: then a partition whose files are damaged or gone
        is published again, audited, when the replay gives what was there.
        """
        from trend_assets.operations.replay import ReplayError, parse_hour, scratch_folder, tables_to_replay
        from trend_assets.operations.replay import replay as make_again
        from trend_assets.operations.runs import RunFailedError
        from trend_assets.settings import load_settings

        read_data(data)
        try:
            chosen = tables_to_replay([name.strip() for name in tables.split(",") if name.strip()])
            with scratch_folder(keep) as folder, console.status("    replaying …"):
                found = make_again(load_settings(), parse_hour(first), parse_hour(last, last=True), chosen, folder, restore=restore)
        except ReplayError as error:
            fail(str(error))
        except RunFailedError as error:
            fail(f"the replay failed: {error}", 1)
        _print(found)
        raise typer.Exit(0 if found.is_good else 1)


def _print(found: Replay) -> None:
    from rich.markup import escape
    from rich.table import Table as Grid

    by_table: dict[str, list[Comparison]] = {}
    for one in found.comparisons:
        by_table.setdefault(one.table, []).append(one)
    grid = Grid(title="Committed and made again", title_justify="left")
    for name in ("table", "hours", "rows", "identical", "late posts", "different", "damaged", "missing", "restored"):
        grid.add_column(name, justify="left" if name == "table" else "right")
    for table, compared in by_table.items():
        counts = [sum(one.outcome.value == name for one in compared) for name in ("late posts", "different", "damaged", "missing")]
        good, restored = len(compared) - sum(counts), sum(one.restored == "restored" for one in compared)
        rows = sum(one.replayed_rows for one in compared)
        style = None if all(one.is_good for one in compared) else "red"
        grid.add_row(table, *map(str, (len(compared), rows, good, *counts, restored)), style=style)
    console.print(grid)
    for hour, files in sorted(found.lost_landing.items()):
        console.print(f"[red]{hour}: landing files are lost that the committed tables were made from:[/] {escape('; '.join(files))}")
    told = [one for one in found.comparisons if not one.outcome.is_good]
    late = [one for one in found.comparisons if one.outcome.value == "late posts"]
    if late:
        console.print(f"{len(late)} partitions stay as they were sealed, though late posts came since; the first:")
        console.print(f"  {late[0].table} {escape(f'[{late[0].key}]')}: {escape(late[0].detail)}")
    for one in told[:DIFFERENCES_SHOWN]:
        colour = "green" if one.is_good else "red"
        console.print(f"[{colour}]{one.outcome.value}[/] {one.table} {escape(f'[{one.key}]')}: {escape(one.detail)}")
        if one.restored:
            console.print(f"  [{colour}]{escape(one.restored)}[/]")
    if len(told) > DIFFERENCES_SHOWN:
        console.print(f"and {len(told) - DIFFERENCES_SHOWN} more")
    good = sum(one.is_good for one in found.comparisons)
    console.print(f"{good} of {len(found.comparisons)} partitions are what they should be")
