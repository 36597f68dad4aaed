"""`trend-assets models`: list, show, compare, train, promote, roll back, run in shadow, begin a new task.

What belongs here: options and printing. What doesn't: the work (``trend_assets/models``, ``lib/learning``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table as Grid

from trend_assets.commands.terminal import DataOption, console, fail, use_data

if TYPE_CHECKING:
    import dagster as dg

    from trend_assets.models.tracking import Tracking, Version

DEMAND = "demand_model"
"""The forecaster, which is no task: listed and rolled back here, trained by its own job (docs/forecasts.md)."""
NameArgument = Annotated[str, typer.Argument(help="Name of a task")]
models = typer.Typer(no_args_is_help=True, help="Models: list, show, compare, train, promote, roll back (docs/models.md).")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(models, name="models")


def _tracking() -> Tracking | None:
    """The tracking store, ``None`` where nothing has been trained into this data folder (and none is made)."""
    from pathlib import Path

    from trend_assets.models.tracking import Tracking
    from trend_assets.settings import load_settings

    settings = load_settings()
    place = settings.tracking_database.removeprefix("sqlite:///")
    if settings.tracking_database.startswith("sqlite:///") and not Path(place).exists():
        return None
    return Tracking(settings.tracking_database, settings.artifacts_root)


def _known(name: str) -> None:
    from trend_assets.lib.learning.discovery import load_task

    try:
        load_task(name)
    except ValueError as error:
        fail(str(error))


def _moment(version: Version) -> str:
    return f"{datetime.fromtimestamp(version.created_ms / 1000, UTC):%Y-%m-%d %H:%M}"


@models.command("list")
def list_models(data: DataOption = None) -> None:
    """Every task, its champion and its newest candidate."""
    from trend_assets.lib.learning.discovery import examined_tasks

    use_data(data)
    tracking = _tracking()
    tasks, refused = examined_tasks()
    grid = Grid()
    for column in ("task", "what it tells", "about", "champion", "macro F1", "candidate", "macro F1"):
        grid.add_column(column, overflow="fold")
    for name, task in tasks.items():
        cells = []
        for alias in ("champion", "candidate"):
            version = tracking.by_alias(name, alias) if tracking else None
            score = tracking.metrics(version).get("candidate.all.macro_f1") if tracking and version else None
            cells += [str(version.number) if version else "none", "" if score is None else f"{score:.3f}"]
        grid.add_row(name, task.description, task.about, *cells)
    grid.add_row(DEMAND, "Options of the demand forecaster; WAPE, less is better", "products", *_demand_cells(tracking))
    for name, reason in refused.items():
        grid.add_row(name, f"left out: {reason}")
    console.print(grid)
    console.print("Train one: trend-assets models train NAME. Begin one: trend-assets models new NAME.")


def _demand_cells(tracking: Tracking | None) -> list[str]:
    """Version and WAPE of the demand forecaster's champion and candidate."""
    cells = []
    for alias in ("champion", "candidate"):
        version = tracking.by_alias(DEMAND, alias) if tracking else None
        score = tracking.metrics(version).get("candidate.all.wape") if tracking and version else None
        cells += [str(version.number) if version else "none", "" if score is None else f"{score:.3f}"]
    return cells


