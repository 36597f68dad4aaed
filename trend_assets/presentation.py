"""What a person sees of a table in Dagster's web UI: column lineage, figures by partition, a small plot, a few rows.

What belongs here: metadata made from a declaration or from published rows. What doesn't: checks, publishing, drawing
(``small_plots.py``), which column comes from which (``tables/lineage.py``), pictures of one group's tables (``topic_presentation.py``).

Three rules. Dagster copies the metadata of a range of partitions to each partition's event, so what is said of a
partition is a handful of numbers (they become the plots of the asset's page) and everything larger goes to the newest
partition of the run only (the asset's page shows that one). The event log outlives retention and erasure, so it holds no
post text, no id of a post, no pseudonym: rows are previewed of tables whose licence class allows it, without such columns.
Provisional tables are replaced every few seconds and say how many rows they have, nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets import small_plots
from trend_assets.lake.manifest import Manifest
from trend_assets.lib.quality.topic_windows import CHURN
from trend_assets.tables import Column, Table
from trend_assets.tables.lineage import column_sources
from trend_assets.topic_presentation import PICTURES, ReadHours

SHOWN_LICENCES = ("aggregate", "own", "open")
"""Licence classes whose rows may be previewed; the others hold posts or what single people did."""
HIDDEN_COLUMNS = frozenset({"post_id", "exemplar_posts", "landing_file", "original", "note", "detail"})
"""Never previewed, nor are personal columns: ids of posts, and free text that may quote one or name a person."""
PREVIEW_ROWS, PREVIEW_COLUMNS, PREVIEW_CHARACTERS = 5, 5, 40
PLOTTED_PARTITIONS = {"hour": 48, "day": 28, "none": 0}
"""Partitions that the plot shows at least: a run of fewer looks up those before it."""
MOST_VALUES = 8
"""Values of a column that get a figure of their own, the most frequent of the run."""


@dataclass(frozen=True)
class Ratio:
    """Rows of a partition (those with one of ``values`` in ``column``, where that is named) by row of the table ``over`` there."""

    name: str
    over: str
    column: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figures:
    """Numbers told of each partition: rows by value of ``counted``, sums of ``summed``; and what the preview shows.

    weight: a column to add up instead of counting rows. ratio: rows set against another table's. top_by: what orders the preview,
    largest first. shown: its columns.
    """

    counted: tuple[str, ...] = ()
    summed: tuple[str, ...] = ()
    weight: str | None = None
    ratio: Ratio | None = None
    top_by: str | None = None
    shown: tuple[str, ...] = ()


FIGURES = {
    "social/raw_posts": Figures(counted=("kind", "network")),
    "social/quarantined_posts": Figures(counted=("reason",)),
    "social/deletions": Figures(counted=("subject_kind",)),
    "social/landing_counts": Figures(counted=("outcome",), weight="records", top_by="records", shown=("source", "outcome", "records")),
    "social/term_counts": Figures(summed=("posts",), top_by="posts", shown=("term", "begins_at", "posts", "counted_at")),
    "social/clean_posts": Figures(counted=("language",)),
    "topics/topic_assignments": Figures(counted=("assigned_by",), ratio=Ratio("share of posts in topics", "social/clean_posts")),
    "topics/topic_events": Figures(
        counted=("event",), ratio=Ratio("changes of ids by topic alive", "topics/topics", "event", tuple(CHURN))
    ),
    "topics/topic_hours": Figures(
        summed=("posts", "reposts"), top_by="posts", shown=("topic_id", "posts", "reposts", "authors", "top_author_share")
    ),
    "topics/trends": Figures(counted=("stage", "suppressed"), top_by="score", shown=("rank", "label", "stage", "posts", "score")),
    "topics/term_bursts": Figures(
        counted=("breaks_out",), top_by="z", shown=("term", "posts", "expected_posts", "alarms_per_day", "breaks_out")
    ),
    "topics/stress_tests": Figures(counted=("grade",), top_by="posts", shown=("topic_id", "grade", "posts", "posts_left", "authors_left")),
    "influencers/interactions": Figures(counted=("kind",)),
    "influencers/early_posts": Figures(),
    "influencers/early_authors": Figures(),
    "influencers/coordinated_groups": Figures(
        counted=("verdict",), top_by="accounts", shown=("verdict", "accounts", "acts", "evidence_kinds", "topic_share")
    ),
    "influencers/influencer_rankings": Figures(),
    "retail/inventory": Figures(summed=("on_hand", "sold"), shown=("product_id", "store_id", "on_hand", "sold", "data_origin")),
    "retail/orders": Figures(counted=("kind",), summed=("quantity",), shown=("product_id", "store_id", "kind", "quantity", "unit_price")),
    "retail/products": Figures(shown=("product_id", "product_name", "category", "unit_price", "lead_time_days")),
    "retail/deliveries": Figures(
        summed=("quantity_ordered", "quantity_received"), shown=("product_id", "store_id", "due_on", "received_on", "quantity_ordered")
    ),
    "retail/quarantined_records": Figures(counted=("table_name", "reason"), shown=("table_name", "source_file", "source_row", "reason")),
    "demand/product_trend_links": Figures(
        counted=("level",), top_by="score", shown=("topic_id", "product_id", "score", "evidence_terms", "evidence_posts")
    ),
    "demand/unserved_trends": Figures(
        counted=("why",), top_by="score", shown=("label", "category", "product_type", "nearest_product_id", "nearest_similarity", "posts")
    ),
    "demand/decision_cards": Figures(
        counted=("action",),
        summed=("money_at_risk",),
        top_by="money_at_risk",
        shown=("action", "product_name", "store_id", "quantity", "money_at_risk", "data_origin"),
    ),
    "demand/card_regrets": Figures(
        counted=("action", "followed"),
        summed=("regret",),
        top_by="regret",
        shown=("action", "product_name", "store_id", "quantity", "response", "earned_accepted", "regret", "data_origin"),
    ),
    "demand/sales_uplifts": Figures(
        counted=("subject_kind", "uplift"),
        top_by="ratio",
        shown=("label", "region", "uplift", "onset_on", "units", "expected_units", "ratio"),
    ),
    "demand/naive_alerts": Figures(counted=("method", "alerts"), top_by="value", shown=("method", "label", "value", "reference", "alerts")),
    "demand/lead_time_scores": Figures(
        counted=("method", "outcome"),
        top_by="lead_days",
        shown=("method", "outcome", "label", "alerted_at", "onset_on", "lead_days", "ratio"),
    ),
}
"""Tables not named here are counted by their first column with a closed list of values."""


def figures_of(table: Table) -> Figures:
    """The figures declared for a table, or those that follow from its closed lists."""
    closed = [column.name for column in table.columns if column.allowed and column.name not in ("licence_class", "data_origin")]
    return FIGURES.get(table.path, Figures(counted=tuple(closed[:1])))


def definition_metadata(table: Table, deps: Sequence[dg.AssetDep]) -> dict[str, Any]:
    """Metadata of the asset's definition beside its column schema: column lineage, and the table's name in the warehouse."""
    from trend_assets.warehouse.engine import PUBLISHED_TABLES

    sources = column_sources(table, ["/".join(dep.asset_key.path) for dep in deps])
    metadata: dict[str, Any] = {}
    if sources:
        metadata["dagster/column_lineage"] = dg.TableColumnLineage(
            {column: [dg.TableColumnDep(dg.AssetKey(path.split("/")), name) for path, name in found] for column, found in sources.items()}
        )
    if table.path in PUBLISHED_TABLES:
        metadata["dagster/table_name"] = table.path.replace("/", ".")
    return metadata


def column_description(column: Column, sources: Sequence[tuple[str, str]] = ()) -> str:
    """The column's meaning, and where it comes from as links to the assets' pages.

    The open-source UI stores column lineage but draws it nowhere; the column table is where a reader looks for it.
    """
    by_asset: dict[str, list[str]] = {}
    for path, name in sources:
        by_asset.setdefault(path, []).append(name)
    links = [f"[{path}](/assets/{path}) {', '.join(f'`{name}`' for name in names)}" for path, names in by_asset.items()]
    return f"{column.description}\n\nFrom {'; '.join(links)}" if links else column.description


def partition_metadata(
    table: Table, manifests: Mapping[str, Manifest], parts: Mapping[str, pa.Table] | None = None, over: Mapping[str, int] | None = None
) -> dict[str, dict[str, Any]]:
    """Numbers of each partition: rows, bytes, and the table's figures where its rows (``parts``) are given.

    Values are those most frequent over all of ``parts``; a value a partition does not have is left out. over: rows of each partition
    of the table that the figures' ratio names.
    """
    counts, ratios = _counts(table, parts or {}), _ratios(table, parts or {}, over or {})
    return {
        key: {"dagster/row_count": manifest.rows, "dagster/size_bytes": manifest.size, **counts.get(key, {}), **ratios.get(key, {})}
        for key, manifest in manifests.items()
    }


def _ratios(table: Table, parts: Mapping[str, pa.Table], over: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    ratio = figures_of(table).ratio
    if ratio is None:
        return {}
    found = {}
    for key, part in parts.items():
        rows = part.num_rows
        if ratio.column and rows:
            rows = pc.sum(pc.is_in(part[ratio.column], value_set=pa.array(ratio.values))).as_py()
        if over.get(key):
            found[key] = {ratio.name: round(rows / over[key], 4)}
    return found


def _counts(table: Table, parts: Mapping[str, pa.Table]) -> dict[str, dict[str, Any]]:
    figures, filled = figures_of(table), {key: part for key, part in parts.items() if part.num_rows}
    found: dict[str, dict[str, Any]] = {key: {} for key in filled}
    for name in figures.counted:
        counted = {key: _by_value(part, name, figures.weight) for key, part in filled.items()}
        totals: dict[str, int] = {}
        for values in counted.values():
            for value, number in values.items():
                totals[value] = totals.get(value, 0) + number
        kept = sorted(totals, key=lambda value: (-totals[value], value))[:MOST_VALUES]
        for key, values in counted.items():
            found[key] |= {f"{name}: {value}": values[value] for value in kept if value in values}
    for name in figures.summed:
        for key, part in filled.items():
            total = pc.sum(part[name]).as_py()
            if total is not None:
                found[key][f"sum of {name}"] = round(total, 2) if isinstance(total, float) else total
    return found


def _by_value(part: pa.Table, name: str, weight: str | None) -> dict[str, int]:
    """Rows of each value as text, or the sum of ``weight``; false and missing values are what is left, and not told."""
    if weight is None:
        rows = pc.value_counts(part[name]).to_pylist()
        found = {row["values"]: row["counts"] for row in rows}
    else:
        rows = part.select([name, weight]).group_by(name, use_threads=False).aggregate([(weight, "sum")]).to_pylist()
        found = {row[name]: row[f"{weight}_sum"] for row in rows}
    return {("yes" if value is True else str(value)): number for value, number in found.items() if value is not None and value is not False}


def output_metadata(table: Table, data: pa.Table, recent: Mapping[str, int] | None = None, read: ReadHours | None = None) -> dict[str, Any]:
    """What the newest partition of a run shows besides its numbers: rows by partition as bars, time range, some rows, pictures.

    data: rows of the newest partition. recent: rows of the partitions up to it, oldest first. read: rows of tables in the hours up
    to it, for the pictures of a group.
    """
    if any(column.name == "provisional" for column in table.columns):
        return {}
    metadata: dict[str, Any] = {}
    if recent and table.partition != "none":
        metadata[f"rows by {table.partition}"] = dg.MetadataValue.md(rows_plot(table, recent))
    if table.time and pa.types.is_timestamp(table.column(table.time).type) and data.num_rows:
        span = pc.min_max(data[table.time]).as_py()
        if span["min"] != span["max"]:
            metadata["rows from"] = dg.MetadataValue.timestamp(span["min"])
            metadata["rows to"] = dg.MetadataValue.timestamp(span["max"])
    if previewable(table) and data.num_rows:
        metadata["preview"] = top_rows(table, data, by=figures_of(table).top_by, columns=figures_of(table).shown or None)
    if read and table.path in PICTURES:
        metadata |= PICTURES[table.path](data, read)
    return metadata


def rows_plot(table: Table, recent: Mapping[str, int]) -> str:
    """Markdown of the bars of rows by partition, the newest last; below 1,000 characters, which the UI shows without a click."""
    rows = list(recent.values())
    span = f"{len(rows)} {table.partition}s to {list(recent)[-1]}"
    levels = {"lowest": min(rows), "highest": max(rows), "newest": rows[-1]}
    return small_plots.image(small_plots.bars(rows), span, ", ".join(f"{name} {small_plots.amount(v)}" for name, v in levels.items()))


def previewable(table: Table) -> bool:
    """Whether rows of the table may be kept in the event log (see the module)."""
    return table.licence_class in SHOWN_LICENCES


def top_rows(
    table: Table, data: pa.Table, by: str | None = None, columns: Sequence[str] | None = None, n: int = PREVIEW_ROWS
) -> dg.TableMetadataValue:
    """The first ``n`` rows (the largest of column ``by`` where one is named) as a table for the UI.

    columns: which, by default the first ones that may be shown.

    Raises:
        ValueError: the table's licence class, or a column asked for, may not be shown.
    """
    if not previewable(table):
        raise ValueError(f"{table.path} is {table.licence_class}: its rows stay out of the event log")
    allowed = [column.name for column in table.columns if not column.personal and column.name not in HIDDEN_COLUMNS]
    refused = [name for name in columns or () if name not in allowed]
    if refused:
        raise ValueError(f"{table.path}: {', '.join(refused)} stay out of the event log (personal data, posts, or no such column)")
    # what names the partition is the same in every row
    chosen = list(columns or [name for name in allowed if name != table.time][:PREVIEW_COLUMNS])
    rows = data.sort_by([(by, "descending")]) if by else data
    records = [dg.TableRecord({name: _shown(row[name]) for name in chosen}) for row in rows.select(chosen).slice(0, n).to_pylist()]
    schema = dg.TableSchema([dg.TableColumn(name, str(table.column(name).type)) for name in chosen])
    return dg.MetadataValue.table(records, schema)


def _shown(value: Any) -> str | int | float | bool | None:
    """A cell: numbers rounded to what a person reads, lists joined, text cut."""
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 3)
    if value is None or isinstance(value, bool | int):
        return value
    text = ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
    return text if len(text) <= PREVIEW_CHARACTERS else f"{text[: PREVIEW_CHARACTERS - 1]}…"
