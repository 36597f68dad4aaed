"""Marts kept: each day of a mart as it was published, whenever it was published otherwise than before.

What belongs here: which marts are kept and in which form, recording them, reading them as they were at a moment. What doesn't: lake
tables (``operations/ledger.py``), SQL of the marts (``dbt_project/``), that they are recorded when they are published
(``operations/publication.py``).

Marts are dbt's: their columns change with their SQL, so a day is kept as the Parquet file that it was, columns and all. What holds for
ledgers holds for them: no author, no post, no group under five authors, no words that the ledgers have not verified
(``lib/ledger/kept.py``). The days of the last two months are compared at each publication; older ones stay as they were recorded.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trend_assets.lib.ledger.points import digest, sorted_by
from trend_assets.lib.trends.reasons import COUNTED_IN_THE_HOUR
from trend_assets.operations.ledger import BEGINNING, HOUR, Known, has_begun
from trend_assets.partitions import hour_key
from trend_assets.tables.ledgers import DAY_READY, FEWEST_AUTHORS, LEDGERS, MART_LEDGER
from trend_assets.warehouse.common import WarehouseMissingError

if TYPE_CHECKING:
    from trend_assets.lake.lake import Lake
    from trend_assets.lake.reader import LakeReader
    from trend_assets.settings import Settings
    from trend_assets.warehouse.engine import WarehouseEngine

MARTS_READY = DAY_READY + HOUR
"""How long after its end a day is in the marts by schedule."""
COMPARED_DAYS = 62
_TEXTS = ("label", "topic_label", "keywords", "novel_term", "evidence_terms", "reason", "unlinked_reason", "link_reason")
"""Columns of any mart that may hold words of posts."""
_NEVER = ("exemplar_posts", "author", "authors_of", "post_id", "network")
"""Columns that name a post or an author: a mart with one of ``author`` and ``post_id`` is not kept, the others are left out."""


@dataclass(frozen=True)
class KeptMart:
    """How a mart is kept.

    key: what names a row. of_topics: only rows of topics that the trend ledger has on the day. authors: a column that counts authors;
    rows of fewer than five go, and those of unknown numbers unless the trend ledger has their topics. day: the column by which the mart
    is cut into days. length: what a row of a day counts, from the beginning of that day on. versions_in_file: whether the published file
    holds every version; a mart with a row for each product and place would double it (the command and Python have these).
    """

    key: tuple[str, ...]
    of_topics: bool = False
    authors: str | None = None
    day: str = "day"
    length: timedelta = timedelta(days=1)
    versions_in_file: bool = True


KEPT_MARTS: Mapping[str, KeptMart] = {
    "fct_trend_daily": KeptMart(("day", "topic_id"), of_topics=True, authors="authors_24h"),
    "fct_topic_hourly": KeptMart(("hour", "topic_id"), authors="authors"),
    "fct_orders": KeptMart(("day", "product_id", "store_id", "currency"), versions_in_file=False),
    "fct_inventory_daily": KeptMart(("day", "product_id", "store_id"), versions_in_file=False),
    "mart_trend_products": KeptMart(("day", "topic_id", "product_id"), of_topics=True),
    "mart_markets": KeptMart(("day", "topic_id", "region", "language"), of_topics=True, authors="authors"),
    "mart_unserved_trends": KeptMart(("topic_id",), of_topics=True, day="last_day"),
    "mart_stock_risk": KeptMart(("day", "product_id", "store_id")),
    "mart_orders_daily": KeptMart(("day", "store_id", "category", "currency")),
    "mart_buyer_week": KeptMart(("week_start", "category"), day="week_start", length=timedelta(days=7)),
}
"""Marts with days that hold nothing of persons; the key is that of the model's test."""
NOT_KEPT: Mapping[str, str] = {
    "mart_influencers": "names authors: what is said of a person goes with the person's posts",
    "mart_trend_segments": "counts customers of a week: the difference of two versions would be a handful of them",
    "fct_deliveries": "its rows are of no day: each says when it was first and last known, and retail/deliveries keeps the days",
    "dim_product": "describes products as in the newest catalogue; retail/products keeps the days",
    "dim_store": "describes places as known last; retail/stores keeps the days",
    "dim_topic": "describes topics by their newest words; the ledgers keep those of each hour",
    "dim_date": "the calendar",
}
"""Published models that are not kept, and why. A test holds both lists against dbt's project."""


