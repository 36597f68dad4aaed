"""`trend-assets accept`: a change that a check stopped is right; from a day on it is the usual.

What belongs here: options and printing. What doesn't: the file of accepted changes (``operations/accepted.py``).
"""

from __future__ import annotations

import getpass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from trend_assets.commands.terminal import DataOption, console, fail, read_data

if TYPE_CHECKING:
    from trend_assets.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command()
    def accept(
        table: Annotated[str, typer.Argument(help="Table, for instance retail/orders; without it what was accepted is listed")] = "",
        check: Annotated[str, typer.Argument(help="Check, for instance prices_paid")] = "",
        since: Annotated[str, typer.Option("--since", help="First day of the change, 2026-09-14")] = "",
        change: Annotated[
            list[str] | None, typer.Option("--change", help="Of schema_changes: which change, as the stop names it; may be given again")
        ] = None,
        reason: Annotated[str, typer.Option("--reason", help="Why it is right; kept with the acceptance")] = "",
        data: DataOption = None,
    ) -> None:
        """Accept a change that a check stopped: from the day on it is the usual, for this check of this table.

        Then run `trend-assets check`: the check passes, and what waited for it goes on. docs/checks.md tells what each check means.
        Of `schema_changes` each change of a column is accepted by itself; then load again.
        """
        from trend_assets.lake.storage import open_storage
        from trend_assets.operations.accepted import Accepted, accepted_changes, day_of, moment_of
        from trend_assets.operations.accepted import accept as add
        from trend_assets.operations.schema_changes import changes_to_accept, sources_seen
        from trend_assets.retail.seen import CHECK
        from trend_assets.settings import load_settings

        read_data(data)
        settings = load_settings()
        storage = open_storage(settings.lake_root)
        if not table:
            for one in accepted_changes(storage):
                told = f" ({one.change})" if one.change else ""
                console.print(
                    f"{one.table} {one.check}{told} since {one.since}: {one.reason} ({one.accepted_by}, {one.accepted_at})", markup=False
                )
            return
        now = moment_of(datetime.now(UTC))
        try:
            _known(table, check)
            if change and check != CHECK:
                raise ValueError(f"--change goes with {CHECK} only")
            name = table.partition("/")[2]
            day = day_of(since, table, *_days(settings, table, check, now))
            names = changes_to_accept(sources_seen(settings, now), name, day, change or []) if check == CHECK else [""]
            add(storage, *(Accepted(table, check, day, reason, getpass.getuser(), now, told) for told in names))
        except ValueError as error:
            fail(str(error))
        for told in names:
            console.print(f"{table} {check}: {told or 'what came'} since {day} is the usual now.", markup=False)
        console.print("Next: load again" if check == CHECK else "Next: trend-assets check")


def _days(settings: Settings, table: str, check: str, now: datetime) -> tuple[set[date], date | None]:
    """The days on which the check stops something, and the newest published day of the table."""
    from trend_assets.lake.lake import Lake
    from trend_assets.operations.schema_changes import sources_seen, waiting_days
    from trend_assets.operations.stopping import stopping_days
    from trend_assets.retail.seen import CHECK
    from trend_assets.tables import TABLES

    lake, (group, _, name) = Lake(settings.lake_root), table.partition("/")
    if check == CHECK:
        named = waiting_days(sources_seen(settings, now), name)
    else:
        named = {day for day, checks in stopping_days(lake.storage).items() if group == "retail" and (name, check) in checks}
    return named, max((date.fromisoformat(key[:10]) for key in lake.partitions(TABLES[table])), default=None)


def _known(table: str, check: str) -> None:
    """Raise ``ValueError`` for a check that the table does not have or that cannot be accepted."""
    from trend_assets.lib.quality.post_facts import CHANGED, DAMAGE
    from trend_assets.lib.quality.retail_checks import CHECKS
    from trend_assets.lib.retail.mapping import TABLE_NAMES
    from trend_assets.retail.seen import CHECK as SCHEMA_CHANGES

    past = {f"retail/{name}": (*CHECKS.get(name, ()), SCHEMA_CHANGES) for name in TABLE_NAMES}
    checks = past | {"social/raw_posts": (*DAMAGE, *CHANGED)}
    if table not in checks:
        raise ValueError(f"no table {table!r} with checks against its past; there are {', '.join(checks)}")
    if check not in checks[table]:
        raise ValueError(f"{table} has no check {check!r} against its past; there are {', '.join(checks[table])}")
