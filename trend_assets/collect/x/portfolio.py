"""Counts first, posts second: which terms break out, what sample of their posts to buy, which rules earn their money.

What belongs here: the arithmetic of buying, on plain numbers. What doesn't: requests (``client``), when they are made (``source``), trend
detection proper (``lib/trends``): this only decides what is worth a look.

A counts request costs the same whatever it counts and tells 168 hours, so each hour is judged against its own week without any state.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

import msgspec

BREAK_OUT_Z = 4.0
BREAK_OUT_POSTS = 10
"""A term breaks out when its last full hour is so many standard deviations above expectation, with so many posts at least."""
FEWEST_HOURS = 24
SMALLEST_PAGE = 10
PRIOR_POSTS = 50.0
"""A rule's share of useful posts is shrunk towards that of all rules as if it had this many posts of them more."""
EXPLORED_SHARE = 0.1
"""Share of a budget for rules that nothing is known about yet."""


def break_out(hours: Sequence[int]) -> float:
    """How far the last hour stands above its own past, in standard deviations; 0 with less than a day of past.

    hours: posts an hour, oldest first, the last one complete. Expected is the larger of the median of the same hour of day and of the
    last day; the variance is Poisson's plus that of the past around its hours of day (median absolute deviation, so that an earlier burst
    does not hide the next one). O(hours).
    """
    *past, last = hours
    if len(past) < FEWEST_HOURS:
        return 0.0
    same_hour = median(past[-24 * days] for days in range(1, len(past) // 24 + 1))
    expected = max(same_hour, median(past[-24:]), 0.5)
    usual = [median(past[offset::24]) for offset in range(24)]
    spread = 1.4826 * median(abs(posts - usual[place % 24]) for place, posts in enumerate(past))
    return (last - expected) / math.sqrt(expected + spread * spread)


def breaks_out(hours: Sequence[int]) -> bool:
    """Whether the last hour is worth buying posts of."""
    return bool(hours) and hours[-1] >= BREAK_OUT_POSTS and break_out(hours) >= BREAK_OUT_Z


class Stratum(msgspec.Struct, frozen=True):
    """An interval [start, end) with the number of posts counted in it."""

    start: datetime
    end: datetime
    posts: int


class Draw(msgspec.Struct, frozen=True):
    """A request of the plan: at most ``size`` posts from [start, end), a slice of ``stratum``."""

    start: datetime
    end: datetime
    size: int
    stratum: Stratum


def sampling_plan(term: str, strata: Sequence[Stratum], posts: int, seed: str = "") -> list[Draw]:
    """At most ``posts`` posts, stratified by interval; in time order.

    Each stratum with posts gets a share in proportion to the root of its number (a burst must not crowd out what it is compared with),
    ten at least as that is X's smallest page, the largest first while the budget lasts. Within a stratum the draws are slices spread
    evenly, each placed by a hash of term, seed and slice: X returns the newest first, so that one page of the whole hour would be its last
    minutes. A slice is as long as should hold twice the page. A stratum that is bought whole is one draw.
    """
    there = [stratum for stratum in strata if stratum.posts > 0]
    total = sum(math.sqrt(stratum.posts) for stratum in there)
    left = posts
    plan: list[Draw] = []
    for stratum in sorted(there, key=lambda one: (-one.posts, one.start)):
        share = max(SMALLEST_PAGE, int(posts * math.sqrt(stratum.posts) / total))
        size = min(share, max(stratum.posts, SMALLEST_PAGE), left)
        if size < SMALLEST_PAGE:
            continue
        left -= size
        plan += _slices(term, stratum, size, seed)
    return sorted(plan, key=lambda draw: draw.start)


def _slices(term: str, stratum: Stratum, size: int, seed: str) -> list[Draw]:
    seconds = int((stratum.end - stratum.start).total_seconds())
    number = size // SMALLEST_PAGE
    whole = seconds // number
    length = min(whole, max(1, math.ceil(seconds * 2 * SMALLEST_PAGE / stratum.posts)))
    if size >= stratum.posts:
        return [Draw(stratum.start, stratum.end, size, stratum)]
    draws = []
    for place in range(number):
        digest = hashlib.sha256(f"{term}|{seed}|{stratum.start.isoformat()}|{place}".encode()).digest()
        offset = int.from_bytes(digest[:8], "big") % (whole - length + 1)
        start = stratum.start + timedelta(seconds=place * whole + offset)
        draws.append(Draw(start, start + timedelta(seconds=length), _page(size, number, place), stratum))
    return draws


def _page(size: int, number: int, place: int) -> int:
    return size // number + (1 if place < size % number else 0)


class Outcome(msgspec.Struct, frozen=True):
    """What a rule brought: posts received, those of them that were useful, and what all that cost, ``counting`` of it for counts."""

    rule: str
    posts: int
    useful: int
    cost: float
    counting: float = 0.0


class Holding(msgspec.Struct, frozen=True):
    """A rule in the portfolio. posts, useful, cost: so far; useful_per_dollar: expected; kept: whether the budget buys it; why: words."""

    rule: str
    useful_per_dollar: float
    posts_a_day: float
    cost_a_day: float
    kept: bool
    why: str
    posts: int = 0
    useful: int = 0
    cost: float = 0.0


def useful_share(outcome: Outcome, all_rules: Sequence[Outcome]) -> float:
    """Expected share of useful posts of a rule: its own, shrunk towards that of all rules (empirical Bayes, beta-binomial)."""
    posts = sum(one.posts for one in all_rules)
    prior = sum(one.useful for one in all_rules) / posts if posts else 0.5
    return (outcome.useful + PRIOR_POSTS * prior) / (outcome.posts + PRIOR_POSTS)


def portfolio(
    outcomes: Sequence[Outcome],
    posts_a_day: Mapping[str, float],
    price_of_post: float,
    budget_a_day: float | None,
    counting_a_day: Mapping[str, float] | None = None,
) -> list[Holding]:
    """Rules by useful posts per dollar, best first, and which of them a budget buys.

    posts_a_day: expected volume by rule; counting_a_day: what counting it costs, whatever it counts. A rule with neither is not bought. A
    part of the budget is kept for rules without any post yet, cheapest first, then as given; the rest goes to the best rules that fit.
    Every rule's value is linear in what it costs, so buying in order of value per dollar is the best that can be done but for the last
    rule that does not fit (fractional knapsack).
    """
    scored = [_prospect(one, outcomes, posts_a_day, price_of_post, counting_a_day or {}) for one in outcomes]
    known = sorted((one for one in scored if one.outcome.posts), key=lambda one: (-one.value, one.outcome.rule))
    unknown = sorted((one for one in scored if not one.outcome.posts), key=lambda one: one.cost)
    left = math.inf if budget_a_day is None else budget_a_day
    to_explore = min(left * EXPLORED_SHARE, sum(one.cost for one in unknown)) if unknown else 0.0
    left -= to_explore
    holdings = []
    for one in known:
        kept = one.foreseen and one.cost <= left + 1e-9
        left -= one.cost if kept else 0.0
        why = f"{one.outcome.useful:,} of {one.outcome.posts:,} posts useful"
        holdings.append(one.held(kept, why + ("" if kept else "; over the budget" if one.foreseen else "; no volume known")))
    to_explore += max(left, 0.0)
    for one in unknown:
        kept = one.foreseen and one.cost <= to_explore + 1e-9
        to_explore -= one.cost if kept else 0.0
        tried = "counted, no post bought yet" if one.outcome.counting else "to be tried"
        holdings.append(one.held(kept, tried if kept else f"not tried: {'over the budget' if one.foreseen else 'no volume known'}"))
    return holdings


class _Prospect(msgspec.Struct, frozen=True):
    """What a rule is expected to bring: useful posts per dollar, posts and cost a day, and whether anything is known to expect."""

    outcome: Outcome
    value: float
    volume: float
    cost: float
    foreseen: bool

    def held(self, kept: bool, why: str) -> Holding:
        so_far = self.outcome
        return Holding(so_far.rule, self.value, self.volume, self.cost, kept, why, so_far.posts, so_far.useful, so_far.cost)


def _prospect(
    outcome: Outcome,
    all_rules: Sequence[Outcome],
    posts_a_day: Mapping[str, float],
    price_of_post: float,
    counting_a_day: Mapping[str, float],
) -> _Prospect:
    paid = outcome.cost - outcome.counting
    price = paid / outcome.posts if outcome.posts and paid > 0 else price_of_post
    volume, share = posts_a_day.get(outcome.rule, 0.0), useful_share(outcome, all_rules)
    cost = volume * price + counting_a_day.get(outcome.rule, 0.0)
    # Without counting this is share / price, whatever the volume.
    value = share * volume / cost if volume and cost > 0 else share / price if price > 0 else math.inf
    return _Prospect(outcome, 0.0 if cost and not volume else value, volume, cost, volume > 0 or outcome.rule in counting_a_day)
