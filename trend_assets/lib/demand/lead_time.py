"""Was each alert right, and how many days before our own sales rose?

What belongs here: which rows of trends are alerts, which uplift belongs to which alert, outcomes. What doesn't: finding uplifts
(``uplift.py``), the naive methods (``naive_alerts.py``), sums over many scores (whoever reports them).

A score of a day uses only what was known by its end: uplifts as tested on that day or before, links and trends of past days. An alert is
open until its products' sales rise or its horizon ends; then it gets one decided row and no other. What is decided stays decided.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.ranges import of_products, ranges_of
from trend_assets.tables import TABLES
from trend_assets.tables.lead_time import METHODS

SCORES = TABLES["demand/lead_time_scores"]
TREND_COLUMNS = ["hour", "topic_id", "label", "suppressed"]
Row = dict[str, Any]


@dataclass(frozen=True)
class ScoreRules:
    """When an alert is right.

    ``horizon_days``: an alert is open so long, and so long the same range isn't a new alert. ``forgotten_days``: without a sign of an
    uplift for so long, the next one is another. ``measurable_ratio``: where not even a rise by this would show, an alert without a rise is
    no false alarm.
    """

    horizon_days: int = 14
    forgotten_days: int = 7
    measurable_ratio: float = 3.0

    @property
    def look_back(self) -> timedelta:
        """How far before a day its rows of trends, links and uplifts begin."""
        return timedelta(days=2 * self.horizon_days)


@dataclass
class Alert:
    """One method's word about some ranges, with products and when it could be known."""

    method: str
    key: str
    topic_id: str | None
    label: str
    at: datetime
    product_ids: list[str]
    ranges: list[str] = field(default_factory=list)
    repeat: bool = False

    @property
    def day(self) -> date:
        """The day in which it was known; one at midnight belongs to the day that ends."""
        return (self.at - timedelta(microseconds=1)).date()


def trend_alerts(trends: pa.Table, links: pa.Table, rules: ScoreRules | None = None) -> list[Alert]:
    """Alerts of topics: an hour in which one is raised on a day on which it is linked, the first after a horizon without such an hour.

    ``trends``: rows of ``topics/trends`` (hour, topic_id, label, suppressed); ``links``: of ``demand/product_trend_links``.
    Products are those linked that day, best first. Known at the day's end: a day is linked once it is closed.
    """
    quiet = timedelta(days=(rules or ScoreRules()).horizon_days)
    linked: dict[tuple[str, date], list[tuple[int, str]]] = {}
    for row in links.filter(links["linked"]).select(["topic_id", "day", "product_id", "rank"]).to_pylist():
        linked.setdefault((row["topic_id"], row["day"]), []).append((row["rank"], row["product_id"]))
    raised = trends.filter(pc.invert(trends["suppressed"])).select(["hour", "topic_id", "label"])
    alerts: list[Alert] = []
    last: dict[str, datetime] = {}
    for row in raised.sort_by([("hour", "ascending"), ("topic_id", "ascending")]).to_pylist():
        topic, hour = row["topic_id"], row["hour"].astimezone(UTC)
        products = linked.get((topic, hour.date()))
        if not products:
            continue
        if topic not in last or hour - last[topic] > quiet:
            key = f"{topic} {hour.isoformat()}"
            alerts.append(Alert("trends", key, topic, row["label"], _end(hour.date()), [one for _, one in sorted(products)]))
        last[topic] = hour
    return alerts


def naive_method_alerts(naive: pa.Table) -> list[Alert]:
    """An alert of each row of ``demand/naive_alerts`` that alerts, known at its day's end."""
    return [
        Alert(row["method"], f"{row['range_id']} {row['day']}", None, row["label"], _end(row["day"]), row["product_ids"])
        for row in naive.filter(naive["alerts"]).to_pylist()
    ]


