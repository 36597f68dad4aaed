"""Polled search: what each rule has new since its last pass, page by page, resumable from the last page.

What belongs here: passes, their bounds, lost tokens. What doesn't: requests (``client``), waiting (``asking``).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import datetime, timedelta

from trend_assets.collect.source import Batch, Gap
from trend_assets.collect.x.asking import LOOK_BACK, Asking, Item
from trend_assets.collect.x.backoff import BackOff
from trend_assets.collect.x.budget import BudgetExceededError
from trend_assets.collect.x.client import Page, RefusedError, XError
from trend_assets.collect.x.cursor import Cursor, Poll
from trend_assets.collect.x.ledger import Purchase
from trend_assets.collect.x.rules import Rule

SEARCH_DELAY = timedelta(seconds=30)
"""X finds posts some seconds after they were written; end_time must be 10 s in the past."""


class PolledSearch:
    """One pass over every rule each ``poll_seconds``."""

    def __init__(self, asking: Asking, poll_seconds: float) -> None:
        self._asking = asking
        self._poll_seconds = poll_seconds

    async def items(self, state: Cursor) -> AsyncGenerator[Item, None]:
        """Batches, gaps and heartbeats, for ever."""
        while True:
            started = self._asking.clock()
            for rule in self._asking.rules:
                async for item in self._poll(rule, state.polls.setdefault(rule.tag, Poll()), state):
                    yield item
            rest = self._poll_seconds - (self._asking.clock() - started).total_seconds()
            async for item in self._asking.pause(max(rest, 0.0), state):
                yield item

    async def _poll(self, rule: Rule, poll: Poll, state: Cursor) -> AsyncIterator[Item]:
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
                yield self._asking.batch([], state)
                return
            pages = self._asking.client.search(rule.value, purchase, start=begin, end=end, next_token=poll.token)
            try:
                async for item in self._pages(pages, rule, poll, state):
                    yield item
            except BudgetExceededError as error:
                async for item in self._asking.not_bought(error, state, poll.until or begin):
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
                async for item in self._asking.pause(self._asking.client.wait_after(error, back_off), state, failed=True):
                    yield item
            else:
                self._end_pass(poll)
                yield self._asking.batch([], state)
                return

    def _searchable(self) -> datetime:
        """Until when posts can be found by now. A whole second, as X is asked: the next pass begins exactly there."""
        return (self._asking.clock() - SEARCH_DELAY).replace(microsecond=0)

    def _begin_pass(self, poll: Poll) -> tuple[datetime, datetime]:
        """The bounds that the pass under way asks with; a new one begins where the last ended."""
        if poll.end is None or poll.begin is None:
            poll.end = self._searchable()
            poll.begin = poll.until or poll.end - timedelta(seconds=self._poll_seconds)
        return poll.begin, poll.below or poll.end

    @staticmethod
    def _lose_token(poll: Poll) -> None:
        """X no longer knows it: go on from the second of the oldest post we have, whose posts may come twice."""
        poll.token = None
        if poll.oldest is not None and poll.end is not None:
            poll.below = min(poll.end, poll.oldest.replace(microsecond=0) + timedelta(seconds=1))

    def _too_old(self, rule: Rule, poll: Poll) -> list[Gap]:
        """Lets go of what is older than search reaches. While a token is held X decides: it knew the bounds when they were in reach."""
        reach = (self._asking.clock() - LOOK_BACK).replace(microsecond=0)
        if poll.begin is None or poll.end is None or poll.begin >= reach or poll.token is not None:
            return []
        # Of a pass that lost its token, what is at or after ``below`` has been received.
        let_go = min(reach, poll.below or poll.end)
        missing = Gap(poll.begin, let_go, "look_back", f"{rule.tag}: recent search reaches 7 days")
        poll.begin = poll.until = let_go
        return [missing]

    @staticmethod
    def _end_pass(poll: Poll) -> None:
        poll.until = poll.end
        poll.begin = poll.end = poll.token = poll.oldest = poll.below = None

    async def _pages(self, pages: AsyncIterator[Page], rule: Rule, poll: Poll, state: Cursor) -> AsyncIterator[Item]:
        async for found in self._asking.pages(pages, state):
            if isinstance(found, Batch):
                yield found
                continue
            received = self._asking.records_of_page(found, rule, "search_recent")
            moments = [record.created_at for record in received if record.kind == "post" and record.created_at is not None]
            poll.oldest = min([*moments, *([poll.oldest] if poll.oldest is not None else [])], default=None)
            poll.token = found.page.meta.next_token
            yield self._asking.batch(received, state)
