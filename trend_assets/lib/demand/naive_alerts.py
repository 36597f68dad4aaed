"""What methods without a detector of trends would say of each range: the yardstick for lead times.

What belongs here: the three methods. What doesn't: scoring (``lead_time.py``), the test for uplifts (``uplift.py``).

``last_week``: sales of the last seven days rose over the seven before. ``mentions``: posts of the day name the range, as a search for its
name would count them, and are more than in the week before. ``last_year``: the same range's coming week sold more than the week before it,
a year ago. A method without a past says nothing. All three alert on any range, on sale or not, as a person with a spreadsheet would.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.ranges import ranges_of
from trend_assets.lib.demand.uplift import YEAR
from trend_assets.lib.demand.words import words_of
from trend_assets.tables import TABLES

ALERTS = TABLES["demand/naive_alerts"]
WEEK = 7
POST_COLUMNS = ["network", "post_id", "tokens"]


@dataclass(frozen=True)
class NaiveRules:
    """``least_rise``: value over reference; ``least_units`` and ``least_posts``: value; ``mentions_rise``: posts over their daily mean.

    ``words``: of a range's name, in one language, that a post must hold to be found (all of them where the name has fewer).
    """

    least_rise: float = 1.5
    least_units: float = 10.0
    mentions_rise: float = 3.0
    least_posts: float = 5.0
    words: int = 2


def naive_alerts(
    orders: pa.Table,
    posts: pa.Table,
    products: pa.Table,
    day: date,
    *,
    previous: pa.Table | None = None,
    rules: NaiveRules | None = None,
) -> pa.Table:
    """Rows of ``demand/naive_alerts`` of ``day``: each method and range with something to look at.

    ``orders``: rows of ``retail/orders`` of the day, the 13 before, and the same days a year before with the seven that follow, where there
    are any. ``posts``: of the day, ``network``, ``post_id``, ``tokens``. ``products``: the day's catalogue. ``previous``: rows of this
    table of the seven days before, for mentions. Complexity: O(orders + tokens).
    """
    rules = rules or NaiveRules()
    ranges = ranges_of(products)
    names = sorted(set(ranges["range_id"].to_pylist()))
    place = {name: number for number, name in enumerate(names)}
    week = timedelta(days=WEEK)
    before = day - YEAR
    parts = [
        ("last_week", _units(orders, ranges, place, day - week, day), _units(orders, ranges, place, day - 2 * week, day - week)),
        ("last_year", _units(orders, ranges, place, before, before + week), _units(orders, ranges, place, before - week, before)),
        ("mentions", _mentions(posts, products, ranges, place, rules.words), _usual_mentions(previous, place, day)),
    ]
    of_range = {row["range_id"]: row for row in ranges.to_pylist()}
    members: dict[str, list[str]] = {}
    for row in ranges.to_pylist():
        members.setdefault(row["range_id"], []).append(row["product_id"])
    rows: list[dict[str, Any]] = []
    for method, value, reference in parts:
        for number in np.flatnonzero((value > 0) | (reference > 0)).tolist():
            known = bool(np.isfinite(reference[number]))
            rows.append(
                {
                    "day": day,
                    "method": method,
                    "range_id": names[number],
                    "label": of_range[names[number]]["range_name"],
                    "category": of_range[names[number]]["category"],
                    "product_ids": members[names[number]],
                    "value": float(value[number]),
                    "reference": float(reference[number]) if known else None,
                    "alerts": known and _rose(method, float(value[number]), float(reference[number]), rules),
                }
            )
    return ALERTS.from_rows(sorted(rows, key=lambda row: (row["method"], row["range_id"])))


def _rose(method: str, value: float, reference: float, rules: NaiveRules) -> bool:
    if method == "mentions":
        return value >= rules.least_posts and value >= rules.mentions_rise * reference
    return value >= rules.least_units and value >= rules.least_rise * reference


def _units(orders: pa.Table, ranges: pa.Table, place: dict[str, int], after: date, until: date) -> np.ndarray:
    """Units sold by range in the days after ``after`` until ``until``; unknown (not a number) where nothing at all was sold."""
    days = orders["day"]
    chosen = pc.and_(pc.greater(days, pa.scalar(after, pa.date32())), pc.less_equal(days, pa.scalar(until, pa.date32())))
    sales = orders.filter(pc.and_(chosen, pc.equal(orders["kind"], "sale")))
    if not sales.num_rows:
        return np.full(len(place), np.nan)
    product = pc.index_in(sales["product_id"], value_set=ranges["product_id"])
    of_sale = ranges["range_id"].take(product)
    number = pc.index_in(of_sale, value_set=pa.array(list(place), pa.string())).fill_null(-1).to_numpy().astype(np.int64)
    quantity = sales["quantity"].to_numpy().astype(np.float64)
    return np.bincount(number[number >= 0], quantity[number >= 0], minlength=len(place))


def _mentions(posts: pa.Table, products: pa.Table, ranges: pa.Table, place: dict[str, int], least: int) -> np.ndarray:
    """Posts of the day that hold enough words of a range's name in one language, by range."""
    queries = _queries(products, ranges, place, least)
    if not posts.num_rows or not queries.num_rows:
        return np.zeros(len(place))
    tokens = posts["tokens"].combine_chunks()
    flat = tokens.flatten().dictionary_encode()
    # Forms of words are folded once a word type, as the catalogue's are.
    folded = pa.array([(words_of(word) or [""])[-1] for word in flat.dictionary.to_pylist()], pa.string())
    words = pa.table({"post": pa.array(np.asarray(pc.list_parent_indices(tokens), np.int64)), "word": folded.take(flat.indices)})
    words = words.filter(pc.is_in(words["word"], value_set=pc.unique(queries["word"])))
    hits = words.group_by(["post", "word"]).aggregate([]).join(queries, "word", join_type="inner")
    counted = hits.group_by(["post", "query", "range", "needed"]).aggregate([("word", "count")])
    found = counted.filter(pc.greater_equal(counted["word_count"], counted["needed"])).group_by(["post", "range"]).aggregate([])
    return np.bincount(found["range"].to_numpy(), minlength=len(place)).astype(np.float64)