def lead_time_scores(
    day: date,
    alerts: Iterable[Alert],
    uplifts: pa.Table,
    products: pa.Table,
    *,
    methods: Sequence[str] = METHODS,
    rules: ScoreRules | None = None,
) -> pa.Table:
    """Rows of ``demand/lead_time_scores`` of ``day``.

    Parameters
    ----------
    alerts: of the day and ``look_back`` before, of any method; those of later days are never used.
    uplifts: rows of ``demand/sales_uplifts`` of the same days.
    products: the catalogue (``retail/products``), for ranges and categories.
    methods: those asked for what they missed.

    Complexity: O(alerts + uplifts), after sorting.
    """
    rules = rules or ScoreRules()
    known = uplifts.filter(pc.less_equal(uplifts["day"], pa.scalar(day, pa.date32())))
    if not known.num_rows:
        return SCORES.empty()
    court = _Court(day, known, ranges_of(products), rules)
    heard = court.in_order(alerts)
    rows = [row for alert in heard if (row := court.judged(alert)) is not None]
    rows += [row for method in methods for row in court.missed(method, heard)]
    return SCORES.from_rows(sorted(rows, key=lambda row: (row["method"], row["outcome"], row["range_id"], row["score_id"])))


class _Court:
    """Uplifts by range, and verdicts on alerts by them."""

    def __init__(self, day: date, uplifts: pa.Table, ranges: pa.Table, rules: ScoreRules) -> None:
        self._day, self._ranges, self._rules = day, ranges, rules
        self._category = dict(zip(ranges["range_id"].to_pylist(), ranges["category"].to_pylist(), strict=True))
        names = ["day", "subject_kind", "subject_id", "region", "range_id", "label", "category", "product_ids", "onset_on", "units"]
        names += ["expected_units", "ratio", "p_value", "data_origin"]
        self._risen: dict[str, list[Row]] = {}
        for row in uplifts.filter(uplifts["uplift"]).select(names).to_pylist():
            self._risen.setdefault(row["range_id"], []).append(row)
        for rows in self._risen.values():
            rows.sort(key=lambda row: (row["day"], row["subject_kind"] != "range", row["region"], row["p_value"], row["subject_id"]))
        self._measured = self._power(uplifts)
        origins = pc.unique(uplifts["data_origin"]).to_pylist()
        self._origin = "simulated" if "simulated" in origins else "real"

    @staticmethod
    def _power(uplifts: pa.Table) -> dict[str, float]:
        """Of each range the smallest rise that any test of it would have shown."""
        best = uplifts.group_by("range_id").aggregate([("detectable_ratio", "min")])
        return dict(zip(best["range_id"].to_pylist(), best["detectable_ratio_min"].to_pylist(), strict=True))

    def in_order(self, alerts: Iterable[Alert]) -> list[Alert]:
        """Alerts known by the day, in order of time, with their ranges; those whose range the method alerted within the horizon are
        repeats."""
        found = sorted((alert for alert in alerts if alert.day <= self._day), key=lambda alert: (alert.at, alert.method, alert.key))
        last: dict[tuple[str, str], datetime] = {}
        for alert in found:
            alert.ranges = of_products(self._ranges, alert.product_ids)
            since = [last[alert.method, one] for one in alert.ranges if (alert.method, one) in last]
            alert.repeat = any(alert.at - at <= timedelta(days=self._rules.horizon_days) for at in since)
            last |= {(alert.method, one): alert.at for one in alert.ranges}
        return [alert for alert in found if alert.ranges]

    def judged(self, alert: Alert) -> Row | None:
        """The alert's row of the day; ``None`` where it was decided before."""
        until = alert.day + timedelta(days=self._rules.horizon_days)
        if alert.repeat:
            return self._row(alert, "repeat", until, None) if alert.day == self._day else None
        rise = self._rise(alert, until)
        if rise is not None:
            outcome = "hit" if _start(rise["onset_on"]) > alert.at else "late"
            return self._row(alert, outcome, until, rise) if max(rise["day"], alert.day) == self._day else None
        if self._day < until:
            return self._row(alert, "open", until, None)
        if self._day > until:
            return None
        measurable = min(self._measured.get(one, float("inf")) for one in alert.ranges) <= self._rules.measurable_ratio
        return self._row(alert, "false_alarm" if measurable else "unmeasured", until, None)

    def _rise(self, alert: Alert, until: date) -> Row | None:
        """The first uplift of one of the alert's ranges that is known from its day on, or was still there the day before."""
        since = alert.day - timedelta(days=1)
        rows = [row for one in alert.ranges for row in self._risen.get(one, ()) if since <= row["day"] <= until]
        return min(
            rows,
            key=lambda row: (row["day"], alert.ranges.index(row["range_id"]), row["subject_kind"] != "range", row["region"]),
            default=None,
        )

    def missed(self, method: str, alerts: Sequence[Alert]) -> list[Row]:
        """Uplifts first seen on the day that the method had not alerted of within the horizon before."""
        horizon = timedelta(days=self._rules.horizon_days)
        warned = {
            one
            for alert in alerts
            if alert.method == method and self._day - alert.day <= horizon + timedelta(days=1)
            for one in alert.ranges
        }
        rows = []
        for range_id, risen in sorted(self._risen.items()):
            today = [row for row in risen if row["day"] == self._day]
            before = [row for row in risen if self._day - timedelta(days=self._rules.forgotten_days) <= row["day"] < self._day]
            if today and not before and range_id not in warned:
                rows.append(self._miss(method, today[0]))
        return rows

    def _row(self, alert: Alert, outcome: str, until: date, rise: Row | None) -> Row:
        range_id = rise["range_id"] if rise is not None else alert.ranges[0]
        lead = None if rise is None else (_start(rise["onset_on"]) - alert.at) / timedelta(days=1)
        return {
            "day": self._day,
            "score_id": _hash(alert.method, alert.key),
            "method": alert.method,
            "outcome": outcome,
            "topic_id": alert.topic_id,
            "label": alert.label,
            "range_id": range_id,
            "category": self._category.get(range_id, ""),
            "product_ids": alert.product_ids,
            "alerted_at": alert.at,
            "open_until": until,
            "lead_days": lead,
            "data_origin": self._origin,
            "reason": _reason(outcome, until, rise, lead),
            **_of_rise(rise),
        }

    def _miss(self, method: str, rise: Row) -> Row:
        return {
            "day": self._day,
            "score_id": _hash(method, "missed", rise["range_id"], str(self._day)),
            "method": method,
            "outcome": "miss",
            "topic_id": None,
            "label": rise["label"],
            "range_id": rise["range_id"],
            "category": rise["category"],
            "product_ids": rise["product_ids"],
            "alerted_at": None,
            "open_until": None,
            "lead_days": None,
            "data_origin": rise["data_origin"],
            "reason": _reason("miss", None, rise, None),
            **_of_rise(rise),
        }


def _of_rise(rise: Row | None) -> Row:
    names = ("region", "onset_on", "units", "expected_units", "ratio")
    return {name: None if rise is None else rise[name] for name in names} | {"detected_on": None if rise is None else rise["day"]}


def _reason(outcome: str, until: date | None, rise: Row | None, lead: float | None) -> str:
    if rise is None:
        return {
            "open": f"no rise of sales yet, open until {until}",
            "repeat": "the same range was alerted before and counts there",
            "false_alarm": f"sales stayed within expectation until {until}",
            "unmeasured": f"until {until} too little was sold for a rise to show",
        }[outcome]
    where = f" ({rise['region']})" if rise["region"] else ""
    sold = f"{rise['units']:,.0f} units since {rise['onset_on']}{where} where {rise['expected_units']:,.1f} were expected"
    if outcome == "miss":
        return f"{sold}, and no alert within the horizon before"
    return f"{sold}, {abs(lead or 0.0):.1f} days {'after' if outcome == 'hit' else 'before'} the alert"


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _end(day: date) -> datetime:
    return _start(day) + timedelta(days=1)


def _hash(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
