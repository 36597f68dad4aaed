"""Filling gaps: what a collector missed is asked for after all, where the source's search still has it.

What belongs here: which intervals, in which pieces, what is landed, what is written down when. What doesn't: asking the network
(``XSource.backfill``), noticing gaps, options and printing (``commands/backfill.py``).

Live is not backfill: search leaves out some posts (reposts, what was deleted since), and the engagement it tells is that of now. So records
land with the moment at which they were fetched as ``received_at`` (``captured_at`` of the raw tables), and with a request id that begins
with ``backfill/``. A piece is published before it is noted as done, and a gap is marked as filled after the last of its pieces: a kill
in between fetches one piece again, whose posts are duplicates.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from trend_assets.collect.gaps import GapLedger, RecordedGap
from trend_assets.collect.source import Batch, Gap, Received
from trend_assets.landing.files import LandingRecord

if TYPE_CHECKING:
    from trend_assets.collect.x.client import XClient
    from trend_assets.collect.x.rules import Rule
    from trend_assets.lake.storage import Storage

FILE = "backfill.json"
PIECE = timedelta(hours=6)
"""Longest interval that is fetched before it is noted as done: what a kill costs at most."""
FRESHEST = timedelta(minutes=1)
"""Search finds posts some seconds after they were written: nothing newer is asked for."""
FLUSH_RECORDS = 5_000
ATTEMPTS = 8
REQUEST = "backfill/"
"""How request ids of what was fetched afterwards begin."""

_ALMOST_A_SECOND = timedelta(microseconds=999_999)
Interval = tuple[datetime, datetime]


class Searching(Protocol):
    """A source that can be asked for the past. ``kind``: which of its searches."""

    name: str
    network: str

    def backfill(self, begin: datetime, end: datetime, kind: Any) -> AsyncIterator[Batch | Gap]:
        """Records of [begin, end); a ``Gap`` for what cannot be had."""


class Writer(Protocol):
    """Where records land; see ``LandingWriter``."""

    def add(self, record: LandingRecord) -> None:
        """Buffer a record."""

    def flush(self) -> list[str]:
        """Publish what is buffered."""


class Progress(msgspec.Struct, frozen=True):
    """What is done of what was asked: ``asked`` names it, so that something else starts anew."""

    asked: str
    done: list[Interval] = []


class ProgressFile:
    """The progress of one source's backfill under ``SOURCE/backfill.json``; a damaged file is no progress: pieces are fetched again."""

    def __init__(self, storage: Storage, source: str) -> None:
        self._storage, self._path = storage, f"{source}/{FILE}"

    def read(self, asked: str) -> list[Interval]:
        """The intervals done of what was asked."""
        try:
            found = msgspec.json.decode(self._storage.read(self._path), type=Progress)
        except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
            return []
        return found.done if found.asked == asked else []

    def write(self, asked: str, done: Sequence[Interval]) -> None:
        """Replace the file. Raises ``OSError`` from the storage, ``ConflictError`` where somebody else does so at the same time."""
        try:
            _, generation = self._storage.read_with_generation(self._path)
        except FileNotFoundError:
            generation = None
        self._storage.compare_and_swap(self._path, msgspec.json.encode(Progress(asked, list(done))), generation)


class Step(msgspec.Struct, frozen=True):
    """After a piece: which of how many, records landed by it, what of it could not be had."""

    number: int
    pieces: int
    piece: Interval
    records: int
    missing: list[Gap]


class Report(msgspec.Struct):
    """What a backfill did. unreachable: parts that the search does not have; stopped: why it ended before the last piece, empty if not."""

    records: int = 0
    filled: int = 0
    unreachable: list[Gap] = []
    stopped: str = ""


