"""Clients and sources as the tests of X use them.

What belongs here: construction and collecting of items. What doesn't: the server (``server.py``), tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from trend_assets.collect.source import Batch, Gap
from trend_assets.collect.x.budget import Purse
from trend_assets.collect.x.client import XClient
from trend_assets.collect.x.ledger import Ledger
from trend_assets.collect.x.prices import Prices, read_prices
from trend_assets.collect.x.rules import Rule
from trend_assets.collect.x.source import XSource
from trend_assets_tests.collect.x.server import TOKEN, LoopbackX

PRICES = read_prices()


class Waits:
    """Records waits and makes them short."""

    def __init__(self, scale: float = 0.0) -> None:
        self.asked: list[float] = []
        self._scale = scale

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(seconds * self._scale)


def real_time() -> datetime:
    return datetime.now(UTC)


def purse(
    *, a_day: float | None = None, a_month: float | None = None, prices: Prices = PRICES, clock: Callable[[], datetime] = real_time
) -> Purse:
    return Purse(prices, Ledger(None, prices), clock, a_day=a_day, a_month=a_month)


def client(
    server: LoopbackX, waits: Waits | None = None, *, stall: float = 5.0, token: str = TOKEN, of: Purse | None = None, **more: Any
) -> XClient:
    return XClient(SecretStr(token), of or purse(), base_url=server.url, sleep=waits or Waits(), stall_seconds=stall, **more)


def source(
    server: LoopbackX,
    mode: Any = "stream",
    waits: Waits | None = None,
    *,
    stall: float = 5.0,
    rules: Any = None,
    of: Purse | None = None,
    clock: Callable[[], datetime] = real_time,
    **more: Any,
) -> XSource:
    waits = waits or Waits()
    made = client(server, waits, stall=stall, of=of, clock=clock)
    return XSource(made, rules or [Rule("bag OR sac", "bags")], mode, stall_seconds=stall, sleep=waits, clock=clock, **more)


async def collect(
    found: XSource, until: Callable[[list[Batch | Gap]], bool], cursor: str | None = None, seconds: float = 10.0
) -> list[Batch | Gap]:
    """Items up to the first after which ``until`` holds."""
    items: list[Batch | Gap] = []
    async with asyncio.timeout(seconds), aclosing(found.batches(cursor)) as stream:
        async for item in stream:
            items.append(item)
            if until(items):
                break
    await found.close()
    return items


def records(items: list[Batch | Gap]) -> list[Any]:
    return [record for item in items if isinstance(item, Batch) for record in item.records]


def gaps(items: list[Batch | Gap]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(main)
