"""Ledgers kept: what of the published aggregates is not recorded yet, and recording it under the moment from which on it is known.

What belongs here: comparing published tables with their ledgers, knowledge times, reading what was known at a moment. What doesn't:
what may be kept (``lib/ledger/kept.py``), rows at a moment (``lib/ledger/points.py``), marts (``operations/mart_ledger.py``).

A partition of a table is recorded when it is first found published, and again when its rows are others. For each, the manifest of the
ledger's partition says which version of the table was recorded, and a digest of the rows as they then were known: that rewinding gives
them back can be proved for as long as the ledger is there.

**Knowledge time** is the moment of recording, by the clock. History that was made in one go (a lake of the past, or all that a lake
holds when its ledger begins) is recorded under the moment at which its schedule would have published it, and says so (``basis``).
A ledger has begun when its first recording is whole: until then each of its partitions but the last, which is published after all
others, says that it goes on (``BEGINNING``). So a first recording that is killed is resumed as history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lib.ledger.points import OWN_COLUMNS, as_of_rows, changes, digests
from trend_assets.lib.quality.partition_keys import bounds, key_of_number, numbers, numbers_of_times
from trend_assets.operations.runs import Range
from trend_assets.operations.sealing import Due
from trend_assets.partitions import end_of_hour, hour_key, hours_between
from trend_assets.tables import TABLES, Table
from trend_assets.tables.ledgers import DAY_READY, LEDGERS, Ledger

if TYPE_CHECKING:
    from trend_assets.lake.manifest import Manifest
    from trend_assets.lake.reader import LakeReader
    from trend_assets.settings import Settings

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS_AT_ONCE = 24
"""Hours of posts in memory while words are counted."""


BEGINNING = {"first recording": "goes on"}
"""Beside what a ledger's partition consumed: it was written while the first recording was not whole."""


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


@dataclass
class Records:
    """What a ledger has recorded of each partition of its table, in the order of knowledge. begun: its first recording is whole."""

    of_event: dict[str, list[Record]] = field(default_factory=dict)
    begun: bool = False


def has_begun(manifests: Iterable[Manifest | None]) -> bool:
    """Whether the first recording of the ledger with these manifests is whole."""
    return any(manifest is not None and not BEGINNING.items() <= manifest.inputs.items() for manifest in manifests)


def scheduled_at(ledger: Ledger, event: str, settings: Settings) -> datetime:
    """When the schedule publishes a partition of the ledger's table."""
    _, end = bounds(ledger.source, event)
    return end + (timedelta(hours=settings.seal_after_hours) if ledger.source.partition == "hour" else DAY_READY)


def records_of(lake: LakeReader, ledger: Ledger) -> Records:
    """What the ledger has recorded; from manifests alone."""
    manifests = lake.manifests(ledger.table)
    found: dict[str, list[Record]] = {}
    prefix = f"{ledger.source.path}@"
    for key, manifest in sorted(manifests.items()):
        for name, value in (manifest.inputs if manifest else {}).items():
            if name.startswith(prefix):
                version, _, told = value.partition(" ")
                found.setdefault(name.removeprefix(prefix), []).append(Record(key, version, told))
    return Records(found, has_begun(manifests.values()))


def unrecorded(lake: LakeReader, ledger: Ledger, settings: Settings, now: datetime) -> dict[str, Known]:
    """Partitions of the table that are published and not recorded as they are, with what is to be told of when that was known."""
    return _unrecorded(lake.manifests(ledger.source), ledger, settings, now, records_of(lake, ledger))


def _unrecorded(
    published: Mapping[str, Manifest | None], ledger: Ledger, settings: Settings, now: datetime, records: Records
) -> dict[str, Known]:
    due = {}
    history = settings.lake_end is not None or not records.begun
    for event, manifest in published.items():
        before = records.of_event.get(event)
        if manifest is None or (before and before[-1].version == manifest.data_version):
            continue
        if before is None and history:
            due[event] = Known(scheduled_at(ledger, event, settings), "schedule")
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


