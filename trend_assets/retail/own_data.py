"""The user's own files for `trend-assets demo`: recognised or mapped, put beside what is missing and simulated.

What belongs here: looking at posts, products and orders files and writing the data folder's retail mapping. What doesn't:
reading rows (``landing/ingest.py``, ``retail/files.py``), the stock policy (``lib/demand/stock_policy.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from rich.console import Console

from trend_assets.landing.ingest import read_mapping
from trend_assets.lib.retail.mapping import parse_mapping
from trend_assets.lib.retail.proposal_text import proposal_content
from trend_assets.lib.retail.propose import Proposal
from trend_assets.lib.retail.shape import MappingError
from trend_assets.retail.files import MAPPINGS, check_mapping, load_mapping, read_retail, retail_days
from trend_assets.retail.propose import Sample, mapping_of, propose_sample, sample_of_file, try_sample

STOCK_SEED = 1
_SURE = 0.6
"""Below this a proposed column is shown by `trend-assets map`, not used without being asked."""
_SHIPPED_POSTS = MAPPINGS / "tweets_table.yml"
_HELP = "docs/your-own-data.md shows how to write a mapping file"


@dataclass(frozen=True)
class PostsFile:
    """What a posts file covers: its mapping, first and last publication time (aware), the brands it was collected for."""

    mapping: Path
    first: datetime
    last: datetime
    brands: list[str]


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def inspect_posts(path: Path, mapping: Path | None) -> PostsFile:
    """First and last time of the posts and the brands they match.

    Raises:
        ValueError: the file lacks a column that the mapping names, or holds no readable time.
    """
    chosen = mapping or _SHIPPED_POSTS
    columns = read_mapping(chosen).columns
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    posts = connection.read_parquet(str(path)) if path.suffix == ".parquet" else connection.read_csv(str(path))
    if columns["created_at"] not in posts.columns:
        found = ", ".join(posts.columns)
        raise ValueError(f"{path.name} has no column {columns['created_at']!r} (found: {found}); give --posts-mapping; {_HELP}")
    time = f"try_cast({_quoted(columns['created_at'])} as timestamptz)"
    first, last = posts.aggregate(f"min({time}), max({time})").fetchone() or (None, None)
    if first is None or last is None:
        raise ValueError(f"{path.name}: no readable time in column {columns['created_at']!r}")
    rules = columns.get("matching_rules")
    brands: list[str] = []
    if rules and rules in posts.columns:
        rows = (
            posts.project(f"cast({_quoted(rules)} as varchar) as rule")
            .filter("rule is not null")
            .distinct()
            .order("rule")
            .limit(50)
            .fetchall()
        )
        brands = [row[0] for row in rows]
    return PostsFile(chosen, first.astimezone(UTC), last.astimezone(UTC), brands)


def _understood(name: str, path: Path) -> tuple[Sample, Proposal]:
    """The user's file and the mapping of its columns, as `trend-assets map` proposes it.

    Raises:
        MappingError: a required column is missing or was only guessed.
    """
    sample = sample_of_file(path)
    proposal = propose_sample(sample, name)
    guessed = [f"{match.ours} (perhaps {match.theirs!r})" for match in proposal.matches if match.confidence < _SURE]
    lacking = [f"{ours}: {advice}" for ours, advice in proposal.missing.items()]
    if lacking or guessed:
        found = ", ".join(sample.source.data.column_names)
        unsure = [f"not sure about {', '.join(guessed)}"] if guessed else []
        raise MappingError(
            f"{path.name} cannot be read as {name} without your help (columns found: {found})\n  "
            + "\n  ".join([*lacking, *unsure])
            + f"\nWrite a mapping with: trend-assets map {path} --table {name} --output retail.yml, then give --retail-mapping; {_HELP}"
        )
    return sample, proposal


def _own_table(name: str, path: Path, folder: Path, since: date | None = None) -> tuple[dict[str, Any], Sample, Proposal]:
    """The table's mapping, of a link beside it. With ``since`` the file holds from that day on."""
    sample, proposal = _understood(name, path)
    link = folder / (f"{name}_{since.isoformat()}{path.suffix}" if since else f"{name}{path.suffix}")
    link.unlink(missing_ok=True)
    link.symlink_to(path.resolve())
    content = proposal_content([(proposal, {"files": f"{name}_{{day}}{path.suffix}" if since else link.name})], name)
    table = {**content["tables"][name], "data_origin": "real", "format": content.get("format", {})}
    return {"currency": content.get("currency"), "table": table}, sample, proposal


