"""`trend-assets evaluate`: how good our methods are on your own labelled data, beside peers.

What belongs here: options, opening files, printing. What doesn't: measures, protocols and peers (``lib/evaluation``).

With ``--json`` standard output is one JSON object and nothing else; progress, notes and errors go to standard error. Nothing here needs
a data folder, settings or Dagster.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from trend_assets.commands.terminal import console

if TYPE_CHECKING:
    import pyarrow as pa

evaluate = typer.Typer(
    no_args_is_help=True, help="Measure topics, bursts, trends and influence on your own labelled data (docs/evaluate.md)."
)
notes = Console(stderr=True, highlight=False)

PostsOption = Annotated[Path, typer.Option(help="Posts: post_id or tweet_id, created_at, text; Parquet, CSV or JSON lines")]
TruthOption = Annotated[str, typer.Option(help="Column with the true topic; empty where unknown")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object to standard output, all else to standard error")]
PeersOption = Annotated[bool, typer.Option("--peers", help="Also run other methods on the same data")]
Figures = dict[str, Any]

_PRODUCT_COLUMNS = {"name": "product_name", "type": "product_type"}
"""Usual names of columns of catalogues, and ours."""
_HELD_BACK_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(evaluate, name="evaluate")


@evaluate.command()
def topics(
    posts: PostsOption,
    truth: TruthOption,
    by: Annotated[str | None, typer.Option(help="Column that divides the posts, such as a day: each group is clustered alone")] = None,
    peers: PeersOption = False,
    as_json: JsonOption = False,
) -> None:
    """Cluster labelled posts, group by group: AMI, ARI and NMI against the labels, posts a core-second."""
    with _work():
        from trend_assets.lib.evaluation.topics import evaluate_topics

        result = evaluate_topics(_posts(posts, truth=truth, by=by), peers=peers, progress=_tell)
    _answer(result, as_json, lambda: _print_quality(result, ("ami", "ari", "nmi", "posts_per_core_second")))


@evaluate.command()
def stream(
    posts: PostsOption,
    truth: TruthOption,
    by: Annotated[str | None, typer.Option(help="Column that divides the posts: each group is a stream of its own")] = None,
    peers: PeersOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give labelled posts topics as they come: macro F1 of the best match, AMI, ARI, NMI at first sight."""
    with _work():
        from trend_assets.lib.evaluation.stream import evaluate_stream

        result = evaluate_stream(_posts(posts, truth=truth, by=by), peers=peers, progress=_tell)
    _answer(result, as_json, lambda: _print_stream(result))


@evaluate.command()
def bursts(
    series: Annotated[Path, typer.Option(help="Counts: series, at, value; regular in time")],
    windows: Annotated[Path, typer.Option(help="What really happened: series, start, end")],
    peers: PeersOption = False,
    as_json: JsonOption = False,
) -> None:
    """Detect bursts in labelled series: windows hit, false alarms per series and day."""
    with _work():
        from trend_assets.lib.evaluation.bursts import evaluate_bursts

        result = evaluate_bursts(_table(series, "observations"), _table(windows, "windows"), peers=peers)
    _answer(result, as_json, lambda: _print_bursts(result))


@evaluate.command()
def trends(
    posts: PostsOption,
    brand: Annotated[str | None, typer.Option(help="Column that names the brand a post was found for: each is judged alone")] = None,
    products: Annotated[Path | None, typer.Option(help="What the brands sell: product_name, category, optional product_type")] = None,
    peers: PeersOption = False,
    as_json: JsonOption = False,
) -> None:
    """List every alert that the posts would have raised, when it first could, and every candidate held back, with the reason."""
    with _work():
        from trend_assets.lib.evaluation.trends import evaluate_trends

        catalogue = _catalogue(products) if products else None
        result = evaluate_trends(_table(posts, "posts"), brand_column=brand, catalogue=catalogue, peers=peers, progress=_tell)
    _answer(result, as_json, lambda: _print_alerts(result["alerts"], result.get("peers", {})))


@evaluate.command()
def influence(
    interactions: Annotated[Path, typer.Option(help="Who amplifies whom: source, target, kind (repost, quote, reply, mention), at")],
    peers: PeersOption = False,
    as_json: JsonOption = False,
) -> None:
    """Rank authors by what is known before each hour: NDCG@50 of who is amplified next, edges scored a second."""
    with _work():
        from trend_assets.lib.evaluation.influence import evaluate_influence

        result = evaluate_influence(_table(interactions, "interactions"), peers=peers)
    _answer(result, as_json, lambda: _print_influence(result))