@dataclass(frozen=True)
class _Task:
    """What is to be done for one ledger. due: events to record, stale: events whose recorded rows are to be made again.

    history_left: something of the first recording is not among what is due.
    """

    ledger: Ledger
    keys: tuple[str, ...]
    records: Records
    history_left: bool
    published: Mapping[str, Manifest | None]
    due: Mapping[str, Known]
    stale: Mapping[str, Record]

    @property
    def events(self) -> list[str]:
        """Partitions of the ledger's table that are read."""
        return sorted(self.due or self.stale)


def record(
    lake: Lake, ledger: Ledger, keys: Sequence[str], settings: Settings, now: datetime
) -> tuple[pa.Table, dict[str, dict[str, str]]]:
    """``record_all`` for one ledger."""
    [(rows, inputs)] = record_all(lake, [ledger], keys, settings, now)
    return rows, inputs


def record_all(
    lake: Lake, ledgers: Sequence[Ledger], keys: Sequence[str], settings: Settings, now: datetime
) -> Iterator[tuple[pa.Table, dict[str, dict[str, str]]]]:
    """For each ledger the rows of its partitions ``keys`` as they should be published, and what each consumed.

    They hold all that is recorded there and what is to be recorded now. Where nothing is, they are made again from what is published:
    the same rows, unless the tables were changed and that is not recorded yet; then publishing them is refused. Posts are read once
    for all ledgers.
    """
    tasks = [_task(lake, ledger, keys, settings, now) for ledger in ledgers]
    for task, safe in zip(tasks, _kept(lake, tasks), strict=True):
        already = [key for key in lake.partitions(task.ledger.table) if key in set(task.keys)]
        before = lake.read(task.ledger.table, already).combine_chunks()
        inputs = {key: dict(manifest.inputs) for key, manifest in lake.manifests(task.ledger.table, already).items() if manifest}
        if not task.due:
            yield _made_again(task, before, safe), inputs
        else:
            yield _recorded(lake, task, before, safe, inputs), inputs


def _task(lake: Lake, ledger: Ledger, keys: Sequence[str], settings: Settings, now: datetime) -> _Task:
    wanted, records, published = set(keys), records_of(lake, ledger), lake.manifests(ledger.source)
    unknown = _unrecorded(published, ledger, settings, now, records)
    due = {event: known for event, known in unknown.items() if known.key in wanted}
    stale: dict[str, Record] = {}
    if not due:
        last = {event: known[-1] for event, known in records.of_event.items() if known[-1].key in wanted and known[-1].key != hour_key(now)}
        stale = {event: one for event, one in last.items() if (found := published.get(event)) and found.data_version != one.version}
    left = any(known.basis == "schedule" and event not in due for event, known in unknown.items())
    return _Task(ledger, tuple(keys), records, left, published, due, stale)


def _recorded(lake: Lake, task: _Task, before: pa.Table, safe: _Rows, inputs: dict[str, dict[str, str]]) -> pa.Table:
    """All that is recorded and what is due; ``inputs`` are told of it."""
    ledger, parts = task.ledger, [before]
    fresh: list[tuple[str, pa.Table]] = []
    for event, told, rows in safe.pieces():
        known, prior, manifest = task.due[event], task.records.of_event.get(event, []), task.published[event]
        inputs.setdefault(known.key, {})[f"{ledger.source.path}@{event}"] = f"{manifest.data_version if manifest else ''} {told}"
        if not prior:
            fresh.append((event, rows))
        elif prior[-1].digest != told:
            parts.append(_added(ledger, _known_before(lake, ledger, event, prior), rows, known))
    if not task.records.begun:
        last = None if task.history_left else max(inputs)  # published after all others, see ``Lake.publish``
        for key, consumed in inputs.items():
            inputs[key] = {name: told for name, told in consumed.items() if name not in BEGINNING} | ({} if key == last else BEGINNING)
    counts = [rows.num_rows for _, rows in fresh]
    if fresh:
        new = pa.concat_tables([rows for _, rows in fresh]).append_column("change", pa.array(["recorded"] * sum(counts), pa.string()))
        parts.append(_told(new, [task.due[event] for event, _ in fresh], counts))
    names = ledger.table.schema.names
    return _as_declared(
        ledger, pa.concat_tables([part.select(names).replace_schema_metadata() for part in parts], promote_options="permissive")
    )


