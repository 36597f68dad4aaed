"""What the pictures of a topic's posts say about which products it is about: evidence beside words.

What belongs here: shares of categories by topic, and what they change in a day's links. What doesn't: words (``links.py``), getting and
judging pictures (``trend_assets/media``).

Authors are counted, not pictures: one account with a hundred pictures is one voice. A category is evidence where five or more authors
of the topic show it and it is beyond its base rate, the share of the day's other picture-posting authors who show it. Evidence only
adds: without pictures, or where they speak of something else, a link stays as words made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from trend_assets.lib.demand.words import words_of
from trend_assets.lib.tables import matches
from trend_assets.tables import TABLES
from trend_assets.tables.demand import PICTURES
from trend_assets.tables.media import CLASSIFIED

LINKS = TABLES["demand/product_trend_links"]


@dataclass(frozen=True)
class PictureRules:
    """When pictures are evidence. ``least_authors``: of the topic who show the category. ``least_share``: of its authors with pictures.
    ``least_lift``: that share over the base rate. ``most_chance``: probability of so many authors by the base rate (binomial).
    ``weight``: most that pictures add to a link, as the share of what is missing to 1. ``least_kind_share``: for the category alone.
    """

    least_authors: int = 5
    least_share: float = 0.2
    least_lift: float = 2.0
    most_chance: float = 0.001
    weight: float = 0.5
    least_kind_share: float = 0.4


@dataclass(frozen=True)
class Shown:
    """A category of a topic: authors who show it, of how many with classified pictures, and the base rate among others."""

    category: str
    authors: int
    of: int
    base: float

    @property
    def share(self) -> float:
        """Share of the topic's authors with pictures."""
        return self.authors / self.of

    @property
    def told(self) -> str:
        """In words."""
        return f"{self.authors} of {self.of} authors with pictures show {self.category.replace('_', ' ')} ({self.base:.0%} elsewhere)"


def shown_categories(posts: pa.Table, pictures: pa.Table, rules: PictureRules | None = None) -> dict[str, Shown]:
    """For each topic the category its pictures show most, where that is evidence.

    posts: of the day, ``network``, ``post_id``, ``author``, ``topic_id``. pictures: ``image_category/media_categories`` of the day.
    """
    rules = rules or PictureRules()
    pictures = pictures.filter(pc.equal(pictures["outcome"], CLASSIFIED))
    place = matches(pictures, posts, ["network", "post_id"])
    found = pc.is_valid(place)
    owners = posts.take(place.filter(found))
    categories = pictures["category"].filter(found).to_pylist()
    by_topic: dict[str | None, dict[str, set[str]]] = {}
    for topic, author, category in zip(owners["topic_id"].to_pylist(), owners["author"].to_pylist(), categories, strict=True):
        by_topic.setdefault(topic, {}).setdefault(category, set()).add(author)
    evidence = {}
    for topic in sorted(topic for topic in by_topic if topic is not None):
        best = _most_shown(topic, by_topic, rules)
        if best is not None:
            evidence[topic] = best
    return evidence


def _most_shown(topic: str, by_topic: dict[str | None, dict[str, set[str]]], rules: PictureRules) -> Shown | None:
    here = by_topic[topic]
    everyone = set().union(*here.values())
    category = min(here, key=lambda name: (-len(here[name]), name))
    authors = len(here[category])
    others: set[str] = set().union(*(who for other, shown in by_topic.items() if other != topic for who in shown.values()))
    showing: set[str] = set().union(*(shown.get(category, set()) for other, shown in by_topic.items() if other != topic))
    base = (len(showing) + 0.5) / (len(others) + 1.0)
    shown = Shown(category, authors, len(everyone), base)
    chance = float(stats.binom.sf(authors - 1, shown.of, min(base, 1.0)))
    enough = authors >= rules.least_authors and shown.share >= rules.least_share
    return shown if enough and shown.share >= rules.least_lift * base and chance <= rules.most_chance else None


def with_picture_evidence(
    links: pa.Table, posts: pa.Table, pictures: pa.Table, products: pa.Table, rules: PictureRules | None = None
) -> pa.Table:
    """A day's links, with what the pictures add; ``links`` itself where they add nothing.

    A link to a product whose type or category the pictures show becomes stronger: score s to 1 − (1 − s)(1 − weight · share). A topic
    without any link whose pictures clearly show a category of the catalogue is linked to that, without a product. Ranks stay.
    """
    rules = rules or PictureRules()
    evidence = shown_categories(posts, pictures, rules) if pictures.num_rows and links.num_rows else {}
    if not evidence:
        return links
    kinds = _kinds(products)
    rows, changed = [], False
    for row in links.to_pylist():
        shown = evidence.get(row["topic_id"])
        new = row if shown is None else _with(row, shown, kinds, rules)
        changed |= new is not row
        rows.append(new)
    return LINKS.from_rows(rows) if changed else links


def _with(
    row: dict[str, Any], shown: Shown, kinds: dict[frozenset[str], tuple[str | None, str | None]], rules: PictureRules
) -> dict[str, Any]:
    wanted = frozenset(words_of(shown.category.replace("_", " ")))
    about = [frozenset(words_of(kind)) for kind in (row["product_type"], row["category"]) if kind]
    if row["level"] != "none":
        if not any(_same(wanted, words) for words in about):
            return row
        score = 1.0 - (1.0 - row["score"]) * (1.0 - rules.weight * shown.share)
        return row | {"score": score, "methods": [*row["methods"], PICTURES], "reason": f"{row['reason']}; {shown.told}"}
    kind = next((kinds[words] for words in sorted(kinds, key=sorted) if _same(wanted, words)), None)
    if kind is None or shown.share < rules.least_kind_share or row["why"] in ("too_few_posts", "copies"):
        return row
    category, product_type = kind
    return row | {
        "level": "category",
        "category": category,
        "product_type": product_type,
        "score": rules.weight * shown.share,
        "methods": [PICTURES],
        "reason": f"{shown.told}, but the posts name no one product: {row['reason']}",
    }


def _same(one: frozenset[str], other: frozenset[str]) -> bool:
    """All words of the shorter name are in the longer: "handbags" is "leather handbag", and "casual shoes" are "shoes"."""
    return bool(one and other) and (one <= other or other <= one)


def _kinds(products: pa.Table) -> dict[frozenset[str], tuple[str | None, str | None]]:
    """Types, then categories, of the catalogue by their words, as (category, type) of a link."""
    found: dict[frozenset[str], tuple[str | None, str | None]] = {}
    columns = set(products.column_names)
    nothing = np.full(products.num_rows, None).tolist()
    types, categories = (products[name].to_pylist() if name in columns else nothing for name in ("product_type", "category"))
    for kind, category in sorted({(kind, category or "") for kind, category in zip(types, categories, strict=True) if kind}):
        found.setdefault(frozenset(words_of(kind)), (category or None, None if kind == category else kind))
    for category in sorted({category for category in categories if category}):
        found.setdefault(frozenset(words_of(category)), (category, None))
    return found