@models.command()
def show(name: NameArgument, data: DataOption = None) -> None:
    """Versions of a task's model with their scores, and the metrics of the champion by language."""
    use_data(data)
    _known(name)
    tracking = _tracking()
    versions = tracking.versions(name) if tracking else []
    if tracking is None or not versions:
        console.print(f"Nothing has been trained for {name} yet. Train: trend-assets models train {name}")
        return
    aliases = {alias: tracking.by_alias(name, alias) for alias in ("champion", "challenger", "candidate", "previous")}
    grid = Grid(title=f"Versions of {name}")
    for column in ("version", "trained (UTC)", "alias", "macro F1", "90 % interval", "examples", "before it", "rolled back"):
        grid.add_column(column)
    for version in versions:
        found = tracking.metrics(version)
        score = found.get("candidate.all.macro_f1")
        interval = f"{found['candidate.all.macro_f1_low']:.3f} to {found['candidate.all.macro_f1_high']:.3f}" if score is not None else ""
        named = ", ".join(alias for alias, one in aliases.items() if one and one.number == version.number)
        trained = f"{found.get('training_examples', 0):.0f}"
        grid.add_row(
            str(version.number),
            _moment(version),
            named,
            "not evaluated" if score is None else f"{score:.3f}",
            interval,
            trained,
            version.tags.get("previous_champion", ""),
            version.tags.get("rolled_back_at", ""),
        )
    console.print(grid)
    _show_metrics(tracking, aliases["champion"] or versions[0])


def _show_metrics(tracking: Tracking, version: Version) -> None:
    from trend_assets.lib.learning.metrics import METRICS

    found = tracking.metrics(version)
    slices = list(dict.fromkeys(key.split(".")[1] for key in found if key.startswith("candidate.") and key.endswith(".macro_f1")))
    grid = Grid(title=f"Version {version.number} on its evaluation split, majority baseline in brackets")
    for column in ("metric", *slices):
        grid.add_column(column)
    for metric in METRICS:
        cells = []
        for language in slices:
            value, base = found.get(f"candidate.{language}.{metric}"), found.get(f"majority.{language}.{metric}")
            cells.append("" if value is None else f"{value:.3f}" + ("" if base is None else f" ({base:.3f})"))
        grid.add_row(metric, *cells)
    console.print(grid)


@models.command()
def train(
    name: NameArgument,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Less than a tenth of the labels before are left, and that is right")
    ] = False,
    data: DataOption = None,
) -> None:
    """Train, evaluate and, where the gate is passed, promote: the job NAME_training; exits 1 where it is not."""
    use_data(data)
    _known(name)
    from trend_assets.lib.learning.discovery import load_task
    from trend_assets.lib.learning.gate import KINDS
    from trend_assets.models.training_set import NotReadyError, check_labels
    from trend_assets.operations.runs import run_job
    from trend_assets.resources import ALLOW_SHRINK
    from trend_assets.settings import load_settings

    try:
        check_labels(load_settings(), load_task(name), name)
    except NotReadyError as error:
        fail(str(error), 1)
    tags = {ALLOW_SHRINK: "true"} if allow_shrink else {}
    result = run_job(f"{name}_training", console, raise_on_error=False, tags=tags)
    for reason, count in _left_aside(result).items():
        console.print(f"Left aside: {reason}: {count}")
    # The verdicts of this run, not of the newest evaluation: that may be another candidate's.
    verdicts = [check for check in result.get_asset_check_evaluations() if check.check_name in KINDS]
    failed = [check for check in verdicts if not check.passed]
    if not result.success and not failed:
        errors = [event.step_failure_data.error for event in result.all_events if event.is_step_failure and event.step_failure_data]
        cause = next((error.cause or error for error in errors if error), None)
        fail(_in_words(cause.message) if cause else "the run failed: see its page (make dev, then Runs)", 1)
    for check in failed or verdicts:
        console.print(str(check.description))
    if not result.success:
        console.print("The champion stays what it was.")
        raise typer.Exit(1)
    show(name, data)


def _left_aside(result: dg.ExecuteInProcessResult) -> Mapping[str, int]:
    """Why labels were not used and how many, as the run's training set tells it."""
    for event in result.get_asset_materialization_events():
        told = event.materialization.metadata.get("left_aside")
        if told is not None:
            return dict(told.value)  # type: ignore[arg-type]
    return {}


def _in_words(message: str) -> str:
    """A step's error as Dagster keeps it, without the name of the exception's class."""
    return re.sub(r"^[\w.]+(?:Error|Exception): ", "", message.strip())


