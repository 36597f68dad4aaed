"""`trend-assets collect`: run one source's collector until it is told to stop.

What belongs here: options, signals, log and progress line, what the process ends with. What doesn't: collecting
(``collect/collector.py``), networks (``collect/``).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from trend_assets.commands.terminal import DataOption, fail, use_data

if TYPE_CHECKING:
    from trend_assets.collect.collector import Collector
    from trend_assets.collect.metrics import Metrics, StatusServer
    from trend_assets.collect.source import Source
    from trend_assets.settings import Settings

PROGRESS_SECONDS = 1.0
PORT_SECONDS = 5.0
"""How often a taken port is tried again."""
_log = logging.getLogger("trend_assets.collect")


class SourceName(StrEnum):
    """What posts can be collected from."""

    SIMULATED = "simulated"
    BLUESKY = "bluesky"
    X = "x"
    PUBSUB = "pubsub"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command()
    def collect(
        source: Annotated[SourceName, typer.Option(help="simulated and bluesky need no account; x and pubsub do: docs/collect.md")],
        rate: Annotated[float | None, typer.Option(min=0.01, help="Records a second, of the source simulated (default 5)")] = None,
        town_posts: Annotated[
            int | None, typer.Option(min=100, help="Posts of one simulated town (default 20,000); the next begins after the last of them")
        ] = None,
        seed: Annotated[int | None, typer.Option(min=0, help="Seed of the simulation (default 1)")] = None,
        start: Annotated[
            datetime | None,
            typer.Option("--from", help="Replay everything since this UTC time (bluesky), once; what is there already is not doubled"),
        ] = None,
        data: DataOption = None,
    ) -> None:
        """Collect posts until you stop it: landing files every few seconds, nothing lost, gaps written down.

        Try it without any account: trend-assets collect --source simulated --rate 50

        Ctrl-C (or SIGTERM) publishes what was received and ends. A kill, a full disk or a lost network loses nothing either: the next
        start goes on where the last publication ended. Of two collectors of one source, one waits until the other ends.

        How often files are published, when a silent connection counts as broken and the port of /metrics and /health are settings:
        TREND_ASSETS_COLLECT_... in docs/settings.md. Running it as a service, and what happens when something fails: docs/collect.md.
        """
        from trend_assets.collect.simulated import Simulation
        from trend_assets.settings import load_settings

        given = {"--rate": rate, "--town-posts": town_posts, "--seed": seed}
        if source is not SourceName.SIMULATED and (options := [name for name, value in given.items() if value is not None]):
            fail(f"{', '.join(options)}: for --source simulated only; {source} sends what people write")
        simulation = Simulation(rate or Simulation.rate, town_posts or Simulation.posts, Simulation.seed if seed is None else seed)
        use_data(data)
        settings = load_settings()
        _log_as_lines(progress=sys.stderr.isatty())
        try:
            code = asyncio.run(_run(source, settings, simulation, start))
        except ImportError as error:
            fail(f"the source {source} needs a package that is not installed: {error}")
        except ValueError as error:
            fail(str(error))
        raise typer.Exit(code)


async def _run(name: SourceName, settings: Settings, simulation: object, start: datetime | None) -> int:
    """Run the collector; returns the exit code: 0 asked to stop, 1 to be started again, 2 refused."""
    from trend_assets.collect.collector import NotPublishedError
    from trend_assets.collect.lease import LeaseLostError
    from trend_assets.collect.metrics import Metrics
    from trend_assets.collect.source import SourceRefusedError
    from trend_assets.collect.state import CursorLostError
    from trend_assets.lake.storage import MissingExtraError, NoCredentialsError

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _on_signal, number, stop)
    try:
        source = _open(name, settings, simulation)
        metrics = Metrics(source.name)
        if register_figures := getattr(source, "register_figures", None):  # of a paid source: what it has spent
            register_figures(metrics.registry)
        collector = make_collector(source, settings, metrics, cursor_of(source, start) if start is not None else None)
    except (SourceRefusedError, MissingExtraError, NoCredentialsError) as error:
        fail(str(error))
    server = _serve(settings.collect_port, metrics, collector)
    serving = asyncio.create_task(_serve_later(settings.collect_port, metrics, collector)) if server is None else None
    line = asyncio.create_task(_progress(collector)) if sys.stderr.isatty() else None
    _log.info("started", extra={"source": source.name, "port": server.port if server else None, "data": settings.data})
    if line is not None:
        where = f"; /metrics and /health on port {server.port}" if server else ""
        sys.stderr.write(f"collecting {source.name} into {settings.data}{where}; Ctrl-C publishes what was received and ends\n")
    try:
        await collector.run(stop)
    except (LeaseLostError, CursorLostError, NotPublishedError) as error:
        _log.error(str(error), extra={"source": source.name})
        return 1
    except SourceRefusedError as error:
        _log.error(str(error), extra={"source": source.name})
        return 2
    finally:
        if line is not None:
            line.cancel()
            sys.stderr.write("\n")
        if server is not None:
            server.close()
        if serving is not None:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
    if line is not None:
        sys.stderr.write(f"stopped: {collector.status.published:,} records published\n")
    _log.info("stopped", extra={"source": source.name, "published_records": collector.status.published})
    return 0


def _open(name: SourceName, settings: Settings, simulation: object) -> Source:
    """The source; each is imported only when it is asked for."""
    if name is SourceName.SIMULATED:
        from trend_assets.collect.simulated import SimulatedSource, Simulation, open_source

        if not isinstance(simulation, Simulation):
            raise TypeError("the simulated source needs a Simulation")
        simulated: SimulatedSource = open_source(settings, simulation)
        return simulated
    from importlib import import_module

    module = {"bluesky": "bluesky", "x": "x.source", "pubsub": "pubsub"}[name.value]
    opened: Source = import_module(f"trend_assets.collect.{module}").open_source(settings)
    return opened


def cursor_of(source: Source, start: datetime) -> str:
    """The source's cursor for a moment (UTC where it says nothing else). Raises ``ValueError`` where it has none, or for a time to come."""
    moment = start if start.tzinfo is not None else start.replace(tzinfo=UTC)
    cursor_at = getattr(source, "cursor_at", None)
    if cursor_at is None:
        raise ValueError(f"--from: {source.name} cannot replay from a time, only bluesky can; gaps of x: trend-assets backfill")
    if moment > datetime.now(UTC):
        raise ValueError(f"--from: {moment.isoformat()} has not come yet")
    return str(cursor_at(moment))


