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

SHOWN = 15


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command()
    def cost(
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
        rules: Annotated[bool, typer.Option("--rules", help="Also the rules of the last 7 days by useful posts per dollar")] = False,
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
        if as_json:
            typer.echo(json.dumps(spending.as_json(found), ensure_ascii=False))
        else:
            _print(found)


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
    for name in ("rule", "useful per dollar", "posts a day", "cost a day", "bought", "why"):
        grid.add_column(name, justify="left" if name in ("rule", "why") else "right")
    for one in found.portfolio[:SHOWN]:
        figures = f"{one.useful_per_dollar:,.0f}", f"{one.posts_a_day:,.0f}", f"{one.cost_a_day:,.2f}", "yes" if one.kept else "no"
        grid.add_row(escape(one.rule), *figures, one.why)
    console.print(grid)