class Backfill:
    """One run over the intervals. transient: errors after which a piece is tried again, ``wait`` says when (or None: give up).

    between: called before each piece, and may raise: it renews a lease, looks at the budget. clock: now (aware).
    """

    def __init__(
        self,
        source: Searching,
        ledger: GapLedger,
        writer: Writer,
        progress: ProgressFile,
        *,
        kind: str,
        clock: Callable[[], datetime],
        transient: tuple[type[Exception], ...] = (),
        wait: Callable[[Exception], float | None] = lambda error: None,  # noqa: ARG005
        between: Callable[[], Awaitable[None]] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        told: Callable[[Step], None] = lambda step: None,  # noqa: ARG005
    ) -> None:
        self._source, self._ledger, self._writer, self._progress = source, ledger, writer, progress
        self._kind, self._clock, self._sleep, self._told = kind, clock, sleep, told
        self._transient, self._wait, self._between = transient, wait, between

    async def run(self, intervals: Sequence[Interval], gaps: Sequence[RecordedGap], asked: str) -> Report:
        """Fetch the intervals, oldest first, and mark the gaps that they fill. asked: names what is asked for, see ``Progress``.

        Where search reaches only a part of a gap, the rest becomes a gap of its own. Raises ``OSError`` where nothing can be published,
        and what the source raises that is not transient.
        """
        wanted = joined(
            (_second(begin), min(_second(end + _ALMOST_A_SECOND), _second(self._clock() - FRESHEST))) for begin, end in intervals
        )
        asked = f"{self._kind} {asked}"
        done = self._progress.read(asked)
        pieces = [piece for piece in in_pieces(wanted) if not _within(piece, done)]
        report, left = Report(), list(gaps)
        for number, piece in enumerate(pieces, 1):
            if self._between is not None:
                await self._between()
            try:
                records, missing = await self._patiently(piece)
            except self._transient as error:
                report.stopped = str(error) or type(error).__name__
                return report
            report.records += records
            self._told(Step(number, len(pieces), piece, records, missing))
            done = joined([*done, *without([piece], [(gap.begin, gap.end) for gap in missing])])
            self._progress.write(asked, done)
            left = self._mark(left, done, report)
            report.unreachable += [gap for gap in missing if gap.reason != "budget"]
            if bought_out := [gap for gap in missing if gap.reason == "budget"]:
                report.stopped = bought_out[0].detail
                return report
        self._split(left, done, report)
        self._progress.write("", [])
        return report

    async def _patiently(self, piece: Interval) -> tuple[int, list[Gap]]:
        """A piece, tried again after transient errors; what it landed before an error is landed again: duplicates."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._fetch(piece)
            except self._transient as error:
                seconds = self._wait(error)
                if seconds is None or attempt == ATTEMPTS:
                    raise
                await self._sleep(seconds)

    async def _fetch(self, piece: Interval) -> tuple[int, list[Gap]]:
        """Ask for a piece and land it; what could not be had of it."""
        records, buffered, missing = 0, 0, []
        async for item in self._source.backfill(*piece, self._kind):
            if isinstance(item, Gap):
                missing.append(item)
                continue
            for record in item.records:
                self._writer.add(self._landing(record, item.received_at))
            records, buffered = records + len(item.records), buffered + len(item.records)
            if buffered >= FLUSH_RECORDS:
                buffered = 0
                await asyncio.to_thread(self._writer.flush)
        await asyncio.to_thread(self._writer.flush)
        return records, missing

    def _landing(self, record: Received, received_at: datetime) -> LandingRecord:
        request = f"{REQUEST}{record.request_id}"
        return LandingRecord(
            self._source.network, self._source.name, received_at, request, record.kind, record.body, record.includes, record.created_at
        )

    def _mark(self, gaps: list[RecordedGap], done: Sequence[Interval], report: Report) -> list[RecordedGap]:
        """Write down which gaps are filled; returns the others."""
        filled = [one for one in gaps if _within((one.gap.begin, one.gap.end), done)]
        if filled:
            self._ledger.backfilled(filled)
            report.filled += len(filled)
        return [one for one in gaps if one not in filled]

    def _split(self, gaps: Sequence[RecordedGap], done: Sequence[Interval], report: Report) -> None:
        """Of a gap filled in part the rest is a gap. It is recorded first: a kill in between leaves both, which claims too little."""
        for one in gaps:
            whole = [(one.gap.begin, one.gap.end)]
            rest = without(whole, done)
            if rest == whole:
                continue
            detail = f"the rest of a gap that was filled in part: {one.gap.detail or one.gap.reason}"
            self._ledger.record([Gap(begin, end, one.gap.reason, detail) for begin, end in rest])
            self._ledger.backfilled([one])
            report.filled += 1


def joined(intervals: Iterable[Interval]) -> list[Interval]:
    """The union as disjoint intervals in order of time; those of no length are left out."""
    result: list[Interval] = []
    for begin, end in sorted(intervals):
        if begin >= end:
            continue
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((begin, end))
    return result


def without(intervals: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """What of the intervals no taken one covers."""
    rest = joined(intervals)
    for begin, end in joined(taken):
        rest = [part for one in rest for part in ((one[0], min(one[1], begin)), (max(one[0], end), one[1])) if part[0] < part[1]]
    return rest


def in_pieces(intervals: Iterable[Interval]) -> list[Interval]:
    """The intervals cut at PIECE, oldest first: what search forgets first is fetched first."""
    pieces = []
    for begin, end in joined(intervals):
        start = begin
        while start < end:
            pieces.append((start, min(start + PIECE, end)))
            start += PIECE
    return pieces


def _second(moment: datetime) -> datetime:
    """The whole second before: networks are asked in whole seconds."""
    return moment.replace(microsecond=0)


def _within(interval: Interval, done: Sequence[Interval]) -> bool:
    return not without([interval], done)


class Estimate(msgspec.Struct, frozen=True):
    """Posts that X counts in the intervals, of ``asked`` rules (those that counts can be asked for), and what they would cost."""

    posts: int
    cost: float
    asked: int


async def estimate(client: XClient, rules: Sequence[Rule], intervals: Sequence[Interval], kind: str, reach: datetime | None) -> Estimate:
    """What fetching would bring, from X's own counts: one charged request for each rule and interval (more where it is long).

    kind: search_recent or search_all. reach: the earliest moment that may be asked for. Expansions (authors, posts referred to) come on
    top of the cost. Raises what the client raises, ``BudgetExceededError`` included.
    """
    from trend_assets.collect.x.ledger import Purchase
    from trend_assets.collect.x.rules import fits

    counts = kind.replace("search", "counts")
    posts, asked = 0, 0
    for rule in rules:
        if fits(rule, kind) or fits(rule, counts):
            continue
        asked += 1
        for begin, end in intervals:
            first = max(begin, reach) if reach is not None else begin
            if first < end:
                async for _, page in client.counts(rule.value, Purchase(counts, rule.tag, rule.topic), start=first, end=end):
                    posts += sum(bucket.posts for bucket in page.data if bucket.start < end and bucket.end > first)
    return Estimate(posts, client.purse.prices.cost(kind, 0, posts, 0), asked)
