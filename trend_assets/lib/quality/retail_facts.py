"""Facts of a day of retail tables: prices, quantities, dates, stock that adds up, orders and deliveries that stock confirms.

What belongs here: what is known of the meaning of retail columns, as counts of rows that contradict it. What doesn't: facts of any
table (``column_facts.py``), the verdict (``facts.py``), reading and telling (``defs/retail/checks.py``).

Tables contradict each other before they look strange: a lost hour of orders is a few per cent of a day, far within its variation,
yet the day's stock says what was sold, cell by cell. So facts compare tables of the day, and the day with the day before, wherever
a source tells both; statistics of single columns are for the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality.column_facts import (
    GONE,
    LEAST_WEEKDAYS,
    ColumnNotes,
    Watched,
    column_facts,
    counted_values,
    note_columns,
)
from trend_assets.lib.quality.facts import ALARM_LEVEL, LEAST_PAST, Alarm, Fault, Level, count_facts, judge, usual_share

PAST_DAYS = 28
"""Days before a day that say what is usual."""
TABLE_NAMES = ("products", "stores", "inventory", "orders", "deliveries", "promotions")
FACTS_CHANGE_WITH: Mapping[str, Sequence[str]] = {
    "products": TABLE_NAMES,
    "stores": TABLE_NAMES,
    "inventory": ("inventory", "orders", "deliveries"),
    "orders": ("orders",),
    "deliveries": ("deliveries",),
    "promotions": ("promotions", "orders"),
}
"""Which tables' facts of a day may change when a table of the day does."""
WATCHED: Mapping[str, Watched] = {
    "products": Watched(
        optional=(
            "product_name_fr", "brand", "product_type", "colour", "unit_price", "unit_cost", "supplier_id", "lead_time_days",
            "minimum_order_quantity",
        ),
        varied=("product_name", "category", "unit_price", "unit_cost", "supplier_id", "lead_time_days"),
        lists=("category", "supplier_id"),
        ids=("product_id",),
        texts=("product_name", "product_name_fr", "category", "brand"),
        content=(),
    ),
    "stores": Watched(
        optional=("region", "country"),
        lists=("channel", "region", "country"),
        ids=("store_id",),
        texts=("store_name", "region"),
    ),
    "inventory": Watched(
        optional=("received", "sold", "returned", "adjusted"),
        varied=("on_hand", "reserved", "sold"),
        ids=("product_id", "store_id"),
    ),
    "orders": Watched(
        optional=("country",),
        varied=("product_id", "ordered_at", "unit_price"),
        lists=("kind", "currency", "country", "store_id"),
        ids=("order_id", "product_id", "store_id"),
        texts=("country",),
        content=("product_id", "store_id", "kind", "quantity", "unit_price", "ordered_at"),
    ),
    "deliveries": Watched(
        optional=("supplier_id",),
        varied=("product_id", "store_id", "supplier_id", "ordered_on", "due_on", "quantity_ordered"),
        lists=("supplier_id",),
        ids=("delivery_id", "product_id"),
        content=("product_id", "store_id", "ordered_on", "due_on", "quantity_ordered", "supplier_id"),
    ),
    "promotions": Watched(
        varied=("product_id",),
        ids=("promotion_id", "product_id"),
        content=("product_id", "store_id", "starts_on", "ends_on", "discount"),
    ),
}  # fmt: skip
_KINDS: Mapping[str, tuple[tuple[str, ...], int]] = {"sold": (("sale", "cancellation"), 1), "returned": (("return",), -1)}
"""Kinds of order lines by column of stock, and the sign of their units there."""
SOLD = "products and places whose sold units stock tells otherwise"
_EXPLAINED = 0.05
_STILL = 0.01
_AT_PRICE = 0.02
_HOURS = 24
_LEAST_ORDERS = 10
_RARE_HOUR = 0.002
_SAME_DAY_TIMES = 36 * 3600
"""Seconds that an order's time may lie from the noon of its business day: local days of every time zone, and a late evening."""


@dataclass(frozen=True)
class RetailDay:
    """The retail tables of one day by name (``orders``, not ``retail/orders``), and how many rows of each were refused."""

    day: date
    tables: Mapping[str, pa.Table]
    refused: Mapping[str, int] = field(default_factory=dict)

    def rows(self, name: str) -> pa.Table | None:
        """The table where it has rows."""
        table = self.tables.get(name)
        return table if table is not None and table.num_rows else None


@dataclass(frozen=True)
class DayNotes:
    """What is remembered of a day: notes on columns, hours of the day by place, large quantities, and the facts that followed."""

    day: date
    columns: Mapping[str, ColumnNotes]
    hours: Mapping[str, np.ndarray] = field(default_factory=dict)
    large: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Mapping[tuple[str, str], Fault | Level]] = field(default_factory=dict)


Found = dict[tuple[str, str], Fault | Level]


def note_day(today: RetailDay, yesterday: RetailDay | None, earlier: Sequence[DayNotes], names: Collection[str] = TABLE_NAMES) -> DayNotes:
    """Notes and facts of a day. ``yesterday``: the day before where it was published; ``earlier``: notes of past days, oldest first.

    ``names``: the tables whose facts are wanted (``FACTS_CHANGE_WITH`` says which depend on a table).
    """
    columns = {name: note_columns(table, WATCHED[name]) for name in names if (table := today.rows(name)) is not None}
    hours, large = _hours_by_place(today.rows("orders")), _large_quantities(today)
    notes = DayNotes(today.day, columns, hours, large)
    facts: dict[str, Found] = {}
    before = yesterday or RetailDay(today.day - timedelta(days=1), {})
    for name in names:
        found: Found = _presence(name, today, before, earlier)
        if name in columns:
            days = [day for day in earlier if name in day.columns]
            found.update(
                column_facts(
                    columns[name],
                    [day.columns[name] for day in days],
                    copies=name == "orders",
                    alike=[day.day.weekday() == today.day.weekday() for day in days] if name == "orders" else None,
                    unexplained=_unexplained(name, today, before, earlier),
                )
            )
            for facts_of in _FACTS[name]:
                found.update(facts_of(today, before, notes, earlier))
        facts[name] = found
    if "orders" in facts:
        facts["orders"] = _without_explained(facts["orders"])
    if "inventory" in facts:
        facts["inventory"] = _without_quiet(facts["inventory"], today)
    return DayNotes(today.day, columns, hours, large, facts)