def _queries(products: pa.Table, ranges: pa.Table, place: dict[str, int], least: int) -> pa.Table:
    """``word``, ``query``, ``range``, ``needed``: the words of each range's names without colour, one query a language."""
    named = "product_name_fr" in products.column_names
    french = dict(zip(*(products[name].to_pylist() for name in ("product_id", "product_name_fr")), strict=True)) if named else {}
    words_by_query: dict[tuple[int, str], set[str]] = {}
    for row in ranges.to_pylist():
        number = place[row["range_id"]]
        words_by_query.setdefault((number, "name"), set(words_of(row["range_name"])))
        other = french.get(row["product_id"])
        if other:  # colours differ within a range, what stays is the thing
            known = words_by_query.get((number, "french"))
            words = set(words_of(other))
            words_by_query[number, "french"] = words if known is None else known & words
    rows = [
        (word, query, number, min(least, len(words)))
        for query, ((number, _), words) in enumerate(sorted(words_by_query.items()))
        for word in sorted(words)
    ]
    columns = {"word": pa.string(), "query": pa.int64(), "range": pa.int64(), "needed": pa.int64()}
    return pa.table({name: pa.array([row[at] for row in rows], kind) for at, (name, kind) in enumerate(columns.items())})


def _usual_mentions(previous: pa.Table | None, place: dict[str, int], day: date) -> np.ndarray:
    """Mean posts a day of each range in the seven days before; unknown where less than a week is on record."""
    if previous is None:
        return np.full(len(place), np.nan)
    first = day - timedelta(days=WEEK)
    days = previous["day"]
    rows = previous.filter(pc.and_(pc.greater_equal(days, pa.scalar(first, pa.date32())), pc.less(days, pa.scalar(day, pa.date32()))))
    if len(pc.unique(rows["day"])) < WEEK:
        return np.full(len(place), np.nan)
    rows = rows.filter(pc.equal(rows["method"], "mentions"))
    number = pc.index_in(rows["range_id"], value_set=pa.array(list(place), pa.string())).fill_null(-1).to_numpy().astype(np.int64)
    return np.bincount(number[number >= 0], rows["value"].to_numpy()[number >= 0], minlength=len(place)) / WEEK
