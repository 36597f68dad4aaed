"""How early the alerts of a simulated town were: against what was planted, and as our own scoreboard says without knowing it.

What belongs here: one town's counts. What doesn't: running the town (``town_alerts.py``), the scoreboard itself (``lib/demand``), many
seeds and intervals (``benchmarks/lead_time.py``). Only evaluation may read the truth.

A planted trend that lifts sales is *found* when a topic that is mostly about it is alerted with one of its products before demand peaks.
*Lead* is from the alert to the moment at which its planted demand is a tenth above usual; the *planted lag* is by how many days demand
follows the posts. A *false alarm* is an alert, repeats of a range within the horizon aside, none of whose products' demand a planted cause
lifts by a tenth within the horizon.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.lead_time import Alert, ScoreRules, lead_time_scores, naive_method_alerts
from trend_assets.lib.demand.naive_alerts import naive_alerts
from trend_assets.lib.demand.ranges import of_products, ranges_of
from trend_assets.lib.demand.uplift import UpliftRules, sales_uplifts
from trend_assets.lib.evaluation.town_alerts import TownRun, run_town
from trend_assets.lib.simulation.catalogue import catalogue
from trend_assets.lib.simulation.delivery import Town
from trend_assets.lib.simulation.planted import PlantedTrend
from trend_assets.lib.simulation.retail_tables import retail_tables, retail_truth
from trend_assets.lib.simulation.town import TownParameters

FELT = 1.1
"""Demand is lifted from this multiplier on: below, nobody could see it."""
DAY = timedelta(days=1)
_BEST_FIRST = ("hit", "late", "false_alarm", "unmeasured", "open", "repeat")
"""A trend that is alerted has one of these verdicts: repeats alone, where another trend had alerted its ranges before."""
_TABLES = ("orders", "inventory", "promotions", "products", "stores")
Figures = dict[str, Any]


@dataclass
class TownScore:
    """One town's figures.

    ``trends``: a row a planted trend: kind, lifts_sales, countable (its posts peak within the simulation), raised, alerted (with a product
    of its own), found, lead_days (to demand a tenth above usual), lead_to_start (to the first trace of it), lag_days, verdict of the
    scoreboard: the best of its own ranges. ``alerts``, ``false_alarms``, ``about_nothing``: counts, repeats aside; ``weeks``, ``buyers``:
    of the town. ``scores``: rows of ``demand/lead_time_scores`` of all days. ``rises``: a row each planted cause of sales: kind, seen in
    own sales. ``false_rises``: uplifts first seen without a cause.
    """

    seed: int
    trends: list[Figures]
    alerts: int
    false_alarms: int
    about_nothing: int
    weeks: float
    buyers: int
    scores: pa.Table
    rises: list[Figures] = field(default_factory=list)
    false_rises: int = 0


def score_town(parameters: TownParameters, uplift_rules: UpliftRules | None = None) -> TownScore:
    """Simulate, run and judge a town. The scoreboard sees what a retailer sees; the truth is compared with afterwards."""
    return judge_town(parameters, alerts_of_town(parameters), uplift_rules)


def alerts_of_town(parameters: TownParameters) -> TownRun:
    """What our trends made of the town's posts and its catalogue."""
    return run_town(Town(parameters), retail_tables(parameters, names=("products",))["retail/products"])


