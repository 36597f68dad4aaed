"""Facts of a day of retail tables, table by table, and the verdict on each day of a past.

What belongs here: which facts each table has, which of them explain each other away, and judging day after day. What doesn't: the facts
themselves (``retail_presence.py``, ``retail_catalogue.py``, ``retail_orders.py``, ``retail_inventory.py``, ``retail_lines.py``), facts of
any table (``column_facts.py``), the rule of the verdict (``facts.py``), reading and telling (``operations/history_checks.py``).

Tables contradict each other before they look strange: a lost hour of orders is a few per cent of a day, far within its variation,
yet the day's stock says what was sold, cell by cell. So facts compare tables of the day, and the day with the day before, wherever
a source tells both; statistics of single columns are for the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.quality.column_facts import GONE, Watched, column_facts, counted_values, note_columns
from trend_assets.lib.quality.facts import Alarm, Fault, Level, count_facts, judge
from trend_assets.lib.quality.retail_catalogue import price_rules, references, rows_kept
from trend_assets.lib.quality.retail_day import (
    PAST_DAYS,
    TABLE_NAMES,
    DayNotes,
    Found,
    RetailDay,
    sold_in_stock,
)
from trend_assets.lib.quality.retail_inventory import stock_rules
from trend_assets.lib.quality.retail_lines import deliveries_match_stock, delivery_rules, promotion_rules
from trend_assets.lib.quality.retail_orders import (
    EXPLAINED,
    SOLD,
    differing_cells,
    hours_by_place,
    large_quantities,
    order_prices,
    order_quantities,
    order_times,
    orders_match_stock,
)
from trend_assets.lib.quality.retail_presence import presence

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


def note_day(today: RetailDay, yesterday: RetailDay | None, earlier: Sequence[DayNotes], names: Collection[str] = TABLE_NAMES) -> DayNotes:
    """Notes and facts of a day. ``yesterday``: the day before where it was published; ``earlier``: notes of past days, oldest first.

    ``names``: the tables whose facts are wanted (``FACTS_CHANGE_WITH`` says which depend on a table).
    """
    columns = {name: note_columns(table, WATCHED[name]) for name in names if (table := today.rows(name)) is not None}
    hours, large = hours_by_place(today.rows("orders")), large_quantities(today)
    notes = DayNotes(today.day, columns, hours, large)
    facts: dict[str, Found] = {}
    before = yesterday or RetailDay(today.day - timedelta(days=1), {})
    for name in names:
        found = _table_facts(name, today, before, notes, earlier)
        unsound: dict[tuple[bool, ...], set[str]] = {}
        for check in {check for day in earlier for table, check in day.failed if table == name}:
            unsound.setdefault(tuple((name, check) in day.failed for day in earlier), set()).add(check)
        for fails, checks in unsound.items():
            sound = [day for day, failed in zip(earlier, fails, strict=True) if not failed]
            anew = _table_facts(name, today, before, notes, sound)
            found = {key: fact for key, fact in found.items() if key[0] not in checks}
            found.update({key: fact for key, fact in anew.items() if key[0] in checks})
        facts[name] = found
    if "orders" in facts:
        facts["orders"] = _without_explained(facts["orders"])
    if "inventory" in facts:
        facts["inventory"] = _without_quiet(facts["inventory"], today)
    return DayNotes(today.day, columns, hours, large, facts)


def _table_facts(name: str, today: RetailDay, yesterday: RetailDay, notes: DayNotes, earlier: Sequence[DayNotes]) -> Found:
    """Facts of one table of the day, of all checks."""
    found: Found = presence(name, today, yesterday, earlier)
    if name in notes.columns:
        days = [day for day in earlier if name in day.columns]
        found.update(
            column_facts(
                notes.columns[name],
                [day.columns[name] for day in days],
                copies=name == "orders",
                alike=[day.day.weekday() == today.day.weekday() for day in days] if name == "orders" else None,
                unexplained=_unexplained(name, today, yesterday, earlier),
            )
        )
        for facts_of in _FACTS[name]:
            found.update(facts_of(today, yesterday, notes, earlier))
    return found


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
            sound = [day for day in earlier if day.day >= first and (name, check) not in day.failed]
            past = [_of_check(day.facts.get(name, {}), check) for day in sound]
            found += judge(_of_check(facts, check), past, counted)
        alarms[name] = found
    return alarms


def _of_check(facts: Mapping[tuple[str, str], Fault | Level], check: str) -> Found:
    return {key: fact for key, fact in facts.items() if key[0] == check}


def _without_explained(found: Found) -> Found:
    """Without the facts that stock explains: on Christmas Day few sell little, and stock says so too."""
    sold = found.get(("matches_stock", SOLD))
    if not isinstance(sold, Fault) or sold.share > EXPLAINED:
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
    if orders is None and sold_in_stock(today) == 0:
        return found | {key: replace(fact, warns=True)}
    if orders is not None and differing_cells(today, "sold").share <= EXPLAINED:
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


_FACTS: Mapping[str, Sequence[Callable[[RetailDay, RetailDay, DayNotes, Sequence[DayNotes]], Found]]] = {
    "products": (
        rows_kept("product_id", ("product_name", "category", "brand", "supplier_id", "lead_time_days", "minimum_order_quantity")),
        price_rules,
    ),
    "stores": (rows_kept("store_id", ("store_name", "channel", "region", "country")),),
    "inventory": (references("inventory"), stock_rules),
    "orders": (references("orders"), order_prices, order_quantities, order_times, orders_match_stock),
    "deliveries": (references("deliveries"), delivery_rules, deliveries_match_stock),
    "promotions": (references("promotions"), promotion_rules),
}


def judge_days(
    days: Iterable[RetailDay],
    judged: Collection[date],
    accepted: Mapping[tuple[str, str], Collection[date]] | None = None,
    failed: Mapping[date, Collection[tuple[str, str]]] | None = None,
    usual: Collection[date] = (),
) -> dict[date, dict[str, list[Alarm]]]:
    """Alarms by day and table of the ``judged`` days. ``days``: ascending, with up to ``PAST_DAYS`` before each judged one.

    A day is compared with the day before only where that day is there, and with no day of more than ``2 * PAST_DAYS`` ago: files of
    another year say nothing of what is missing today. A day that fails a check is no past of later days in that check: judged days by
    their alarms (warnings apart; those of ``usual`` are a past nevertheless), others as ``failed`` says, unless accepted. Memory: two
    days of tables and the notes of ``PAST_DAYS``.
    """
    found: dict[date, dict[str, list[Alarm]]] = {}
    notes: deque[DayNotes] = deque(maxlen=PAST_DAYS)
    before: RetailDay | None = None
    for today in days:
        while notes and (today.day - notes[0].day).days > 2 * PAST_DAYS:
            notes.popleft()
        follows = before is not None and before.day == today.day - timedelta(days=1)
        newest = note_day(today, before if follows else None, list(notes))
        fails = {key for key in (failed or {}).get(today.day, ()) if today.day not in (accepted or {}).get(key, ())}
        if today.day in judged:
            found[today.day] = judge_day(newest, list(notes), accepted)
            fails = {(name, alarm.check) for name, alarms in found[today.day].items() for alarm in alarms if not alarm.warns}
        notes.append(newest if today.day in usual else replace(newest, failed=frozenset(fails)))
        before = today
    return found