@dataclass(frozen=True)
class _Rows:
    """Rows of some partitions (``events``) of a ledger's table, one partition after the other. starts: (events + 1,)."""

    ledger: Ledger
    events: list[str]
    rows: pa.Table
    starts: list[int]

    def pieces(self) -> Iterator[tuple[str, str, pa.Table]]:
        """Each partition, the digest of its rows, its rows."""
        told = digests(self.rows, self.ledger.key, self.starts)
        for place, event in enumerate(self.events):
            yield event, told[place], self.rows.slice(self.starts[place], self.starts[place + 1] - self.starts[place])


def _by_event(ledger: Ledger, rows: pa.Table, events: list[str]) -> _Rows:
    """Rows put into the order of their events, of which there are no others."""
    timed = _timed(ledger)
    of_row = np.searchsorted(numbers(timed, events), numbers_of_times(timed, rows[ledger.event]))
    if np.any(of_row[1:] < of_row[:-1]):
        order = np.argsort(of_row, kind="stable")
        of_row, rows = of_row[order], rows.take(pa.array(order))
    return _Rows(ledger, events, rows, np.searchsorted(of_row, np.arange(len(events) + 1)).tolist())


def _kept(lake: Lake, tasks: Sequence[_Task]) -> Iterator[_Rows]:
    """Published rows of each ledger's table in the form that is kept. The posts behind their words are read once."""
    from trend_assets.lib.ledger.kept import kept, words_of
    from trend_assets.lib.ledger.voices import count_voices

    sources = [lake.read(task.ledger.source, task.events).combine_chunks() for task in tasks]
    words = [words_of(task.ledger, rows) if "topic_id" in rows.column_names else set() for task, rows in zip(tasks, sources, strict=True)]
    spoken = [number for number, found in enumerate(words) if found]
    voices = None
    if spoken:
        topics = set().union(*(pc.unique(sources[number]["topic_id"]).to_pylist() for number in spoken))
        hours = set().union(*(_hours_behind(tasks[number].ledger, tasks[number].events) for number in spoken))
        voices = count_voices(_posts(lake, sorted(hours)), topics, set().union(*words))
    for number, task in enumerate(tasks):
        safe = kept(task.ledger, sources[number], voices if words[number] else None)
        yield _by_event(task.ledger, safe, task.events)


def _hours_behind(ledger: Ledger, events: Sequence[str]) -> set[str]:
    """The 24 hours that end with each event."""
    from trend_assets.lib.ledger.voices import WINDOW_HOURS

    ends = [bounds(ledger.source, event)[1] for event in events]
    return {hour_key(hour) for hour in {hour for end in ends for hour in hours_between(end - WINDOW_HOURS * HOUR, end)}}


