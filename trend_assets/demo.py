"""`trend-assets demo`: the main job once, resumable, on the simulated town or on the user's own files.

What belongs here: the order of the steps, what is skipped on a second run, the settings a data folder is made with.
What doesn't: the steps themselves (jobs in ``defs/``), the printed answers (``answers.py``).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from trend_assets.lib.simulation.planted import Family
from trend_assets.lib.simulation.town import Size
from trend_assets.operations.beside import Beside, Outcome
from trend_assets.operations.runs import Range, prepare_environment, run_job
from trend_assets.settings import PROJECT_ROOT, load_settings

TOWN_START = datetime(2026, 9, 1, tzinfo=UTC)
TOWN_BRANDS = ("Maison Carrel", "maisoncarrel")
_SOURCES = ("trend_assets/**/*.py", "trend_assets/**/*.yml", "dbt_project/models/**/*", "dbt_project/macros/**/*", "requirements.lock")


@dataclass(frozen=True)
class OwnData:
    """The user's files for one demo; mappings are optional where the columns are recognised."""

    posts: Path
    posts_mapping: Path | None
    products: Path | None
    orders: Path | None
    retail_mapping: Path | None
    brands: list[str]


@dataclass(frozen=True)
class Town:
    """Which simulated town: days, posts roughly, seed, family of planted trends (development or evaluation), size, history."""

    days: int
    posts: int
    seed: int
    family: Family = "development"
    size: Size = "small"
    history_days: int = 0


class Steps:
    """Runs named steps once: a step that ended under the same code and parameters is skipped the next time."""

    def __init__(self, folder: Path, parameters: object, console: Console) -> None:
        self._file = folder / "progress.json"
        self._console = console
        self._fingerprint = _fingerprint(parameters)
        saved = json.loads(self._file.read_text()) if self._file.exists() else {}
        self._ended: dict[str, float] = saved.get("ended", {}) if saved.get("fingerprint") == self._fingerprint else {}
        self.seconds: dict[str, float] = {}

    def run(self, name: str, work: Callable[[], object]) -> None:
        """Run ``work`` unless it ended before; what follows a step that runs, runs too."""
        if self._done_before(name):
            return
        self._console.print(f"  [bold]{name}[/]")
        started = time.monotonic()
        work()
        self._record(name, time.monotonic() - started)

    def begin(self, name: str, start: Callable[[], Callable[[], Outcome]], if_failed: str = "") -> Callable[[], None]:
        """Begin a step in another process unless it ended before; the result waits for it, shows what it printed and records it.

        ``start`` is ``Beside.start`` with its arguments; ``if_failed`` is said where the job may fail and did.
        """
        if name in self._ended:
            return lambda: self.run(name, start)  # which says so and starts nothing
        outcome = start()

        def finish() -> None:
            self._console.print(f"  [bold]{name}[/]")
            found = outcome()
            self._console.print(found.printed.rstrip("\n"), markup=False, highlight=False)
            if not found.success and if_failed:
                self._console.print(f"    [yellow]{if_failed}[/]")
            self._record(name, found.seconds)

        return finish

    def _done_before(self, name: str) -> bool:
        if name not in self._ended:
            return False
        self._console.print(f"  [dim]{name}: done before in {self._ended[name]:.1f} s[/]")
        return True

    def _record(self, name: str, seconds: float) -> None:
        self.seconds[name] = self._ended[name] = round(seconds, 2)
        temporary = self._file.with_suffix(".tmp")
        temporary.write_text(json.dumps({"fingerprint": self._fingerprint, "ended": self._ended}))
        temporary.replace(self._file)