@models.command()
def compare(
    name: NameArgument,
    first: Annotated[int, typer.Argument(help="Number of a version")],
    second: Annotated[int, typer.Argument(help="Number of another version")],
    data: DataOption = None,
) -> None:
    """Two versions on the evaluation examples that neither was trained on: macro F1 by slice and the difference with its interval."""
    from trend_assets.lake.lake import Lake
    from trend_assets.lib.learning.discovery import load_task
    from trend_assets.models.comparison import compare_versions
    from trend_assets.models.training_set import NotReadyError
    from trend_assets.settings import load_settings

    use_data(data)
    _known(name)
    if first == second:
        fail(f"{first} and {second} are the same version: trend-assets models show {name} lists those there are")
    tracking, settings = _tracking(), load_settings()
    if tracking is None:
        fail(f"nothing has been trained for {name} yet", 1)
    try:
        found = compare_versions(load_task(name), name, Lake(settings.lake_root), tracking, settings, first, second)
    except NotReadyError as error:
        fail(str(error), 1)
    grid = Grid(title=f"{name}: version {first} against version {second}")
    for column in ("slice", "examples", f"macro F1 of {first}", f"macro F1 of {second}", "difference", "90 % interval"):
        grid.add_column(column)
    for row in found:
        change = row.gain
        grid.add_row(
            row.name,
            str(row.examples),
            f"{row.first:.3f}",
            f"{row.second:.3f}",
            f"{change.value:+.3f}",
            f"{change.low:+.3f} to {change.high:+.3f}",
        )
    console.print(grid)


@models.command()
def promote(
    name: NameArgument,
    number: Annotated[int, typer.Argument(metavar="VERSION", help="Number of the version that becomes champion")],
    reason: Annotated[str, typer.Option(help="Why, recorded; required for a version that did not pass its gate")] = "",
    data: DataOption = None,
) -> None:
    """Make a version champion by hand. One that did not pass its gate needs a reason, which is recorded."""
    from trend_assets.models.promotion import promote_by_hand
    from trend_assets.models.training_set import NotReadyError
    from trend_assets.settings import load_settings

    use_data(data)
    _known(name)
    tracking = _tracking()
    if tracking is None:
        fail(f"nothing has been trained for {name} yet", 1)
    try:
        version = promote_by_hand(name, number, tracking, load_settings(), reason)
    except NotReadyError as error:
        fail(str(error), 1)
    console.print(f"{name}: version {version.number} is champion.")


@models.command()
def shadow(
    name: NameArgument,
    number: Annotated[int, typer.Argument(metavar="VERSION", help="Number of the version that runs beside the champion")],
    hours: Annotated[int, typer.Option(help="Newest hours of posts that both label", min=1)] = 24,
    data: DataOption = None,
) -> None:
    """Run a version beside the champion on the newest posts and compare what they say; nothing of it is published."""
    from trend_assets.lake.lake import Lake
    from trend_assets.lib.learning.discovery import load_task
    from trend_assets.models.comparison import shadow_run
    from trend_assets.models.promotion import shadow as begin
    from trend_assets.models.training_set import NotReadyError
    from trend_assets.settings import load_settings

    use_data(data)
    _known(name)
    tracking, settings = _tracking(), load_settings()
    if tracking is None:
        fail(f"nothing has been trained for {name} yet", 1)
    try:
        begin(name, number, tracking, settings)
        found = shadow_run(load_task(name), name, Lake(settings.lake_root), tracking, settings, hours)
    except NotReadyError as error:
        fail(str(error), 1)
    same = f"both say the same of {found.agreement:.1%}"
    console.print(f"{name}: version {number} is challenger. On {found.posts} posts of the newest {hours} hours {same}.")
    grid = Grid(title="Share of posts by label")
    for column in ("label", f"champion, version {found.champion}", f"challenger, version {found.challenger}"):
        grid.add_column(column)
    for label, (old, new) in found.shares.items():
        grid.add_row(label, f"{old:.1%}", f"{new:.1%}")
    console.print(grid)


