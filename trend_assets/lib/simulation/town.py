"""Parameters of the simulated town and its independent streams of random numbers.

What belongs here: what can be chosen, the rates of everything that happens to records, seeding. What doesn't: any
composition (the other modules of this folder).
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from trend_assets.lib.simulation.planted import Family, PlantedTrend, planted_trends

Size = Literal["small", "full"]
SIZES: tuple[Size, ...] = ("small", "full")

SAFETY: dict[Size, float] = {"small": 1.3, "full": 0.35}
"""Safety stock by size. Of *full* such that one in twelve of the products that sell once a week is missing from its shelf on a usual
day (8.3 %: Gruen, Corsten & Bharadwaj 2002, *Retail Out-of-Stocks*), at some eight turns a year; *small* keeps what it always had."""

MICROSECONDS_PER_HOUR = 3_600_000_000
MICROSECONDS_PER_DAY = 24 * MICROSECONDS_PER_HOUR


@dataclass(frozen=True)
class TownParameters:
    """What a town is made from; equal parameters give equal bytes.

    ``start`` is a midnight (aware, UTC), the first day of posts. ``posts`` counts posts, replies, quotes and reposts, roughly.
    All rates are shares of posts. ``size`` is the retailer's: *small* has 300 products, 8 stores and the web, *full* 2,000
    products, 20 stores and the web. ``history_days`` are days of retail, without posts, before ``start``. ``safety`` is the chain's
    safety stock, in standard deviations of demand over lead time and review; none stands for the size's (``SAFETY``).
    Raises ``ValueError`` for parameters that make no town.
    """

    start: datetime = datetime(2026, 9, 1, tzinfo=UTC)
    days: int = 30
    posts: int = 200_000
    seed: int = 1
    family: Family = "development"
    bluesky_share: float = 0.2
    trend_share: float = 0.08
    news_share: float = 0.025
    background_share: float = 0.03
    reply_share: float = 0.14
    quote_share: float = 0.03
    repost_share: float = 0.15
    edit_share: float = 0.006
    late_share: float = 0.01
    duplicate_share: float = 0.006
    deletion_share: float = 0.01
    like_share: float = 0.02
    dirt_share: float = 0.0015
    opinion_share: float = 0.03
    size: Size = "small"
    history_days: int = 0
    safety: float | None = None

    def __post_init__(self) -> None:
        if (
            self.start.tzinfo is None
            or self.start.utcoffset()
            or self.start != self.start.replace(hour=0, minute=0, second=0, microsecond=0)
        ):
            raise ValueError(f"start must be a midnight in UTC, not {self.start.isoformat()}")
        if self.days < 1 or self.posts < 1:
            raise ValueError(f"a town needs at least one day and one post, not {self.days} days and {self.posts} posts")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, not {self.seed}")
        if self.size not in SIZES:
            raise ValueError(f"unknown size {self.size!r}: {' or '.join(SIZES)}")
        if self.history_days < 0:
            raise ValueError(f"a town has no fewer than 0 days of history, not {self.history_days}")
        if self.safety is not None and not -3 <= self.safety <= 5:
            raise ValueError(f"safety stock is -3 to 5 standard deviations of demand, not {self.safety}")

    @property
    def safety_stock(self) -> float:
        """Standard deviations of demand that the chain keeps as safety stock."""
        return SAFETY[self.size] if self.safety is None else self.safety

    @property
    def trends(self) -> tuple[PlantedTrend, ...]:
        """The planted trends of the town."""
        return planted_trends(self.family, self.days, self.seed, self.size)

    @property
    def authors(self) -> int:
        """Accounts of the town: 8,000 for the default 200,000 posts."""
        return max(1_000, self.posts // 25)

    @property
    def opinion_chance(self) -> float:
        """Chance that an everyday post is an opinion about the retailer: more in a small town, so that some 500 can be labelled."""
        return min(max(self.opinion_share, 500 / (0.6 * self.posts)), 0.1) if self.opinion_share else 0.0

    @property
    def end(self) -> datetime:
        """The moment the simulation ends: nothing is received later."""
        return self.start + timedelta(days=self.days)

    @property
    def start_microseconds(self) -> int:
        """Start as microseconds since 1970."""
        return int(self.start.timestamp()) * 1_000_000

    @property
    def outage(self) -> tuple[int, int]:
        """First and last microsecond (exclusive, since 1970) of the hours in which X delivered nothing; equal where there are none."""
        start = self.start_microseconds + int(self.days * 0.38) * MICROSECONDS_PER_DAY + 13 * MICROSECONDS_PER_HOUR
        return start, start + (3 * MICROSECONDS_PER_HOUR if self.days >= 3 else 0)

    def as_json(self) -> dict[str, object]:
        """Plain values for the completion marker and the truth."""
        told = asdict(self) | {"start": self.start.isoformat()}
        return told if self.safety is not None else {name: value for name, value in told.items() if name != "safety"}


def stream(parameters: TownParameters, *purpose: str | int) -> np.random.Generator:
    """The random numbers of one purpose: a new purpose never changes the numbers of another."""
    digest = hashlib.blake2b("/".join(map(str, purpose)).encode(), digest_size=8).digest()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([parameters.seed, int.from_bytes(digest, "big")])))
