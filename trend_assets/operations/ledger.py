"""Ledgers kept: what of the published aggregates is not recorded yet, and recording it under the moment from which on it is known.

What belongs here: comparing published tables with their ledgers, knowledge times, reading what was known at a moment. What doesn't:
what may be kept (``lib/ledger/kept.py``), rows at a moment (``lib/ledger/points.py``), marts (``operations/mart_ledger.py``).

A partition of a table is recorded when it is first found published, and again when its rows are others. For each, the manifest of the
ledger's partition says which version of the table was recorded, and a digest of the rows as they then were known: that rewinding gives
them back can be proved for as long as the ledger is there.

**Knowledge time** is the moment of recording, by the clock. History that was made in one go (a lake of the past, or all that a lake
holds when its ledger begins) is recorded under the moment at which its schedule would have published it, and says so (``basis``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lib.ledger.points import OWN_COLUMNS, as_of_rows, changes, digest
from trend_assets.lib.quality.partition_keys import bounds
from trend_assets.operations.runs import Range
from trend_assets.operations.sealing import Due
from trend_assets.partitions import end_of_hour, hour_key, hours_between
from trend_assets.tables import TABLES, Table
from trend_assets.tables.ledgers import LEDGERS, Ledger

if TYPE_CHECKING:
    from trend_assets.lake.reader import LakeReader
    from trend_assets.settings import Settings

HOUR = timedelta(hours=1)
DAY_READY = timedelta(hours=4)
"""How long after its end a day's tables are there by schedule: sealed at two, retail tables at three, cards after these."""
HOURS_AT_ONCE = 24
"""Hours of posts in memory while words are counted."""


@dataclass(frozen=True)
class Known:
    """From when on something is known, and by what: the clock or the schedule."""

    moment: datetime
    basis: str

    @property
    def key(self) -> str:
        """The ledger's partition."""
        return hour_key(self.moment)


@dataclass(frozen=True)
class Record:
    """What a ledger's partition ``key`` says of an event's partition: version of the table, digest of the rows known from then on."""

    key: str
    version: str
    digest: str


def scheduled_at(ledger: Ledger, event: str, settings: Settings) -> datetime:
    """When the schedule publishes a partition of the ledger's table."""
    _, end = bounds(ledger.source, event)
    return end + (timedelta(hours=settings.seal_after_hours) if ledger.source.partition == "hour" else DAY_READY)


def records_of(lake: LakeReader, ledger: Ledger, keys: Sequence[str] | None = None) -> dict[str, list[Record]]:
    """What the ledger has recorded of each partition of its table, in the order of knowledge; from manifests alone."""
    found: dict[str, list[Record]] = {}
    prefix = f"{ledger.source.path}@"
    for key, manifest in sorted(lake.manifests(ledger.table, keys).items()):
        for name, value in (manifest.inputs if manifest else {}).items():
            if name.startswith(prefix):
                version, _, told = value.partition(" ")
                found.setdefault(name.removeprefix(prefix), []).append(Record(key, version, told))
    return found


def unrecorded(lake: LakeReader, ledger: Ledger, settings: Settings, now: datetime) -> dict[str, Known]:
    """Partitions of the table that are published and not recorded as they are, with what is to be told of when that was known."""
    records, due = records_of(lake, ledger), {}
    history = settings.lake_end is not None or not records
    for event, manifest in lake.manifests(ledger.source).items():
        before = records.get(event)
        if manifest is None or (before and before[-1].version == manifest.data_version):
            continue
        planned = scheduled_at(ledger, event, settings)
        if before is None and history:
            due[event] = Known(planned, "schedule")
        else:
            # what is known cannot become known before: schedules of a lake of days to come are after the clock
            behind = before is not None and hour_key(now) < before[-1].key
            due[event] = Known(end_of_hour(before[-1].key) if before and behind else now, "clock")
    return due


def ledger_due(lake: LakeReader, settings: Settings, now: datetime) -> Due:
    """The knowledge hours under which something is to be recorded: history first, then what the clock says."""
    scheduled: set[str] = set()
    by_clock: set[str] = set()
    count = 0
    for ledger in LEDGERS.values():
        for known in unrecorded(lake, ledger, settings, now).values():
            (scheduled if known.basis == "schedule" else by_clock).add(known.key)
            count += 1
    keys = scheduled or by_clock
    if not keys:
        return Due(None, "every published aggregate is recorded as it is")
    return Due(Range(min(keys), max(keys)), f"{count} published partitions to record")


