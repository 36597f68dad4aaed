"""The budget breaker: says before each purchase whether it may still be made, and when buying may go on.

What belongs here: limits of a day and a month, what X charges once a day. What doesn't: prices, the ledger's table, waiting.

What a request will bring is not known before: a page of search is checked at its largest, the stream after each piece received (64 kB at
most). So a budget is overrun by one piece at most, and by the posts X had sent when we hung up, which X may charge and usage corrects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import partial

from trend_assets.collect.x.ledger import Ledger, Purchase, Spent
from trend_assets.collect.x.prices import Prices

MOST_REMEMBERED = 300_000
"""Ids remembered as charged today; beyond, a repetition counts as charged: the ledger then overstates."""


class BudgetExceededError(RuntimeError):
    """A purchase would break a budget.

    resumes_at: when the day or month of that budget ends (aware, UTC). purchase, requests, posts: what could not be bought.
    """

    def __init__(
        self,
        limit: str,
        spent: float,
        allowed: float,
        resumes_at: datetime,
        unit: str = "USD",
        *,
        purchase: Purchase,
        requests: int = 0,
        posts: int = 0,
    ) -> None:
        figures = f"{spent:,.2f} of {allowed:,.2f} {unit}" if unit == "USD" else f"{spent:,.0f} of {allowed:,.0f} {unit}"
        super().__init__(f"the {limit}'s budget is used: {figures}; buying goes on at {resumes_at:%Y-%m-%d %H:%M} UTC")
        self.limit = limit
        self.resumes_at = resumes_at
        self.purchase, self.requests, self.posts = purchase, requests, posts


class Purse:
    """What may be spent, for one source.

    a_day, a_month: budgets in the price list's currency; None: no limit. clock: aware, UTC.
    """

    def __init__(
        self, prices: Prices, ledger: Ledger, clock: Callable[[], datetime], *, a_day: float | None, a_month: float | None
    ) -> None:
        self.prices = prices
        self.ledger = ledger
        self._clock = clock
        self._a_day = a_day
        self._a_month = a_month
        self._charged: set[str] = set()
        self._charged_on: date | None = None

    def check(self, purchase: Purchase, *, requests: int = 0, posts: int = 0) -> None:
        """Whether this may be bought. Raises ``BudgetExceededError``."""
        now = self._clock().astimezone(UTC)
        exceeded = partial(BudgetExceededError, purchase=purchase, requests=requests, posts=posts)
        cost = self.prices.cost(purchase.kind, requests, posts, 0)
        today, month = self.ledger.day(now.date()), self.ledger.month(now.date())
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        first = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
        # The month comes first: it is the one that stops for longer. A free request is refused as well once a budget is used up.
        if self._a_month is not None and _exceeds(month, cost, self._a_month):
            raise exceeded("month", month.cost, self._a_month, first)
        if self._a_day is not None and _exceeds(today, cost, self._a_day):
            raise exceeded("day", today.cost, self._a_day, midnight)
        most = self.prices.posts_a_month
        if most is not None and month.charged_posts + posts > most:
            raise exceeded("month", month.charged_posts, most, first, "posts")

    @property
    def budgets(self) -> dict[str, float | None]:
        """What may be spent in a day and a month; None: no limit."""
        return {"day": self._a_day, "month": self._a_month}

    @property
    def stopped(self) -> bool:
        """Whether a single post could not be bought now."""
        try:
            self.check(Purchase("stream"), posts=1)
        except BudgetExceededError:
            return True
        return False

    def posts_left(self, purchase: Purchase) -> int | None:
        """How many posts the budgets and the plan's cap still allow after one request; None without a limit."""
        now = self._clock().astimezone(UTC)
        today, month = self.ledger.day(now.date()), self.ledger.month(now.date())
        request = self.prices.request_cost(purchase.kind)
        left = [
            int((allowed - spent - request) / self.prices.per_post + 1e-9)
            for allowed, spent in ((self._a_day, today.cost), (self._a_month, month.cost))
            if allowed is not None and self.prices.per_post > 0
        ]
        if self.prices.posts_a_month is not None:
            left.append(self.prices.posts_a_month - month.charged_posts)
        return max(0, min(left)) if left else None

    def pay(
        self, purchase: Purchase, *, requests: int = 0, posts: Iterable[str] = (), users: Iterable[str] = (), included: Iterable[str] = ()
    ) -> float:
        """Write down what was bought; returns its cost.

        posts: ids received. users, included: ids of what expansions brought (users and posts), charged where the price list says so.
        """
        now = self._clock().astimezone(UTC)
        ids = list(posts)
        charged = self._first_time("p", ids, now.date())
        charged_users = 0
        if self.prices.includes_are_charged:
            charged += self._first_time("p", included, now.date())
            charged_users = self._first_time("u", users, now.date())
        return self.ledger.add(purchase, now, requests=requests, posts=len(ids), charged_posts=charged, charged_users=charged_users)

    def _first_time(self, prefix: str, ids: Iterable[str], day: date) -> int:
        if not self.prices.charged_once_a_day:
            return len(list(ids))
        if self._charged_on != day:
            self._charged, self._charged_on = set(), day
        charged = 0
        for one in ids:
            key = prefix + one
            if key not in self._charged:
                charged += 1
                if len(self._charged) < MOST_REMEMBERED:
                    self._charged.add(key)
        return charged


def _exceeds(spent: Spent, cost: float, allowed: float) -> bool:
    return spent.cost + cost > allowed + 1e-9 or spent.cost >= allowed