def judge_day(
    newest: DayNotes, earlier: Sequence[DayNotes], accepted: Mapping[tuple[str, str], Collection[date]] | None = None
) -> dict[str, list[Alarm]]:
    """Alarms of each table of the newest day. ``accepted``: by table and check, the days from which on a change is the usual.

    Of a check whose change was accepted only days since then count as past; on that day itself it says nothing.
    """
    since = accepted or {}
    alarms = {}
    counted = count_facts(newest.facts.values())
    for name, facts in newest.facts.items():
        found: list[Alarm] = []
        for check in dict.fromkeys(check for check, _ in facts):
            first = max((day for day in since.get((name, check), ()) if day <= newest.day), default=date.min)
            if first == newest.day:
                continue
            past = [_of_check(day.facts.get(name, {}), check) for day in earlier if day.day >= first]
            found += judge(_of_check(facts, check), past, counted)
        alarms[name] = found
    return alarms


def _of_check(facts: Mapping[tuple[str, str], Fault | Level], check: str) -> Found:
    return {key: fact for key, fact in facts.items() if key[0] == check}


def _without_explained(found: Found) -> Found:
    """Without the facts that stock explains: on Christmas Day few sell little, and stock says so too."""
    sold = found.get(("matches_stock", SOLD))
    if not isinstance(sold, Fault) or sold.share > _EXPLAINED:
        return found
    few_or_many = ("row_count", "quantities")
    return {key: fact for key, fact in found.items() if key[0] not in few_or_many and not key[1].endswith(GONE)}


def _without_quiet(found: Found, today: RetailDay) -> Found:
    """Without a column of units sold that is nearly constant because little was sold, as orders say too; of no sale at all it warns."""
    key = ("empty_columns", "sold is one value")
    fact = found.get(key)
    if not isinstance(fact, Fault):
        return found
    orders = today.rows("orders")
    if orders is None and _sold_in_stock(today) == 0:
        return found | {key: replace(fact, warns=True)}
    if orders is not None and _differing_cells(today, "sold").share <= _EXPLAINED:
        return {other: told for other, told in found.items() if other != key}
    return found


def _unexplained(name: str, today: RetailDay, yesterday: RetailDay, earlier: Sequence[DayNotes]) -> dict[str, dict[str, int]]:
    """Values by list column of the rows that may not bring new ones: a new store, season or supplier explains those of its own."""
    rows = today.tables[name]
    if name in ("products", "stores"):
        key, before = f"{name[:-1]}_id", yesterday.rows(name)
        if before is not None:
            rows = rows.filter(pc.is_in(rows[key], value_set=before[key].combine_chunks()))
    elif name in ("orders", "deliveries"):
        key, catalogue = ("store_id", today.rows("stores")) if name == "orders" else ("supplier_id", today.rows("products"))
        if catalogue is not None:
            seen = set().union(*(day.columns[name].values.get(key, {}) for day in earlier if name in day.columns))
            known = pc.is_in(rows[key], value_set=pa.array(sorted(seen), pa.string()))
            rows = rows.filter(pc.or_(known, pc.invert(pc.is_in(rows[key], value_set=catalogue[key].combine_chunks()))))
    return {column: counted_values(rows[column]) for column in WATCHED[name].lists}


# --- presence and volume ------------------------------------------------------------------------------------------------------


def _presence(name: str, today: RetailDay, yesterday: RetailDay, earlier: Sequence[DayNotes]) -> Found:
    """Refused rows, a table that always had rows and has none, rows far from any past day's number."""
    table = today.rows(name)
    rows, refused = (table.num_rows if table is not None else 0), today.refused.get(name, 0)
    facts: Found = {}
    if rows + refused:
        # promotions are announced for whole ranges, of which some products, each in all of its places, are not in the catalogue yet
        promoted = name == "promotions"
        together = rows / pc.count_distinct(table["product_id"]).as_py() if promoted and table is not None and rows else 1.0
        facts["refused_rows", "rows refused"] = Fault(refused, rows + refused, 0.1 if promoted else 0.02, together=together)
    counts = np.array([day.columns[name].rows if name in day.columns else 0 for day in earlier])
    alike = np.array([day.day.weekday() == today.day.weekday() for day in earlier], dtype=bool)
    if len(counts) < LEAST_PAST:
        return facts
    missing = ("feed_present", "rows where such days had some")
    if name in ("orders", "inventory", "products", "stores"):
        facts[missing] = Fault(0, 3)
    if not rows:
        known = alike.sum() >= LEAST_WEEKDAYS  # a shop closed on Sundays has orders every Monday
        expected = (counts[alike] if alike.any() else counts).min() > 0
        if missing in facts and expected:
            facts[missing] = Fault(3, 3, warns=_may_be_closed(name, today, yesterday, known))
        return facts
    usual = counts[alike & (counts > 0)] if (alike & (counts > 0)).sum() >= 2 else counts[counts > 0]
    if len(usual) and name in ("orders", "inventory", "products", "stores", "promotions"):
        factor = 1.5 if name in ("inventory", "products", "stores") else 3.0 if alike.sum() >= 2 else 6.0
        low, high = usual.min() / factor, usual.max() * factor
        if name == "inventory":
            high *= _range_growth(today, earlier)
        if name == "promotions":  # they end and begin by the hundred: only half of everything at once is no promotion
            products, stores = (today.tables[other].num_rows if other in today.tables else 0 for other in ("products", "stores"))
            low, high = 0.0, max(high, 0.5 * products * stores)
        outside = rows > high + 20 or rows < low - 20
        facts["row_count", f"{rows:,} rows, usually {usual.min():,} to {usual.max():,}"] = Fault(3 if outside else 0, 3)
    return facts


