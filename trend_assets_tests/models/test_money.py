"""Posts that name a kind of product are of its category, so that what earns money is a slice."""

from __future__ import annotations

import pyarrow as pa

from trend_assets.models.money import kinds_of_products, named_category

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
