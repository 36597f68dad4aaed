"""What the three modes of the X source share: waiting with heartbeats, saying what is missing, making batches of pages.

What belongs here: the client with its purse and the outage under way. What doesn't: when to ask what (``stream``, ``search``, ``counts``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from trend_assets.collect.source import Batch, Gap, Received
from trend_assets.collect.x.budget import BudgetExceededError
from trend_assets.collect.x.client import CreditsError, Page, RateLimitedError, ServerError, XClient
from trend_assets.collect.x.cursor import Cursor, Mode
from trend_assets.collect.x.rules import Rule
from trend_assets.lib.sources import edge

DELIVERY_LAG = timedelta(seconds=10)
"""X delivers a post some seconds after it was written: before a connection breaks, so much may be missing already."""
PIECE_SECONDS = 300.0
BUDGET_SECONDS = 30.0
"""How often a stopped source looks whether the day has turned."""
LOOK_BACK = timedelta(days=7) - timedelta(minutes=5)
"""How far recent search and recent counts reach."""

Item = Batch | Gap
_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class Outage:
    """An interval in which nothing is received, told in pieces."""

    def __init__(self, begin: datetime, reason: str, detail: str) -> None:
        self.told_until = begin
        self.reason = reason
        self.detail = detail

    def piece(self, end: datetime) -> Gap:
        """What of it has not been told yet, until ``end``."""
        gap = Gap(min(self.told_until, end), end, self.reason, self.detail)
        self.told_until = max(self.told_until, end)
        return gap

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to tell a piece."""
        return (now - self.told_until).total_seconds() >= PIECE_SECONDS


class Asking:
    """One conversation with X. paused: whether nothing is asked because a budget is used. notices: what a person should know."""

    def __init__(
        self,
        client: XClient,
        rules: Sequence[Rule],
        mode: Mode,
        *,
        stall_seconds: float = 21.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.client, self.purse = client, client.purse
        self.rules, self.by_tag = list(rules), {rule.tag: rule for rule in rules}
        self.mode = mode
        self.beat = stall_seconds / 3
        self.clock, self.sleep = clock, sleep
        self.outage: Outage | None = None
        self.paused = False
        self.notices: list[str] = []

    def notice(self, text: str) -> None:
        """Tell a person: in the log and in ``notices``."""
        _log.warning(text, extra={"source": "x"})
        self.notices = [*self.notices[-9:], text]

    def missing_since(self, since: datetime | None, reason: str, detail: str) -> Outage:
        """The outage under way, or a new one from shortly before the last sign of life on."""
        if self.outage is None:
            begin = self.clock() if since is None else since - DELIVERY_LAG
            self.outage = Outage(begin, reason, detail)
        return self.outage

    async def pause(self, seconds: float, state: Cursor, *, failed: bool = False) -> AsyncIterator[Item]:
        """Heartbeats for so long; failed: because X does not answer as it should."""
        if seconds > 0:
            async for item in self.meanwhile(self.sleep(seconds), state, alive=not failed):
                yield item

    async def meanwhile(self, work: Awaitable[Any], state: Cursor, *, alive: bool = False) -> AsyncIterator[Item]:
        """Heartbeats while something is awaited, and what is due of the outage."""
        async for item in self.result_of(work, state, alive=alive):
            if isinstance(item, Batch):
                yield item
                for gap in self.due_gaps():
                    yield gap

    def due_gaps(self) -> list[Gap]:
        """The piece of the outage under way that it is time to tell."""
        outage = self.outage
        return [outage.piece(self.clock())] if outage is not None and outage.is_due(self.clock()) else []

    async def result_of(self, work: Awaitable[_Result], state: Cursor, *, alive: bool = False) -> AsyncIterator[Batch | _Result]:
        """Heartbeats while something is awaited, then its result. alive: what they say; of a request, that X has not answered yet."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=self.beat)
                if not task.done():
                    yield self.heartbeat(state, alive=alive)
            yield task.result()
        finally:
            task.cancel()

    async def pages(self, found: AsyncIterator[_Result], state: Cursor) -> AsyncIterator[Batch | _Result]:
        """Heartbeats while each page is awaited, and the pages."""
        while True:
            page: _Result | None = None
            async for item in self.result_of(_next(found), state):
                if isinstance(item, Batch):
                    yield item
                else:
                    page = item
            if page is None:
                return
            yield page

    async def until_affordable(self, refused: BudgetExceededError, state: Cursor) -> AsyncIterator[Item]:
        """Says that buying has stopped, at once and until what was refused can be bought; the outage goes on until the caller ends it."""
        outage = self.missing_since(state.received, "budget", "")
        told = False
        self.paused = True
        while True:
            try:
                self.purse.check(refused.purchase, requests=max(refused.requests, 1), posts=refused.posts)
            except BudgetExceededError as error:
                outage.detail = str(error)
                if not told:
                    told = True
                    self.notice(str(error))
                    yield outage.piece(self.clock())
                seconds = max(min((error.resumes_at - self.clock()).total_seconds(), BUDGET_SECONDS), 0.05)
                async for item in self.pause(seconds, state):
                    yield item
            else:
                self.paused = False
                return

    async def not_bought(self, error: BudgetExceededError, state: Cursor, begin: datetime) -> AsyncIterator[Item]:
        """As ``_until_affordable`` where no connection is meant to stay: the outage is over when buying may go on."""
        self.outage = Outage(begin, "budget", str(error))
        async for item in self.until_affordable(error, state):
            yield item
        yield self.outage.piece(self.clock())
        self.outage = None

    def records_of_page(self, found: Page, rule: Rule, kind: str, about: dict[str, Any] | None = None) -> list[Received]:
        """A page's posts and errors as they are landed; each says which rule found it."""
        request = f"x/{kind}/{found.request_id}".rstrip("/")
        records = []
        for record in edge.records_of("x", found.body):
            if record.kind == "other" and not found.page.data:
                continue  # a page without posts
            includes = _with_rule(record.includes, rule, about) if record.kind == "post" else record.includes
            records.append(Received(record.body, record.kind, record.created_at, includes, request))
        return records

    def batch(self, records: list[Received], state: Cursor) -> Batch:
        """Records received now, with the cursor to go on from after them."""
        return Batch(records, msgspec.json.encode(state).decode(), self.clock(), position=self.position(state))

    def position(self, state: Cursor) -> datetime | None:
        """Until when all rules' posts, or counts and samples, were delivered: pages come newest first and rule by rule, so that no post's
        own time tells. None for the stream."""
        if self.mode != "search":
            return state.counted
        ends = [poll.until for rule in self.rules if (poll := state.polls.get(rule.tag)) is not None and poll.until is not None]
        return min(ends) if len(ends) == len(self.rules) else None

    def heartbeat(self, state: Cursor, *, alive: bool = True) -> Batch:
        """An empty batch: the source is alive, and so is its connection where ``alive``."""
        return msgspec.structs.replace(self.batch([], state), alive=alive and self.outage is None)


async def _next(pages: AsyncIterator[_Result]) -> _Result | None:
    """The next page, None after the last."""
    try:
        return await anext(pages)
    except StopAsyncIteration:
        return None


def reason_of(error: Exception) -> str:
    """The reason of the gap that an error makes."""
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
