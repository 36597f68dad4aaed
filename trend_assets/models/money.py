"""What posts are about, as the retailer counts: product categories of posts, revenue behind slices.

What belongs here: reading links, products and orders for the slices of an evaluation. What doesn't: the slices
(``lib/learning/slices.py``), how topics are linked to products (``lib/demand/links.py``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lake.lake import Lake
from trend_assets.lib.learning.slices import CATEGORY, WEEKEND
from trend_assets.lib.tables import matches
from trend_assets.models.training_set import ON, POSTS, hours_of_posts
from trend_assets.partitions import hour_key
from trend_assets.tables import TABLES

REVENUE_DAYS = 28
"""Days of orders, up to the newest example's, that weigh slices."""
BEST_SOLD = 5
_LEAST_LETTERS = 3
_WORD = re.compile(r"[^\W\d_]+")
_LANGUAGES = {"FR": "fr", "BE": "fr", "CH": "fr", "GB": "en", "UK": "en", "IE": "en", "US": "en"}
"""Language that customers of a country are counted under; where several are spoken, the one that our posts have of the two."""


def revenue_of_slices(lake: Lake, held: pa.Table) -> dict[str, float]:
    """Revenue of the weeks before the newest example by slice: ``category:…``, ``language:…``, ``weekend``; empty without orders."""
    newest = pc.max(held["created_at"]).as_py() if held.num_rows else None
    if newest is None:
        return {}
    wanted = {f"{newest.date() - timedelta(days=back)}" for back in range(REVENUE_DAYS)}
    days = [key for key in lake.partitions(TABLES["retail/orders"]) if key[:10] in wanted]
    if not days:
        return {}
    orders = lake.read(TABLES["retail/orders"], days, columns=["day", "product_id", "kind", "quantity", "unit_price", "country"])
    products = lake.read(TABLES["retail/products"], days[-1:], columns=["product_id", "category"])
    categories = dict(zip(*(products[name].to_pylist() for name in ("product_id", "category")), strict=True))
    found: defaultdict[str, float] = defaultdict(float)
    grouped = orders.append_column("revenue", pc.multiply(orders["quantity"].cast(pa.float64()), orders["unit_price"].cast(pa.float64())))
    by = grouped.group_by(["day", "product_id", "country"], use_threads=False).aggregate([("revenue", "sum")])
    for row in by.to_pylist():
        money = max(row["revenue_sum"] or 0.0, 0.0)
        found[CATEGORY + (categories.get(row["product_id"]) or "unknown")] += money
        found[WEEKEND] += money if row["day"].weekday() >= 5 else 0.0
        if language := _LANGUAGES.get(str(row["country"] or "").upper()):
            found[f"language:{language}"] += money
    return dict(found)


def categories_of(lake: Lake, held: pa.Table, revenue: dict[str, float]) -> list[str | None]:
    """Category that each post names a kind of product of, else that of the product its topic is linked to; ``None`` for every other.

    Only the ``BEST_SOLD`` by revenue. Links alone are not enough: only raised trends have them, and most opinions are on none.
    """
    best = {name for name in sorted(revenue, key=lambda one: -revenue[one]) if name.startswith(CATEGORY)}
    best = set(sorted(best, key=lambda one: -revenue[one])[:BEST_SOLD])
    nothing = [name if name is not None and CATEGORY + name in best else None for name in _named(lake, held)]
    keys = [key for key in hours_of_posts(held) if key in set(lake.partitions(TABLES["topics/topic_assignments"]))]
    days = sorted({key[:10] for key in keys} & set(lake.partitions(TABLES["demand/product_trend_links"])))
    if not keys or not days or not best:
        return nothing
    links = lake.read(TABLES["demand/product_trend_links"], days, columns=["day", "topic_id", "category", "linked", "rank"])
    links = links.filter(pc.and_(links["linked"], pc.equal(links["rank"], 1)))
    category = {(str(row["day"])[:10], row["topic_id"]): row["category"] for row in links.to_pylist()}
    topics = lake.read(TABLES["topics/topic_assignments"], keys, columns=[*ON, "topic_id"])
    assigned = topics["topic_id"].take(matches(held, topics, ON)).to_pylist()
    found = []
    for own, moment, topic in zip(nothing, held["created_at"].to_pylist(), assigned, strict=True):
        linked = category.get((str(moment)[:10], topic)) if moment is not None and topic is not None else None
        named = own or linked
        found.append(named if named is not None and CATEGORY + named in best else None)
    return found


def kinds_of_products(products: pa.Table) -> dict[str, str]:
    """Category by word: English types of products, and the first words of their French names; words of several categories are left out."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in products.select(["product_type", "product_name_fr", "category"]).to_pylist():
        french = (row["product_name_fr"] or "").split()[:1]
        for word in (*(row["product_type"] or "").split(), *french):
            if len(word) >= _LEAST_LETTERS and row["category"]:
                found[word.casefold()].add(row["category"])
    return {word: next(iter(categories)) for word, categories in found.items() if len(categories) == 1}


def named_category(text: str | None, kinds: Mapping[str, str]) -> str | None:
    """The category whose products a text names; ``None`` for none, or where it names several."""
    named = {kinds[word] for word in _WORD.findall((text or "").casefold()) if word in kinds}
    return next(iter(named)) if len(named) == 1 else None


def _named(lake: Lake, held: pa.Table) -> list[str | None]:
    days = lake.partitions(TABLES["retail/products"])[-1:]
    if not days or "clean_text" not in held.column_names:
        return [None] * held.num_rows
    kinds = kinds_of_products(lake.read(TABLES["retail/products"], days, columns=["product_type", "product_name_fr", "category"]))
    return [named_category(text, kinds) for text in held["clean_text"].to_pylist()]


def hour_posts(lake: Lake, held: pa.Table) -> list[int]:
    """Posts of the hour that each example was written in; 0 for one that is no post."""
    keys = hours_of_posts(held)
    rows = {key: manifest.rows for key, manifest in lake.manifests(TABLES[POSTS], keys).items() if manifest}
    return [
        rows.get(hour_key(moment.replace(minute=0, second=0, microsecond=0)), 0) if moment else 0
        for moment in held["created_at"].to_pylist()
    ]
