"""Customers by segment: how many of which kind bought a category in a region in a week, never fewer than fifty.

What belongs here: from order lines and who placed them to the rows of ``demand/segment_customers``. What doesn't: who placed them
(``lib/retail/buyers.py``; held in memory only), trends, which meet these counts by category and region (dbt).

Segments are those of recency, frequency and value (Hughes, Strategic Database Marketing, 1994), with fixed, told limits instead of
fifths: a customer's segment then does not depend on how many others there are, but for the best.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.demand.small_cells import PERSON, named, without_small_cells
from trend_assets.lib.tables import matches
from trend_assets.tables import TABLES
from trend_assets.tables.markets import UNKNOWN, WITHHELD
from trend_assets.tables.segments import BEST, FEWEST_CUSTOMERS, NEW, OCCASIONAL, REGULAR, RETURNING, SEGMENTS

WEEK_DAYS = 7
HISTORY_DAYS = 182
"""Days of orders, the week included, that segments are told from."""
AWAY_DAYS = 90
"""Days without an order before the week after which a customer returns, or is new."""
REGULAR_DAYS = 4
BEST_SHARE = 0.1
ORDER_COLUMNS = ["day", "order_id", "product_id", "store_id", "kind", "quantity", "unit_price", "currency", "country", "data_origin"]
"""Columns of ``retail/orders`` that are read."""


@dataclass(frozen=True)
class _Lines:
    """Order lines of known customers: customer codes from 0, days before the Sunday (0 is the Sunday), money in usual lines."""

    customer: np.ndarray
    days_ago: np.ndarray
    money: np.ndarray
    is_sale: np.ndarray


def segment_customers(orders: pa.Table, buyers: pa.Table, products: pa.Table, stores: pa.Table, sunday: date) -> pa.Table:
    """Rows of ``demand/segment_customers`` for the week that ends with ``sunday``.

    ``orders``: ``ORDER_COLUMNS`` of the days known, of which ``HISTORY_DAYS`` up to ``sunday`` are used; ``buyers``: see
    ``lib/retail/buyers.py``; ``products``, ``stores``: the catalogues as known on ``sunday``. Orders without a customer count nobody;
    who sent everything back or cancelled did buy. Complexity: sorting the lines.
    """
    declared = TABLES["demand/segment_customers"]
    began = sunday - timedelta(days=HISTORY_DAYS - 1)
    within = pc.and_(pc.greater_equal(orders["day"], pa.scalar(began)), pc.less_equal(orders["day"], pa.scalar(sunday)))
    orders = orders.filter(pc.and_(within, pc.not_equal(orders["kind"], "adjustment")))
    first_known = pc.min(orders["day"]).as_py()
    # made in a range of weeks, a week must not know the segments of later ones
    buyers = buyers.filter(pc.less_equal(buyers["day"].cast(pa.string()), pa.scalar(sunday.isoformat())))
    found = _customer_rows(orders, buyers)
    orders = orders.filter(pc.is_valid(found))
    found = found.drop_null()
    if not orders.num_rows:
        return declared.empty()
    codes = buyers["customer"].combine_chunks().dictionary_encode().indices.to_numpy()
    customer = codes[found.to_numpy()].astype(np.int64)  # times days must not overflow
    lines = _Lines(customer, _days_ago(orders, sunday), _money(orders), _is(orders, "sale"))
    bought = np.flatnonzero(lines.is_sale & (lines.days_ago < WEEK_DAYS))
    if not len(bought):
        return declared.empty()
    if buyers["segment"].null_count < buyers.num_rows:
        of_customer = _own_segments(buyers, codes)
    else:
        of_customer = _segments(lines, int(codes.max()) + 1, (sunday - first_known).days >= WEEK_DAYS + AWAY_DAYS)
    week = orders.take(pa.array(bought))
    rows = pa.table(
        {
            "category": category_of(week, products),
            "region": _region(week, stores),
            "segment": of_customer.take(pa.array(customer[bought])),
            PERSON: pa.array(customer[bought]),
        }
    )
    counted = without_small_cells(rows, "category", ["region", "segment"], FEWEST_CUSTOMERS, WITHHELD)
    counted = counted.rename_columns(["category", "region", "segment", "customers", "lines"]).drop_columns("lines")
    counted = counted.append_column("day", pa.repeat(pa.scalar(sunday, pa.date32()), counted.num_rows))
    # One simulated line makes the count a simulated one.
    origin = "simulated" if pc.any(pc.equal(week["data_origin"], "simulated")).as_py() else "real"
    return declared.conform(counted.append_column("data_origin", pa.repeat(origin, counted.num_rows)))


def _customer_rows(orders: pa.Table, buyers: pa.Table) -> pa.Array:
    """For each line the row of ``buyers`` of its order, null without."""
    texts = [table.select(["day", "order_id"]).set_column(0, "day", table["day"].cast(pa.string())) for table in (orders, buyers)]
    return matches(texts[0], texts[1], ["day", "order_id"])


def _days_ago(orders: pa.Table, sunday: date) -> np.ndarray:
    days: np.ndarray = (np.datetime64(sunday) - orders["day"].to_numpy()).astype("timedelta64[D]").astype(np.int64)
    return days


def _is(orders: pa.Table, kind: str) -> np.ndarray:
    same: np.ndarray = pc.equal(orders["kind"], kind).to_numpy()
    return same


def _money(orders: pa.Table) -> np.ndarray:
    """Money of each line as a multiple of the mean sale line of its currency, so that currencies add up without a rate."""
    money = orders["quantity"].to_numpy().astype(np.float64) * orders["unit_price"].to_numpy()
    currency = orders["currency"].combine_chunks().dictionary_encode().indices.to_numpy()
    sale = _is(orders, "sale")
    total = np.bincount(currency[sale], weights=np.abs(money[sale]), minlength=int(currency.max()) + 1)
    lines = np.bincount(currency[sale], minlength=len(total))
    usual = np.where(total > 0, total / np.maximum(lines, 1), 1.0)
    multiple: np.ndarray = money / usual[currency]
    return multiple


def _segments(lines: _Lines, customers: int, knows_before: bool) -> pa.Array:
    """The segment of each customer code. ``knows_before``: whether orders reach far enough back to call someone new."""
    value = np.bincount(lines.customer, weights=lines.money, minlength=customers)
    visits = np.unique(lines.customer[lines.is_sale] * HISTORY_DAYS + lines.days_ago[lines.is_sale])
    visitor, days_ago = visits // HISTORY_DAYS, visits % HISTORY_DAYS
    frequency = np.bincount(visitor, minlength=customers)
    before = days_ago >= WEEK_DAYS
    newest_before = np.full(customers, HISTORY_DAYS)
    np.minimum.at(newest_before, visitor[before], days_ago[before])
    never_before = newest_before == HISTORY_DAYS
    known = frequency > 0
    limit = np.quantile(value[known], 1.0 - BEST_SHARE, method="higher")
    asked = {
        BEST: known & (value >= limit) & (frequency >= 2),
        RETURNING: ~never_before & (newest_before >= WEEK_DAYS + AWAY_DAYS),
        NEW: never_before & knows_before,
        REGULAR: frequency >= REGULAR_DAYS,
    }
    number = np.select(list(asked.values()), [SEGMENTS.index(name) for name in asked], SEGMENTS.index(OCCASIONAL))
    return pa.array(SEGMENTS).take(pa.array(number))


def _own_segments(buyers: pa.Table, codes: np.ndarray) -> pa.Array:
    """The retailer's segment of each customer code, as their newest order tells it."""
    told = buyers.append_column("code", pa.array(codes)).filter(pc.is_valid(buyers["segment"]))
    told = told.sort_by([("day", "ascending"), ("order_id", "ascending")])
    newest = np.full(int(codes.max()) + 1, -1)
    newest[told["code"].to_numpy()] = np.arange(told.num_rows)  # of equal codes the last one stays
    texts = told["segment"].combine_chunks().take(pa.array(newest, mask=newest < 0))
    return named(texts, UNKNOWN, (WITHHELD, UNKNOWN))


def category_of(lines: pa.Table, products: pa.Table) -> pa.Array:
    """The category of each line's product."""
    found = pc.index_in(lines["product_id"], value_set=products["product_id"].combine_chunks())
    return named(products["category"].combine_chunks().take(found), UNKNOWN, (WITHHELD, UNKNOWN))


def _region(lines: pa.Table, stores: pa.Table) -> pa.Array:
    """One region of each line: markets that overlap would tell, by subtraction, what each of them withholds."""
    found = pc.index_in(lines["store_id"], value_set=stores["store_id"].combine_chunks())
    region, country = (stores[name].combine_chunks().take(found) for name in ("region", "country"))
    return named(pc.coalesce(region, lines["country"], country), UNKNOWN, (WITHHELD, UNKNOWN))