def judge_town(parameters: TownParameters, run: TownRun, uplift_rules: UpliftRules | None = None) -> TownScore:
    """The figures of a town whose posts were run: needs its sales and its truth, and no post again."""
    town = Town(parameters)
    retail = {name.removeprefix("retail/"): table for name, table in retail_tables(parameters, names=_TABLES).items()}
    listed = _of_day(retail["products"], parameters.start.date())
    effects = retail_truth(parameters).effects
    days = [parameters.start.date() + number * DAY for number in range(parameters.days)]
    uplifts, naive = _own_sales(run, retail, listed, days, uplift_rules)
    ranges = ranges_of(listed)
    scores = pa.concat_tables([_scores(day, run.alerts, naive, uplifts, retail["products"]) for day in days])
    alerts = _without_repeats(run.alerts, ranges)
    products = _products(town)
    lifted = {trend.trend_id: products[trend.trend_id] for trend in town.trends if trend.uplift >= FELT}
    caused = [_caused(alert, effects, lifted.get(run.about.get(alert.topic_id or "", ""), set())) for alert in alerts]
    score = TownScore(
        parameters.seed,
        [_trend_row(trend, run, products, scores, parameters) for trend in town.trends],
        len(alerts),
        sum(not one for one in caused),
        sum(not one and alert.topic_id not in run.about for alert, one in zip(alerts, caused, strict=True)),
        parameters.days / 7,
        len(pc.unique(listed["category"])),
        scores,
    )
    score.rises, score.false_rises = _rises(effects, uplifts, ranges, days)
    return score


def _own_sales(
    run: TownRun, retail: dict[str, pa.Table], listed: pa.Table, days: list[date], rules: UpliftRules | None
) -> tuple[pa.Table, pa.Table]:
    """``demand/sales_uplifts`` and ``demand/naive_alerts`` of all days, each from what was known by its end."""
    rules = rules or UpliftRules()
    day_of = run.posts["created_at"].cast(pa.timestamp("us")).cast(pa.date32())
    uplifts: list[pa.Table] = []
    naive: list[pa.Table] = []
    for day in days:
        past = {
            name: _between(retail[name], day - rules.history_days * DAY, day) for name in ("orders", "inventory", "promotions", "products")
        }
        today = _of_day(retail["products"], day)
        uplifts.append(
            sales_uplifts(
                past["orders"],
                past["inventory"],
                past["promotions"],
                today,
                _of_day(retail["stores"], day),
                day,
                prices=past["products"],
                last_year=retail["orders"],
                rules=rules,
            )
        )
        posts = run.posts.filter(pc.equal(day_of, pa.scalar(day, pa.date32())))
        naive.append(naive_alerts(retail["orders"], posts, listed, day, previous=pa.concat_tables(naive) if naive else None))
    return pa.concat_tables(uplifts), pa.concat_tables(naive)


def _scores(day: date, alerts: list[Alert], naive: pa.Table, uplifts: pa.Table, products: pa.Table) -> pa.Table:
    """The day's scores."""
    rules = ScoreRules()
    first = day - rules.look_back
    heard = [alert for alert in alerts if alert.day >= first] + naive_method_alerts(_between(naive, first, day))
    return lead_time_scores(day, heard, _between(uplifts, first, day), _between(products, first, day), rules=rules)


def _between(table: pa.Table, first: date, last: date) -> pa.Table:
    days = table["day"]
    return table.filter(pc.and_(pc.greater_equal(days, pa.scalar(first, pa.date32())), pc.less_equal(days, pa.scalar(last, pa.date32()))))


def _of_day(table: pa.Table, day: date) -> pa.Table:
    return _between(table, day, day)


def _without_repeats(alerts: list[Alert], ranges: pa.Table) -> list[Alert]:
    """The alerts a buyer takes for new: none of its ranges was alerted within the horizon."""
    horizon, last, kept = timedelta(days=ScoreRules().horizon_days), dict[str, datetime](), []
    for alert in sorted(alerts, key=lambda one: (one.at, one.key)):
        of = of_products(ranges, alert.product_ids)
        if not any(one in last and alert.at - last[one] <= horizon for one in of):
            kept.append(alert)
        last |= dict.fromkeys(of, alert.at)
    return kept


def _products(town: Town) -> dict[str, set[str]]:
    """Products that each planted trend is about."""
    products = catalogue(town.parameters.size).products
    return {trend.trend_id: {one.product_id for one in products if one.item in trend.items} for trend in town.trends}