class UnknownMartError(LookupError):
    """No such mart was ever kept."""


def unrecorded_days(lake: LakeReader, warehouse: WarehouseEngine, settings: Settings, now: datetime) -> pa.Table:
    """Days of the marts that dbt has just built and tested and that are not recorded as they are: rows of ``MART_LEDGER``.

    now: the clock, when they are published. What a schedule would not have published by then goes by the clock, as a week under way;
    a lake of days to come, such as a simulated one, goes by its own calendar.
    """
    newest, verified = _newest(lake), _verified(lake)
    history = settings.lake_end is not None or not _begun(lake)
    latest = max(now, settings.last_known or now)
    found: list[dict[str, object]] = []
    for mart, kept in KEPT_MARTS.items():
        rows = _read(warehouse, mart, kept, newest, now)
        if rows is None or set(rows.column_names) & {"author", "post_id"}:
            continue
        days = dict(_days(_safe(rows, kept, verified), kept))
        gone = [
            day for (of, day), told in newest.items() if of == mart and day not in days and told != _EMPTY and _compared(rows, day, now)
        ]
        for day, part in [*days.items(), *((day, rows.slice(0, 0)) for day in gone)]:
            told = digest(part, kept.key) if part.num_rows else _EMPTY
            before = newest.get((mart, day))
            if before == told or (before is None and told == _EMPTY):
                continue
            scheduled = datetime.combine(day, time(), UTC) + kept.length + MARTS_READY
            by_schedule = before is None and history and (scheduled <= now or latest > now)
            known = Known(min(scheduled, latest), "schedule") if by_schedule else Known(now, "clock")
            found.append(_row(mart, day, part, told, known, known_before=before is not None))
    return MART_LEDGER.from_rows(found)


_VERSION = ("knowledge_time", "change", "basis", "mart", "day", "digest")


def missed_days(lake: LakeReader, warehouse: WarehouseEngine) -> pa.Table:
    """Days that the published file shows and the ledger lacks, its publisher killed: rows of ``MART_LEDGER``, as they stand there.

    Older ones than all that the ledger holds have passed their retention. Those of which the file keeps no versions are the days of the
    mart itself, which is as that publisher left it. A day that does not come back with its digest is left out.
    """
    try:
        shown = warehouse.query(f"select {', '.join(_VERSION)} from history.mart_versions").to_pylist()  # noqa: S608 - our own names
    except (WarehouseMissingError, ValueError):  # nothing is published yet, or by a version without history
        return MART_LEDGER.empty()
    recorded = {tuple(row.values()) for row in lake.read(MART_LEDGER, columns=list(_VERSION)).select(list(_VERSION)).to_pylist()}
    oldest = min((row[0] for row in recorded), default=datetime.min.replace(tzinfo=UTC))
    missed: dict[str, list[dict[str, Any]]] = {}
    for row in shown:
        if tuple(row[name] for name in _VERSION) not in recorded and row["knowledge_time"] >= oldest and row["mart"] in KEPT_MARTS:
            missed.setdefault(row["mart"], []).append(row)
    found = []
    for mart, versions in missed.items():
        kept = KEPT_MARTS[mart]
        columns = warehouse.query(f"select * from warehouse.{mart} limit 0").schema  # noqa: S608 - a name of ours
        columns = pa.schema([column for column in columns if column.name not in _NEVER])
        for row in versions:
            rows = columns.empty_table() if row["digest"] == _EMPTY else _shown(warehouse, mart, row).select(columns.names).cast(columns)
            part = sorted_by(rows, kept.key)
            if row["digest"] == (digest(part, kept.key) if part.num_rows else _EMPTY):
                found.append(row | {"rows": part.num_rows, "content": _encoded(part)})
    return MART_LEDGER.from_rows(found)


