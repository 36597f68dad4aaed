"""What X has cost, as figures for Prometheus on the collector's ``/metrics``.

What belongs here: the figures, read from the ledger whenever they are asked for. What doesn't: the page (``collect/metrics.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from trend_assets.collect.x.budget import Purse


class SpendingFigures(Collector):
    """Gauges of one purse: spent and left by period, requests and posts of the month, whether buying has stopped."""

    def __init__(self, purse: Purse, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._purse = purse
        self._clock = clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """See ``prometheus_client``; a period without a budget has no ``budget_left``."""
        today = self._clock().astimezone(UTC).date()
        periods = {"day": self._purse.ledger.day(today), "month": self._purse.ledger.month(today)}
        spent = _gauge("spent_dollars", "Estimated cost so far, by UTC day and calendar month", "period")
        left = _gauge("budget_left_dollars", "What the budget still allows", "period")
        posts = _gauge("charged_posts", "Posts that are charged", "period")
        requests = _gauge("requests", "Requests sent", "period")
        for period, sums in periods.items():
            spent.add_metric([period], sums.cost)
            posts.add_metric([period], sums.charged_posts)
            requests.add_metric([period], sums.requests)
            budget = self._purse.budgets[period]
            if budget is not None:
                left.add_metric([period], max(budget - sums.cost, 0.0))
        stopped = _gauge("buying_stopped", "1 while a budget or the plan's cap keeps anything from being bought")
        stopped.add_metric([], float(self._purse.stopped))
        yield from (spent, left, posts, requests, stopped)

    def register(self, registry: CollectorRegistry) -> None:
        """Show the figures on the registry's page."""
        registry.register(self)


def _gauge(name: str, what: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"trend_assets_x_{name}", what, labels=labels)
