"""X as a source of the collector: the filtered stream, polled search, or counts with samples of what breaks out.

What belongs here: what the collector and ``backfill`` see of it. What doesn't: the modes (``stream``, ``search``, ``counts``) and what they
share (``asking``), requests (``client``), arithmetic (``portfolio``, ``budget``), publishing (the collector).

Bytes are landed as received: lines of the stream whole, posts of a page each on their own with the part of ``includes`` they need.
Heartbeats (empty batches) come as long as the source is alive, also while it waits for X, then with ``alive=False``; that nothing is
received meanwhile is said by gaps, one for each PIECE_SECONDS of an outage and one more at its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from trend_assets.collect.source import Batch, Gap, SourceRefusedError
from trend_assets.collect.x.asking import LOOK_BACK, Asking, Item
from trend_assets.collect.x.budget import BudgetExceededError
from trend_assets.collect.x.client import RefusedError, XClient, XError
from trend_assets.collect.x.counts import CountsAndSamples
from trend_assets.collect.x.cursor import Mode, restored
from trend_assets.collect.x.ledger import Purchase
from trend_assets.collect.x.rules import Rule, RulesError, searchable
from trend_assets.collect.x.search import PolledSearch
from trend_assets.collect.x.stream import FilteredStream

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from trend_assets.settings import Settings

FLUSH_SECONDS = 60.0


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
        self._asking = Asking(client, rules, mode, stall_seconds=stall_seconds, clock=clock, sleep=sleep)
        self._stream = FilteredStream(self._asking, timedelta(minutes=backfill_minutes))
        self._items = {
            "stream": self._stream.items,
            "search": PolledSearch(self._asking, poll_seconds).items,
            "counts": CountsAndSamples(self._asking, sample_posts).items,
        }[mode]
        self.replays = mode != "stream"
        self._flushed_at = clock()
        self._to_reconcile = reconciled
        self._reconciling: asyncio.Task[None] | None = None

    @property
    def paused(self) -> bool:
        """Whether nothing is asked of X because a budget is used."""
        return self._asking.paused

    @property
    def notices(self) -> list[str]:
        """What a person should know, newest last: rules X refused, budgets used up."""
        return self._asking.notices

    @property
    def repeated(self) -> int:
        """Posts that the stream's backfill brought again and that were left out."""
        return self._stream.repeated

    async def batches(self, cursor: str | None) -> AsyncIterator[Item]:
        """Batches, gaps and heartbeats from after ``cursor`` on, for ever.

        Raises ``SourceRefusedError`` for what no waiting will mend: a wrong token, a rule that X does not understand.
        """
        state = restored(cursor, self._asking.mode)
        self._asking.outage, self._asking.paused = None, False
        if self._to_reconcile:
            self._to_reconcile = False
            self._reconciling = asyncio.ensure_future(self._reconcile_quietly())
        try:
            async with aclosing(self._items(state)) as items:
                async for item in items:
                    yield item
                    if (self._asking.clock() - self._flushed_at).total_seconds() >= FLUSH_SECONDS:
                        await self._flush()
        except (RefusedError, RulesError) as error:
            raise SourceRefusedError(f"X refuses what it is asked: {error} (docs/x.md)") from error

    async def acknowledge(self, cursor: str | None) -> None:  # noqa: ARG002 (X keeps no position for us)
        """Write down what was bought for what is published now."""
        if (self._asking.clock() - self._flushed_at).total_seconds() >= FLUSH_SECONDS:
            await self._flush()

    async def close(self) -> None:
        """Publish the ledger, close connections."""
        if self._reconciling is not None:
            self._reconciling.cancel()
        try:
            await self._flush()
        finally:
            await self._asking.client.close()

    def register_figures(self, registry: CollectorRegistry) -> None:
        """Show on a registry's page what was spent and whether buying has stopped."""
        from trend_assets.collect.x.metrics import SpendingFigures

        SpendingFigures(self._asking.purse, self._asking.clock).register(registry)

    async def reconcile(self) -> int:
        """Add to the ledger what X counted beyond it this month (a killed process); returns the posts added."""
        usage = await self._asking.client.usage()
        return self._asking.purse.ledger.correct(usage.days, self._asking.clock())

    async def _reconcile_quietly(self) -> None:
        try:
            added = await self.reconcile()
        except XError as error:
            self._asking.notice(f"the ledger could not be held against X's own count: {error}")
        else:
            if added:
                self._asking.notice(f"X counted {added:,} posts this month that the ledger had not: added")

    async def backfill(
        self, begin: datetime, end: datetime, kind: Literal["search_recent", "search_all"] = "search_recent"
    ) -> AsyncIterator[Item]:
        """Posts of a gap by search, rule by rule; their figures are of today, and X's search leaves reposts out of some queries.

        Yields a Gap for what cannot be had: older than recent search reaches, or beyond the budget. Raises ``RulesError`` before anything
        is bought where search cannot ask for a rule (``rules.searchable`` leaves those out): no interval would ever be whole.
        """
        _, faults = searchable(self._asking.rules, kind)
        if faults:
            raise RulesError(f"rules that {kind} cannot ask for: {'; '.join(faults)}")
        reach = self._asking.clock() - LOOK_BACK
        if kind == "search_recent" and begin < reach:
            yield Gap(begin, min(end, reach), "look_back", "recent search reaches 7 days")
            begin = reach
        if begin >= end:
            return
        for rule in self._asking.rules:
            pages = self._asking.client.search(rule.value, Purchase(kind, rule.tag, rule.topic), start=begin, end=end)
            try:
                async for found in pages:
                    yield Batch(self._asking.records_of_page(found, rule, kind), None, self._asking.clock())
            except BudgetExceededError as error:
                yield Gap(begin, end, "budget", f"{rule.tag}: {error}")
                return

    async def _flush(self) -> None:
        self._flushed_at = self._asking.clock()
        await asyncio.to_thread(self._asking.purse.ledger.flush)


def open_source(settings: Settings) -> XSource:
    """As ``opening.open_source``."""
    from trend_assets.collect.x import opening

    return opening.open_source(settings)