def _may_be_closed(name: str, today: RetailDay, yesterday: RetailDay, weekday_known: bool) -> bool:
    """Whether what is there of the day agrees with a place that was closed: a holiday, or a weekday whose hours are not known yet."""
    if name == "inventory":
        return not weekday_known and today.rows("orders") is None and today.rows("products") is not None
    if name != "orders":
        return False
    stock = today.rows("inventory")
    if stock is None:
        return not weekday_known and today.rows("products") is not None
    sold = _sold_in_stock(today)
    if sold is not None:
        return sold == 0
    before = yesterday.rows("inventory")
    if before is None:
        return not weekday_known
    place = np.asarray(pc.fill_null(pc.index_in(_cells(stock), value_set=_cells(before).combine_chunks()), -1))
    fallen = np.asarray(stock["on_hand"])[place >= 0] < np.asarray(before["on_hand"])[place[place >= 0]]
    return bool(fallen.mean() <= _STILL) if len(fallen) else not weekday_known


def _range_growth(today: RetailDay, earlier: Sequence[DayNotes]) -> float:
    """Products by stores of the day's catalogue against any day's before, at least 1: a new store brings its rows of stock."""
    sizes = [day.columns["products"].rows * day.columns["stores"].rows for day in earlier if {"products", "stores"} <= set(day.columns)]
    products, stores = today.rows("products"), today.rows("stores")
    if not sizes or products is None or stores is None:
        return 1.0
    return max(products.num_rows * stores.num_rows / max(sizes), 1.0)


def _sold_in_stock(today: RetailDay) -> int | None:
    """Units that the day's stock says were sold; ``None`` where it does not tell."""
    stock = today.rows("inventory")
    return None if stock is None or stock["sold"].null_count == stock.num_rows else int(pc.sum(stock["sold"]).as_py())


# --- products and stores ------------------------------------------------------------------------------------------------------


