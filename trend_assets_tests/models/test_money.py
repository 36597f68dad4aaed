"""Posts that name a kind of product are of its category, so that what earns money is a slice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from trend_assets.lake.lake import Lake
from trend_assets.models.money import categories_of, kinds_of_products, named_category
from trend_assets.partitions import hour_key
from trend_assets.tables import TABLES

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
PRODUCTS = pa.table(
    {
        "product_type": ["dress", "lamp", "gift set", "hair set", None],
        "product_name_fr": ["Robe en lin", "Lampe de table", "Coffret", "Coffret", None],
        "category": ["fashion", "home", "gifts", "beauty", "home"],
    }
)


def test_posts_are_of_the_category_whose_products_they_name() -> None:
    kinds = kinds_of_products(PRODUCTS)
    assert (kinds["robe"], kinds["lamp"], kinds["gift"]) == ("fashion", "home", "gifts")
    assert "set" not in kinds, "a word of two categories names neither"
    assert "coffret" not in kinds
    assert named_category("Ma ROBE a rétréci, nulle", kinds) == "fashion"
    assert named_category("the dress and the lamp", kinds) is None, "two categories"
    assert named_category("wardrobe", kinds) is None
    assert named_category(None, kinds) is None


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lamp, a dress, a topic of the second post that is linked to the dress."""
    lake, day = Lake(str(tmp_path)), date(2026, 9, 1)
    common = {"day": day, "data_origin": "simulated"}
    products = [
        {"product_id": "L", "product_name": "Lamp", "category": "home", "product_type": "lamp"},
        {"product_id": "D", "product_name": "Dress", "category": "fashion", "product_type": "dress"},
    ]
    link = {"day": day, "topic_id": "t", "product_id": "D", "linked": True, "level": "product", "category": "fashion", "rank": 1}
    link |= {"product_type": "dress", "score": 0.9, "evidence_terms": [], "evidence_posts": 5, "methods": [], "reason": "named"}
    topic = {"post_id": "2", "network": "x", "created_at": NOON, "topic_id": "t", "assigned_by": "cluster", "similarity": 1.0}
    for path, key, rows in (
        ("retail/products", str(day), [common | product for product in products]),
        ("demand/product_trend_links", str(day), [link]),
        ("topics/topic_assignments", hour_key(NOON), [topic]),
    ):
        lake.publish(TABLES[path], {key: TABLES[path].from_rows(rows)})
    return lake


def test_a_post_that_names_a_product_is_of_its_category_without_a_topic(lake: Lake) -> None:
    at = pa.array([NOON] * 3, pa.timestamp("us", tz="UTC"))
    held = pa.table({"network": ["x"] * 3, "post_id": ["1", "2", "3"], "created_at": at, "clean_text": ["the lamp", "wow", "wow"]})
    assert categories_of(lake, held, {"category:home": 9.0, "category:fashion": 5.0}) == ["home", "fashion", None]
