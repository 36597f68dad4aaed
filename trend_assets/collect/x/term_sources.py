"""What terms are made from, read from the lake: the catalogue's product types, topics that rise, what each rule brought.

What belongs here: reading. What doesn't: what is asked of it (``terms``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from trend_assets.collect.x.portfolio import Holding
from trend_assets.collect.x.prices import Prices
from trend_assets.collect.x.rules import Rule
from trend_assets.collect.x.spending import rule_portfolio
from trend_assets.collect.x.terms import ProductKind, RisingTopic
from trend_assets.lake.lake import Lake
from trend_assets.tables import TABLES

RISING_STAGES = ("emerging", "rising", "seasonal", "peak")
NEWEST_HOURS = 24
"""Published hours of trends that are looked at, counted from the newest."""
_NAMES = ("product_name", "product_name_fr")


def product_kinds(lake: Lake) -> list[ProductKind]:
    """The product types (categories, where there is no finer type) of the newest catalogue, by name; empty without one."""
    table = TABLES["retail/products"]
    newest = lake.partitions(table)[-1:]
    if not newest:
        return []
    kinds: dict[str, list[dict[str, str | None]]] = {}
    for row in lake.read(table, newest, columns=["category", "product_type", *_NAMES]).to_pylist():
        kinds.setdefault(row["product_type"] or row["category"], []).append(row)
    return [
        ProductKind(kind, len(rows), tuple(tuple(sorted(name for row in rows if (name := row[column]))) for column in _NAMES))
        for kind, rows in sorted(kinds.items())
    ]


def rising_topics(lake: Lake) -> list[RisingTopic]:
    """Topics raised and not suppressed in the newest hours, as they were last; the strongest last score first."""
    table = TABLES["topics/trends"]
    columns = ["hour", "topic_id", "label", "keywords", "stage", "score", "suppressed"]
    rows = lake.read(table, lake.partitions(table)[-NEWEST_HOURS:], columns=columns)
    last: dict[str, dict[str, Any]] = {row["topic_id"]: row for row in rows.sort_by([("hour", "ascending")]).to_pylist()}
    rising = [row for row in last.values() if not row["suppressed"] and row["stage"] in RISING_STAGES]
    rising.sort(key=lambda row: (-row["score"], row["topic_id"]))
    return [RisingTopic(row["topic_id"], row["label"], tuple(row["keywords"])) for row in rising]


def weigh(
    lake: Lake, now: datetime, prices: Prices, budget_a_day: float | None, by_hand: Sequence[Rule], rules: Sequence[Rule]
) -> list[Holding]:
    """The portfolio of ``rules`` where each is counted every hour; rules written by hand and brands are paid before the others."""
    counting = 24 * prices.request_cost("counts_recent")
    first = {rule.tag: counting for rule in (*by_hand, *(rule for rule in rules if rule.origin == "brand"))}
    always = rule_portfolio(lake, now, prices.per_post, None, candidates=first)
    left = None if budget_a_day is None else max(budget_a_day - sum(one.cost_a_day for one in always), 0.0)
    others: Mapping[str, float] = {rule.tag: counting for rule in rules if rule.tag not in first}
    return [*always, *rule_portfolio(lake, now, prices.per_post, left, candidates=others)]
