"""`trend-assets map`: proposes a mapping file for a retailer's exports, or checks one, and explains each mistake.

What belongs here: options and printing. What doesn't: guessing and trying (``retail/propose.py``, ``lib/retail``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trend_assets.commands.terminal import console, fail

if TYPE_CHECKING:
    from trend_assets.lib.retail.explain import Trial
    from trend_assets.lib.retail.propose import Proposal
    from trend_assets.retail.propose import Sample

MOST_SHOWN = 12


def map_files(
    files: Annotated[
        list[Path] | None, typer.Argument(exists=True, dir_okay=False, help="Your exports: CSV, TSV, JSON lines, Parquet")
    ] = None,
    table: Annotated[str, typer.Option(help="Which of our tables: products, stores, inventory, orders, deliveries, promotions")] = "",
    output: Annotated[Path | None, typer.Option(help="Write the mapping here; `files` in it are relative to it")] = None,
    against: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Check this mapping instead of proposing one")] = None,
    database: Annotated[
        list[str] | None, typer.Option(help="A table (schema.table) of TREND_ASSETS_RETAIL_DATABASE; may be repeated")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of your shop in the mapping")] = "Your shop",
    force: Annotated[bool, typer.Option("--force", help="Overwrite --output")] = False,
) -> None:
    """Propose a mapping of your columns to ours, try it on your rows, and explain each row it refuses.

    First: trend-assets map orders.csv products.csv --output retail.yml proposes a mapping; guesses in it are comments with a
    question mark. Then change it, and check it: trend-assets map orders.csv --against retail.yml tells each mistake with its line
    and the closest valid name, and each refused row with its line and what to do. Last: set TREND_ASSETS_RETAIL_MAPPING to it.

    Files of another shape take steps before columns are mapped: where, compute, text, extract, translate, choose, join (a lookup in
    another file), unpivot (columns become rows), total (rows become sums), running_total (movements become levels). For instance:

      steps: [{compute: {gross: "net * 1.2"}}, {total: {by: sku, sum: {units: on_hand}}}]

    A database (--database schema.table) is read as TREND_ASSETS_RETAIL_DATABASE says, postgresql:// or mssql://. docs/connect.md is
    the guide, with every setting and what happens when columns change.

    Ends with 0 when every row of the sample is accepted, 1 when rows are refused or something is missing, 2 when a file cannot
    be read.
    """
    from trend_assets.lib.retail.mapping import TABLE_NAMES
    from trend_assets.lib.retail.mistakes import close_to
    from trend_assets.lib.retail.shape import MappingError

    if table and table not in TABLE_NAMES:
        fail(f"there is no table {table!r}.{close_to(table, TABLE_NAMES)} There are {', '.join(TABLE_NAMES)}")
    if not files and not database:
        fail("name a file, such as orders.csv, or a table with --database schema.table")
    if table and len(files or []) + len(database or []) > 1:
        fail("--table goes with one file")
    if output is not None and output.exists() and not force:
        fail(f"{output} is there already: choose another name, or --force to overwrite it")
    try:
        samples = _samples(files or [], database or [], output.parent if output is not None else Path())
        good = _checked(samples, against, table) if against is not None else _proposed(samples, table, output, name)
    except MappingError as error:
        fail(str(error).replace("[", r"\["))
    raise typer.Exit(0 if good else 1)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("map")(map_files)


def _samples(files: Sequence[Path], tables: Sequence[str], beside: Path) -> list[Sample]:
    from trend_assets.retail.extracts import source_of_settings
    from trend_assets.retail.propose import sample_of_file, sample_of_table

    return [sample_of_file(path, beside) for path in files] + [sample_of_table(table, source_of_settings()) for table in tables]


def _proposed(samples: Sequence[Sample], table: str, output: Path | None, name: str) -> bool:
    from trend_assets.lib.retail.mapping import parse_mapping
    from trend_assets.retail.propose import mapping_of, propose_sample, try_sample

    proposals = [(sample, propose_sample(sample, table or None)) for sample in samples]
    taken: dict[str, str] = {}
    for sample, proposal in proposals:
        if proposal.table in taken:
            fail(f"{taken[proposal.table]} and {sample.name} both look like {proposal.table}: map them one by one, with --table")
        taken[proposal.table] = sample.name
        _print_proposal(sample, proposal)
    text = mapping_of(proposals, name)
    good = all(proposal.complete for _, proposal in proposals)
    if good:
        mapping = parse_mapping(text)
        for sample, proposal in proposals:
            good = _print_trial(sample, proposal.table, try_sample(mapping, proposal.table, sample)) and good
    if output is None:
        console.print("\n[bold]The mapping[/] (--output mapping.yml writes it)\n")
        console.print(text, markup=False, soft_wrap=True)
    else:
        output.write_text(text, encoding="utf-8")
        console.print(f"\nwritten: {output}")
    if not all(proposal.complete for _, proposal in proposals):
        console.print("[yellow]The mapping lacks required columns (??? in it): fill them in, then check it with --against.[/]")
    return good


def _checked(samples: Sequence[Sample], against: Path, table: str) -> bool:
    from rich.markup import escape

    from trend_assets.retail.files import load_mapping
    from trend_assets.retail.propose import as_the_pipeline_reads, copied_people, table_of, try_sample

    mapping = load_mapping(against)
    console.print(f"[bold]{against}[/] is a valid mapping of {', '.join(mapping.tables)}")
    good = True
    for sample in samples:
        chosen = table_of(mapping, sample, table or None)
        sample, problem = as_the_pipeline_reads(mapping, chosen, sample, against.parent)
        if problem is not None:
            console.print(f"[red]{escape(problem)}[/]", soft_wrap=True)
            good = False
        for problem in copied_people(mapping, chosen, sample):
            console.print(f"[red]{escape(problem)}[/]")
            good = False
        good = _print_trial(sample, chosen, try_sample(mapping, chosen, sample)) and good
    return good


def _print_proposal(sample: Sample, proposal: Proposal) -> None:
    from rich.markup import escape
    from rich.table import Table

    rows = sample.source.data.num_rows
    known = f", recognised as {proposal.recognised}" if proposal.recognised else ""
    console.print(f"\n[bold]{escape(sample.name)}[/] looks like [bold]{proposal.table}[/] ({rows:,} rows looked at{escape(known)})")
    if proposal.others and not proposal.recognised and proposal.others[0][1] > 0.3:
        console.print(f"  if not: --table {proposal.others[0][0]}")
    shown = Table("our column", "your column", "sure", "why", "examples", show_edge=False)
    for match in proposal.matches:
        sure = "[green]high[/]" if match.confidence >= 0.8 else "[yellow]medium[/]" if match.confidence >= 0.6 else "[red]low[/]"
        shown.add_row(
            match.ours, escape(match.theirs), f"{sure} {match.confidence:.2f}", escape(match.why), escape(" · ".join(match.examples))
        )
    for ours, (value, told) in proposal.assumed.items():
        shown.add_row(ours, "[dim]-[/]", "assumed", escape(told), escape(str(value) if not isinstance(value, dict) else ""))
    for ours, advice in proposal.missing.items():
        shown.add_row(f"[red]{ours}[/]", "[red]missing[/]", "", escape(advice), "")
    console.print(shown)
    for theirs, why in proposal.personal.items():
        console.print(f"  [yellow]left out:[/] {escape(theirs)} identifies people ({escape(why)}); no such column enters a table")
    if proposal.unused:
        console.print(f"  not used: {escape(', '.join(proposal.unused))}")
    for note in proposal.notes:
        console.print(f"  note: {escape(note)}")


def _print_trial(sample: Sample, table: str, trial: Trial) -> bool:
    from rich.markup import escape

    from trend_assets.lib.retail.explain import summary

    refused = len(trial.refusals)
    colour = "green" if not refused else "yellow"
    console.print(
        f"\n[bold]{escape(sample.name)}[/] as {table}: [{colour}]{trial.kept:,} of {trial.rows:,} rows accepted, {refused:,} refused[/]"
    )
    if refused > MOST_SHOWN:
        console.print("  by column: " + ", ".join(f"{ours} {count:,}" for ours, count in summary(trial.refusals).items()))
    for refusal in trial.refusals[:MOST_SHOWN]:
        line = sample.line_of(refusal.row)
        where = f"line {line}" if line is not None else f"row {refusal.row + 1}"
        value = f", {refusal.theirs} = {refusal.value!r}" if refusal.theirs else ""
        console.print(f"  [bold]{where}[/]{escape(value)}: {escape(refusal.problem)}\n    → {escape(refusal.advice)}", soft_wrap=True)
    if refused > MOST_SHOWN:
        console.print(f"  … and {refused - MOST_SHOWN:,} more")
    return not refused