def record(
    lake: Lake, ledger: Ledger, keys: Sequence[str], settings: Settings, now: datetime
) -> tuple[pa.Table, dict[str, dict[str, str]]]:
    """Rows of the ledger's partitions ``keys`` as they should be published, and what each consumed.

    They hold all that is recorded there and what is to be recorded now. Where nothing is, they are made again from what is published:
    the same rows, unless the tables were changed and that is not recorded yet; then publishing them is refused.
    """
    wanted = set(keys)
    records = records_of(lake, ledger)
    due = {event: known for event, known in unrecorded(lake, ledger, settings, now).items() if known.key in wanted}
    before = lake.read(ledger.table, list(keys))
    inputs = {key: dict(manifest.inputs) for key, manifest in lake.manifests(ledger.table, list(keys)).items() if manifest}
    if not due:
        return _made_again(lake, ledger, before, records, wanted, hour_key(now)), inputs
    parts = [before]
    published = {event: manifest for event, manifest in lake.manifests(ledger.source, sorted(due)).items() if manifest}
    for event, rows in kept_rows(lake, ledger, sorted(published)):
        known, prior = due[event], records.get(event, [])
        told = digest(rows, ledger.key)
        inputs.setdefault(known.key, {})[f"{ledger.source.path}@{event}"] = f"{published[event].data_version} {told}"
        if not prior:
            parts.append(_told(rows.append_column("change", pa.array(["recorded"] * rows.num_rows, pa.string())), known))
        elif prior[-1].digest != told:
            parts.append(_added(ledger, _known_before(lake, ledger, event, prior), rows, known))
    names = ledger.table.schema.names
    return _as_declared(
        ledger, pa.concat_tables([part.select(names).replace_schema_metadata() for part in parts], promote_options="permissive")
    ), inputs