def _shown(warehouse: WarehouseEngine, mart: str, version: Mapping[str, Any]) -> pa.Table:
    """Rows of a version in the published file."""
    if KEPT_MARTS[mart].versions_in_file:
        sql = f"select * from history.{mart} where known_day = ? and knowledge_time = ?"  # noqa: S608 - a name of ours
        return warehouse.query(sql, [version["day"], version["knowledge_time"]])
    return warehouse.query(f"select * from warehouse.{mart} where {KEPT_MARTS[mart].day} = ?", [version["day"]])  # noqa: S608 - as above


def record_marts(lake: Lake, days: pa.Table) -> dict[str, int]:
    """Record what ``unrecorded_days`` or ``missed_days`` found; returns days by mart."""
    keys = sorted({hour_key(moment) for moment in pc.unique(days["knowledge_time"]).to_pylist()})
    begun, by_hour = _begun(lake), lake.split(MART_LEDGER, days, keys)
    for key in keys:
        lake.append(MART_LEDGER, key, by_hour[key], inputs={} if begun or key == keys[-1] else BEGINNING)
    return dict(Counter(days["mart"].to_pylist()))


def _begun(lake: LakeReader) -> bool:
    """Whether the first recording is whole."""
    return has_begun(lake.manifests(MART_LEDGER).values())


_EMPTY = "none"
"""In place of a digest: the day has no rows any more."""


def _compared(rows: pa.Table, day: date, now: datetime) -> bool:
    """Whether the day is among those that were read."""
    if not rows.num_rows:
        return False
    return day >= (now - timedelta(days=COMPARED_DAYS)).date()


def _row(mart: str, day: date, part: pa.Table, told: str, known: Known, *, known_before: bool) -> dict[str, object]:
    change = "withdrawn" if not part.num_rows else "corrected" if known_before else "recorded"
    return {
        "knowledge_time": known.moment,
        "change": change,
        "basis": known.basis,
        "mart": mart,
        "day": day,
        "rows": part.num_rows,
        "digest": told,
        "content": _encoded(part),
    }


def _encoded(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd", write_statistics=False)
    return sink.getvalue()


def _newest(lake: LakeReader) -> dict[tuple[str, date], str]:
    """The digest recorded last, by mart and day."""
    rows = lake.read(MART_LEDGER, columns=["knowledge_time", "mart", "day", "digest"])
    ordered = rows.take(pc.sort_indices(rows, [("knowledge_time", "ascending")])).to_pylist() if rows.num_rows else []
    return {(row["mart"], row["day"]): row["digest"] for row in ordered}


def _read(warehouse: WarehouseEngine, mart: str, kept: KeptMart, newest: Mapping[tuple[str, date], str], now: datetime) -> pa.Table | None:
    """Rows of a mart in dbt's schema, all of them the first time; None where there is no such mart."""
    first = (now - timedelta(days=COMPARED_DAYS)).date() if any(of == mart for of, _ in newest) else None
    try:
        rows = warehouse.read_working(mart, first if kept.day == "day" else None)
    except ValueError:
        return None
    return rows if first is None or kept.day == "day" else rows.filter(pc.greater_equal(rows[kept.day], pa.scalar(first)))


def _verified(lake: LakeReader) -> dict[str, set[str]]:
    """Words and sentences that the ledgers hold, by topic; under the empty name the days on which they have a topic, ``day topic``."""
    found: dict[str, set[str]] = {"": set()}
    for ledger in LEDGERS.values():
        columns = [column.name for column in ledger.table.columns if column.name in _TEXTS]
        if not columns or "topic_id" not in ledger.table.schema.names:
            continue
        rows = lake.read(ledger.table, columns=["topic_id", ledger.event, *columns])
        if ledger.table.name == "trend_ledger":
            days = pc.strftime(rows["hour"], format="%Y-%m-%d")
            found[""].update(pc.unique(pc.binary_join_element_wise(days, rows["topic_id"], " ")).to_pylist())
        topics = rows["topic_id"].to_pylist()
        for name in columns:
            for topic, value in zip(topics, rows[name].to_pylist(), strict=True):
                found.setdefault(topic, set()).update(value if isinstance(value, list) else [value] if value else [])
    return found


def _safe(rows: pa.Table, kept: KeptMart, verified: Mapping[str, set[str]]) -> pa.Table:
    """Rows of a mart in the form that is kept."""
    rows = rows.select([name for name in rows.column_names if name not in _NEVER]).replace_schema_metadata()
    if kept.authors is not None:
        rows = rows.filter(pc.fill_null(pc.greater_equal(rows[kept.authors], FEWEST_AUTHORS), fill_value=kept.of_topics))
    if kept.of_topics:
        there = pc.binary_join_element_wise(rows[kept.day].cast(pa.string()), rows["topic_id"], " ")
        rows = rows.filter(pc.is_in(there, value_set=pa.array(sorted(verified[""]), pa.string())))
    if "topic_id" not in rows.column_names:
        return rows
    topics = rows["topic_id"].to_pylist()
    for name in (name for name in _TEXTS if name in rows.column_names):
        values = [_told(value, verified.get(topic, set())) for value, topic in zip(rows[name].to_pylist(), topics, strict=True)]
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(name), pa.array(values, rows.schema.field(name).type))
    return rows


