"""`trend-assets terms`: make the list of terms to count from brands, catalogue and rising topics.

What belongs here: options, printing, replacing the file. What doesn't: rules (``collect/x/terms.py``), what they are made from
(``collect/x/term_sources.py``).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trend_assets.commands.terminal import DataOption, console, fail, use_data

if TYPE_CHECKING:
    from trend_assets.collect.x.rules import Rule
    from trend_assets.collect.x.terms import Decision
    from trend_assets.settings import Settings

DAYS_OF_A_MONTH = 30


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command()
    def terms(
        file: Annotated[Path | None, typer.Option(dir_okay=False, help="The rules file; default: TREND_ASSETS_X_RULES")] = None,
        most: Annotated[int, typer.Option(min=0, max=1000, help="Rules that are made at most, besides those you wrote")] = 50,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change")] = False,
        data: DataOption = None,
    ) -> None:
        """Make the list of terms that X counts: our brands, rising topics, the catalogue's product types.

        Rules that you wrote stay as they are, above a line in the file that says so; what is below it is made anew each time. Rules that
        the budget does not pay for are left out, those with the fewest useful posts per dollar first (trend-assets cost --rules).
        Run it once a day; the collector reads the file when it starts.
        """
        from trend_assets.collect.x.prices import PriceError, read_prices
        from trend_assets.collect.x.rules import RulesError
        from trend_assets.collect.x.terms import render, split_file
        from trend_assets.settings import load_settings

        use_data(data)
        settings = load_settings()
        place = file or settings.x_rules
        if place is None:
            fail("say which file: --file rules.yml, or TREND_ASSETS_X_RULES")
        try:
            before = place.read_bytes().decode() if place.exists() else ""
            head, by_hand, made_before = split_file(before)
            made, decisions = _choose(settings, by_hand, made_before, most)
            if not made and not by_hand:
                fail(
                    "there is nothing to count: no brand in the settings, no catalogue and no rising topic in the lake, no rule of yours", 1
                )
            text = render(head, made)
            price = read_prices(settings.x_prices).request_cost("counts_recent")
        except (OSError, UnicodeDecodeError, RulesError, PriceError) as error:
            fail(f"{place.name}: {error}")
        _print(decisions, by_hand, made, price, settings.x_budget_month)
        if text == before:
            console.print(f"{place} says that already")
        elif dry_run:
            console.print("nothing was written (--dry-run)")
        else:
            _replace(place, text)
            console.print(f"written: {place}; start the collector anew to use it")


def _choose(settings: Settings, by_hand: Sequence[Rule], made_before: Sequence[Rule], most: int) -> tuple[list[Rule], list[Decision]]:
    from trend_assets.collect.x import term_sources
    from trend_assets.collect.x.opening import open_lake
    from trend_assets.collect.x.prices import read_prices
    from trend_assets.collect.x.terms import brand_rules, catalogue_rules, choose, topic_rules

    lake, now, prices = open_lake(settings), datetime.now(UTC), read_prices(settings.x_prices)
    wanted = [
        *brand_rules(settings.brands),
        *topic_rules(term_sources.rising_topics(lake)),
        *catalogue_rules(term_sources.product_kinds(lake)),
    ]
    budgets = [settings.x_budget_day, None if settings.x_budget_month is None else settings.x_budget_month / DAYS_OF_A_MONTH]
    a_day = min((budget for budget in budgets if budget is not None), default=None)
    return choose(by_hand, made_before, wanted, lambda rules: term_sources.weigh(lake, now, prices, a_day, by_hand, rules), most)


def _replace(place: Path, text: str) -> None:
    """Write the file whole or not at all: a collector may start at any moment."""
    place.parent.mkdir(parents=True, exist_ok=True)
    arriving = place.with_name(f".{place.name}.{os.getpid()}.arriving")
    try:
        with arriving.open("w", encoding="utf-8", newline="") as target:
            target.write(text)
            target.flush()
            os.fsync(target.fileno())
        arriving.replace(place)
    finally:
        arriving.unlink(missing_ok=True)


def _print(decisions: Sequence[Decision], by_hand: Sequence[Rule], made: Sequence[Rule], price: float, budget: float | None) -> None:
    from rich.markup import escape
    from rich.table import Table as Grid

    grid = Grid(title=f"Terms: {len(by_hand)} written by you, {len(made)} made", title_justify="left")
    for name in ("", "from", "tag", "asked", "why"):
        grid.add_column(name)
    for one in decisions:
        colour = {"+": "green", "-": "red"}.get(one.change, "default")
        cells = (one.change, one.rule.origin, one.rule.tag, one.rule.value, one.why)
        grid.add_row(*(f"[{colour}]{escape(cell)}[/]" for cell in cells))
    console.print(grid)
    cost = 24 * DAYS_OF_A_MONTH * price * (len(by_hand) + len(made))
    of_budget = "" if budget is None else f"; the budget is {budget:,.2f}"
    console.print(
        f"counting all of them every hour costs {cost:,.2f} US dollars in {DAYS_OF_A_MONTH} days, samples not included{of_budget}"
    )
