"""The filtered stream: one long connection, what it says line by line, what is missing when it breaks.

What belongs here: rules applied, reconnection, posts paid for. What doesn't: framing of bytes (``framing``), waiting (``asking``).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from trend_assets.collect.source import Batch, Gap, Received
from trend_assets.collect.x.asking import DELIVERY_LAG, Asking, Item, Outage, reason_of
from trend_assets.collect.x.backoff import BackOff
from trend_assets.collect.x.budget import BudgetExceededError
from trend_assets.collect.x.client import CreditsError, NetworkError, RateLimitedError, RefusedError, ServerError, XError, in_words
from trend_assets.collect.x.cursor import Cursor
from trend_assets.collect.x.framing import Framer, LineTooLongError
from trend_assets.collect.x.ledger import Purchase
from trend_assets.collect.x.responses import StreamLine, decode_stream_line
from trend_assets.collect.x.rules import RulesError, difference
from trend_assets.lib.sources import edge

QUEUED_CHUNKS = 64
REMEMBERED = 100_000


class FilteredStream:
    """Posts as they are written. backfill: posts of that long before a reconnection come again (0 to 5 minutes; Enterprise)."""

    def __init__(self, asking: Asking, backfill: timedelta) -> None:
        self._asking = asking
        self._backfill = backfill
        self._recent: OrderedDict[str, None] = OrderedDict()
        self.repeated = 0

    async def items(self, state: Cursor) -> AsyncGenerator[Item, None]:
        """Batches, gaps and heartbeats, for ever."""
        purchase = Purchase("stream")
        if state.received is not None:
            self._asking.outage = Outage(state.received - DELIVERY_LAG, "disconnect", "the collector was stopped")
        back_off = BackOff()
        rules_there = False
        while True:
            wait = 0.0
            try:
                self._asking.purse.check(purchase, posts=1)
                if not rules_there:
                    async for item in self._asking.meanwhile(self._apply_rules(), state):
                        yield item
                    rules_there = True
                async for item in self._connected(purchase, state, back_off):
                    yield item
            except _Broken as broken:
                self._asking.missing_since(broken.since, broken.reason, broken.detail)
                wait = self._wait(broken, back_off)
            except BudgetExceededError as error:
                self._asking.missing_since(state.received, "budget", str(error)).reason = "budget"
                async for item in self._asking.until_affordable(error, state):
                    yield item
            except (NetworkError, ServerError, RateLimitedError, CreditsError) as error:  # of the rules: nothing was connected yet
                self._asking.missing_since(state.received, reason_of(error), str(error))
                wait = back_off.http() if isinstance(error, CreditsError) else self._asking.client.wait_after(error, back_off)
            async for item in self._asking.pause(wait, state, failed=True):
                yield item

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
                    since = state.received = self._asking.clock()
                    batch, last = self._lines(framer.feed(event), purchase, state)
                    if batch.records:
                        yield batch
                    if last:
                        raise _Broken("operational", last, since)
                    self._asking.purse.check(purchase, posts=1)
                else:
                    if framer.rest():
                        yield self._asking.batch([Received(framer.rest(), "truncated", request_id="x/stream")], state)
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
                yield await asyncio.wait_for(events.get(), self._asking.beat)
            except TimeoutError:
                yield self._asking.heartbeat(state)
                for gap in self._asking.due_gaps():
                    yield gap

    async def _read(self, purchase: Purchase, events: asyncio.Queue[datetime | bytes | Exception]) -> None:
        """Chunks of a connection into the queue, which holds the server back when it is full; at the end why it ended."""
        try:
            async with self._asking.client.stream(purchase, int(self._backfill.total_seconds() // 60)) as response:
                await events.put(self._asking.clock())
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
                self._asking.purse.pay(purchase, posts=[hashlib.sha256(line).hexdigest()])
            last = known.disconnects or last
            if known.data is not None:
                post = str(known.data.id)
                self._pay_for(known, post, purchase)
                if self._is_repeated(post):
                    continue
            records += [
                Received(record.body, record.kind, record.created_at, record.includes, "x/stream") for record in edge.records_of("x", line)
            ]
        return self._asking.batch(records, state), last

    def _pay_for(self, line: StreamLine, post: str, purchase: Purchase) -> None:
        """A post is paid for once, by the first rule that it matched."""
        tags = [rule.tag for rule in line.matching_rules if rule.tag in self._asking.by_tag]
        rule = self._asking.by_tag[tags[0]] if tags and tags[0] else None
        self._asking.purse.pay(
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
        outage, self._asking.outage = self._asking.outage, None
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
        return _Broken("truncated" if cut_off else reason_of(error), detail, since, error)

    def _wait(self, broken: _Broken, back_off: BackOff) -> float:
        error = broken.error
        if isinstance(error, RateLimitedError):
            return self._asking.client.wait_after(error, back_off)
        if isinstance(error, ServerError | CreditsError):
            return back_off.http()
        # An established connection is tried again at once, one that could not be made after a while.
        return back_off.lost() if broken.since is not None else back_off.network()

    async def _apply_rules(self) -> None:
        """Make the server's rules ours."""
        delete, add = difference(self._asking.rules, await self._asking.client.rules())
        problems = await self._asking.client.change_rules(delete, add) if delete or add else []
        refused = [problem.words for problem in problems if "duplicate" not in (problem.title or "").lower()]
        if refused:
            raise RulesError(f"X refuses {len(refused)} of our rules: {'; '.join(refused[:10])}")


class _Broken(Exception):  # noqa: N818 (control flow of this module)
    """A connection ended. since: until when it was alive, None where it never was."""

    def __init__(self, reason: str, detail: str, since: datetime | None, error: Exception | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.since = since
        self.error = error
