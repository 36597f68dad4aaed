"""Was each alert right, and how many days before our own sales rose?

What belongs here: which ranges were alerted, which uplift belongs to which alert, outcomes. What doesn't: finding uplifts
(``uplift.py``), the naive methods (``naive_alerts.py``), sums over many scores and who is better (``track_records.py``).

The unit is one method's word about one range, whoever says it: a trend that is linked to products of three ranges alerts three times, as a
naive method does that looks at each range by itself. A score of a day uses only what was known by its end: uplifts as tested on that day or
before, links and trends of past days. An alert is open until sales of its range rise or its horizon ends; then it gets one decided row
and no other. What is decided stays decided.

A range is what the catalogue of the alert's day called so. Names change, products don't: alerts and rises that have the range's name or a
product in common are of the same range.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.ranges import ranges_of
from trend_assets.tables import TABLES
from trend_assets.tables.lead_time import METHODS
from trend_assets.tables.ledgers import DAY_READY

SCORES = TABLES["demand/lead_time_scores"]
TREND_COLUMNS = ["hour", "topic_id", "label", "suppressed"]
_DECIDED_BEFORE = "the range's last alert was decided before, and a repeat opens no other"
Row = dict[str, Any]
_Name = tuple[str, str]


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


@dataclass(frozen=True)
class Alert:
    """What a method says of some products, best first, from the data of a closed ``day``; ``key`` tells it from the method's others."""

    method: str
    key: str
    topic_id: str | None
    label: str
    day: date
    product_ids: Sequence[str]

    @property
    def at(self) -> datetime:
        """When it could be known: by schedule, some hours after the day's end."""
        return _start(self.day) + timedelta(days=1) + DAY_READY


@dataclass(frozen=True)
class _RangeAlert:
    """An alert's word about one of its ranges; a ``repeat`` where the method spoke of the range within the horizon before."""

    alert: Alert
    range_id: str
    category: str
    product_ids: Sequence[str]
    repeat: bool


def trend_alerts(trends: pa.Table, links: pa.Table) -> list[Alert]:
    """An alert of each topic and day on which it is raised in some hour and linked to products.

    ``trends``: rows of ``topics/trends`` (hour, topic_id, label, suppressed); ``links``: of ``demand/product_trend_links``.
    Products are those linked that day, best first. The label is that of the day's first raised hour.
    """
    linked: dict[tuple[date, str], list[tuple[int, str]]] = {}
    for row in links.filter(links["linked"]).select(["topic_id", "day", "product_id", "rank"]).to_pylist():
        linked.setdefault((row["day"], row["topic_id"]), []).append((row["rank"], row["product_id"]))
    raised = trends.filter(pc.invert(trends["suppressed"])).select(["hour", "topic_id", "label"])
    labels: dict[tuple[date, str], str] = {}
    for row in raised.sort_by([("hour", "ascending"), ("topic_id", "ascending")]).to_pylist():
        labels.setdefault((row["hour"].astimezone(UTC).date(), row["topic_id"]), row["label"])
    return [
        Alert("trends", f"{topic} {day}", topic, label, day, [product for _, product in sorted(linked[day, topic])])
        for (day, topic), label in labels.items()
        if (day, topic) in linked
    ]


