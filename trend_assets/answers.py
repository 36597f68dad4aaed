"""Answers on a terminal: top trends, decision cards and the ready queries, read from the published warehouse.

What belongs here: queries for people. What doesn't: how the answers are computed, how rows are laid out (``terminal_rows.py``).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
from rich.console import Console
from rich.table import Table as Grid

from trend_assets.settings import PROJECT_ROOT, load_settings
from trend_assets.tables import TABLES
from trend_assets.terminal_rows import print_rows
from trend_assets.warehouse.engine import WarehouseEngine, open_warehouse
from trend_assets.warehouse.history import AS_OF_SCHEMA, HISTORY_SCHEMA, RELATIONS, VERSIONS

READY_QUERIES = PROJECT_ROOT / "dbt_project" / "analyses"
TOP_TRENDS, TOP_CARDS = 6, 8

_TOP_TRENDS = """
with linked as (
    select topic_id, count(distinct product_id) as products from demand.product_trend_links where linked group by topic_id
), strongest as (
    select *, row_number() over (partition by topic_id order by score desc, hour desc) as place
    from topics.trends
    where not suppressed
)
select label, stage, first_raised_at as raised, posts_24h as posts, authors_24h as authors, coalesce(products, 0) as products, reason
from strongest left join linked using (topic_id)
where place = 1 and {condition} order by score desc, topic_id limit {limit}
"""
_TOP_CARDS = """
with latest as (
    select *, row_number() over (partition by topic_id, product_id, store_id order by day desc, money_at_risk desc) as place
    from demand.decision_cards
)
select day, action, product_name as product, store_id as place, label as trend, quantity, act_by,
       round(days_of_cover, 1) as cover_days, lead_time_days as lead_days, round(money_at_risk) as at_risk, data_origin as data
from latest where place = 1 and action <> 'hold' order by money_at_risk desc, day desc, product_id, store_id, topic_id limit {limit}
"""


def ready_queries() -> dict[str, Path]:
    """The ready queries by name."""
    return {path.stem: path for path in sorted(READY_QUERIES.glob("*.sql"))}


def _question(path: Path) -> str:
    first = path.read_text().splitlines()[0]
    return first.removeprefix("--").strip()


def run_query(query: str, console: Console, *, as_csv: bool) -> None:
    """Run a ready query by name, or SQL; list the ready ones where ``query`` is empty.

    Raises:
        ValueError: the SQL is wrong, or no query has that name.
    """
    ready = ready_queries()
    if not query:
        _print_ready(console)
        return
    text = ready[query].read_text() if query in ready else query
    if query not in ready and " " not in query.strip():
        raise ValueError(f"no ready query is called {query!r}; there are: {', '.join(ready)}")
    warehouse = open_warehouse()
    try:
        rows = warehouse.query(text)
    except ValueError as error:
        hint = _hint(str(error), text, warehouse)
        raise ValueError(f"{error}\n{hint}" if hint else str(error)) from error
    if as_csv:
        for number, field in enumerate(rows.schema):
            if pa.types.is_list(field.type):  # CSV has no lists
                joined = pa.compute.binary_join(rows.column(number).cast(pa.list_(pa.string())), ", ")
                rows = rows.set_column(number, field.name, joined)
        pyarrow.csv.write_csv(rows, sys.stdout.buffer)
    else:
        print_rows(rows, console)


def _hint(message: str, query: str, warehouse: WarehouseEngine) -> str:
    """What to ask instead of a query that failed with the engine's ``message``; empty where the message says enough."""
    if "read-only" in message:
        return "The published file can only be read: ask with select."
    if "Conversion Error" in message and "as_of." in query:
        return "A moment is a day, '2026-09-10' (as known at its end), or an hour, '2026-09-10T14' (UTC)."
    if "does not exist" not in message or not message.startswith("the query failed: Catalog Error: Table"):
        return ""
    published = warehouse.tables()
    for path in TABLES:
        if path.replace("/", ".") in query and path.replace("/", ".") not in published:
            place = f"{load_settings().lake_root}/{path}/*/part-*.parquet"
            return (
                f"{path} is not published: once it has rows they are in the lake, for any DuckDB client: "
                f"from read_parquet('{place}', hive_partitioning = false)"
            )
    versions = [name.partition(".")[2] for name in published if name.startswith(f"{HISTORY_SCHEMA}.")]
    functions = [f"{AS_OF_SCHEMA}.{name}" for name in versions if name not in (VERSIONS, RELATIONS)]
    tables = [name for name in published if not name.startswith(f"{HISTORY_SCHEMA}.")]
    there = functions if "as_of." in query else tables
    return f"There are: {', '.join(there)}. Ready queries: trend-assets sql lists them."


def _print_ready(console: Console) -> None:
    grid = Grid(title="Ready queries: trend-assets sql NAME", title_justify="left")
    grid.add_column("name")
    grid.add_column("answers", overflow="fold")
    for name, path in ready_queries().items():
        grid.add_row(name, _question(path))
    console.print(grid)


def show_answers(console: Console) -> None:
    """Print the strongest trends, the decision cards with most at stake and the ready queries."""
    warehouse = open_warehouse()
    strongest = warehouse.query(_TOP_TRENDS.format(condition="true", limit=TOP_TRENDS))
    print_rows(strongest, console, "Strongest trends")
    ours = warehouse.query(_TOP_TRENDS.format(condition="products > 0", limit=TOP_TRENDS))
    print_rows(ours, console, "Strongest trends linked to your products")
    print_rows(warehouse.query(_TOP_CARDS.format(limit=TOP_CARDS)), console, "Decision cards with most money at risk")
    _print_ready(console)