def _posts(lake: LakeReader, hours: Sequence[str]) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Posts and assignments of the hours, some hours at a time."""
    from trend_assets.lib.ledger.voices import ASSIGNED_COLUMNS, POST_COLUMNS

    for start in range(0, len(hours), HOURS_AT_ONCE):
        keys = hours[start : start + HOURS_AT_ONCE]
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
    changed = changes(before.select(rows.column_names).cast(rows.schema), rows, ledger.key)
    return _told(changed, [known], [changed.num_rows])


def _told(rows: pa.Table, known: Sequence[Known], counts: Sequence[int]) -> pa.Table:
    """Rows with from when on, and by what, they are known: so many of each, one after the other."""
    places = pa.array(np.repeat(np.arange(len(known)), counts))
    moments = pa.array([one.moment for one in known], pa.timestamp("us", tz="UTC")).take(places)
    return rows.append_column("knowledge_time", moments).append_column("basis", pa.array([one.basis for one in known]).take(places))


def _as_declared(ledger: Ledger, rows: pa.Table) -> pa.Table:
    return rows.select(ledger.table.schema.names).cast(ledger.table.schema)


def _made_again(task: _Task, before: pa.Table, safe: _Rows) -> pa.Table:
    """The recorded rows, those of events whose table says something else by now, unrecorded, as they would be made today."""
    ledger, rows = task.ledger, before
    for event, told, again in safe.pieces():
        if told == task.stale[event].digest:
            continue
        mine = _of_event(ledger, before, event)
        of_event = {(row["knowledge_time"], row["basis"]) for row in mine.select(OWN_COLUMNS).to_pylist()}
        moment, basis = max(of_event, default=(end_of_hour(task.stale[event].key) - HOUR, "schedule"))
        others = _of_event(ledger, rows, event, others=True)
        rows = pa.concat_tables([others, _as_declared(ledger, _added(ledger, again.slice(0, 0), again, Known(moment, basis)))])
    return rows


def known_at(lake: LakeReader, ledger: Ledger, moment: datetime, events: Iterable[str] | None = None) -> pa.Table:
    """Rows of the ledger's table as they were known at ``moment`` (aware), of the events given or all."""
    last = hour_key(moment)
    chosen = None if events is None else set(events)
    keys = sorted(
        {one.key for event, known in records_of(lake, ledger).of_event.items() if chosen is None or event in chosen for one in known}
    )
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
    """Rewind to the end of each knowledge hour (of ``keys``, or all) and compare with the digests written when it was recorded.

    Only what is known of the events of these hours is read. Events are rewound together: once for each time that any was recorded.
    """
    everything = records_of(lake, ledger).of_event
    chosen = None if keys is None else set(keys)
    asked = {event: known for event, known in everything.items() if chosen is None or any(one.key in chosen for one in known)}
    events = sorted(asked)
    rows = lake.read(ledger.table, None if chosen is None else sorted({one.key for known in asked.values() for one in known}))
    rows, untold = _of_events(ledger, rows.combine_chunks(), events, sorted(everything))
    checked, broken = 0, [f"{ledger.table.path}: rows of {event} that nothing tells of" for event in untold]
    for turn in range(max((len(known) for known in asked.values()), default=0)):
        told = _known_then(ledger, rows, {event: known[turn].key for event, known in asked.items() if turn < len(known)}, events)
        for event, found in told.items():
            one = asked[event][turn]
            if chosen is None or one.key in chosen:
                checked += 1
                if found != one.digest:
                    broken.append(f"{ledger.table.path} [{one.key}] of {event}")
    return Proof(checked, tuple(broken))


def _of_events(ledger: Ledger, rows: pa.Table, events: Sequence[str], recorded: Sequence[str]) -> tuple[pa.Table, list[str]]:
    """Rows of these events, and the events that have rows but no record."""
    timed = _timed(ledger)
    of_row = numbers_of_times(timed, rows[ledger.event])
    untold = np.setdiff1d(of_row, numbers(timed, recorded))
    mine = rows if len(events) == len(recorded) and not len(untold) else rows.filter(pa.array(np.isin(of_row, numbers(timed, events))))
    return mine, [key_of_number(timed, int(number)) for number in untold]


def _known_then(ledger: Ledger, rows: pa.Table, hours: Mapping[str, str], events: list[str]) -> dict[str, str]:
    """The digest of each event's rows as they were known at the end of its knowledge hour in ``hours``."""
    timed = _timed(ledger)
    microsecond = timedelta(microseconds=1)
    ends = np.array([(end_of_hour(hours[event]) - EPOCH) // microsecond if event in hours else 0 for event in events], np.int64)
    of_row = np.searchsorted(numbers(timed, events), numbers_of_times(timed, rows[ledger.event]))
    then = rows.filter(pa.array(rows["knowledge_time"].cast(pa.int64()).to_numpy() < ends[of_row]))
    schema = [column.name for column in ledger.source.columns if column.name not in ledger.dropped]
    found = as_of_rows(then, datetime.max.replace(tzinfo=UTC), ledger.key).select(schema).replace_schema_metadata()
    return {event: told for event, told, _ in _by_event(ledger, found, events).pieces() if event in hours}


def _timed(ledger: Ledger) -> Table:
    """The ledger as a table that is split by event instead of knowledge."""
    from dataclasses import replace

    return replace(ledger.table, partition=ledger.source.partition, time=ledger.event)