def naive_method_alerts(naive: pa.Table) -> list[Alert]:
    """An alert of each row of ``demand/naive_alerts`` that alerts."""
    return [
        Alert(row["method"], f"{row['range_id']} {row['day']}", None, row["label"], row["day"], row["product_ids"])
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
    products: the catalogues (``retail/products``) of the same days, for ranges and categories: a product that has left the shop, or a day
        whose catalogue is missing, must not leave an alert undecided. Names are the newest known by the end of the alert's day.
    methods: those asked for what they missed.

    Complexity: O(alerts + uplifts + products), after sorting.
    """
    known = uplifts.filter(pc.less_equal(uplifts["day"], pa.scalar(day, pa.date32())))
    court = _Court(day, known, products, rules or ScoreRules())
    heard = court.heard(alerts)
    rows = [row for one in heard if (row := court.judged(one)) is not None]
    rows += [row for method in methods for row in court.missed(method, heard, rows)]
    return SCORES.from_rows(sorted(rows, key=lambda row: (row["method"], row["outcome"], row["range_id"], row["score_id"])))


class _Court:
    """Uplifts by range, and verdicts on alerts by them."""

    def __init__(self, day: date, uplifts: pa.Table, products: pa.Table, rules: ScoreRules) -> None:
        self._day, self._rules, self._horizon = day, rules, timedelta(days=rules.horizon_days)
        self._products = products
        names = ["day", "subject_kind", "subject_id", "region", "range_id", "label", "category", "product_ids", "onset_on", "units"]
        names += ["expected_units", "ratio", "p_value", "data_origin"]
        signs = uplifts.filter(uplifts["uplift"]).select(names).to_pylist()
        signs.sort(key=lambda row: (row["day"], row["subject_kind"] != "range", row["region"], row["p_value"], row["subject_id"]))
        self._note_first_signs(signs)
        self._signs: dict[_Name, list[tuple[int, Row]]] = {}
        for place, sign in enumerate(signs):
            for name in _names(sign["range_id"], sign["product_ids"]):
                self._signs.setdefault(name, []).append((place, sign))
        self._new = [sign for sign in signs if sign["first"] is sign and sign["day"] == day]
        self._measured = self._power(uplifts)
        given = [table["data_origin"] for table in (uplifts, products) if "data_origin" in table.column_names]
        self._origin = "simulated" if any(pc.any(pc.equal(one, "simulated")).as_py() for one in given) else "real"

    def _note_first_signs(self, signs: Sequence[Row]) -> None:
        """The first sign of the rise that each is of; signs are in order of days."""
        before: dict[_Name, Row] = {}
        for sign in signs:
            names = _names(sign["range_id"], sign["product_ids"])
            lasting = (before[name] for name in names if name in before)
            again = next((one for one in lasting if sign["day"] - one["day"] <= timedelta(days=self._rules.forgotten_days)), None)
            sign["first"] = sign if again is None else again["first"]
            before |= dict.fromkeys(names, sign)

    @staticmethod
    def _power(uplifts: pa.Table) -> dict[_Name, float]:
        """Of each range and product the smallest rise that any test of it would have shown."""
        ratios = uplifts["detectable_ratio"]
        of_products = ratios.take(pc.list_parent_indices(uplifts["product_ids"]))
        tested = (("range", uplifts["range_id"], ratios), ("product", pc.list_flatten(uplifts["product_ids"]), of_products))
        found: dict[_Name, float] = {}
        for kind, ids, of in tested:
            best = pa.table({"id": ids, "ratio": of}).group_by("id").aggregate([("ratio", "min")])
            found |= {(kind, one): least for one, least in zip(best["id"].to_pylist(), best["ratio_min"].to_pylist(), strict=True)}
        return found

    def heard(self, alerts: Iterable[Alert]) -> list[_RangeAlert]:
        """What was said of each range until the day, in order of time; products that no catalogue knows are nothing to be alerted of."""
        last: dict[tuple[str, _Name], date] = {}
        found: list[_RangeAlert] = []
        told = sorted((one for one in alerts if one.day <= self._day), key=lambda one: (one.day, one.method, one.key))
        for day, of_day in groupby(told, key=lambda one: one.day):
            said_today = list(of_day)
            range_of = self._ranges(day, {product for alert in said_today for product in alert.product_ids})
            for alert in said_today:
                by_range: dict[str, list[str]] = {}
                for product in alert.product_ids:
                    if product in range_of:
                        by_range.setdefault(range_of[product][0], []).append(product)
                for range_id, products in by_range.items():
                    names = [(alert.method, name) for name in _names(range_id, products)]
                    repeat = any(name in last and day - last[name] <= self._horizon for name in names)
                    found.append(_RangeAlert(alert, range_id, range_of[products[0]][1], products, repeat))
                    last |= dict.fromkeys(names, day)
        return found

    def _ranges(self, day: date, product_ids: set[str]) -> dict[str, tuple[str, str]]:
        """Range and category of the products by the newest catalogue of the day or before, else by one that came later."""
        named = self._products.filter(pc.is_in(self._products["product_id"], value_set=pa.array(sorted(product_ids), pa.string())))
        parts = [named]
        if "day" in named.column_names:
            parts.append(named.filter(pc.less_equal(named["day"], pa.scalar(day, pa.date32()))))
        return {row["product_id"]: (row["range_id"], row["category"]) for part in parts for row in ranges_of(part).to_pylist()}

    def judged(self, one: _RangeAlert) -> Row | None:
        """The row of the day; ``None`` where it was decided before."""
        day, until = one.alert.day, one.alert.day + self._horizon
        if one.repeat:
            return self._row(one, "repeat", until, None) if day == self._day else None
        sign = self._sign(one, until)
        if sign is not None:
            rise = sign["first"]
            outcome = "hit" if _start(rise["onset_on"]) > one.alert.at else "late"
            return self._row(one, outcome, until, rise) if max(sign["day"], day) == self._day else None
        if self._day < until:
            return self._row(one, "open", until, None)
        if self._day > until:
            return None
        shown = min(self._measured.get(name, float("inf")) for name in _names(one.range_id, one.product_ids))
        measurable = shown <= self._rules.measurable_ratio
        return self._row(one, "false_alarm" if measurable else "unmeasured", until, None)

    def _sign(self, one: _RangeAlert, until: date) -> Row | None:
        """The first uplift of the range that is known from the alert's day on, or was still there the day before."""
        since = one.alert.day - timedelta(days=1)
        found = (pair for name in _names(one.range_id, one.product_ids) for pair in self._signs.get(name, ()))
        return min(((place, sign) for place, sign in found if since <= sign["day"] <= until), default=(0, None), key=itemgetter(0))[1]

    def missed(self, method: str, heard: Iterable[_RangeAlert], judged: Iterable[Row]) -> list[Row]:
        """Rises first seen on the day that decide no alert of the method known by then, so that each rise counts once for each method."""
        told: set[_Name] = set()
        for row in judged:
            if row["method"] == method and row["detected_on"] == self._day and row["alerted_at"].date() <= self._day:
                told |= _names(row["range_id"], row["product_ids"]).keys()
        known = [one for one in heard if one.alert.method == method and self._day - self._horizon <= one.alert.day < self._day]
        alerted = {name for one in known for name in _names(one.range_id, one.product_ids)}
        of = ((sign, _names(sign["range_id"], sign["product_ids"]).keys()) for sign in self._new)
        return [self._miss(method, sign, alerted=bool(names & alerted)) for sign, names in of if not names & told]

    def _row(self, one: _RangeAlert, outcome: str, until: date, rise: Row | None) -> Row:
        alert = one.alert
        lead = None if rise is None else (_start(rise["onset_on"]) - alert.at) / timedelta(days=1)
        return {
            "day": self._day,
            "score_id": _hash(alert.method, alert.key, one.product_ids[0]),
            "method": alert.method,
            "outcome": outcome,
            "topic_id": alert.topic_id,
            "label": alert.label,
            "range_id": one.range_id,
            "category": one.category,
            "product_ids": one.product_ids,
            "alerted_at": alert.at,
            "open_until": until,
            "lead_days": lead,
            "data_origin": self._origin,
            "reason": _reason(outcome, until, rise, lead),
            **_of_rise(rise),
        }

    def _miss(self, method: str, rise: Row, *, alerted: bool) -> Row:
        """``alerted``: the method had spoken of the range, but that alert was decided and what it said since only repeats it."""
        unseen = f"no alert was known within the {self._rules.horizon_days} days before"
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
            "reason": f"{_sold(rise)}; {_DECIDED_BEFORE if alerted else unseen}",
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
    return f"{_sold(rise)}, {abs(lead or 0.0):.1f} days {'after' if outcome == 'hit' else 'before'} the alert"


def _sold(rise: Row) -> str:
    where = f" ({rise['region']})" if rise["region"] else ""
    return f"{rise['units']:,.0f} units since {rise['onset_on']}{where} where {rise['expected_units']:,.1f} were expected"


def _names(range_id: str, product_ids: Iterable[str]) -> dict[_Name, None]:
    """What a range is known by, in order: its name of the day, then its products."""
    return dict.fromkeys([("range", range_id), *(("product", product) for product in product_ids)])


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _hash(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
