"""`trend-assets board`: the trend board in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from trend_assets.commands.terminal import DataOption, console, fail, no_data, use_data


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(board)


def board(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1")] = 8501,
    data: DataOption = None,
) -> None:
    """Show the trend board in a browser: decision cards to answer, trends beside orders and stock, influencers, health.

    It listens on this machine only and asks nobody outside. Ctrl-C ends it.
    """
    from importlib.util import find_spec

    from trend_assets.board.launch import PortInUseError, run
    from trend_assets.warehouse.engine import open_warehouse

    place = use_data(data)
    if find_spec("streamlit") is None:
        fail("the board needs Streamlit: pip install 'trend-assets[board]' (make setup does it)")
    if not open_warehouse().exists():
        console.print(f"[yellow]{no_data(place)}[/]. The board shows them then.")
    console.print(f"Trend board on http://127.0.0.1:{port} (Ctrl-C ends it)")
    try:
        run(port)
    except PortInUseError as error:
        fail(str(error))