def _caused(alert: Alert, effects: pa.Table, own: set[str]) -> bool:
    """Whether demand for one of the alert's products is lifted by something planted within the horizon, or will be by what it is about."""
    if own & set(alert.product_ids):
        return True
    there = _between(effects, alert.day, alert.day + timedelta(days=ScoreRules().horizon_days))
    there = there.filter(pc.and_(pc.greater_equal(there["factor"], FELT), pc.not_equal(there["kind"], "drift")))
    return bool(pc.any(pc.is_in(pc.unique(there["product_id"]), value_set=pa.array(alert.product_ids, pa.string()))).as_py())


def _trend_row(
    trend: PlantedTrend,
    run: TownRun,
    products: dict[str, set[str]],
    scores: pa.Table,
    parameters: TownParameters,
) -> Figures:
    """What became of a planted trend."""
    topics = {topic for topic, about in run.about.items() if about == trend.trend_id}
    own = products[trend.trend_id]
    start = parameters.start
    alerts = [alert for alert in run.alerts if alert.topic_id in topics and (not own or own & set(alert.product_ids))]
    first = min((alert.at for alert in alerts), default=None)
    raised = min((run.raised[topic] for topic in topics if topic in run.raised), default=None)
    peak = start + (trend.peaks + trend.lag_days) * DAY
    felt = felt_from(trend, start)
    lifts = trend.uplift >= FELT and felt is not None
    found = lifts and first is not None and first < peak
    mine = pa.array(sorted({alert.topic_id or "" for alert in alerts}), pa.string())
    told = scores.filter(pc.is_in(scores["topic_id"], value_set=mine)).select(["outcome", "product_ids"]).to_pylist()
    verdicts = {row["outcome"] for row in told if not own or own & set(row["product_ids"])}
    decided = next((one for one in _BEST_FIRST if one in verdicts), "none")
    return {
        "trend_id": trend.trend_id,
        "kind": trend.kind,
        "lifts_sales": lifts,
        "countable": lifts and trend.peaks <= parameters.days,
        "lag_days": trend.lag_days,
        "uplift": trend.uplift,
        "raised": raised is not None,
        "delay_days": None if raised is None else (raised - start) / DAY - trend.starts,
        "alerted": first is not None,
        "found": found,
        "lead_days": (felt - first) / DAY if found and felt is not None and first is not None else None,
        "lead_to_start": (start + (trend.starts + trend.lag_days) * DAY - first) / DAY if found and first is not None else None,
        "verdict": decided,
    }


def felt_from(trend: PlantedTrend, start: datetime) -> datetime | None:
    """The moment from which a trend's demand is a tenth above usual; ``None`` where it never is."""
    hours = np.arange(0.0, 24 * (trend.peaks + trend.lag_days + 2)) / 24
    above = np.flatnonzero(trend.demand_factor(hours - 0.5) >= FELT)
    return start + float(hours[above[0]]) * DAY if above.size else None


def _rises(effects: pa.Table, uplifts: pa.Table, ranges: pa.Table, days: list[date]) -> tuple[list[Figures], int]:
    """Planted causes that lift demand by half or more in the simulated days, whether own sales showed them; uplifts without any cause."""
    tested_from = pc.min(uplifts["day"]).as_py() if uplifts.num_rows else days[-1]
    there = _between(effects, tested_from, days[-1])
    strong = there.filter(pc.greater_equal(there["factor"], 1.5))
    risen = uplifts.filter(uplifts["uplift"]).select(["day", "range_id", "onset_on"]).to_pylist()
    rises = []
    for cause in sorted(set(strong["trend_id"].to_pylist())):
        rows = strong.filter(pc.equal(strong["trend_id"], cause))
        of = set(of_products(ranges, pc.unique(rows["product_id"]).to_pylist()))
        seen = [row["day"] for row in risen if row["range_id"] in of]
        first = pc.min(rows["day"]).as_py()
        kind = rows["kind"][0].as_py()
        rises.append({"cause": cause, "kind": kind, "seen": bool(seen), "days_to_see": (min(seen) - first).days if seen else None})
    every = there.filter(pc.greater_equal(there["factor"], FELT))
    caused = Counter(of_products(ranges, pc.unique(every["product_id"]).to_pylist()))
    return rises, len({row["range_id"] for row in risen if row["range_id"] not in caused})