def _kept(key: str, attributes: Sequence[str]) -> Callable[[RetailDay, RetailDay, DayNotes, Sequence[DayNotes]], Found]:
    """Facts about rows that were there yesterday: gone, new, or with another attribute. Both tables have one row a key."""
    name = {"product_id": "products", "store_id": "stores"}[key]

    def facts(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
        now, before = today.tables[name], yesterday.rows(name)
        if before is None:
            return {}
        place = pc.index_in(now[key], value_set=before[key].combine_chunks())
        known = np.asarray(place.is_valid())
        gone = before.filter(pc.invert(pc.is_in(before[key], value_set=now[key].combine_chunks())))[key]
        new = now.num_rows - int(known.sum())
        left = name == "products" and _left_the_range(gone, new, today, earlier)
        found: Found = {
            ("rows_kept", f"{name} of yesterday that are gone"): Fault(len(gone), before.num_rows, 0.1, warns=left),
            ("rows_kept", f"{name} that are new"): Fault(new, now.num_rows, 0.3),
        }
        both, was = now.filter(pa.array(known)), before.take(place.drop_null())
        for column in attributes:
            changed = pc.fill_null(pc.not_equal(both[column], was[column]), False)
            found["attributes_kept", f"{column} other than yesterday"] = Fault(int(pc.sum(changed).as_py() or 0), both.num_rows)
        if name == "products":
            found.update(_prices_kept(both, was))
        return found

    return facts


def _left_the_range(gone: pa.ChunkedArray, new: int, today: RetailDay, earlier: Sequence[DayNotes]) -> bool:
    """Whether the rest of the day agrees that products have left: no other table goes on about more than a tenth of them.

    Where mappings refuse rows of unknown products, many refused rows are what goes on about them. Without another table only a new
    season, as many new products as half of those that left, explains it.
    """
    others = [table for name in ("inventory", "orders", "deliveries") if (table := today.rows(name)) is not None]
    if not others:
        return 2 * new >= len(gone)
    for name in ("inventory", "orders", "deliveries"):
        rows = today.tables[name].num_rows if name in today.tables else 0
        refused = today.refused.get(name, 0)
        past = [day.facts.get(name, {}).get(("refused_rows", "rows refused")) for day in earlier]
        usual = usual_share([fact.share for fact in past if isinstance(fact, Fault) and fact.of])
        if refused / max(rows + refused, 1) > usual + 0.02:
            return False
    mentioned = pc.unique(pa.chunked_array([chunk for table in others for chunk in table["product_id"].chunks], pa.string()))
    return bool((pc.sum(pc.is_in(gone, value_set=mentioned)).as_py() or 0) <= 0.1 * len(gone))


def _listed(rows: pa.Table, today: RetailDay) -> pa.Table:
    """Rows whose product and place are still in the day's catalogue: what ended with its product or place is not lost."""
    for name, key in (("products", "product_id"), ("stores", "store_id")):
        catalogue = today.rows(name)
        if catalogue is not None and key in rows.column_names:
            rows = rows.filter(pc.is_in(rows[key], value_set=catalogue[key].combine_chunks()))
    return rows


def _prices_kept(now: pa.Table, was: pa.Table) -> Found:
    """List prices and costs against yesterday's: many times as large or small, or all changed by one factor."""
    found: Found = {}
    for column in ("unit_price", "unit_cost"):
        ratio = _ratio(now[column], was[column])
        known = np.isfinite(ratio)
        far = known & ((ratio > 2.5) | (ratio < 0.4))
        found["prices_kept", f"{column} more than 2.5 times yesterday's, or less than 0.4 times"] = Fault(
            int(far.sum()), int(known.sum()), 0.01
        )
        moved = ratio[known & (np.abs(ratio - 1.0) > 0.001)]
        together = int(np.unique(np.round(np.log(moved), 2), return_counts=True)[1].max()) if len(moved) else 0
        found["prices_kept", f"{column} changed by one factor"] = Fault(together, int(known.sum()), 0.5)
    return found


def _price_rules(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    products = today.tables["products"]
    price, cost = _floats(products["unit_price"]), _floats(products["unit_cost"])
    priced, both = np.isfinite(price), np.isfinite(price) & np.isfinite(cost)
    return {
        ("price_rules", "list price zero"): Fault(int((priced & (price == 0)).sum()), int(priced.sum()), 0.01),
        ("price_rules", "cost above the list price"): Fault(int((both & (cost > price)).sum()), int(both.sum()), 0.02),
    }


# --- orders -------------------------------------------------------------------------------------------------------------------


def _order_prices(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Sales paid at neither the list price nor the promoted one, at many times it, or at nothing."""
    orders, products = today.tables["orders"], today.rows("products")
    sales = orders.filter(pc.and_(pc.equal(orders["kind"], "sale"), pc.greater(orders["quantity"], 0)))
    paid = _floats(sales["unit_price"])
    found: Found = {("prices_paid", "price zero or below"): Fault(int((paid <= 0).sum()), len(paid))}
    if products is None or not len(paid):
        return found
    place = np.asarray(pc.fill_null(pc.index_in(sales["product_id"], value_set=products["product_id"].combine_chunks()), -1))
    listed = np.where(place >= 0, _floats(products["unit_price"])[place], np.nan)
    known = np.isfinite(listed) & (listed > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        nearer = listed * (1.0 - _discounts(today, sales, 1.0 - paid / listed))
        off = known & (np.abs(paid / nearer - 1.0) > _AT_PRICE)
        far = known & ((paid > 1.5 * listed) | (paid < 0.1 * listed))
        ratio = np.log(paid[known & (paid > 0)] / nearer[known & (paid > 0)])
    found["prices_paid", "neither the list price nor the promoted one"] = Fault(int(off.sum()), int(known.sum()), 0.03, needs_past=True)
    found["prices_paid", "above 1.5 times the list price, or below a tenth"] = Fault(int(far.sum()), int(known.sum()), 0.01)
    if len(ratio) >= 20:
        error = float(ratio.std() / np.sqrt(len(ratio)))
        found["prices_paid", "mean of the price paid by the list's or the promotion's"] = Level(
            float(ratio.mean()), error, 0.25, f"{np.exp(ratio.mean()):.0%} of it"
        )
    return found


def _discounts(today: RetailDay, sales: pa.Table, taken: np.ndarray) -> np.ndarray:
    """The discount of each sale that is nearest to the one ``taken``: none, or that of a promotion of its product and place.

    Several may run at once, and not every customer is given the largest.
    """
    nearest, promotions = np.zeros(sales.num_rows), today.rows("promotions")
    if promotions is None:
        return nearest
    offers = promotions.group_by(["product_id", "store_id", "discount"], use_threads=False).aggregate([])
    cells, discount = _cells(offers).combine_chunks().dictionary_encode(), _floats(offers["discount"])
    place = np.asarray(pc.fill_null(pc.index_in(_cells(sales), value_set=cells.dictionary), -1))
    order = np.argsort(np.asarray(cells.indices), kind="stable")
    starts = np.searchsorted(np.asarray(cells.indices)[order], np.arange(len(cells.dictionary) + 1))
    promoted = np.flatnonzero(place >= 0)
    first, number = starts[place[promoted]], np.diff(starts)[place[promoted]]
    for nth in range(int(number.max(initial=0))):
        rows = promoted[number > nth]
        offered = discount[order[first[number > nth] + nth]]
        nearest[rows] = np.where(np.abs(offered - taken[rows]) < np.abs(nearest[rows] - taken[rows]), offered, nearest[rows])
    return nearest


def _order_quantities(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Lines of far more units than any past day's largest hundredth, units by line, signs that contradict the kind."""
    orders = today.tables["orders"]
    quantity, kinds = np.asarray(orders["quantity"]), orders["kind"].to_numpy(zero_copy_only=False).astype(str)
    reversed_ = np.isin(kinds, ["return", "cancellation"])
    wrong = np.where(reversed_, quantity >= 0, np.where(kinds == "sale", quantity <= 0, False))
    found: Found = {("signs", "units against the sign of their kind"): Fault(int(wrong.sum()), int((kinds != "adjustment").sum()))}
    sold = np.abs(quantity[kinds == "sale"])
    found.update(_large("orders", sold, earlier))
    if (sold > 0).sum() >= 20:
        logs = np.log(sold[sold > 0])
        found["quantities", "mean units of a sale (log)"] = Level(
            float(logs.mean()), float(logs.std() / np.sqrt(len(logs))), 0.5, f"{np.exp(logs.mean()):.2f} units"
        )
    return found


def _large(name: str, quantities: np.ndarray, earlier: Sequence[DayNotes]) -> Found:
    past = [day.large[name] for day in earlier if name in day.large]
    if len(past) < LEAST_PAST or not len(quantities):
        return {}
    limit = 2.5 * max(float(np.median(past)), 1.0)
    return {
        ("quantities", f"more than {limit:.0f} units"): Fault(int((quantities > limit).sum()), len(quantities), 0.02),
    }


def _large_quantities(today: RetailDay) -> dict[str, float]:
    """The 99.5 % quantile of units of a sale, and of units ordered from a supplier."""
    found = {}
    orders, deliveries = today.rows("orders"), today.rows("deliveries")
    if orders is not None:
        sold = np.asarray(pc.abs(orders["quantity"]))[np.asarray(pc.equal(orders["kind"], "sale"))]
        if len(sold):
            found["orders"] = float(np.quantile(sold, 0.995))
    if deliveries is not None:
        found["deliveries"] = float(np.quantile(np.asarray(deliveries["quantity_ordered"]), 0.995))
    return found


def _hours_by_place(orders: pa.Table | None) -> dict[str, np.ndarray]:
    """Orders by place and hour of the day (UTC), shape (24,) each. The lines of an order are of one moment: they count once."""
    if orders is None:
        return {}
    placed = orders.group_by(["store_id", "order_id"], use_threads=False).aggregate([("ordered_at", "min")])
    places = placed["store_id"].combine_chunks().dictionary_encode()
    hours = np.asarray(pc.hour(placed["ordered_at_min"]))
    counts = np.bincount(np.asarray(places.indices) * _HOURS + hours, minlength=len(places.dictionary) * _HOURS).reshape(-1, _HOURS)
    return dict(zip(places.dictionary.to_pylist(), counts, strict=True))


def _order_times(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Orders of another day, at hours at which their place does not sell, and an hour in which nothing was sold anywhere."""
    orders = today.tables["orders"]
    seconds = np.asarray(orders["ordered_at"].cast(pa.int64())) / 1e6
    noon = (np.datetime64(today.day) - np.datetime64("1970-01-01")).astype(int) * 86_400 + 43_200
    found: Found = {("order_times", "orders of another day"): Fault(int((np.abs(seconds - noon) > _SAME_DAY_TIMES).sum()), orders.num_rows)}
    with_times = [day for day in earlier if day.hours]
    if len(with_times) < LEAST_PAST or all(np.count_nonzero(hours) <= 1 for hours in notes.hours.values()):
        return found  # a source that tells no time of the day
    for place, hours in sorted(notes.hours.items()):
        past = sum((day.hours[place] for day in with_times if place in day.hours), np.zeros(_HOURS))
        if past.sum() < 100:
            continue
        rare = past < _RARE_HOUR * past.sum()
        found["order_times", f"orders of {place} while it is closed"] = Fault(
            int(hours[rare].sum()), int(hours.sum()), 0.15, needs_past=True
        )
        if hours.sum() >= _LEAST_ORDERS:
            later, error = _mean_hour(hours, past)
            found["order_times", f"mean time of orders of {place} against the days before"] = Level(later, error, 1.4, f"{later:+.1f} h")
    everywhere = sum(notes.hours.values(), np.zeros(_HOURS))
    days = np.array([sum(day.hours.values(), np.zeros(_HOURS)) for day in with_times])
    lost = int(np.count_nonzero((everywhere == 0) & (_HOURS * _chance_of_none(days, everywhere.sum()) < ALARM_LEVEL)))
    found["order_times", "hours in which nothing was sold anywhere"] = Fault(3 * lost, 3 * _HOURS, 0.01, needs_past=True)
    return found


def _mean_hour(hours: np.ndarray, past: np.ndarray) -> tuple[float, float]:
    """Hours by which the day's mean direction on the clock is later than the past's, -12 to 12, and its error (Mardia, 1972).

    On a circle a shop that sells around midnight has a mean like any other. The error is that of as many orders spread as the past's
    were: a few orders of one hour do not say how much they vary.
    """
    clock = np.exp(2j * np.pi * np.arange(_HOURS) / _HOURS)
    day, before = (hours * clock).sum() / hours.sum(), (past * clock).sum()
    length = float(np.clip(np.abs(before) / max(past.sum(), 1.0), 1e-6, 1.0 - 1e-9))
    hours_a_radian = _HOURS / (2.0 * np.pi)
    later = float(np.angle(day * np.conj(before))) * hours_a_radian
    return later, float(np.sqrt(-2.0 * np.log(length) / hours.sum())) * hours_a_radian


def _chance_of_none(days: np.ndarray, orders: float) -> np.ndarray:
    """Chance, by hour, of no order on a day of so many ``orders``, given those of past ``days``, shape (days, 24): negative binomial.

    An hour's rate varies from day to day (weather, promotions) by a gamma distribution fitted by moments (Cameron and Trivedi, 1998).
    """
    totals = days.sum(axis=1, keepdims=True)
    share = days.sum(axis=0) / max(totals.sum(), 1.0)
    expected = totals * share
    with np.errstate(invalid="ignore"):  # of an hour in which nobody ever ordered
        spread = np.nan_to_num((((days - expected) ** 2).sum(axis=0) - expected.sum(axis=0)) / (expected**2).sum(axis=0))
    spread = np.maximum(spread, 1e-9)
    return np.exp(-np.log1p(spread * orders * share) / spread)


def _orders_match_stock(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Units by product and place: what orders say was sold and returned, against what the day's stock says."""
    stock = today.rows("inventory")
    if stock is None or stock["sold"].null_count == stock.num_rows:
        return {}
    told = [column for column in _KINDS if stock[column].null_count < stock.num_rows]
    return {
        ("matches_stock", f"products and places whose {column} units stock tells otherwise"): _differing_cells(today, column)
        for column in told
    }


def _differing_cells(today: RetailDay, column: str) -> Fault:
    """Products and places of which orders say other units ``sold`` or ``returned`` than the day's stock. Both tables have rows."""
    stock, orders = today.tables["inventory"], today.tables["orders"]
    kinds, sign = _KINDS[column]
    lines = orders.filter(pc.is_in(orders["kind"], value_set=pa.array(kinds)))
    moved = stock.filter(pc.not_equal(pc.fill_null(stock[column], 0), 0))
    told = pa.table({"cell": _cells(lines), "units": pc.multiply(lines["quantity"], sign)})
    confirmed = pa.table({"cell": _cells(moved), "units": pc.negate(moved[column])})
    both = pa.concat_tables([told, confirmed]).group_by("cell", use_threads=False).aggregate([("units", "sum")])
    return Fault(int(np.count_nonzero(np.asarray(both["units_sum"]))), both.num_rows)


# --- inventory ----------------------------------------------------------------------------------------------------------------


def _stock(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Stock below zero, less than is promised, positions that are gone, stock that yesterday's and the movements do not explain."""
    stock, before = today.tables["inventory"], yesterday.rows("inventory")
    on_hand, reserved = np.asarray(stock["on_hand"]), np.asarray(stock["reserved"])
    rows = stock.num_rows
    found: Found = {
        ("negative_stock", "stock below zero"): Fault(int((on_hand < 0).sum()), rows, 0.01),
        ("reserved_within_stock", "more promised than there is"): Fault(int((reserved > np.maximum(on_hand, 0)).sum()), rows, 0.01),
    }
    if before is None:
        return found
    place = np.asarray(pc.fill_null(pc.index_in(_cells(stock), value_set=_cells(before).combine_chunks()), -1))
    known, listed = place >= 0, _listed(before, today)
    gone = listed.num_rows - (pc.sum(pc.is_in(_cells(listed), value_set=_cells(stock).combine_chunks())).as_py() or 0)
    found["rows_kept", "products and places of yesterday that are gone"] = Fault(gone, before.num_rows, 0.02)
    was = np.asarray(before["on_hand"])[place[known]]
    now, movements = on_hand[known], [_units(stock[name])[known] for name in ("received", "sold", "returned", "adjusted")]
    received, sold, returned, adjusted = movements
    moved = received + sold + returned + np.abs(adjusted)
    tells = stock["sold"].null_count < rows
    expected = was + (received - sold + returned + adjusted if tells else _stock_change(stock, today)[known])
    if tells:
        counted = stock["adjusted"].null_count == rows and _like_a_stocktaking(was, now - expected, moved > 0)
        found["adds_up", "stock that is not yesterday's and the day's movements"] = Fault(
            int((expected != now).sum()), len(now), 0.01, warns=counted
        )
        active = moved > 0
        same = active & _same_movements(stock, before, place, known)
        found["copied_rows", "movements of yesterday"] = Fault(int(same.sum()), int(active.sum()), 0.2, needs_past=True)
    left = np.maximum(expected, 0)  # what was sold, received and adjusted is no jump
    jumped = (now >= 0) & (np.maximum(left, now) >= 5) & ((now + 1 > 5 * (left + 1)) | (now + 1 < (left + 1) / 5))
    found["stock_levels", "stock five times, or a fifth, of yesterday's and the day's movements"] = Fault(int(jumped.sum()), len(now))
    ordered = any(day.columns["orders"].rows for day in earlier if "orders" in day.columns)
    # on a holiday nothing moves, and nothing says it did
    due = expected != was if tells or ordered else np.ones(len(now), bool)
    still = int((due & (now == was)).sum())
    found["stock_levels", "stock as yesterday though units moved"] = Fault(still, int(due.sum()), 0.15, needs_past=True)
    return found


def _stock_change(stock: pa.Table, today: RetailDay) -> np.ndarray:
    """Units by which the day's orders and deliveries change each row of stock, where stock itself tells no movements."""
    change = np.zeros(stock.num_rows, np.int64)
    orders, deliveries = today.rows("orders"), today.rows("deliveries")
    parts = []
    if orders is not None:
        lines = orders.filter(pc.is_in(orders["kind"], value_set=pa.array([kind for kinds, _ in _KINDS.values() for kind in kinds])))
        parts.append((lines, -np.asarray(lines["quantity"])))
    if deliveries is not None:
        lines = deliveries.filter(pc.is_valid(deliveries["received_on"]))
        parts.append((lines, np.asarray(lines["quantity_received"])))
    for lines, units in parts:
        row = np.asarray(pc.fill_null(pc.index_in(_cells(lines), value_set=_cells(stock).combine_chunks()), -1))
        np.add.at(change, row[row >= 0], units[row >= 0])
    return change


def _like_a_stocktaking(was: np.ndarray, off: np.ndarray, moved: np.ndarray) -> bool:
    """Whether what does not add up looks counted, where the source tells no adjustments: little by little, moved or not.

    A stale file or a snapshot of another hour is off only where units moved; units, shuffled columns and zeros are off by much.
    """
    differs = off != 0
    if not (~moved).any() or differs.mean() > 0.6:
        return False
    unmoved, rest = float(differs[~moved].mean()), float(differs[moved].mean()) if moved.any() else 0.0
    small = float(np.median(np.abs(off[differs]) / (np.abs(was[differs]) + 1))) if differs.any() else 0.0
    return unmoved > 0.5 * rest and small <= 0.25


def _same_movements(stock: pa.Table, before: pa.Table, place: np.ndarray, known: np.ndarray) -> np.ndarray:
    same = np.ones(int(known.sum()), dtype=bool)
    for name in ("on_hand", "received", "sold", "returned"):
        same &= _units(stock[name])[known] == _units(before[name])[place[known]]
    return same


# --- deliveries ---------------------------------------------------------------------------------------------------------------


def _delivery_rules(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Dates in order, quantities that fit, and what yesterday said of the same lines."""
    deliveries = today.tables["deliveries"]
    ordered, due, received_on = (_days(deliveries[name]) for name in ("ordered_on", "due_on", "received_on"))
    day = np.datetime64(today.day)
    wanted, received = np.asarray(deliveries["quantity_ordered"]), np.asarray(deliveries["quantity_received"])
    arrived, rows = ~np.isnat(received_on), deliveries.num_rows
    found: Found = {
        ("dates_in_order", "received before it was ordered"): Fault(int((arrived & (received_on < ordered)).sum()), int(arrived.sum())),
        ("dates_in_order", "due before it was ordered"): Fault(int((due < ordered).sum()), rows),
        ("dates_in_order", "ordered after the day"): Fault(int((ordered > day).sum()), rows),
        ("dates_in_order", "received on another day"): Fault(int((arrived & (received_on != day)).sum()), int(arrived.sum()), 0.05),
        ("received_within_ordered", "more than twice of what was ordered"): Fault(int((received > 2 * wanted).sum()), rows, 0.01),
        ("received_within_ordered", "received more than was ordered"): Fault(
            int((arrived & (received > wanted)).sum()), int(arrived.sum()), 0.1
        ),
        ("received_within_ordered", "received nothing"): Fault(int((arrived & (received == 0)).sum()), int(arrived.sum()), 0.1),
    }
    found.update(_large("deliveries", wanted, earlier))
    found.update(_lead_times(today, (due - ordered).astype(int)))
    found.update(_lines_kept("deliveries", ("delivery_id",), today, yesterday))
    return found


def _lead_times(today: RetailDay, lead: np.ndarray) -> Found:
    """Days from order to promise against the lead time that the catalogue states."""
    deliveries, products = today.tables["deliveries"], today.rows("products")
    found: Found = {}
    if products is None:
        return found
    place = np.asarray(pc.fill_null(pc.index_in(deliveries["product_id"], value_set=products["product_id"].combine_chunks()), -1))
    stated = np.where(place >= 0, _floats(products["lead_time_days"])[place], np.nan)
    known = np.isfinite(stated) & (stated > 0)
    with np.errstate(invalid="ignore"):
        far = known & ((lead > 3.0 * stated + 7) | (lead < stated / 3.0 - 7) | (lead < 0))
    found["lead_times", "promised far from the supplier's lead time"] = Fault(int(far.sum()), int(known.sum()))
    theirs = products["supplier_id"].take(pa.array(np.maximum(place, 0)))
    other = pc.fill_null(pc.not_equal(deliveries["supplier_id"], theirs), False)
    found["supplier_matches", "another supplier than the catalogue's"] = Fault(
        int((np.asarray(other) & (place >= 0)).sum()), int((place >= 0).sum()), 0.03
    )
    return found


def _lines_kept(name: str, key: Sequence[str], today: RetailDay, yesterday: RetailDay) -> Found:
    """Lines that were open yesterday: still there, and saying the same."""
    now, before = today.tables[name], yesterday.rows(name)
    if before is None:
        return {}
    open_ = (
        pc.is_null(before["received_on"])
        if name == "deliveries"
        else pc.greater_equal(before["ends_on"], pa.scalar(today.day, pa.date32()))
    )
    before = _listed(before.filter(open_), today)
    place = pc.index_in(_joined(now, key), value_set=_joined(before, key).combine_chunks())
    known = np.asarray(place.is_valid())
    both, was = now.filter(pa.array(known)), before.take(place.drop_null())
    gone = before.num_rows - int(known.sum())
    # of a small file a fifth may be refused as on other days: that rows were read yesterday tells the two apart
    refused = max(today.refused.get(name, 0) - yesterday.refused.get(name, 0), 0)
    same = (
        ("product_id", "store_id", "supplier_id", "ordered_on", "quantity_ordered")
        if name == "deliveries"
        else ("starts_on", "ends_on", "discount")
    )
    found: Found = {
        ("rows_kept", f"open {name} of yesterday that are gone"): Fault(gone, before.num_rows, 0.05),
        ("refused_rows", f"open {name} of yesterday in whose place rows are refused"): Fault(min(gone, refused), before.num_rows, 0.05),
    }
    for column in same:
        changed = pc.fill_null(pc.not_equal(both[column], was[column]), False)
        found["attributes_kept", f"{column} other than yesterday"] = Fault(int(pc.sum(changed).as_py() or 0), both.num_rows, 0.03)
    if name == "deliveries":
        changed = pc.fill_null(pc.not_equal(both["due_on"], was["due_on"]), False)
        found["attributes_kept", "due_on other than yesterday"] = Fault(int(pc.sum(changed).as_py() or 0), both.num_rows, 0.2)
        fresh = now.filter(pa.array(~known))
        long_ago = pa.scalar(today.day - timedelta(days=7), pa.date32())
        late = pc.sum(pc.less(fresh["ordered_on"], long_ago)).as_py() or 0
        found["rows_kept", "new lines that were ordered more than a week ago"] = Fault(int(late), max(now.num_rows, 1), 0.05)
    return found


def _deliveries_match_stock(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    """Units received by product and place: what deliveries say, against what the day's stock says."""
    stock, deliveries = today.rows("inventory"), today.tables["deliveries"]
    if stock is None or stock["received"].null_count == stock.num_rows:
        return {}
    lines = deliveries.filter(pc.is_valid(deliveries["received_on"]))
    moved = stock.filter(pc.greater(pc.fill_null(stock["received"], 0), 0))
    told = pa.table({"cell": _cells(lines), "units": lines["quantity_received"]})
    confirmed = pa.table({"cell": _cells(moved), "units": pc.negate(moved["received"])})
    both = pa.concat_tables([told, confirmed]).group_by("cell", use_threads=False).aggregate([("units", "sum")])
    differing = int(np.count_nonzero(np.asarray(both["units_sum"])))
    return {("matches_stock", "products and places whose received units stock tells otherwise"): Fault(differing, both.num_rows, 0.05)}


# --- promotions ---------------------------------------------------------------------------------------------------------------


def _promotion_rules(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
    promotions = today.tables["promotions"]
    starts, ends = _days(promotions["starts_on"]), _days(promotions["ends_on"])
    day, rows, discount = np.datetime64(today.day), promotions.num_rows, _floats(promotions["discount"])
    found: Found = {
        ("dates_in_order", "ends before it starts"): Fault(int((ends < starts).sum()), rows),
        ("dates_in_order", "not running on the day"): Fault(int(((starts > day) | (ends < day)).sum()), rows, 0.05),
        ("dates_in_order", "longer than a year"): Fault(int(((ends - starts).astype(int) > 366).sum()), rows, 0.05),
        ("discounts", "discount of nothing, below 1 % or above 90 %"): Fault(int(((discount < 0.01) | (discount > 0.9)).sum()), rows),
    }
    found.update(_lines_kept("promotions", ("promotion_id", "product_id", "store_id"), today, yesterday))
    return found


def _references(name: str) -> Callable[[RetailDay, RetailDay, DayNotes, Sequence[DayNotes]], Found]:
    """Rows of products and places that the day's catalogue does not have."""

    def facts(today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:  # noqa: ARG001
        rows = today.tables[name]
        found: Found = {}
        for catalogue, key in (("products", "product_id"), ("stores", "store_id")):
            known = today.rows(catalogue)
            if known is not None:
                orphans = pc.sum(pc.invert(pc.is_in(rows[key], value_set=known[key].combine_chunks()))).as_py() or 0
                found["references", f"{key} not in {catalogue}"] = Fault(int(orphans), rows.num_rows)
        return found

    return facts


# --- values -------------------------------------------------------------------------------------------------------------------


def _joined(rows: pa.Table, key: Sequence[str]) -> pa.ChunkedArray:
    return rows[key[0]] if len(key) == 1 else pc.binary_join_element_wise(*(rows[name] for name in key), "\x1f")


def _cells(rows: pa.Table) -> pa.ChunkedArray:
    """Product and place as one text."""
    return _joined(rows, ("product_id", "store_id"))


def _floats(values: pa.ChunkedArray) -> np.ndarray:
    """Numbers, NaN where null."""
    return np.asarray(pc.fill_null(values.cast(pa.float64()), np.nan))


def _units(values: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.fill_null(values, 0))


def _days(values: pa.ChunkedArray) -> np.ndarray:
    return values.to_numpy(zero_copy_only=False).astype("datetime64[D]")


def _ratio(now: pa.ChunkedArray, was: pa.ChunkedArray) -> np.ndarray:
    """New by old where both are known and above zero, else NaN."""
    new, old = _floats(now), _floats(was)
    usable = np.isfinite(new) & np.isfinite(old) & (new > 0) & (old > 0)
    return np.where(usable, new / np.where(usable, old, 1.0), np.nan)


_FACTS: Mapping[str, Sequence[Callable[[RetailDay, RetailDay, DayNotes, Sequence[DayNotes]], Found]]] = {
    "products": (
        _kept("product_id", ("product_name", "category", "brand", "supplier_id", "lead_time_days", "minimum_order_quantity")),
        _price_rules,
    ),
    "stores": (_kept("store_id", ("store_name", "channel", "region", "country")),),
    "inventory": (_references("inventory"), _stock),
    "orders": (_references("orders"), _order_prices, _order_quantities, _order_times, _orders_match_stock),
    "deliveries": (_references("deliveries"), _delivery_rules, _deliveries_match_stock),
    "promotions": (_references("promotions"), _promotion_rules),
}

_ANY = {
    "refused_rows": "Hardly any rows of the day's files were refused.",
    "empty_columns": "No column lost its values, and none became a constant.",
    "id_shapes": "Ids look as they did: no digits lost, no decimals.",
}
_SNAPSHOT = {
    "feed_present": "The day has rows where each day had.",
    "row_count": "About as many rows as on the days before.",
}
_KNOWN = {"known_values": "No value that was never seen, and every value that always came."}
_TEXTS = {"text_encoding": "No text was read in another encoding; accents are where they were."}
_KEPT = {
    "rows_kept": "What was there yesterday is there, unless it ended.",
    "attributes_kept": "What yesterday said of the same row holds.",
}
_REPEATED = {"repeated_rows": "No rows that differ in their id only."}
_REFERENCES = {"references": "Products and places are in the day's catalogue."}
_DATES = {"dates_in_order": "Dates are in their order and of this day."}
CHECKS: Mapping[str, Mapping[str, str]] = {
    "products": {
        **_ANY,
        **_SNAPSHOT,
        **_KNOWN,
        **_TEXTS,
        **_KEPT,
        "prices_kept": "List prices and costs are near yesterday's, and did not all change by one factor.",
        "price_rules": "List prices are above zero and above costs.",
    },
    "stores": {**_ANY, **_SNAPSHOT, **_KNOWN, **_TEXTS, **_KEPT},
    "inventory": {
        **_ANY,
        **_SNAPSHOT,
        **_REFERENCES,
        "rows_kept": _KEPT["rows_kept"],
        "adds_up": "Stock is yesterday's and the day's movements.",
        "negative_stock": "Stock is not below zero.",
        "reserved_within_stock": "No more is promised than there is.",
        "stock_levels": "Stock did not jump without a delivery, and did not stand still.",
        "copied_rows": "The day's movements are not those of an earlier day.",
    },
    "orders": {
        **_ANY,
        **_SNAPSHOT,
        **_KNOWN,
        **_TEXTS,
        **_REPEATED,
        **_REFERENCES,
        "copied_rows": "The day's lines are not those of an earlier day.",
        "prices_paid": "Prices are the list's or the promotion's.",
        "quantities": "Units of a line are as they were.",
        "signs": "Sales are positive; returns and cancellations negative.",
        "order_times": "Orders are of the day, at hours at which their place sells.",
        "matches_stock": "Units sold and returned are those that stock tells, by product and place.",
    },
    "deliveries": {
        **_ANY,
        **_KNOWN,
        **_REPEATED,
        **_REFERENCES,
        **_DATES,
        **_KEPT,
        "received_within_ordered": "What was received is what was ordered, or less.",
        "quantities": "Units of a line are as they were.",
        "lead_times": "Promises are near the supplier's lead time.",
        "supplier_matches": "Products come from their supplier.",
        "matches_stock": "Units received are those that stock tells, by product and place.",
    },
    "promotions": {
        **_ANY,
        "row_count": _SNAPSHOT["row_count"],
        **_REPEATED,
        **_REFERENCES,
        **_DATES,
        **_KEPT,
        "discounts": "Discounts are above 1 % and below 90 %.",
    },
}
"""Checks of each table against its past, with what each asserts."""


def judge_days(
    days: Iterable[RetailDay], judged: Collection[date], accepted: Mapping[tuple[str, str], Collection[date]] | None = None
) -> dict[date, dict[str, list[Alarm]]]:
    """Alarms by day and table of the ``judged`` days. ``days``: ascending, with up to ``PAST_DAYS`` before the first judged one.

    A day is compared with the day before only where that day is there, and with no day of more than ``2 * PAST_DAYS`` ago: files of
    another year say nothing of what is missing today. Memory: two days of tables and the notes of ``PAST_DAYS``.
    """
    found: dict[date, dict[str, list[Alarm]]] = {}
    notes: deque[DayNotes] = deque(maxlen=PAST_DAYS)
    before: RetailDay | None = None
    for today in days:
        while notes and (today.day - notes[0].day).days > 2 * PAST_DAYS:
            notes.popleft()
        follows = before is not None and before.day == today.day - timedelta(days=1)
        newest = note_day(today, before if follows else None, list(notes))
        if today.day in judged:
            found[today.day] = judge_day(newest, list(notes), accepted)
        notes.append(newest)
        before = today
    return found
