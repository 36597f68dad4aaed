"""`trend-assets cost`: what collecting has cost, what the month will cost, what a trend costs.

What belongs here: options and printing. What doesn't: sums and the forecast (``collect/x/spending.py``), prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from trend_assets.commands.terminal import DataOption, console, fail, use_data

if TYPE_CHECKING:
    from trend_assets.collect.x.spending import Line, Spending
    from trend_assets.settings import Settings

SHOWN = 15


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command()
    def cost(
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
        rules: Annotated[bool, typer.Option("--rules", help="Also the rules of the last 7 days by useful posts per dollar")] = False,
        usage: Annotated[bool, typer.Option("--usage", help="Also ask X how many posts it has counted itself; needs the token")] = False,
        data: DataOption = None,
    ) -> None:
        """Show what paid sources cost this month, the forecast to its end, and the cost of a trend.

        Figures are estimated from the price list (docs/x.md) and the ledger social/collection_costs; the bill of X decides.
        """
        import json

        from msgspec.structs import replace

        from trend_assets.collect.x import spending
        from trend_assets.collect.x.opening import open_lake
        from trend_assets.collect.x.prices import PriceError, read_prices
        from trend_assets.settings import load_settings

        use_data(data)
        settings = load_settings()
        lake, now = open_lake(settings), datetime.now(UTC)
        found = spending.spending(lake, now, budget_day=settings.x_budget_day, budget_month=settings.x_budget_month)
        if rules:
            try:
                price = read_prices(settings.x_prices).per_post
            except PriceError as error:
                fail(str(error))
            found = replace(found, portfolio=spending.rule_portfolio(lake, now, price, settings.x_budget_day))
        if usage:
            found = replace(found, usage=spending.compare_usage(lake, now, _asked_of_x(settings)))
        if as_json:
            typer.echo(json.dumps(spending.as_json(found), ensure_ascii=False))
        else:
            _print(found)
            if rules and not found.portfolio:
                console.print("no rule bought or counted a post in the last 7 days, so there is nothing to compare")


def _asked_of_x(settings: Settings) -> dict[str, int]:
    """Posts by day as X counted them; ends the command where X does not tell."""
    import asyncio

    from trend_assets.collect.x.client import XError
    from trend_assets.collect.x.opening import NotSetUpError, open_client
    from trend_assets.collect.x.prices import PriceError

    async def ask() -> dict[str, int]:
        client = open_client(settings)
        try:
            return (await client.usage()).days
        finally:
            await client.close()

    try:
        return asyncio.run(ask())
    except (NotSetUpError, PriceError, XError) as error:
        fail(str(error), 1)


def _print(found: Spending) -> None:
    console.print(f"[bold]{found.month}[/], as of {found.as_of:%Y-%m-%d %H:%M} UTC, estimated in US dollars")
    console.print(f"  this month   {found.cost:10,.2f}   {_of(found.cost, found.budget_month)}")
    console.print(f"  today        {found.cost_today:10,.2f}   {_of(found.cost_today, found.budget_day)}")
    over = found.budget_month is not None and found.forecast > found.budget_month
    warning = "[red]above the budget: buying will stop before the end of the month[/]" if over else ""
    console.print(f"  forecast     {found.forecast:10,.2f}   {warning}")
    if found.cost_per_trend is None:
        console.print("  a trend               -   no trend was raised this month")
    else:
        console.print(f"  a trend      {found.cost_per_trend:10,.2f}   {found.trends:,} trends raised")
    if found.prices_of:
        console.print(f"  prices of {', '.join(found.prices_of)}")
    _grid("By kind of request", found.by_kind)
    _grid("By rule", found.by_rule)
    _grid("By topic", found.by_topic)
    if found.portfolio:
        _print_portfolio(found)
    if found.usage:
        _print_usage(found)


def _of(spent: float, budget: float | None) -> str:
    return "no budget" if budget is None else f"of {budget:,.2f} ({spent / budget:.0%})" if budget else "of 0.00"


def _grid(title: str, lines: Sequence[Line]) -> None:
    from rich.markup import escape
    from rich.table import Table as Grid

    if not lines:
        return
    grid = Grid(title=title, title_justify="left")
    for name in ("", "cost", "requests", "posts", "charged"):
        grid.add_column(name, justify="right" if name else "left")
    for line in lines[:SHOWN]:
        grid.add_row(escape(line.name or "(all)"), f"{line.cost:,.2f}", f"{line.requests:,}", f"{line.posts:,}", f"{line.charged_posts:,}")
    console.print(grid)
    if len(lines) > SHOWN:
        console.print(f"and {len(lines) - SHOWN} more (--json has them all)")


def _print_portfolio(found: Spending) -> None:
    from rich.markup import escape
    from rich.table import Table as Grid

    grid = Grid(title="Rules by useful posts per dollar, last 7 days", title_justify="left")
    for name in ("rule", "posts", "useful", "cost", "useful per dollar", "posts a day", "cost a day", "bought", "why"):
        grid.add_column(name, justify="left" if name in ("rule", "why") else "right")
    for one in found.portfolio[:SHOWN]:
        so_far = f"{one.posts:,}", f"{one.useful:,}", f"{one.cost:,.2f}"
        expected = f"{one.useful_per_dollar:,.0f}", f"{one.posts_a_day:,.0f}", f"{one.cost_a_day:,.2f}"
        grid.add_row(escape(one.rule), *so_far, *expected, "yes" if one.kept else "no", one.why)
    console.print(grid)


def _print_usage(found: Spending) -> None:
    from rich.table import Table as Grid

    grid = Grid(title="Posts as X counted them, all apps of the project", title_justify="left")
    for name in ("day", "X", "ledger", "difference"):
        grid.add_column(name, justify="left" if name == "day" else "right")
    for one in found.usage:
        grid.add_row(one.day, f"{one.by_x:,}", f"{one.by_ledger:,}", f"{one.by_x - one.by_ledger:+,}")
    console.print(grid)
