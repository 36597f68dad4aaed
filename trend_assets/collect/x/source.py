"""X as a source of the collector: the filtered stream, polled search, or counts with samples of what breaks out.

What belongs here: when to ask what, what to do when it fails, gaps, cursors. What doesn't: requests (``client``), arithmetic
(``portfolio``, ``budget``), publishing (the collector).

Bytes are landed as received: lines of the stream whole, posts of a page each on their own with the part of ``includes`` they need.
Heartbeats (empty batches) come as long as the source is alive, also while it waits for X, then with ``alive=False``; that nothing is
received meanwhile is said by gaps, one for each PIECE_SECONDS of an outage and one more at its end.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import httpx
import msgspec

from trend_assets.collect.source import Batch, Gap, Received, SourceRefusedError
from trend_assets.collect.x.backoff import BackOff
from trend_assets.collect.x.budget import BudgetExceededError
from trend_assets.collect.x.client import (
    CreditsError,
    NetworkError,
    Page,
    RateLimitedError,
    RefusedError,
    ServerError,
    XClient,
    XError,
    in_words,
)
from trend_assets.collect.x.framing import Framer, LineTooLongError
from trend_assets.collect.x.ledger import Purchase
from trend_assets.collect.x.portfolio import Stratum, break_out, breaks_out, sampling_plan
from trend_assets.collect.x.responses import Bucket, StreamLine, decode_stream_line
from trend_assets.collect.x.rules import Rule, RulesError, difference, searchable
from trend_assets.lib.sources import edge

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from trend_assets.settings import Settings

Mode = Literal["stream", "search", "counts"]
DELIVERY_LAG = timedelta(seconds=10)
"""X delivers a post some seconds after it was written: before a connection breaks, so much may be missing already."""
PIECE_SECONDS = 300.0
FLUSH_SECONDS = 60.0
BUDGET_SECONDS = 30.0
"""How often a stopped source looks whether the day has turned."""
LOOK_BACK = timedelta(days=7) - timedelta(minutes=5)
"""How far recent search and recent counts reach."""
SEARCH_DELAY = timedelta(seconds=30)
"""X finds posts some seconds after they were written; end_time must be 10 s in the past."""
COUNT_DELAY = timedelta(minutes=2)
STRATA_HOURS = 3
QUEUED_CHUNKS = 64
REMEMBERED = 100_000

Item = Batch | Gap
_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class _Poll(msgspec.Struct, omit_defaults=True):
    """Where the search of one rule stands: everything before ``until`` was delivered. Of a pass under way over [begin, end): the token of
    its next page, the time of the oldest post received, and the upper bound that is asked for instead of ``end`` where a token was lost.

    Bounds are times alone: X refuses ids beside them, and ids older than its search reaches."""

    until: datetime | None = None
    begin: datetime | None = None
    end: datetime | None = None
    token: str | None = None
    oldest: datetime | None = None
    below: datetime | None = None


class _Counted(msgspec.Struct):
    """Until when the counts of a term are landed, and of what query: another query is another series."""

    query: str
    until: datetime


class Cursor(msgspec.Struct, omit_defaults=True):
    """What a collector keeps for us between runs. received: newest moment until which a stream was whole. counted: end of the last hour
    whose counts are complete; terms: until when those of each tag are; done: tags counted in the hour after it; bursts: their last hours
    where they break out; sampled: of those, the ones bought."""

    mode: Mode
    received: datetime | None = None
    polls: dict[str, _Poll] = {}
    counted: datetime | None = None
    terms: dict[str, _Counted] = {}
    done: list[str] = []
    bursts: dict[str, list[int]] = {}
    sampled: list[str] = []


class _Outage:
    """An interval in which nothing is received, told in pieces."""

    def __init__(self, begin: datetime, reason: str, detail: str) -> None:
        self.told_until = begin
        self.reason = reason
        self.detail = detail

    def piece(self, end: datetime) -> Gap:
        gap = Gap(min(self.told_until, end), end, self.reason, self.detail)
        self.told_until = max(self.told_until, end)
        return gap

    def is_due(self, now: datetime) -> bool:
        return (now - self.told_until).total_seconds() >= PIECE_SECONDS


class XSource:
    """Posts of X by rules. Not to be shared: one ``batches`` at a time.

    mode: stream, search (every ``poll_seconds``) or counts (hourly, with at most ``sample_posts`` posts of each term that breaks out).
    reconciled: whether the ledger is held against X's own count once at the start (``reconcile``).
    backfill_minutes: 0 to 5, where X allows it (Enterprise): posts of that long before a reconnection come again. clock: aware, UTC.
    """

    name = "x"
    network = "x"

    def __init__(
        self,
        client: XClient,
        rules: Sequence[Rule],
        mode: Mode = "stream",
        *,
        backfill_minutes: int = 0,
        poll_seconds: float = 300.0,
        sample_posts: int = 100,
        stall_seconds: float = 21.0,
        reconciled: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        kind = {"search": "search_recent", "counts": "counts_recent"}.get(mode, "stream")
        _, faults = searchable(rules, kind)
        if faults:
            raise RulesError(f"rules that mode {mode} cannot ask for: {'; '.join(faults)}")
        self._client = client
        self._purse = client.purse
        self._rules = list(rules)
        self._by_tag = {rule.tag: rule for rule in rules}
        self._mode: Mode = mode
        self.replays = mode != "stream"
        self._backfill = timedelta(minutes=backfill_minutes)
        self._poll_seconds = poll_seconds
        self._sample_posts = sample_posts
        self._beat = stall_seconds / 3
        self._clock = clock
        self._sleep = sleep
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._flushed_at = clock()
        self._outage: _Outage | None = None
        self.paused = False
        """Whether nothing is asked of X because a budget is used."""
        self._to_reconcile = reconciled
        self._reconciling: asyncio.Task[None] | None = None
        self.repeated = 0
        self.notices: list[str] = []
        """What a person should know, newest last: rules X refused, budgets used up."""

    async def batches(self, cursor: str | None) -> AsyncIterator[Item]:
        """Batches, gaps and heartbeats from after ``cursor`` on, for ever.

        Raises ``SourceRefusedError`` for what no waiting will mend: a wrong token, a rule that X does not understand.
        """
        state = self._restored(cursor)
        self._outage, self.paused = None, False
        if self._to_reconcile:
            self._to_reconcile = False
            self._reconciling = asyncio.ensure_future(self._reconcile_quietly())
        modes = {"stream": self._stream, "search": self._search, "counts": self._counts}
        try:
            async with aclosing(modes[self._mode](state)) as items:
                async for item in items:
                    yield item
                    if (self._clock() - self._flushed_at).total_seconds() >= FLUSH_SECONDS:
                        await self._flush()
        except (RefusedError, RulesError) as error:
            raise SourceRefusedError(f"X refuses what it is asked: {error} (docs/x.md)") from error

    async def acknowledge(self, cursor: str | None) -> None:  # noqa: ARG002 (X keeps no position for us)
        """Write down what was bought for what is published now."""
        if (self._clock() - self._flushed_at).total_seconds() >= FLUSH_SECONDS:
            await self._flush()

    async def close(self) -> None:
        """Publish the ledger, close connections."""
        if self._reconciling is not None:
            self._reconciling.cancel()
        try:
            await self._flush()
        finally:
            await self._client.close()

    def register_figures(self, registry: CollectorRegistry) -> None:
        """Show on a registry's page what was spent and whether buying has stopped."""
        from trend_assets.collect.x.metrics import SpendingFigures

        SpendingFigures(self._purse, self._clock).register(registry)

    async def reconcile(self) -> int:
        """Add to the ledger what X counted beyond it this month (a killed process); returns the posts added."""
        usage = await self._client.usage()
        return self._purse.ledger.correct(usage.days, self._clock())

    async def _reconcile_quietly(self) -> None:
        try:
            added = await self.reconcile()
        except XError as error:
            self._notice(f"the ledger could not be held against X's own count: {error}")
        else:
            if added:
                self._notice(f"X counted {added:,} posts this month that the ledger had not: added")

    def _notice(self, text: str) -> None:
        _log.warning(text, extra={"source": self.name})
        self.notices = [*self.notices[-9:], text]

    async def backfill(
        self, begin: datetime, end: datetime, kind: Literal["search_recent", "search_all"] = "search_recent"
    ) -> AsyncIterator[Item]:
        """Posts of a gap by search, rule by rule; their figures are of today, and X's search leaves reposts out of some queries.

        Yields a Gap for what cannot be had: older than recent search reaches, or beyond the budget. Raises ``RulesError`` before anything
        is bought where search cannot ask for a rule (``rules.searchable`` leaves those out): no interval would ever be whole.
        """
        _, faults = searchable(self._rules, kind)
        if faults:
            raise RulesError(f"rules that {kind} cannot ask for: {'; '.join(faults)}")
        reach = self._clock() - LOOK_BACK
        if kind == "search_recent" and begin < reach:
            yield Gap(begin, min(end, reach), "look_back", "recent search reaches 7 days")
            begin = reach
        if begin >= end:
            return
        for rule in self._rules:
            pages = self._client.search(rule.value, Purchase(kind, rule.tag, rule.topic), start=begin, end=end)
            try:
                async for found in pages:
                    yield Batch(self._records(found, rule, kind), None, self._clock())
            except BudgetExceededError as error:
                yield Gap(begin, end, "budget", f"{rule.tag}: {error}")
                return

    # Filtered stream

    async def _stream(self, state: Cursor) -> AsyncGenerator[Item, None]:
        purchase = Purchase("stream")
        if state.received is not None:
            self._outage = _Outage(state.received - DELIVERY_LAG, "disconnect", "the collector was stopped")
        back_off = BackOff()
        rules_there = False
        while True:
            wait = 0.0
            try:
                self._purse.check(purchase, posts=1)
                if not rules_there:
                    async for item in self._while(self._apply_rules(), state):
                        yield item
                    rules_there = True
                async for item in self._connected(purchase, state, back_off):
                    yield item
            except _Broken as broken:
                self._missing_since(broken.since, broken.reason, broken.detail)
                wait = self._wait(broken, back_off)
            except BudgetExceededError as error:
                self._missing_since(state.received, "budget", str(error)).reason = "budget"
                async for item in self._until_affordable(error, state):
                    yield item
            except (NetworkError, ServerError, RateLimitedError, CreditsError) as error:  # of the rules: nothing was connected yet
                self._missing_since(state.received, _reason(error), str(error))
                wait = back_off.http() if isinstance(error, CreditsError) else self._client.wait_after(error, back_off)
            async for item in self._pause(wait, state, failed=True):
                yield item

    def _missing_since(self, since: datetime | None, reason: str, detail: str) -> _Outage:
        """The outage under way, or a new one from shortly before the last sign of life on."""
        if self._outage is None:
            begin = self._clock() if since is None else since - DELIVERY_LAG
            self._outage = _Outage(begin, reason, detail)
        return self._outage

    async def _connected(self, purchase: Purchase, state: Cursor, back_off: BackOff) -> AsyncIterator[Item]:
        """Everything of one connection. Ends with ``_Broken``, ``BudgetExceededError`` or ``RefusedError``."""
        events: asyncio.Queue[datetime | bytes | Exception] = asyncio.Queue(QUEUED_CHUNKS)
        reader = asyncio.ensure_future(self._read(purchase, events))
        framer = Framer()
        since: datetime | None = None
        try:
            async for event in self._events(events, state):
                if isinstance(event, Batch | Gap):
                    yield event
                elif isinstance(event, datetime):
                    since = state.received = event
                    for gap in self._closed(event):
                        yield gap
                elif isinstance(event, bytes):
                    back_off.reset()
                    since = state.received = self._clock()
                    batch, last = self._lines(framer.feed(event), purchase, state)
                    if batch.records:
                        yield batch
                    if last:
                        raise _Broken("operational", last, since)
                    self._purse.check(purchase, posts=1)
                else:
                    if framer.rest():
                        yield self._batch([Received(framer.rest(), "truncated", request_id="x/stream")], state)
                    raise self._broken(event, since, bool(framer.rest()))
        except LineTooLongError as error:
            raise _Broken("operational", str(error), since) from error
        finally:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader

    async def _events(self, events: asyncio.Queue[Any], state: Cursor) -> AsyncIterator[Any]:
        """What the reader says, with heartbeats and pieces of the outage where it says nothing for a while."""
        while True:
            try:
                yield await asyncio.wait_for(events.get(), self._beat)
            except TimeoutError:
                yield self._heartbeat(state)
                for gap in self._due():
                    yield gap

    async def _read(self, purchase: Purchase, events: asyncio.Queue[datetime | bytes | Exception]) -> None:
        """Chunks of a connection into the queue, which holds the server back when it is full; at the end why it ended."""
        try:
            async with self._client.stream(purchase, int(self._backfill.total_seconds() // 60)) as response:
                await events.put(self._clock())
                async for chunk in response.aiter_bytes():
                    await events.put(chunk)
            await events.put(NetworkError("the server closed the connection"))
        except Exception as error:  # whatever it is: without it the other end would wait, and beat, for ever
            await events.put(error)

    def _lines(self, lines: Sequence[bytes], purchase: Purchase, state: Cursor) -> tuple[Batch, str]:
        """The records of some lines, paid for, and why the server is about to hang up (empty: it is not)."""
        records: list[Received] = []
        last = ""
        for line in lines:
            try:
                known = decode_stream_line(line)
            except msgspec.MsgspecError:
                # Landed all the same, the decoder says what is wrong with it; and most likely a post that X charges.
                known = StreamLine()
                self._purse.pay(purchase, posts=[hashlib.sha256(line).hexdigest()])
            last = known.disconnects or last
            if known.data is not None:
                post = str(known.data.id)
                self._pay_for(known, post, purchase)
                if self._is_repeated(post):
                    continue
            records += [
                Received(record.body, record.kind, record.created_at, record.includes, "x/stream") for record in edge.records_of("x", line)
            ]
        return self._batch(records, state), last

    def _pay_for(self, line: StreamLine, post: str, purchase: Purchase) -> None:
        """A post is paid for once, by the first rule that it matched."""
        tags = [rule.tag for rule in line.matching_rules if rule.tag in self._by_tag]
        rule = self._by_tag[tags[0]] if tags and tags[0] else None
        self._purse.pay(
            purchase if rule is None else Purchase(purchase.kind, rule.tag, rule.topic),
            posts=[post],
            users=[str(user.id) for user in line.includes.users],
            included=[str(other.id) for other in (*line.includes.tweets, *line.includes.posts)],
        )

    def _is_repeated(self, post: str) -> bool:
        """Whether backfill brought a post that this process has given out before."""
        if not self._backfill:
            return False
        if post in self._recent:
            self.repeated += 1
            return True
        self._recent[post] = None
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        return False

    def _closed(self, now: datetime) -> list[Gap]:
        """What remains missing of the outage after a connection was made: nothing where backfill covers it."""
        outage, self._outage = self._outage, None
        if outage is None:
            return []
        # A minute of margin: X counts backfill in whole minutes.
        covered = max(self._backfill - timedelta(minutes=1), timedelta())
        end = now - covered
        return [outage.piece(end)] if outage.told_until < end else []

    def _broken(self, error: Exception, since: datetime | None, cut_off: bool) -> Exception:
        """The exception that an error of the reader becomes."""
        if isinstance(error, RefusedError | BudgetExceededError) or not isinstance(error, XError | httpx.HTTPError):
            return error  # one that nobody foresaw is the collector's: it says so, and starts us again
        if isinstance(error, httpx.ReadTimeout):
            return _Broken("stall", "neither posts nor keep-alives", since, error)
        detail = str(error) if isinstance(error, XError) else in_words(error)
        return _Broken("truncated" if cut_off else _reason(error), detail, since, error)

    def _wait(self, broken: _Broken, back_off: BackOff) -> float:
        error = broken.error
        if isinstance(error, RateLimitedError):
            return self._client.wait_after(error, back_off)
        if isinstance(error, ServerError | CreditsError):
            return back_off.http()
        # An established connection is tried again at once, one that could not be made after a while.
        return back_off.lost() if broken.since is not None else back_off.network()

    async def _apply_rules(self) -> None:
        """Make the server's rules ours."""
        delete, add = difference(self._rules, await self._client.rules())
        problems = await self._client.change_rules(delete, add) if delete or add else []
        refused = [problem.words for problem in problems if "duplicate" not in (problem.title or "").lower()]
        if refused:
            raise RulesError(f"X refuses {len(refused)} of our rules: {'; '.join(refused[:10])}")

    # Search

    async def _search(self, state: Cursor) -> AsyncGenerator[Item, None]:
        while True:
            started = self._clock()
            for rule in self._rules:
                async for item in self._poll(rule, state.polls.setdefault(rule.tag, _Poll()), state):
                    yield item
            rest = self._poll_seconds - (self._clock() - started).total_seconds()
            async for item in self._pause(max(rest, 0.0), state):
                yield item

    async def _poll(self, rule: Rule, poll: _Poll, state: Cursor) -> AsyncIterator[Item]:
        """One pass over what a rule has new; interrupted ones go on from their last page."""
        purchase = Purchase("search_recent", rule.tag, rule.topic)
        self._begin_pass(poll)
        back_off = BackOff()
        lost_at: datetime | None = None
        while True:
            for gap in self._too_old(rule, poll):
                yield gap
            begin, end = self._begin_pass(poll)
            if begin >= end:  # within a second of the last pass, or all that is left is too old
                self._end_pass(poll)
                yield self._batch([], state)
                return
            pages = self._client.search(rule.value, purchase, start=begin, end=end, next_token=poll.token)
            try:
                async for item in self._pages(pages, rule, poll, state):
                    yield item
            except BudgetExceededError as error:
                async for item in self._not_bought(error, state, poll.until or begin):
                    yield item
                # What came meanwhile is not bought: the gap says so, and a day's backlog would use up the next day.
                poll.end = self._searchable()
                self._end_pass(poll)
                return
            except RefusedError:
                got_to = poll.oldest or begin
                if poll.token is None or got_to == lost_at:
                    raise
                lost_at = got_to
                self._lose_token(poll)
            except XError as error:
                async for item in self._pause(self._client.wait_after(error, back_off), state, failed=True):
                    yield item
            else:
                self._end_pass(poll)
                yield self._batch([], state)
                return

    def _searchable(self) -> datetime:
        """Until when posts can be found by now. A whole second, as X is asked: the next pass begins exactly there."""
        return (self._clock() - SEARCH_DELAY).replace(microsecond=0)

    def _begin_pass(self, poll: _Poll) -> tuple[datetime, datetime]:
        """The bounds that the pass under way asks with; a new one begins where the last ended."""
        if poll.end is None or poll.begin is None:
            poll.end = self._searchable()
            poll.begin = poll.until or poll.end - timedelta(seconds=self._poll_seconds)
        return poll.begin, poll.below or poll.end

    @staticmethod
    def _lose_token(poll: _Poll) -> None:
        """X no longer knows it: go on from the second of the oldest post we have, whose posts may come twice."""
        poll.token = None
        if poll.oldest is not None and poll.end is not None:
            poll.below = min(poll.end, poll.oldest.replace(microsecond=0) + timedelta(seconds=1))

    def _too_old(self, rule: Rule, poll: _Poll) -> list[Gap]:
        """Lets go of what is older than search reaches. While a token is held X decides: it knew the bounds when they were in reach."""
        reach = (self._clock() - LOOK_BACK).replace(microsecond=0)
        if poll.begin is None or poll.end is None or poll.begin >= reach or poll.token is not None:
            return []
        # Of a pass that lost its token, what is at or after ``below`` has been received.
        let_go = min(reach, poll.below or poll.end)
        missing = Gap(poll.begin, let_go, "look_back", f"{rule.tag}: recent search reaches 7 days")
        poll.begin = poll.until = let_go
        return [missing]

    @staticmethod
    def _end_pass(poll: _Poll) -> None:
        poll.until = poll.end
        poll.begin = poll.end = poll.token = poll.oldest = poll.below = None

    async def _pages(self, pages: AsyncIterator[Page], rule: Rule, poll: _Poll, state: Cursor) -> AsyncIterator[Item]:
        while True:
            found: Page | None = None
            async for item in self._results(_next(pages), state):
                if isinstance(item, Batch):
                    yield item
                else:
                    found = item
            if found is None:
                return
            received = self._records(found, rule, "search_recent")
            moments = [record.created_at for record in received if record.kind == "post" and record.created_at is not None]
            poll.oldest = min([*moments, *([poll.oldest] if poll.oldest is not None else [])], default=None)
            poll.token = found.page.meta.next_token
            yield self._batch(received, state)

    def _records(self, found: Page, rule: Rule, kind: str, about: dict[str, Any] | None = None) -> list[Received]:
        """A page's posts and errors as they are landed; each says which rule found it."""
        request = f"x/{kind}/{found.request_id}".rstrip("/")
        records = []
        for record in edge.records_of("x", found.body):
            if record.kind == "other" and not found.page.data:
                continue  # a page without posts
            includes = _with_rule(record.includes, rule, about) if record.kind == "post" else record.includes
            records.append(Received(record.body, record.kind, record.created_at, includes, request))
        return records

    # Counts, and samples of what breaks out

    async def _counts(self, state: Cursor) -> AsyncGenerator[Item, None]:
        while True:
            hour = (self._clock() - COUNT_DELAY).replace(minute=0, second=0, microsecond=0)
            if state.counted is not None and state.counted >= hour:
                due = state.counted + timedelta(hours=1) + COUNT_DELAY
                async for item in self._pause(max((due - self._clock()).total_seconds(), 1.0), state):
                    yield item
                continue
            reach = self._clock() - LOOK_BACK
            if state.counted is not None and state.counted < reach:
                yield Gap(state.counted, reach, "look_back", "recent counts reach 7 days")
            for rule in self._rules:
                if rule.tag not in state.done:
                    async for item in self._patiently(partial(self._count, rule, hour, state), state):
                        yield item
                    state.done.append(rule.tag)
            # Where the budget ends, the strongest bursts were bought.
            for tag in sorted(state.bursts, key=lambda tag: (-state.bursts[tag][-1], tag)):
                if tag not in state.sampled and tag in self._by_tag:
                    async for item in self._patiently(partial(self._sample, self._by_tag[tag], hour, state), state):
                        yield item
                    state.sampled.append(tag)
            state.counted, state.done, state.bursts, state.sampled = hour, [], {}, []
            state.terms = {tag: known for tag, known in state.terms.items() if known.until > hour - LOOK_BACK}
            yield self._batch([], state)

    async def _count(self, rule: Rule, hour: datetime, state: Cursor) -> AsyncIterator[Item]:
        """The counts of a rule until ``hour``: new ones are landed, of a new rule a week; the week decides whether it breaks out."""
        purchase = Purchase("counts_recent", rule.tag, rule.topic)
        known = state.terms.get(rule.tag)
        landed = known.until if known is not None and known.query == rule.value else None
        buckets: list[Bucket] = []
        records: list[Received] = []
        pages = self._client.counts(rule.value, purchase, end=hour)
        while True:
            found = None
            async for item in self._results(_next(pages), state):
                if isinstance(item, Batch):
                    yield item
                else:
                    found = item
            if found is None:
                break
            body, page = found
            buckets += page.data
            for record in edge.records_of("x", body):
                if record.kind == "count":
                    bucket = msgspec.json.decode(record.body, type=Bucket)
                    if bucket.end > hour or (landed is not None and bucket.end <= landed):
                        continue
                records.append(Received(record.body, record.kind, None, _of_term(rule), "x/counts_recent"))
        whole = sorted((bucket for bucket in buckets if bucket.end <= hour), key=lambda bucket: bucket.start)
        series = [bucket.posts for bucket in whole if bucket.end - bucket.start == timedelta(hours=1)]
        if whole and whole[-1].end == hour and breaks_out(series):
            state.bursts[rule.tag] = [*series[-STRATA_HOURS:], round(100 * break_out(series))]
        state.terms[rule.tag] = _Counted(rule.value, hour)
        yield self._batch(records, state)

    async def _sample(self, rule: Rule, hour: datetime, state: Cursor) -> AsyncIterator[Item]:
        """Posts of a term that breaks out, by the plan; each with the number of posts it stands for."""
        purchase = Purchase("search_recent", rule.tag, rule.topic)
        *posts, _ = state.bursts[rule.tag]
        starts = [hour - timedelta(hours=len(posts) - place) for place in range(len(posts))]
        strata = [Stratum(start, start + timedelta(hours=1), number) for start, number in zip(starts, posts, strict=True)]
        left = self._purse.posts_left(purchase)
        plan = sampling_plan(rule.tag, strata, self._sample_posts if left is None else min(left, self._sample_posts), hour.isoformat())
        if not plan:
            self._notice(f"{rule.tag} breaks out and no post of it is bought: budgets and the plan's cap allow {left} more")
        drawn = {stratum.start: sum(draw.size for draw in plan if draw.stratum == stratum) for stratum in strata}
        for draw in plan:
            about = {"stratum_start": draw.stratum.start.isoformat(), "posts": draw.stratum.posts, "drawn": drawn[draw.stratum.start]}
            pages = self._client.search(rule.value, purchase, start=draw.start, end=draw.end, page_size=max(draw.size, 10))
            bought = 0
            while bought < draw.size:
                found: Page | None = None
                async for item in self._results(_next(pages), state):
                    if isinstance(item, Batch):
                        yield item
                    else:
                        found = item
                if found is None:
                    break
                bought += len(found.page.data)
                yield self._batch(self._records(found, rule, "search_recent", about), state)

    async def _patiently(self, work: Callable[[], AsyncIterator[Item]], state: Cursor) -> AsyncIterator[Item]:
        """Do something until it succeeds; wait where X or the budget say so. What it gave out before is given out again: duplicates."""
        back_off = BackOff()
        while True:
            try:
                async for item in work():
                    yield item
                return
            except BudgetExceededError as error:
                async for item in self._not_bought(error, state, self._clock()):
                    yield item
            except (NetworkError, ServerError, RateLimitedError, CreditsError) as error:
                async for item in self._pause(self._client.wait_after(error, back_off), state, failed=True):
                    yield item

    # Waiting

    async def _pause(self, seconds: float, state: Cursor, *, failed: bool = False) -> AsyncIterator[Item]:
        """Heartbeats for so long; failed: because X does not answer as it should."""
        if seconds > 0:
            async for item in self._while(self._sleep(seconds), state, alive=not failed):
                yield item

    async def _while(self, work: Awaitable[Any], state: Cursor, *, alive: bool = False) -> AsyncIterator[Item]:
        """Heartbeats while something is awaited, and what is due of the outage."""
        async for item in self._results(work, state, alive=alive):
            if isinstance(item, Batch):
                yield item
                for gap in self._due():
                    yield gap

    def _due(self) -> list[Gap]:
        outage = self._outage
        return [outage.piece(self._clock())] if outage is not None and outage.is_due(self._clock()) else []

    async def _results(self, work: Awaitable[_Result], state: Cursor, *, alive: bool = False) -> AsyncIterator[Batch | _Result]:
        """Heartbeats while something is awaited, then its result. alive: what they say; of a request, that X has not answered yet."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=self._beat)
                if not task.done():
                    yield self._heartbeat(state, alive=alive)
            yield task.result()
        finally:
            task.cancel()

    async def _until_affordable(self, refused: BudgetExceededError, state: Cursor) -> AsyncIterator[Item]:
        """Says that buying has stopped, at once and until what was refused can be bought; the outage goes on until the caller ends it."""
        outage = self._missing_since(state.received, "budget", "")
        told = False
        self.paused = True
        while True:
            try:
                self._purse.check(refused.purchase, requests=max(refused.requests, 1), posts=refused.posts)
            except BudgetExceededError as error:
                outage.detail = str(error)
                if not told:
                    told = True
                    self._notice(str(error))
                    yield outage.piece(self._clock())
                seconds = max(min((error.resumes_at - self._clock()).total_seconds(), BUDGET_SECONDS), 0.05)
                async for item in self._pause(seconds, state):
                    yield item
            else:
                self.paused = False
                return

    async def _not_bought(self, error: BudgetExceededError, state: Cursor, begin: datetime) -> AsyncIterator[Item]:
        """As ``_until_affordable`` where no connection is meant to stay: the outage is over when buying may go on."""
        self._outage = _Outage(begin, "budget", str(error))
        async for item in self._until_affordable(error, state):
            yield item
        yield self._outage.piece(self._clock())
        self._outage = None

    # Batches, cursors, the ledger

    def _batch(self, records: list[Received], state: Cursor) -> Batch:
        return Batch(records, msgspec.json.encode(state).decode(), self._clock(), position=self._position(state))

    def _position(self, state: Cursor) -> datetime | None:
        """Until when all rules' posts, or counts and samples, were delivered: pages come newest first and rule by rule, so that no post's
        own time tells. None for the stream."""
        if self._mode != "search":
            return state.counted
        ends = [poll.until for rule in self._rules if (poll := state.polls.get(rule.tag)) is not None and poll.until is not None]
        return min(ends) if len(ends) == len(self._rules) else None

    def _heartbeat(self, state: Cursor, *, alive: bool = True) -> Batch:
        return msgspec.structs.replace(self._batch([], state), alive=alive and self._outage is None)

    def _restored(self, cursor: str | None) -> Cursor:
        """The state a cursor tells; a fresh one for none, for one of another mode, and for one that cannot be read."""
        if cursor:
            try:
                state = msgspec.json.decode(cursor, type=Cursor)
            except msgspec.MsgspecError as error:
                raise ValueError(f"the cursor of source x cannot be read: {error}") from error
            if state.mode == self._mode:
                return state
        return Cursor(self._mode)

    async def _flush(self) -> None:
        self._flushed_at = self._clock()
        await asyncio.to_thread(self._purse.ledger.flush)


class _Broken(Exception):  # noqa: N818 (control flow of this module)
    """A connection ended. since: until when it was alive, None where it never was."""

    def __init__(self, reason: str, detail: str, since: datetime | None, error: Exception | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.since = since
        self.error = error


async def _next(pages: AsyncIterator[_Result]) -> _Result | None:
    """The next page, None after the last."""
    try:
        return await anext(pages)
    except StopAsyncIteration:
        return None


def _reason(error: Exception) -> str:
    if isinstance(error, RateLimitedError):
        return "rate_limit"
    return "budget" if isinstance(error, CreditsError) else "operational" if isinstance(error, ServerError) else "disconnect"


def _with_rule(includes: bytes | None, rule: Rule, about: dict[str, Any] | None = None) -> bytes:
    """Includes that also say by which rule a post was found: search does not tell, the stream does."""
    parts = [b'"matching_rules":' + msgspec.json.encode([{"tag": rule.tag}])]
    if about is not None:
        parts.append(b'"sample":' + msgspec.json.encode(about))
    rest = (includes or b"{}").strip()[1:-1].strip()
    return b"{" + b",".join([rest, *parts] if rest else parts) + b"}"


def _of_term(rule: Rule) -> bytes:
    """Includes of a count: the term, what was asked, and the topic it was made for. A term keeps its name when its query changes."""
    named = {"tag": rule.tag, "value": rule.value} | ({"topic": rule.topic} if rule.topic else {})
    return b'{"matching_rules":' + msgspec.json.encode([named]) + b"}"


def open_source(settings: Settings) -> XSource:
    """As ``opening.open_source``."""
    from trend_assets.collect.x import opening

    return opening.open_source(settings)