def make_collector(source: Source, settings: Settings, metrics: Metrics, start: str | None = None) -> Collector:
    """The collector of a source on the storage that the settings name; ``start``: a cursor instead of the remembered one."""
    from trend_assets.collect.collector import Collector, Keeping, Options, Writer
    from trend_assets.collect.failpoints import Failpoints
    from trend_assets.collect.gaps import GapLedger
    from trend_assets.collect.lease import CollectorLease
    from trend_assets.collect.state import CursorFile
    from trend_assets.lake.lake import Lake
    from trend_assets.lake.storage import open_storage
    from trend_assets.landing.files import LandingWriter

    failpoints = Failpoints.from_environment()
    buffer = settings.collect_buffer_megabytes << 20
    root = f"{settings.data}/collect"
    landing = open_storage(settings.landing_root, on_step=failpoints.within("landing"))
    writer: Writer = LandingWriter(landing, lake_start=settings.lake_start, lake_end=settings.lake_end, max_buffered_bytes=buffer)
    if settings.pubsub_topic and source.name != "pubsub":
        from trend_assets.collect.pubsub import open_writer

        writer = open_writer(settings, beside=writer)
    keeping = Keeping(
        writer,
        CursorFile(open_storage(root, on_step=failpoints.within("cursor")), source.name),
        CollectorLease(open_storage(root, on_step=failpoints.within("lease")), source.name, settings.collect_lease_seconds),
        GapLedger(Lake(settings.lake_root, on_step=failpoints.within("gaps")), source.name, source.network),
    )
    options = Options(settings.collect_flush_seconds, settings.collect_flush_posts, settings.collect_stall_seconds, buffer)
    return Collector(source, keeping, options, metrics, failpoints, start)


def _serve(port: int, metrics: Metrics, collector: Collector) -> StatusServer | None:
    """The status server; a taken port is told and does not keep posts from being collected."""
    from trend_assets.collect.metrics import StatusServer

    try:
        return StatusServer(port, metrics, collector.health)
    except OSError as error:
        _log.warning(
            "no /metrics and /health: set TREND_ASSETS_COLLECT_PORT to a free port (0: any)", extra={"port": port, "error": str(error)}
        )
        return None


async def _serve_later(port: int, metrics: Metrics, collector: Collector) -> None:
    """Serve as soon as the port is free: of two collectors on one machine the second takes over from the first, its port too."""
    from trend_assets.collect.metrics import StatusServer

    server: StatusServer | None = None
    try:
        while server is None:
            await asyncio.sleep(PORT_SECONDS)
            with contextlib.suppress(OSError):
                server = StatusServer(port, metrics, collector.health)
        _log.info("serving /metrics and /health", extra={"port": server.port})
        await asyncio.Event().wait()
    finally:
        if server is not None:
            server.close()


def _on_signal(number: int, stop: asyncio.Event) -> None:
    """The first signal asks, the second insists: a kill is safe, nothing half-written is visible."""
    if stop.is_set():
        os._exit(128 + number)
    _log.info("stopping: what was received is published first", extra={"signal": signal.Signals(number).name})
    stop.set()


def _log_as_lines(*, progress: bool) -> None:
    """The log on standard error: JSON lines, or plain warnings where a person watches the progress line."""
    from trend_assets.collect.metrics import JsonLines, TerminalLines

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TerminalLines() if progress else JsonLines())
    logger = logging.getLogger("trend_assets.collect")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.WARNING if progress else logging.INFO)


async def _progress(collector: Collector) -> None:
    """One line, rewritten every second."""
    before, rate = collector.status.received, 0.0
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        status = collector.status
        rate = 0.8 * rate + 0.2 * (status.received - before) / PROGRESS_SECONDS if rate else float(status.received - before)
        before = status.received
        sys.stderr.write(f"\r\x1b[K{progress_line(collector, rate, datetime.now(UTC))}")
        sys.stderr.flush()


def progress_line(collector: Collector, rate: float, now: datetime) -> str:
    """What a person sees while it runs."""
    status = collector.status
    if status.role == "waiting":
        return f"waiting: {status.waits_for} collects"
    published = f", last {(now - status.last_published).total_seconds():.0f} s ago" if status.last_published else ""
    parts = [
        f"{status.role}{'' if status.connected else ', not connected'}",
        f"{status.received:,} received ({rate:,.0f}/s)",
        f"{status.published:,} landed in {status.files:,} files{published}",
        f"{status.buffered:,} waiting",
        f"{status.gaps} gaps",
    ]
    return " · ".join([*parts, f"trouble: {status.trouble}"] if status.trouble else parts)