def _places(sample: Sample, proposal: Proposal) -> list[dict[str, Any]]:
    """The places that the orders name, as a table of stores."""
    mapping = parse_mapping(mapping_of([(sample, proposal)]))
    names = sorted(pc.unique(try_sample(mapping, proposal.table, sample).table["store_id"]).to_pylist())
    return [
        {"store_id": name, "store_name": name, "channel": "web" if name.lower().startswith(("web", "online")) else "store"}
        for name in names
    ]


def first_and_last_order_day(orders: Path, retail_mapping: Path | None) -> tuple[date, date]:
    """First and last day of the user's orders, by the given mapping or a proposed one.

    Raises:
        MappingError: the file does not fit the mapping, the mapping has no orders, or no order tells a day.
    """
    mapping = load_mapping(retail_mapping) if retail_mapping is not None else parse_mapping(mapping_of([_understood("orders", orders)]))
    if "orders" not in mapping.tables:
        raise MappingError(
            f"{retail_mapping} has no table `orders`, so it is not known which columns of {orders.name} are which: "
            f"add tables.orders to it (trend-assets map {orders} --table orders shows how), or leave out --orders"
        )
    only_orders = mapping.model_copy(update={"tables": {"orders": mapping.tables["orders"]}})
    days = retail_days(only_orders, files={"orders": orders})
    if not days:
        raise MappingError(f"{orders.name}: no row tells a day that can be read; trend-assets map {orders} --table orders says why")
    return days[0], days[-1]


def check_own_mapping(path: Path) -> None:
    """Check that the user's mapping fits their files. Raises ``MappingError`` with every misfit."""
    check_mapping(load_mapping(path), root=path.parent)


def write_retail_mapping(folder: Path, products: Path | None, orders: Path | None, first: date) -> Path:
    """The data folder's ``mapping.yml``: products and orders as `trend-assets map` understands them, and stock that is simulated.

    The catalogue holds from ``first``, the day of the first post: orders of years before need no copy of it for each day.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "mapping.yml"
    tables: dict[str, Any] = {"stores": {"rows": [], "data_origin": "simulated"}}
    stores = [{"store_id": "web", "store_name": "Web shop", "channel": "web"}]
    currency = "EUR"
    if products is not None:
        tables["products"] = _own_table("products", products, folder, first)[0]["table"]
    if orders is not None:
        found, sample, proposal = _own_table("orders", orders, folder)
        tables["orders"], currency = found["table"], found["currency"] or currency
        stores = _places(sample, proposal) or stores
    tables["stores"]["rows"] = stores
    for name in ("inventory", "deliveries") if products is not None else ():
        columns = [field for field in _stock_columns(name) if field not in ("day", "data_origin")]
        tables[name] = {"files": f"{name}/{{day}}.parquet", "columns": {field: field for field in columns}, "data_origin": "simulated"}
    # The orders may be of another catalogue (another retailer, another year): their products are not held against ours.
    mapping = {"name": "Your own data", "currency": currency, "data_origin": "real", "references": False, "tables": tables}
    target.write_text(yaml.safe_dump(mapping, sort_keys=False, allow_unicode=True))
    written = load_mapping(target)
    yours = {name: table for name, table in written.tables.items() if name in ("products", "orders")}
    check_mapping(written.model_copy(update={"tables": yours}), root=folder)
    return target


def _stock_columns(name: str) -> list[str]:
    from trend_assets.tables import TABLES

    return [column.name for column in TABLES[f"retail/{name}"].columns]


def simulate_missing_stock(folder: Path, first: date, last: date, console: Console) -> None:
    """Stock and deliveries for the mapped products on the days of the posts, labelled simulated; nothing where there are none."""
    from trend_assets.lib.demand.stock_policy import simulated_stock

    mapping = load_mapping(folder / "mapping.yml")
    if "products" not in mapping.tables:
        return
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    only_products = mapping.model_copy(update={"tables": {"products": mapping.tables["products"]}})
    products = read_retail(only_products, days[:1], root=folder)["retail/products"]
    stock = simulated_stock(products, STOCK_SEED, days)
    for name, table in (("inventory", stock.inventory), ("deliveries", stock.deliveries)):
        (folder / name).mkdir(exist_ok=True)
        for day in days:
            of_day = table.filter(pa.compute.equal(table["day"], pa.scalar(day, pa.date32()))).drop_columns(["day", "data_origin"])
            pq.write_table(of_day, folder / name / f"{day.isoformat()}.parquet")
    console.print(f"    stock and deliveries of {products.num_rows:,} products are simulated, and labelled so wherever they are shown")