@models.command()
def chain(
    accept: Annotated[str, typer.Option(metavar="STAGE", help="Accept what this stage's present version says")] = "",
    reason: Annotated[str, typer.Option(help="Why it may say something else than before, recorded")] = "",
    data: DataOption = None,
) -> None:
    """Which model reads which, the versions that champions were made with and those of today; exits 1 where a change does harm."""
    from trend_assets.lake.lake import Lake
    from trend_assets.models.chain_report import chain_report
    from trend_assets.models.chain_stages import accept_stage
    from trend_assets.models.training_set import NotReadyError
    from trend_assets.settings import load_settings

    use_data(data)
    settings = load_settings()
    if accept:
        try:
            version = accept_stage(accept, Lake(settings.lake_root), settings, reason)
        except NotReadyError as error:
            fail(str(error), 1)
        console.print(f"{accept}: {version} is accepted.")
        return
    report = chain_report(Lake(settings.lake_root), settings)
    grid = Grid(title="Models that read models")
    for column in ("model", "reads", "made with", "today"):
        grid.add_column(column, overflow="fold")
    for edge in report.edges:
        grid.add_row(edge.model, edge.reads, edge.made_with, edge.today)
    console.print(grid)
    for sentence in report.fine:
        console.print(f"  as before: {sentence}")
    for sentence in report.worse:
        console.print(f"  [red]worse[/]: {sentence}")
    if report.worse:
        raise typer.Exit(1)


@models.command()
def rollback(name: NameArgument, data: DataOption = None) -> None:
    """Make the champion before this one champion again; its predictions replace the others when the job NAME_hours runs."""
    from trend_assets.models.promotion import roll_back
    from trend_assets.models.training_set import NotReadyError
    from trend_assets.settings import load_settings

    use_data(data)
    if name != DEMAND:
        _known(name)
    tracking = _tracking()
    if tracking is None:
        fail(f"{name} has no champion: nothing to roll back", 1)
    try:
        left, now, seconds = roll_back(name, tracking, load_settings())
    except NotReadyError as error:
        fail(str(error), 1)
    told = (
        f"Hours already predicted keep the version they say (column model_version) until {name}_hours is run over them again."
        if name != DEMAND
        else "Forecasts already published stay; the next ones are made with these options."
    )
    console.print(
        f"{name}: version {now} is champion again, version {left} is not; model, features and thresholds were back after {seconds:.2f} s. "
        f"{told}"
    )


@models.command()
def new(name: Annotated[str, typer.Argument(help="Small letters, digits and underscores; also the name of its tables")]) -> None:
    """Write a commented task and a test that passes; say what to do next."""
    from trend_assets.lib.learning.discovery import check_name
    from trend_assets.lib.learning.scaffold import scaffold
    from trend_assets.settings import PROJECT_ROOT

    try:
        check_name(name)
    except ValueError as error:
        fail(str(error))
    files = {PROJECT_ROOT / path: text for path, text in scaffold(name).items()}
    taken = [path for path in files if path.exists()]
    if taken:
        fail(f"there is a task {name!r} already ({taken[0].relative_to(PROJECT_ROOT)}): choose another name")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        console.print(f"written: {path.relative_to(PROJECT_ROOT)}")
    task, test = (path.relative_to(PROJECT_ROOT) for path in files)
    console.print(
        f"\nNext:\n"
        f"  1. {task}: labels, train and predict. Its assets, checks and jobs exist already.\n"
        f'  2. make test ARGS="{test} -n 0"\n'
        f"  3. labelled posts into data/labels/{name}.jsonl: network, post_id, label, labelled_at\n"
        f"  4. .venv/bin/trend-assets models train {name}\n"
        f'  5. make docs, and UPDATE_SNAPSHOT=1 make test ARGS="trend_assets_tests/test_definitions.py -n 0": the lists\n'
        f"The guide: docs/models.md"
    )