def _told(value: str | list[str] | None, verified: set[str]) -> str | list[str] | None:
    """A text, or the words of a list, that the ledgers hold too."""
    if value is None:
        return None
    if isinstance(value, list):
        return [word for word in value if word in verified]
    if value in verified:
        return value
    small = COUNTED_IN_THE_HOUR.sub(f"fewer than {FEWEST_AUTHORS} authors in the hour", value)
    return small if small in verified else None


def _days(rows: pa.Table, kept: KeptMart) -> Iterator[tuple[date, pa.Table]]:
    of_row = rows[kept.day]
    for day in sorted(pc.unique(of_row).drop_null().to_pylist()):
        yield day, sorted_by(rows.filter(pc.equal(of_row, pa.scalar(day, of_row.type))), kept.key)


def marts_at(lake: LakeReader, mart: str, moment: datetime) -> pa.Table:
    """Rows of a mart as they were published at ``moment`` (aware), by day and key.

    Columns are those of the versions that held then; where they differ, a column that one has not is null in it. Raises
    ``UnknownMartError``.
    """
    keys = [key for key in lake.partitions(MART_LEDGER) if key <= hour_key(moment)]
    index = lake.read(MART_LEDGER, keys, columns=["knowledge_time", "mart", "day", "digest"])
    index = index.append_column("place", pa.array(range(index.num_rows), pa.int64()))
    known = index.filter(
        pc.and_(pc.equal(index["mart"], mart), pc.less_equal(index["knowledge_time"], pa.scalar(moment, pa.timestamp("us", tz="UTC"))))
    )
    newest = {row["day"]: row for row in known.sort_by("knowledge_time").to_pylist()} if known.num_rows else {}
    if not newest:
        if mart not in kept_marts(lake):
            raise UnknownMartError(f"no mart {mart} was ever kept; there are: {', '.join(kept_marts(lake)) or 'none yet'}")
        return pa.table({})
    content = lake.read(MART_LEDGER, keys, columns=["content"])["content"]
    parts = [pq.read_table(io.BytesIO(content[row["place"]].as_py())) for day, row in sorted(newest.items()) if row["digest"] != _EMPTY]
    return pa.concat_tables(parts, promote_options="permissive") if parts else pa.table({})


def kept_marts(lake: LakeReader) -> list[str]:
    """Names of the marts of which something is recorded."""
    return sorted({mart for mart, _ in _newest(lake)})