def kept_rows(lake: LakeReader, ledger: Ledger, events: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
    """Published rows of the ledger's table in the form that is kept, by partition."""
    from trend_assets.lib.ledger.kept import kept, words_of
    from trend_assets.lib.ledger.voices import count_voices

    source = lake.read(ledger.source, events)
    voices = None
    if "topic_id" in source.column_names and (words := words_of(ledger, source)):
        voices = count_voices(_posts(lake, ledger, events), set(pc.unique(source["topic_id"]).to_pylist()), words)
    safe = kept(ledger, source, voices)
    yield from Lake.split(ledger.source, safe, events).items()


def _posts(lake: LakeReader, ledger: Ledger, events: Sequence[str]) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Posts and assignments of the 24 hours that end with each event, some hours at a time."""
    from trend_assets.lib.ledger.voices import ASSIGNED_COLUMNS, POST_COLUMNS, WINDOW_HOURS

    wanted: set[str] = set()
    for event in events:
        _, end = bounds(ledger.source, event)
        wanted.update(hour_key(hour) for hour in hours_between(end - WINDOW_HOURS * HOUR, end))
    ordered = sorted(wanted)
    for start in range(0, len(ordered), HOURS_AT_ONCE):
        keys = ordered[start : start + HOURS_AT_ONCE]
        yield (
            lake.read(TABLES["social/clean_posts"], keys, columns=POST_COLUMNS),
            lake.read(TABLES["topics/topic_assignments"], keys, columns=ASSIGNED_COLUMNS),
        )


def _known_before(lake: LakeReader, ledger: Ledger, event: str, prior: Sequence[Record]) -> pa.Table:
    """What the ledger says of an event's partition, whatever the moment."""
    rows = lake.read(ledger.table, [one.key for one in prior])
    return as_of_rows(_of_event(ledger, rows, event), datetime.max.replace(tzinfo=UTC), ledger.key)


def _of_event(ledger: Ledger, rows: pa.Table, event: str, *, others: bool = False) -> pa.Table:
    """Rows of one partition of the ledger's table, or all others."""
    mine = pc.is_in(rows[ledger.event], value_set=_event_times(ledger, [event]))
    return rows.filter(pc.invert(mine) if others else mine)


def _event_times(ledger: Ledger, events: Iterable[str]) -> pa.Array:
    """What the rows of these partitions have in the column of event time."""
    type_ = ledger.source.column(ledger.event).type
    starts = [bounds(ledger.source, event)[0] for event in events]
    return pa.array([one.date() for one in starts] if pa.types.is_date(type_) else starts, type_)


def _added(ledger: Ledger, before: pa.Table, rows: pa.Table, known: Known) -> pa.Table:
    return _told(changes(before.select(rows.column_names).cast(rows.schema), rows, ledger.key), known)


def _told(rows: pa.Table, known: Known) -> pa.Table:
    """Rows with from when on, and by what, they are known."""
    moments = pa.array([known.moment] * rows.num_rows, pa.timestamp("us", tz="UTC"))
    return rows.append_column("knowledge_time", moments).append_column("basis", pa.array([known.basis] * rows.num_rows, pa.string()))


def _as_declared(ledger: Ledger, rows: pa.Table) -> pa.Table:
    return rows.select(ledger.table.schema.names).cast(ledger.table.schema)


def _made_again(lake: Lake, ledger: Ledger, before: pa.Table, records: dict[str, list[Record]], keys: set[str], current: str) -> pa.Table:
    """The recorded rows, those of events whose table says something else by now, unrecorded, as they would be made today."""
    stale = {}
    for event, known in records.items():
        if known[-1].key not in keys or known[-1].key == current:
            continue
        manifest = lake.manifest(ledger.source, event)
        if manifest is not None and manifest.data_version != known[-1].version:
            stale[event] = known[-1]
    rows = before
    for event, again in kept_rows(lake, ledger, sorted(stale)) if stale else ():
        if digest(again, ledger.key) == stale[event].digest:
            continue
        mine = _of_event(ledger, before, event)
        of_event = {(row["knowledge_time"], row["basis"]) for row in mine.select(OWN_COLUMNS).to_pylist()}
        moment, basis = max(of_event, default=(end_of_hour(stale[event].key) - HOUR, "schedule"))
        others = _of_event(ledger, rows, event, others=True)
        rows = pa.concat_tables([others, _as_declared(ledger, _added(ledger, again.slice(0, 0), again, Known(moment, basis)))])
    return rows


def known_at(lake: LakeReader, ledger: Ledger, moment: datetime, events: Iterable[str] | None = None) -> pa.Table:
    """Rows of the ledger's table as they were known at ``moment`` (aware), of the events given or all."""
    last = hour_key(moment)
    chosen = None if events is None else set(events)
    keys = sorted({one.key for event, known in records_of(lake, ledger).items() if chosen is None or event in chosen for one in known})
    rows = lake.read(ledger.table, [key for key in keys if key <= last])
    if chosen is not None:
        rows = rows.filter(pc.is_in(rows[ledger.event], value_set=_event_times(ledger, sorted(chosen))))
    return as_of_rows(rows, moment, ledger.key)


@dataclass(frozen=True)
class Proof:
    """Whether rewinding gives what was recorded. checked: recorded partitions; broken: ledger, knowledge hour and event of those not."""

    checked: int
    broken: tuple[str, ...]


def prove(lake: LakeReader, ledger: Ledger, keys: Sequence[str] | None = None) -> Proof:
    """Rewind to the end of each knowledge hour (of ``keys``, or all) and compare with the digests written when it was recorded."""
    everything = records_of(lake, ledger)
    rows = lake.read(ledger.table)
    by_event = Lake.split(_timed(ledger), rows, sorted(everything)) if rows.num_rows or everything else {}
    schema = [column.name for column in ledger.source.columns if column.name not in ledger.dropped]
    checked, broken = 0, []
    for event, known in everything.items():
        for one in known:
            if keys is not None and one.key not in keys:
                continue
            end = end_of_hour(one.key) - timedelta(microseconds=1)
            then = as_of_rows(by_event[event], end, ledger.key).select(schema)
            checked += 1
            if digest(then.replace_schema_metadata(), ledger.key) != one.digest:
                broken.append(f"{ledger.table.path} [{one.key}] of {event}")
    return Proof(checked, tuple(broken))


def _timed(ledger: Ledger) -> Table:
    """The ledger as a table that is split by event instead of knowledge."""
    from dataclasses import replace

    return replace(ledger.table, partition=ledger.source.partition, time=ledger.event)
