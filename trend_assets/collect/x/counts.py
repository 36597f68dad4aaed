"""Counts first: hourly counts of every rule, and samples of posts of those that break out.

What belongs here: the round of an hour, what is landed of it. What doesn't: which sample is drawn (``portfolio``), waiting (``asking``).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import datetime, timedelta
from functools import partial

import msgspec

from trend_assets.collect.source import Batch, Gap, Received
from trend_assets.collect.x.asking import LOOK_BACK, Asking, Item
from trend_assets.collect.x.backoff import BackOff
from trend_assets.collect.x.budget import BudgetExceededError
from trend_assets.collect.x.client import CreditsError, NetworkError, RateLimitedError, ServerError
from trend_assets.collect.x.cursor import Counted, Cursor
from trend_assets.collect.x.ledger import Purchase
from trend_assets.collect.x.portfolio import Stratum, break_out, breaks_out, sampling_plan
from trend_assets.collect.x.responses import Bucket
from trend_assets.collect.x.rules import Rule
from trend_assets.lib.sources import edge

COUNT_DELAY = timedelta(minutes=2)
STRATA_HOURS = 3


class CountsAndSamples:
    """Counts of each hour; at most ``sample_posts`` posts of each term that breaks out in it."""

    def __init__(self, asking: Asking, sample_posts: int) -> None:
        self._asking = asking
        self._sample_posts = sample_posts

    async def items(self, state: Cursor) -> AsyncGenerator[Item, None]:
        """Batches, gaps and heartbeats, for ever."""
        while True:
            hour = (self._asking.clock() - COUNT_DELAY).replace(minute=0, second=0, microsecond=0)
            if state.counted is not None and state.counted >= hour:
                due = state.counted + timedelta(hours=1) + COUNT_DELAY
                async for item in self._asking.pause(max((due - self._asking.clock()).total_seconds(), 1.0), state):
                    yield item
                continue
            reach = self._asking.clock() - LOOK_BACK
            if state.counted is not None and state.counted < reach:
                yield Gap(state.counted, reach, "look_back", "recent counts reach 7 days")
            for rule in self._asking.rules:
                if rule.tag not in state.done:
                    async for item in self._patiently(partial(self._count, rule, hour, state), state):
                        yield item
                    state.done.append(rule.tag)
            # Where the budget ends, the strongest bursts were bought.
            for tag in sorted(state.bursts, key=lambda tag: (-state.bursts[tag][-1], tag)):
                if tag not in state.sampled and tag in self._asking.by_tag:
                    async for item in self._patiently(partial(self._sample, self._asking.by_tag[tag], hour, state), state):
                        yield item
                    state.sampled.append(tag)
            state.counted, state.done, state.bursts, state.sampled = hour, [], {}, []
            state.terms = {tag: known for tag, known in state.terms.items() if known.until > hour - LOOK_BACK}
            yield self._asking.batch([], state)

    async def _count(self, rule: Rule, hour: datetime, state: Cursor) -> AsyncIterator[Item]:
        """The counts of a rule until ``hour``: new ones are landed, of a new rule a week; the week decides whether it breaks out."""
        purchase = Purchase("counts_recent", rule.tag, rule.topic)
        known = state.terms.get(rule.tag)
        landed = known.until if known is not None and known.query == rule.value else None
        buckets: list[Bucket] = []
        records: list[Received] = []
        pages = self._asking.client.counts(rule.value, purchase, end=hour)
        async for found in self._asking.pages(pages, state):
            if isinstance(found, Batch):
                yield found
                continue
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
        state.terms[rule.tag] = Counted(rule.value, hour)
        yield self._asking.batch(records, state)

    async def _sample(self, rule: Rule, hour: datetime, state: Cursor) -> AsyncIterator[Item]:
        """Posts of a term that breaks out, by the plan; each with the number of posts it stands for."""
        purchase = Purchase("search_recent", rule.tag, rule.topic)
        *posts, _ = state.bursts[rule.tag]
        starts = [hour - timedelta(hours=len(posts) - place) for place in range(len(posts))]
        strata = [Stratum(start, start + timedelta(hours=1), number) for start, number in zip(starts, posts, strict=True)]
        left = self._asking.purse.posts_left(purchase)
        plan = sampling_plan(rule.tag, strata, self._sample_posts if left is None else min(left, self._sample_posts), hour.isoformat())
        if not plan:
            self._asking.notice(f"{rule.tag} breaks out and no post of it is bought: budgets and the plan's cap allow {left} more")
        drawn = {stratum.start: sum(draw.size for draw in plan if draw.stratum == stratum) for stratum in strata}
        for draw in plan:
            about = {"stratum_start": draw.stratum.start.isoformat(), "posts": draw.stratum.posts, "drawn": drawn[draw.stratum.start]}
            pages = self._asking.client.search(rule.value, purchase, start=draw.start, end=draw.end, page_size=max(draw.size, 10))
            bought = 0
            async for found in self._asking.pages(pages, state):
                if isinstance(found, Batch):
                    yield found
                    continue
                bought += len(found.page.data)
                yield self._asking.batch(self._asking.records_of_page(found, rule, "search_recent", about), state)
                if bought >= draw.size:
                    break

    async def _patiently(self, work: Callable[[], AsyncIterator[Item]], state: Cursor) -> AsyncIterator[Item]:
        """Do something until it succeeds; wait where X or the budget say so. What it gave out before is given out again: duplicates."""
        back_off = BackOff()
        while True:
            try:
                async for item in work():
                    yield item
                return
            except BudgetExceededError as error:
                async for item in self._asking.not_bought(error, state, self._asking.clock()):
                    yield item
            except (NetworkError, ServerError, RateLimitedError, CreditsError) as error:
                async for item in self._asking.pause(self._asking.client.wait_after(error, back_off), state, failed=True):
                    yield item


def _of_term(rule: Rule) -> bytes:
    """Includes of a count: the term, what was asked, and the topic it was made for. A term keeps its name when its query changes."""
    named = {"tag": rule.tag, "value": rule.value} | ({"topic": rule.topic} if rule.topic else {})
    return b'{"matching_rules":' + msgspec.json.encode([named]) + b"}"
