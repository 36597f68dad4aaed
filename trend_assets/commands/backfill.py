"""`trend-assets backfill`: fetch what a collector missed, where the source's search still has it.

What belongs here: options, the estimate and its confirmation, progress, what the process ends with. What doesn't: which pieces, what is
landed and written down (``collect/backfill.py``).
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trend_assets.commands.terminal import DataOption, console, fail, use_data

if TYPE_CHECKING:
    from trend_assets.collect.backfill import Interval, Report, Step
    from trend_assets.collect.gaps import RecordedGap
    from trend_assets.settings import Settings

LEASE_SECONDS = 900.0
AGAIN, REFUSED, IN_PART = 1, 2, 3
SHOWN = 10


class SearchableName(StrEnum):
    """What can be asked for the past. Bluesky and Pub/Sub replay by themselves, from the collector's cursor."""

    X = "x"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command()
    def backfill(
        source: Annotated[SearchableName, typer.Option(help="Bluesky and Pub/Sub need none: their collectors replay from the cursor")],
        from_: Annotated[datetime | None, typer.Option("--from", help="Begin (UTC) of an interval, instead of the ledger's gaps")] = None,
        to: Annotated[datetime | None, typer.Option("--to", help="End (UTC) of the interval; default: now")] = None,
        archive: Annotated[
            bool, typer.Option("--archive", help="Search the full archive, not the last 7 days (X: another access)")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Neither estimate nor ask: the budgets of the settings are the limit")] = False,
        data: DataOption = None,
    ) -> None:
        """Fetch the posts of gaps that nobody has filled (social/collection_gaps), or of an interval.

        Before anything is fetched X is asked how many posts it counts there, and you are asked whether to go on. Stopped or killed, the
        same command goes on where it was. Posts land as they are now: their likes and reposts are of today, what was deleted is missing.

        Ends with 0: all is filled; 1: run it again later (budget, network, disk); 2: refused; 3: X no longer has a part of it.
        """
        from trend_assets.settings import load_settings

        use_data(data)
        settings = load_settings()
        if from_ is None and to is not None:
            fail("--to needs --from")
        begin, end = (None if moment is None else moment.replace(tzinfo=moment.tzinfo or UTC) for moment in (from_, to))
        if begin is not None and begin >= (end or datetime.now(UTC)):
            fail("--from must be before --to")
        raise typer.Exit(asyncio.run(_run(str(source), settings, begin, end, archive=archive, yes=yes)))


async def _run(name: str, settings: Settings, begin: datetime | None, end: datetime | None, *, archive: bool, yes: bool) -> int:
    from trend_assets.collect.backfill import joined
    from trend_assets.collect.gaps import LONGEST, GapLedger
    from trend_assets.collect.source import SourceRefusedError
    from trend_assets.collect.x.budget import BudgetExceededError
    from trend_assets.collect.x.client import RefusedError, XError
    from trend_assets.collect.x.opening import NotSetUpError, open_lake
    from trend_assets.collect.x.prices import PriceError
    from trend_assets.collect.x.rules import RulesError

    ledger, now = GapLedger(open_lake(settings), name, "x"), datetime.now(UTC)
    since = settings.lake_start if archive else now - LONGEST
    gaps = ledger.to_backfill(since)
    intervals = joined((one.gap.begin, one.gap.end) for one in gaps) if begin is None else [(begin, end or now)]
    if not intervals:
        console.print("no gap is open: nothing to fetch")
        return 0
    try:
        asked = "the ledger's gaps" if begin is None else f"{begin.isoformat()} to {'now' if end is None else end.isoformat()}"
        return await _fill(name, settings, ledger, gaps, intervals, asked, archive=archive, yes=yes)
    except (NotSetUpError, RulesError, PriceError, SourceRefusedError, RefusedError) as error:
        console.print(f"[red]error:[/] {error}")
        return REFUSED
    except (BudgetExceededError, XError, OSError) as error:
        console.print(f"[red]error:[/] {error}; what was fetched is landed, run it again later")
        return AGAIN


async def _fill(
    name: str, settings: Settings, ledger: Any, gaps: list[RecordedGap], intervals: list[Interval], asked: str, *, archive: bool, yes: bool
) -> int:
    from trend_assets.collect.backfill import Backfill, ProgressFile
    from trend_assets.collect.lease import CollectorLease
    from trend_assets.collect.x.backoff import BackOff
    from trend_assets.collect.x.client import CreditsError, NetworkError, RateLimitedError, ServerError
    from trend_assets.collect.x.opening import NotSetUpError, open_client
    from trend_assets.collect.x.rules import RulesError, read_rules, searchable
    from trend_assets.collect.x.source import XSource
    from trend_assets.lake.storage import open_storage
    from trend_assets.landing.files import LandingWriter

    if settings.x_rules is None:
        raise NotSetUpError("a backfill needs TREND_ASSETS_X_RULES, the file with what to ask for (docs/x.md)")
    kind = "search_all" if archive else "search_recent"
    rules, left_out = searchable(read_rules(settings.x_rules), kind)
    if not rules:
        raise RulesError(f"no rule can be asked by {kind}: {'; '.join(left_out)}")
    client = open_client(settings)
    source = XSource(client, rules)
    root = open_storage(f"{settings.data}/collect")
    lease = CollectorLease(root, f"{name}-backfill", LEASE_SECONDS)
    if holder := lease.try_to_take():
        await source.close()
        console.print(f"[red]error:[/] {holder} is filling gaps of {name} already")
        return AGAIN
    try:
        _tell(gaps, intervals, kind)
        for one in left_out:
            console.print(f"left out, search cannot ask for it: {one}", markup=False)
        if not yes and not await _agreed(client, rules, intervals, kind):
            console.print("nothing was fetched")
            return 0
        back_off = BackOff()

        async def between() -> None:
            lease.renew()
            # The collector beside us spends from the same budgets: what it wrote down counts.
            await asyncio.to_thread(client.purse.ledger.flush)
            await asyncio.to_thread(client.purse.ledger.load, datetime.now(UTC))

        run = Backfill(
            source,
            ledger,
            LandingWriter(open_storage(settings.landing_root), lake_start=settings.lake_start, lake_end=settings.lake_end),
            ProgressFile(root, name),
            kind=kind,
            clock=lambda: datetime.now(UTC),
            transient=(NetworkError, ServerError, RateLimitedError, CreditsError),
            wait=lambda error: None if isinstance(error, CreditsError) else client.wait_after(error, back_off),  # type: ignore[arg-type]
            between=between,
            told=_told,
        )
        return _ended(await run.run(intervals, gaps, asked))
    finally:
        lease.let_go()
        await source.close()


def _tell(gaps: list[RecordedGap], intervals: list[Interval], kind: str) -> None:
    hours = sum((end - begin for begin, end in intervals), timedelta()) / timedelta(hours=1)
    console.print(f"{len(intervals)} intervals, {hours:,.1f} hours, by {kind.replace('_', ' ')}; {len(gaps)} gaps are open")
    for begin, end in intervals[:SHOWN]:
        console.print(f"  {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC")
    if len(intervals) > SHOWN:
        console.print(f"  and {len(intervals) - SHOWN} more")


async def _agreed(client: Any, rules: Any, intervals: list[Interval], kind: str) -> bool:
    from trend_assets.collect.backfill import estimate
    from trend_assets.collect.x.asking import LOOK_BACK

    reach = datetime.now(UTC) - LOOK_BACK if kind == "search_recent" else None
    found = await estimate(client, rules, intervals, kind, reach)
    console.print(f"X counts {found.posts:,} posts there for {found.asked} of {len(rules)} rules: about {found.cost:,.2f} USD, more with")
    console.print("what posts refer to (docs/x.md); budgets hold: where one is used up, fetching stops")
    return typer.confirm("Fetch them?")


def _told(step: Step) -> None:
    begin, end = step.piece
    missing = f"; {'; '.join(sorted({gap.detail or gap.reason for gap in step.missing}))}" if step.missing else ""
    console.print(f"{step.number} of {step.pieces}: {begin:%Y-%m-%d %H:%M} to {end:%m-%d %H:%M}: {step.records:,} records landed{missing}")


def _ended(report: Report) -> int:
    console.print(f"{report.records:,} records landed, {report.filled} gaps filled")
    if report.stopped:
        console.print(f"stopped: {report.stopped}; run it again later, it goes on from here")
        return AGAIN
    if report.unreachable:
        hours = sum((gap.end - gap.begin for gap in report.unreachable), timedelta()) / timedelta(hours=1)
        console.print(f"{hours:,.1f} hours cannot be had this way: {report.unreachable[0].detail or report.unreachable[0].reason}")
        return IN_PART
    return 0
