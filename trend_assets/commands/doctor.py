"""`trend-assets doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from trend_assets.commands.terminal import DataOption, console, data_place, fail


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command()
    def doctor(
        data: DataOption = None,
        only: Annotated[list[str] | None, typer.Option("--only", help="Only the check of this name; may be repeated")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for a CI")] = False,
        online: Annotated[bool, typer.Option("--online", help="Also ask what is further than this machine: buckets, databases")] = False,
    ) -> None:
        """Say what is wrong with this setup and what to do. Changes nothing; exits 1 when something is wrong."""
        from trend_assets.doctor.examination import UnknownCheckError, run_doctor

        try:
            code = run_doctor(data_place(data), console, only=only or (), as_json=as_json, online=online)
        except UnknownCheckError as error:
            fail(str(error))
        raise typer.Exit(code)