@contextlib.contextmanager
def _work() -> Iterator[None]:
    """Nothing that happens inside reaches standard output; what is wrong with the data ends the command in one line."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except Exception as error:
        # Arrow's errors come by way of its own types; loading it to name them here would slow every --help.
        if isinstance(error, ValueError | OSError) or type(error).__module__ == "pyarrow.lib":
            _fail(str(error).partition("\n")[0], 1)
        raise


def _fail(message: str, code: int = 2) -> NoReturn:
    notes.print(f"[red]error:[/] {escape(message)}", soft_wrap=True)
    raise typer.Exit(code)


def _tell(sentence: str) -> None:
    notes.print(escape(sentence), soft_wrap=True)


def _table(path: Path, what: str) -> pa.Table:
    """The table in a file. Ends the command where there is none, or it has no rows."""
    from trend_assets.lib.evaluation.files import decode_file

    try:
        content = path.read_bytes()
    except FileNotFoundError:
        _fail(f"there is no file {path}")
    except IsADirectoryError:
        _fail(f"{path} is a folder: give one file")
    table = decode_file(path.name, content)
    if not table.num_rows:
        _fail(f"{path.name} holds no {what}", 1)
    return table


def _posts(path: Path, **labels: str | None) -> pa.Table:
    """Clean posts of a file, with what is known of them; what is left out is told."""
    from trend_assets.lib.evaluation.posts import read_evaluation_posts

    table = _table(path, "posts")
    posts = read_evaluation_posts(table, note=_tell, **labels)
    if not posts.num_rows:
        _fail(f"none of the {table.num_rows:,} rows of {path.name} is a post with id, time and text", 1)
    _tell(f"{posts.num_rows:,} posts of {path.name} cleaned")
    return posts


def _catalogue(path: Path) -> pa.Table:
    """Products of a file under our names of columns. Raises ``ValueError`` where it tells neither names nor categories."""
    from trend_assets.lib.evaluation.posts import missing_columns

    table = _table(path, "products")
    table = table.rename_columns([_PRODUCT_COLUMNS.get(name, name) for name in table.column_names])
    if not {"product_name", "category"} & set(table.column_names):
        raise ValueError(missing_columns("products", ["product_name or category"], table.column_names))
    return table


def _answer(result: Figures, as_json: bool, print_table: Callable[[], None]) -> None:
    if as_json:
        sys.stdout.write(json.dumps(_plain(result), ensure_ascii=False, allow_nan=False) + "\n")
    else:
        print_table()


def _plain(value: Any) -> Any:
    """What JSON can say: times in ISO 8601, numpy's numbers as numbers, figures that aren't known as null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "item"):
        return _plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _figure(name: str, value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if name.endswith("_second") or isinstance(value, int) else f"{value:.3f}"


def _print_quality(result: Figures, names: Sequence[str]) -> None:
    """Groups of ours, then the means of ours and of every peer."""
    groups, peers = result["groups"], result.get("peers", {})
    titles = [name.replace("posts_per_core_second", "posts/core-s").replace("_", " ") for name in names]
    if len(groups) > 1:
        grid = Grid("group", "posts", *titles, title="Ours, group by group")
        for group, row in groups.items():
            grid.add_row(escape(group), f"{row['posts']:,}", *(_figure(name, row[name]) for name in names))
        console.print(grid)
    grid = Grid("method", *titles, title=f"Means over {len(groups)} groups" if len(groups) > 1 else None)
    for method, row in {"ours": result, **peers}.items():
        grid.add_row(method, *([row["note"]] if "note" in row else [_figure(name, row.get(name)) for name in names]))
    console.print(grid)


def _print_stream(result: Figures) -> None:
    names = ("macro_f1", "ami", "ari", "nmi", "posts_per_core_second")
    afterwards = {"ours, after re-clustering": result["after_reclustering"]}
    _print_quality({**result, "peers": afterwards | result.get("peers", {})}, names)


def _print_bursts(result: Figures) -> None:
    """Windows hit at the usual threshold, and with thresholds moved until so many false alarms are raised."""
    budgets = list(result["at_budget"])
    caption = "at …: windows hit with the threshold moved until it raises so many false alarms a series-day"
    grid = Grid("method", "windows", "hit", "false alarms/series-day", *(f"at {budget}" for budget in budgets), caption=caption)
    for method, row in {"ours": result, **result.get("peers", {})}.items():
        hit = [str(row["at_budget"][budget]) for budget in budgets]
        grid.add_row(method, str(row["windows"]), str(row["hit"]), f"{row['false_alarms_per_series_day']:.3f}", *hit)
    console.print(grid)


def _print_alerts(alerts: Sequence[Figures], peers: Figures) -> None:
    """Alerts in order of time; below, the candidates held back that have most posts, and how many alerts other methods raise."""
    raised = [alert for alert in alerts if alert["raised"]]
    held_back = [alert for alert in alerts if not alert["raised"]]
    _print_candidates(sorted(raised, key=lambda alert: alert["at"]), f"{len(raised):,} alerts")
    if held_back:
        strongest = sorted(held_back, key=lambda alert: -alert["posts"])[:_HELD_BACK_SHOWN]
        _print_candidates(strongest, f"{len(held_back):,} candidates held back, the {len(strongest)} with most posts")
    for method, result in peers.items():
        console.print(f"{method}: {len(result['alerts']):,} alerts (listed with --json)")


def _print_candidates(alerts: Sequence[Figures], title: str) -> None:
    grid = Grid("at", "group", "label", "keywords", "posts", "authors", "grade", "reason", title=title)
    for alert in alerts:
        words = (alert["at"][:16], alert["group"], alert["label"], ", ".join(alert["keywords"][:5]))
        counts = (f"{alert['posts']:,}", f"{alert['authors']:,}", str(alert["grade"] or "-"))
        grid.add_row(*(escape(str(word)) for word in words), *counts, escape(alert["reason"]))
    console.print(grid)


def _print_influence(result: Figures) -> None:
    periods = list(result["ndcg_at_50"])
    grid = Grid("method", *(f"NDCG@50, next {period}" for period in periods), "edges/core-s")
    for method, row in {"ours": result, **result.get("peers", {})}.items():
        figures = [_figure(period, row["ndcg_at_50"][period]) for period in periods]
        grid.add_row(method, *([row["note"]] if "note" in row else [*figures, _figure("edges_per_second", row["edges_per_second"])]))
    console.print(grid)
    console.print(escape(result["protocol"]), soft_wrap=True)
