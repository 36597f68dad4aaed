"""The trend-assets command.

What belongs here: options, help and printing. What doesn't: work (each command calls one function elsewhere), imports
of heavy modules at the top (``--help`` must answer at once).
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trend_assets.commands import (
    accept,
    as_of,
    backfill,
    board,
    cards,
    collect,
    compliance,
    cost,
    digest,
    doctor,
    evaluate,
    labels,
    mapping,
    models,
    replay,
    seal,
    terms,
)
from trend_assets.commands.terminal import DataOption, console, fail, read_data, use_data, use_folder

app = typer.Typer(
    name="trend-assets",
    help="Social posts in; emerging trends linked to your products, stock and orders out.\n\nStart with: trend-assets demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


class Family(StrEnum):
    """Families of planted trends: words and sentences of the two are disjoint, so that methods are not judged on what shaped them."""

    DEVELOPMENT = "development"
    EVALUATION = "evaluation"


class TownSize(StrEnum):
    """Sizes of the simulated retailer: 300 products in 8 stores and the web, or 2,000 in 20 and the web."""

    SMALL = "small"
    FULL = "full"


FamilyOption = Annotated[Family, typer.Option(help="Family of planted trends; scores for a claim come from the one not developed on")]


@app.command()
def demo(
    data: DataOption = None,
    days: Annotated[int, typer.Option(min=2, max=90, help="Days of the simulated town")] = 30,
    town_posts: Annotated[int, typer.Option(min=1000, help="Posts of the simulated town, roughly")] = 200_000,
    seed: Annotated[int, typer.Option(help="Seed of the simulated town; the same seed gives the same bytes")] = 1,
    family: FamilyOption = Family.DEVELOPMENT,
    posts: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Your own posts instead (Parquet or CSV)")] = None,
    posts_mapping: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Mapping of your posts' columns")] = None,
    products: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Your own products (Parquet or CSV)")] = None,
    orders: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Your own order lines (Parquet or CSV)")] = None,
    retail_mapping: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Mapping file of your retail tables")] = None,
    brands: Annotated[str, typer.Option(help="Your brands, separated by commas; default: those the posts were collected for")] = "",
) -> None:
    """Do the main job once, from posts to decision cards, and show the answers.

    Without options: the simulated town, 30 days and about 200,000 posts. With --posts (and --products, --orders): your own data.
    Stop it when you like; run it again and it goes on where it stopped.
    """
    from trend_assets import demo as job
    from trend_assets.operations.runs import RunFailedError
    from trend_assets.simulate import OtherTownError

    own = posts is not None
    if not own and (products or orders or posts_mapping or retail_mapping):
        fail("--products, --orders and mappings go with --posts: the simulated town brings its own")
    folder = use_folder(data, "data/own" if own else "data")
    try:
        if posts is not None:
            names = [name.strip() for name in brands.split(",") if name.strip()]
            job.run_own_data(folder, job.OwnData(posts, posts_mapping, products, orders, retail_mapping, names), console)
        else:
            job.run_town(folder, job.Town(days, town_posts, seed, family.value), console)
    except KeyboardInterrupt:
        console.print("\nStopped. Nothing half-written is visible; run the same command again to go on.")
        raise typer.Exit(130) from None
    except (RunFailedError, OtherTownError, ValueError, FileNotFoundError) as error:
        fail(str(error), 1)


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="Where landing/, retail/ and truth/ are written")],
    days: Annotated[int, typer.Option(min=1, max=400, help="Days")] = 30,
    posts: Annotated[int, typer.Option(min=100, help="Posts, roughly")] = 200_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes")] = 1,
    family: FamilyOption = Family.DEVELOPMENT,
    start: Annotated[datetime, typer.Option(help="First day (UTC)")] = datetime(2026, 9, 1),
    size: Annotated[
        TownSize, typer.Option(help="The retailer: small has 300 products, full 2,000 in 20 stores and on the web")
    ] = TownSize.SMALL,
    history_days: Annotated[int, typer.Option(min=0, max=1100, help="Days of retail, without posts, before the first day")] = 0,
) -> None:
    """Write a simulated town: posts in wire formats, a retailer's tables, and the planted truth apart."""
    from trend_assets.demo import Town, simulate_with_progress

    town = Town(days, posts, seed, family.value, size.value, history_days)
    simulate_with_progress(folder, town, console, start=start.replace(tzinfo=UTC))


@app.command()
def ingest(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Files: .jsonl .json .gz .zst .zip .parquet .csv")],
    source: Annotated[str, typer.Option(help="Format of the records: x, x-v1, bluesky or table")],
    mapping: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Mapping file, for --source table")] = None,
    again: Annotated[bool, typer.Option("--again", help="Land files again whose content was ingested before")] = False,
    data: DataOption = None,
) -> None:
    """Load files of posts: land them, decode them, and account for every record.

    Prints for each file: records in = posts + reposts + duplicates + deletions + quarantined + ignored, and what each
    quarantined record lacks. Posts before LAKE_START (default 400 days ago) are quarantined: set it early for old archives,
    for instance LAKE_START=2006-03-21T00:00:00Z.
    """
    from trend_assets.landing.accounting import ingest_and_account

    use_data(data)
    try:
        exact = ingest_and_account(files, source, mapping, again=again, console=console)
    except (ValueError, FileNotFoundError) as error:
        fail(str(error))
    if not exact:
        fail("the counts do not add up; please report this with the table above", 1)


@app.command()
def check(data: DataOption = None) -> None:
    """Run every check on the latest partitions; materializes nothing; exits 1 when one of ERROR severity fails."""
    from trend_assets.check import run_checks

    read_data(data)
    raise typer.Exit(run_checks(console))


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="A ready query's name, or SQL; without it the ready queries are listed")] = "",
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table")] = False,
    data: DataOption = None,
) -> None:
    """Query the published file. It holds the lake tables for analysts as group.table, facts, dimensions and marts as warehouse.name."""
    from trend_assets.answers import run_query

    if query:
        read_data(data)
    try:
        run_query(query, console, as_csv=csv)
    except (ValueError, FileNotFoundError) as error:
        fail(str(error))


@app.command()
def generate(check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file is out of date")] = False) -> None:
    """Write what is generated from the declarations: docs/tables.md, docs/settings.md, dbt sources."""
    from trend_assets.generate import write_generated

    stale = write_generated(check=check)
    for path in stale:
        console.print(f"{'out of date' if check else 'written'}: {path}")
    if check and stale:
        fail("run make docs and commit the result", 1)


for command in (
    as_of,
    backfill,
    board,
    cards,
    collect,
    cost,
    terms,
    compliance,
    digest,
    seal,
    replay,
    mapping,
    models,
    labels,
    evaluate,
    doctor,
    accept,
):
    command.register(app)
