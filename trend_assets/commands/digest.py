"""`trend-assets digest`: today's decisions on one printed page."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trend_assets.commands.terminal import DataOption, console, fail, read_data


class DigestLanguage(StrEnum):
    """Languages of the digest."""

    EN = "en"
    FR = "fr"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(digest)


def digest(
    language: Annotated[DigestLanguage | None, typer.Option(help="Default: TREND_ASSETS_DIGEST_LANGUAGE, else en")] = None,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: the newest day with decision cards")] = None,
    output: Annotated[
        Path | None, typer.Option(dir_okay=False, help="File to write; default: digest-DAY-LANGUAGE.html in the data folder")
    ] = None,
    data: DataOption = None,
) -> None:
    """Write today's decisions as one page to print: what to order by when and why, what would change our mind, were we right.

    The file is complete in itself: open it in any browser and print it, or send it by mail.
    """
    import duckdb

    from trend_assets.board.digest import gather, page
    from trend_assets.lake.lake import Lake
    from trend_assets.lake.manifest import CorruptionError, UnsupportedFormatError
    from trend_assets.settings import load_settings
    from trend_assets.warehouse.engine import WarehouseBusyError, open_warehouse

    read_data(data)
    settings = load_settings()
    try:
        warehouse, lake = open_warehouse(settings), Lake(settings.lake_root)
        facts = gather(warehouse, lake, language.value if language else settings.digest_language, day.date() if day else None)
    except (ValueError, OSError, CorruptionError, UnsupportedFormatError, WarehouseBusyError, duckdb.Error) as error:
        fail(str(error), 1)
    file = output or settings.scratch_folder / f"digest-{facts.day.isoformat()}-{facts.language}.html"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        building = file.with_name(f".{file.name}.building")
        building.write_text(page(facts), encoding="utf-8")
        building.replace(file)  # a reader never sees half a page
    except OSError as error:
        fail(f"cannot write {file}: {error}", 1)
    console.print(f"The page of {facts.day}, {len(facts.groups)} products with decisions, the most urgent first: {file}")