def _fingerprint(parameters: object) -> str:
    method = load_settings().model_dump(exclude={"data", "lake_start", "lake_end", "brands", "retail_mapping"})
    digest = hashlib.sha256(repr((parameters, method)).encode())
    for pattern in _SOURCES:
        for path in sorted(PROJECT_ROOT.glob(pattern)):
            if path.is_file():
                digest.update(path.relative_to(PROJECT_ROOT).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _settings_of_folder(folder: Path, values: dict[str, str]) -> Iterator[None]:
    """Write the folder's settings (they hold for `make dev` too) and load them before any definition is."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    prepare_environment(folder)
    yield


def simulate_with_progress(folder: Path, town: Town, console: Console, start: datetime = TOWN_START) -> None:
    """Write the simulated town with a progress bar."""
    from trend_assets.simulate import simulate_town

    columns = (
        TextColumn("    {task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} days"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("simulated town", total=town.days)
        summary = simulate_town(
            folder,
            start=start,
            days=town.days,
            posts=town.posts,
            seed=town.seed,
            family=town.family,
            size=town.size,
            history_days=town.history_days,
            on_progress=lambda done: progress.update(task, completed=done),
        )
    console.print(f"    {summary}")


def _whole_graph(steps: Steps, folder: Path, first: datetime, end: datetime, console: Console) -> None:
    """Every job in the order of the flow; the models in a process beside the decisions, which don't wait for them."""
    import dagster as dg

    from trend_assets.partitions import day_key, hour_key  # the partitions start at the folder's LAKE_START: known only now

    hours = Range(hour_key(first), hour_key(end - timedelta(hours=1)))
    last_day = Range(hour_key(max(first, end - timedelta(days=1))), hour_key(end - timedelta(hours=1)))
    days = Range(day_key(first.date()), day_key((end - timedelta(hours=1)).date()))
    dg.DagsterInstance.get()  # its files are made by one process
    # The catalogue first: whether posts speak of what the retailer sells is asked while topics are judged.
    steps.run("products, stock, orders, deliveries (retail_days)", lambda: run_job("retail_days", console, days))
    steps.run("posts to trends and influencers (social_hours)", lambda: run_job("social_hours", console, hours))
    with Beside(folder, console.width) as beside:
        models = _models(steps, beside, hours, last_day, console)
        steps.run("trends to products to decision cards (demand_days)", lambda: run_job("demand_days", console, days))
        steps.run("what was known when (ledger_hours)", lambda: _record(console))
        for finish in models:
            finish()
    steps.run("what each day was like (quality_days)", lambda: run_job("quality_days", console, days))
    steps.run("marts, tests, warehouse file (marts)", lambda: run_job("marts", console))


def _record(console: Console) -> None:
    """Record the history that was just made in the ledgers, as its schedules would have published it."""
    from trend_assets.operations.ledger import ledger_due  # partitions, see above
    from trend_assets.operations.sealing import State

    state = State.of_settings()
    due = ledger_due(state.lake, state.settings, datetime.now(UTC))
    if due.range is not None:
        run_job("ledger_hours", console, due.range)


def _models(steps: Steps, beside: Beside, hours: Range, last_day: Range, console: Console) -> list[Callable[[], None]]:
    """Train each model that has labels and let it predict; one whose gate refuses it is said, and stops nothing."""
    from trend_assets.lib.learning.chain import upstream_first
    from trend_assets.lib.learning.discovery import tasks
    from trend_assets.models.training_set import NotReadyError, check_labels

    begun, there = [], tasks()
    for task in upstream_first({name: declared.depends_on for name, declared in there.items()}):
        declared = there[task]
        try:
            check_labels(load_settings(), declared, task)
        except NotReadyError as missing:
            console.print(f"  [dim]no model of {task}: {missing}[/]")
            continue
        refused = f"no champion of {task}: make dev, then the checks of {task}/evaluation, says why; the rest goes on"
        training, predictions = f"a model of {task} ({task}_training)", f"its predictions ({task}_hours)"
        begun.append(steps.begin(training, partial(beside.start, f"{task}_training", raise_on_error=False), refused))
        if declared.source == "posts":
            # Of a task about all posts the last day: a month's would take longer than the decisions that it runs beside.
            begun.append(steps.begin(predictions, partial(beside.start, f"{task}_hours", hours if declared.about == "brand" else last_day)))
    return begun


def run_town(folder: Path, town: Town, console: Console) -> None:
    """The main job on the simulated town: generate, materialize the graph run by run, show the answers."""
    from trend_assets.answers import show_answers

    started = time.monotonic()
    end = TOWN_START + timedelta(days=town.days)
    values = {
        "LAKE_START": TOWN_START.isoformat(),
        "LAKE_END": (end + timedelta(days=1)).isoformat(),
        "TREND_ASSETS_BRANDS": json.dumps(TOWN_BRANDS),
        "TREND_ASSETS_RETAIL_MAPPING": str(folder / "retail" / "mapping.yml"),
    }
    steps = Steps(folder, town, console)
    console.print(
        f"[bold]The main job[/] on a simulated town: {town.days} days, about {town.posts:,} posts, seed {town.seed}, in {_shown(folder)}"
    )
    # Before the settings are written: a folder that holds another town is refused and stays as it was.
    steps.run("simulated town", lambda: simulate_with_progress(folder, town, console))
    with _settings_of_folder(folder, values):
        _whole_graph(steps, folder, TOWN_START, end, console)
        show_answers(console)
    _print_times(steps, started, folder, console)


def run_own_data(folder: Path, files: OwnData, console: Console) -> None:
    """The main job on the user's files; their orders keep their own calendar, missing stock is simulated and labelled so."""
    from trend_assets.answers import show_answers
    from trend_assets.retail.own_data import first_and_last_order_day, inspect_posts

    started = time.monotonic()
    posts = inspect_posts(files.posts, files.posts_mapping)
    orders_range = first_and_last_order_day(files.orders, files.retail_mapping) if files.orders else None
    lake_start = min([posts.first] + ([datetime(*orders_range[0].timetuple()[:3], tzinfo=UTC)] if orders_range else []))
    brands = files.brands or posts.brands
    values = {
        "LAKE_START": lake_start.replace(hour=0).isoformat(),
        "TREND_ASSETS_BRANDS": json.dumps(brands),
        "TREND_ASSETS_RETAIL_MAPPING": str((files.retail_mapping or folder / "retail" / "mapping.yml").resolve()),
    }
    with _settings_of_folder(folder, values):
        identity = [(path, path.stat().st_size, path.stat().st_mtime_ns) for path in (files.posts, files.products, files.orders) if path]
        mappings = [path.read_text() for path in (posts.mapping, files.retail_mapping) if path]
        steps = Steps(folder, ("own", identity, brands, mappings), console)
        console.print(f"[bold]The main job[/] on your data: posts of {posts.first:%Y-%m-%d} to {posts.last:%Y-%m-%d}, in {_shown(folder)}")
        steps.run("your posts", lambda: _ingest(files, posts.mapping, console))
        steps.run("your retail tables", lambda: _prepare_retail(folder / "retail", files, posts.first.date(), posts.last.date(), console))
        from trend_assets.partitions import day_key

        if orders_range and (orders_range[1] < posts.first.date() or orders_range[0] > posts.last.date()):
            orders = Range(day_key(orders_range[0]), day_key(orders_range[1]))
            console.print(
                "  [yellow]Your orders and posts do not overlap in time: both load, each on its own calendar, and nothing links them.[/]"
            )
            steps.run("your orders, on their own calendar (retail_days)", lambda: run_job("retail_days", console, orders))
            steps.run("orders by product, place and day (demand_days)", lambda: run_job("demand_days", console, orders))
        elif orders_range:  # sales rates look back two weeks: load what the orders have before the posts too
            history = Range(day_key(min(orders_range[0], posts.first.date())), day_key(posts.last.date()))
            steps.run("your products, stock and orders (retail_days)", lambda: run_job("retail_days", console, history))
        end = (posts.last + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        _whole_graph(steps, folder, posts.first.replace(hour=0, minute=0, second=0, microsecond=0), end, console)
        show_answers(console)
    _print_times(steps, started, folder, console)


def _ingest(files: OwnData, mapping: Path, console: Console) -> None:
    from trend_assets.landing.accounting import ingest_and_account

    if not ingest_and_account([files.posts], "table", mapping, again=False, console=console):
        raise ValueError("the counts of your posts do not add up; see the table above")


def _prepare_retail(folder: Path, files: OwnData, first: date, last: date, console: Console) -> None:
    from trend_assets.retail.own_data import check_own_mapping, simulate_missing_stock, write_retail_mapping

    if files.retail_mapping is not None:
        check_own_mapping(files.retail_mapping)
        return
    write_retail_mapping(folder, files.products, files.orders, first)
    simulate_missing_stock(folder, first, last, console)


def _shown(folder: Path) -> str:
    """As a person would type it here; from elsewhere a relative path would name something else."""
    return str(folder.relative_to(Path.cwd())) if folder.is_relative_to(Path.cwd()) else str(folder)


def _print_times(steps: Steps, started: float, folder: Path, console: Console) -> None:
    for name, seconds in steps.seconds.items():
        console.print(f"  {seconds:7.1f} s  {name}")
    console.print(f"  {time.monotonic() - started:7.1f} s  in all")
    data = "" if folder == PROJECT_ROOT / "data" else f"TREND_ASSETS_DATA={_shown(folder)} "
    here = "" if Path.cwd() == PROJECT_ROOT else f", in the folder {PROJECT_ROOT}"
    hints = {
        f"{data}make dev": "the graph, its runs and checks, on http://127.0.0.1:3000",
        f"{data}.venv/bin/trend-assets sql": "the ready queries; sql NAME or sql 'select ...' runs one",
        f"{data}.venv/bin/trend-assets check": "every check on the latest partitions, exit code for your CI",
        "docs/your-own-data.md": "your posts, products and orders instead of the town",
        f"{_shown(folder)}/lake/trends.duckdb": "the warehouse file, for any DuckDB client",
    }
    width = max(map(len, hints))
    console.print(f"\n[bold]Where to look next[/]{here}")
    for what, why in hints.items():
        console.print(f"  {what:<{width}}  {why}", soft_wrap=True, markup=False)
    load_settings.cache_clear()
