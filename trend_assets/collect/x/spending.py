"""What collection has cost, what the month will cost, and what a trend costs: the ledger read and summed up.

What belongs here: sums and the forecast. What doesn't: the ledger itself (``ledger``), printing (``commands/cost.py``).
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.collect.x.ledger import read_costs
from trend_assets.collect.x.portfolio import Holding, Outcome, portfolio
from trend_assets.lake.lake import Lake
from trend_assets.tables import TABLES

FORECAST_DAYS = 7
"""The forecast goes on as the last so many whole days went."""


class Line(msgspec.Struct, frozen=True):
    """Sums of one source, rule, topic or kind of request."""

    name: str
    cost: float
    requests: int
    posts: int
    charged_posts: int


class CountedDay(msgspec.Struct, frozen=True):
    """Posts of a UTC day: as X counted them for the project, and as the ledger has them charged."""

    day: str
    by_x: int
    by_ledger: int


class Spending(msgspec.Struct, frozen=True):
    """What ``trend-assets cost`` tells. Costs in US dollars, estimated by the price list; times in UTC."""

    month: str
    as_of: datetime
    cost: float
    cost_today: float
    forecast: float
    budget_day: float | None
    budget_month: float | None
    trends: int
    cost_per_trend: float | None
    by_kind: list[Line]
    by_rule: list[Line]
    by_topic: list[Line]
    by_day: dict[str, float]
    prices_of: list[str]
    portfolio: list[Holding] = []
    usage: list[CountedDay] = []


def spending(lake: Lake, now: datetime, *, budget_day: float | None, budget_month: float | None) -> Spending:
    """The calendar month of ``now`` so far. A month without purchases is all zeros."""
    now = now.astimezone(UTC)
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = read_costs(lake, first - timedelta(days=FORECAST_DAYS), now)
    dates = pc.cast(rows["bought_at"], pa.date32()).to_pylist()
    by_day: dict[date, float] = defaultdict(float)
    for day, cost in zip(dates, rows["cost"].to_pylist(), strict=True):
        by_day[day] += cost
    this_month = rows.filter(pc.greater_equal(rows["bought_at"], pa.scalar(first, rows["bought_at"].type)))
    cost = float(pc.sum(this_month["cost"]).as_py() or 0.0)
    trends = _trends(lake, first, now)
    return Spending(
        month=f"{first:%Y-%m}",
        as_of=now,
        cost=cost,
        cost_today=by_day.get(now.date(), 0.0),
        forecast=forecast(by_day, now),
        budget_day=budget_day,
        budget_month=budget_month,
        trends=trends,
        cost_per_trend=cost / trends if trends else None,
        by_kind=_lines(this_month, "request_kind"),
        by_rule=_lines(this_month, "rule"),
        by_topic=[line for line in _lines(this_month, "topic_id") if line.name],
        by_day={day.isoformat(): cost for day, cost in sorted(by_day.items()) if day >= first.date()},
        prices_of=sorted({str(day) for day in this_month["prices_of"].to_pylist()}),
    )


def forecast(by_day: Mapping[date, float], now: datetime) -> float:
    """Cost of the whole month: what was spent, and for the rest the mean of the last whole days on which anything was collected.

    The first whole day counts from the first purchase on, so that a collector started last week is not averaged with the days before.
    Without a whole day yet, today's rate goes on, with an hour at least behind it.
    """
    today = now.date()
    spent = sum(cost for day, cost in by_day.items() if (day.year, day.month) == (today.year, today.month) and day <= today)
    bought = [day for day, cost in by_day.items() if cost > 0 and day <= today]
    if not bought:
        return spent
    last_day = date(today.year, today.month, calendar.monthrange(today.year, today.month)[1])
    passed = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds() / 86_400
    days_left = (last_day - today).days + 1 - passed
    whole = [today - timedelta(days=number) for number in range(1, FORECAST_DAYS + 1)]
    whole = [day for day in whole if day >= min(bought)]
    rate = sum(by_day.get(day, 0.0) for day in whole) / len(whole) if whole else by_day.get(today, 0.0) / max(passed, 1 / 24)
    return spent + rate * days_left


def _lines(rows: pa.Table, column: str) -> list[Line]:
    sums = rows.group_by(column).aggregate([(name, "sum") for name in ("cost", "requests", "posts", "charged_posts")]).to_pylist()
    lines = [Line(row[column] or "", row["cost_sum"], row["requests_sum"], row["posts_sum"], row["charged_posts_sum"]) for row in sums]
    return sorted(lines, key=lambda line: (-line.cost, line.name))


def _trends(lake: Lake, first: datetime, now: datetime) -> int:
    """Distinct topics raised as trends this month and not suppressed."""
    rows = _read_hours(lake, "topics/trends", first, now, ["topic_id", "suppressed"])
    return 0 if rows is None else pc.count_distinct(rows.filter(pc.invert(rows["suppressed"]))["topic_id"]).as_py()


def _read_hours(lake: Lake, path: str, first: datetime, last: datetime, columns: Sequence[str]) -> pa.Table | None:
    table = TABLES[path]
    low, high = f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"
    keys = [key for key in lake.partitions(table) if low <= key[:10] <= high]
    return lake.read(table, keys, columns=list(columns)) if keys else None


def rule_outcomes(lake: Lake, first: datetime, now: datetime) -> list[Outcome]:
    """What each rule brought since ``first``: useful is a post whose topic was raised as a trend and not suppressed.

    A post that several rules matched counts for each of them; its cost for the first alone, as the ledger has it.
    """
    posts = _read_hours(lake, "social/raw_posts", first, now, ["network", "post_id", "matching_rules"])
    bought = _bought_by_rule(lake, first, now)
    counted: dict[str, list[int]] = {rule: [0, 0] for rule in bought}
    if posts is not None:
        useful = _useful_posts(lake, first, now)
        for row in posts.filter(pc.equal(posts["network"], "x")).to_pylist():
            for rule in row["matching_rules"]:
                found = counted.setdefault(rule, [0, 0])
                found[0] += 1
                found[1] += row["post_id"] in useful
    nothing = _Bought(now)
    return [
        Outcome(rule, posts, useful, bought.get(rule, nothing).cost, bought.get(rule, nothing).counting)
        for rule, (posts, useful) in sorted(counted.items())
    ]


class _Bought(msgspec.Struct):
    """What the ledger has of a rule. since: its first purchase."""

    since: datetime
    posts: int = 0
    cost: float = 0.0
    counting: float = 0.0


def _bought_by_rule(lake: Lake, first: datetime, now: datetime) -> dict[str, _Bought]:
    costs = read_costs(lake, first, now)
    costs = costs.filter(pc.greater_equal(costs["bought_at"], pa.scalar(first, costs["bought_at"].type)))
    found: dict[str, _Bought] = {}
    for row in costs.filter(pc.not_equal(costs["rule"], "")).to_pylist():
        sums = found.setdefault(row["rule"], _Bought(row["bought_at"]))
        sums.since = min(sums.since, row["bought_at"])
        sums.posts += row["posts"]
        sums.cost += row["cost"]
        sums.counting += row["cost"] if row["request_kind"].startswith("counts") else 0.0
    return found


def _useful_posts(lake: Lake, first: datetime, now: datetime) -> set[str]:
    trends = _read_hours(lake, "topics/trends", first, now, ["topic_id", "suppressed"])
    assignments = _read_hours(lake, "topics/topic_assignments", first, now, ["network", "post_id", "topic_id"])
    if trends is None or assignments is None:
        return set()
    topics = pc.unique(trends.filter(pc.invert(trends["suppressed"]))["topic_id"])
    keep = pc.and_(pc.equal(assignments["network"], "x"), pc.is_in(assignments["topic_id"], value_set=topics))
    return set(assignments.filter(keep)["post_id"].to_pylist())


def rule_portfolio(
    lake: Lake,
    now: datetime,
    price_of_post: float,
    budget_day: float | None,
    days: int = 7,
    *,
    candidates: Mapping[str, float] | None = None,
) -> list[Holding]:
    """The rules of the last days by useful posts per dollar, and which of them the day's budget would buy.

    A rule goes on as since its first purchase in these days (a day at least). candidates: rules to be weighed, in order of preference,
    with what counting them would cost a day; only these are then told, also those of which nothing was bought yet.
    """
    first = now - timedelta(days=days)
    outcomes = {one.rule: one for one in rule_outcomes(lake, first, now)}
    bought = _bought_by_rule(lake, first, now)
    age = {rule: max((now - one.since).total_seconds() / 86_400, 1.0) for rule, one in bought.items()}
    counting = {rule: one.counting / age[rule] for rule, one in bought.items() if one.counting > 0}
    if candidates is not None:
        outcomes = {rule: outcomes.get(rule, Outcome(rule, 0, 0, 0.0)) for rule in candidates}
        counting = {rule: counting.get(rule) or cost for rule, cost in candidates.items()}
    volumes = {
        rule: max(one.posts, bought[rule].posts) / age[rule] if rule in bought else one.posts / days for rule, one in outcomes.items()
    }
    return portfolio(list(outcomes.values()), volumes, price_of_post, budget_day, counting)


def compare_usage(lake: Lake, now: datetime, by_x: Mapping[str, int]) -> list[CountedDay]:
    """X's own count by day (2026-09-01) beside the ledger's, newest first. X counts every app of the project."""
    days = sorted((day for day in by_x if date.fromisoformat(day) <= now.date()), reverse=True)
    if not days:
        return []
    first = datetime.fromisoformat(days[-1]).replace(tzinfo=UTC)
    rows = read_costs(lake, first, now)
    sums: dict[str, int] = defaultdict(int)
    for day, posts in zip(pc.cast(rows["bought_at"], pa.date32()).to_pylist(), rows["charged_posts"].to_pylist(), strict=True):
        sums[day.isoformat()] += posts
    return [CountedDay(day, by_x[day], sums[day]) for day in days]


def as_json(found: Spending) -> dict[str, Any]:
    """Plain values, times as ISO 8601."""
    plain: dict[str, Any] = msgspec.to_builtins(found)
    return plain
